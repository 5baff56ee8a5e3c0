"""Watches: the changes of a kind that fit a request, in order, from a revision on.

Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/watch.go and
storage/cacher, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, key_of
from k8slab.api.selectors import matches
from k8slab.cluster import lists, ownership
from k8slab.cluster.request import Request, Response, Watch
from k8slab.cluster.world import World
from k8slab.store.view import Change

if TYPE_CHECKING:
    from k8slab.cluster.rest import Route


def open_watch(world: World, request: Request, route: Route) -> Response:
    """Begin a watch: the events that are already due, and the revision after which the stream goes on."""
    version = request.query.get("resourceVersion", "")
    initial = request.query.get("sendInitialEvents") in ("true", "1")
    events: list[Obj] = []
    if version in ("", "0") or initial:
        for obj in lists.selected(world, request, route):
            if not route.name or obj["metadata"]["name"] == route.name:
                events.append({"type": "ADDED", "object": _shown(world, route, obj)})
        after = world.store.revision
        if initial:
            events.append(bookmark(world, route, after, initial_end=True))
    else:
        after = _revision(world, version)
        events.extend(events_after(world, request, route, after))
        after = world.store.revision
    watch = Watch(route.kind.kind, after, request)
    return Response(200, events, "application/json", watch=watch)


def _revision(world: World, version: str) -> int:
    if not version.isdigit():
        raise ApiError(
            500,
            "InternalError",
            f'Internal error occurred: strconv.ParseUint: parsing "{version}": invalid syntax',
        )
    revision = int(version)
    if revision < world.store.compacted:
        raise ApiError(410, "Expired", f"too old resource version: {revision} ({world.store.compacted + 1})")
    return revision


def events_after(world: World, request: Request, route: Route, revision: int) -> Iterator[Obj]:
    """The watch events of the changes after a revision, as far as the cluster has come."""
    selector = lists.label_selector(request)
    fits = lists.field_filter(route.kind, request)

    def wanted(obj: Obj | None) -> bool:
        if obj is None:
            return False
        key: Key = key_of(obj)
        if route.name and key[1] != route.name:
            return False
        if route.namespace and key[0] != route.namespace:
            return False
        return matches(selector, obj["metadata"].get("labels") or {}) and fits(obj)

    for change in world.store.changes_since(revision):
        if change.kind == route.kind.kind:
            event = _event(world, route, change, wanted(change.old), wanted(change.new))
            if event is not None:
                yield event


def _event(world: World, route: Route, change: Change, before: bool, after: bool) -> Obj | None:
    """What a watcher sees of a change: an object may come into its selection or leave it."""
    if after:
        assert change.new is not None, "what fits is there"
        return {"type": "MODIFIED" if before else "ADDED", "object": _shown(world, route, change.new)}
    if before:
        assert change.old is not None, "what fitted was there"
        last = change.new or change.old
        metadata = {**last["metadata"], "resourceVersion": str(change.revision)}
        return {"type": "DELETED", "object": _shown(world, route, {**last, "metadata": metadata})}
    return None


def bookmark(world: World, route: Route, revision: int, *, initial_end: bool = False) -> Obj:
    """A BOOKMARK event: nothing up to this revision was missed."""
    metadata: Obj = {"resourceVersion": str(revision)}
    if initial_end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    obj = {"kind": route.kind.kind, "apiVersion": route.api_version, "metadata": metadata}
    return {"type": "BOOKMARK", "object": obj}


def _shown(world: World, route: Route, obj: Obj) -> Obj:
    from k8slab.cluster.rest import from_storage

    current = world.store.get(route.kind.kind, key_of(obj))
    if current is obj:
        obj = ownership.with_managed_fields(world, route.kind, obj)
    return from_storage(route, obj)
