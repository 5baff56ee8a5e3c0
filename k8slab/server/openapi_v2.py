"""OpenAPI v2: one document of all groups, for the clients that still read it.

It is made of the documents of version 3, said in the older words.

Models vendor/k8s.io/kube-openapi/pkg/{builder,handler}, v1.36.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from k8slab.api.meta import Obj
from k8slab.cluster.world import World
from k8slab.server import openapi_custom
from k8slab.server.openapi_custom import V2_PREFIX, V3_PREFIX

_QUERY_AND_PATH = ("description", "in", "name", "required")


def document(world: World, built_in: dict[str, Obj], custom: dict[str, Obj]) -> Obj:
    """The whole document; `built_in` and `custom` are the documents of version 3 by their paths."""
    paths, definitions = _built_in(_Documents(built_in))
    added_paths: Obj = {}
    for one in custom.values():
        added_paths.update(_paths(one["paths"]))
    added = {name: schema for _, name, schema in openapi_custom.definitions(world, V2_PREFIX)}
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.36.2"},
        "paths": {**paths, **added_paths},
        "definitions": {**definitions, **added},
    }


class _Documents(dict[str, Obj]):
    """The built-in documents: always the same, so that what is made of them is kept."""

    def __hash__(self) -> int:  # type: ignore[override]
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Documents) and list(self) == list(other)


@cache
def _built_in(documents: _Documents) -> tuple[Obj, Obj]:
    paths: Obj = {}
    definitions: Obj = {}
    for one in documents.values():
        paths.update(_paths(one["paths"]))
        for name, schema in one["components"]["schemas"].items():
            definitions[name] = _schema(schema)
    return paths, definitions


def _schema(value: Any) -> Any:
    """A schema in the words of version 2: references stand alone, and there is no choice of types."""
    if isinstance(value, list):
        return [_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    new = {name: _schema(one) for name, one in value.items() if name not in ("allOf", "oneOf")}
    parts = value.get("allOf") or ()
    if len(parts) == 1 and "$ref" in parts[0]:
        new.pop("default", None)
        new["$ref"] = parts[0]["$ref"].replace(V3_PREFIX, V2_PREFIX)
    if "oneOf" in value:
        new["type"] = "string"
    return new


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
            found["schema"] = {"$ref": one["schema"]["$ref"].replace(V3_PREFIX, V2_PREFIX)}
        break
    return found
