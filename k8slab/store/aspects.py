"""What is different about a changed object: a few bits, worked out once for all who watch.

Two dozen components watch Pods, and a Pod changes its status many times. What
most of them want to know, whether it came or went, was bound, ended or became
ready, is answered here once by comparing identities; a watch that names its
aspects isn't asked about any other change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slab.api.memo import remember
from k8slab.api.meta import Obj
from k8slab.store.view import Change

CREATED = 1
REMOVED = 2
SPEC = 4
"""The spec is another one."""
LABELS = 8
OWNERS = 16
DELETION = 32
"""Its deletion was asked for, before or now."""
FINALIZERS = 64
"""It has finalizers, before or now."""
PHASE = 128
READINESS = 256
"""The condition Ready has become True, or is it no more."""
UNBOUND = 512
"""It is a Pod that is on no node."""
GATED = 1024
"""It is a Pod with readiness gates."""
DISRUPTED = 2048
"""It carries the condition DisruptionTarget."""
ANNOTATIONS = 8192
ADDRESSES = 16384
"""The Pod has other addresses."""
BOUND = 32768
"""The Pod came to a node, or was made or removed on one."""
ENDED = 65536
"""The Pod has succeeded or failed, before or now."""
CLAIMS = 131072
"""Some of the Pod's volumes come from claims."""
ANY = 4096
"""What every change has."""

_TERMINAL = ("Succeeded", "Failed")
"""The phases in which a Pod has ended."""

_NOTHING: Obj = {}


def aspects_of(change: Change) -> int:
    """The bits of a change."""
    old, new = change.old, change.new
    if old is None or new is None:
        return _of_one(old, new)
    before, after = old["metadata"], new["metadata"]
    bits = ANY
    if before.get("labels") is not after.get("labels"):
        bits |= LABELS
    if before.get("annotations") is not after.get("annotations"):
        bits |= ANNOTATIONS
    if before.get("ownerReferences") is not after.get("ownerReferences"):
        bits |= OWNERS
    if "deletionTimestamp" in after or "deletionTimestamp" in before:
        bits |= DELETION
    if after.get("finalizers") or before.get("finalizers"):
        bits |= FINALIZERS
    if old.get("spec") is not new.get("spec"):
        bits |= SPEC
    return bits | _of_pod(old, new) if change.kind == "Pod" else bits


def _of_one(old: Obj | None, new: Obj | None) -> int:
    """The bits of a creation or removal."""
    bits = ANY | (CREATED if old is None else REMOVED)
    obj: Obj = (old if new is None else new) or _NOTHING
    metadata = obj["metadata"]
    if "deletionTimestamp" in metadata:
        bits |= DELETION
    if metadata.get("finalizers"):
        bits |= FINALIZERS
    if obj.get("kind") == "Pod":
        bits |= _of_pod(None, obj)
    return bits


def _of_pod(old: Obj | None, new: Obj) -> int:
    bits = 0
    spec = new["spec"]
    if not spec.get("nodeName"):
        bits |= UNBOUND
    elif old is None or (old["spec"] is not spec and old["spec"].get("nodeName") != spec["nodeName"]):
        bits |= BOUND
    if "readinessGates" in spec:
        bits |= GATED
    if "volumes" in spec and _has_claims(spec["volumes"] or ()):
        bits |= CLAIMS
    after: Obj = new.get("status") or _NOTHING
    before: Obj = (old.get("status") if old is not None else None) or _NOTHING
    conditions = after.get("conditions") or ()
    ready, disrupted = _conditions(conditions)
    if disrupted:
        bits |= DISRUPTED
    if before is after:
        return bits | ENDED if after.get("phase") in _TERMINAL else bits
    phase, phase_before = after.get("phase"), before.get("phase")
    if phase != phase_before:
        bits |= PHASE
    if phase in _TERMINAL or phase_before in _TERMINAL:
        bits |= ENDED
    conditions_before = before.get("conditions") or ()
    if conditions_before is not conditions and _conditions(conditions_before)[0] != ready:
        bits |= READINESS
    if before.get("podIP") != after.get("podIP"):
        return bits | ADDRESSES
    if before.get("podIPs") is not after.get("podIPs") and before.get("podIPs") != after.get("podIPs"):
        return bits | ADDRESSES
    return bits


@remember
def _has_claims(volumes: Sequence[Obj]) -> bool:
    """Whether some of the volumes come from claims, those made for the Pod alone included."""
    return any(volume.get("persistentVolumeClaim") or volume.get("ephemeral") for volume in volumes)


@remember
def _conditions(conditions: Sequence[Obj]) -> tuple[bool, bool]:
    """Whether the condition Ready is True, and whether there is a DisruptionTarget."""
    ready: Any = None
    disrupted = False
    for condition in conditions:
        name = condition["type"]
        if name == "Ready":
            ready = ready or condition["status"]
        elif name == "DisruptionTarget":
            disrupted = True
    return ready == "True", disrupted


def owner_kind_of(change: Change) -> str:
    """The kind of the controller that the object had all the time; empty where that isn't known."""
    old, new = change.old, change.new
    obj = new if new is not None else old
    if obj is None:
        return ""
    references = obj["metadata"].get("ownerReferences")
    if not references:
        return ""
    if old is not None and new is not None and old["metadata"].get("ownerReferences") is not references:
        return ""
    for reference in references:
        if reference.get("controller"):
            return reference["kind"]  # type: ignore[no-any-return]
    return ""
