"""How a namespace is emptied and let go.

Ports cases of pkg/controller/namespace/deletion/{namespaced_resources_deleter,
status_condition_utils}_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import condition_of
from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.components import Delete, Update
from k8slab.controllers.namespace import CONTROLLER, GRACE_US, plan
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

KEY = ("", "ns")


def namespace(*, going=True, finalizers=("kubernetes",), phase="Terminating"):
    metadata = {"name": "ns", "uid": "ns"}
    if going:
        metadata["deletionTimestamp"] = timestamp(START_US)
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": metadata,
        "spec": {"finalizers": list(finalizers)},
        "status": {"phase": phase},
    }


def obj(kind, name="x", **metadata):
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "ns", "uid": f"{kind}-{name}", **metadata},
        "spec": {"nodeName": "n", "terminationGracePeriodSeconds": 30} if kind == "Pod" else {},
    }


def look(view):
    """One pass of the controller, after its grace."""
    _, done = view.sync(plan, KEY)
    assert done.look_again_us == GRACE_US
    view.now_us += GRACE_US
    return view.sync(plan, KEY, done.memory)


def deleted(actions):
    return [(one.kind, one.key[1]) for one in actions if isinstance(one, Delete)]


def finalized(actions):
    return any(isinstance(one, Update) and one.subresource == "finalize" for one in actions)


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(namespace(going=False, phase="Active"), id="active"),
        pytest.param(None, id="gone"),
    ],
)
def test_nothing_to_do(one):
    view = MemoryView([one] if one else [])
    assert view.sync(plan, KEY)[0] == ()


def test_an_empty_namespace_is_let_go():
    actions, done = look(MemoryView([namespace()]))
    last = actions[-1]
    assert (last.subresource, last.obj["spec"]["finalizers"]) == ("finalize", [])
    assert done.look_again_us is None


def test_other_finalizers_stay():
    actions, _ = look(MemoryView([namespace(finalizers=("kubernetes", "mine"))]))
    assert actions[-1].obj["spec"]["finalizers"] == ["mine"]


def test_finalizers_are_kept_in_order_and_once():
    actions, _ = look(MemoryView([namespace(finalizers=("z", "kubernetes", "a", "z"))]))
    assert actions[-1].obj["spec"]["finalizers"] == ["a", "z"]


def test_a_pod_that_stays_is_told_without_the_error_around_it():
    view = MemoryView([namespace(), obj("Pod")])
    view.refuse[("delete", "Pod")] = ApiError(500, "", "no")
    _, done = look(view)
    assert done.error == "failed to delete pods for namespace: ns, err: no"
    failure = condition_of(view.get("Namespace", KEY), "NamespaceDeletionContentFailure")
    assert failure["message"] == "Failed to delete all resource types, 1 remaining: no"


def test_conditions_that_are_not_stored_hold_up_nothing():
    view = MemoryView([namespace()])
    view.refuse[("update", "Namespace")] = ApiError(409, "Conflict", "changed")
    _, done = look(view)
    assert done.error == "changed", "of the finalizers, not of the conditions"


def test_a_finalized_namespace_is_left_alone():
    assert look(MemoryView([namespace(finalizers=())]))[0] == ()


def test_the_phase_is_set_if_it_is_not_yet():
    view = MemoryView([namespace(phase="Active", finalizers=("kubernetes", "mine"))])
    look(view)
    assert view.get("Namespace", KEY)["status"]["phase"] == "Terminating"


def test_everything_is_deleted():
    view = MemoryView([namespace(), obj("ConfigMap"), obj("Secret"), obj("Service")])
    actions, _ = look(view)
    assert sorted(deleted(actions)) == [("ConfigMap", "x"), ("Secret", "x"), ("Service", "x")]
    assert finalized(actions)


def test_what_is_elsewhere_is_left_alone():
    elsewhere = obj("ConfigMap", namespace="other")
    actions, _ = look(MemoryView([namespace(), elsewhere]))
    assert deleted(actions) == []


def test_pods_go_first_and_hold_everything_else():
    view = MemoryView([namespace(), obj("ConfigMap"), obj("Pod")])
    actions, done = look(view)
    assert deleted(actions) == [("Pod", "x")]
    assert not finalized(actions)
    assert done.look_again_us == GRACE_US
    view.remove("Pod", ("ns", "x"))
    view.now_us += GRACE_US
    actions, _ = view.sync(plan, KEY, done.memory)
    assert deleted(actions) == [("ConfigMap", "x")]
    assert finalized(actions)


def test_finalizers_are_waited_for_and_told_of():
    view = MemoryView([namespace(), obj("ConfigMap", finalizers=["example.com/hold"]), obj("Secret")])
    actions, _ = look(view)
    assert not finalized(actions)
    one = view.get("Namespace", KEY)
    remaining = condition_of(one, "NamespaceContentRemaining")
    assert (remaining["status"], remaining["reason"], remaining["message"]) == (
        "True",
        "SomeResourcesRemain",
        "Some resources are remaining: configmaps. has 1 resource instances",
    )
    held = condition_of(one, "NamespaceFinalizersRemaining")
    assert (held["status"], held["reason"], held["message"]) == (
        "True",
        "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
    )


def test_conditions_where_all_is_well():
    view = MemoryView([namespace(finalizers=("kubernetes", "mine"))])
    look(view)
    conditions = view.get("Namespace", KEY)["status"]["conditions"]
    assert [(one["type"], one["status"], one["reason"]) for one in conditions] == [
        ("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered"),
        ("NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions"),
        ("NamespaceDeletionContentFailure", "False", "ContentDeleted"),
        ("NamespaceContentRemaining", "False", "ContentRemoved"),
        ("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers"),
    ]


def test_a_condition_keeps_its_time_while_its_status_stays():
    view = MemoryView([namespace(), obj("ConfigMap", finalizers=["a"])])
    _, done = look(view)
    before = condition_of(view.get("Namespace", KEY), "NamespaceFinalizersRemaining")
    view.change("ConfigMap", ("ns", "x"), "metadata", "finalizers", ["b"])
    view.now_us += 60 * SECOND_US
    view.sync(plan, KEY, done.memory)
    after = condition_of(view.get("Namespace", KEY), "NamespaceFinalizersRemaining")
    assert after["message"] != before["message"]
    assert after["lastTransitionTime"] == before["lastTransitionTime"]


@pytest.mark.parametrize(("code", "fails"), [(404, False), (405, False), (500, True)])
def test_a_refused_delete_is_a_condition_and_an_error(code, fails):
    view = MemoryView([namespace(), obj("ConfigMap", finalizers=["a"])])
    view.refuse[("delete", "ConfigMap")] = ApiError(code, "", "no")
    _, done = look(view)
    failure = condition_of(view.get("Namespace", KEY), "NamespaceDeletionContentFailure")
    assert bool(done.error) is fails
    assert failure["status"] == str(fails)
    if fails:
        assert failure["message"] == "Failed to delete all resource types, 1 remaining: no"


def test_what_remains_without_a_reason_is_an_error():
    view = MemoryView([namespace(), obj("ConfigMap")])
    view.refuse[("delete", "ConfigMap")] = ApiError(404, "", "no")
    _, done = look(view)
    assert done.error == "unexpected items still remain in namespace: ns for gvr: /v1, Resource=configmaps"


@pytest.mark.parametrize(
    ("new", "woken"), [(namespace(), True), (namespace(going=False), False), (None, False)]
)
def test_which_namespaces_are_looked_at(new, woken):
    (watch,) = CONTROLLER.watches
    found = watch.keys(Change(1, START_US, "Namespace", KEY, namespace(), new, 0), MemoryView())
    assert found == ([KEY] if woken else [])
