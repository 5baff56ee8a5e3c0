"""What an OpenAPI schema of a custom resource has against a value, and the fields that it doesn't name.

Models vendor/k8s.io/kube-openapi/pkg/validation/{validate,errors} and
staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/{validation,schema/pruning,schema/listtype}, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from k8slab.api.errors import Cause
from k8slab.api.json_text import go_json, go_quote
from k8slab.api.meta import Obj
from k8slab.api.validation._custom_formats import fits, is_known
from k8slab.api.validation._field import duplicate, invalid, not_supported, required

TYPE_META = ("apiVersion", "kind", "metadata")


class _Verdict(NamedTuple):
    """The faults of a value, and how many checks were made: of several schemas, the faults of the
    one that got furthest are told."""

    faults: list[Cause]
    checks: int


_NEW = object()
"""Stands for what was there before where nothing was."""


def validate_value(schema: Obj, value: Any, base: str = "", *, old: Any = _NEW) -> list[Cause]:
    """The faults of a value; `base` is the field at which it stands in the object that is judged.

    What is as it was in `old` is not judged again.
    """
    return _judge(schema, value, "", base, old).faults


def _at(base: str, path: str) -> str:
    """The field of a fault: `base` and the path within the value."""
    path = path.removeprefix(".")
    return f"{base}.{path}" if base and path else base or path or "<nil>"


def _collect(found: list[Cause], more: list[Cause]) -> None:
    """Adds faults that aren't there yet."""
    for cause in more:
        if cause not in found:
            found.append(cause)


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    for kind, one in (("string", str), ("integer", int), ("number", float), ("array", list)):
        if isinstance(value, one):
            return kind
    return "object"


def _types(schema: Obj) -> list[str]:
    if schema.get("x-kubernetes-int-or-string"):
        return ["integer", "string"]
    return [schema["type"]] if schema.get("type") else []


def _format(schema: Obj, types: list[str]) -> str:
    """The format that is looked at: one that the type doesn't know is passed over."""
    form = schema.get("format") or ""
    return form if form and is_known(form, types[0] if len(types) == 1 else "") else ""


def _judge(schema: Obj, value: Any, path: str, base: str, old: Any = _NEW) -> _Verdict:
    if old is not _NEW and old == value:
        return _Verdict([], 1)
    found: list[Cause] = []
    types = _types(schema)
    form = _format(schema, types)
    checks = 1
    if types or form:
        _collect(found, _type_faults(schema, types, form, value, path, base))
        checks += 2
    if value is None:
        _collect(found, _enum_faults(schema, value, path, base))
        return _Verdict(found, checks)
    parts = [_compound(schema, value, path, base)]
    if isinstance(value, str):
        parts.append(_Verdict(_text_faults(schema, value, path, base), 1))
        if form and not fits(form, value):
            parts.append(_Verdict([_type_invalid(path, value, form, base)], 1))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        parts.append(_Verdict(_number_faults(schema, types, form, value, path, base), 2))
    elif isinstance(value, list):
        parts.append(_list_verdict(schema, value, path, base, old))
    parts.append(_Verdict(_enum_faults(schema, value, path, base), 1))
    if isinstance(value, dict):
        parts.append(_object_verdict(schema, value, path, base, old))
    for part in parts:
        _collect(found, part.faults)
        checks += part.checks
    return _Verdict(found, checks)


def _type_invalid(path: str, shown: str, wanted: str, base: str) -> Cause:
    text = f"{path} in body must be of type {wanted}: {go_quote(shown)}"
    return Cause("FieldValueTypeInvalid", f"Invalid value: {go_quote(shown)}: {text}", _at(base, path))


def _type_faults(schema: Obj, types: list[str], form: str, value: Any, path: str, base: str) -> list[Cause]:
    wanted = ",".join(types)
    if value is None:
        null_fits = not types or schema.get("nullable")
        return [] if null_fits else [_type_invalid(path, "null", wanted, base)]
    kind = _kind_of(value)
    size = {"integer": "int64", "number": "float64"}.get(kind, "")
    fitting = kind in types or (kind == "integer" and "number" in types)
    fitting = fitting or (kind == "number" and "integer" in types and float(value).is_integer())
    if form and kind not in ("string", "array") and not fitting and size != form:
        return [_type_invalid(path, size, form, base)]
    if form and kind in ("string", "array") and not {"number", "integer"} & set(types):
        return []
    return [] if fitting else [_type_invalid(path, kind, wanted, base)]


def _enum_faults(schema: Obj, value: Any, path: str, base: str) -> list[Cause]:
    enum = schema.get("enum")
    if not enum or any(one == value and isinstance(one, bool) == isinstance(value, bool) for one in enum):
        return []
    words = [one if isinstance(one, str) else go_json(one) for one in enum if one is not None]
    return [not_supported(_at(base, path), value, words)]


