"""From a request to an answer: paths, content types, selectors and subresources.

Everything that reaches the cluster from outside comes in here: the HTTP
server's requests, the in-process kubectl's, and recorded facts. The verbs
themselves are in `api`, `deletion` and `subresources`.

Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from k8slab.api.decode import decode
from k8slab.api.errors import ApiError, bad_request, conflict, method_not_supported, not_found, qualified
from k8slab.api.kind import Kind
from k8slab.api.meta import Key, Obj, group_version
from k8slab.cluster import api, bodies, deletion, discovery, lists, ownership, patching, subresources, watches
from k8slab.cluster.api import Actor, WriteOptions
from k8slab.cluster.kinds import find_resource
from k8slab.cluster.request import Request, Response
from k8slab.cluster.world import World


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


def handle(world: World, request: Request) -> Response:
    """Answer one request. A refusal is a Response with its Status, never an exception."""
    warnings: list[str] = []
    try:
        fixed = discovery.answer(world, request)
        if fixed is not None:
            return fixed
        route = parse_path(world, request.path)
        response = _METHODS[request.method](world, request, route, warnings)
    except ApiError as error:
        return Response(error.code, error.status(), warnings=tuple(dict.fromkeys(warnings)))
    except KeyError:
        if request.method in _METHODS:
            raise
        error = ApiError(
            405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
        )
        return Response(405, error.status())
    return response._replace(warnings=tuple(dict.fromkeys((*response.warnings, *warnings))))


def parse_path(world: World, path: str) -> Route:
    """What a path names. 404 where the server has no such resource."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise ApiError(404, "NotFound", "the server could not find the requested resource")
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    plural = rest[0]
    name = rest[1] if len(rest) > 1 else ""
    subresource = "/".join(rest[2:])
    kind = find_resource(world, group, version, plural)
    return Route(kind, group, version, namespace, name, subresource)


def actor_of(request: Request) -> Actor:
    """Who asks, and the field manager's name that the write carries."""
    manager = request.query.get("fieldManager") or _default_manager(request)
    return Actor(request.user, request.groups, manager)


def _default_manager(request: Request) -> str:
    agent = request.headers.get("User-Agent") or request.headers.get("user-agent") or "unknown"
    return agent.split("/")[0][:128]


def _options(request: Request, route: Route, warnings: list[str], operation: str = "Update") -> WriteOptions:
    dry_run = request.query.get("dryRun", "")
    if dry_run not in ("", "All"):
        raise ApiError(
            422,
            "Invalid",
            f'{"CreateOptions"}.meta.k8s.io "" is invalid: dryRun: Unsupported value: '
            f'["{dry_run}"]: supported values: "All"',
        )
    return WriteOptions(dry_run == "All", operation, warnings.append, route.api_version)


def _decoded(request: Request, route: Route, warnings: list[str]) -> Obj:
    """The body as an object of the route's kind, in its stored version."""
    body = bodies.parse(request)
    kind = route.kind
    if not isinstance(body, dict) or not body:
        raise bad_request("the object provided is unrecognized (must be of type " + kind.kind + ")")
    body = {"apiVersion": route.api_version, "kind": kind.kind, **body}
    _check_type(body, route)
    validation = request.query.get("fieldValidation") or "Warn"
    obj, texts = decode(kind, body, api_version=route.api_version, validation=validation)
    warnings.extend(texts)
    return to_storage(route, obj)


def _check_type(body: Obj, route: Route) -> None:
    group, version = group_version(str(body["apiVersion"]))
    if (group, version, body["kind"]) != (route.group, route.version, route.kind.kind):
        raise bad_request(
            f"{body['kind']} in version {version!r} cannot be handled as a {route.kind.kind}: "
            "converting is not possible"
            if group == route.group and body["kind"] != route.kind.kind
            else f"the API version in the data ({body['apiVersion']}) does not match the expected API "
            f"version ({route.api_version})"
        )


def to_storage(route: Route, obj: Obj) -> Obj:
    """The object in the version in which its kind is stored."""
    for other in route.kind.other_versions:
        if (other.group, other.version) == (route.group, route.version):
            return other.to_storage(obj)
    return obj


def from_storage(route: Route, obj: Obj) -> Obj:
    """The stored object in the version that the client asked in."""
    for other in route.kind.other_versions:
        if (other.group, other.version) == (route.group, route.version):
            return other.from_storage(obj)
    return obj


def _shown(world: World, route: Route, obj: Obj) -> Obj:
    """An object as a client sees it: in its version, with managedFields."""
    return from_storage(route, ownership.with_managed_fields(world, route.kind, obj))


def _answer(world: World, request: Request, route: Route, obj: Obj, code: int = 200) -> Response:
    """One object, as JSON, as a Table or as its metadata, by the Accept header."""
    return lists.single(world, request, route.kind, route.api_version, _shown(world, route, obj), code)


def _stored(world: World, route: Route) -> Obj:
    obj = world.store.get(route.kind.kind, route.key)
    if obj is None:
        raise not_found(route.kind.plural, route.kind.group, route.name)
    return obj


def _check_subresource(route: Route) -> None:
    if route.subresource and route.subresource not in route.kind.subresources:
        raise ApiError(404, "NotFound", "the server could not find the requested resource")


def _get(world: World, request: Request, route: Route, warnings: list[str]) -> Response:
    _check_subresource(route)
    if not route.name:
        if request.query.get("watch") in ("1", "true"):
            return watches.open_watch(world, request, route)
        return lists.listing(world, request, route, lambda obj: _shown(world, route, obj))
    if request.query.get("watch") in ("1", "true"):
        return watches.open_watch(world, request, route)
    if route.subresource == "log":
        from k8slab.cluster.streams import log_response

        return log_response(world, request, route.key)
    obj = _stored(world, route)
    if route.subresource == "scale":
        return Response(200, subresources.read_scale(route.kind, obj))
    return _answer(world, request, route, obj)


