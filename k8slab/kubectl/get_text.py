"""The whole of what `kubectl get` writes, from the answers to its requests and its flags.

The verb parses flags and makes requests; this decides what is printed: which
printer, one head or several, blank lines between resource types, kinds before
names, the list that several objects are put into, and which errors end it.

Models staging/src/k8s.io/kubectl/pkg/cmd/get/get.go and get_flags.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from k8slab.api import yaml
from k8slab.api.go_text import quote
from k8slab.api.meta import Obj
from k8slab.kubectl.output.custom_columns import columns_from_file, columns_from_spec, custom_columns_text
from k8slab.kubectl.output.errors import FatalError, OutputError
from k8slab.kubectl.output.go_template import go_template_printer
from k8slab.kubectl.output.json import json_event_text, json_text, without_managed_fields
from k8slab.kubectl.output.jsonpath import jsonpath_printer
from k8slab.kubectl.output.kyaml import kyaml_text
from k8slab.kubectl.output.name import kind_text, name_text
from k8slab.kubectl.output.sorting import sort_objects, sort_table
from k8slab.kubectl.output.tab_writer import TABLES, align, aligned
from k8slab.kubectl.output.table_text import TableOptions, TablePrinter

_JSONPATH_FORMATS = ("jsonpath", "jsonpath-as-json", "jsonpath-file")
_TEMPLATE_FORMATS = ("go-template", "go-template-file", "template", "templatefile")
_COLUMN_FORMATS = ("custom-columns", "custom-columns-file")
_ALL_FORMATS = sorted(
    (*_JSONPATH_FORMATS, *_TEMPLATE_FORMATS, *_COLUMN_FORMATS, "json", "kyaml", "name", "wide", "yaml")
)

Printer = Callable[[Obj], str]
ReadFile = Callable[[str], str]


class Resource(NamedTuple):
    """The resource type that an answer is of."""

    kind: str
    group: str
    version: str
    plural: str
    namespaced: bool


class Answer(NamedTuple):
    """What one request gave: a server's Table, a list, or an object."""

    resource: Resource
    body: Obj


class GetFlags(NamedTuple):
    """The flags of `kubectl get` that decide what is printed."""

    output: str = ""
    template: str = ""
    no_headers: bool = False
    show_labels: bool = False
    show_kind: bool = False
    label_columns: tuple[str, ...] = ()
    all_namespaces: bool = False
    sort_by: str = ""
    show_managed_fields: bool = False
    allow_missing_template_keys: bool = True
    ignore_not_found: bool = False
    server_print: bool = True


class Output(NamedTuple):
    """What a command wrote, and how it ended."""

    stdout: str
    stderr: str
    exit_code: int


def _no_files(path: str) -> str:
    raise OSError(f"open {path}: no such file or directory")


def is_human_readable(flags: GetFlags) -> bool:
    """Whether rows and columns are printed; otherwise whole objects are."""
    return (not flags.output and not flags.template) or flags.output == "wide"


def wants_table(flags: GetFlags) -> bool:
    """Whether the verb should ask the server for Tables."""
    return is_human_readable(flags) and flags.server_print


def flag_error(flags: GetFlags) -> str:
    """Why these flags do not go together, before any request is made; empty where they do."""
    if flags.show_labels and flags.output not in ("", "wide"):
        return f"--show-labels option cannot be used with {flags.output} printer"
    return ""


def get_text(
    answers: Sequence[Answer],
    flags: GetFlags,
    *,
    namespace: str,
    now_us: int,
    errors: Sequence[str] = (),
    warnings: Sequence[str] = (),
    single: bool = False,
    read_file: ReadFile = _no_files,
) -> Output:
    """All that `kubectl get` prints.

    `answers` come in the order of the requests; lists that are not Tables are
    taken apart here. `errors` are the lines for requests that failed, such as
    `Error from server (NotFound): pods "x" not found`, and `warnings` the
    texts of Warning headers. `single` says that one object was asked for by
    its name. `read_file` reads a template file and may raise OSError.
    """
    notes = "".join(f"Warning: {warning}\n" for warning in warnings)
    try:
        if is_human_readable(flags):
            stdout, nothing = _tables(answers, flags, now_us)
            if nothing and not errors and not flags.ignore_not_found:
                notes += _nothing_found(answers, flags, namespace)
        else:
            stdout = _objects(answers, flags, bool(errors), single, read_file)
    except OutputError as error:
        message = str(error) if errors else f"error: {error}"
        return Output(error.printed, notes + _error_lines([*errors, message]), 1)
    return Output(stdout, notes + _error_lines(errors), 1 if errors else 0)


