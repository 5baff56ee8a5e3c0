"""Protobuf on the wire: objects read and written through their field numbers.

Some of kubectl's requests are protobuf, whatever the server prefers. A table
of every message (`data/protobuf.json.gz`, written by
scripts/generate_protobuf.py) is enough to read them into the JSON that the
same client would have sent, and to answer clients that accept nothing else.

Models staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf and
the generated.proto files of staging/src/k8s.io, v1.36.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from k8slab.api import schema
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US, micro_timestamp, parse_timestamp, timestamp

MAGIC = b"k8s\x00"
MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_META = "apimachinery.pkg.apis.meta.v1"
_DEEPEST = 100


class ProtobufError(ValueError):
    """Bytes that are no such message, or a message that has no such form."""


class ProtoField(NamedTuple):
    """One field of a message. `inline` fields have no name in JSON; `omit` leaves out what is empty."""

    number: int
    name: str
    type: str
    inline: bool
    omit: bool


@cache
def _messages() -> dict[str, list[list[Any]]]:
    packed = (Path(__file__).parent / "data" / "protobuf.json.gz").read_bytes()
    table: dict[str, list[list[Any]]] = json.loads(gzip.decompress(packed))["messages"]
    return table


def message_names() -> tuple[str, ...]:
    """The names of all messages."""
    return tuple(_messages())


@cache
def fields_of(message: str) -> tuple[ProtoField, ...]:
    """The fields of a message. ProtobufError for one that is not known."""
    found = _messages().get(message)
    if found is None:
        raise ProtobufError(f"no such message: {message}")
    return tuple(
        ProtoField(number, name, kind, "=" in flags, "?" in flags) for number, name, kind, flags in found
    )


@cache
def _by_number(message: str) -> dict[int, ProtoField]:
    return {field.number: field for field in fields_of(message)}


# Reading.


def is_protobuf(headers: Mapping[str, str]) -> bool:
    """Whether a request says that its body is protobuf."""
    return headers.get("Content-Type", "").split(";")[0].strip().lower() == MEDIA_TYPE


def wants_protobuf(accept: str) -> bool:
    """Whether a client accepts nothing but protobuf, or wants metadata alone and would rather have it so.

    (Whoever would rather have whole objects in protobuf gets them in JSON, which costs less here.)
    """
    if accept.startswith(f"{MEDIA_TYPE};as=PartialObjectMetadata"):
        return True
    clauses = [part.split(";")[0].strip() for part in accept.split(",")]
    others = ("application/json", "application/yaml", "application/*", "*/*")
    return (
        MEDIA_TYPE in clauses and not any(clause in others for clause in clauses) and "as=Table" not in accept
    )


def message_of(api_version: str, kind: str) -> str:
    """The message of a kind. ProtobufError where there is none."""
    if kind == "DeleteOptions":
        return f"{_META}.DeleteOptions"
    name = schema.type_of_kind(api_version, kind)
    if not name:
        raise ProtobufError(f'no kind "{kind}" is registered for version "{api_version}"')
    return name


def decode_envelope(data: bytes) -> Obj:
    """The object that a `runtime.Unknown` holds, as JSON data with apiVersion and kind."""
    if not data.startswith(MAGIC):
        raise ProtobufError(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    unknown = _decode("apimachinery.pkg.runtime.Unknown", data[len(MAGIC) :], 0)
    kind = unknown.get("typeMeta") or {}
    api_version, name = kind.get("apiVersion", ""), kind.get("kind", "")
    raw = base64.b64decode(unknown.get("raw") or "")
    body = _decode(message_of(api_version, name), raw, 0)
    return {"apiVersion": api_version, "kind": name, **body}


def _parts(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Each field of a message: number, wire type, and its number or bytes."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if not number:
            raise ProtobufError("proto: illegal tag 0")
        if wire == 0:
            value, at = _varint(data, at)
            yield number, wire, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ProtobufError(f"proto: illegal wireType {wire}")
        if at + size > end:
            raise ProtobufError("unexpected EOF")
        yield number, wire, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ProtobufError("unexpected EOF")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift >= 64:
            raise ProtobufError("proto: integer overflow")


def _decode(message: str, data: bytes, depth: int) -> Any:
    """A message as JSON data."""
    if depth > _DEEPEST:
        raise ProtobufError("proto: the message is nested too deeply")
    special = _READERS.get(message)
    if special is not None:
        return special(list(_parts(data)))
    table = _by_number(message)
    found: dict[str, Any] = {}
    for number, wire, raw in _parts(data):
        field = table.get(number)
        if field is None:
            continue
        _enter(found, field, wire, raw, depth)
    if _is_list_type(message):
        return found.get("items", [])
    return found


@cache
def _is_list_type(message: str) -> bool:
    """Whether a message stands for a plain list (`ExtraValue`, `Verbs`)."""
    return [field.name for field in fields_of(message)] == ["items"] and not schema.type_named(
        message
    ).is_struct


def _enter(found: dict[str, Any], field: ProtoField, wire: int, raw: Any, depth: int) -> None:
    """Add one field's value to the object that is being read."""
    kind = field.type
    if field.inline:
        inner = _value(kind, wire, raw, depth)
        if isinstance(inner, dict):
            found.update(inner)
        return
    if kind.startswith("[]"):
        values = found.setdefault(field.name, [])
        if wire == 2 and kind[2:] in ("int", "bool"):
            values.extend(_packed(kind[2:], raw))
        else:
            values.append(_value(kind[2:], wire, raw, depth))
        return
    if kind.startswith("map:"):
        key, value = _pair(kind[4:], raw, wire, depth)
        found.setdefault(field.name, {})[key] = value
        return
    value = _value(kind, wire, raw, depth)
    if field.omit and (value is None or value in ("", 0, False)):
        return
    found[field.name] = value


