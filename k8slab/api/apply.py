"""Server-side apply: a configuration laid over the live object, with owners, conflicts and pruning.

Models staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal/{structuredmerge,
managedfieldsupdater,lastappliedmanager,conflict}.go and
vendor/sigs.k8s.io/structured-merge-diff/v6/merge/update.go, v1.36.
"""

from __future__ import annotations

import json
from typing import Any

from k8slab import clock
from k8slab.api import managed_fields, schema, structured, unmarshal
from k8slab.api.errors import ApiError, Cause, bad_request
from k8slab.api.field_sets import FieldSet, difference, intersection, path_text, paths, union, without_trees
from k8slab.api.json_text import go_json, go_quote
from k8slab.api.kind import Kind
from k8slab.api.managed_fields import APPLY, UPDATE, Manager, Managers, Owned, Versions
from k8slab.api.meta import Obj, group_version
from k8slab.api.structured import ElementError, Ref

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
KUBECTL = "kubectl"


def apply(
    kind: Kind,
    live: Obj | None,
    config: Obj,
    *,
    manager: str,
    force: bool = False,
    now_us: int,
    subresource: str = "",
    api_version: str,
) -> Obj:
    """The object that an apply makes of the live one (None: it is created), `managedFields` included.

    `live` carries its `managedFields`. The result is decoded and defaulted,
    and is not validated. Where the configuration changes nothing it equals
    `live` but for, perhaps, its `managedFields`.

    Raises ApiError 409 with a cause for each field that another manager owns,
    400 for a configuration of another kind or version, and 500 for one that
    doesn't fit the schema, all in upstream's words.
    """
    _check_target(kind, config, api_version)
    root = managed_fields.root_of(kind, api_version)
    faults = structured.faults(root, config)
    if faults:
        where = _object_text(config)
        text = structured.faults_text(faults)
        raise ApiError(500, "", f"failed to create typed patch object ({where}): {text}")
    managers = _managers_of(kind, live, api_version, subresource, now_us)
    bare = managed_fields.without_managed_fields(live) if live else _new_object(kind, api_version)
    writer = Manager(manager, APPLY, "", subresource)
    reset = managed_fields.reset_fields(kind, subresource)
    try:
        merged, managers_after, conflicts = _applied(
            kind, bare, config, root, managers, writer, reset, api_version
        )
    except ElementError as error:
        raise ApiError(500, "", f"failed to merge config: {error}") from None
    if conflicts and not force:
        conflicts = _not_allowed(conflicts, writer, bare, root, api_version)
        if conflicts:
            raise _conflict_error(conflicts)
    return _finished(kind, live, bare, merged, config, managers_after, writer, api_version, now_us)


def _check_target(kind: Kind, config: Obj, api_version: str) -> None:
    sent = (_text(config.get("apiVersion")), _text(config.get("kind")))
    if sent != (api_version, kind.kind):
        raise bad_request(f"invalid object type: {_kind_text(*sent)}")
    if _metadata(config).get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")


def _kind_text(api_version: str, kind: str) -> str:
    group, version = group_version(api_version)
    return f"{group}/{version}, Kind={kind}"


def _text(value: Any) -> str:
    """A field that is a string, or nothing where something else stands there."""
    return value if isinstance(value, str) else ""


def _metadata(config: Obj) -> Obj:
    """The metadata of a configuration that nobody has checked yet."""
    metadata = config.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _object_text(obj: Obj) -> str:
    metadata = _metadata(obj)
    name, namespace = _text(metadata.get("name")), _text(metadata.get("namespace"))
    return f"{namespace}/{name}; {_kind_text(obj.get('apiVersion', ''), obj.get('kind', ''))}"


def _new_object(kind: Kind, api_version: str) -> Obj:
    return managed_fields.empty_object(kind, api_version)


def _managers_of(kind: Kind, live: Obj | None, api_version: str, subresource: str, now_us: int) -> Managers:
    """The managers before the apply; an untracked object's fields belong to `before-first-apply`."""
    if live is None:
        return {}
    entries = live["metadata"].get("managedFields") or []
    managers = managed_fields.decode_managers(entries)
    if managers is None:
        raise ApiError(500, "", "failed to decode managed fields: operation must be `Apply` or `Update`")
    return managers or managed_fields.adopt_unmanaged(kind, live, api_version, subresource, now_us)


