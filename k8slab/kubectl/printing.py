"""Printing for any command: what was done, or the object, in any of kubectl's formats.

kubectl holds most objects that it makes or gets back as Go structs, so that
fields without a value appear and JSON has the structs' order; `typed` gives
that form.

Models staging/src/k8s.io/cli-runtime/pkg/genericclioptions/print_flags.go and
printers/{json,yaml,name,typesetter}.go, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from k8slab.api import go_text, schema, unmarshal, yaml
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.get_text import GetFlags, object_printer
from k8slab.kubectl.last_applied import LAST_APPLIED
from k8slab.kubectl.output.errors import OutputError
from k8slab.kubectl.output.json import without_managed_fields
from k8slab.kubectl.output.kyaml import ordered_kyaml_text
from k8slab.kubectl.output.name import name_of
from k8slab.kubectl.session import Session

OUTPUT_FLAGS = (
    Flag("output", "o"),
    Flag("template"),
    Flag("allow-missing-template-keys", type="bool", default=True),
    Flag("show-managed-fields", type="bool"),
)
DRY_RUN = Flag("dry-run", default="none", bare="unchanged")
FIELD_MANAGER = Flag("field-manager")
_SUFFIXES = {"client": " (dry run)", "server": " (server dry run)"}


def dry_run(session: Session) -> str:
    """How far the command goes: empty, `client` or `server`. KubectlError for another word."""
    if session.dry_run is None:
        session.dry_run = _dry_run(session)
    return session.dry_run


def _dry_run(session: Session) -> str:
    value: str = session.flags.get("dry-run", "none")
    if value in ("none", ""):
        return ""
    if value in ("client", "server"):
        return value
    if value == "unchanged":
        session.warn("W --dry-run is deprecated and can be replaced with --dry-run=client.\n")
        return "client"
    if value.lower() in ("true", "1", "t"):
        session.warn(
            f"W --dry-run={value} is deprecated (boolean value) and can be replaced with --dry-run=client.\n"
        )
        return "client"
    if value.lower() in ("false", "0", "f"):
        session.warn(
            f"W --dry-run={value} is deprecated (boolean value) and can be replaced with --dry-run=none.\n"
        )
        return ""
    raise fail(f'Invalid dry-run value ({value}). Must be "none", "server", or "client".')


def suffix(session: Session) -> str:
    """What follows the message of a command that only tries."""
    return _SUFFIXES.get(dry_run(session), "")


def write_query(session: Session, manager: str) -> dict[str, str]:
    """The parameters of a write: who makes it, and whether it is only tried."""
    query = {"fieldManager": session.flags.get("field-manager") or manager}
    if dry_run(session) == "server":
        query["dryRun"] = "All"
    return query


def typed(obj: Obj) -> Obj:
    """The object as a Go struct holds it: fields without a value that Go writes, in Go's order."""
    type_name = schema.type_of_kind(obj.get("apiVersion", ""), obj.get("kind", ""))
    if not type_name:
        return obj
    try:
        whole = unmarshal.normalise(type_name, obj)
    except ValueError:
        return obj
    ordered: Obj = schema.in_go_order(f"#{type_name}", whole)
    return ordered


def is_named_only(session: Session) -> bool:
    """Whether a line with the object's name is what the command prints."""
    return not session.flags.get("template") and session.flags.get("output", "") in ("", "name")


def print_done(
    session: Session, obj: Obj, operation: str, *, is_typed: bool = True, ending: str | None = None
) -> None:
    """What was done to an object, as a line, or the object itself where `-o` asks for it.

    `is_typed` says that kubectl holds the object as a Go struct, not as data.
    `ending` replaces the words about a dry run.
    """
    flags = session.flags
    ending = suffix(session) if ending is None else ending
    if is_named_only(session):
        words = "" if flags.get("output") == "name" else f" {operation}{ending}"
        session.write(f"{name_of(obj)}{words}\n")
        return
    output = flags.get("output", "")
    if not is_typed or output not in ("json", "kyaml", "yaml"):
        print_objects(session, [obj], output)
        return
    print_ordered(session, typed(obj if flags.get("show-managed-fields") else without_managed_fields(obj)))


