"""OpenAPI v3: the documents by which kubectl explains, applies and checks.

Each served group and version has a document of its own, made of what the API
server knows of its types: names, types, lists, maps, required fields, enums.
There is no prose in it but what the definitions of custom kinds bring. A
document of built-in kinds is made when it is first asked for and kept, since
it can't change while the server runs; those of custom kinds follow their
definitions.

Models vendor/k8s.io/kube-openapi/pkg/{builder3,handler3}, v1.36.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache, lru_cache

from k8slab.api import openapi_custom, openapi_types, schema
from k8slab.api.kind import Kind, resources
from k8slab.api.meta import Obj
from k8slab.cluster import access, discovery
from k8slab.cluster.custom_kinds import (
    custom_resources,
    definition_of,
    is_custom,
    schema_at,
    selectable_fields,
)
from k8slab.cluster.kinds import virtual_kinds
from k8slab.cluster.negotiation import PATCH_TYPES, accepted_types, header
from k8slab.cluster.request import Request, Response
from k8slab.cluster.world import World
from k8slab.server import answers, gnostic, openapi_v2

ROOT = "/openapi/v3"
OLDER = "/openapi/v2"
_OLDER_MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_OLDER_SUBTYPES = tuple(f"com.github.proto-openapi.spec.v2{sign}v1.0+protobuf" for sign in ".@")
_META = "apimachinery.pkg.apis.meta.v1"


def answer(world: World, request: Request, prefix: str) -> Response:
    """The index of the documents, or one of them, seen by a client under the path `prefix`."""
    request = access.identify(world, request)
    access.check(world, access.attributes_of(request))
    wanted = request.path.removeprefix(ROOT).removeprefix("/")
    if request.path == ROOT:
        # Go guesses the type of this one by its first bytes.
        return Response(200, {"paths": _index(world, prefix)}, "text/plain; charset=utf-8")
    described = _described(world).get(wanted)
    if described is not None:
        return _tagged(request, answers.json_bytes(described))
    custom = _custom_documents(world)
    place = _places().get(wanted)
    if wanted in custom:
        return _tagged(request, answers.json_bytes(custom[wanted]))
    if place is None:
        return Response(404, "", "")
    return _tagged(request, _document(*place))


def _tagged(request: Request, body: bytes) -> Response:
    """A document with the tag by which a client asks whether it has changed."""
    tag = f'"{_digest(body)}"'
    if header(request, "If-None-Match") == tag:
        return Response(304, "", headers={"Etag": tag})
    return Response(200, body, headers={"Etag": tag})


def _digest(body: bytes) -> str:
    return hashlib.sha512(body).hexdigest().upper()


def older_answer(world: World, request: Request) -> Response:
    """The document of the older form, as JSON or as the protobuf that Go clients read.

    Its tag is that of the JSON in both forms. 406 without a word where neither is accepted.
    """
    request = access.identify(world, request)
    access.check(world, access.attributes_of(request))
    media_type = next(filter(None, map(_older_media_type, accepted_types(request))), "")
    if not media_type:
        return Response(406, "", headers={"Vary": "Accept"})
    body = _older(world)
    response = _tagged(request, body)
    response = response._replace(content_type=media_type, headers={**response.headers, "Vary": "Accept"})
    if response.code == 200 and media_type == _OLDER_MEDIA_TYPE:
        return response._replace(body=_older_in_protobuf(body))
    return response


def _older_media_type(clause: str) -> str:
    """What is sent to a client that accepts this; empty for what isn't known."""
    first, _, second = clause.partition("/")
    if first not in ("application", "*"):
        return ""
    if second in ("json", "*"):
        return "application/json"
    return _OLDER_MEDIA_TYPE if second in _OLDER_SUBTYPES else ""


@lru_cache(maxsize=2)
def _older_in_protobuf(body: bytes) -> bytes:
    return gnostic.encoded(json.loads(body))


@cache
def _places() -> dict[str, tuple[str, str]]:
    """Group and version of each built-in document by its path."""
    found = {(group, version): None for group, version, _ in _resources()}
    return {_path_of(group, version): (group, version) for group, version in sorted(found)}


