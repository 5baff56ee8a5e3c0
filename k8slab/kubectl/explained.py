"""What `kubectl explain` tells of: fields of a Go struct, of a custom kind's schema, of an OpenAPI document.

What fields there are and of which types is known here; what they mean is known of those that a custom
kind's own definition describes.

Models the walks of staging/src/k8s.io/kubectl/pkg/explain/v2/templates/plaintext.tmpl, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from k8slab.api.meta import Obj
from k8slab.api.openapi_custom import META, own_schema, with_texts
from k8slab.api.openapi_types import V3_PREFIX, components
from k8slab.api.schema import OBJECT_META, Type, base, struct_of, type_named

_WORDS = {
    "bool": "boolean",
    "int32": "integer",
    "int64": "integer",
    "float64": "number",
    "bytes": "string",
    "time": "string",
    "microtime": "string",
    "duration": "string",
    "quantity": "Quantity",
    "intorstring": "IntOrString",
    "any": "Object",
}


class Explained(NamedTuple):
    """A value: its type as `explain` names it, the fields in it, and what is said of it.

    `struct` tells a type that is met again within itself; a custom kind's types have none.
    """

    type: str
    struct: str = ""
    fields: Callable[[], Mapping[str, Explained]] = dict
    required: bool = False
    enum: tuple[Any, ...] = ()
    description: str = ""
    inner_description: str = ""


# Go structs.


def plain(expression: str) -> str:
    """The type behind pointers and names that aren't structs."""
    while True:
        target = base(expression).lstrip("*")
        if target == expression:
            return target
        expression = target


def struct_within(expression: str) -> Type | None:
    """The struct of a value, of a list's items or of a map's values."""
    found = plain(expression)
    while found.startswith(("[]", "map:")):
        found = plain(found.removeprefix("[]").removeprefix("map:"))
    return struct_of(found) if found.startswith("#") else None


def type_text(expression: str) -> str:
    """A field's type as `explain` names it: `string`, `[]Container`, `map[string]Quantity`."""
    found = plain(expression)
    named = expression.lstrip("*")
    if found == "any" and named.startswith("#"):
        return named.rpartition(".")[2]
    if found.startswith("[]"):
        return f"[]{type_text(found[2:])}"
    if found.startswith("map:"):
        return f"map[string]{type_text(found[4:])}"
    if found.startswith("#"):
        return type_named(found[1:]).name.rpartition(".")[2]
    return _WORDS.get(found, found)


def of_type(expression: str) -> Explained:
    """What is told of a type of the API's own."""
    struct = struct_within(expression)
    name = struct.name if struct is not None else ""
    return Explained(type_text(expression), name, lambda: _fields_of(struct))


def _fields_of(struct: Type | None) -> dict[str, Explained]:
    if struct is None:
        return {}
    return {
        name: of_type(field.type)._replace(required=field.required, enum=tuple(field.enum))
        for name, field in struct.fields.items()
    }


# OpenAPI documents, and the schemas of custom kinds.


def of_custom_kind(schema: Obj) -> Explained:
    """What is told of a custom kind, by what its definition says."""
    schemas = components({OBJECT_META: None})
    object_meta = f"{META}.ObjectMeta"
    return _of_part({**schemas, object_meta: with_texts(schemas[object_meta])}, own_schema(schema, V3_PREFIX))


def of_document(document: Obj, group: str, version: str, kind: str) -> Explained | None:
    """What is told of a kind by the OpenAPI document of its group and version; None where it isn't there."""
    schemas: Obj = document["components"]["schemas"]
    wanted = {"group": group, "version": version, "kind": kind}
    for name, schema in schemas.items():
        if wanted in (schema.get("x-kubernetes-group-version-kind") or ()):
            return _of_reference(schemas, name)
    return None


def _of_reference(schemas: Obj, name: str) -> Explained:
    schema = schemas.get(name) or {}
    kind = schema.get("type") or "object"
    text = name.rpartition(".")[2] if kind == "object" else kind
    return Explained(
        text, name, lambda: _properties(schemas, schema), description=schema.get("description") or ""
    )


def _properties(schemas: Obj, schema: Obj) -> dict[str, Explained]:
    required = schema.get("required") or ()
    properties: Obj = schema.get("properties") or {}
    return {
        name: _of_part(schemas, one)._replace(required=name in required) for name, one in properties.items()
    }


def _of_part(schemas: Obj, schema: Obj) -> Explained:
    """A schema within a document, which may be a reference, a list or a map."""
    inner = schema.get("items") or schema.get("additionalProperties")
    enum, text = tuple(schema.get("enum") or ()), schema.get("description") or ""
    if isinstance(inner, dict):
        found = _of_part(schemas, inner)
        head = "[]" if schema.get("items") else "map[string]"
        told = f"{found.description}\n{found.inner_description}".strip("\n")
        return found._replace(type=f"{head}{found.type}", enum=enum, description=text, inner_description=told)
    if len(schema.get("allOf") or ()) == 1 and not schema.get("properties"):
        found = _of_part(schemas, schema["allOf"][0])
        return found._replace(description=text, inner_description=found.description)
    if "$ref" in schema:
        return _of_reference(schemas, schema["$ref"].rpartition("/")[2])
    kind = schema.get("type") or "object"
    return Explained(
        "Object" if kind == "object" else kind,
        fields=lambda: _properties(schemas, schema),
        enum=enum,
        description=text,
    )
