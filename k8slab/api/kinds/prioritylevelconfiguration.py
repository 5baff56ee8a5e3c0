"""PriorityLevelConfiguration. Models pkg/apis/flowcontrol/v1/defaults.go and
pkg/registry/flowcontrol/prioritylevelconfiguration/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._strategy import on_create, on_status, on_update

_TABLE = Table(
    defaults={
        "api.flowcontrol.v1.ExemptPriorityLevelConfiguration": {
            "nominalConcurrencyShares": 0,
            "lendablePercent": 0,
        },
        "api.flowcontrol.v1.LimitedPriorityLevelConfiguration": {
            "nominalConcurrencyShares": 30,
            "lendablePercent": 0,
        },
        "api.flowcontrol.v1.QueuingConfiguration": {"queues": 64, "handSize": 8, "queueLengthLimit": 50},
    }
)

KIND = Kind(
    kind="PriorityLevelConfiguration",
    group="flowcontrol.apiserver.k8s.io",
    version="v1",
    plural="prioritylevelconfigurations",
    singular="prioritylevelconfiguration",
    namespaced=False,
    subresources=("status",),
    default=defaulter("api.flowcontrol.v1.PriorityLevelConfiguration", _TABLE),
    prepare_create=on_create(
        status=zero_of("api.flowcontrol.v1.PriorityLevelConfigurationStatus"), generation=True
    ),
    prepare_update=on_update(bump_for=("spec",)),
    prepare_status=on_status(keeps=("labels", "annotations", "finalizers", "ownerReferences")),
)
