"""When a Pod is tried, tried again, and what it does to others: back-off, wake-ups and preemption."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.errors import conflict
from k8slab.api.meta import Obj, assoc, condition_of
from k8slab.clock import SECOND_US
from k8slab.components import Bind, Delete, Record
from k8slab.scheduler.framework import PodInfo
from k8slab.scheduler.preemption import Victims, pick
from k8slab.scheduler.scheduler import Tries, backoff_us
from k8slab.scheduler.wakeups import after_claim, after_node, after_pod
from k8slab.store.view import Change
from tests.scheduler.cluster import Cluster, node, pod


@pytest.mark.parametrize(
    ("tries", "seconds"),
    [
        (Tries("u"), 0),
        (Tries("u", tried=1), 0),
        (Tries("u", tried=9, errors=1), 1),
        (Tries("u", tried=9, errors=2), 2),
        (Tries("u", errors=3), 4),
        (Tries("u", errors=4), 8),
        (Tries("u", errors=5), 10),
        (Tries("u", errors=50), 10),
    ],
)
def test_backoff_doubles_up_to_ten_seconds(tries: Tries, seconds: int) -> None:
    assert backoff_us(tries) == seconds * SECOND_US


def test_refused_pod_that_is_woken_is_tried_at_once() -> None:
    cluster = Cluster([node("n", cpu="1"), pod("p", {"cpu": "2"})])
    actions, done = cluster.schedule("p")
    assert [type(action).__name__ for action in actions] == ["Record", "Patch"]
    actions, done = cluster.schedule("p", done.memory)
    assert [type(action).__name__ for action in actions] == ["Record"], "the condition says the same"
    assert done.memory.tried == 2


def test_no_nodes() -> None:
    cluster = Cluster([pod("p")])
    actions, _ = cluster.schedule("p")
    assert isinstance(actions[0], Record)
    assert actions[0].message == "no nodes available to schedule pods"


def test_gated_pod_is_left_alone() -> None:
    cluster = Cluster([node("n"), pod("p", schedulingGates=[{"name": "wait"}])])
    assert cluster.schedule("p")[0] == ()


def test_more_important_new_pods_go_first() -> None:
    cluster = Cluster([node("n", pods="1"), pod("low"), pod("high", priority=100)])
    actions, done = cluster.schedule("low")
    assert actions == () and done.look_again_us == 1000
    assert any(isinstance(action, Bind) for action in cluster.schedule("high")[0])
    actions, _ = cluster.schedule("low", done.memory)
    assert isinstance(actions[0], Record) and actions[0].reason == "FailedScheduling"


def test_refused_binding_is_reported_and_tried_again() -> None:
    cluster = Cluster([node("n"), pod("p")])
    cluster.refuse[("bind", "Pod")] = conflict("pods/binding", "", "p", "somebody was faster")
    actions, done = cluster.schedule("p")
    assert isinstance(actions[1], Record)
    assert actions[1].message == (
        'running Bind plugin "DefaultBinder": Operation cannot be fulfilled on pods/binding "p": somebody '
        "was faster"
    )
    stored = cluster.get("Pod", ("default", "p"))
    assert stored is not None
    assert (condition_of(stored, "PodScheduled") or {})["reason"] == "SchedulerError"
    assert done.look_again_us == SECOND_US


# Wake-ups.


def removed(cluster: Cluster, name: str) -> Change:
    old = cluster.get("Pod", ("default", name))
    cluster.remove("Pod", ("default", name))
    return Change(0, 0, "Pod", ("default", name), old, None, 0)


def changed(cluster: Cluster, kind: str, name: str, *path_and_value: Any) -> Change:
    key = ("", name) if kind == "Node" else ("default", name)
    old = cluster.get(kind, key)
    assert old is not None
    new = cluster.add(assoc(old, *path_and_value))
    return Change(0, 0, kind, key, old, new, 0)


def refused(why: str = "Insufficient cpu") -> Obj:
    """The status of a Pod that was tried in vain."""
    message = f"0/1 nodes are available: 1 {why}. no new claims to deallocate, preemption: 0/1 nodes are …"
    return {
        "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        ]
    }


def waiting(cluster: Cluster, why: str = "Insufficient cpu") -> Cluster:
    """Pods that were refused, of which all but one fit into a place for one CPU; and one that is new."""
    cluster.add(pod("small", {"cpu": "1"}, status=refused(why)))
    cluster.add(pod("huge", {"cpu": "8"}, status=refused(why)))
    cluster.add(pod("urgent", {"cpu": "1"}, priority=9, status=refused(why)))
    cluster.add(pod("new", {"cpu": "1"}))
    return cluster


def test_place_that_gets_free_wakes_all_that_lacked_room_the_important_first() -> None:
    cluster = waiting(Cluster([node("n", cpu="1"), pod("old", {"cpu": "1"}, node="n")]))
    woken = list(after_pod(removed(cluster, "old"), cluster))
    assert [name for _, name in woken] == ["urgent", "huge", "small"]


def test_place_that_gets_free_wakes_none_of_a_crowd_that_is_too_large_for_it() -> None:
    cluster = waiting(Cluster([node("n", cpu="1"), pod("old", {"cpu": "1"}, node="n")]))
    for number in range(60):
        cluster.add(pod(f"crowd-{number}", {"cpu": "2"}, status=refused()))
    woken = list(after_pod(removed(cluster, "old"), cluster))
    assert [name for _, name in woken] == ["urgent", "small"]


def test_pod_that_ended_frees_its_place() -> None:
    cluster = waiting(Cluster([node("n", cpu="1"), pod("old", {"cpu": "1"}, node="n")]))
    change = changed(cluster, "Pod", "old", "status", {"phase": "Succeeded"})
    assert ("default", "small") in after_pod(change, cluster)


def test_status_of_a_running_pod_wakes_nobody() -> None:
    cluster = waiting(Cluster([node("n", cpu="1"), pod("old", {"cpu": "1"}, node="n")]))
    assert after_pod(changed(cluster, "Pod", "old", "status", {"phase": "Running"}), cluster) == ()


@pytest.mark.parametrize(
    ("why", "change", "woken"),
    [
        ("node(s) had untolerated taint(s)", ("status", {"phase": "Pending"}), False),
        ("node(s) had untolerated taint(s)", ("spec", "tolerations", [{"operator": "Exists"}]), True),
        ("node(s) had untolerated taint(s)", ("metadata", "labels", {"app": "x"}), False),
        ("Insufficient cpu", ("spec", "tolerations", [{"operator": "Exists"}]), False),
        ("node(s) didn't match pod affinity rules", ("metadata", "labels", {"app": "x"}), True),
        ("Insufficient cpu", ("metadata", "labels", {"app": "x"}), False),
    ],
)
def test_own_update_wakes_a_waiting_pod_where_it_is_about_what_refused_it(
    why: str, change: tuple[Any, ...], woken: bool
) -> None:
    cluster = waiting(Cluster([node("n", cpu="1")]), why)
    assert after_pod(changed(cluster, "Pod", "small", *change), cluster) == (
        (("default", "small"),) if woken else ()
    )


_UNCORDONED = ("spec", "unschedulable", False)
_TAINTED = ("spec", "taints", [{"key": "a", "effect": "NoSchedule"}])


@pytest.mark.parametrize(
    ("why", "change", "woken"),
    [
        ("node(s) were unschedulable", _UNCORDONED, ["huge", "small", "urgent"]),
        ("node(s) were unschedulable", _TAINTED, []),
        ("Insufficient cpu", _TAINTED, ["huge", "small", "urgent"]),
        ("Insufficient cpu", ("status", "conditions", [{"type": "Ready", "status": "True"}]), []),
        ("Insufficient cpu", ("metadata", "annotations", {"a": "b"}), []),
        ("Insufficient cpu", ("metadata", "labels", {"a": "b"}), []),
        (
            "Insufficient cpu",
            ("status", "allocatable", {"cpu": "4", "memory": "8Gi", "pods": "9"}),
            ["small", "urgent"],
        ),
        ("node(s) were unschedulable", ("status", "allocatable", {"cpu": "4", "pods": "9"}), []),
    ],
)
def test_changed_node(why: str, change: tuple[Any, ...], woken: list[str]) -> None:
    cluster = waiting(Cluster([node("n", cpu="1", pods="9", unschedulable=True)]), why)
    keys = after_node(changed(cluster, "Node", "n", *change), cluster)
    assert sorted(name for _, name in keys) == woken


def test_claim_wakes_the_pods_that_use_it() -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    cluster = Cluster([node("n"), pod("p", volumes=volumes), pod("q")])
    claim = {"metadata": {"namespace": "default", "name": "data"}}
    change = Change(0, 0, "PersistentVolumeClaim", ("default", "data"), None, claim, 0)
    assert list(after_claim(change, cluster)) == [("default", "p")]


# Preemption.


def full(**victims: int) -> Cluster:
    """Nodes of one CPU, each full with Pods of these priorities: `n0_a=5` is Pod a on n0."""
    names = sorted({name.split("_")[0] for name in victims})
    cluster = Cluster([node(name, cpu="1") for name in names])
    for name, priority in victims.items():
        started = {"startTime": "2026-01-05T09:00:00Z"}
        share = 1000 // sum(1 for other in victims if other.split("_")[0] == name.split("_")[0])
        cluster.add(
            pod(name, {"cpu": f"{share}m"}, node=name.split("_")[0], priority=priority, status=started,
                labels={"app": name})
        )  # fmt: skip
    return cluster


def deleted(cluster: Cluster, **fields: Any) -> list[str]:
    cluster.add(pod("p", {"cpu": "1"}, priority=100, **fields))
    actions, _ = cluster.schedule("p")
    return [action.key[1] for action in actions if isinstance(action, Delete)]


@pytest.mark.parametrize(
    ("victims", "gone"),
    [
        ({"n0_a": 50, "n1_b": 10}, ["n1_b"]),
        ({"n0_a": 10, "n0_b": 10, "n1_c": 10}, ["n1_c"]),
        ({"n0_a": 10, "n1_b": 200}, ["n0_a"]),
        ({"n0_a": 100, "n1_b": 200}, []),
    ],
    ids=["the least important", "the fewest", "only less important ones", "nobody is less important"],
)
def test_victims(victims: dict[str, int], gone: list[str]) -> None:
    assert deleted(full(**victims)) == gone


def test_who_preempts_looks_again_at_once_where_the_victim_is_gone_already() -> None:
    cluster = full(n0_a=10)
    cluster.add(pod("p", {"cpu": "1"}, priority=100))
    _, done = cluster.schedule("p")
    assert done.look_again_us == 1


def test_as_many_as_possible_are_let_off() -> None:
    cluster = full(n0_a=10, n0_b=20, n0_c=30, n0_d=40)
    cluster.add(pod("p", {"cpu": "500m"}, priority=100))
    actions, _ = cluster.schedule("p")
    assert [action.key[1] for action in actions if isinstance(action, Delete)] == ["n0_b", "n0_a"]


def test_disruption_budget_turns_the_choice() -> None:
    cluster = full(n0_a=10, n1_b=10)
    cluster.add(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "keep", "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": "n0_a"}}},
            "status": {"disruptionsAllowed": 0},
        }
    )
    assert deleted(cluster) == ["n1_b"]


def test_pod_that_never_preempts() -> None:
    assert deleted(full(n0_a=10), preemptionPolicy="Never") == []


def test_victims_are_marked_and_told() -> None:
    cluster = full(n0_a=10)
    cluster.change("Pod", ("default", "n0_a"), "spec", "terminationGracePeriodSeconds", 30)
    assert deleted(cluster) == ["n0_a"]
    victim = cluster.get("Pod", ("default", "n0_a"))
    assert victim is not None
    condition = condition_of(victim, "DisruptionTarget") or {}
    assert (condition["reason"], condition["message"]) == (
        "PreemptionByScheduler",
        "default-scheduler: preempting to accommodate a higher priority pod",
    )
    stored = cluster.get("Pod", ("default", "p"))
    assert stored is not None and stored["status"]["nominatedNodeName"] == "n0"


def test_preemptor_waits_for_its_victims_and_then_takes_the_place() -> None:
    cluster = full(n0_a=10)
    cluster.change("Pod", ("default", "n0_a"), "spec", "terminationGracePeriodSeconds", 30)
    cluster.add(pod("p", {"cpu": "1"}, priority=100))
    _, done = cluster.schedule("p")
    cluster.now_us += 2 * SECOND_US
    actions, done = cluster.schedule("p", done.memory)
    assert isinstance(actions[0], Record)
    assert actions[0].message == (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible "
        "due to a terminating pod on the nominated node."
    )
    cluster.remove("Pod", ("default", "n0_a"))
    cluster.add(pod("other", {"cpu": "1"}, priority=50))
    actions, _ = cluster.schedule("other", Tries(cluster.state.pending[("default", "other")].uid, turns=99))
    assert not any(isinstance(action, Bind) for action in actions), "the place is kept for the preemptor"
    cluster.now_us += 2 * SECOND_US
    actions, _ = cluster.schedule("p", done.memory)
    assert [action.node for action in actions if isinstance(action, Bind)] == ["n0"]


def _victim(cluster: Cluster, name: str, priority: int, start: str = "") -> PodInfo:
    status = {"startTime": start} if start else {}
    return cluster.info(pod(name, priority=priority, status=status))


def _candidates(table: list[tuple[str, int, list[tuple[int, str]]]]) -> list[Victims]:
    cluster = Cluster()
    return [
        Victims(
            name,
            tuple(_victim(cluster, f"{name}{n}", one, start) for n, (one, start) in enumerate(pods)),
            violations,
        )
        for name, violations, pods in table
    ]


EARLY, LATE = "2026-01-05T08:00:00Z", "2026-01-05T08:30:00Z"


@pytest.mark.parametrize(
    ("table", "chosen"),
    [
        ([("a", 0, [(5, EARLY)])], "a"),
        ([("a", 1, [(1, EARLY)]), ("b", 0, [(9, EARLY)])], "b"),
        ([("a", 0, [(9, EARLY)]), ("b", 0, [(5, EARLY), (5, EARLY)])], "b"),
        ([("a", 0, [(9, EARLY), (5, EARLY)]), ("b", 0, [(9, EARLY), (2, EARLY)])], "b"),
        ([("a", 0, [(-5, EARLY), (-5, EARLY)]), ("b", 0, [(-5, EARLY)])], "b"),
        ([("a", 0, [(9, EARLY)]), ("b", 0, [(9, LATE)])], "b"),
        ([("a", 0, [(9, EARLY)]), ("b", 0, [(9, EARLY)])], "a"),
    ],
    ids=[
        "one candidate",
        "fewest broken budgets",
        "least important first victim",
        "smallest sum of priorities",
        "fewest victims also with negative priorities",
        "latest start of the most important",
        "the first of equals",
    ],
)
def test_pick_one_node_for_preemption(table: list[Any], chosen: str) -> None:
    assert pick(_candidates(table), Cluster().now_us).node == chosen


def test_read_write_once_pod_claim_is_for_one_pod() -> None:
    volumes: list[Obj] = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    claim: Obj = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "data",
            "namespace": "default",
            "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
        },
        "spec": {"accessModes": ["ReadWriteOncePod"], "volumeName": "disk"},
        "status": {"phase": "Bound"},
    }
    disk = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": {}}
    cluster = Cluster([claim, disk, node("n"), pod("one", volumes=volumes, node="n")])
    cluster.add(pod("two", volumes=volumes))
    actions, _ = cluster.schedule("two")
    assert isinstance(actions[0], Record)
    assert actions[0].message.startswith(
        "0/1 nodes are available: 1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod "
        "access mode already in-use by another pod."
    )
