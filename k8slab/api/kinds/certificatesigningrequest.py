"""CertificateSigningRequest. Models pkg/registry/certificates/certificates/strategy.go, v1.36.

Who asked is written into the spec by `k8slab.cluster.admission.certificatesubjectrestriction`.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter, zero_of
from k8slab.api.kinds._strategy import on_create, on_status, with_field_of
from k8slab.api.meta import Obj


def _prepare_update(new: Obj, old: Obj) -> Obj:
    """Only metadata changes: a request says what it said."""
    return with_field_of(with_field_of(new, old, "spec"), old, "status")


KIND = Kind(
    kind="CertificateSigningRequest",
    group="certificates.k8s.io",
    version="v1",
    plural="certificatesigningrequests",
    singular="certificatesigningrequest",
    namespaced=False,
    short_names=("csr",),
    subresources=("approval", "status"),
    default=defaulter("api.certificates.v1.CertificateSigningRequest"),
    prepare_create=on_create(status=zero_of("api.certificates.v1.CertificateSigningRequestStatus")),
    prepare_update=_prepare_update,
    prepare_status=on_status(),
    fields=("spec.signerName",),
)
