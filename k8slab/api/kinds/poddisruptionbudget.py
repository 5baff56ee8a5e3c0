"""PodDisruptionBudget. Models pkg/registry/policy/poddisruptionbudget/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter, zero_of
from k8slab.api.kinds._strategy import on_create, on_status, on_update

KIND = Kind(
    kind="PodDisruptionBudget",
    group="policy",
    version="v1",
    plural="poddisruptionbudgets",
    singular="poddisruptionbudget",
    namespaced=True,
    short_names=("pdb",),
    subresources=("status",),
    default=defaulter("api.policy.v1.PodDisruptionBudget"),
    prepare_create=on_create(status=zero_of("api.policy.v1.PodDisruptionBudgetStatus"), generation=True),
    prepare_update=on_update(bump_for=("spec",)),
    prepare_status=on_status(),
    unconditional_update=False,
)
