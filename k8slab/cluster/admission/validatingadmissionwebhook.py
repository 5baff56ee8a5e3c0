"""ValidatingAdmissionWebhook: programs that judge what is written or deleted.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/validating/dispatcher.go, v1.36.
"""

from __future__ import annotations

from k8slab.cluster.admission._plugin import Admission, Request
from k8slab.cluster.admission._webhooks import ask, concerned, denial


def _validate(request: Request) -> None:
    for hook in concerned(request, "ValidatingWebhookConfiguration"):
        response = ask(request, hook, request.new)
        if response is not None and not response.get("allowed"):
            raise denial(hook, response)


ADMISSION = Admission(
    name="ValidatingAdmissionWebhook",
    validate=_validate,
    operations=("CREATE", "UPDATE", "DELETE", "CONNECT"),
    needs="ValidatingWebhookConfiguration",
)
