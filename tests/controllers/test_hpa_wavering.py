"""What an autoscaler says that is no news: its metrics have moved, but by no more than it tolerates."""

from __future__ import annotations

import pytest

from k8slab.controllers._hpa_wavering import is_wavering
from k8slab.store.view import Change


def autoscaler(percent=49, average="98m", current=7, desired=7, reason="ReadyForNewScale", **spec):
    measured = {"averageUtilization": percent, "averageValue": average}
    status = {
        "currentReplicas": current,
        "desiredReplicas": desired,
        "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": measured}}],
        "conditions": [{"type": "AbleToScale", "status": "True", "reason": reason, "message": str(percent)}],
    }
    return {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": spec, "status": status}


BEFORE = autoscaler()
CASES = {
    "a little more": (BEFORE, autoscaler(52, "104m"), True),
    "a little less": (BEFORE, autoscaler(45, "89m"), True),
    "within it by one number only": (BEFORE, autoscaler(49, "120m"), False),
    "much more": (BEFORE, autoscaler(88, "176m"), False),
    "nothing any more": (BEFORE, autoscaler(0, "1m"), False),
    "the first use": (autoscaler(0, "1m"), autoscaler(1, "2m"), False),
    "a new count": (BEFORE, autoscaler(desired=8), False),
    "a condition that turned": (BEFORE, autoscaler(reason="ScaleDownStabilized"), False),
    "another spec": (BEFORE, autoscaler(maxReplicas=3), False),
    "one metric more": (
        BEFORE,
        {**BEFORE, "status": {**BEFORE["status"], "currentMetrics": [{"type": ""}, {"type": ""}]}},
        False,
    ),
    "the first status": ({**BEFORE, "status": {}}, BEFORE, False),
    "a new autoscaler": (None, BEFORE, False),
    "one that is gone": (BEFORE, None, False),
}


@pytest.mark.parametrize(("old", "new", "wavers"), CASES.values(), ids=CASES)
def test_what_is_within_the_tolerance_is_no_news(old, new, wavers):
    change = Change(1, 0, "HorizontalPodAutoscaler", ("ns", "h"), old, new, 0)
    assert is_wavering(change) == wavers


def test_other_kinds_are_always_news():
    assert not is_wavering(Change(1, 0, "Pod", ("ns", "p"), BEFORE, BEFORE, 0))
