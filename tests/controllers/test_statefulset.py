"""StatefulSets over time: creation, scaling, failures, updates, with the invariants of both policies.

Ports the cases of pkg/controller/statefulset/{stateful_set_control,stateful_set}_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError, conflict
from k8slab.api.meta import assoc, controller_of, labels_of
from k8slab.clock import SECOND_US, timestamp
from k8slab.components import Create, Delete, Patch, Record, Update
from k8slab.controllers._statefulset_pods import REVISION_LABEL, ordinal_of
from k8slab.controllers._statefulset_roster import Rosters
from k8slab.controllers.statefulset import NAME, plan
from tests.controllers.view import MemoryView

KEY = ("ns", "db")
INTERNAL = ApiError(500, "InternalError", "the server is on fire")
POLICIES = ("OrderedReady", "Parallel")


def stateful_set(replicas=3, *, policy="OrderedReady", claims=False, image="app:1", **spec):
    body = {
        "replicas": replicas,
        "serviceName": "db",
        "podManagementPolicy": policy,
        "selector": {"matchLabels": {"app": "db"}},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "revisionHistoryLimit": 10,
        "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [{"name": "main", "image": image}]},
        },
    }
    if claims:
        body["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": {"volumeMode": "Filesystem"}}]
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "ns", "uid": "set", "generation": 1},
        "spec": {**body, **spec},
        "status": {},
    }


class Cluster:
    """A StatefulSet in a View, its controller, and a hand that plays kubelet."""

    def __init__(self, *objects, gates=frozenset()):
        self.view = MemoryView(objects, gates=gates)
        self.done = None

    def sync(self):
        self.view.caches[NAME] = Rosters(self.view)
        actions, self.done = self.view.sync(plan, KEY)
        return actions

    @property
    def set(self):
        return self.view.get("StatefulSet", KEY)

    @property
    def status(self):
        return self.set["status"]

    def pod(self, ordinal):
        return self.view.get("Pod", ("ns", f"db-{ordinal}"))

    def pods(self):
        return sorted(self.view.list("Pod", namespace="ns"), key=ordinal_of)

    def ordinals(self):
        return [ordinal_of(pod) for pod in self.pods()]

    def revisions(self):
        return sorted(self.view.list("ControllerRevision"), key=lambda one: one["revision"])

    def claims(self):
        return sorted(one["metadata"]["name"] for one in self.view.list("PersistentVolumeClaim"))

    def set_phase(self, ordinal, phase, ready=False):
        condition = {
            "type": "Ready",
            "status": "True" if ready else "False",
            "lastTransitionTime": timestamp(self.view.now_us),
        }
        pod = self.pod(ordinal)
        self.view.add({**pod, "status": {"phase": phase, "conditions": [condition]}})

    def run_pod(self, ordinal):
        self.set_phase(ordinal, "Running", ready=True)

    def settle_pods(self):
        """Every Pod that isn't running starts, every terminating one ends. Whether anything happened."""
        moved = False
        for pod in self.pods():
            ordinal = ordinal_of(pod)
            if "deletionTimestamp" in pod["metadata"]:
                self.view.remove("Pod", ("ns", pod["metadata"]["name"]))
                moved = True
            elif (pod.get("status") or {}).get("phase") != "Running":
                self.run_pod(ordinal)
                moved = True
        return moved

    def settle(self, check=None, rounds=200):
        for _ in range(rounds):
            actions = self.sync()
            if check:
                check(self, actions)
            if not self.settle_pods() and not any(not isinstance(one, Record) for one in actions):
                return
        raise AssertionError("the set never settled")

    def scale(self, replicas):
        self.view.change("StatefulSet", KEY, "spec", "replicas", replicas)

    def change(self, *path_and_value):
        generation = self.set["metadata"]["generation"] + 1
        self.view.add(assoc(assoc(self.set, *path_and_value), "metadata", "generation", generation))

    def set_image(self, image):
        containers = [{"name": "main", "image": image}]
        self.change("spec", "template", "spec", "containers", containers)

    def images(self):
        return [pod["spec"]["containers"][0]["image"] for pod in self.pods()]


