"""A Service: the line it answers on, and a plug for each endpoint, filled where it is ready."""

from __future__ import annotations

from k8slab.api.meta import dig
from k8slab.graph import name_of, object_id
from k8slab.scene.marks import Mark, circle, path, text
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.scene.portrayals._chip import STRIP_X, STRIP_Y, chip
from k8slab.texts import Words

_MOST_PLUGS = 8


def _draw(subject: Subject, around: Surroundings) -> Picture:
    obj = subject.obj
    spec = obj.get("spec") or {}
    headless = spec.get("clusterIP") == "None"
    service_type = "headless" if headless else spec.get("type") or "ClusterIP"
    shown_type = around.words("service.headless") if headless else service_type
    ports = [str(port["port"]) for port in spec.get("ports") or ()]
    value = ", ".join(ports[:2]) + (" …" if len(ports) > 2 else "")
    name = obj["metadata"]["name"]
    marks = chip(subject.width, "owner-none", f"Service · {shown_type}", name, value)
    endpoints = _endpoints(subject.id, around)
    ready = [is_ready for is_ready, _ in endpoints]
    marks += _plugs(ready, around.words)
    name_in_dns = f"{name}.{obj['metadata'].get('namespace', 'default')}.svc.cluster.local"
    said = around.words(
        "service", type=shown_type, port=value, ready=sum(ready), count=len(ready), dns=name_in_dns
    )
    comma = around.words("comma")
    for key, wanted in (("service.ready", True), ("service.not_ready", False)):
        names = [name_of(pod) for is_ready, pod in endpoints if pod and is_ready == wanted]
        if names and len(ready) <= _MOST_PLUGS:
            said += comma + around.words(key, names=" ".join(names))
    return Picture(tuple(marks), said, links=tuple(dict.fromkeys(pod for _, pod in endpoints if pod)))


def _endpoints(identity: str, around: Surroundings) -> list[tuple[bool, str]]:
    """Whether each endpoint is ready, and the id of the Pod behind it; empty where it is something else."""
    found: list[tuple[bool, str]] = []
    for slice_id in around.graph.sources(identity, "network"):
        one = around.graph.get(slice_id)
        if one is None or one["kind"] != "EndpointSlice":
            continue
        for endpoint in one.get("endpoints") or ():
            target, pod = endpoint.get("targetRef") or {}, ""
            if target.get("kind") == "Pod":
                pod = object_id("Pod", (one["metadata"].get("namespace", ""), target["name"]))
            found.append((dig(endpoint, "conditions", "ready", default=True), pod))
    return found


def _plugs(ready: list[bool], words: Words) -> list[Mark]:
    y = STRIP_Y + 4
    if not ready:
        return [text(STRIP_X, STRIP_Y + 8, "smaller", words("service.none"), "muted")]
    shown = sorted(ready, reverse=True)[:_MOST_PLUGS]
    end = STRIP_X + 15 * len(shown) - 5
    marks: list[Mark] = [path(f"M{STRIP_X} {y}L{end} {y}", "", "chip-line", 1.4)]
    for place, is_ready in enumerate(shown):
        x = STRIP_X + 5 + 15 * place
        marks.append(
            circle(x, y, 4, "running" if is_ready else "chip", "" if is_ready else "mark-waiting", 1.3)
        )
    if len(ready) > len(shown):
        marks.append(text(end + 8, y + 3.5, "smaller", f"+{len(ready) - len(shown)}", "muted"))
    return marks


PORTRAYAL = Portrayal("Service", "workloads", _draw)
