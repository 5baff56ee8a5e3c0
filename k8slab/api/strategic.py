"""Strategic merge patch: a merge patch that knows merge keys, and directives for what a merge can't say.

The old object is never changed and untouched subtrees are shared with it.
Directives: `$patch` (replace, delete), `$retainKeys`, `$setElementOrder/x`,
`$deleteFromPrimitiveList/x`.

Models staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/{patch,meta}.go and
util/mergepatch/errors.go, v1.36.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slab.api import schema
from k8slab.api.errors import ApiError, bad_request
from k8slab.api.meta import Obj

DIRECTIVE = "$patch"
RETAIN_KEYS = "$retainKeys"
DELETE_FROM_PRIMITIVE_LIST = "$deleteFromPrimitiveList"
SET_ELEMENT_ORDER = "$setElementOrder"

_BAD_PRIMITIVE_LIST = "invalid patch format of primitive list"
_BAD_RETAIN_KEYS = "invalid patch format of retainKeys"
_BAD_ELEMENT_ORDER = "invalid patch format of setElementOrder list"
_UNSUPPORTED = (
    "the body of the request was in an unknown format - accepted media types include: "
    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
)
_LISTS_OF_LISTS = "lists of lists are not supported"


def strategic_merge_patch(type_name: str, old: Obj, patch: Obj) -> Obj:
    """The result of a strategic merge patch of an object of a type, e.g. `api.apps.v1.Deployment`.

    The result is not yet decoded: what the patch added stands there as it was
    sent. Raises ApiError: 400 for a malformed directive, 415 for an empty type
    name (a custom resource has none), 422 for lists of lists, else 500, in
    upstream's words.
    """
    if not type_name:
        raise ApiError(415, "UnsupportedMediaType", _UNSUPPORTED)
    return _merge_map(old, patch, f"#{type_name}")


def _fail(message: str) -> ApiError:
    """A failure that upstream doesn't classify: 500, without a reason."""
    return ApiError(500, "", message)


def go_format(value: Any) -> str:
    """A JSON value as Go's `%v` prints it: `map[image:nginx name:main]`."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{name}:{go_format(value[name])}' for name in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(go_format, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return "<nil>" if value is None else str(value)


def _as_text(value: Any) -> str:
    """A JSON value as Go's `%s` prints it, of which it complains where that is no text."""
    if isinstance(value, bool | int | float):
        return f"%!s({_GO_TYPES[type(value)]}={go_format(value)})"
    return "%!s(<nil>)" if value is None else go_format(value)


_GO_TYPES = {
    dict: "map[string]interface {}",
    list: "[]interface {}",
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    type(None): "%!s(<nil>)",
}


def _wrong_type(expected: type, actual: Any) -> ApiError:
    return _fail(f"expected a {_GO_TYPES[expected]}, but received a {_GO_TYPES[type(actual)]}")


def _no_merge_key(item: Any, merge_key: str) -> ApiError:
    return _fail(f"map: {go_format(item)} does not contain declared merge key: {merge_key}")


class _Meta(NamedTuple):
    """How a field merges: its type, `merge`, `replace` or nothing, and its merge key."""

    type: str
    strategy: str
    merge_key: str


def _lookup(expression: str, key: str) -> _Meta:
    """How a field of a struct merges; an error where the type has no such field."""
    struct = schema.struct_of(expression)
    if struct is None:
        base = schema.base(expression).lstrip("*")
        if expression.startswith("#") and not base.startswith(("map:", "[]")):
            raise _fail(
                f'unable to find api field in struct {schema.go_name(expression)} for the json field "{key}"'
            )
        kind = "map" if base.startswith("map:") else "slice" if base.startswith("[]") else base
        raise _fail(f"merging an object in json but data type is not struct, instead is: {kind}")
    field = struct.fields.get(key)
    if field is None:
        name = schema.go_name(struct.name)
        raise _fail(f'unable to find api field in struct {name} for the json field "{key}"')
    strategies = [strategy for strategy in field.strategy if strategy != "retainKeys"]
    return _Meta(field.type, strategies[0] if strategies else "", field.merge_key)


def _lookup_list(expression: str, key: str) -> _Meta:
    """As `_lookup`, with the type of the list's items."""
    meta = _lookup(expression, key)
    base = schema.base(schema.base(meta.type).lstrip("*"))
    if meta.type.startswith("*") and base.startswith("#"):
        return meta._replace(type=base)
    if not base.startswith("[]"):
        raise _fail("expected slice or array type, but got: struct")
    return meta._replace(type=base[2:])


