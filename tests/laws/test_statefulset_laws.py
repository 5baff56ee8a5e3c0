"""Random verbs and faults against a StatefulSet: named invariants hold after every single change."""

from __future__ import annotations

from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from k8slab.cluster import dispatch, queue
from k8slab.lab import Lab
from tests.laws.invariants import AFTER_EVERY_CHANGE, everything_owned_has_an_owner

MANIFEST = """
apiVersion: v1
kind: Service
metadata: {{name: db}}
spec:
  clusterIP: None
  selector: {{app: db}}
  ports: [{{port: 3306}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  serviceName: db
  replicas: {replicas}
  podManagementPolicy: {policy}
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
NODES = st.sampled_from(["node-1", "node-2", "node-3"])
PODS = st.integers(0, 3)


class StatefulSetMachine(RuleBasedStateMachine):
    """A user who scales, deletes and breaks things, and a cluster that must keep its promises."""

    @initialize(
        replicas=st.integers(0, 3),
        policy=st.sampled_from(["OrderedReady", "Parallel"]),
        seed=st.integers(0, 1000),
    )
    def begin(self, replicas: int, policy: str, seed: int) -> None:
        self.lab = Lab(nodes=3, seed=seed)
        self.policy = policy
        self.replicas = replicas
        self.image = "nginx:1.27"
        self.apply()

    def apply(self) -> None:
        self.lab.apply(MANIFEST.format(replicas=self.replicas, policy=self.policy, image=self.image))

    def check(self, call: Any) -> None:
        """Do something, then look at each change that it made."""
        world = self.lab.world
        revision = world.store.revision
        call()
        self.look(revision)

    def look(self, revision: int) -> None:
        world = self.lab.world
        for change in world.store.changes_since(revision):
            for law in AFTER_EVERY_CHANGE:
                law(world, change)

    @rule(seconds=st.sampled_from([0.5, 3, 20, 90, 400]))
    def time_passes(self, seconds: float) -> None:
        world = self.lab.world
        end_us = world.now_us + round(seconds * 1_000_000)
        while True:
            event = queue.next_event(world)
            if event is None or event.at_us > end_us:
                break
            revision = world.store.revision
            dispatch.step(world)
            self.look(revision)
        world.now_us = end_us

    @rule(replicas=st.integers(0, 4))
    def scale(self, replicas: int) -> None:
        self.replicas = replicas
        self.check(lambda: self.lab.kubectl(f"scale statefulset db --replicas={replicas}"))

    @rule(number=PODS)
    def delete_pod(self, number: int) -> None:
        self.check(lambda: self.lab.kubectl(f"delete pod db-{number} --wait=false"))

    @rule(image=st.sampled_from(["nginx:1.27", "nginx:1.28", "nginx:does-not-exist"]))
    def update(self, image: str) -> None:
        self.image = image
        self.check(self.apply)

    @rule(node=NODES)
    def crash(self, node: str) -> None:
        self.check(lambda: self.lab.crash(node))

    @rule(node=NODES)
    def recover(self, node: str) -> None:
        self.check(lambda: self.lab.recover(node))

    @rule(node=NODES)
    def disconnect(self, node: str) -> None:
        self.check(lambda: self.lab.disconnect(node))

    @rule(node=NODES)
    def cordon(self, node: str) -> None:
        self.check(lambda: self.lab.cordon(node))

    @rule(node=NODES)
    def uncordon(self, node: str) -> None:
        self.check(lambda: self.lab.uncordon(node))

    @rule()
    def fork_and_go_on_in_the_fork(self) -> None:
        self.lab = self.lab.fork()

    @precondition(lambda self: hasattr(self, "lab"))
    @invariant()
    def at_most_the_wanted_identities(self) -> None:
        names = [pod["metadata"]["name"] for pod in self.lab.list("pods")]
        assert len(names) == len(dict.fromkeys(names))

    def teardown(self) -> None:
        if not hasattr(self, "lab"):
            return
        for node in ("node-1", "node-2", "node-3"):
            self.lab.recover(node)
            self.lab.uncordon(node)
        self.replicas, self.image = 2, "nginx:1.27"
        self.apply()
        self.lab.kubectl("delete pods --all --wait=false")
        assert self.lab.run(until=is_ready, timeout="30m"), "the StatefulSet comes up once nothing is broken"
        self.lab.kubectl("delete statefulset,service --all")
        self.lab.settle()
        everything_owned_has_an_owner(self.lab.world)


def is_ready(lab: Lab) -> bool:
    status = lab.get("statefulset/db").get("status") or {}
    return bool(status.get("readyReplicas", 0) == 2 and status.get("updatedReplicas", 0) == 2)


TestStatefulSet = StatefulSetMachine.TestCase
TestStatefulSet.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, derandomize=True, phases=(Phase.generate,)
)
