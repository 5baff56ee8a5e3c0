"""`kubectl diff`: how applying manifests would change what is there. It exits with 1 where anything would.

Models staging/src/k8s.io/kubectl/pkg/cmd/diff/diff.go, v1.36.
"""

from __future__ import annotations

import difflib
import json

from k8slab.api import yaml
from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj, dissoc
from k8slab.api.schema import type_of_kind
from k8slab.kubectl.command import Verb, fail, usage_fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import last_applied, unnoted
from k8slab.kubectl.printing import FIELD_MANAGER
from k8slab.kubectl.resources import FILE_FLAGS, SELECTOR, Info, from_files
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.three_way import three_way_patch
from k8slab.kubectl.verbs._pruning import allowed_kinds, surplus

_STRATEGIC = "application/strategic-merge-patch+json"
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"


def _run(session: Session) -> None:
    flags = session.flags
    if session.arguments:
        raise usage_fail("diff", f"Unexpected args: [{' '.join(session.arguments)}]")
    if not flags["filename"] and not flags["kustomize"]:
        raise fail("must specify one of -f and -k")
    if flags["force-conflicts"] and not flags["server-side"]:
        raise fail("--force-conflicts only works with --server-side")
    allowed = allowed_kinds(session) if flags["prune"] else []
    texts: dict[str, str] = {}
    visited: dict[str, bool] = {}
    namespaces: dict[str, bool] = {}
    infos = from_files(session)
    session.stop_if_failed()
    for info in infos:
        live, merged = _live(session, info), _merged(session, info)
        if live is not None:
            visited[live["metadata"]["uid"]] = True
        if info.kind.namespaced:
            namespaces[info.namespace] = True
        name = _file_name(info.kind, info.namespace, info.name)
        texts[name] = _difference(session, name, live, merged)
    if flags["prune"]:
        for kind, obj in surplus(session, allowed, list(namespaces), visited):
            name = _file_name(kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            texts[name] = _difference(session, name, obj, None)
    for name in sorted(texts):
        session.write(texts[name])
    session.code = 1 if any(texts.values()) else 0


def _file_name(kind: Kind, namespace: str, name: str) -> str:
    group = f"{kind.group}." if kind.group else ""
    return f"{group}{kind.version}.{kind.kind}.{namespace}.{name}"


def _difference(session: Session, name: str, live: Obj | None, merged: Obj | None) -> str:
    """The difference of one object as `diff -u -N` shows it; empty where there is none."""
    if not session.flags["show-secrets"]:
        live, merged = _masked(live, merged)
    before, after = _lines(session, live), _lines(session, merged)
    changes = list(difflib.unified_diff(before, after, f"LIVE/{name}", f"MERGED/{name}"))
    if not changes:
        return ""
    return f"diff -u -N LIVE/{name} MERGED/{name}\n{''.join(changes)}"


def _lines(session: Session, obj: Obj | None) -> list[str]:
    if obj is None:
        return []
    shown = obj if session.flags["show-managed-fields"] else dissoc(obj, "metadata", "managedFields")
    return yaml.dump(shown).splitlines(keepends=True)


def _masked(live: Obj | None, merged: Obj | None) -> tuple[Obj | None, Obj | None]:
    """Both objects with the values of a Secret hidden, and marked where they change."""
    if merged is None or (merged["apiVersion"], merged["kind"]) != ("v1", "Secret"):
        return live, merged
    old, new = (live or {}).get("data") or {}, merged.get("data") or {}
    before, after = dict.fromkeys(old, "***"), dict.fromkeys(new, "***")
    for name in old:
        if name in new and old[name] != new[name]:
            before[name], after[name] = "*** (before)", "*** (after)"
    hidden = {**live, "data": before} if live is not None and "data" in live else live
    return hidden, {**merged, "data": after} if "data" in merged else merged


def _live(session: Session, info: Info) -> Obj | None:
    try:
        return session.get(info.kind, info.namespace, info.name)
    except ApiError as error:
        if error.code == 404:
            return None
        raise


def _merged(session: Session, info: Info) -> Obj:
    """What the server would make of the manifest, asked with a dry run."""
    path = path_of(info.kind, info.namespace, info.name)
    standing = "kubectl" if session.flags["server-side"] else "kubectl-client-side-apply"
    manager = session.flags["field-manager"] or standing
    query = {"dryRun": "All", "fieldManager": manager}
    if session.flags["server-side"]:
        query["force"] = "true" if session.flags["force-conflicts"] else "false"
        answer: Obj = session.request("PATCH", path, query=query, body=info.obj, content_type=_APPLY).body
        return answer
    live = _live(session, info)
    if live is None:
        where = path_of(info.kind, info.namespace)
        created: Obj = session.request("POST", where, query=query, body=info.obj).body
        return created
    patch = three_way_patch(json.loads(last_applied(live) or "{}"), unnoted(info.present), live)
    if not patch:
        return live
    content_type = _STRATEGIC if type_of_kind(live["apiVersion"], live["kind"]) else _MERGE
    patched: Obj = session.request("PATCH", path, query=query, body=patch, content_type=content_type).body
    return patched


VERB = Verb(
    "diff",
    _run,
    (
        *FILE_FLAGS,
        SELECTOR,
        FIELD_MANAGER,
        Flag("server-side", type="bool"),
        Flag("force-conflicts", type="bool"),
        Flag("show-managed-fields", type="bool"),
        Flag("show-secrets", type="bool"),
        Flag("concurrency", type="int", default=1, idle="objects are compared one after the other"),
        Flag("prune", type="bool"),
        Flag("prune-allowlist", type="array"),
    ),
    failed_code=2,
    summary="Diff the live version against a would-be applied version",
)
