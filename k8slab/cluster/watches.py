"""Watches: the changes of a kind that fit a request, in order, from a revision on.

Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/watch.go,
pkg/storage/cacher and pkg/storage/etcd3/watcher.go, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.api.schema import type_of_kind
from k8slab.api.tables import DAEMON_TEMPLATE_GENERATION
from k8slab.cluster import lists, ownership
from k8slab.cluster.negotiation import Output, output_of
from k8slab.cluster.options import ListQuery, list_query
from k8slab.cluster.request import Request, Response, Watch
from k8slab.cluster.routes import Route, parse_path
from k8slab.cluster.world import World
from k8slab.store.view import Change

INITIAL_END = "k8s.io/initial-events-end"


def open_watch(world: World, request: Request, route: Route, query: ListQuery, output: Output) -> Response:
    """Begin a watch: the events that are already due, and the revision after which the stream goes on.

    Without a resourceVersion, or with 0, a watch begins with what there is; asked to,
    it then says by a BOOKMARK that this is all.
    """
    lists.field_filter(world, route, query.terms)
    after = world.store.revision
    events: list[Obj] = []
    asked = _version(query.version)
    if query.initial_events or asked == 0:
        for obj in lists.selected(world, route, query):
            events.append(_shown(world, request, route, output, "ADDED", obj, headers=not events))
        if query.initial_events and query.bookmarks:
            first = not events
            events.append(bookmark(world, request, route, after, output, initial_end=True, headers=first))
    else:
        _check_not_too_old(world, asked)
        events.extend(_events_after(world, request, route, query, output, asked, True))
    content_type = output.media_type
    return Response(200, events, content_type, watch=Watch(route.kind.kind, after, request))


def _version(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        fault = f"strconv.ParseUint: parsing {json.dumps(text)}: invalid syntax"
        raise ApiError(500, "", f"resourceVersion: Invalid value: {json.dumps(text)}: {fault}")
    return int(text)


def _check_not_too_old(world: World, revision: int) -> None:
    if revision < world.store.compacted:
        text = f"too old resource version: {revision} ({world.store.compacted + 1})"
        raise ApiError(410, "Expired", text)


def events(world: World, watch: Watch) -> tuple[list[Obj], Watch]:
    """The events since a watch was last read, and the watch to read on with.

    A watch that fell behind what history keeps gets one ERROR event, 410 Expired.
    """
    if watch.after_revision >= world.store.revision:
        return [], watch
    route = parse_path(world, watch.request.path)
    query, output = list_query(watch.request), output_of(watch.request)
    later = watch._replace(after_revision=world.store.revision)
    try:
        _check_not_too_old(world, watch.after_revision)
    except ApiError as error:
        return [{"type": "ERROR", "object": error.status()}], later
    found = _events_after(world, watch.request, route, query, output, watch.after_revision, False)
    return list(found), later


def _events_after(
    world: World,
    request: Request,
    route: Route,
    query: ListQuery,
    output: Output,
    revision: int,
    headers: bool,
) -> Iterator[Obj]:
    wanted = lists.fitting(world, route, query)
    for change in world.store.changes_since(revision):
        if change.kind != route.kind.kind:
            continue
        found = _seen(change, wanted)
        if found is not None:
            yield _shown(world, request, route, output, *found, headers=headers)
            headers = False


def _seen(change: Change, wanted: Callable[[Obj], bool]) -> tuple[str, Obj, Obj | None] | None:
    """What a watcher sees of a change: an object may come into its selection or leave it.

    The event's type, its object, and the stored version that this is a copy of.
    """
    old, new = change.old, change.new
    before = old is not None and wanted(old)
    if new is not None and wanted(new):
        return ("MODIFIED" if before else "ADDED"), new, new
    if not before or old is None:
        return None
    # What left the selection is shown as it last fitted, at the revision at which it left.
    metadata = {**old["metadata"], "resourceVersion": str(change.revision)}
    return "DELETED", {**old, "metadata": metadata}, old


def _shown(
    world: World,
    request: Request,
    route: Route,
    output: Output,
    kind: str,
    obj: Obj,
    stored: Obj | None = None,
    *,
    headers: bool,
) -> Obj:
    managed = ownership.managed_fields(world, route.kind, obj if stored is None else stored)
    shown = ownership.with_fields(obj, managed)
    return {"type": kind, "object": lists.converted(world, request, route, output, shown, headers=headers)}


def _nothing(route: Route) -> Obj:
    """An object of which nothing is said, as Go writes one: what it can't leave out stands there empty.

    Within the server some fields are numbers that are nothing at all in the versions of the API.
    """
    from k8slab.api.unmarshal import zero_of

    kind = route.kind.kind
    type_name = type_of_kind(route.api_version, kind)
    zero: Obj = zero_of(f"#{type_name}") if type_name else {}
    if kind in ("Deployment", "ReplicaSet", "StatefulSet"):
        zero = {**zero, "spec": {**zero["spec"], "replicas": 0}}
    return {"kind": kind, "apiVersion": route.api_version, **zero}


def bookmark(
    world: World,
    request: Request,
    route: Route,
    revision: int,
    output: Output,
    *,
    initial_end: bool = False,
    headers: bool = False,
) -> Obj:
    """A BOOKMARK event: nothing up to this revision was missed."""
    metadata: Obj = {"resourceVersion": str(revision)}
    if initial_end:
        metadata["annotations"] = {INITIAL_END: "true"}
    obj: Obj = {**_nothing(route), "metadata": metadata}
    if route.kind.kind == "DaemonSet" and not output.convert:
        annotations = {**metadata.get("annotations", {}), DAEMON_TEMPLATE_GENERATION: "0"}
        obj = {**obj, "metadata": {**metadata, "annotations": annotations}}
    if output.convert == "Table":
        obj = lists.table_of_bookmark(world, request, route, output, obj, headers=headers)
    elif output.convert.startswith("PartialObjectMetadata"):
        version = f"meta.k8s.io/{output.convert_version}"
        obj = {"kind": "PartialObjectMetadata", "apiVersion": version, "metadata": metadata}
    return {"type": "BOOKMARK", "object": obj}
