"""Schemas of custom resources: they must be structural, and use only what the server knows.

CEL rules and the pruning of defaults are not looked at.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation.go and
pkg/apis/apiextensions/validation/validation.go (ValidateCustomResourceDefinitionOpenAPISchema), v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_ROOT, _ITEM, _FIELD = "at the root", "for specified array items", "for specified object fields"
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"
_EITHER = "x-kubernetes-int-or-string"
_NESTED_FORBIDDEN = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    (_PRESERVE, "must be false to be structural"),
    (_EMBEDDED, "must be false to be structural"),
    (_EITHER, "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)
_UNSUPPORTED = (
    ("id", "id"),
    ("additionalItems", "additionalItems"),
    ("patternProperties", "patternProperties"),
    ("definitions", "definitions"),
    ("dependencies", "dependencies"),
    ("$ref", "$ref"),
)


def validate_schema(schema: Obj, path: str) -> list[Cause]:
    """The schema of a version."""
    causes: list[Cause] = []
    if schema.get("nullable"):
        causes.append(forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    structural = _invariants(schema, _ROOT, path)
    causes += sorted(structural, key=lambda cause: f"{cause.field}: {cause.message}")
    return causes + _validate_openapi(schema, path)


def _invariants(schema: Obj, level: str, path: str) -> list[Cause]:
    """What makes a schema structural: a type at every level, and no structure in logical parts."""
    causes: list[Cause] = []
    kind, items = schema.get("type") or "", schema.get("items")
    if kind == "array" and items is None:
        causes.append(required(f"{path}.items", "must be specified"))
    if isinstance(items, dict):
        causes += _invariants(items, _ITEM, f"{path}.items")
    properties = schema.get("properties") or {}
    for name in sorted(properties):
        causes += _invariants(properties[name] or {}, _FIELD, f"{path}.properties[{name}]")
    more = schema.get("additionalProperties")
    if more is not None and level == _ROOT:
        causes.append(forbidden(f"{path}.additionalProperties", "must not be used at the root"))
    if isinstance(more, dict):
        causes += _invariants(more, _FIELD, f"{path}.additionalProperties")
    causes += _extensions(schema, path)
    causes += _logical(schema, path)
    return causes + _type_rules(schema, kind, level, path)


def _extensions(schema: Obj, path: str) -> list[Cause]:
    detail = "must be false if x-kubernetes-int-or-string is true"
    return [
        invalid(f"{path}.{name}", True, detail)
        for name in (_PRESERVE, _EMBEDDED)
        if schema.get(_EITHER) and schema.get(name)
    ]


def _type_rules(schema: Obj, kind: str, level: str, path: str) -> list[Cause]:
    causes: list[Cause] = []
    where, embedded = f"{path}.type", bool(schema.get(_EMBEDDED))
    if embedded and kind != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        causes.append(invalid(where, kind, detail) if kind else required(where, detail))
    elif not kind and not schema.get(_EITHER) and not schema.get(_PRESERVE):
        causes.append(required(where, f"must not be empty {level}"))
    if embedded and schema.get("additionalProperties") is not None:
        detail = "must not be used if x-kubernetes-embedded-resource is set"
        causes.append(forbidden(f"{path}.additionalProperties", detail))
    if level == _ROOT and kind and kind != "object":
        causes.append(invalid(where, kind, "must be object at the root"))
    properties = schema.get("properties") or {}
    if level == _ROOT or embedded:
        for name, expected in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
            if name in properties and (properties[name] or {}).get("type") != expected:
                shown = (properties[name] or {}).get("type") or ""
                causes.append(invalid(f"{path}.properties[{name}].type", shown, f"must be {expected}"))
    if level == _ROOT and "metadata" in properties:
        causes += _root_metadata(properties["metadata"] or {}, f"{path}.properties[metadata]")
    if embedded and not schema.get(_PRESERVE) and not properties:
        detail = (
            "must not be empty if x-kubernetes-embedded-resource is true without "
            "x-kubernetes-preserve-unknown-fields"
        )
        causes.append(required(f"{path}.properties", detail))
    return causes


def _root_metadata(schema: Obj, path: str) -> list[Cause]:
    names = sorted(schema.get("properties") or {})
    rest = [name for name, value in schema.items() if value and name not in ("type", "properties", "default")]
    if not rest and names in ([], ["name"], ["generateName"], ["generateName", "name"]):
        return []
    detail = (
        "must not specify anything other than name and generateName, but metadata is implicitly specified"
    )
    return [forbidden(path, detail)]


def _logical(schema: Obj, path: str) -> list[Cause]:
    """The parts under anyOf, allOf, oneOf and not, which may only restrict values."""
    causes: list[Cause] = []
    either = bool(schema.get(_EITHER))
    for name in ("anyOf", "allOf", "oneOf"):
        for index, part in enumerate(schema.get(name) or ()):
            if name == "anyOf" and either and schema[name] == _INT_OR_STRING:
                continue
            if name == "allOf" and index == 0 and either and part.get("anyOf") == _INT_OR_STRING:
                part = {key: value for key, value in part.items() if key != "anyOf"}
            causes += _nested(part or {}, f"{path}.{name}[{index}]")
    if schema.get("not") is not None:
        causes += _nested(schema["not"], f"{path}.not")
    return causes


def _nested(part: Obj, path: str) -> list[Cause]:
    causes = _logical(part, path)
    if isinstance(part.get("items"), dict):
        causes += _nested(part["items"], f"{path}.items")
    properties = part.get("properties") or {}
    for name in sorted(properties):
        causes += _nested(properties[name] or {}, f"{path}.properties[{name}]")
    causes += [forbidden(f"{path}.{name}", detail) for name, detail in _NESTED_FORBIDDEN if part.get(name)]
    if "metadata" in properties:
        detail = "must not be specified in a nested context"
        causes.append(forbidden(f"{path}.properties[metadata]", detail))
    return causes


def _validate_openapi(schema: Any, path: str) -> list[Cause]:
    """Words of OpenAPI that are not supported, at every level."""
    if not isinstance(schema, dict):
        return []
    causes = _validate_words(schema, path)
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        causes.append(forbidden(f"{path}.uniqueItems", detail))
    more, properties = schema.get("additionalProperties"), schema.get("properties") or {}
    if more is not None and properties and more is not True:
        detail = "additionalProperties and properties are mutual exclusive"
        causes.append(forbidden(f"{path}.additionalProperties", detail))
    causes += _validate_openapi(more, f"{path}.additionalProperties")
    for name in sorted(properties):
        causes += _validate_openapi(properties[name], f"{path}.properties[{name}]")
    causes += _validate_openapi(schema.get("not"), f"{path}.not")
    for name in ("allOf", "oneOf", "anyOf"):
        for index, part in enumerate(schema.get(name) or ()):
            causes += _validate_openapi(part, f"{path}.{name}[{index}]")
    causes += _validate_openapi(schema.get("items"), f"{path}.items")
    return causes + _validate_list(schema, path)


def _validate_words(schema: Obj, path: str) -> list[Cause]:
    kind = schema.get("type") or ""
    causes = [not_supported(f"{path}.type", kind, _TYPES)] if kind and kind not in _TYPES else []
    causes += [
        forbidden(f"{path}.{name}", f"{shown} is not supported")
        for name, shown in _UNSUPPORTED
        if schema.get(name)
    ]
    if kind == "null":
        detail = "type cannot be set to null, use nullable as an alternative"
        causes.append(forbidden(f"{path}.type", detail))
    if isinstance(schema.get("items"), list):
        causes.append(forbidden(f"{path}.items", "items must be a schema object and not an array"))
    return causes


def _validate_list(schema: Obj, path: str) -> list[Cause]:
    """How lists and maps are merged."""
    kind, list_type = schema.get("type") or "", schema.get("x-kubernetes-list-type")
    keys, map_type = schema.get("x-kubernetes-list-map-keys") or [], schema.get("x-kubernetes-map-type")
    causes: list[Cause] = []
    if list_type is not None and kind != "array":
        where, detail = f"{path}.type", "must be array if x-kubernetes-list-type is specified"
        causes.append(invalid(where, kind, detail) if kind else required(where, detail))
    if list_type is not None and list_type not in ("atomic", "set", "map"):
        where = f"{path}.x-kubernetes-list-type"
        causes.append(not_supported(where, list_type, ("atomic", "set", "map")))
    where = f"{path}.x-kubernetes-list-map-keys"
    if keys and list_type != "map":
        where = f"{path}.x-kubernetes-list-type"
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        causes.append(invalid(where, list_type, detail) if list_type else required(where, detail))
    if list_type == "map" and not keys:
        detail = "must not be empty if x-kubernetes-list-type is map"
        causes.append(required(where, detail))
    if list_type == "map":
        causes += _validate_keys(schema, keys, path)
    if map_type is not None and kind != "object":
        where, detail = f"{path}.type", "must be object if x-kubernetes-map-type is specified"
        causes.append(invalid(where, kind, detail) if kind else required(where, detail))
    if map_type is not None and map_type not in ("granular", "atomic"):
        where = f"{path}.x-kubernetes-map-type"
        causes.append(not_supported(where, map_type, ("granular", "atomic")))
    return causes


def _validate_keys(schema: Obj, keys: list[str], path: str) -> list[Cause]:
    causes: list[Cause] = []
    where = f"{path}.x-kubernetes-list-map-keys"
    items = schema.get("items")
    properties = (items.get("properties") or {}) if isinstance(items, dict) else {}
    for index, key in enumerate(keys):
        if key not in properties:
            detail = "entries must all be names of item properties"
            causes.append(invalid(f"{where}[{index}]", key, detail))
        if key in keys[:index]:
            causes.append(duplicate(f"{where}[{index}]", key))
    return causes
