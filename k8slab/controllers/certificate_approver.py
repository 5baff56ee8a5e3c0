"""Approves kubelets' requests for client certificates, of whoever may have such a request approved unseen.

A request is recognised by its subject (`system:node:NAME` of `system:nodes`), usages and signer. Whether
it is approved is a question of permissions: who sent it may create `selfnodeclient` (for a certificate in
its own name) or `nodeclient` of CertificateSigningRequests.

Models pkg/controller/certificates/approver/sarapprove.go and certificate_controller.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.certificate_requests import Asked, RequestError, kubelet_client_fault, read
from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj
from k8slab.clock import SECOND_US
from k8slab.components import Component, Create, Done, Memory, Plan, Update, Watch
from k8slab.store.view import View

KIND = "CertificateSigningRequest"
SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"


class Recogniser(NamedTuple):
    """One sort of request: what who sends it must be allowed to create, and what the approval says."""

    subresource: str
    message: str


_MESSAGE = "Auto approving {}kubelet client certificate after SubjectAccessReview."
OWN = Recogniser("selfnodeclient", _MESSAGE.format("self "))
ANY = Recogniser("nodeclient", _MESSAGE.format(""))


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Approve one request, where it is recognised and who sent it may have it approved."""
    request = view.get(KIND, key)
    if request is None:
        return Done(why="the request is gone")
    status: Obj = request.get("status") or {}
    conditions = status.get("conditions") or []
    if status.get("certificate") or any(one["type"] in ("Approved", "Denied") for one in conditions):
        return Done(why="the request is answered")
    try:
        asked = read(request["spec"].get("request", ""))
    except RequestError as error:
        return Done(error=f'unable to parse csr "{key[1]}": {error}')
    tried = []
    for one in recognised(request["spec"], asked):
        tried.append(one.subresource)
        review = yield Create("SubjectAccessReview", _review(request["spec"], one.subresource))
        if not review["status"]["allowed"]:
            continue
        approval = {"type": "Approved", "status": "True", "reason": "AutoApproved", "message": one.message}
        approved = {**request, "status": {**status, "conditions": [*conditions, approval]}}
        try:
            yield Update(KIND, approved, "approval")
        except ApiError as error:
            return Done(error=f"error updating approval for csr: {error.message}")
        return Done()
    if not tried:
        return Done(why="no kubelet asks for a client certificate")
    shown = f"[{' '.join(tried)}]"
    return Done(error=f'recognized csr "{key[1]}" as {shown} but subject access review was not approved')


def recognised(spec: Obj, asked: Asked) -> tuple[Recogniser, ...]:
    """As what a request may be approved; empty where a person has to judge it."""
    if spec.get("signerName") != SIGNER or kubelet_client_fault(asked, spec.get("usages") or ()):
        return ()
    return (OWN, ANY) if spec.get("username", "") == asked.common_name else (ANY,)


def _review(spec: Obj, subresource: str) -> Obj:
    """The question whether who sent a request may create a subresource of requests."""
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "metadata": {},
        "spec": {
            "user": spec.get("username", ""),
            "uid": spec.get("uid", ""),
            "groups": spec.get("groups") or [],
            "extra": spec.get("extra") or {},
            "resourceAttributes": {
                "group": "certificates.k8s.io",
                "resource": "certificatesigningrequests",
                "verb": "create",
                "subresource": subresource,
                "version": "*",
            },
        },
    }


CONTROLLER = Component(
    name="certificate-controller",
    watches=(Watch(KIND),),
    plan=plan,
    retry_base_us=SECOND_US // 5,
    retry_max_us=1000 * SECOND_US,
)