def _error_lines(errors: Sequence[str]) -> str:
    return "".join(error if error.endswith("\n") else f"{error}\n" for error in errors)


def _nothing_found(answers: Sequence[Answer], flags: GetFlags, namespace: str) -> str:
    if not flags.all_namespaces and all(answer.resource.namespaced for answer in _flat(answers)):
        return f"No resources found in {namespace} namespace.\n"
    return "No resources found\n"


def _is_table(obj: Obj) -> bool:
    return obj.get("kind") == "Table" and obj.get("apiVersion") in (
        "meta.k8s.io/v1",
        "meta.k8s.io/v1beta1",
    )


def _flat(answers: Sequence[Answer]) -> Iterator[Answer]:
    """The answers with lists taken apart; the items of a list get its kind."""
    for answer in answers:
        items = answer.body.get("items")
        if isinstance(items, list):
            yield from (Answer(answer.resource, item) for item in items)
        else:
            yield answer


def _tables(answers: Sequence[Answer], flags: GetFlags, now_us: int) -> tuple[str, bool]:
    """The rows and columns, and whether there are none."""
    flat = list(_flat(answers))
    with_kind = flags.show_kind or len({(one.resource.kind, one.resource.group) for one in flat}) > 1
    if flags.sort_by:
        flat = _sorted_answers(flat, flags.sort_by)
    stdout = ""
    with_namespace = False
    for resource, group in groupby(flat, key=lambda answer: answer.resource):
        # Once it was shown for one type, the namespace's column is there for all that follow.
        with_namespace = with_namespace or (flags.all_namespaces and resource.namespaced)
        options = _table_options(resource, flags, with_kind, with_namespace)
        printer = TablePrinter(options, now_us)
        lines = "".join(_print_answer(printer, answer.body, flags.sort_by) for answer in group)
        text = aligned(lines, TABLES)
        stdout += "\n" + text if stdout and text and not flags.no_headers else text
    return stdout, not stdout


def _print_answer(printer: TablePrinter, body: Obj, sort_by: str, event_type: str = "") -> str:
    if not _is_table(body):
        return printer.print_object(body, event_type)
    try:
        table = sort_table(body, sort_by) if sort_by else body
    except FatalError:
        raise
    except OutputError:
        # A table that cannot be sorted is not printed, and kubectl does not say why.
        return ""
    return printer.print_table(table, event_type)


def _sorted_answers(answers: list[Answer], sort_by: str) -> list[Answer]:
    """Objects in the order of a field; one Table alone is sorted when it is printed."""
    if len(answers) <= 1:
        return answers
    by_identity = {id(answer.body): answer for answer in answers}
    return [by_identity[id(body)] for body in sort_objects([answer.body for answer in answers], sort_by)]


def _table_options(
    resource: Resource, flags: GetFlags, with_kind: bool, with_namespace: bool
) -> TableOptions:
    return TableOptions(
        kind=kind_text(resource.kind, resource.group),
        with_kind=with_kind,
        with_namespace=with_namespace,
        wide=flags.output == "wide",
        no_headers=flags.no_headers,
        show_labels=flags.show_labels,
        label_columns=flags.label_columns,
    )


def _objects(
    answers: Sequence[Answer], flags: GetFlags, failed: bool, single: bool, read_file: ReadFile
) -> str:
    """Whole objects: one by itself, several in a List."""
    flat = list(_flat(answers))
    if failed and single:
        return ""
    if not flat and flags.ignore_not_found:
        return ""
    printer = object_printer(flags, read_file)
    if single and len(flat) == 1:
        return printer(flat[0].body)
    items = [answer.body for answer in flat]
    if flags.sort_by:
        items = sort_objects(items, flags.sort_by)
    return printer({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})


