"""Faults against a StatefulSet: refused writes, partitions, OnDelete, claims that go or stay."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from k8slab.api.meta import Obj, condition_is, controller_of, is_terminating
from k8slab.cluster.world import World
from k8slab.lab import Lab
from k8slab.store.view import Change
from tests.laws.cluster_machine import ClusterMachine, few_examples
from tests.laws.invariants import (
    ordered_pods_go_last_first,
    ordered_pods_wait_for_their_predecessors,
    ordinal,
)

MANIFEST = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  serviceName: db
  replicas: {replicas}
  podManagementPolicy: {policy}
  updateStrategy: {strategy}
  persistentVolumeClaimRetentionPolicy: {{whenDeleted: {when_deleted}, whenScaled: {when_scaled}}}
  selector: {{matchLabels: {{app: db}}}}
  template:
    metadata: {{labels: {{app: db}}}}
    spec:
      terminationGracePeriodSeconds: 3
      containers:
      - name: main
        image: "{image}"
        volumeMounts: [{{name: data, mountPath: /data}}]
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {{requests: {{storage: 1Gi}}}}
"""
STRATEGIES = (
    "{type: RollingUpdate}",
    "{type: RollingUpdate, rollingUpdate: {partition: 1}}",
    "{type: RollingUpdate, rollingUpdate: {partition: 9}}",
    "{type: OnDelete}",
)
RULES = st.sampled_from(["Retain", "Delete"])


def claims_go_by_the_policy(world: World, change: Change) -> None:
    """A claim is deleted by the user, or because the policy says so, and never while its Pod is wanted."""
    old, new = change.old, change.new
    if change.kind != "PersistentVolumeClaim" or old is None or is_terminating(old):
        return
    if new is not None and not is_terminating(new):
        return
    component = world.causes[change.cause].component
    if component in ("", "user"):
        return
    workload = world.get("StatefulSet", (change.key[0], "db"))
    last = workload or _last_stateful_set(world)
    policy = last["spec"]["persistentVolumeClaimRetentionPolicy"]
    scaled_away = ordinal(change.key[1]) >= last["spec"]["replicas"]
    if workload is None or is_terminating(workload):
        # What is above the replicas stays as its Pod left it: a later change of the policy is not told to it.
        allowed = policy["whenDeleted"] == "Delete" or scaled_away
        assert allowed, f"{change.key[1]} went with its set, and the policy is {policy}"
        return
    assert policy["whenScaled"] == "Delete", f"{change.key[1]} was deleted by {component} against the policy"
    assert scaled_away, f"{change.key[1]} was deleted and is needed"


def _last_stateful_set(world: World) -> Obj:
    """The set as it was last, now that it is gone."""
    changes = (one for one in reversed(world.store.history) if one.kind == "StatefulSet")
    found = next(one.new or one.old for one in changes)
    assert found is not None, "a change has an object"
    return found


def claims_are_owned_by_the_policy(world: World) -> None:
    """Settled, a wanted Pod's claim belongs to the set where it is to go with it, else to nobody."""
    for workload in world.list("StatefulSet"):
        policy = workload["spec"]["persistentVolumeClaimRetentionPolicy"]
        expected = [workload["metadata"]["uid"]] if policy["whenDeleted"] == "Delete" else []
        for number in range(workload["spec"]["replicas"]):
            claim = world.get("PersistentVolumeClaim", ("default", f"data-db-{number}"))
            assert claim is not None, f"data-db-{number} is not there"
            owners = [one["uid"] for one in claim["metadata"].get("ownerReferences") or ()]
            assert owners == expected, f"data-db-{number} belongs to {owners}, and the policy is {policy}"


def claims_went_by_the_policy(world: World) -> None:
    """The set deleted and all settled, the claims of its wanted Pods are gone or kept as the policy said."""
    last = _last_stateful_set(world)
    policy = last["spec"]["persistentVolumeClaimRetentionPolicy"]
    for number in range(last["spec"]["replicas"]):
        claim = world.get("PersistentVolumeClaim", ("default", f"data-db-{number}"))
        assert (claim is None) == (policy["whenDeleted"] == "Delete"), f"data-db-{number} under {policy}"


