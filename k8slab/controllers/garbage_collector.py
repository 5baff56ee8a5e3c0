"""The garbage collector: objects go when their owners go, in the order that the deletion asked for.

Background: an owner goes at once, and its dependents after it. Foreground: the
owner waits, with the finalizer `foregroundDeletion`, for every dependent that
blocks it. Orphan: the owner waits, with the finalizer `orphan`, until its
dependents have forgotten it.

Upstream keeps a graph of its own, fed by informers, with virtual nodes for
owners that it hasn't seen yet. The View's index of dependents is that graph,
and it doesn't lag, so that an owner is there or it isn't. A key is
`(namespace, "Kind/name")`, because one queue serves every kind.

Models pkg/controller/garbagecollector/{garbagecollector,graph_builder}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import lru_cache
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Key, Obj, is_terminating, key_of
from k8slab.components import (
    CUSTOM,
    Action,
    Component,
    Delete,
    Done,
    Memory,
    Outcome,
    Patch,
    Plan,
    Record,
    Watch,
)
from k8slab.controllers._pods import aggregate
from k8slab.store.aspects import CREATED, DELETION, OWNERS, REMOVED
from k8slab.store.view import Change, View

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
_IGNORED_KINDS = ("Event",)
_NO_REFERENCES: list[Obj] = []
_UNBLOCKED_US = 100_000
"""How long an object is left alone once it blocks no owner: upstream's delete meets a conflict here."""


def item_key(kind: str, key: Key) -> Key:
    """The collector's key for an object."""
    return (key[0], f"{kind}/{key[1]}")


def _references(obj: Obj) -> list[Obj]:
    references: list[Obj] = obj["metadata"].get("ownerReferences") or _NO_REFERENCES
    return references


def _deletes_with(obj: Obj, finalizer: str) -> bool:
    """Whether the object is being deleted and waits with this finalizer."""
    metadata = obj["metadata"]
    return "deletionTimestamp" in metadata and finalizer in (metadata.get("finalizers") or ())


# Whom a change concerns.


def _concerned(change: Change, view: View) -> list[Key]:
    """The objects to look at after a change (`processGraphChanges`)."""
    old, new = change.old, change.new
    if new is None:
        return _after_removal(old, view) if old is not None else []
    before = _references(old) if old is not None else _NO_REFERENCES
    after = _references(new)
    found: list[Key] = []
    if after is not before and (before or after):
        found += _released_owners(before, after, new, view)
        if _has_doubtful_owner(before, after, new, view):
            found.append(item_key(change.kind, change.key))
    if "deletionTimestamp" in new["metadata"]:
        for finalizer in (ORPHAN, FOREGROUND):
            if _deletes_with(new, finalizer) and not (old is not None and _deletes_with(old, finalizer)):
                if finalizer == FOREGROUND:
                    found += [item_key(*one) for one in view.dependents(new["metadata"]["uid"])]
                found.append(item_key(change.kind, change.key))
                break
    return found


def _after_removal(old: Obj, view: View) -> list[Key]:
    """The dependents of an object that is gone, and the owners that were waiting for it."""
    found = [item_key(*one) for one in view.dependents(old["metadata"]["uid"])]
    for reference in _references(old):
        owner = _owner(view, reference, old)
        if owner is not None and _deletes_with(owner, FOREGROUND):
            found.append(item_key(reference["kind"], key_of(owner)))
    return found


def _released_owners(before: Sequence[Obj], after: Sequence[Obj], new: Obj, view: View) -> list[Key]:
    """The waiting owners that an object blocks no longer."""
    blocking = [one["uid"] for one in after if one.get("blockOwnerDeletion")]
    found = []
    for reference in before:
        if reference.get("blockOwnerDeletion") and reference["uid"] not in blocking:
            owner = _owner(view, reference, new)
            if owner is not None and _deletes_with(owner, FOREGROUND):
                found.append(item_key(reference["kind"], key_of(owner)))
    return found


