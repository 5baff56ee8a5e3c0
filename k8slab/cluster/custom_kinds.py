"""The kinds that CustomResourceDefinitions add: their names, pruning, defaults, validation and columns.

A definition is served as soon as it is stored. A kind is known in the store by
its `kind`, so a definition whose kind a built-in one has already is not served.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/{apiserver/customresource_handler.go,
registry/customresource/strategy.go, apiserver/schema/{pruning,defaulting}} and
vendor/k8s.io/kube-openapi/pkg/validation, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from k8slab.api.custom_scale import scale_of
from k8slab.api.errors import Cause, bad_request
from k8slab.api.errors import invalid as invalid_object
from k8slab.api.go_text import sprint, type_name
from k8slab.api.json_text import go_json, go_quote
from k8slab.api.kind import ALL_VERBS, Kind, Rules, Version, kinds
from k8slab.api.memo import remember
from k8slab.api.meta import Obj, dig
from k8slab.api.patched import refusal
from k8slab.api.schema import OBJECT_META
from k8slab.api.tables import CREATION_DESCRIPTION
from k8slab.api.unmarshal import DecodeError, json_kind, unmarshal
from k8slab.api.validation._custom_rules import NEW, has_rules, rule_faults
from k8slab.api.validation._custom_values import prune, repeated, validate_value, without_nulls
from k8slab.api.validation._field import invalid
from k8slab.api.validation._metadata import validate_metadata, validate_metadata_update
from k8slab.api.validation._names import dns_subdomain, label_key
from k8slab.cluster.world import World

DEFINITION = "CustomResourceDefinition"

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


_AGE_ALONE: list[Obj] = [
    {
        "name": "Age",
        "type": "date",
        "description": CREATION_DESCRIPTION,
        "jsonPath": ".metadata.creationTimestamp",
    }
]


def is_custom(kind: Kind) -> bool:
    """Whether a definition added a kind."""
    return "." in kind.group and kind.kind not in kinds() and kind.verbs is ALL_VERBS


def read_custom(
    world: World,
    kind: Kind,
    version: str,
    obj: Obj,
    validation: str,
    warnings: list[str],
    *,
    patched: bool = False,
) -> Obj:
    """A custom object as its version's schema has it; what it doesn't name is a warning, or 400 if strict.

    Raises ApiError 400 or 422 for a body of another kind or version.
    """
    api_version = f"{kind.group}/{version}"
    sent = (obj.get("apiVersion") or api_version, obj.get("kind") or kind.kind)
    if sent[0] != api_version and not patched:
        raise bad_request(
            f"the API version in the data ({sent[0]}) does not match the expected API version ({api_version})"
        )
    faults = [
        invalid(name, value, f"must be {wanted}")
        for name, value, wanted in (("kind", sent[1], kind.kind), ("apiVersion", sent[0], api_version))
        if value != wanted
    ]
    if faults:
        group = sent[0].rpartition("/")[0]
        raise invalid_object(sent[1], group, (obj.get("metadata") or {}).get("name") or "", faults)
    definition = definition_of(world, kind)
    assert definition is not None, "a custom kind has its definition"
    schema = schema_at(definition, version)
    handled = f'{kind.kind} in version "{version}" cannot be handled as a {kind.kind}: '
    try:
        metadata, in_metadata = _read_metadata(obj)
    except DecodeError as error:
        if patched:
            raise refusal(go_json(in_order(obj)), str(error)) from None
        raise bad_request(f"{handled}{error}") from None
    try:
        read, in_embedded = _read_embedded(schema, obj, "")
    except EmbeddedError as error:
        raise bad_request(f"{handled}{error}") from None
    found = [*in_metadata, *unknown_fields(schema, obj), *sorted(in_embedded)]
    unknown = found if validation != "Ignore" else []
    if validation == "Strict" and (strict := [*warnings, *unknown]):
        text = f"strict decoding error: {', '.join(strict)}"
        warnings.clear()
        if patched:
            raise refusal(go_json(in_order(obj)), text)
        raise bad_request(f"{handled}{text}")
    warnings.extend(unknown)
    pruned = _pruned_object(schema, {**read, "apiVersion": api_version, "kind": kind.kind})
    return {**without_nulls(schema, pruned), "metadata": metadata}


class EmbeddedError(ValueError):
    """The metadata of an embedded object can't be read."""


