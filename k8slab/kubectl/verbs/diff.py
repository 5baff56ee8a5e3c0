"""`kubectl diff`: how applying manifests would change what is there. It exits with 1 where anything would.

Models staging/src/k8s.io/kubectl/pkg/cmd/diff/diff.go, v1.36.
"""

from __future__ import annotations

import difflib
import json

from k8slab.api import yaml
from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj, dissoc
from k8slab.kubectl.command import Verb, fail, usage_fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import last_applied, noted
from k8slab.kubectl.printing import FIELD_MANAGER
from k8slab.kubectl.resources import FILE_FLAGS, SELECTOR, Info, from_files
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.three_way import three_way_patch

_STRATEGIC = "application/strategic-merge-patch+json"
_APPLY = "application/apply-patch+yaml"


def _run(session: Session) -> None:
    if session.arguments:
        raise usage_fail("diff", f"Unexpected args: [{' '.join(session.arguments)}]")
    if not session.flags["filename"] and not session.flags["kustomize"]:
        raise fail("must specify one of -f and -k")
    for info in from_files(session):
        with session.collecting():
            text = _difference(session, info)
            if text:
                session.write(text)
                session.code = 1
    if session.failures:
        session.code = 2


def _difference(session: Session, info: Info) -> str:
    """The difference of one object as `diff -u -N` shows it; empty where there is none."""
    live, merged = _live(session, info), _merged(session, info)
    group, _, version = info.present["apiVersion"].rpartition("/")
    name = ".".join(part for part in (group, version, info.kind.kind, info.namespace, info.name) if part)
    before = _lines(session, live) if live is not None else []
    after = _lines(session, merged)
    changes = list(difflib.unified_diff(before, after, f"LIVE/{name}", f"MERGED/{name}"))
    if not changes:
        return ""
    return f"diff -u -N LIVE/{name} MERGED/{name}\n{''.join(changes)}"


def _lines(session: Session, obj: Obj) -> list[str]:
    shown = obj if session.flags["show-managed-fields"] else dissoc(obj, "metadata", "managedFields")
    if obj["kind"] == "Secret" and "data" in obj:
        shown = {**shown, "data": dict.fromkeys(obj["data"], "***")}
    return yaml.dump(shown).splitlines(keepends=True)


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
    manager = session.flags["field-manager"] or "kubectl-client-side-apply"
    query = {"dryRun": "All", "fieldManager": manager}
    if session.flags["server-side"]:
        query["force"] = "true" if session.flags["force-conflicts"] else "false"
        answer: Obj = session.request("PATCH", path, query=query, body=info.obj, content_type=_APPLY).body
        return answer
    modified = noted(info.present)
    live = _live(session, info)
    if live is None:
        where = path_of(info.kind, info.namespace)
        created: Obj = session.request("POST", where, query=query, body=modified).body
        return created
    patch = three_way_patch(json.loads(last_applied(live) or "{}"), modified, live)
    if not patch:
        return live
    patched: Obj = session.request("PATCH", path, query=query, body=patch, content_type=_STRATEGIC).body
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
        Flag("concurrency", type="int", default=1),
        Flag("prune", type="bool"),
    ),
    summary="Diff the live version against a would-be applied version",
)
