"""From a request to an answer: who asks, what for, and in which form it is told.

Everything that reaches the cluster from outside comes in here: the HTTP
server's requests, the in-process kubectl's, and recorded facts. The verbs
themselves are in `api`, `deletion` and `subresources`.

Models staging/src/k8s.io/apiserver/pkg/endpoints/{filters,handlers}, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

from k8slab.api.decode import written
from k8slab.api.durations import DurationError, parse_ns
from k8slab.api.errors import ApiError, bad_request, internal_error, nameless, not_found
from k8slab.api.meta import Obj, assoc
from k8slab.cluster import (
    access,
    aggregation,
    api,
    bodies,
    deletion,
    discovery,
    lists,
    negotiation,
    ownership,
    patching,
    pod_verbs,
    proxying,
    reviews,
    subresources,
    watches,
)
from k8slab.cluster.api import Actor, WriteOptions
from k8slab.cluster.custom_kinds import is_custom, read_custom
from k8slab.cluster.kinds import is_stored, unstored_objects, virtual_kinds
from k8slab.cluster.lists import from_storage, to_storage
from k8slab.cluster.negotiation import Output, header
from k8slab.cluster.options import WriteQuery, as_boolean, delete_query, list_query, write_query
from k8slab.cluster.outage import refuse_if_down
from k8slab.cluster.owner_references import without_repeats
from k8slab.cluster.request import Request, Response
from k8slab.cluster.routes import (
    Route,
    check_verb,
    is_half_a_verb,
    not_allowed,
    parse_path,
    place_of,
    verb_of,
)
from k8slab.cluster.world import World

PLAIN_TEXT = "text/plain; charset=utf-8"
NOT_SNIFFED = {"X-Content-Type-Options": "nosniff"}
"""What Go's `http.Error` says of its texts."""


class Exchange(NamedTuple):
    """One request on its way: what it names, who asks, how to answer, and the warnings so far."""

    request: Request
    route: Route
    output: Output
    warnings: list[str]


def handle(world: World, request: Request) -> Response:
    """Answer one request. A refusal is a Response with its Status, never an exception."""
    warnings: list[str] = []
    try:
        response = _handle(world, request, warnings)
    except ApiError as error:
        response = _written(refusal(error), negotiation.plain_type(request))
        response = response._replace(again_us=error.again_us)
    texts = tuple(dict.fromkeys((*response.warnings, *warnings)))
    return response._replace(warnings=texts) if texts else response


def refusal(error: ApiError) -> Response:
    """The answer that tells a refusal."""
    if error.code == 404 and not error.reason:
        return Response(404, error.message, PLAIN_TEXT, headers=NOT_SNIFFED)
    headers = {}
    if error.details.get("retryAfterSeconds"):
        headers["Retry-After"] = str(error.details["retryAfterSeconds"])
    return Response(error.code, error.status(), headers=headers)


_CONNECTED = ("attach", "exec", "portforward", "proxy")
_LONG = (*_CONNECTED, "log")
"""Subresources of which a request may take as long as it likes."""


def _check_timeout(request: Request) -> None:
    """400 for a `timeout` that is no duration, before anything else is asked (filters/request_deadline.go).

    A shorter or longer one changes nothing: every answer comes at once.
    """
    text = request.query.get("timeout", "")
    if not text:
        return
    place = place_of(request.path)
    if place is not None:
        if verb_of(request, place) == "watch" or place.subresource.partition("/")[0] in _LONG:
            return
    try:
        parse_ns(text)
    except DurationError as error:
        raise bad_request(f"invalid timeout specified in the request URL - {error}") from None


def _handle(world: World, request: Request, warnings: list[str]) -> Response:
    refuse_if_down(world)
    _check_timeout(request)
    request = access.identify(world, request)
    access.check(world, access.attributes_of(request))
    remote = aggregation.service_for(world, request.path)
    if remote is not None:
        return aggregation.forward(world, request, remote)
    fixed = discovery.answer(world, request)
    if fixed is not None:
        return _written(fixed, discovery.media_type(request, fixed))
    if is_half_a_verb(request.path):
        return _unparsable(request)
    place = place_of(request.path)
    route = parse_path(world, request.path)
    if "dryRun" in request.query and route.subresource.partition("/")[0] in _CONNECTED:
        raise bad_request("dryRun is not supported")
    if proxying.is_proxied(route):
        return proxying.proxy(world, request, route)
    verb = verb_of(request, place)
    if verb not in _VERBS:
        check_verb(route, verb)
    check_verb(route, verb if not (verb == "watch" and route.name) else "watch")
    if request.method == "HEAD" and not is_custom(route.kind):
        raise not_allowed()
    if verb == "patch":
        negotiation.patch_type(request, custom=is_custom(route.kind))
    negotiation.check_routed(request, _offered(route, verb))
    if route.kind.kind in _DEPRECATED and route.api_version == "v1":
        warnings.append(_DEPRECATED[route.kind.kind])
    output = negotiation.output_of(
        request, tables=route.kind.verbs != ("create",), streams=_is_streamed(request, verb)
    )
    _check_segment(route, verb)
    response = _VERBS[verb](world, Exchange(request, route, output, warnings))
    return _written(response, output.media_type)


