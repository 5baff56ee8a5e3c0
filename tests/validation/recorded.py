"""Takes a recorded request the way to the rules, without the cluster round it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from k8slab.api.decode import decode
from k8slab.api.errors import Cause
from k8slab.api.kind import Kind, resources
from k8slab.api.kinds.service import begin_update
from k8slab.api.meta import Obj
from k8slab.api.patch import json_patch, merge_patch
from k8slab.api.schema import type_of_kind
from k8slab.api.strategic import strategic_merge_patch
from k8slab.api.validation.event import NEW_API_RULES
from k8slab.api.validation.pod import SUBRESOURCES

REFERENCE = Path(__file__).parent.parent / "reference"
UID = "6f1c0a52-0000-4000-8000-000000000001"
CREATED = "2026-01-01T00:00:00Z"


def cases(file: str = "errors.json") -> list[dict[str, Any]]:
    return json.loads((REFERENCE / file).read_text("utf-8"))["cases"]


def expand(value: Any) -> Any:
    """`{"$repeat": "x", "times": 3}` stands for xxx."""
    if isinstance(value, dict):
        if "$repeat" in value:
            return value["$repeat"] * value["times"]
        return {key: expand(item) for key, item in value.items()}
    return [expand(item) for item in value] if isinstance(value, list) else value


def target_of(path: str) -> tuple[Kind, str, str, str, str]:
    """Kind, version as `group/version`, namespace, name and subresource of a request's path."""
    parts = path.strip("/").split("/")
    group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "")[:3]
    kind = resources()[(group, version, plural)]
    return kind, f"{group}/{version}" if group else version, namespace, name, subresource


def _convert(kind: Kind, api_version: str, obj: Obj) -> Obj:
    for other in kind.other_versions:
        if f"{other.group}/{other.version}" == api_version:
            return other.to_storage(obj)
    return obj


def read(kind: Kind, api_version: str, namespace: str, body: Any) -> Obj:
    """The object of a body, decoded and defaulted."""
    obj, _, _ = decode(kind, expand(body), api_version=api_version)
    metadata = dict(obj.get("metadata") or {})
    if namespace and kind.namespaced:
        metadata.setdefault("namespace", namespace)
    return kind.default(_convert(kind, api_version, {**obj, "metadata": metadata}))


def prepared(kind: Kind, obj: Obj) -> Obj:
    """What a creation makes of an object before it asks the rules."""
    metadata = {**obj["metadata"], "uid": UID, "creationTimestamp": CREATED}
    return kind.prepare_create({**obj, "metadata": metadata})


def create_causes(path: str, body: Any) -> tuple[Obj, list[Cause]]:
    kind, api_version, namespace, _, _ = target_of(path)
    obj = prepared(kind, read(kind, api_version, namespace, body))
    if kind.kind == "Event" and api_version.startswith("events.k8s.io/"):
        return obj, NEW_API_RULES.create(obj)
    return obj, kind.rules.create(obj)


def stored(path: str, body: Any) -> Obj:
    obj, causes = create_causes(path, body)
    assert causes == []
    if obj["kind"] == "Service" and obj["spec"].get("type") != "ExternalName":
        obj = {**obj, "spec": _with_cluster_ip(obj["spec"])}
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": "1"}}


def _with_cluster_ip(spec: Obj) -> Obj:
    """The spec as the allocator leaves it."""
    first = spec.get("clusterIP") or "10.96.44.1"
    policy = {"ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}
    return {**policy, **spec, "clusterIP": first, "clusterIPs": spec.get("clusterIPs") or [first]}


def update_causes(request: dict[str, Any], old: Obj) -> tuple[Obj, list[Cause]]:
    kind, api_version, namespace, _, subresource = target_of(request["path"])
    body, content_type = expand(request["body"]), request["contentType"] or ""
    if "strategic" in content_type:
        body = strategic_merge_patch(type_of_kind(api_version, kind.kind), old, body)
    elif "json-patch" in content_type:
        body = json_patch(old, body)
    elif "merge-patch" in content_type:
        body = merge_patch(old, body)
    new = read(kind, api_version, namespace, body)
    kept = {
        name: old["metadata"][name] for name in ("creationTimestamp", "generation") if name in old["metadata"]
    }
    metadata = {"uid": old["metadata"]["uid"], **new["metadata"], **kept}
    new = {**new, "metadata": metadata}
    if kind.kind == "Service":
        new = begin_update(new, old)
    new = kind.prepare_update(new, old)
    if kind.kind == "Pod" and subresource in SUBRESOURCES:
        return new, SUBRESOURCES[subresource](new, old)
    if subresource == "status":
        return new, kind.rules.status(new, old)
    return new, kind.rules.update(new, old)


def states() -> list[Obj]:
    """Every object of the recorded states."""
    found: list[Obj] = []
    for objects in json.loads((REFERENCE / "states.json").read_text("utf-8"))["states"].values():
        found += objects if isinstance(objects, list) else list(objects.values())
    return found
