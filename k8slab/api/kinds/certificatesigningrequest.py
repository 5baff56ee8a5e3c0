"""CertificateSigningRequest. Models pkg/registry/certificates/certificates/strategy.go, v1.36.

Who asked is written into the spec by `k8slab.cluster.admission.certificatesubjectrestriction`.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter, zero_of
from k8slab.api.kinds._strategy import on_create, with_field_of
from k8slab.api.meta import Obj


def _prepare_update(new: Obj, old: Obj) -> Obj:
    """Only metadata changes: a request says what it said."""
    return with_field_of(with_field_of(new, old, "spec"), old, "status")


def prepare_approval(new: Obj, old: Obj) -> Obj:
    """An approval or denial changes metadata and conditions, and nothing else."""
    conditions = (new.get("status") or {}).get("conditions")
    status = {name: value for name, value in (old.get("status") or {}).items() if name != "conditions"}
    if conditions is not None:
        status["conditions"] = conditions
    return {**with_field_of(new, old, "spec"), "status": status}


_LASTING = ("Approved", "Denied")


def prepare_status(new: Obj, old: Obj) -> Obj:
    """A status write leaves the spec, and approvals and denials as they are."""
    new = with_field_of(new, old, "spec")
    conditions = list((new.get("status") or {}).get("conditions") or ())
    before = (old.get("status") or {}).get("conditions") or ()
    for lasting in _LASTING:
        kept = [one for one in before if one.get("type") == lasting]
        places = [at for at, one in enumerate(conditions) if one.get("type") == lasting]
        if len(kept) == len(places):
            for at, one in zip(places, kept, strict=True):
                conditions[at] = one
    if conditions:
        new = {**new, "status": {**new["status"], "conditions": conditions}}
    return new


def with_times(new: Obj, old: Obj, now: str) -> Obj:
    """Conditions with the instants at which they were written and came to hold."""
    conditions = (new.get("status") or {}).get("conditions")
    if not conditions:
        return new
    since = {
        (one.get("type"), one.get("status")): one["lastTransitionTime"]
        for one in reversed((old.get("status") or {}).get("conditions") or ())
        if one.get("lastTransitionTime")
    }
    timed = [
        {
            **one,
            "lastUpdateTime": one.get("lastUpdateTime") or now,
            "lastTransitionTime": one.get("lastTransitionTime")
            or since.get((one.get("type"), one.get("status")), now),
        }
        for one in conditions
    ]
    return new if timed == conditions else {**new, "status": {**new["status"], "conditions": timed}}


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
    prepare_status=prepare_status,
    fields=("spec.signerName",),
)