def is_healthy(pod):
    status = pod.get("status") or {}
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions") or ())
    return status.get("phase") == "Running" and ready and "deletionTimestamp" not in pod["metadata"]


def names(actions, kind, *, kinds=("Pod",)):
    """The names of what was created or deleted."""
    found = []
    for one in actions:
        if isinstance(one, kind) and one.kind in kinds:
            found.append(one.obj["metadata"]["name"] if isinstance(one, Create | Update) else one.key[1])
    return found


def events(actions):
    return [(one.type, one.reason, one.message) for one in actions if isinstance(one, Record)]


def assert_monotonic(cluster, actions):
    """At most one Pod is made or deleted at a time, and none is made above an unhealthy one."""
    made, deleted = names(actions, Create), names(actions, Delete)
    assert len(made) + len(deleted) <= 1
    for name in made:
        below = [pod for pod in cluster.pods() if ordinal_of(pod) < int(name.rpartition("-")[2])]
        assert all(is_healthy(pod) for pod in below), f"{name} was made above an unhealthy Pod"
        assert [ordinal_of(pod) for pod in below] == list(range(len(below)))


def assert_burst(cluster, actions):
    """Every Pod has the identity and the claims of its ordinal."""
    for pod in cluster.pods():
        name = pod["metadata"]["name"]
        assert labels_of(pod)["statefulset.kubernetes.io/pod-name"] == name
        for volume in pod["spec"].get("volumes") or ():
            assert volume["persistentVolumeClaim"]["claimName"] == f"data-{name}"


INVARIANTS = {"OrderedReady": assert_monotonic, "Parallel": assert_burst}


@pytest.fixture(params=POLICIES)
def policy(request):
    return request.param


# Creation and scaling, under both policies.


@pytest.mark.parametrize("claims", [False, True], ids=["bare", "claims"])
def test_creates_all_pods(policy, claims):
    cluster = Cluster(stateful_set(policy=policy, claims=claims))
    cluster.settle(INVARIANTS[policy])
    assert cluster.ordinals() == [0, 1, 2]
    assert cluster.claims() == (["data-db-0", "data-db-1", "data-db-2"] if claims else [])
    name = cluster.revisions()[0]["metadata"]["name"]
    assert cluster.status == {
        "observedGeneration": 1,
        "replicas": 3,
        "readyReplicas": 3,
        "currentReplicas": 3,
        "updatedReplicas": 3,
        "currentRevision": name,
        "updateRevision": name,
        "collisionCount": 0,
        "availableReplicas": 3,
    }


@pytest.mark.parametrize(("start", "end"), [(3, 4), (1, 5), (3, 2), (5, 0), (2, 0), (0, 2)])
def test_scales(policy, start, end):
    cluster = Cluster(stateful_set(start, policy=policy, claims=True))
    cluster.settle(INVARIANTS[policy])
    cluster.scale(end)
    cluster.settle(INVARIANTS[policy])
    assert cluster.ordinals() == list(range(end))
    assert cluster.status["replicas"] == end
    assert len(cluster.claims()) == max(start, end), "claims outlive their Pods"


def test_parallel_creates_in_growing_batches_and_without_waiting():
    cluster = Cluster(stateful_set(5, policy="Parallel"))
    assert names(cluster.sync(), Create) == [f"db-{n}" for n in range(5)]


def test_parallel_scales_down_without_waiting():
    cluster = Cluster(stateful_set(4, policy="Parallel"))
    cluster.settle()
    cluster.scale(1)
    assert names(cluster.sync(), Delete) == ["db-3", "db-2", "db-1"]


def test_ordered_removes_the_highest_first_and_waits_until_it_is_gone():
    cluster = Cluster(stateful_set(3))
    cluster.settle()
    cluster.view.change("Pod", ("ns", "db-2"), "metadata", "finalizers", ["keep"])
    cluster.scale(1)
    assert names(cluster.sync(), Delete) == ["db-2"]
    assert names(cluster.sync(), Delete) == []
    cluster.view.remove("Pod", ("ns", "db-2"))
    assert names(cluster.sync(), Delete) == ["db-1"]


def test_a_lower_unready_pod_blocks_scaling_down():
    cluster = Cluster(stateful_set(3))
    cluster.settle()
    cluster.set_phase(0, "Running", ready=False)
    cluster.scale(1)
    assert names(cluster.sync(), Delete) == []