def _post(world: World, request: Request, route: Route, warnings: list[str]) -> Response:
    _check_subresource(route)
    options = _options(request, route, warnings)
    actor = actor_of(request)
    cause = world.note_request(request)
    if route.subresource:
        return subresources_post(world, request, route, actor, options, cause)
    if route.name:
        raise method_not_supported(route.kind.plural, route.kind.group, "create")
    if route.kind.kind in REVIEWS:
        return Response(201, REVIEWS[route.kind.kind](world, request, bodies.parse(request)))
    obj = _decoded(request, route, warnings)
    obj = _placed(route, obj)
    stored = api.create(world, actor, route.kind.kind, obj, cause=cause, options=options)
    return _answer(world, request, route, stored, 201)


REVIEWS: dict[str, Callable[[World, Request, Any], Obj]] = {}
"""Kinds that are asked and not stored; `k8slab.cluster.access` enters its reviews here."""


def _placed(route: Route, obj: Obj) -> Obj:
    """The object in the namespace of the path; 400 where it names another."""
    metadata = obj.get("metadata") or {}
    namespace = metadata.get("namespace", "")
    if not route.kind.namespaced:
        return {**obj, "metadata": {k: v for k, v in metadata.items() if k != "namespace"}}
    if namespace and namespace != route.namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return {**obj, "metadata": {**metadata, "namespace": route.namespace}}


def subresources_post(
    world: World, request: Request, route: Route, actor: Actor, options: WriteOptions, cause: int
) -> Response:
    """POST to a subresource: binding, eviction."""
    body = bodies.parse(request) or {}
    done: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    if route.subresource == "binding":
        target = body.get("target") or {}
        metadata = body.get("metadata") or {}
        subresources.bind(
            world,
            actor,
            route.key,
            target.get("name", ""),
            metadata.get("uid", ""),
            annotations=metadata.get("annotations"),
            cause=cause,
            dry_run=options.dry_run,
        )
        return Response(201, done)
    if route.subresource == "eviction":
        choices = bodies.delete_options(body.get("deleteOptions") or {}, request, options.dry_run)
        subresources.evict(world, actor, route.key, choices, cause=cause)
        return Response(201, done)
    raise method_not_supported(route.kind.plural, route.kind.group, "create")


def _put(world: World, request: Request, route: Route, warnings: list[str]) -> Response:
    _check_subresource(route)
    if not route.name:
        raise method_not_supported(route.kind.plural, route.kind.group, "update")
    options = _options(request, route, warnings)
    cause = world.note_request(request)
    if route.subresource == "scale":
        scale = bodies.parse(request)
        done = subresources.write_scale(
            world, actor_of(request), route.kind, route.key, scale, cause=cause, options=options
        )
        return Response(200, done)
    obj = _placed(route, _decoded(request, route, warnings))
    name = obj["metadata"].get("name", "")
    if name != route.name:
        raise bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({route.name})"
            if name
            else "name must be provided"
        )
    existed = world.store.get(route.kind.kind, route.key) is not None
    stored = api.update(
        world, actor_of(request), route.kind.kind, obj, route.subresource, cause=cause, options=options
    )
    return _answer(world, request, route, stored, 200 if existed else 201)


def _patch(world: World, request: Request, route: Route, warnings: list[str]) -> Response:
    _check_subresource(route)
    options = _options(request, route, warnings)
    cause = world.note_request(request)
    stored, code = patching.patch(world, request, route, actor_of(request), options, cause, warnings)
    if route.subresource == "scale":
        return Response(code, stored)
    return _answer(world, request, route, stored, code)


_RETURNS_DELETED = (
    "Namespace",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodTemplate",
    "ResourceQuota",
    "Service",
    "ServiceAccount",
    "DeviceClass",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceSlice",
    "CSIDriver",
    "CSINode",
    "StorageClass",
    "VolumeAttachment",
    "VolumeAttributesClass",
)
"""Kinds whose removal answers with the object; for the others it is a Status."""


def _delete(world: World, request: Request, route: Route, warnings: list[str]) -> Response:
    _check_subresource(route)
    options = bodies.delete_options(bodies.parse(request) or {}, request)
    cause = world.note_request(request)
    if not route.name:
        return _delete_collection(world, request, route, options, cause)
    obj, gone = deletion.delete(world, actor_of(request), route.kind.kind, route.key, options, cause=cause)
    if gone and route.kind.kind not in _RETURNS_DELETED:
        details: Obj = {"name": route.name}
        if route.kind.group:
            details["group"] = route.kind.group
        details["kind"] = route.kind.plural
        details["uid"] = obj["metadata"]["uid"]
        body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return Response(200, body)
    return _answer(world, request, route, obj)


def _delete_collection(
    world: World, request: Request, route: Route, options: deletion.DeleteOptions, cause: int
) -> Response:
    found = lists.selected(world, request, route)
    for obj in found:
        key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        try:
            deletion.delete(world, actor_of(request), route.kind.kind, key, options, cause=cause)
        except ApiError as error:
            if error.code != 404:
                raise
    shown = [_shown(world, route, obj) for obj in found]
    return Response(200, lists.list_object(world, route.kind, route.api_version, shown))


_METHODS: dict[str, Callable[[World, Request, Route, list[str]], Response]] = {
    "GET": _get,
    "POST": _post,
    "PUT": _put,
    "PATCH": _patch,
    "DELETE": _delete,
}

__all__ = ["Route", "conflict", "handle", "parse_path", "qualified"]
