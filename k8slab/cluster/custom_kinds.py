"""The kinds that CustomResourceDefinitions add: their names, pruning, defaults, validation and columns.

A definition is served as soon as it is stored. A kind is known in the store by
its `kind`, so a definition whose kind a built-in one has already is not served.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/{apiserver/customresource_handler.go,
registry/customresource/strategy.go, apiserver/schema/{pruning,defaulting}} and
vendor/k8s.io/kube-openapi/pkg/validation, v1.36.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from k8slab.api.errors import Cause, bad_request
from k8slab.api.json_text import go_json, go_quote
from k8slab.api.kind import ALL_VERBS, Kind, Rules, Scale, Version, kinds
from k8slab.api.memo import remember
from k8slab.api.meta import Obj, dig
from k8slab.api.schema import OBJECT_META
from k8slab.api.unmarshal import json_kind
from k8slab.api.validation._field import invalid, not_supported, required
from k8slab.api.validation._metadata import validate_metadata, validate_metadata_update
from k8slab.api.validation._names import dns_subdomain
from k8slab.cluster.world import World

DEFINITION = "CustomResourceDefinition"
_KEPT = ("apiVersion", "kind", "metadata")

Place = tuple[str, str, str]


def custom_kinds(world: World) -> dict[str, Kind]:
    """The kinds that the stored definitions add, by their `kind`."""
    definitions = world.store.list(DEFINITION)
    if not definitions:
        return {}
    found: dict[str, Kind] = {}
    for definition in definitions:
        kind = _kind_of(definition)
        if kind.kind not in kinds():
            found.setdefault(kind.kind, kind)
    return found


def custom_resources(world: World) -> dict[Place, Kind]:
    """The same by group, version and plural, for each version that is served."""
    found: dict[Place, Kind] = {}
    custom = custom_kinds(world)
    for definition in world.store.list(DEFINITION) if custom else ():
        names = definition["spec"]["names"]
        kind = custom.get(names["kind"])
        if kind is None or kind.plural != names["plural"]:
            continue
        for version in definition["spec"]["versions"]:
            if version.get("served"):
                found[(kind.group, version["name"], kind.plural)] = kind
    return found


def definition_of(world: World, kind: Kind) -> Obj | None:
    """The definition that adds a kind; None for a built-in one."""
    return world.store.get(DEFINITION, ("", f"{kind.plural}.{kind.group}"))


def _version_of(definition: Obj, name: str) -> Obj:
    found: Obj = next(one for one in definition["spec"]["versions"] if one["name"] == name)
    return found


def schema_at(definition: Obj, version: str) -> Obj:
    """The structural schema of one version."""
    found: Obj = dig(_version_of(definition, version), "schema", "openAPIV3Schema", default={})
    return found


def selectable_fields(definition: Obj, version: str) -> tuple[str, ...]:
    """The fields by which clients may select a version's objects, as field selectors name them."""
    listed = _version_of(definition, version).get("selectableFields") or ()
    return tuple(str(one["jsonPath"]).removeprefix(".") for one in listed)


def columns_of(world: World, kind: Kind, version: str) -> Sequence[Obj] | None:
    """The printer columns of a custom kind's version; None for a built-in kind."""
    if kind.kind in kinds():
        return None
    definition = definition_of(world, kind)
    if definition is None:
        return None
    return _version_of(definition, version).get("additionalPrinterColumns") or _AGE_ALONE