def _merge_map(original: Obj, patch: Obj, expression: str) -> Obj:
    if DIRECTIVE in patch:
        return _replaced_map(patch)
    result = dict(original)
    patch = _retain_keys(result, patch)
    patch = _merge_ordered_lists(result, patch, expression)
    for key, value in patch.items():
        if key.startswith(DELETE_FROM_PRIMITIVE_LIST):
            _delete_primitives(result, key, value, expression)
        elif value is None:
            result.pop(key, None)
        else:
            _merge_key(result, key, value, expression)
    return original if _unchanged(original, result) else result


def _unchanged(original: Obj, result: Obj) -> bool:
    return len(original) == len(result) and all(
        name in result and result[name] is item for name, item in original.items()
    )


def _replaced_map(patch: Obj) -> Obj:
    directive = patch[DIRECTIVE]
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    raise _fail(f"unknown patch type: {_as_text(directive)} in map: {go_format(patch)}")


def _merge_key(result: Obj, key: str, value: Any, expression: str) -> None:
    """Merge one value of the patch into the copy that is being built."""
    current: Any = result.get(key)
    if type(current) is not type(value):
        _set_new(result, key, value)
    elif isinstance(value, dict):
        meta = _lookup(expression, key)
        result[key] = value if meta.strategy == "replace" else _merge_map(current, value, meta.type)
    elif isinstance(value, list):
        meta = _lookup_list(expression, key)
        result[key] = _merge_list(current, value, meta) if meta.strategy == "merge" else value
    elif current != value:
        result[key] = value


def _set_new(result: Obj, key: str, value: Any) -> None:
    if isinstance(value, dict) and value.get(DIRECTIVE) is not None:
        result.pop(key, None)
        return
    result[key] = _without_directives(_without_nulls(value))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _without_directives(value: Any) -> Any:
    """The value without the objects, at any depth, that carry a `$patch`."""
    if isinstance(value, dict):
        return {
            key: _without_directives(item)
            for key, item in value.items()
            if not (isinstance(item, dict) and DIRECTIVE in item)
        }
    if isinstance(value, list):
        return [
            _without_directives(item) for item in value if not (isinstance(item, dict) and DIRECTIVE in item)
        ]
    return value


# The directives of a map.


def _retain_keys(result: Obj, patch: Obj) -> Obj:
    """Drop from the copy what `$retainKeys` doesn't name; the patch without the directive."""
    if RETAIN_KEYS not in patch:
        return patch
    retained = patch[RETAIN_KEYS]
    if not isinstance(retained, list):
        raise bad_request(_BAD_RETAIN_KEYS)
    patch = {key: value for key, value in patch.items() if key != RETAIN_KEYS}
    for key, value in patch.items():
        is_directive = key.startswith((DELETE_FROM_PRIMITIVE_LIST, SET_ELEMENT_ORDER))
        if value is not None and not is_directive and key not in retained:
            raise bad_request(_BAD_RETAIN_KEYS)
    for key in [key for key in result if key not in retained]:
        del result[key]
    return patch


def _directed_key(key: str, prefix: str, problem: str) -> str:
    """The field that `$prefix/field` names."""
    found, slash, name = key.partition("/")
    if not slash or found != prefix:
        raise bad_request(problem)
    return name


def _delete_primitives(result: Obj, key: str, value: Any, expression: str) -> None:
    name = _directed_key(key, DELETE_FROM_PRIMITIVE_LIST, _BAD_PRIMITIVE_LIST)
    if value is None:
        result.pop(name, None)
        return
    current: Any = result.get(name)
    if name not in result or type(current) is not type(value):
        return
    if not isinstance(value, list):
        _merge_key(result, name, value, expression)
        return
    meta = _lookup_list(expression, name)
    if current or value:
        is_maps = _element_kind(current, value) is dict  # which upstream merges, as if they weren't to go
        kept = [item for item in current if not is_maps and not _contains(value, item)]
        result[name] = _merge_list(current, value, meta) if is_maps else kept