def _offered(route: Route, verb: str) -> tuple[str, ...]:
    """The media types that the router has for a route (endpoints/installer.go: `Produces`)."""
    if route.subresource == "log":
        return ("text/plain", *negotiation.MEDIA_TYPES)
    if verb in ("list", "watch"):
        return (*negotiation.MEDIA_TYPES, *negotiation.STREAM_FORMS)
    return negotiation.MEDIA_TYPES


def _is_streamed(request: Request, verb: str) -> bool:
    return verb == "watch" and request.method == "GET"


def _unparsable(request: Request) -> Response:
    """500 for a path that ends in a verb of old (filters/requestinfo.go)."""
    query = f"?{urlencode(request.query)}" if request.query else ""
    url = request.path + query
    fault = f"unable to determine kind and namespace from url, {url}"
    text = f"Internal Server Error: {json.dumps(url)}: failed to create RequestInfo: {fault}\n"
    return Response(500, text, PLAIN_TEXT, headers=NOT_SNIFFED)


def _check_segment(route: Route, verb: str) -> None:
    """400 for a name that can't be part of a key in etcd (registry/generic/registry/store.go)."""
    if verb in ("get", "delete", "patch") and is_stored(route.kind):
        subresources.check_name(route.name)


_DEPRECATED = {
    "ComponentStatus": "v1 ComponentStatus is deprecated in v1.19+",
    "Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}
"""Kinds whose every request is answered with a warning."""


def _written(response: Response, media_type: str) -> Response:
    """The answer in the media type that the client accepts."""
    if media_type != negotiation.YAML or response.watch is not None or isinstance(response.body, str):
        return response
    from k8slab.api.yaml_emitter import dump

    return response._replace(body=dump(response.body), content_type=negotiation.YAML)


# Who writes, and what comes back.


def actor_of(request: Request) -> Actor:
    """Who asks, and the field manager's name that the write carries."""
    manager = request.query.get("fieldManager") or _agent(request)
    return Actor(request.user, request.groups, manager, request.uid, request.extra)


def _agent(request: Request) -> str:
    """The manager's name that a client has without giving one: its User-Agent up to the first slash."""
    name = (header(request, "User-Agent") or "unknown").split("/")[0]
    return "".join(letter for letter in name if letter.isprintable())[:128]


def _write_options(exchange: Exchange, query: WriteQuery) -> WriteOptions:
    return WriteOptions(query.dry_run, "Update", exchange.warnings.append, exchange.route.api_version)


def _shown(world: World, exchange: Exchange, obj: Obj, code: int = 200) -> Response:
    """One object in its stored version, managedFields included, in the form that the client accepts."""
    body = lists.converted(world, exchange.request, exchange.route, exchange.output, obj)
    return Response(code, body)


def _stored(world: World, route: Route) -> Obj:
    obj = world.store.get(route.kind.kind, route.key)
    if not is_stored(route.kind):
        found = unstored_objects(world, route.kind, route.namespace)
        obj = next((one for one in found if one["metadata"]["name"] == route.name), None)
    if obj is None:
        raise not_found(route.kind.plural, route.kind.group, route.name)
    return obj


def _written_object(
    world: World,
    exchange: Exchange,
    old: Obj | None,
    sent: Obj,
    stored: Obj,
    actor: Actor,
    options: WriteOptions,
) -> Obj:
    """What a write stored, or would have, with managedFields as they are after it."""
    kind, subresource = exchange.route.kind, exchange.route.subresource
    if not options.dry_run and (old is None or world.store.get(kind.kind, exchange.route.key) is not None):
        return ownership.with_managed_fields(world, kind, stored)
    sent = kind.default(sent)
    if options.is_sparse:
        sent = written(kind, sent)
    managed = ownership.after_write(world, kind, old, sent, actor, subresource, options)
    return ownership.with_fields(stored, managed)


# Verbs.


def _get(world: World, exchange: Exchange) -> Response:
    route, request = exchange.route, exchange.request
    if route.subresource in pod_verbs.CONNECTED:
        return pod_verbs.connect(world, request, route, actor_of(request))
    if route.subresource == "log":
        return pod_verbs.log(world, request, route)
    if "export" in request.query and as_boolean(request.query["export"]):
        raise bad_request("the export parameter, deprecated since v1.14, is no longer supported")
    _check_read_version(world, route, request.query.get("resourceVersion", ""))
    obj = _stored(world, route)
    if route.subresource == "scale":
        if route.kind.scale is not None and (fault := route.kind.scale.fault(obj)):
            raise internal_error(fault)
        scale = subresources.read_scale(route.kind, obj)
        place = route._replace(kind=subresources.SCALE, group="autoscaling", version="v1")
        return Response(200, lists.converted(world, request, place, exchange.output, scale))
    return _shown(world, exchange, ownership.with_managed_fields(world, route.kind, obj))


def _check_read_version(world: World, route: Route, version: str) -> None:
    """500 for a version to read at that is none, 504 for one that is yet to come.

    Events are read from etcd itself, which calls the first a bad request.
    """
    if not version:
        return
    if route.kind.kind == "Event":
        lists.check_version(version)
    fault = lists.version_fault(version)
    if fault:
        raise ApiError(500, "", fault)
    if int(version) > world.store.revision:
        raise lists.too_large(int(version), world.store.revision)


def _list(world: World, exchange: Exchange) -> Response:
    route = exchange.route
    query = list_query(exchange.request)
    lists.field_filter(world, route, query.terms)
    show = lambda obj: ownership.with_managed_fields(world, route.kind, obj)  # noqa: E731
    return lists.listing(world, exchange.request, route, query, exchange.output, show)


def _watch(world: World, exchange: Exchange) -> Response:
    request, route = exchange.request, exchange.route
    query = list_query(request._replace(query={**request.query, "watch": "true"}))
    if route.name:
        for path, value, equal in query.terms:
            if path != "metadata.name" or value != route.name or not equal:
                raise bad_request("fieldSelector metadata.name doesn't match requested name")
    return watches.open_watch(world, request, route, query, exchange.output)


def _create(world: World, exchange: Exchange) -> Response:
    request, route = exchange.request, exchange.route
    if route.subresource in pod_verbs.CONNECTED:
        return pod_verbs.connect(world, request, route, actor_of(request))
    query = write_query(request, "CreateOptions")
    actor, options = actor_of(request), _write_options(exchange, query)
    if route.subresource or route.kind.kind == "Binding":
        return pod_verbs.create(world, request, route, actor, options, query.validation)
    obj, is_sparse = bodies.decoded(
        request, route.kind, route.api_version, query.validation, exchange.warnings
    )
    options = options._replace(is_sparse=is_sparse)
    if is_custom(route.kind):
        obj = read_custom(world, route.kind, route.version, obj, query.validation, exchange.warnings)
    if route.kind.kind in virtual_kinds():
        obj = written(route.kind, obj) if is_sparse else obj
        return _review(world, exchange, obj, actor, options)
    obj = placed(route, to_storage(world, route, obj))
    obj = without_repeats(obj, exchange.warnings.append)
    cause = world.note_request(request)
    stored = api.create(world, actor, route.kind.kind, obj, cause=cause, options=options)
    return _shown(world, exchange, _written_object(world, exchange, None, obj, stored, actor, options), 201)


def _review(world: World, exchange: Exchange, obj: Obj, actor: Actor, options: WriteOptions) -> Response:
    """Answer a question. Its answer too says who asked, as every created object does."""
    route = exchange.route
    review = placed(route, without_repeats({"metadata": {}, **obj}, exchange.warnings.append))
    managed = ownership.after_write(world, route.kind, None, obj, actor, "", options)
    answered = reviews.answer(world, exchange.request, route, ownership.with_fields(review, managed))
    return _shown(world, exchange, answered, 201)


_WIPED = ("creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
_ELSEWHERE = "the namespace of the provided object does not match the namespace sent on the request"


def placed(route: Route, obj: Obj, *, new: bool = True) -> Obj:
    """The object in the namespace of the path; 400 where it names another."""
    metadata = {
        name: value for name, value in (obj.get("metadata") or {}).items() if not (new and name in _WIPED)
    }
    namespace = metadata.pop("namespace", "")
    if route.kind.namespaced:
        if namespace and namespace != route.namespace:
            raise bad_request(_ELSEWHERE)
        metadata["namespace"] = route.namespace
    return {**obj, "metadata": metadata}


def check_name(route: Route, obj: Obj) -> None:
    """400 where an object has another name than its path."""
    name = obj["metadata"].get("name", "")
    if not name:
        raise bad_request(nameless(route.name))
    if name != route.name:
        raise bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({route.name})"
        )


def _update(world: World, exchange: Exchange) -> Response:
    request, route = exchange.request, exchange.route
    query = write_query(request, "UpdateOptions")
    actor, options = actor_of(request), _write_options(exchange, query)
    if route.subresource == "scale":
        scale, _ = bodies.decoded(
            request, subresources.SCALE, "autoscaling/v1", query.validation, exchange.warnings
        )
        scale = placed(route, scale, new=False)
        check_name(route, scale)
        cause = world.note_request(request)
        done = subresources.write_scale(
            world, actor, route.kind, route.key, scale, cause=cause, options=options
        )
        return Response(200, done)
    obj, is_sparse = bodies.decoded(
        request, route.kind, route.api_version, query.validation, exchange.warnings
    )
    options = options._replace(is_sparse=is_sparse)
    if is_custom(route.kind):
        obj = read_custom(world, route.kind, route.version, obj, query.validation, exchange.warnings)
    obj = placed(route, to_storage(world, route, obj), new=False)
    obj = without_repeats(obj, exchange.warnings.append)
    check_name(route, obj)
    old = world.store.get(route.kind.kind, route.key)
    if old is None and obj["metadata"].get("uid") and route.kind.create_on_update:
        raise not_found(route.kind.plural, route.kind.group, route.name)
    cause = world.note_request(request)
    stored = api.update(world, actor, route.kind.kind, obj, route.subresource, cause=cause, options=options)
    if stored is old:
        stored = patching.with_new_managers(world, route, actor, options, cause, old, obj)
    shown = _written_object(world, exchange, old, obj, stored, actor, options)
    return _shown(world, exchange, shown, 200 if old is not None else 201)


def _patch(world: World, exchange: Exchange) -> Response:
    request, route = exchange.request, exchange.route
    done = patching.patch(world, request, route, actor_of(request), exchange.warnings)
    if route.subresource == "scale":
        return Response(done.code, done.obj)
    return _shown(world, exchange, done.obj, done.code)


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


_JOBS_PODS_STAY = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
    "them or set propagationPolicy=Orphan to suppress this warning"
)


