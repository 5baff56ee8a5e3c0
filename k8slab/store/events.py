"""The table of Events: many, seldom changed, gone in the order in which they came, and shared by copies.

A World is copied every few hundred changes, and has a hundred Events for each
other object. So the table is a list of levels, which copies share, and a young
list, which each has for itself. A copy turns the young list into a level; two
neighbours of like size become one, so that there are only a few. Expiry takes
the oldest first and only moves a mark over the oldest level.

Levels are plain tuples in the order in which the Events came, which is that of
their numbers and of their times as well. An Event's name says its time, so it is
found by bisection, and no name is made before somebody reads it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from k8slab.api.meta import Key, Obj
from k8slab.store.recorded import About, RecordedEvent, Voice, moment

Kept = RecordedEvent | Obj
"""An Event as it is kept: as it was recorded, or as the object that a client wrote."""


class Written(NamedTuple):
    """An Event that a client made, under whatever name."""

    number: int
    at_us: int
    key: Key
    obj: Obj


Entry = RecordedEvent | Written
"""An Event in its place. Which it is never changes, what it says now may stand elsewhere."""

_YOUNG_ENOUGH = 64
"""A copy shares no level smaller than this, but copies it."""
_MOST_YOUNG = 4096
"""So many Events become a level even where nobody copies them: a level takes less memory."""
_LARGE_ENOUGH = 1 << 16
"""A level with so many Events is joined no more: it would be copied whole for little."""
_MOST_CHANGES = 1024
"""When so many Events have been changed or removed, all is put together anew."""

_FEW = 12
"""So many Events about one object are gone through; of more a dict is made."""

_Said = tuple[RecordedEvent, ...] | dict[tuple[Voice, str], RecordedEvent]
"""What was said of one object, oldest first."""
_Abouts = dict[About, _Said]


class Level(NamedTuple):
    """Some Events in the order in which they came, and what was said of which object. It never changes."""

    entries: tuple[Entry, ...]
    abouts: _Abouts


class EventTable:
    """Events by key, oldest first, and by what they say."""

    __slots__ = (
        "_abouts",
        "_changed",
        "_gone",
        "_levels",
        "_most_shift",
        "_passed",
        "_rewritten",
        "_size",
        "_written",
        "_young",
        "quiet_until_us",
    )

    def __init__(self) -> None:
        self._levels: list[Level] = []
        self._passed = 0
        """How many of the oldest level have been passed over: they are gone."""
        self._changed: dict[int, Kept] = {}
        """What an Event says now, by its number, where that is not what its entry says."""
        self._gone: dict[int, None] = {}
        """The Events that were removed out of turn."""
        self._young: list[Entry] = []
        self._abouts: _Abouts = {}
        """What the young ones say of which object."""
        self._written: dict[Key, Written] = {}
        """Those that clients made."""
        self._size = 0
        self._most_shift = 0
        """The most nanoseconds by which a name was moved out of the way of another."""
        self._rewritten = 0
        """How many recorded ones had been changed by clients when all was last put together."""
        self.quiet_until_us = 0
        """Until when no Event expires, as far as that is known; 0 where it isn't."""

    def copy(self) -> EventTable:
        """An independent table with the same Events."""
        if len(self._changed) + len(self._gone) > _MOST_CHANGES + self._rewritten:
            self._rebuild()
        if len(self._young) >= _YOUNG_ENOUGH:
            self._freeze()
        twin = EventTable()
        twin._levels = self._levels.copy()
        twin._passed, twin._size, twin._rewritten = self._passed, self._size, self._rewritten
        twin._changed, twin._gone = self._changed.copy(), self._gone.copy()
        twin._young = self._young.copy()
        twin._abouts = {
            about: said.copy() if isinstance(said, dict) else said for about, said in self._abouts.items()
        }
        twin._written, twin._most_shift = self._written.copy(), self._most_shift
        twin.quiet_until_us = self.quiet_until_us
        return twin

    def own_entries(self) -> int:
        """How many entries a copy doesn't share."""
        return 2 * len(self._young) + len(self._changed) + len(self._gone) + len(self._written)

    def __len__(self) -> int:
        """How many Events there are."""
        return self._size

    def get(self, key: Key) -> Kept | None:
        """The Event of a key."""
        entry = self._entry(key)
        return None if entry is None else self._value(entry)

    def has_unusual_names(self) -> bool:
        """Whether clients have named some of the Events, or one stood aside for the name of another."""
        return bool(self._written) or self._most_shift > 0

    def that_says(self, about: About, voice: Voice, message: str) -> Kept | None:
        """The Event that was recorded last to say something, as it is now, if it is still there."""
        found: RecordedEvent | None = None
        for abouts in (self._abouts, *[level.abouts for level in reversed(self._levels)]):
            said = abouts.get(about)
            if said is not None:
                found = _last_said(said, voice, message)
                if found is not None:
                    break
        return self._value(found) if found is not None and self._is_there(found.number) else None

    def record(self, event: RecordedEvent) -> None:
        """Enter a new Event, or one that is said again."""
        if event.number != event.revision:
            self._change(event.number, event)
            return
        if event.more is not None:
            self._most_shift = max(self._most_shift, event.more.shift)
        self._abouts[event.about] = _said_also(self._abouts.get(event.about, ()), event)
        self._append(event)

    def put(self, key: Key, obj: Obj, revision: int, at_us: int) -> None:
        """Enter a client's Event, or change one in its place."""
        entry = self._entry(key)
        if entry is not None:
            self._change(entry.number, obj)
            return
        written = Written(revision, at_us, key, obj)
        self._written[key] = written
        self._append(written)

    def _change(self, number: int, kept: Kept) -> None:
        self.quiet_until_us = 0
        self._changed[number] = kept

    def _append(self, entry: Entry) -> None:
        self._young.append(entry)
        self._size += 1
        if len(self._young) >= _MOST_YOUNG:
            self._freeze()

    def remove(self, key: Key) -> None:
        """Take an Event out. KeyError where there is none."""
        entry = self._entry(key)
        if entry is None:
            raise KeyError(key)
        self._written.pop(key, None)
        self._take_out(entry.number)

    def expire(self, event: RecordedEvent) -> None:
        """Take a recorded Event out."""
        self._take_out(event.number)

    def _take_out(self, number: int) -> None:
        self._size -= 1
        self.quiet_until_us = 0
        self._changed.pop(number, None)
        if not self._levels:
            self._freeze()
        oldest = self._levels[0].entries
        if oldest[self._passed].number != number:
            self._gone[number] = None
            return
        self._passed += 1
        while self._passed < len(oldest) and oldest[self._passed].number in self._gone:
            del self._gone[oldest[self._passed].number]
            self._passed += 1
        if self._passed == len(oldest):
            del self._levels[0]
            self._passed = 0

    def values(self) -> Iterator[Kept]:
        """The Events, oldest first."""
        return map(self._value, self._entries())

    def _entries(self) -> Iterator[Entry]:
        """Those that are there."""
        gone, passed = self._gone, self._passed
        for level in self._levels:
            for place in range(passed, len(level.entries)):
                entry = level.entries[place]
                if not gone or entry.number not in gone:
                    yield entry
            passed = 0
        for entry in self._young:
            if not gone or entry.number not in gone:
                yield entry

    def _value(self, entry: Entry) -> Kept:
        """What an Event says now."""
        changed = self._changed.get(entry.number) if self._changed else None
        if changed is not None:
            return changed
        return entry.obj if isinstance(entry, Written) else entry

    def _entry(self, key: Key) -> Entry | None:
        """The entry of an Event that is there."""
        written = self._written.get(key)
        if written is not None:
            return written
        nanoseconds = _time_in(key[1])
        if nanoseconds is None:
            return None
        found = _at(self._young, key, nanoseconds, self._most_shift)
        if found is not None and self._is_there(found.number):
            return found
        for level in reversed(self._levels):
            found = _at(level.entries, key, nanoseconds, self._most_shift)
            if found is not None and self._is_there(found.number):
                return found
        return None

    def _is_there(self, number: int) -> bool:
        """Whether an Event that was once entered has not been removed."""
        if number in self._gone:
            return False
        return not self._passed or number >= self._levels[0].entries[self._passed].number

    def _freeze(self) -> None:
        """Make a level of the young Events, and one of two neighbours as long as they are of like size."""
        level = self._level_of(self._young, self._abouts)
        self._young, self._abouts = [], {}
        while self._levels and self._size_of_last() <= min(2 * len(level.entries), _LARGE_ENOUGH):
            level = self._joined(self._levels.pop(), level)
        if level.entries:
            self._levels.append(level)

    def _size_of_last(self) -> int:
        passed = self._passed if len(self._levels) == 1 else 0
        return len(self._levels[-1].entries) - passed

    def _level_of(self, entries: Sequence[Entry], abouts: _Abouts) -> Level:
        """A level of some Events, without those among them that are gone."""
        gone = [entry.number for entry in entries if entry.number in self._gone] if self._gone else ()
        if not gone:
            return Level(tuple(entries), abouts)
        kept = tuple([entry for entry in entries if entry.number not in self._gone])
        for number in gone:
            del self._gone[number]
        return Level(kept, _abouts_of(kept))

    def _joined(self, older: Level, younger: Level) -> Level:
        """One level of two neighbours."""
        if not self._levels and self._passed:
            entries = older.entries[self._passed :]
            self._passed = 0
            older = Level(entries, _abouts_of(entries))
        older = self._level_of(older.entries, older.abouts)
        abouts = older.abouts.copy()
        for about, said in younger.abouts.items():
            before = abouts.get(about)
            abouts[about] = said if before is None else _said_both(before, said)
        return Level((*older.entries, *younger.entries), abouts)

    def _rebuild(self) -> None:
        """Put all into one young list, each Event as it is now."""
        rewritten: dict[int, Kept] = {}
        young: list[Entry] = []
        for entry in self._entries():
            value = self._value(entry)
            if isinstance(value, RecordedEvent):
                young.append(value)
            elif isinstance(entry, Written):
                young.append(entry._replace(obj=value))
            else:
                young.append(entry)
                rewritten[entry.number] = value
        self._young, self._abouts = young, _abouts_of(young)
        self._written = {entry.key: entry for entry in young if isinstance(entry, Written)}
        self._levels, self._passed, self._gone = [], 0, {}
        self._changed, self._rewritten = rewritten, len(rewritten)


