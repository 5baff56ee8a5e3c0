"""`kubectl apply`: make the cluster's objects what the manifests say, keeping what others set.

Models staging/src/k8s.io/kubectl/pkg/cmd/apply/{apply,patcher}.go, v1.36.
"""

from __future__ import annotations

import json

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, Verb, server_text
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import FILE_FLAGS, Info, from_files, full_name, select
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.three_way import three_way_patch

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_STRATEGIC = "application/strategic-merge-patch+json"
_APPLY = "application/apply-patch+yaml"
_SUFFIXES = {"client": " (dry run)", "server": " (server dry run)"}


def _run(session: Session) -> None:
    if session.arguments:
        raise KubectlError(
            f"error: unexpected arguments: [{' '.join(session.arguments)}]\n"
            "See 'kubectl apply -h' for help and examples\n"
        )
    if not session.flags["filename"] and not session.flags["kustomize"]:
        raise KubectlError("error: must specify one of -f and -k\n")
    if session.flags["kustomize"]:
        raise KubectlError(
            "error: kustomizations are not read here: write the manifests out and apply them with -f\n"
        )
    infos = from_files(session)
    if not infos:
        raise KubectlError("error: no objects passed to apply\n")
    applied: list[Obj] = []
    for info in infos:
        if not info.name:
            name = (info.obj or {}).get("metadata", {}).get("generateName")
            text = f"error: from {name}-: cannot use generate name with apply\n" if name else ""
            raise KubectlError(text or "error: resource name may not be empty\n")
        try:
            stored, word = _apply_one(session, info)
        except ApiError as error:
            session.warn(_error_text(info, error))
            session.code = 1
            continue
        applied.append(stored)
        if not session.flags["output"] or session.flags["output"] == "name":
            _print(session, info, word)
    _print_objects(session, applied)


def _error_text(info: Info, error: ApiError) -> str:
    """The refusal with kubectl's words about where it happened."""
    if error.reason in ("Invalid",):
        return server_text(error)
    if error.reason == "BadRequest" and "strict decoding error" in error.message:
        return f'Error from server (BadRequest): error when creating "{info.source}": {error.message}\n'
    return server_text(error, f'error when creating "{info.source}": ')


def _apply_one(session: Session, info: Info) -> tuple[Obj, str]:
    assert info.obj is not None, "a file's object has a manifest"
    if session.flags["server-side"]:
        return _server_side(session, info), "serverside-applied"
    modified = _annotated(info.obj)
    try:
        live = session.get(info.kind, info.namespace, info.name)
    except ApiError as error:
        if error.code != 404:
            raise
        return _create(session, info, modified), "created"
    return _patch(session, info, modified, live)


def _annotated(manifest: Obj) -> Obj:
    """The manifest with itself noted in its annotations, as the next apply will want it."""
    metadata = dict(manifest["metadata"])
    annotations = {
        name: value for name, value in (metadata.get("annotations") or {}).items() if name != LAST_APPLIED
    }
    bare = {**manifest, "metadata": {**metadata, "annotations": annotations}}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    for plain, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(plain, escaped)
    metadata["annotations"] = {**annotations, LAST_APPLIED: text}
    return {**manifest, "metadata": metadata}


def _query(session: Session) -> dict[str, str]:
    query = {
        "fieldManager": session.flags["field-manager"] or "kubectl-client-side-apply",
        "fieldValidation": _validation(session),
    }
    if session.flags["dry-run"] == "server":
        query["dryRun"] = "All"
    return query


def _validation(session: Session) -> str:
    table = {"true": "Strict", "strict": "Strict", "warn": "Warn", "false": "Ignore", "ignore": "Ignore"}
    value = str(session.flags["validate"]).lower()
    if value not in table:
        raise KubectlError(f'error: invalid - validate option "{session.flags["validate"]}"\n')
    return table[value]


def _create(session: Session, info: Info, modified: Obj) -> Obj:
    if session.flags["dry-run"] == "client":
        return modified
    path = path_of(info.kind, info.namespace)
    stored: Obj = session.request("POST", path, query=_query(session), body=modified).body
    return stored