def _has_doubtful_owner(before: Sequence[Obj], after: Sequence[Obj], new: Obj, view: View) -> bool:
    """Whether a reference was added to an owner that isn't there.

    A new dependent of an owner that waits for its dependents' end is found when the next of them goes.
    """
    known = [one["uid"] for one in before]
    return any(reference["uid"] not in known and _owner(view, reference, new) is None for reference in after)


# Owners.


def _owner(view: View, reference: Obj, dependent: Obj) -> Obj | None:
    """The owner that a reference means, if it is where the reference says and is still the same one."""
    named = _kind_named(view, reference)
    namespace = dependent["metadata"].get("namespace", "")
    if named is not None and not named.namespaced:
        namespace = ""
    owner = view.get(reference["kind"], (namespace, reference["name"]))
    if owner is None or owner["metadata"]["uid"] != reference["uid"]:
        return None
    if owner["apiVersion"] != reference["apiVersion"]:
        return owner if named is not None and reference["apiVersion"] in named.versions else None
    return owner


class _Named(NamedTuple):
    """A kind as references name it: whether its objects live in namespaces, and in which apiVersions."""

    namespaced: bool
    versions: tuple[str, ...]


def _kind_named(view: View, reference: Obj) -> _Named | None:
    """The kind of a reference, be it a built-in one or one that a definition adds."""
    built_in = _built_in(reference["kind"])
    if built_in is not None:
        return built_in
    group = reference["apiVersion"].rpartition("/")[0]
    for definition in view.list("CustomResourceDefinition"):
        spec = definition["spec"]
        if spec["group"] == group and spec["names"]["kind"] == reference["kind"]:
            served = [f"{group}/{one['name']}" for one in spec["versions"] if one.get("served")]
            return _Named(spec["scope"] == "Namespaced", tuple(served))
    return None


@lru_cache(maxsize=1024)
def _built_in(name: str) -> _Named | None:
    """A built-in kind as references name it."""
    kind = kinds().get(name)
    if kind is None:
        return None
    others = [f"{one.group}/{one.version}" if one.group else one.version for one in kind.other_versions]
    return _Named(kind.namespaced, (kind.api_version, *others))


def _is_served(view: View, reference: Obj) -> bool:
    """Whether the reference's kind exists in the group and version that it names."""
    named = _kind_named(view, reference)
    return named is not None and reference["apiVersion"] in named.versions


class _Sorted:
    """An object's references by what has become of their owners (`classifyReferences`)."""

    __slots__ = ("dangling", "solid", "unresolvable", "waiting")

    def __init__(self) -> None:
        self.solid: list[Obj] = []
        self.dangling: list[Obj] = []
        self.waiting: list[Obj] = []
        self.unresolvable = ""


_LET_GO_BY = 2
"""An owner that none of its dependents blocks is let go while the collector asks for the first two owners.

They are asked for one after the other, so that at a later place an owner that other finalizers
hold is found to wait for nobody any more, and keeps its dependents until it is gone.
"""


def _sort_references(view: View, item: Obj) -> _Sorted:
    result = _Sorted()
    for place, reference in enumerate(_references(item)):
        if not _is_served(view, reference):
            result.unresolvable = (
                f"unable to get REST mapping for {reference['apiVersion']}/{reference['kind']}."
            )
            return result
        named = _kind_named(view, reference)
        if named is not None and named.namespaced and not item["metadata"].get("namespace"):
            result.unresolvable = "the object is cluster-scoped, but refers to a namespaced owner"
            return result
        owner = _owner(view, reference, item)
        if owner is None:
            result.dangling.append(reference)
        elif _deletes_with(owner, FOREGROUND) and (place < _LET_GO_BY or _blocking(view, owner)):
            result.waiting.append(reference)
        else:
            result.solid.append(reference)
    return result