_AGE_ALONE: list[Obj] = [{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]


def is_custom(kind: Kind) -> bool:
    """Whether a definition added a kind."""
    return "." in kind.group and kind.kind not in kinds() and kind.verbs is ALL_VERBS


def read_custom(
    world: World, kind: Kind, version: str, obj: Obj, validation: str, warnings: list[str]
) -> Obj:
    """A custom object as its version's schema has it; what it doesn't name is a warning, or 400 if strict.

    Raises ApiError 400 for a body of another kind or version.
    """
    api_version = f"{kind.group}/{version}"
    sent = (obj.get("apiVersion") or api_version, obj.get("kind") or kind.kind)
    if sent[1] != kind.kind:
        raise bad_request(f"the object provided is unrecognized (must be of type {kind.kind})")
    if sent[0] != api_version:
        raise bad_request(
            f"the API version in the data ({sent[0]}) does not match the expected API version ({api_version})"
        )
    definition = definition_of(world, kind)
    assert definition is not None, "a custom kind has its definition"
    schema = schema_at(definition, version)
    faults = unknown_fields(schema, obj) if validation != "Ignore" else []
    if faults and validation == "Strict":
        text = f"strict decoding error: {', '.join(faults)}"
        raise bad_request(f'{kind.kind} in version "{version}" cannot be handled as a {kind.kind}: {text}')
    warnings.extend(faults)
    pruned = _pruned_object(schema, {**obj, "apiVersion": api_version, "kind": kind.kind})
    if not isinstance(pruned.get("metadata"), dict):
        pruned = {**pruned, "metadata": {}}
    return pruned


def _build(definition: Obj) -> Kind:
    """The kind of a definition."""
    spec = definition["spec"]
    names, group = spec["names"], spec["group"]
    versions = spec["versions"]
    stored = next(one for one in versions if one.get("storage"))
    schema = schema_at(definition, stored["name"])
    parts = stored.get("subresources") or {}
    has_status = "status" in parts
    return Kind(
        kind=names["kind"],
        group=group,
        version=stored["name"],
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=tuple(sorted(parts)),
        verbs=ALL_VERBS,
        default=lambda obj: _defaulted(schema, _pruned_object(schema, obj)),
        prepare_create=_prepare_create(has_status),
        prepare_update=_prepare_update(has_status),
        prepare_status=_prepare_status,
        rules=_rules(schema, spec["scope"] == "Namespaced"),
        scale=_scale(parts.get("scale")),
        fields=selectable_fields(definition, stored["name"]),
        unconditional_update=False,
        other_versions=tuple(
            _other(definition, one["name"], stored["name"]) for one in versions if one is not stored
        ),
        structures=tuple(
            (f"{group}/{one['name']}", _structure(schema_at(definition, one["name"]))) for one in versions
        ),
    )


_kind_of = remember(_build, 256)


_OBJECT: Obj = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"$ref": OBJECT_META},
}


def _structure(schema: Obj) -> str:
    """A schema with the fields that all objects have, as text."""
    if not schema:
        return json.dumps({"type": "object"})
    schema = _with_embedded(schema)
    return json.dumps(
        {**schema, "properties": {**(schema.get("properties") or {}), **_OBJECT}}, sort_keys=True
    )


def _with_embedded(schema: Obj) -> Obj:
    new = dict(schema)
    if isinstance(schema.get("properties"), dict):
        new["properties"] = {name: _with_embedded(one) for name, one in schema["properties"].items()}
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            new[part] = _with_embedded(schema[part])
    if schema.get("x-kubernetes-embedded-resource"):
        new["properties"] = {**(new.get("properties") or {}), **_OBJECT}
    return new


def _other(definition: Obj, version: str, stored: str) -> Version:
    group = definition["spec"]["group"]
    schema = schema_at(definition, version)

    def from_storage(obj: Obj) -> Obj:
        return _defaulted(schema, _pruned_object(schema, {**obj, "apiVersion": f"{group}/{version}"}))  # type: ignore[no-any-return]

    return Version(
        group,
        version,
        lambda obj: {**obj, "apiVersion": f"{group}/{stored}"},
        from_storage,
        selectable_fields(definition, version),
    )


def _scale(part: Obj | None) -> Scale | None:
    if part is None:
        return None

    def path(name: str) -> tuple[str, ...]:
        return tuple(part.get(name, "").strip(".").split("."))

    def selector(obj: Obj) -> str:
        return str(dig(obj, *path("labelSelectorPath"), default="")) if part.get("labelSelectorPath") else ""

    return Scale(path("specReplicasPath"), path("statusReplicasPath"), selector)


# What a write does (customresource/strategy.go).


def _prepare_create(has_status: bool) -> Callable[[Obj], Obj]:
    def prepare(obj: Obj) -> Obj:
        new = {**obj, "metadata": {**obj["metadata"], "generation": 1}}
        if has_status:
            new.pop("status", None)
        return new

    return prepare


