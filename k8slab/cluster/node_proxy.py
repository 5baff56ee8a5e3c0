"""A kubelet's own server, asked through the API server: `/api/v1/nodes/NAME/proxy/…`.

It tells its Pods, its health and its containers' logs; its figures are not simulated.

Models pkg/kubelet/server/server.go and pkg/registry/core/node/strategy.go (ResourceLocation), v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError, bad_request, not_found
from k8slab.api.meta import Obj
from k8slab.cluster import streams
from k8slab.cluster.request import Request, Response
from k8slab.cluster.routes import Route
from k8slab.cluster.world import World
from k8slab.network.routing import REFUSED, TIMEOUT

KUBELET_PORT = 10250
_TEXT = "text/plain; charset=utf-8"
_NOT_FOUND = "404 page not found\n"


def answer(world: World, request: Request, route: Route, path: str) -> Response:
    """What a node's kubelet says. ApiError where the node is not there, or nobody answers on it."""
    name, port = _named(route.name)
    node = world.get("Node", ("", name))
    if node is None:
        raise not_found("nodes", "", name)
    _check_reachable(world, node, port)
    parts = [part for part in path.split("/") if part]
    if request.method not in ("GET", "HEAD"):
        return Response(405, "405: Method Not Allowed", _TEXT)
    if parts == ["pods"]:
        return Response(200, _pods(world, name))
    if parts == ["healthz"] or parts == ["healthz", "ping"]:
        return Response(200, "ok", _TEXT)
    if parts[:1] == ["containerLogs"] and len(parts) == 4:
        return _log(world, request, name, parts[1:])
    return Response(404, _NOT_FOUND, _TEXT)


def _named(text: str) -> tuple[str, int]:
    """Name and port of `name`, `name:port` or `scheme:name:port`."""
    parts = text.split(":")
    if len(parts) == 3 and parts[0] in ("", "http", "https"):
        parts = parts[1:]
    if len(parts) > 2 or not parts[0]:
        raise bad_request(f'invalid node request "{text}"')
    port = parts[1] if len(parts) == 2 else ""
    return parts[0], int(port) if port.isdigit() else KUBELET_PORT


def _check_reachable(world: World, node: Obj, port: int) -> None:
    """503 where nobody answers: the machine is away, its kubelet has stopped, or it is another's port."""
    machine = world.get("Machine", ("", node["metadata"]["name"]))
    spec = machine["spec"] if machine is not None else {"power": "Off"}
    address = f"{node['status']['addresses'][0]['address']}:{port}"
    why = ""
    if spec["power"] != "On" or spec["network"] != "Up":
        why = TIMEOUT
    elif port != KUBELET_PORT or spec["kubelet"] != "Running":
        why = REFUSED
    if why:
        text = f"error trying to reach service: dial tcp {address}: {why}"
        raise ApiError(503, "ServiceUnavailable", text, details={})


def _pods(world: World, node: str) -> Obj:
    """The Pods of the node as its kubelet knows them."""
    items = [
        {name: value for name, value in pod.items() if name not in ("apiVersion", "kind")}
        for pod in world.list("Pod", node=node)
    ]
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}


def _log(world: World, request: Request, node: str, place: list[str]) -> Response:
    namespace, name, container = place
    pod = world.get("Pod", (namespace, name))
    if pod is None or pod["spec"].get("nodeName") != node:
        return Response(404, f'pod "{name}" does not exist\n', _TEXT)
    query = {**request.query, "container": container}
    return streams.log_response(world, request._replace(query=query), (namespace, name))
