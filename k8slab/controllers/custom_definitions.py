"""Says of each CustomResourceDefinition whether its names are free in its group, then that it is established.

Here a definition is served as soon as it is stored; clients wait for the condition all the same.

Models apiextensions-apiserver/pkg/controller/status/naming_controller.go and
controller/establish/establishing_controller.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator

from k8slab.api.json_text import go_quote
from k8slab.api.meta import Key, Obj, condition_is, condition_of, with_condition
from k8slab.clock import timestamp
from k8slab.components import Component, Done, Memory, Patch, Plan, Watch
from k8slab.store.view import Change, View

_DEFINITION = "CustomResourceDefinition"
_ACCEPTED = "the initial names have been accepted"
_NAMES = (
    ("plural", "PluralConflict"),
    ("singular", "SingularConflict"),
    ("shortNames", "ShortNamesConflict"),
    ("kind", "KindConflict"),
    ("listKind", "ListKindConflict"),
)
"""What a definition asks for, in the order in which it is looked at, and the reason where it can't be had."""


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Accept the names of one definition, or establish one whose names are accepted."""
    definition = view.get(_DEFINITION, key)
    if definition is None:
        return Done()
    when = timestamp(now_us)
    status = _with_names(view, definition, when) or _with_establishment(definition, when)
    if status:
        metadata = definition["metadata"]
        yield Patch(_DEFINITION, key, {"status": status}, "status", metadata["uid"])
    return Done()


def _with_names(view: View, definition: Obj, when: str) -> Obj:
    """What the status says of the names, as a patch; empty where it says so already."""
    status: Obj = definition.get("status") or {}
    present = status.get("acceptedNames") or {}
    if definition["spec"]["names"] == present:
        return {}
    names, accepted = _accepted(view, definition)
    told = condition_of(definition, "NamesAccepted") or {}
    if names == present and all(
        told.get(field) == accepted[field] for field in ("status", "reason", "message")
    ):
        return {}
    conditions = with_condition(status.get("conditions") or (), {**accepted, "lastTransitionTime": when})
    established = {**_established(definition, accepted), "lastTransitionTime": when}
    gone = {field: None for field in present if field not in names}
    return {"acceptedNames": {**names, **gone}, "conditions": with_condition(conditions, established)}


def _with_establishment(definition: Obj, when: str) -> Obj:
    """What the status says once the names are accepted, as a patch; empty where it says so already."""
    if not condition_is(definition, "NamesAccepted") or condition_is(definition, "Established"):
        return {}
    established = _condition("Established", "True", "InitialNamesAccepted", _ACCEPTED)
    conditions = definition["status"]["conditions"]
    return {"conditions": with_condition(conditions, {**established, "lastTransitionTime": when})}


def _condition(condition_type: str, status: str, reason: str, message: str) -> Obj:
    return {"type": condition_type, "status": status, "reason": reason, "message": message}


def _accepted(view: View, definition: Obj) -> tuple[Obj, Obj]:
    """The names that a definition has from now on, and the condition that tells of the last conflict."""
    resources, kinds = _taken(view, definition["spec"]["group"])
    wanted: Obj = definition["spec"]["names"]
    present: Obj = (definition.get("status") or {}).get("acceptedNames") or {}
    names = dict(present)
    condition = _condition("NamesAccepted", "True", "NoConflicts", "no conflicts found")
    for field, reason in _NAMES:
        asked = wanted.get(field)
        taken = kinds if field in ("kind", "listKind") else resources
        faults = list(_conflicts(asked, present.get(field), taken))
        if faults:
            text = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
            condition = _condition("NamesAccepted", "False", reason, text)
        elif asked is None:
            names.pop(field, None)
        else:
            names[field] = asked
    names.pop("categories", None)
    if wanted.get("categories"):
        names["categories"] = wanted["categories"]
    return names, condition


def _conflicts(asked: object, present: object, taken: set[str]) -> Iterator[str]:
    """What of one name, or of a list of short ones, somebody else in the group has."""
    if asked == present or asked is None:
        return
    own = present if isinstance(present, list) else []
    for name in asked if isinstance(asked, list) else [asked]:
        if name not in own and name in taken:
            yield f"{go_quote(name)} is already in use"


def _taken(view: View, group: str) -> tuple[set[str], set[str]]:
    """The names of resources and of kinds that definitions of a group have, this one's own among them."""
    resources, kinds = set[str](), set[str]()
    for one in view.list(_DEFINITION):
        if one["spec"]["group"] == group:
            names = (one.get("status") or {}).get("acceptedNames") or {}
            resources.update(
                (names.get("plural", ""), names.get("singular", ""), *names.get("shortNames", ()))
            )
            kinds.update((names.get("kind", ""), names.get("listKind", "")))
    return resources, kinds


def _established(definition: Obj, accepted: Obj) -> Obj:
    """Whether a definition is established, before it is looked at for that."""
    told = condition_of(definition, "Established")
    if (told or {}).get("status") != "True" and accepted["status"] == "True":
        return _condition("Established", "False", "Installing", _ACCEPTED)
    return told or _condition("Established", "False", "NotAccepted", "not all names are accepted")


def _own_and_rivals(change: Change, view: View) -> list[Key]:
    """The definition itself, and the others of its group where it may have given up a name."""
    old, new = change.old, change.new
    if old is None or (new is not None and _names_of(old) == _names_of(new)):
        return [change.key]
    group = old["spec"]["group"]
    rivals = [
        ("", one["metadata"]["name"]) for one in view.list(_DEFINITION) if one["spec"]["group"] == group
    ]
    return list(dict.fromkeys((change.key, *rivals)))


def _names_of(definition: Obj) -> Obj:
    names: Obj = (definition.get("status") or {}).get("acceptedNames") or {}
    return names


CONTROLLER = Component(
    name="custom-definitions",
    watches=(Watch(_DEFINITION, _own_and_rivals),),
    plan=plan,
    manager="kube-apiserver",
)
