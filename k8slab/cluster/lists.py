"""Lists: selectors, paging, and the forms in which objects are shown (JSON, Table, metadata only).

Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{get,response}.go,
storage/{selection_predicate,continue}.go, storage/etcd3/{store,compact}.go and the
field labels of pkg/apis/*/*/conversion.go, v1.36.
"""

from __future__ import annotations

import base64
import binascii
import json
import posixpath
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

from k8slab.api.empty_rows import empty_row
from k8slab.api.errors import ApiError, Cause, bad_request
from k8slab.api.json_text import go_quote
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj, dig, key_of
from k8slab.api.selector_text import FieldTerm
from k8slab.api.selectors import EVERYTHING, matches
from k8slab.api.tables import IncludeObject, shown_metadata, table
from k8slab.api.tables import table_of as listing_of
from k8slab.clock import MINUTE_US, START_US
from k8slab.cluster.conversion import converted as converted_by_webhook
from k8slab.cluster.conversion import has_webhook
from k8slab.cluster.custom_kinds import columns_of, definition_of, is_custom
from k8slab.cluster.kinds import is_stored, unstored_objects
from k8slab.cluster.negotiation import Output
from k8slab.cluster.options import ListQuery
from k8slab.cluster.request import Request, Response
from k8slab.cluster.routes import Route
from k8slab.cluster.world import World

COMPACTION_US = 5 * MINUTE_US
"""How often etcd is compacted, each time to where it stood the time before."""

_TOO_OLD_TOKEN = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter, or use the continue token in this response to retrieve the "
    "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
    "that were created, modified, or deleted between the time the first chunk was returned and now may show "
    "up in the list."
)


# Field selectors.

_OWN_WORDS = {
    "Job": "field label {quoted} not supported for Job",
    "ResourceSlice": "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {label}",
}
_WITH_NAMESPACE = ("Pod", "ReplicationController", "Event", "Secret", "Service", "Job")
_ALIASES = {
    "Pod": {"spec.host": "spec.nodeName"},
}
_CONVERTED = (
    "Pod",
    "Node",
    "ReplicationController",
    "Event",
    "Namespace",
    "Secret",
    "Service",
    "Job",
    "CertificateSigningRequest",
    "ResourceSlice",
)
"""Kinds with a list of field labels of their own; the others know name and namespace."""


def field_filter(world: World, route: Route, terms: Sequence[FieldTerm]) -> Callable[[Obj], bool]:
    """Whether a stored object fits a field selector. 400 for a field that the kind doesn't offer."""
    kind = route.kind
    path_of = _field_path
    if is_custom(kind):
        path_of = _custom_field_path
    elif route.group == "events.k8s.io":
        path_of = _new_event_field_path
    checked = [term._replace(path=path_of(route, term.path)) for term in terms]

    def fits(obj: Obj) -> bool:
        return all((_field(kind, obj, path) == value) is equal for path, value, equal in checked)

    if _webhook_of(world, route) is not None and any(not one.path.startswith("metadata.") for one in checked):
        # Fields may have other names in another version, and only the webhook knows which.
        return lambda obj: fits(from_storage(world, route, obj))
    return fits


_NEW_EVENT_LABELS = {
    "metadata.name": "metadata.name",
    "metadata.namespace": "metadata.namespace",
    "reason": "reason",
    "regarding.apiVersion": "involvedObject.apiVersion",
    "regarding.fieldPath": "involvedObject.fieldPath",
    "regarding.kind": "involvedObject.kind",
    "regarding.name": "involvedObject.name",
    "regarding.namespace": "involvedObject.namespace",
    "regarding.resourceVersion": "involvedObject.resourceVersion",
    "regarding.uid": "involvedObject.uid",
    "reportingController": "reportingComponent",
    "type": "type",
}
"""What the field labels of `events.k8s.io` mean in a stored Event (pkg/apis/events/v1/conversion.go)."""


