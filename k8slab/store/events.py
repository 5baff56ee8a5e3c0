"""The table of Events: many, seldom changed, gone in the order in which they came, and shared by copies.

A World is copied every few hundred changes, and has a hundred Events for each
other object. So the table is a list of levels, which copies share, and a young
dict, which each has for itself. A copy turns the young dict into a level; two
neighbours of like size become one, so that there are only a few. Expiry takes
the oldest first and only moves a mark over the oldest level.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from k8slab.api.meta import Key, Obj
from k8slab.store.recorded import RecordedEvent, Saying

Kept = RecordedEvent | Obj
"""An Event as it is kept: as it was recorded, or as the object that a client wrote."""

_YOUNG_ENOUGH = 64
"""A copy shares no level smaller than this, but copies it."""
_MOST_CHANGES = 1024
"""When so many Events of the levels have been changed or removed, all is put together anew."""


class Level(NamedTuple):
    """Some Events in the order in which they came, and which of them says what. It never changes."""

    events: dict[Key, Kept]
    keys: tuple[Key, ...]
    sayings: dict[Saying, Key]


class EventTable:
    """Events by key, oldest first, and by what they say."""

    __slots__ = (
        "_changed",
        "_gone",
        "_levels",
        "_passed",
        "_places",
        "_sayings",
        "_size",
        "_young",
        "quiet_until_us",
    )

    def __init__(self) -> None:
        self._levels: list[Level] = []
        self._passed = 0
        """How many of the oldest level have been passed over: they are gone or changed their place."""
        self._places: dict[Key, int] | None = None
        """Where the Events of the oldest level stand in it; made when it is first needed."""
        self._changed: dict[Key, Kept] = {}
        """What takes the place of an Event in a level."""
        self._gone: dict[Key, None] = {}
        """The Events in levels that were removed out of turn."""
        self._young: dict[Key, Kept] = {}
        self._sayings: dict[Saying, Key] = {}
        """Which young Event says what."""
        self._size = 0
        self.quiet_until_us = 0
        """Until when no Event expires, as far as that is known; 0 where it isn't."""

    def copy(self) -> EventTable:
        """An independent table with the same Events."""
        if len(self._changed) + len(self._gone) > _MOST_CHANGES:
            self._rebuild()
        if len(self._young) >= _YOUNG_ENOUGH:
            self._freeze()
        twin = EventTable()
        twin._levels = self._levels.copy()
        twin._passed, twin._places, twin._size = self._passed, self._places, self._size
        twin._changed, twin._gone = self._changed.copy(), self._gone.copy()
        twin._young, twin._sayings = self._young.copy(), self._sayings.copy()
        twin.quiet_until_us = self.quiet_until_us
        return twin

    def own_entries(self) -> int:
        """How many entries a copy doesn't share."""
        return 2 * len(self._young) + len(self._changed) + len(self._gone)

    def __len__(self) -> int:
        """How many Events there are."""
        return self._size

    def get(self, key: Key) -> Kept | None:
        """The Event of a key."""
        found = self._young.get(key)
        if found is not None or not self._levels:
            return found
        found = self._changed.get(key)
        if found is not None or key in self._gone:
            return found
        for level in reversed(self._levels):
            found = level.events.get(key)
            if found is not None:
                return None if self._is_passed(level, key) else found
        return None

    def _is_passed(self, level: Level, key: Key) -> bool:
        if level is not self._levels[0] or not self._passed:
            return False
        if self._places is None:
            self._places = {key: place for place, key in enumerate(level.keys)}
        return self._places[key] < self._passed

    def has_known(self, key: Key) -> bool:
        """Whether there is, or lately was, an Event of a key: one that there never was has no entry."""
        if key in self._young:
            return True
        for level in self._levels:
            if key in level.events:
                return True
        return False

    def that_says(self, saying: Saying) -> Key | None:
        """The key of the Event that was recorded last to say something, if it is still there."""
        key = self._sayings.get(saying)
        if key is None:
            for level in reversed(self._levels):
                key = level.sayings.get(saying)
                if key is not None:
                    break
        return key if key is not None and self.get(key) is not None else None

    def put(self, key: Key, event: Kept) -> None:
        """Enter a new Event, or change one in its place."""
        if self.has_known(key):
            self.quiet_until_us = 0
            if key in self._young:
                self._young[key] = event
                return
            if self.get(key) is not None:
                self._changed[key] = event
                return
            # It was here before: only one level may know a key.
            self._rebuild()
        self._young[key] = event
        self._size += 1
        if isinstance(event, RecordedEvent):
            self._sayings[event.saying] = key

    def remove(self, key: Key) -> None:
        """Take an Event out."""
        self._size -= 1
        self.quiet_until_us = 0
        young = self._young.pop(key, None)
        if young is not None:
            if isinstance(young, RecordedEvent) and self._sayings.get(young.saying) == key:
                del self._sayings[young.saying]
            return
        self._changed.pop(key, None)
        oldest = self._levels[0].keys
        if oldest[self._passed] != key:
            self._gone[key] = None
            return
        self._passed += 1
        while self._passed < len(oldest) and oldest[self._passed] in self._gone:
            del self._gone[oldest[self._passed]]
            self._passed += 1
        if self._passed == len(oldest):
            del self._levels[0]
            self._passed, self._places = 0, None

    def oldest(self) -> Kept | None:
        """The oldest Event."""
        if self._levels:
            keys, passed = self._levels[0].keys, self._passed
            if keys[passed] not in self._gone:
                return self._changed.get(keys[passed]) or self._levels[0].events[keys[passed]]
        return next(self.values(), None)

    def values(self) -> Iterator[Kept]:
        """The Events, oldest first."""
        passed = self._passed
        for level in self._levels:
            for place in range(passed, len(level.keys)):
                key = level.keys[place]
                if key not in self._gone:
                    yield self._changed.get(key) or level.events[key]
            passed = 0
        yield from self._young.values()

    def _freeze(self) -> None:
        """Make a level of the young Events, and one of two neighbours as long as they are of like size."""
        level = Level(self._young, tuple(self._young), self._sayings)
        self._young, self._sayings = {}, {}
        while self._levels and 2 * len(level.keys) >= len(self._levels[-1].keys) - self._passed_of_last():
            level = self._joined(self._levels.pop(), level)
        self._levels.append(level)

    def _passed_of_last(self) -> int:
        return self._passed if len(self._levels) == 1 else 0

    def _joined(self, older: Level, younger: Level) -> Level:
        """One level of two neighbours."""
        keys = older.keys
        if not self._levels:
            keys = keys[self._passed :]
            self._passed, self._places = 0, None
        events = {key: older.events[key] for key in keys}
        sayings = {saying: key for saying, key in older.sayings.items() if key in events}
        return Level({**events, **younger.events}, (*keys, *younger.keys), {**sayings, **younger.sayings})

    def _rebuild(self) -> None:
        """Put all into one young dict."""
        events: dict[Key, Kept] = {}
        for level, passed in zip(self._levels, (self._passed, *[0] * len(self._levels)), strict=False):
            for key in level.keys[passed:]:
                if key not in self._gone:
                    events[key] = self._changed.get(key) or level.events[key]
        sayings: dict[Saying, Key] = {}
        for level in self._levels:
            sayings |= {saying: key for saying, key in level.sayings.items() if key in events}
        self._young = {**events, **self._young}
        self._sayings = {**sayings, **self._sayings}
        self._levels, self._passed, self._places, self._changed, self._gone = [], 0, None, {}, {}
