"""Restart rules and back-offs (pkg/api/v1/pod/util_test.go, client-go/util/flowcontrol, v1.36)."""

from __future__ import annotations

import pytest

from k8slab.clock import SECOND_US
from k8slab.kubelet import backoff
from k8slab.kubelet.restarts import restarts_after_probe, restarts_all, should_restart


def rule(action, operator, *values):
    return {"action": action, "exitCodes": {"operator": operator, "values": list(values)}}


def ruled(policy, *rules):
    return {"name": "c", "restartPolicy": policy, "restartPolicyRules": list(rules)}


RESTART_42 = rule("Restart", "In", 42)
CASES = [
    ("Always, 0", {}, "Always", 0, True),
    ("Always, 1", {}, "Always", 1, True),
    ("OnFailure, 0", {}, "OnFailure", 0, False),
    ("OnFailure, 1", {}, "OnFailure", 1, True),
    ("Never, 0", {}, "Never", 0, False),
    ("Never, 1", {}, "Never", 1, False),
    ("own Always over Never", {"restartPolicy": "Always"}, "Never", 0, True),
    ("own OnFailure over Never, 0", {"restartPolicy": "OnFailure"}, "Never", 0, False),
    ("own OnFailure over Never, 1", {"restartPolicy": "OnFailure"}, "Never", 1, True),
    ("own Never over Always", {"restartPolicy": "Never"}, "Always", 1, False),
    ("rule fits", ruled("Never", RESTART_42), "Never", 42, True),
    ("rule does not fit", ruled("Never", RESTART_42), "Never", 1, False),
    ("rule NotIn fits", ruled("Never", rule("Restart", "NotIn", 0, 1)), "Never", 7, True),
    ("rule NotIn does not fit", ruled("Never", rule("Restart", "NotIn", 0, 1)), "Never", 1, False),
    ("rules need a policy of their own", {"restartPolicyRules": [RESTART_42]}, "Never", 42, False),
    ("rule for all", ruled("Never", rule("RestartAllContainers", "In", 3)), "Never", 3, True),
]


@pytest.mark.parametrize(
    "container, policy, code, expected", [case[1:] for case in CASES], ids=[one[0] for one in CASES]
)
def test_should_restart(container, policy, code, expected):
    assert should_restart(container, {"restartPolicy": policy}, code) is expected


def test_only_a_rule_restarts_all():
    container = ruled("Never", rule("RestartAllContainers", "In", 3))
    assert restarts_all(container, 3) and not restarts_all(container, 4)
    assert not restarts_all(ruled("Never", RESTART_42), 42)


def test_rules_do_not_count_after_a_failed_probe():
    assert not restarts_after_probe(ruled("Never", RESTART_42), {"restartPolicy": "Always"})
    assert restarts_after_probe({"name": "c"}, {"restartPolicy": "OnFailure"})


def test_crash_loop_backs_off_from_ten_seconds_to_five_minutes():
    delays, delay = [], 0
    for _ in range(8):
        delay = backoff.next_crash_backoff(delay, 0, 0)
        delays.append(delay // SECOND_US)
    assert delays == [10, 20, 40, 80, 160, 300, 300, 300]


def test_a_container_that_ran_ten_minutes_begins_anew():
    long_run = 601 * SECOND_US
    assert backoff.next_crash_backoff(300 * SECOND_US, 0, long_run) == 10 * SECOND_US
    assert not backoff.in_crash_backoff(300 * SECOND_US, 0, long_run, long_run)
    assert backoff.in_crash_backoff(300 * SECOND_US, 0, 599 * SECOND_US, 600 * SECOND_US)


def test_the_first_crash_does_not_wait():
    assert not backoff.in_crash_backoff(0, 0, 5, 6)


TEXTS = [
    (0, "0s"),
    (850_000, "850ms"),
    (1_234_000, "1.234s"),
    (10_000_000, "10s"),
    (80_000_000, "1m20s"),
    (300_000_000, "5m0s"),
    (3_661_500_000, "1h1m1.5s"),
    (12_345, "12.345ms"),
]


@pytest.mark.parametrize("duration_us, expected", TEXTS)
def test_durations_are_printed_as_go_does(duration_us, expected):
    assert backoff.duration_text(duration_us) == expected