def _packed(kind: str, raw: bytes) -> Iterator[Any]:
    at = 0
    while at < len(raw):
        value, at = _varint(raw, at)
        yield _value(kind, 0, value, 0)


def _pair(kind: str, raw: Any, wire: int, depth: int) -> tuple[str, Any]:
    if wire != 2:
        raise ProtobufError(f"proto: wrong wireType = {wire} for a map")
    key: Any = ""
    value: Any = _EMPTY.get(kind)
    if value is None:
        value = _decode(kind[1:], b"", depth + 1)
    for number, inner_wire, inner in _parts(raw):
        if number == 1:
            key = _value("string", inner_wire, inner, depth)
        elif number == 2:
            value = _value(kind, inner_wire, inner, depth)
    return key, value


_EMPTY: dict[str, Any] = {"string": "", "int": 0, "bool": False, "bytes": "", "double": 0.0, "float": 0.0}
_WIRES = {"string": 2, "bytes": 2, "int": 0, "bool": 0, "double": 1, "float": 5}


def _value(kind: str, wire: int, raw: Any, depth: int) -> Any:
    """One value of a scalar or a message."""
    if wire != _WIRES.get(kind, 2):
        raise ProtobufError(f"proto: wrong wireType = {wire} for a {kind}")
    if kind == "string":
        text: str = raw.decode("utf-8", "replace")
        return text
    if kind == "int":
        return raw - (1 << 64) if raw >= 1 << 63 else raw
    if kind == "bool":
        return raw != 0
    if kind == "bytes":
        return base64.b64encode(raw).decode()
    if kind in ("double", "float"):
        return struct.unpack("<d" if kind == "double" else "<f", raw)[0]
    return _decode(kind[1:], raw, depth + 1)


Parts = list[tuple[int, int, Any]]


def _numbers(parts: Parts) -> dict[int, int]:
    return {number: _value("int", wire, raw, 0) for number, wire, raw in parts if wire == 0}


def _texts(parts: Parts) -> dict[int, str]:
    return {number: raw.decode("utf-8", "replace") for number, wire, raw in parts if wire == 2}


_FIRST_SECOND, _LAST_SECOND = -62135596800, 253402300799


def _read_instant(parts: Parts) -> int | None:
    """Microseconds since the epoch; None for the zero time."""
    numbers = _numbers(parts)
    if not numbers:
        return None
    seconds = numbers.get(1, 0)
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        raise ProtobufError("proto: the instant is out of range")
    return seconds * SECOND_US + numbers.get(2, 0) % 1_000_000_000 // 1000


def _read_time(parts: Parts) -> str | None:
    at_us = _read_instant(parts)
    return None if at_us is None else timestamp(at_us)


