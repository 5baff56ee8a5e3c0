"""From client-side to server-side apply: what `kubectl apply --server-side` does after it has applied.

The fields that client-side applies own go over to the server-side manager, so that they don't
conflict with it for ever, and the annotation that notes the manifest gets an owner.

Models staging/src/k8s.io/client-go/util/csaupgrade/upgrade.go and kubectl/pkg/cmd/apply/apply.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.kubectl.last_applied import LAST_APPLIED, last_applied
from k8slab.kubectl.resources import Info
from k8slab.kubectl.session import Session, path_of

SERVER_SIDE_MANAGER = "kubectl"
_NOTE_MANAGER = "kubectl-last-applied"
_APPLY = "application/apply-patch+yaml"
_JSON_PATCH = "application/json-patch+json"
_ATTEMPTS = 5


def migrate(session: Session, info: Info, stored: Obj, query: dict[str, str]) -> Obj:
    """Hand over what client-side applies own, and apply again if anything was. What is stored then."""
    manager = query["fieldManager"]
    if manager == SERVER_SIDE_MANAGER:
        stored = _note_owned(session, info, stored, query)
    path = path_of(info.kind, info.namespace, info.name, session.flags["subresource"])
    dry = {name: value for name, value in query.items() if name != "force"}
    names = _client_side_managers(stored)
    for attempt in range(_ATTEMPTS):
        before = stored["metadata"].get("managedFields")
        after = upgraded(before, names, manager)
        if after == before:
            return stored
        version = stored["metadata"]["resourceVersion"]
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": after},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
        ]
        try:
            session.request("PATCH", path, query=dry, body=patch, content_type=_JSON_PATCH)
            break
        except ApiError as error:
            if error.code != 409 or attempt == _ATTEMPTS - 1:
                raise
            stored = session.get(info.kind, info.namespace, info.name)
    answer: Obj = session.request("PATCH", path, query=query, body=info.obj, content_type=_APPLY).body
    return answer


def _note_owned(session: Session, info: Info, stored: Obj, query: dict[str, str]) -> Obj:
    """Let a manager of its own apply the annotation that notes the manifest, where there is one."""
    text = last_applied(stored)
    if text is None or _owners(stored, "Apply"):
        return stored
    metadata = {
        name: stored["metadata"][name] for name in ("name", "namespace") if name in stored["metadata"]
    }
    body = {
        "apiVersion": info.kind.api_version,
        "kind": info.kind.kind,
        "metadata": {**metadata, "annotations": {LAST_APPLIED: text}},
    }
    asked = {**query, "fieldManager": _NOTE_MANAGER}
    asked.pop("force", None)
    path = path_of(info.kind, info.namespace, info.name, session.flags["subresource"])
    answer: Obj = session.request("PATCH", path, query=asked, body=body, content_type=_APPLY).body
    return answer


def _owners(obj: Obj, operation: str) -> list[Obj]:
    """The entries of that operation that own the annotation."""
    return [
        entry
        for entry in obj["metadata"].get("managedFields") or ()
        if entry["operation"] == operation and f"f:{LAST_APPLIED}" in _annotations_owned(entry)
    ]


def _annotations_owned(entry: Obj) -> Obj:
    fields: Obj = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:annotations") or {}
    return fields


def _client_side_managers(obj: Obj) -> list[str]:
    return sorted({entry["manager"]: True for entry in _owners(obj, "Update")})


def upgraded(managed: list[Obj] | None, client_side: list[str], server_side: str) -> list[Obj] | None:
    """Managed fields in which the server-side manager owns what the client-side ones did."""
    for name in client_side:
        managed = _upgraded_one(managed, name, server_side)
    return managed


def _upgraded_one(managed: list[Obj] | None, client_side: str, server_side: str) -> list[Obj] | None:
    entries = list(managed or ())
    from_client = [at for at, entry in enumerate(entries) if _is(entry, client_side, "Update")]
    if not from_client:
        return managed
    of_server = next((at for at, entry in enumerate(entries) if _is(entry, server_side, "Apply")), None)
    at = from_client[0] if of_server is None else of_server
    target = {**entries[at], "manager": server_side, "operation": "Apply"}
    same_version = [
        entries[number] for number in from_client if entries[number].get("apiVersion") == target["apiVersion"]
    ]
    if same_version:
        target["fieldsV1"] = _union(target["fieldsV1"], same_version[0]["fieldsV1"])
    entries[at] = target
    return [entry for number, entry in enumerate(entries) if number == at or number not in from_client]


def _is(entry: Obj, manager: str, operation: str) -> bool:
    return entry["manager"] == manager and entry["operation"] == operation and not entry.get("subresource")


def _union(left: Any, right: Any) -> Any:
    """The fields of both sets, each written as nested keys."""
    names = dict.fromkeys((*left, *right))
    return {name: _union(left.get(name, {}), right.get(name, {})) for name in sorted(names)}
