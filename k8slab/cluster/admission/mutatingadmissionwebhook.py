"""MutatingAdmissionWebhook: programs that change what is written.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.errors import ApiError
from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj
from k8slab.api.patch import json_patch
from k8slab.cluster.admission._plugin import Admission, Request
from k8slab.cluster.admission._rounds import Rounds
from k8slab.cluster.admission._webhooks import ask, concerns, configured

KIND = "MutatingWebhookConfiguration"


def _mutate(request: Request, obj: Obj) -> Obj:
    rounds = request.rounds or Rounds()
    memory = rounds.enter(KIND, obj)
    for hook in configured(request, KIND):
        if not concerns(request._replace(new=obj), hook.data) or not rounds.asks(memory, hook.identity):
            continue
        answer = ask(request, hook.data, obj, changes=True)
        if answer is not None and answer.operations:
            new = _patched(request, obj, answer.operations)
            if new != obj:
                rounds.note_change(memory)
            obj = new
        if hook.data.get("reinvocationPolicy") == "IfNeeded":
            memory.keep(hook.identity)
    memory.leave(obj)
    return obj


def _patched(request: Request, obj: Obj, operations: tuple[Any, ...]) -> Obj:
    try:
        return request.kind.default(json_patch(obj, operations))
    except ApiError as error:
        text = f"Internal error occurred: {error.message}"
        raise ApiError(500, "InternalError", text, details={}) from None


def _validate(request: Request) -> None:
    """Deletions and connections are told, too, though there is nothing to change about them."""
    if request.operation not in ("DELETE", "CONNECT"):
        return
    for hook in configured(request, KIND):
        if not concerns(request, hook.data):
            continue
        answer = ask(request, hook.data, request.new, changes=True)
        if answer is not None and answer.operations and request.new is None:
            text = f"admission webhook {go_quote(hook.data['name'])} attempted to modify the object"
            why = f"Internal error occurred: {text}, which is not supported for this operation"
            raise ApiError(500, "InternalError", why, details={})


ADMISSION = Admission(
    name="MutatingAdmissionWebhook",
    mutate=_mutate,
    validate=_validate,
    operations=("CREATE", "UPDATE", "DELETE", "CONNECT"),
    needs=KIND,
    on_status=True,
)
