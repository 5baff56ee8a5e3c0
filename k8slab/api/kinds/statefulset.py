"""StatefulSet. Models pkg/apis/apps/v1/{defaults,conversion}.go and
pkg/registry/apps/statefulset/strategy.go, v1.36.

`maxUnavailable` belongs to a gate that is off by default: see `k8slab.api.gates`.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._pod_spec import TEMPLATES
from k8slab.api.kinds._strategy import on_create, on_status, on_update
from k8slab.api.kinds._workload import SCALE
from k8slab.api.kinds.persistentvolumeclaim import CLAIM
from k8slab.api.meta import Obj


def _with_update_strategy(spec: Obj) -> Obj:
    """Rolling updates by default; a strategy without a type gets one, and its partition."""
    strategy = spec.get("updateStrategy") or {}
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if not kind:
        kind, rolling = "RollingUpdate", rolling if rolling is not None else {}
    if kind == "RollingUpdate" and rolling is not None and rolling.get("partition") is None:
        rolling = {**rolling, "partition": 0}
    if kind == strategy.get("type") and rolling is strategy.get("rollingUpdate"):
        return spec
    filled = {"type": kind} if rolling is None else {"type": kind, "rollingUpdate": rolling}
    return {**spec, "updateStrategy": filled}


def _named_as_claim(claim: Obj) -> Obj:
    """A claim template says what it is, whatever was sent (pkg/apis/apps/v1/conversion.go)."""
    if claim.get("kind") == "PersistentVolumeClaim" and claim.get("apiVersion") == "v1":
        return claim
    return {**claim, "kind": "PersistentVolumeClaim", "apiVersion": "v1"}


_TABLE = Table(
    defaults={
        "api.apps.v1.StatefulSetSpec": {
            "podManagementPolicy": "OrderedReady",
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            "replicas": 1,
            "revisionHistoryLimit": 10,
        },
        "api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": {
            "whenDeleted": "Retain",
            "whenScaled": "Retain",
        },
    },
    hooks={
        "api.apps.v1.StatefulSetSpec": _with_update_strategy,
        "api.core.v1.PersistentVolumeClaim": _named_as_claim,
    },
)

KIND = Kind(
    kind="StatefulSet",
    group="apps",
    version="v1",
    plural="statefulsets",
    singular="statefulset",
    namespaced=True,
    short_names=("sts",),
    categories=("all",),
    subresources=("scale", "status"),
    default=defaulter("api.apps.v1.StatefulSet", TEMPLATES, CLAIM, _TABLE),
    prepare_create=on_create(status=zero_of("api.apps.v1.StatefulSetStatus"), generation=True),
    prepare_update=on_update(bump_for=("spec",)),
    prepare_status=on_status(),
    scale=SCALE,
)
