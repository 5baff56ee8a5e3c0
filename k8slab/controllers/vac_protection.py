"""Classes of volume attributes are not removed while a claim or volume names them.

Models pkg/controller/volume/vacprotection, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.api.meta import Key, Obj, dig, is_terminating
from k8slab.components import Component, Done, Memory, Patch, Plan, Watch
from k8slab.store.view import Change, View

NAME = "volumeattributesclass-protection-controller"
FINALIZER = "kubernetes.io/vac-protection"
_KIND = "VolumeAttributesClass"


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Protect a class, or let it go."""
    found = view.get(_KIND, key)
    if found is None:
        return Done(why="the class is gone")
    finalizers = found["metadata"].get("finalizers") or []
    if is_terminating(found):
        if FINALIZER not in finalizers:
            return Done(why="the class is not held by this controller")
        if _is_used(view, key[1]):
            return Done(why="a claim or volume names the class")
        wanted = [name for name in finalizers if name != FINALIZER]
    elif FINALIZER in finalizers:
        return Done(why="the class is protected")
    else:
        wanted = [*finalizers, FINALIZER]
    yield Patch(_KIND, key, {"metadata": {"finalizers": wanted or None}}, uid=found["metadata"]["uid"])
    return Done()


def _is_used(view: View, name: str) -> bool:
    return any(
        name in _classes_of(obj)
        for kind in ("PersistentVolume", "PersistentVolumeClaim")
        for obj in view.list(kind)
    )


def _classes_of(obj: Obj | None) -> list[str]:
    """The classes that a claim or a volume names: asked for, in force, or being brought about."""
    if obj is None:
        return []
    names = (
        dig(obj, "spec", "volumeAttributesClassName"),
        dig(obj, "status", "currentVolumeAttributesClassName"),
        dig(obj, "status", "modifyVolumeStatus", "targetVolumeAttributesClassName"),
    )
    return [name for name in names if name]


def _after_class(change: Change, view: View) -> Iterable[Key]:
    found = change.new
    if found is None:
        return ()
    held = FINALIZER in (found["metadata"].get("finalizers") or ())
    return (change.key,) if held == is_terminating(found) else ()


def _after_user(change: Change, view: View) -> Iterable[Key]:
    """The classes that a claim or volume names no more."""
    left = _classes_of(change.new)
    return [("", name) for name in dict.fromkeys(_classes_of(change.old)) if name not in left]


CONTROLLER = Component(
    NAME,
    (
        Watch(_KIND, _after_class),
        Watch("PersistentVolumeClaim", _after_user),
        Watch("PersistentVolume", _after_user),
    ),
    plan,
)
