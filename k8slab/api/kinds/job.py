"""Job. Models pkg/apis/batch/v1/defaults.go and pkg/registry/batch/job/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._pod_spec import TEMPLATES
from k8slab.api.kinds._strategy import on_create, on_status, on_update
from k8slab.api.meta import Obj, assoc, dig

MOST_RETRIES = 2**31 - 1
CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
_JOB_NAME_LABELS = ("job-name", "batch.kubernetes.io/job-name")
_UID_LABELS = ("controller-uid", CONTROLLER_UID)


def _default_spec(spec: Obj) -> Obj:
    """SetDefaults_Job, as far as it concerns the spec: a Job of one Pod unless it says otherwise."""
    missing: Obj = {}
    if spec.get("parallelism") is None:
        missing["parallelism"] = 1
        if spec.get("completions") is None:
            missing["completions"] = 1
    if spec.get("backoffLimit") is None:
        missing["backoffLimit"] = 6 if spec.get("backoffLimitPerIndex") is None else MOST_RETRIES
    if spec.get("podReplacementPolicy") is None:
        failed_only = spec.get("podFailurePolicy") is not None
        missing["podReplacementPolicy"] = "Failed" if failed_only else "TerminatingOrFailed"
    for name, value in (("completionMode", "NonIndexed"), ("suspend", False), ("manualSelector", False)):
        if spec.get(name) is None:
            missing[name] = value
    return {**spec, **missing} if missing else spec


def _default_job(job: Obj) -> Obj:
    """SetDefaults_Job: the spec, and the template's labels for a Job that has none.

    The spec is dealt with here and not by its type, because the spec of a
    CronJob's template stays as it is.
    """
    spec = job.get("spec") or {}
    filled = _default_spec(spec)
    if filled is not job.get("spec"):
        job = {**job, "spec": filled}
    labels = dig(filled, "template", "metadata", "labels")
    if labels and not dig(job, "metadata", "labels"):
        job = assoc(job, "metadata", "labels", labels)
    return job


FAILURE_POLICY = Table(defaults={"api.batch.v1.PodFailurePolicyOnPodConditionsPattern": {"status": "True"}})
_TABLE = Table(hooks={"api.batch.v1.Job": _default_job})

_fresh = on_create(status=zero_of("api.batch.v1.JobStatus"), generation=True)


def _with_selector(job: Obj) -> Obj:
    """Select the Job's own Pods by its uid, unless its selector is its own affair."""
    metadata, spec = job["metadata"], job["spec"]
    if spec.get("manualSelector"):
        return job
    template = spec.get("template") or {}
    before = dig(template, "metadata", "labels", default={})
    names = dict.fromkeys(_JOB_NAME_LABELS, metadata.get("name", ""))
    labels = {**names, **dict.fromkeys(_UID_LABELS, metadata.get("uid", "")), **before}
    selector = spec.get("selector") or {}
    matched = {CONTROLLER_UID: metadata.get("uid", ""), **(selector.get("matchLabels") or {})}
    template = assoc(template, "metadata", "labels", labels)
    spec = {**spec, "selector": {**selector, "matchLabels": matched}, "template": template}
    job = {**job, "spec": spec}
    # Labels that were taken over from the template are one map with them upstream, and grow with them.
    own = metadata.get("labels")
    return assoc(job, "metadata", "labels", labels) if not own or own is before else job


def _prepare_create(obj: Obj) -> Obj:
    return _fresh(_with_selector(obj))


KIND = Kind(
    kind="Job",
    group="batch",
    version="v1",
    plural="jobs",
    singular="job",
    namespaced=True,
    categories=("all",),
    subresources=("status",),
    default=defaulter("api.batch.v1.Job", TEMPLATES, FAILURE_POLICY, _TABLE),
    prepare_create=_prepare_create,
    prepare_update=on_update(bump_for=("spec",)),
    prepare_status=on_status(),
    fields=("status.successful",),
    default_propagation="Orphan",
)
