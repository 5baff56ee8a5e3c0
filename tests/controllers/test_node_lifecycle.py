"""Nodes that fall silent and come back, their taints, and the rate at which these are handed out.

Ports cases of pkg/controller/nodelifecycle/node_lifecycle_controller_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import condition_of, labels_of
from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.components import KEEP, Patch, Record
from k8slab.controllers._taints import matching_tolerations, tolerates
from k8slab.controllers.node_lifecycle import CONTROLLER, MONITOR, plan, zone_of, zone_state
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

UNREACHABLE = ("node.kubernetes.io/unreachable", "NoExecute")
NOT_READY = ("node.kubernetes.io/not-ready", "NoExecute")


def condition(kind="Ready", status="True", **more):
    return {
        "type": kind,
        "status": status,
        "lastHeartbeatTime": timestamp(START_US),
        "lastTransitionTime": timestamp(START_US),
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        **more,
    }


def node(name="n0", *conditions, zone="", labels=None, taints=None, **spec):
    labels = {**({"topology.kubernetes.io/zone": zone} if zone else {}), **(labels or {})}
    body = {**spec, **({"taints": taints} if taints else {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": labels},
        "spec": body,
        "status": {"conditions": list(conditions or (condition(),))},
    }


def machine(name="n0", *, up=True, heartbeat_us=START_US):
    return {
        "apiVersion": "lab",
        "kind": "Machine",
        "metadata": {"name": name},
        "spec": {
            "power": "On",
            "network": "Up" if up else "Down",
            "kubelet": "Running",
            "sinceUs": START_US,
            "lastHeartbeatUs": heartbeat_us,
        },
    }


def taint(key, effect):
    return {"key": key, "effect": effect}


def pod(name="p", node_name="n0", ready="True"):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ns", "uid": name},
        "spec": {"nodeName": node_name},
        "status": {"phase": "Running", "conditions": [condition(status=ready)]},
    }


class Watchers:
    """A View with the node controller, which runs whenever it is due or a change wakes it."""

    def __init__(self, *objects):
        self.view = MemoryView(objects)
        self.memories = {}
        self.due = {MONITOR: START_US}
        self.seen = self.view.store.revision
        self.woken = 0

    def run(self, seconds):
        """Let that much time pass."""
        end_us = self.view.now_us + round(seconds * SECOND_US)
        for _ in range(10_000):
            self.wake()
            key = min(self.due, key=lambda one: self.due[one], default=None)
            if key is None or self.due[key] > end_us:
                break
            at_us = self.due.pop(key)
            self.view.now_us = max(self.view.now_us, at_us)
            _, done = self.view.sync(plan, key, self.memories.get(key))
            self.woken += 1
            assert not done.error
            if done.memory is not KEEP:
                self.memories[key] = done.memory
            if done.look_again_us is not None:
                self.due[key] = min(
                    self.due.get(key, end_us * 2), self.view.now_us + max(done.look_again_us, 1)
                )
        else:
            raise AssertionError("the controller never rests")
        self.view.now_us = end_us

    def wake(self):
        for change in self.view.store.changes_since(self.seen):
            for watch in CONTROLLER.watches:
                if watch.kind == change.kind:
                    for key in watch.keys(change, self.view):
                        self.due.setdefault(key, self.view.now_us)
                        self.due[key] = min(self.due[key], self.view.now_us)
        self.seen = self.view.store.revision

    def kill(self, *names):
        for name in names:
            self.view.add(machine(name, up=False, heartbeat_us=self.view.now_us))

    def revive(self, *names):
        """The machine is heard of again, and its kubelet reports."""
        for name in names:
            self.view.add(machine(name))
            self.view.change("Node", ("", name), "status", {"conditions": [condition()]})

    def node(self, name="n0"):
        return self.view.get("Node", ("", name))

    def ready(self, name="n0"):
        return condition_of(self.node(name), "Ready")["status"]

    def taints(self, name="n0"):
        return sorted((one["key"], one["effect"]) for one in self.node(name)["spec"].get("taints") or ())

    def tainted(self, *names):
        return [name for name in names if UNREACHABLE in self.taints(name)]

    def events(self):
        return [(one.reason, one.message) for one in self.view.actions if isinstance(one, Record)]


def cluster(*names, zone="", **options):
    objects = []
    for name in names:
        objects += [node(name, zone=zone, **options), machine(name)]
    return Watchers(*objects)


HEALTHY = ("h0", "h1", "h2")


def test_an_idle_cluster_has_no_events():
    watchers = cluster(*HEALTHY)
    watchers.run(30)
    woken = watchers.woken
    watchers.run(3600)
    assert watchers.woken == woken
    assert not watchers.due


def test_a_new_node_is_greeted_and_a_removed_one_told_of():
    watchers = cluster("n0")
    watchers.run(10)
    watchers.view.remove("Node", ("", "n0"))
    watchers.run(10)
    assert watchers.events() == [
        ("RegisteredNode", "Node n0 event: Registered Node n0 in Controller"),
        ("RemovingNode", "Node n0 event: Removing Node n0 from Controller"),
    ]


@pytest.mark.parametrize(
    ("seconds", "ready"), [(0, "True"), (45, "True"), (49, "True"), (51, "Unknown"), (60, "Unknown")]
)
def test_a_silent_node_becomes_unknown_after_fifty_seconds(seconds, ready):
    watchers = cluster("n0", *HEALTHY)
    watchers.run(100)
    watchers.kill("n0")
    watchers.run(seconds)
    assert watchers.ready() == ready


def test_a_node_that_speaks_in_time_stays_ready():
    watchers = cluster("n0", *HEALTHY)
    watchers.run(100)
    watchers.kill("n0")
    watchers.run(40)
    watchers.revive("n0")
    watchers.run(100)
    assert watchers.ready() == "True"
    assert watchers.taints() == []


def test_what_a_silent_nodes_conditions_say():
    pressures = [condition(kind, "False") for kind in ("MemoryPressure", "DiskPressure", "PIDPressure")]
    watchers = Watchers(
        node("n0", *pressures, condition()),
        machine("n0"),
        *(one for name in HEALTHY for one in (node(name), machine(name))),
    )
    watchers.run(10)
    watchers.kill("n0")
    watchers.run(60)
    found = watchers.node()["status"]["conditions"]
    assert [one["type"] for one in found] == ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"]
    for one in found:
        assert (one["status"], one["reason"]) == ("Unknown", "NodeStatusUnknown")
        assert one["message"] == "Kubelet stopped posting node status."
        assert one["lastHeartbeatTime"] == timestamp(START_US)
        assert one["lastTransitionTime"] == timestamp(START_US + 60 * SECOND_US)


def test_a_node_that_never_spoke_becomes_unknown_after_a_minute():
    silent = {**node("n0"), "status": {}}
    watchers = Watchers(silent, machine("n0", up=False), *(o for n in HEALTHY for o in (node(n), machine(n))))
    watchers.run(59)
    assert condition_of(watchers.node(), "Ready") is None
    watchers.run(5)
    found = watchers.node()["status"]["conditions"]
    assert [one["type"] for one in found] == ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]
    assert {one["reason"] for one in found} == {"NodeStatusNeverUpdated"}
    assert {one["message"] for one in found} == {"Kubelet never posted node status."}


def test_the_pods_of_a_silent_node_are_marked_not_ready():
    watchers = cluster("n0", *HEALTHY)
    watchers.view.add(pod())
    watchers.view.add(pod("unready", ready="False"))
    watchers.view.add(pod("elsewhere", "h0"))
    watchers.run(10)
    watchers.kill("n0")
    watchers.run(60)
    ready = [condition_of(one, "Ready")["status"] for one in watchers.view.list("Pod")]
    assert ready == ["False", "False", "True"]
    assert watchers.events()[-2:] == [
        ("NodeNotReady", "Node n0 status is now: NodeNotReady"),
        ("NodeNotReady", "Node is not ready"),
    ]


def test_a_pod_that_is_bound_to_a_failed_node_is_marked_not_ready():
    watchers = cluster("n0", *HEALTHY)
    watchers.run(10)
    watchers.kill("n0")
    watchers.run(60)
    watchers.view.add(pod())
    watchers.run(1)
    assert condition_of(watchers.view.get("Pod", ("ns", "p")), "Ready")["status"] == "False"


def test_a_silent_node_is_tainted_and_freed_when_it_speaks():
    watchers = cluster("n0", *HEALTHY)
    watchers.run(10)
    watchers.kill("n0")
    watchers.run(61)
    assert watchers.taints() == [UNREACHABLE, ("node.kubernetes.io/unreachable", "NoSchedule")]
    watchers.revive("n0")
    watchers.run(1)
    assert watchers.taints() == [UNREACHABLE]
    watchers.run(5)
    assert watchers.taints() == []


def test_a_node_that_says_it_is_not_ready_is_tainted_within_five_seconds():
    watchers = cluster("n0", *HEALTHY)
    watchers.run(11)
    watchers.view.change("Node", ("", "n0"), "status", {"conditions": [condition(status="False")]})
    watchers.run(1)
    assert watchers.taints() == [("node.kubernetes.io/not-ready", "NoSchedule")]
    watchers.run(5)
    assert NOT_READY in watchers.taints()


def test_a_node_that_comes_is_taken_to_be_reachable():
    watchers = Watchers(node(taints=[taint(*UNREACHABLE), taint("mine", "NoExecute")]), machine())
    watchers.run(5)
    assert watchers.taints() == [("mine", "NoExecute")]


def test_taints_are_added_before_others_are_removed():
    watchers = Watchers(node("n0", condition(status="False")), machine(), node("n1"), machine("n1"))
    watchers.run(10)
    watchers.view.change("Node", ("", "n0"), "status", {"conditions": [condition(status="Unknown")]})
    before = len(watchers.view.actions)
    watchers.run(10)
    written = [
        [(one["key"].partition("/")[2], one["effect"]) for one in action.patch["spec"]["taints"] or ()]
        for action in watchers.view.actions[before:]
        if isinstance(action, Patch) and "taints" in action.patch.get("spec", {})
    ]
    for effect in ("NoSchedule", "NoExecute"):
        assert any({("not-ready", effect), ("unreachable", effect)} <= set(taints) for taints in written)
    assert sorted(written[-1]) == [("unreachable", "NoExecute"), ("unreachable", "NoSchedule")]
    assert len(written) == 4


def test_a_pod_that_cannot_be_marked_is_told_all_the_same():
    view = MemoryView([node("n0", condition(status="Unknown")), pod()])
    view.refuse[("patch", "Pod")] = ApiError(500, "", "no")
    actions, done = view.sync(plan, ("ns", "p"))
    assert [one.reason for one in actions if isinstance(one, Record)] == ["NodeNotReady"]
    assert done.error == "no"


def test_the_taint_changes_at_once_when_an_unready_node_falls_silent():
    watchers = cluster("n0", *HEALTHY)
    watchers.run(11)
    watchers.view.change("Node", ("", "n0"), "status", {"conditions": [condition(status="False")]})
    watchers.run(10)
    watchers.kill("n0")
    watchers.run(60)
    assert UNREACHABLE in watchers.taints()
    assert NOT_READY not in watchers.taints()


@pytest.mark.parametrize(
    ("conditions", "unschedulable", "expected"),
    [
        pytest.param([condition()], False, [], id="healthy"),
        pytest.param([condition(status="False")], False, ["not-ready"], id="not-ready"),
        pytest.param([condition(status="Unknown")], False, ["unreachable"], id="unknown"),
        pytest.param([condition("MemoryPressure")], False, ["memory-pressure"], id="memory"),
        pytest.param([condition("DiskPressure")], False, ["disk-pressure"], id="disk"),
        pytest.param([condition("PIDPressure")], False, ["pid-pressure"], id="pid"),
        pytest.param([condition("NetworkUnavailable")], False, ["network-unavailable"], id="network"),
        pytest.param([condition("MemoryPressure", "False")], False, [], id="no-pressure"),
        pytest.param([condition("MemoryPressure", "Unknown")], False, [], id="unknown-pressure"),
        pytest.param([condition()], True, ["unschedulable"], id="cordoned"),
        pytest.param(
            [condition("MemoryPressure"), condition("DiskPressure")],
            True,
            ["memory-pressure", "disk-pressure", "unschedulable"],
            id="several",
        ),
    ],
)
def test_no_schedule_taints_follow_conditions(conditions, unschedulable, expected):
    spec = {"unschedulable": True} if unschedulable else {}
    mine = {"key": "mine", "effect": "NoSchedule"}
    stale = {"key": "node.kubernetes.io/pid-pressure", "effect": "NoSchedule"}
    view = MemoryView([node("n0", *conditions, taints=[mine, stale], **spec)])
    view.sync(plan, ("", "n0"))
    taints = view.get("Node", ("", "n0"))["spec"]["taints"]
    assert taints[0] == mine
    assert sorted(one["key"] for one in taints[1:]) == sorted(f"node.kubernetes.io/{one}" for one in expected)
    assert all(one["effect"] == "NoSchedule" for one in taints)
    assert view.sync(plan, ("", "n0"))[0] == ()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"kubernetes.io/os": "linux"}, {"beta.kubernetes.io/os": "linux"}),
        ({"kubernetes.io/arch": "arm64"}, {"beta.kubernetes.io/arch": "arm64"}),
        ({"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "plan9"}, {"beta.kubernetes.io/os": "linux"}),
        ({"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "linux"}, {}),
        ({}, {}),
    ],
)
def test_older_names_of_labels(labels, expected):
    view = MemoryView([node("n0", labels=labels)])
    actions, _ = view.sync(plan, ("", "n0"))
    patches = [one.patch["metadata"]["labels"] for one in actions if isinstance(one, Patch)]
    assert patches == ([expected] if expected else [])
    assert labels_of(view.get("Node", ("", "n0"))) == {**labels, **expected}


# Zones and rates.


@pytest.mark.parametrize(
    ("ready", "failed", "state"),
    [
        (3, 0, "Normal"),
        (0, 1, "FullDisruption"),
        (0, 3, "FullDisruption"),
        (1, 2, "Normal"),
        (1, 3, "PartialDisruption"),
        (3, 3, "Normal"),
        (4, 5, "PartialDisruption"),
        (9, 11, "PartialDisruption"),
        (10, 11, "Normal"),
    ],
)
def test_states_of_zones(ready, failed, state):
    assert zone_state(["True"] * ready + ["Unknown"] * failed) == state


@pytest.mark.parametrize(
    ("labels", "same"),
    [
        ({"topology.kubernetes.io/zone": "a"}, True),
        ({"failure-domain.beta.kubernetes.io/zone": "a"}, True),
        ({"topology.kubernetes.io/zone": "b"}, False),
        ({"topology.kubernetes.io/zone": "a", "topology.kubernetes.io/region": "r"}, False),
    ],
)
def test_zones_have_keys(labels, same):
    assert (zone_of(node("n0", zone="a")) == zone_of(node("n1", labels=labels))) is same
    assert zone_of(node("n0")) == ""


def test_one_node_in_ten_seconds_is_tainted():
    names = [f"n{number}" for number in range(3)]
    watchers = cluster(*names, *HEALTHY)
    watchers.run(100)
    watchers.kill(*names)
    watchers.run(52)
    found = []
    for _ in range(4):
        found.append(len(watchers.tainted(*names)))
        watchers.run(10)
    assert found == [1, 2, 3, 3]


def test_each_zone_has_a_rate_of_its_own():
    objects = []
    for zone in ("a", "b"):
        for number in range(4):
            name = f"{zone}{number}"
            objects += [node(name, zone=zone), machine(name)]
    watchers = Watchers(*objects)
    watchers.run(100)
    watchers.kill("a0", "b0")
    watchers.run(52)
    assert watchers.tainted("a0", "b0") == ["a0", "b0"]


def test_nothing_is_tainted_where_most_of_a_small_zone_is_gone():
    names = [f"n{number}" for number in range(4)]
    watchers = cluster(*names, "h0")
    watchers.run(100)
    watchers.kill(*names)
    watchers.run(300)
    assert watchers.tainted(*names) == []
    assert all(("node.kubernetes.io/unreachable", "NoSchedule") in watchers.taints(name) for name in names)


def test_a_large_zone_is_tainted_slowly_where_most_of_it_is_gone():
    names = [f"n{number}" for number in range(40)]
    watchers = cluster(*names, *(f"h{number}" for number in range(20)))
    watchers.run(100)
    watchers.kill(*names)
    watchers.run(52)
    first = len(watchers.tainted(*names))
    watchers.run(200)
    assert len(watchers.tainted(*names)) - first == 2


def test_nothing_is_tainted_where_every_zone_is_gone():
    names = ("n0", "n1")
    watchers = cluster(*names)
    watchers.run(100)
    watchers.kill(*names)
    watchers.run(300)
    assert watchers.tainted(*names) == []


def test_after_a_total_outage_the_rest_get_their_grace_again():
    watchers = cluster("n0", "n1", "n2")
    watchers.run(100)
    watchers.kill("n0", "n1", "n2")
    watchers.run(100)
    watchers.revive("n0", "n1")
    watchers.run(4)
    assert watchers.tainted("n2") == []
    watchers.run(100)
    assert watchers.ready("n0") == watchers.ready("n1") == "True"
    assert watchers.tainted("n2") == ["n2"]


def test_a_whole_zone_among_others_is_tainted_at_the_usual_rate():
    objects = []
    for name, zone in (("a0", "a"), ("a1", "a"), ("b0", "b")):
        objects += [node(name, zone=zone), machine(name)]
    watchers = Watchers(*objects)
    watchers.run(100)
    watchers.kill("a0", "a1")
    watchers.run(52)
    assert len(watchers.tainted("a0", "a1")) == 1
    watchers.run(10)
    assert len(watchers.tainted("a0", "a1")) == 2


def test_an_excluded_node_does_not_count_towards_its_zone():
    label = {"node.kubernetes.io/exclude-disruption": ""}
    objects = [node("x", labels=label), machine("x")]
    for name in ("n0", "n1"):
        objects += [node(name), machine(name)]
    watchers = Watchers(*objects)
    watchers.run(100)
    watchers.kill("n0", "n1")
    watchers.run(200)
    assert watchers.tainted("n0", "n1") == []


def test_a_node_that_recovers_before_its_turn_is_not_tainted():
    watchers = cluster("n0", "n1", *HEALTHY)
    watchers.run(100)
    watchers.kill("n0", "n1")
    watchers.run(52)
    (late,) = {"n0", "n1"} - set(watchers.tainted("n0", "n1"))
    watchers.revive(late)
    watchers.run(30)
    assert watchers.taints(late) == []


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        pytest.param(None, node(), [("", "n0"), MONITOR], id="created"),
        pytest.param(node(), None, [("", "n0"), MONITOR], id="removed"),
        pytest.param(node(), node(), [], id="unchanged"),
        pytest.param(node(), node("n0", condition(reason="X")), [], id="another-reason"),
        pytest.param(node(), node("n0", condition(status="False")), [("", "n0"), MONITOR], id="readiness"),
        pytest.param(node(), node("n0", unschedulable=True), [("", "n0")], id="cordoned"),
    ],
)
def test_whom_a_node_wakes(old, new, keys):
    change = Change(1, START_US, "Node", ("", "n0"), old, new, 0)
    (watch,) = (one for one in CONTROLLER.watches if one.kind == "Node")
    assert watch.keys(change, MemoryView()) == keys


# Tolerations.


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute"}, True),
        ({"key": "k", "value": "v"}, True),
        ({"key": "k", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "k", "operator": "Exists", "effect": "NoSchedule"}, False),
        ({"key": "other", "operator": "Exists"}, False),
        ({"key": "k", "value": "w"}, False),
        ({"key": "k"}, False),
    ],
)
def test_toleration(toleration, expected):
    assert tolerates(toleration, {"key": "k", "value": "v", "effect": "NoExecute"}) is expected


@pytest.mark.parametrize(
    ("operator", "value", "taint_value", "compares", "expected"),
    [
        ("Lt", "10", "5", True, True),
        ("Lt", "5", "10", True, False),
        ("Gt", "5", "10", True, True),
        ("Gt", "5", "10", False, False),
        ("Gt", "x", "10", True, False),
        ("Gt", "05", "10", True, False),
    ],
)
def test_comparing_tolerations(operator, value, taint_value, compares, expected):
    toleration = {"key": "k", "operator": operator, "value": value}
    assert (
        tolerates(toleration, {"key": "k", "value": taint_value, "effect": "NoExecute"}, compares) is expected
    )


def test_every_taint_must_be_tolerated():
    taints = [taint("a", "NoExecute"), taint("b", "NoExecute")]
    only_a = [{"key": "a", "operator": "Exists"}]
    assert matching_tolerations(taints, only_a) is None
    assert matching_tolerations(taints[:1], only_a) == only_a
    assert matching_tolerations([], []) == []
