"""sample-apiserver: the API server of its own that upstream puts behind the aggregator.

It serves flunders and fischers of `wardle.example.com` and keeps them in the
etcd that it is told of. Of an API server's many ways it has creates, reads,
lists, replacements, merge patches and deletes; what else it is asked is
refused as a method that is not allowed. Who asks was judged before it.

Models staging/src/k8s.io/sample-apiserver, v1.36.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from k8slab.api.meta import Obj
from k8slab.api.patch import merge_patch
from k8slab.api.selector_text import parse_label_selector
from k8slab.api.selectors import matches
from k8slab.clock import timestamp
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs._go import flags
from k8slab.containers.programs._http import response
from k8slab.containers.requests import Answer, Call, Now, Request

_GROUP = "wardle.example.com"
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update"]
_SERVED = {"v1alpha1": ("fischers", "flunders"), "v1beta1": ("flunders",)}
_KINDS = {"fischers": ("Fischer", False), "flunders": ("Flunder", True)}
_HEALTH = ("/healthz", "/livez", "/readyz")
_REVISION = "/registry/revision"

Handling = Generator[Request, Any, Any]


class _Place(NamedTuple):
    """What a path names."""

    version: str
    plural: str
    namespace: str
    name: str

    @property
    def prefix(self) -> str:
        """Where the objects are in etcd."""
        parts = ["/registry", _GROUP, self.plural, *((self.namespace,) if self.namespace else ())]
        return f"{'/'.join(parts)}/"


class _RefusedError(Exception):
    """A request that is refused: its code, reason and message."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        self.code, self.reason, self.message = code, reason, message


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    path, _, text = call.payload["path"].partition("?")
    query = dict(parse_qsl(text))
    if path.rstrip("/") in _HEALTH:
        return response(200, "ok")
    found = _described(path.rstrip("/"))
    if found is not None:
        return _said(200, found)
    place = _place_of(path)
    if place is None:
        return response(404, "404 page not found\n")
    try:
        code, body = yield from _done(context, call.payload, place, query)
    except _RefusedError as error:
        return _said(error.code, _status(error.code, error.reason, error.message))
    return _said(code, body)


def _said(code: int, body: Obj) -> Answer:
    return response(code, json.dumps(body), {"Content-Type": "application/json"})


def _status(code: int, reason: str, message: str) -> Obj:
    status = "Success" if code < 400 else "Failure"
    base: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": status}
    return base if code < 400 else {**base, "message": message, "reason": reason, "code": code}


# What there is.


def _described(path: str) -> Obj | None:
    """The documents of discovery."""
    versions = [{"groupVersion": f"{_GROUP}/{one}", "version": one} for one in ("v1beta1", "v1alpha1")]
    group = {"name": _GROUP, "versions": versions, "preferredVersion": versions[0]}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}
    if path == f"/apis/{_GROUP}":
        return {"kind": "APIGroup", "apiVersion": "v1", **group}
    version = path.removeprefix(f"/apis/{_GROUP}/")
    if version not in _SERVED:
        return None
    resources = [
        {
            "name": plural,
            "singularName": _KINDS[plural][0].lower(),
            "namespaced": _KINDS[plural][1],
            "kind": _KINDS[plural][0],
            "verbs": _VERBS,
        }
        for plural in _SERVED[version]
    ]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{_GROUP}/{version}",
        "resources": resources,
    }


def _place_of(path: str) -> _Place | None:
    parts = [part for part in path.split("/") if part]
    if parts[:2] != ["apis", _GROUP] or len(parts) < 4 or parts[2] not in _SERVED:
        return None
    version, rest, namespace = parts[2], parts[3:], ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    if rest[0] not in _SERVED[version] or len(rest) > 2:
        return None
    return _Place(version, rest[0], namespace, rest[1] if len(rest) > 1 else "")


# What is done.


def _done(context: Context, payload: Obj, place: _Place, query: dict[str, str]) -> Handling:
    """The code and body of an answer."""
    verb = payload["method"]
    if not place.name:
        if verb == "POST":
            return (yield from _create(context, payload, place))
        if verb not in ("GET", "DELETE") or query.get("watch") in ("1", "true"):
            raise _not_allowed()
        return (yield from _listed(context, place, query, removing=verb == "DELETE"))
    stored = yield from _stored(context, place)
    if verb == "GET":
        return 200, stored
    if verb == "DELETE":
        yield from _asked(context, "del", f"{place.prefix}{place.name}")
        return 200, _status(200, "", "")
    if verb == "PUT":
        new = _decoded(payload)
    elif verb == "PATCH" and "strategic" not in (payload["headers"].get("Content-Type") or ""):
        new = merge_patch(stored, _decoded(payload))
    else:
        raise _not_allowed()
    wanted = (new.get("metadata") or {}).get("resourceVersion")
    if wanted and wanted != stored["metadata"]["resourceVersion"]:
        text = "the object has been modified; please apply your changes to the latest version and try again"
        named = f'Operation cannot be fulfilled on {place.plural}.{_GROUP} "{place.name}"'
        raise _RefusedError(409, "Conflict", f"{named}: {text}")
    kept = {name: stored["metadata"][name] for name in ("name", "uid", "creationTimestamp")}
    return 200, (yield from _written(context, place, {**new, "metadata": {**new["metadata"], **kept}}))