def _content(obj: Obj, *without: str) -> Obj:
    return {name: value for name, value in obj.items() if name not in ("metadata", *without)}


def _prepare_update(has_status: bool) -> Callable[[Obj, Obj], Obj]:
    def prepare(new: Obj, old: Obj) -> Obj:
        ignored: tuple[str, ...] = ()
        if has_status:
            ignored = ("status",)
            new = {name: value for name, value in new.items() if name != "status"}
            if "status" in old:
                new["status"] = old["status"]
        if _content(new, *ignored) != _content(old, *ignored):
            generation = old["metadata"].get("generation", 0) + 1
            new = {**new, "metadata": {**new["metadata"], "generation": generation}}
        return new

    return prepare


def _prepare_status(new: Obj, old: Obj) -> Obj:
    managed = new["metadata"].get("managedFields")
    metadata = {**old["metadata"]}
    if managed is not None:
        metadata["managedFields"] = managed
    kept = {**old, "metadata": metadata}
    kept.pop("status", None)
    return {**kept, "status": new["status"]} if "status" in new else kept


# Pruning and defaults.


_ANYTHING: Obj = {"x-kubernetes-preserve-unknown-fields": True}


def _pruned_object(schema: Obj, obj: Obj) -> Obj:
    pruned: Obj = _pruned(schema, obj, "", [], root=True)
    return pruned


def unknown_fields(schema: Obj, obj: Obj) -> list[str]:
    """The strict errors of an object: `unknown field "spec.colour"` for each field that is pruned."""
    faults: list[str] = []
    _pruned(schema, obj, "", faults, root=True)
    return faults


def _pruned(schema: Obj, value: Any, path: str, faults: list[str], *, root: bool = False) -> Any:
    """A value without the fields that its schema doesn't name."""
    if isinstance(value, list):
        items = schema.get("items") or {}
        found = [_pruned(items, one, f"{path}[{index}]", faults) for index, one in enumerate(value)]
        return value if all(new is old for new, old in zip(found, value, strict=True)) else found
    if not isinstance(value, dict) or schema.get("x-kubernetes-preserve-unknown-fields"):
        return value
    embedded = root or schema.get("x-kubernetes-embedded-resource")
    properties = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    result: Obj = {}
    for name, one in value.items():
        where = f"{path}.{name}" if path else name
        if embedded and name in _KEPT:
            result[name] = one
        elif name in properties:
            result[name] = _pruned(properties[name], one, where, faults)
        elif additional:
            inner = (
                additional if isinstance(additional, dict) else {"x-kubernetes-preserve-unknown-fields": True}
            )
            result[name] = _pruned(inner, one, where, faults)
        else:
            faults.append(f"unknown field {go_quote(where)}")
    unchanged = len(result) == len(value) and all(result[name] is value[name] for name in result)
    return value if unchanged else result


def _defaulted(schema: Obj, value: Any) -> Any:
    """A value with the defaults of its schema where nothing, or a null that may not be, stands."""
    if isinstance(value, list):
        items = schema.get("items") or {}
        found = [_defaulted(items, one) for one in value]
        return value if all(new is old for new, old in zip(found, value, strict=True)) else found
    if not isinstance(value, dict):
        return value
    result = value
    properties = schema.get("properties") or {}
    for name, inner in properties.items():
        present = name in result and not (result[name] is None and not inner.get("nullable"))
        if not present and "default" in inner:
            result = {**result, name: inner["default"]}
        if name in result:
            new = _defaulted(inner, result[name])
            if new is not result[name]:
                result = {**result, name: new}
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        for name in [one for one in result if one not in properties]:
            new = _defaulted(additional, result[name])
            if new is not result[name]:
                result = {**result, name: new}
    return result


# Validation.


def _rules(schema: Obj, namespaced: bool) -> Rules:
    def on_create(obj: Obj) -> list[Cause]:
        return [
            *validate_metadata(obj["metadata"], namespaced, dns_subdomain),
            *_faults(schema, _plain(obj), ""),
        ]

    def on_update(new: Obj, old: Obj) -> list[Cause]:
        causes = validate_metadata_update(new["metadata"], old["metadata"], namespaced=namespaced)
        return [*causes, *_faults(schema, _plain(new), "")]

    return Rules(create=on_create, update=on_update, status=on_update)


