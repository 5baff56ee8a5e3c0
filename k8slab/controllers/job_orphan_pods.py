"""Pods that a Job has left behind: they lose the finalizer by which the Job would have counted them.

A Job that is deleted, or that has finished, counts no more; what it leaves
must not wait for it. Pods of a Job that another controller manages are that
controller's affair.

Models syncOrphanPod in pkg/controller/job/job_controller.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, controller_of, key_of
from k8slab.clock import MINUTE_US, SECOND_US
from k8slab.components import Component, Done, Memory, Patch, Plan, Watch
from k8slab.controllers._job_pods import (
    has_finalizer,
    is_finished_job,
    is_managed_elsewhere,
    without_finalizer,
)
from k8slab.controllers._pods import resolve_controller, selector_of
from k8slab.store.aspects import FINALIZERS
from k8slab.store.view import Change, View


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Take the tracking finalizer off a Pod that no Job will count."""
    pod = view.get("Pod", key)
    if pod is None or not has_finalizer(pod):
        return Done(why="the Pod doesn't wait for a Job")
    if not _is_left(view, pod):
        return Done(why="the Pod's owner will count it")
    try:
        yield Patch("Pod", key, without_finalizer(pod), uid=pod["metadata"]["uid"])
    except ApiError as error:
        if error.code != 404:
            return Done(error=error.message)
    return Done()


def _is_left(view: View, pod: Obj) -> bool:
    """Whether no controller is there that the finalizer is for."""
    reference = controller_of(pod)
    if reference is None:
        return True
    if reference["kind"] != "Job" or reference.get("apiVersion") != "batch/v1":
        return False
    job = resolve_controller(view, pod, "Job")
    return job is None or (is_finished_job(job) and not is_managed_elsewhere(job))


def _changed_pod(change: Change, view: View) -> list[Key]:
    """A Pod that still waits, and has no owner or is being deleted without one that counts."""
    pod = change.new
    if pod is None or not has_finalizer(pod):
        return []
    if controller_of(pod) is not None:
        if "deletionTimestamp" not in pod["metadata"]:
            return []
        job = resolve_controller(view, pod, "Job")
        if job is not None and not is_finished_job(job):
            return []
    return [change.key]


def _pods_of_ended_job(change: Change, view: View) -> list[Key]:
    """The waiting Pods, its own and nobody's, that a Job selects which is gone or has finished."""
    job = change.new or change.old
    if job is None or (change.new is not None and not is_finished_job(job)):
        return []
    selector = selector_of(job)
    pods = [
        *view.list("Pod", namespace=change.key[0], owner=job["metadata"]["uid"], selector=selector),
        *view.list("Pod", namespace=change.key[0], owner="", selector=selector),
    ]
    return [key_of(pod) for pod in pods if has_finalizer(pod)]


CONTROLLER = Component(
    name="job-orphan-pods-controller",
    watches=(Watch("Pod", _changed_pod, aspects=FINALIZERS), Watch("Job", _pods_of_ended_job)),
    plan=plan,
    retry_base_us=SECOND_US,
    retry_max_us=MINUTE_US,
)
