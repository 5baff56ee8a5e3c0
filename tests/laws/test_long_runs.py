"""A lab that runs for long holds no more than one that has run for an hour."""

from __future__ import annotations

import gc

import pytest

from k8slab import replay
from k8slab.cluster.world import World
from k8slab.garbage import FEWEST, MOST, seldom_searched
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


def test_jobs_leave_no_cycles_of_objects_behind() -> None:
    lab = Lab(nodes=2)
    lab.apply(CRON_JOB)
    lab.run("5m")
    gc.collect()
    gc.disable()
    try:
        lab.run("30m")
        assert gc.collect() < 30
    finally:
        gc.enable()


def test_python_searches_the_more_seldom_the_less_it_finds() -> None:
    before = gc.get_threshold()
    with seldom_searched():
        assert gc.get_threshold()[0] == FEWEST
        for _ in range(9):
            gc.collect()
        assert gc.get_threshold()[0] == MOST
        knots: list[list[object]] = [[] for _ in range(MOST // 50)]
        for knot in knots:
            knot.append(knot)
        del knots, knot
        gc.collect()
        assert gc.get_threshold()[0] == FEWEST
    assert gc.get_threshold() == before


def test_marks_of_what_history_has_forgotten_hold_no_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "CHANGES_KEPT", 500)
    monkeypatch.setattr(replay, "OLD_CHANGES_APART", 200)
    lab = Lab(nodes=2)
    lab.apply(CRON_JOB)
    lab.run("30m")
    compacted = lab.world.store.compacted
    old = [mark.world for mark in lab._marks._marks if mark.world.store.revision <= compacted]
    assert len(old) > 2
    for world in old[1:]:
        assert not world.graves
        trail, links = world.trails[("CronJob", ("default", "tick"))], 0
        while trail.before is not None:
            trail, links = trail.before, links + 1
        assert links < 8
    assert lab.world.graves
    fresh = Lab(nodes=2)
    fresh.apply(CRON_JOB)
    fresh.run("3m")
    past = lab.at(fresh.now)
    assert past.world.store.compacted
    shown = "get cronjob tick -o yaml --show-managed-fields"
    assert past.kubectl(shown).stdout == fresh.kubectl(shown).stdout
