"""Go's unmarshalling of JSON into its types, and what marshalling them again would give.

Wrong types are reported in Go's words, unknown and repeated fields in the
strict decoder's. The value that comes out is what Go's round trip through
the type and storage would give. Subtrees that are as they should be are
shared with what came in; a value that needs no change is given back itself.

Models vendor/sigs.k8s.io/json/internal/golang/encoding/json/decode.go and the types that marshal
themselves in staging/src/k8s.io/apimachinery/pkg/{api/resource,apis/meta/v1,util/intstr}, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from k8slab.api import instants, quantities, schema
from k8slab.api.json_text import NumberText, RepeatedKeys, go_quote, plain
from k8slab.api.meta import Obj

_INT_LIMITS = {"int32": 2**31, "int64": 2**63}
_STRICT_ERRORS_KEPT = 100


class DecodeError(ValueError):
    """A body that doesn't fit its type; its message is Go's."""


class _Dropped:
    """The type of `_DROP`."""


_DROP: Any = _Dropped()


_Step = tuple[Any, str, schema.Field | None, str]
"""Where the walk is: the step before (or None), a label, the field and its struct's Go name.

The field is None for a map's key or a list's index. Plain tuples, as one is made for every value.
"""


STORED, WRITTEN, SENT = 0, 1, 2
"""What becomes of lists and maps without anything in them: storage has none of them, what Go writes has
those that it never leaves out, and the object that is judged has all that were sent."""


class _Walk:
    """What one walk over a body has found: the first wrong type, the strict errors, and empty collections."""

    __slots__ = ("first", "form", "is_sparse", "strict")

    def __init__(self, form: int = STORED) -> None:
        self.first = ""
        self.strict: dict[str, None] = {}
        self.form = form
        self.is_sparse = False

    def mismatch(self, value: str, go_type: str, step: _Step | None) -> None:
        """Note a value of the wrong type; the first one is what Go reports."""
        if not self.first:
            self.first = _mismatch_text(value, go_type, step)

    def note(self, what: str, name: str, step: _Step | None) -> None:
        """Note an unknown or repeated field, once each."""
        text = f"{what} field {go_quote(_strict_path(step, name))}"
        if len(self.strict) < _STRICT_ERRORS_KEPT:
            self.strict.setdefault(text)


def _mismatch_text(value: str, go_type: str, step: _Step | None) -> str:
    fields: list[str] = []
    struct = ""
    while step is not None:
        step, label, field, owner = step
        if field is not None:
            struct = struct or owner
            fields.append(label)
            fields.extend(reversed(field.through.split(".") if field.through else []))
    where = f"Go struct field {struct}.{'.'.join(reversed(fields))}" if fields else "Go value"
    return f"json: cannot unmarshal {value} into {where} of type {go_type}"


def _strict_path(step: _Step | None, name: str) -> str:
    labels = [name]
    while step is not None:
        labels.append(step[1])
        step = step[0]
    path = labels.pop()
    for label in reversed(labels):
        path += label if label.startswith("[") else f".{label}"
    return path


def json_kind(value: Any) -> str:
    """What Go calls a JSON value: string, number, bool, array or object."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def _number_text(value: int | float) -> str:
    return value.text if isinstance(value, NumberText) else repr(value)


_Decoder = Callable[[Any, _Step | None, _Walk], Any]
"""Gives the normalised value for a value, the step that led to it, and the walk's findings."""


# Scalars.


def _text_decoder(go_type: str) -> _Decoder:
    def decode_text(value: Any, step: _Step | None, walk: _Walk) -> Any:
        if type(value) is str:
            return value
        if value is not None:
            walk.mismatch(json_kind(value), go_type, step)
        return ""

    return decode_text


def _bool_decoder(go_type: str) -> _Decoder:
    def decode_bool(value: Any, step: _Step | None, walk: _Walk) -> Any:
        if type(value) is bool:
            return value
        if value is not None:
            walk.mismatch(json_kind(value), go_type, step)
        return False

    return decode_bool


def _int_decoder(go_type: str, limit: int) -> _Decoder:
    def decode_int(value: Any, step: _Step | None, walk: _Walk) -> Any:
        if type(value) is int:
            if -limit <= value < limit:
                return value
            walk.mismatch(f"number {value}", go_type, step)
        elif isinstance(value, float):
            walk.mismatch(f"number {_number_text(value)}", go_type, step)
        elif value is not None:
            walk.mismatch(json_kind(value), go_type, step)
        return 0

    return decode_int


