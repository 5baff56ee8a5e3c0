"""Random verbs and faults against a ReplicaSet and a ReplicationController: adoption and release too."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from k8slab.lab import Lab
from tests.laws.cluster_machine import ClusterMachine, few_examples
from tests.laws.workload_invariants import OF_REPLICA_SETS, orphans_are_adopted, replicas_are_exact

POD = """
    metadata: {{labels: {{app: {app}}}}}
    spec:
      terminationGracePeriodSeconds: 3
      containers:
      - name: main
        image: "busybox:1.36"
        command: [sh, -c, touch /ready; sleep 1000000]
        readinessProbe: {{exec: {{command: [cat, /ready]}}, periodSeconds: 2, failureThreshold: 1}}
"""
MANIFEST = (
    """
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: rs}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: rs}}}}
  template:"""
    + POD.replace("{app}", "rs")
    + """---
apiVersion: v1
kind: ReplicationController
metadata: {{name: rc}}
spec:
  replicas: {replicas}
  selector: {{app: rc}}
  template:"""
    + POD.replace("{app}", "rc")
)
ORPHAN = """
apiVersion: v1
kind: Pod
metadata: {{name: "orphan-{number}", labels: {{app: {app}}}}}
spec:
  containers: [{{name: main, image: "nginx:1.27"}}]
"""
APPS = st.sampled_from(["rs", "rc"])


class ReplicaSetMachine(ClusterMachine):
    """A user who scales, makes Pods unready, brings orphans and takes labels away."""

    laws: ClassVar = OF_REPLICA_SETS
    settled_laws: ClassVar = (replicas_are_exact, orphans_are_adopted)

    @initialize(seed=st.integers(0, 1000), replicas=st.integers(0, 4))
    def begin_cluster(self, seed: int, replicas: int) -> None:
        self.lab = Lab(nodes=3, seed=seed)
        self.was_faulty, self.extra_nodes = False, 0
        self.kubectl("apply -f -", MANIFEST.format(replicas=replicas))

    @rule(kind=APPS, replicas=st.integers(0, 6))
    def scale(self, kind: str, replicas: int) -> None:
        self.kubectl(f"scale {kind} {kind} --replicas={replicas}")

    @rule(which=st.integers(0, 7), command=st.sampled_from(["touch /ready", "rm -f /ready"]))
    def change_readiness(self, which: int, command: str) -> None:
        pods = [pod for pod in self.lab.list("pods") if (pod.get("status") or {}).get("phase") == "Running"]
        if pods:
            self.kubectl(f"exec {pods[which % len(pods)]['metadata']['name']} -- {command}")

    @rule(number=st.integers(0, 2), app=APPS)
    def orphan_comes(self, number: int, app: str) -> None:
        self.kubectl("create -f -", ORPHAN.format(number=number, app=app))

    @rule(which=st.integers(0, 7), label=st.sampled_from(["app=other", "app=rs", "app=rc", "app-"]))
    def relabel(self, which: int, label: str) -> None:
        pods = self.lab.list("pods")
        if pods:
            self.kubectl(f"label pod {pods[which % len(pods)]['metadata']['name']} {label} --overwrite")

    @rule(kind=APPS, cascade=st.sampled_from(["orphan", "background", "foreground"]))
    def replace(self, kind: str, cascade: str) -> None:
        self.kubectl(f"delete {kind} {kind} --cascade={cascade} --wait=false")
        self.pass_time(0.5)
        self.kubectl("apply -f -", MANIFEST.format(replicas=3))

    def mend(self) -> None:
        for pod in self.lab.list("pods"):
            self.kubectl(f"exec {pod['metadata']['name']} -- touch /ready")
        self.kubectl("apply -f -", MANIFEST.format(replicas=2))

    def clean_up(self) -> None:
        self.kubectl("delete rs,rc --all --wait=false")


TestReplicaSet = ReplicaSetMachine.TestCase
TestReplicaSet.settings = few_examples()
