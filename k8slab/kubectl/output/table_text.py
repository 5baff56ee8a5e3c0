"""Server tables, and objects without one, as the rows and columns of `kubectl get`.

The server says which columns there are and what is in them; kubectl chooses
among them (`-o wide`), adds its own (namespace, labels, event), prefixes names
with the kind, and aligns them.

Models staging/src/k8s.io/cli-runtime/pkg/printers/{tableprinter,terminal}.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from k8slab.api.go_text import sprint
from k8slab.api.meta import Obj
from k8slab.api.tables import since

_EVENT_TYPES = {"ADDED": "ADDED   ", "MODIFIED": "MODIFIED", "DELETED": "DELETED ", "ERROR": "ERROR   "}
_LINE_BREAK = re.compile("[\f\n\r]")


class TableOptions(NamedTuple):
    """What kubectl adds to and takes from a server's table.

    `kind` is the kind with its group in lower case, e.g. `deployment.apps`; it
    is put before names `with_kind`.
    """

    kind: str = ""
    with_kind: bool = False
    with_namespace: bool = False
    wide: bool = False
    no_headers: bool = False
    show_labels: bool = False
    label_columns: tuple[str, ...] = ()


@dataclass(slots=True)
class TablePrinter:
    """Prints tables one after another, and the head only where it changes.

    `print_*` give tab-separated lines, to be aligned by `tab_writer`.
    """

    options: TableOptions
    now_us: int
    last_columns: list[Obj] = field(default_factory=list)
    printed_headers: bool = False
    last_handler: str = ""

    def print_table(self, table: Obj, event_type: str = "") -> str:
        """The lines of a server's table. A table without columns takes those of the last one."""
        columns = table.get("columnDefinitions") or []
        rows = table.get("rows") or []
        same = not columns or columns == self.last_columns
        no_headers = self.options.no_headers or (self.printed_headers and same)
        if not columns:
            columns = self.last_columns
        elif not same:
            self.last_columns = columns
            self.printed_headers = False
        self.printed_headers = self.printed_headers or bool(rows)
        heads = _heads(columns, self.options, event_type)
        shown = [position for position, (_, wide) in enumerate(heads) if self.options.wide or not wide]
        lines: list[str] = []
        if rows and not no_headers:
            lines.append("\t".join(heads[position][0].upper() for position in shown))
        name_column = _name_column(columns) if self.options.with_kind and self.options.kind else -1
        for row in rows:
            cells = _cells(row, len(columns), name_column, self.options, event_type)
            lines.append(
                "\t".join(_cell_text(cells[position]) for position in shown if position < len(cells))
            )
        return "".join(line + "\n" for line in lines)

    def print_object(self, obj: Obj, event_type: str = "") -> str:
        """The lines of an object that has no table: its name and age, or what a Status says."""
        handler, heads, cells_of = (
            ("status", ["STATUS", "REASON", "MESSAGE"], _status_cells)
            if obj.get("kind") == "Status"
            else ("object", ["NAME", "AGE"], _object_cells)
        )
        options = self.options
        lines: list[str] = []
        if self.last_handler not in ("", handler) and not options.no_headers:
            lines.append("")
        if self.last_handler != handler and not options.no_headers:
            event = ["EVENT"] if event_type else []
            namespace = ["NAMESPACE"] if options.with_namespace else []
            labels = [_label_head(label) for label in options.label_columns]
            labels += ["LABELS"] if options.show_labels else []
            lines.append("\t".join(event + namespace + heads + labels))
        self.last_handler = handler
        items = obj["items"] if isinstance(obj.get("items"), list) else [obj]
        lines += [self._object_line(item, cells_of, event_type) for item in items]
        return "".join(line + "\n" for line in lines)

    def _object_line(self, obj: Obj, cells_of: Callable[[Obj, int], list[str]], event_type: str) -> str:
        options, metadata = self.options, obj.get("metadata") or {}
        cells = cells_of(obj, self.now_us)
        if options.with_kind and options.kind:
            cells[0] = f"{options.kind}/{cells[0]}"
        if options.with_namespace:
            cells.insert(0, metadata.get("namespace", ""))
        if event_type:
            cells.insert(0, _EVENT_TYPES.get(event_type, event_type))
        return "\t".join(cells + _label_cells(metadata, options))


def _object_cells(obj: Obj, now_us: int) -> list[str]:
    metadata = obj.get("metadata") or {}
    return [metadata.get("name", ""), since(metadata.get("creationTimestamp"), now_us)]


def _status_cells(obj: Obj, now_us: int) -> list[str]:
    return [obj.get("status", ""), obj.get("reason", ""), obj.get("message", "")]


def _heads(columns: list[Obj], options: TableOptions, event_type: str) -> list[tuple[str, bool]]:
    """The names of all columns, kubectl's own among them, and whether each is for `-o wide` only."""
    own = [("Event", False)] if event_type else []
    own += [("Namespace", False)] if options.with_namespace else []
    labels = [(_label_head(label), False) for label in options.label_columns]
    labels += [("Labels", False)] if options.show_labels else []
    return own + [(column["name"], bool(column.get("priority"))) for column in columns] + labels


def _label_head(label: str) -> str:
    return label.rpartition("/")[2].upper()


def _name_column(columns: list[Obj]) -> int:
    for position, column in enumerate(columns):
        if column.get("format") == "name" and column.get("type") == "string":
            return position
    return -1


def _cells(row: Obj, width: int, name_column: int, options: TableOptions, event_type: str) -> list[Any]:
    """The cells of a row with those that kubectl adds; empty where the row has no object."""
    cells = list(row.get("cells") or [])
    if name_column >= 0:
        cells[name_column] = f"{options.kind}/{sprint(cells[name_column])}"
    obj = row.get("object")
    metadata = (obj.get("metadata") or {}) if obj else None
    if options.label_columns or options.show_labels:
        cells += (
            [None] * len(options.label_columns) + [None] * options.show_labels
            if metadata is None
            else (_label_cells(metadata, options))
        )
    if options.with_namespace:
        cells.insert(0, None if metadata is None else metadata.get("namespace", ""))
    if event_type:
        cells.insert(0, _EVENT_TYPES.get(event_type, event_type))
    return cells


def _label_cells(metadata: Obj, options: TableOptions) -> list[str]:
    labels = metadata.get("labels") or {}
    cells = [labels.get(label, "") for label in options.label_columns]
    if options.show_labels:
        cells.append(",".join(sorted(f"{name}={value}" for name, value in labels.items())) or "<none>")
    return cells


def _cell_text(cell: Any) -> str:
    """One line of a cell: cut at the first line break, terminal control characters made visible."""
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return escape_terminal(sprint(cell))
    line_break = _LINE_BREAK.search(cell)
    if line_break is None:
        return escape_terminal(cell)
    return escape_terminal(cell[: line_break.start()]) + "..."


def escape_terminal(text: str) -> str:
    """The text without the characters that could drive a terminal."""
    return text.replace("\x1b", "^[").replace("\r", "\\r")