def _merge_ordered_lists(result: Obj, patch: Obj, expression: str) -> Obj:
    """Merge the lists for which `$setElementOrder/x` gives the order; the patch without them."""
    for key in sorted(key for key in patch if key.startswith(SET_ELEMENT_ORDER)):
        order = patch[key]
        patch = {name: value for name, value in patch.items() if name != key}
        if not isinstance(order, list):
            raise _wrong_type(list, order)
        name = _directed_key(key, SET_ELEMENT_ORDER, _BAD_ELEMENT_ORDER)
        for container in (result, patch):
            if name in container and not isinstance(container[name], list):
                raise _wrong_type(list, container[name])
        meta = _lookup_list(expression, name)
        current, wanted = result.get(name), patch.get(name)
        _check_order(wanted or [], order, meta.merge_key)
        if current is None and wanted is None:
            continue
        if current is None:
            merged = _without_directives(wanted)
        elif wanted is None:
            merged = current
        else:
            merged = _merge_list(current, wanted, meta) if meta.strategy == "merge" else wanted
        result[name] = _ordered(merged, order, current or [], wanted or [], meta.merge_key)
        patch = {other: value for other, value in patch.items() if other != name}
    return patch


def _ordered(
    merged: list[Any], order: list[Any], current: list[Any], wanted: list[Any], merge_key: str
) -> list[Any]:
    of_patch, of_server = _partition(merged, order, merge_key)
    kind = _element_kind(current, wanted)
    if merge_key and current and wanted:
        current = _places_after(current, wanted, merge_key)
    return _interleave(of_patch, of_server, order, current, merge_key, kind)


def _places_after(current: list[Any], wanted: list[Any], merge_key: str) -> list[Any]:
    """The order of the live list as upstream sees it after the merge.

    There the list is changed in place: deleted items close up, and new ones
    fill the places that became free.
    """
    places = list(current)
    length = len(places)
    for item in wanted:
        while item.get(DIRECTIVE) == "delete":
            at = _find(places[:length], merge_key, item[merge_key])
            if at is None:
                break
            places[at : length - 1] = places[at + 1 : length]
            length -= 1
    added = [item for item in wanted if DIRECTIVE not in item]
    if any(item.get(DIRECTIVE) == "replace" for item in wanted):
        added = []
    for item in added:
        if length < len(places) and _find(places[:length], merge_key, item[merge_key]) is None:
            places[length] = item
            length += 1
    return places


def _check_order(patch: list[Any], order: list[Any], merge_key: str) -> None:
    """Whether the items of the patch come in the given order."""
    if not patch or not order:
        return
    items = [item for item in patch if not (merge_key and _is_deletion(item, merge_key))]
    patch_index = order_index = 0
    while patch_index < len(items) and order_index < len(order):
        item = items[patch_index]
        if isinstance(item, dict) and DIRECTIVE in item:
            patch_index += 1
            continue
        if _same_item(item, order[order_index], merge_key):
            patch_index += 1
        order_index += 1
    if patch_index < len(items) and order_index >= len(order):
        raise _fail(
            f"The order in patch list:\n{go_format(patch)}\n"
            f" doesn't match {SET_ELEMENT_ORDER} list:\n{go_format(order)}\n"
        )


def _is_deletion(item: Any, merge_key: str) -> bool:
    if not isinstance(item, dict):
        raise _wrong_type(dict, item)
    return item.get(DIRECTIVE) == "delete"


def _same_item(left: Any, right: Any, merge_key: str) -> bool:
    if not merge_key:
        return _equal(left, right)
    for item in (left, right):
        if not isinstance(item, dict):
            raise _wrong_type(dict, item)
    for item in (left, right):
        if merge_key not in item:
            raise _no_merge_key(item, merge_key)
    return _equal(left[merge_key], right[merge_key])


