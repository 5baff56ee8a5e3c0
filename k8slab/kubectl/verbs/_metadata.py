"""Labels and annotations by the command line: what `label` and `annotate` share.

Models staging/src/k8s.io/kubectl/pkg/cmd/{label/label,annotate/annotate}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.api.validation._names import label_value
from k8slab.kubectl.command import FailuresError, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import (
    DRY_RUN,
    FIELD_MANAGER,
    OUTPUT_FLAGS,
    check_output,
    dry_run,
    print_done,
    write_query,
)
from k8slab.kubectl.recording import RECORD, recorded
from k8slab.kubectl.resources import (
    ALL_NAMESPACES,
    FIELD_SELECTOR,
    FILE_FLAGS,
    SELECTOR_FLAGS,
    Info,
    in_turn,
    named,
    select,
)
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.verbs._pairs import parse_pairs, split_pairs

_MERGE = "application/merge-patch+json"
_CHANGE_CAUSE = "kubernetes.io/change-cause"
FLAGS = (
    *FILE_FLAGS,
    *SELECTOR_FLAGS,
    *OUTPUT_FLAGS,
    ALL_NAMESPACES,
    FIELD_SELECTOR,
    DRY_RUN,
    FIELD_MANAGER,
    Flag("overwrite", type="bool"),
    Flag("list", type="bool"),
    Flag("local", type="bool"),
    Flag("resource-version"),
    RECORD,
)

Pairs = tuple[dict[str, str], list[str]]


class Noun(NamedTuple):
    """What tells labels from annotations: their field and word, how pairs are read and clashes refused."""

    word: str
    field: str
    read: Callable[[Sequence[str]], Pairs]
    refuse_clashes: Callable[[dict[str, str], dict[str, str]], None]


def _read_labels(pairs: Sequence[str]) -> Pairs:
    added: dict[str, str] = {}
    removed: list[str] = []
    for pair in pairs:
        parts = pair.split("=")
        if len(parts) == 2:
            faults = label_value(parts[1])
            if faults:
                raise fail(f'invalid label value: "{pair}": {";".join(faults)}')
            added[parts[0]] = parts[1]
        elif len(parts) > 2:
            raise fail(f"invalid label spec: {pair}")
        else:
            removed.append(pair.removesuffix("-"))
    if any(name in added for name in removed):
        raise fail("can not both modify and remove a label in the same command")
    return added, removed


def _read_annotations(pairs: Sequence[str]) -> Pairs:
    added, removed = parse_pairs(pairs, "annotation", with_removal=True)
    both = [name for name in removed if name in added]
    if both:
        raise fail(
            "can not both modify and remove the following annotation(s) in the same command: "
            + ", ".join(both)
        )
    return added, removed


def _refuse_label_clashes(present: dict[str, str], added: dict[str, str]) -> None:
    clashes = [name for name, value in added.items() if present.get(name, value) != value]
    if clashes:
        raise FailuresError(
            [
                fail(f"'{name}' already has a value ({present[name]}), and --overwrite is false")
                for name in clashes
            ]
        )


def _refuse_annotation_clashes(present: dict[str, str], added: dict[str, str]) -> None:
    clashes = [
        f"'{name}' already has a value ({present[name]})"
        for name, value in added.items()
        if name != _CHANGE_CAUSE and present.get(name, value) != value
    ]
    if clashes:
        raise fail(
            f"--overwrite is false but found the following declared annotation(s): {'; '.join(clashes)}"
        )


LABELS = Noun("label", "labels", _read_labels, _refuse_label_clashes)
ANNOTATIONS = Noun("annotation", "annotations", _read_annotations, _refuse_annotation_clashes)


def change(session: Session, noun: Noun) -> None:
    """Set and remove labels or annotations."""
    if noun is ANNOTATIONS:
        check_output(session)
    words, pairs = split_pairs(session.arguments, noun.word)
    added, removed = noun.read(pairs)
    _check(session, noun, words, bool(added or removed))
    infos = select(
        session,
        arguments=words,
        all_by_default=session.flags["all"],
        latest=not session.flags["local"],
    )
    alone = _is_one(words, infos)
    if session.flags["resource-version"] and not alone and not session.failures:
        raise fail("--resource-version may only be used with a single resource")
    for info in in_turn(session, infos):
        with session.collecting():
            if session.flags["list"]:
                _list(session, noun, _labelled(session, noun, info, added, removed), alone)
            else:
                _change_one(session, noun, info, added, removed)


def _is_one(words: Sequence[str], infos: Sequence[Info]) -> bool:
    """Whether the command line can mean no more than one object: it names one, or one file."""
    if words:
        pairs = named(words)
        return len(pairs) == 1 and bool(pairs[0][1])
    sources = {info.source for info in infos}
    return len(sources) == 1 and sources != {"STDIN"}


def _labelled(session: Session, noun: Noun, info: Info, added: dict[str, str], removed: list[str]) -> Info:
    """The object with its labels as the command line would have them: so they are listed."""
    metadata = info.present["metadata"]
    present: dict[str, str] = metadata.get(noun.field) or {}
    if not session.flags["overwrite"]:
        noun.refuse_clashes(present, added)
    after = {name: value for name, value in {**present, **added}.items() if name not in removed}
    return info._replace(obj={**info.present, "metadata": {**metadata, noun.field: after}})


def _check(session: Session, noun: Noun, words: Sequence[str], has_changes: bool) -> None:
    flags = session.flags
    if flags["list"] and flags["output"]:
        raise fail("--list and --output may not be specified together")
    if flags["all"] and flags["selector"]:
        raise fail("cannot set --all and --selector at the same time")
    if flags["all"] and flags["field-selector"]:
        raise fail("cannot set --all and --field-selector at the same time")
    files = flags["filename"] or flags["kustomize"]
    example = (
        "pod.yaml or --filename=pod.json" if noun.word == "label" else "rsrc.yaml or --filename=rsrc.json"
    )
    if flags["local"]:
        if dry_run(session) == "server":
            raise fail("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
        if words:
            raise fail(f"can only use local files by -f {example} when --local=true is set")
        if not files:
            raise fail(f"one or more files must be specified as -f {example}")
    elif not words and not files:
        raise fail("one or more resources must be specified as <resource> <name> or <resource>/<name>")
    if not has_changes and not flags["list"]:
        raise fail(f"at least one {noun.word} update is required")


def _list(session: Session, noun: Noun, info: Info, alone: bool) -> None:
    present: dict[str, str] = info.present["metadata"].get(noun.field) or {}
    indent = ""
    if not alone:
        indent = " "
        session.write(f"Listing {noun.field} for {info.kind.kind}.{info.kind.group}/{info.name}:\n")
    session.write("".join(f"{indent}{name}={present[name]}\n" for name in sorted(present)))


def _change_one(session: Session, noun: Noun, info: Info, added: dict[str, str], removed: list[str]) -> None:
    obj = info.present
    present: dict[str, str] = obj["metadata"].get(noun.field) or {}
    is_sent = dry_run(session) != "client" and not session.flags["local"]
    if noun is LABELS and is_sent:
        session.write("".join(f'label "{name}" not found.\n' for name in removed if name not in present))
    if not session.flags["overwrite"]:
        noun.refuse_clashes(present, added)
    new = {name: value for name, value in added.items() if present.get(name) != value}
    gone = [name for name in removed if name in present or name in new]
    after = {name: value for name, value in {**present, **added}.items() if name not in gone}
    stored: Obj = {**obj, "metadata": {**obj["metadata"], noun.field: after}}
    if is_sent and (new or gone or noun is ANNOTATIONS):
        sent = _send(session, noun, info, {**new, **dict.fromkeys(gone)})
        # `label -o` shows the object as it was read, with the labels changed here.
        stored = stored if noun is LABELS else sent
    print_done(session, stored, _word(noun, bool(new), bool(gone)), is_typed=False)


def _send(session: Session, noun: Noun, info: Info, patch: Obj) -> Obj:
    metadata: Obj = {noun.field: patch} if patch else {}
    if session.flags["resource-version"]:
        metadata["resourceVersion"] = session.flags["resource-version"]
    if session.flags["record"]:
        cause = recorded(session, {})["metadata"]["annotations"]
        metadata["annotations"] = {**metadata.get("annotations", {}), **cause}
    body = {"metadata": metadata} if metadata else {}
    path = path_of(info.kind, info.namespace, info.name)
    query = write_query(session, f"kubectl-{session.command}")
    answer: Obj = session.request("PATCH", path, query=query, body=body, content_type=_MERGE).body
    return answer


def _word(noun: Noun, was_added: bool, was_removed: bool) -> str:
    if noun is ANNOTATIONS:
        return "annotated"
    if was_added and was_removed:
        return "modified"
    return "labeled" if was_added else "unlabeled" if was_removed else "not labeled"
