"""The patches that kubectl computes: what makes one object of another, and what `apply` sends.

`two_way` compares what was with what is to be. `three_way` knows besides what
was applied last: fields that the manifest sets and the live object has
otherwise are changed; fields that the last manifest had and this one doesn't
are deleted; what others set stays. Lists with a merge key are compared item by
item, and the order of their items is sent along.

Models staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go
(CreateTwoWayMergePatch, CreateThreeWayMergePatch), v1.36.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slab.api.meta import Obj
from k8slab.api.schema import Field, base, struct_of, type_of_kind

_ORDER = "$setElementOrder/"
_DELETED = "$deleteFromPrimitiveList/"
_KEEP = "$retainKeys"
_DIRECTIVE = "$patch"


class _Options(NamedTuple):
    """Which differences count."""

    changes: bool = True
    deletions: bool = True
    retain_keys: bool = False
    order: bool = True


def two_way_patch(before: Obj, after: Obj) -> Obj:
    """The strategic merge patch that makes `after` of `before`; empty where nothing differs."""
    return _diff_maps(_type_of(after), before, after, _Options())


def three_way_patch(original: Obj, modified: Obj, current: Obj, *, typed: bool = True) -> Obj:
    """The patch that makes `current` what `modified` says; empty where it does already.

    It is a JSON merge patch where the type isn't known, or not to be looked at.
    """
    expression = _type_of(modified) if typed else ""
    changes = _diff_maps(expression, current, modified, _Options(deletions=False))
    deletions = _diff_maps(expression, original, modified, _Options(changes=False))
    if not expression:
        # A null in the manifest deletes, whether or not the last one had the field.
        changes, deletions = _without_nulls(changes), _joined("", deletions, _nulls_of(original, modified))
    return _joined(expression, deletions, changes)


def _without_nulls(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kept = {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return {name: one for name, one in kept.items() if one != {} or value[name] == {}}


def _nulls_of(original: Any, modified: Obj) -> Obj:
    """The fields that are null now and weren't before."""
    before = original if isinstance(original, dict) else {}
    found: Obj = {}
    for name, wanted in modified.items():
        if isinstance(wanted, dict):
            inner = _nulls_of(before.get(name), wanted)
            if inner:
                found[name] = inner
        elif wanted is None and (name not in before or before[name] is not None):
            found[name] = None
    return found


def changes_since(original: Obj, current: Obj) -> Obj:
    """What others made of `original` until it was `current`, as a patch that says nothing of order."""
    return _diff_maps(_type_of(current), original, current, _Options(order=False))


def _type_of(obj: Obj) -> str:
    name = type_of_kind(obj.get("apiVersion", ""), obj.get("kind", ""))
    return f"#{name}" if name else ""


def _field(expression: str, name: str) -> Field | None:
    struct = struct_of(expression) if expression else None
    return struct.fields.get(name) if struct is not None else None


def _inner(expression: str, field: Field | None) -> str:
    """The type of a field's value; a map's values all have one."""
    if field is not None:
        return field.type
    plain = base(expression).lstrip("*") if expression else ""
    return plain.removeprefix("map:") if plain.startswith("map:") else ""


