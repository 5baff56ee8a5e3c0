"""A lab that runs for long holds no more than one that has run for an hour."""

from __future__ import annotations

from k8slab.cluster.world import World
from k8slab.lab import Lab

CRON_JOB = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - {name: main, image: "busybox:1.36", command: [date]}
"""


def sizes(world: World) -> dict[str, int]:
    """How many entries the tables have that could grow with time, beside history itself."""
    names = ("queue", "pending", "memories", "failures", "busy", "trails")
    return {
        "objects": world.store.size(),
        "caches": sum(len(getattr(state, "live", ())) for state in world._cache_states.values()),
        **{name: len(getattr(world, name)) for name in names},
    }


def test_nothing_but_history_grows_with_the_number_of_jobs_that_have_been() -> None:
    lab = Lab(nodes=2)
    lab.apply(CRON_JOB)
    lab.run("75m")
    early = sizes(lab.world)
    lab.run("2h")
    late = sizes(lab.world)
    assert lab.world.store.count("Job") == 3
    grown = {name: (early[name], late[name]) for name in early if late[name] > early[name] + 5}
    assert not grown
