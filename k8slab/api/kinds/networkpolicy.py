"""NetworkPolicy. Models pkg/apis/networking/v1/defaults.go and
pkg/registry/networking/networkpolicy/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._strategy import on_create, on_update
from k8slab.api.meta import Obj


def _with_policy_types(spec: Obj) -> Obj:
    """A policy is about ingress, and about egress where it has rules for it."""
    if spec.get("policyTypes"):
        return spec
    return {**spec, "policyTypes": ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]}


_TABLE = Table(
    defaults={"api.networking.v1.NetworkPolicyPort": {"protocol": "TCP"}},
    hooks={"api.networking.v1.NetworkPolicySpec": _with_policy_types},
)

KIND = Kind(
    kind="NetworkPolicy",
    group="networking.k8s.io",
    version="v1",
    plural="networkpolicies",
    singular="networkpolicy",
    namespaced=True,
    short_names=("netpol",),
    default=defaulter("api.networking.v1.NetworkPolicy", _TABLE),
    prepare_create=on_create(generation=True),
    prepare_update=on_update(status=False, bump_for=("spec",)),
)
