"""What requests cost in CPU time: throttling, and what a metrics server sees of it.

Ports cases of pkg/kubelet/cm/helpers_linux_test.go (MilliCPUToQuota), v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.clock import START_US
from k8slab.containers import costs
from k8slab.containers.cpu_time import (
    KIND,
    PERIOD_US,
    WINDOW_US,
    cpu_limit,
    quota_us,
    schedule,
    serve,
    served_millis,
)
from k8slab.containers.overlay import Overlay
from k8slab.containers.program import server_of
from k8slab.containers.requests import Call
from tests.controllers.view import MemoryView

MS = 1_000
FOREVER_US = 10**12


def pod(limit="", name="web", uid="1"):
    resources = {"limits": {"cpu": limit}} if limit else {}
    return {
        "metadata": {"namespace": "ns", "name": name, "uid": uid},
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "resources": resources}]},
    }


NODE = {"kind": "Node", "metadata": {"name": "node-1"}, "status": {"capacity": {"cpu": "4"}}}

THREADS = {
    # what others got of each period, the quota, the cost, when it comes; what it gets, and when it is done
    "no limit to speak of": ({}, 400, 50, 0, {0: 50}, 50),
    "just its quota": ({}, 50, 50, 0, {0: 50}, 50),
    "it waits for the next period": ({}, 50, 80, 0, {0: 50, 1: 30}, 130),
    "it waits for several": ({}, 10, 50, 0, {0: 10, 1: 10, 2: 10, 3: 10, 4: 10}, 410),
    "it comes when the quota is used up": ({0: 50}, 50, 50, 60, {1: 50}, 150),
    "some is left": ({0: 30}, 50, 50, 60, {0: 20, 1: 30}, 130),
    "it goes on over the period's end": ({}, 50, 50, 70, {0: 30, 1: 20}, 120),
    "it comes at a period's beginning": ({0: 50}, 50, 20, 100, {1: 20}, 120),
    "others are before it": ({0: 50, 1: 50, 2: 50}, 50, 50, 0, {3: 50}, 350),
    "it costs nothing": ({}, 50, 0, 30, {}, 30),
}


@pytest.mark.parametrize(("before", "quota", "cost", "now", "got", "done"), THREADS.values(), ids=THREADS)
def test_a_thread_gets_no_more_than_is_left_of_each_period(before, quota, cost, now, got, done):
    before = {period: ms * MS for period, ms in before.items()}
    spent = schedule(before, quota * MS, cost * MS, now * MS, FOREVER_US)
    assert spent == ({period: ms * MS for period, ms in got.items()}, done * MS, False)


def test_who_has_no_patience_lets_it_work_in_vain():
    spent = schedule({}, 50 * MS, 500 * MS, 0, 220 * MS)
    assert spent == ({0: 50 * MS, 1: 50 * MS, 2: 20 * MS}, 220 * MS, True)


QUOTAS = {
    "half a CPU": ("500m", 50 * MS),
    "two CPUs": ("2", 200 * MS),
    "a hundredth": ("10m", 1 * MS),
    "no less than the kernel takes": ("1m", 1 * MS),
    "no limit: the node's CPUs": ("", 400 * MS),
    "a limit of nothing is none": ("0", 400 * MS),
}


@pytest.mark.parametrize(("limit", "quota"), QUOTAS.values(), ids=QUOTAS)
def test_a_limit_is_a_quota_of_each_period(limit, quota):
    one = pod(limit)
    assert quota_us(MemoryView([NODE]), one, one["spec"]["containers"][0]) == quota


def test_the_limit_that_counts_is_the_one_in_force():
    one = pod("500m")
    one["status"] = {"containerStatuses": [{"name": "main", "resources": {"limits": {"cpu": "250m"}}}]}
    assert cpu_limit(one, one["spec"]["containers"][0]) == 250


def asked(box, one, cost_us, at_us, patience_us=FOREVER_US):
    return serve(box, one, one["spec"]["containers"][0], cost_us, at_us, patience_us)


def test_callers_at_the_same_time_wait_for_each_other_at_the_limit():
    box, one = Overlay(MemoryView([NODE])), pod("500m")
    took = [asked(box, one, 50 * MS, START_US)[0] // MS for _ in range(4)]
    assert took == [50, 150, 250, 350]


def test_callers_at_the_same_time_have_a_cpu_each_without_one():
    box, one = Overlay(MemoryView([NODE])), pod()
    took = [asked(box, one, 50 * MS, START_US)[0] // MS for _ in range(9)]
    assert took == [50] * 8 + [150]


def test_a_caller_without_patience_is_told_nothing_and_costs_until_it_leaves():
    box, one = Overlay(MemoryView([NODE])), pod("100m")
    assert asked(box, one, 50 * MS, START_US, patience_us=200 * MS) == (200 * MS, True)
    known = box.get(KIND, ("ns", "web"))["containers"]["main"]
    assert sum(known["windows"].values()) == 20 * MS


def test_what_is_used_is_the_average_of_a_window_and_never_beyond_the_limit():
    box, one = Overlay(MemoryView([NODE])), pod("500m")
    begin_us = START_US // WINDOW_US * WINDOW_US
    at_us = begin_us
    while at_us < begin_us + 2 * WINDOW_US:
        at_us += asked(box, one, 50 * MS, at_us)[0] + 20 * MS
    assert served_millis(box, one, begin_us + WINDOW_US) == {"main": 500}
    assert served_millis(box, one, begin_us + 2 * WINDOW_US) == {"main": 500}
    assert served_millis(box, one, begin_us) == {}
    assert served_millis(box, one, begin_us + 4 * WINDOW_US) == {}


def test_a_request_across_the_end_of_a_window_counts_in_both():
    box, one = Overlay(MemoryView([NODE])), pod()
    end_us = (START_US // WINDOW_US + 1) * WINDOW_US
    asked(box, one, 60 * MS, end_us - 15 * MS)
    windows = box.get(KIND, ("ns", "web"))["containers"]["main"]["windows"]
    assert list(windows.values()) == [15 * MS, 45 * MS]


def test_what_no_longer_matters_is_forgotten():
    box, one = Overlay(MemoryView([NODE])), pod()
    for number in range(100):
        asked(box, one, 50 * MS, START_US + number * WINDOW_US)
    known = box.get(KIND, ("ns", "web"))["containers"]["main"]
    assert len(known["periods"]) == 1
    assert len(known["windows"]) == 2


def test_another_pod_of_the_name_begins_with_nothing():
    box = Overlay(MemoryView([NODE]))
    asked(box, pod("500m"), 200 * MS, START_US)
    assert asked(box, pod("500m", uid="2"), 50 * MS, START_US)[0] == 50 * MS


PAGE = Call("h", 80, "http", {"method": "GET", "path": "/", "headers": {}})
LOST = PAGE._replace(payload={**PAGE.payload, "path": "/nothing-here"})
COSTS = {
    "the walkthrough's page": ("registry.k8s.io/hpa-example", PAGE, costs.A_MILLION_ROOTS_US),
    "what it doesn't have": ("registry.k8s.io/hpa-example", LOST, costs.A_PAGE_US),
    "nginx": ("nginx:1.27", PAGE, costs.A_PAGE_US),
    "an image that nobody wrote": ("example.com/own:1", PAGE, costs.A_PAGE_US),
    "Redis": ("redis:7", Call("h", 6379, "redis", ["GET", "k"]), costs.A_KEY_US),
    "MySQL": ("mysql:8", Call("h", 3306, "mysql", {}), costs.A_STATEMENT_US),
    "PostgreSQL": ("postgres:16", Call("h", 5432, "postgres", {}), costs.A_STATEMENT_US),
    "etcd": ("registry.k8s.io/etcd:3.6.0", Call("h", 2379, "etcd", {}), costs.A_STATEMENT_US),
}


@pytest.mark.parametrize(("image", "call", "cost_us"), COSTS.values(), ids=COSTS)
def test_what_a_request_costs(image, call, cost_us):
    server = server_of({"name": "main", "image": image})
    assert server is not None
    assert server.cost_us(call) == cost_us


def test_a_period_divides_a_window():
    assert WINDOW_US % PERIOD_US == 0
