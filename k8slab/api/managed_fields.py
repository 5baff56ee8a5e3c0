"""Who owns which field: what one write makes of an object's `managedFields`.

`track_update` is a pure function of a write: the objects before and after, who
wrote and when. So whoever keeps a chain of writes can work the entries out
when somebody looks at them, and needs none while nobody does. `after` is the
object as it was sent, decoded and defaulted: what admission, strategies and
allocators add belongs to nobody.

Models staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal (all managers
of NewDefaultFieldManager), scalehandler.go, the GetResetFields of
pkg/registry/*/*/strategy.go, and
vendor/sigs.k8s.io/structured-merge-diff/v6/merge/update.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from k8slab import clock
from k8slab.api import schema, structured
from k8slab.api.field_sets import (
    FieldSet,
    difference,
    has,
    insert,
    intersection,
    is_malformed,
    ordered,
    parse,
    union,
    without_trees,
)
from k8slab.api.json_text import go_json
from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj, group_version
from k8slab.api.structured import Comparison, Ref
from k8slab.api.unmarshal import zero_of

APPLY = "Apply"
UPDATE = "Update"
BEFORE_FIRST_APPLY = "before-first-apply"
ANCIENT_CHANGES = "ancient-changes"
MOST_UPDATE_MANAGERS = 10

_REPLICAS = ("f:spec", "f:replicas")


class Manager(NamedTuple):
    """Who wrote: what tells one entry from another. The version of an Apply doesn't."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""


class Owned(NamedTuple):
    """What a manager owns, in which version's terms, and since when (RFC 3339; empty: not said)."""

    fields: FieldSet
    api_version: str
    time: str = ""


Managers = dict[Manager, Owned]


def _set_of(*paths: str) -> FieldSet:
    """A set of paths such as `metadata.labels`."""
    result: FieldSet = {}
    for path in paths:
        insert(result, [f"f:{name}" for name in path.split(".")])
    return result


_REPLICAS_ALONE = _set_of("spec.replicas")
STRIPPED = _set_of(
    "apiVersion",
    "kind",
    "metadata",
    "metadata.name",
    "metadata.namespace",
    "metadata.creationTimestamp",
    "metadata.selfLink",
    "metadata.uid",
    "metadata.clusterName",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.resourceVersion",
)
"""Bookkeeping that nobody owns."""

_STATUS = _set_of("status")
_SPEC = _set_of("spec")
_SPEC_AND_STATUS = _set_of("spec", "status")
_SPEC_AND_CERTIFICATE = _set_of("spec", "status.certificate")
_SPEC_AND_METADATA = _set_of("spec", "metadata")

# What a write of the status subresource may not own; kinds that aren't named here reset their spec.
_RESET_BY_STATUS: dict[str, FieldSet] = {
    "Deployment": _set_of("spec", "metadata.labels"),
    "Pod": _set_of("spec", "metadata.deletionTimestamp", "metadata.ownerReferences"),
    "CertificateSigningRequest": _set_of("spec", "status.conditions"),
    "CustomResourceDefinition": _SPEC_AND_METADATA,
    "APIService": _set_of("spec"),
    "FlowSchema": _SPEC_AND_METADATA,
    "PriorityLevelConfiguration": _SPEC_AND_METADATA,
    "ResourceClaim": _SPEC_AND_METADATA,
    "ServiceCIDR": _SPEC_AND_METADATA,
    "ValidatingAdmissionPolicy": _SPEC_AND_METADATA,
    "VolumeAttachment": _SPEC_AND_METADATA,
}


def reset_fields(kind: Kind, subresource: str) -> FieldSet:
    """The trees that a write through the resource or a subresource resets, and so never owns."""
    if kind.kind == "CertificateSigningRequest" and subresource != "status":
        return _SPEC_AND_CERTIFICATE if subresource == "approval" else _SPEC_AND_STATUS
    if subresource == "status":
        return _RESET_BY_STATUS.get(kind.kind, _SPEC if kind.kind in kinds() else _SPEC_AND_METADATA)
    if subresource in ("", "finalize") and kind.has_status:
        return _STATUS
    return {}


# Entries and managers.


def decode_managers(entries: Sequence[Any]) -> Managers | None:
    """The managers of the entries; None where an entry is malformed."""
    managers: Managers = {}
    for entry in entries:
        operation, api_version = entry.get("operation"), entry.get("apiVersion")
        if operation not in (APPLY, UPDATE) or not api_version or entry.get("fieldsType") != "FieldsV1":
            return None
        if is_malformed(entry.get("fieldsV1")):
            return None
        manager = Manager(
            entry.get("manager", ""),
            operation,
            "" if operation == APPLY else api_version,
            entry.get("subresource", ""),
        )
        managers[manager] = Owned(parse(entry.get("fieldsV1")), api_version, entry.get("time") or "")
    return managers


