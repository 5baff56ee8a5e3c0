"""What the server makes of a patched object: decode it, and refuse it with its own text where that fails.

A body that can't be decoded is a bad request; a patched object that can't is
invalid, and the refusal quotes it: after a JSON or merge patch the whole
object, in Go's order but for the objects that the patch reached into, which
are sorted; after a strategic merge patch the patch.

Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go and
staging/src/k8s.io/apimachinery/pkg/runtime/converter.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api import schema
from k8slab.api.decode import (
    STRICT,
    WARN,
    Decoded,
    StrictError,
    conversion_error,
    not_interpreted,
    not_registered,
)
from k8slab.api.errors import ApiError, Cause, bad_request, invalid, nameless
from k8slab.api.json_text import go_json, go_quote
from k8slab.api.meta import Obj, group_version
from k8slab.api.patch import JSON_PATCH, STRATEGIC_MERGE_PATCH
from k8slab.api.strategic import go_format
from k8slab.api.unmarshal import DecodeError, json_kind, unmarshal, unmarshal_sent


def decode_patched(
    type_name: str,
    old: Obj,
    patch: Any,
    new: Obj,
    *,
    patch_type: str,
    validation: str = WARN,
    patch_errors: tuple[str, ...] = (),
) -> Decoded:
    """The decoded object, and texts for Warning headers.

    `old` and `new` are the object before and after the patch, as the client
    sees it (`managedFields` and all); `patch_errors` are the strict errors of
    the patch itself, from `read_patch`. Raises ApiError 422 in upstream's words.
    """
    if patch_type == STRATEGIC_MERGE_PATCH:
        new = {**new, "apiVersion": old["apiVersion"], "kind": old["kind"]}
        problem = restore_fault(f"#{type_name}", new)
    else:
        problem = _type_fault(type_name, old, new, validation)
    if problem:
        raise _refusal(type_name, old, patch, new, patch_type, problem)
    try:
        obj, strict, is_sparse = unmarshal_sent(type_name, new)
        if strict and patch_type != STRATEGIC_MERGE_PATCH:
            strict = unmarshal(type_name, _as_text(type_name, old, patch, new, patch_type))[1]
    except DecodeError as error:
        problem = str(error)
        if patch_type == STRATEGIC_MERGE_PATCH and problem.startswith("illegal base64"):
            problem = f"error decoding from json: {problem}"
        raise _refusal(type_name, old, patch, new, patch_type, problem) from None
    if "kind" not in obj:
        obj = {**obj, "kind": old["kind"]}
    errors = patch_errors + strict
    if errors and validation == STRICT:
        raise _refusal(type_name, old, patch, new, patch_type, str(StrictError(errors)))
    return Decoded(obj, errors if validation == WARN else (), is_sparse)


def _type_fault(type_name: str, old: Obj, new: Any, validation: str) -> str:
    """Why a patched object is of another type than before; empty where it is of the same.

    One that has lost its version is read as the server's internal type, which knows none
    of the names that stand in JSON: so its name is gone too.
    """
    if not isinstance(new, dict):
        return f"couldn't get version/kind; json parse error: {not_interpreted(new)}"
    for name in ("kind", "apiVersion"):
        if new.get(name) is not None and not isinstance(new[name], str):
            text = (
                f"json: cannot unmarshal {json_kind(new[name])} into Go struct field .{name} of type string"
            )
            return f"couldn't get version/kind; json parse error: {text}"
    version, kind = new.get("apiVersion"), new.get("kind") or old["kind"]
    if not version:
        unknown = tuple(f"unknown field {go_quote(name)}" for name in sorted(new) if name != "kind")
        if validation == STRICT:
            return str(StrictError(unknown))
        raise bad_request(nameless(old["metadata"]["name"]))
    sent = schema.type_of_kind(version, kind)
    if not sent:
        return not_registered(version, kind)
    if sent == type_name:
        return ""
    try:
        unmarshal(sent, new)
    except DecodeError as error:
        return str(error)
    return conversion_error(sent, old["kind"], group_version(old["apiVersion"])[0])


def _refusal(type_name: str, old: Obj, patch: Any, new: Obj, patch_type: str, problem: str) -> ApiError:
    if patch_type == STRATEGIC_MERGE_PATCH:
        text = go_format(patch)
    else:
        text = go_json(_as_text(type_name, old, patch, new, patch_type))
    return refusal(text, problem)


def refusal(text: str, problem: str) -> ApiError:
    """422 for an object that a patch has made unreadable, of which `text` is the JSON."""
    cause = Cause("FieldValueInvalid", f"Invalid value: {go_quote(text)}: {problem}", "patch")
    refused = invalid("", "", "", [cause])
    refused.details = {}
    return refused


def _as_text(type_name: str, old: Obj, patch: Any, new: Obj, patch_type: str) -> Any:
    """The patched object with its keys in the order in which the server's text of it has them."""
    reached = _reached_by_operations(patch) if patch_type == JSON_PATCH else patch
    return _in_text_order(schema.in_go_order(f"#{type_name}", old), reached, new)


