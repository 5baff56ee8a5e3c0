"""Who owns which field: managedFields, computed from the chain of an object's writes when asked for.

Upstream computes them on every write. Here nobody looks at them most of the
time, so a write only adds a link to the object's trail, and the trail is
folded when a client reads the object or applies to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.api.kind import Kind
from k8slab.api.managed_fields import track_update
from k8slab.api.meta import Key, Obj, key_of
from k8slab.cluster.api import Actor, WriteOptions
from k8slab.cluster.records import last_seen_us
from k8slab.cluster.world import Trail, World


def managed_fields(world: World, kind: Kind, obj: Obj) -> list[Obj]:
    """The managedFields of an object: a stored one, or an earlier version that history still has.

    The trail remembers them. Empty where nobody knows who wrote it.
    """
    slot = (kind.kind, key_of(obj))
    trail = world.trail(slot)
    link = _link_of(trail, obj) or _link_of_repeat(trail, obj)
    if link is None:
        link = _link_of(world.graves.get(slot), obj)
        return _folded(kind, link) if link is not None else []
    managed = _folded(kind, link)
    if link is trail and trail.managed is None and slot in world.trails:
        world.trails[slot] = trail._replace(managed=managed, before=_kept(world, trail.before))
    return managed


def _kept(world: World, before: Trail | None) -> Trail | None:
    """The earlier writes, as long as history has them too."""
    if before is None or int(before.new["metadata"]["resourceVersion"]) <= world.store.compacted:
        return None
    return before


_LONGEST_TRAIL = 3
"""Shorter ones are not worth the trouble."""


def shorten_trails(world: World, slots: Iterable[tuple[str, Key]]) -> None:
    """Forget writes of some objects that history has forgotten, where an object has many.

    Of the writes that one writer made in a row only the last is kept. It owns what they
    all made of the object; a field that was changed and changed back counts no more.
    """
    for slot in slots:
        trail = world.trails.get(slot)
        if trail is None or not _is_long(trail):
            continue
        links = _unfolded(trail)
        if len(links) > _LONGEST_TRAIL:
            world.trails[slot] = _shortened(links, world.store.compacted)


def _is_long(trail: Trail) -> bool:
    before: Trail | None = trail
    for _ in range(_LONGEST_TRAIL):
        before = before.before if before is not None else None
    return before is not None


def _unfolded(trail: Trail) -> list[Trail]:
    """The writes back to the last one whose managedFields are known, oldest first."""
    links = [trail]
    while links[-1].managed is None and links[-1].before is not None:
        links.append(links[-1].before)
    links.reverse()
    return links


def _shortened(links: list[Trail], compacted: int) -> Trail:
    kept: list[Trail] = []
    for link in links:
        is_forgotten = int(link.new["metadata"]["resourceVersion"]) <= compacted
        if is_forgotten and len(kept) > 1 and kept[-1][1:5] == link[1:5]:
            kept.pop()
        kept.append(link)
    before = None if kept[0].managed is not None else kept[0].before
    for link in kept:
        before = link if link.before is before else Trail(before, *link[1:])
    assert before is not None, "a trail has a link"
    return before


def _link_of(trail: Trail | None, obj: Obj) -> Trail | None:
    """The write that made this version of an object."""
    metadata = obj["metadata"]
    while trail is not None:
        written = trail.new["metadata"]
        if written is metadata or (
            written["resourceVersion"] == metadata.get("resourceVersion")
            and written["uid"] == metadata.get("uid")
        ):
            return trail
        trail = trail.before
    return None


def _link_of_repeat(trail: Trail | None, obj: Obj) -> Trail | None:
    """The write that made a middle version of an Event that was said more than twice."""
    if trail is None or trail.before is None or obj.get("kind") != "Event":
        return None
    first = trail.before
    if first.new["metadata"]["uid"] != obj["metadata"].get("uid"):
        return None
    return Trail(first, first.manager, "Update", "", "v1", last_seen_us(obj), obj)


def _folded(kind: Kind, link: Trail) -> list[Obj]:
    """The managedFields after a write, worked out from the last ones that are known."""
    if link.managed is not None:
        return link.managed
    links: list[Trail] = []
    current: Trail | None = link
    while current is not None and current.managed is None:
        links.append(current)
        current = current.before
    managed = list((current.managed if current is not None else None) or ())
    old = current.new if current is not None else None
    for one in reversed(links):
        managed = _tracked(kind, old, one, managed)
        old = one.new
    return managed


def _tracked(kind: Kind, old: Obj | None, link: Trail, managed: list[Obj]) -> list[Obj]:
    sent = link.new if link.sent is None else link.sent
    if sent is old and link.subresource != "scale":
        # A scale moves its field to an entry of its own, even where it leaves the number as it was.
        return managed
    return track_update(
        kind,
        None if old is None else in_version(kind, old, link.api_version),
        in_version(kind, sent, link.api_version),
        managed,
        manager=link.manager,
        subresource=link.subresource,
        api_version=link.api_version,
        now_us=link.at_us,
    )


def in_version(kind: Kind, obj: Obj, api_version: str) -> Obj:
    """An object in its stored version as another group and version of the kind says it."""
    for other in kind.other_versions:
        if (f"{other.group}/{other.version}" if other.group else other.version) == api_version:
            return other.from_storage(obj)
    return obj


def after_write(
    world: World,
    kind: Kind,
    old: Obj | None,
    sent: Obj,
    actor: Actor,
    subresource: str,
    options: WriteOptions,
) -> list[Obj]:
    """The managedFields that a write would leave which is only tried out (a dry run)."""
    managed = managed_fields(world, kind, old) if old is not None else []
    api_version = options.api_version or kind.api_version
    link = Trail(
        None, actor.manager, options.operation, subresource, api_version, world.now_us, sent, None, sent
    )
    return _tracked(kind, old, link, managed)


_REPLICAS = ("f:spec", "f:replicas")


def of_scale(managed: list[Obj]) -> list[Obj]:
    """The entries of an object as its Scale shows them: those that own its replicas."""
    found: list[Obj] = []
    for entry in managed:
        if _REPLICAS[1] in (entry.get("fieldsV1") or {}).get(_REPLICAS[0], {}):
            fields: Obj = {_REPLICAS[0]: {_REPLICAS[1]: {}}}
            found.append({**entry, "apiVersion": "autoscaling/v1", "fieldsV1": fields})
    return found


def from_scale(before: list[Obj], scaled: list[Obj], api_version: str) -> list[Obj]:
    """The entries of an object whose scale was applied, and has these entries now.

    Who had the replicas by an update of the object has them no more: upstream knows it by the
    object's version there, and by the scale's here.
    """
    owners = {_owner(entry): entry for entry in scaled if entry["operation"] == "Apply" or _owner(entry)[2]}
    result: list[Obj] = []
    for entry in before:
        spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        if "f:replicas" not in spec or owners.pop(_owner(entry), None) is not None:
            result.append(entry)
            continue
        rest = {name: one for name, one in spec.items() if name != "f:replicas"}
        fields = {name: one for name, one in entry["fieldsV1"].items() if name != "f:spec"}
        if rest:
            fields = {**fields, "f:spec": rest}
        if fields:
            result.append({**entry, "fieldsV1": fields})
    for entry in owners.values():
        fields = {"f:spec": {"f:replicas": {}}}
        moved = {"apiVersion": api_version, "fieldsType": "FieldsV1", "fieldsV1": fields}
        result.append({**{name: one for name, one in entry.items() if name != "time"}, **moved})
    return sorted(result, key=lambda entry: entry["operation"] != "Apply")


def _owner(entry: Obj) -> tuple[str, str, str]:
    return (entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", ""))


def but_times(entries: list[Obj]) -> list[Obj]:
    """Entries without when they were written: a write that changes nothing else is none."""
    return [{name: value for name, value in entry.items() if name != "time"} for entry in entries]


def with_managed_fields(world: World, kind: Kind, obj: Obj) -> Obj:
    """An object with its managedFields, as every client sees it."""
    return with_fields(obj, managed_fields(world, kind, obj))


def with_fields(obj: Obj, managed: list[Obj]) -> Obj:
    """An object with these managedFields; without any it is the object itself.

    The same object and fields give the same result again, so that what is made of it can be kept.
    """
    if not managed:
        return obj
    known = _shown.get(id(obj))
    if known is not None and known[0] is obj and known[1] is managed:
        return known[2]
    shown = {**obj, "metadata": {**obj["metadata"], "managedFields": managed}}
    if len(_shown) >= _MOST_SHOWN:
        del _shown[next(iter(_shown))]
    _shown[id(obj)] = (obj, managed, shown)
    return shown


_MOST_SHOWN = 4096
_shown: dict[int, tuple[Obj, list[Obj], Obj]] = {}
