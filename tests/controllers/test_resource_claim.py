"""ResourceClaims of Pods: making, reserving, giving back, removing.

Ports pkg/controller/resourceclaim/controller_test.go, v1.36, as far as it is about Pods.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.errors import ApiError, conflict
from k8slab.api.meta import Obj
from k8slab.clock import START_US, timestamp
from k8slab.components import Action, Create, Delete, Patch, Record, Update
from k8slab.controllers.resource_claim import CONTROLLER, generated_base, needs_work, plan
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

POD, CLAIM = ("ns", "pod:web"), ("ns", "claim:web-dev-x")
FINALIZER = "resource.kubernetes.io/delete-protection"
ALLOCATION: Obj = {"devices": {"results": []}}
GONE = timestamp(START_US)


def pod(
    *,
    named: str = "",
    told: str | None = "",
    node: str = "",
    phase: str = "",
    going: bool = False,
    uid: str = "web",
) -> Obj:
    """A Pod with one claim: of a template, or by name. `told` is what its status says of it."""
    entry = (
        {"name": "dev", "resourceClaimName": named}
        if named
        else {"name": "dev", "resourceClaimTemplateName": "t"}
    )
    metadata: Obj = {"name": "web", "namespace": "ns", "uid": uid}
    if going:
        metadata["deletionTimestamp"] = GONE
    status: Obj = {"phase": phase} if phase else {}
    if told != "":
        told_of = {"name": "dev"} if told is None else {"name": "dev", "resourceClaimName": told}
        status["resourceClaimStatuses"] = [told_of]
    spec: Obj = {"containers": [], "resourceClaims": [entry], **({"nodeName": node} if node else {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def template(**metadata: Any) -> Obj:
    spec: Obj = {"spec": {"devices": {}}, **({"metadata": metadata} if metadata else {})}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": "t", "namespace": "ns"},
        "spec": spec,
    }


def owned_by(uid: str) -> list[Obj]:
    return [{"apiVersion": "v1", "kind": "Pod", "name": "web", "uid": uid, "controller": True}]


def claim(
    name: str = "web-dev-x",
    *,
    owner: str = "web",
    entry: str = "dev",
    allocated: bool = False,
    users: tuple[str, ...] = (),
    protected: bool = False,
    going: bool = False,
) -> Obj:
    metadata: Obj = {"name": name, "namespace": "ns", "uid": name}
    if owner:
        metadata["ownerReferences"] = owned_by(owner)
        metadata["annotations"] = {"resource.kubernetes.io/pod-claim-name": entry}
    if protected:
        metadata["finalizers"] = [FINALIZER]
    if going:
        metadata["deletionTimestamp"] = GONE
    status: Obj = {"allocation": ALLOCATION} if allocated else {}
    if users:
        status["reservedFor"] = [{"resource": "pods", "name": "web", "uid": uid} for uid in users]
    kind = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim"}
    return {**kind, "metadata": metadata, "spec": {"devices": {}}, "status": status}


def sync(key: tuple[str, str], *objects: Obj) -> tuple[tuple[Action, ...], MemoryView, str]:
    view = MemoryView(objects)
    actions, done = view.sync(plan, key)
    return actions, view, done.error


def told_claim(view: MemoryView) -> str | None:
    stored = view.get("Pod", ("ns", "web"))
    assert stored is not None
    statuses = stored["status"].get("resourceClaimStatuses") or [{}]
    name: str | None = statuses[0].get("resourceClaimName")
    return name


def stored_claim(view: MemoryView) -> Obj | None:
    return view.get("ResourceClaim", ("ns", "web-dev-x"))


# A Pod's claims.


def test_a_claim_is_made_of_a_template() -> None:
    actions, view, error = sync(POD, pod(), template(labels={"a": "b"}, annotations={"c": "d"}))
    made = actions[0]
    assert isinstance(made, Create)
    assert made.obj["metadata"] == {
        "generateName": "web-dev-",
        "namespace": "ns",
        "labels": {"a": "b"},
        "annotations": {"c": "d", "resource.kubernetes.io/pod-claim-name": "dev"},
        "ownerReferences": owned_by("web"),
    }
    assert made.obj["spec"] == {"devices": {}}
    assert told_claim(view) == view.list("ResourceClaim")[0]["metadata"]["name"]
    assert error == ""


@pytest.mark.parametrize(
    ("others", "told", "made"),
    [
        pytest.param((claim(),), "web-dev-x", False, id="told of already"),
        pytest.param((claim(),), "", False, id="there but not told of"),
        pytest.param((), "web-dev-x", True, id="told of but gone"),
        pytest.param((claim("other", owner=""),), "", True, id="another claim"),
        pytest.param((claim(entry="net"),), "", True, id="a claim for another entry"),
        pytest.param((claim(owner="another"),), "web-dev-x", True, id="somebody else's"),
        pytest.param((), None, False, id="none is needed"),
    ],
)
def test_when_a_claim_is_made(others: tuple[Obj, ...], told: str | None, made: bool) -> None:
    actions, view, _ = sync(POD, pod(told=told), template(), *others)
    assert any(isinstance(action, Create) for action in actions) is made
    if others and others[0] == claim() and not made:
        assert told_claim(view) == "web-dev-x"


def test_a_claim_by_name_is_made_by_its_user() -> None:
    assert sync(POD, pod(named="mine"), template())[0] == ()


@pytest.mark.parametrize("given", [pod(going=True), None])
def test_nothing_is_made_for_a_pod_that_goes(given: Obj | None) -> None:
    assert sync(POD, template(), *([given] if given else []))[0] == ()


def test_a_missing_template_is_told_of() -> None:
    actions, _, error = sync(POD, pod())
    why = 'resource claim template "t": resourceclaimtemplate.resource.k8s.io "t" not found'
    (told,) = actions
    assert isinstance(told, Record)
    assert (told.reason, told.message) == ("FailedResourceClaimCreation", f"PodResourceClaim dev: {why}")
    assert told.component == "resource_claim"
    assert error == f"pod ns/web, PodResourceClaim dev: {why}"


def test_a_refused_claim_is_tried_again() -> None:
    view = MemoryView([pod(), template()])
    view.refuse[("create", "ResourceClaim")] = ApiError(403, "Forbidden", "no")
    actions, done = view.sync(plan, POD)
    assert [type(action) for action in actions] == [Create, Record]
    assert "create ResourceClaim : no" in done.error


@pytest.mark.parametrize(
    ("given", "existing", "reserved"),
    [
        (pod(named="web-dev-x", node="n"), claim(owner="", allocated=True), True),
        (pod(told="web-dev-x", node="n"), claim(allocated=True), True),
        (pod(told="web-dev-x", node="n"), claim(allocated=True, users=("web",)), False),
        (pod(told="web-dev-x", node="n"), claim(), False),
        (pod(told="web-dev-x"), claim(allocated=True), False),
    ],
)
def test_what_a_pod_on_a_node_has_reserved(given: Obj, existing: Obj, reserved: bool) -> None:
    actions, view, _ = sync(POD, given, existing, template())
    assert [type(action) for action in actions] == ([Update] if reserved else [])
    if reserved:
        stored = stored_claim(view)
        assert stored is not None
        assert stored["status"]["reservedFor"] == [{"resource": "pods", "name": "web", "uid": "web"}]


@pytest.mark.parametrize(
    ("name", "entry", "base"),
    [
        ("web", "dev", "web-dev-"),
        ("a" * 40, "b" * 40, "a" * 27 + "-" + "b" * 27),
        ("a" * 100, "b" * 10, "a" * 50 + "-" + "b" * 5),
    ],
)
def test_names_are_cut_in_proportion(name: str, entry: str, base: str) -> None:
    assert generated_base(name, entry) == base


# A claim.


@pytest.mark.parametrize(
    ("existing", "others", "kept"),
    [
        pytest.param(claim(users=("web",)), (pod(),), True, id="the Pod may run"),
        pytest.param(claim(users=("web",)), (), False, id="the Pod is gone"),
        pytest.param(claim(users=("web",)), (pod(uid="another"),), False, id="another Pod of the name"),
        pytest.param(claim(users=("web",), owner=""), (pod(phase="Succeeded", node="n"),), False, id="done"),
        pytest.param(claim(users=("web",), owner=""), (pod(phase="Failed", node="n"),), False, id="failed"),
        pytest.param(claim(users=("web",), owner=""), (pod(going=True),), False, id="gone before it ran"),
        pytest.param(claim(users=("web",), owner=""), (pod(going=True, node="n"),), True, id="stopping"),
    ],
)
def test_which_reservations_hold(existing: Obj, others: tuple[Obj, ...], kept: bool) -> None:
    _, view, _ = sync(CLAIM, existing, *others)
    stored = stored_claim(view)
    reserved = stored is not None and bool(stored["status"].get("reservedFor"))
    assert reserved is kept


def test_reservations_of_others_are_nobodys_business() -> None:
    existing = claim(owner="")
    existing["status"]["reservedFor"] = [
        {"apiGroup": "example.com", "resource": "jobs", "name": "x", "uid": "y"}
    ]
    assert sync(CLAIM, existing)[0] == ()


def test_devices_are_given_back_with_the_last_user() -> None:
    existing = claim(owner="", allocated=True, users=("web",), protected=True)
    actions, view, _ = sync(CLAIM, existing)
    assert [(type(action), getattr(action, "subresource", "")) for action in actions] == [
        (Update, "status"),
        (Update, ""),
    ]
    stored = stored_claim(view)
    assert stored is not None
    assert stored["status"] == {}
    assert not stored["metadata"].get("finalizers")


def test_devices_stay_while_somebody_uses_them() -> None:
    existing = claim(owner="", allocated=True, users=("web", "old"), protected=True)
    _, view, _ = sync(CLAIM, existing, pod(node="n"))
    stored = stored_claim(view)
    assert stored is not None
    assert stored["status"]["allocation"] == ALLOCATION
    assert [one["uid"] for one in stored["status"]["reservedFor"]] == ["web"]


@pytest.mark.parametrize("allocated", [False, True])
def test_a_claim_that_goes_is_let_go(allocated: bool) -> None:
    existing = claim(owner="", allocated=allocated, protected=True, going=True)
    _, view, _ = sync(CLAIM, existing)
    assert stored_claim(view) is None


def test_what_somebody_else_gave_is_not_taken_back() -> None:
    _, view, _ = sync(CLAIM, claim(owner="", allocated=True, users=("web",)))
    stored = stored_claim(view)
    assert stored is not None
    assert stored["status"] == {"allocation": ALLOCATION}


@pytest.mark.parametrize(
    ("others", "deleted"),
    [
        ((pod(phase="Succeeded", node="n"),), True),
        ((pod(uid="another"),), True),
        ((pod(node="n"),), False),
        ((), False),
    ],
)
def test_a_claim_goes_with_the_end_of_its_pod(others: tuple[Obj, ...], deleted: bool) -> None:
    actions, _, _ = sync(CLAIM, claim(), *others)
    assert actions == ((Delete("ResourceClaim", ("ns", "web-dev-x")),) if deleted else ())


# What wakes it.


def woken(kind: str, old: Obj | None, new: Obj | None, *objects: Obj) -> list[str]:
    view = MemoryView(objects)
    watch = next(one for one in CONTROLLER.watches if one.kind == kind)
    assert watch.keys is not None
    some = new if new is not None else old
    assert some is not None
    key = (some["metadata"]["namespace"], some["metadata"]["name"])
    return [name for _, name in watch.keys(Change(1, START_US, kind, key, old, new, 0), view)]


@pytest.mark.parametrize(
    ("old", "new", "objects", "names"),
    [
        pytest.param(None, pod(), (), ["pod:web"], id="a new Pod"),
        pytest.param(pod(), pod(told="web-dev-x"), (claim(),), [], id="its claim is there"),
        pytest.param(pod(), pod(told="web-dev-x"), (), ["pod:web"], id="its claim is gone"),
        pytest.param(pod(), pod(going=True), (), [], id="it goes without a claim"),
        pytest.param(
            pod(told="web-dev-x"),
            pod(told="web-dev-x", going=True),
            (claim(),),
            ["claim:web-dev-x"],
            id="it goes before it ran",
        ),
        pytest.param(pod(told="web-dev-x"), None, (claim(),), ["claim:web-dev-x"], id="it is gone"),
        pytest.param(None, pod(named="mine"), (), [], id="a claim by name that is missing"),
        pytest.param(
            None,
            pod(named="web-dev-x", node="n"),
            (claim(owner="", allocated=True),),
            ["pod:web"],
            id="on a node without a reservation",
        ),
    ],
)
def test_what_a_pod_wakes(
    old: Obj | None, new: Obj | None, objects: tuple[Obj, ...], names: list[str]
) -> None:
    assert woken("Pod", old, new, *objects) == names


def test_what_claims_and_templates_wake() -> None:
    assert woken("ResourceClaim", None, claim(), claim(), pod(told="web-dev-x")) == ["claim:web-dev-x"]
    assert woken("ResourceClaim", claim(), None, pod(told="web-dev-x")) == ["pod:web"]
    assert woken("ResourceClaimTemplate", None, template(), pod()) == ["pod:web"]
    assert woken("ResourceClaimTemplate", None, template(), pod(named="mine")) == []


def test_a_pod_with_somebody_elses_claim_waits_for_it_to_go() -> None:
    view = MemoryView([claim(owner="another")])
    assert needs_work(view, pod(told="web-dev-x")) is False


def test_a_conflict_is_tried_again() -> None:
    view = MemoryView([claim(owner="", users=("web",))])
    view.refuse[("update", "ResourceClaim")] = conflict(
        "resourceclaims", "resource.k8s.io", "web-dev-x", "no"
    )
    _, done = view.sync(plan, CLAIM)
    assert "web-dev-x" in done.error


def test_a_status_keeps_what_was_told_before() -> None:
    given = pod()
    given["spec"]["resourceClaims"].append({"name": "net", "resourceClaimTemplateName": "t"})
    given["status"]["resourceClaimStatuses"] = [{"name": "net", "resourceClaimName": "web-net-y"}]
    actions, _, _ = sync(POD, given, template(), claim("web-net-y", entry="net"))
    patched = next(action for action in actions if isinstance(action, Patch))
    assert [one["name"] for one in patched.patch["status"]["resourceClaimStatuses"]] == ["net", "dev"]
