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
from k8slab.store.recorded import About, RecordedEvent, Saying

ABOUT = About("Pod", "default", "web", "u1", "")
VERBS = ("add", "add", "add", "expire", "remove", "bring back", "repeat", "write", "copy")


def recorded(number: int, key: Key) -> RecordedEvent:
    """An Event that says one of seven things."""
    saying = Saying(ABOUT, "tester", "", "Normal", "Tested", f"thing {number % 7}")
    return RecordedEvent(number, number, 0, key, saying, "v1", "1", "", None, "tester", 7, 1, None)


class Pair:
    """A table beside the dict that it should be like."""

    def __init__(self, table: EventTable, model: dict[Key, Any]) -> None:
        self.table, self.model = table, model

    def put(self, key: Key, event: Any) -> None:
        self.model[key] = event
        self.table.put(key, event)

    def remove(self, key: Key) -> None:
        del self.model[key]
        self.table.remove(key)

    def check(self, most: int) -> None:
        assert list(self.table.values()) == list(self.model.values())
        assert len(self.table) == len(self.model)
        for number in range(most + 1):
            key = ("default", f"web.{number}")
            assert self.table.get(key) == self.model.get(key)
        for event in self.model.values():
            if isinstance(event, RecordedEvent):
                found = self.table.that_says(event.saying)
                assert found is None or found in self.model


def do(pair: Pair, verb: str, number: int, place: int) -> None:
    keys = list(pair.model)
    if verb == "add":
        for one in range(number * 4, number * 4 + 1 + place % 4):
            key = ("default", f"web.{one}")
            pair.put(key, recorded(one, key))
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
                pair.put(key, recorded(number, key))
        elif verb == "repeat" and isinstance(event, RecordedEvent):
            pair.put(key, event._replace(revision=number, times=event.times + 1))
        else:
            pair.put(key, {"note": number})


STEPS = st.lists(
    st.tuples(st.sampled_from(VERBS), st.integers(0, 2), st.integers(0, 99)), min_size=20, max_size=60
)


@settings(max_examples=80)
@given(steps=STEPS)
def test_a_table_is_like_a_dict(steps: list[tuple[str, int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "_YOUNG_ENOUGH", 3)
        patch.setattr(events, "_MOST_CHANGES", 6)
        pairs = [Pair(EventTable(), {})]
        for number, (verb, which, place) in enumerate(steps):
            pair = pairs[which % len(pairs)]
            if verb == "copy":
                pairs = [*pairs[-2:], Pair(pair.table.copy(), pair.model.copy())]
            else:
                do(pair, verb, number, place)
            for one in pairs:
                one.check(4 * number)


def test_a_copy_shares_what_is_old() -> None:
    table = EventTable()
    for number in range(10_000):
        key = ("default", f"web.{number}")
        table.put(key, recorded(number, key))
        if number % 500 == 0:
            table.copy()
    table.copy()
    assert table.own_entries() < 1000
    assert len(table._levels) < 20


CHANGES = [
    ("a new one comes", lambda table: table.put(("default", "new"), recorded(9, ("default", "new"))), 50),
    ("one is said again", lambda table: table.put(("default", "a"), recorded(9, ("default", "a"))), 0),
    ("one is removed", lambda table: table.remove(("default", "a")), 0),
]


@pytest.mark.parametrize(("change", "quiet"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES])
@pytest.mark.parametrize("copied", [False, True])
def test_that_nothing_expires_is_known_until_an_event_changes(
    change: Callable[[EventTable], None], quiet: int, copied: bool
) -> None:
    table = EventTable()
    for name in "ab":
        table.put(("default", name), recorded(1, ("default", name)))
    table.quiet_until_us = 50
    if copied:
        table = table.copy()
    change(table)
    assert table.quiet_until_us == quiet
