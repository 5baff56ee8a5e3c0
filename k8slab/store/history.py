"""The changes of a store, oldest first, as watches, rewinds and explanations read them.

Most changes are kept as they are. Those of recorded Events are kept as short
rows, of which a `Change` is made when it is asked for by its place; it then
stays in that place, so that asking again gives the very same one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from k8slab.store.recorded import Row, change_of
from k8slab.store.view import Change


class History(Sequence[Change]):
    """A sequence of changes. `rows` holds what is kept of each."""

    __slots__ = ("rows",)

    def __init__(self, rows: list[Row] | None = None) -> None:
        self.rows: list[Row] = [] if rows is None else rows

    def copy(self) -> History:
        """An independent history with the same changes."""
        return History(self.rows.copy())

    def first(self, count: int) -> History:
        """An independent history of the oldest few changes."""
        return History(self.rows[:count])

    def __len__(self) -> int:
        """How many changes there are."""
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Change: ...

    @overload
    def __getitem__(self, place: slice) -> list[Change]: ...

    def __getitem__(self, place: int | slice) -> Change | list[Change]:
        """The change at a place, or those of a slice."""
        rows = self.rows
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(rows)))]
        row = rows[place]
        if isinstance(row, Change):
            return row
        rows[place] = change = change_of(row)
        return change

    def __iter__(self) -> Iterator[Change]:
        """The changes, oldest first."""
        return map(change_of, self.rows)

    def __reversed__(self) -> Iterator[Change]:
        """The changes, youngest first."""
        return map(change_of, reversed(self.rows))

    def __eq__(self, other: object) -> bool:
        """Whether another sequence holds equal changes."""
        if isinstance(other, History) and self.rows == other.rows:
            return True
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]
