"""What hangs on which machine: an attachment to its volume and its node, a machine to its Node.

Models pkg/apis/storage/types.go (VolumeAttachmentSpec), v1.36. A `Machine` is
the lab's own record of the hardware behind a Node.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.meta import Obj
from k8slab.graph.relation import Edge, Relation, object_id


def _edges(obj: Obj) -> tuple[Edge, ...]:
    if obj["kind"] == "Machine":
        return (Edge(object_id("Node", ("", obj["metadata"]["name"])), "machine"),)
    spec = obj["spec"]
    volume = spec["source"].get("persistentVolumeName")
    edges = [Edge(object_id("Node", ("", spec["nodeName"])), "node")]
    if volume:
        edges.append(Edge(object_id("PersistentVolume", ("", volume)), "volume"))
    return tuple(edges)


def _reads(obj: Obj) -> Any:
    # A Machine's edge depends on its name alone, which never changes.
    return None if obj["kind"] == "Machine" else obj["spec"]


RELATION = Relation(
    "attachment",
    ("Machine", "VolumeAttachment"),
    _edges,
    _reads,
    shown_by=("Node", "PersistentVolume"),
)