def object_printer(flags: GetFlags, read_file: ReadFile = _no_files) -> Printer:
    """The function that prints an object or a List in the format asked for. Raises OutputError."""
    name, _, value = flags.output.partition("=")
    if flags.template:
        name, value = flags.output or "go-template", flags.template
    if name in _JSONPATH_FORMATS:
        return _jsonpath(name, value, flags, read_file)
    if name in _TEMPLATE_FORMATS:
        return _go_template(name, value, flags, read_file)
    plain = {"json": json_text, "yaml": yaml.dump, "kyaml": kyaml_text}.get(flags.output.lower())
    if plain is not None:
        text = plain
        return text if flags.show_managed_fields else lambda obj: text(without_managed_fields(obj))
    if name in _COLUMN_FORMATS:
        return _custom_columns(name, value, flags, read_file)
    if flags.output.lower() == "name":
        return name_text
    raise OutputError(
        f"unable to match a printer suitable for the output format {quote(flags.output)}, "
        f"allowed formats are: {','.join(_ALL_FORMATS)}"
    )


def _template_text(name: str, value: str, read_file: ReadFile) -> str:
    if not value:
        raise OutputError("template format specified but no template given")
    if name not in ("jsonpath-file", "templatefile", "go-template-file"):
        return value
    try:
        return read_file(value)
    except OSError as error:
        raise OutputError(f"error reading --template {value}, {_opening(value, error)}") from None


def _opening(path: str, error: OSError) -> str:
    """What Go says of a file that can't be opened."""
    return f"open {path}: {(error.strerror or str(error)).lower()}"


def _jsonpath(name: str, value: str, flags: GetFlags, read_file: ReadFile) -> Printer:
    return jsonpath_printer(
        _template_text(name, value, read_file),
        as_json=name == "jsonpath-as-json",
        allow_missing_keys=flags.allow_missing_template_keys,
    )


def _go_template(name: str, value: str, flags: GetFlags, read_file: ReadFile) -> Printer:
    return go_template_printer(
        _template_text(name, value, read_file), allow_missing_keys=flags.allow_missing_template_keys
    )


def _custom_columns(name: str, value: str, flags: GetFlags, read_file: ReadFile) -> Printer:
    if not value:
        raise OutputError("custom-columns format specified but no custom columns given")
    if name == "custom-columns":
        columns = columns_from_spec(value)
        return lambda obj: custom_columns_text(columns, obj, no_headers=flags.no_headers)
    try:
        text = read_file(value)
    except OSError as error:
        raise OutputError(f"error reading template {value}, {_opening(value, error)}\n") from None
    columns = columns_from_file(text)
    return lambda obj: custom_columns_text(columns, obj)


@dataclass(slots=True)
class WatchPrinter:
    """Prints what `kubectl get --watch` shows, one Table or object after another.

    Columns keep the widths they once had, and their heads are printed once.
    """

    resource: Resource
    flags: GetFlags
    output_watch_events: bool = False
    read_file: ReadFile = _no_files
    table_printer: TablePrinter | None = None
    widths: tuple[int, ...] = ()
    printed: int = 0
    custom_headers: bool = field(default=False)

    def text(self, body: Obj, now_us: int, event_type: str = "ADDED") -> str:
        """The lines for a Table or an object, and for the event that brought it. Raises OutputError."""
        shown_event = event_type if self.output_watch_events else ""
        if not is_human_readable(self.flags):
            return self._object_text(body, shown_event)
        if self.table_printer is None:
            self.table_printer = TablePrinter(
                _table_options(self.resource, self.flags, self.flags.show_kind, self.flags.all_namespaces),
                now_us,
            )
        self.table_printer.now_us = now_us
        lines = _print_answer(self.table_printer, body, self.flags.sort_by, shown_event)
        text, self.widths = align(lines, TABLES, self.widths)
        return text

    def _object_text(self, body: Obj, event_type: str) -> str:
        output = self.flags.output
        self.printed += 1
        separator = "---\n" if output == "yaml" and self.printed > 1 else ""
        # Of an event kubectl leaves nothing out.
        if event_type and output == "json":
            return json_event_text(event_type, body)
        if event_type and output != "name":
            body = {"type": event_type, "object": body}
        flags = self.flags
        if output.startswith(_COLUMN_FORMATS):
            flags = flags._replace(no_headers=flags.no_headers or self.custom_headers)
            self.custom_headers = True
        return separator + object_printer(flags, self.read_file)(body)
