"""ReplicaSets. Models pkg/apis/apps/validation/validation.go (ValidateReplicaSet), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import nonnegative_fields
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._replicas import immutable_selector, workload_warnings
from k8slab.api.validation._workload import validate_replica_status, validate_selector_and_template

_NUMBERS = (
    "replicas",
    "fullyLabeledReplicas",
    "readyReplicas",
    "availableReplicas",
    "observedGeneration",
    "terminatingReplicas",
)
PARTS = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    causes = nonnegative_fields(spec, "spec", ("replicas", "minReadySeconds"))
    return causes + validate_selector_and_template(spec, "spec")


def _update(new: Obj, old: Obj) -> list[Cause]:
    if new.get("spec") is old.get("spec"):
        return []
    return _create(new) + immutable_selector(new, old)


def _status(new: Obj, old: Obj) -> list[Cause]:
    return validate_replica_status(new.get("status") or {}, "status", _NUMBERS, PARTS)


RULES = rules(_create, _update, status=_status, warnings=workload_warnings)
