"""The table of Events does what a dict would, for itself and for each of its copies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.api.meta import Key
from k8slab.store import events
from k8slab.store.events import EventTable
from k8slab.store.recorded import About, More, RecordedEvent, voice_of

ABOUT = About("Pod", "default", "web", "u1")
VOICE = voice_of("tester", "", "Normal", "Tested", "", "v1", "", "tester", 7)
VERBS = ("add", "add", "make", "expire", "remove", "bring back", "repeat", "write", "copy")


def recorded(number: int) -> RecordedEvent:
    """An Event that says one of seven things; four are recorded at one instant."""
    return RecordedEvent(number, number // 4, 0, ABOUT, VOICE, f"thing {number % 7}", "1", 1)


def again(event: RecordedEvent, number: int) -> RecordedEvent:
    return event._replace(revision=number, times=event.times + 1, more=More(event.first))


class Pair:
    """A table beside the dict that it should be like."""

    def __init__(self, table: EventTable, model: dict[Key, Any]) -> None:
        self.table, self.model = table, model

    def record(self, event: RecordedEvent) -> None:
        self.model[event.key] = event
        self.table.record(event)

    def put(self, key: Key, obj: Any, number: int) -> None:
        self.model[key] = obj
        self.table.put(key, obj, number, number // 4)

    def remove(self, key: Key) -> None:
        event = self.model.pop(key)
        if isinstance(event, RecordedEvent):
            self.table.expire(event)
        else:
            self.table.remove(key)

    def check(self, keys: set[Key]) -> None:
        assert list(self.table.values()) == list(self.model.values())
        assert len(self.table) == len(self.model)
        for key in sorted(keys):
            assert self.table.get(key) == self.model.get(key)
        said = {one.message: one for one in self.model.values() if isinstance(one, RecordedEvent)}
        for message, event in said.items():
            found = self.table.that_says(ABOUT, VOICE, message)
            assert found == event or not isinstance(found, RecordedEvent)


def do(pair: Pair, verb: str, number: int, place: int) -> None:
    keys = list(pair.model)
    if verb == "add":
        for one in range(number, number + 1 + place % 4):
            pair.record(recorded(one))
    elif verb == "make":
        pair.put(("default", f"made.{number:x}"), {"note": number}, number)
    elif not keys:
        return
    elif verb == "expire":
        for key in keys[: 1 + place % 9]:
            pair.remove(key)
    else:
        key = keys[place % len(keys)]
        event = pair.model[key]
        if verb in ("remove", "bring back"):
            pair.remove(key)
            if verb == "bring back":
                pair.put(key, {"note": number}, number)
        elif verb == "repeat" and isinstance(event, RecordedEvent):
            pair.record(again(event, number))
        else:
            pair.put(key, {"note": number}, number)


STEPS = st.lists(
    st.tuples(st.sampled_from(VERBS), st.integers(0, 2), st.integers(0, 99)), min_size=20, max_size=60
)


@settings(max_examples=80)
@given(steps=STEPS)
def test_a_table_is_like_a_dict(steps: list[tuple[str, int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "_YOUNG_ENOUGH", 3)
        patch.setattr(events, "_MOST_CHANGES", 6)
        patch.setattr(events, "_MOST_YOUNG", 9)
        patch.setattr(events, "_FEW", 2)
        pairs = [Pair(EventTable(), {})]
        keys: set[Key] = set()
        for number, (verb, which, place) in enumerate(steps):
            pair = pairs[which % len(pairs)]
            if verb == "copy":
                pairs = [*pairs[-2:], Pair(pair.table.copy(), pair.model.copy())]
            else:
                # The numbers are revisions: they only grow, and some steps take several.
                do(pair, verb, 4 * number + 1, place)
            keys.update(pair.model)
            for one in pairs:
                one.check(keys)


def test_a_copy_shares_what_is_old() -> None:
    table = EventTable()
    for number in range(1, 10_001):
        table.record(recorded(number))
        if number % 500 == 0:
            table.copy()
    table.copy()
    assert table.own_entries() < 1000
    assert len(table._levels) < 20


def test_many_are_kept_in_levels_even_if_nobody_copies_them() -> None:
    table = EventTable()
    for number in range(1, 20_001):
        table.record(recorded(number))
    assert table.own_entries() <= 2 * events._MOST_YOUNG
    assert len(table._levels) < 10


CHANGES = [
    ("a new one comes", lambda table: table.record(recorded(9)), 50),
    ("a client makes one", lambda table: table.put(("default", "new"), {}, 9, 9), 50),
    ("one is said again", lambda table: table.record(again(recorded(1), 9)), 0),
    ("one is rewritten", lambda table: table.put(recorded(1).key, {}, 9, 9), 0),
    ("one expires", lambda table: table.expire(recorded(1)), 0),
    ("one is removed", lambda table: table.remove(recorded(1).key), 0),
]


@pytest.mark.parametrize(("change", "quiet"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES])
@pytest.mark.parametrize("copied", [False, True])
def test_that_nothing_expires_is_known_until_an_event_changes(
    change: Callable[[EventTable], None], quiet: int, copied: bool
) -> None:
    table = EventTable()
    for number in (1, 2):
        table.record(recorded(number))
    table.quiet_until_us = 50
    if copied:
        table = table.copy()
    change(table)
    assert table.quiet_until_us == quiet


def test_of_two_that_say_the_same_the_last_is_found() -> None:
    table = EventTable()
    table.record(recorded(1))
    table.record(recorded(8))
    found = table.that_says(ABOUT, VOICE, "thing 1")
    assert isinstance(found, RecordedEvent)
    assert found.revision == 8
    assert table.that_says(ABOUT._replace(uid="u2"), VOICE, "thing 1") is None
    assert table.that_says(ABOUT, VOICE._replace(host="node-1"), "thing 1") is None


def test_only_what_is_there_can_be_removed() -> None:
    table = EventTable()
    table.record(recorded(1))
    with pytest.raises(KeyError):
        table.remove(("default", "other.1"))
    assert len(table) == 1