def partitions_and_on_delete_are_kept(world: World, change: Change) -> None:
    """The controller deletes no wanted, healthy Pod below the partition, and none at all under OnDelete."""
    old, new = change.old, change.new
    if change.kind != "Pod" or old is None or is_terminating(old) or not condition_is(old, "Ready"):
        return
    if (new is not None and not is_terminating(new)) or (old.get("status") or {}).get("phase") != "Running":
        return
    owner = controller_of(old)
    workload = world.get("StatefulSet", (change.key[0], "db"))
    if owner is None or workload is None or world.causes[change.cause].component != "statefulset-controller":
        return
    number, strategy = ordinal(change.key[1]), workload["spec"]["updateStrategy"]
    if number >= workload["spec"]["replicas"]:
        return
    assert strategy["type"] != "OnDelete", f"{change.key[1]} was replaced under OnDelete"
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    assert number >= partition, f"{change.key[1]} was replaced below the partition {partition}"


def all_replicas_are_ready(world: World) -> None:
    """Settled, every identity is there and ready, and has its claim."""
    for workload in world.list("StatefulSet"):
        wanted = workload["spec"]["replicas"]
        pods = world.list("Pod", owner=workload["metadata"]["uid"])
        assert sorted(pod["metadata"]["name"] for pod in pods) == [f"db-{number}" for number in range(wanted)]
        assert all(condition_is(pod, "Ready") for pod in pods), "all are ready"
        counts = [
            workload["status"].get(name, 0) for name in ("replicas", "readyReplicas", "availableReplicas")
        ]
        assert counts == [wanted] * 3, f"the status says {counts} of {wanted}"
        for number in range(wanted):
            claim = world.get("PersistentVolumeClaim", ("default", f"data-db-{number}"))
            assert claim is not None and claim["status"]["phase"] == "Bound", f"data-db-{number} is {claim}"


class StatefulSetFaultMachine(ClusterMachine):
    """A user who changes every rule of a StatefulSet, on a cluster that breaks and refuses."""

    laws: ClassVar = (
        ordered_pods_wait_for_their_predecessors,
        ordered_pods_go_last_first,
        claims_go_by_the_policy,
        partitions_and_on_delete_are_kept,
    )
    settled_laws: ClassVar = (all_replicas_are_ready, claims_are_owned_by_the_policy)
    cleaned_laws: ClassVar = (claims_went_by_the_policy,)

    @initialize(
        seed=st.integers(0, 1000),
        replicas=st.integers(0, 3),
        policy=st.sampled_from(["OrderedReady", "Parallel"]),
        strategy=st.sampled_from(STRATEGIES),
        when_deleted=RULES,
        when_scaled=RULES,
    )
    def begin_cluster(self, seed: int, **choices: object) -> None:
        self.lab = Lab(nodes=3, seed=seed)
        self.was_faulty, self.extra_nodes = False, 0
        self.choices = {**choices, "image": "nginx:1.27"}
        self.apply()

    def apply(self) -> None:
        self.kubectl("apply -f -", MANIFEST.format(**self.choices))

    @rule(replicas=st.integers(0, 4))
    def scale(self, replicas: int) -> None:
        self.choices["replicas"] = replicas
        self.kubectl(f"scale sts db --replicas={replicas}")

    @rule(image=st.sampled_from(["nginx:1.27", "nginx:1.28", "nginx:does-not-exist"]))
    def update(self, image: str) -> None:
        self.choices["image"] = image
        self.apply()

    @rule(strategy=st.sampled_from(STRATEGIES))
    def change_strategy(self, strategy: str) -> None:
        self.choices["strategy"] = strategy
        self.apply()

    @rule(when_deleted=RULES)
    def change_retention(self, when_deleted: str) -> None:
        self.choices["when_deleted"] = when_deleted
        self.apply()

    @rule(which=st.integers(0, 3), label=st.sampled_from(["app=other", "app=db"]))
    def pod_is_relabelled(self, which: int, label: str) -> None:
        self.kubectl(f"label pod db-{which} {label} --overwrite")

    def mend(self) -> None:
        self.choices.update(image="nginx:1.27", replicas=2, strategy="{type: RollingUpdate}")
        self.apply()
        self.kubectl("delete pods --all --wait=false")

    def clean_up(self) -> None:
        self.kubectl("delete sts db --wait=false")


TestStatefulSetFaults = StatefulSetFaultMachine.TestCase
TestStatefulSetFaults.settings = few_examples()
