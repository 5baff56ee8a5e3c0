"""The schemas of custom kinds in OpenAPI documents: what a definition says, with the fields of every object.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/controller/openapi/{builder/builder.go,
v2/conversion.go}, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.described import API_VERSION_TEXT, KIND_TEXT, METADATA_TEXT, METADATA_TEXTS
from k8slab.api.meta import Obj
from k8slab.api.openapi_types import V2_PREFIX

META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_API_VERSION = {"description": API_VERSION_TEXT, "type": "string"}
_KIND = {"description": KIND_TEXT, "type": "string"}
_UNKNOWN = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"


def with_texts(metadata: Obj) -> Obj:
    """The schema of ObjectMeta with what its fields mean."""
    properties = {
        name: {**one, "description": METADATA_TEXTS[name]} if name in METADATA_TEXTS else one
        for name, one in metadata["properties"].items()
    }
    return {**metadata, "properties": properties}


def model_name(group: str, version: str, kind: str) -> str:
    """The name of a custom kind's schema: its group's words in reverse, its version and its kind."""
    return ".".join([*reversed(group.split(".")), version, kind])


def _metadata(prefix: str, name: str = "ObjectMeta") -> Obj:
    reference = {"$ref": f"{prefix}{META}.{name}"}
    text = METADATA_TEXT if name == "ObjectMeta" else "Standard list metadata."
    if prefix == V2_PREFIX:
        return {"description": text, **reference}
    return {"allOf": [reference], "description": text}


def own_schema(schema: Obj, prefix: str) -> Obj:
    """The schema of a custom kind, with apiVersion, kind and metadata.

    Without a schema no field is named, for kubectl takes those that are for all that there may be.
    """
    if not schema or (prefix == V2_PREFIX and schema.get(_UNKNOWN)):
        return {"type": "object"}
    if prefix == V2_PREFIX:
        schema = _for_v2(schema)
    schema = _with_embedded(schema, prefix)
    fields = {"apiVersion": _API_VERSION, "kind": _KIND, "metadata": _metadata(prefix)}
    return {**schema, "properties": {**(schema.get("properties") or {}), **fields}}


def listed_schema(plural: str, list_kind: str, kind: str, item: str, prefix: str) -> Obj:
    """The schema of the list of a custom kind."""
    return {
        "description": f"{list_kind} is a list of {kind}",
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": _API_VERSION,
            "items": {"description": f"List of {plural}.", "type": "array", "items": _reference(item)},
            "kind": _KIND,
            "metadata": _metadata(prefix, "ListMeta"),
        },
    }


def _reference(name: str) -> Obj:
    return {"$ref": name} if name.startswith(V2_PREFIX) else {"allOf": [{"$ref": name}]}


def _with_embedded(schema: Obj, prefix: str) -> Obj:
    """A schema in which every embedded object has the fields of objects."""
    new = dict(schema)
    if isinstance(schema.get("properties"), dict):
        new["properties"] = {name: _with_embedded(one, prefix) for name, one in schema["properties"].items()}
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            new[part] = _with_embedded(schema[part], prefix)
    if not schema.get(_EMBEDDED) or (prefix == V2_PREFIX and schema.get(_UNKNOWN)):
        return new
    fields = {"apiVersion": _API_VERSION, "kind": _KIND, "metadata": _metadata(prefix)}
    new["properties"] = {**(new.get("properties") or {}), **fields}
    needed = list(schema.get("required") or ())
    new["required"] = needed + [name for name in ("kind", "apiVersion") if name not in needed]
    return new


# What OpenAPI v2 has no words for.

_JUNCTORS = ("allOf", "anyOf", "oneOf", "not")


def _for_v2(schema: Obj) -> Obj:
    """A schema without what version 2 can't say, or would have kubectl refuse."""
    new: dict[str, Any] = {name: value for name, value in schema.items() if name not in _JUNCTORS}
    properties = schema.get("properties")
    additional = schema.get("additionalProperties")
    dropped: list[str] = []
    if new.pop("nullable", False):
        dropped += ["type", "items", "properties"]
    if schema.get(_UNKNOWN):
        dropped += ["items", "properties"]
        if new.get("type") == "object":
            dropped.append("type")
    for name in dropped:
        new.pop(name, None)
    if new.get("type") == "array" and "items" not in new:
        del new["type"]
    if isinstance(properties, dict) and "required" in new:
        kept = [name for name in new["required"] if not (properties.get(name) or {}).get("nullable")]
        new["required"] = kept
    if isinstance(additional, dict) and additional.get("nullable"):
        new.pop("required", None)
    if not new.get("required", True):
        del new["required"]
    if not new.get("properties", True):
        del new["properties"]
    if isinstance(new.get("properties"), dict):
        new["properties"] = {name: _for_v2(one) for name, one in new["properties"].items()}
    for part in ("items", "additionalProperties"):
        if isinstance(new.get(part), dict):
            new[part] = _for_v2(new[part])
    return new