def _new_event_field_path(route: Route, label: str) -> str:
    if label not in _NEW_EVENT_LABELS:
        raise bad_request(f"field label not supported: {label}")
    return _NEW_EVENT_LABELS[label]


def _custom_field_path(route: Route, label: str) -> str:
    """The path that a field label means for a custom kind, in the version that is asked for."""
    kind = route.kind
    fields = kind.fields
    if route.version != kind.version:
        fields = next((one.fields for one in kind.other_versions if one.version == route.version), ())
    if label == "metadata.name" or label in fields or (label == "metadata.namespace" and kind.namespaced):
        return label
    raise bad_request(f"field label not supported: {label}")


def _field_path(route: Route, label: str) -> str:
    """The path that a field label means."""
    kind = route.kind
    if kind.kind not in _CONVERTED:
        if label in ("metadata.name", "metadata.namespace"):
            return label
        raise bad_request(
            f'{go_quote(label)} is not a known field selector: only "metadata.name", "metadata.namespace"'
        )
    alias = _ALIASES.get(kind.kind, {})
    if label == "metadata.name" or label in kind.fields or label in alias:
        return alias.get(label, label)
    if label == "metadata.namespace" and kind.kind in _WITH_NAMESPACE:
        return label
    text = _OWN_WORDS.get(kind.kind, "field label not supported: {label}")
    raise bad_request(text.format(label=label, quoted=json.dumps(label)))


def _field(kind: Kind, obj: Obj, path: str) -> str:
    if kind.kind == "Event" and path == "source":
        return str(dig(obj, "source", "component", default="") or obj.get("reportingComponent", ""))
    value = dig(obj, *path.split("."))
    if path == "status.podIPs":
        value = ",".join(one.get("ip", "") for one in value or ())
    if value is None:
        value = _ABSENT.get(path, "")
    return str(value).lower() if isinstance(value, bool) else str(value)


_ABSENT = {
    "spec.hostNetwork": "false",
    "spec.unschedulable": "false",
    "status.replicas": "0",
    "status.successful": "0",
}
"""What a field that is not there counts as."""


# What is listed.


def fitting(world: World, route: Route, query: ListQuery) -> Callable[[Obj], bool]:
    """Whether an object is among those that a path and its selectors name."""
    fits = field_filter(world, route, query.terms)
    selector, namespace, name = query.selector, route.namespace, route.name

    def wanted(obj: Obj) -> bool:
        metadata = obj["metadata"]
        if namespace and metadata.get("namespace", "") != namespace:
            return False
        if name and metadata["name"] != name:
            return False
        return matches(selector, metadata.get("labels") or {}) and fits(obj)

    return wanted


def selected(world: World, route: Route, query: ListQuery) -> list[Obj]:
    """The objects that a path and its selectors name, as they are now, in order of key."""
    wanted = fitting(world, route, query)
    if not is_stored(route.kind):
        return [obj for obj in unstored_objects(world, route.kind, route.namespace) if wanted(obj)]
    found = world.store.list(
        route.kind.kind, namespace=route.namespace or None, selector=query.selector or None
    )
    return sorted((obj for obj in found if wanted(obj)), key=_order)


def _selected_at(world: World, route: Route, query: ListQuery, revision: int) -> list[Obj]:
    """The objects as they were at an earlier revision."""
    if revision >= world.store.revision:
        return selected(world, route, query)
    objects = {key_of(obj): obj for obj in world.store.list(route.kind.kind)}
    for change in reversed(list(world.store.changes_since(revision))):
        if change.kind == route.kind.kind:
            if change.old is None:
                objects.pop(change.key, None)
            else:
                objects[change.key] = change.old
    wanted = fitting(world, route, query)
    return sorted((obj for obj in objects.values() if wanted(obj)), key=_order)


def _order(obj: Obj) -> str:
    """The text by which etcd sorts: in it `a-b/x` comes before `a/x`."""
    metadata = obj["metadata"]
    return f"{metadata.get('namespace', '')}/{metadata['name']}"