def test_an_unready_surplus_pod_does_not_block_scaling_down():
    cluster = Cluster(stateful_set(3))
    cluster.settle()
    cluster.set_phase(2, "Running", ready=False)
    cluster.scale(1)
    assert names(cluster.sync(), Delete) == ["db-2"]


def test_the_lower_of_two_unready_surplus_pods_blocks_the_higher():
    cluster = Cluster(stateful_set(4))
    cluster.settle()
    cluster.set_phase(2, "Running", ready=False)
    cluster.set_phase(3, "Running", ready=False)
    cluster.scale(1)
    assert names(cluster.sync(), Delete) == []
    cluster.run_pod(2)
    assert names(cluster.sync(), Delete) == ["db-3"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [("Pending", []), ("Unready", []), ("Ready", ["db-1"])],
)
def test_ordered_makes_the_next_only_after_the_one_before_is_ready(state, expected):
    cluster = Cluster(stateful_set(2))
    assert names(cluster.sync(), Create) == ["db-0"]
    phase = "Pending" if state == "Pending" else "Running"
    cluster.set_phase(0, phase, ready=state == "Ready")
    assert names(cluster.sync(), Create) == expected


def test_a_hole_in_the_row_is_filled_before_anything_else():
    cluster = Cluster(stateful_set(3))
    cluster.settle()
    cluster.view.remove("Pod", ("ns", "db-1"))
    cluster.scale(5)
    assert names(cluster.sync(), Create) == ["db-1"]


def test_ordinals_start_where_the_spec_says():
    cluster = Cluster(stateful_set(2, ordinals={"start": 5}))
    cluster.settle()
    assert cluster.ordinals() == [5, 6]
    cluster.change("spec", "ordinals", {"start": 6})
    cluster.settle()
    assert cluster.ordinals() == [6, 7]


def test_pods_outside_the_range_below_the_start_are_condemned():
    cluster = Cluster(stateful_set(3))
    cluster.settle()
    cluster.change("spec", "ordinals", {"start": 2})
    cluster.settle()
    assert cluster.ordinals() == [2, 3, 4]


def test_no_pods_while_the_set_is_being_deleted():
    cluster = Cluster(stateful_set(2))
    cluster.view.change("StatefulSet", KEY, "metadata", "finalizers", ["foregroundDeletion"])
    cluster.view.change("StatefulSet", KEY, "metadata", "deletionTimestamp", timestamp(cluster.view.now_us))
    actions = cluster.sync()
    assert names(actions, Create) == []
    assert cluster.status["replicas"] == 0


def test_nothing_to_do_for_a_set_that_is_gone():
    cluster = Cluster()
    assert cluster.sync() == ()
    assert cluster.done.why


def test_a_settled_set_is_left_alone(policy):
    cluster = Cluster(stateful_set(3, policy=policy, claims=True))
    cluster.settle()
    assert cluster.sync() == ()


# Pods that end or fail.


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_finished_pod_is_deleted_and_made_again(policy, phase):
    cluster = Cluster(stateful_set(2, policy=policy))
    cluster.settle()
    cluster.set_phase(0, phase)
    before = cluster.pod(0)["metadata"]["uid"]
    assert names(cluster.sync(), Delete) == ["db-0"]
    cluster.settle()
    assert cluster.ordinals() == [0, 1]
    assert cluster.pod(0)["metadata"]["uid"] != before


def test_a_finished_pod_that_is_being_deleted_is_waited_for():
    cluster = Cluster(stateful_set(1))
    cluster.settle()
    cluster.view.change("Pod", ("ns", "db-0"), "metadata", "finalizers", ["keep"])
    cluster.set_phase(0, "Failed")
    cluster.sync()
    actions = cluster.sync()
    assert names(actions, Delete) == names(actions, Create) == []


def test_deleted_pods_come_back_in_order():
    cluster = Cluster(stateful_set(3))
    cluster.settle()
    for ordinal in range(3):
        cluster.view.remove("Pod", ("ns", f"db-{ordinal}"))
    cluster.settle(assert_monotonic)
    assert cluster.ordinals() == [0, 1, 2]


