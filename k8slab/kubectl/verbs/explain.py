"""`kubectl explain`: the fields of a kind, or of a part of it.

Models staging/src/k8s.io/kubectl/pkg/cmd/explain/explain.go and
pkg/explain/v2/templates/plaintext.tmpl, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj, group_version
from k8slab.api.schema import Field, Type, type_of_kind
from k8slab.kubectl.command import KubectlError, Verb, fail
from k8slab.kubectl.explained import Explained, of_custom_kind, of_type, plain, struct_within, type_text
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import kind_named
from k8slab.kubectl.session import Session

_NEED = (
    'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of '
    "supported resources."
)
_OLDER_WORDS = {"quantity": "string", "intorstring": "string", "any": "Object"}
_ENUM_SHOWN = 4


def _run(session: Session) -> None:
    words = session.arguments
    if not words:
        raise fail(_NEED)
    if len(words) > 1:
        raise fail("We accept only this format: explain RESOURCE\n")
    output = session.flags["output"]
    if output not in ("plaintext", "plaintext-openapiv2"):
        raise fail(f"unrecognized format: {output}")
    kind, path = named_fields(session, words[0])
    version = session.flags["api-version"] or kind.api_version
    group, number = group_version(version)
    type_name = type_of_kind(version, kind.kind)
    custom = None if type_name else _custom_schema(session, kind, version)
    if not type_name and (custom is None or output == "plaintext-openapiv2"):
        raise fail(f'couldn\'t find resource for "{group}/{number}, Resource={kind.plural}"')
    if output == "plaintext-openapiv2":
        session.write(f"KIND:     {kind.kind}\nVERSION:  {version}\n\n")
        session.write(_older_text(f"#{type_name}", path, session.flags["recursive"]))
        return
    shown = of_type(f"#{type_name}") if custom is None else of_custom_kind(custom)
    session.write(head_text(group, number, kind.kind))
    session.write(fields_text(shown, path, session.flags["recursive"]))


def head_text(group: str, version: str, kind: str) -> str:
    """Which kind is explained."""
    return f"{f'GROUP:      {group}{chr(10)}' if group else ''}KIND:       {kind}\nVERSION:    {version}\n\n"


def named_fields(session: Session | None, word: str) -> tuple[Kind, list[str]]:
    """The kind that the word begins with, with or without its group, and the fields behind it."""
    try:
        kind = kind_named(word.partition(".")[0], session)
    except KubectlError as error:
        raise KubectlError(error.text.removeprefix("error: ")) from error
    head = f"{kind.plural}.{kind.group}"
    rest = word[len(head) :] if kind.group and word.startswith(head) else word.partition(".")[2]
    return kind, [part for part in rest.split(".") if part]


def _custom_schema(session: Session, kind: Kind, version: str) -> Obj | None:
    """The schema of a custom kind in a version, as its definition has it; None where there is none."""
    if kind.kind in kinds():
        return None
    definition = session.get(kinds()["CustomResourceDefinition"], "", f"{kind.plural}.{kind.group}")
    for one in definition["spec"]["versions"]:
        if f"{kind.group}/{one['name']}" == version:
            return (one.get("schema") or {}).get("openAPIV3Schema") or {}
    return None


def _found(expression: str, path: list[str]) -> tuple[Field | None, str]:
    """The field at the end of a path, and its type. KubectlError where there is none."""
    field: Field | None = None
    for name in path:
        struct = struct_within(expression)
        field = struct.fields.get(name) if struct is not None else None
        if field is None:
            raise fail(f'field "{path[-1]}" does not exist')
        expression = field.type
    return field, expression


def _older_text(expression: str, path: list[str], recursive: bool) -> str:
    """The form of `--output=plaintext-openapiv2`, which knows no names of types."""
    field, expression = _found(expression, path)
    struct = struct_within(expression)
    word = "RESOURCE:" if struct is not None else "FIELD:   "
    head = f"{word} {field.name} <{_older_type(field.type)}>\n\n" if field is not None else ""
    lines = _older_fields(struct, 1, recursive, ()) if struct is not None else []
    fields = "\nFIELDS:\n" + "".join(lines) + ("\n" if recursive else "") if lines else ""
    return f"{head}DESCRIPTION:\n     <empty>\n{fields}"


def _older_type(expression: str) -> str:
    found = plain(expression)
    if found.startswith("[]"):
        return f"[]{_older_type(found[2:])}"
    if found.startswith("map:"):
        return f"map[string]{_older_type(found[4:])}"
    return "Object" if found.startswith("#") else _OLDER_WORDS.get(found, type_text(found))


def _older_fields(struct: Type, level: int, recursive: bool, seen: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    indent = "   " * level
    for name in sorted(struct.fields):
        field = struct.fields[name]
        required = " -required-" if field.required else ""
        lines.append(f"{indent}{name}\t<{_older_type(field.type)}>{required}\n")
        inner = struct_within(field.type)
        if not recursive:
            lines.append(f"{indent}  <no description>\n\n")
        elif inner is not None and inner.name not in (*seen, struct.name):
            lines.extend(_older_fields(inner, level + 1, True, (*seen, struct.name)))
    return lines


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
    """A text in lines of so many letters at the most, each behind so many blanks."""
    lines: list[str] = []
    for line in text.split("\n"):
        shown = ""
        for word in line.split():
            if shown and len(shown) + 1 + len(word) > width:
                lines.append(shown)
                shown = word
            else:
                shown = f"{shown} {word}" if shown else word
        lines.append(shown)
    return "\n".join(f"{' ' * indent}{line}" for line in lines)


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
