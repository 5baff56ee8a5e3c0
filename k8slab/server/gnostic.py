"""The OpenAPI document of version 2 in protobuf, as Go clients read it.

A table of the messages says which part of the document has which number; maps become lists of pairs, and
values of any kind are texts of YAML, for which JSON does.

Models vendor/github.com/google/gnostic-models/openapiv2/OpenAPIv2.proto, v1.36.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

from k8slab.api.meta import Obj
from k8slab.server.protobuf import bytes_field, number_field, tag, text_field

_EXTENSION = "x-"
_ANY = "any"
_SCHEMA_NUMBERS = {
    "multipleOf": (6, "double"),
    "maximum": (7, "double"),
    "exclusiveMaximum": (8, "number"),
    "minimum": (9, "double"),
    "exclusiveMinimum": (10, "number"),
    "maxLength": (11, "number"),
    "minLength": (12, "number"),
    "maxItems": (14, "number"),
    "minItems": (15, "number"),
    "uniqueItems": (16, "number"),
    "maxProperties": (17, "number"),
    "minProperties": (18, "number"),
}
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Document": {
        "swagger": (1, "text"),
        "info": (2, "Info"),
        "paths": (8, "Paths"),
        "definitions": (9, "pairs of Schema"),
    },
    "Info": {"title": (1, "text"), "version": (2, "text")},
    "PathItem": {
        **{method: (number, "Operation") for number, method in enumerate(_METHODS, 2)},
        "parameters": (9, "list of ParametersItem"),
    },
    "Operation": {
        "tags": (1, "list of text"),
        "description": (3, "text"),
        "operationId": (5, "text"),
        "produces": (6, "list of text"),
        "consumes": (7, "list of text"),
        "parameters": (8, "list of ParametersItem"),
        "responses": (9, "Responses"),
        "schemes": (10, "list of text"),
    },
    "BodyParameter": {
        "description": (1, "text"),
        "name": (2, "text"),
        "in": (3, "text"),
        "required": (4, "number"),
        "schema": (5, "Schema"),
    },
    "QueryParameter": {
        "required": (1, "number"),
        "in": (2, "text"),
        "description": (3, "text"),
        "name": (4, "text"),
        "type": (6, "text"),
        "format": (7, "text"),
        "uniqueItems": (20, "number"),
    },
    "PathParameter": {
        "required": (1, "number"),
        "in": (2, "text"),
        "description": (3, "text"),
        "name": (4, "text"),
        "type": (5, "text"),
        "format": (6, "text"),
        "uniqueItems": (19, "number"),
    },
    "Response": {"description": (1, "text"), "schema": (2, "SchemaItem")},
    "Schema": {
        "$ref": (1, "text"),
        "format": (2, "text"),
        "title": (3, "text"),
        "description": (4, "text"),
        "default": (5, _ANY),
        **_SCHEMA_NUMBERS,
        "pattern": (13, "text"),
        "required": (19, "list of text"),
        "enum": (20, f"list of {_ANY}"),
        "additionalProperties": (21, "AdditionalPropertiesItem"),
        "type": (22, "TypeItem"),
        "items": (23, "SchemaItem"),
        "properties": (25, "pairs of Schema"),
        "example": (30, _ANY),
    },
}
"""Each message: of what it is made in JSON, with the number and the kind of every part."""

_EXTENSIONS = {"PathItem": 10, "Operation": 13, "BodyParameter": 6, "Response": 5, "Schema": 31}
"""The number of the extensions of a message."""


def encoded(document: Obj) -> bytes:
    """The bytes of a whole document."""
    return _message("Document", document)


def _message(message: str, value: Any) -> bytes:
    special = _SPECIAL.get(message)
    if special is not None:
        return b"".join(special(value))
    parts = _MESSAGES[message]
    out: list[bytes] = []
    for name in sorted(parts, key=lambda one: parts[one]):
        if value.get(name) is not None:
            out.extend(_fields(*parts[name], value[name]))
    number = _EXTENSIONS.get(message)
    if number is not None:
        names = [name for name in value if name.startswith(_EXTENSION)]
        out.extend(bytes_field(number, _pair(name, _yaml(value[name]))) for name in names)
    return b"".join(out)


def _fields(number: int, kind: str, value: Any) -> Iterator[bytes]:
    """The fields of one part; several where it is a list or a map."""
    if kind.startswith("list of "):
        for one in value:
            yield from _fields(number, kind.removeprefix("list of "), one)
    elif kind.startswith("pairs of "):
        message = kind.removeprefix("pairs of ")
        pairs = (_pair(name, _message(message, one)) for name, one in value.items())
        yield bytes_field(number, b"".join(bytes_field(1, pair) for pair in pairs))
    elif kind == "text":
        yield text_field(number, value)
    elif kind == "number":
        yield number_field(number, int(value))
    elif kind == "double":
        yield tag(number, 1) + struct.pack("<d", value)
    else:
        yield bytes_field(number, _yaml(value) if kind == _ANY else _message(kind, value))


def _pair(name: str, value: bytes) -> bytes:
    return text_field(1, name) + bytes_field(2, value)


def _yaml(value: Any) -> bytes:
    return text_field(2, json.dumps(value, ensure_ascii=False) + "\n")


# Messages that are not made of parts of the same names.


def _paths(value: Obj) -> Iterator[bytes]:
    for path, item in value.items():
        yield bytes_field(2, _pair(path, _message("PathItem", item)))


def _parameter(value: Obj) -> Iterator[bytes]:
    """A parameter: in the body, in the query or in the path."""
    if value["in"] == "body":
        yield bytes_field(1, bytes_field(1, _message("BodyParameter", value)))
        return
    number, message = (3, "QueryParameter") if value["in"] == "query" else (4, "PathParameter")
    yield bytes_field(1, bytes_field(2, bytes_field(number, _message(message, value))))


def _responses(value: Obj) -> Iterator[bytes]:
    for code, one in value.items():
        yield bytes_field(1, _pair(code, bytes_field(1, _message("Response", one))))


def _schema_item(value: Obj) -> Iterator[bytes]:
    yield bytes_field(1, _message("Schema", value))


def _additional(value: Obj | bool) -> Iterator[bytes]:
    yield (
        number_field(2, int(value)) if isinstance(value, bool) else bytes_field(1, _message("Schema", value))
    )


def _type_item(value: str) -> Iterator[bytes]:
    yield text_field(1, value)


_SPECIAL: dict[str, Callable[[Any], Iterator[bytes]]] = {
    "Paths": _paths,
    "ParametersItem": _parameter,
    "Responses": _responses,
    "SchemaItem": _schema_item,
    "AdditionalPropertiesItem": _additional,
    "TypeItem": _type_item,
}