def test_a_terminating_pod_holds_up_an_ordered_set_only():
    for policy, expected in (("OrderedReady", []), ("Parallel", ["db-3"])):
        cluster = Cluster(stateful_set(3, policy=policy))
        cluster.settle()
        cluster.view.change("Pod", ("ns", "db-1"), "metadata", "deletionTimestamp", timestamp(0))
        cluster.scale(4)
        assert names(cluster.sync(), Create) == expected, policy


# Refusals.


def test_a_refused_pod_is_an_event_an_error_and_a_status():
    cluster = Cluster(stateful_set(2))
    cluster.view.refuse[("create", "Pod")] = INTERNAL
    actions = cluster.sync()
    message = "Create Pod db-0 in StatefulSet db failed error: the server is on fire"
    assert events(actions) == [("Warning", "FailedCreate", message)]
    assert cluster.done.error == "the server is on fire"
    assert cluster.status["observedGeneration"] == 1


def test_a_name_that_is_taken_is_an_error_without_an_event():
    stranger = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db-0", "namespace": "ns"}}
    cluster = Cluster(stateful_set(1), stranger)
    assert events(cluster.sync()) == []
    assert cluster.done.error == 'pods "db-0" already exists'


def test_a_refused_delete_is_an_event_and_an_error():
    cluster = Cluster(stateful_set(2))
    cluster.settle()
    cluster.view.refuse[("delete", "Pod")] = INTERNAL
    cluster.scale(1)
    message = "Delete Pod db-1 in StatefulSet db failed error: the server is on fire"
    assert events(cluster.sync()) == [("Warning", "FailedDelete", message)]
    assert cluster.done.error


def test_parallel_stops_after_the_batch_with_a_refusal():
    cluster = Cluster(stateful_set(8, policy="Parallel"))
    cluster.view.refuse[("create", "Pod", "db-2")] = INTERNAL
    actions = cluster.sync()
    assert names(actions, Create) == ["db-0", "db-1", "db-2"]
    assert cluster.ordinals() == [0, 1]
    del cluster.view.refuse[("create", "Pod", "db-2")]
    cluster.settle(assert_burst)
    assert cluster.ordinals() == list(range(8))


def test_a_refused_claim_keeps_the_pod_from_being_made():
    cluster = Cluster(stateful_set(1, claims=True))
    cluster.view.refuse[("create", "PersistentVolumeClaim")] = INTERNAL
    actions = cluster.sync()
    assert names(actions, Create) == []
    assert events(actions) == [
        (
            "Warning",
            "FailedCreate",
            "Create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: the server is on fire",
        ),
        (
            "Warning",
            "FailedCreate",
            "Create Pod db-0 in StatefulSet db failed error: failed to create PVC data-db-0: "
            "the server is on fire",
        ),
    ]


def test_a_claim_that_is_being_deleted_keeps_the_pod_from_being_made():
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "data-db-0",
            "namespace": "ns",
            "deletionTimestamp": timestamp(0),
            "finalizers": ["kubernetes.io/pvc-protection"],
        },
    }
    cluster = Cluster(stateful_set(1, claims=True), claim)
    message = "Create Pod db-0 in StatefulSet db failed error: pvc data-db-0 is being deleted"
    assert events(cluster.sync()) == [("Warning", "FailedCreate", message)]
    cluster.view.remove("PersistentVolumeClaim", ("ns", "data-db-0"))
    cluster.settle()
    assert cluster.claims() == ["data-db-0"]


def test_a_pending_pod_gets_the_claims_that_it_misses():
    cluster = Cluster(stateful_set(1, claims=True))
    cluster.sync()
    cluster.set_phase(0, "Pending")
    cluster.view.remove("PersistentVolumeClaim", ("ns", "data-db-0"))
    message = "Create Claim data-db-0 Pod db-0 in StatefulSet db success"
    assert events(cluster.sync()) == [("Normal", "SuccessfulCreate", message)]


def test_a_refused_status_is_an_error():
    cluster = Cluster(stateful_set(1))
    cluster.view.refuse[("update", "StatefulSet")] = conflict("statefulsets", "apps", "db", "try again")
    cluster.sync()
    assert "try again" in cluster.done.error


