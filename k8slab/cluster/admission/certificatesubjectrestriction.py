"""CertificateSigningRequests: who asks is written down, and nobody asks to be a master.

Models plugin/pkg/admission/certificates/subjectrestriction/admission.go, and of
pkg/registry/certificates/certificates/strategy.go the part that knows the user, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab import clock
from k8slab.api.certificate_requests import ORGANIZATION, RequestError, read
from k8slab.api.meta import Obj, assoc, dig
from k8slab.cluster.admission._plugin import Admission, Request, refusal, user_info

_CLIENT_SIGNER, _MASTERS = "kubernetes.io/kube-apiserver-client", "system:masters"


def _stamped(conditions: Sequence[Obj], before: Sequence[Obj], now: str) -> list[Obj]:
    """Conditions with their times; one that was there already keeps when it came about."""
    kept = {
        (one.get("type"), one.get("status")): one["lastTransitionTime"]
        for one in before
        if one.get("lastTransitionTime")
    }
    return [
        {
            **one,
            "lastUpdateTime": one.get("lastUpdateTime") or now,
            "lastTransitionTime": one.get("lastTransitionTime")
            or kept.get((one.get("type"), one.get("status")), now),
        }
        for one in conditions
    ]


def _mutate(request: Request, obj: Obj) -> Obj:
    if request.operation == "UPDATE":
        conditions = dig(obj, "status", "conditions")
        if request.subresource != "approval" or not conditions:
            return obj
        before = dig(request.old or {}, "status", "conditions") or ()
        times = _stamped(conditions, before, clock.timestamp(request.now_us))
        return assoc(obj, "status", "conditions", times)
    if request.subresource:
        return obj
    dropped = ("username", "uid", "groups", "extra")
    spec = {name: value for name, value in (obj.get("spec") or {}).items() if name not in dropped}
    known = {name: value for name, value in user_info(request).items() if value}
    return {**obj, "spec": {**spec, **known}}


def _validate(request: Request) -> None:
    """No client is to become a member of the group to which everything is allowed."""
    if request.operation != "CREATE" or request.subresource or request.new is None:
        return
    spec = request.new.get("spec") or {}
    if spec.get("signerName") != _CLIENT_SIGNER:
        return
    try:
        asked = read(spec.get("request") or "")
    except RequestError:
        # What can't be read is never signed, so its group is nobody's.
        return
    if _MASTERS in asked.texts(ORGANIZATION):
        raise refusal(request, f"use of {_CLIENT_SIGNER} signer with {_MASTERS} group is not allowed")


ADMISSION = Admission(
    "CertificateSubjectRestriction",
    _mutate,
    _validate,
    kinds=("CertificateSigningRequest",),
    operations=("CREATE", "UPDATE"),
)
