"""Deleting: preconditions, grace periods, finalizers and propagation.

Models staging/src/k8s.io/apiserver/pkg/registry/rest/delete.go, the deletion
half of registry/generic/registry/store.go, and pkg/registry/core/pod/strategy.go
and namespace/storage for the two kinds with ways of their own, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from k8slab import clock
from k8slab.api.errors import ApiError, conflict, not_found
from k8slab.api.kind import Kind
from k8slab.api.meta import Key, Obj, assoc, dissoc
from k8slab.cluster import admission
from k8slab.cluster.api import Actor, WriteOptions, admission_request, commit, remove
from k8slab.cluster.kinds import kind_of
from k8slab.cluster.world import World

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


class DeleteOptions(NamedTuple):
    """`metav1.DeleteOptions`. `propagation` is "", Orphan, Background or Foreground.

    A precondition that is given holds, be it empty. `orphan` is what the older
    `orphanDependents` said. `warn` takes the texts of Warning headers.
    """

    propagation: str = ""
    grace_seconds: int | None = None
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False
    orphan: bool | None = None
    warn: Callable[[str], None] | None = None


DEFAULT = DeleteOptions()


def delete(
    world: World,
    actor: Actor,
    kind_name: str,
    key: Key,
    options: DeleteOptions = DEFAULT,
    *,
    cause: int = 0,
    is_admitted: bool = False,
) -> tuple[Obj, bool]:
    """Delete an object: at once, or by marking it where a grace period or finalizers stand.

    The object as it is now or was last, and whether it is gone. Raises
    ApiError: 404 NotFound, 409 Conflict where a precondition fails. Admission isn't
    asked about a deletion that is part of something else that it has let pass.
    """
    kind = kind_of(world, kind_name)
    old = world.store.get(kind_name, key)
    if old is None:
        raise not_found(kind.plural, kind.group, key[1])
    if kind_name == "Namespace":
        _check_namespace(kind, old, options)
    check_preconditions(kind, old, options)
    write = WriteOptions(dry_run=options.dry_run, warn=options.warn)
    if not is_admitted:
        _ask_admission(admission_request(world, actor, kind, "DELETE", None, old, write))
    if kind_name == "Namespace":
        marked = _mark_namespace(world, old, options)
        if marked is not None:
            return _store(world, actor, kind, key, old, marked, cause, write), False
    if kind_name == "Namespace" and old["spec"].get("finalizers"):
        return old, False
    return _delete_stored(world, actor, kind, key, old, options, cause, write)


def _ask_admission(request: admission.Request) -> None:
    """ApiError where a plug-in refuses the deletion."""
    admission.validate(request)
    if request.warn is not None:
        for text in admission.warnings(request):
            request.warn(text)


def _delete_stored(
    world: World,
    actor: Actor,
    kind: Kind,
    key: Key,
    old: Obj,
    options: DeleteOptions,
    cause: int,
    write: WriteOptions,
) -> tuple[Obj, bool]:
    grace = _begin_graceful(world, kind, old, options)
    if grace.pending:
        return old, False
    new = grace.obj
    finalizers = new["metadata"].get("finalizers") or []
    wanted = _finalizers_for(kind, finalizers, options.propagation)
    if wanted != finalizers:
        new = (
            assoc(new, "metadata", "finalizers", wanted) if wanted else dissoc(new, "metadata", "finalizers")
        )
    if not grace.graceful and wanted:
        new = _mark_deleting(world, new)
    if wanted or (grace.graceful and grace.seconds > 0):
        return _store(world, actor, kind, key, old, new, cause, write), False
    if not write.dry_run:
        if new is not old:
            new = commit(world, actor, kind, key, new, "", cause, sent=old)
        remove(world, kind, key, cause)
    return new, True


def check_preconditions(kind: Kind, old: Obj, options: DeleteOptions) -> None:
    """Raise 409 Conflict where the uid or resourceVersion asked for is not the stored one."""
    metadata = old["metadata"]
    for label, wanted, stored, guess in (
        ("UID", options.uid, metadata["uid"], "deleted and then recreated"),
        ("ResourceVersion", options.resource_version, metadata["resourceVersion"], "modified"),
    ):
        if wanted is not None and wanted != stored:
            why = (
                f"the {label} in the precondition ({wanted}) does not match the {label} in record "
                f"({stored}). The object might have been {guess}"
            )
            raise conflict(kind.kind, kind.group, metadata["name"], why)


def _check_namespace(kind: Kind, old: Obj, options: DeleteOptions) -> None:
    """A namespace's first delete is an update, whose preconditions are checked in other words."""
    metadata = old["metadata"]
    if "deletionTimestamp" in metadata:
        return
    for label, wanted, stored in (
        ("UID", options.uid, metadata["uid"]),
        ("ResourceVersion", options.resource_version, metadata["resourceVersion"]),
    ):
        if wanted is not None and wanted != stored:
            why = f"Precondition failed: {label} in precondition: {wanted}, {label} in object meta: {stored}"
            raise conflict(kind.plural, kind.group, metadata["name"], why)