def _read_micro_time(parts: Parts) -> str | None:
    at_us = _read_instant(parts)
    return None if at_us is None else micro_timestamp(at_us)


def _read_duration(parts: Parts) -> str:
    nanoseconds = _numbers(parts).get(1, 0)
    return f"{nanoseconds / 1_000_000_000:g}s"


def _read_int_or_string(parts: Parts) -> int | str:
    numbers = _numbers(parts)
    return _texts(parts).get(3, "") if numbers.get(1) else numbers.get(2, 0)


def _read_quantity(parts: Parts) -> str:
    return _texts(parts).get(1, "0")


def _read_raw(parts: Parts) -> Any:
    text = _texts(parts).get(1, "")
    if not text:
        return None
    if text.startswith("k8s\x00"):
        raw = next(raw for number, wire, raw in parts if (number, wire) == (1, 2))
        return decode_envelope(raw)
    try:
        return json.loads(text)
    except ValueError as error:
        raise ProtobufError(f"the raw object is no JSON: {error}") from None


_EXTENSIONS = "apiextensions-apiserver.pkg.apis.apiextensions.v1"


def _schemas(parts: Parts, number: int) -> list[Any]:
    return [
        _decode(f"{_EXTENSIONS}.JSONSchemaProps", raw, 1)
        for one, wire, raw in parts
        if (one, wire) == (number, 2)
    ]


def _read_schema_or_list(parts: Parts) -> Any:
    several, one = _schemas(parts, 2), _schemas(parts, 1)
    return several or (one[0] if one else None)


def _read_schema_or_bool(parts: Parts) -> Any:
    one = _schemas(parts, 2)
    return one[0] if one else bool(_numbers(parts).get(1))


def _read_schema_or_texts(parts: Parts) -> Any:
    one = _schemas(parts, 1)
    return one[0] if one else [raw.decode("utf-8", "replace") for number, _, raw in parts if number == 2]


_READERS: dict[str, Callable[[Parts], Any]] = {
    f"{_META}.Time": _read_time,
    f"{_META}.MicroTime": _read_micro_time,
    f"{_META}.Duration": _read_duration,
    f"{_META}.FieldsV1": _read_raw,
    "apimachinery.pkg.runtime.RawExtension": _read_raw,
    "apimachinery.pkg.util.intstr.IntOrString": _read_int_or_string,
    "apimachinery.pkg.api.resource.Quantity": _read_quantity,
    f"{_EXTENSIONS}.JSON": _read_raw,
    f"{_EXTENSIONS}.JSONSchemaPropsOrArray": _read_schema_or_list,
    f"{_EXTENSIONS}.JSONSchemaPropsOrBool": _read_schema_or_bool,
    f"{_EXTENSIONS}.JSONSchemaPropsOrStringArray": _read_schema_or_texts,
}
"""Messages whose JSON is not what their fields say."""


# Writing.


def encode_envelope(obj: Obj) -> bytes:
    """An object as `runtime.Unknown` with its magic prefix. ProtobufError for a kind without a message."""
    api_version, kind = obj.get("apiVersion", ""), obj.get("kind", "")
    if kind in ("Status", "PartialObjectMetadata", "PartialObjectMetadataList"):
        message = f"{_META}.{kind}"
    else:
        message = message_of(api_version, kind)
    type_meta = text_field(1, api_version) + text_field(2, kind)
    raw = _encode(message, {name: value for name, value in obj.items() if name not in ("apiVersion", "kind")})
    return MAGIC + bytes_field(1, type_meta) + bytes_field(2, raw) + text_field(3, "") + text_field(4, "")


def encode_event(event: Obj) -> bytes:
    """A watch's event as a frame: its length in four bytes, and a WatchEvent that holds the object."""
    held = bytes_field(1, encode_envelope(event["object"]))
    body = text_field(1, event["type"]) + bytes_field(2, held)
    return len(body).to_bytes(4, "big") + body


def tag(number: int, wire: int) -> bytes:
    """What stands before a field's value: its number and in which form it is written."""
    return _number_bytes(number << 3 | wire)