def _compound(schema: Obj, value: Any, path: str, base: str) -> _Verdict:
    """anyOf, oneOf, allOf and not: a sentence without a field each, and the nearest schema's faults."""
    found: list[Cause] = []
    checks = 1
    name, nowhere = go_quote(path), base or "<nil>"
    any_of, one_of, all_of = (
        [_judge(one or {}, value, path, base) for one in schema.get(word) or ()]
        for word in ("anyOf", "oneOf", "allOf")
    )
    if any_of:
        good = next((one for one in any_of if not one.faults), None)
        if good is None:
            text = f"{name} must validate at least one schema (anyOf)"
            _collect(found, [invalid(nowhere, "", text)])
        nearest = good or max(any_of, key=lambda one: one.checks)
        _collect(found, nearest.faults)
        checks += nearest.checks
    if one_of:
        good_ones = [one for one in one_of if not one.faults]
        nearest = good_ones[0] if good_ones else max(one_of, key=lambda one: one.checks)
        if len(good_ones) != 1:
            number = f"Found {len(good_ones)} valid alternatives" if good_ones else "Found none valid"
            text = f"{name} must validate one and only one schema (oneOf). {number}"
            _collect(found, [invalid(nowhere, "", text)])
        _collect(found, nearest.faults)
        checks += nearest.checks if len(good_ones) < 2 else 0
    for one in all_of:
        _collect(found, one.faults)
        checks += one.checks
    if any(one.faults for one in all_of):
        more = ". None validated" if all(one.faults for one in all_of) else ""
        _collect(found, [invalid(nowhere, "", f"{name} must validate all the schemas (allOf){more}")])
    if schema.get("not") is not None and not _judge(schema["not"], value, path, base).faults:
        _collect(found, [invalid(nowhere, "", f"{name} must not validate the schema (not)")])
    return _Verdict(found, checks)


def _text_faults(schema: Obj, value: str, path: str, base: str) -> list[Cause]:
    longest, shortest = schema.get("maxLength"), schema.get("minLength")
    where = _at(base, path)
    if longest is not None and len(value) > longest:
        return [Cause("FieldValueTooLong", f"Too long: may not be more than {longest} bytes", where)]
    if shortest is not None and len(value) < shortest:
        return [invalid(where, value, f"{path} in body should be at least {shortest} chars long")]
    pattern = schema.get("pattern")
    if pattern and not _matches(pattern, value):
        return [invalid(where, value, f"{path} in body should match '{pattern}'")]
    return []


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True


def _number_faults(
    schema: Obj, types: list[str], form: str, value: float, path: str, base: str
) -> list[Cause]:
    """Bounds are cut to whole numbers where the value is one."""
    bounds = [schema.get(name) for name in ("minimum", "maximum", "multipleOf")]
    if isinstance(value, int):
        bounds = [None if bound is None else int(bound) for bound in bounds]
    least, most, step = bounds
    where = _at(base, path)
    found: list[Cause] = []
    if types == ["integer"] and not _is_whole(value, 31 if form == "int32" else 63):
        kind = "with format int32" if form == "int32" else "with format int64" if form else "(default format)"
        text = f"Checked value must be of type integer {kind} in {path}"
        found.append(invalid(base or "<nil>", "", text))
    if step is not None and step <= 0:
        detail = f"factor MultipleOf declared for {path} must be positive: {go_json(step)}"
        found.append(invalid(where, step, detail))
    elif step and value % step:
        found.append(invalid(where, value, f"{path} in body should be a multiple of {go_json(step)}"))
    if least is not None and (value <= least if schema.get("exclusiveMinimum") else value < least):
        word = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        found.append(invalid(where, value, f"{path} in body should be {word} {go_json(least)}"))
    if most is not None and (value >= most if schema.get("exclusiveMaximum") else value > most):
        word = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        found.append(invalid(where, value, f"{path} in body should be {word} {go_json(most)}"))
    return found


def _is_whole(value: float, bits: int) -> bool:
    return float(value).is_integer() and -(2**bits) <= value < 2**bits


def _too_many(where: str, number: int, most: int) -> Cause:
    return Cause("FieldValueTooMany", f"Too many: {number}: must have at most {most} items", where)


def _counterpart(schema: Obj, one: Any, old: Any) -> Any:
    """The item of a list before the write that has the keys of this one."""
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return _NEW
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    same = [
        was
        for was in old
        if isinstance(was, dict)
        and isinstance(one, dict)
        and all(was.get(key) == one.get(key) for key in keys)
    ]
    return same[0] if len(same) == 1 else _NEW


def _list_verdict(schema: Obj, value: list[Any], path: str, base: str, old: Any) -> _Verdict:
    found: list[Cause] = []
    checks = 1
    items = schema.get("items")
    if isinstance(items, dict):
        for index, one in enumerate(value):
            verdict = _judge(items, one, f"{path}[{index}]", base, _counterpart(schema, one, old))
            _collect(found, verdict.faults)
            checks += verdict.checks
    most, least, where = schema.get("maxItems"), schema.get("minItems"), _at(base, path)
    if least is not None and len(value) < least:
        text = f"{path} in body should have at least {least} items"
        _collect(found, [invalid(where, len(value), text)])
    if most is not None and len(value) > most:
        _collect(found, [_too_many(where, len(value), most)])
    return _Verdict(found, checks)


