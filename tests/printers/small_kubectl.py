"""A kubectl for tests: finds the resources of a command line among the objects of a frozen cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj, dig, labels_of
from k8slab.api.tables import table
from k8slab.kubectl.get_text import Answer, GetFlags, Output, Resource, flag_error, get_text, wants_table

REFERENCE = Path(__file__).parent.parent / "reference"

ALL = ("pods", "rc", "svc", "ds", "deploy", "rs", "sts", "hpa", "cj", "jobs")
WARNINGS = {
    "Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    "ComponentStatus": "v1 ComponentStatus is deprecated in v1.19+",
}
SWITCHES = {
    "--no-headers": "no_headers",
    "--show-labels": "show_labels",
    "--show-kind": "show_kind",
    "-A": "all_namespaces",
    "--ignore-not-found": "ignore_not_found",
}
VALUES = {"-o": "output", "--sort-by": "sort_by", "--template": "template", "-L": "label_columns"}


@cache
def reference(name: str) -> Any:
    return json.loads((REFERENCE / name).read_text())


@cache
def state(name: str) -> tuple[Obj, ...]:
    return tuple(reference("states.json")["states"][name])


def custom_kind(definition: Obj) -> Kind:
    spec = definition["spec"]
    names = spec["names"]
    return Kind(
        kind=names["kind"],
        group=spec["group"],
        version=spec["versions"][0]["name"],
        plural=names["plural"],
        singular=names["singular"],
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
    )


def printer_columns(kind: Kind, objects: tuple[Obj, ...]) -> list[Obj] | None:
    for obj in objects:
        if obj["kind"] == "CustomResourceDefinition" and obj["spec"]["names"]["kind"] == kind.kind:
            return list(obj["spec"]["versions"][0].get("additionalPrinterColumns") or ())
    return None


def resolve(name: str, objects: tuple[Obj, ...]) -> Kind:
    component_status = Kind("ComponentStatus", "", "v1", "componentstatuses", "componentstatus", False)
    definitions = [obj for obj in objects if obj["kind"] == "CustomResourceDefinition"]
    for kind in (*kinds().values(), component_status, *map(custom_kind, definitions)):
        if name in (kind.plural, kind.singular, f"{kind.plural}.{kind.group}", *kind.short_names):
            return kind
    raise KeyError(name)


@dataclass
class CommandLine:
    types: list[str]
    names: list[str]
    flags: GetFlags
    namespace: str
    labels: str
    fields: str


def parse(args: list[str], namespace: str) -> CommandLine:
    words: list[str] = []
    options: dict[str, Any] = {}
    labels = fields = ""
    rest = iter(args)
    for arg in rest:
        name, equals, value = arg.partition("=") if arg.startswith("--") else (arg, "", "")
        if name in SWITCHES:
            options[SWITCHES[name]] = True
        elif name in ("--server-print", "--show-managed-fields"):
            options[name[2:].replace("-", "_")] = value != "false"
        elif name in VALUES:
            text = value if equals else next(rest)
            options[VALUES[name]] = tuple(text.split(",")) if name == "-L" else text
        elif name in ("-n", "-l", "--field-selector", "--chunk-size"):
            text = value if equals else next(rest)
            namespace = text if name == "-n" else namespace
            labels = text if name == "-l" else labels
            fields = text if name == "--field-selector" else fields
        else:
            words.append(arg)
    types = [one for word in words[0].split(",") for one in (ALL if word == "all" else (word,))]
    return CommandLine(types, words[1:], GetFlags(**options), namespace, labels, fields)


def selected(obj: Obj, line: CommandLine) -> bool:
    if line.labels:
        name, _, value = line.labels.partition("=")
        if labels_of(obj).get(name) != value:
            return False
    if line.fields:
        name, _, value = line.fields.replace("!=", "=").partition("=")
        return (dig(obj, *name.split("."), default="") == value) != ("!=" in line.fields)
    return True


def stored_at(obj: Obj) -> str:
    """Where etcd keeps the object, in whose order a server lists."""
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"


def get(args: list[str], objects: tuple[Obj, ...], namespace: str, now_us: int) -> Output:
    """What `kubectl get` with these arguments prints."""
    line = parse(args, namespace)
    if flag_error(line.flags):
        return Output("", f"error: {flag_error(line.flags)}\n", 1)
    answers: list[Answer] = []
    errors: list[str] = []
    warnings: list[str] = []
    for type_name in line.types:
        kind = resolve(type_name, objects)
        resource = Resource(kind.kind, kind.group, kind.version, kind.plural, kind.namespaced)
        found = [
            obj
            for obj in objects
            if obj["kind"] == kind.kind
            and (
                not kind.namespaced
                or line.flags.all_namespaces
                or obj["metadata"]["namespace"] == line.namespace
            )
            and selected(obj, line)
        ]
        found.sort(key=stored_at)
        for name in line.names:
            match = [obj for obj in found if obj["metadata"]["name"] == name]
            answers += [Answer(resource, body(kind, match, objects, line.flags, now_us))] if match else []
            if not match and not line.flags.ignore_not_found:
                errors.append(f'Error from server (NotFound): {kind.plural} "{name}" not found')
        if not line.names:
            answers.append(Answer(resource, body(kind, found, objects, line.flags, now_us, as_list=True)))
        if kind.kind in WARNINGS:
            warnings.append(WARNINGS[kind.kind])
    return get_text(
        answers,
        line.flags,
        namespace=line.namespace,
        now_us=now_us,
        errors=errors,
        warnings=warnings,
        single=len(line.types) * len(line.names) == 1,
    )


def body(
    kind: Kind,
    found: list[Obj],
    objects: tuple[Obj, ...],
    flags: GetFlags,
    now_us: int,
    as_list: bool = False,
) -> Obj:
    if wants_table(flags):
        return table(
            kind,
            found,
            now_us,
            include_object="Object" if flags.sort_by else "Metadata",
            printer_columns=printer_columns(kind, objects),
        )
    return {"apiVersion": "v1", "kind": f"{kind.kind}List", "items": found} if as_list else found[0]
