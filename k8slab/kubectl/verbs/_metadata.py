"""Labels and annotations by the command line: what `label` and `annotate` share.

Models staging/src/k8s.io/kubectl/pkg/cmd/{label/label,annotate/annotate}.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import OUTPUT_FLAGS, print_objects
from k8slab.kubectl.resources import ALL_NAMESPACES, FILE_FLAGS, SELECTOR_FLAGS, Info, full_name, select
from k8slab.kubectl.session import Session, path_of

_MERGE = "application/merge-patch+json"
_SUFFIXES = {"client": " (dry run)", "server": " (server dry run)"}
FLAGS = (
    *FILE_FLAGS,
    *SELECTOR_FLAGS,
    *OUTPUT_FLAGS,
    ALL_NAMESPACES,
    Flag("overwrite", type="bool"),
    Flag("list", type="bool"),
    Flag("local", type="bool"),
    Flag("field-selector"),
    Flag("resource-version"),
    Flag("dry-run", default="", bare="client"),
    Flag("field-manager"),
)


def change(session: Session, field: str, noun: str) -> None:
    """Set and remove labels or annotations. `field` is the metadata's, `noun` what kubectl calls one."""
    words, changes = _split(session.arguments)
    if not words and not session.flags["filename"]:
        raise KubectlError(
            "error: one or more resources must be specified as <resource> <name> or <resource>/<name>\n"
        )
    added, removed = _parsed(changes, noun)
    if not added and not removed and not session.flags["list"]:
        raise KubectlError(f"error: at least one {noun} update is required\n")
    infos = select(session, arguments=words)
    for info in infos:
        _change_one(session, info, field, noun, added, removed)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The words that name resources, and the changes behind them."""
    for number, word in enumerate(arguments):
        if "=" in word or (word.endswith("-") and number > 0):
            return arguments[:number], arguments[number:]
    return arguments, []


def _parsed(changes: list[str], noun: str) -> tuple[dict[str, str], list[str]]:
    added: dict[str, str] = {}
    removed: list[str] = []
    for word in changes:
        name, equals, value = word.partition("=")
        if equals:
            added[name] = value
        elif word.endswith("-"):
            removed.append(word[:-1])
        else:
            raise KubectlError(f"error: unknown {noun} spec: {word}\n")
    both = sorted(name for name in removed if name in added)
    if both:
        raise KubectlError(
            f"error: can not both modify and remove {noun}(s) in the same command: {', '.join(both)}\n"
        )
    return added, removed


def _change_one(
    session: Session, info: Info, field: str, noun: str, added: dict[str, str], removed: list[str]
) -> None:
    obj = info.obj or session.get(info.kind, info.namespace, info.name)
    if session.flags["filename"]:
        obj = session.get(info.kind, info.namespace, info.name)
    present: dict[str, str] = obj["metadata"].get(field) or {}
    if session.flags["list"]:
        session.write("".join(f"{name}={present[name]}\n" for name in sorted(present)))
        return
    clashes = [name for name, value in added.items() if present.get(name, value) != value]
    if clashes and not session.flags["overwrite"]:
        for name in clashes:
            session.warn(f"'{name}' already has a value ({present[name]}), and --overwrite is false\n")
        session.code = 1
        return
    for name in removed:
        if name not in present:
            session.write(f'{noun} "{name}" not found.\n')
    after = {name: value for name, value in {**present, **added}.items() if name not in removed}
    stored = obj
    dry_run = session.flags["dry-run"]
    if after != present and dry_run != "client":
        patch: Obj = {"metadata": {field: {**added, **{name: None for name in removed if name in present}}}}
        query = {"fieldManager": session.flags["field-manager"] or f"kubectl-{session.command}"}
        if dry_run:
            query["dryRun"] = "All"
        path = path_of(info.kind, info.namespace, info.name)
        stored = session.request("PATCH", path, query=query, body=patch, content_type=_MERGE).body
    if session.flags["output"] and session.flags["output"] != "name":
        print_objects(session, [stored], session.flags["output"])
        return
    if session.flags["output"] == "name":
        session.write(f"{full_name(info.kind, info.name)}\n")
        return
    word = _word(field, present, after, removed)
    session.write(f"{full_name(info.kind, info.name)} {word}{_SUFFIXES.get(dry_run, '')}\n")


def _word(field: str, before: dict[str, str], after: dict[str, str], removed: list[str]) -> str:
    if field == "annotations":
        return "annotated"
    if before == after:
        return "not labeled"
    return "unlabeled" if len(after) < len(before) and removed else "labeled"
