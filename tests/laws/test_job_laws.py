"""Random verbs and faults against a Job."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from k8slab.lab import Lab
from tests.laws.cluster_machine import ClusterMachine, few_examples
from tests.laws.job_invariants import OF_JOBS, SETTLED_JOBS

MANIFEST = """
apiVersion: batch/v1
kind: Job
metadata: {{name: work}}
spec:
  completions: {completions}
  parallelism: {parallelism}
  completionMode: {mode}
  backoffLimit: {limit}
  template:
    spec:
      restartPolicy: {restart}
      terminationGracePeriodSeconds: 3
      containers:
      - name: main
        image: "busybox:1.36"
        command: [sh, -c, "{command}"]
"""
COMMANDS = ("sleep 2", "sleep 1; exit 1", "sleep 3; exit ${{JOB_COMPLETION_INDEX:-0}}", "sleep 60")


class JobMachine(ClusterMachine):
    """A user who suspends, resumes and widens a Job, on a cluster that breaks."""

    laws: ClassVar = OF_JOBS
    settled_laws: ClassVar = SETTLED_JOBS

    @initialize(
        seed=st.integers(0, 1000),
        completions=st.integers(0, 5),
        parallelism=st.integers(0, 3),
        mode=st.sampled_from(["Indexed", "NonIndexed"]),
        limit=st.sampled_from([0, 1, 3]),
        restart=st.sampled_from(["Never", "OnFailure"]),
        command=st.sampled_from(COMMANDS),
    )
    def begin_cluster(self, seed: int, **choices: object) -> None:
        self.lab = Lab(nodes=3, seed=seed)
        self.was_faulty, self.extra_nodes = False, 0
        choices["command"] = str(choices["command"]).replace("{{", "{").replace("}}", "}")
        self.kubectl("apply -f -", MANIFEST.format(**choices))

    @rule(suspend=st.sampled_from(["true", "false"]))
    def suspend_or_resume(self, suspend: str) -> None:
        self.kubectl(f"""patch job work -p '{{"spec":{{"suspend":{suspend}}}}}'""")

    @rule(parallelism=st.integers(0, 4))
    def change_parallelism(self, parallelism: int) -> None:
        self.kubectl(f"""patch job work -p '{{"spec":{{"parallelism":{parallelism}}}}}'""")

    @rule(which=st.integers(0, 7))
    def pod_is_released(self, which: int) -> None:
        pods = self.lab.list("pods")
        if pods:
            name = pods[which % len(pods)]["metadata"]["name"]
            self.kubectl(f"label pod {name} batch.kubernetes.io/controller-uid-")

    def mend(self) -> None:
        self.kubectl("delete pods -l '!batch.kubernetes.io/controller-uid' --wait=false")
        self.kubectl("""patch job work -p '{"spec":{"suspend":false}}'""")
        self.kubectl("""patch job work -p '{"spec":{"parallelism":2}}'""")

    def clean_up(self) -> None:
        self.kubectl("delete job work --wait=false")


TestJob = JobMachine.TestCase
TestJob.settings = few_examples()