# What is done about an object.


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look at one object: orphan its dependents, wait for them, or delete it with its last owner."""
    kind, _, name = key[1].partition("/")
    item = view.get(kind, (key[0], name))
    if item is None:
        return Done(why="the object is gone")
    if is_terminating(item):
        if _deletes_with(item, ORPHAN):
            return (yield from _orphan_dependents(view, kind, item))
        if _deletes_with(item, FOREGROUND):
            return (yield from _finish_foreground(view, kind, item))
        return Done(why="the object is being deleted already")
    return (yield from _attempt(view, kind, item))


def _attempt(view: View, kind: str, item: Obj) -> Plan:
    """Delete an object that none of its owners keeps (`attemptToDeleteItem`)."""
    if not _references(item):
        return Done(why="the object has no owner")
    yield from _report_foreign_namespaces(view, kind, item)
    owners = _sort_references(view, item)
    if owners.unresolvable:
        return Done(why=owners.unresolvable)
    if owners.solid:
        if not owners.dangling and not owners.waiting:
            return Done(why="the object has an owner")
        yield from _forget(kind, item, [*owners.dangling, *owners.waiting])
        return Done()
    return (yield from _collect(view, kind, item, bool(owners.waiting)))


def _collect(view: View, kind: str, item: Obj, has_waiting_owner: bool) -> Plan:
    """Delete an object none of whose owners is there to stay."""
    propagation = "Background"
    finalizers = item["metadata"].get("finalizers") or ()
    if has_waiting_owner and view.dependents(item["metadata"]["uid"]):
        if _closes_a_cycle(view, item) and any(one.get("blockOwnerDeletion") for one in _references(item)):
            yield from _unblock(kind, item)
            return Done(look_again_us=_UNBLOCKED_US, why="an owner that it no longer blocks may go first")
        propagation = "Foreground"
    elif ORPHAN in finalizers:
        propagation = "Orphan"
    elif FOREGROUND in finalizers:
        propagation = "Foreground"
    try:
        yield Delete(kind, key_of(item), uid=item["metadata"]["uid"], propagation=propagation)
    except ApiError as error:
        if error.code != 404:
            return Done(error=error.message)
    return Done()


def _closes_a_cycle(view: View, item: Obj) -> bool:
    """Whether a dependent of the object is itself waiting for its dependents."""
    for kind, key in view.dependents(item["metadata"]["uid"]):
        dependent = view.get(kind, key)
        if dependent is not None and _deletes_with(dependent, FOREGROUND):
            return True
    return False


def _unblock(kind: str, item: Obj) -> Generator[Action, Outcome, None]:
    """Let the object no longer block its owners, so that a cycle of owners can end."""
    references = [
        {**one, "blockOwnerDeletion": False} if one.get("blockOwnerDeletion") else one
        for one in _references(item)
    ]
    patch = {"metadata": {"ownerReferences": references}}
    yield Patch(kind, key_of(item), patch, uid=item["metadata"]["uid"])


def _forget(kind: str, item: Obj, gone: Sequence[Obj]) -> Generator[Action, Outcome, None]:
    """Take references off an object."""
    uids = [one["uid"] for one in gone]
    kept = [one for one in _references(item) if one["uid"] not in uids]
    patch = {"metadata": {"ownerReferences": kept or None}}
    yield Patch(kind, key_of(item), patch, uid=item["metadata"]["uid"])


def _finish_foreground(view: View, kind: str, item: Obj) -> Plan:
    """Let the owner go once no dependent blocks it, and look again at those that do.

    Models processDeletingDependentsItem.
    """
    blocking = _blocking(view, item)
    if not blocking:
        yield from _remove_finalizer(kind, item, FOREGROUND)
        return Done()
    errors = []
    for dependent_kind, dependent in blocking:
        if not is_terminating(dependent):
            done = yield from _attempt(view, dependent_kind, dependent)
            if done.error:
                errors.append(done.error)
    if errors:
        return Done(error=aggregate(errors))
    kind, dependent = blocking[0]
    return Done(why=f"{kind} {dependent['metadata']['name']} blocks the deletion")


def _blocking(view: View, owner: Obj) -> list[tuple[str, Obj]]:
    """The dependents that an owner's deletion waits for, each with its kind."""
    uid = owner["metadata"]["uid"]
    found = ((kind, view.get(kind, key)) for kind, key in view.dependents(uid))
    return [(kind, one) for kind, one in found if one is not None and _blocks(one, uid)]


