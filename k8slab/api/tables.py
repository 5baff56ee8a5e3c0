"""Objects as rows: the `meta.k8s.io/v1` Table that a server answers a list with.

A client that asks for a Table needs to know nothing about a kind: the server
says which columns there are and what each row holds, always with the wide
columns, and the client leaves out what it does not show. How a built-in kind is
listed stands in `api/printers/<kind>.py` as one constant `TABLE`; a kind without
a printer is listed by its name and the time of its creation, and a custom
resource as the `additionalPrinterColumns` of its definition say.

Models pkg/printers/{tablegenerator.go,storage/storage.go},
staging/src/k8s.io/apiserver/pkg/registry/rest/table.go and
endpoints/handlers/response.go, apiextensions-apiserver's tableconvertor.go, and
apimachinery/pkg/util/duration, v1.36.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from k8slab.api import jsonpath
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US, parse_timestamp

Cells = tuple[Any, ...]
"""The cells of one row, one for each column: text, whole numbers, booleans, or None."""

IncludeObject = Literal["Metadata", "None", "Object"]

DAEMON_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_LONGEST_DURATION_US = (2**63 - 1) // 1000
_ZERO_TIME_US = parse_timestamp("0001-01-01T00:00:00Z")

NAME_DESCRIPTION = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources "
    "may allow a client to request the generation of an appropriate name automatically. Name is primarily "
    "intended for creation idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
CREATION_DESCRIPTION = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not "
    "guaranteed to be set in happens-before order across separate operations. Clients may not set this "
    "value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for "
    "lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)


class Column(NamedTuple):
    """The head of one column. A column of a priority above 0 is shown only with `-o wide`."""

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0


NAME = Column("Name", "string", "name", NAME_DESCRIPTION)
AGE = Column("Age", "string", "", CREATION_DESCRIPTION)


def _no_conditions(obj: Obj) -> list[Obj]:
    return []


def _as_stored(objects: Sequence[Obj]) -> Sequence[Obj]:
    return objects


class Table(NamedTuple):
    """How a kind is listed.

    `row(obj, now_us)` gives the cells, `conditions(obj)` what the row says of
    itself (`Completed`), `order` the order of the rows of a list.
    """

    columns: tuple[Column, ...]
    row: Callable[[Obj, int], Cells]
    conditions: Callable[[Obj], list[Obj]] = _no_conditions
    order: Callable[[Sequence[Obj]], Sequence[Obj]] = _as_stored


def human_duration(duration_us: int) -> str:
    """A duration in two or three significant figures, e.g. `42s`, `5m42s`, `3h`, `2d4h`, `1y30d`."""
    duration_us = max(-_LONGEST_DURATION_US, min(duration_us, _LONGEST_DURATION_US))
    seconds = abs(duration_us) // SECOND_US
    if duration_us < 0:
        return "0s" if seconds <= 1 else "<invalid>"
    if seconds < 120:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return f"{days // 365}y{days % 365}d" if days % 365 else f"{days // 365}y"
    return f"{days // 365}y"


def since(time: str | None, now_us: int) -> str:
    """How long ago an RFC 3339 time was; `<unknown>` where there is none."""
    if not time:
        return "<unknown>"
    at_us = parse_timestamp(time)
    return "<unknown>" if at_us == _ZERO_TIME_US else human_duration(now_us - at_us)


def age_of(obj: Obj, now_us: int) -> str:
    """How long ago the object was created."""
    return since(obj["metadata"].get("creationTimestamp"), now_us)


def _default_row(obj: Obj, now_us: int) -> Cells:
    metadata = obj["metadata"]
    return (metadata.get("name", ""), metadata.get("creationTimestamp") or "0001-01-01T00:00:00Z")


DEFAULT_TABLE = Table((NAME, Column("Created At", "date", "", CREATION_DESCRIPTION)), _default_row)


@cache
def tables() -> dict[str, Table]:
    """How each built-in kind with a printer is listed, by the kind's name in lower case."""
    import k8slab.api.printers as package

    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return {
        name: importlib.import_module(f"{package.__name__}.{name}").TABLE
        for name in names
        if not name.startswith("_")
    }


def table_of(kind: Kind | None, printer_columns: Sequence[Obj] | None = None) -> Table:
    """How a kind is listed.

    `printer_columns` are the `additionalPrinterColumns` of a custom resource's
    version; None for a built-in kind.
    """
    if printer_columns is not None:
        return _custom_table(tuple(tuple(sorted(column.items())) for column in printer_columns))
    if kind is None:
        return DEFAULT_TABLE
    return tables().get(kind.kind.lower(), DEFAULT_TABLE)