def _patch(session: Session, info: Info, modified: Obj, live: Obj) -> tuple[Obj, str]:
    noted = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    if noted is None:
        session.warn(
            f"Warning: resource {info.kind.plural}/{info.name} is missing the {LAST_APPLIED} annotation "
            "which is required by kubectl apply. kubectl apply should only be used on resources created "
            "declaratively by either kubectl create --save-config or kubectl apply. The missing annotation "
            "will be patched automatically.\n"
        )
    original: Obj = json.loads(noted) if noted else {}
    patch = three_way_patch(original, modified, live)
    if not patch:
        return live, "unchanged"
    if session.flags["dry-run"] == "client":
        return live, "configured"
    path = path_of(info.kind, info.namespace, info.name)
    try:
        stored = session.request(
            "PATCH", path, query=_query(session), body=patch, content_type=_STRATEGIC
        ).body
    except ApiError as error:
        if session.flags["force"] and error.code in (409, 422):
            return _replace(session, info, modified), "configured"
        if error.reason == "Invalid":
            raise
        text = json.dumps(patch, sort_keys=True, separators=(",", ":"))
        raise ApiError(
            error.code,
            error.reason,
            f'error when applying patch:\n{text}\nto:\n{_describe_target(info)}\nfor: "{info.source}": '
            f'error when patching "{info.source}": {error.message}',
            error.causes,
            error.details,
        ) from error
    changed = stored["metadata"]["resourceVersion"] != live["metadata"]["resourceVersion"]
    return stored, "configured" if changed else "unchanged"


def _describe_target(info: Info) -> str:
    return (
        f'Resource: "{info.kind.api_version}, Resource={info.kind.plural}", '
        f'GroupVersionKind: "{info.kind.api_version}, Kind={info.kind.kind}"\n'
        f'Name: "{info.name}", Namespace: "{info.namespace}"'
    )


def _replace(session: Session, info: Info, modified: Obj) -> Obj:
    """`--force`: delete and create anew what can't be patched."""
    path = path_of(info.kind, info.namespace, info.name)
    session.request("DELETE", path, body={"propagationPolicy": "Background", "gracePeriodSeconds": 0})
    return _create(session, info, modified)


def _server_side(session: Session, info: Info) -> Obj:
    query = _query(session)
    query["fieldManager"] = session.flags["field-manager"] or "kubectl"
    if session.flags["force-conflicts"]:
        query["force"] = "true"
    path = path_of(info.kind, info.namespace, info.name)
    stored: Obj = session.request("PATCH", path, query=query, body=info.obj, content_type=_APPLY).body
    return stored


def _print(session: Session, info: Info, word: str) -> None:
    suffix = _SUFFIXES.get(session.flags["dry-run"], "")
    if session.flags["output"] == "name":
        session.write(f"{full_name(info.kind, info.name)}\n")
    else:
        session.write(f"{full_name(info.kind, info.name)} {word}{suffix}\n")


def _print_objects(session: Session, objects: list[Obj]) -> None:
    output = session.flags["output"]
    if output and output != "name" and objects:
        from k8slab.kubectl.printing import print_objects

        print_objects(session, objects, output)


def _view_last(session: Session) -> None:
    """`kubectl apply view-last-applied`: the manifest that was last applied."""
    from k8slab.kubectl.printing import print_objects

    for info in select(session):
        obj = info.obj or {}
        noted = (obj["metadata"].get("annotations") or {}).get(LAST_APPLIED)
        if noted is None:
            raise KubectlError(
                f"error: no last-applied-configuration annotation found on resource: {info.name}\n"
            )
        print_objects(session, [json.loads(noted)], session.flags["output"] or "yaml")


VERB = Verb(
    "apply",
    _run,
    (
        *FILE_FLAGS,
        Flag("selector", "l"),
        Flag("output", "o"),
        Flag("dry-run", default="", bare="client"),
        Flag("server-side", type="bool"),
        Flag("force-conflicts", type="bool"),
        Flag("field-manager"),
        Flag("force", type="bool"),
        Flag("validate", default="strict", bare="strict"),
        Flag("overwrite", type="bool", default=True),
        Flag("wait", type="bool"),
        Flag("timeout", type="duration"),
        Flag("grace-period", type="int", default=-1),
        Flag("show-managed-fields", type="bool"),
    ),
    subcommands=(
        Verb(
            "view-last-applied",
            _view_last,
            (*FILE_FLAGS, Flag("selector", "l"), Flag("all", type="bool"), Flag("output", "o")),
            summary="View the latest last-applied-configuration annotations.",
        ),
    ),
    summary="Apply a configuration to a resource by file name or stdin.",
)
