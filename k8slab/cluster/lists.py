"""Lists: selectors, paging, and the forms in which objects are shown (JSON, Table, metadata only).

Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{get,response}.go and
storage/selection_predicate.go, v1.36.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from k8slab.api.errors import ApiError, bad_request
from k8slab.api.kind import Kind
from k8slab.api.meta import Key, Obj, dig, key_of
from k8slab.api.selectors import EVERYTHING, Selector, parse_selector
from k8slab.cluster.request import Request, Response
from k8slab.cluster.world import World

if TYPE_CHECKING:
    from k8slab.cluster.rest import Route


def label_selector(request: Request) -> Selector:
    """The request's label selector. 400 for a malformed one."""
    text = request.query.get("labelSelector", "")
    if not text:
        return EVERYTHING
    try:
        return parse_selector(text)
    except ValueError as error:
        raise bad_request(str(error)) from error


def field_filter(kind: Kind, request: Request) -> Callable[[Obj], bool]:
    """Whether an object fits the request's field selector. 400 for a field that the kind doesn't offer."""
    text = request.query.get("fieldSelector", "")
    terms = [_field_term(kind, part) for part in text.split(",") if part]
    return lambda obj: all((_field(obj, path) == value) is equal for path, value, equal in terms)


def _field_term(kind: Kind, text: str) -> tuple[str, str, bool]:
    for operator, equal in (("!=", False), ("==", True), ("=", True)):
        path, found, value = text.partition(operator)
        if found:
            break
    else:
        raise bad_request(f"invalid field selector: {text!r}; can't understand {text!r}")
    if path not in ("metadata.name", "metadata.namespace", *kind.fields):
        raise bad_request(f"field label not supported: {path}")
    return path, value, equal


def _field(obj: Obj, path: str) -> str:
    value = dig(obj, *path.split("."), default="")
    return str(value).lower() if isinstance(value, bool) else str(value)


def selected(world: World, request: Request, route: Route) -> list[Obj]:
    """The objects that the request's path and selectors name, in order of key."""
    selector = label_selector(request)
    fits = field_filter(route.kind, request)
    namespace = route.namespace or None
    found = world.store.list(
        route.kind.kind, namespace=namespace if route.kind.namespaced else None, selector=selector or None
    )
    return sorted((obj for obj in found if fits(obj)), key=key_of)


def listing(world: World, request: Request, route: Route, show: Callable[[Obj], Obj]) -> Response:
    """Answer a list request, a page of it where there is a limit."""
    found = selected(world, request, route)
    version = str(world.store.revision)
    start, version = _start(world, request, version)
    if start is not None:
        found = [obj for obj in found if key_of(obj) > start]
    limit = int(request.query.get("limit") or 0)
    rest = 0
    token = ""
    if limit and len(found) > limit:
        rest = len(found) - limit
        found = found[:limit]
        token = _token(version, key_of(found[-1]))
    if wants_table(request):
        return _table_response(world, request, route.kind, found, version, token, rest, show)
    items = [show(obj) for obj in found]
    if wants_metadata(request):
        body = _metadata_list(items, version, token, rest)
        return Response(200, body)
    return Response(200, list_object(world, route.kind, route.api_version, items, version, token, rest))


def list_object(
    world: World,
    kind: Kind,
    api_version: str,
    items: Sequence[Obj],
    version: str = "",
    token: str = "",
    rest: int = 0,
) -> Obj:
    """`PodList` and the like. Items carry no kind of their own, as upstream sends them."""
    return {
        "kind": f"{kind.kind}List",
        "apiVersion": api_version,
        "metadata": _list_metadata(version or str(world.store.revision), token, rest),
        "items": [
            {name: value for name, value in obj.items() if name not in ("kind", "apiVersion")}
            for obj in items
        ],
    }


def _list_metadata(version: str, token: str, rest: int) -> Obj:
    metadata: Obj = {"resourceVersion": version}
    if token:
        metadata["continue"] = token
        metadata["remainingItemCount"] = rest
    return metadata


def _token(version: str, key: Key) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": int(version), "start": list(key)})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _start(world: World, request: Request, version: str) -> tuple[Key | None, str]:
    """Where a page begins, and the revision of the first page. 410 where that was compacted away."""
    token = request.query.get("continue", "")
    if not token:
        return None, version
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        data = json.loads(text)
        start: Key = (str(data["start"][0]), str(data["start"][1]))
        revision = int(data["rv"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise bad_request("continue key is not valid: illegal base64 data at input byte 0") from error
    if revision < world.store.compacted:
        raise ApiError(
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result. You can start a "
            "new list without the continue parameter.",
        )
    return start, str(revision)


def wants_table(request: Request) -> bool:
    """Whether the Accept header asks for a Table first."""
    return "as=Table" in _accept(request).split(",")[0]


def wants_metadata(request: Request) -> bool:
    """Whether the Accept header asks for metadata only."""
    return "as=PartialObjectMetadata" in _accept(request).split(",")[0]


def _accept(request: Request) -> str:
    return request.headers.get("Accept") or request.headers.get("accept") or ""


def _table_response(
    world: World,
    request: Request,
    kind: Kind,
    found: Sequence[Obj],
    version: str,
    token: str,
    rest: int,
    show: Callable[[Obj], Obj],
) -> Response:
    from k8slab.api.tables import table

    body = table(
        kind,
        found,
        world.now_us,
        resource_version=version,
        include_object=request.query.get("includeObject") or "Metadata",
    )
    body = {**body, "metadata": _list_metadata(version, token, rest)}
    return Response(200, body)


def _metadata_of(obj: Obj) -> Obj:
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": obj["metadata"],
    }


def _metadata_list(items: Sequence[Obj], version: str, token: str, rest: int) -> Obj:
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": _list_metadata(version, token, rest),
        "items": [_metadata_of(obj) for obj in items],
    }


def single(world: World, request: Request, kind: Kind, api_version: str, obj: Obj, code: int) -> Response:
    """One object in the form that the Accept header asks for."""
    if wants_table(request):
        from k8slab.api.tables import table

        body: Any = table(
            kind,
            [obj],
            world.now_us,
            resource_version=obj["metadata"].get("resourceVersion", ""),
            include_object=request.query.get("includeObject") or "Metadata",
        )
        return Response(code, body)
    if wants_metadata(request):
        return Response(code, _metadata_of(obj))
    return Response(code, obj)
