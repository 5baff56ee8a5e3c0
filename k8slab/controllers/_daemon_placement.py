"""Where a DaemonSet's Pods belong: which nodes want one, and what a Pod for a node looks like.

Models pkg/controller/daemon/util/daemonset_util.go and the predicates of
daemon_controller.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from k8slab.api.meta import Obj, labels_of
from k8slab.api.selectors import Requirement, requirement_matches
from k8slab.controllers._taints import tolerates

HASH_LABEL = "controller-revision-hash"
GENERATION_LABEL = "pod-template-generation"
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"

_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
_WITHOUT_NETWORK = ("node.kubernetes.io/network-unavailable", "NoSchedule")


class Wanted(NamedTuple):
    """Whether a node should get a Pod, and whether one that is there may go on."""

    should_run: bool
    should_continue: bool


def daemon_tolerations(spec: Obj) -> list[Obj]:
    """The template's tolerations with those that every daemon Pod has; equal ones only once."""
    wanted = (*_TOLERATED, _WITHOUT_NETWORK) if spec.get("hostNetwork") else _TOLERATED
    tolerations: list[Obj] = list(spec.get("tolerations") or ())
    for key, effect in wanted:
        new = {"key": key, "operator": "Exists", "effect": effect}
        if not any(_same_key(one, new) for one in tolerations):
            tolerations.append(new)
        else:
            tolerations = [new if _same_key(one, new) else one for one in tolerations]
    return tolerations


def _same_key(left: Obj, right: Obj) -> bool:
    """Whether one toleration replaces another (`Toleration.MatchToleration`)."""
    return all(
        left.get(field, default) == right.get(field, default)
        for field, default in (("key", ""), ("effect", ""), ("operator", "Equal"), ("value", ""))
    )


def wanted_on(daemon_set: Obj, tolerations: Sequence[Obj], node: Obj) -> Wanted:
    """Whether a DaemonSet wants a Pod on a node (`NodeShouldRunDaemonPod`)."""
    spec = daemon_set["spec"]["template"]["spec"]
    name = node["metadata"]["name"]
    if spec.get("nodeName", name) != name or not fits_affinity(spec, node):
        return Wanted(False, False)
    untolerated = [
        taint["effect"]
        for taint in node["spec"].get("taints") or ()
        if taint["effect"] in ("NoSchedule", "NoExecute")
        and not any(tolerates(toleration, taint) for toleration in tolerations)
    ]
    return Wanted(not untolerated, "NoExecute" not in untolerated)


def fits_affinity(spec: Obj, node: Obj) -> bool:
    """Whether a Pod's node selector and required node affinity fit a node."""
    labels = labels_of(node)
    selector = spec.get("nodeSelector") or {}
    if any(labels.get(name) != value for name, value in selector.items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(_fits_term(term, node, labels) for term in required.get("nodeSelectorTerms") or ())


def _fits_term(term: Obj, node: Obj, labels: dict[str, str]) -> bool:
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    names = {"metadata.name": node["metadata"]["name"]}
    return all(_fits(one, labels) for one in expressions) and all(_fits(one, names) for one in fields)


def _fits(expression: Obj, values: dict[str, str]) -> bool:
    wanted = Requirement(expression["key"], expression["operator"], tuple(expression.get("values") or ()))
    return requirement_matches(wanted, values)


def target_node(pod: Obj) -> str:
    """The node that a daemon Pod is on or, before it is bound, for; empty where neither is said."""
    node: str = pod["spec"].get("nodeName", "")
    if node:
        return node
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name" and field["operator"] == "In":
                values: list[str] = field.get("values") or []
                return values[0] if len(values) == 1 else ""
    return ""


def pod_template(daemon_set: Obj, tolerations: Sequence[Obj], hash_text: str, node: str) -> Obj:
    """The template of the Pod for one node: its affinity names the node, its labels the revision."""
    template = daemon_set["spec"]["template"]
    metadata = template.get("metadata") or {}
    annotations = daemon_set["metadata"].get("annotations") or {}
    labels = {**(metadata.get("labels") or {}), HASH_LABEL: hash_text}
    if annotations.get(TEMPLATE_GENERATION, "").isdigit():
        labels[GENERATION_LABEL] = annotations[TEMPLATE_GENERATION]
    spec = {
        **template["spec"],
        "tolerations": tolerations,
        "affinity": _only_on(template["spec"].get("affinity") or {}, node),
    }
    return {**template, "metadata": {**metadata, "labels": labels}, "spec": spec}


@lru_cache(maxsize=8192)
def _node_name_term(node: str) -> Obj:
    return {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}


def _only_on(affinity: Obj, node: str) -> Obj:
    """An affinity whose required node terms name one node; what else it says is kept."""
    node_affinity = affinity.get("nodeAffinity") or {}
    required = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    required = {**required, "nodeSelectorTerms": [_node_name_term(node)]}
    return {
        **affinity,
        "nodeAffinity": {**node_affinity, "requiredDuringSchedulingIgnoredDuringExecution": required},
    }