def _intervals(world: World) -> int:
    """How many times etcd was compacted since the lab began."""
    return (world.now_us - START_US) // COMPACTION_US


def _is_forgotten(world: World, revision: int, interval: int) -> bool:
    """Whether a list at a revision, begun so many intervals after the start, can't be gone on with.

    Upstream heartbeats are writes, so at the second compaction after the list
    began its revision is one of those that are dropped, whatever else was
    written. Here they are none; but the token knows when it was made.
    """
    return revision < compacted_revision(world) or _intervals(world) >= interval + 2


def compacted_revision(world: World) -> int:
    """Up to which revision etcd has forgotten what was: where it stood one to two intervals ago."""
    intervals = _intervals(world)
    if intervals < 2:
        return world.store.compacted
    until_us = START_US + (intervals - 1) * COMPACTION_US
    history = world.store.history
    place = bisect_right(history, until_us, key=lambda change: change.at_us)
    return max(world.store.compacted, history[place - 1].revision if place else 0)


class _Page(NamedTuple):
    """A page of a list: its objects, the revision of the whole list, and what follows."""

    objects: list[Obj]
    version: int
    token: str = ""
    remaining: int | None = None


def _page(world: World, route: Route, query: ListQuery) -> _Page:
    if query.token:
        return _next_page(world, route, query)
    version = _list_version(world, query)
    return _cut(world, route, query, version, _intervals(world))


def _list_version(world: World, query: ListQuery) -> int:
    """At which revision to list. 400 for a malformed one, 410 for one that is gone, 504 for one to come.

    Beside a limit, a revision always meant just that one (cacher/delegator, "legacy exact match").
    """
    now = world.store.revision
    if not query.version:
        return now
    wanted = _parsed_version(query.version, "invalid resource version: ")
    if wanted > now:
        raise too_large(wanted, now)
    if query.match != "Exact" and (query.match or query.limit <= 0 or not wanted):
        return now
    if wanted < compacted_revision(world):
        text = "The resourceVersion for the provided list is too old."
        raise ApiError(410, "Expired", text)
    return wanted


def too_large(wanted: int, now: int) -> ApiError:
    """504 for a version that is yet to come."""
    text = f"Timeout: Too large resource version: {wanted}, current: {now}"
    cause = Cause("ResourceVersionTooLarge", "Too large resource version")
    return ApiError(504, "Timeout", text, [cause], {"retryAfterSeconds": 1})


def _parsed_version(text: str, prefix: str) -> int:
    fault = version_fault(text)
    if fault:
        raise bad_request(f"{prefix}{fault}")
    return int(text)


def check_version(text: str) -> None:
    """400 for a resourceVersion that is none."""
    _parsed_version(text, "invalid resource version: ")


def version_fault(text: str) -> str:
    """What is wrong with a resourceVersion, in upstream's words; empty for a good one."""
    if not (text.isascii() and text.isdigit()):
        why = "invalid syntax"
    elif int(text) >= 2**64:
        why = "value out of range"
    else:
        return ""
    return (
        f"resourceVersion: Invalid value: {json.dumps(text)}: "
        f"strconv.ParseUint: parsing {json.dumps(text)}: {why}"
    )


def _next_page(world: World, route: Route, query: ListQuery) -> _Page:
    if query.version not in ("", "0"):
        raise bad_request("specifying resource version is not allowed when using continue")
    start, revision, interval = _read_token(query.token)
    if revision > world.store.revision:
        raise too_large(revision, world.store.revision)
    if revision > 0 and _is_forgotten(world, revision, interval):
        error = ApiError(410, "Expired", _TOO_OLD_TOKEN)
        error.metadata = {"continue": _token(-1, start)}
        raise error
    version = revision if revision > 0 else world.store.revision
    interval = interval if revision > 0 else _intervals(world)
    return _cut(world, route, query, version, interval, start)