def _path_of(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


@cache
def _resources() -> dict[tuple[str, str, str], Kind]:
    virtual = {(kind.group, kind.version, kind.plural): kind for kind in virtual_kinds().values()}
    return {**resources(), **virtual}


def _index(world: World, prefix: str) -> Obj:
    hashes = {path: _hash(path) for path in _places()}
    for path, body in _custom_documents(world).items():
        hashes[path] = _digest(answers.json_bytes(body))
    for path, described in _described(world).items():
        hashes[path] = _digest(answers.json_bytes(described))
    return {
        path: {"serverRelativeURL": f"{prefix}{ROOT}/{path}?hash={hashes[path]}"} for path in sorted(hashes)
    }


@cache
def _hash(path: str) -> str:
    """What changes when the document changes, so that a client may keep it."""
    return _digest(_document(*_places()[path]))


@cache
def _document(group: str, version: str) -> bytes:
    """The built-in document of a group and version, as JSON."""
    return answers.json_bytes(_built_in(group, version))


@cache
def _built_in(group: str, version: str) -> Obj:
    served = [
        kind for (one, other, _), kind in sorted(_resources().items()) if (one, other) == (group, version)
    ]
    paths: Obj = {}
    wanted: dict[str, None] = dict.fromkeys(
        (f"{_META}.DeleteOptions", f"{_META}.Status", f"{_META}.WatchEvent")
    )
    for kind in served:
        paths.update(_paths(kind, group, version))
        for name in (kind.kind, f"{kind.kind}List"):
            wanted[schema.type_of_kind(_api_version(group, version), name)] = None
    return _whole(paths, openapi_types.components(wanted))


def _whole(paths: Obj, schemas: Obj) -> Obj:
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.2"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


# Discovery itself.

_OF_DISCOVERY = {
    ".well-known/openid-configuration": ("WellKnown", "getServiceAccountIssuerOpenIDConfiguration"),
    "api": ("core", "getCoreAPIVersions"),
    "apis": ("apis", "getAPIVersions"),
    "openid/v1/jwks": ("openid", "getServiceAccountIssuerOpenIDKeyset"),
    "version": ("version", "getCodeVersion"),
}
"""Paths that are described by themselves: each with its tag and the name of its operation."""


def _described(world: World) -> dict[str, Obj]:
    """The documents of paths at which a client finds out what there is, by their paths."""
    found = {path: _read_only(path, tag, name) for path, (tag, name) in _OF_DISCOVERY.items()}
    built_in = {group for group, _, _ in _resources()}
    for group in discovery.groups_of(world):
        if group in built_in and group:
            words = group.removesuffix(".k8s.io").split(".")
            name = f"get{''.join(word[:1].upper() + word[1:] for word in words)}APIGroup"
            found[f"apis/{group}"] = _read_only(f"apis/{group}", "_".join(words), name)
    return found


def _read_only(path: str, tag: str, name: str) -> Obj:
    """The document of a path that can only be read."""
    content: Obj = {"application/json": {"schema": {"type": "string"}}}
    operation: Obj = {
        "tags": [tag],
        "operationId": name,
        "responses": {
            "200": {"description": "OK", "content": content},
            "401": {"description": "Unauthorized"},
        },
    }
    slash = "" if path == "version" else "/"
    return _whole({f"/{path}{slash}": {"get": operation}}, {})


# Custom kinds.


def _custom_documents(world: World) -> dict[str, Obj]:
    """The documents of the groups and versions that definitions add, by their paths.

    A definition in a group and version of built-in kinds joins their document.
    """
    paths: dict[tuple[str, str], Obj] = {}
    schemas: dict[tuple[str, str], Obj] = {}
    for (group, version, _), kind in custom_resources(world).items():
        paths.setdefault((group, version), {}).update(_paths(kind, group, version))
    for place, name, one in _custom_definitions(world, openapi_types.V3_PREFIX):
        schemas.setdefault(place, {})[name] = one
    found: dict[str, Obj] = {}
    for place, own in paths.items():
        names = ("ObjectMeta", "ListMeta", "DeleteOptions", "Status", "WatchEvent")
        shared = openapi_types.components(dict.fromkeys(f"{_META}.{name}" for name in names))
        object_meta = f"{schema.DEFINITION_PREFIX}{_META}.ObjectMeta"
        shared[object_meta] = openapi_custom.with_texts(shared[object_meta])
        path = _path_of(*place)
        before = _built_in(*place) if path in _places() else _whole({}, {})
        all_schemas = {**before["components"]["schemas"], **shared, **schemas.get(place, {})}
        found[path] = _whole({**before["paths"], **own}, dict(sorted(all_schemas.items())))
    return found


def _custom_definitions(world: World, prefix: str) -> Iterator[tuple[tuple[str, str], str, Obj]]:
    """Each schema of a custom kind and of its list: (group, version), name, schema."""
    for (group, version, _), kind in custom_resources(world).items():
        definition = definition_of(world, kind)
        if definition is None:
            continue
        names = definition["spec"]["names"]
        model = openapi_custom.model_name(group, version, kind.kind)
        fields = selectable_fields(definition, version)
        schema = openapi_custom.own_schema(schema_at(definition, version), prefix)
        list_kind = names.get("listKind") or f"{kind.kind}List"
        listed = openapi_custom.listed_schema(kind.plural, list_kind, kind.kind, prefix + model, prefix)
        for name, one in ((kind.kind, schema), (list_kind, listed)):
            shown = {
                **one,
                "x-kubernetes-group-version-kind": [{"group": group, "kind": name, "version": version}],
            }
            if fields:
                shown["x-kubernetes-selectable-fields"] = [{"fieldPath": path} for path in fields]
            yield (group, version), openapi_custom.model_name(group, version, name), shown


def _older(world: World) -> bytes:
    """The document of version 2."""
    built_in = {path: _document(*place) for path, place in _places().items()}
    return answers.json_bytes(
        openapi_v2.document(
            built_in, _custom_documents(world), _custom_definitions(world, openapi_types.V2_PREFIX)
        )
    )


def _api_version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version


# Paths.

_METHODS = {"get": "get", "create": "post", "update": "put", "patch": "patch", "delete": "delete"}
_ON_COLLECTION = {"list": "get", "create": "post", "deletecollection": "delete"}
_ON_OBJECT = {verb: method for verb, method in _METHODS.items() if verb != "create"}
_PARAMETERS = {
    "get": ("pretty",),
    "post": ("dryRun", "fieldManager", "fieldValidation"),
    "put": ("dryRun", "fieldManager", "fieldValidation"),
    "patch": ("dryRun", "fieldManager", "fieldValidation", "force"),
    "delete": ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"),
}
_LISTING = (
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
    "watch",
)
_TYPES = {
    "allowWatchBookmarks": "boolean",
    "force": "boolean",
    "gracePeriodSeconds": "integer",
    "limit": "integer",
    "orphanDependents": "boolean",
    "sendInitialEvents": "boolean",
    "timeoutSeconds": "integer",
    "watch": "boolean",
}
_ACTIONS = {
    ("list", "get"): "list",
    ("deletecollection", "delete"): "deletecollection",
    ("create", "post"): "post",
    ("update", "put"): "put",
}


def _paths(kind: Kind, group: str, version: str) -> Iterator[tuple[str, Obj]]:
    """The paths of a kind with what can be done there."""
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    asked = {"group": group, "kind": kind.kind, "version": version}
    base = f"{root}/namespaces/{{namespace}}/{kind.plural}" if kind.namespaced else f"{root}/{kind.plural}"
    if kind.namespaced and "list" in kind.verbs:
        yield f"{root}/{kind.plural}", _operations({"list": "get"}, kind, asked, ())
    inside = ("namespace",) if kind.namespaced else ()
    collection = _operations(_ON_COLLECTION, kind, asked, inside)
    if collection:
        yield base, collection
    single = _operations(_ON_OBJECT, kind, asked, ("name", *inside))
    if single:
        yield f"{base}/{{name}}", single
    if kind.has_status:
        table = {verb: _METHODS[verb] for verb in ("get", "update", "patch")}
        yield f"{base}/{{name}}/status", _operations(table, kind, asked, ("name", *inside))


def _operations(table: dict[str, str], kind: Kind, asked: Obj, inside: tuple[str, ...]) -> Obj:
    found: Obj = {}
    for verb, method in table.items():
        if verb in kind.verbs:
            found[method] = _operation(verb, method, asked, custom=is_custom(kind))
    if found and inside:
        found["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "uniqueItems": True}}
            for name in inside
        ]
    return found


def _operation(verb: str, method: str, asked: Obj, *, custom: bool) -> Obj:
    names = _LISTING if verb == "list" else _PARAMETERS[method]
    listed = verb == "list" or verb == "watch"
    shown = f"{asked['kind']}List" if listed else asked["kind"]
    reference = _reference_to(asked["group"], asked["version"], shown, custom=custom)
    if method == "delete":
        reference = openapi_types.reference_to(f"{_META}.Status")
    content = {"application/json": {"schema": {"$ref": reference}}} if reference else {}
    operation: Obj = {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "schema": {"type": _TYPES.get(name, "string"), "uniqueItems": True},
            }
            for name in names
        ],
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": _ACTIONS.get((verb, method), verb),
        "x-kubernetes-group-version-kind": asked,
    }
    if method in ("post", "put") and reference:
        operation["requestBody"] = {
            "required": True,
            "content": {"*/*": {"schema": {"$ref": reference}}},
        }
    if method == "patch":
        offered = [one for one in PATCH_TYPES if not (custom and "strategic" in one)]
        operation["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": {"type": "object"}} for kind in offered},
        }
    return operation


def _reference_to(group: str, version: str, kind: str, *, custom: bool) -> str:
    """The reference to the schema of a kind; empty for a kind without one."""
    if custom:
        return f"{openapi_types.V3_PREFIX}{openapi_custom.model_name(group, version, kind)}"
    name = schema.type_of_kind(_api_version(group, version), kind)
    return openapi_types.reference_to(name) if name else ""
