"""CertificateApproval: who approves or denies a request may approve for its signer.

Models plugin/pkg/admission/certificates/approval/admission.go and pkg/certauthorization, v1.36.
"""

from __future__ import annotations

from k8slab.api.json_text import go_quote
from k8slab.api.meta import dig
from k8slab.cluster import access
from k8slab.cluster.admission._plugin import Admission, Request, refusal


def _validate(request: Request) -> None:
    if request.subresource != "approval":
        return
    signer: str = dig(request.old or {}, "spec", "signerName", default="")
    domain = signer.partition("/")[0]
    for name in (signer, f"{domain}/*"):
        asked = access.Attributes(
            request.user, request.groups, "approve", "certificates.k8s.io", "signers", name=name
        )
        if access.authorize(request.view, asked).allowed:
            return
    raise refusal(request, f"user not permitted to approve requests with signerName {go_quote(signer)}")


ADMISSION = Admission(
    "CertificateApproval",
    validate=_validate,
    kinds=("CertificateSigningRequest",),
    operations=("UPDATE",),
)
