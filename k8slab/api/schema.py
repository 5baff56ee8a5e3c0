"""The shape of every API type: its fields in Go's order, their types, and how lists and maps merge.

The facts are read once, when first asked for, from `data/schema.json.gz`
(written by scripts/generate_schema.py). A type is an expression:

| expression | Go | JSON |
|---|---|---|
| `string` `bool` `int32` `int64` `float64` | the same | string, boolean, number |
| `bytes` | `[]byte` | base64 text |
| `any` | raw JSON | anything |
| `quantity` `intorstring` `time` `microtime` `duration` | own marshalling | string (or number) |
| `*T` `[]T` `map:T` | pointer, slice, map with text keys | T, list, object |
| `#api.core.v1.Pod` | a named type, struct or not | what it stands for |

Models api/openapi-spec and the Go types of staging/src/k8s.io/api, v1.36.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

OBJECT_META = "apimachinery.pkg.apis.meta.v1.ObjectMeta"
DEFINITION_PREFIX = "io.k8s."


class Field(NamedTuple):
    """One field of a struct.

    `omit` is `empty` or `zero` for Go's omitempty and omitzero. `through` is
    the path of inlined structs by which the field came. `list_type` is atomic,
    set or map, `strategy` and `merge_key` are the strategic merge patch's.
    """

    name: str
    type: str
    omit: str = ""
    required: bool = False
    through: str = ""
    default: Any = None
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    map_type: str = ""
    strategy: tuple[str, ...] = ()
    merge_key: str = ""
    enum: tuple[Any, ...] = ()
    format: str = ""


class Type(NamedTuple):
    """A named type: a struct with `fields` in Go's order, or another name for `same_as`."""

    name: str
    fields: dict[str, Field]
    same_as: str = ""
    map_type: str = ""
    unions: tuple[Any, ...] = ()

    @property
    def is_struct(self) -> bool:
        """Whether it has fields of its own."""
        return not self.same_as


@cache
def _data() -> dict[str, Any]:
    packed = (Path(__file__).parent / "data" / "schema.json.gz").read_bytes()
    data: dict[str, Any] = json.loads(gzip.decompress(packed))
    return data


@cache
def type_named(name: str) -> Type:
    """The type of a name such as `api.core.v1.Pod`; KeyError where there is none."""
    entry = _data()["types"][name]
    fields = {field: _field(field, kind, facts) for field, kind, facts in entry.get("fields", ())}
    return Type(
        name,
        fields,
        entry.get("is", ""),
        entry.get("mapType", ""),
        tuple(entry.get("unions", ())),
    )


def _field(name: str, kind: str, facts: dict[str, Any]) -> Field:
    return Field(
        name,
        kind,
        facts.get("omit", ""),
        "required" in facts,
        facts.get("through", ""),
        facts.get("default"),
        facts.get("listType", ""),
        tuple(facts.get("listKeys", ())),
        facts.get("mapType", ""),
        tuple(facts["strategy"].split(",")) if "strategy" in facts else (),
        facts.get("mergeKey", ""),
        tuple(facts.get("enum", ())),
        facts.get("format", ""),
    )


def has_type(name: str) -> bool:
    """Whether there is a type of this name."""
    return name in _data()["types"]


def type_names() -> tuple[str, ...]:
    """The names of all types, sorted."""
    return tuple(_data()["types"])


@cache
def type_of_kind(api_version: str, kind: str) -> str:
    """The name of a kind's type, e.g. `api.apps.v1.Deployment` for `apps/v1` and `Deployment`; or empty."""
    name: str = _data()["kinds"].get(f"{api_version} {kind}", "")
    return name


def kinds_of_types() -> dict[str, str]:
    """Every kind as `apiVersion kind` with the name of its type."""
    table: dict[str, str] = _data()["kinds"]
    return table


def only_registered(api_version: str, kind: str) -> bool:
    """Whether a kind is known to upstream's scheme in a version that is no longer served."""
    return kind in _data()["unserved"].get(api_version, ())


def base(expression: str) -> str:
    """The expression behind names that aren't structs: `map:#…Quantity` for `#api.core.v1.ResourceList`."""
    while expression.startswith("#"):
        named = type_named(expression[1:])
        if named.is_struct:
            return expression
        expression = named.same_as
    return expression


def struct_of(expression: str) -> Type | None:
    """The struct that an expression is, or points to; None for anything else."""
    target = base(base(expression).lstrip("*"))
    return type_named(target[1:]) if target.startswith("#") else None


@cache
def go_type(expression: str) -> str:
    """The type as Go prints it: `[]v1.Container`, `map[string]string`, `v1.PodPhase`."""
    for prefix, printed in (("*", "*"), ("[]", "[]"), ("map:", "map[string]")):
        if expression.startswith(prefix):
            return printed + go_type(expression.removeprefix(prefix))
    if expression == "bytes":
        return "[]uint8"
    if expression.startswith("#"):
        return ".".join(expression[1:].rsplit(".", 2)[1:])
    return "interface {}" if expression == "any" else expression


def go_name(type_name: str) -> str:
    """The bare Go name of a type: `Container` for `api.core.v1.Container`."""
    return type_name.rpartition(".")[2]


def in_go_order(expression: str, value: Any) -> Any:
    """The value with each struct's keys in the order in which Go writes them, maps' keys sorted.

    Unknown keys come last, as they were. Text made of it is what the server
    quotes in its errors.
    """
    if isinstance(value, list):
        inner = base(base(expression).lstrip("*")).removeprefix("[]")
        return [in_go_order(inner, item) for item in value]
    if not isinstance(value, dict):
        return value
    struct = struct_of(expression)
    if struct is not None:
        ordered = {
            name: in_go_order(field.type, value[name])
            for name, field in struct.fields.items()
            if name in value
        }
        return {**ordered, **{name: item for name, item in value.items() if name not in ordered}}
    target = base(base(expression).lstrip("*"))
    inner = target.removeprefix("map:") if target.startswith("map:") else "any"
    return {name: in_go_order(inner, value[name]) for name in sorted(value)}
