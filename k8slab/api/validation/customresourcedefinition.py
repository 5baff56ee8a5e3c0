"""CustomResourceDefinitions: names, versions, schemas, conversion.

The server holds what all versions have in common once, so a fault in the only
schema, or in one that all versions share, is reported under `spec.validation`.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go
and v1/conversion.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.kind import Rules
from k8slab.api.meta import Obj, condition_is
from k8slab.api.validation._field import (
    IMMUTABLE,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    quote,
    required,
    too_many,
)
from k8slab.api.validation._metadata import validate_metadata, validate_metadata_update
from k8slab.api.validation._names import dns_1035_label, dns_subdomain
from k8slab.api.validation._shape import shape
from k8slab.api.validation._structural import field_at, unknown_formats, validate_schema
from k8slab.api.validation._webhooks import validate_client_config

_SHARED = (
    ("schema", "validation"),
    ("subresources", "subresources"),
    ("additionalPrinterColumns", "additionalPrinterColumns"),
    ("selectableFields", "selectableFields"),
)
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_SIMPLE_PATH = "must be a simple json path starting with ."
_APPROVED = "api-approved.kubernetes.io"
_PROPOSAL = "see https://github.com/kubernetes/enhancements/pull/1111"


def _hoisted(spec: Obj) -> tuple[Obj, list[Obj]]:
    """What all versions share, by its name in the internal spec, and the versions without it."""
    versions = [version or {} for version in spec.get("versions") or ()]
    shared: Obj = {}
    for name, top_name in _SHARED:
        values = [version.get(name) for version in versions]
        if versions and values[0] is not None and all(value == values[0] for value in values):
            shared[top_name] = values[0]
            versions = [{key: value for key, value in one.items() if key != name} for one in versions]
    return shared, versions


def _joined(path: str, value: str, messages: Sequence[str], begin: str = "") -> list[Cause]:
    return [invalid(path, value, begin + ",".join(messages))] if messages else []


def _validate_spec(spec: Obj, path: str, unchanged: Container[str] = ()) -> list[Cause]:
    """`unchanged` names the versions whose schemas are stored as they are: no rule of theirs is too dear."""
    group, scope = spec.get("group") or "", spec.get("scope") or ""
    causes: list[Cause] = []
    if not group:
        causes.append(required(f"{path}.group"))
    elif dns_subdomain(group):
        causes += _joined(f"{path}.group", group, dns_subdomain(group))
    elif "." not in group:
        causes.append(invalid(f"{path}.group", group, "should be a domain with at least one dot"))
    if scope not in ("Cluster", "Namespaced"):
        scopes = ("Cluster", "Namespaced")
        causes.append(not_supported(f"{path}.scope", scope, scopes) if scope else required(f"{path}.scope"))
    shared, versions = _hoisted(spec)
    causes += _validate_versions(shared, versions, path, unchanged, spec.get("versions") is None)
    first = ((spec.get("versions") or [{}])[0] or {}).get("name") or ""
    if first:
        causes += _joined(f"{path}.version", first, dns_1035_label(first))
    names = spec.get("names") or {}
    for name in ("plural", "singular", "kind", "listKind"):
        if not names.get(name):
            causes.append(required(f"{path}.names.{name}"))
    causes += _validate_names(names, f"{path}.names")
    validation = shared.get("validation")
    with_status = any(
        "status" in ((version or {}).get("subresources") or {}) for version in spec.get("versions") or ()
    )
    causes += _validate_schema_of(validation, f"{path}.validation", with_status, first in unchanged)
    causes += _validate_subresources(shared.get("subresources"), f"{path}.subresources")
    causes += _validate_columns(shared.get("additionalPrinterColumns"), f"{path}.additionalPrinterColumns")
    where = f"{path}.selectableFields"
    if shared.get("selectableFields") and validation is None:
        causes.append(invalid(where, "", "may only be set when validations.schema is included"))
    elif shared.get("selectableFields"):
        causes += _validate_selectable(shared["selectableFields"], validation, where)
    where, strategy = f"{path}.conversion", (spec.get("conversion") or {}).get("strategy") or ""
    if spec.get("conversion") is not None and strategy != "None" and spec.get("preserveUnknownFields"):
        detail = "must be None if spec.preserveUnknownFields is true"
        causes.append(invalid(f"{where}.strategy", strategy, detail))
    return causes + _validate_conversion(spec.get("conversion"), where)


def _validate_versions(
    shared: Obj, versions: list[Obj], path: str, unchanged: Container[str], is_absent: bool
) -> list[Cause]:
    where = f"{path}.versions"
    causes: list[Cause] = []
    if (shared.get("validation") or {}).get("openAPIV3Schema") is None:
        for index, version in enumerate(versions):
            if (version.get("schema") or {}).get("openAPIV3Schema") is None:
                causes.append(required(f"{where}[{index}].schema.openAPIV3Schema"))
    for index, version in enumerate(versions):
        here, name = f"{where}[{index}]", version.get("name") or ""
        causes += _joined(f"{here}.name", name, dns_1035_label(name))
        causes += _validate_deprecation(version, f"{here}.deprecationWarning")
        subresources = version.get("subresources") or shared.get("subresources") or {}
        schema, with_status = version.get("schema"), "status" in subresources
        causes += _validate_schema_of(schema, f"{here}.schema", with_status, name in unchanged)
        causes += _validate_subresources(version.get("subresources"), f"{here}.subresources")
        columns = version.get("additionalPrinterColumns")
        causes += _validate_columns(columns, f"{here}.additionalPrinterColumns")
        if version.get("selectableFields"):
            fields = f"{here}.selectableFields"
            causes += _validate_selectable(version["selectableFields"], version.get("schema"), fields)
    names = [version.get("name") for version in versions]
    given = [shape("CustomResourceDefinitionVersion", version) for version in versions]
    shown = None if is_absent else given
    if len(set(names)) != len(names):
        causes.append(invalid(where, shown, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        causes.append(invalid(where, shown, detail))
    return causes


def _validate_deprecation(version: Obj, path: str) -> list[Cause]:
    text = version.get("deprecationWarning")
    if text is None:
        return []
    if not version.get("deprecated"):
        return [invalid(path, text, "can only be set for deprecated versions")]
    causes: list[Cause] = []
    if len(text.encode()) > 256:
        causes.append(invalid(path, text, "must be <= 256 characters long"))
    if not text:
        causes.append(invalid(path, text, "must not be an empty string"))
    hidden = next((at for at, one in enumerate(text) if not one.isprintable()), None)
    if hidden is not None:
        index = len(text[:hidden].encode())
        detail = (
            f"must only contain printable UTF-8 characters; non-printable character found at index {index}"
        )
        causes.append(invalid(path, text, detail))
    return causes


def _validate_schema_of(
    validation: Obj | None, path: str, with_status: bool, is_unchanged: bool
) -> list[Cause]:
    schema = (validation or {}).get("openAPIV3Schema")
    if schema is None:
        return []
    where = f"{path}.openAPIV3Schema"
    return validate_schema(schema, where, with_status, is_unchanged=is_unchanged)


def _unchanged(after: Obj, before: Obj) -> tuple[str, ...]:
    """The versions whose schemas are as they were."""
    was = {str(one.get("name")): one.get("schema") for one in before.get("versions") or ()}
    found = ((str(one.get("name")), one.get("schema")) for one in after.get("versions") or ())
    return tuple(name for name, schema in found if name in was and was[name] == schema)


_SELECTABLE = (
    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats "
    "are allowed."
)
_MOST_SELECTABLE = 8


def _validate_selectable(fields: Sequence[Obj], validation: Obj | None, path: str) -> list[Cause]:
    schema = (validation or {}).get("openAPIV3Schema")
    if schema is None:
        detail = "may only be set when `version.schema.openAPIV3Schema` is not included"
        return [invalid(path, "", detail)]
    causes: list[Cause] = []
    seen: list[str] = []
    for index, one in enumerate(fields):
        where, json_path = f"{path}[{index}].jsonPath", one.get("jsonPath") or ""
        if not json_path:
            causes.append(required(where))
            continue
        fault, found = field_at(json_path, schema, brackets=False)
        if fault:
            causes.append(invalid(where, json_path, f"is an invalid path: {fault}"))
            continue
        if json_path.startswith(".metadata"):
            causes.append(invalid(where, json_path, "must not point to fields in metadata"))
        if (found or {}).get("type") not in ("string", "boolean", "integer"):
            causes.append(invalid(where, json_path, _SELECTABLE))
        if json_path in seen:
            causes.append(duplicate(where, json_path))
        else:
            seen.append(json_path)
    if len(seen) > _MOST_SELECTABLE:
        causes.append(too_many(path, len(seen), _MOST_SELECTABLE))
    return causes


def _validate_names(names: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for name in ("plural", "singular", "kind", "listKind"):
        value = names.get(name) or ""
        if value and name in ("plural", "singular"):
            causes += _joined(f"{path}.{name}", value, dns_1035_label(value))
        elif value:
            begin = "may have mixed case, but should otherwise match: "
            causes += _joined(f"{path}.{name}", value, dns_1035_label(value.lower()), begin)
    for index, value in enumerate(names.get("shortNames") or ()):
        causes += _joined(f"{path}.shortNames[{index}]", value, dns_1035_label(value))
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        detail = "kind and listKind may not be the same"
        causes.append(invalid(f"{path}.listKind", names["listKind"], detail))
    for index, value in enumerate(names.get("categories") or ()):
        causes += _joined(f"{path}.categories[{index}]", value, dns_1035_label(value))
    return causes


def _validate_subresources(subresources: Any, path: str) -> list[Cause]:
    scale = (subresources or {}).get("scale")
    if scale is None:
        return []
    causes: list[Cause] = []
    for name, parents, words in (
        ("specReplicasPath", (".spec.",), ".spec"),
        ("statusReplicasPath", (".status.",), ".status"),
        ("labelSelectorPath", (".spec.", ".status."), "either .spec or .status"),
    ):
        value, where = scale.get(name) or "", f"{path}.scale.{name}"
        if not value and name != "labelSelectorPath":
            causes.append(required(where))
        elif value and not value.startswith("."):
            causes.append(invalid(where, value, _SIMPLE_PATH))
        elif value and not value.startswith(parents):
            causes.append(invalid(where, value, f"should be a json path under {words}"))
    return causes


def _validate_columns(columns: Any, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, column in enumerate(columns or ()):
        where = f"{path}[{index}]"
        kind, form = column.get("type") or "", column.get("format")
        if not column.get("name"):
            causes.append(required(f"{where}.name"))
        detail = f"must be one of {','.join(_COLUMN_TYPES)}"
        if not kind:
            causes.append(required(f"{where}.type", detail))
        elif kind not in _COLUMN_TYPES:
            causes.append(invalid(f"{where}.type", kind, detail))
        if form and form not in _COLUMN_FORMATS:
            detail = f"must be one of {','.join(_COLUMN_FORMATS)}"
            causes.append(invalid(f"{where}.format", form, detail))
        if not column.get("jsonPath"):
            causes.append(required(f"{where}.JSONPath"))
        elif not column["jsonPath"].startswith("."):
            causes.append(invalid(f"{where}.JSONPath", column["jsonPath"], _SIMPLE_PATH))
    return causes


def _validate_conversion(conversion: Obj | None, path: str) -> list[Cause]:
    if conversion is None:
        return []
    strategy, webhook = conversion.get("strategy") or "", conversion.get("webhook") or {}
    config, versions = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    causes: list[Cause] = []
    if strategy not in ("None", "Webhook"):
        strategies = ("None", "Webhook")
        where = f"{path}.strategy"
        causes.append(not_supported(where, strategy, strategies) if strategy else required(where))
    if strategy != "Webhook":
        detail = "should not be set when strategy is not set to Webhook"
        if config is not None:
            causes.append(forbidden(f"{path}.webhookClientConfig", detail))
        if versions:
            causes.append(forbidden(f"{path}.conversionReviewVersions", detail))
        return causes
    if config is None:
        detail = "required when strategy is set to Webhook"
        causes.append(required(f"{path}.webhookClientConfig", detail))
    else:
        causes += validate_client_config(config, f"{path}.webhookClientConfig")
    where = f"{path}.conversionReviewVersions"
    if not versions:
        return [*causes, required(where)]
    for index, version in enumerate(versions):
        if version in versions[:index]:
            causes.append(invalid(f"{where}[{index}]", version, "duplicate version"))
            continue
        causes += [invalid(f"{where}[{index}]", version, text) for text in dns_1035_label(version)]
    if not any(version in ("v1", "v1beta1") for version in versions):
        causes.append(invalid(where, versions, "must include at least one of v1, v1beta1"))
    return causes


def _validate_stored(definition: Obj) -> list[Cause]:
    stored, path = list((definition.get("status") or {}).get("storedVersions") or ()), "status.storedVersions"
    if not stored:
        return [invalid(path, None, "must have at least one stored version")]
    causes: list[Cause] = []
    versions = (definition.get("spec") or {}).get("versions") or ()
    for version in versions:
        if version.get("storage") and version.get("name") not in stored:
            detail = f"must have the storage version {version.get('name')}"
            causes.append(invalid(path, stored, detail))
    names = [version.get("name") for version in versions]
    for index, name in enumerate(stored):
        if name not in names:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                "spec.versions until a storage migration ensures no data remains persisted in "
                f"{name} and removes {name} from status.storedVersions"
            )
            causes.append(invalid(f"{path}[{index}]", name, detail))
    return causes


def _approval(annotations: Obj) -> tuple[str, str]:
    """The state of the approval that groups of the project need, and the reason."""
    text = annotations.get(_APPROVED) or ""
    if not text:
        begin = f"protected groups must have approval annotation {quote(_APPROVED)}"
        return "missing", f"{begin}, {_PROPOSAL}"
    if text.startswith("unapproved"):
        return "bypassed", ""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]+", text):
        return "approved", ""
    begin = f"protected groups must have approval annotation {quote(_APPROVED)} with either a URL or a reason"
    return "invalid", f'{begin} starting with "unapproved", {_PROPOSAL}'


def _validate_approval(new: Obj, old: Obj | None) -> list[Cause]:
    group = f".{(new.get('spec') or {}).get('group') or ''}"
    if not group.endswith((".k8s.io", ".kubernetes.io")):
        return []
    annotations = new["metadata"].get("annotations") or {}
    state, reason = _approval(annotations)
    if old is not None and _approval(old["metadata"].get("annotations") or {})[0] == state:
        return []
    path = f"metadata.annotations[{_APPROVED}]"
    if state == "missing":
        return [required(path, reason)]
    return [invalid(path, annotations[_APPROVED], reason)] if state == "invalid" else []


def _validate_rest(new: Obj, old: Obj | None) -> list[Cause]:
    status = new.get("status") or {}
    causes = _validate_names(status.get("acceptedNames") or {}, "status.acceptedNames")
    causes += _validate_stored(new) + _validate_approval(new, old)
    before = old is not None and (old.get("spec") or {}).get("preserveUnknownFields")
    if (new.get("spec") or {}).get("preserveUnknownFields") and not before:
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
            "spec.versions[*].schema instead"
        )
        causes.append(invalid("spec.preserveUnknownFields", True, detail))
    return causes


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    expected = f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}"

    def name_rule(name: str) -> tuple[str, ...]:
        found = dns_subdomain(name)
        return found if name == expected else (*found, 'must be spec.names.plural+"."+spec.group')

    causes = validate_metadata(new["metadata"], False, name_rule, finalizer_names=False)
    return causes + _validate_spec(spec, "spec") + _validate_rest(new, None)


def _update(new: Obj, old: Obj) -> list[Cause]:
    causes = validate_metadata_update(
        new["metadata"], old["metadata"], namespaced=False, finalizer_names=False
    )
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if after is not before:
        causes += _validate_spec(after, "spec", _unchanged(after, before))
        names, was = after.get("names") or {}, before.get("names") or {}
        pairs = [("group", after.get("group"), before.get("group"))]
        pairs.append(("names.plural", names.get("plural"), was.get("plural")))
        if condition_is(old, "Established"):
            kept = ("scope", after.get("scope"), before.get("scope"))
            pairs[:0] = [kept, ("names.kind", names.get("kind"), was.get("kind"))]
        causes += [
            invalid(f"spec.{name}", value, IMMUTABLE) for name, value, other in pairs if value != other
        ]
    return causes + _validate_rest(new, old)


def _status(new: Obj, old: Obj) -> list[Cause]:
    causes = validate_metadata_update(
        new["metadata"], old["metadata"], namespaced=False, finalizer_names=False
    )
    names = (new.get("status") or {}).get("acceptedNames") or {}
    return causes + _validate_names(names, "status.acceptedNames")


def _formats(definition: Obj) -> list[str]:
    """Formats in the schemas that mean nothing to the server."""
    found: list[str] = []
    shared, versions = _hoisted(definition.get("spec") or {})
    for validation in (shared.get("validation"), *(version.get("schema") for version in versions)):
        found += unknown_formats((validation or {}).get("openAPIV3Schema"))
    return found


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    before = _formats(old) if old is not None else []
    return tuple(f"unrecognized format {quote(form)}" for form in _formats(new) if form not in before)


RULES = Rules(create=_create, update=_update, status=_status, warnings=_warnings)
