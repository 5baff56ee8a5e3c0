"""Generic ephemeral volumes get their claims.

Ports cases of pkg/controller/volume/ephemeral/controller_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import owner_reference
from k8slab.clock import START_US, timestamp
from k8slab.components import Create, Record
from k8slab.controllers.ephemeral_volume import CONTROLLER, plan
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

KEY = ("ns", "p")
TEMPLATE = {
    "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
    "spec": {"resources": {"requests": {"storage": "1Gi"}}},
}


def pod(*volumes, **metadata):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "ns", "uid": "p", **metadata},
        "spec": {"volumes": list(volumes)},
    }


SCRATCH = {"name": "scratch", "ephemeral": {"volumeClaimTemplate": TEMPLATE}}
POD = pod(SCRATCH)


def claim(owner=None):
    metadata = {"name": "p-scratch", "namespace": "ns", "uid": "c"}
    if owner is not None:
        metadata["ownerReferences"] = [owner_reference(owner)]
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {}}


CASES = {
    "a claim is created": (POD, [], 1, ""),
    "two claims are created": (pod(SCRATCH, {**SCRATCH, "name": "more"}), [], 2, ""),
    "no ephemeral volume": (pod({"name": "v", "emptyDir": {}}), [], 0, ""),
    "the claim is there": (POD, [claim(POD)], 0, ""),
    "the Pod goes": (pod(SCRATCH, deletionTimestamp=timestamp(START_US)), [], 0, ""),
    "the claim is another's": (
        POD,
        [claim()],
        0,
        "PVC ns/p-scratch was not created for pod ns/p (pod is not owner)",
    ),
}


@pytest.mark.parametrize(("given", "others", "created", "error"), CASES.values(), ids=CASES)
def test_claims(given, others, created, error):
    actions, done = MemoryView([given, *others]).sync(plan, KEY)
    assert sum(isinstance(one, Create) for one in actions) == created
    texts = [one.message for one in actions if isinstance(one, Record)]
    assert texts == ([f"ephemeral volume scratch: {error}"] if error else [])
    assert done.error == (f"pod ns/p, ephemeral volume scratch: {error}" if error else "")


def test_the_claim_is_the_pods_own():
    view = MemoryView([POD])
    view.sync(plan, KEY)
    stored = view.get("PersistentVolumeClaim", ("ns", "p-scratch"))
    assert stored["spec"] == TEMPLATE["spec"]
    assert stored["metadata"]["labels"] == {"a": "b"}
    assert stored["metadata"]["ownerReferences"] == [owner_reference(POD)]


def test_a_refused_claim_is_told_and_tried_again():
    view = MemoryView([POD])
    view.refuse[("create", "PersistentVolumeClaim")] = ApiError(403, "Forbidden", "exceeded quota")
    actions, done = view.sync(plan, KEY)
    assert actions[-1].message == "ephemeral volume scratch: create PVC p-scratch: exceeded quota"
    assert (actions[-1].reason, actions[-1].component) == ("FailedBinding", "ephemeral_volume")
    assert done.error


def test_whom_changes_concern():
    of_pods, of_claims = (watch.keys for watch in CONTROLLER.watches)
    view = MemoryView([POD])
    assert of_pods(Change(1, 0, "Pod", KEY, None, POD, 0), view) == (KEY,)
    assert not of_pods(Change(1, 0, "Pod", KEY, None, pod(), 0), view)
    assert not of_pods(Change(1, 0, "Pod", KEY, POD, POD, 0), view)
    name = ("ns", "p-scratch")
    assert of_claims(Change(1, 0, "PersistentVolumeClaim", name, claim(), None, 0), view) == [KEY]
    assert not of_claims(Change(1, 0, "PersistentVolumeClaim", name, None, claim(), 0), view)
