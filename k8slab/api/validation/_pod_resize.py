"""Changing a running Pod's CPU and memory.

Models pkg/apis/core/validation/validation.go (ValidatePodResize) and
pkg/apis/core/helper/qos/qos.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import forbidden, invalid
from k8slab.api.validation._pod_annotations import MIRROR
from k8slab.api.validation._resources import nano
from k8slab.api.validation._shape import same

_RESIZABLE = ("cpu", "memory")
_ONLY = "only cpu and memory resources are mutable"
_LISTS = ("containers", "initContainers")


def validate_pod_resize(new: Obj, old: Obj, causes: list[Cause]) -> list[Cause]:
    """The faults of a resize; `causes` are those of metadata and spec as such."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if MIRROR in (old["metadata"].get("annotations") or {}):
        return [forbidden("", "static pods cannot be resized")]
    if (before.get("os") or {}).get("name") == "windows":
        return [forbidden("", "windows pods cannot be resized")]
    if quality_of(before) != quality_of(after):
        shown = (new.get("status") or {}).get("qosClass") or ""
        detail = "Pod QOS Class may not change as a result of resizing"
        causes.append(invalid("spec", shown, detail))
    if not _node_can_resize(old):
        causes.append(forbidden("spec", "Pod running on node without support for resize"))
    munged = dict(after)
    if before.get("resources") or after.get("resources"):
        causes += _resize_of_pod(munged, before)
    ordering = _validate_order(after, before)
    if ordering:
        return causes + ordering
    causes += _removals(after, before)
    causes += _munge_containers(munged, before)
    if not causes and not same("PodSpec", munged, before):
        causes.append(forbidden("spec", _ONLY))
    return causes


def quality_of(spec: Obj) -> str:
    """The quality-of-service class that a spec asks for."""
    requests: dict[str, int] = {}
    limits: dict[str, int] = {}
    guaranteed = True
    for container in _with_resources(spec):
        resources = container.get("resources") or {}
        for totals, given in ((requests, resources.get("requests")), (limits, resources.get("limits"))):
            for name, amount in (given or {}).items():
                if name in _RESIZABLE and nano(amount) > 0:
                    totals[name] = totals.get(name, 0) + nano(amount)
        own = [name for name, amount in (resources.get("limits") or {}).items() if nano(amount) > 0]
        guaranteed = guaranteed and all(name in own for name in _RESIZABLE)
    if not requests and not limits:
        return "BestEffort"
    return "Guaranteed" if guaranteed and requests == limits else "Burstable"


def _with_resources(spec: Obj) -> list[Obj]:
    """What counts for quality: the Pod's own resources if it has any, else its containers."""
    own = spec.get("resources") or {}
    if own.get("requests") or own.get("limits"):
        return [{"resources": own}]
    return [one or {} for name in _LISTS for one in spec.get(name) or ()]


def _node_can_resize(pod: Obj) -> bool:
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if (status.get("state") or {}).get("running") is not None:
            return status.get("resources") is not None
    return True


def _set_back(new: Any, old: Any) -> Obj | None:
    """A resource list with the old CPU and memory."""
    kept = {name: amount for name, amount in (new or {}).items() if name not in _RESIZABLE}
    kept.update({name: old[name] for name in _RESIZABLE if name in (old or {})})
    return kept or None


def _set_back_both(new: Obj, old: Obj) -> Obj:
    return {
        **new,
        "limits": _set_back(new.get("limits"), old.get("limits")),
        "requests": _set_back(new.get("requests"), old.get("requests")),
    }


def _resize_of_pod(munged: Obj, before: Obj) -> list[Cause]:
    """The Pod's own resources; sets them back in `munged`, which is ours."""
    after, was = munged.get("resources"), before.get("resources")
    if was is not None and after is None:
        return [forbidden("spec.resources", "pod-level resources cannot be removed")]
    causes: list[Cause] = []
    for name, word in (("requests", "request"), ("limits", "limit")):
        if was is not None and _removed((after or {}).get(name), was.get(name)):
            detail = f"pod-level resource {word}s cannot be removed"
            causes.append(forbidden(f"spec.resources.{name}", detail))
    back: Obj | None = _set_back_both(after or {}, was or {})
    if was is None and not any((back or {}).values()):
        back = None
    munged["resources"] = back
    if not same("ResourceRequirements", back, was, pointer=True):
        causes.append(forbidden("spec", f"{_ONLY} at pod-level"))
    return causes


def _removed(new: Any, old: Any) -> bool:
    return any(name not in (new or {}) for name in old or ())


def _validate_order(after: Obj, before: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for name in _LISTS:
        new, old = after.get(name) or (), before.get(name) or ()
        if len(new) != len(old):
            causes.append(forbidden(f"spec.{name}", f"{name} may not be added or removed on resize"))
            continue
        for index, (one, other) in enumerate(zip(new, old)):
            if one.get("name") != other.get("name"):
                where = f"spec.{name}[{index}].name"
                causes.append(forbidden(where, f"{name} may not be renamed or reordered on resize"))
    return causes


def _removals(after: Obj, before: Obj) -> list[Cause]:
    causes: list[Cause] = []
    for name in reversed(_LISTS):
        for index, (one, other) in enumerate(zip(after.get(name) or (), before.get(name) or ())):
            new, old = one.get("resources") or {}, other.get("resources") or {}
            for field, word in (("requests", "requests"), ("limits", "limits")):
                if _removed(new.get(field), old.get(field)):
                    where = f"spec.{name}[{index}].resources.{field}"
                    causes.append(forbidden(where, f"resource {word} cannot be removed"))
    return causes


def _munge_containers(munged: Obj, before: Obj) -> list[Cause]:
    """Sets CPU and memory of containers back in `munged`, which is ours; the faults of what else changed."""
    causes: list[Cause] = []
    for name in _LISTS:
        result: list[Obj] = []
        for index, (one, other) in enumerate(zip(munged.get(name) or (), before.get(name) or ())):
            changed = not same("Container", one, other)
            old = other.get("resources") or {}
            back = _set_back_both(one.get("resources") or {}, old)
            container = {**one, "resources": {"limits": back["limits"], "requests": back["requests"]}}
            if not same("Container", container, other):
                if name == "containers":
                    causes.append(forbidden("spec", _ONLY))
                else:
                    detail = "only cpu and memory resources for init or sidecar containers are mutable"
                    causes.append(forbidden(f"spec.initContainers[{index}]", detail))
            if name == "initContainers" and changed and container.get("restartPolicy") != "Always":
                causes += _restarting_init(container, index)
            result.append(container)
        if result:
            munged[name] = result
    return causes


def _restarting_init(container: Obj, index: int) -> list[Cause]:
    detail = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
    return [
        forbidden(f"spec.initContainers[{index}]", detail)
        for policy in container.get("resizePolicy") or ()
        if policy.get("restartPolicy") == "RestartContainer"
    ]
