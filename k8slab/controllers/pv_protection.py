"""Volumes are not removed while they are bound: a finalizer holds them until then.

Models pkg/controller/volume/pvprotection, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.api.meta import Key, dig, is_terminating
from k8slab.components import Component, Done, Memory, Patch, Plan, Watch
from k8slab.store.view import Change, View

NAME = "persistentvolume-protection-controller"
FINALIZER = "kubernetes.io/pv-protection"


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Protect a volume, or let it go."""
    volume = view.get("PersistentVolume", key)
    if volume is None:
        return Done(why="the volume is gone")
    finalizers = volume["metadata"].get("finalizers") or []
    if is_terminating(volume):
        if FINALIZER not in finalizers:
            return Done(why="the volume is not held by this controller")
        if dig(volume, "status", "phase") == "Bound":
            return Done(why="the volume is bound")
        wanted = [name for name in finalizers if name != FINALIZER]
    elif FINALIZER in finalizers:
        return Done(why="the volume is protected")
    else:
        wanted = [*finalizers, FINALIZER]
    patch = {"metadata": {"finalizers": wanted or None}}
    yield Patch("PersistentVolume", key, patch, uid=volume["metadata"]["uid"])
    return Done()


def _after_volume(change: Change, view: View) -> Iterable[Key]:
    volume = change.new
    if volume is None:
        return ()
    held = FINALIZER in (volume["metadata"].get("finalizers") or ())
    return (change.key,) if held == is_terminating(volume) else ()


CONTROLLER = Component(NAME, (Watch("PersistentVolume", _after_volume),), plan)
