"""`--sort-by`: rows of a table, or objects, in the order of a field.

Models staging/src/k8s.io/kubectl/pkg/cmd/get/sorter.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from k8slab.api import jsonpath, quantities
from k8slab.api.go_text import quote, type_name
from k8slab.api.meta import Obj
from k8slab.kubectl.output.errors import FatalError, OutputError
from k8slab.kubectl.output.go_sort import go_sorted

T = TypeVar("T")

_RELAXED = re.compile(r"^\{\.?([^{}]+)\}$|^\.?([^{}]+)$")


def relaxed_path(text: str) -> str:
    """A whole JSONPath of `metadata.name`, `.metadata.name` or `{metadata.name}`. Raises OutputError."""
    if not text:
        return text
    match = _RELAXED.match(text)
    if match is None:
        raise OutputError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or "
            "'{.name1.name2}'"
        )
    return "{." + (match.group(1) or match.group(2)) + "}"


def sort_table(table: Obj, sort_by: str) -> Obj:
    """The table with its rows in the order of a field of their objects; one row is left as it is."""
    rows = table.get("rows") or []
    if len(rows) <= 1:
        return table
    try:
        field = relaxed_path(sort_by)
    except OutputError:
        field = sort_by
    try:
        return {**table, "rows": _sorted(rows, [row.get("object") or {} for row in rows], field)}
    except jsonpath.JSONPathError as error:
        raise OutputError(f"sorting error: {error}") from None


def sort_objects(objects: Sequence[Obj], sort_by: str) -> list[Obj]:
    """The objects in the order of a field. Raises OutputError where none of them has it."""
    if not objects:
        return []
    try:
        return _sorted(objects, objects, relaxed_path(sort_by))
    except jsonpath.JSONPathError as error:
        raise OutputError(str(error)) from None


def _sorted(items: Sequence[T], objects: Sequence[Obj], field: str) -> list[T]:
    path = jsonpath.parse(field)
    values = [_value(path, obj) for obj in objects]
    if not any(values):
        raise OutputError(f"couldn't find any field with path {quote(field)} in the list of objects")
    pairs = list(zip(values, items))

    def less(left: tuple[list[Any], T], right: tuple[list[Any], T]) -> bool:
        if not left[0]:
            return True
        return bool(right[0]) and _is_less(left[0][0], right[0][0], field)

    return [item for _, item in go_sorted(pairs, less)]


def _value(path: jsonpath.Path, obj: Obj) -> list[Any]:
    """The first value that the path finds, as a list of one or none."""
    results = jsonpath.find(path, obj, allow_missing_keys=True)
    return results[0][:1] if results else []


def _is_less(left: Any, right: Any, field: str) -> bool:
    """Numbers by size, texts as quantities where both are some, else by their letters; null first."""
    if left is None or right is None:
        return left is None and right is not None
    if isinstance(left, bool) or not isinstance(left, (int, float, str)):
        raise FatalError(
            f"Field {field} in [][][]reflect.Value is an unsortable type: interface, "
            f"err: unsortable type: {type_name(left)}"
        )
    if isinstance(right, bool) or not isinstance(right, type(left)):
        raise FatalError(
            f"Field {field} in [][][]reflect.Value is an unsortable type: interface, "
            "err: unsortable interface: interface"
        )
    if isinstance(left, str) or isinstance(right, str):
        return _text_is_less(str(left), str(right))
    return left < right


def _text_is_less(left: str, right: str) -> bool:
    try:
        return quantities.parse(left).nano < quantities.parse(right).nano
    except quantities.QuantityError:
        return left < right