def _last_said(said: _Said, voice: Voice, message: str) -> RecordedEvent | None:
    """The last Event that says something among those about one object."""
    if isinstance(said, dict):
        return said.get((voice, message))
    for event in reversed(said):
        if event.message == message and event.voice == voice:
            return event
    return None


def _said_also(said: _Said, event: RecordedEvent) -> _Said:
    """What was said of an object, and one Event more. A dict is changed in its place."""
    if isinstance(said, tuple):
        if len(said) < _FEW:
            return (*said, event)
        said = _by_saying(said)
    said[(event.voice, event.message)] = event
    return said


def _said_both(older: _Said, younger: _Said) -> _Said:
    """What was said of an object, in two levels. Neither of them is changed."""
    if isinstance(older, tuple) and isinstance(younger, tuple) and len(older) + len(younger) <= _FEW:
        return (*older, *younger)
    return {**_by_saying(older), **_by_saying(younger)}


def _by_saying(said: _Said) -> dict[tuple[Voice, str], RecordedEvent]:
    return said if isinstance(said, dict) else {(event.voice, event.message): event for event in said}


def _abouts_of(entries: Iterable[Entry]) -> _Abouts:
    """What some Events say of which object."""
    abouts: _Abouts = {}
    for entry in entries:
        if isinstance(entry, RecordedEvent):
            abouts[entry.about] = _said_also(abouts.get(entry.about, ()), entry)
    return abouts


def _time_in(name: str) -> int | None:
    """The nanoseconds that the name of a recorded Event ends in; None for another name."""
    try:
        return int(name.rpartition(".")[2], 16)
    except ValueError:
        return None


def _at(entries: Sequence[Entry], key: Key, nanoseconds: int, most_shift: int) -> RecordedEvent | None:
    """The recorded Event of a key among some that are in the order in which they came."""
    for shift in range(most_shift + 1):
        place = bisect_left(entries, nanoseconds - shift, key=_moment_of)
        if place < len(entries):
            entry = entries[place]
            if isinstance(entry, RecordedEvent) and entry.key == key:
                return entry
    return None


def _moment_of(entry: Entry) -> int:
    """When an Event was entered, as its name says it; no two of these are the same."""
    if isinstance(entry, Written):
        return moment(entry.at_us, entry.number)
    first = entry.first
    return moment(first.at_us, first.revision)