def _applied(
    kind: Kind,
    live: Obj,
    config: Obj,
    root: Ref,
    managers: Managers,
    writer: Manager,
    reset: FieldSet,
    api_version: str,
) -> tuple[Obj, Managers, dict[Manager, FieldSet]]:
    """The merged and pruned object, the managers if all conflicts are forced, and those conflicts."""
    merged = structured.merge(root, live, config)
    last = managers.get(writer)
    fields = without_trees(structured.fields_of(root, config), reset)
    managers = {**managers, writer: Owned(fields, api_version, last.time if last else "")}
    if last is not None and last.fields:
        merged = _pruned(kind, merged, managers, last, api_version)
    versions = Versions(kind, api_version, live, merged)
    conflicts = managed_fields.conflicts_of(managers, writer, versions, reset)
    after = managed_fields.take_over(managers, writer, versions, reset)
    own = after.get(writer)
    if own is not None:
        kept = difference(own.fields, managed_fields.STRIPPED)
        after = {**after, writer: own._replace(fields=kept)} if kept else _without(after, writer)
    return merged, after, conflicts


def _without(managers: Managers, gone: Manager) -> Managers:
    return {manager: owned for manager, owned in managers.items() if manager != gone}


# What the manager no longer applies, and nobody else owns, goes.


def _pruned(kind: Kind, merged: Obj, managers: Managers, last: Owned, api_version: str) -> Obj:
    source = managed_fields.convert(kind, merged, api_version, last.api_version)
    root = managed_fields.root_of(kind, last.api_version)
    last_fields = structured.with_named_fields(root, last.fields)
    pruned: Any = structured.remove(root, source, last_fields)
    versions = [last.api_version, *(owned.api_version for owned in managers.values())]
    for version in dict.fromkeys(versions):
        pruned = _with_owned(kind, source, pruned, managers, last.api_version, version)
    return managed_fields.convert(
        kind, _with_dangling(root, source, pruned, last_fields), last.api_version, api_version
    )


def _with_owned(kind: Kind, merged: Obj, pruned: Any, managers: Managers, source: str, version: str) -> Any:
    """The pruned object with what somebody owns in a version put back."""
    owned: FieldSet = {}
    for one in managers.values():
        if one.api_version == version:
            owned = union(owned, one.fields)
    root = managed_fields.root_of(kind, version)
    whole = managed_fields.convert(kind, merged, source, version)
    part = managed_fields.convert(kind, pruned, source, version) if pruned is not None else None
    all_fields = structured.with_named_fields(root, structured.fields_of(root, whole))
    kept = structured.with_named_fields(root, structured.fields_of(root, part) if part is not None else {})
    kept = union(kept, structured.with_named_fields(root, owned))
    back = structured.remove(root, whole, difference(all_fields, kept))
    return managed_fields.convert(kind, back, version, source) if back is not None else None


def _with_dangling(root: Ref, merged: Obj, pruned: Any, last_fields: FieldSet) -> Obj:
    """The pruned object with what the manager never owned put back, such as defaults beside its fields."""
    kept = structured.with_named_fields(root, structured.fields_of(root, pruned))
    all_fields = structured.with_named_fields(root, structured.fields_of(root, merged))
    gone = intersection(difference(all_fields, kept), last_fields)
    result: Obj = structured.remove(root, merged, gone)
    return result


# Conflicts.


def _not_allowed(
    conflicts: dict[Manager, FieldSet], writer: Manager, live: Obj, root: Ref, api_version: str
) -> dict[Manager, FieldSet]:
    """The conflicts that stand: kubectl may take what it set by client-side apply before."""
    if writer.name != KUBECTL:
        return conflicts
    allowed = _last_applied_fields(live, root, api_version)
    rest = {manager: difference(fields, allowed) for manager, fields in conflicts.items()}
    return {manager: fields for manager, fields in rest.items() if fields}


