"""What a URL path names: a kind, perhaps an object and its subresource; and which verbs are served there.

Models staging/src/k8s.io/apiserver/pkg/endpoints/{installer.go,request/requestinfo.go},
pkg/registry/core/rest/storage_core.go, the delegation of pkg/controlplane/apiserver/server.go, and
staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go, which serves custom
kinds and knows other refusals, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.errors import ApiError, bad_request, method_not_supported, not_found
from k8slab.api.kind import Kind
from k8slab.api.meta import Key
from k8slab.cluster.custom_kinds import is_custom
from k8slab.cluster.kinds import find_resource, groups_served, is_custom_group
from k8slab.cluster.request import Request
from k8slab.cluster.world import World

_READ_AND_WRITE = ("get", "patch", "update")
_CONNECT = ("create", "get")
SUBRESOURCE_VERBS: dict[str, tuple[str, ...]] = {
    "approval": _READ_AND_WRITE,
    "attach": _CONNECT,
    "binding": ("create",),
    "ephemeralcontainers": _READ_AND_WRITE,
    "eviction": ("create",),
    "exec": _CONNECT,
    "finalize": ("update",),
    "log": ("get",),
    "portforward": _CONNECT,
    "proxy": ("create", "delete", "get", "patch", "update"),
    "resize": _READ_AND_WRITE,
    "scale": _READ_AND_WRITE,
    "status": _READ_AND_WRITE,
    "token": ("create",),
}
"""Which verbs each subresource offers, in sorted order."""


class Route(NamedTuple):
    """What a path names."""

    kind: Kind
    group: str
    version: str
    namespace: str
    name: str
    subresource: str

    @property
    def api_version(self) -> str:
        """The group and version that the client asked in."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self) -> Key:
        """The stored object's key."""
        return (self.namespace if self.kind.namespaced else "", self.name)


class Place(NamedTuple):
    """The parts of a resource path, whether anything is served there or not."""

    group: str
    version: str
    namespace: str
    plural: str
    name: str
    subresource: str
    watch: bool = False
    """Whether the path is of the deprecated form `/api/v1/watch/…`."""


def place_of(path: str) -> Place | None:
    """The parts of a resource path; None where a path names no resource (`RequestInfo.IsResourceRequest`)."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    watch = rest[0] == "watch" and len(rest) > 1
    if watch:
        rest = rest[1:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 2:
        if len(rest) > 2 and rest[2] not in ("status", "finalize"):
            namespace, rest = rest[1], rest[2:]
        else:
            return Place(group, version, rest[1], "namespaces", rest[1], "/".join(rest[2:]), watch)
    name = rest[1] if len(rest) > 1 else ""
    return Place(group, version, namespace, rest[0], name, "/".join(rest[2:]), watch)


_HTTP_VERBS = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}


def verb_of(request: Request, place: Place | None) -> str:
    """The verb of a request as authorisation knows it (`list`, `deletecollection` …)."""
    if place is None:
        return request.method.lower()
    verb = _HTTP_VERBS.get(request.method, "")
    if place.watch and verb == "get":
        return "watch"
    if place.name:
        return verb
    if verb == "get":
        return "watch" if wants_watch(request) else "list"
    return "deletecollection" if verb == "delete" else verb


def wants_watch(request: Request) -> bool:
    """Whether the query asks for a watch, as Go reads a boolean parameter."""
    value = request.query.get("watch")
    return value is not None and value.lower() not in ("0", "false")


def is_half_a_verb(path: str) -> bool:
    """Whether a path ends in a verb of old, such as `/api/v1/watch`: nobody can say what it names."""
    parts = [part for part in path.split("/") if part]
    at = {"api": 2, "apis": 3}.get(parts[0], 0) if parts else 0
    return at > 0 and len(parts) == at + 1 and parts[at] in ("proxy", "watch")


def page_not_found() -> ApiError:
    """404 for a path under no API: plain text, which `rest.handle` recognises by its empty reason."""
    return ApiError(404, "", "404 page not found\n")


def nothing_here() -> ApiError:
    """404 for a path within an API group that names nothing."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def not_allowed() -> ApiError:
    """405 for a method that a path doesn't have."""
    text = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", text, details={})


def parse_path(world: World, path: str) -> Route:
    """What a path names. 404 where the server has no such resource."""
    place = place_of(path)
    if place is None or "//" in path.partition("/proxy")[0]:
        parts = [part for part in path.split("/") if part]
        inside = parts[:1] == ["api"] or (parts[:1] == ["apis"] and parts[1:2] != [])
        raise nothing_here() if inside and _is_served(world, parts) else page_not_found()
    return route_of(world, place)


def _is_served(world: World, parts: list[str]) -> bool:
    return parts[0] == "api" or parts[1] in groups_served(world)


def route_of(world: World, place: Place) -> Route:
    """What the parts of a path name. 404 where the server has no such resource."""
    if place.group and place.group not in groups_served(world):
        raise page_not_found()
    custom_group = is_custom_group(world, place.group)
    try:
        kind = find_resource(world, place.group, place.version, place.plural)
    except ApiError:
        raise (page_not_found() if custom_group else nothing_here()) from None
    namespace = place.namespace
    if not kind.namespaced:
        if namespace and kind.kind != "Namespace":
            raise page_not_found() if custom_group else nothing_here()
        namespace = ""
    elif not namespace and (place.name or "list" not in kind.verbs):
        raise page_not_found() if custom_group else nothing_here()
    if place.subresource:
        base = place.subresource.split("/")[0]
        if base not in kind.subresources or (base != place.subresource and base != "proxy"):
            raise not_found(kind.plural, kind.group, place.name) if is_custom(kind) else nothing_here()
    return Route(kind, place.group, place.version, namespace, place.name, place.subresource)


def check_verb(route: Route, verb: str) -> None:
    """405 where a path doesn't have a verb."""
    if is_custom(route.kind):
        _check_custom_verb(route, verb)
        return
    if route.subresource:
        allowed = SUBRESOURCE_VERBS[route.subresource.split("/")[0]]
    else:
        allowed = route.kind.verbs
    if verb not in allowed:
        raise not_allowed()
    if not route.subresource and verb == "create" and (route.name or _lacks_namespace(route)):
        raise not_allowed()
    if not route.subresource and not route.name and verb in ("update", "patch"):
        raise not_allowed()
    if verb == "deletecollection" and _lacks_namespace(route):
        raise not_allowed()


def _check_custom_verb(route: Route, verb: str) -> None:
    """The same of a custom kind, one handler of which answers to every path.

    A name behind a collection doesn't keep it from creating what the body names.
    """
    subresource = route.subresource
    if not subresource and _lacks_namespace(route) and verb not in ("list", "watch"):
        raise page_not_found()
    if verb not in (SUBRESOURCE_VERBS[subresource] if subresource else route.kind.verbs):
        raise method_not_supported(route.kind.plural, route.kind.group, verb)
    if not route.name and verb in ("update", "patch"):
        raise bad_request("name must be provided")


def _lacks_namespace(route: Route) -> bool:
    return route.kind.namespaced and not route.namespace
