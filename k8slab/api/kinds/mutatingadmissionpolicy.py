"""MutatingAdmissionPolicy.

Models pkg/apis/admissionregistration/v1/defaults.go and
pkg/registry/admissionregistration/mutatingadmissionpolicy/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._strategy import on_create, on_update

_TABLE = Table(
    defaults={
        "api.admissionregistration.v1.MutatingAdmissionPolicySpec": {"failurePolicy": "Fail"},
        "api.admissionregistration.v1.MatchResources": {
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {},
        },
        "api.admissionregistration.v1.NamedRuleWithOperations": {"scope": "*"},
    }
)

KIND = Kind(
    kind="MutatingAdmissionPolicy",
    group="admissionregistration.k8s.io",
    version="v1",
    plural="mutatingadmissionpolicies",
    singular="mutatingadmissionpolicy",
    namespaced=False,
    categories=("api-extensions",),
    default=defaulter("api.admissionregistration.v1.MutatingAdmissionPolicy", _TABLE),
    prepare_create=on_create(generation=True),
    prepare_update=on_update(status=False, bump_for=("spec",)),
    unconditional_update=False,
)
