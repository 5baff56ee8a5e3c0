"""`agnhost webhook`: an admission webhook that allows, denies or changes what a test asks of it.

Models test/images/agnhost/webhook, v1.36.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Generator, Sequence
from typing import Any

from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.containers.program import Context, Server
from k8slab.containers.programs._go import flags
from k8slab.containers.programs._http import response
from k8slab.containers.requests import Answer, Call, Request

Review = Callable[[Obj], Obj]
_DELAY_US = 5 * SECOND_US
_NEVER_US = 10**15
_KEY = "webhook-e2e-test"


def webhook(argv: Sequence[str]) -> Server:
    """The server that a command line starts."""
    given, _ = flags(argv[2:])
    port = int(given.get("port") or 443)
    sidecar = given.get("sidecar-image", "")

    def handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
        path = call.payload["path"].partition("?")[0]
        if path == "/readyz":
            return response(200, "ok")
        review = _with_sidecar(sidecar) if path == "/mutating-pods-sidecar" else _REVIEWS.get(path)
        if review is None:
            return response(404, "404 page not found\n")
        asked = json.loads(call.payload["body"])
        answer = {"uid": asked["request"]["uid"], **review(asked["request"])}
        body = {"apiVersion": asked["apiVersion"], "kind": "AdmissionReview", "response": answer}
        said = response(200, json.dumps(body), {"Content-Type": "application/json"})
        labels = ((asked["request"].get("object") or {}).get("metadata") or {}).get("labels") or {}
        if path == "/always-allow-delay-5s":
            said.payload["delay_us"] = _DELAY_US
        elif path == "/pods" and labels.get(_KEY) == "wait-forever":
            said.payload["delay_us"] = _NEVER_US
        return said
        yield

    return Server("http", lambda context: (port,), handle)


def _allowed(*operations: Obj) -> Obj:
    if not operations:
        return {"allowed": True}
    patch = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"allowed": True, "patchType": "JSONPatch", "patch": patch}


def _denied(message: str = "", *, reason: str = "") -> Obj:
    status = {name: text for name, text in (("message", message), ("reason", reason)) if text}
    return {"allowed": False, "status": {"metadata": {}, **status}}


def _deny(request: Obj) -> Obj:
    return _denied("this webhook denies all requests")


def _allow(request: Obj) -> Obj:
    return {"allowed": True, "status": {"metadata": {}, "message": "this webhook allows all requests"}}


def _add_label(request: Obj) -> Obj:
    labels = request["object"]["metadata"].get("labels") or {}
    if not labels:
        return _allowed({"op": "add", "path": "/metadata/labels", "value": {"added-label": "yes"}})
    if labels.get("added-label") == "yes":
        return _allowed()
    verb = "replace" if "added-label" in labels else "add"
    return _allowed({"op": verb, "path": "/metadata/labels/added-label", "value": "yes"})


def _judge_data(what: str) -> Review:
    """Denies what holds a certain word, or its deletion."""

    def judged(request: Obj) -> Obj:
        deletes = request["operation"] == "DELETE"
        data = (request["oldObject" if deletes else "object"].get("data") or {}).get(_KEY)
        if data == "webhook-disallow" and request["operation"] in ("CREATE", "UPDATE"):
            unwanted = "unwanted data" if what == "custom resource" else "unwanted key and value"
            return _denied(reason=f"the {what} contains {unwanted}")
        if data == "webhook-nondeletable" and deletes:
            return _denied(reason=f"the {what} cannot be deleted because it contains unwanted key and value")
        return _allowed()

    return judged


def _mutate_data(request: Obj) -> Obj:
    data = request["object"].get("data") or {}
    stage = 2 if data.get("mutation-stage-1") == "yes" else 1 if data.get("mutation-start") == "yes" else 0
    if not stage:
        return _allowed()
    return _allowed({"op": "add", "path": f"/data/mutation-stage-{stage}", "value": "yes"})


def _judge_pod(request: Obj) -> Obj:
    pod = request["object"]
    label = (pod["metadata"].get("labels") or {}).get(_KEY)
    messages = ["the pod contains unwanted label;"] if label == "webhook-disallow" else []
    for container in pod["spec"]["containers"]:
        if "webhook-disallow" in container["name"]:
            messages.append("the pod contains unwanted container name;")
    return _denied(" ".join(messages)) if messages else _allowed()


def _mutate_pod(request: Obj) -> Obj:
    pod, name = request["object"], "webhook-added-init-container"
    present = any(one["name"] == name for one in pod["spec"].get("initContainers") or ())
    if pod["metadata"].get("name") != "webhook-to-be-mutated" or present:
        return _allowed()
    container = {"image": "webhook-added-image", "name": name, "resources": {}}
    return _allowed({"op": "add", "path": "/spec/initContainers", "value": [container]})


def _with_sidecar(image: str) -> Review:
    def mutated(request: Obj) -> Obj:
        name = "webhook-added-sidecar"
        if not image:
            return _denied("No image specified by the sidecar-image parameter")
        if any(one["name"] == name for one in request["object"]["spec"]["containers"]):
            return _allowed()
        container = {"image": image, "name": name, "resources": {}}
        return _allowed({"op": "add", "path": "/spec/containers/-", "value": container})

    return mutated


def _judge_attachment(request: Obj) -> Obj:
    options = request.get("object") or {}
    if request.get("name") != "to-be-attached-pod" or options.get("container") != "container1":
        return _allowed()
    if not options.get("stdin"):
        return _allowed()
    return _denied("attaching to pod 'to-be-attached-pod' is not allowed")


def _judge_definition(request: Obj) -> Obj:
    labels = request["object"]["metadata"].get("labels") or {}
    return (
        _denied("the crd contains unwanted label") if labels.get(_KEY) == "webhook-disallow" else _allowed()
    )


_REVIEWS: dict[str, Review] = {
    "/add-label": _add_label,
    "/always-allow-delay-5s": _allow,
    "/always-deny": _deny,
    "/configmaps": _judge_data("configmap"),
    "/crd": _judge_definition,
    "/custom-resource": _judge_data("custom resource"),
    "/mutating-configmaps": _mutate_data,
    "/mutating-custom-resource": _mutate_data,
    "/mutating-pods": _mutate_pod,
    "/pods": _judge_pod,
    "/pods/attach": _judge_attachment,
}
