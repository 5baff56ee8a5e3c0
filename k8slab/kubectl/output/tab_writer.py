"""Text in columns, as Go's tabwriter lays it out.

A cell ends at a tab; what follows the last tab of a line belongs to no column.
A column is a run of consecutive lines that have a cell there, and is as wide as
its widest cell in that run, so that a line without tabs ends every column.

Models text/tabwriter and github.com/liggitt/tabwriter (which remembers widths
across flushes, so that a watch stays aligned), as kubectl v1.36 uses them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class Layout(NamedTuple):
    """The least width of a column, the blanks behind its widest cell, and whether widths are remembered."""

    least_width: int
    padding: int
    remembers: bool


TABLES = Layout(6, 3, True)
"""How `kubectl get` lays out its tables."""

DESCRIPTIONS = Layout(0, 2, False)
"""How `kubectl describe` lays out its lines."""

_LINE_END = re.compile("[\n\f]")


def align(text: str, layout: Layout, remembered: Sequence[int] = ()) -> tuple[str, tuple[int, ...]]:
    """The text laid out, and the widest each column has been.

    `remembered` holds such widths from before; a column is at least that wide.
    """
    lines = [re.split("[\t\v]", line) for line in _LINE_END.split(text)]
    parts: list[str] = []
    widest = list(remembered)
    _block(lines, 0, len(lines), [], layout, widest, parts)
    return "".join(parts)[:-1], tuple(widest)


def aligned(text: str, layout: Layout) -> str:
    """The text laid out, with nothing remembered."""
    return align(text, layout)[0]


def _block(
    lines: list[list[str]],
    first: int,
    end: int,
    widths: list[int],
    layout: Layout,
    widest: list[int],
    parts: list[str],
) -> None:
    """Appends lines first to end, whose leftmost columns have these widths."""
    column = len(widths)
    line = first
    while line < end:
        if column >= len(lines[line]) - 1:
            line += 1
            continue
        _write(lines[first:line], widths, parts)
        first = line
        width = layout.least_width
        while line < end and column < len(lines[line]) - 1:
            width = max(width, len(lines[line][column]) + layout.padding)
            line += 1
        if layout.remembers and column < len(widest):
            widest[column] = width = max(width, widest[column])
        elif layout.remembers:
            widest.append(width)
        _block(lines, first, line, [*widths, width], layout, widest, parts)
        first = line
    _write(lines[first:end], widths, parts)


def _write(lines: list[list[str]], widths: list[int], parts: list[str]) -> None:
    for line in lines:
        for position, cell in enumerate(line):
            parts.append(cell.ljust(widths[position]) if position < len(widths) else cell)
        parts.append("\n")
