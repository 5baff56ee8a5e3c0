"""ValidatingAdmissionWebhook: programs that judge what is written or deleted.

All that are concerned are asked at once upstream: the others still warn where one denies.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/validating/dispatcher.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.cluster.admission._plugin import Admission, Request
from k8slab.cluster.admission._webhooks import ask, concerns, configured

KIND = "ValidatingWebhookConfiguration"


def _validate(request: Request) -> None:
    refusals: list[ApiError] = []
    for hook in [hook.data for hook in configured(request, KIND) if concerns(request, hook.data)]:
        try:
            ask(request, hook, request.new, changes=False)
        except ApiError as refusal:
            refusals.append(refusal)
    if refusals:
        raise refusals[0]


ADMISSION = Admission(
    name="ValidatingAdmissionWebhook",
    validate=_validate,
    operations=("CREATE", "UPDATE", "DELETE", "CONNECT"),
    needs=KIND,
    on_status=True,
)
