"""Admission webhooks: which of them are asked about a request, how, and what their answers mean.

A webhook is a program in a Pod of the lab, behind a Service. Its answer comes
in the instant in which it is asked; how long it would take counts only against
its timeout. One outside of the lab, at a URL, can't be called.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/{generic,request,
errors,mutating/dispatcher.go,validating/dispatcher.go} and pkg/util/webhook/{client,
serviceresolver}.go, v1.36.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from k8slab.api.cel import CelError
from k8slab.api.errors import ApiError
from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.cluster.admission._plugin import Request
from k8slab.cluster.admission._policies import GROUP, context_of, evaluated, fits
from k8slab.containers.requests import Answer
from k8slab.network.routing import route

_CONDITION_NAMES = ("object", "oldObject", "request")
_UNTRUSTED = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
"""Nothing is encrypted here, but a webhook whose certificate nobody vouches for is not believed."""
_API_SERVER = "172.18.0.1"


class CallError(ValueError):
    """A webhook that could not be asked, or whose answer is none."""


def concerned(request: Request, kind: str) -> Iterator[Obj]:
    """The webhooks of a kind of configuration that are to be asked, in order of their configurations' names.

    ApiError where that can't be told, or a dry run asks one that has side effects.
    """
    configurations = request.view.list(kind)
    if not configurations or request.kind.group == GROUP:
        return
    for configuration in sorted(configurations, key=lambda one: str(one["metadata"]["name"])):
        for hook in configuration.get("webhooks") or ():
            rules = hook.get("rules") or ()
            if rules and fits(request, {**hook, "resourceRules": rules}) and _conditions_hold(request, hook):
                if request.dry_run and hook.get("sideEffects") not in ("None", "NoneOnDryRun"):
                    text = f"admission webhook {go_quote(hook['name'])} does not support dry run"
                    raise ApiError(400, "BadRequest", text)
                yield hook


def _conditions_hold(request: Request, hook: Obj) -> bool:
    context = context_of(request, request.new, {"spec": {}}, None)
    for condition in hook.get("matchConditions") or ():
        try:
            if evaluated(condition["expression"], _CONDITION_NAMES, context) is not True:
                return False
        except CelError as error:
            if hook.get("failurePolicy") == "Ignore":
                return False
            raise ApiError(403, "Forbidden", str(error)) from None
    return True


def ask(request: Request, hook: Obj, new: Obj | None) -> Obj | None:
    """A webhook's response; None where it failed and that is to be ignored.

    ApiError 500 where it failed and that is not.
    """
    try:
        return _response(request, hook, new)
    except CallError as error:
        if hook.get("failurePolicy") == "Ignore":
            return None
        text = f"failed calling webhook {go_quote(hook['name'])}: failed to call webhook: {error}"
        raise ApiError(500, "InternalError", f"Internal error occurred: {text}", details={}) from None


def _response(request: Request, hook: Obj, new: Obj | None) -> Obj:
    service = hook["clientConfig"].get("service")
    if service is None:
        raise CallError(f"Post {go_quote(hook['clientConfig']['url'])}: not in the lab: it has no way out")
    path, port = service.get("path") or "/", service.get("port") or 443
    seconds = hook.get("timeoutSeconds") or 10
    url = f"https://{service['name']}.{service['namespace']}.svc:{port}{path}?timeout={seconds}s"
    review = _review(request, hook, new)
    payload = {
        "method": "POST",
        "path": f"{path}?timeout={seconds}s",
        "host": f"{service['name']}.{service['namespace']}.svc",
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(review),
    }
    answer = _called(request, service, port, payload)
    if not answer.ok:
        raise CallError(f"Post {go_quote(url)}: {answer.error}")
    if not hook["clientConfig"].get("caBundle"):
        raise CallError(f"Post {go_quote(url)}: {_UNTRUSTED}")
    if answer.payload.get("delay_us", 0) > seconds * SECOND_US:
        raise CallError(f"Post {go_quote(url)}: context deadline exceeded")
    if answer.payload["status"] != 200:
        raise CallError(f"the server rejected our request for an unknown reason ({answer.payload['status']})")
    try:
        response = json.loads(answer.payload["body"])["response"]
    except (KeyError, TypeError, ValueError):
        raise CallError("Webhook response was absent") from None
    if response.get("uid") != review["request"]["uid"]:
        raise CallError("expected response.uid to be that of the request")
    return dict(response)


def _called(request: Request, reference: Obj, port: int, payload: Obj) -> Answer:
    from k8slab.kubelet.streams import request as send

    service = request.view.get("Service", (reference["namespace"], reference["name"]))
    if service is None:
        raise CallError(f"service {go_quote(reference['name'])} not found")
    target = route(
        request.view, service["spec"].get("clusterIP", ""), port, _API_SERVER, request.now_us // 1000
    )
    if target.pod is None:
        raise CallError(f"no endpoints available for service {go_quote(reference['name'])}")
    plan = send(request.view, target.pod, target.port, payload, "http", request.now_us)
    try:
        while True:
            # What the program remembers of being asked is not kept: admission changes nothing.
            next(plan)
    except StopIteration as stop:
        answer: Answer = stop.value
        return answer


def _review(request: Request, hook: Obj, new: Obj | None) -> Obj:
    asked = context_of(request, new, {"spec": {}}, None)["request"]
    text = json.dumps([hook["name"], request.now_us, asked["name"], asked["operation"]])
    uid = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return {
        "kind": "AdmissionReview",
        "apiVersion": f"admission.k8s.io/{hook['admissionReviewVersions'][0]}",
        "request": {"uid": uid, **asked, "object": new, "oldObject": request.old},
    }


def denial(hook: Obj, response: Obj) -> ApiError:
    """The refusal that a webhook's denial is (`ToStatusErr`)."""
    status: dict[str, Any] = response.get("status") or {}
    by = f"admission webhook {go_quote(hook['name'])} denied the request"
    why = status.get("message") or status.get("reason")
    text = f"{by}: {why}" if why else f"{by} without explanation"
    code = status.get("code") or 0
    return ApiError(code if code >= 400 else 400, str(status.get("reason") or ""), text)
