"""Priority: a Pod's priority is the number behind the name of its PriorityClass.

Models plugin/pkg/admission/priority/admission.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.memo import remember_with
from k8slab.api.meta import Obj
from k8slab.cluster.admission._plugin import Admission, Request, refusal
from k8slab.store.view import View


def _default_class(view: View) -> Obj | None:
    """The class for Pods that name none: of several, the one with the lowest value."""
    found: Obj | None = None
    for one in view.list("PriorityClass"):
        if one.get("globalDefault") and (found is None or found.get("value", 0) > one.get("value", 0)):
            found = one
    return found


def _mutate(request: Request, obj: Obj) -> Obj:
    if request.subresource or request.kind.kind != "Pod":
        return obj
    spec = obj["spec"]
    if request.operation == "UPDATE":
        return _kept(request, obj)
    name = spec.get("priorityClassName") or ""
    chosen = _named_class(request, name) if name else _default_class(request.view)
    value, policy = 0, "PreemptLowerPriority"
    if chosen is not None:
        name, value = chosen["metadata"]["name"], chosen.get("value", 0)
        policy = chosen.get("preemptionPolicy") or ""
    given = spec.get("priority")
    if given is not None and given != value:
        why = (
            f"the integer value of priority ({given}) must not be provided in pod spec; "
            f"priority admission controller computed {value} from the given PriorityClass name"
        )
        raise refusal(request, why)
    given_policy = spec.get("preemptionPolicy")
    if policy and given_policy is not None and given_policy != policy:
        why = (
            f"the string value of PreemptionPolicy ({given_policy}) must not be provided in pod spec; "
            f"priority admission controller computed {policy} from the given PriorityClass name"
        )
        raise refusal(request, why)
    return {**obj, "spec": _with_priority(spec, name, value, policy)}


def _named_class(request: Request, name: str) -> Obj:
    found = request.view.get("PriorityClass", ("", name))
    if found is None:
        raise refusal(request, f"no PriorityClass with name {name} was found")
    return found


def _spec_with_priority(spec: Obj, name: str, value: int, policy: str) -> Obj:
    new = {**spec, "priority": value}
    if name:
        new["priorityClassName"] = name
    if policy:
        new["preemptionPolicy"] = policy
    return new


_with_priority = remember_with(_spec_with_priority, likens=True)


def _kept(request: Request, obj: Obj) -> Obj:
    """An update that leaves out what was computed at the creation doesn't lose it."""
    spec, before = obj["spec"], (request.old or {}).get("spec") or {}
    missing = {
        name: before[name]
        for name in ("priority", "preemptionPolicy")
        if spec.get(name) is None and before.get(name) is not None
    }
    return {**obj, "spec": {**spec, **missing}} if missing else obj


def _validate(request: Request) -> None:
    if request.kind.kind != "PriorityClass" or request.subresource or request.new is None:
        return
    if not request.new.get("globalDefault"):
        return
    default = _default_class(request.view)
    if default is None:
        return
    name = default["metadata"]["name"]
    if request.operation == "CREATE" or name != request.new["metadata"].get("name"):
        raise refusal(
            request, f"PriorityClass {name} is already marked as default. Only one default can exist"
        )


ADMISSION = Admission("Priority", _mutate, _validate, kinds=("Pod", "PriorityClass"))
