"""Growing volumes: a claim that asks for more than it has gets it, if its class allows that.

The controller only says that a driver is to do it; the driver's resizer, which
is played here too, makes the volume larger. The file system
grows with it, without anything to do for the node.

Models pkg/controller/volume/expand and kubernetes-csi/external-resizer, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.meta import Key, Obj, condition_of, dig
from k8slab.clock import timestamp
from k8slab.components import Component, Done, Memory, Patch, Plan, Record, Watch
from k8slab.scheduler.volumes import capacity_bytes, requested_bytes
from k8slab.store.view import Change, View

NAME = "persistentvolume-expander-controller"
SOURCE = "volume_expand"
"""Under which name the controller records Events."""


class Resizing(NamedTuple):
    """What is remembered of a volume that is being made larger."""

    uid: str
    done_us: int


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look at one claim."""
    claim = view.get("PersistentVolumeClaim", key)
    if claim is None or dig(claim, "status", "phase") != "Bound":
        return Done(memory=None, why="the claim is not bound")
    if not _wants_more(claim):
        return Done(memory=None, why="the claim has what it asks for")
    volume = view.get("PersistentVolume", ("", claim["spec"].get("volumeName") or ""))
    if volume is None:
        return Done(memory=None, why="the claim's volume is gone")
    uid = claim["metadata"]["uid"]
    driver = dig(volume, "spec", "csi", "driver")
    if driver is None:
        if memory != uid:
            message = "waiting for an external controller to expand this PVC"
            yield Record(claim, "Warning", "ExternalExpanding", message, component=SOURCE)
        return Done(memory=uid, why="no driver can resize the volume")
    if not isinstance(memory, Resizing) or memory.uid != uid:
        message = "waiting for an external controller to expand this PVC"
        yield Record(claim, "Normal", "ExternalExpanding", message, component=SOURCE)
        name = volume["metadata"]["name"]
        message = f"External resizer is resizing volume {name}"
        yield Record(claim, "Normal", "Resizing", message, component=f"external-resizer {driver}")
        yield _status(claim, key, {"conditions": _with_resizing(claim, now_us)})
        size = dig(claim, "spec", "resources", "requests", "storage")
        memory = Resizing(uid, now_us + view.duration_us("volume_provision", uid, size))
    if now_us < memory.done_us:
        return Done(look_again_us=memory.done_us - now_us, memory=memory)
    return (yield from _grow(claim, volume, key, driver))


def _wants_more(claim: Obj) -> bool:
    has = dig(claim, "status", "capacity", "storage")
    return has is not None and requested_bytes(claim) > quantities.units(str(has))


def _grow(claim: Obj, volume: Obj, key: Key, driver: str) -> Plan:
    """The volume is larger now: say so at the volume, then at the claim."""
    size = claim["spec"]["resources"]["requests"]["storage"]
    if capacity_bytes(volume) < requested_bytes(claim):
        patch = {"spec": {"capacity": {"storage": size}}}
        yield Patch("PersistentVolume", ("", volume["metadata"]["name"]), patch)
    left = [one for one in dig(claim, "status", "conditions", default=()) if one["type"] != "Resizing"]
    yield _status(claim, key, {"capacity": {"storage": size}, "conditions": left or None})
    message = "Resize volume succeeded"
    source = f"external-resizer {driver}"
    yield Record(claim, "Normal", "VolumeResizeSuccessful", message, component=source)
    return Done(memory=None)


def _with_resizing(claim: Obj, now_us: int) -> list[Obj]:
    conditions = list(dig(claim, "status", "conditions", default=()))
    if condition_of(claim, "Resizing") is None:
        conditions.append(
            {
                "type": "Resizing",
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": timestamp(now_us),
            }
        )
    return conditions


def _status(claim: Obj, key: Key, status: Obj) -> Patch:
    return Patch("PersistentVolumeClaim", key, {"status": status}, "status", claim["metadata"]["uid"])


def _after_claim(change: Change, view: View) -> Iterable[Key]:
    claim = change.new
    if claim is None or dig(claim, "status", "phase") != "Bound" or not _wants_more(claim):
        return ()
    return (change.key,)


CONTROLLER = Component(NAME, (Watch("PersistentVolumeClaim", _after_claim),), plan)
