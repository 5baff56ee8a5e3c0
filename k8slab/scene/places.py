"""Places that are kept: a thing stays where it is while others come and go.

A reader finds a Pod again by where it was; so nobody moves up when a place
falls free, and the next to come takes the lowest free one.
"""

from __future__ import annotations

from heapq import heappop, heappush


class Places:
    """Numbered places, each held by at most one id."""

    __slots__ = ("_end", "_free", "_held", "_top", "at")

    def __init__(self) -> None:
        self.at: dict[str, int] = {}
        """The place of each id."""
        self._held: dict[int, str] = {}
        self._free: list[int] = []
        self._end = 0
        self._top = 0

    def take(self, identity: str, prefer: int = -1) -> int:
        """The id's place: the one it has, else the preferred one if it is free, else the lowest free one."""
        place = self.at.get(identity)
        if place is not None:
            return place
        place = prefer if prefer >= 0 and prefer not in self._held else self._lowest()
        self.at[identity] = place
        self._held[place] = identity
        self._top = max(self._top, place + 1)
        return place

    def _lowest(self) -> int:
        while self._free:
            place = heappop(self._free)
            if place < self._end and place not in self._held:
                return place
        while self._end in self._held:
            self._end += 1
        self._end += 1
        return self._end - 1

    def leave(self, identity: str) -> None:
        """Give a place back."""
        place = self.at.pop(identity, None)
        if place is None:
            return
        del self._held[place]
        if place < self._end:
            heappush(self._free, place)
        while self._top and self._top - 1 not in self._held:
            self._top -= 1

    def top(self) -> int:
        """One more than the highest place that is held."""
        return self._top
