"""Deployment. Models pkg/apis/apps/v1/defaults.go and pkg/registry/apps/deployment/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._pod_spec import TEMPLATES
from k8slab.api.kinds._strategy import differs, next_generation, on_create, on_status, with_field_of
from k8slab.api.kinds._workload import SCALE
from k8slab.api.meta import Obj

_ROLLING = {"maxUnavailable": "25%", "maxSurge": "25%"}


def _with_rolling_update(strategy: Obj) -> Obj:
    """A rolling update replaces a quarter at a time unless it says otherwise."""
    if (strategy.get("type") or "RollingUpdate") != "RollingUpdate":
        return strategy
    rolling = strategy.get("rollingUpdate") or {}
    missing = {name: value for name, value in _ROLLING.items() if rolling.get(name) is None}
    return {**strategy, "rollingUpdate": {**rolling, **missing}} if missing else strategy


_TABLE = Table(
    defaults={
        "api.apps.v1.DeploymentSpec": {
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        },
        "api.apps.v1.DeploymentStrategy": {"type": "RollingUpdate"},
    },
    hooks={"api.apps.v1.DeploymentStrategy": _with_rolling_update},
)


def _prepare_update(new: Obj, old: Obj) -> Obj:
    """Annotations count too, because a Deployment copies them to its ReplicaSets."""
    new = with_field_of(new, old, "status")
    annotations = (new["metadata"].get("annotations") or {}, old["metadata"].get("annotations") or {})
    if differs(new, old, "spec") or annotations[0] != annotations[1]:
        return next_generation(new, old)
    return new


KIND = Kind(
    kind="Deployment",
    group="apps",
    version="v1",
    plural="deployments",
    singular="deployment",
    namespaced=True,
    short_names=("deploy",),
    categories=("all",),
    subresources=("scale", "status"),
    default=defaulter("api.apps.v1.Deployment", TEMPLATES, _TABLE),
    prepare_create=on_create(status=zero_of("api.apps.v1.DeploymentStatus"), generation=True),
    prepare_update=_prepare_update,
    prepare_status=on_status(keeps=("labels",)),
    scale=SCALE,
)
