"""Deployments: the arithmetic of rollouts, and each of their steps.

Ports cases of pkg/controller/deployment/{sync,rolling,recreate,progress}_test.go
and pkg/controller/deployment/util/deployment_util_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.clock import MINUTE_US, SECOND_US, START_US, timestamp
from k8slab.components import Create, Delete, Record, Update, collect
from k8slab.controllers import _deployment_math as math
from k8slab.controllers import deployment as controller
from k8slab.controllers.deployment import Rollout
from tests.controllers.view import MemoryView

NOW_US = START_US
KEY = ("ns", "foo")
LABELS = {"app": "foo"}


def deployment(replicas=1, surge=None, unavailable=None, *, strategy="RollingUpdate", status=None, **spec):
    given = {"replicas": replicas, "selector": {"matchLabels": LABELS}, **spec}
    given.setdefault("template", {"metadata": {"labels": LABELS}, "spec": {"containers": []}})
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    given["strategy"] = {"type": strategy}
    if strategy == "RollingUpdate":
        given["strategy"]["rollingUpdate"] = {
            name: value for name, value in rolling.items() if value is not None
        }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "foo", "namespace": "ns", "uid": "foo", "generation": 1},
        "spec": given,
        "status": status or {},
    }


def replica_set(name, wanted, available=0, *, age=0, annotations=None, **status):
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": "ns",
            "uid": name,
            "creationTimestamp": timestamp(NOW_US - age * MINUTE_US),
            "annotations": annotations or {},
        },
        "spec": {"replicas": wanted, "template": {}},
        "status": {"availableReplicas": available, **status},
    }


def finish(step):
    """The value that a part of a plan gives, and the actions on the way."""
    actions = []
    try:
        action = next(step)
        while True:
            actions.append(action)
            action = step.send(action.obj if isinstance(action, Create | Update) else None)
    except StopIteration as stop:
        return stop.value, actions


def sizes(rollout):
    return [math.replicas_of(one) for one in ([rollout.new] if rollout.new else []) + list(rollout.old)]


# Surge and unavailability.


FENCEPOSTS = {
    "none of none": ("0%", "0%", 0, (0, 1)),
    "39 % of 10": ("39%", "39%", 10, (4, 3)),
    "no surge": (None, "39%", 10, (0, 3)),
    "no unavailability": ("39%", None, 10, (4, 0)),
    "neither": (None, None, 10, (0, 1)),
    "numbers": (2, 1, 10, (2, 1)),
    "1 % of 3 rounds to nothing": ("0%", "1%", 3, (0, 1)),
}


@pytest.mark.parametrize(("surge", "unavailable", "wanted", "expected"), FENCEPOSTS.values(), ids=FENCEPOSTS)
def test_fenceposts(surge, unavailable, wanted, expected):
    assert math.fenceposts(deployment(wanted, surge, unavailable)) == expected


@pytest.mark.parametrize(("surge", "unavailable"), [("oops", "39%"), ("55%", "urg")])
def test_fenceposts_that_are_no_percentages(surge, unavailable):
    with pytest.raises(ValueError, match="string is not a percentage"):
        math.fenceposts(deployment(10, surge, unavailable))


MOST_UNAVAILABLE = {
    "less than replicas": (deployment(10, 1, 5), 5),
    "equal to replicas": (deployment(10, 1, 10), 10),
    "more than replicas": (deployment(5, 1, 10), 5),
    "no replicas": (deployment(0, 1, 10), 0),
    "Recreate": (deployment(3, strategy="Recreate"), 0),
    "half": (deployment(10, 1, "50%"), 5),
    "all": (deployment(10, 1, "100%"), 10),
    "all of five": (deployment(5, 1, "100%"), 5),
}


@pytest.mark.parametrize(("given", "expected"), MOST_UNAVAILABLE.values(), ids=MOST_UNAVAILABLE)
def test_max_unavailable(given, expected):
    assert math.max_unavailable(given) == expected


NEW_REPLICAS = {
    "no room": ("RollingUpdate", 1, 5, 1, 5),
    "up to the Deployment's size": ("RollingUpdate", 6, 2, 10, 6),
    "Recreate": ("Recreate", 3, 1, 1, 3),
}


@pytest.mark.parametrize(
    ("strategy", "wanted", "here", "surge", "expected"), NEW_REPLICAS.values(), ids=NEW_REPLICAS
)
def test_new_replicas(strategy, wanted, here, surge, expected):
    given = deployment(wanted, surge, 1, strategy=strategy)
    new = replica_set("new", here)
    assert math.new_replicas(given, [replica_set("five", 5)], new) == expected


# Shares of a change of size.


def noted(most):
    return {math.MAX_REPLICAS: str(most)}


FRACTIONS = {
    "an empty Deployment": (deployment(0), 10, None, -10),
    "nothing noted": (deployment(10), 5, None, 0),
    "zero noted": (deployment(10), 5, noted(0), 0),
    "the status instead of a note": (deployment(120, status={"replicas": 100}), 50, None, 10),
    "the status instead of zero": (deployment(120, status={"replicas": 100}), 50, noted(0), 10),
    "up by a fifth": (deployment(120), 50, noted(100), 10),
    "up by a fifth with surge": (deployment(120, 10), 50, noted(110), 9),
    "down by a sixth": (deployment(10), 6, noted(12), -1),
    "down by a sixth with surge": (deployment(100, 10), 50, noted(130), -8),
}


@pytest.mark.parametrize(("given", "here", "notes", "expected"), FRACTIONS.values(), ids=FRACTIONS)
def test_fractions(given, here, notes, expected):
    assert math._fraction(replica_set("rs", here, annotations=notes), given) == expected


SCALES = {
    "10 to 12": (deployment(12), 10, 0, [10], [12]),
    "10 to 5": (deployment(5), 10, 0, [10], [5]),
    "5 to 10": (deployment(10), 5, 0, [2, 3], [4, 6]),
    "5 to 3": (deployment(3), 5, 0, [2, 3], [1, 2]),
    "9 to 4": (deployment(4), 9, 0, [8, 1], [4, 0]),
    "7 to 10": (deployment(10), 7, 0, [2, 3, 2], [3, 4, 3]),
    "13 to 8": (deployment(8), 13, 0, [2, 8, 3], [1, 5, 2]),
    "leftover goes to the newest": (deployment(4), 3, 0, [1, 1, 1], [2, 1, 1]),
    "leftover is taken from the oldest": (deployment(2), 3, 0, [1, 1, 1], [1, 1, 0]),
    "6 to 0": (deployment(0), 6, 0, [3, 2, 1], [0, 0, 0]),
    "0 to 6": (deployment(6), 6, 0, [0, 0, 0], [6, 0, 0]),
    "with surge": (deployment(20, 2), 10, 2, [6, 6], [11, 11]),
    "surge and size": (deployment(50, 6), 10, 3, [5, 8], [22, 34]),
}


@pytest.mark.parametrize(("given", "before", "surge", "here", "expected"), SCALES.values(), ids=SCALES)
def test_scaling(given, before, surge, here, expected):
    notes = {math.DESIRED_REPLICAS: str(before), math.MAX_REPLICAS: str(before + surge)}
    sets = [
        replica_set(f"foo-v{len(here) - age}", size, size, age=age, annotations=notes)
        for age, size in enumerate(here)
    ]
    rollout, _ = finish(controller._scale(Rollout(given, sets[0], tuple(sets[1:]))))
    assert sizes(rollout) == expected


NO_NEW = {
    "4 to 5 without a new one": (deployment(5), 4, [2, 2], [3, 2]),
    "size and template": (deployment(14), 10, [7, 3], [10, 4]),
}


@pytest.mark.parametrize(("given", "before", "here", "expected"), NO_NEW.values(), ids=NO_NEW)
def test_scaling_without_a_new_replica_set(given, before, here, expected):
    notes = {math.DESIRED_REPLICAS: str(before), math.MAX_REPLICAS: str(before)}
    sets = [
        replica_set(f"foo-v{age}", size, size, age=age, annotations=notes) for age, size in enumerate(here)
    ]
    rollout, _ = finish(controller._scale(Rollout(given, None, tuple(sets))))
    assert sizes(rollout) == expected


def test_scaling_goes_on_after_a_failed_write():
    notes = {math.DESIRED_REPLICAS: "5", math.MAX_REPLICAS: "5"}
    stale = {math.DESIRED_REPLICAS: "3", math.MAX_REPLICAS: "3"}
    new = replica_set("foo-v3", 2, 2, annotations=notes)
    old = (
        replica_set("foo-v2", 1, 1, age=1, annotations=stale),
        replica_set("foo-v1", 1, 1, age=2, annotations=notes),
    )
    rollout, _ = finish(controller._scale(Rollout(deployment(5), new, old)))
    assert sizes(rollout) == [2, 2, 1]


def test_a_broken_new_replica_set_does_not_cost_old_pods():
    notes = {math.DESIRED_REPLICAS: "2", math.MAX_REPLICAS: "3"}
    new = replica_set("foo-v2", 2, 0, annotations=notes)
    old = (replica_set("foo-v1", 1, 1, age=1, annotations=notes),)
    rollout, actions = finish(controller._scale(Rollout(deployment(2, 1, 1), new, old)))
    assert sizes(rollout) == [2, 1]
    assert not actions


# Rolling.


GROWTH = {
    "no surge, no room": (0, 10, 0, 0),
    "room of the surge": (2, 10, 0, 2),
    "room of missing old Pods": (2, 5, 0, 7),
    "all room is taken": (2, 10, 2, 2),
    "too many": (2, 2, 11, 10),
}


@pytest.mark.parametrize(("surge", "old", "new", "expected"), GROWTH.values(), ids=GROWTH)
def test_growing_the_new(surge, old, new, expected):
    rollout = Rollout(
        deployment(10, surge, 0), replica_set("foo-v2", new), (replica_set("foo-v1", old, age=1),)
    )
    rollout, actions = finish(controller._grow_new(rollout))
    assert sizes(rollout) == [expected, old]
    assert bool(actions) == (new != expected)


SHRINKING = {
    "nobody may be missing, but all are there": (10, 0, 10, 10, 0, 10),
    "two may be missing": (10, 2, 10, 10, 0, 8),
    "two are unhealthy": (10, 2, 10, 8, 0, 8),
    "one is unhealthy, one more goes": (10, 2, 10, 9, 0, 8),
    "the new ones are not available": (10, 2, 8, 8, 2, 8),
    "no old ones": (10, 2, 0, 0, 10, 0),
    "all but one are unhealthy": (10, 2, 10, 1, 0, 8),
}


@pytest.mark.parametrize(
    ("wanted", "unavailable", "old", "available", "new", "expected"), SHRINKING.values(), ids=SHRINKING
)
def test_shrinking_the_old(wanted, unavailable, old, available, new, expected):
    given = deployment(wanted, 1 if unavailable == 0 else 0, unavailable)
    rollout = Rollout(given, replica_set("new", new), (replica_set("old", old, available, age=1),))
    (rollout, shrunk), _ = finish(controller._shrink_old(rollout))
    assert sizes(rollout) == [new, expected]
    assert shrunk == (old != expected)


# Cleaning up.


HISTORIES = {
    "beyond the limit": ([(0, 0), (0, 0), (0, 0)], 1, 2),
    "only empty ones": ([(0, 0), (0, 1), (1, 0), (1, 1)], 0, 1),
    "no history at all": ([(0, 0), (0, 0)], 0, 2),
    "none is empty": ([(1, 1), (1, 1)], 0, 0),
    "no limit": ([(0, 0), (0, 0), (0, 0)], 2147483647, 0),
    "within the limit": ([(0, 0), (0, 0)], 10, 0),
}


@pytest.mark.parametrize(("old", "limit", "expected"), HISTORIES.values(), ids=HISTORIES)
def test_cleaning_up(old, limit, expected):
    sets = tuple(
        replica_set(f"foo-{i}", wanted, age=i, replicas=there) for i, (wanted, there) in enumerate(old)
    )
    given = deployment(1, revisionHistoryLimit=limit)
    _, actions = finish(controller._clean_up(Rollout(given, None, sets)))
    assert sum(isinstance(one, Delete) for one in actions) == expected


def test_what_goes_already_is_not_cleaned_up():
    going = replica_set("foo-1", 0)
    going["metadata"]["deletionTimestamp"] = timestamp(NOW_US)
    given = deployment(1, revisionHistoryLimit=0)
    assert finish(controller._clean_up(Rollout(given, None, (going,)))) == (None, [])


# Recreate.


def pod(owner, phase, name="p"):
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "ns",
            "uid": name,
            "ownerReferences": [{**reference, "controller": True}],
        },
        "spec": {},
        "status": {"phase": phase},
    }


OLD_PODS = {
    "no old ReplicaSets": ([], [], False),
    "Pods by the status": ([replica_set("rs-1", 0, replicas=1)], [], True),
    "no Pods": ([replica_set("rs-1", 0, replicas=0)], [], False),
    "finished Pods": ([replica_set("rs-1", 0)], ["Failed", "Succeeded"], False),
    "a Pod in an unknown phase": ([replica_set("rs-1", 0)], ["Unknown"], True),
    "a pending Pod": ([replica_set("rs-1", 0)], ["Pending"], True),
    "a running Pod": ([replica_set("rs-1", 0)], ["Running"], True),
    "finished and pending Pods": ([replica_set("rs-1", 0)], ["Failed", "Succeeded", "Pending"], True),
}


@pytest.mark.parametrize(("sets", "phases", "expected"), OLD_PODS.values(), ids=OLD_PODS)
def test_old_pods_run(sets, phases, expected):
    view = MemoryView([pod("rs-1", phase, f"p{i}") for i, phase in enumerate(phases)])
    assert controller._old_pods_run(view, Rollout(deployment(), None, tuple(sets))) is expected


def test_recreate_stops_the_old_first():
    old = (replica_set("foo-v1", 3, replicas=3),)
    given = deployment(3, strategy="Recreate")
    rollout, actions = finish(controller._recreate(MemoryView(), Rollout(given, None, old), old, NOW_US))
    assert sizes(rollout) == [0]
    assert [one.message for one in actions if isinstance(one, Record)] == [
        "Scaled down replica set foo-v1 from 3 to 0"
    ]


# Progress.


def counts(replicas, updated, ready, available):
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return dict(zip(names, (replicas, updated, ready, available), strict=True))


COMPLETE = {
    "not all are available": (5, 5, 5, 4, False),
    "too few are available": (5, 5, 5, 3, False),
    "complete": (5, 5, 5, 5, True),
    "not all are updated": (5, 5, 4, 5, False),
    "old ones still run": (1, 2, 1, 1, False),
    "the only one never comes up": (1, 1, 1, 0, False),
}


@pytest.mark.parametrize(
    ("wanted", "current", "updated", "available", "expected"), COMPLETE.values(), ids=COMPLETE
)
def test_completeness(wanted, current, updated, available, expected):
    status = {**counts(current, updated, available, available), "observedGeneration": 1}
    assert math.is_complete(deployment(wanted), status) is expected


def test_a_status_of_an_older_generation_is_not_complete():
    assert not math.is_complete(deployment(1), counts(1, 1, 1, 1))


PROGRESS = {
    "more updated": ((10, 4, 4, 4), (10, 6, 4, 4), True),
    "the same": ((10, 4, 4, 4), (10, 4, 4, 4), False),
    "old ones went": ((10, 4, 6, 6), (8, 4, 6, 6), True),
    "fewer updated": ((10, 7, 3, 3), (10, 6, 3, 3), False),
    "fewer, but more updated": ((10, 4, 7, 7), (8, 8, 5, 5), True),
    "more ready": ((10, 10, 9, 8), (10, 10, 10, 8), True),
    "more available": ((10, 10, 10, 9), (10, 10, 10, 10), True),
}


@pytest.mark.parametrize(("old", "new", "expected"), PROGRESS.values(), ids=PROGRESS)
def test_progress(old, new, expected):
    assert math.is_progressing(counts(*old), counts(*new)) is expected


def progressing(reason="", seconds_ago=0, status="True"):
    when = timestamp(NOW_US - seconds_ago * SECOND_US)
    return {
        "type": "Progressing",
        "status": status,
        "reason": reason,
        "lastUpdateTime": when,
        "lastTransitionTime": when,
    }


TIMED_OUT = {
    "no deadline": (None, progressing(seconds_ago=11), False),
    "an endless deadline": (2147483647, progressing(seconds_ago=11), False),
    "11 of 10 seconds": (10, progressing(seconds_ago=11), True),
    "9 of 10 seconds": (10, progressing(seconds_ago=9), False),
    "complete before": (10, progressing("NewReplicaSetAvailable", 99), False),
    "timed out before": (10, progressing("ProgressDeadlineExceeded"), True),
    "nothing said": (10, None, False),
}


@pytest.mark.parametrize(("seconds", "condition", "expected"), TIMED_OUT.values(), ids=TIMED_OUT)
def test_timing_out(seconds, condition, expected):
    given = deployment(3, progressDeadlineSeconds=seconds)
    assert math.has_timed_out(given, [condition] if condition else [], NOW_US) is expected


STUCK = {
    "no deadline": (None, (3, 3, 2), progressing(), None),
    "an endless deadline": (2147483647, (3, 3, 2), progressing(), None),
    "nothing said": (60, (3, 3, 2), None, None),
    "complete": (60, (3, 3, 3), progressing(), None),
    "failed already": (60, (3, 3, 0), progressing("ProgressDeadlineExceeded"), None),
    "30 seconds left": (60, (3, 3, 1), progressing(seconds_ago=30), 30),
    "a second left": (60, (3, 3, 1), progressing(seconds_ago=59), 1),
    "over now": (60, (3, 3, 1), progressing(seconds_ago=60), 0),
    "over since a second": (60, (3, 3, 1), progressing(seconds_ago=61), 0),
    "over since a minute": (60, (3, 3, 1), progressing(seconds_ago=120), 0),
}


@pytest.mark.parametrize(("seconds", "numbers", "condition", "expected"), STUCK.values(), ids=STUCK)
def test_looking_again_at_a_stuck_rollout(seconds, numbers, condition, expected):
    replicas, updated, available = numbers
    given = deployment(3, progressDeadlineSeconds=seconds)
    status = {**counts(replicas, updated, available, available), "observedGeneration": 1}
    status["conditions"] = [condition] if condition else []
    wait_us = controller._next_check_us(given, status, NOW_US)
    # A second is added, so that the deadline has passed by then.
    assert wait_us == (None if expected is None else (expected + 1) * SECOND_US)


FAILED = progressing("ProgressDeadlineExceeded", 600, "False")
AVAILABLE = progressing("NewReplicaSetAvailable", 600)
UPDATED = progressing("ReplicaSetUpdated", 30)
STALE = progressing("ReplicaSetUpdated", 600)
ROLLOUTS = {
    "without a deadline there is no condition": (None, (2, 2, 2), UPDATED, 3, 2, True, None),
    "one settled ReplicaSet": (60, (3, 3, 3), AVAILABLE, 3, 3, False, ("True", "NewReplicaSetAvailable")),
    "progress keeps the time": (60, (2, 1, 1), UPDATED, 3, 2, True, ("True", "ReplicaSetUpdated")),
    "progress after failure": (60, (2, 1, 1), FAILED, 3, 2, True, ("True", "ReplicaSetUpdated")),
    "first progress": (60, (2, 1, 1), None, 3, 2, True, ("True", "ReplicaSetUpdated")),
    "complete": (60, (3, 3, 3), UPDATED, 3, 3, False, ("True", "NewReplicaSetAvailable")),
    "complete after failure": (60, (3, 3, 3), FAILED, 3, 3, False, ("True", "NewReplicaSetAvailable")),
    "complete at first": (60, (3, 3, 3), None, 3, 3, False, ("True", "NewReplicaSetAvailable")),
    "timed out": (60, (2, 2, 2), STALE, 3, 2, False, ("False", "ProgressDeadlineExceeded")),
    "timed out before": (60, (2, 2, 2), FAILED, 3, 2, False, ("False", "ProgressDeadlineExceeded")),
}


@pytest.mark.parametrize(
    ("deadline", "before", "condition", "wanted", "there", "old_runs", "expected"),
    ROLLOUTS.values(),
    ids=ROLLOUTS,
)
def test_rollout_status(deadline, before, condition, wanted, there, old_runs, expected):
    replicas, updated, available = before
    status = {**counts(replicas, updated, available, available), "observedGeneration": 1}
    status["conditions"] = [condition] if condition else []
    given = deployment(wanted, 1, 0, status=status, progressDeadlineSeconds=deadline)
    numbers = {"replicas": there, "readyReplicas": there}
    new = replica_set("foo", wanted, there, **numbers)
    old = (replica_set("bar", 0, 1, age=1, replicas=1, readyReplicas=1),) if old_runs else ()
    actions, _ = collect(controller._write_rollout_status(Rollout(given, new, old), NOW_US))
    written = actions[0].obj["status"] if actions else status
    found = math.find_condition(written["conditions"], "Progressing")
    assert (found and (found["status"], found["reason"])) == expected
    if found is not None and condition is not None and condition["status"] == found["status"]:
        assert found["lastTransitionTime"] == condition["lastTransitionTime"]


# Conditions.


FALSE, TRUE = progressing("ForSomeReason", 60, "False"), progressing("BecauseItIs", 0)
OTHER = {**progressing("AwesomeController"), "type": "Available"}
SETTING = {
    "the first": ([], OTHER, [OTHER]),
    "another one": ([FALSE], OTHER, [FALSE, OTHER]),
    "a changed one goes to the end": ([FALSE, OTHER], TRUE, [OTHER, TRUE]),
    "the same status and reason change nothing": ([FALSE], {**FALSE, "message": "new"}, [FALSE]),
}


@pytest.mark.parametrize(("conditions", "new", "expected"), SETTING.values(), ids=SETTING)
def test_setting_conditions(conditions, new, expected):
    assert math.set_condition(conditions, new) == expected


def test_a_new_reason_keeps_the_time_of_the_last_turn():
    (found,) = math.set_condition([FALSE], {**FALSE, "reason": "Other", "lastTransitionTime": "later"})
    assert found["lastTransitionTime"] == FALSE["lastTransitionTime"]


REMOVING = {
    "there": ([FALSE, OTHER], "Available", [FALSE]),
    "not there": ([FALSE], "ReplicaFailure", [FALSE]),
    "none": ([], "Progressing", []),
}


@pytest.mark.parametrize(("conditions", "kind", "expected"), REMOVING.values(), ids=REMOVING)
def test_removing_conditions(conditions, kind, expected):
    assert math.without_condition(conditions, kind) == expected


# Templates, annotations and revisions.


def template(name="foo", labels=None, annotations=None):
    metadata = {"labels": labels or {}, "annotations": annotations or {}}
    return {"metadata": metadata, "spec": {"nodeName": name}}


HASHED, REHASHED = ({math.TEMPLATE_HASH: f"value-{i}", "something": "else"} for i in (1, 2))
PLAIN = {"something": "else"}
TEMPLATES = {
    "all the same": (template(labels=HASHED), template(labels=HASHED), True),
    "another hash": (template(labels=HASHED), template(labels=REHASHED), True),
    "no hash": (template(labels=PLAIN), template(labels=REHASHED), True),
    "another label, as many": (
        template(labels=PLAIN),
        template(labels={math.TEMPLATE_HASH: "value-2"}),
        False,
    ),
    "one label more": (template(labels={math.TEMPLATE_HASH: "value-1"}), template(labels=HASHED), False),
    "other annotations": (
        template(labels=HASHED, annotations={"former": "value"}),
        template(labels=HASHED, annotations={"latter": "value"}),
        False,
    ),
    "another spec and hash": (template("foo-1", HASHED), template("foo-2", REHASHED), False),
    "another spec, no hash": (template("foo-1", PLAIN), template("foo-2", REHASHED), False),
    "another spec and labels": (template("a", PLAIN), template("b", {"nothing": "else"}), False),
}


@pytest.mark.parametrize(("left", "right", "expected"), TEMPLATES.values(), ids=TEMPLATES)
def test_same_template(left, right, expected):
    assert math.same_template(left, right) is expected
    assert math.same_template(right, left) is expected


NUMBERS = {
    "absent": ({}, None),
    "no number": ({math.DESIRED_REPLICAS: "invalid"}, None),
    "negative": ({math.DESIRED_REPLICAS: "-1"}, None),
    "zero": ({math.DESIRED_REPLICAS: "0"}, 0),
    "positive": ({math.DESIRED_REPLICAS: "13"}, 13),
    "the largest": ({math.DESIRED_REPLICAS: "2147483647"}, 2147483647),
    "too large": ({math.DESIRED_REPLICAS: "2147483648"}, None),
    "far too large": ({math.DESIRED_REPLICAS: "4294967296"}, None),
}


@pytest.mark.parametrize(("annotations", "expected"), NUMBERS.values(), ids=NUMBERS)
def test_noted_numbers(annotations, expected):
    assert math.desired_replicas(replica_set("rs", 1, annotations=annotations)) == expected


ANNOTATIONS = {
    "a new ReplicaSet": ({"a": "1"}, {}, 1, False, {"a": "1", math.REVISION: "1"}),
    "a later revision": (
        {},
        {math.REVISION: "1"},
        3,
        True,
        {math.REVISION: "3", math.REVISION_HISTORY: "1"},
    ),
    "a longer history": (
        {},
        {math.REVISION: "3", math.REVISION_HISTORY: "1"},
        5,
        True,
        {math.REVISION: "5", math.REVISION_HISTORY: "1,3"},
    ),
    "an older revision changes nothing": ({}, {math.REVISION: "5"}, 4, True, {math.REVISION: "5"}),
    "a broken revision stays": ({}, {math.REVISION: "x"}, 4, True, {math.REVISION: "x"}),
    "some are not copied": (
        {"kubectl.kubernetes.io/last-applied-configuration": "{}", math.REVISION: "9"},
        {},
        1,
        True,
        {math.REVISION: "1"},
    ),
}


@pytest.mark.parametrize(
    ("own", "old", "revision", "exists", "expected"), ANNOTATIONS.values(), ids=ANNOTATIONS
)
def test_annotations_of_the_new(own, old, revision, exists, expected):
    given = deployment(3, 1)
    given["metadata"]["annotations"] = own
    found = math.new_annotations(given, old, revision, exists=exists)
    if not exists:
        expected = {**expected, math.DESIRED_REPLICAS: "3", math.MAX_REPLICAS: "4"}
    assert found == expected


def test_a_history_is_cut_at_its_beginning():
    history = ",".join(str(number) for number in range(1000, 1400))
    found = math._history(history, "2000")
    assert len(found) <= 2000
    assert found.endswith(",1399,2000")
    assert not found.startswith("1000")


# A whole look.


def test_a_new_deployment_gets_its_replica_set():
    view = MemoryView([deployment(3, 1, 1, progressDeadlineSeconds=600)])
    actions, _ = view.sync(controller.plan, KEY)
    created = next(one.obj for one in actions if isinstance(one, Create))
    assert created["spec"]["replicas"] == 3
    assert created["spec"]["template"]["metadata"]["labels"].keys() == {"app", math.TEMPLATE_HASH}
    name = created["metadata"]["name"]
    assert [one.message for one in actions if isinstance(one, Record)] == [
        f"Scaled up replica set {name} from 0 to 3"
    ]
    stored = view.get("Deployment", KEY)
    reasons = {one["type"]: one["reason"] for one in stored["status"]["conditions"]}
    assert reasons == {"Progressing": "NewReplicaSetCreated", "Available": "MinimumReplicasUnavailable"}


def test_a_refused_replica_set_is_told():
    view = MemoryView([deployment(1, progressDeadlineSeconds=600)])
    view.refuse[("create", "ReplicaSet")] = ApiError(403, "Forbidden", "no")
    actions, done = view.sync(controller.plan, KEY)
    assert done.error == "no"
    assert [one.reason for one in actions if isinstance(one, Record)] == ["ReplicaSetCreateError"]
    (condition,) = view.get("Deployment", KEY)["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "ReplicaSetCreateError")


def test_a_taken_name_counts_as_a_collision():
    view = MemoryView([deployment(1)])
    view.refuse[("create", "ReplicaSet")] = ApiError(409, "AlreadyExists", "taken")
    view.sync(controller.plan, KEY)
    assert view.get("Deployment", KEY)["status"]["collisionCount"] == 1


def test_a_paused_deployment_creates_nothing():
    view = MemoryView([deployment(1, paused=True, progressDeadlineSeconds=600)])
    actions, _ = view.sync(controller.plan, KEY)
    assert not any(isinstance(one, Create) for one in actions)
    conditions = view.get("Deployment", KEY)["status"]["conditions"]
    assert [one["reason"] for one in conditions if one["type"] == "Progressing"] == ["DeploymentPaused"]
