"""The instant that endpoints follow: the earliest change of a Service and its Pods since the last look."""

from __future__ import annotations

import json

import pytest

from k8slab.controllers._endpoints import TRIGGER_TIME_ANNOTATION, Triggers, trigger_time
from k8slab.lab import Lab

T0, T1, T2, T3 = (f"2026-01-05T09:00:0{second}Z" for second in range(4))
CASES = {
    "a new Service": (None, Triggers(T0, {"a": T2}), T0),
    "nothing has changed": (Triggers(T0, {"a": T1}), Triggers(T0, {"a": T1}), ""),
    "a Pod has become ready": (Triggers(T0, {"a": T1}), Triggers(T0, {"a": T1, "b": T3}), T3),
    "the first of two Pods": (Triggers(T0, {"a": T1}), Triggers(T0, {"a": T3, "b": T2}), T2),
    "a Pod has gone": (Triggers(T0, {"a": T1, "b": T2}), Triggers(T0, {"a": T1}), ""),
    "the Service was made anew": (Triggers(T0, {"a": T1}), Triggers(T2, {"a": T1}), T2),
    "the Service was made anew, and a Pod changed before": (
        Triggers(T0, {"a": T0}),
        Triggers(T3, {"a": T1}),
        T1,
    ),
}


@pytest.mark.parametrize("seen, now, time", CASES.values(), ids=CASES)
def test_the_time_of_the_change_that_is_followed(seen, now, time) -> None:
    assert trigger_time(seen, now) == time


MANIFEST = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: c, image: nginx}]}
"""


def told(lab: Lab) -> list[str]:
    """What the endpoints of both kinds say."""
    slices = json.loads(lab.kubectl("get endpointslices -l kubernetes.io/service-name=web -o json").stdout)
    found = [lab.get("endpoints/web"), *slices["items"]]
    return [one["metadata"].get("annotations", {}).get(TRIGGER_TIME_ANNOTATION, "") for one in found]


def test_endpoints_say_what_they_follow() -> None:
    lab = Lab(1)
    lab.apply(MANIFEST)
    lab.settle()
    (ready,) = [
        one["lastTransitionTime"]
        for one in lab.get("pod/web")["status"]["conditions"]
        if one["type"] == "Ready"
    ]
    assert told(lab) == [ready, ready]
    lab.kubectl("label service web a=b")
    lab.settle()
    assert told(lab) == ["", ""]