# Identity.


def test_a_wrong_pod_name_label_is_mended():
    cluster = Cluster(stateful_set(1))
    cluster.settle()
    labels = {**labels_of(cluster.pod(0)), "statefulset.kubernetes.io/pod-name": "db-7"}
    cluster.view.change("Pod", ("ns", "db-0"), "metadata", "labels", labels)
    message = "Update Pod db-0 in StatefulSet db successful"
    assert events(cluster.sync()) == [("Normal", "SuccessfulUpdate", message)]
    assert labels_of(cluster.pod(0))["statefulset.kubernetes.io/pod-name"] == "db-0"


def test_a_refused_mending_is_an_event_and_an_error():
    cluster = Cluster(stateful_set(1))
    cluster.settle()
    cluster.view.change("Pod", ("ns", "db-0"), "metadata", "labels", {"app": "db"})
    cluster.view.refuse[("update", "Pod")] = INTERNAL
    message = "Update Pod db-0 in StatefulSet db failed error: the server is on fire"
    assert events(cluster.sync()) == [("Warning", "FailedUpdate", message)]
    assert cluster.done.error


def test_an_orphan_of_the_right_name_is_adopted():
    orphan = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "db-0", "namespace": "ns", "labels": {"app": "db"}},
        "spec": {},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    cluster = Cluster(stateful_set(1, updateStrategy={"type": "OnDelete"}), orphan)
    assert any(isinstance(one, Patch) and one.kind == "Pod" for one in cluster.sync())
    assert controller_of(cluster.pod(0))["uid"] == "set"
    assert labels_of(cluster.pod(0))["apps.kubernetes.io/pod-index"] == "0"


@pytest.mark.parametrize("name", ["web-0", "db", "db-x"])
def test_an_orphan_of_another_name_is_left_alone(name):
    orphan = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ns", "labels": {"app": "db"}},
    }
    cluster = Cluster(stateful_set(1), orphan)
    cluster.sync()
    assert controller_of(cluster.view.get("Pod", ("ns", name))) is None


def test_a_pod_that_lost_its_labels_is_released_and_its_name_tried_again():
    cluster = Cluster(stateful_set(1))
    cluster.settle()
    cluster.view.change("Pod", ("ns", "db-0"), "metadata", "labels", {})
    cluster.sync()
    assert controller_of(cluster.pod(0)) is None
    assert cluster.done.error == 'pods "db-0" already exists'


# Availability.


def test_a_ready_pod_counts_as_available_only_after_min_ready_seconds():
    cluster = Cluster(stateful_set(2, minReadySeconds=10))
    cluster.sync()
    cluster.run_pod(0)
    cluster.view.now_us += 4 * SECOND_US
    assert names(cluster.sync(), Create) == []
    assert (cluster.status["readyReplicas"], cluster.status["availableReplicas"]) == (1, 0)
    assert cluster.done.look_again_us == 6 * SECOND_US
    cluster.view.now_us += 6 * SECOND_US
    assert names(cluster.sync(), Create) == ["db-1"]
    assert cluster.status["availableReplicas"] == 1


def test_an_update_waits_for_availability():
    cluster = Cluster(stateful_set(2, policy="Parallel"))
    cluster.settle()
    cluster.change("spec", "minReadySeconds", 10)
    cluster.view.now_us += 60 * SECOND_US
    cluster.set_image("app:2")
    assert names(cluster.sync(), Delete) == ["db-1"]
    cluster.settle_pods()
    cluster.sync()
    cluster.settle_pods()
    assert names(cluster.sync(), Delete) == []
    cluster.view.now_us += 10 * SECOND_US
    assert names(cluster.sync(), Delete) == ["db-0"]


# Updates.


def test_a_rolling_update_replaces_the_highest_first(policy):
    cluster = Cluster(stateful_set(3, policy=policy))
    cluster.settle()
    cluster.set_image("app:2")
    order = []
    cluster.settle(lambda one, actions: order.extend(names(actions, Delete)))
    assert order == ["db-2", "db-1", "db-0"]
    assert cluster.images() == ["app:2"] * 3
    current, updated = (one["metadata"]["name"] for one in cluster.revisions())
    assert cluster.status["currentRevision"] == cluster.status["updateRevision"] == updated != current


