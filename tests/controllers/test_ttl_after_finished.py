"""When a finished Job has had its time.

Ports TestTimeLeft of pkg/controller/ttlafterfinished/ttlafterfinished_controller_test.go, v1.36.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.components import Delete
from k8slab.controllers.ttl_after_finished import CONTROLLER, plan
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

KEY = ("ns", "work")


def job(ttl: int | None, end: str = "", seconds_ago: int = 0, **metadata: Any) -> dict[str, Any]:
    spec = {} if ttl is None else {"ttlSecondsAfterFinished": ttl}
    when = timestamp(START_US - seconds_ago * SECOND_US)
    ended = {"type": end, "status": "True", "lastTransitionTime": when}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "work", "namespace": "ns", "uid": "work", **metadata},
        "spec": spec,
        "status": {"conditions": [ended]} if end else {},
    }


TIMES: dict[str, tuple[dict[str, Any], int | None]] = {
    "unfinished": (job(100), None),
    "completed now, without a time to live": (job(None, "Complete"), None),
    "completed now, none to wait": (job(0, "Complete"), 0),
    "completed now, 10 seconds": (job(10, "Complete"), 10),
    "completed 10 seconds ago, 15 seconds": (job(15, "Complete", 10), 5),
    "failed now, without a time to live": (job(None, "Failed"), None),
    "failed now, none to wait": (job(0, "Failed"), 0),
    "failed now, 10 seconds": (job(10, "Failed"), 10),
    "failed 10 seconds ago, 15 seconds": (job(15, "Failed", 10), 5),
    "long over": (job(15, "Failed", 100), 0),
    "only suspended": (job(0, "Suspended"), None),
    "finished in the future": (job(10, "Complete", -5), 15),
    "deleted already": (job(0, "Complete", deletionTimestamp=timestamp(START_US)), None),
}


@pytest.mark.parametrize(("given", "left"), TIMES.values(), ids=TIMES)
def test_the_time_that_is_left(given: dict[str, Any], left: int | None) -> None:
    view = MemoryView([given])
    actions, done = view.sync(plan, KEY)
    assert actions == ((Delete("Job", KEY, "work", "Foreground"),) if left == 0 else ())
    assert done.look_again_us == (left * SECOND_US if left else None)
    (watch,) = CONTROLLER.watches
    assert watch.keys is not None
    woken = watch.keys(Change(1, START_US, "Job", KEY, None, given, 0), view)
    assert woken == ([KEY] if left is not None else [])


def test_an_end_without_a_time_is_an_error() -> None:
    given = job(0, "Complete")
    del given["status"]["conditions"][0]["lastTransitionTime"]
    actions, done = MemoryView([given]).sync(plan, KEY)
    assert (actions, done.error) == ((), "unable to find the time when the Job ns/work finished")
