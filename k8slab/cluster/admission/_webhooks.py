"""Admission webhooks: which of them are asked about a request, how, and what their answers mean.

How one is called is in `cluster.calling`.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/{generic,request,
errors,mutating/dispatcher.go,validating/dispatcher.go}, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from k8slab.api.cel import CelError
from k8slab.api.errors import ApiError
from k8slab.api.json_text import go_quote, syntax_error
from k8slab.api.meta import Obj, group_version
from k8slab.cluster.admission._plugin import Request
from k8slab.cluster.admission._policies import GROUP, conditions_hold, context_of, fits
from k8slab.cluster.calling import CallError, post

_CONDITION_NAMES = ("namespaceObject", "object", "oldObject", "request")
_VERSIONS = ("v1", "v1beta1")
_V1_REVIEW = "admission.k8s.io/v1, Kind=AdmissionReview"


class Hook(NamedTuple):
    """A webhook, and the name of the configuration that it stands in."""

    configuration: str
    data: Obj

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells it from other webhooks."""
        return (self.configuration, self.data["name"])


def configured(request: Request, kind: str) -> Iterator[Hook]:
    """The webhooks of a kind of configuration that may be asked, in order of their configurations' names."""
    configurations = request.view.list(kind)
    if not configurations or request.kind.group == GROUP:
        return
    for configuration in sorted(configurations, key=lambda one: str(one["metadata"]["name"])):
        for hook in configuration.get("webhooks") or ():
            yield Hook(configuration["metadata"]["name"], hook)


def concerns(request: Request, hook: Obj) -> bool:
    """Whether a webhook is to be asked about the request as it is now. ApiError where that can't be told."""
    rules = hook.get("rules") or ()
    return bool(rules and fits(request, {**hook, "resourceRules": rules}) and _conditions_hold(request, hook))


def _check_dry_run(request: Request, hook: Obj) -> None:
    """ApiError where a dry run would ask a webhook that has side effects."""
    if request.dry_run and hook.get("sideEffects") not in ("None", "NoneOnDryRun"):
        text = f"admission webhook {go_quote(hook['name'])} does not support dry run"
        raise ApiError(400, "BadRequest", text)


def _conditions_hold(request: Request, hook: Obj) -> bool:
    # Webhooks' conditions may name the namespace, and are given none (webhook/matchconditions/matcher.go).
    context = {**context_of(request, request.new, {"spec": {}}, None), "namespaceObject": None}
    try:
        return conditions_hold(hook.get("matchConditions") or (), _CONDITION_NAMES, context)
    except CelError as error:
        if hook.get("failurePolicy") == "Ignore":
            return False
        raise ApiError(403, "Forbidden", str(error)) from None


def ask(request: Request, hook: Obj, new: Obj | None, *, changes: bool) -> Answer | None:
    """What a webhook answers; None where it failed and that is to be ignored.

    ApiError where it denies the request, and 500 where it failed and that is not to be ignored.
    """
    _check_dry_run(request, hook)
    try:
        response = _response(request, hook, new, changes=changes)
        for text in response.get("warnings") or ():
            if request.warn is not None:
                request.warn(text)
        if not response.get("allowed"):
            raise _denial(hook, response)
        return Answer(_operations(response) if changes else ())
    except _HookError as error:
        if hook.get("failurePolicy") == "Ignore":
            return None
        text = f"failed calling webhook {go_quote(hook['name'])}: {error}"
        raise ApiError(500, "InternalError", f"Internal error occurred: {text}", details={}) from None


class Answer(NamedTuple):
    """A webhook lets a request pass; with the operations of a JSON patch where it changes the object."""

    operations: tuple[Any, ...]


class _HookError(ValueError):
    """A webhook could not be asked, or its answer is none."""


def _response(request: Request, hook: Obj, new: Obj | None, *, changes: bool) -> Obj:
    version = next((one for one in hook["admissionReviewVersions"] if one in _VERSIONS), "")
    if not version:
        text = "webhook does not accept known AdmissionReview versions (v1, v1beta1)"
        raise _HookError(f"could not create admission objects: {text}")
    review = _review(request, hook, version, new)
    seconds = hook.get("timeoutSeconds") or 10
    try:
        answer = post(request.view, hook["clientConfig"], review, seconds=seconds, now_us=request.now_us)
    except CallError as error:
        raise _HookError(f"failed to call webhook: {error}") from None
    if not isinstance(answer, dict):
        raise _HookError("failed to call webhook: couldn't get version/kind; json parse error")
    fault = response_fault(answer, version, review["request"]["uid"], changes=changes)
    if fault:
        raise _HookError(f"received invalid webhook response: {fault}")
    response: Obj = answer["response"]
    return response if version == "v1" else {**response, "patchType": "JSONPatch"}


def response_fault(answer: Obj, version: str, uid: str, *, changes: bool) -> str:
    """What is wrong with an answer, or empty; in the old version nearly everything passes."""
    response = answer.get("response")
    if not isinstance(response, dict):
        return "webhook response was absent"
    if version != "v1":
        return ""
    if response.get("uid", "") != uid:
        return f"expected response.uid={go_quote(uid)}, got {go_quote(response.get('uid') or '')}"
    group, own_version = group_version(answer.get("apiVersion") or "")
    got = f"{group}/{own_version}, Kind={answer.get('kind') or ''}"
    if got != _V1_REVIEW:
        return f"expected webhook response of {_V1_REVIEW}, got {got}"
    return _patch_fault(response, changes=changes)


def _patch_fault(response: Obj, *, changes: bool) -> str:
    patch, kind = response.get("patch"), response.get("patchType")
    if not changes:
        if patch:
            return "validating webhook may not return response.patch"
        return "" if kind is None else "validating webhook may not return response.patchType"
    if patch and kind is None:
        return "webhook returned response.patch but not response.patchType"
    if not patch and kind is not None:
        return "webhook returned response.patchType but not response.patch"
    return 'webhook returned invalid response.patchType of ""' if kind == "" else ""


def _operations(response: Obj) -> tuple[Any, ...]:
    """The patch of an answer. _HookError where it can't be read."""
    if not response.get("patch"):
        return ()
    text = base64.b64decode(response["patch"])
    try:
        operations = json.loads(text)
    except ValueError:
        why = syntax_error(text)
        raise _HookError(f"received undecodable patch in webhook response: {why}") from None
    if operations and response.get("patchType", "JSONPatch") != "JSONPatch":
        raise _HookError(f"unsupported patch type {go_quote(response['patchType'])}")
    return tuple(operations or ())


def _review(request: Request, hook: Obj, version: str, new: Obj | None) -> Obj:
    asked = context_of(request, new, {"spec": {}}, None)["request"]
    text = json.dumps([hook["name"], request.now_us, asked["name"], asked["operation"]])
    uid = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return {
        "kind": "AdmissionReview",
        "apiVersion": f"admission.k8s.io/{version}",
        "request": {"uid": uid, **asked, "object": new, "oldObject": request.old},
    }


def _denial(hook: Obj, response: Obj) -> ApiError:
    """The refusal that a webhook's denial is (`ToStatusErr`)."""
    status: dict[str, Any] = response.get("status") or {}
    by = f"admission webhook {go_quote(hook['name'])} denied the request"
    why = status.get("message") or status.get("reason")
    text = f"{by}: {why}" if why else f"{by} without explanation"
    code = status.get("code") or 0
    return ApiError(code if code >= 400 else 400, str(status.get("reason") or ""), text)