def test_status_in_the_middle_of_an_update():
    cluster = Cluster(stateful_set(3))
    cluster.settle()
    cluster.set_image("app:2")
    cluster.sync()
    assert cluster.status["currentReplicas"] == 2
    assert "updatedReplicas" not in cluster.status
    assert cluster.status["currentRevision"] != cluster.status["updateRevision"]
    assert cluster.status["observedGeneration"] == 2


@pytest.mark.parametrize(
    ("partition", "images"),
    [
        (0, ["app:2", "app:2", "app:2"]),
        (2, ["app:1", "app:1", "app:2"]),
        (3, ["app:1", "app:1", "app:1"]),
        (9, ["app:1", "app:1", "app:1"]),
    ],
)
def test_an_update_stops_at_the_partition(policy, partition, images):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    cluster = Cluster(stateful_set(3, policy=policy, updateStrategy=strategy))
    cluster.settle()
    cluster.set_image("app:2")
    cluster.settle()
    assert cluster.images() == images


def test_a_pod_below_the_partition_comes_back_as_it_was():
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    cluster = Cluster(stateful_set(3, updateStrategy=strategy))
    cluster.settle()
    cluster.set_image("app:2")
    cluster.settle()
    for ordinal in (0, 2):
        cluster.view.remove("Pod", ("ns", f"db-{ordinal}"))
    cluster.settle()
    assert cluster.images() == ["app:1", "app:1", "app:2"]


def test_on_delete_replaces_nothing_by_itself(policy):
    cluster = Cluster(stateful_set(3, policy=policy, updateStrategy={"type": "OnDelete"}))
    cluster.settle()
    cluster.set_image("app:2")
    cluster.settle()
    assert cluster.images() == ["app:1"] * 3
    cluster.view.remove("Pod", ("ns", "db-1"))
    cluster.settle()
    assert cluster.images() == ["app:1", "app:2", "app:1"]


def test_an_update_waits_for_an_unready_pod():
    cluster = Cluster(stateful_set(3, policy="Parallel"))
    cluster.settle()
    cluster.set_image("app:2")
    cluster.sync()
    cluster.settle_pods()
    cluster.sync()
    cluster.set_phase(2, "Running", ready=False)
    assert names(cluster.sync(), Delete) == []


@pytest.mark.parametrize(("policy_name", "replaced"), [("OrderedReady", []), ("Parallel", ["db-1"])])
def test_setting_the_template_back_does_not_free_a_stuck_ordered_update(policy_name, replaced):
    cluster = Cluster(stateful_set(2, policy=policy_name))
    cluster.settle()
    cluster.set_image("broken")
    cluster.sync()
    cluster.view.remove("Pod", ("ns", "db-1"))
    cluster.sync()
    cluster.set_phase(1, "Pending")
    cluster.sync()
    cluster.set_image("app:1")
    assert names(cluster.sync(), Delete) == replaced


def test_scaling_comes_before_updating():
    cluster = Cluster(stateful_set(3))
    cluster.settle()
    cluster.set_image("app:2")
    cluster.scale(1)
    assert names(cluster.sync(), Delete) == ["db-2"]
    cluster.view.remove("Pod", ("ns", "db-2"))
    assert names(cluster.sync(), Delete) == ["db-1"]
    cluster.view.remove("Pod", ("ns", "db-1"))
    assert names(cluster.sync(), Delete) == ["db-0"]


@pytest.mark.parametrize(
    ("value", "deleted"),
    [
        (1, ["db-4"]),
        (2, ["db-4", "db-3"]),
        ("50%", ["db-4", "db-3"]),
        ("10%", ["db-4"]),
        ("100%", ["db-4", "db-3", "db-2", "db-1", "db-0"]),
    ],
)
def test_max_unavailable_with_its_gate(policy, value, deleted):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": value}}
    gates = frozenset({"MaxUnavailableStatefulSet"})
    cluster = Cluster(stateful_set(5, policy=policy, updateStrategy=strategy), gates=gates)
    cluster.settle()
    cluster.set_image("app:2")
    assert names(cluster.sync(), Delete) == deleted
    cluster.settle()
    assert cluster.images() == ["app:2"] * 5


