"""Reading and rebuilding API objects, which are plain dicts that never change in place.

A write makes a new dict that shares every untouched subtree with the old one:
`assoc` copies the dicts along one path and nothing else. That keeps old
versions valid for history and forks, and lets `new["spec"] is old["spec"]`
answer "did the spec change?" without a comparison.

Models staging/src/k8s.io/apimachinery/pkg/apis/meta/v1, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Obj = dict[str, Any]
"""An API object as its manifest says it: JSON types only."""

Key = tuple[str, str]
"""Namespace and name; the namespace is empty for a cluster-scoped object."""


def key_of(obj: Obj) -> Key:
    """The namespace and name of an object."""
    metadata = obj["metadata"]
    return (metadata.get("namespace", ""), metadata["name"])


def key_text(key: Key) -> str:
    """`namespace/name`, or `name` where there is no namespace."""
    return f"{key[0]}/{key[1]}" if key[0] else key[1]


def assoc(obj: Obj, *path_and_value: Any) -> Obj:
    """A copy of `obj` with the value at a path replaced: `assoc(pod, "spec", "nodeName", "node-1")`.

    Dicts on the way are copied, missing ones are made; everything beside the
    path is shared.
    """
    *path, last, value = path_and_value
    root = dict(obj)
    here = root
    for name in path:
        child = here.get(name)
        child = dict(child) if child is not None else {}
        here[name] = child
        here = child
    here[last] = value
    return root


def dissoc(obj: Obj, *path: str) -> Obj:
    """A copy of `obj` without the value at a path; `obj` itself where there is none."""
    here: Any = obj
    for name in path:
        if not isinstance(here, dict) or name not in here:
            return obj
        here = here[name]
    *parents, last = path
    root = dict(obj)
    here = root
    for name in parents:
        here[name] = dict(here[name])
        here = here[name]
    del here[last]
    return root


def dig(obj: Any, *path: str, default: Any = None) -> Any:
    """The value at a path of dict keys, or `default` where the path ends early or holds null."""
    here = obj
    for name in path:
        if not isinstance(here, dict):
            return default
        here = here.get(name)
    return default if here is None else here


def labels_of(obj: Obj) -> dict[str, str]:
    """The labels; empty where there are none."""
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Obj) -> dict[str, str]:
    """The annotations; empty where there are none."""
    return obj["metadata"].get("annotations") or {}


def is_terminating(obj: Obj) -> bool:
    """Whether a deletion has been asked for and not yet finished."""
    return "deletionTimestamp" in obj["metadata"]


def controller_of(obj: Obj) -> Obj | None:
    """The owner reference with `controller: true`, if there is one."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return reference  # type: ignore[no-any-return]
    return None


def owner_reference(owner: Obj) -> Obj:
    """A controlling owner reference, as `metav1.NewControllerRef` makes it."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition_of(obj: Obj, condition_type: str) -> Obj | None:
    """The status condition of a type, if there is one."""
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == condition_type:
            return condition  # type: ignore[no-any-return]
    return None


def condition_is(obj: Obj, condition_type: str, status: str = "True") -> bool:
    """Whether the condition of a type is there and has this status."""
    condition = condition_of(obj, condition_type)
    return condition is not None and condition.get("status") == status


def with_condition(conditions: Iterable[Obj], condition: Obj) -> list[Obj]:
    """The conditions with one set: replaced in its place, or appended.

    `lastTransitionTime` is kept from the old condition where the status did
    not change.
    """
    result: list[Obj] = []
    found = False
    for old in conditions:
        if old.get("type") != condition["type"]:
            result.append(old)
            continue
        found = True
        if old.get("status") == condition.get("status") and "lastTransitionTime" in old:
            condition = {**condition, "lastTransitionTime": old["lastTransitionTime"]}
        result.append(condition)
    if not found:
        result.append(condition)
    return result


def compact(obj: Mapping[str, Any]) -> Obj:
    """A copy without the keys whose value is None: for building objects with optional fields."""
    return {name: value for name, value in obj.items() if value is not None}


def group_version(api_version: str) -> tuple[str, str]:
    """`("apps", "v1")` for `apps/v1`; `("", "v1")` for `v1`."""
    group, slash, version = api_version.rpartition("/")
    return (group, version) if slash else ("", api_version)
