"""JSON patch and merge patch: a new object from an old one and a patch, untouched subtrees shared.

The strategic merge patch is in `k8slab.api.strategic`, and given again here, so
that whoever patches needs one import.

Models vendor/gopkg.in/evanphx/json-patch.v4 and
staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from k8slab.api.errors import ApiError, bad_request
from k8slab.api.json_text import JsonError, decode_json, plain, repeated_keys
from k8slab.api.meta import Obj
from k8slab.api.strategic import strategic_merge_patch

__all__ = [
    "JSON_PATCH",
    "MERGE_PATCH",
    "STRATEGIC_MERGE_PATCH",
    "json_patch",
    "merge_patch",
    "read_patch",
    "strategic_merge_patch",
]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"

MOST_JSON_PATCH_OPERATIONS = 10_000
_UNDECODED = "error decoding patch: "


def merge_patch(old: Any, patch: Any) -> Any:
    """The result of a merge patch (RFC 7386).

    Subtrees that the patch leaves alone are those of `old` themselves, and
    where it changes nothing at all `old` itself is given back.
    """
    if type(patch) is not dict or type(old) is not dict:
        return _without_nulls(patch)
    result = old
    for name, value in patch.items():
        if value is None:
            if name in result:
                if result is old:
                    result = dict(old)
                del result[name]
            continue
        current = old.get(name)
        new = _without_nulls(value) if current is None else merge_patch(current, value)
        if new is current or (type(new) is type(current) and new == current and _same(new, current)):
            continue
        if result is old:
            result = dict(old)
        result[name] = new
    return result


def _without_nulls(value: Any) -> Any:
    """A patch's value where nothing was: objects lose their nulls, also within lists."""
    if isinstance(value, dict):
        pruned = {name: _without_nulls(item) for name, item in value.items() if item is not None}
        unchanged = len(pruned) == len(value) and all(pruned[name] is value[name] for name in pruned)
        return value if unchanged and type(value) is dict else pruned
    if isinstance(value, list):
        items = [_without_nulls(item) for item in value]
        return value if all(new is item for new, item in zip(items, value, strict=True)) else items
    return value


def _same(left: Any, right: Any) -> bool:
    """Equality as JSON has it: `1` is neither `true` nor `1.0`."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return len(left) == len(right) and all(
            name in right and _same(item, right[name]) for name, item in left.items()
        )
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


# JSON patch (RFC 6902), with the leniences of the library that the server uses.


class _OperationError(Exception):
    """An operation that doesn't apply. The server tells its client nothing of why."""


def json_patch(obj: Obj, operations: Sequence[Any]) -> Obj:
    """The result of a JSON patch.

    Raises ApiError 422 with one text for every operation that doesn't apply,
    as upstream does. Replacing a missing key succeeds, and of a path without
    a slash only its last word counts.
    """
    if len(operations) > MOST_JSON_PATCH_OPERATIONS:
        raise ApiError(
            413,
            "RequestEntityTooLarge",
            "Request entity too large: The allowed maximum operations in a JSON patch is "
            f"{MOST_JSON_PATCH_OPERATIONS}, got {len(operations)}",
        )
    root: Any = obj
    try:
        for operation in operations:
            name = None if operation is None else operation.get("op")
            apply = _OPERATIONS.get(name) if isinstance(name, str) else None
            if apply is None:
                raise _OperationError
            root = apply(root, operation)
    except _OperationError:
        raise _rejected() from None
    if not isinstance(root, dict):
        raise _rejected()
    return root


def _rejected() -> ApiError:
    """The one refusal that upstream has for every JSON patch that doesn't apply."""
    text = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", text, details={})


def _path(operation: dict[str, Any], name: str = "path") -> str:
    path = operation.get(name)
    if not isinstance(path, str):
        raise _OperationError
    return path


def _tokens(path: str) -> list[str]:
    """The reference tokens of a path; at least one."""
    parts = path.split("/")[1:]
    if not parts:
        raise _OperationError
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


_INDEX = re.compile(r"[+-]?[0-9]+", re.ASCII)


def _index(token: str, length: int) -> int:
    """A list index; negative ones count from the end."""
    if not _INDEX.fullmatch(token):
        raise _OperationError
    index = int(token)
    if not -length <= index < length:
        raise _OperationError
    return index % length


def _get(container: Any, token: str) -> Any:
    """What stands at a key (null where nothing does) or index."""
    if isinstance(container, dict):
        return container.get(token)
    return container[_index(token, len(container))]


def _changed(root: Any, path: str, change: Callable[[Any, str], Any]) -> Any:
    """The root with the container at the end of a path replaced by `change(container, last token)`."""
    tokens = _tokens(path)

    def walk(container: Any, depth: int) -> Any:
        if not isinstance(container, dict | list):
            raise _OperationError
        token = tokens[depth]
        if depth == len(tokens) - 1:
            return change(container, token)
        child = _get(container, token)
        if child is None:
            raise _OperationError
        new = walk(child, depth + 1)
        return container if new is child else _set(container, token, new)

    return walk(root, 0)


def _set(container: Any, token: str, value: Any) -> Any:
    if isinstance(container, dict):
        return {**container, token: value}
    index = _index(token, len(container))
    return [*container[:index], value, *container[index + 1 :]]


def _insert(container: Any, token: str, value: Any) -> Any:
    if isinstance(container, dict):
        return {**container, token: value}
    if token == "-":
        return [*container, value]
    index = _index(token, len(container) + 1)
    return [*container[:index], value, *container[index:]]


