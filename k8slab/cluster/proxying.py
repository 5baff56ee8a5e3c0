"""The API server as a proxy: a client's HTTP request carried to a Pod, or to a Pod behind a Service.

Models pkg/registry/core/{pod,service}/{rest/subresources,proxy}.go,
`ResourceLocation` of both kinds, and staging/src/k8s.io/apimachinery/pkg/util/
proxy/{upgradeaware,transport}.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from k8slab.api.errors import ApiError, bad_request, not_found
from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj
from k8slab.cluster import bodies, node_proxy, streams
from k8slab.cluster.request import Request, Response
from k8slab.cluster.routes import Route, nothing_here
from k8slab.cluster.world import World
from k8slab.containers.requests import Answer

_SCHEMES = ("", "http", "https")
_NOT_PASSED_ON = ("Authorization", "Connection", "Content-Length", "Transfer-Encoding", "Upgrade")
_PORT_OF_SCHEME = {"": 80, "http": 80, "https": 443}


class Target(NamedTuple):
    """The Pod that is to answer, and on which port."""

    pod: Obj
    port: int


def is_proxied(route: Route) -> bool:
    """Whether a path leads through the API server to something behind it."""
    return route.subresource.partition("/")[0] == "proxy"


def proxy(world: World, request: Request, route: Route) -> Response:
    """Have what a path leads to answer. ApiError where there is nothing to ask."""
    head, _, rest = request.path.partition(f"/{route.name}/proxy")
    if route.kind.kind == "Node":
        return node_proxy.answer(world, request, route, rest)
    find = {"Pod": _pod, "Service": _service}.get(route.kind.kind)
    if find is None:
        raise nothing_here()
    target = find(world, route)
    if not rest and request.method == "GET":
        # Seen from the path itself, so that it also holds for clients that know the server by a longer path.
        query = f"?{urlencode(request.query)}" if request.query else ""
        return Response(301, "", "text/plain; charset=utf-8", headers={"Location": f"proxy/{query}"})
    answer = asked(world, request, target, rest or "/")
    if not answer.ok:
        address = f"{target.pod['status']['podIP']}:{target.port}"
        text = f"error trying to reach service: dial tcp {address}: {answer.error}"
        raise ApiError(503, "ServiceUnavailable", text, details={})
    return _passed_back(answer, f"{head}/{route.name}/proxy")


# Whom to ask.


def _named(route: Route, what: str) -> tuple[str, str, str]:
    """Scheme, name and port of `name`, `name:port` or `scheme:name:port`."""
    parts = route.name.split(":")
    if len(parts) == 1:
        return "", parts[0], ""
    if len(parts) == 2:
        parts = ["", *parts]
    if len(parts) != 3 or parts[0] not in _SCHEMES or not parts[1]:
        raise bad_request(f"invalid {what} request {go_quote(route.name)}")
    return parts[0], parts[1], parts[2]


def _pod(world: World, route: Route) -> Target:
    scheme, name, port = _named(route, "pod")
    pod = world.get("Pod", (route.namespace, name))
    if pod is None:
        raise not_found("pods", "", name)
    if not port:
        declared = [one for container in pod["spec"]["containers"] for one in container.get("ports") or ()]
        port = str(declared[0]["containerPort"] if declared else _PORT_OF_SCHEME[scheme])
    if not (pod.get("status") or {}).get("podIP"):
        raise bad_request("address not allowed")
    if not port.isdigit():
        raise ApiError(
            503, "ServiceUnavailable", f"error trying to reach service: invalid port {go_quote(port)}"
        )
    return Target(pod, int(port))


def _service(world: World, route: Route) -> Target:
    """A ready Pod of a Service, chosen by chance."""
    _, name, port = _named(route, "service")
    if port.isdigit():
        port = _name_of_port(world, route.namespace, name, int(port))
    endpoints = world.get("Endpoints", (route.namespace, name))
    if endpoints is None:
        # The server names what was asked for, not what it looked for itself.
        raise not_found("services", "", name)
    found: list[Target] = []
    for subset in endpoints.get("subsets") or ():
        number = next((one["port"] for one in subset["ports"] if one.get("name", "") == port), None)
        for address in (subset.get("addresses") or ()) if number is not None else ():
            reference = address.get("targetRef") or {}
            pod = world.get("Pod", (route.namespace, reference.get("name", "")))
            if pod is not None and number is not None and reference.get("namespace") == route.namespace:
                found.append(Target(pod, number))
    if not found:
        shown = route.name if endpoints.get("subsets") else name
        raise _unavailable(f"no endpoints available for service {go_quote(shown)}")
    return found[int(world.chance("proxy", route.name, world.now_us) * len(found))]


def _name_of_port(world: World, namespace: str, name: str, number: int) -> str:
    service = world.get("Service", (namespace, name))
    if service is None:
        raise not_found("services", "", name)
    for one in service["spec"].get("ports") or ():
        if one["port"] == number:
            return str(one.get("name") or "")
    raise _unavailable(f"no service port {number} found for service {go_quote(name)}")


def _unavailable(text: str) -> ApiError:
    return ApiError(503, "ServiceUnavailable", text)


# Asking.


def asked(world: World, request: Request, target: Target, path: str, *, kept: bool = True) -> Answer:
    """What a Pod answers to a request that is handed on to it, without the client's credentials.

    Where it is not `kept`, the program forgets that it was asked, and nothing changes.
    """
    from k8slab.kubelet.streams import request as ask

    metadata = target.pod["metadata"]
    pod = streams.pod_at(world, (metadata["namespace"], metadata["name"]))
    payload = {
        "method": request.method,
        "path": f"{path}?{urlencode(request.query)}" if request.query else path,
        "host": f"{pod['status']['podIP']}:{target.port}",
        "headers": {name: text for name, text in request.headers.items() if name not in _NOT_PASSED_ON},
        "body": bodies.raw(request).decode("utf-8", "replace"),
    }
    plan = ask(world, pod, target.port, payload, "http", world.now_us)
    answer: Answer
    if kept:
        answer = streams.carried_out(world, plan, lambda: world.note_request(request))
        return answer
    try:
        while True:
            next(plan)
    except StopIteration as stop:
        answer = stop.value
        return answer


# What comes back.

_HTML = re.compile(
    r"\s*<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[\s>]", re.I
)
_LINK = re.compile(
    r"""(\b(?:action|background|cite|codebase|data|formaction|href|icon|longdesc|manifest|poster|src|usemap)\s*=\s*["'])(/[^"']*)""",
    re.I,
)


def _passed_back(answer: Answer, prefix: str) -> Response:
    """The server's own answer; links in a page lead through the proxy too."""
    payload: Obj = answer.payload
    headers: Mapping[str, str] = {name.title(): text for name, text in (payload.get("headers") or {}).items()}
    body = str(payload.get("body", ""))
    content_type = headers.get("Content-Type") or _sniffed(body)
    if content_type.startswith("text/html"):
        body = _LINK.sub(lambda found: f"{found[1]}{prefix}{found[2]}", body)
    kept = {name: text for name, text in headers.items() if name not in ("Content-Type", "Content-Length")}
    if kept.get("Location", "").startswith("/"):
        kept["Location"] = prefix + kept["Location"]
    return Response(int(payload.get("status", 200)), body, content_type, headers=kept)


def _sniffed(body: str) -> str:
    """The media type that a server gives text which it knows nothing of."""
    return "text/html; charset=utf-8" if _HTML.match(body) else "text/plain; charset=utf-8"