def _items(expression: str) -> str:
    plain = base(expression).lstrip("*") if expression else ""
    return plain.removeprefix("[]") if plain.startswith("[]") else ""


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal; `true` and 1 are not."""
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(
            name in right and same(item, right[name]) for name, item in left.items()
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(*pair) for pair in zip(left, right, strict=True))
    return type(left) is type(right) and bool(left == right)


def _diff_maps(expression: str, original: Obj, modified: Obj, options: _Options) -> Obj:
    patch: Obj = {}
    for name, wanted in modified.items():
        if name not in original:
            if options.changes:
                patch[name] = wanted
            continue
        present = original[name]
        field = _field(expression, name)
        inner = _inner(expression, field)
        if isinstance(present, dict) and isinstance(wanted, dict):
            change = _diff_field(field, inner, present, wanted, options)
            if change:
                patch[name] = change
        elif isinstance(present, list) and isinstance(wanted, list):
            patch.update(_diff_list(name, field, inner, present, wanted, options))
        elif options.changes and not same(present, wanted):
            patch[name] = wanted
    if options.deletions:
        patch.update((name, None) for name in original if name not in modified)
    if options.retain_keys and (patch or any(name not in original for name in modified)):
        patch[_KEEP] = sorted(name for name, value in modified.items() if value is not None)
    return patch


def _diff_field(field: Field | None, inner: str, present: Obj, wanted: Obj, options: _Options) -> Obj:
    strategy = field.strategy if field is not None else ()
    if "replace" in strategy:
        return wanted if options.changes else {}
    return _diff_maps(inner, present, wanted, options._replace(retain_keys="retainKeys" in strategy))


def _diff_list(
    name: str, field: Field | None, inner: str, present: list[Any], wanted: list[Any], options: _Options
) -> Obj:
    if field is None or "merge" not in field.strategy:
        return {name: wanted} if options.changes and not same(present, wanted) else {}
    if not present:
        return {name: wanted} if wanted and options.changes else {}
    options = options._replace(retain_keys="retainKeys" in field.strategy)
    if field.merge_key and all(isinstance(item, dict) for item in (*present, *wanted)):
        return _diff_keyed(name, field.merge_key, _items(inner), present, wanted, options)
    return _diff_scalars(name, present, wanted, options)


def _diff_keyed(
    name: str, key: str, inner: str, present: list[Obj], wanted: list[Obj], options: _Options
) -> Obj:
    """The changes of single items, and the order of all of them where anything is sent."""
    before = {item.get(key): item for item in present}
    after = {item.get(key): item for item in wanted}
    items: list[Obj] = []
    for value, item in after.items():
        if value not in before:
            if options.changes:
                items.append(item)
            continue
        change = _diff_maps(inner, before[value], item, options)
        if change:
            items.append({**change, key: value})
    if options.deletions:
        gone = sorted((value for value in before if value not in after), key=str)
        items += [{"$patch": "delete", key: value} for value in gone]
    patch: Obj = {name: items} if items else {}
    is_reordered = list(before) != list(after)
    if options.order and (items or (options.changes and is_reordered)):
        patch[f"{_ORDER}{name}"] = [{key: item.get(key)} for item in wanted]
    return patch


def _diff_scalars(name: str, present: list[Any], wanted: list[Any], options: _Options) -> Obj:
    added = [item for item in wanted if item not in present] if options.changes else []
    removed = [item for item in present if item not in wanted] if options.deletions else []
    patch: Obj = {}
    if added:
        patch[name] = added
    if removed:
        patch[f"{_DELETED}{name}"] = removed
    if options.order and (removed or (options.changes and not same(present, wanted))):
        patch[f"{_ORDER}{name}"] = wanted
    return patch


def in_conflict(patch: Obj, changes: Obj, of: Obj) -> bool:
    """Whether a patch and the changes of others set a field of an object to different values."""
    return _maps_conflict(_type_of(of), patch, changes)


def _maps_conflict(expression: str, left: Obj, right: Obj) -> bool:
    for name, value in left.items():
        if name in right and name not in (_DIRECTIVE, _KEEP):
            field = _field(expression, name)
            if _values_conflict(_inner(expression, field), field, value, right[name]):
                return True
    return False


def _values_conflict(inner: str, field: Field | None, left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        if left.get(_DIRECTIVE) != right.get(_DIRECTIVE):
            return True
        is_replaced = field is not None and "replace" in field.strategy
        return not is_replaced and _maps_conflict(inner, left, right)
    if isinstance(left, list) and isinstance(right, list):
        return _lists_conflict(inner, field, left, right)
    return not same(left, right)


def _lists_conflict(inner: str, field: Field | None, left: list[Any], right: list[Any]) -> bool:
    items = _items(inner)
    if field is not None and "merge" in field.strategy:
        if not all(isinstance(item, dict) for item in (*left, *right)):
            return False
        others = {item.get(field.merge_key): item for item in right}
        return any(
            _values_conflict(items, None, item, others[item.get(field.merge_key)])
            for item in left
            if item.get(field.merge_key) in others
        )
    if not any(isinstance(item, dict) for item in (*left, *right)):
        left, right = sorted(left, key=str), sorted(right, key=str)
    return len(left) != len(right) or any(
        _values_conflict(items, None, *pair) for pair in zip(left, right, strict=True)
    )


def _joined(expression: str, deletions: Obj, changes: Obj) -> Obj:
    """Both patches as one; a change outweighs a deletion."""
    result = dict(deletions)
    for name, change in changes.items():
        other = deletions.get(name)
        field = _field(expression, name)
        inner = _inner(expression, field)
        if isinstance(other, dict) and isinstance(change, dict):
            result[name] = _joined(inner, other, change)
        elif isinstance(other, list) and isinstance(change, list) and field is not None and field.merge_key:
            joined = _joined_lists(field.merge_key, _items(inner), other, change)
            order = changes.get(f"{_ORDER}{name}") or deletions.get(f"{_ORDER}{name}") or []
            result[name] = _in_order(field.merge_key, joined, order)
        else:
            result[name] = change
    return result


def _joined_lists(key: str, inner: str, deletions: list[Obj], changes: list[Obj]) -> list[Obj]:
    """The items' changes with their deletions, and deleted items last."""
    gone = {item.get(key): item for item in deletions}
    joined = [
        _joined(inner, gone.pop(item.get(key)), item) if item.get(key) in gone else item for item in changes
    ]
    kept = [item for item in gone.values() if item.get("$patch") != "delete"]
    return [*joined, *kept, *(item for item in gone.values() if item.get("$patch") == "delete")]


def _in_order(key: str, items: list[Obj], order: list[Obj]) -> list[Obj]:
    """The items in the order that is sent along; deleted ones, which it doesn't name, come last."""
    places = {item.get(key): number for number, item in enumerate(order)}
    return sorted(items, key=lambda item: places.get(item.get(key), len(places)))
