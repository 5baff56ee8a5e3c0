"""`kubectl explain --output=plaintext-openapiv2`: definitions of OpenAPI v2, walked as kubectl walks them.

A definition is a reference, a list, a map, a struct, a scalar or something of which nothing is known; of what
kubectl says of each, a reference, a list and a map say it of what they hold.

Models staging/src/k8s.io/kubectl/pkg/explain/{model_printer,field_lookup,typename,formatter,fields_printer,
recursive_fields_printer}.go and vendor/k8s.io/kube-openapi/pkg/util/proto/document.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from k8slab.api.meta import Obj
from k8slab.api.openapi_custom import META, own_schema
from k8slab.api.openapi_types import V2_PREFIX, components, in_older_words
from k8slab.api.schema import DEFINITION_PREFIX
from k8slab.kubectl.command import fail

_WIDTH = 80
_FIELDS_INDENT = 3
_DESCRIPTION_INDENT = 5
_BULLET = re.compile(r"(\d+\.?|-|\*)\s")


@cache
def definitions_of(type_name: str) -> Mapping[str, Obj]:
    """The definitions of a built-in type and of all that it is made of."""
    return {name: in_older_words(one) for name, one in components({type_name: None}).items()}


def of_built_in(type_name: str) -> tuple[Mapping[str, Obj], Obj]:
    """The definition of a built-in type, behind all that there are for it."""
    known = definitions_of(type_name)
    return known, known[f"{DEFINITION_PREFIX}{type_name}"]


def of_custom_kind(schema: Obj) -> tuple[Mapping[str, Obj], Obj]:
    """The definition of a custom kind, behind all that there are for it."""
    return definitions_of(f"{META.removeprefix(DEFINITION_PREFIX)}.ObjectMeta"), own_schema(schema, V2_PREFIX)


def text_of(known: Mapping[str, Obj], definition: Obj, path: Sequence[str], recursive: bool) -> str:
    """What is told of a definition, or of a field within it. KubectlError where there is no such field."""
    found = _at(known, definition, list(path))
    texts: list[str] = []
    type_text = _type_text(known, found)
    while (inner := _inside(known, found)) is not None:
        texts.append(found.get("description") or "")
        found = inner
    lines: list[str] = []
    name = path[-1] if path else ""
    if _is_struct(found):
        lines += [f"RESOURCE: {name} <{type_text}>", ""] if name else []
    elif found.get("type") != "object" and "type" in found:
        lines += [f"FIELD:    {name} <{type_text}>", ""]
    lines += ["DESCRIPTION:", *_described([*texts, found.get("description") or ""])]
    if _is_struct(found):
        lines += ["", "FIELDS:"]
        fields = _recursive_fields if recursive else _fields
        lines += fields(known, found, _FIELDS_INDENT, ())
    return "".join(f"{line}\n" for line in lines)


# What a definition is.


def _inside(known: Mapping[str, Obj], definition: Obj) -> Obj | None:
    """What a reference leads to, or a list or a map holds; None for anything else."""
    if "$ref" in definition:
        return known[definition["$ref"].removeprefix(V2_PREFIX)]
    if definition.get("type") == "array":
        return definition["items"]  # type: ignore[no-any-return]
    if definition.get("type") == "object" and not _is_struct(definition):
        values = definition.get("additionalProperties")
        return values if isinstance(values, dict) else {"description": definition.get("description")}
    return None


def _is_struct(definition: Obj) -> bool:
    return "properties" in definition and definition.get("type", "object") == "object"


def _type_text(known: Mapping[str, Obj], definition: Obj) -> str:
    inner = _inside(known, definition)
    if inner is None:
        return "Object" if _is_struct(definition) else definition.get("type") or ""
    head = {"array": "[]", "object": "map[string]"}.get(definition.get("type") or "", "")
    return head + _type_text(known, inner)


def _at(known: Mapping[str, Obj], definition: Obj, path: list[str]) -> Obj:
    """The definition at the end of a path; a scalar ends it early."""
    while path:
        inner = _inside(known, definition)
        if inner is not None:
            definition = inner
        elif not _is_struct(definition):
            break
        elif path[0] in definition["properties"]:
            definition = definition["properties"][path.pop(0)]
        else:
            raise fail(f'field "{path[0]}" does not exist')
    return definition


# What is told of it.


def _described(texts: Sequence[str]) -> Iterator[str]:
    """All that is said of a value on the way to what it is."""
    for number, text in enumerate(texts):
        if text and number:
            yield ""
        yield from _wrapped(text, _DESCRIPTION_INDENT)
    if not any(texts):
        yield " " * _DESCRIPTION_INDENT + "<empty>"


def _fields(known: Mapping[str, Obj], struct: Obj, indent: int, seen: tuple[str, ...]) -> Iterator[str]:
    for name, field in sorted(struct["properties"].items()):
        required = " -required-" if name in struct.get("required", ()) else ""
        yield f"{' ' * indent}{name}\t<{_type_text(known, field)}>{required}"
        yield from _wrapped(field.get("description") or "", indent + 2)
        yield ""


def _recursive_fields(
    known: Mapping[str, Obj], struct: Obj, indent: int, seen: tuple[str, ...]
) -> Iterator[str]:
    """The fields and the fields in them; a reference that is met again within itself ends it."""
    for name, field in sorted(struct["properties"].items()):
        yield f"{' ' * indent}{name}\t<{_type_text(known, field)}>"
        inner: Obj | None = field
        met = seen
        while inner is not None and not _is_struct(inner):
            reference = inner.get("$ref")
            if reference in met:
                inner = None
                break
            met = (*met, reference) if reference else met
            inner = _inside(known, inner)
        if inner is not None:
            yield from _recursive_fields(known, inner, indent + _FIELDS_INDENT, met)


def _wrapped(text: str, indent: int) -> Iterator[str]:
    """A text in lines that fit: its lists, examples and empty lines, but for an early one, stay."""
    margin = " " * indent
    words: list[str] = []
    last, told = "", False
    for line in text.split("\n"):
        example, empty = line.startswith("    "), not line.strip()
        keeps = example or (empty and told)
        starts = keeps or empty or last.endswith(":") or _BULLET.match(line.strip()) is not None
        if words and starts:
            yield margin + " ".join(words)
            words, last, told = [], "", True
        if keeps:
            yield margin + line if example else ""
            told = True
            continue
        for word in line.split():
            last = word
            if words and len(" ".join([*words, word])) > _WIDTH - indent:
                yield margin + " ".join(words)
                words, last, told = [], "", True
            words.append(word)
    if words:
        yield margin + " ".join(words)