def _float_decoder(go_type: str) -> _Decoder:
    def decode_float(value: Any, step: _Step | None, walk: _Walk) -> Any:
        if type(value) in (int, float, NumberText):
            number = float(value)
            return int(number) if number.is_integer() else number
        if value is not None:
            walk.mismatch(json_kind(value), go_type, step)
        return 0

    return decode_float


def _decode_bytes(value: Any, step: _Step | None, walk: _Walk) -> Any:
    if type(value) is not str:
        if value is not None and not (isinstance(value, list) and not value):
            walk.mismatch(json_kind(value), "[]uint8", step)
        return None
    fault = base64_fault(value)
    if fault is not None and not walk.first:
        walk.first = f"illegal base64 data at input byte {fault}"
    return value if _BASE64.fullmatch(value) else _LINE_ENDS.sub("", value)


_LINE_ENDS = re.compile(r"[\r\n]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}", re.ASCII)


def base64_fault(text: str) -> int | None:
    """Where Go's standard base64 decoding stumbles, or None where it doesn't (line ends are skipped)."""
    if _BASE64.fullmatch(text) and len(text) % 4 == 0:
        return None
    data = text.encode()
    position, in_quantum = 0, 0
    while position < len(data):
        byte = data[position]
        if byte in b"\r\n":
            position += 1
            continue
        if byte == ord("="):
            return _padding_fault(data, position, in_quantum)
        if not (chr(byte).isalnum() and byte < 128) and byte not in b"+/":
            return position
        in_quantum = (in_quantum + 1) % 4
        position += 1
    return position - in_quantum if in_quantum else None


def _padding_fault(data: bytes, position: int, in_quantum: int) -> int | None:
    if in_quantum in (0, 1):
        return position
    rest = position + 1
    if in_quantum == 2:
        while rest < len(data) and data[rest] in b"\r\n":
            rest += 1
        if rest == len(data):
            return len(data)
        if data[rest] != ord("="):
            return rest
        rest += 1
    while rest < len(data) and data[rest] in b"\r\n":
        rest += 1
    return rest if rest < len(data) else None


# Types that read themselves: their errors end the walk at once.


def _decode_any(value: Any, step: _Step | None, walk: _Walk) -> Any:
    return plain(value)


def _decode_quantity(value: Any, step: _Step | None, walk: _Walk) -> Any:
    if type(value) is str:
        text = value
    elif value is None:
        return "0"
    elif isinstance(value, bool) or not isinstance(value, int | float):
        text = "x"
    else:
        text = _number_text(value)
    try:
        result = quantities.canonical(text)
    except quantities.QuantityError as error:
        raise DecodeError(str(error)) from None
    return value if result == value else result


def _decode_int_or_string(value: Any, step: _Step | None, walk: _Walk) -> Any:
    if type(value) is str:
        return value
    if type(value) is int and -(2**31) <= value < 2**31:
        return value
    if value is None:
        return 0
    kind = json_kind(value)
    shown = f"number {_number_text(value)}" if kind == "number" else kind
    raise DecodeError(_mismatch_text(shown, "int32", step))


def _time_decoder(parse: Callable[[str], str]) -> _Decoder:
    def decode_time(value: Any, step: _Step | None, walk: _Walk) -> Any:
        if value is None:
            return None
        if type(value) is not str:
            raise DecodeError(_mismatch_text(json_kind(value), "string", step))
        try:
            result = parse(value)
        except ValueError as error:
            raise DecodeError(str(error)) from None
        return value if result == value else result

    return decode_time


def _decode_duration(value: Any, step: _Step | None, walk: _Walk) -> Any:
    if value is None:
        return "0s"
    if type(value) is not str:
        raise DecodeError(_mismatch_text(json_kind(value), "string", step))
    return value


_SELF_MADE: dict[str, _Decoder] = {
    "any": _decode_any,
    "bytes": _decode_bytes,
    "quantity": _decode_quantity,
    "intorstring": _decode_int_or_string,
    "time": _time_decoder(instants.canonical_seconds),
    "microtime": _time_decoder(instants.canonical_micros),
    "duration": _decode_duration,
}


# Types made of others.


