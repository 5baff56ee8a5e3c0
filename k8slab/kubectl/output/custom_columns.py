"""`-o custom-columns` and `custom-columns-file`: a JSONPath a column.

Models staging/src/k8s.io/kubectl/pkg/cmd/get/customcolumn{,_flags}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from k8slab.api import jsonpath
from k8slab.api.go_text import sprint
from k8slab.api.meta import Obj
from k8slab.kubectl.output.errors import OutputError
from k8slab.kubectl.output.sorting import relaxed_path
from k8slab.kubectl.output.tab_writer import TABLES, aligned
from k8slab.kubectl.output.table_text import escape_terminal

_FORMAT = "Expected format is one line of space separated headers, one line of space separated column specs."


class CustomColumn(NamedTuple):
    """What stands above a column, and the JSONPath of what stands in it."""

    header: str
    path: str


def columns_from_spec(spec: str) -> tuple[CustomColumn, ...]:
    """The columns of `NAME:.metadata.name,NODE:.spec.nodeName`. Raises OutputError."""
    if not spec:
        raise OutputError("custom-columns format specified but no custom columns given")
    columns = []
    for part in spec.split(","):
        header, colon, path = part.partition(":")
        if not colon:
            raise OutputError(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        columns.append(CustomColumn(header, relaxed_path(path)))
    return tuple(columns)


def columns_from_file(text: str) -> tuple[CustomColumn, ...]:
    """The columns of a file with a line of headers and a line of paths. Raises OutputError."""
    lines = text.split("\n")
    if not text:
        raise OutputError(f"invalid template, missing header line. {_FORMAT}")
    if len(lines) < 2 or (len(lines) == 2 and not lines[1]):
        raise OutputError(f"invalid template, missing spec line. {_FORMAT}")
    headers, paths = lines[0].split(), lines[1].split()
    if len(headers) != len(paths):
        raise OutputError(
            f"number of headers ({len(headers)}) and field specifications ({len(paths)}) don't match"
        )
    return tuple(CustomColumn(header, relaxed_path(path)) for header, path in zip(headers, paths))


def custom_columns_text(columns: Sequence[CustomColumn], obj: Obj, *, no_headers: bool = False) -> str:
    """The aligned lines of an object, or of each item of a list. Raises OutputError."""
    lines = [] if no_headers else ["\t".join(column.header for column in columns)]
    items = obj["items"] if isinstance(obj.get("items"), list) else [obj]
    try:
        paths = [jsonpath.parse(column.path) for column in columns]
        for item in items:
            lines.append("\t".join(_cell(path, item) for path in paths))
    except jsonpath.JSONPathError as error:
        printed = aligned("".join(line + "\n" for line in lines), TABLES)
        raise OutputError(str(error), printed) from None
    return aligned("".join(line + "\n" for line in lines), TABLES)


def _cell(path: jsonpath.Path, obj: Any) -> str:
    results = jsonpath.find(path, obj, allow_missing_keys=True)
    values = [escape_terminal(sprint(value)) for part in results for value in part]
    if not results or not results[0]:
        values.insert(0, "<none>")
    return ",".join(values)
