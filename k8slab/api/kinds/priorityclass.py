"""PriorityClass. Models pkg/apis/scheduling/v1/defaults.go and
pkg/registry/scheduling/priorityclass/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._strategy import on_create

_TABLE = Table(defaults={"api.scheduling.v1.PriorityClass": {"preemptionPolicy": "PreemptLowerPriority"}})

KIND = Kind(
    kind="PriorityClass",
    group="scheduling.k8s.io",
    version="v1",
    plural="priorityclasses",
    singular="priorityclass",
    namespaced=False,
    short_names=("pc",),
    default=defaulter("api.scheduling.v1.PriorityClass", _TABLE),
    prepare_create=on_create(generation=True),
)
