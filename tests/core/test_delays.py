"""What comes over one watch comes in order; single delays are spread, and never outside their span."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab import Lab
from k8slab.cluster.queue import _apart, _in_order

SPANS = st.integers(1, 2_000_000)
SALTS = st.integers(0, 2**40)
NOWS = st.integers(0, 2**61)


@settings(max_examples=300)
@given(SPANS, SALTS, NOWS, st.integers(0, 5_000_000))
def test_no_change_overtakes_an_earlier_one(span_us: int, salt: int, now_us: int, later_us: int) -> None:
    first = now_us + _in_order(span_us, salt, now_us, 1)
    second = now_us + later_us + _in_order(span_us, salt, now_us + later_us, 2)
    assert first <= second


@settings(max_examples=300)
@given(SPANS, SALTS, NOWS, st.integers(1, 2**40))
def test_delays_stay_within_their_span(span_us: int, salt: int, now_us: int, revision: int) -> None:
    for spread in (_in_order, _apart):
        assert 0 <= spread(span_us, salt, now_us, revision) < span_us


def test_delays_are_spread() -> None:
    delays = [_in_order(8_000, 7, instant * 50_000, instant) for instant in range(1_000)]
    quarters = [sum(1 for one in delays if one // 2_000 == quarter) for quarter in range(4)]
    assert min(quarters) > 150


def test_pods_are_scheduled_in_the_order_in_which_they_were_made() -> None:
    for seed in range(5):
        lab = Lab(nodes=1, seed=seed)
        names = [f"pod-{number}" for number in range(9)]
        for name in names:
            lab.kubectl(f"run {name} --image=nginx:1.27")
            lab.run(0.001)
        lab.settle()
        bound = [
            change.key[1]
            for change in lab.world.store.history
            if change.kind == "Pod" and change.old and change.new
            if not change.old["spec"].get("nodeName") and change.new["spec"].get("nodeName")
        ]
        assert bound == names
