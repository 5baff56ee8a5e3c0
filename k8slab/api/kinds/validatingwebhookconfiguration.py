"""ValidatingWebhookConfiguration.

Models pkg/apis/admissionregistration/v1/defaults.go and
pkg/registry/admissionregistration/validatingwebhookconfiguration/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._strategy import on_create, on_update

_WEBHOOK = {
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "timeoutSeconds": 10,
}
_TABLE = Table(
    defaults={
        "api.admissionregistration.v1.ValidatingWebhook": _WEBHOOK,
        "api.admissionregistration.v1.RuleWithOperations": {"scope": "*"},
        "api.admissionregistration.v1.ServiceReference": {"port": 443},
    }
)

KIND = Kind(
    kind="ValidatingWebhookConfiguration",
    group="admissionregistration.k8s.io",
    version="v1",
    plural="validatingwebhookconfigurations",
    singular="validatingwebhookconfiguration",
    namespaced=False,
    categories=("api-extensions",),
    default=defaulter("api.admissionregistration.v1.ValidatingWebhookConfiguration", _TABLE),
    prepare_create=on_create(generation=True),
    prepare_update=on_update(status=False, bump_for=("webhooks",)),
    unconditional_update=False,
)