def _number_bytes(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number_field(number: int, value: int) -> bytes:
    """A field that holds a whole number, or a truth."""
    return tag(number, 0) + _number_bytes(value)


def bytes_field(number: int, data: bytes) -> bytes:
    """A field that holds bytes or a message."""
    return tag(number, 2) + _number_bytes(len(data)) + data


def text_field(number: int, text: str) -> bytes:
    """A field that holds text."""
    return bytes_field(number, text.encode("utf-8", "replace"))


def _encode(message: str, value: Any) -> bytes:
    """A message's bytes."""
    special = _WRITERS.get(message)
    if special is not None:
        return special(value)
    if isinstance(value, list):
        value = {"items": value}
    if not isinstance(value, dict):
        raise ProtobufError(f"{message} can't be written from {type(value).__name__}")
    out: list[bytes] = []
    for field in fields_of(message):
        if field.inline:
            inner = _encode(field.type[1:], value)
            if inner:
                out.append(bytes_field(field.number, inner))
            continue
        item = value.get(field.name)
        if item is None:
            continue
        if field.type.startswith("[]"):
            out.extend(_encoded(field.number, field.type[2:], one) for one in item)
        elif field.type.startswith("map:"):
            for key in sorted(item):
                pair = text_field(1, key) + _encoded(2, field.type[4:], item[key])
                out.append(bytes_field(field.number, pair))
        else:
            out.append(_encoded(field.number, field.type, item))
    return b"".join(out)


def _encoded(number: int, kind: str, value: Any) -> bytes:
    if kind == "string":
        return text_field(number, str(value))
    if kind in ("int", "bool"):
        return number_field(number, int(value))
    if kind == "bytes":
        return bytes_field(number, base64.b64decode(value))
    if kind in ("double", "float"):
        wire = _WIRES[kind]
        return tag(number, wire) + struct.pack("<d" if kind == "double" else "<f", value)
    return bytes_field(number, _encode(kind[1:], value))


def _write_time(value: str) -> bytes:
    at_us = parse_timestamp(value)
    seconds, rest_us = divmod(at_us, SECOND_US)
    return tag(1, 0) + _number_bytes(seconds) + tag(2, 0) + _number_bytes(rest_us * 1000)


def _write_int_or_string(value: int | str) -> bytes:
    if isinstance(value, int):
        return _encoded(1, "int", 0) + _encoded(2, "int", value) + text_field(3, "")
    return _encoded(1, "int", 1) + _encoded(2, "int", 0) + text_field(3, value)


def _write_duration(value: str) -> bytes:
    from k8slab.clock import duration_us

    return _encoded(1, "int", duration_us(value) * 1000)


def _write_raw(value: Any) -> bytes:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return bytes_field(1, text.encode("utf-8", "replace"))


def _write_schema_or_list(value: Any) -> bytes:
    kind = f"#{_EXTENSIONS}.JSONSchemaProps"
    if isinstance(value, list):
        return b"".join(_encoded(2, kind, one) for one in value)
    return _encoded(1, kind, value)


def _write_schema_or_bool(value: Any) -> bytes:
    if isinstance(value, bool):
        return _encoded(1, "bool", value)
    return _encoded(1, "bool", True) + _encoded(2, f"#{_EXTENSIONS}.JSONSchemaProps", value)


def _write_schema_or_texts(value: Any) -> bytes:
    if isinstance(value, list):
        return b"".join(text_field(2, one) for one in value)
    return _encoded(1, f"#{_EXTENSIONS}.JSONSchemaProps", value)


_WRITERS: dict[str, Callable[[Any], bytes]] = {
    f"{_META}.Time": _write_time,
    f"{_META}.MicroTime": _write_time,
    f"{_META}.Duration": _write_duration,
    f"{_META}.FieldsV1": _write_raw,
    "apimachinery.pkg.runtime.RawExtension": _write_raw,
    "apimachinery.pkg.util.intstr.IntOrString": _write_int_or_string,
    "apimachinery.pkg.api.resource.Quantity": lambda value: text_field(1, str(value)),
    f"{_EXTENSIONS}.JSON": _write_raw,
    f"{_EXTENSIONS}.JSONSchemaPropsOrArray": _write_schema_or_list,
    f"{_EXTENSIONS}.JSONSchemaPropsOrBool": _write_schema_or_bool,
    f"{_EXTENSIONS}.JSONSchemaPropsOrStringArray": _write_schema_or_texts,
}
