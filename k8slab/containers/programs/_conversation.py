"""Clients that are talked to: a prompt, a line that is typed, an answer, until the input ends.

Where nobody sits at a terminal there is no prompt, and the lines are read all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slab.containers.requests import Prompt
from k8slab.containers.streams import Steps, is_terminal


def at_terminal(call: Any) -> bool:
    """Whether somebody sits before a client: it reads from a terminal."""
    return is_terminal(call.io.stdin)


def asked(call: Any, prompt: str) -> Steps:
    """The line that is typed at a prompt, with its newline; the empty text at the end of the input."""
    if at_terminal(call):
        yield Prompt(prompt)
    return (yield from call.io.stdin.line())


def framed(columns: list[str], rows: list[list[Any]]) -> str:
    """A table in a frame, as MySQL's client shows it: numbers to the right, the rest to the left."""
    cells = [["NULL" if value is None else str(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[at]) for row in cells)]) for at, name in enumerate(columns)]
    numbers = [
        bool(rows) and all(isinstance(row[at], int | float) for row in rows) for at in range(len(columns))
    ]
    rule = "+" + "".join("-" * (width + 2) + "+" for width in widths)

    def line(row: list[str], place: Callable[[int, str], str]) -> str:
        return "|" + "".join(f" {place(at, cell)} |" for at, cell in enumerate(row))

    def placed(at: int, cell: str) -> str:
        return cell.rjust(widths[at]) if numbers[at] else cell.ljust(widths[at])

    head = line(columns, lambda at, name: name.ljust(widths[at]))
    return "\n".join([rule, head, rule, *(line(row, placed) for row in cells), rule]) + "\n"