@cache
def _decoder(expression: str) -> _Decoder:
    """The decoder of a type expression, made once."""
    target = schema.base(expression)
    if target.startswith("*"):
        return _pointer_decoder(_decoder(target[1:]))
    if target.startswith("[]"):
        return _list_decoder(target[2:], schema.go_type(expression))
    if target.startswith("map:"):
        return _map_decoder(target[4:], schema.go_type(expression))
    if target.startswith("#"):
        return _struct_decoder(target[1:])
    if target in _SELF_MADE:
        return _SELF_MADE[target]
    printed = schema.go_type(expression)
    if target in _INT_LIMITS:
        return _int_decoder(printed, _INT_LIMITS[target])
    return {"string": _text_decoder, "bool": _bool_decoder, "float64": _float_decoder}[target](printed)


def _pointer_decoder(inner: _Decoder) -> _Decoder:
    def decode_pointer(value: Any, step: _Step | None, walk: _Walk) -> Any:
        return None if value is None else inner(value, step, walk)

    return decode_pointer


_MANAGERS = "#apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry"


def _list_decoder(item_type: str, go_type: str) -> _Decoder:
    inner: _Decoder | None = None

    def decode_list(value: Any, step: _Step | None, walk: _Walk) -> Any:
        nonlocal inner
        if value is None:
            return None
        if type(value) is not list:
            walk.mismatch(json_kind(value), go_type, step)
            return None
        if inner is None:
            inner = _decoder(item_type)
        if not value:
            walk.is_sparse = True
            # An empty list of managers means something: it takes all of them away.
            return value if walk.form or item_type == _MANAGERS else None
        result = value
        for index, item in enumerate(value):
            new = inner(item, (step, f"[{index}]", None, ""), walk)
            if new is not item:
                if result is value:
                    result = list(value)
                result[index] = new
        return result

    return decode_list


def _map_decoder(item_type: str, go_type: str) -> _Decoder:
    inner: _Decoder | None = None
    of_bytes = item_type == "bytes"

    def decode_map(value: Any, step: _Step | None, walk: _Walk) -> Any:
        nonlocal inner
        if value is None:
            return None
        if not isinstance(value, dict):
            walk.mismatch(json_kind(value), go_type, step)
            return None
        if inner is None:
            inner = _decoder(item_type)
        if not value:
            walk.is_sparse = True
            return value if walk.form else None
        pairs = value.items()
        result = value
        if type(value) is RepeatedKeys:
            pairs = _noting_repeats(value, step, walk)
            result = dict(value)
        for key, item in pairs:
            new = inner(item, (step, key, None, ""), walk)
            if new is None and of_bytes:
                new = ""
            if new is not item or result is not value:
                if result is value:
                    result = dict(value)
                result[key] = new
        return result

    return decode_map


def _noting_repeats(value: RepeatedKeys, step: _Step | None, walk: _Walk) -> Any:
    seen: dict[str, None] = {}
    for key, item in value.pairs:
        if key in seen:
            walk.note("duplicate", key, step)
        seen[key] = None
        yield key, item


# What becomes of a field whose value is zero: it stays, it goes, or it goes when it is null (or an empty
# collection, where that is written).
_KEEP, _DROP_ZERO, _DROP_NULL, _DROP_EMPTY = 0, 1, 2, 3
_SCALARS = ("string", "bool", "int32", "int64", "float64", "bytes")
_ZEROS: dict[str, Any] = {
    "string": "",
    "bool": False,
    "int32": 0,
    "int64": 0,
    "float64": 0,
    "quantity": "0",
    "intorstring": 0,
    "duration": "0s",
}


def _omission(field: schema.Field) -> int:
    target = schema.base(field.type)
    if field.omit == "zero":
        return _DROP_NULL
    if not field.omit or _is_go_struct(field.type):
        return _KEEP
    if target.startswith(("[]", "map:")):
        return _DROP_EMPTY if target != f"[]{_MANAGERS}" else _DROP_NULL
    return _DROP_ZERO if target in _SCALARS else _DROP_NULL


def _is_omitted(omission: int, form: int) -> bool:
    """Whether a field that is not null but empty is left out."""
    return omission == _DROP_ZERO or (omission == _DROP_EMPTY and form == WRITTEN)


