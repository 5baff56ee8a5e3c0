"""A small View over plain objects, and the way of an object from a request's body to the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slab import chance, clock
from k8slab.api.decode import decode, stored
from k8slab.api.kind import Kind, kinds, resources
from k8slab.api.kinds._service_allocation import allocate
from k8slab.api.meta import Key, Obj, key_of
from k8slab.api.selectors import Selector
from k8slab.cluster import admission

UID = "6f1c0a52-0000-4000-8000-000000000001"
NOW_US = clock.START_US


class Shelf:
    """The part of a View that admission needs: objects in the order they were put."""

    def __init__(self, objects: Sequence[Obj] = (), gates: frozenset[str] = frozenset()) -> None:
        self.seed = 7
        self.gates = gates
        self.objects: dict[str, dict[Key, Obj]] = {}
        for obj in objects:
            self.put(obj)

    def put(self, obj: Obj) -> None:
        self.objects.setdefault(obj["kind"], {})[key_of(obj)] = obj

    def get(self, kind: str, key: Key) -> Obj | None:
        return self.objects.get(kind, {}).get(key)

    def list(self, kind: str, *, namespace: str | None = None, **_: Selector | None) -> Sequence[Obj]:
        found = self.objects.get(kind, {}).values()
        return [one for one in found if namespace in (None, one["metadata"].get("namespace", ""))]

    def chance(self, *parts: object) -> float:
        return chance.chance(self.seed, *parts)


def namespace(name: str) -> list[Obj]:
    """A namespace with its default account."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        },
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": name},
        },
    ]


def target(path: str) -> tuple[Kind, str, str, str]:
    """Kind, group, version and namespace of a path to which objects are posted."""
    parts = path.strip("/").split("/")
    group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
    named = rest[0] == "namespaces" and len(rest) == 3
    return resources()[(group, version, rest[-1])], group, version, rest[1] if named else ""


def request(shelf: Shelf, operation: str, kind: Kind, new: Obj | None, old: Obj | None) -> admission.Request:
    metadata = (new or old or {})["metadata"]
    return admission.Request(
        view=shelf,  # type: ignore[arg-type]
        operation=operation,
        kind=kind,
        namespace=metadata.get("namespace", "") if kind.namespaced else "",
        name=metadata.get("name", ""),
        subresource="",
        new=new,
        old=old,
        now_us=NOW_US,
    )


def create(shelf: Shelf, path: str, body: Any) -> Obj:
    """What the server stores for a body, as `cluster.api.create` brings it there, without validation."""
    kind, group, version, where = target(path)
    api_version = f"{group}/{version}" if group else version
    obj, _, _ = decode(kind, body, api_version=api_version)
    if where:
        obj = {**obj, "metadata": {**obj["metadata"], "namespace": where}}
    for other in kind.other_versions:
        if (other.group, other.version) == (group, version):
            obj = other.to_storage(obj)
    obj = kind.default(obj)
    obj = admission.mutate(request(shelf, "CREATE", kind, obj, None))
    metadata = {**obj["metadata"], "uid": UID, "creationTimestamp": clock.timestamp(NOW_US)}
    obj = stored(kind, kind.prepare_create({**obj, "metadata": metadata}))
    if kind.kind == "Service":
        obj = allocate(obj, (), (), shelf.chance)
    admission.validate(request(shelf, "CREATE", kind, obj, None))
    shelf.put(obj)
    return obj


def all_kinds() -> list[Kind]:
    return list(kinds().values())