def encode_managers(managers: Managers) -> list[Obj]:
    """The entries in upstream's order: Apply first, then by time, name, version and subresource."""
    return _encoded(managers.items())


def _encoded(items: Iterable[tuple[Manager, Owned]]) -> list[Obj]:
    in_order = sorted(
        items,
        key=lambda item: (
            item[0].operation,
            item[1].time,
            item[0].name,
            item[1].api_version,
            item[0].subresource,
        ),
    )
    return [_entry(manager, owned) for manager, owned in in_order]


def _entry(manager: Manager, owned: Owned) -> Obj:
    entry: Obj = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": owned.api_version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": ordered(owned.fields),
        "subresource": manager.subresource,
    }
    return {key: value for key, value in entry.items() if value != ""}


def is_reset(entries: Any) -> bool:
    """Whether an object's `managedFields` ask for all of them to be dropped: `[]` or `[{}]`."""
    return isinstance(entries, list) and (not entries or entries == [{}])


# Versions.


def root_of(kind: Kind, api_version: str) -> Ref:
    """The place of a whole object of a kind in a version."""
    for version, text in kind.structures:
        if version == api_version:
            return structured.of_schema(text)
    return structured.root_of(schema.type_of_kind(api_version, kind.kind))


class Versions:
    """Two states of an object in every version in which somebody owns fields of it."""

    def __init__(self, kind: Kind, api_version: str, old: Obj, new: Obj) -> None:
        self.kind = kind
        self.api_version = api_version
        self._states = {api_version: (old, new)}
        self._comparisons: dict[str, Comparison] = {}

    def root(self, api_version: str) -> Ref:
        """The place of the whole object in a version."""
        return root_of(self.kind, api_version)

    def knows(self, api_version: str) -> bool:
        """Whether the kind is served in a version; owners in others are forgotten."""
        served = [self.kind.api_version]
        served += [_version_text(other.group, other.version) for other in self.kind.other_versions]
        return api_version in served or api_version == self.api_version

    def comparison(self, api_version: str, reset: FieldSet) -> Comparison:
        """What the write changed in a version's terms, without what it resets."""
        if api_version not in self._comparisons:
            old, new = (convert(self.kind, state, self.api_version, api_version) for state in self.states)
            raw = structured.compare(self.root(api_version), old, new)
            self._comparisons[api_version] = Comparison(*(without_trees(one, reset) for one in raw))
        return self._comparisons[api_version]

    @property
    def states(self) -> tuple[Obj, Obj]:
        """The object before and after, in the version of the request."""
        return self._states[self.api_version]


