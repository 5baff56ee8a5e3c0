"""`kubectl explain`: the fields of a kind, or of a part of it.

Models staging/src/k8s.io/kubectl/pkg/cmd/explain/explain.go and
pkg/explain/v2/templates/plaintext.tmpl, v1.36; the form of OpenAPI v2 is in `explained_older`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from k8slab.api import jsonpath
from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj, group_version
from k8slab.api.schema import type_of_kind
from k8slab.kubectl import explained_older
from k8slab.kubectl.command import KubectlError, Verb, fail
from k8slab.kubectl.explained import Explained, of_custom_kind, of_type
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import kind_named
from k8slab.kubectl.session import Session

_NEED = (
    'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of '
    "supported resources."
)
_ENUM_SHOWN = 4


def _run(session: Session) -> None:
    words = session.arguments
    if not words:
        raise fail(_NEED)
    if len(words) > 1:
        raise fail("We accept only this format: explain RESOURCE\n")
    kind, path = named_fields(session, words[0], with_group=not session.flags["api-version"])
    version = session.flags["api-version"] or kind.api_version
    if version.count("/") > 1:
        raise fail(f"unexpected GroupVersion string: {version}")
    if session.flags["output"] == "plaintext-openapiv2":
        session.write(_older(session, kind, version, path))
    else:
        _tell_current(session, kind, version, path)


def _older(session: Session, kind: Kind, version: str, path: list[str]) -> str:
    """What OpenAPI v2 tells. KubectlError where it has no such kind."""
    type_name = type_of_kind(version, kind.kind)
    custom = None if type_name else _custom_schema(session, kind, version)
    if not type_name and custom is None:
        group, number = group_version(version)
        raise fail(f'couldn\'t find resource for "{group}/{number}, Kind={kind.kind}"')
    found = (
        explained_older.of_built_in(type_name) if custom is None else explained_older.of_custom_kind(custom)
    )
    text = explained_older.text_of(*found, path, session.flags["recursive"])
    return f"KIND:     {kind.kind}\nVERSION:  {version}\n\n{text}"


def _tell_current(session: Session, kind: Kind, version: str, path: list[str]) -> None:
    """Print what OpenAPI v3 tells. KubectlError where it has no such kind, or there is no such form."""
    group, number = group_version(version)
    type_name = type_of_kind(version, kind.kind)
    custom = None if type_name else _custom_schema(session, kind, version)
    if not type_name and custom is None:
        raise fail(f'couldn\'t find resource for "{group}/{number}, Resource={kind.plural}"')
    if session.flags["output"] != "plaintext":
        raise fail(f"unrecognized format: {session.flags['output']}")
    shown = of_type(f"#{type_name}") if custom is None else of_custom_kind(custom)
    session.write(head_text(group, number, kind.kind))
    session.write(fields_text(shown, path, session.flags["recursive"]))


def head_text(group: str, version: str, kind: str) -> str:
    """Which kind is explained."""
    return f"{f'GROUP:      {group}{chr(10)}' if group else ''}KIND:       {kind}\nVERSION:    {version}\n\n"


def named_fields(session: Session | None, word: str, *, with_group: bool = True) -> tuple[Kind, list[str]]:
    """The kind that the word begins with, which may be followed by its group, and the fields behind it."""
    first, *rest = _nodes(word)
    if not isinstance(first, jsonpath.Field):
        raise fail("invalid jsonpath syntax, first node must be field node")
    if not first.name:
        raise fail("a resource must be present, got: /, Resource=")
    try:
        kind = kind_named(first.name, session)
    except KubectlError as error:
        raise KubectlError(error.text.removeprefix("error: ")) from error
    head = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    which = "all nodes must be field nodes"
    if with_group and word.startswith(head):
        behind = word.removeprefix(head)
        rest = list(_nodes(behind)[1:]) if behind else []
        which = "first node must be field node"
    if not all(isinstance(node, jsonpath.Field) for node in rest):
        raise fail(f"invalid jsonpath syntax, {which}")
    return kind, [node.name for node in rest]


def _nodes(text: str) -> Sequence[Any]:
    """The parts of a path, as kubectl's JSONPath has them."""
    try:
        parts = jsonpath.parse(f"{{.{text.removesuffix('.')}}}")
    except jsonpath.JSONPathError as error:
        raise fail(str(error)) from error
    if len(parts) != 1 or isinstance(parts[0], jsonpath.Text):
        raise fail("must pass in 1 jsonpath string")
    return parts[0].nodes