def _blocks(dependent: Obj, uid: str) -> bool:
    """Whether the deletion of an owner waits for this dependent."""
    return any(one["uid"] == uid and one.get("blockOwnerDeletion") for one in _references(dependent))


def _orphan_dependents(view: View, kind: str, item: Obj) -> Plan:
    """Make every dependent forget the owner, then let the owner go."""
    errors = []
    for dependent_kind, key in view.dependents(item["metadata"]["uid"]):
        dependent = view.get(dependent_kind, key)
        if dependent is None:
            continue
        owner = [one for one in _references(dependent) if one["uid"] == item["metadata"]["uid"]]
        try:
            yield from _forget(dependent_kind, dependent, owner)
        except ApiError as error:
            if error.code != 404:
                identity = _identity(dependent, dependent, dependent["metadata"].get("namespace", ""))
                errors.append(f"orphaning {identity} failed, {error.message}")
    if errors:
        namespace = item["metadata"].get("namespace", "")
        text = f"failed to orphan dependents of owner {_identity(item, item, namespace)}, got errors: "
        return Done(error=text + aggregate(errors))
    yield from _remove_finalizer(kind, item, ORPHAN)
    return Done()


def _remove_finalizer(kind: str, item: Obj, finalizer: str) -> Generator[Action, Outcome, None]:
    kept = [one for one in item["metadata"]["finalizers"] if one != finalizer]
    patch = {"metadata": {"finalizers": kept or None}}
    try:
        yield Patch(kind, key_of(item), patch, uid=item["metadata"]["uid"])
    except ApiError as error:
        if error.code != 404:
            raise


def _identity(obj: Obj, named: Obj, namespace: str) -> str:
    """An object as upstream prints it; `named` is the object or a reference to it."""
    coordinates = named.get("metadata", named)
    return (
        f"[{obj['apiVersion']}/{obj['kind']}, namespace: {namespace}, "
        f"name: {coordinates['name']}, uid: {coordinates['uid']}]"
    )


def _report_foreign_namespaces(view: View, kind: str, item: Obj) -> Generator[Action, Outcome, None]:
    """Warn of the first reference to an owner that lives in another namespace, where no owner counts."""
    namespace = item["metadata"].get("namespace", "")
    for reference in _references(item):
        named = _kind_named(view, reference)
        if named is None or not named.namespaced or _owner(view, reference, item) is not None:
            continue
        if _exists_elsewhere(view, reference, namespace):
            identity = _identity(reference, reference, namespace)
            message = f'ownerRef {identity} does not exist in namespace "{namespace}"'
            yield Record(item, "Warning", "OwnerRefInvalidNamespace", message)
            return


def _exists_elsewhere(view: View, reference: Obj, namespace: str) -> bool:
    """Whether the owner that a reference means lives in a namespace other than this."""
    for other in view.list("Namespace"):
        if other["metadata"]["name"] == namespace:
            continue
        owner = view.get(reference["kind"], (other["metadata"]["name"], reference["name"]))
        if owner is not None and owner["metadata"]["uid"] == reference["uid"]:
            return True
    return False


CONTROLLER = Component(
    name="garbage-collector-controller",
    watches=tuple(
        Watch(kind, _concerned, "garbage_collect", CREATED | REMOVED | OWNERS | DELETION)
        for kind in (*kinds(), CUSTOM)
        if kind not in _IGNORED_KINDS
    ),
    plan=plan,
)
