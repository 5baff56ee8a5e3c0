"""PodTopologyLabels: a Pod that is created on a node carries the node's zone and region.

A Pod that is bound later gets them by its binding: `topology_labels` gives what to copy.

Models plugin/pkg/admission/podtopologylabels/admission.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, assoc, labels_of
from k8slab.cluster.admission._plugin import Admission, Request
from k8slab.store.view import View

_LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


def topology_labels(view: View, node_name: str) -> dict[str, str]:
    """The labels of a node that its Pods carry too; empty where there is no such node."""
    node = view.get("Node", ("", node_name))
    labels = labels_of(node) if node is not None else {}
    return {label: labels[label] for label in _LABELS if label in labels}


def _mutate(request: Request, obj: Obj) -> Obj:
    node_name = obj["spec"].get("nodeName")
    if request.subresource or not node_name:
        return obj
    copied = topology_labels(request.view, node_name)
    return assoc(obj, "metadata", "labels", {**labels_of(obj), **copied}) if copied else obj


ADMISSION = Admission("PodTopologyLabels", _mutate, kinds=("Pod",), operations=("CREATE",))