def _is_go_struct(expression: str) -> bool:
    """Whether Go holds it in a struct, which `omitempty` never leaves out."""
    target = schema.base(expression)
    return (
        expression.startswith("#") and not target.startswith(("*", "[]", "map:")) and target not in _SCALARS
    )


@cache
def zero_of(expression: str) -> Any:
    """What Go writes for the zero value of a type: `{"resources": {}, …}`, `""`, `0`, null."""
    target = schema.base(expression)
    if not target.startswith("#"):
        return _ZEROS.get(target)
    fields = schema.type_named(target[1:]).fields.values()
    return {field.name: zero_of(field.type) for field in fields if _omission(field) == _KEEP}


def _struct_decoder(name: str) -> _Decoder:
    """The decoder of a struct; its fields' decoders are found when it is first used."""
    go_name, go_type = schema.go_name(name), schema.go_type(f"#{name}")
    fields: dict[str, tuple[schema.Field, _Decoder, int]] = {}
    written: tuple[tuple[str, Any], ...] = ()

    def prepare() -> None:
        nonlocal written
        for field in schema.type_named(name).fields.values():
            fields[field.name] = (field, _decoder(field.type), _omission(field))
        written = tuple(zero_of(f"#{name}").items())

    def decode_struct(value: Any, step: _Step | None, walk: _Walk) -> Any:
        if not fields:
            prepare()
        if type(value) is not dict:
            if value is None:
                return zero_of(f"#{name}")
            if type(value) is RepeatedKeys:
                _walk_repeats(value, fields, decode_struct, step, walk)
                return decode_struct(_merged_repeats(value), step, _Walk(walk.form))
            walk.mismatch(json_kind(value), go_type, step)
            return {}
        result = value
        for key, item in value.items():
            known = fields.get(key)
            if known is None:
                walk.note("unknown", key, step)
                new = _DROP
            else:
                field, decode_field, omission = known
                new = decode_field(item, (step, key, field, go_name), walk)
                if omission and (new is None or (not new and _is_omitted(omission, walk.form))):
                    new = _DROP
            if new is not item:
                if result is value:
                    result = dict(value)
                if new is _DROP:
                    del result[key]
                else:
                    result[key] = new
        for key, zero in written:
            if key not in result:
                if result is value:
                    result = dict(value)
                result[key] = zero
        return result

    return decode_struct


def _walk_repeats(
    value: RepeatedKeys, fields: dict[str, Any], decode_struct: _Decoder, step: _Step | None, walk: _Walk
) -> None:
    """Note what is wrong with an object that repeats keys, in the order of its pairs."""
    seen: dict[str, None] = {}
    for key, item in value.pairs:
        if key in seen and key in fields:
            walk.note("duplicate", key, step)
        seen[key] = None
        decode_struct({key: item}, step, walk)


def _merged_repeats(value: RepeatedKeys) -> dict[str, Any]:
    """One object of the pairs: a later object is decoded into the earlier one, anything else replaces it."""
    result: dict[str, Any] = {}
    for key, item in value.pairs:
        earlier = result.get(key)
        if isinstance(earlier, dict) and isinstance(item, dict):
            result[key] = RepeatedKeys((*_pairs(earlier), *_pairs(item)))
        else:
            result[key] = item
    return result


def _pairs(value: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return value.pairs if type(value) is RepeatedKeys else tuple(value.items())


# The whole value.


def unmarshal(type_name: str, body: Any) -> tuple[Any, tuple[str, ...]]:
    """A body read as a type: the normalised value, and its strict errors in order.

    Raises DecodeError with Go's text where a value has the wrong type.
    """
    walk = _Walk()
    result = _decoder(f"#{type_name}")(body, None, walk)
    if walk.first:
        raise DecodeError(walk.first)
    return result, tuple(walk.strict)


def unmarshal_sent(type_name: str, body: Any) -> tuple[Any, tuple[str, ...], bool]:
    """The same of a body that is to be judged: it keeps its empty collections; whether it has any."""
    walk = _Walk(SENT)
    result = _decoder(f"#{type_name}")(body, None, walk)
    if walk.first:
        raise DecodeError(walk.first)
    return result, tuple(walk.strict), walk.is_sparse


def normalise(type_name: str, obj: Obj, form: int = STORED) -> Obj:
    """An object of our own making as the server would store it, or write it; it must fit its type."""
    result: Obj = _decoder(f"#{type_name}")(obj, None, _Walk(form))
    return result
