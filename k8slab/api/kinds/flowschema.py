"""FlowSchema. Models pkg/apis/flowcontrol/v1/defaults.go and
pkg/registry/flowcontrol/flowschema/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._strategy import on_create, on_status, on_update

_TABLE = Table(defaults={"api.flowcontrol.v1.FlowSchemaSpec": {"matchingPrecedence": 1000}})

KIND = Kind(
    kind="FlowSchema",
    group="flowcontrol.apiserver.k8s.io",
    version="v1",
    plural="flowschemas",
    singular="flowschema",
    namespaced=False,
    subresources=("status",),
    default=defaulter("api.flowcontrol.v1.FlowSchema", _TABLE),
    prepare_create=on_create(status=zero_of("api.flowcontrol.v1.FlowSchemaStatus"), generation=True),
    prepare_update=on_update(bump_for=("spec",)),
    prepare_status=on_status(keeps=("labels", "annotations", "finalizers", "ownerReferences")),
)