def _reached_by_operations(operations: list[Any]) -> dict[str, Any]:
    """The places that a JSON patch goes through, as nested dicts of path tokens."""
    reached: dict[str, Any] = {}
    for operation in operations:
        for path in (operation.get("path"), operation.get("from")):
            here = reached
            for token in (path or "").split("/")[1:]:
                here = here.setdefault(token.replace("~1", "/").replace("~0", "~"), {})
    return reached


def _in_text_order(old: Any, reached: Any, new: Any) -> Any:
    """The new value: sorted where the patch reached in, in the old one's order elsewhere."""
    if not isinstance(reached, dict) or type(old) is not type(new):
        return new
    if isinstance(new, list):
        return [
            _in_text_order(old[index], reached[str(index)], item)
            if str(index) in reached and index < len(old)
            else item
            for index, item in enumerate(new)
        ]
    if not isinstance(new, dict):
        return new
    return {
        name: _in_text_order(old.get(name), reached[name], new[name])
        if name in reached
        else old.get(name, new[name])
        for name in sorted(new)
    }


# How a strategically patched object fails to become a Go struct.

_KINDS = {str: "string", bool: "bool", int: "int64", float: "float64", dict: "map", list: "slice"}
_SELF_MADE = ("quantity", "intorstring", "time", "microtime", "duration", "any")
_FITTING: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "bool": (bool,),
    "int32": (int,),
    "int64": (int,),
    "float64": (int, float),
    "bytes": (str,),
}


def restore_fault(expression: str, value: Any) -> str:
    """Why a value can't become a Go value of a type, in the converter's words; empty where it can."""
    if value is None:
        return ""
    target = schema.base(schema.base(expression).lstrip("*"))
    if target in _SELF_MADE:
        return ""
    kind = _KINDS[type(value)]
    if target.startswith("#"):
        if kind != "map":
            return f"cannot restore struct from: {kind}"
        fields = schema.type_named(target[1:]).fields.values()
        faults = (restore_fault(field.type, value.get(field.name)) for field in fields)
    elif target.startswith("map:"):
        if kind != "map":
            return f"cannot restore map from {kind}"
        faults = (restore_fault(target[4:], value[name]) for name in sorted(value))
    elif target.startswith("[]"):
        if kind != "slice":
            return f"cannot restore slice from {kind}"
        faults = (restore_fault(target[2:], item) for item in value)
    else:
        return _scalar_fault(expression.lstrip("*"), target, kind, value)
    return next((fault for fault in faults if fault), "")


def _scalar_fault(expression: str, target: str, kind: str, value: Any) -> str:
    fits = isinstance(value, _FITTING[target]) and isinstance(value, bool) == (target == "bool")
    whole = kind == "float64" and target.startswith("int") and value.is_integer()
    if fits or whole:
        return ""
    if target == "bytes":
        return f"cannot restore slice from {kind}"
    if (kind == "int64" and target == "string") or (kind == "float64" and target.startswith("int")):
        return f"cannot convert {kind} to {schema.go_type(expression)}"
    return f"unrecognized type: {target}"
