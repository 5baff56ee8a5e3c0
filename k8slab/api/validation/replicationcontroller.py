"""ReplicationControllers.

Models pkg/apis/core/validation/validation.go (ValidateReplicationController), v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.selectors import from_labels, matches
from k8slab.api.validation._field import invalid, nonnegative, required, sorted_map
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import Messages, dns_subdomain
from k8slab.api.validation._pod_spec import validate_pod_template
from k8slab.api.validation._replicas import workload_warnings
from k8slab.api.validation._workload import (
    MISMATCH,
    template_labels,
    validate_always_restarts,
    validate_replica_status,
)
from k8slab.api.validation.replicaset import PARTS

_NUMBERS = (
    "replicas",
    "fullyLabeledReplicas",
    "readyReplicas",
    "availableReplicas",
    "observedGeneration",
)


def _name_rule(name: str) -> Messages:
    """An RFC 1123 subdomain; declared rules count its bytes, as they say."""
    return tuple(message.replace("253 characters", "253 bytes") for message in dns_subdomain(name))


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    selector, replicas, template = (spec.get(name) for name in ("selector", "replicas", "template"))
    causes = nonnegative(spec.get("minReadySeconds"), "spec.minReadySeconds")
    if not selector:
        causes.append(required("spec.selector"))
    causes += [required("spec.replicas")] if replicas is None else nonnegative(replicas, "spec.replicas")
    if template is None:
        return [*causes, required("spec.template")]
    labels = template_labels(template)
    if not matches(from_labels(selector), labels or {}):
        causes.append(invalid("spec.template.metadata.labels", sorted_map(labels), MISMATCH))
    causes += validate_pod_template(template, "spec.template")
    return causes + validate_always_restarts(template, "spec.template", "ReplicationController")


def _update(new: Obj, old: Obj) -> list[Cause]:
    return [] if new.get("spec") is old.get("spec") else _create(new)


def _status(new: Obj, old: Obj) -> list[Cause]:
    return validate_replica_status(new.get("status") or {}, "status", _NUMBERS, PARTS)


RULES = rules(
    _create, _update, name_rule=_name_rule, status=_status, warnings=workload_warnings, generated_names=False
)