def _read_embedded(schema: Obj, value: Any, path: str) -> tuple[Any, list[str]]:
    """A value in which embedded objects have metadata as every object has it, and their strict errors.

    Models staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta/algorithm.go, v1.36.
    """
    if isinstance(value, list):
        items = schema.get("items") or {}
        read = [_read_embedded(items, one, f"{path}[{number}]") for number, one in enumerate(value)]
        changed = any(new is not old for (new, _), old in zip(read, value, strict=True))
        return [new for new, _ in read] if changed else value, [one for _, found in read for one in found]
    if not isinstance(value, dict):
        return value, []
    unknown: list[str] = []
    new = dict(value)
    if schema.get("x-kubernetes-embedded-resource") and "metadata" in value:
        new["metadata"], unknown = _read_embedded_metadata(value["metadata"], f"{path}.metadata")
    named, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for name in value:
        below = named.get(name, others)
        if isinstance(below, dict):
            new[name], found = _read_embedded(below, new[name], f"{path}.{name}" if path else name)
            unknown += found
    return (new if new != value else value), unknown


def _read_embedded_metadata(sent: Any, path: str) -> tuple[Obj, list[str]]:
    wrong = f"{path}: Invalid value: {go_json(in_order(sent))}: "
    if not isinstance(sent, dict):
        text = f"json: cannot unmarshal {json_kind(sent)} into Go value of type v1.ObjectMeta"
        raise EmbeddedError(wrong + text)
    try:
        metadata, strict = unmarshal(OBJECT_META, sent)
    except DecodeError as error:
        raise EmbeddedError(f"{wrong}{error}") from None
    return metadata, [text.replace('"', f'"{path}.', 1) for text in strict]


def _read_metadata(obj: Obj) -> tuple[Obj, tuple[str, ...]]:
    """The metadata of a custom object as every object has it, and its strict errors. Raises DecodeError."""
    sent = obj.get("metadata")
    if sent is not None and not isinstance(sent, dict):
        raise DecodeError(f"json: cannot unmarshal {json_kind(sent)} into Go value of type v1.ObjectMeta")
    metadata, strict = unmarshal(OBJECT_META, sent or {})
    return metadata, tuple(text.replace('"', '"metadata.', 1) for text in strict)


def in_order(value: Any) -> Any:
    """A value with the keys of its maps in order, as a custom object is written."""
    if isinstance(value, dict):
        return {name: in_order(value[name]) for name in sorted(value)}
    return [in_order(one) for one in value] if isinstance(value, list) else value


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
        rules=_rules(schema, spec["scope"] == "Namespaced", parts.get("scale")),
        scale=scale_of(parts.get("scale")),
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
        _rules_in(definition, version),
    )


def _rules_in(definition: Obj, version: str) -> Rules | None:
    """What a version refuses by its own schema; None where a webhook makes its objects the stored one's."""
    if dig(definition, "spec", "conversion", "strategy") == "Webhook":
        return None
    parts = _version_of(definition, version).get("subresources") or {}
    namespaced = definition["spec"]["scope"] == "Namespaced"
    return _rules(schema_at(definition, version), namespaced, parts.get("scale"))


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


def _pruned_object(schema: Obj, obj: Obj) -> Obj:
    pruned: Obj = prune(schema, obj, "", [], root=True)
    return pruned


def unknown_fields(schema: Obj, obj: Obj) -> list[str]:
    """The strict errors of an object: `unknown field "spec.colour"` for each field that is pruned."""
    faults: list[str] = []
    prune(schema, obj, "", faults, root=True)
    return sorted(faults)


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


_STANDARD_FINALIZERS = ("foregroundDeletion", "kubernetes", "orphan")
_MOST = 2**31 - 1
_SHAPELESS = {
    f"FieldValue{kind}" for kind in ("NotSupported", "Required", "TooLong", "TooMany", "TypeInvalid")
}
"""The faults that leave an object unfit for rules."""
_NOT_ASKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)


