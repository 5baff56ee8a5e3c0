"""ValidatingAdmissionPolicy.

Models pkg/apis/admissionregistration/v1/defaults.go and
pkg/registry/admissionregistration/validatingadmissionpolicy/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._strategy import on_create, on_status, on_update

_TABLE = Table(
    defaults={
        "api.admissionregistration.v1.ValidatingAdmissionPolicySpec": {"failurePolicy": "Fail"},
        "api.admissionregistration.v1.MatchResources": {
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {},
        },
        "api.admissionregistration.v1.NamedRuleWithOperations": {"scope": "*"},
    }
)

KIND = Kind(
    kind="ValidatingAdmissionPolicy",
    group="admissionregistration.k8s.io",
    version="v1",
    plural="validatingadmissionpolicies",
    singular="validatingadmissionpolicy",
    namespaced=False,
    categories=("api-extensions",),
    subresources=("status",),
    default=defaulter("api.admissionregistration.v1.ValidatingAdmissionPolicy", _TABLE),
    prepare_create=on_create(
        status=zero_of("api.admissionregistration.v1.ValidatingAdmissionPolicyStatus"), generation=True
    ),
    prepare_update=on_update(bump_for=("spec",)),
    prepare_status=on_status(strict=True),
    unconditional_update=False,
)
