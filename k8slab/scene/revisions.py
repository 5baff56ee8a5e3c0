"""Which revision a workload wants, and of which one each of its Pods is.

A Deployment numbers its ReplicaSets; a StatefulSet's status names the hash of the ControllerRevision
that is wanted, which its Pods carry; a DaemonSet counts the changes of its template, and its Pods say of
which they are.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of, dig, labels_of
from k8slab.graph import Graph, kind_of

NUMBER = "deployment.kubernetes.io/revision"
HASH = "controller-revision-hash"
GENERATION, POD_GENERATION = "deprecated.daemonset.template.generation", "pod-template-generation"


def wanted_revision(workload: Obj) -> str:
    """The revision that all Pods of a workload are to have, or have; empty where it doesn't say."""
    if workload["kind"] in ("Deployment", "ReplicaSet"):
        return str(annotations_of(workload).get(NUMBER, ""))
    if workload["kind"] == "StatefulSet":
        return str(dig(workload, "status", "updateRevision", default=""))
    return str(annotations_of(workload).get(GENERATION, "")) if workload["kind"] == "DaemonSet" else ""


def revision_of(pod: str, workload: str, graph: Graph) -> str:
    """The revision of a Pod, to be compared with what its workload wants; empty where it is not known."""
    if kind_of(workload) == "Deployment":
        return str(annotations_of(graph.get(graph.controller(pod)) or {"metadata": {}}).get(NUMBER, ""))
    label = HASH if kind_of(workload) == "StatefulSet" else POD_GENERATION
    return str(labels_of(graph.get(pod) or {"metadata": {}}).get(label, ""))
