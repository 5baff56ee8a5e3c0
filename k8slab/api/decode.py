"""What the API server makes of a request body: refuse wrong types, drop what it doesn't know, normalise.

The result is what Go's round trip through the versioned type and storage
would give: unknown fields gone, zero-valued `omitempty` fields gone, structs
and other fields that Go always writes there, quantities and times canonical,
null read as "zero". Subtrees that are as they should be are shared with the
body; a body that needs no change is given back itself.

Models staging/src/k8s.io/apimachinery/pkg/runtime/serializer/json/json.go,
vendor/sigs.k8s.io/json and staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{rest,create}.go, v1.36.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from k8slab.api import schema, yaml
from k8slab.api.errors import ApiError, bad_request
from k8slab.api.json_text import JsonError, decode_json, go_json, go_quote, plain, repeated_keys
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj, group_version
from k8slab.api.unmarshal import STORED, WRITTEN, DecodeError, json_kind, normalise, unmarshal, unmarshal_sent

STRICT = "Strict"
WARN = "Warn"
IGNORE = "Ignore"

_SUMMARY_BYTES = 30
_INTERPRETED = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
)


_YAML_HEADING = "yaml: unmarshal errors:\n"


class StrictError(ValueError):
    """Unknown and repeated fields; `errors` are their texts in the order of the body."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__(f"strict decoding error: {', '.join(errors)}")
        self.errors = errors


class Decoded(NamedTuple):
    """An object as it was sent, texts for Warning headers, and whether it has lists or maps with nothing in
    them, which storage will drop (`stored`)."""

    obj: Obj
    warnings: tuple[str, ...]
    is_sparse: bool = False


_KEPT_AS_JSON = ("apiextensions.k8s.io", "apiregistration.k8s.io")
"""Groups whose objects storage has as JSON, which tells an empty list from none."""


def stored(kind: Kind, obj: Obj) -> Obj:
    """An object that was decoded and judged as storage gives it back: without empty lists and maps."""
    type_name = schema.type_of_kind(kind.api_version, kind.kind)
    if not type_name:
        return obj
    return normalise(type_name, obj, WRITTEN if kind.group in _KEPT_AS_JSON else STORED)


def written(kind: Kind, obj: Obj) -> Obj:
    """An object that was decoded as Go writes it: without the empty lists and maps that it leaves out."""
    type_name = schema.type_of_kind(kind.api_version, kind.kind)
    return normalise(type_name, obj, WRITTEN) if type_name else obj


def decode(kind: Kind | None, body: Obj, *, api_version: str, validation: str = WARN) -> Decoded:
    """What the server makes of a parsed body sent for a kind.

    `api_version` is the group and version of the request's path. Without a
    kind, or for a kind without a schema (a custom resource), the body comes
    back as it is. Raises ApiError 400 in upstream's words for a wrong kind or
    version, a wrong type and, under `Strict`, for unknown or repeated fields.
    """
    if kind is None:
        return Decoded(plain(body), ())
    if not schema.type_of_kind(api_version, kind.kind):
        return Decoded(*_custom(kind, body, validation))
    sent_kind = _type_meta(body, "kind", kind) or kind.kind
    sent_version = _type_meta(body, "apiVersion", kind) or api_version
    if sent_version.startswith("/") and sent_version.count("/") == 1:
        sent_version = sent_version[1:]
    handled = f"{sent_kind} in version {_quoted_version(sent_version)} cannot be handled as a {kind.kind}: "
    type_name = schema.type_of_kind(sent_version, sent_kind)
    if not type_name:
        raise _unserved(sent_version, sent_kind, api_version, handled)
    try:
        obj, strict, is_sparse = unmarshal_sent(type_name, body)
    except DecodeError as error:
        raise bad_request(f"{handled}{error}") from None
    if strict and validation == STRICT:
        raise bad_request(f"{handled}{StrictError(strict)}")
    if sent_kind != kind.kind:
        raise bad_request(f"{handled}{conversion_error(type_name, kind.kind, kind.group)}")
    if sent_version != api_version:
        raise _version_mismatch(sent_version, api_version)
    fault = _annotation_fault(obj)
    if fault:
        raise bad_request(f"{handled}{fault}")
    if obj.get("kind") != kind.kind or obj.get("apiVersion") != api_version:
        obj = {**obj, "apiVersion": api_version, "kind": kind.kind}
    return Decoded(obj, strict if validation == WARN else (), is_sparse)


_NUMBERS_IN_ANNOTATIONS = {
    "DaemonSet": ("deprecated.daemonset.template.generation", ""),
    "Deployment": (
        "deprecated.deployment.rollback.to",
        "failed to parse annotation[{name}]={text} as int64: ",
    ),
}
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)


def _annotation_fault(obj: Obj) -> str:
    """Why an annotation that stands for a field of older versions can't be read: it is no number."""
    name, before = _NUMBERS_IN_ANNOTATIONS.get(obj.get("kind", ""), ("", ""))
    text = ((obj.get("metadata") or {}).get("annotations") or {}).get(name)
    if not name or text is None or (before and not text):
        return ""
    problem = "invalid syntax"
    if _INTEGER.fullmatch(text):
        if -(2**63) <= int(text) < 2**63:
            return ""
        problem = "value out of range"
    return f"{before.format(name=name, text=text)}strconv.ParseInt: parsing {go_quote(text)}: {problem}"


