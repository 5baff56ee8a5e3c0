"""RuntimeClass. Models pkg/registry/node/runtimeclass/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter
from k8slab.api.kinds._pod_spec import RESOURCES

KIND = Kind(
    kind="RuntimeClass",
    group="node.k8s.io",
    version="v1",
    plural="runtimeclasses",
    singular="runtimeclass",
    namespaced=False,
    default=defaulter("api.node.v1.RuntimeClass", RESOURCES),
    create_on_update=True,
    unconditional_update=False,
)