def _last_applied_fields(live: Obj, root: Ref, api_version: str) -> FieldSet:
    """The fields that `kubectl apply` set last and that still are as it set them."""
    text = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED, "")
    try:
        applied = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(applied, dict) or applied.get("apiVersion") != api_version:
        return {}
    if structured.faults(root, applied):
        return {}
    change = structured.compare(root, applied, live)
    fields = structured.fields_of(root, applied)
    for changed in change:
        fields = difference(fields, changed)
    return fields


def _conflict_error(conflicts: dict[Manager, FieldSet]) -> ApiError:
    """409 with one cause a field. Upstream has no order among managers; the text has them sorted."""
    listed = [(manager, path) for manager in reversed(conflicts) for path in paths(conflicts[manager])]
    causes = [
        Cause("FieldManagerConflict", f"conflict with {_manager_text(manager)}", path_text(path))
        for manager, path in listed
    ]
    if len(listed) == 1:
        manager, path = listed[0]
        text = f"Apply failed with 1 conflict: conflict with {_manager_text(manager)}: {path_text(path)}"
        return ApiError(409, "Conflict", text, causes)
    lines = []
    for manager in sorted(conflicts, key=managed_fields.identifier):
        lines.append(f"conflicts with {_manager_text(manager)}:")
        lines += [f"- {path_text(path)}" for path in paths(conflicts[manager])]
    text = f"Apply failed with {len(listed)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", text, causes)


def _manager_text(manager: Manager) -> str:
    text = go_quote(manager.name)
    if manager.subresource:
        text += f" with subresource {go_quote(manager.subresource)}"
    if manager.operation == UPDATE:
        text += f" using {manager.api_version}"
    return text


# The finished object.


def _finished(
    kind: Kind,
    live: Obj | None,
    bare: Obj,
    merged: Obj,
    config: Obj,
    managers: Managers,
    writer: Manager,
    api_version: str,
    now_us: int,
) -> Obj:
    if merged == bare and live is not None:
        result = bare
    else:
        result = kind.default(_decoded(kind, merged, config, api_version))
        if writer in managers:
            managers = {**managers, writer: managers[writer]._replace(time=clock.timestamp(now_us))}
    if writer.name == KUBECTL:
        result = _with_last_applied(result, config)
    entries = managed_fields.encode_managers(managers)
    if (
        live is not None
        and result == bare
        and _but_for_times(entries) == _but_for_times(live["metadata"].get("managedFields") or [])
    ):
        return live
    if not entries:
        return result
    return {**result, "metadata": {**result["metadata"], "managedFields": entries}}


def _but_for_times(entries: list[Obj]) -> list[Obj]:
    """The entries without their times: a write that changes nothing else is none."""
    return [{name: value for name, value in entry.items() if name != "time"} for entry in entries]


def _decoded(kind: Kind, merged: Obj, config: Obj, api_version: str) -> Obj:
    """The merged object in the shape in which a server keeps it."""
    type_name = schema.type_of_kind(api_version, kind.kind)
    if not type_name:
        return merged
    try:
        return unmarshal.normalise(type_name, merged)
    except unmarshal.DecodeError as error:
        text = f"failed to convert new object ({_object_text(config)}) to proper version: {error}"
        raise ApiError(500, "", text) from None


def _with_last_applied(obj: Obj, config: Obj) -> Obj:
    """The object with kubectl's annotation brought up to date, where it has one."""
    annotations = obj["metadata"].get("annotations") or {}
    if not annotations.get(LAST_APPLIED):
        return obj
    metadata = dict(config.get("metadata") or {})
    if "annotations" in metadata:
        rest = {key: value for key, value in metadata["annotations"].items() if key != LAST_APPLIED}
        metadata = (
            {**metadata, "annotations": rest}
            if rest
            else {key: value for key, value in metadata.items() if key != "annotations"}
        )
    text = go_json(_sorted({**config, "metadata": metadata})) + "\n"
    return {**obj, "metadata": {**obj["metadata"], "annotations": {**annotations, LAST_APPLIED: text}}}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
