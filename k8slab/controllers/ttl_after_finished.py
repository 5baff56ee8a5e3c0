"""Finished Jobs that say how long they want to stay are deleted, Pods first, once that time is over.

Models pkg/controller/ttlafterfinished/ttlafterfinished_controller.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Key, Obj, key_text
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.components import Component, Delete, Done, Memory, Plan, Watch
from k8slab.store.view import Change, View


def _end_of(job: Obj) -> Obj | None:
    """The condition in which the Job ended; None while it has not finished."""
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            end: Obj = condition
            return end
    return None


def _needs_cleanup(job: Obj) -> bool:
    return (
        job["spec"].get("ttlSecondsAfterFinished") is not None
        and "deletionTimestamp" not in job["metadata"]
        and _end_of(job) is not None
    )


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Delete a Job whose time is over; look again when that will be."""
    job = view.get("Job", key)
    if job is None or not _needs_cleanup(job):
        return Done(why="the Job is not to be cleaned up")
    finished = (_end_of(job) or {}).get("lastTransitionTime")
    if not finished:
        return Done(error=f"unable to find the time when the Job {key_text(key)} finished")
    finished_us = parse_timestamp(finished)
    left_us = finished_us + job["spec"]["ttlSecondsAfterFinished"] * SECOND_US - now_us
    if left_us > 0:
        return Done(look_again_us=left_us, why="the Job's time is not over")
    yield Delete("Job", key, uid=job["metadata"]["uid"], propagation="Foreground")
    return Done()


def _finished_job(change: Change, view: View) -> list[Key]:
    return [change.key] if change.new is not None and _needs_cleanup(change.new) else []


CONTROLLER = Component(
    name="ttl-after-finished-controller",
    watches=(Watch("Job", _finished_job),),
    plan=plan,
)