class _Grace(NamedTuple):
    """What `rest.BeforeDelete` finds: the object as marked, and whether and how long to wait."""

    obj: Obj
    graceful: bool = False
    pending: bool = False
    seconds: int = 0


def _begin_graceful(world: World, kind: Kind, old: Obj, options: DeleteOptions) -> _Grace:
    """Decide on the grace period. Only Pods have one."""
    if kind.kind != "Pod":
        return _Grace(old)
    asked = options.grace_seconds
    if asked is not None and asked < 0:
        asked = 1
    metadata = old["metadata"]
    if "deletionTimestamp" in metadata:
        current = metadata.get("deletionGracePeriodSeconds")
        if current is None:
            return _Grace(old)
        if asked is None or asked >= current:
            return _Grace(old, pending=True)
        started = clock.parse_timestamp(metadata["deletionTimestamp"]) - current * clock.SECOND_US
        return _Grace(_with_deletion(old, started + asked * clock.SECOND_US, asked), True, False, asked)
    seconds = _pod_grace_seconds(old, asked)
    marked = _with_deletion(old, world.now_us + seconds * clock.SECOND_US, seconds)
    return _Grace(_bump_generation(marked), True, False, seconds)


def _pod_grace_seconds(pod: Obj, asked: int | None) -> int:
    """The Pod's grace period; none where nothing runs (never scheduled, or already finished)."""
    spec = pod["spec"]
    seconds = asked if asked is not None else spec.get("terminationGracePeriodSeconds", 0)
    if not spec.get("nodeName") or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    return max(seconds, 0) if seconds >= 0 else 1


def _with_deletion(obj: Obj, at_us: int, seconds: int) -> Obj:
    metadata = {
        **obj["metadata"],
        "deletionTimestamp": clock.timestamp(at_us),
        "deletionGracePeriodSeconds": seconds,
    }
    return {**obj, "metadata": metadata}


def _bump_generation(obj: Obj) -> Obj:
    generation = obj["metadata"].get("generation", 0)
    return assoc(obj, "metadata", "generation", generation + 1) if generation > 0 else obj


def _mark_deleting(world: World, obj: Obj) -> Obj:
    """Mark an object that only finalizers keep (`store.go: markAsDeleting`)."""
    marked = obj
    if "deletionTimestamp" not in obj["metadata"]:
        marked = _bump_generation(_with_deletion(obj, world.now_us, 0))
    elif obj["metadata"].get("deletionGracePeriodSeconds") != 0:
        marked = assoc(obj, "metadata", "deletionGracePeriodSeconds", 0)
    return marked


def _finalizers_for(kind: Kind, present: list[str], propagation: str) -> list[str]:
    """The finalizers that the propagation policy asks for, beside the object's own.

    Garbage collection knows nothing of Events.
    """
    if kind.kind == "Event":
        return present
    if propagation:
        orphan, foreground = propagation == "Orphan", propagation == "Foreground"
    else:
        orphan = ORPHAN in present or (FOREGROUND not in present and kind.default_propagation == "Orphan")
        foreground = not orphan and (FOREGROUND in present or kind.default_propagation == "Foreground")
    wanted = [name for name in present if name not in (ORPHAN, FOREGROUND)]
    if orphan:
        wanted.append(ORPHAN)
    if foreground:
        wanted.append(FOREGROUND)
    return present if set(wanted) == set(present) else wanted


def _mark_namespace(world: World, old: Obj, options: DeleteOptions) -> Obj | None:
    """A namespace's first delete only begins its termination; None where that has been done."""
    if "deletionTimestamp" in old["metadata"]:
        return None
    metadata = {**old["metadata"], "deletionTimestamp": clock.timestamp(world.now_us)}
    present = metadata.get("finalizers") or []
    wanted = [name for name in present if name not in (ORPHAN, FOREGROUND)]
    if options.propagation == "Orphan":
        wanted.append(ORPHAN)
    if options.propagation == "Foreground" or options.orphan is False:
        wanted.append(FOREGROUND)
    if wanted != present:
        metadata["finalizers"] = wanted
    status = {**(old.get("status") or {}), "phase": "Terminating"}
    return {**old, "metadata": metadata, "status": status}


def _store(
    world: World,
    actor: Actor,
    kind: Kind,
    key: Key,
    old: Obj,
    new: Obj,
    cause: int,
    write: WriteOptions,
) -> Obj:
    if write.dry_run or new == old:
        return new
    return commit(world, actor, kind, key, new, "", cause, sent=old)


def too_many_requests(message: str, retry_seconds: int) -> ApiError:
    """429 TooManyRequests, with the seconds to wait where there are any."""
    details = {"retryAfterSeconds": retry_seconds} if retry_seconds else {}
    return ApiError(429, "TooManyRequests", message, details=details)
