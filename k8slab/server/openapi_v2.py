"""OpenAPI v2: one document of all groups, for the clients that still read it.

It is made of the documents of version 3, said in the older words.

Models vendor/k8s.io/kube-openapi/pkg/{builder,handler}, v1.36.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from k8slab.api.meta import Obj
from k8slab.cluster.world import World
from k8slab.server import openapi_custom
from k8slab.server.openapi_custom import V2_PREFIX, V3_PREFIX

_QUERY_AND_PATH = ("description", "in", "name", "required")


def document(world: World, built_in: dict[str, bytes], custom: dict[str, Obj]) -> Obj:
    """The whole document; `built_in` and `custom` are the documents of version 3 by their paths."""
    paths: Obj = {}
    definitions: Obj = {}
    for path, one in built_in.items():
        own_paths, own_definitions = built_in_parts(path, one)
        paths.update(own_paths)
        definitions.update(own_definitions)
    for added in custom.values():
        paths.update(_paths(added["paths"]))
    definitions.update((name, one) for _, name, one in openapi_custom.definitions(world, V2_PREFIX))
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.36.2"},
        "paths": paths,
        "definitions": definitions,
    }


@cache
def built_in_parts(path: str, document: bytes) -> tuple[Obj, Obj]:
    """Paths and definitions of one document of built-in kinds: always the same, and so kept."""
    one: Obj = json.loads(document)
    return _paths(one["paths"]), {
        name: _schema(schema) for name, schema in one["components"]["schemas"].items()
    }


def _schema(value: Any) -> Any:
    """A schema in the words of version 2: references stand alone, and there is no choice of types."""
    if isinstance(value, list):
        return [_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    new: Obj = {}
    for name, one in value.items():
        if name == "properties":
            new[name] = _properties(one)
        elif name == "$ref":
            new[name] = one.replace(V3_PREFIX, V2_PREFIX)
        elif name not in ("allOf", "oneOf"):
            new[name] = _schema(one)
    parts = value.get("allOf") or []
    if len(parts) == 1 and "$ref" in parts[0]:
        new.pop("default", None)
        new["$ref"] = _schema(parts[0])["$ref"]
    if "oneOf" in value:
        new["type"] = "string"
    return new


def _properties(properties: Obj) -> Obj:
    """The schemas of fields, which may well be called `oneOf` or `allOf`."""
    return {name: _schema(one) for name, one in properties.items()}


def _paths(paths: Obj) -> Obj:
    return {path: _path(item) for path, item in paths.items()}


def _path(item: Obj) -> Obj:
    found: Obj = {}
    for method, operation in item.items():
        if method == "parameters":
            found[method] = [_parameter(one) for one in operation]
        else:
            found[method] = _operation(operation)
    return found


def _parameter(parameter: Obj) -> Obj:
    kept = {name: parameter[name] for name in _QUERY_AND_PATH if name in parameter}
    return {**kept, **(parameter.get("schema") or {})}


def _operation(operation: Obj) -> Obj:
    parameters = [_parameter(one) for one in operation.get("parameters") or ()]
    body = operation.get("requestBody")
    new = {name: value for name, value in operation.items() if name != "requestBody"}
    if body is not None:
        content = body["content"]
        schema = _schema(next(iter(content.values()))["schema"])
        parameters.insert(0, {"name": "body", "in": "body", "required": True, "schema": schema})
        new["consumes"] = list(content)
    new["parameters"] = parameters
    new["responses"] = {code: _response(one) for code, one in operation["responses"].items()}
    return new


def _response(response: Obj) -> Obj:
    content = response.get("content") or {}
    found: Obj = {"description": response["description"]}
    for one in content.values():
        if "schema" in one:
            found["schema"] = _schema(one["schema"])
        break
    return found
