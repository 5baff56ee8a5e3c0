"""What a lab keeps of a long time is bounded: Events go after their hour, and so do those who were busy."""

from __future__ import annotations

import pytest

from k8slab.clock import HOUR_US
from k8slab.cluster.records import last_seen_us
from k8slab.lab import Lab


@pytest.fixture(scope="module")
def day() -> Lab:
    """Eight hours of Jobs, and of a Pod that fails so often that its oldest Event is always young."""
    lab = Lab(nodes=1)
    lab.kubectl("create deployment broken --image=busybox -- sh -c 'exit 1'")
    lab.kubectl("create cronjob tick --image=busybox --schedule='*/10 * * * *' -- sh -c 'sleep 5'")
    lab.run("8h")
    return lab


def test_an_event_that_is_said_again_holds_up_no_other(day: Lab) -> None:
    ages = [day.now_us - last_seen_us(one) for one in day.view.list("Event")]
    repeated = [one for one in day.view.list("Event") if one.get("count", 1) > 9]
    assert repeated, "some are as old as their Pod, for they are still being said"
    assert max(ages) < 1.3 * HOUR_US, "a few go at each write, so the last may be a little late"


def test_nobody_is_remembered_as_busy_who_is_not(day: Lab) -> None:
    twin = day.world.copy()
    assert all(until_us > day.now_us for until_us in twin.busy.values())
    assert len(day.world.busy) < 10
