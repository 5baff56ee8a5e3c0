"""`kubectl explain`: the fields of a kind, or of a part of it.

What fields there are and of which types is known here; their descriptions are not.

Models staging/src/k8s.io/kubectl/pkg/cmd/explain/explain.go and
pkg/explain/v2/templates/plaintext.tmpl, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.meta import group_version
from k8slab.api.schema import Field, Type, base, struct_of, type_named, type_of_kind
from k8slab.kubectl.command import KubectlError, Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import kind_named
from k8slab.kubectl.session import Session

_NEED = (
    'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of '
    "supported resources."
)
_WORDS = {
    "bool": "boolean",
    "int32": "integer",
    "int64": "integer",
    "float64": "number",
    "bytes": "string",
    "time": "string",
    "microtime": "string",
    "duration": "string",
    "quantity": "Quantity",
    "intorstring": "IntOrString",
    "any": "Object",
}
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
    kind, path = _named(words[0])
    version = session.flags["api-version"] or kind.api_version
    type_name = type_of_kind(version, kind.kind)
    if not type_name:
        group, number = group_version(version)
        raise fail(f'couldn\'t find resource for "{group}/{number}, Resource={kind.plural}"')
    if output == "plaintext-openapiv2":
        session.write(f"KIND:     {kind.kind}\nVERSION:  {version}\n\n")
        session.write(_older_text(f"#{type_name}", path, session.flags["recursive"]))
        return
    group, number = group_version(version)
    session.write(f"GROUP:      {group}\n" if group else "")
    session.write(f"KIND:       {kind.kind}\nVERSION:    {number}\n\n")
    session.write(_text(f"#{type_name}", path, session.flags["recursive"]))


def _named(word: str) -> tuple[Kind, list[str]]:
    """The kind that the word begins with, with or without its group, and the fields behind it."""
    try:
        kind = kind_named(word.partition(".")[0])
    except KubectlError as error:
        raise KubectlError(error.text.removeprefix("error: ")) from error
    head = f"{kind.plural}.{kind.group}"
    rest = word[len(head) :] if kind.group and word.startswith(head) else word.partition(".")[2]
    return kind, [part for part in rest.split(".") if part]


def _found(expression: str, path: list[str]) -> tuple[Field | None, str]:
    """The field at the end of a path, and its type. KubectlError where there is none."""
    field: Field | None = None
    for name in path:
        struct = _struct(expression)
        field = struct.fields.get(name) if struct is not None else None
        if field is None:
            raise fail(f'field "{path[-1]}" does not exist')
        expression = field.type
    return field, expression


def _older_text(expression: str, path: list[str], recursive: bool) -> str:
    """The form of `--output=plaintext-openapiv2`, which knows no names of types."""
    field, expression = _found(expression, path)
    struct = _struct(expression)
    word = "RESOURCE:" if struct is not None else "FIELD:   "
    head = f"{word} {field.name} <{_older_type(field.type)}>\n\n" if field is not None else ""
    lines = _older_fields(struct, 1, recursive, ()) if struct is not None else []
    fields = "\nFIELDS:\n" + "".join(lines) + ("\n" if recursive else "") if lines else ""
    return f"{head}DESCRIPTION:\n     <empty>\n{fields}"


def _older_type(expression: str) -> str:
    plain = _plain(expression)
    if plain.startswith("[]"):
        return f"[]{_older_type(plain[2:])}"
    if plain.startswith("map:"):
        return f"map[string]{_older_type(plain[4:])}"
    return "Object" if plain.startswith("#") else _OLDER_WORDS.get(plain, _WORDS.get(plain, plain))


def _older_fields(struct: Type, level: int, recursive: bool, seen: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    indent = "   " * level
    for name in sorted(struct.fields):
        field = struct.fields[name]
        required = " -required-" if field.required else ""
        lines.append(f"{indent}{name}\t<{_older_type(field.type)}>{required}\n")
        inner = _struct(field.type)
        if not recursive:
            lines.append(f"{indent}  <no description>\n\n")
        elif inner is not None and inner.name not in (*seen, struct.name):
            lines.extend(_older_fields(inner, level + 1, True, (*seen, struct.name)))
    return lines


def _text(expression: str, path: list[str], recursive: bool) -> str:
    field, expression = _found(expression, path)
    head = ""
    if field is not None:
        enum = "".join(f"    {_enum_word(one)}\n" for one in field.enum)
        enum = f"ENUM:\n{enum}" if enum else "\n"
        head = f"FIELD: {field.name} <{type_text(field.type)}>\n{enum}\n"
    struct = _struct(expression)
    lines = _fields(struct, 1, recursive, ()) if struct is not None else []
    fields = "FIELDS:\n" + "".join(lines) if lines else ""
    return f"{head}DESCRIPTION:\n    <empty>\n{fields}\n"


def _plain(expression: str) -> str:
    """The type behind pointers and names that aren't structs."""
    while True:
        target = base(expression).lstrip("*")
        if target == expression:
            return target
        expression = target


def _struct(expression: str) -> Type | None:
    """The struct of a value, of a list's items or of a map's values."""
    plain = _plain(expression)
    while plain.startswith(("[]", "map:")):
        plain = _plain(plain.removeprefix("[]").removeprefix("map:"))
    return struct_of(plain) if plain.startswith("#") else None


def type_text(expression: str) -> str:
    """A field's type as `explain` names it: `string`, `[]Container`, `map[string]Quantity`."""
    plain = _plain(expression)
    named = expression.lstrip("*")
    if plain == "any" and named.startswith("#"):
        return named.rpartition(".")[2]
    if plain.startswith("[]"):
        return f"[]{type_text(plain[2:])}"
    if plain.startswith("map:"):
        return f"map[string]{type_text(plain[4:])}"
    if plain.startswith("#"):
        return type_named(plain[1:]).name.rpartition(".")[2]
    return _WORDS.get(plain, plain)


def _fields(struct: Type, level: int, recursive: bool, seen: tuple[str, ...]) -> list[str]:
    """A line for each field, and under it what it is, or its own fields. Types inside themselves end it."""
    lines: list[str] = []
    indent = "  " * level
    for name in sorted(struct.fields):
        field = struct.fields[name]
        required = " -required-" if field.required else ""
        lines.append(f"{indent}{name}\t<{type_text(field.type)}>{required}{_enum_text(field, indent)}\n")
        if not recursive:
            lines.append(f"{indent}  <no description>\n\n")
            continue
        inner = _struct(field.type)
        if inner is not None and inner.name not in (*seen, struct.name):
            lines.extend(_fields(inner, level + 1, True, (*seen, struct.name)))
    return lines


def _enum_word(value: object) -> str:
    return str(value) if value != "" else '""'


def _enum_text(field: Field, indent: str) -> str:
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
