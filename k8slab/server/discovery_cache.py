"""kubectl's cache of what a server has, written before kubectl asks.

kubectl reads its cache three times a command, some 25 files each time, and takes
them in the form in which it finds them. In protobuf it reads them in half the time
that its own JSON takes it. What changes afterwards (a new CustomResourceDefinition)
it finds out as ever: what it doesn't find in its cache it asks the server for.

Models staging/src/k8s.io/client-go/discovery/{aggregated_discovery,cached/disk/cached_discovery}.go
and computeDiscoverCacheDir of staging/src/k8s.io/cli-runtime/pkg/genericclioptions/config_flags.go, v1.36.
"""

from __future__ import annotations

import re
from pathlib import Path

from k8slab.api.meta import Obj
from k8slab.cluster import discovery
from k8slab.cluster.request import Request
from k8slab.cluster.world import World
from k8slab.server.protobuf import encode_envelope

_ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def write_cache(folder: Path, url: str, world: World) -> None:
    """Write what a World serves into the cache folder of a client that calls it by this address."""
    groups, resources = _split(world)
    root = folder / "discovery" / re.sub(r"[^(\w/.)]", "_", url.partition("://")[2])
    _write(root / "servergroups.json", groups)
    for one in resources:
        _write(root / one["groupVersion"] / "serverresources.json", one)


def _write(path: Path, obj: Obj) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_envelope(obj))


def _split(world: World) -> tuple[Obj, list[Obj]]:
    """The list of groups, and a list of resources for each version that could be asked."""
    groups: list[Obj] = []
    lists: list[Obj] = []
    for path in ("/api", "/apis"):
        answer = discovery.answer(world, Request("GET", path, {}, {"Accept": _ACCEPT}))
        assert answer is not None, "a server says what it serves"
        for item in answer.body["items"]:
            name = item["metadata"].get("name", "")
            current = [one for one in item["versions"] if one.get("freshness") != "Stale"]
            versions = [{"groupVersion": _joined(name, one), "version": one["version"]} for one in current]
            group: Obj = {"name": name, "versions": versions}
            groups.append({**group, "preferredVersion": versions[0]} if versions else group)
            lists.extend(_resources(name, one) for one in current)
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}, lists


def _joined(group: str, version: Obj) -> str:
    name: str = version["version"]
    return f"{group}/{name}" if group else name


def _resources(group: str, version: Obj) -> Obj:
    found: list[Obj] = []
    for one in version.get("resources") or ():
        namespaced = one["scope"] == "Namespaced"
        resource = {
            "name": one["resource"],
            "singularName": one["singularResource"],
            "namespaced": namespaced,
        }
        if one.get("responseKind"):
            lists = {name: one[name] for name in ("shortNames", "categories") if one.get(name)}
            found.append({**resource, **one["responseKind"], "verbs": one["verbs"], **lists})
        for part in one.get("subresources") or ():
            if part.get("responseKind"):
                name = f"{one['resource']}/{part['subresource']}"
                found.append({**resource, "name": name, **part["responseKind"], "verbs": part["verbs"]})
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": _joined(group, version),
        "resources": found,
    }
