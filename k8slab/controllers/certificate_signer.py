"""The signers of the cluster: whom a request is approved for gets a certificate of the cluster's authority.

Models pkg/controller/certificates/signer/signer.go and certificate_controller.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from k8slab.api.certificate_requests import (
    Asked,
    RequestError,
    client_fault,
    is_signed,
    kubelet_client_fault,
    kubelet_serving_fault,
    read,
)
from k8slab.api.certificates import issued
from k8slab.api.meta import Key, Obj
from k8slab.clock import SECOND_US, timestamp
from k8slab.components import Component, Done, Memory, Plan, Update, Watch
from k8slab.store.view import Change, View

KIND = "CertificateSigningRequest"
_RETRY_US, _LONGEST_RETRY_US = 200_000, 1000 * SECOND_US
_MOST_DOUBLINGS = 13


def _no_fault(asked: Asked, usages: Sequence[str]) -> str:
    return ""


_RULES = {
    "kubernetes.io/kube-apiserver-client": client_fault,
    "kubernetes.io/kube-apiserver-client-kubelet": kubelet_client_fault,
    "kubernetes.io/kubelet-serving": kubelet_serving_fault,
    "kubernetes.io/legacy-unknown": _no_fault,
}


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Sign one request, if it is for a signer of the cluster's, approved, and not signed yet."""
    request = view.get(KIND, key)
    if request is None:
        return Done(why="the request is gone")
    status, spec = request.get("status") or {}, request["spec"]
    rule = _RULES.get(spec.get("signerName", ""))
    if status.get("certificate") or rule is None:
        return Done(why="the request has its certificate, or another signs it")
    if not _holds(status, "Approved") or _holds(status, "Failed"):
        return Done(why="the request is not approved, or has failed")
    asked, usages = _readable(spec.get("request", "")), spec.get("usages") or ()
    fault = rule(asked, usages) if asked is not None else ""
    if fault:
        yield Update(KIND, {**request, "status": _failed(status, fault, now_us)}, "status")
        return Done()
    if asked is None or not is_signed(asked):
        tries: int = memory or 0
        wait_us = min(_RETRY_US << min(tries, _MOST_DOUBLINGS), _LONGEST_RETRY_US)
        return Done(look_again_us=wait_us, memory=tries + 1, why="the request can't be read or verified")
    made = issued(asked, usages, spec.get("expirationSeconds"), now_us // SECOND_US, _serial(view, request))
    certificate = base64.b64encode(made.encode()).decode()
    yield Update(KIND, {**request, "status": {**status, "certificate": certificate}}, "status")
    return Done()


def _holds(status: Obj, kind: str) -> bool:
    conditions = status.get("conditions") or ()
    return any(one.get("type") == kind and one.get("status", "True") == "True" for one in conditions)


def _readable(encoded: str) -> Asked | None:
    try:
        return read(encoded)
    except RequestError:
        return None


def _failed(status: Obj, fault: str, now_us: int) -> Obj:
    condition = {
        "type": "Failed",
        "status": "True",
        "reason": "SignerValidationFailure",
        "message": fault,
        "lastUpdateTime": timestamp(now_us),
    }
    return {**status, "conditions": [*(status.get("conditions") or ()), condition]}


def _serial(view: View, request: Obj) -> int:
    drawn = repr([view.chance("certificate", request["metadata"]["uid"], number) for number in range(4)])
    return int.from_bytes(hashlib.blake2b(drawn.encode(), digest_size=16).digest())


def _after_request(change: Change, view: View) -> list[Key]:
    return [change.key]


CONTROLLER = Component(
    name="certificatesigningrequest-signing-controller", watches=(Watch(KIND, _after_request),), plan=plan
)
