"""ReplicaSets: which Pods go first, how creations start slowly, and what the status says.

Ports cases of pkg/controller/replicaset/{replica_set,replica_set_utils}_test.go
and pkg/controller/controller_utils_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError, Cause
from k8slab.api.meta import owner_reference
from k8slab.clock import DAY_US, HOUR_US, SECOND_US, START_US, timestamp
from k8slab.components import Create, Delete, Patch, Record
from k8slab.controllers import _replicas
from k8slab.controllers._replicas import deletion_cost, pods_to_delete, ranked, status_of
from k8slab.controllers._tally import Tallies
from k8slab.controllers.replicaset import CONTROLLER, plan
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

NOW_US = START_US
KEY = ("ns", "web")
LABELS = {"name": "foo"}
FULL_LABELS = {"name": "foo", "type": "production"}


def replica_set(replicas=1, labels=LABELS, *, name="web", kind="ReplicaSet", **spec):
    selector = {"name": "foo"}
    return {
        "apiVersion": "apps/v1" if kind == "ReplicaSet" else "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "ns", "uid": name, "generation": 1},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": selector} if kind == "ReplicaSet" else selector,
            "template": {"metadata": {"labels": labels}, "spec": {"containers": []}},
            **spec,
        },
    }


def pod(
    name,
    node="node",
    phase="Running",
    *,
    ready=True,
    restarts=0,
    sidecar_restarts=0,
    since=None,
    created=None,
    cost=None,
    labels=LABELS,
    owner=None,
    **metadata,
):
    status = {"phase": phase}
    if ready:
        condition = {"type": "Ready", "status": "True"}
        if since is not None:
            condition["lastTransitionTime"] = timestamp(since)
        status["conditions"] = [condition]
        status["containerStatuses"] = [{"name": "main", "restartCount": restarts}]
        status["initContainerStatuses"] = [{"name": "sidecar", "restartCount": sidecar_restarts}]
    given = {"name": name, "namespace": "ns", "uid": metadata.pop("uid", name), "labels": labels, **metadata}
    if created is not None:
        given["creationTimestamp"] = timestamp(created)
    if cost is not None:
        given["annotations"] = {"controller.kubernetes.io/pod-deletion-cost": cost}
    if owner is not None:
        given["ownerReferences"] = [owner_reference(owner)]
    spec = {"initContainers": [{"name": "sidecar", "restartPolicy": "Always"}]}
    if node:
        spec["nodeName"] = node
    return {"apiVersion": "v1", "kind": "Pod", "metadata": given, "spec": spec, "status": status}


THEN_US = NOW_US - 30 * DAY_US
PODS = {
    "unscheduled": pod("unscheduled", "", "Pending", ready=False),
    "pending": pod("pending", "node", "Pending", ready=False),
    "unknown phase": pod("unknown", "node", "Unknown", ready=False),
    "not ready": pod("not-ready", ready=False),
    "ready without a time": pod("ready-no-time"),
    "ready now": pod("ready-now", since=NOW_US, created=NOW_US),
    "ready then": pod("ready-then", since=THEN_US, created=THEN_US),
    "many restarts": pod("many", restarts=9001, since=NOW_US, created=NOW_US),
    "many sidecar restarts": pod(
        "many-sidecar", restarts=9001, sidecar_restarts=9001, since=NOW_US, created=NOW_US
    ),
    "ready now, created then": pod("now-then", since=NOW_US, created=THEN_US),
    "low cost": pod("low", since=NOW_US, created=THEN_US, cost="10"),
    "high cost": pod("high", since=NOW_US, created=THEN_US, cost="100"),
    "ready 2 hours": pod("two", "", since=NOW_US - 2 * HOUR_US, created=THEN_US),
    "ready 5 hours": pod("five", "", since=NOW_US - 5 * HOUR_US, created=THEN_US, uid="same"),
    "ready 8 hours": pod("eight", "", since=NOW_US - 8 * HOUR_US, created=THEN_US, uid="same"),
    "unscheduled 5 hours": pod("u5", "", "Pending", ready=False, created=NOW_US - 5 * HOUR_US, uid="same"),
    "unscheduled 8 hours": pod("u8", "", "Pending", ready=False, created=NOW_US - 8 * HOUR_US, uid="same"),
}

EQUAL = [
    ("unscheduled", "unscheduled"),
    ("pending", "pending"),
    ("unknown phase", "unknown phase"),
    ("not ready", "not ready"),
    ("ready now, created then", "ready now, created then"),
    ("ready now", "ready now"),
    ("ready then", "ready then"),
    ("many restarts", "many restarts"),
    ("unscheduled 5 hours", "unscheduled 8 hours"),
    ("ready 5 hours", "ready 8 hours"),
]


@pytest.mark.parametrize(("left", "right"), EQUAL, ids=[f"{a} = {b}" for a, b in EQUAL])
def test_equal_ranks(left, right):
    crowds = {"node": 1, "": 1}
    one, other = (_replicas._worth(PODS[name], crowds, NOW_US) for name in (left, right))
    assert _replicas._compare(one, other) == _replicas._compare(other, one) == 0


FIRST = [
    ("unscheduled", 1, "pending", 2),
    ("unscheduled", 2, "pending", 1),
    ("pending", 1, "unknown phase", 2),
    ("unknown phase", 1, "not ready", 2),
    ("not ready", 1, "ready without a time", 1),
    ("ready without a time", 1, "ready now", 1),
    ("ready now", 2, "ready without a time", 1),
    ("ready now", 1, "ready then", 1),
    ("ready now", 2, "ready then", 1),
    ("many restarts", 1, "ready now", 1),
    ("many sidecar restarts", 1, "many restarts", 1),
    ("ready now", 2, "many restarts", 1),
    ("ready now", 1, "ready now, created then", 1),
    ("ready now, created then", 2, "ready now", 1),
    ("low cost", 2, "high cost", 1),
    ("low cost", 1, "high cost", 2),
    ("ready 2 hours", 1, "ready 5 hours", 1),
]


@pytest.mark.parametrize(
    ("lesser", "rank", "greater", "other_rank"),
    FIRST,
    ids=[f"{a} ({i}) before {b} ({j})" for a, i, b, j in FIRST],
)
def test_who_goes_first(lesser, rank, greater, other_rank):
    left, right = PODS[lesser], PODS[greater]
    if rank != other_rank and left["spec"].get("nodeName") and right["spec"].get("nodeName"):
        left = {**left, "spec": {**left["spec"], "nodeName": "one"}}
        right = {**right, "spec": {**right["spec"], "nodeName": "other"}}
        crowds = {"one": rank, "other": other_rank}
    else:
        crowds = {"node": 1, "": 1}
    one, other = (_replicas._worth(pod, crowds, NOW_US) for pod in (left, right))
    assert (_replicas._compare(one, other), _replicas._compare(other, one)) == (-1, 1)
    assert ranked([right, left], crowds, NOW_US) == [left, right]


COSTS = {
    "none": (None, 0),
    "zero": ("0", 0),
    "positive": ("10", 10),
    "negative": ("-10", -10),
    "a plus sign": ("+10", 0),
    "a leading zero": ("010", 0),
    "no number": ("cheap", 0),
    "empty": ("", 0),
}


@pytest.mark.parametrize(("text", "cost"), COSTS.values(), ids=COSTS)
def test_deletion_costs(text, cost):
    assert deletion_cost(pod("p", cost=text)) == cost


UNSCHEDULED = pod("unscheduled", "", "Pending", ready=False)
PENDING = pod("pending", "fake-node", "Pending", ready=False)
NOT_READY = pod("not-ready", "fake-node", ready=False)
ON_NODE_1 = pod("ready-1", "node-1", since=NOW_US)
ON_NODE_2 = pod("ready-2", "node-2", since=NOW_US)
ALSO_ON_NODE_2 = pod("ready-3", "node-2", since=NOW_US, labels={"name": "foo", "of": "other"})
TO_DELETE = {
    "nothing": ([], [], 0, []),
    "all": ([NOT_READY, ON_NODE_1], [], 2, [NOT_READY, ON_NODE_1]),
    "the unready one": ([ON_NODE_1, NOT_READY], [], 1, [NOT_READY]),
    "all of many keep their order": (
        [ON_NODE_1, ON_NODE_2, NOT_READY, PENDING, UNSCHEDULED],
        [],
        5,
        [ON_NODE_1, ON_NODE_2, NOT_READY, PENDING, UNSCHEDULED],
    ),
    "unscheduled before scheduled": ([PENDING, UNSCHEDULED], [], 1, [UNSCHEDULED]),
    "unready before ready": ([ON_NODE_1, NOT_READY, PENDING], [], 2, [PENDING, NOT_READY]),
    "beside a related Pod before alone": ([ON_NODE_1, ON_NODE_2], [ALSO_ON_NODE_2], 1, [ON_NODE_2]),
    "pending before running": ([PENDING, NOT_READY], [], 1, [PENDING]),
    "three of many": (
        [ON_NODE_1, ON_NODE_2, NOT_READY, PENDING, UNSCHEDULED],
        [],
        3,
        [UNSCHEDULED, PENDING, NOT_READY],
    ),
}


@pytest.mark.parametrize(("pods", "related", "count", "expected"), TO_DELETE.values(), ids=TO_DELETE)
def test_pods_to_delete(pods, related, count, expected):
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "ns", "uid": "d"},
    }
    owner = replica_set()
    owner["metadata"]["ownerReferences"] = [owner_reference(deployment)]
    view = MemoryView([owner, *pods, *related])
    stored = [view.get("Pod", ("ns", one["metadata"]["name"])) for one in pods]
    names = [one["metadata"]["name"] for one in pods_to_delete(view, owner, stored, count, NOW_US)]
    assert names == [one["metadata"]["name"] for one in expected]


# Status.


def numbers(owner, pods, terminating=0, error=""):
    status = status_of(owner, pods, terminating, error, NOW_US)
    fields = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    return (*(status.get(field, 0) for field in fields), status.get("terminatingReplicas"))


FULL, LONG = replica_set(2, FULL_LABELS), replica_set(1, FULL_LABELS, minReadySeconds=3600)
PARTLY = replica_set(1, FULL_LABELS)
OLD_REPLICATION_CONTROLLER = replica_set(2, FULL_LABELS, kind="ReplicationController")


def full(name, **options):
    return pod(name, labels=FULL_LABELS, **options)


STATUSES = {
    "one fully labelled": (FULL, [full("a")], 0, (1, 1, 1, 1, 0)),
    "one not fully labelled": (PARTLY, [pod("a")], 0, (1, 0, 1, 1, 0)),
    "two fully labelled": (FULL, [full("a"), full("b")], 0, (2, 2, 2, 2, 0)),
    "two not fully labelled": (PARTLY, [pod("a"), pod("b")], 0, (2, 0, 2, 2, 0)),
    "one of each": (PARTLY, [pod("a"), full("b")], 0, (2, 1, 2, 2, 0)),
    "not ready": (FULL, [full("a", phase="Pending", ready=False)], 0, (1, 1, 0, 0, 0)),
    "ready, not available": (LONG, [full("a", since=NOW_US)], 0, (1, 1, 1, 0, 0)),
    "just available": (LONG, [full("a", since=NOW_US - 3600 * SECOND_US)], 0, (1, 1, 1, 1, 0)),
    "long available": (LONG, [full("a", since=NOW_US - 7200 * SECOND_US)], 0, (1, 1, 1, 1, 0)),
    "one terminating": (FULL, [full("a")], 1, (1, 1, 1, 1, 1)),
    "two terminating": (FULL, [full("a")], 2, (1, 1, 1, 1, 2)),
    "a ReplicationController's don't count": (
        OLD_REPLICATION_CONTROLLER,
        [full("a")],
        2,
        (1, 1, 1, 1, None),
    ),
    "none": (FULL, [], 0, (0, 0, 0, 0, 0)),
}


@pytest.mark.parametrize(("owner", "pods", "terminating", "expected"), STATUSES.values(), ids=STATUSES)
def test_status_numbers(owner, pods, terminating, expected):
    assert numbers(owner, pods, terminating) == expected


FAILING = replica_set(10)
FAILING["status"] = {"conditions": [{"type": "ReplicaFailure", "status": "True"}]}
CONDITIONS = {
    "an error with too few": (replica_set(2), 1, "boom", ["FailedCreate"]),
    "an error with too many": (replica_set(2), 3, "boom", ["FailedDelete"]),
    "an error with just enough": (replica_set(2), 2, "boom", [""]),
    "success takes it away": (FAILING, 1, "", []),
    "a further error keeps it": (FAILING, 1, "boom", [None]),
    "nothing new": (replica_set(2), 1, "", []),
}


@pytest.mark.parametrize(("owner", "count", "error", "reasons"), CONDITIONS.values(), ids=CONDITIONS)
def test_failure_condition(owner, count, error, reasons):
    pods = [pod(f"p{i}") for i in range(count)]
    conditions = status_of(owner, pods, 0, error, NOW_US).get("conditions", [])
    assert [one.get("reason") for one in conditions] == reasons


# A whole look.


def view_of(*objects):
    view = MemoryView(objects)
    view.caches[CONTROLLER.name] = Tallies(view)
    return view


SLOW_START = {"all fail": (0, 1), "all succeed": (10, 10), "some succeed": (5, 7)}


@pytest.mark.parametrize(("limit", "calls"), SLOW_START.values(), ids=SLOW_START)
def test_slow_start(limit, calls):
    steps = _replicas._create_in_batches(replica_set(10), 10)
    created = 0
    error = None
    try:
        action = next(steps)
        while True:
            if isinstance(action, Create):
                created += 1
                if created > limit:
                    action = steps.throw(ApiError(403, "Forbidden", "no more"))
                    continue
                action = steps.send(action.obj)
            else:
                action = steps.send(None)
    except StopIteration as stop:
        error = stop.value
    assert created == calls
    assert error == ("" if limit == 10 else "no more")


def look(*objects):
    view = view_of(*objects)
    actions, done = view.sync(plan, KEY)
    return view, actions, done


def test_enough_pods_are_left_alone():
    owner = replica_set(2)
    pods = [pod(f"p{i}", owner=owner) for i in range(2)]
    _, actions, _ = look(owner, *pods)
    assert [type(one) for one in actions] == [Patch], "only the status is written"


def test_missing_pods_are_created_with_events():
    _, actions, _ = look(replica_set(3))
    assert sum(isinstance(one, Create) for one in actions) == 3
    reasons = [one.reason for one in actions if isinstance(one, Record)]
    assert reasons == ["SuccessfulCreate"] * 3
    created = next(one.obj for one in actions if isinstance(one, Create))
    assert created["metadata"]["generateName"] == "web-"
    assert created["metadata"]["ownerReferences"][0]["name"] == "web"


def test_surplus_pods_are_deleted_with_events():
    owner = replica_set(1)
    _, actions, _ = look(owner, pod("a", owner=owner), pod("b", owner=owner, ready=False))
    assert [one.key[1] for one in actions if isinstance(one, Delete)] == ["b"]
    assert [one.message for one in actions if isinstance(one, Record)] == ["Deleted pod: b"]


def test_bursts_are_limited():
    _, actions, _ = look(replica_set(_replicas.BURST_REPLICAS + 50))
    assert sum(isinstance(one, Create) for one in actions) == _replicas.BURST_REPLICAS


def test_orphans_are_adopted_first():
    view, actions, _ = look(replica_set(1), pod("orphan"))
    assert not any(isinstance(one, Create) for one in actions)
    assert view.get("Pod", ("ns", "orphan"))["metadata"]["ownerReferences"][0]["uid"] == "web"


NOT_ADOPTED = {
    "another's Pod": pod("p", owner=replica_set(name="other")),
    "a Pod of other labels": pod("p", labels={"name": "bar"}),
    "a Pod that goes": pod("p", deletionTimestamp=timestamp(NOW_US)),
    "a finished Pod": pod("p", phase="Succeeded", ready=False),
    "a failed Pod": pod("p", phase="Failed", ready=False),
}


@pytest.mark.parametrize("stored", NOT_ADOPTED.values(), ids=NOT_ADOPTED)
def test_who_is_not_adopted(stored):
    _, actions, _ = look(replica_set(1), stored)
    assert sum(isinstance(one, Create) for one in actions) == 1
    assert not any(isinstance(one, Patch) and one.kind == "Pod" for one in actions)


def test_a_pod_that_fits_no_more_is_released_and_replaced():
    owner = replica_set(1)
    view, actions, _ = look(owner, pod("p", owner=owner, labels={"name": "bar"}))
    assert "ownerReferences" not in view.get("Pod", ("ns", "p"))["metadata"]
    assert sum(isinstance(one, Create) for one in actions) == 1


def test_nothing_is_done_for_an_owner_that_goes():
    owner = replica_set(2)
    owner["metadata"]["deletionTimestamp"] = timestamp(NOW_US)
    _, actions, _ = look(owner, pod("orphan"))
    assert not any(isinstance(one, Create) or getattr(one, "kind", "") == "Pod" for one in actions)


def test_a_failed_adoption_ends_the_look():
    view = view_of(replica_set(2), pod("orphan"))
    view.refuse[("patch", "Pod")] = ApiError(500, "InternalError", "fake error")
    actions, done = view.sync(plan, KEY)
    assert done.error == "fake error"
    assert not any(isinstance(one, Create) for one in actions)


FAILED_CREATES = {
    "quota": (ApiError(403, "Forbidden", "exceeded quota"), ["FailedCreate"], "exceeded quota"),
    "namespace goes": (
        ApiError(403, "Forbidden", "it goes", causes=(Cause("NamespaceTerminating", "", ""),)),
        [],
        "",
    ),
}


@pytest.mark.parametrize(("refusal", "reasons", "error"), FAILED_CREATES.values(), ids=FAILED_CREATES)
def test_failed_creates(refusal, reasons, error):
    view = view_of(replica_set(1))
    view.refuse[("create", "Pod")] = refusal
    actions, done = view.sync(plan, KEY)
    assert [one.reason for one in actions if isinstance(one, Record)] == reasons
    assert done.error == error
    conditions = view.get("ReplicaSet", KEY)["status"].get("conditions", [])
    assert [one["message"] for one in conditions] == ([error] if error else [])


def test_availability_is_looked_at_again():
    owner = replica_set(2, minReadySeconds=30)
    young = pod("a", owner=owner, since=NOW_US - 10 * SECOND_US)
    younger = pod("b", owner=owner, since=NOW_US - 5 * SECOND_US)
    _, _, done = look(owner, young, younger)
    assert done.look_again_us == 20 * SECOND_US


WAKES = {
    "its own Pod": (None, pod("p", owner=replica_set()), [KEY]),
    "another's Pod": (None, pod("p", owner=replica_set(name="other")), []),
    "an orphan that fits": (None, pod("p"), [KEY]),
    "an orphan that doesn't": (None, pod("p", labels={"a": "b"}), []),
    "a Pod that is gone": (pod("p", owner=replica_set()), None, [KEY]),
    "a released Pod": (pod("p", owner=replica_set()), pod("p", labels={"a": "b"}), [KEY]),
    "an orphan with the same labels": (pod("p"), pod("p", phase="Failed"), []),
    "an orphan with new labels": (pod("p", labels={"a": "b"}), pod("p"), [KEY]),
}


@pytest.mark.parametrize(("old", "new", "keys"), WAKES.values(), ids=WAKES)
def test_whom_a_pod_concerns(old, new, keys):
    view = MemoryView([replica_set()])
    (watch,) = [one for one in CONTROLLER.watches if one.kind == "Pod"]
    assert list(watch.keys(Change(1, 0, "Pod", ("ns", "p"), old, new, 0), view)) == keys


# Counting as Pods change.


def test_zones_do_not_make_pods_unlike():
    owner = replica_set(2)
    zoned = [
        pod(f"p{zone}", owner=owner, labels={**LABELS, "topology.kubernetes.io/zone": zone}) for zone in "ab"
    ]
    tally = Tallies(MemoryView(zoned)).of("web")
    assert (tally.active, tally.ready, tally.uniform) == (2, 2, True)
    assert not Tallies(MemoryView([*zoned, pod("c", owner=owner, labels={"a": "b"})])).of("web").uniform
    view = view_of(owner, *zoned)
    view.sync(plan, KEY)
    status = view.get("ReplicaSet", KEY)["status"]
    assert (status["replicas"], status["fullyLabeledReplicas"]) == (2, 2)