def _plain(obj: Obj) -> Obj:
    """What a schema is asked about: everything but the metadata, which every object has alike."""
    return {name: value for name, value in obj.items() if name not in _KEPT}


_TYPES: dict[str, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def _faults(schema: Obj, value: Any, path: str) -> Iterator[Cause]:
    """What a schema has against a value, in kube-openapi's words."""
    if value is None and schema.get("nullable"):
        return
    wanted = schema.get("type", "")
    if schema.get("x-kubernetes-int-or-string"):
        if not isinstance(value, int | str) or isinstance(value, bool):
            yield _wrong_type(path, value, "integer,string")
            return
    elif wanted in _TYPES and not _TYPES[wanted](value):
        yield _wrong_type(path, value, wanted)
        return
    enum = schema.get("enum")
    if enum and value not in enum:
        yield not_supported(path, value, [one if isinstance(one, str) else go_json(one) for one in enum])
    if isinstance(value, str):
        yield from _text_faults(schema, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_faults(schema, value, path)
    elif isinstance(value, list):
        yield from _list_faults(schema, value, path)
    elif isinstance(value, dict):
        yield from _object_faults(schema, value, path)


def _wrong_type(path: str, value: Any, wanted: str) -> Cause:
    kind = {"bool": "boolean", "number": "integer" if isinstance(value, int) else "number"}.get(
        json_kind(value), json_kind(value)
    )
    text = f"{path} in body must be of type {wanted}: {go_quote(kind if value is not None else 'null')}"
    shown = kind if value is not None else "null"
    return Cause("FieldValueTypeInvalid", f"Invalid value: {go_quote(shown)}: {text}", path or "<nil>")


def _text_faults(schema: Obj, value: str, path: str) -> Iterator[Cause]:
    longest, shortest = schema.get("maxLength"), schema.get("minLength")
    if longest is not None and len(value) > longest:
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {longest} bytes", path)
    if shortest is not None and len(value) < shortest:
        yield invalid(path, value, f"{path} in body should be at least {shortest} chars long")
    pattern = schema.get("pattern")
    if pattern and re.search(pattern, value) is None:
        yield invalid(path, value, f"{path} in body should match '{pattern}'")


def _number_faults(schema: Obj, value: float, path: str) -> Iterator[Cause]:
    least, most, step = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    if most is not None and (value >= most if schema.get("exclusiveMaximum") else value > most):
        word = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        yield invalid(path, value, f"{path} in body should be {word} {go_json(most)}")
    if least is not None and (value <= least if schema.get("exclusiveMinimum") else value < least):
        word = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        yield invalid(path, value, f"{path} in body should be {word} {go_json(least)}")
    if step and value % step:
        yield invalid(path, value, f"{path} in body should be a multiple of {go_json(step)}")


def _list_faults(schema: Obj, value: list[Any], path: str) -> Iterator[Cause]:
    most, least = schema.get("maxItems"), schema.get("minItems")
    if most is not None and len(value) > most:
        text = f"Too many: {len(value)}: must have at most {most} items"
        yield Cause("FieldValueTooMany", text, path)
    if least is not None and len(value) < least:
        yield invalid(path, len(value), f"{path} in body should have at least {least} items")
    items = schema.get("items") or {}
    for index, one in enumerate(value):
        yield from _faults(items, one, f"{path}[{index}]")


def _object_faults(schema: Obj, value: Obj, path: str) -> Iterator[Cause]:
    most, least = schema.get("maxProperties"), schema.get("minProperties")
    if most is not None and len(value) > most:
        text = f"Too many: {len(value)}: must have at most {most} items"
        yield Cause("FieldValueTooMany", text, path)
    if least is not None and len(value) < least:
        yield invalid(path, len(value), f"{path} in body should have at least {least} properties")
    properties = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    for name in sorted(value):
        where = f"{path}.{name}" if path else name
        if name in properties:
            yield from _faults(properties[name], value[name], where)
        elif isinstance(additional, dict):
            yield from _faults(additional, value[name], where)
    for name in schema.get("required") or ():
        if name not in value:
            yield required(f"{path}.{name}" if path else name)