def _same(obj: Obj) -> Obj:
    return obj


def table(
    kind: Kind | None,
    objects: Sequence[Obj],
    now_us: int,
    *,
    resource_version: str = "",
    include_object: IncludeObject = "Metadata",
    printer_columns: Sequence[Obj] | None = None,
    list_meta: Mapping[str, Any] | None = None,
    headers: bool = True,
    present: Callable[[Obj], Obj] = _same,
) -> Obj:
    """The Table of these objects, which are in the kind's storage version.

    `list_meta` holds `continue` and `remainingItemCount` of a paged list.
    Without `headers` the column definitions are left out, as in every event of
    a watch but the first. `present` converts an object to the version asked
    for, where the whole object is included.
    """
    listing = table_of(kind, printer_columns)
    metadata: Obj = {"resourceVersion": resource_version} if resource_version else {}
    metadata.update((name, value) for name, value in (list_meta or {}).items() if value)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [column._asdict() for column in listing.columns] if headers else None,
        "rows": [_row(listing, obj, now_us, include_object, present) for obj in listing.order(objects)],
    }


def _row(
    listing: Table, obj: Obj, now_us: int, include_object: IncludeObject, present: Callable[[Obj], Obj]
) -> Obj:
    row: Obj = {"cells": list(listing.row(obj, now_us))}
    conditions = listing.conditions(obj)
    if conditions:
        row["conditions"] = conditions
    if include_object == "Object":
        row["object"] = present(obj)
    elif include_object == "Metadata":
        row["object"] = partial_object(obj)
    else:
        row["object"] = None
    return row


def partial_object(obj: Obj) -> Obj:
    """The object's metadata alone, as a PartialObjectMetadata."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": shown_metadata(obj),
    }


def shown_metadata(obj: Obj) -> Obj:
    """The metadata as the server holds it, which keeps a DaemonSet's generation of the template elsewhere."""
    metadata: Obj = obj["metadata"]
    annotations = metadata.get("annotations") or {}
    if obj.get("kind") != "DaemonSet" or DAEMON_TEMPLATE_GENERATION not in annotations:
        return metadata
    rest = {name: text for name, text in annotations.items() if name != DAEMON_TEMPLATE_GENERATION}
    bare = {name: value for name, value in metadata.items() if name != "annotations"}
    return {**bare, "annotations": rest} if rest else bare


@cache
def _custom_table(printer_columns: tuple[tuple[tuple[str, Any], ...], ...]) -> Table:
    """How custom resources are listed: their name, then a JSONPath a column.

    The list ends before the first column whose path cannot be parsed.
    """
    columns: list[Column] = [NAME]
    paths: list[jsonpath.Path] = []
    for items in printer_columns:
        column = dict(items)
        try:
            paths.append(jsonpath.parse("{" + column["jsonPath"] + "}"))
        except jsonpath.JSONPathError:
            break
        described = column.get("description") or (
            f"Custom resource definition column (in JSONPath format): {column['jsonPath']}"
        )
        columns.append(
            Column(
                column["name"], column["type"], column.get("format", ""), described, column.get("priority", 0)
            )
        )
    types = tuple(column.type for column in columns[1:])

    def row(obj: Obj, now_us: int) -> Cells:
        cells = (_custom_cell(path, type_, obj, now_us) for path, type_ in zip(paths, types))
        return (obj["metadata"].get("name", ""), *cells)

    return Table(tuple(columns), row)


def _custom_cell(path: jsonpath.Path, type_: str, obj: Obj, now_us: int) -> Any:
    """The cell that a path gives; None where it finds nothing, or nothing of the column's type."""
    try:
        results = jsonpath.find(path, obj, allow_missing_keys=True)
    except jsonpath.JSONPathError:
        return None
    if not results or not results[0]:
        return None
    value = results[0][0]
    if type_ == "string":
        return jsonpath.print_results([value])
    if value is None:
        return None
    if type_ == "boolean":
        return value if isinstance(value, bool) else None
    if type_ == "date":
        return _date_cell(value, now_us)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if type_ == "integer" or float(value).is_integer() else float(value)


def _date_cell(value: Any, now_us: int) -> str | None:
    if not isinstance(value, str):
        return None
    if value in ("", "null"):
        return "<unknown>"
    try:
        return since(value, now_us)
    except ValueError:
        return "<invalid>"