def _cut(world: World, route: Route, query: ListQuery, version: int, interval: int, start: str = "") -> _Page:
    """A page from a place on.

    That there is more means that something lies behind the page, whether a selector would take it or not;
    and with a selector nobody says how much. A list at revision 0 comes whole from the watch cache.
    """
    found = [obj for obj in _selected_at(world, route, query, version) if _place(route, obj) >= start]
    if query.limit <= 0 or query.version == "0" or len(found) < query.limit:
        return _Page(found, version)
    objects = found[: query.limit]
    end = _place(route, objects[-1])
    if not query.selector and not query.terms:
        remaining = len(found) - query.limit
        return _Page(
            objects, version, _token(version, f"{end}\0", interval) if remaining else "", remaining or None
        )
    named = any(term.path == "metadata.name" and term.equal for term in query.terms)
    everything = (
        () if named else _selected_at(world, route, query._replace(selector=EVERYTHING, terms=()), version)
    )
    more = any(_place(route, obj) > end for obj in everything)
    return _Page(objects, version, _token(version, f"{end}\0", interval) if more else "")


def _place(route: Route, obj: Obj) -> str:
    """Where an object stands in the order of etcd's keys, below the prefix of the list."""
    metadata = obj["metadata"]
    if route.kind.namespaced and not route.namespace:
        return f"{metadata['namespace']}/{metadata['name']}"
    name: str = metadata["name"]
    return name


def _token(revision: int, start: str, interval: int | None = None) -> str:
    """What a client sends to get the next page; `interval` is when the list began (see `_is_forgotten`)."""
    content: Obj = {"v": "meta.k8s.io/v1", "rv": revision, "start": start}
    if interval is not None:
        content["interval"] = interval
    text = json.dumps(content, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[str, int, int]:
    """From where and at which revision to go on, and when the list began. 400 for a token that is none."""
    problem = "continue key is not valid"
    fault, data = _decoded_token(token)
    if fault:
        raise bad_request(f"invalid continue token: {problem}: {fault}")
    version, revision, start = data.get("v") or "", data.get("rv") or 0, data.get("start") or ""
    if version != "meta.k8s.io/v1":
        text = f"{problem}: server does not recognize this encoded version {version}"
        raise bad_request(f"invalid continue token: {text}")
    if not revision:
        text = f"{problem}: incorrect encoded start resourceVersion (version meta.k8s.io/v1)"
        raise bad_request(f"invalid continue token: {text}")
    if not start:
        text = f"{problem}: encoded start key empty (version meta.k8s.io/v1)"
        raise bad_request(f"invalid continue token: {text}")
    rooted = start if start.startswith("/") else f"/{start}"
    if posixpath.normpath(rooted) != rooted or rooted.startswith("//"):
        raise bad_request(f"invalid continue token: {problem}: {start}")
    interval = data.get("interval")
    began = interval if isinstance(interval, int) else 0
    return start.removeprefix("/"), revision, began


_TOKEN_FIELDS: dict[str, tuple[str, type]] = {
    "v": ("string", str),
    "rv": ("int64", int),
    "start": ("string", str),
}


def _decoded_token(token: str) -> tuple[str, Obj]:
    """What is wrong with a token, in Go's words, or what it says."""
    illegal = re.search("[^A-Za-z0-9_-]", token)
    if illegal is not None:
        return f"illegal base64 data at input byte {illegal.start()}", {}
    try:
        data = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError as error:
        return _decoding_fault(token, error), {}
    if data is None:
        return "", {}
    from k8slab.api.unmarshal import json_kind

    if not isinstance(data, dict):
        return f"json: cannot unmarshal {json_kind(data)} into Go value of type storage.continueToken", {}
    for name, (go_type, python_type) in _TOKEN_FIELDS.items():
        value = data.get(name)
        if value is None or (isinstance(value, python_type) and not isinstance(value, bool)):
            continue
        shown = f"number {value}" if isinstance(value, float) else json_kind(value)
        return (
            f"json: cannot unmarshal {shown} into Go struct field continueToken.{name} of type {go_type}",
            {},
        )
    return "", data


def _decoding_fault(token: str, error: Exception) -> str:
    if isinstance(error, binascii.Error):
        return f"illegal base64 data at input byte {len(token) // 4 * 4}"
    from k8slab.api.json_text import syntax_error

    return syntax_error(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))


