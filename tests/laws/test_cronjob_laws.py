"""Random verbs and faults against a CronJob."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from k8slab.lab import Lab
from tests.laws.cluster_machine import ClusterMachine, few_examples
from tests.laws.job_invariants import (
    OF_CRON_JOBS,
    OF_JOBS,
    active_jobs_are_listed,
    forbidden_jobs_never_overlap,
    job_history_is_limited,
)

MANIFEST = """
apiVersion: batch/v1
kind: CronJob
metadata: {{name: tick}}
spec:
  schedule: "*/{minutes} * * * *"
  concurrencyPolicy: {policy}
  successfulJobsHistoryLimit: {kept}
  jobTemplate:
    spec:
      backoffLimit: 1
      template:
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 3
          containers:
          - name: main
            image: "busybox:1.36"
            command: [sh, -c, "{command}"]
"""


class CronJobMachine(ClusterMachine):
    """A user who suspends and resumes a CronJob, on a cluster that breaks."""

    laws: ClassVar = (*OF_JOBS, *OF_CRON_JOBS)
    faultless_laws: ClassVar = (forbidden_jobs_never_overlap,)
    settled_laws: ClassVar = (job_history_is_limited, active_jobs_are_listed)

    @initialize(
        seed=st.integers(0, 1000),
        minutes=st.integers(1, 3),
        policy=st.sampled_from(["Allow", "Forbid", "Replace"]),
        kept=st.integers(0, 2),
        command=st.sampled_from(["sleep 2", "sleep 150", "exit 1"]),
    )
    def begin_cluster(self, seed: int, **choices: object) -> None:
        self.lab = Lab(nodes=3, seed=seed)
        self.was_faulty, self.extra_nodes = False, 0
        self.kubectl("apply -f -", MANIFEST.format(**choices))

    @rule(suspend=st.sampled_from(["true", "false"]))
    def suspend_or_resume(self, suspend: str) -> None:
        self.kubectl(f"""patch cronjob tick -p '{{"spec":{{"suspend":{suspend}}}}}'""")

    @rule(
        field=st.sampled_from(
            [
                '"schedule":"*/2 * * * *"',
                '"schedule":"30 4 * * *"',
                '"concurrencyPolicy":"Forbid"',
                '"concurrencyPolicy":"Replace"',
                '"concurrencyPolicy":"Allow"',
                '"startingDeadlineSeconds":20',
                '"startingDeadlineSeconds":null',
                '"timeZone":"Asia/Kathmandu"',
                '"timeZone":null',
                '"failedJobsHistoryLimit":0',
                '"successfulJobsHistoryLimit":0',
            ]
        )
    )
    def change_a_field(self, field: str) -> None:
        self.kubectl(f"""patch cronjob tick --type=merge -p '{{"spec":{{{field}}}}}'""")

    @rule(which=st.integers(0, 3))
    def job_is_deleted(self, which: int) -> None:
        jobs = self.lab.list("jobs")
        if jobs:
            self.kubectl(f"delete job {jobs[which % len(jobs)]['metadata']['name']} --wait=false")

    @rule(number=st.integers(0, 3))
    def job_is_made_by_hand(self, number: int) -> None:
        self.kubectl(f"create job by-hand-{number} --from=cronjob/tick")

    def mend(self) -> None:
        self.kubectl("""patch cronjob tick -p '{"spec":{"suspend":true}}'""")

    def clean_up(self) -> None:
        self.kubectl("delete cronjob tick --wait=false")


TestCronJob = CronJobMachine.TestCase
TestCronJob.settings = few_examples()
