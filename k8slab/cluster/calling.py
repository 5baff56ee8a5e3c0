"""How the API server calls a webhook: a program in a Pod of the lab, behind a Service.

Its answer comes in the instant in which it is asked; how long it would take
counts only against the timeout. One outside of the lab, at a URL, can't be
called. Whether it is for admission or for conversion makes no difference.

Models staging/src/k8s.io/apiserver/pkg/util/webhook/{client,serviceresolver}.go, v1.36.
"""

from __future__ import annotations

import json
from typing import Any

from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.containers.requests import Answer
from k8slab.network.routing import route
from k8slab.store.view import View

_UNTRUSTED = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
"""Nothing is encrypted here, but a webhook whose certificate nobody vouches for is not believed."""
_API_SERVER = "172.18.0.1"


class CallError(ValueError):
    """A webhook that could not be asked, or whose answer is none."""


def post(view: View, config: Obj, review: Obj, *, seconds: int, now_us: int) -> Any:
    """What the webhook of a client configuration answers to a review, as JSON data.

    CallError where it can't be reached, takes longer than `seconds`, or answers with anything else.
    """
    service = config.get("service")
    if service is None:
        raise CallError(f"Post {go_quote(config['url'])}: not in the lab: it has no way out")
    path, port = service.get("path") or "/", service.get("port") or 443
    host = f"{service['name']}.{service['namespace']}.svc"
    url = go_quote(f"https://{host}:{port}{path}?timeout={seconds}s")
    payload = {
        "method": "POST",
        "path": f"{path}?timeout={seconds}s",
        "host": host,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(review),
    }
    answer = _called(view, service, port, payload, now_us)
    if not answer.ok:
        raise CallError(f"Post {url}: {answer.error}")
    if not config.get("caBundle"):
        raise CallError(f"Post {url}: {_UNTRUSTED}")
    if answer.payload.get("delay_us", 0) > seconds * SECOND_US:
        raise CallError(f"Post {url}: context deadline exceeded")
    if answer.payload["status"] != 200:
        raise CallError(f"the server rejected our request for an unknown reason ({answer.payload['status']})")
    try:
        return json.loads(answer.payload["body"])
    except ValueError:
        raise CallError("couldn't get version/kind; json parse error") from None


def _called(view: View, reference: Obj, port: int, payload: Obj, now_us: int) -> Answer:
    from k8slab.kubelet.streams import request as send

    service = view.get("Service", (reference["namespace"], reference["name"]))
    if service is None:
        raise CallError(f"service {go_quote(reference['name'])} not found")
    target = route(view, service["spec"].get("clusterIP", ""), port, _API_SERVER, now_us // 1000)
    if target.pod is None:
        raise CallError(f"no endpoints available for service {go_quote(reference['name'])}")
    plan = send(view, target.pod, target.port, payload, "http", now_us)
    try:
        while True:
            # What the program remembers of being asked is not kept: a question changes nothing.
            next(plan)
    except StopIteration as stop:
        answer: Answer = stop.value
        return answer
