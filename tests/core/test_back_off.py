"""A key whose plan fails is tried again later each time, also where it is woken in between."""

from __future__ import annotations

from itertools import pairwise

import pytest

from k8slab.api.meta import Key
from k8slab.clock import SECOND_US
from k8slab.components import Component, Done, Memory, Patch, Plan, Watch
from k8slab.lab import Lab
from k8slab.store.view import View
from k8slab.timing import INSTANT


def _component(postponed: bool) -> Component:
    """A component that fails at each look. The first one wakes it again, which only agrees on a time."""

    def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
        looks, woken = memory or ((), False)
        if woken:
            return Done(look_again_us=SECOND_US, memory=(looks, False), postponed=postponed)
        if not looks:
            yield Patch("ConfigMap", key, {"data": {"seen": "yes"}})
        return Done(error="refused", memory=((*looks, now_us), not looks))

    return Component(name="failing", watches=(Watch("ConfigMap"),), plan=plan, retry_base_us=SECOND_US)


@pytest.mark.parametrize(
    ("postponed", "waits_s"),
    [(True, [1, 2, 4, 8]), (False, [1, 1, 2, 4])],
    ids=["its failures stand", "it forgets them"],
)
def test_a_wake_in_between(postponed: bool, waits_s: list[int]) -> None:
    lab = Lab(nodes=0, timing=INSTANT, components=(_component(postponed),))
    lab.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}")
    lab.run("20s")
    looks, _ = lab.world.memories["failing", ("default", "one")]
    waits = [later - earlier for earlier, later in pairwise(looks)]
    assert [round(wait / SECOND_US) for wait in waits[:4]] == waits_s
