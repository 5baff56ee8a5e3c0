"""Admission webhooks: which of them are asked about a request, how, and what their answers mean.

How one is called is in `cluster.calling`.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/{generic,request,
errors,mutating/dispatcher.go,validating/dispatcher.go}, v1.36.
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
from k8slab.cluster.admission._plugin import Request
from k8slab.cluster.admission._policies import GROUP, conditions_hold, context_of, fits
from k8slab.cluster.calling import CallError, post

_CONDITION_NAMES = ("object", "oldObject", "request")


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
    try:
        return conditions_hold(hook.get("matchConditions") or (), _CONDITION_NAMES, context)
    except CelError as error:
        if hook.get("failurePolicy") == "Ignore":
            return False
        raise ApiError(403, "Forbidden", str(error)) from None


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
    review = _review(request, hook, new)
    seconds = hook.get("timeoutSeconds") or 10
    answer = post(request.view, hook["clientConfig"], review, seconds=seconds, now_us=request.now_us)
    response = answer.get("response") if isinstance(answer, dict) else None
    if not isinstance(response, dict):
        raise CallError("Webhook response was absent")
    if response.get("uid") != review["request"]["uid"]:
        raise CallError("expected response.uid to be that of the request")
    return response


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
