"""What holds data: Pod to claim, claim to volume, volume to its class.

Models pkg/apis/core/types.go (PersistentVolumeClaimVolumeSource, PersistentVolumeClaimSpec), v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.graph.relation import Edge, Relation, object_id, spec_of


def _edges(obj: Obj) -> tuple[Edge, ...]:
    kind, metadata, spec = obj["kind"], obj["metadata"], obj.get("spec") or {}
    namespace = metadata.get("namespace", "")
    if kind == "Pod":
        edges = []
        for volume in spec.get("volumes") or ():
            claim = volume.get("persistentVolumeClaim")
            if claim:
                edges.append(
                    Edge(object_id("PersistentVolumeClaim", (namespace, claim["claimName"])), "claim")
                )
            elif "ephemeral" in volume:
                name = f"{metadata['name']}-{volume['name']}"
                edges.append(Edge(object_id("PersistentVolumeClaim", (namespace, name)), "claim"))
        return tuple(edges)
    if kind == "PersistentVolumeClaim":
        volume_name = spec.get("volumeName")
        return (Edge(object_id("PersistentVolume", ("", volume_name)), "bound"),) if volume_name else ()
    claim = spec.get("claimRef")
    if not claim:
        return ()
    return (Edge(object_id("PersistentVolumeClaim", (claim["namespace"], claim["name"])), "reserved"),)


RELATION = Relation(
    "volume",
    ("Pod", "PersistentVolumeClaim", "PersistentVolume"),
    _edges,
    spec_of,
    shown_by=("PersistentVolumeClaim",),
)
