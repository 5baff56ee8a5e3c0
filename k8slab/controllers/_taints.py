"""Taints and tolerations, as the controllers of nodes read and write them.

Models staging/src/k8s.io/api/core/v1/toleration.go, pkg/util/taints/taints.go and
pkg/controller/controller_utils.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from k8slab.api.meta import Obj
from k8slab.clock import timestamp

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "NoExecute"
COMPARISON_GATE = "TaintTolerationComparisonOperators"

_DECIMAL_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")


def taints_of(node: Obj) -> list[Obj]:
    """The node's taints."""
    taints: list[Obj] = node["spec"].get("taints") or []
    return taints


def has_taint(node: Obj, key: str, effect: str = "") -> bool:
    """Whether the node has a taint with this key and, where given, this effect."""
    return any(one["key"] == key and effect in ("", one["effect"]) for one in taints_of(node))


def with_taints(
    node: Obj, added: Iterable[tuple[str, str]], removed: Iterable[tuple[str, str]], now_us: int
) -> list[Obj] | None:
    """The node's taints with some added (key and effect) and some removed; None where nothing changes.

    A taint that is there already keeps its place and gets a new `timeAdded`.
    """
    gone = list(removed)
    taints = list(taints_of(node))
    changed = False
    for key, effect in added:
        new = {"effect": effect, "key": key, "timeAdded": timestamp(now_us)}
        at = next((i for i, one in enumerate(taints) if (one["key"], one["effect"]) == (key, effect)), None)
        if at is None:
            taints.append(new)
        else:
            taints[at] = new
        changed = True
    kept = [one for one in taints if (one["key"], one["effect"]) not in gone]
    return kept if changed or len(kept) != len(taints) else None


def tolerates(toleration: Obj, taint: Obj, compares: bool = False) -> bool:
    """Whether one toleration tolerates one taint. `compares` is whether Lt and Gt are understood."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Equal":
        return bool(toleration.get("value", "") == taint.get("value", ""))
    if operator == "Exists":
        return True
    if operator in ("Lt", "Gt") and compares:
        left, right = toleration.get("value", ""), taint.get("value", "")
        if not (_DECIMAL_INTEGER.fullmatch(left) and _DECIMAL_INTEGER.fullmatch(right)):
            return False
        return int(right) < int(left) if operator == "Lt" else int(right) > int(left)
    return False


def matching_tolerations(
    taints: Sequence[Obj], tolerations: Sequence[Obj], compares: bool = False
) -> list[Obj] | None:
    """For each taint the first toleration that tolerates it; None where one is not tolerated."""
    used = []
    for taint in taints:
        found = next((one for one in tolerations if tolerates(one, taint, compares)), None)
        if found is None:
            return None
        used.append(found)
    return used
