"""Recorded requests and their answers: defaults, errors, protocol, patches and discovery."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from k8slab.api.meta import Obj
from k8slab.cluster.request import Request, Response
from k8slab.cluster.world import World
from k8slab.reference import bench
from k8slab.reference.asking import ask
from k8slab.reference.facts import differences, expanded, load
from k8slab.reference.outcome import Outcome, attempt

Case = Mapping[str, Any]


def cases(root: Path, name: str) -> list[Obj]:
    """The cases of a file of API facts."""
    loaded: list[Obj] = load(root, name)["cases"]
    return loaded


def _each(root: Path, name: str, check: Callable[[Case], Iterator[str]]) -> Iterator[Outcome]:
    for case in cases(root, name):
        yield attempt(case["id"], partial(check, case))


def _namespace_of(case: Case) -> str:
    parts = case["request"]["path"].split("/")
    return parts[parts.index("namespaces") + 1] if "namespaces" in parts[:-1] else ""


# Defaults.


def defaults(root: Path) -> Iterator[Outcome]:
    """What the server makes of an object when it is created."""
    return _each(root, "defaults", _defaults_case)


def _defaults_case(case: Case) -> Iterator[str]:
    world = bench.bench(_namespace_of(case))
    given = case.get("given") or ()
    bench.send_given(world, given)
    if given:
        bench.run(world)
    response = bench.send(world, case["request"])
    yield from _code_and_warnings(case, response)
    yield from differences(expanded(case["object"]), response.body)


def _code_and_warnings(case: Case, response: Response) -> Iterator[str]:
    if response.code != case["code"]:
        yield f"code: expected {case['code']}, got {response.code}"
    if list(response.warnings) != case["warnings"]:
        yield f"warnings: expected {case['warnings']}, got {list(response.warnings)}"


# Errors and the protocol.

_SETTLED = ("PersistentVolume", "PodDisruptionBudget", "ResourceQuota")
"""Kinds that controllers had already looked at when the request of a case was sent."""


def errors(root: Path) -> Iterator[Outcome]:
    """What the server refuses, and in which words."""
    return _each(root, "errors", _exchange)


def protocol(root: Path) -> Iterator[Outcome]:
    """Paging, selectors, watches, Tables, deletes, subresources, dry run, reviews."""
    return _each(root, "protocol", _exchange)


def _exchange(case: Case) -> Iterator[str]:
    world = bench.bench(case["namespace"])
    bench.send_given(world, case["given"])
    if any(one["body"].get("kind") in _SETTLED for one in case["given"]):
        bench.run(world)
    request = expanded(case["request"])
    precondition = case.get("precondition", "")
    if precondition:
        request = _PRECONDITIONS[precondition](world, case["namespace"], request)
    response = bench.send(world, request)
    yield from _code_and_warnings(case, response)
    body = response.body
    if response.watch is not None:
        body = [*body, *_later_events(world, response)]
    recorded = expanded(case["response"])
    if isinstance(recorded, dict) and isinstance(body, dict) and case["code"] >= 400:
        fields = ("code", "reason", "message", "details")
        recorded, body = ({name: one[name] for name in fields if name in one} for one in (recorded, body))
    yield from differences(recorded, body)
    types = case.get("responseContentType")
    if types is not None and response.content_type not in types:
        yield f"content type: expected {types}, got {response.content_type}"


def _later_events(world: World, response: Response) -> list[Obj]:
    """What a watch with a timeout of a second still gets to see; nothing happens on a quiet bench."""
    from k8slab.cluster import watches

    assert response.watch is not None, "a watch was opened"
    return list(watches.events(world, response.watch)[0])


def _deleted_but_held(world: World, namespace: str, request: Obj) -> Obj:
    bench.send(world, {"method": "DELETE", "path": request["path"], "body": None})
    return request


def _namespace_held(world: World, namespace: str, request: Obj) -> Obj:
    collection = request["path"].rpartition("/")[0]
    named = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": collection.rpartition("/")[2]}}
    bench.send(world, {"method": "POST", "path": "/api/v1/namespaces", "body": named})
    metadata = {"name": "held", "finalizers": ["example.com/hold"]}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    bench.send(world, {"method": "POST", "path": f"{collection}/configmaps", "body": body})
    bench.send(world, {"method": "DELETE", "path": collection, "body": None})
    bench.run(world)
    return request


def _second_page(world: World, namespace: str, request: Obj) -> Obj:
    query = {"limit": request["query"]["limit"]}
    for _ in range(2):
        body = bench.send(world, {**request, "query": query}).body
        query = {**query, "continue": body["metadata"]["continue"]}
    return {**request, "query": query}


def _secret_was_changed(world: World, namespace: str, request: Obj) -> Obj:
    since = str(world.store.revision)
    collection = f"/api/v1/namespaces/{namespace}/secrets"
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "w", "labels": {"n": "9"}}}
    bench.send(world, {"method": "POST", "path": collection, "body": body})
    one = base64.b64encode(b"1").decode()
    label: Callable[[str], Obj] = lambda value: {"metadata": {"labels": {"n": value}}}  # noqa: E731
    for patch in ({"data": {"a": one}}, label("8"), label("9")):
        bench.send(
            world,
            {
                "method": "PATCH",
                "path": f"{collection}/w",
                "body": patch,
                "contentType": "application/merge-patch+json",
            },
        )
    bench.send(world, {"method": "DELETE", "path": f"{collection}/w", "body": None})
    return {**request, "query": {**request["query"], "resourceVersion": since}}


def _as_it_is(world: World, namespace: str, request: Obj) -> Obj:
    return request


_PRECONDITIONS: dict[str, Callable[[World, str, Obj], Obj]] = {
    "the Pod is Running and Ready and the budget has been synced": _as_it_is,
    "the Pod is Running and Ready": _as_it_is,
    "the namespace has been deleted and a finalizer on an object holds it": _namespace_held,
    "the object was deleted before and a finalizer holds it": _deleted_but_held,
    "continue is the token of the second page": _second_page,
    "the namespace exists": _as_it_is,
    "since that resourceVersion, Secret w (label n=9) was created, its data patched, "
    "its label n set to 8 and then back to 9, and it was deleted": _secret_was_changed,
}
"""How a state that a case describes in words comes about."""


# Patches.


def patches(root: Path) -> Iterator[Outcome]:
    """The four kinds of patch, with who owns which field afterwards."""
    return _each(root, "patches", _patch_case)


_PROBE = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "probes.lab.example"},
    "spec": {
        "group": "lab.example",
        "names": {"kind": "Probe", "listKind": "ProbeList", "plural": "probes", "singular": "probe"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "list": {"type": "array", "items": {"type": "string"}},
                                    "size": {"type": "integer"},
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}
"""The custom kind that the recorded cluster had."""


def _patch_case(case: Case) -> Iterator[str]:
    world = bench.bench(_namespace_of(case))
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    bench.send(world, {"method": "POST", "path": definitions, "body": _PROBE})
    bench.send_given(world, case["given"])
    path = case["request"]["path"]
    before = _read(world, path)
    response = bench.send(world, case["request"])
    yield from _code_and_warnings(case, response)
    if "error" in case:
        fields = ("code", "reason", "message", "details")
        recorded, body = (
            {name: one[name] for name in fields if name in one} for one in (case["error"], response.body)
        )
        yield from differences(recorded, body)
        return
    after = _read(world, path)
    changed = (
        before is None
        or (after or {})["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    )
    if case["changed"] is not None and changed != case["changed"]:
        yield f"changed: expected {case['changed']}, got {changed}"
    answered = _comparable(response.body, case["after"])
    yield from differences(case["after"], answered)


def _read(world: World, path: str) -> Obj | None:
    response = ask(world, Request("GET", path, headers={"Accept": "application/json"}))
    return response.body if response.code == 200 else None


_REVISION = "deployment.kubernetes.io/revision"


def _comparable(obj: Obj, recorded: Obj) -> Obj:
    """An object without what recordings of patches leave out: the status of workloads."""
    if not isinstance(obj, dict) or "status" in recorded:
        return obj
    return {name: one for name, one in obj.items() if name != "status"}


# Discovery.

_VARYING = ("hash", "serverAddressByClientCIDRs", "storageVersionHash", "serverRelativeURL")


def discovery(root: Path) -> Iterator[Outcome]:
    """What the server says that it offers."""
    return _each(root, "discovery", _discovery_case)


def _discovery_case(case: Case) -> Iterator[str]:
    world = bench.bench(with_nodes=False)
    headers = {"Accept": case["accept"]} if case["accept"] else {}
    response = ask(world, Request("GET", case["path"], headers=headers))
    if response.code != case["code"]:
        yield f"code: expected {case['code']}, got {response.code}"
    if response.content_type != case["contentType"]:
        yield f"content type: expected {case['contentType']}, got {response.content_type}"
    if case["id"] == "openapi-v3":
        paths = sorted((response.body or {}).get("paths") or ())
        yield from differences(case["body"], {"paths": paths})
        return
    yield from differences(case["body"], _without_varying(response.body))


def _without_varying(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_varying(one) for name, one in value.items() if name not in _VARYING}
    return [_without_varying(one) for one in value] if isinstance(value, list) else value
