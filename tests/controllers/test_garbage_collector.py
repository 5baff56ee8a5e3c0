"""The garbage collector: what goes with its owner, what waits, what is forgotten.

Ports the cases of pkg/controller/garbagecollector/garbagecollector_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import key_of
from k8slab.clock import START_US, timestamp
from k8slab.components import Delete, Patch, Record
from k8slab.controllers.garbage_collector import CONTROLLER, item_key, plan
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

NOW = timestamp(START_US)
WATCHED = {watch.kind: watch for watch in CONTROLLER.watches}


def reference(owner, *, block=False, **changes):
    one = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    return {**one, **({"blockOwnerDeletion": True} if block else {}), **changes}


def config_map(name, *owners, namespace="ns", **metadata):
    meta = {"name": name, "namespace": namespace, "uid": f"uid-of-{name}", **metadata}
    if owners:
        meta["ownerReferences"] = list(owners)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def going(name, finalizer, *owners):
    return config_map(name, *owners, deletionTimestamp=NOW, finalizers=[finalizer])


class Collector:
    """A View with a collector that looks at whatever a change concerns, until nothing is left to do."""

    def __init__(self, *objects):
        self.view = MemoryView(objects)

    def get(self, name, kind="ConfigMap", namespace="ns"):
        return self.view.get(kind, (namespace, name))

    def look(self, name, kind="ConfigMap", namespace="ns"):
        actions, self.done = self.view.sync(plan, item_key(kind, (namespace, name)))
        return actions

    def keys_after(self, revision):
        keys = []
        for change in self.view.store.changes_since(revision):
            keys += WATCHED[change.kind].keys(change, self.view) if change.kind in WATCHED else []
        return keys

    def settle(self):
        """Look at everything that changes concern, beginning with all that happened so far."""
        seen, rounds = 0, 0
        while seen < self.view.store.revision:
            revision = self.view.store.revision
            for key in dict.fromkeys(self.keys_after(seen)):
                self.view.sync(plan, key)
            seen, rounds = revision, rounds + 1
            assert rounds < 50, "the collector never settled"

    def delete(self, name, propagation="Background"):
        self.view.act(Delete("ConfigMap", ("ns", name), propagation=propagation))
        self.settle()

    def names(self):
        return sorted(one["metadata"]["name"] for one in self.view.list("ConfigMap"))


OWNER = config_map("owner")
OTHER = config_map("other")


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_dependents_go_with_their_owner(propagation):
    collector = Collector(
        OWNER, config_map("a", reference(OWNER, block=True)), config_map("b", reference(OWNER))
    )
    collector.delete("owner", propagation)
    assert collector.names() == []


def test_orphaning_makes_dependents_forget_their_owner():
    collector = Collector(OWNER, config_map("a", reference(OWNER)))
    collector.delete("owner", "Orphan")
    assert collector.names() == ["a"]
    assert "ownerReferences" not in collector.get("a")["metadata"]


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_a_second_owner_keeps_a_dependent(propagation):
    collector = Collector(OWNER, OTHER, config_map("a", reference(OWNER, block=True), reference(OTHER)))
    collector.delete("owner", propagation)
    assert collector.names() == ["a", "other"]
    assert collector.get("a")["metadata"]["ownerReferences"] == [reference(OTHER)]


def test_chains_go_to_their_end():
    mid = config_map("mid", reference(OWNER, block=True))
    leaf = config_map("leaf", reference(mid, block=True))
    for propagation in ("Background", "Foreground"):
        collector = Collector(OWNER, mid, leaf)
        collector.delete("owner", propagation)
        assert collector.names() == [], propagation


def test_foreground_waits_for_a_blocking_dependent_that_is_held():
    held = config_map("held", reference(OWNER, block=True), finalizers=["example.com/hold"])
    collector = Collector(OWNER, held)
    collector.delete("owner", "Foreground")
    assert collector.names() == ["held", "owner"]
    assert "deletionTimestamp" in collector.get("held")["metadata"]
    collector.view.remove("ConfigMap", ("ns", "held"))
    collector.settle()
    assert collector.names() == []


def test_foreground_does_not_wait_for_a_dependent_that_does_not_block():
    held = config_map("held", reference(OWNER), finalizers=["example.com/hold"])
    collector = Collector(OWNER, held)
    collector.delete("owner", "Foreground")
    assert collector.names() == ["held"]


@pytest.mark.parametrize(
    ("place", "block", "forgotten"),
    [(0, False, True), (2, False, False), (2, True, True)],
    ids=["asked for first", "let go by its turn", "blocked"],
)
def test_a_waiting_owner_among_others(place, block, forgotten):
    held = going("held", "foregroundDeletion")
    others = [config_map(name) for name in "abc"]
    owners = [*others[:place], held, *others[place:]]
    item = config_map("item", *(reference(one, block=block and one is held) for one in owners))
    collector = Collector(*owners, item)
    collector.look("item")
    names = [one["name"] for one in collector.get("item")["metadata"]["ownerReferences"]]
    assert ("held" not in names) is forgotten
    assert [name for name in names if name != "held"] == ["a", "b", "c"]


def test_foreground_goes_on_when_a_dependent_ceases_to_block():
    held = config_map("held", reference(OWNER, block=True), finalizers=["example.com/hold"])
    collector = Collector(OWNER, held)
    collector.delete("owner", "Foreground")
    collector.view.change("ConfigMap", ("ns", "held"), "metadata", "ownerReferences", [reference(OWNER)])
    collector.settle()
    assert collector.names() == ["held"]


def test_foreground_of_a_middle_one_reaches_down_before_up():
    mid = config_map("mid", reference(OWNER, block=True))
    leaf = config_map("leaf", reference(mid, block=True), finalizers=["example.com/hold"])
    collector = Collector(OWNER, mid, leaf)
    collector.delete("owner", "Foreground")
    assert collector.names() == ["leaf", "mid", "owner"]
    assert collector.get("mid")["metadata"]["finalizers"] == ["foregroundDeletion"]
    collector.view.remove("ConfigMap", ("ns", "leaf"))
    collector.settle()
    assert collector.names() == []


def test_a_cycle_of_owners_can_be_deleted_in_the_foreground():
    a = config_map("a", {**reference(OWNER, block=True), "name": "b", "uid": "uid-of-b"})
    b = config_map("b", reference(a, block=True))
    collector = Collector(a, b)
    collector.delete("a", "Foreground")
    assert collector.names() == []


def test_a_dependent_of_an_absent_owner_is_collected_as_soon_as_it_is_seen():
    collector = Collector(config_map("a", reference(OWNER)))
    collector.settle()
    assert collector.names() == []


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"uid": "another"}, id="uid"),
        pytest.param({"name": "elsewhere"}, id="name"),
        pytest.param({"kind": "Secret"}, id="kind"),
    ],
)
def test_an_owner_of_the_wrong_coordinates_is_absent(wrong):
    collector = Collector(OWNER, config_map("a", reference(OWNER, **wrong)))
    collector.settle()
    assert collector.names() == ["owner"]


def test_an_owner_of_a_version_that_is_not_served_cannot_be_looked_up():
    collector = Collector(OWNER, config_map("a", reference(OWNER, apiVersion="v7")))
    collector.settle()
    assert collector.look("a") == ()
    collector.delete("owner")
    assert collector.names() == ["a"]


def test_an_owner_in_another_namespace_is_absent_and_told_of():
    namespaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n}} for n in ("ns", "far")]
    owner = config_map("owner", namespace="far")
    collector = Collector(*namespaces, owner, config_map("a", reference(owner)))
    actions = collector.look("a")
    assert isinstance(actions[0], Record)
    assert (actions[0].type, actions[0].reason, actions[0].message) == (
        "Warning",
        "OwnerRefInvalidNamespace",
        "ownerRef [v1/ConfigMap, namespace: ns, name: owner, uid: uid-of-owner] "
        'does not exist in namespace "ns"',
    )
    assert collector.names() == ["owner"]


NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "node"}, "spec": {}}


def test_a_cluster_scoped_owner_counts_in_every_namespace():
    collector = Collector(NODE, config_map("a", reference(NODE)))
    collector.settle()
    assert collector.names() == ["a"]
    collector.view.remove("Node", ("", "n"))
    collector.settle()
    assert collector.names() == []


def test_a_cluster_scoped_object_with_a_namespaced_owner_is_left_alone():
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "v", "uid": "v", "ownerReferences": [reference(OWNER)]},
    }
    collector = Collector(OWNER, volume)
    assert collector.look("v", "PersistentVolume", "") == ()
    assert "cluster-scoped" in collector.done.why
    collector.delete("owner")
    assert collector.view.get("PersistentVolume", ("", "v")) is not None


def test_a_reference_to_an_unknown_kind_is_left_alone():
    collector = Collector(
        config_map("a", reference(OWNER, kind="Widget", apiVersion="example.com/v1")),
    )
    collector.settle()
    assert collector.names() == ["a"]


@pytest.mark.parametrize(
    ("finalizers", "propagation"),
    [
        ([], "Background"),
        (["orphan"], "Orphan"),
        (["foregroundDeletion"], "Foreground"),
        (["x"], "Background"),
    ],
)
def test_finalizers_that_are_there_decide_how_a_dependent_is_deleted(finalizers, propagation):
    collector = Collector(config_map("a", reference(OWNER), finalizers=finalizers))
    assert collector.look("a") == (Delete("ConfigMap", ("ns", "a"), uid="uid-of-a", propagation=propagation),)


def test_a_dependent_with_dependents_of_a_waiting_owner_is_deleted_in_the_foreground():
    owner = going("owner", "foregroundDeletion")
    mid = config_map("mid", reference(owner, block=True))
    collector = Collector(owner, mid, config_map("leaf", reference(mid)))
    assert collector.look("mid")[0].propagation == "Foreground"


def test_waiting_owners_are_forgotten_where_another_is_solid():
    owner = going("owner", "foregroundDeletion")
    collector = Collector(owner, OTHER, config_map("a", reference(owner), reference(OTHER)))
    assert collector.look("a") == (
        Patch(
            "ConfigMap", ("ns", "a"), {"metadata": {"ownerReferences": [reference(OTHER)]}}, uid="uid-of-a"
        ),
    )


@pytest.mark.parametrize(
    ("one", "why"),
    [
        pytest.param(config_map("a"), "no owner", id="no-owner"),
        pytest.param(config_map("a", reference(OWNER)), "has an owner", id="solid-owner"),
        pytest.param(going("a", "example.com/hold", reference(OTHER)), "deleted already", id="terminating"),
    ],
)
def test_nothing_to_do(one, why):
    collector = Collector(OWNER, one)
    assert collector.look("a") == ()
    assert why in collector.done.why


def test_an_object_that_is_gone():
    collector = Collector()
    assert collector.look("a") == ()


@pytest.mark.parametrize(("code", "error"), [(404, ""), (409, "no"), (500, "no")])
def test_a_refused_delete_is_tried_again_unless_the_object_is_gone(code, error):
    collector = Collector(config_map("a", reference(OWNER)))
    collector.view.refuse[("delete", "ConfigMap")] = ApiError(code, "", "no")
    collector.look("a")
    assert collector.done.error == error


def test_a_refused_orphaning_keeps_the_owner():
    owner = going("owner", "orphan")
    collector = Collector(owner, config_map("a", reference(owner)))
    collector.view.refuse[("patch", "ConfigMap", "a")] = ApiError(500, "", "no")
    collector.look("owner")
    assert collector.done.error.startswith("failed to orphan dependents of owner [v1/ConfigMap")
    assert collector.get("owner")["metadata"]["finalizers"] == ["orphan"]


def test_a_pod_that_ends_gracefully_is_deleted_once():
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "ns", "uid": "p", "ownerReferences": [reference(OWNER)]},
        "spec": {"nodeName": "n", "terminationGracePeriodSeconds": 30},
    }
    collector = Collector(OWNER, pod)
    collector.delete("owner")
    assert "deletionTimestamp" in collector.get("p", "Pod")["metadata"]
    assert collector.look("p", "Pod") == ()


def change(old, new):
    one = new or old
    return Change(1, START_US, one["kind"], key_of(one), old, new, 0)


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        pytest.param(None, config_map("x"), [], id="created-without-owner"),
        pytest.param(None, config_map("x", reference(OWNER)), [], id="created-with-owner"),
        pytest.param(None, config_map("x", reference(OTHER)), ["x"], id="created-with-absent-owner"),
        pytest.param(config_map("x"), config_map("x", data={}), [], id="changed-otherwise"),
        pytest.param(OWNER, None, ["a"], id="owner-removed"),
        pytest.param(config_map("owner"), going("owner", "orphan"), ["owner"], id="orphaning-begins"),
        pytest.param(
            config_map("owner"), going("owner", "foregroundDeletion"), ["a", "owner"], id="foreground-begins"
        ),
        pytest.param(
            going("owner", "foregroundDeletion"), going("owner", "foregroundDeletion"), [], id="goes-on"
        ),
    ],
)
def test_whom_a_change_concerns(old, new, keys):
    view = MemoryView([OWNER, config_map("a", reference(OWNER))])
    found = WATCHED["ConfigMap"].keys(change(old, new), view)
    assert found == [item_key("ConfigMap", ("ns", name)) for name in keys]


def test_events_are_not_watched():
    assert "Event" not in WATCHED
    assert "Pod" in WATCHED