def _object_verdict(schema: Obj, value: Obj, path: str, base: str, old: Any) -> _Verdict:
    found: list[Cause] = []
    checks = 0
    most, least, where = schema.get("maxProperties"), schema.get("minProperties"), _at(base, path)
    if least is not None and len(value) < least:
        text = f"{path} in body should have at least {least} properties"
        found.append(invalid(where, len(value), text))
    if most is not None and len(value) > most:
        found.append(_too_many(where, len(value), most))
    properties, more = schema.get("properties") or {}, schema.get("additionalProperties")
    inner: list[tuple[str, Obj, str]] = []
    if isinstance(more, dict):
        inner = [(name, more, f"{path}.{name}") for name in sorted(value) if name not in properties]
    inner += [
        (name, properties[name] or {}, f"{path}.{name}" if path else name)
        for name in sorted(properties)
        if name in value
    ]
    for name, part, place in inner:
        was = old.get(name, _NEW) if isinstance(old, dict) else _NEW
        verdict = _judge(part, value[name], place, base, was)
        _collect(found, verdict.faults)
        checks += verdict.checks
    missing = [name for name in schema.get("required") or () if name not in value]
    _collect(found, [required(_at(base, f"{path}.{name}")) for name in missing])
    return _Verdict(found, checks)


def prune(schema: Obj | None, value: Any, path: str, faults: list[str], *, root: bool = False) -> Any:
    """A value without the fields that its schema doesn't name; `faults` hears of each."""
    schema = schema or {}
    everything = schema.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(value, list):
        items = schema.get("items")
        if everything and items is None:
            return value
        inner = {**(items or {}), **_EVERYTHING} if everything else items
        found = [prune(inner, one, f"{path}[{index}]", faults) for index, one in enumerate(value)]
        return value if all(new is old for new, old in zip(found, value, strict=True)) else found
    if not isinstance(value, dict):
        return value
    embedded = root or schema.get("x-kubernetes-embedded-resource")
    properties = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    result: Obj = {}
    for name, one in value.items():
        where = f"{path}.{name}" if path else name
        if embedded and name in TYPE_META:
            result[name] = one
        elif name in properties:
            result[name] = prune(properties[name], one, where, faults)
        elif isinstance(additional, dict) or (additional and not everything):
            result[name] = prune(additional if isinstance(additional, dict) else {}, one, where, faults)
        elif everything:
            result[name] = one
        else:
            faults.append(f"unknown field {go_quote(where)}")
    unchanged = len(result) == len(value) and all(result[name] is value[name] for name in result)
    return value if unchanged else result


_EVERYTHING: Obj = {"x-kubernetes-preserve-unknown-fields": True}


def without_nulls(schema: Any, value: Any) -> Any:
    """A value without nulls that its schema doesn't allow, but for those that a default replaces."""
    if not isinstance(schema, dict):
        return value
    if isinstance(value, list):
        found = [without_nulls(schema.get("items"), one) for one in value]
        return value if all(new is old for new, old in zip(found, value, strict=True)) else found
    if not isinstance(value, dict):
        return value
    properties, more = schema.get("properties") or {}, schema.get("additionalProperties")
    result: Obj = {}
    for name, one in value.items():
        part = properties.get(name, more)
        allowed = not isinstance(part, dict) or part.get("nullable") or part.get("default") is not None
        if one is None and not allowed:
            continue
        result[name] = without_nulls(part, one)
    unchanged = len(result) == len(value) and all(result[name] is value[name] for name in result)
    return value if unchanged else result


def repeated(schema: Obj, value: Any, path: str = "") -> Iterator[Cause]:
    """Items that stand twice in a set, or under the same keys in a map that is written as a list."""
    if isinstance(value, list):
        yield from _repeated_items(schema, value, path)
        items = schema.get("items")
        if isinstance(items, dict):
            for index, one in enumerate(value):
                yield from repeated(items, one, f"{path}[{index}]")
    elif isinstance(value, dict):
        properties, more = schema.get("properties") or {}, schema.get("additionalProperties")
        for name in sorted(value):
            if isinstance(more, dict):
                yield from repeated(more, value[name], f"{path}[{name}]")
            elif name in properties:
                where = f"{path}.{name}" if path else name
                yield from repeated(properties[name] or {}, value[name], where)


def _repeated_items(schema: Obj, value: list[Any], path: str) -> Iterator[Cause]:
    how = schema.get("x-kubernetes-list-type")
    keys: list[Any] = value
    if how == "map":
        for index, one in enumerate(value):
            if one is not None and not isinstance(one, dict):
                detail = "must be an object for an array of list-type map"
                yield invalid(f"{path}[{index}]", one, detail)
                return
        names = schema.get("x-kubernetes-list-map-keys") or ()
        keys = [{name: one[name] for name in names if name in one} if one else {} for one in value]
    elif how != "set":
        return
    seen: dict[str, int] = {}
    for index, key in enumerate(keys):
        text = go_json(key)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:
            yield duplicate(f"{path}[{index}]", key)
