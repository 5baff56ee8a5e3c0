"""APIs that the API server doesn't serve itself: an APIService names the Service behind which they are.

A request for such a group and version goes, once it is allowed, to a Pod of
that Service, with the name of the one who asks; while the APIService isn't
available it is refused. Discovery lists the group either way.

Models kube-aggregator/pkg/apiserver/{handler_proxy,handler_discovery}.go, v1.36.
"""

from __future__ import annotations

import json
from typing import Any

from k8slab.api.api_services import METRICS_NAME, PRIORITIES
from k8slab.api.meta import Obj, condition_is
from k8slab.cluster import proxying
from k8slab.cluster.request import Request, Response
from k8slab.cluster.world import World
from k8slab.network.routing import route

_TEXT = "text/plain; charset=utf-8"
_AGGREGATOR = "172.18.0.1"


def remote_services(world: World) -> dict[tuple[str, str], Obj]:
    """The APIServices behind a Service, by group and version; an addon's API is no Pod's."""
    return {
        (obj["spec"].get("group", ""), obj["spec"]["version"]): obj
        for obj in world.list("APIService")
        if obj["spec"].get("service") is not None and obj["metadata"]["name"] != METRICS_NAME
    }


def service_for(world: World, path: str) -> Obj | None:
    """The APIService behind which the server of a path is; None where the API server answers itself."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] != ["apis"] or len(parts) < 3 or (parts[1], parts[2]) in PRIORITIES:
        return None
    return remote_services(world).get((parts[1], parts[2]))


def forward(world: World, request: Request, service: Obj, *, kept: bool = True) -> Response:
    """Have the Pod behind an APIService answer (see `proxying.asked`). Its answer, or 503 in plain text."""
    if not condition_is(service, "Available"):
        return _unavailable("service unavailable")
    reference = service["spec"]["service"]
    stored = world.get("Service", (reference["namespace"], reference["name"]))
    if stored is None:
        return _unavailable("service unavailable")
    address, port = stored["spec"].get("clusterIP", ""), reference.get("port", 443)
    target = route(world, address, port, _AGGREGATOR, world.now_us // 1000)
    if target.pod is None:
        return _failed(f"dial tcp {address}:{port}: {target.error}")
    user = {"X-Remote-User": request.user, "X-Remote-Group": ",".join(request.groups)}
    asked = request._replace(headers={**request.headers, **user})
    answer = proxying.asked(world, asked, proxying.Target(target.pod, target.port), request.path, kept=kept)
    if not answer.ok:
        return _failed(f"dial tcp {address}:{port}: {answer.error}")
    return _as_response(answer.payload)


def _unavailable(text: str) -> Response:
    return Response(503, f"{text}\n", _TEXT)


def _failed(text: str) -> Response:
    return _unavailable(f"error trying to reach service: {text}")


def _as_response(payload: Obj) -> Response:
    headers = {name.title(): text for name, text in (payload.get("headers") or {}).items()}
    content_type = headers.pop("Content-Type", _TEXT)
    headers.pop("Content-Length", None)
    text = str(payload.get("body", ""))
    body: Any = text
    if content_type.startswith("application/json"):
        try:
            body = json.loads(text)
        except ValueError:
            # A server that says that it sends JSON and doesn't is handed on as it is.
            body = text
    return Response(int(payload.get("status", 200)), body, content_type, headers=headers)


def discovered(world: World, group: str, version: str, service: Obj) -> Obj:
    """What aggregated discovery says of a version that another server serves."""
    stale: Obj = {"version": version, "freshness": "Stale"}
    if not condition_is(service, "Available"):
        return stale
    answer = forward(world, Request("GET", f"/apis/{group}/{version}"), service, kept=False)
    if answer.code != 200 or not isinstance(answer.body, dict):
        return stale
    resources: dict[str, Obj] = {}
    for one in answer.body.get("resources") or ():
        name, _, part = str(one["name"]).partition("/")
        kind = {"group": one.get("group", ""), "version": one.get("version", ""), "kind": one["kind"]}
        if part:
            subresource = {"subresource": part, "responseKind": kind, "verbs": one["verbs"]}
            resources[name].setdefault("subresources", []).append(subresource)
            continue
        resources[name] = {
            "resource": name,
            "responseKind": kind,
            "scope": "Namespaced" if one["namespaced"] else "Cluster",
            "singularResource": one.get("singularName", ""),
            "verbs": one["verbs"],
            **{field: one[field] for field in ("shortNames", "categories") if one.get(field)},
        }
    return {"version": version, "resources": list(resources.values()), "freshness": "Current"}