# Answers.


def listing(
    world: World, request: Request, route: Route, query: ListQuery, output: Output, show: Callable[[Obj], Obj]
) -> Response:
    """Answer a list request, a page of it where there is a limit."""
    found, metadata = page(world, route, query)
    return Response(200, list_body(world, request, route, output, metadata, found, show))


def page(world: World, route: Route, query: ListQuery) -> tuple[list[Obj], Obj]:
    """The objects that a query names, a page of them where there is a limit, and the list's metadata."""
    cut = _page(world, route, query)
    metadata: Obj = {"resourceVersion": str(cut.version)}
    if cut.token:
        metadata["continue"] = cut.token
    if cut.remaining is not None:
        metadata["remainingItemCount"] = cut.remaining
    return cut.objects, metadata


def list_body(
    world: World,
    request: Request,
    route: Route,
    output: Output,
    metadata: Obj,
    objects: Sequence[Obj],
    show: Callable[[Obj], Obj],
) -> Obj:
    """A list in the form that the client accepts; `show` adds what is not stored, such as managedFields."""
    shown = [show(obj) for obj in objects]
    if output.convert == "Table":
        return {**table_of(world, request, route, output, shown), "metadata": metadata}
    items = all_from_storage(world, route, shown)
    if output.convert == "PartialObjectMetadata":
        name = _go_type(route.kind, "List")
        text = f"you requested PartialObjectMetadata, but the requested object is a list ({name})"
        raise ApiError(406, "NotAcceptable", text)
    if output.convert:
        version = f"meta.k8s.io/{output.convert_version}"
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": version,
            "metadata": metadata,
            "items": [_metadata_of(obj, version) for obj in items],
        }
    if is_custom(route.kind):
        metadata = {"continue": "", **metadata}
    return {
        "kind": f"{route.kind.kind}List",
        "apiVersion": route.api_version,
        "metadata": metadata,
        # Items carry no kind of their own, as upstream sends them; but custom ones do.
        "items": items
        if is_custom(route.kind)
        else [
            {name: value for name, value in obj.items() if name not in ("kind", "apiVersion")}
            for obj in items
        ],
    }


def _go_type(kind: Kind, suffix: str) -> str:
    """What Go calls the type in which the server holds an object of a kind, or a list of them."""
    if is_custom(kind):
        return f"*unstructured.Unstructured{suffix}"
    package = kind.group.partition(".")[0] or "core"
    return f"*{package}.{kind.kind}{suffix}"


_INCLUDED = ("Metadata", "None", "Object", "")


def table_of(
    world: World,
    request: Request,
    route: Route,
    output: Output,
    objects: Sequence[Obj],
    *,
    headers: bool = True,
) -> Obj:
    """Objects in their stored version as a Table. 400 for an `includeObject` that there is not."""
    included = request.query.get("includeObject", "")
    if included not in _INCLUDED:
        text = "must be 'Metadata', 'Object', 'None', or empty"
        fault = f"includeObject: Invalid value: {json.dumps(included)}: {text}"
        raise bad_request(f"Unable to convert to Table as requested: {fault}")
    body = table(
        route.kind,
        objects,
        world.now_us,
        include_object=cast(IncludeObject, included or "Metadata"),
        headers=headers,
        printer_columns=columns_of(world, route.kind, route.version),
        present=lambda obj: from_storage(world, route, obj),
    )
    if output.convert_version != "v1":
        version = f"meta.k8s.io/{output.convert_version}"
        rows = [
            {**row, "object": {**row["object"], "apiVersion": version}}
            if included in ("", "Metadata")
            else row
            for row in body["rows"]
        ]
        body = {**body, "apiVersion": version, "rows": rows}
    return body


