"""`kubectl taint`: keep Pods off a node unless they tolerate why.

Models staging/src/k8s.io/kubectl/pkg/cmd/taint/{taint,utils}.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.validation._names import label_key, label_value
from k8slab.kubectl.command import FailuresError, KubectlError, Verb, fail, plain_message, usage_fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import VALIDATE
from k8slab.kubectl.printing import DRY_RUN, FIELD_MANAGER, OUTPUT_FLAGS, dry_run, print_done
from k8slab.kubectl.resources import SELECTOR_FLAGS, Info, kind_named, select
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._workloads import send_patch, two_way_patch

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _run(session: Session) -> None:
    words, specs = _split(session.arguments)
    if not words:
        raise fail("one or more resources must be specified as <resource> <name>")
    if not specs:
        raise fail("at least one taint update is required")
    try:
        added, removed = _parsed(specs)
    except KubectlError as error:
        raise usage_fail("taint", plain_message(error)) from error
    try:
        kind = kind_named(words[0], session)
    except KubectlError as error:
        raise KubectlError(f'the server doesn\'t have a resource type "{words[0]}"\n') from error
    if kind.kind != "Node":
        raise fail(f"invalid resource type {words[0].lower()}, only node types are supported")
    _refuse_conflicts(added, removed)
    flags = session.flags
    if flags["all"] and flags["selector"]:
        raise fail("setting 'all' parameter with a non empty selector is prohibited")
    if not flags["all"] and not flags["selector"] and len(words) < 2:
        raise fail("at least one resource name must be specified since 'all' parameter is not set")
    chosen = ["nodes"] if flags["all"] or flags["selector"] else [f"nodes/{name}" for name in words[1:]]
    for word in chosen:
        # One by one, so that errors come in the order of the nodes.
        for info in select(session, arguments=[word]):
            with session.collecting():
                _taint(session, info, added, removed)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    words: list[str] = []
    specs: list[str] = []
    for word in arguments:
        is_taint = "=" in word or ":" in word or word.endswith("-")
        if specs and not is_taint:
            raise fail(f"all resources must be specified before taint changes: {word}")
        (specs if is_taint else words).append(word)
    return words, specs


def _parsed(specs: list[str]) -> tuple[list[Obj], list[Obj]]:
    """The taints to add and to remove. KubectlError for a malformed one."""
    added: list[Obj] = []
    removed: list[Obj] = []
    for spec in specs:
        if spec.endswith("-"):
            taint = _taint_of(spec.removesuffix("-"))
            removed.append({name: taint[name] for name in ("key", "effect") if name in taint})
            continue
        taint = _taint_of(spec)
        if "effect" not in taint:
            raise fail(f"invalid taint spec: {spec}")
        if any(_matches(one, taint) for one in added):
            shown = f"{{{taint['key']} {taint.get('value', '')} {taint['effect']} <nil>}}"
            raise fail(f"duplicated taints with the same key and effect: {shown}")
        added.append(taint)
    return added, removed


def _taint_of(text: str) -> Obj:
    """The taint of `key=value:effect`, `key:effect` or `key`."""
    head, *effects = text.split(":")
    if len(effects) > 1:
        raise fail(f"invalid taint spec: {text}")
    taint: Obj = {"key": head}
    if effects:
        if effects[0] not in _EFFECTS:
            raise fail(f"invalid taint effect: {effects[0]}, unsupported taint effect")
        key, *values = head.split("=")
        if len(values) > 1:
            raise fail(f"invalid taint spec: {text}")
        taint = {"key": key}
        if values:
            faults = label_value(values[0])
            if faults:
                raise fail(f"invalid taint spec: {text}, {'; '.join(faults)}")
            if values[0]:
                taint["value"] = values[0]
        taint["effect"] = effects[0]
    faults = label_key(taint["key"])
    if faults:
        raise fail(f"invalid taint spec: {text}, {'; '.join(faults)}")
    return taint


def _refuse_conflicts(added: list[Obj], removed: list[Obj]) -> None:
    conflicts = [
        f"{gone['key']}={gone.get('effect', '')}"
        for new in added
        for gone in removed
        if new["key"] == gone["key"] and gone.get("effect", new["effect"]) == new["effect"]
    ]
    if conflicts:
        raise fail(
            "can not both modify and remove the following taint(s) in the same command: "
            + ", ".join(conflicts)
        )


def _matches(left: Obj, right: Obj) -> bool:
    return bool(left["key"] == right["key"] and left["effect"] == right["effect"])


def _taint(session: Session, info: Info, added: list[Obj], removed: list[Obj]) -> None:
    node = info.present
    present: list[Obj] = node["spec"].get("taints") or []
    clashes = [one["key"] for one in added for old in present if _matches(old, one)]
    if clashes and not session.flags["overwrite"]:
        raise fail(
            f"node {info.name} already has {','.join(clashes)} taint(s) with same effect(s) and "
            "--overwrite is false"
        )
    word, taints = _reorganized(present, added, removed, session.flags["overwrite"])
    spec = {**node["spec"], "taints": taints}
    if not taints:
        del spec["taints"]
    after = {**node, "spec": spec}
    if dry_run(session) != "client":
        after = send_patch(session, info, two_way_patch(node, after), "kubectl-taint")
    print_done(session, after, word, ending="")


def _reorganized(
    present: list[Obj], added: list[Obj], removed: list[Obj], overwrite: bool
) -> tuple[str, list[Obj]]:
    """What is said of the change, and the taints after it: new ones first. FailuresError for unknown ones."""
    taints = [*added, *(old for old in present if not any(_matches(old, one) for one in added))]
    has_added = len(present) != len(taints)
    was_removed = False
    errors: list[Exception] = []
    for gone in removed:
        left = [
            one
            for one in taints
            if not (one["key"] == gone["key"] and gone.get("effect", one["effect"]) == one["effect"])
        ]
        was_removed = len(left) != len(taints)
        taints = left
        if not was_removed:
            shown = f"{gone['key']}:{gone['effect']}" if "effect" in gone else gone["key"]
            errors.append(fail(f'taint "{shown}" not found'))
    if errors:
        raise FailuresError(errors)
    if (has_added and was_removed) or overwrite:
        return "modified", taints
    return ("tainted" if has_added else "untainted"), taints


VERB = Verb(
    "taint",
    _run,
    (
        *SELECTOR_FLAGS,
        *OUTPUT_FLAGS,
        DRY_RUN,
        FIELD_MANAGER,
        VALIDATE,
        Flag("overwrite", type="bool"),
    ),
    summary="Update the taints on one or more nodes",
)
