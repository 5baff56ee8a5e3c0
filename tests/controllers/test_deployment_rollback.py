"""Going back to a revision by the annotation that a rollback of the first API versions left.

Ports what pkg/controller/deployment/rollback.go, v1.36, does in each of its cases.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import assoc
from k8slab.components import Record
from k8slab.controllers import _deployment_math as math
from k8slab.controllers import deployment as controller
from k8slab.controllers._deployment_rollback import last_revision, rollback_revision
from tests.controllers.test_deployment import KEY, LABELS, deployment, replica_set
from tests.controllers.view import MemoryView

ASKED = {
    "nothing is asked": ("", None),
    "a revision": ("3", 3),
    "the last one": ("0", 0),
    "a sign": ("+3", 3),
    "no number": ("three", None),
    "blanks": (" 3", None),
    "too large": ("9223372036854775808", None),
}


@pytest.mark.parametrize(("text", "expected"), ASKED.values(), ids=ASKED)
def test_the_revision_that_is_asked_for(text, expected):
    asked = assoc(deployment(1), "metadata", "annotations", {math.ROLLBACK_TO: text})
    assert rollback_revision(asked) == expected


LAST = {
    "none": ([], 0),
    "one": (["7"], 0),
    "the second": (["3", "7", "5"], 5),
    "one that cannot be read": (["x", "7"], 0),
}


@pytest.mark.parametrize(("revisions", "expected"), LAST.values(), ids=LAST)
def test_the_last_revision(revisions, expected):
    sets = [
        replica_set(f"rs-{place}", 1, annotations={math.REVISION: text})
        for place, text in enumerate(revisions)
    ]
    assert last_revision(sets) == expected


def template(image):
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "main", "image": image}]}}


def owned_set(name, image, revision, age, **annotations):
    made = replica_set(name, 1, 1, age=age, annotations={math.REVISION: revision, **annotations})
    made["metadata"]["labels"] = {**LABELS, math.TEMPLATE_HASH: name}
    made["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "foo", "uid": "foo", "controller": True}
    ]
    hashed = {"labels": {**LABELS, math.TEMPLATE_HASH: name}}
    made["spec"]["template"] = {**template(image), "metadata": hashed}
    return made


FOUND = "DeploymentRollback"
MISSING = "DeploymentRollbackRevisionNotFound"
SAME = "DeploymentRollbackTemplateUnchanged"
ROLLBACKS = {
    "to the first": ("1", FOUND, 'Rolled back deployment "foo" to revision 1', "one"),
    "to the one before": ("0", FOUND, 'Rolled back deployment "foo" to revision 2', "two"),
    "to the newest": (
        "3",
        SAME,
        'The rollback revision contains the same template as current deployment "foo"',
        "three",
    ),
    "to none": ("9", MISSING, "Unable to find the revision to rollback to.", "three"),
}


@pytest.mark.parametrize(("to", "reason", "message", "image"), ROLLBACKS.values(), ids=ROLLBACKS)
def test_rollback(to, reason, message, image):
    asked = deployment(1, 1, 1, template=template("three"))
    asked["metadata"]["annotations"] = {math.ROLLBACK_TO: to, math.REVISION: "3", "cause": "three"}
    sets = [
        owned_set(name, name, str(number), 9 - number, cause=name)
        for number, name in ((1, "one"), (2, "two"), (3, "three"))
    ]
    view = MemoryView([asked, *sets])
    actions, done = view.sync(controller.plan, KEY)
    assert not done.error
    assert [(one.reason, one.message) for one in actions if isinstance(one, Record)] == [(reason, message)]
    stored = view.get("Deployment", KEY)
    assert stored["spec"]["template"] == template(image)
    assert stored["metadata"]["annotations"] == {math.REVISION: "3", "cause": image}


def test_without_an_earlier_revision_there_is_nothing_to_go_back_to():
    asked = deployment(1, 1, 1, template=template("one"))
    asked["metadata"]["annotations"] = {math.ROLLBACK_TO: "0", math.REVISION: "1"}
    view = MemoryView([asked, owned_set("one", "one", "1", 3)])
    actions, _ = view.sync(controller.plan, KEY)
    assert [one.message for one in actions if isinstance(one, Record)] == ["Unable to find last revision."]
    assert math.ROLLBACK_TO not in view.get("Deployment", KEY)["metadata"]["annotations"]


def test_a_replica_set_that_was_created_before_is_taken_for_the_new_one():
    view = MemoryView([deployment(1, 1, 1, template=template("one"))])
    view.sync(controller.plan, KEY)
    (made,) = view.list("ReplicaSet")
    step = controller._create_new(
        view, controller.Rollout(view.get("Deployment", KEY), None, ()), view.now_us
    )
    next(step)
    noted = step.throw(ApiError(409, "AlreadyExists", "taken"))
    with pytest.raises(StopIteration) as stop:
        step.send(noted.obj)
    assert stop.value.value.new == made
    assert "collisionCount" not in view.get("Deployment", KEY)["status"]


UNSEEN = {"replicas": 0}
COUNTS = {
    "a new ReplicaSet counts as none": ([{"terminatingReplicas": 2}, UNSEEN], 2),
    "one that was seen without a number": ([{"terminatingReplicas": 2}, {"observedGeneration": 1}], None),
    "no ReplicaSet": ([], 0),
}


@pytest.mark.parametrize(("statuses", "expected"), COUNTS.values(), ids=COUNTS)
def test_terminating_replicas(statuses, expected):
    """Ports TestGetTerminatingReplicaCountForReplicaSets of util/deployment_util_test.go."""
    sets = tuple(replica_set(f"rs-{place}", 1) | {"status": one} for place, one in enumerate(statuses))
    status = controller._status(controller.Rollout(deployment(1), None, sets), 0)
    assert status.get("terminatingReplicas") == expected
