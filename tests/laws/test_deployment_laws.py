"""Random verbs and faults against a Deployment."""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from k8slab.lab import Lab
from tests.laws.cluster_machine import ClusterMachine, few_examples
from tests.laws.workload_invariants import (
    OF_DEPLOYMENTS,
    deployments_are_complete,
    enough_pods_are_available,
    replicas_are_exact,
)

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  revisionHistoryLimit: 2
  progressDeadlineSeconds: 60
  minReadySeconds: {min_ready}
  strategy: {strategy}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 3
      containers:
      - name: main
        image: "{image}"
"""
STRATEGIES = (
    "{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}",
    "{type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}",
    "{type: RollingUpdate, rollingUpdate: {maxSurge: 50%, maxUnavailable: 50%}}",
    "{type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}",
    "{type: Recreate}",
)
IMAGES = ("nginx:1.27", "nginx:1.28", "nginx:1.29", "nginx:does-not-exist")


class DeploymentMachine(ClusterMachine):
    """A user who scales, updates, pauses and undoes, on a cluster that breaks."""

    laws: ClassVar = OF_DEPLOYMENTS
    settled_laws: ClassVar = (deployments_are_complete, replicas_are_exact)

    @initialize(
        seed=st.integers(0, 1000),
        replicas=st.integers(0, 6),
        strategy=st.sampled_from(STRATEGIES),
        min_ready=st.sampled_from([0, 0, 5]),
    )
    def begin_cluster(self, seed: int, replicas: int, strategy: str, min_ready: int) -> None:
        self.lab = Lab(nodes=3, seed=seed)
        self.was_faulty, self.extra_nodes = False, 0
        self.choices = {
            "replicas": replicas,
            "strategy": strategy,
            "min_ready": min_ready,
            "image": "nginx:1.27",
        }
        self.apply()

    def apply(self) -> None:
        self.kubectl("apply -f -", MANIFEST.format(**self.choices))

    @rule(replicas=st.integers(0, 8))
    def scale(self, replicas: int) -> None:
        self.choices["replicas"] = replicas
        self.kubectl(f"scale deployment web --replicas={replicas}")

    @rule(image=st.sampled_from(IMAGES))
    def update(self, image: str) -> None:
        self.choices["image"] = image
        self.apply()

    @rule(image=st.sampled_from(IMAGES), replicas=st.integers(0, 8))
    def update_and_scale(self, image: str, replicas: int) -> None:
        self.choices["image"], self.choices["replicas"] = image, replicas
        self.apply()

    @rule(strategy=st.sampled_from(STRATEGIES))
    def change_strategy(self, strategy: str) -> None:
        self.choices["strategy"] = strategy
        self.apply()

    @rule(paused=st.sampled_from(["true", "false"]))
    def pause_or_resume(self, paused: str) -> None:
        self.kubectl(f"""patch deployment web -p '{{"spec":{{"paused":{paused}}}}}'""")

    @rule(which=st.integers(0, 7))
    def pod_is_released(self, which: int) -> None:
        pods = self.lab.list("pods", selector="app=web")
        if pods:
            self.kubectl(f"label pod {pods[which % len(pods)]['metadata']['name']} app=other --overwrite")

    def mend(self) -> None:
        self.choices["image"] = "nginx:1.27"
        self.kubectl("""patch deployment web -p '{"spec":{"paused":false}}'""")
        self.apply()

    def clean_up(self) -> None:
        self.kubectl("delete deployment web --wait=false")


TestDeployment = DeploymentMachine.TestCase
TestDeployment.settings = few_examples()


class CalmDeploymentMachine(RuleBasedStateMachine):
    """A user who scales, updates and pauses while no Pod fails by itself: then availability is exact."""

    @initialize(
        seed=st.integers(0, 1000),
        replicas=st.integers(1, 8),
        strategy=st.sampled_from(STRATEGIES),
        min_ready=st.sampled_from([0, 0, 5]),
    )
    def begin_cluster(self, seed: int, **choices: Any) -> None:
        self.machine = DeploymentMachine()
        self.machine.laws = (*OF_DEPLOYMENTS, enough_pods_are_available)  # type: ignore[misc]
        self.machine.begin_cluster(seed, **choices)

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.5, 3, 20]))
    def time_passes(self, seconds: float) -> None:
        self.machine.pass_time(seconds)

    @rule(replicas=st.integers(0, 8))
    def scale(self, replicas: int) -> None:
        self.machine.scale(replicas)

    @rule(image=st.sampled_from(IMAGES))
    def update(self, image: str) -> None:
        self.machine.update(image)

    @rule(image=st.sampled_from(IMAGES), replicas=st.integers(0, 8))
    def update_and_scale(self, image: str, replicas: int) -> None:
        self.machine.update_and_scale(image, replicas)

    @rule(strategy=st.sampled_from(STRATEGIES))
    def change_strategy(self, strategy: str) -> None:
        self.machine.change_strategy(strategy)

    @rule(paused=st.sampled_from(["true", "false"]))
    def pause_or_resume(self, paused: str) -> None:
        self.machine.pause_or_resume(paused)

    def teardown(self) -> None:
        if hasattr(self, "machine"):
            self.machine.teardown()


TestCalmDeployment = CalmDeploymentMachine.TestCase
TestCalmDeployment.settings = few_examples()