def _rules(schema: Obj, namespaced: bool, scale: Obj | None) -> Rules:
    status_schema = (schema.get("properties") or {}).get("status")

    def on_create(obj: Obj) -> list[Cause]:
        causes = [
            *validate_metadata(obj["metadata"], namespaced, dns_subdomain, finalizer_names=False),
            *validate_value(schema, obj),
            *_scale_faults(scale, obj),
            *repeated(schema, obj),
        ]
        return _with_rules(schema, causes, obj)

    def on_update(new: Obj, old: Obj) -> list[Cause]:
        causes = validate_metadata_update(
            new["metadata"], old["metadata"], namespaced=namespaced, finalizer_names=False
        )
        causes += [*validate_value(schema, new, old=old), *_scale_faults(scale, new)]
        if not any(repeated(schema, old)):
            causes += repeated(schema, new)
        return _with_rules(schema, causes, new, old=old)

    def on_status(new: Obj, old: Obj) -> list[Cause]:
        causes = validate_metadata_update(
            new["metadata"], old["metadata"], namespaced=namespaced, finalizer_names=False
        )
        if "status" in new and status_schema is not None:
            causes += validate_value(status_schema, new["status"], "status", old=old.get("status"))
        causes += _scale_faults(scale, new, status_only=True)
        return _with_rules(schema, causes, new, old=old)

    return Rules(create=on_create, update=on_update, status=on_status, warnings=_warnings)


def _with_rules(schema: Obj, causes: list[Cause], obj: Obj, *, old: Any = NEW) -> list[Cause]:
    """The faults of an object, and what the schema's rules have against it.

    Rules are written for objects of the schema's shape: of one that is of another shape
    they aren't asked, and the refusal says so.
    """
    if not any(cause.reason in _SHAPELESS for cause in causes):
        return [*causes, *rule_faults(schema, obj, old=old)]
    return [*causes, invalid("<nil>", None, _NOT_ASKED)] if has_rules(schema) else causes


def _scale_faults(scale: Obj | None, obj: Obj, *, status_only: bool = False) -> list[Cause]:
    """The numbers that the scale subresource shows are numbers, and not too great."""
    if scale is None:
        return []
    causes: list[Cause] = []
    for name in ("statusReplicasPath",) if status_only else ("specReplicasPath", "statusReplicasPath"):
        path = scale.get(name) or ""
        number, problem = _number_at(obj, path)
        if problem:
            causes.append(invalid(path, 0, f"{path} accessor error: {problem}"))
        elif number < 0:
            causes.append(invalid(path, number, "should be a non-negative integer"))
        elif number > _MOST:
            causes.append(invalid(path, number, f"should be less than or equal to {_MOST}"))
    return causes


def _number_at(obj: Obj, path: str) -> tuple[int, str]:
    """The whole number at a path, 0 where there is none, and what stands there instead of one."""
    at: Any = obj
    names = path.removeprefix(".").split(".")
    for name in names:
        if not isinstance(at, dict):
            return 0, f"{sprint(at)} is of the type {type_name(at)}, expected map[string]interface{{}}"
        if name not in at:
            return 0, ""
        at = at[name]
    if not isinstance(at, int) or isinstance(at, bool):
        return 0, f"{sprint(at)} is of the type {type_name(at)}, expected int64"
    return at, ""


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    """Finalizers that are new and have no domain."""
    before = ((old or {}).get("metadata") or {}).get("finalizers") or ()
    found: list[str] = []
    for name in sorted(set(new["metadata"].get("finalizers") or ()) - set(before)):
        begin = f"metadata.finalizers: {go_quote(name)}: "
        found += [begin + text for text in label_key(name)]
        if "/" not in name and name not in _STANDARD_FINALIZERS:
            path = " including a path (/)" if "." in name else ""
            found.append(
                f"{begin}prefer a domain-qualified finalizer name{path} to avoid accidental conflicts with "
                "other finalizer writers"
            )
    return tuple(found)
