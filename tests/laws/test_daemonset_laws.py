"""Random verbs and faults against a DaemonSet: nodes come and go, are tainted and relabelled."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from k8slab.lab import Lab
from tests.laws.cluster_machine import NODES, ClusterMachine, few_examples
from tests.laws.workload_invariants import OF_DAEMON_SETS, every_fitting_node_has_its_daemon

MANIFEST = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: agent}}
spec:
  revisionHistoryLimit: 2
  minReadySeconds: {min_ready}
  updateStrategy: {strategy}
  selector: {{matchLabels: {{app: agent}}}}
  template:
    metadata: {{labels: {{app: agent}}}}
    spec:
      terminationGracePeriodSeconds: 3
      nodeSelector: {selector}
      containers:
      - name: main
        image: "{image}"
"""
STRATEGIES = (
    "{type: RollingUpdate, rollingUpdate: {maxUnavailable: 1}}",
    "{type: RollingUpdate, rollingUpdate: {maxUnavailable: 100%}}",
    "{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}",
    "{type: OnDelete}",
)
TAINTS = ("colour=red:NoSchedule", "colour=blue:NoExecute", "colour-")
IMAGES = ("nginx:1.27", "nginx:1.28", "nginx:does-not-exist")


class DaemonSetMachine(ClusterMachine):
    """A user who updates a DaemonSet and paints its nodes, on a cluster that breaks."""

    laws: ClassVar = OF_DAEMON_SETS
    settled_laws: ClassVar = (every_fitting_node_has_its_daemon,)

    @initialize(
        seed=st.integers(0, 1000),
        strategy=st.sampled_from(STRATEGIES),
        selector=st.sampled_from(["{}", "{disk: fast}"]),
        min_ready=st.sampled_from([0, 0, 5]),
    )
    def begin_cluster(self, seed: int, strategy: str, selector: str, min_ready: int) -> None:
        self.lab = Lab(nodes=3, seed=seed)
        self.was_faulty, self.extra_nodes = False, 0
        self.choices = {
            "strategy": strategy,
            "selector": selector,
            "min_ready": min_ready,
            "image": "nginx:1.27",
        }
        self.kubectl("label node node-1 node-2 disk=fast")
        self.apply()

    def apply(self) -> None:
        self.kubectl("apply -f -", MANIFEST.format(**self.choices))

    @rule(image=st.sampled_from(IMAGES))
    def update(self, image: str) -> None:
        self.choices["image"] = image
        self.apply()

    @rule(strategy=st.sampled_from(STRATEGIES))
    def change_strategy(self, strategy: str) -> None:
        self.choices["strategy"] = strategy
        self.apply()

    @rule(node=NODES, disk=st.sampled_from(["disk=fast", "disk-"]))
    def relabel(self, node: str, disk: str) -> None:
        self.kubectl(f"label node {node} {disk} --overwrite")

    @rule(node=NODES, taint=st.sampled_from(TAINTS))
    def taint(self, node: str, taint: str) -> None:
        self.kubectl(f"taint node {node} {taint} --overwrite")

    def mend(self) -> None:
        self.choices["image"] = "nginx:1.27"
        self.apply()
        if self.choices["strategy"] == "{type: OnDelete}":
            self.kubectl("delete pods -l app=agent --wait=false")
        # A node that only stops taking daemons changes no status: something else has to wake the controller.
        self.settle()
        self.kubectl("annotate daemonset agent looked=again --overwrite")

    def clean_up(self) -> None:
        self.kubectl("delete daemonset agent --wait=false")


TestDaemonSet = DaemonSetMachine.TestCase
TestDaemonSet.settings = few_examples()
