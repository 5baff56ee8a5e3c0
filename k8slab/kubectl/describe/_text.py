"""The page a description is written on: tab-separated lines at levels of indentation, aligned at the end.

Models PrefixWriter and tabbedString of
staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from k8slab.api.meta import Obj
from k8slab.kubectl.output.tab_writer import DESCRIPTIONS, aligned
from k8slab.kubectl.output.table_text import escape_terminal


class Lookup(Protocol):
    """What a description looks up beside the object itself. Kinds are named as in manifests."""

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        """One object, or None; the namespace is empty for a cluster-scoped kind."""

    def list(
        self, kind: str, namespace: str, *, label_selector: str = "", field_selector: str = ""
    ) -> Sequence[Obj]:
        """The objects of a kind in the server's order; an empty namespace means all of them."""


class Context(NamedTuple):
    """What a describer may use: lookups, the clock, and whether to show events."""

    lookup: Lookup
    now_us: int
    show_events: bool = True


@dataclass(slots=True)
class Page:
    """Text written at levels, two blanks each. What is aligned together ends at a flush."""

    indent: int = 0
    done: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)

    def write(self, level: int, text: str) -> None:
        """Text behind the level's blanks; it need not be a whole line."""
        self.pending.append("  " * (level + self.indent) + escape_terminal(text))

    def line(self, text: str = "") -> None:
        """A line, or the rest of one, without a level's blanks."""
        self.pending.append("  " * self.indent + escape_terminal(text) + "\n")

    def flush(self) -> None:
        """Aligns what was written so far; what follows is aligned by itself."""
        self.done.append(aligned("".join(self.pending), DESCRIPTIONS))
        self.pending.clear()

    def nested(self, indent: int) -> Page:
        """A page whose text goes to this one, further in."""
        return Page(self.indent + indent, self.done, self.pending)

    def text(self) -> str:
        """The whole description."""
        self.flush()
        return "".join(self.done)


Describe = Callable[[Page, Obj, Context], None]


class Describer(NamedTuple):
    """How a kind of a group is described."""

    group: str
    describe: Describe


class DescribeError(Exception):
    """Why an object cannot be described, in upstream's words."""