def print_ordered(session: Session, obj: Obj) -> None:
    """An object as JSON, KYAML or YAML (`-o`) in the order of its fields, which YAML alone sorts."""
    output = session.flags["output"]
    if output == "json":
        session.write(ordered_json(obj) + "\n")
    elif output == "kyaml":
        session.write(ordered_kyaml_text(obj))
    else:
        session.write(("---\n" if session.printed else "") + yaml.dump(obj))
        session.printed += 1


def print_named(session: Session, kind: Kind, name: str, operation: str) -> None:
    """The same for an object of which only kind and name are known."""
    obj: Obj = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
    print_done(session, obj, operation)


def noted_struct(obj: Obj) -> Obj:
    """An object that kubectl made, with itself noted as what was applied last: as Go writes the struct."""
    text = _with_go_escapes(json.dumps(typed(obj), separators=(",", ":"), ensure_ascii=False)) + "\n"
    metadata = obj["metadata"]
    annotations = {**(metadata.get("annotations") or {}), LAST_APPLIED: text}
    return {**obj, "metadata": {**metadata, "annotations": annotations}}


def ordered_json(obj: Obj) -> str:
    """Indented JSON in the order of the keys as they are, with Go's escapes."""
    return _with_go_escapes(json.dumps(obj, indent=4, ensure_ascii=False))


def _with_go_escapes(text: str) -> str:
    for plain in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(plain, go_text.json_string(plain)[1:-1])
    return text


_FORMATS = (
    "go-template",
    "go-template-file",
    "json",
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "kyaml",
    "name",
    "template",
    "templatefile",
    "yaml",
)


def _as_list(objects: Sequence[Obj]) -> Obj:
    """A list as the Go struct that it is, of objects as the data that they are."""
    items = [json.loads(json.dumps(one, sort_keys=True)) for one in objects]
    return {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}


def check_output(session: Session) -> None:
    """Refuse `-o` before anything is asked, as commands do that make their printer first."""
    if "dry-run" in session.flags:
        dry_run(session)
    if not is_named_only(session):
        _printer(session, session.flags.get("output", ""))


def _printer(session: Session, output: str) -> Callable[[Obj], str]:
    """What prints an object. KubectlError for an unknown format, or a template that can't be read."""
    if not session.flags.get("template") and output.partition("=")[0] not in _FORMATS:
        raise fail(
            f'unable to match a printer suitable for the output format "{output}", '
            f"allowed formats are: {','.join(_FORMATS)}"
        )
    flags = GetFlags(
        output=output,
        template=session.flags.get("template", ""),
        show_managed_fields=session.flags.get("show-managed-fields", False),
        allow_missing_template_keys=session.flags.get("allow-missing-template-keys", True),
    )
    with _printed_errors(session):
        return object_printer(flags, session.client.read_file)


@contextmanager
def _printed_errors(session: Session) -> Iterator[None]:
    try:
        yield
    except OutputError as error:
        session.write(error.printed)
        raise KubectlError(f"error: {error}\n") from error


def print_objects(session: Session, objects: Sequence[Obj], output: str) -> None:
    """Print one object by itself, several in a List. KubectlError for an unknown format."""
    printer = _printer(session, output)
    shown = objects[0] if len(objects) == 1 else _as_list(objects)
    if len(objects) != 1 and output in ("json", "kyaml", "yaml"):
        is_whole = session.flags.get("show-managed-fields", False)
        print_ordered(session, shown if is_whole else without_managed_fields(shown))
        return
    with _printed_errors(session):
        text = printer(shown)
        if output == "yaml":
            if session.printed:
                session.write("---\n")
            session.printed += 1
        session.write(text)
