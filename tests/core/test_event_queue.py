"""The queue of events gives them in the order of one sorted list, for itself and for its copies."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.cluster.world import Event, EventQueue

DELAYS_US = st.integers(min_value=0, max_value=40_000)


@settings(deadline=None)
@given(steps=st.lists(st.one_of(DELAYS_US, st.just("pop"), st.just("copy")), max_size=60))
def test_events_come_in_order(steps: list[int | str]) -> None:
    queue, model, now_us = EventQueue(), [], 0
    for number, step in enumerate(steps):
        if step == "copy":
            other = queue
            queue = queue.copy()
            other.push(Event(0, -1, "nobody", ("", ""), 0))
        elif step == "pop":
            first = queue.first()
            assert first == (model[0] if model else None)
            if first is not None:
                queue.pop()
                del model[0]
                now_us = first.at_us
        else:
            event = Event(now_us + int(step), number, "somebody", ("", ""), 0)
            queue.push(event)
            model = sorted([*model, event])
        assert len(queue) == len(model)
