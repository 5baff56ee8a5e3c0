"""ReplicaSet. Models pkg/apis/apps/v1/defaults.go and pkg/registry/apps/replicaset/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._pod_spec import TEMPLATES
from k8slab.api.kinds._strategy import on_create, on_status, on_update
from k8slab.api.kinds._workload import SCALE

_TABLE = Table(defaults={"api.apps.v1.ReplicaSetSpec": {"replicas": 1}})

KIND = Kind(
    kind="ReplicaSet",
    group="apps",
    version="v1",
    plural="replicasets",
    singular="replicaset",
    namespaced=True,
    short_names=("rs",),
    categories=("all",),
    subresources=("scale", "status"),
    default=defaulter("api.apps.v1.ReplicaSet", TEMPLATES, _TABLE),
    prepare_create=on_create(status=zero_of("api.apps.v1.ReplicaSetStatus"), generation=True),
    prepare_update=on_update(bump_for=("spec",)),
    prepare_status=on_status(),
    scale=SCALE,
    fields=("status.replicas",),
)
