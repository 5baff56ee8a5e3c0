"""`kubectl taint`: keep Pods off a node unless they tolerate why.

Models staging/src/k8s.io/kubectl/pkg/cmd/taint/{taint,utils}.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, Verb
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import Info, kind_named, named, select
from k8slab.kubectl.session import Session, path_of

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_STRATEGIC = "application/strategic-merge-patch+json"


def _run(session: Session) -> None:
    words, specs = _split(session.arguments)
    if not words:
        raise KubectlError(
            "error: one or more resources must be specified as <resource> <name> or <resource>/<name>\n"
        )
    if not specs:
        raise KubectlError("error: at least one taint update is required\n")
    pairs = named(words)
    if any(kind_named(resource).kind != "Node" for resource, _ in pairs):
        raise KubectlError("error: invalid resource type " + words[0] + ", only node is supported\n")
    added, removed = _parsed(specs)
    for info in select(session, arguments=words):
        _taint(session, info, added, removed)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    for number, word in enumerate(arguments):
        if number and (":" in word or "=" in word or word.endswith("-")):
            return arguments[:number], arguments[number:]
    return arguments, []


def _parsed(specs: list[str]) -> tuple[list[Obj], list[Obj]]:
    """The taints to add and to remove. KubectlError for a malformed one."""
    added: list[Obj] = []
    removed: list[Obj] = []
    for spec in specs:
        text = spec.removesuffix("-")
        head, _, effect = text.partition(":")
        key, equals, value = head.partition("=")
        if effect and effect not in _EFFECTS:
            raise KubectlError(f"error: invalid taint effect: {effect}, unsupported taint effect\n")
        taint: Obj = {"key": key}
        if spec.endswith("-"):
            if effect:
                taint["effect"] = effect
            removed.append(taint)
            continue
        if not effect:
            raise KubectlError(f"error: unknown taint spec: {spec}\n")
        if equals and value:
            taint["value"] = value
        added.append({**taint, "effect": effect})
    return added, removed


def _same(left: Obj, right: Obj) -> bool:
    return left["key"] == right["key"] and right.get("effect") in (None, left["effect"])


def _taint(session: Session, info: Info, added: list[Obj], removed: list[Obj]) -> None:
    assert info.obj is not None, "the node was read"
    present: list[Obj] = info.obj["spec"].get("taints") or []
    clashes = [one for one in added if any(_same(old, one) for old in present)]
    if clashes and not session.flags["overwrite"]:
        listed = ",".join(f"{one['key']}={one.get('value', '')}:{one['effect']}" for one in clashes)
        shown = listed.replace("=:", ":")
        raise KubectlError(
            f"error: node {info.name} already has {shown} taint(s) with same effect(s) and "
            "--overwrite is false\n"
        )
    for one in removed:
        if not any(_same(old, one) for old in present):
            effect = f":{one['effect']}" if "effect" in one else ""
            session.warn(f'error: taint "{one["key"]}{effect}" not found\n')
            session.code = 1
            return
    kept = [old for old in present if not any(_same(old, one) for one in (*added, *removed))]
    taints = [*added, *kept]
    if session.flags["dry-run"] != "client":
        query = {"fieldManager": "kubectl-taint"}
        if session.flags["dry-run"] == "server":
            query["dryRun"] = "All"
        body: Obj = {"spec": {"taints": [{"$patch": "replace"}, *taints] if taints else None}}
        path = path_of(info.kind, "", info.name)
        session.request("PATCH", path, query=query, body=body, content_type=_STRATEGIC)
    word = "tainted" if added and not removed else "untainted" if removed and not added else "modified"
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(session.flags["dry-run"], "")
    session.write(f"node/{info.name} {word}{suffix}\n")


VERB = Verb(
    "taint",
    _run,
    (
        Flag("selector", "l"),
        Flag("all", type="bool"),
        Flag("overwrite", type="bool"),
        Flag("dry-run", default="", bare="client"),
        Flag("output", "o"),
    ),
    summary="Update the taints on one or more nodes.",
)
