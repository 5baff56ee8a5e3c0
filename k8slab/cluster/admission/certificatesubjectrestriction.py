"""CertificateSigningRequests: who asks is written down, and nobody asks to be a master.

Models plugin/pkg/admission/certificates/subjectrestriction/admission.go, and of
pkg/registry/certificates/certificates/strategy.go the part that knows the user, v1.36.
The request's encoded subject isn't looked into.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.cluster.admission._plugin import Admission, Request


def _mutate(request: Request, obj: Obj) -> Obj:
    if request.subresource:
        return obj
    dropped = ("username", "uid", "groups", "extra")
    spec = {name: value for name, value in (obj.get("spec") or {}).items() if name not in dropped}
    spec["username"] = request.user
    if request.groups:
        spec["groups"] = list(request.groups)
    return {**obj, "spec": spec}


ADMISSION = Admission(
    "CertificateSubjectRestriction",
    _mutate,
    kinds=("CertificateSigningRequest",),
    operations=("CREATE",),
)