def test_max_unavailable_counts_pods_that_are_down_anyway():
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 2}}
    gates = frozenset({"MaxUnavailableStatefulSet"})
    cluster = Cluster(stateful_set(4, policy="Parallel", updateStrategy=strategy), gates=gates)
    cluster.settle()
    cluster.set_phase(0, "Running", ready=False)
    cluster.set_image("app:2")
    assert names(cluster.sync(), Delete) == ["db-3"]


def test_max_unavailable_respects_the_partition():
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 3, "maxUnavailable": 4}}
    gates = frozenset({"MaxUnavailableStatefulSet"})
    cluster = Cluster(stateful_set(5, updateStrategy=strategy), gates=gates)
    cluster.settle()
    cluster.set_image("app:2")
    assert names(cluster.sync(), Delete) == ["db-4", "db-3"]


def test_max_unavailable_means_nothing_without_its_gate():
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 3}}
    cluster = Cluster(stateful_set(5, updateStrategy=strategy))
    cluster.settle()
    cluster.set_image("app:2")
    assert names(cluster.sync(), Delete) == ["db-4"]


# Revisions.


def test_a_rollback_makes_the_old_revision_the_newest_again(policy):
    cluster = Cluster(stateful_set(2, policy=policy))
    cluster.settle()
    first = cluster.revisions()[0]["metadata"]["name"]
    cluster.set_image("app:2")
    cluster.settle()
    cluster.set_image("app:1")
    cluster.settle()
    assert [one["revision"] for one in cluster.revisions()] == [2, 3]
    assert cluster.revisions()[-1]["metadata"]["name"] == first
    assert cluster.status["currentRevision"] == first
    assert cluster.images() == ["app:1"] * 2


def test_scaling_makes_no_revision():
    cluster = Cluster(stateful_set(1))
    cluster.settle()
    cluster.scale(3)
    cluster.settle()
    assert len(cluster.revisions()) == 1


@pytest.mark.parametrize(("limit", "kept"), [(0, 1), (1, 2), (2, 3), (10, 5)])
def test_history_is_kept_up_to_its_limit(limit, kept):
    cluster = Cluster(stateful_set(1, revisionHistoryLimit=limit))
    cluster.settle()
    for number in range(2, 6):
        cluster.set_image(f"app:{number}")
        cluster.settle()
    assert len(cluster.revisions()) == kept
    assert cluster.revisions()[-1]["revision"] == 5


def test_a_revision_that_a_pod_still_has_is_kept():
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    cluster = Cluster(stateful_set(2, revisionHistoryLimit=0, updateStrategy=strategy))
    cluster.settle()
    cluster.set_image("app:2")
    cluster.settle()
    assert [one["revision"] for one in cluster.revisions()] == [1, 2]


def test_orphan_revisions_are_adopted():
    cluster = Cluster(stateful_set(1))
    cluster.settle()
    revision = cluster.revisions()[0]
    key = ("ns", revision["metadata"]["name"])
    cluster.view.change("ControllerRevision", key, "metadata", "ownerReferences", [])
    cluster.sync()
    assert controller_of(cluster.view.get("ControllerRevision", key))["uid"] == "set"


def test_a_revision_carries_the_templates_labels_and_the_sets_annotations():
    annotated = assoc(stateful_set(1), "metadata", "annotations", {"why": "because"})
    cluster = Cluster(annotated)
    cluster.sync()
    revision = cluster.revisions()[0]
    name, metadata = revision["metadata"]["name"], revision["metadata"]
    assert metadata["labels"] == {"app": "db", "controller.kubernetes.io/hash": name.removeprefix("db-")}
    assert metadata["annotations"] == {"why": "because"}
    assert revision["data"]["spec"]["template"]["$patch"] == "replace"
    assert labels_of(cluster.pod(0))[REVISION_LABEL] == name


# Claims and their retention.


def owners(cluster, ordinal):
    claim = cluster.view.get("PersistentVolumeClaim", ("ns", f"data-db-{ordinal}"))
    return [one["kind"] for one in claim["metadata"].get("ownerReferences") or ()]