def _not_allowed() -> _RefusedError:
    text = "the server does not allow this method on the requested resource"
    return _RefusedError(405, "MethodNotAllowed", text)


def _decoded(payload: Obj) -> Obj:
    try:
        found = json.loads(payload["body"] or "null")
    except ValueError as error:
        raise _RefusedError(400, "BadRequest", f"couldn't read the object: {error}") from None
    if not isinstance(found, dict):
        raise _RefusedError(400, "BadRequest", "the object provided is unrecognized")
    return found


def _create(context: Context, payload: Obj, place: _Place) -> Handling:
    obj = _decoded(payload)
    metadata: Obj = obj.get("metadata") or {}
    now_us = yield Now(wall=True)
    unique = hashlib.blake2b(
        f"{place.prefix}|{now_us}|{json.dumps(metadata, sort_keys=True)}".encode(), digest_size=16
    ).hexdigest()
    name = metadata.get("name") or f"{metadata.get('generateName', '')}{unique[:5]}"
    place = place._replace(name=name)
    if (yield from _asked(context, "get", f"{place.prefix}{name}"))["pairs"]:
        raise _RefusedError(409, "AlreadyExists", f'{place.plural}.{_GROUP} "{name}" already exists')
    uid = f"{unique[:8]}-{unique[8:12]}-4{unique[13:16]}-a{unique[17:20]}-{unique[20:]}"
    own = {"name": name, "uid": uid, "creationTimestamp": timestamp(now_us)}
    return 201, (yield from _written(context, place, {**obj, "metadata": {**metadata, **own}}))


def _written(context: Context, place: _Place, obj: Obj) -> Handling:
    """Store an object under the next revision."""
    found = (yield from _asked(context, "get", _REVISION))["pairs"]
    revision = str(int(found[0][1]) + 1 if found else 2)
    metadata = {**obj["metadata"], "resourceVersion": revision}
    if place.namespace:
        metadata["namespace"] = place.namespace
    new = _shown({**obj, "metadata": metadata}, place)
    yield from _asked(context, "put", f"{place.prefix}{place.name}", json.dumps(new, sort_keys=True))
    yield from _asked(context, "put", _REVISION, revision)
    return new


def _shown(obj: Obj, place: _Place) -> Obj:
    """An object in the version that is asked for, with the fields that its kind always has."""
    kind = _KINDS[place.plural][0]
    always: Obj = {"spec": {}, "status": {}} if kind == "Flunder" else {}
    return {
        **obj,
        "kind": kind,
        "apiVersion": f"{_GROUP}/{place.version}",
        **always,
        **_known(obj, always),
    }


def _known(obj: Obj, names: Obj) -> Obj:
    return {name: obj[name] for name in names if isinstance(obj.get(name), dict)}


def _stored(context: Context, place: _Place) -> Handling:
    found = (yield from _asked(context, "get", f"{place.prefix}{place.name}"))["pairs"]
    if not found:
        raise _RefusedError(404, "NotFound", f'{place.plural}.{_GROUP} "{place.name}" not found')
    return _shown(json.loads(found[0][1]), place)


def _listed(context: Context, place: _Place, query: dict[str, str], *, removing: bool) -> Handling:
    """The objects that fit; with `removing` they are deleted."""
    selector = parse_label_selector(query.get("labelSelector", ""))
    pairs = (yield from _asked(context, "get", place.prefix, prefix=True))["pairs"]
    revision = (yield from _asked(context, "get", _REVISION))["pairs"]
    items: list[Obj] = []
    for key, text in pairs:
        obj = json.loads(text)
        if matches(selector, obj["metadata"].get("labels") or {}):
            items.append(_shown(obj, place))
            if removing:
                yield from _asked(context, "del", key)
    return 200, {
        "kind": f"{_KINDS[place.plural][0]}List",
        "apiVersion": f"{_GROUP}/{place.version}",
        "metadata": {"resourceVersion": revision[0][1] if revision else "1"},
        "items": items,
    }


def _asked(context: Context, verb: str, key: str, value: str = "", *, prefix: bool = False) -> Handling:
    """What etcd answers. 500 where it doesn't."""
    given, _ = flags(context.argv[1:])
    endpoint = given.get("etcd-servers", "http://127.0.0.1:2379").partition(",")[0].rpartition("//")[2]
    host, _, port = endpoint.partition(":")
    request = {"verb": verb, "key": key, "value": value, "prefix": prefix}
    answer = yield Call(host, int(port or 2379), "etcd", request)
    if not answer.ok or "error" in answer.payload:
        why = answer.error if not answer.ok else answer.payload["error"]
        raise _RefusedError(500, "InternalError", f"Internal error occurred: etcdserver: {why}")
    pairs = [(name, entry["value"]) for name, entry in answer.payload.get("pairs", ())]
    return {**answer.payload, "pairs": pairs}


def _ports(context: Context) -> tuple[int, ...]:
    given, _ = flags(context.argv[1:])
    return (int(given.get("secure-port") or 443),)


PROGRAM = Family(
    images=("sample-apiserver",),
    entrypoint=("/sample-apiserver",),
    executables={"sample-apiserver": Executable(server=Server("http", _ports, _handle))},
    shell=False,
)
