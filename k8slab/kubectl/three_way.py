"""The patch that `kubectl apply` sends: from what was last applied, what is to be, and what is there.

Fields that the manifest sets and the live object has otherwise are changed;
fields that the last manifest had and this one doesn't are deleted; what others
set stays. Lists with a merge key are compared item by item.

Models staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go
(CreateThreeWayMergePatch), v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.meta import Obj
from k8slab.api.schema import Field, base, struct_of, type_of_kind


def three_way_patch(original: Obj, modified: Obj, current: Obj) -> Obj:
    """The strategic merge patch that makes `current` what `modified` says; empty where it does already."""
    struct = type_of_kind(modified["apiVersion"], modified["kind"])
    return _object_patch(struct, original, modified, current)


def _fields(expression: str) -> dict[str, Field]:
    struct = struct_of(expression) if expression else None
    return struct.fields if struct is not None else {}


def _object_patch(expression: str, original: Obj, modified: Obj, current: Obj) -> Obj:
    fields = _fields(expression)
    patch: Obj = {}
    for name, wanted in modified.items():
        field = fields.get(name)
        patch.update(_field_patch(name, field, expression, original.get(name), wanted, current.get(name)))
    for name in original:
        if name not in modified and name in current:
            patch[name] = None
    if patch and _retains_keys(fields, patch):
        patch["$retainKeys"] = sorted(modified)
    return patch


def _retains_keys(fields: dict[str, Field], patch: Obj) -> bool:
    return any("retainKeys" in fields[name].strategy for name in patch if name in fields)


def _field_patch(name: str, field: Field | None, outer: str, original: Any, wanted: Any, present: Any) -> Obj:
    if wanted is None:
        return {name: None} if present is not None else {}
    if isinstance(wanted, dict) and isinstance(present, dict):
        inner = _inner_type(field, outer)
        before = original if isinstance(original, dict) else {}
        patch = _object_patch(inner, before, wanted, present)
        if field is not None and "retainKeys" in field.strategy and patch:
            patch["$retainKeys"] = sorted(wanted)
        return {name: patch} if patch else {}
    if isinstance(wanted, list) and field is not None and "merge" in field.strategy:
        earlier = original if isinstance(original, list) else []
        there = present if isinstance(present, list) else []
        if field.merge_key:
            return _keyed_list_patch(name, field, earlier, wanted, there)
        return _primitive_list_patch(name, earlier, wanted, there)
    return {name: wanted} if wanted != present else {}


def _inner_type(field: Field | None, outer: str) -> str:
    if field is not None:
        kind = base(field.type)
        return kind.removeprefix("map:") if kind.startswith("map:") else kind
    return outer.removeprefix("map:") if outer.startswith("map:") else ""


def _item_type(field: Field) -> str:
    return base(field.type).removeprefix("[]").removeprefix("*")


def _keyed_list_patch(
    name: str, field: Field, original: list[Any], wanted: list[Any], present: list[Any]
) -> Obj:
    key = field.merge_key
    before = {item.get(key): item for item in original if isinstance(item, dict)}
    there = {item.get(key): item for item in present if isinstance(item, dict)}
    named = {item.get(key): item for item in wanted if isinstance(item, dict)}
    items: list[Obj] = []
    for value, item in named.items():
        if value not in there:
            items.append(item)
            continue
        change = _object_patch(_item_type(field), before.get(value, {}), item, there[value])
        change.pop(key, None)
        if change:
            items.append({**change, key: value})
    for value in before:
        if value not in named and value in there:
            items.append({"$patch": "delete", key: value})
    order = [value for value in there if value in named] != list(named) and bool(there)
    if not items and not order:
        return {}
    patch: Obj = {f"$setElementOrder/{name}": [{key: value} for value in named]}
    if items:
        patch[name] = items
    return patch


def _primitive_list_patch(name: str, original: list[Any], wanted: list[Any], present: list[Any]) -> Obj:
    added = [item for item in wanted if item not in present]
    removed = [item for item in original if item not in wanted and item in present]
    patch: Obj = {}
    if added:
        patch[name] = added
    if removed:
        patch[f"$deleteFromPrimitiveList/{name}"] = removed
    if patch:
        patch[f"$setElementOrder/{name}"] = wanted
    return patch