@pytest.mark.parametrize(
    ("scaled", "deleted", "kept", "condemned"),
    [
        ("Retain", "Retain", [], []),
        ("Retain", "Delete", ["StatefulSet"], ["StatefulSet"]),
        ("Delete", "Retain", [], ["Pod"]),
        ("Delete", "Delete", ["StatefulSet"], ["Pod"]),
    ],
)
def test_claims_belong_to_whom_the_policy_says(policy, scaled, deleted, kept, condemned):
    retention = {"whenScaled": scaled, "whenDeleted": deleted}
    body = stateful_set(2, policy=policy, claims=True, persistentVolumeClaimRetentionPolicy=retention)
    cluster = Cluster(body)
    cluster.settle()
    assert owners(cluster, 0) == owners(cluster, 1) == kept
    cluster.view.change("Pod", ("ns", "db-1"), "metadata", "finalizers", ["keep"])
    cluster.scale(1)
    cluster.sync()
    assert owners(cluster, 0) == kept
    assert owners(cluster, 1) == condemned


def test_a_changed_policy_changes_the_owners():
    cluster = Cluster(stateful_set(1, claims=True))
    cluster.settle()
    policy = {"whenScaled": "Retain", "whenDeleted": "Delete"}
    cluster.change("spec", "persistentVolumeClaimRetentionPolicy", policy)
    message = "Update Pod db-0 in StatefulSet db successful"
    assert events(cluster.sync()) == [("Normal", "SuccessfulUpdate", message)]
    assert owners(cluster, 0) == ["StatefulSet"]
    policy = {"whenScaled": "Retain", "whenDeleted": "Retain"}
    cluster.change("spec", "persistentVolumeClaimRetentionPolicy", policy)
    cluster.sync()
    assert owners(cluster, 0) == []


def test_a_pod_is_not_made_on_the_claim_of_the_pod_before_it():
    retention = {"whenScaled": "Delete", "whenDeleted": "Retain"}
    cluster = Cluster(stateful_set(2, claims=True, persistentVolumeClaimRetentionPolicy=retention))
    cluster.settle()
    cluster.scale(1)
    cluster.settle()
    cluster.scale(2)
    assert names(cluster.sync(), Create) == []
    cluster.view.remove("PersistentVolumeClaim", ("ns", "data-db-1"))
    cluster.settle()
    assert cluster.ordinals() == [0, 1]


def test_another_controller_of_a_claim_is_told_of():
    retention = {"whenScaled": "Delete", "whenDeleted": "Delete"}
    reference = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "x",
        "uid": "x",
        "controller": True,
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-db-0", "namespace": "ns", "ownerReferences": [reference]},
    }
    cluster = Cluster(stateful_set(1, claims=True, persistentVolumeClaimRetentionPolicy=retention), claim)
    assert ("Warning", "ConflictingController") in [event[:2] for event in events(cluster.sync())]
    assert owners(cluster, 0) == ["Deployment"]


def test_the_whole_first_plan():
    cluster = Cluster(stateful_set(1, claims=True))
    actions = cluster.sync()
    kinds = [type(one).__name__ + ":" + getattr(one, "kind", "") for one in actions]
    assert kinds == [
        "Create:ControllerRevision",
        "Create:PersistentVolumeClaim",
        "Record:",
        "Create:Pod",
        "Record:",
        "Update:StatefulSet",
    ]
    assert events(actions) == [
        ("Normal", "SuccessfulCreate", "Create Claim data-db-0 Pod db-0 in StatefulSet db success"),
        ("Normal", "SuccessfulCreate", "Create Pod db-0 in StatefulSet db successful"),
    ]
    pod = actions[3].obj
    revision = actions[0].obj["metadata"]["name"]
    assert pod["metadata"] == {
        "generateName": "db-",
        "namespace": "ns",
        "name": "db-0",
        "labels": {
            "app": "db",
            "statefulset.kubernetes.io/pod-name": "db-0",
            "apps.kubernetes.io/pod-index": "0",
            "controller-revision-hash": revision,
        },
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": "StatefulSet",
                "name": "db",
                "uid": "set",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    assert pod["spec"] == {
        "containers": [{"name": "main", "image": "app:1"}],
        "hostname": "db-0",
        "subdomain": "db",
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}],
    }
