"""The types of the API as OpenAPI documents describe them, in the words of version 3 and of version 2.

There is no prose in them: names, types, lists, maps, required fields, enums.

Models vendor/k8s.io/kube-openapi/pkg/{builder,builder3}, v1.36.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from k8slab.api import schema
from k8slab.api.meta import Obj

V2_PREFIX = "#/definitions/"
V3_PREFIX = "#/components/schemas/"
_SCALARS: dict[str, Obj] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "float64": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
    "any": {"type": "object"},
}
_OWN: dict[str, Obj] = {
    "quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "intorstring": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    "time": {"type": "string", "format": "date-time"},
    "microtime": {"type": "string", "format": "date-time"},
    "duration": {"type": "string"},
    "any": {"type": "object"},
}
"""Types that marshal themselves, by what the schema calls them."""
_EXTENSIONS = "apiextensions-apiserver.pkg.apis.apiextensions.v1"
_OF_NO_TYPE = tuple(
    f"{_EXTENSIONS}.JSON{name}"
    for name in ("", "SchemaPropsOrArray", "SchemaPropsOrBool", "SchemaPropsOrStringArray")
)
"""Types whose values may be of several types, of which the documents say none."""


def reference_to(name: str) -> str:
    """The reference of version 3 to a type."""
    return f"{V3_PREFIX}{schema.DEFINITION_PREFIX}{name}"


def components(wanted: dict[str, None]) -> Obj:
    """These types and all that they are made of."""
    found: Obj = {}
    todo = [name for name in wanted if name]
    while todo:
        name = todo.pop()
        full = f"{schema.DEFINITION_PREFIX}{name}"
        if full in found or not schema.has_type(name):
            continue
        found[full] = _component(name, todo)
    return dict(sorted(found.items()))


@cache
def _kinds_of() -> dict[str, list[Obj]]:
    found: dict[str, list[Obj]] = {}
    for text, name in schema.kinds_of_types().items():
        api_version, kind = text.split(" ")
        group, _, version = api_version.rpartition("/")
        found.setdefault(name, []).append({"group": group, "kind": kind, "version": version})
    return found


def _component(name: str, todo: list[str]) -> Obj:
    """One type; the names of the types that it needs are added to `todo`."""
    kind = schema.type_named(name)
    if name in _OF_NO_TYPE:
        return {}
    if not kind.is_struct:
        return dict(_OWN.get(kind.same_as) or _type(kind.same_as, todo))
    component: Obj = {"type": "object"}
    properties = {field.name: _property(field, todo) for field in kind.fields.values()}
    if properties:
        component["properties"] = properties
    required = [field.name for field in kind.fields.values() if field.required]
    if required:
        component["required"] = required
    if kind.map_type:
        component["x-kubernetes-map-type"] = kind.map_type
    if kind.unions:
        component["x-kubernetes-unions"] = list(kind.unions)
    if name in _kinds_of():
        component["x-kubernetes-group-version-kind"] = _kinds_of()[name]
    return component


def _property(field: schema.Field, todo: list[str]) -> Obj:
    found = dict(_type(field.type, todo))
    if field.default is not None:
        found["default"] = field.default
    if field.enum:
        found["enum"] = list(field.enum)
    if field.list_type:
        found["x-kubernetes-list-type"] = field.list_type
    if field.list_keys:
        found["x-kubernetes-list-map-keys"] = list(field.list_keys)
    if field.map_type:
        found["x-kubernetes-map-type"] = field.map_type
    if field.strategy:
        found["x-kubernetes-patch-strategy"] = ",".join(field.strategy)
    if field.merge_key:
        found["x-kubernetes-patch-merge-key"] = field.merge_key
    return found


def _type(expression: str, todo: list[str]) -> dict[str, Any]:
    """The schema of a type's expression."""
    expression = expression.removeprefix("*")
    if expression.startswith("[]"):
        return {"type": "array", "items": _type(expression[2:], todo)}
    if expression.startswith("map:"):
        return {"type": "object", "additionalProperties": _type(expression[4:], todo)}
    if not expression.startswith("#"):
        return _SCALARS.get(expression) or _OWN[expression]
    name = expression[1:]
    named = schema.type_named(name)
    if named.is_struct or named.same_as in _OWN:
        todo.append(name)
        return {"allOf": [{"$ref": reference_to(name)}]}
    return _type(named.same_as, todo)


# The words of version 2.


def in_older_words(value: Any) -> Any:
    """A schema in the words of version 2: references stand alone, without choices of types or defaults."""
    if isinstance(value, list):
        return [in_older_words(one) for one in value]
    if not isinstance(value, dict):
        return value
    new: Obj = {}
    for name, one in value.items():
        if name == "properties":
            new[name] = _properties(one)
        elif name == "$ref":
            new[name] = one.replace(V3_PREFIX, V2_PREFIX)
        elif name not in ("allOf", "oneOf", "default"):
            new[name] = in_older_words(one)
    parts = value.get("allOf") or []
    if len(parts) == 1 and "$ref" in parts[0]:
        new["$ref"] = in_older_words(parts[0])["$ref"]
    if "oneOf" in value:
        new["type"] = "string"
    return new


def _properties(properties: Obj) -> Obj:
    """The schemas of fields, which may well be called `oneOf` or `allOf`."""
    return {name: in_older_words(one) for name, one in properties.items()}