def table_of_bookmark(
    world: World, request: Request, route: Route, output: Output, mark: Obj, *, headers: bool
) -> Obj:
    """The object of a bookmark as a Table: a row that says nothing, which holds the mark."""
    body = table_of(world, request, route, output, [], headers=headers)
    columns = columns_of(world, route.kind, route.version)
    cells = empty_row(route.kind.kind) if columns is None else None
    if cells is None:
        cells = ["", *[None for _ in listing_of(route.kind, columns).columns[1:]]]
    is_whole = request.query.get("includeObject") == "Object"
    held = mark if is_whole else _metadata_of(mark, f"meta.k8s.io/{output.convert_version}")
    version = mark["metadata"]["resourceVersion"]
    return {**body, "metadata": {"resourceVersion": version}, "rows": [{"cells": cells, "object": held}]}


def _metadata_of(obj: Obj, version: str) -> Obj:
    return {"kind": "PartialObjectMetadata", "apiVersion": version, "metadata": shown_metadata(obj)}


def converted(
    world: World, request: Request, route: Route, output: Output, obj: Obj, *, headers: bool = True
) -> Obj:
    """One object in its stored version in the form that the client accepts."""
    if not output.convert:
        return from_storage(world, route, obj)
    if output.convert == "Table":
        body = table_of(world, request, route, output, [obj], headers=headers)
        version = obj["metadata"].get("resourceVersion")
        return {**body, "metadata": {"resourceVersion": version} if version else {}}
    if output.convert == "PartialObjectMetadataList":
        if is_custom(route.kind):  # which Go holds as what may be a list
            raise ApiError(500, "", "content is not a list")
        name = _go_type(route.kind, "")
        text = f"you requested PartialObjectMetadataList, but the requested object is not a list ({name})"
        raise ApiError(406, "NotAcceptable", text)
    return _metadata_of(obj, f"meta.k8s.io/{output.convert_version}")


def to_storage(world: World, route: Route, obj: Obj) -> Obj:
    """The object in the version in which its kind is stored. ApiError 500 where a webhook fails."""
    definition = _webhook_of(world, route)
    if definition is not None:
        return converted_by_webhook(world, definition, [obj], route.kind.api_version)[0]
    for other in route.kind.other_versions:
        if (other.group, other.version) == (route.group, route.version):
            return other.to_storage(obj)
    return obj


def from_storage(world: World, route: Route, obj: Obj) -> Obj:
    """The stored object in the version that the client asked in. ApiError 500 where a webhook fails.

    A custom object is read as its definition has it now, whatever it was when the object was stored.
    """
    return all_from_storage(world, route, [obj])[0]


def all_from_storage(world: World, route: Route, objects: Sequence[Obj]) -> list[Obj]:
    """Several objects in that version, for which a webhook is asked once."""
    definition = _webhook_of(world, route) if objects else None
    if definition is not None:
        objects = converted_by_webhook(world, definition, objects, route.api_version)
    for other in route.kind.other_versions:
        if (other.group, other.version) == (route.group, route.version):
            return [other.from_storage(obj) for obj in objects]
    if not is_custom(route.kind):
        return list(objects)
    # What was stored before the definition chose another version to store is of another version still.
    return [
        route.kind.default(
            obj if obj.get("apiVersion") == route.api_version else {**obj, "apiVersion": route.api_version}
        )
        for obj in objects
    ]


def _webhook_of(world: World, route: Route) -> Obj | None:
    """The definition of a custom kind whose objects a webhook converts."""
    if not is_custom(route.kind) or not route.kind.other_versions:
        return None
    definition = definition_of(world, route.kind)
    return definition if has_webhook(definition) else None
