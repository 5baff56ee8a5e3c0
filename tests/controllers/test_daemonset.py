"""DaemonSets: where a Pod belongs, what it looks like, and how an update goes from node to node.

Ports cases of pkg/controller/daemon/{daemon_controller,update}_test.go and
pkg/controller/daemon/util/daemonset_util_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.meta import key_of, owner_reference
from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.components import Create, Delete, Record
from k8slab.controllers import daemonset as controller
from k8slab.controllers._daemon_placement import (
    GENERATION_LABEL,
    HASH_LABEL,
    TEMPLATE_GENERATION,
    Wanted,
    daemon_tolerations,
    pod_template,
    target_node,
    wanted_on,
)
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

NOW_US = START_US
KEY = ("ns", "agent")
LABELS = {"name": "simple"}


def daemon_set(spec=None, *, rolling=None, strategy="RollingUpdate", annotations=None, **more):
    update = {"type": strategy, "rollingUpdate": rolling or {"maxUnavailable": 1, "maxSurge": 0}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": "agent",
            "namespace": "ns",
            "uid": "agent",
            "generation": 1,
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": {
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": spec or {"containers": []}},
            "updateStrategy": update if strategy == "RollingUpdate" else {"type": strategy},
            **more,
        },
    }


def node(name="node-0", *, labels=None, taints=(), **spec):
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {"taints": list(taints), **spec},
    }


def taint(effect, key="dedicated"):
    return {"key": key, "effect": effect}


def pod(name, on="node-0", *, owner=None, hash_text="new", ready=True, phase="Running", age=0, **metadata):
    since = timestamp(NOW_US - age * SECOND_US)
    given = {"name": name, "namespace": "ns", "uid": name, "creationTimestamp": since, **metadata}
    given["labels"] = {**LABELS, HASH_LABEL: hash_text}
    if owner is not None:
        given["ownerReferences"] = [owner_reference(owner)]
    conditions = [{"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": since}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": given,
        "spec": {"nodeName": on} if on else {},
        "status": {"phase": phase, "conditions": conditions},
    }


def required(*terms):
    selector = {"nodeSelectorTerms": list(terms)}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": selector}}


def expressions(key, *values, operator="In"):
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


# Where a Pod belongs.


PRODUCTION = {"type": "production"}
EVERYWHERE = {"operator": "Exists"}
PLACES = {
    "anywhere": ({}, node(), (True, True)),
    "too large a request is the scheduler's affair": (
        {"containers": [{"resources": {"requests": {"memory": "200M"}}}]},
        node(),
        (True, True),
    ),
    "another node by name": ({"nodeName": "other-node"}, node(), (False, False)),
    "this node by name": ({"nodeName": "node-0"}, node(), (True, True)),
    "a selector that doesn't fit": (
        {"nodeSelector": {"type": "test"}},
        node(labels=PRODUCTION),
        (False, False),
    ),
    "a selector that fits": ({"nodeSelector": PRODUCTION}, node(labels=PRODUCTION), (True, True)),
    "a name and a selector that contradict": (
        {"nodeName": "node-0", "nodeSelector": {"type": "test"}},
        node(labels=PRODUCTION),
        (False, False),
    ),
    "an affinity that doesn't fit": (
        {"affinity": required(expressions("type", "test"))},
        node(labels=PRODUCTION),
        (False, False),
    ),
    "an affinity that fits": (
        {"affinity": required(expressions("type", "production"))},
        node(labels=PRODUCTION),
        (True, True),
    ),
    "one of two terms fits": (
        {"affinity": required(expressions("type", "test"), expressions("type", operator="Exists"))},
        node(labels=PRODUCTION),
        (True, True),
    ),
    "an empty term fits nothing": ({"affinity": required({})}, node(), (False, False)),
    "by the node's name": (
        {
            "affinity": required(
                {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-0"]}]}
            )
        },
        node(),
        (True, True),
    ),
    "an unschedulable node": ({}, node(unschedulable=True), (True, True)),
    "a NoSchedule taint keeps what runs": ({}, node(taints=[taint("NoSchedule")]), (False, True)),
    "a NoExecute taint does not": ({}, node(taints=[taint("NoExecute")]), (False, False)),
    "PreferNoSchedule means nothing": ({}, node(taints=[taint("PreferNoSchedule")]), (True, True)),
    "a tolerated taint": (
        {"tolerations": [EVERYWHERE]},
        node(taints=[taint("NoSchedule"), taint("NoExecute")]),
        (True, True),
    ),
    "one of two taints is tolerated": (
        {"tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}]},
        node(taints=[taint("NoSchedule"), taint("NoExecute", "other")]),
        (False, False),
    ),
    "not ready": ({}, node(taints=[taint("NoExecute", "node.kubernetes.io/not-ready")]), (True, True)),
    "unreachable": ({}, node(taints=[taint("NoExecute", "node.kubernetes.io/unreachable")]), (True, True)),
    "disk pressure": (
        {},
        node(taints=[taint("NoSchedule", "node.kubernetes.io/disk-pressure")]),
        (True, True),
    ),
    "memory pressure": (
        {},
        node(taints=[taint("NoSchedule", "node.kubernetes.io/memory-pressure")]),
        (True, True),
    ),
    "PID pressure": ({}, node(taints=[taint("NoSchedule", "node.kubernetes.io/pid-pressure")]), (True, True)),
    "cordoned": ({}, node(taints=[taint("NoSchedule", "node.kubernetes.io/unschedulable")]), (True, True)),
    "without a network": (
        {},
        node(taints=[taint("NoSchedule", "node.kubernetes.io/network-unavailable")]),
        (False, True),
    ),
    "without a network, on the host's": (
        {"hostNetwork": True},
        node(taints=[taint("NoSchedule", "node.kubernetes.io/network-unavailable")]),
        (True, True),
    ),
}


@pytest.mark.parametrize(("spec", "there", "expected"), PLACES.values(), ids=PLACES)
def test_places(spec, there, expected):
    given = daemon_set(spec)
    assert wanted_on(given, daemon_tolerations(spec), there) == Wanted(*expected)


OWN = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}
TOLERATIONS = {
    "none of its own": ([], 6),
    "one of the same": ([OWN], 6),
    "the same with a time": ([{**OWN, "tolerationSeconds": 5}], 6),
    "another": ([{"key": "dedicated", "operator": "Exists"}], 7),
}


@pytest.mark.parametrize(("given", "count"), TOLERATIONS.values(), ids=TOLERATIONS)
def test_tolerations(given, count):
    found = daemon_tolerations({"tolerations": given})
    assert len(found) == count
    assert sum(one["key"] == OWN["key"] for one in found) == 1
    assert OWN in found, "the time is taken out"


# What a Pod looks like.


BY_NAME = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["host_1"]}]}
PREFERRED = [{"weight": 1, "preference": expressions("a", "b")}]
AFFINITIES = {
    "none": (None, required(BY_NAME)),
    "required terms are replaced": (required(expressions("kubernetes.io/hostname", "h")), required(BY_NAME)),
    "several required terms are replaced": (
        required(expressions("a", "b"), expressions("c", "d")),
        required(BY_NAME),
    ),
    "preferred terms are kept": (
        {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": PREFERRED}},
        {
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": PREFERRED,
                **required(BY_NAME)["nodeAffinity"],
            }
        },
    ),
    "no required term": (required(), required(BY_NAME)),
    "other affinities are kept": ({"podAffinity": {}}, {"podAffinity": {}, **required(BY_NAME)}),
}


@pytest.mark.parametrize(("affinity", "expected"), AFFINITIES.values(), ids=AFFINITIES)
def test_affinity_to_the_node(affinity, expected):
    spec = {"containers": [], **({"affinity": affinity} if affinity is not None else {})}
    assert pod_template(daemon_set(spec), [], "hash", "host_1")["spec"]["affinity"] == expected


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        (None, {**LABELS, HASH_LABEL: "hash"}),
        ({TEMPLATE_GENERATION: "1"}, {**LABELS, HASH_LABEL: "hash", GENERATION_LABEL: "1"}),
    ],
    ids=["by its hash", "by its generation too"],
)
def test_labels(annotations, expected):
    template = pod_template(daemon_set(annotations=annotations), [], "hash", "n")
    assert template["metadata"]["labels"] == expected


def by_names(*names):
    field = {"key": "metadata.name", "operator": "In", "values": list(names)}
    return {"spec": {"affinity": required({"matchFields": [field]})}}


TARGETS = {
    "bound": ({"spec": {"nodeName": "node-1"}}, "node-1"),
    "by its affinity": (by_names("node-1"), "node-1"),
    "two names are none": (by_names("node-1", "node-2"), ""),
    "neither": ({"spec": {}}, ""),
}


@pytest.mark.parametrize(("given", "expected"), TARGETS.values(), ids=TARGETS)
def test_target_node(given, expected):
    assert target_node(given) == expected


BOTH = {GENERATION_LABEL: "1", HASH_LABEL: "hash"}
UPDATED = {
    "generation and hash": ("1", BOTH, "hash", True),
    "generation, another hash": ("1", BOTH, "hash123", True),
    "generation, no hash label": ("1", {GENERATION_LABEL: "1"}, "hash", True),
    "generation, no hash at all": ("1", {GENERATION_LABEL: "1"}, "", True),
    "generation, no hash asked for": ("1", BOTH, "", True),
    "another generation, hash": ("2", BOTH, "hash", True),
    "neither": ("2", BOTH, "hash123", False),
    "no labels, no hash": ("1", {}, "", False),
    "no labels": ("1", {}, "hash", False),
    "no generation, hash": (None, BOTH, "hash", True),
}


@pytest.mark.parametrize(("generation", "labels", "hash_text", "expected"), UPDATED.values(), ids=UPDATED)
def test_updated_pods(generation, labels, hash_text, expected):
    annotations = {TEMPLATE_GENERATION: generation} if generation else None
    given = daemon_set(annotations=annotations)
    sync = controller.Sync(MemoryView(), given, [], (), {}, hash_text, NOW_US)
    assert controller._is_updated(sync, {"metadata": {"labels": labels}}) is expected


# Whole looks.


def look(given, *objects, memory=None, view=None):
    view = view or MemoryView([given, *objects])
    actions, done = view.sync(controller.plan, KEY, memory)
    created = [target_node(one.obj) for one in actions if isinstance(one, Create) and one.kind == "Pod"]
    deleted = [one.key[1] for one in actions if isinstance(one, Delete) and one.kind == "Pod"]
    return created, deleted, done, view


NODES = [node(f"node-{i}") for i in range(5)]
LAUNCHES = {
    "one on each node": ({}, NODES, ["node-0", "node-1", "node-2", "node-3", "node-4"]),
    "no nodes": ({}, [], []),
    "one by name": ({"nodeName": "node-3"}, NODES, ["node-3"]),
    "a name that no node has": ({"nodeName": "node-10"}, NODES, []),
    "selected nodes": (
        {"nodeSelector": PRODUCTION},
        [node("a"), node("b", labels=PRODUCTION), node("c", labels=PRODUCTION)],
        ["b", "c"],
    ),
    "a selector that no node fits": ({"nodeSelector": {"not": "there"}}, NODES, []),
    "nodes by affinity": (
        {"affinity": required(expressions("type", "production"))},
        [node("a"), node("b", labels=PRODUCTION)],
        ["b"],
    ),
    "no tainted nodes": ({}, [node("a", taints=[taint("NoSchedule")]), node("b")], ["b"]),
}


@pytest.mark.parametrize(("spec", "nodes", "expected"), LAUNCHES.values(), ids=LAUNCHES)
def test_launching(spec, nodes, expected):
    created, deleted, _, view = look(daemon_set({"containers": [], **spec}), *nodes)
    assert (created, deleted) == (expected, [])
    status = view.get("DaemonSet", KEY)["status"]
    assert status["desiredNumberScheduled"] == len(expected)


OWNER = daemon_set()
ON_DELETE = daemon_set(strategy="OnDelete")
EXISTING = {
    "one too many goes, the youngest": (
        [node()],
        [pod("old", owner=OWNER, age=9), pod("young", owner=OWNER, age=1)],
        [],
        ["young"],
    ),
    "a node that fits no more": (
        [node(taints=[taint("NoExecute")])],
        [pod("p", owner=OWNER)],
        [],
        ["p"],
    ),
    "a node that only takes no new ones": (
        [node(taints=[taint("NoSchedule")])],
        [pod("p", owner=OWNER)],
        [],
        [],
    ),
    "a failed Pod": ([node()], [pod("p", owner=OWNER, phase="Failed")], [], ["p"]),
    "a succeeded Pod": ([node()], [pod("p", owner=OWNER, phase="Succeeded")], [], ["p"]),
    "one that goes is waited for": (
        [node()],
        [pod("p", owner=OWNER, deletionTimestamp=timestamp(NOW_US))],
        [],
        [],
    ),
    "a Pod for a node that is gone, unbound": (
        [node()],
        [pod("p", owner=OWNER), {**pod("lost", "", owner=OWNER), **by_names("gone")}],
        [],
        ["lost"],
    ),
    "a Pod on a node that is gone stays": (
        [node()],
        [pod("p", owner=OWNER), pod("lost", "gone", owner=OWNER)],
        [],
        [],
    ),
}


@pytest.mark.parametrize(("nodes", "pods", "made", "gone"), EXISTING.values(), ids=EXISTING)
def test_existing_pods(nodes, pods, made, gone):
    created, deleted, _, _ = look(ON_DELETE, *nodes, *pods)
    assert (created, deleted) == (made, gone)


def test_failed_pods_are_replaced_with_back_off():
    observed = {**ON_DELETE, "status": {"observedGeneration": 1}}
    view = MemoryView([observed, node(), pod("first", owner=OWNER, phase="Failed")])
    actions, done = view.sync(controller.plan, KEY)
    assert [one.reason for one in actions if isinstance(one, Record)] == [
        "FailedDaemonPod",
        "SuccessfulDelete",
    ]
    view.remove("Pod", ("ns", "first"))
    view.add(pod("second", owner=OWNER, phase="Failed"))
    _, deleted, done, _ = look(ON_DELETE, memory=done.memory, view=view)
    assert deleted == []
    assert done.look_again_us == SECOND_US
    view.now_us += done.look_again_us
    _, deleted, _, _ = look(ON_DELETE, memory=done.memory, view=view)
    assert deleted == ["second"]


def test_nothing_is_done_for_one_that_goes():
    going = daemon_set()
    going["metadata"]["deletionTimestamp"] = timestamp(NOW_US)
    assert look(going, *NODES)[:2] == ([], [])


# Rolling updates.


def rolling(pods, nodes=NODES, **strategy):
    """What a step of an update wants, as nodes to surge on and names of Pods to delete."""
    given = daemon_set(rolling={"maxUnavailable": 0, "maxSurge": 0, **strategy})
    by_node = {}
    for one in pods:
        by_node.setdefault(one["spec"]["nodeName"], []).append(one)
    tolerations = daemon_tolerations({})
    sync = controller.Sync(MemoryView(), given, tolerations, nodes, by_node, "new", NOW_US)
    work = controller._rolling_update(sync)
    return work.nodes, [one["metadata"]["name"] for one in work.pods]


def old(number, **options):
    return pod(f"old-{number}", f"node-{number}", hash_text="old", **options)


def new(number, **options):
    return pod(f"new-{number}", f"node-{number}", **options)


UPDATES = {
    "two at once": ([old(i) for i in range(5)], {"maxUnavailable": 2}, [], ["old-0", "old-1"]),
    "in percent, rounded up": (
        [old(i) for i in range(5)],
        {"maxUnavailable": "30%"},
        [],
        ["old-0", "old-1"],
    ),
    "one that is not ready counts": (
        [new(0, ready=False), *(old(i) for i in range(1, 5))],
        {"maxUnavailable": 2},
        [],
        ["old-1"],
    ),
    "none while enough are unavailable": (
        [new(0, ready=False), new(1, ready=False), *(old(i) for i in range(2, 5))],
        {"maxUnavailable": 2},
        [],
        [],
    ),
    "unready old ones go at once": (
        [old(0), old(1, ready=False), old(2, ready=False), old(3, ready=False), old(4)],
        {"maxUnavailable": 2},
        [],
        ["old-1", "old-2", "old-3"],
    ),
    "all old ones are unready": (
        [old(i, ready=False) for i in range(5)],
        {"maxUnavailable": 3},
        [],
        [f"old-{i}" for i in range(5)],
    ),
    "healthy old ones are kept while new ones fail": (
        [old(0), old(1), new(2, ready=False), new(3, ready=False), new(4, ready=False)],
        {"maxUnavailable": 3},
        [],
        [],
    ),
    "a node without a Pod": ([old(0), old(1)], {"maxUnavailable": 1}, [], ["old-0"]),
    "all are new": ([new(i) for i in range(5)], {"maxUnavailable": 2}, [], []),
    "at least one, where both are zero": ([old(i) for i in range(5)], {}, [], ["old-0"]),
    "surge on two nodes": ([old(i) for i in range(5)], {"maxSurge": 2}, ["node-0", "node-1"], []),
    "surge in percent": ([old(i) for i in range(5)], {"maxSurge": "30%"}, ["node-0", "node-1"], []),
    "surge on all": (
        [old(i) for i in range(5)],
        {"maxSurge": "100%"},
        [f"node-{i}" for i in range(5)],
        [],
    ),
    "the old one waits for the new": ([old(0), new(0, ready=False)], {"maxSurge": 1}, [], []),
    "the old one goes when the new is available": ([old(0), new(0)], {"maxSurge": 1}, [], ["old-0"]),
    "unready old ones don't count as surge": (
        [old(i, ready=False) for i in range(5)],
        {"maxSurge": 3},
        [f"node-{i}" for i in range(5)],
        [],
    ),
}


@pytest.mark.parametrize(("pods", "strategy", "nodes", "deleted"), UPDATES.values(), ids=UPDATES)
def test_rolling_updates(pods, strategy, nodes, deleted):
    assert rolling(pods, **strategy) == (nodes, deleted)


PRUNING = {
    "a new one beside an old one": ([old(0, age=9), new(0, ready=False, age=1)], []),
    "the new one is available": ([old(0, age=9), new(0, age=1)], ["old-0"]),
    "the old one is not ready": ([old(0, ready=False, age=9), new(0, ready=False, age=1)], ["old-0"]),
    "two old ones": (
        [old(0, age=9), pod("old-b", hash_text="old", age=5)],
        ["old-b"],
    ),
}


@pytest.mark.parametrize(("pods", "expected"), PRUNING.values(), ids=PRUNING)
def test_pruning_with_surge(pods, expected):
    given = daemon_set(rolling={"maxUnavailable": 0, "maxSurge": 1})
    sync = controller.Sync(MemoryView(), given, [], [node()], {}, "new", NOW_US)
    work = controller.Work([], [])
    controller._prune(sync, "node-0", pods, True, work)
    assert [one["metadata"]["name"] for one in work.pods] == expected


# Status.


STATUS = {
    "ready ones": ([pod("p", owner=OWNER)], {}, (1, 1, 1, 0)),
    "an unready one": ([pod("p", owner=OWNER, ready=False)], {}, (1, 0, 0, 1)),
    "not available yet": ([pod("p", owner=OWNER, age=1)], {"minReadySeconds": 30}, (1, 1, 0, 1)),
    "available by now": ([pod("p", owner=OWNER, age=30)], {"minReadySeconds": 30}, (1, 1, 1, 0)),
}


@pytest.mark.parametrize(("pods", "spec", "expected"), STATUS.values(), ids=STATUS)
def test_status(pods, spec, expected):
    _, _, _, view = look(daemon_set(strategy="OnDelete", **spec), node(), *pods)
    status = view.get("DaemonSet", KEY)["status"]
    fields = ("currentNumberScheduled", "numberReady", "numberAvailable", "numberUnavailable")
    assert tuple(status.get(field, 0) for field in fields) == expected
    assert status["observedGeneration"] == 1


AGREED = {
    # In seconds: minReadySeconds, who was ready, the entry that stands, what is asked for, what is due.
    "a Pod has become ready": (5, (), None, [], 6),
    "the status asks for less": (5, (), None, [5], 5),
    "an earlier entry stays": (5, (), 2, [5], 2),
    "a later entry gives way": (5, (), 9, [], 6),
    "an entry that is reached is gone": (5, ("p",), 0, [], None),
    "nobody needs to be ready for long": (0, (), None, [], None),
}


@pytest.mark.parametrize(("seconds", "known", "stands", "asked", "expected"), AGREED.values(), ids=AGREED)
def test_one_look_is_agreed_on_the_earliest(seconds, known, stands, asked, expected):
    ready = pod("p", owner=OWNER, age=1)
    sync = controller.Sync(
        MemoryView(), daemon_set(minReadySeconds=seconds), [], [node()], {"node-0": [ready]}, "new", NOW_US
    )
    uids = (ready["metadata"]["uid"],) if known else ()
    due_us = None if stands is None else NOW_US + stands * SECOND_US
    memory = controller.DaemonMemory(ready=uids, due_us=due_us)
    agreed = controller._agreed(sync, memory, [one * SECOND_US for one in asked])
    assert agreed.due_us == (None if expected is None else NOW_US + expected * SECOND_US)
    assert agreed.ready == ((ready["metadata"]["uid"],) if seconds else ())


def test_making_pods_uses_up_the_entry_that_stands():
    memory = controller.DaemonMemory(due_us=NOW_US + 2 * SECOND_US)
    _, _, done, _ = look(daemon_set(minReadySeconds=5), node(), memory=memory)
    assert done.memory.due_us is None
    running = pod("p", owner=OWNER, ready=False)
    _, _, done, _ = look(daemon_set(minReadySeconds=5), node(), running, memory=memory)
    assert done.memory.due_us == memory.due_us


def test_a_revision_name_that_other_data_has_taken_counts_as_a_collision():
    view = MemoryView([daemon_set(), node()])
    view.sync(controller.plan, KEY)
    (made,) = view.list("ControllerRevision")
    view.remove("ControllerRevision", key_of(made))
    view.add({**made, "data": {"spec": {"template": {}}}, "metadata": {**made["metadata"], "labels": {}}})
    taken = view.get("ControllerRevision", key_of(made))
    view.add({**taken, "metadata": {**taken["metadata"], "ownerReferences": []}})
    _, done = view.sync(controller.plan, KEY)
    assert "already exists" in done.error
    assert view.get("DaemonSet", KEY)["status"]["collisionCount"] == 1


def test_an_adopted_revision_without_a_hash_goes_by_its_name():
    view = MemoryView([daemon_set(), node()])
    view.sync(controller.plan, KEY)
    (made,) = view.list("ControllerRevision")
    view.add({**made, "metadata": {**made["metadata"], "labels": LABELS}})
    view.sync(controller.plan, KEY)
    (kept,) = view.list("ControllerRevision")
    assert kept["metadata"]["labels"] == {**LABELS, HASH_LABEL: made["metadata"]["name"]}


def test_a_revision_that_comes_with_its_owner_wakes_nobody():
    owner = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "ns", "uid": "agent"},
        "spec": {"selector": {"matchLabels": {"app": "agent"}}},
    }
    metadata = {"name": "agent-1", "namespace": "ns", "uid": "r", "labels": {"app": "agent"}}
    owned = {
        "kind": "ControllerRevision",
        "metadata": {**metadata, "ownerReferences": [owner_reference(owner)]},
    }
    orphan = {"kind": "ControllerRevision", "metadata": metadata}
    (watch,) = [one for one in controller.CONTROLLER.watches if one.kind == "ControllerRevision"]
    view = MemoryView([owner])
    for old, new, wakes in ((None, owned, False), (owned, None, True), (None, orphan, True)):
        change = Change(1, 0, "ControllerRevision", ("ns", "agent-1"), old, new, 0)
        assert bool(watch.keys(change, view)) is wakes
