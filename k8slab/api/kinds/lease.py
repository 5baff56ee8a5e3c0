"""Lease. Models pkg/registry/coordination/lease/strategy.go, v1.36.

`strategy` and `preferredHolder` belong to a gate that is off by default: see `k8slab.api.gates`.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter

KIND = Kind(
    kind="Lease",
    group="coordination.k8s.io",
    version="v1",
    plural="leases",
    singular="lease",
    namespaced=True,
    default=defaulter("api.coordination.v1.Lease"),
    create_on_update=True,
    unconditional_update=False,
)