def _warn_of_orphans(exchange: Exchange, options: deletion.DeleteOptions) -> None:
    """A Job that is deleted without a word leaves its Pods behind (pkg/registry/batch/job/storage)."""
    if exchange.route.kind.kind == "Job" and not options.propagation:
        exchange.warnings.append(_JOBS_PODS_STAY)


def _delete(world: World, exchange: Exchange) -> Response:
    request, route = exchange.request, exchange.route
    options = delete_query(request, bodies.parse(request))._replace(warn=exchange.warnings.append)
    _warn_of_orphans(exchange, options)
    old = world.store.get(route.kind.kind, route.key)
    managed = ownership.managed_fields(world, route.kind, old) if old is not None else []
    cause = world.note_request(request)
    obj, gone = deletion.delete(world, actor_of(request), route.kind.kind, route.key, options, cause=cause)
    if gone and route.kind.kind not in _RETURNS_DELETED:
        return Response(200, _deleted_status(route, obj))
    if gone and not options.dry_run:
        obj = assoc(obj, "metadata", "resourceVersion", str(world.store.revision))
    # Who asked for this in the older way, and must wait, is told so.
    code = 202 if not gone and options.orphan is False else 200
    return _shown(world, exchange, ownership.with_fields(obj, managed), code)


def _deleted_status(route: Route, obj: Obj) -> Obj:
    details: Obj = {"name": route.name}
    if route.kind.group:
        details["group"] = route.kind.group
    details["kind"] = route.kind.plural
    details["uid"] = obj["metadata"]["uid"]
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _delete_collection(world: World, exchange: Exchange) -> Response:
    request, route = exchange.request, exchange.route
    query = list_query(request, watch_list=False)
    options = delete_query(request, bodies.parse(request))._replace(warn=exchange.warnings.append)
    _warn_of_orphans(exchange, options)
    found, metadata = lists.page(world, route, query)
    shown = [ownership.with_managed_fields(world, route.kind, obj) for obj in found]
    cause = world.note_request(request)
    for obj in found:
        key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        try:
            deletion.delete(world, actor_of(request), route.kind.kind, key, options, cause=cause)
        except ApiError as error:
            if error.code != 404:
                raise
    body = lists.list_body(world, request, route, exchange.output, metadata, shown, lambda obj: obj)
    return Response(200, body)


_VERBS: dict[str, Callable[[World, Exchange], Response]] = {
    "create": _create,
    "delete": _delete,
    "deletecollection": _delete_collection,
    "get": _get,
    "list": _list,
    "patch": _patch,
    "update": _update,
    "watch": _watch,
}

__all__ = ["Route", "from_storage", "handle", "parse_path", "refusal", "to_storage"]
