"""Jobs: the spec with its generated selector, and what of it may change.

Models pkg/apis/batch/validation/validation.go (ValidateJob, ValidateJobUpdate) and
pkg/registry/batch/job/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj, condition_is
from k8slab.api.selectors import from_label_selector, matches
from k8slab.api.validation._field import IMMUTABLE, invalid, required, sorted_map
from k8slab.api.validation._job_spec import job_spec_warnings, validate_job_spec
from k8slab.api.validation._job_status import validate_job_status
from k8slab.api.validation._metadata import (
    generation_changed,
    name_warnings,
    rules,
    selector_is_broken,
    validate_label_selector,
)
from k8slab.api.validation._names import dns_label
from k8slab.api.validation._shape import label_selector, same, shape
from k8slab.api.validation._workload import MISMATCH, selector_matches, template_labels

_LEGACY_UID, _LEGACY_NAME = "controller-uid", "job-name"
_UID, _NAME = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"


def _validate_generated_selector(job: Obj) -> list[Cause]:
    """The labels that the server gives to template and selector, unless it is told not to."""
    spec, metadata = job.get("spec") or {}, job["metadata"]
    selector = spec.get("selector")
    if spec.get("manualSelector") or selector is None:
        return []
    uid, name = metadata.get("uid") or "", metadata.get("name") or ""
    causes = [] if uid else [required("metadata.uid")]
    expected = {_LEGACY_UID: uid, _LEGACY_NAME: name, _UID: uid, _NAME: name}
    labels = template_labels(spec.get("template")) or {}
    for key, value in expected.items():
        where, detail = f"spec.template.metadata.labels[{key}]", f"must be '{value}'"
        if key not in labels:
            causes.append(required(where, detail))
        elif labels[key] != value:
            causes.append(invalid(where, sorted_map(labels), detail))
    if selector == {"matchLabels": {_UID: uid}}:
        return causes
    if not selector_is_broken(selector) and not matches(from_label_selector(selector), expected):
        detail = "`selector` not auto-generated"
        causes.append(invalid("spec.selector", label_selector(selector), detail))
    return causes


def _validate_spec(spec: Obj) -> list[Cause]:
    selector = spec.get("selector")
    causes = validate_job_spec(spec, "spec")
    causes += (
        [required("spec.selector")]
        if selector is None
        else validate_label_selector(selector, "spec.selector")
    )
    labels = template_labels(spec.get("template"))
    if not selector_is_broken(selector) and not selector_matches(selector, labels):
        causes.append(invalid("spec.template.metadata.labels", sorted_map(labels), MISMATCH))
    return causes


def _create(job: Obj) -> list[Cause]:
    spec = job.get("spec") or {}
    causes = _validate_generated_selector(job) + _validate_spec(spec)
    completions = spec.get("completions")
    if spec.get("completionMode") == "Indexed" and completions:
        name = job["metadata"].get("name") or ""
        host = f"{name}-{completions - 1}"
        if completions > 0 and dns_label(host):
            detail = f"will not able to create pod with invalid DNS label: {host}"
            causes.append(invalid("metadata.name", name, detail))
    return causes


def _immutable(struct: str, name: str, after: Obj, before: Obj) -> list[Cause]:
    """A struct of the spec that stays."""
    if same(struct, after.get(name), before.get(name), pointer=True):
        return []
    value = after.get(name)
    return [invalid(f"spec.{name}", None if value is None else shape(struct, value), IMMUTABLE)]


def _immutable_value(name: str, after: Obj, before: Obj) -> list[Cause]:
    value = after.get(name)
    return [] if value == before.get(name) else [invalid(f"spec.{name}", value, IMMUTABLE)]


def _update(new: Obj, old: Obj) -> list[Cause]:
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if after is before:
        return []
    causes = _validate_spec(after) + _validate_completions(after, before)
    selector = after.get("selector")
    if not same("LabelSelector", selector, before.get("selector"), pointer=True):
        causes.append(invalid("spec.selector", label_selector(selector), IMMUTABLE))
    causes += _validate_template_update(after, before, old)
    causes += _immutable_value("completionMode", after, before)
    causes += _immutable("PodFailurePolicy", "podFailurePolicy", after, before)
    causes += _immutable_value("backoffLimitPerIndex", after, before)
    causes += _immutable_value("managedBy", after, before)
    return causes + _immutable("SuccessPolicy", "successPolicy", after, before)


def _validate_completions(after: Obj, before: Obj) -> list[Cause]:
    """Of an Indexed Job they change together with the parallelism, of others not at all."""
    count = after.get("completions")
    if count == before.get("completions"):
        return []
    if after.get("completionMode") != "Indexed":
        return [invalid("spec.completions", count, IMMUTABLE)]
    if count is None or count == after.get("parallelism"):
        return []
    return [invalid("spec.completions", count, "can only be modified in tandem with spec.parallelism")]


def _may_change_template(job: Obj) -> bool:
    """Whether a Job is suspended and nothing of it runs."""
    status = job.get("status") or {}
    idle = status.get("startTime") is None or condition_is(job, "Suspended")
    return bool((job.get("spec") or {}).get("suspend")) and idle and not status.get("active")


def _validate_template_update(after: Obj, before: Obj, old: Obj) -> list[Cause]:
    """The template stays; while a Job is suspended, placement and resources may change."""
    template, was = after.get("template") or {}, before.get("template") or {}
    if template is was:
        return []
    may_change = _may_change_template(old)
    if may_change:
        was = _with_placement_of(was, template)
    if before.get("suspend") and may_change:
        pod, pod_before = template.get("spec") or {}, _with_resources_of(was.get("spec") or {}, template)
        if same("PodSpec", pod, pod_before):
            return []
        return [invalid("spec.template.spec", shape("PodSpec", pod), IMMUTABLE)]
    if same("PodTemplateSpec", template, was):
        return []
    return [invalid("spec.template", shape("PodTemplateSpec", template), IMMUTABLE)]


def _with_placement_of(was: Obj, template: Obj) -> Obj:
    """The old template with the new one's scheduling directives, labels and annotations."""
    new, old = template.get("spec") or {}, was.get("spec") or {}
    spec = {**old, **{name: new.get(name) for name in ("nodeSelector", "tolerations", "schedulingGates")}}
    affinity, before = new.get("affinity"), old.get("affinity")
    if affinity is not None or before is not None:
        merged = {**(before or {}), "nodeAffinity": (affinity or {}).get("nodeAffinity")}
        empty = affinity is None and not any(value is not None for value in merged.values())
        spec["affinity"] = None if empty else merged
    metadata = template.get("metadata") or {}
    kept = {name: metadata.get(name) for name in ("annotations", "labels")}
    return {**was, "metadata": {**(was.get("metadata") or {}), **kept}, "spec": spec}


def _with_resources_of(old: Obj, template: Obj) -> Obj:
    new, spec = template.get("spec") or {}, dict(old)
    for name in ("containers", "initContainers"):
        before, after = old.get(name) or (), new.get(name) or ()
        if len(before) == len(after) and before:
            spec[name] = [
                {**one, "resources": other.get("resources")} if one.get("name") == other.get("name") else one
                for one, other in zip(before, after)
            ]
    return spec


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    found = name_warnings(new["metadata"]) if old is None else []
    if generation_changed(new, old):
        found += job_spec_warnings(new.get("spec") or {}, "spec")
    return tuple(found)


_USUAL = rules(_create, _update, status=validate_job_status, warnings=_warnings, recheck="before")


def _create_with_metadata(job: Obj) -> list[Cause]:
    """A Job shows its template's labels as its own, but those that the server generates come later."""
    labels = job["metadata"].get("labels")
    if labels and all(key in (_LEGACY_UID, _LEGACY_NAME, _UID, _NAME) for key in labels):
        if labels == template_labels((job.get("spec") or {}).get("template")):
            job = {**job, "metadata": {**job["metadata"], "labels": None}}
    return _USUAL.create(job)


RULES = _USUAL._replace(create=_create_with_metadata)