def _custom(kind: Kind, body: Obj, validation: str) -> tuple[Obj, tuple[str, ...]]:
    """An object of a kind without a type here: its keys that stand twice are told, even where they are
    refused: whoever knows its schema refuses them together with unknown fields."""
    for name in ("kind", "apiVersion"):
        _type_meta(body, name, kind)
    return plain(body), () if validation == IGNORE else tuple(repeated_keys(body))


def _type_meta(body: Obj, name: str, kind: Kind) -> str:
    value = body.get(name)
    if len(body) > 1:
        # This reader, unlike the one that follows, takes a name in any case, and the last one that there is.
        folded = name.lower()
        for key, one in body.items():
            if key.lower() == folded and one is not None:
                value = one
                if not isinstance(one, str):
                    break
    if value is None or isinstance(value, str):
        return value or ""
    problem = f"json: cannot unmarshal {json_kind(value)} into Go struct field .{name} of type string"
    raise _uninterpreted(kind, problem, go_json(plain(body)).encode())


def _quoted_version(api_version: str) -> str:
    return go_quote(group_version(api_version)[1])


def _unserved(sent_version: str, sent_kind: str, api_version: str, handled: str) -> ApiError:
    if schema.only_registered(sent_version, sent_kind):
        return _version_mismatch(sent_version, api_version)
    return bad_request(f"{handled}{not_registered(sent_version, sent_kind)}")


def not_registered(api_version: str, kind: str) -> str:
    """What the server says of a kind that it doesn't know."""
    return (
        f'no kind "{kind}" is registered for version "{api_version}" '
        f'in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"'
    )


def _version_mismatch(sent_version: str, api_version: str) -> ApiError:
    return bad_request(
        f"the API version in the data ({sent_version}) does not match "
        f"the expected API version ({api_version})"
    )


def conversion_error(type_name: str, kind: str, group: str) -> str:
    """What the server says of an object of one kind where it wants another."""
    package = group.partition(".")[0] or "core"
    return f"converting ({schema.go_type('#' + type_name)}) to ({package}.{kind}): unknown conversion"


def not_interpreted(body: Any) -> str:
    """What the server says of a body that is no object, when it looks for its kind."""
    return f"json: cannot unmarshal {json_kind(body)} into Go value of type {_INTERPRETED}"


def _uninterpreted(kind: Kind, problem: str, data: bytes) -> ApiError:
    return _unrecognized(kind, f"couldn't get version/kind; json parse error: {problem}", data)


def _unrecognized(kind: Kind, problem: str, data: bytes) -> ApiError:
    """400 for a body that isn't even an object with a kind; it shows the body's beginning."""
    return bad_request(
        f"the object provided is unrecognized (must be of type {kind.kind}): {problem} ({_summary(data)})"
    )


def _summary(data: bytes) -> str:
    if not data:
        return "<empty>"
    more = " ..." if len(data) > _SUMMARY_BYTES else ""
    shown = data[:_SUMMARY_BYTES]
    return (shown.decode("utf-8", "replace") if data[:1] == b"{" else shown.hex()) + more


def decode_text(
    kind: Kind,
    data: bytes,
    *,
    api_version: str,
    validation: str = WARN,
    is_yaml: bool = False,
) -> Decoded:
    """`decode` for the bytes of a request, JSON or YAML: syntax errors too are upstream's."""
    body: Any
    repeated: tuple[str, ...] = ()
    try:
        if is_yaml:
            body, repeated = yaml.load_body(data.decode("utf-8", "replace"))
        else:
            body = decode_json(data)
    except JsonError as error:
        raise _uninterpreted(kind, str(error), data) from None
    except yaml.YamlError as error:
        raise _unrecognized(kind, str(error), data) from None
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise _uninterpreted(kind, not_interpreted(body), data)
    if not schema.type_of_kind(api_version, kind.kind):
        obj, warnings = _custom(kind, body, validation)
        if not obj.get("kind"):
            text = data.decode("utf-8", "replace")
            raise _unrecognized(kind, f"Object 'Kind' is missing in '{text}'", data)
        texts = repeated if validation == STRICT else repeated_warnings(repeated)
        return Decoded(obj, texts + warnings if validation != IGNORE else ())
    if repeated and validation == STRICT:
        return _refuse_repeated(kind, body, api_version, repeated)
    done = decode(kind, body, api_version=api_version, validation=validation)
    if validation != WARN:
        return done
    return done._replace(warnings=repeated_warnings(repeated) + done.warnings)


def repeated_warnings(repeated: tuple[str, ...]) -> tuple[str, ...]:
    """The warnings that tell of a YAML body's repeated keys: one for each, without the reader's heading."""
    lines = [line for text in repeated for line in text.removeprefix(_YAML_HEADING).split("\n")]
    return tuple(line.strip() for line in lines)


def _refuse_repeated(kind: Kind, body: Obj, api_version: str, repeated: tuple[str, ...]) -> Decoded:
    """The strict refusal of a YAML body that names a key twice, with what else is strict about it."""
    decode(kind, body, api_version=api_version, validation=IGNORE)
    strict = unmarshal(schema.type_of_kind(api_version, kind.kind), body)[1]
    handled = f"{kind.kind} in version {_quoted_version(api_version)} cannot be handled as a {kind.kind}: "
    raise bad_request(f"{handled}{StrictError(repeated + strict)}")
