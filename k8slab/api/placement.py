"""Whether a Pod suits a node by selectors, tolerations and host ports: what scheduler and kubelet both ask.

Models staging/src/k8s.io/component-helpers/scheduling/corev1 (helpers.go,
nodeaffinity/nodeaffinity.go), staging/src/k8s.io/api/core/v1/toleration.go and
staging/src/k8s.io/kube-scheduler/framework/types.go (HostPortInfo), v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.api.selectors import Requirement, requirement_matches

_EVERY_ADDRESS = "0.0.0.0"
_REFUSING_EFFECTS = ("NoSchedule", "NoExecute")


def tolerates_taint(toleration: Obj, taint: Obj) -> bool:
    """Whether one toleration covers one taint. An empty effect or key covers all of them."""
    effect, key = toleration.get("effect"), toleration.get("key")
    if effect and effect != taint["effect"]:
        return False
    if key and key != taint["key"]:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Equal":
        return bool((toleration.get("value") or "") == (taint.get("value") or ""))
    return bool(operator == "Exists")


def tolerates(tolerations: Iterable[Obj], taint: Obj) -> bool:
    """Whether any of the tolerations covers a taint."""
    return any(tolerates_taint(toleration, taint) for toleration in tolerations)


def is_superset(whole: Obj, part: Obj) -> bool:
    """Whether one toleration covers all that another one covers (`isSuperset`)."""
    if whole == part:
        return True
    operator, effect = whole.get("operator") or "Equal", whole.get("effect")
    covers_all_keys = not whole.get("key") and operator == "Exists"
    if (whole.get("key") or "") != (part.get("key") or "") and not covers_all_keys:
        return False
    if effect and effect != part.get("effect"):
        return False
    seconds, own_seconds = whole.get("tolerationSeconds"), part.get("tolerationSeconds")
    if effect == "NoExecute" and seconds is not None and (own_seconds is None or own_seconds > seconds):
        return False
    if operator == "Equal":
        return part.get("operator") == "Equal" and (part.get("value") or "") == (whole.get("value") or "")
    return bool(operator == "Exists")


def merged_tolerations(tolerations: Sequence[Obj]) -> list[Obj]:
    """The tolerations without those that another one covers; of equal ones the first stays."""
    merged: list[Obj] = []
    for index, one in enumerate(tolerations):
        later = tolerations[index + 1 :]
        if any(is_superset(other, one) for other in merged):
            continue
        if not any(other != one and is_superset(other, one) for other in later):
            merged.append(one)
    return merged


def untolerated_taint(taints: Iterable[Obj], tolerations: Sequence[Obj]) -> Obj | None:
    """The first taint that keeps the Pod away, if there is one."""
    for taint in taints:
        if taint["effect"] in _REFUSING_EFFECTS and not tolerates(tolerations, taint):
            return taint
    return None


_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")


_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")


def is_integer(text: str) -> bool:
    """Whether a text is an integer of 64 bits, as Gt and Lt want their values."""
    return _INTEGER.fullmatch(text) is not None and -(2**63) <= int(text) < 2**63


@lru_cache(maxsize=1024)
def _requirement(key: str, operator: str, values: tuple[str, ...]) -> Requirement | None:
    """A requirement on a node's labels; None for one that makes no sense and so matches nothing."""
    if operator in ("In", "NotIn"):
        sound = bool(values) and all(_LABEL_VALUE.fullmatch(value) for value in values)
    elif operator in ("Gt", "Lt"):
        # A sign would make it no label's value.
        sound = len(values) == 1 and is_integer(values[0]) and values[0][0] not in "+-"
    else:
        sound = operator in ("Exists", "DoesNotExist") and not values
    return Requirement(key, operator, values) if sound else None


def _label_matches(requirement: Obj, labels: dict[str, str]) -> bool:
    values = tuple(requirement.get("values") or ())
    parsed = _requirement(requirement["key"], requirement["operator"], values)
    return parsed is not None and requirement_matches(parsed, labels)


def _field_matches(requirement: Obj, name: str) -> bool:
    """Fields know In and NotIn with one value; anything else is an error and matches nothing."""
    values: list[str] = requirement.get("values") or []
    if len(values) != 1:
        return False
    value = name if requirement["key"] == "metadata.name" else ""
    if requirement["operator"] == "In":
        return bool(value == values[0])
    return requirement["operator"] == "NotIn" and bool(value != values[0])


def labels_match_term(term: Obj, labels: dict[str, str], name: str) -> bool:
    """Whether a node of this name and these labels meets a node selector term; an empty term meets none."""
    expressions = term.get("matchExpressions") or ()
    fields = term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    return all(_label_matches(one, labels) for one in expressions) and all(
        _field_matches(one, name) for one in fields
    )


def labels_match_selector(selector: Obj | None, labels: dict[str, str], name: str = "") -> bool:
    """Whether a node meets a `NodeSelector`: one of its terms is enough. None is met by every node."""
    if selector is None:
        return True
    terms = selector.get("nodeSelectorTerms") or ()
    return any(labels_match_term(term, labels, name) for term in terms)


class HostPort(NamedTuple):
    """A port of the node that a container takes for itself."""

    ip: str
    protocol: str
    port: int


def host_ports(spec: Obj) -> tuple[HostPort, ...]:
    """The host ports of the containers and of the sidecars among the init containers."""
    found = []
    sidecars = [one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"]
    for container in (*(spec.get("containers") or ()), *sidecars):
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                ip = port.get("hostIP") or "0.0.0.0"
                found.append(HostPort(ip, port.get("protocol") or "TCP", port["hostPort"]))
    return tuple(found)


# Requests.


def ports_conflict(wanted: HostPort, used: Iterable[HostPort]) -> bool:
    """Whether a port is taken: on its own address, or on all, or it wants all and one is taken."""
    for port in used:
        if port.port == wanted.port and port.protocol == wanted.protocol:
            if wanted.ip in (port.ip, _EVERY_ADDRESS) or port.ip == _EVERY_ADDRESS:
                return True
    return False