def _version_text(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version


def convert(kind: Kind, obj: Obj, source: str, target: str) -> Obj:
    """An object of one served version in another."""
    if source == target:
        return obj
    for other in kind.other_versions:
        if (other.group, other.version) == group_version(source):
            obj = other.to_storage(obj)
    for other in kind.other_versions:
        if (other.group, other.version) == group_version(target):
            obj = other.from_storage(obj)
    return obj


# One write.


def without_managed_fields(obj: Obj) -> Obj:
    """The object without its `managedFields`, which own nothing of themselves."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {key: item for key, item in metadata.items() if key != "managedFields"}}


def empty_object(kind: Kind, api_version: str) -> Obj:
    """What an object of a kind is compared with when it is created: Go's zero value of its type."""
    type_name = schema.type_of_kind(api_version, kind.kind)
    zero: Obj = zero_of(f"#{type_name}") if type_name else {}
    return {**zero, "apiVersion": api_version, "kind": kind.kind}


def conflicts_of(
    managers: Managers, writer: Manager, versions: Versions, reset: FieldSet
) -> dict[Manager, FieldSet]:
    """What each other manager owns of the fields that the write changes or adds."""
    found: dict[Manager, FieldSet] = {}
    for manager, owned in managers.items():
        if manager == writer or not versions.knows(owned.api_version):
            continue
        change = versions.comparison(owned.api_version, reset)
        shared = intersection(owned.fields, union(change.modified, change.added))
        if shared:
            found[manager] = shared
    return found


def take_over(managers: Managers, writer: Manager, versions: Versions, reset: FieldSet) -> Managers:
    """The managers after a write: the others lose what it changed and what it removed."""
    conflicts = conflicts_of(managers, writer, versions, reset)
    result: Managers = {}
    for manager, owned in managers.items():
        fields = owned.fields
        if manager != writer:
            if not versions.knows(owned.api_version):
                continue
            if manager in conflicts:
                fields = difference(fields, conflicts[manager])
            fields = difference(fields, versions.comparison(owned.api_version, reset).removed)
        if fields:
            result[manager] = owned._replace(fields=fields)
    return result


def track_update(
    kind: Kind,
    old: Obj | None,
    new: Obj,
    old_managed: Sequence[Any],
    *,
    manager: str,
    subresource: str = "",
    api_version: str,
    now_us: int,
) -> list[Obj]:
    """The `managedFields` after a create, update or patch (any write but an apply).

    `old` is None for a create. `new` is the object as it was sent, decoded
    and defaulted; `managedFields` that it carries replace `old_managed`, and
    `[]` or `[{}]` drops them all. An object that was never tracked stays so.
    Both objects are in `api_version`, a status write's and a scale's too (for
    `scale` they are the scaled objects themselves).
    """
    managers = _managers_before(new, old_managed, subresource)
    if not managers and old is not None:
        return []
    if subresource == "scale" and not any(has(owned.fields, _REPLICAS) for owned in managers.values()):
        return encode_managers(managers)
    before = without_managed_fields(old) if old is not None else empty_object(kind, api_version)
    versions = Versions(kind, api_version, before, without_managed_fields(new))
    writer = Manager(manager or "unknown", UPDATE, api_version, subresource)
    time = "" if subresource == "scale" else clock.timestamp(now_us)
    try:
        after = _capped(_updated(managers, writer, versions, reset_fields(kind, subresource), time))
    except structured.ElementError:
        # Upstream logs that it can't tell and forgets all managers.
        return []
    return _encoded(_replicas_apart(after) if subresource == "scale" else after.items())


def _replicas_apart(managers: Managers) -> Iterator[tuple[Manager, Owned]]:
    """The managers after a write of the scale: who updated the replicas has a second entry for them.

    Upstream knows an updater by its version too, and the scale has another
    one, so it takes who wrote the object and who owns its scale for two.
    """
    for manager, owned in managers.items():
        if manager.operation == UPDATE and has(owned.fields, _REPLICAS):
            rest = difference(owned.fields, _REPLICAS_ALONE)
            if rest:
                yield manager, owned._replace(fields=rest)
            yield manager, Owned(_REPLICAS_ALONE, owned.api_version)
        else:
            yield manager, owned


def _managers_before(new: Obj, old_managed: Sequence[Any], subresource: str) -> Managers:
    """The managers to start from: those that the object brings, else those that were there."""
    brought = new["metadata"].get("managedFields")
    if not subresource and brought is not None:
        if is_reset(brought):
            return {}
        managers = decode_managers(brought)
        if managers:
            return managers
    return decode_managers(old_managed) or {}


_CURRENT = Manager("current-operation", UPDATE, "")


def _updated(managers: Managers, writer: Manager, versions: Versions, reset: FieldSet, time: str) -> Managers:
    """The managers with what this write changed added to its writer's."""
    result = take_over(managers, _CURRENT, versions, reset)
    change = versions.comparison(versions.api_version, reset)
    fields = without_trees(union(change.modified, change.added), reset)
    fields = difference(fields, STRIPPED)
    if fields:
        previous = result.get(writer)
        if previous is not None:
            fields = union(fields, previous.fields)
        result[writer] = Owned(fields, versions.api_version, time)
    return result


def _capped(managers: Managers) -> Managers:
    """At most ten managers of updates: the oldest of each version are put into one bucket."""
    updaters = [manager for manager in managers if manager.operation == UPDATE]
    if len(updaters) <= MOST_UPDATE_MANAGERS:
        return managers
    result = dict(managers)
    updaters.sort(key=lambda manager: (managers[manager].time, identifier(manager)))
    first_of_version: dict[str, Manager] = {}
    count = len(updaters)
    for manager in updaters:
        if count <= MOST_UPDATE_MANAGERS:
            break
        owned = result[manager]
        first = first_of_version.get(owned.api_version)
        if first is None:
            first_of_version[owned.api_version] = manager
            continue
        bucket = Manager(ANCIENT_CHANGES, UPDATE, owned.api_version)
        if bucket not in result:
            result[bucket] = result.pop(first)
        merged = union(owned.fields, result[bucket].fields)
        del result[manager]
        result[bucket] = Owned(merged, owned.api_version, owned.time)
        count -= 1
    return result


def identifier(manager: Manager) -> str:
    """The text by which upstream keys a manager."""
    parts = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": manager.api_version,
        "subresource": manager.subresource,
    }
    return go_json({key: value for key, value in parts.items() if value})


def adopt_unmanaged(kind: Kind, live: Obj, api_version: str, subresource: str, now_us: int) -> Managers:
    """The managers of an untracked object at its first apply: all of it is `before-first-apply`'s.

    All, that is, that a write through the same subresource could own.
    """
    versions = Versions(kind, api_version, empty_object(kind, api_version), without_managed_fields(live))
    writer = Manager(BEFORE_FIRST_APPLY, UPDATE, api_version, subresource)
    return _updated({}, writer, versions, reset_fields(kind, subresource), clock.timestamp(now_us))
