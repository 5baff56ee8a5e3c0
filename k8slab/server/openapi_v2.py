"""OpenAPI v2: one document of all groups, for the clients that still read it.

It is made of the documents of version 3, said in the older words.

Models vendor/k8s.io/kube-openapi/pkg/{builder,handler}, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache

from k8slab.api.meta import Obj
from k8slab.api.openapi_types import in_older_words

_QUERY_AND_PATH = ("description", "in", "name", "required")


def document(
    built_in: dict[str, bytes],
    custom: dict[str, Obj],
    custom_definitions: Iterable[tuple[tuple[str, str], str, Obj]],
) -> Obj:
    """The whole document; `built_in` and `custom` are the documents of version 3 by their paths."""
    paths: Obj = {}
    definitions: Obj = {}
    for path, one in built_in.items():
        own_paths, own_definitions = built_in_parts(path, one)
        paths.update(own_paths)
        definitions.update(own_definitions)
    for added in custom.values():
        paths.update(_paths(added["paths"]))
    definitions.update((name, one) for _, name, one in custom_definitions)
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
        name: in_older_words(schema) for name, schema in one["components"]["schemas"].items()
    }


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
        schema = in_older_words(next(iter(content.values()))["schema"])
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
            found["schema"] = in_older_words(one["schema"])
        break
    return found
