"""Says of each APIService behind a Service whether what it announces can be reached.

It is asked as the aggregator asks it: the Service, its port, an endpoint that
is ready, and then the path at which it must tell its resources.

Models kube-aggregator/pkg/controllers/status/remote/remote_available_controller.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

from k8slab.api.api_services import METRICS_NAME
from k8slab.api.json_text import go_quote
from k8slab.api.meta import Key, Obj, condition_of
from k8slab.clock import SECOND_US, timestamp
from k8slab.components import Action, Component, Done, Memory, Patch, Plan, Watch
from k8slab.kubelet.streams import request
from k8slab.network.routing import route
from k8slab.store.view import Change, View

_AGGREGATOR = "172.18.0.1"
_RESYNC_US = 30 * SECOND_US

Verdict = tuple[str, str, str]
"""Status, reason and message of the condition Available."""


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look at one APIService, and again after half a minute, as long as it lies behind a Service."""
    obj = view.get("APIService", key)
    if obj is None or obj["spec"].get("service") is None or key[1] == METRICS_NAME:
        return Done(why="it is gone, or its API is served by the API server itself")
    verdict = yield from _judged(view, obj, now_us)
    told = condition_of(obj, "Available") or {}
    if tuple(told.get(name, "") for name in ("status", "reason", "message")) != verdict:
        since = told.get("lastTransitionTime") if told.get("status") == verdict[0] else timestamp(now_us)
        names = ("status", "reason", "message")
        condition = {
            "type": "Available",
            "lastTransitionTime": since,
            **dict(zip(names, verdict, strict=True)),
        }
        yield Patch(
            "APIService", key, {"status": {"conditions": [condition]}}, "status", obj["metadata"]["uid"]
        )
    return Done(look_again_us=_RESYNC_US)


def _judged(view: View, obj: Obj, now_us: int) -> Generator[Action, Any, Verdict]:
    reference = obj["spec"]["service"]
    name, namespace, port = reference["name"], reference["namespace"], reference.get("port", 443)
    what = f"service/{name} in {go_quote(namespace)}"
    service = view.get("Service", (namespace, name))
    if service is None:
        return "False", "ServiceNotFound", f"{what} is not present"
    if service["spec"].get("type", "ClusterIP") == "ClusterIP":
        lacking = _lacking(view, service, port, what)
        if lacking is not None:
            return lacking
    return (yield from _asked(view, obj, service, port, now_us))


def _lacking(view: View, service: Obj, port: int, what: str) -> Verdict | None:
    """What a Service with an address of the cluster lacks to be asked."""
    metadata = service["metadata"]
    found = next((one for one in service["spec"].get("ports") or () if one["port"] == port), None)
    if found is None:
        return "False", "ServicePortError", f"{what} is not listening on port {port}"
    slices = [
        one
        for one in view.list("EndpointSlice", namespace=metadata["namespace"])
        if (one["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == metadata["name"]
    ]
    if not slices:
        return "False", "EndpointsNotFound", f"cannot find endpointslices for {what}"
    port_name = found.get("name", "")
    if not any(_is_ready(one, port_name) for one in slices):
        text = f"endpointslices for {what} have no addresses with port name {go_quote(port_name)}"
        return "False", "MissingEndpoints", text
    return None


def _is_ready(endpoint_slice: Obj, port_name: str) -> bool:
    ready = any(
        (one.get("conditions") or {}).get("ready") in (None, True)
        for one in endpoint_slice.get("endpoints") or ()
    )
    ports = endpoint_slice.get("ports") or ()
    return ready and any(one.get("name", "") == port_name and one.get("port") for one in ports)


def _asked(view: View, obj: Obj, service: Obj, port: int, now_us: int) -> Generator[Action, Any, Verdict]:
    spec, address = obj["spec"], service["spec"].get("clusterIP", "")
    path = (
        f"/apis/{spec.get('group', '')}/{spec['version']}" if spec.get("group") else f"/api/{spec['version']}"
    )
    url = f"https://{address}:{port}{path}"
    target = route(view, address, port, _AGGREGATOR, now_us // 1000)
    failing = f"failing or missing response from {url}: "
    if target.pod is None:
        return (
            "False",
            "FailedDiscoveryCheck",
            f'{failing}Get "{url}": dial tcp {address}:{port}: {target.error}',
        )
    headers = {"X-Remote-User": "system:kube-aggregator", "X-Remote-Group": "system:masters"}
    payload = {"method": "GET", "path": path, "host": f"{address}:{port}", "headers": headers, "body": ""}
    answer = yield from request(view, target.pod, target.port, payload, "http", now_us)
    if not answer.ok:
        text = f'{failing}Get "{url}": dial tcp {address}:{port}: {answer.error}'
        return "False", "FailedDiscoveryCheck", text
    status = answer.payload["status"]
    if not 200 <= status < 300:
        return "False", "FailedDiscoveryCheck", f"{failing}bad status from {url}: {status}"
    return "True", "Passed", "all checks passed"


def _served_by(view: View, namespace: str, name: str) -> Iterable[Key]:
    for obj in view.list("APIService"):
        service = obj["spec"].get("service")
        if service is not None and (service["namespace"], service["name"]) == (namespace, name):
            yield "", obj["metadata"]["name"]


def _of_service(change: Change, view: View) -> Iterable[Key]:
    return _served_by(view, *change.key)


def _of_slice(change: Change, view: View) -> Iterable[Key]:
    obj = change.new or change.old or {}
    name = (obj["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
    return _served_by(view, change.key[0], name)


def _remote(change: Change, view: View) -> list[Key]:
    return [change.key] if change.new is not None and change.new["spec"].get("service") is not None else []


CONTROLLER = Component(
    name="api-service-availability",
    watches=(
        Watch("APIService", _remote),
        Watch("Service", _of_service),
        Watch("EndpointSlice", _of_slice),
    ),
    plan=plan,
    manager="kube-apiserver",
)
