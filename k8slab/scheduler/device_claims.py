"""A Pod's ResourceClaims: what they are called, whether they are the Pod's, and that the Pod may use them.

Models staging/src/k8s.io/dynamic-resource-allocation/resourceclaim/resourceclaim.go and bindClaim of
pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj, controller_of, is_terminating, key_of
from k8slab.clock import timestamp
from k8slab.components import Action, Outcome, Update
from k8slab.store.view import View

FINALIZER = "resource.kubernetes.io/delete-protection"


class ClaimError(Exception):
    """Why a Pod can't use one of its claims yet, in upstream's words."""


def entries_of(pod: Obj) -> Sequence[Obj]:
    """What the Pod's spec says of claims."""
    return pod["spec"].get("resourceClaims") or ()


def name_of_claim(pod: Obj, entry: Obj) -> str | None:
    """The name of the claim that an entry stands for; None where none is needed.

    Raises ClaimError where it is not made yet.
    """
    if entry.get("resourceClaimName"):
        return str(entry["resourceClaimName"])
    for status in (pod.get("status") or {}).get("resourceClaimStatuses") or ():
        if status["name"] == entry["name"]:
            name: str | None = status.get("resourceClaimName")
            return name
    raise ClaimError(f'pod "{"/".join(key_of(pod))}": ResourceClaim not created yet')


def not_for_pod(pod: Obj, claim: Obj) -> str:
    """Why a claim that should have been made for the Pod was not; empty where it was."""
    owner = controller_of(claim)
    if owner is not None and owner["uid"] == pod["metadata"]["uid"]:
        return ""
    (namespace, name), (_, claim_name) = key_of(pod), key_of(claim)
    return (
        f"ResourceClaim {namespace}/{claim_name} was not created for Pod {namespace}/{name} "
        "(Pod is not owner)"
    )


def claims_of(view: View, pod: Obj) -> tuple[Obj, ...]:
    """The Pod's claims. Raises ClaimError where one is missing, going, or somebody else's."""
    found: list[Obj] = []
    for entry in entries_of(pod):
        name = name_of_claim(pod, entry)
        if name is None:
            continue
        claim = view.get("ResourceClaim", (pod["metadata"]["namespace"], name))
        if claim is None:
            raise ClaimError(f'resourceclaim.resource.k8s.io "{name}" not found')
        if is_terminating(claim):
            raise ClaimError(f'resourceclaim "{name}" is being deleted')
        why = "" if entry.get("resourceClaimName") else not_for_pod(pod, claim)
        if why:
            raise ClaimError(why)
        found.append(claim)
    return tuple(found)


def allocation_of(claim: Obj) -> Obj | None:
    """The devices that a claim has been given; None where it has none yet."""
    found: Obj | None = (claim.get("status") or {}).get("allocation")
    return found


def is_reserved_for(claim: Obj, pod: Obj) -> bool:
    """Whether a claim says that the Pod uses it."""
    consumers = (claim.get("status") or {}).get("reservedFor") or ()
    return any(one["uid"] == pod["metadata"]["uid"] for one in consumers)


def with_consumer(claim: Obj, pod: Obj) -> Obj:
    """A claim that says that the Pod uses it, too."""
    status = claim.get("status") or {}
    metadata = pod["metadata"]
    consumer = {"resource": "pods", "name": metadata["name"], "uid": metadata["uid"]}
    return {**claim, "status": {**status, "reservedFor": [*(status.get("reservedFor") or ()), consumer]}}


def bind_claim(claim: Obj, pod: Obj, allocation: Obj | None, now_us: int) -> Generator[Action, Outcome, str]:
    """Write what a claim is given and that the Pod uses it (`bindClaim`). Why that failed, or empty."""
    shown = "/".join(key_of(claim))
    if allocation is not None:
        finalizers = claim["metadata"].get("finalizers") or []
        if FINALIZER not in finalizers:
            metadata = {**claim["metadata"], "finalizers": [*finalizers, FINALIZER]}
            try:
                claim = yield Update("ResourceClaim", {**claim, "metadata": metadata})
            except ApiError as error:
                return f"add finalizer to claim {shown}: {error.message}"
        given = {**allocation, "allocationTimestamp": timestamp(now_us)}
        claim = {**claim, "status": {**(claim.get("status") or {}), "allocation": given}}
    try:
        yield Update("ResourceClaim", with_consumer(claim, pod), "status")
    except ApiError as error:
        what = "allocation and reservation" if allocation is not None else "reservation"
        return f"add {what} to claim {shown}: {error.message}"
    return ""