def _custom_schema(session: Session, kind: Kind, version: str) -> Obj | None:
    """The schema of a custom kind in a version, as its definition has it; None where there is none."""
    if kind.kind in kinds():
        return None
    definition = session.get(kinds()["CustomResourceDefinition"], "", f"{kind.plural}.{kind.group}")
    for one in definition["spec"]["versions"]:
        if f"{kind.group}/{one['name']}" == version:
            return (one.get("schema") or {}).get("openAPIV3Schema") or {}
    return None


def fields_text(shown: Explained, path: Sequence[str], recursive: bool) -> str:
    """What is said of the fields at the end of a path. KubectlError where there are none."""
    head = ""
    for name in path:
        found = shown.fields().get(name)
        if found is None:
            raise fail(f'field "{path[-1]}" does not exist')
        shown = found
        enum = "".join(f"    {_enum_word(one)}\n" for one in shown.enum)
        head = f"FIELD: {name} <{shown.type}>\n{f'ENUM:{chr(10)}{enum}' if enum else chr(10)}\n"
    told = "".join(f"{one}\n" for one in (shown.description, shown.inner_description) if one)
    lines = _fields(shown, 1, recursive, ())
    fields = "FIELDS:\n" + "".join(lines) if lines else ""
    return f"{head}DESCRIPTION:\n{_indented(told or '<empty>', 76, 4)}\n{fields}\n"


def _fields(shown: Explained, level: int, recursive: bool, seen: tuple[str, ...]) -> list[str]:
    """A line for each field, and under it what it is, or its own fields. Types inside themselves end it."""
    lines: list[str] = []
    indent = 2 * level
    for name, field in sorted(shown.fields().items()):
        required = " -required-" if field.required else ""
        lines.append(f"{' ' * indent}{name}\t<{field.type}>{required}{_enum_text(field, ' ' * indent)}\n")
        if not recursive:
            text = _indented(field.description or "<no description>", 78 - indent, indent + 2)
            lines.append(f"{text}\n\n")
        elif not field.struct or field.struct not in (*seen, shown.struct):
            lines.extend(_fields(field, level + 1, True, (*seen, shown.struct)))
    return lines


def _indented(text: str, width: int, indent: int) -> str:
    """A text in lines of so many letters where it can be broken, each behind so many blanks."""
    lines = "\n".join(_broken(line, width) for line in text.split("\n")).split("\n")
    return "\n".join(f"{' ' * indent}{line}" for line in lines)


def _broken(line: str, width: int) -> str:
    """A line broken between words; what is longer than a line, and the blanks within one, stay."""
    text, space, used = "", "", 0
    for piece in re.findall(r"\s+|\S+", line):
        if piece.isspace():
            space = piece
            continue
        before = used + len(space)
        if before + len(piece) > width and before > 1:
            text, space, before = f"{text}\n", "", 0
        text, used, space = f"{text}{space}{piece}", before + len(piece), ""
    return text + space if used + len(space) <= width else text


def _enum_word(value: object) -> str:
    return str(value) if value != "" else '""'


def _enum_text(field: Explained, indent: str) -> str:
    if not field.enum:
        return ""
    shown = ", ".join(_enum_word(one) for one in field.enum[:_ENUM_SHOWN])
    more = ", ...." if len(field.enum) > _ENUM_SHOWN else ""
    return f"\n{indent}enum: {shown}{more}"


VERB = Verb(
    "explain",
    _run,
    (
        Flag("recursive", "R", "bool"),
        Flag("api-version"),
        Flag("output", "o", default="plaintext"),
    ),
    summary="Get documentation for a resource",
)