def _equal(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _contains(items: list[Any], item: Any) -> bool:
    return any(_equal(item, other) for other in items)


# Lists.


def _element_kind(*lists: list[Any]) -> type:
    """The type of the items, which must be one."""
    kinds = [type(item) for items in lists for item in items]
    if not kinds:
        raise _fail("no elements in any of the given slices")
    if kinds[0] is list:
        raise ApiError(422, "Invalid", _LISTS_OF_LISTS)
    if any(kind is not kinds[0] for kind in kinds):
        raise _fail(f"list element types are not identical: {go_format(list(lists))}")
    return kinds[0]


def _merge_list(original: list[Any], patch: list[Any], meta: _Meta) -> list[Any]:
    if not original and not patch:
        return original
    kind = _element_kind(original, patch)
    if kind is not dict:
        merged = _without_repeats([*original, *patch])
        of_patch, of_server = _partition(merged, patch, "")
        return _interleave(of_patch, of_server, patch, original, "", kind)
    if not meta.merge_key:
        raise _fail("cannot merge lists without merge key for struct")
    original, patch = _apply_list_directives(original, patch, meta.merge_key)
    merged = list(original)
    for item in patch:
        if meta.merge_key not in item:
            raise _no_merge_key(item, meta.merge_key)
        at = _find(merged, meta.merge_key, item[meta.merge_key])
        if at is None:
            merged.append(item)
        else:
            merged[at] = _merge_map(merged[at], item, meta.type)
    of_patch, of_server = _partition(merged, patch, meta.merge_key)
    return _interleave(of_patch, of_server, patch, original, meta.merge_key, kind)


def _apply_list_directives(
    original: list[Any], patch: list[Any], merge_key: str
) -> tuple[list[Any], list[Any]]:
    """Delete what the patch says is to go; the rest of the list and of the patch."""
    rest: list[Any] = []
    replace = False
    for item in patch:
        directive = item.get(DIRECTIVE) if DIRECTIVE in item else ""
        if DIRECTIVE not in item:
            rest.append(item)
        elif directive == "delete":
            if merge_key not in item:
                raise _no_merge_key(item, merge_key)
            original = [one for one in original if not _equal(one.get(merge_key), item[merge_key])]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise _fail("merging lists cannot yet be specified in the patch")
        else:
            raise _fail(f"unknown patch type: {_as_text(directive)} in map: {go_format(item)}")
    return (rest, []) if replace else (original, rest)


def _find(items: list[Any], merge_key: str, value: Any) -> int | None:
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise _fail(f"value for key {index} is not a map")
        if merge_key in item and _equal(item[merge_key], value):
            return index
    return None


def _without_repeats(items: list[Any]) -> list[Any]:
    """The items once each; like upstream, the last one takes the place of a repeated one."""
    items = list(items)
    index = 0
    while index < len(items):
        other = index + 1
        while other < len(items):
            if _equal(items[index], items[other]):
                items[other] = items[-1]
                items.pop()
            else:
                other += 1
        index += 1
    return items


def _partition(items: list[Any], by: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """Those items that the other list names, and the rest."""
    named: list[Any] = []
    rest: list[Any] = []
    for item in items:
        if merge_key:
            if not isinstance(item, dict):
                raise _wrong_type(dict, item)
            if merge_key not in item:
                raise _no_merge_key(item, merge_key)
            is_named = _find(by, merge_key, item[merge_key]) is not None
        else:
            is_named = _contains(by, item)
        (named if is_named else rest).append(item)
    return named, rest


def _interleave(
    of_patch: list[Any],
    of_server: list[Any],
    patch_order: list[Any],
    server_order: list[Any],
    merge_key: str,
    kind: type,
) -> list[Any]:
    """Both lists in one: the patch's items in its order, the server's put where they stood before them."""
    key = merge_key if kind is dict else ""
    right = _sorted_by(of_patch, patch_order, key, kind)
    left = _sorted_by(of_server, server_order, key, kind)
    result: list[Any] = []
    while left and right:
        here, there = _index(server_order, left[0], key), _index(server_order, right[0], key)
        result.append(left.pop(0) if 0 <= here < there else right.pop(0))
    return [*result, *left, *right]


def _sorted_by(items: list[Any], order: list[Any], merge_key: str, kind: type) -> list[Any]:
    """The items in the order in which they are named."""
    if kind is dict:
        for item in (*items, *order):
            if not isinstance(item, dict):
                raise _wrong_type(dict, item)
            if merge_key not in item:
                raise _no_merge_key(item, merge_key)
        deletions = [item for item in items if item.get(DIRECTIVE) == "delete"]
        kept = [item for item in items if item.get(DIRECTIVE) != "delete"]
        return [*sorted(kept, key=lambda item: _index(order, item, merge_key)), *deletions]
    return sorted(items, key=lambda item: _index(order, item, merge_key))


def _index(items: list[Any], item: Any, merge_key: str) -> int:
    """Where an item stands in a list, or -1."""
    if merge_key:
        at = _find(items, merge_key, item[merge_key])
        return -1 if at is None else at
    return next((index for index, other in enumerate(items) if _equal(item, other)), -1)
