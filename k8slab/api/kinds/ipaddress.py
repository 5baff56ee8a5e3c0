"""IPAddress. Models pkg/registry/networking/ipaddress/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter

KIND = Kind(
    kind="IPAddress",
    group="networking.k8s.io",
    version="v1",
    plural="ipaddresses",
    singular="ipaddress",
    namespaced=False,
    short_names=("ip",),
    default=defaulter("api.networking.v1.IPAddress"),
)