def _delete(container: Any, token: str) -> Any:
    if isinstance(container, dict):
        if token not in container:
            raise _OperationError
        return {name: item for name, item in container.items() if name != token}
    index = _index(token, len(container))
    return [*container[:index], *container[index + 1 :]]


def _found(root: Any, path: str) -> Any:
    """What stands at a path; the way to it must be there."""
    found: list[Any] = []

    def look(container: Any, token: str) -> Any:
        found.append(_get(container, token))
        return container

    _changed(root, path, look)
    return found[0]


def _add(root: Any, operation: dict[str, Any]) -> Any:
    value = operation.get("value")
    return _changed(root, _path(operation), lambda container, token: _insert(container, token, value))


def _remove(root: Any, operation: dict[str, Any]) -> Any:
    return _changed(root, _path(operation), _delete)


def _replace(root: Any, operation: dict[str, Any]) -> Any:
    path, value = _path(operation), operation.get("value")
    if path == "":
        if not isinstance(value, dict | list):
            raise _OperationError
        return value
    return _changed(root, path, lambda container, token: _set(container, token, value))


def _move(root: Any, operation: dict[str, Any]) -> Any:
    source = _path(operation, "from")
    value = _found(root, source)
    rest = _changed(root, source, _delete)
    return _changed(rest, _path(operation), lambda container, token: _insert(container, token, value))


def _copy(root: Any, operation: dict[str, Any]) -> Any:
    value = _found(root, _path(operation, "from"))
    return _changed(root, _path(operation), lambda container, token: _insert(container, token, value))


def _test(root: Any, operation: dict[str, Any]) -> Any:
    path = _path(operation)
    value = root if path == "" else _found(root, path)
    if not _same(plain(value), plain(operation.get("value"))):
        raise _OperationError
    return root


_OPERATIONS: dict[Any, Callable[[Any, dict[str, Any]], Any]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


# Reading a patch.

_GO_TARGETS = {
    JSON_PATCH: (list, "[]handlers.jsonPatchOp"),
    MERGE_PATCH: (dict, "map[string]interface {}"),
    STRATEGIC_MERGE_PATCH: (dict, "map[string]interface {}"),
}
_OPERATION_FIELDS = {"op": True, "path": True, "from": True, "value": False}


def read_patch(data: bytes | str, patch_type: str, validation: str = "Warn") -> tuple[Any, tuple[str, ...]]:
    """The patch in a request's body, and its strict errors (repeated keys, unknown keys of operations).

    Raises ApiError 400 in upstream's words for what is no patch of that type.
    """
    prefix = "" if patch_type == STRATEGIC_MERGE_PATCH or validation == "Ignore" else _UNDECODED
    expected, go_type = _GO_TARGETS[patch_type]
    try:
        patch = decode_json(data)
    except JsonError as error:
        raise bad_request(f"{prefix}{error}") from None
    if patch is None and patch_type == MERGE_PATCH:
        raise bad_request("Invalid JSON Patch")
    if patch is None:
        patch = expected()
    if patch_type == MERGE_PATCH and validation == "Ignore" and isinstance(patch, list):
        return plain(patch), ()
    if patch_type == JSON_PATCH and validation == "Ignore":
        return _operations(patch), ()
    if not isinstance(patch, expected):
        raise bad_request(f"{prefix}json: cannot unmarshal {_kind_of(patch)} into Go value of type {go_type}")
    strict = dict.fromkeys(repeated_keys(patch, ""))
    if patch_type == JSON_PATCH:
        strict = _check_operations(patch)
    if validation == "Ignore":
        strict = {}
    return plain(patch), tuple(strict)


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    names = ((str, "string"), (dict, "object"), (list, "array"))
    return next((name for kind, name in names if isinstance(value, kind)), "number")


def _operations(patch: Any) -> list[Any]:
    """A JSON patch whose operations nobody looks into. ApiError 400 where there are none."""
    if not isinstance(patch, list):
        raise bad_request(f"json: cannot unmarshal {_kind_of(patch)} into Go value of type jsonpatch.Patch")
    for operation in patch:
        if operation is not None and not isinstance(operation, dict):
            kind = _kind_of(operation)
            raise bad_request(f"json: cannot unmarshal {kind} into Go value of type jsonpatch.Operation")
    operations: list[Any] = plain(patch)
    return operations


def _check_operations(operations: list[Any]) -> dict[str, None]:
    """The strict errors of the operations of a JSON patch; ApiError 400 for one of the wrong type."""
    strict: dict[str, None] = {}
    for index, operation in enumerate(operations):
        if operation is None:
            continue
        if not isinstance(operation, dict):
            kind = _kind_of(operation)
            raise bad_request(
                f"{_UNDECODED}json: cannot unmarshal {kind} into Go value of type handlers.jsonPatchOp"
            )
        for name, is_text in _OPERATION_FIELDS.items():
            value = operation.get(name)
            if is_text and value is not None and not isinstance(value, str):
                raise bad_request(
                    f"{_UNDECODED}json: cannot unmarshal {_kind_of(value)} into Go struct field "
                    f"jsonPatchOp.{name} of type string"
                )
        for name in operation:
            if name not in _OPERATION_FIELDS:
                strict[f'json patch unknown field "[{index}].{name}"'] = None
        strict |= dict.fromkeys(f"json patch {text}" for text in repeated_keys(operation, f"[{index}]"))
    return strict
