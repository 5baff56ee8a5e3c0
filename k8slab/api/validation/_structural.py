"""Schemas of custom resources: they must be structural, and use only what the server knows.

Their rules are compiled in `_rule_compilation`.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation.go and
pkg/apis/apiextensions/validation/validation.go (ValidateCustomResourceDefinitionOpenAPISchema), v1.36.
"""

from __future__ import annotations

import re
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.go_regexp import regexp_fault
from k8slab.api.meta import Obj
from k8slab.api.validation._custom_formats import is_known
from k8slab.api.validation._custom_values import TYPE_META, prune, validate_value
from k8slab.api.validation._field import (
    forbidden,
    invalid,
    not_supported,
    required,
)
from k8slab.api.validation._rule_compilation import compilation_faults
from k8slab.api.validation._shape import shape

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


_AT_ROOT = (
    "Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength "
    "Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example "
    "XPreserveUnknownFields XValidations"
)


def validate_schema(schema: Obj, path: str, with_status: bool, *, is_unchanged: bool = False) -> list[Cause]:
    """The schema of a version; where there is a status subresource, the root may say less.

    No rule of a schema that is stored already is too dear by itself.
    """
    causes = _root_rules(schema, path) if with_status else []
    if schema.get("nullable"):
        causes.append(forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    unknown = _unknown_to_structure(schema)
    if not unknown:
        structural = _invariants(schema, _ROOT, path)
        structural.sort(key=lambda cause: f"{cause.field}: {cause.message}")
        causes += structural or validate_defaults({**schema, _EMBEDDED: True}, path)
    # Expressions are only compiled for a schema that is sound in itself.
    causes += _validate_openapi(schema, path) or compilation_faults(schema, path, is_unchanged=is_unchanged)
    return [invalid(path, "", unknown)] if unknown and not causes else causes


def _root_rules(schema: Obj, path: str) -> list[Cause]:
    shown: Obj = shape("JSONSchemaProps", schema)
    zero: Obj = shape("JSONSchemaProps", {})
    for name, value in shown.items():
        if name == "Type" and value and value != "object":
            detail = (
                'only "object" is allowed as the type at the root of the schema if the status subresource '
                "is enabled"
            )
            return [invalid(f"{path}.type", value, detail)]
        if value != zero[name] and name not in _AT_ROOT.split():
            detail = (
                f"only [{_AT_ROOT}] fields are allowed at the root of the schema if the status subresource "
                "is enabled"
            )
            return [invalid(path, shown, detail)]
    return []


_NOT_STRUCTURAL = (
    ("id", "id"),
    ("$schema", "schema"),
    ("$ref", "$ref"),
    ("patternProperties", "patternProperties"),
    ("dependencies", "dependencies"),
    ("additionalItems", "additionalItems"),
    ("definitions", "definitions"),
)


def _unknown_to_structure(schema: Any) -> str:
    """The first thing in a schema that no structural schema can have."""
    if not isinstance(schema, dict):
        return ""
    for name, shown in _NOT_STRUCTURAL:
        value = schema.get(name)
        if value or (name == "additionalItems" and value is not None):
            return f"OpenAPIV3Schema '{shown}' is not supported"
    inner: list[Any] = [schema.get("not")]
    for name in ("allOf", "anyOf", "oneOf"):
        inner += schema.get(name) or ()
    if schema.get(_PRESERVE) is False:
        return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
    if isinstance(schema.get("items"), list):
        return "OpenAPIV3Schema 'items' must be a schema, but is an array"
    inner += [schema.get("items"), *(schema.get("properties") or {}).values()]
    inner.append(schema.get("additionalProperties"))
    return next((text for text in map(_unknown_to_structure, inner) if text), "")


def unknown_formats(schema: Any) -> list[str]:
    """Formats that mean nothing for the type they are given to, at every level."""
    if not isinstance(schema, dict):
        return []
    form = schema.get("format") or ""
    found = [form] if form and not is_known(form, schema.get("type") or "") else []
    inner: list[Any] = [*schema["items"]] if isinstance(schema.get("items"), list) else [schema.get("items")]
    for name in ("allOf", "anyOf", "oneOf"):
        inner += schema.get(name) or ()
    inner += [schema.get("not"), *(schema.get("properties") or {}).values()]
    inner.append(schema.get("additionalProperties"))
    for part in inner:
        found += unknown_formats(part)
    return found


def validate_defaults(schema: Obj, path: str) -> list[Cause]:
    """Defaults must be values of their own schema, without unknown fields."""
    causes: list[Cause] = []
    embedded = bool(schema.get(_EMBEDDED))
    if "default" in schema and schema["default"] is not None:
        causes += _validate_default(schema, schema["default"], f"{path}.default", embedded)
    if isinstance(schema.get("items"), dict):
        causes += validate_defaults(schema["items"], f"{path}.items")
    properties = schema.get("properties") or {}
    for name in sorted(properties):
        if not (embedded and name in TYPE_META):
            causes += validate_defaults(properties[name] or {}, f"{path}.properties[{name}]")
    return causes


def _validate_default(schema: Obj, value: Any, path: str, embedded: bool) -> list[Cause]:
    faults: list[str] = []
    prune(schema, value, "", faults, root=embedded)
    causes = [invalid(path, value, "must not have unknown fields")] if faults else []
    if embedded and isinstance(value, dict):
        missing = [required(f"{path}.{name}") for name in ("apiVersion", "kind") if name not in value]
        if missing:
            return causes + missing
    return causes + validate_value(schema, value, path)


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
    definitions = schema.get("definitions") or {}
    for name in sorted(definitions):
        causes += _validate_openapi(definitions[name], f"{path}.definitions[{name}]")
    causes += _validate_openapi(schema.get("items"), f"{path}.items")
    causes += _validate_list(schema, path)
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        causes += _validate_rule(rule, schema, f"{path}.x-kubernetes-validations[{index}]")
    return causes


_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")


def _validate_rule(rule: Obj, schema: Obj, path: str) -> list[Cause]:
    """What is around the expressions of a rule."""
    causes: list[Cause] = []
    text, message = rule.get("rule") or "", rule.get("message") or ""
    if not text.strip():
        causes.append(required(f"{path}.rule", "rule is not specified"))
    elif message and not message.strip():
        causes.append(invalid(f"{path}.message", message, "must be non-empty if specified"))
    elif _has_lines(message.strip()):
        causes.append(invalid(f"{path}.message", message, "must not contain line breaks"))
    elif _has_lines(text.strip()) and not message.strip():
        detail = "message must be specified if rule contains line breaks"
        causes.append(required(f"{path}.message", detail))
    expression = rule.get("messageExpression") or ""
    if expression and not expression.strip():
        detail = "messageExpression must be non-empty if specified"
        causes.append(required(f"{path}.messageExpression", detail))
    if rule.get("reason") is not None and rule["reason"] not in _REASONS:
        causes.append(not_supported(f"{path}.reason", rule["reason"], _REASONS))
    field, where = rule.get("fieldPath") or "", f"{path}.fieldPath"
    if field and not field.strip():
        causes.append(invalid(where, field, "must be non-empty if specified"))
    if _has_lines(field):
        causes.append(invalid(where, field, "must not contain line breaks"))
    if field and field_at(field, schema)[0]:
        causes.append(invalid(where, field, "must be a valid path"))
    return causes


def _has_lines(text: str) -> bool:
    return "\n" in text or "\r" in text


_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|[.\[\]]|[^.\[\]]+")


def field_at(json_path: str, schema: Obj, *, brackets: bool = True) -> tuple[str, Obj | None]:
    """What is wrong with a path of keys, and the schema at its end."""
    tokens = _TOKEN.findall(json_path)
    at: Any = schema
    while tokens:
        token = tokens.pop(0)
        if token == "[" and not brackets:
            return "array notation is not allowed", None
        if token not in (".", "["):
            return f"expected [ or . but got: {token}", None
        if not tokens:
            return "unexpected end of JSON path", None
        name = tokens.pop(0)
        if token == "[":
            if len(name) < 2 or name[0] != "'" or name[-1] != "'":
                return f"expected single quoted string but got {name}", None
            name = name[1:-1]
        at = at or {}
        if at.get("properties"):
            if name not in at["properties"]:
                return "does not refer to a valid field", None
            at = at["properties"][name]
        elif at.get("additionalProperties") is not None:
            at = at["additionalProperties"] if isinstance(at["additionalProperties"], dict) else None
        else:
            return "does not refer to a valid field", None
        if token == "[":
            if not tokens:
                return "unexpected end of JSON path", None
            if (end := tokens.pop(0)) != "]":
                return f"expected ] but got {end}", None
    return "", at


def _validate_words(schema: Obj, path: str) -> list[Cause]:
    kind = schema.get("type") or ""
    causes = [not_supported(f"{path}.type", kind, _TYPES)] if kind and kind not in _TYPES else []
    causes += [
        forbidden(f"{path}.{name}", f"{shown} is not supported")
        for name, shown in _UNSUPPORTED
        if schema.get(name) or (name == "additionalItems" and schema.get(name) is not None)
    ]
    fault = regexp_fault(schema.get("pattern") or "")
    if fault:
        detail = f"must be a valid regular expression, but isn't: {fault}"
        causes.append(invalid(f"{path}.pattern", schema["pattern"], detail))
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
    if schema.get(_PRESERVE) is False:
        causes.append(invalid(f"{path}.{_PRESERVE}", False, "must be true or undefined"))
    if map_type is not None and kind != "object":
        where, detail = f"{path}.type", "must be object if x-kubernetes-map-type is specified"
        causes.append(invalid(where, kind, detail) if kind else required(where, detail))
    if map_type is not None and map_type not in ("granular", "atomic"):
        where = f"{path}.x-kubernetes-map-type"
        causes.append(not_supported(where, map_type, ("atomic", "granular")))
    if list_type is not None and kind != "array":
        where, detail = f"{path}.type", "must be array if x-kubernetes-list-type is specified"
        causes.append(invalid(where, kind, detail) if kind else required(where, detail))
    elif list_type == "set" and isinstance(schema.get("items"), dict):
        causes += _validate_set_items(schema["items"], f"{path}.items")
    if list_type is not None and list_type not in ("atomic", "set", "map"):
        where = f"{path}.x-kubernetes-list-type"
        causes.append(not_supported(where, list_type, ("atomic", "set", "map")))
    if keys and list_type != "map":
        where = f"{path}.x-kubernetes-list-type"
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        causes.append(invalid(where, list_type, detail) if list_type is not None else required(where, detail))
    if list_type == "map":
        causes += _validate_keys(schema, keys, path)
    if list_type in ("set", "map") and isinstance(schema.get("items"), dict):
        causes += _validate_nullable(schema["items"], list_type, keys, f"{path}.items")
    return causes


def _validate_set_items(items: Obj, path: str) -> list[Cause]:
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    list_type = items.get("x-kubernetes-list-type")
    if items.get("type") == "array" and list_type not in (None, "atomic"):
        return [invalid(f"{path}.x-kubernetes-list-type", list_type, detail)]
    if items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
        return [invalid(f"{path}.x-kubernetes-map-type", list_type, detail)]
    return []


def _validate_nullable(items: Obj, list_type: str, keys: list[str], path: str) -> list[Cause]:
    """Items of sets and maps and their keys cannot be null, and keys must be there."""
    causes: list[Cause] = []
    if items.get("nullable"):
        detail = f"cannot be nullable when x-kubernetes-list-type is {list_type}"
        causes.append(forbidden(f"{path}.nullable", detail))
    properties = items.get("properties") or {}
    for key in keys if list_type == "map" else ():
        if key not in properties:
            continue
        where, part = f"{path}.properties[{key}]", properties[key] or {}
        if key not in (items.get("required") or ()) and part.get("default") is None:
            detail = (
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required "
                "property"
            )
            causes.append(required(f"{where}.default", detail))
        if part.get("nullable"):
            detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
            causes.append(forbidden(f"{where}.nullable", detail))
    return causes


def _validate_keys(schema: Obj, keys: list[str], path: str) -> list[Cause]:
    causes: list[Cause] = []
    where, items = f"{path}.x-kubernetes-list-map-keys", schema.get("items")
    if not keys:
        causes.append(required(where, "must not be empty if x-kubernetes-list-type is map"))
    if items is None:
        return [*causes, required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")]
    kind = (items.get("type") or "") if isinstance(items, dict) else "object"
    if kind != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        return [*causes, invalid(f"{path}.items.type", kind, detail)]
    properties = (items.get("properties") or {}) if isinstance(items, dict) else {}
    for index, key in enumerate(keys):
        if key not in properties:
            causes.append(invalid(where, keys, "entries must all be names of item properties"))
        elif (properties[key] or {}).get("type") in ("array", "object"):
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            causes.append(invalid(f"{path}.items.properties[{key}].type", kind, detail))
        if key in keys[:index]:
            causes.append(invalid(where, keys, "must not contain duplicate entries"))
    return causes
