"""ReplicationControllers: what they share with ReplicaSets, and what they haven't.

Models pkg/controller/replication/{conversion,replication_controller}.go, and ports the cases of
pkg/controller/replication/replication_controller_utils_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.meta import Obj
from k8slab.clock import START_US, timestamp
from k8slab.components import Action, Create, Patch, Record
from k8slab.controllers import replicationcontroller
from k8slab.controllers._replicas import pods_to_delete, status_of
from k8slab.controllers._tally import Tallies
from tests.controllers.view import MemoryView

KEY = ("ns", "web")
OWNER = {
    "apiVersion": "v1",
    "kind": "ReplicationController",
    "name": "web",
    "uid": "web",
    "controller": True,
    "blockOwnerDeletion": True,
}
FAILURE = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "no"}
OTHER = {"type": "Other", "status": "True", "reason": "Because"}


def controller(replicas: int, *conditions: Obj, **metadata: object) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "web", "namespace": "ns", "uid": "web", "generation": 1, **metadata},
        "spec": {
            "replicas": replicas,
            "selector": {"app": "web"},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}},
        },
        "status": {"conditions": list(conditions)} if conditions else {},
    }


def pod(name: str, *, owned: bool = True, node: str = "n", **labels: str) -> Obj:
    metadata: Obj = {"name": name, "namespace": "ns", "uid": name, "labels": labels or {"app": "web"}}
    if owned:
        metadata["ownerReferences"] = [OWNER]
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": node},
        "status": status,
    }


def sync(*objects: Obj) -> tuple[tuple[Action, ...], MemoryView]:
    view = MemoryView(objects)
    view.caches[replicationcontroller.NAME] = Tallies(view)
    return view.sync(replicationcontroller.plan, KEY)[0], view


def test_its_pods_and_events_name_it_as_what_it_is() -> None:
    actions, view = sync(controller(1))
    created, told, written = actions
    assert isinstance(created, Create)
    assert created.obj["metadata"]["ownerReferences"] == [OWNER]
    assert isinstance(told, Record)
    name = view.list("Pod")[0]["metadata"]["name"]
    assert (told.obj["kind"], told.reason, told.message) == (
        "ReplicationController",
        "SuccessfulCreate",
        f"Created pod: {name}",
    )
    assert isinstance(written, Patch)
    assert "terminatingReplicas" not in written.patch["status"]


@pytest.mark.parametrize(
    ("given", "owners"),
    [
        pytest.param(pod("a", owned=False), [OWNER], id="an orphan is adopted"),
        pytest.param(pod("a", app="db"), None, id="what no longer fits is released"),
    ],
)
def test_whose_pods_are_its_own(given: Obj, owners: list[Obj] | None) -> None:
    _, view = sync(controller(1), given)
    stored = view.get("Pod", ("ns", "a"))
    assert stored is not None
    assert stored["metadata"].get("ownerReferences") == owners


def test_one_that_is_being_deleted_makes_nothing() -> None:
    actions, _ = sync(controller(2, deletionTimestamp=timestamp(START_US)), pod("a"))
    assert not any(isinstance(action, Create) for action in actions)


def test_pods_of_other_controllers_of_its_owner_crowd_nobody() -> None:
    """Upstream asks for ReplicaSets of one owner; to that a ReplicationController is none."""
    view = MemoryView([pod("a", node="full"), pod("b", node="full"), pod("c", node="empty")])
    owner = controller(2, ownerReferences=[{**OWNER, "kind": "DeploymentConfig", "uid": "dc"}])
    pods = list(view.list("Pod"))
    assert pods_to_delete(view, owner, pods, 1, START_US) == pods[:1]


@pytest.mark.parametrize(
    ("before", "error", "after"),
    [
        pytest.param((), "no", ["ReplicaFailure"], id="set for the first time"),
        pytest.param((OTHER,), "no", ["Other", "ReplicaFailure"], id="simple set"),
        pytest.param((FAILURE,), "again", ["ReplicaFailure"], id="what is there stays as it is"),
        pytest.param((), "", [], id="remove from empty status"),
        pytest.param((FAILURE,), "", [], id="simple remove"),
        pytest.param((OTHER,), "", ["Other"], id="doesn't remove anything"),
    ],
)
def test_conditions(before: tuple[Obj, ...], error: str, after: list[str]) -> None:
    status = status_of(controller(2, *before), [pod("a")], 0, error, START_US)
    conditions = status.get("conditions") or []
    assert [one["type"] for one in conditions] == after
    if FAILURE in before and error:
        assert conditions == [FAILURE]
