"""What a kubelet remembers is replaced field by field, quickly."""

from __future__ import annotations

from k8slab.kubelet.runtime import RUNNING, Runtime, Slot, changed


def test_a_value_with_other_fields_is_what_replace_gives() -> None:
    slot = Slot("main", resources={"requests": {"cpu": "10m"}})
    running = changed(slot, state=RUNNING, run=2)
    assert running == slot._replace(state=RUNNING, run=2)
    assert type(running) is Slot
    runtime = Runtime("u1", "node-1", slots=(slot,))
    assert changed(runtime, slots=(running,), ip="10.244.0.2") == runtime._replace(
        slots=(running,), ip="10.244.0.2"
    )
