"""MutatingAdmissionPolicyBinding.

Models pkg/apis/admissionregistration/v1/defaults.go and
pkg/registry/admissionregistration/mutatingadmissionpolicybinding/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._strategy import on_create, on_update

_TABLE = Table(
    defaults={
        "api.admissionregistration.v1.MatchResources": {
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {},
        },
        "api.admissionregistration.v1.NamedRuleWithOperations": {"scope": "*"},
    }
)

KIND = Kind(
    kind="MutatingAdmissionPolicyBinding",
    group="admissionregistration.k8s.io",
    version="v1",
    plural="mutatingadmissionpolicybindings",
    singular="mutatingadmissionpolicybinding",
    namespaced=False,
    categories=("api-extensions",),
    default=defaulter("api.admissionregistration.v1.MutatingAdmissionPolicyBinding", _TABLE),
    prepare_create=on_create(generation=True),
    prepare_update=on_update(status=False, bump_for=("spec",)),
    unconditional_update=False,
)
