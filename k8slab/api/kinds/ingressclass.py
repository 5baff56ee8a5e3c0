"""IngressClass. Models pkg/apis/networking/v1/defaults.go and
pkg/registry/networking/ingressclass/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._strategy import on_create, on_update

_TABLE = Table(defaults={"api.networking.v1.IngressClassParametersReference": {"scope": "Cluster"}})

KIND = Kind(
    kind="IngressClass",
    group="networking.k8s.io",
    version="v1",
    plural="ingressclasses",
    singular="ingressclass",
    namespaced=False,
    default=defaulter("api.networking.v1.IngressClass", _TABLE),
    prepare_create=on_create(generation=True),
    prepare_update=on_update(status=False, bump_for=("spec",)),
)
