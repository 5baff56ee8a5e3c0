"""`kubectl apply`: make the cluster's objects what the manifests say, keeping what others set.

Models staging/src/k8s.io/kubectl/pkg/cmd/apply/{apply,patcher,apply_view_last_applied,
apply_set_last_applied}.go, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from k8slab.api import yaml
from k8slab.api.errors import ApiError
from k8slab.api.go_text import marshal, marshal_indent
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj, group_version
from k8slab.api.patch import merge_patch
from k8slab.api.schema import type_of_kind
from k8slab.api.strategic import strategic_merge_patch
from k8slab.kubectl.apply_migration import migrate
from k8slab.kubectl.command import KubectlError, Verb, fail, usage_fail, with_source
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import LAST_APPLIED, VALIDATE, field_validation, last_applied, noted
from k8slab.kubectl.printing import (
    DRY_RUN,
    FIELD_MANAGER,
    OUTPUT_FLAGS,
    check_output,
    dry_run,
    is_named_only,
    print_done,
    print_objects,
    write_query,
)
from k8slab.kubectl.recording import RECORD, recorded
from k8slab.kubectl.resources import (
    FILE_FLAGS,
    FILENAME,
    NOTHING_NAMED,
    SELECTOR,
    Info,
    from_files,
    select,
    streamed,
)
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.three_way import changes_since, in_conflict, three_way_patch
from k8slab.kubectl.verbs._deleting import CASCADE, deletion_options, is_gone
from k8slab.kubectl.verbs._editing import LINE_ENDINGS, edit_annotations
from k8slab.kubectl.verbs._pruning import allowed_kinds, surplus

_STRATEGIC = "application/strategic-merge-patch+json"
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"
_ATTEMPTS = 6
_NOT_BUILT_IN = ("apiextensions.k8s.io", "apiregistration.k8s.io")
_CONFLICT_HELP = """
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts"""


def _run(session: Session) -> None:
    flags = session.flags
    if session.arguments:
        raise usage_fail("apply", f"Unexpected args: [{' '.join(session.arguments)}]")
    if not flags["filename"] and not flags["kustomize"]:
        raise fail("must specify one of -f and -k")
    _check(session)
    deletion_options(session, flags["grace-period"])
    allowed = allowed_kinds(session) if flags["prune"] else []
    _check_pruning(session)
    infos = from_files(session, validated=True)
    if not infos:
        session.stop_if_failed()
        raise fail("no objects passed to apply")
    applied: list[Obj] = []
    for info in infos:
        with session.collecting():
            stored, word = _apply_one(session, info)
            applied.append(stored)
            if is_named_only(session):
                print_done(session, stored, word, is_typed=False)
    if session.failures:
        return
    if applied and not is_named_only(session):
        print_objects(session, applied, flags["output"])
    if flags["prune"]:
        _prune(session, allowed, infos, applied)


def _prune(session: Session, allowed: Sequence[Kind], infos: Sequence[Info], applied: Sequence[Obj]) -> None:
    """Delete what was applied once and isn't among these."""
    asked = [session.asked_namespace] if session.asked_namespace else []
    namespaces = dict.fromkeys([*asked, *(info.namespace for info in infos if info.kind.namespaced)])
    visited = {obj["metadata"]["uid"]: True for obj in applied if "uid" in obj["metadata"]}
    for kind, obj in surplus(session, allowed, list(namespaces), visited):
        metadata = obj["metadata"]
        if dry_run(session) != "client":
            options = deletion_options(session, session.flags["grace-period"])
            path = path_of(kind, metadata.get("namespace", ""), metadata["name"])
            session.request("DELETE", path, body=options)
        session.printed = 0  # each object has a printer of its own
        print_done(session, obj, "pruned", is_typed=False)


def _check(session: Session) -> None:
    flags = session.flags
    field_validation(session)
    if flags["force-conflicts"] and not flags["server-side"]:
        raise fail("--force-conflicts only works with --server-side")
    if flags["server-side"] and dry_run(session) == "client":
        raise fail(
            "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)"
        )
    if flags["server-side"] and flags["force"]:
        raise fail("--force cannot be used with --server-side")
    if dry_run(session) == "server" and flags["force"]:
        raise fail("--dry-run=server cannot be used with --force")
    if flags["all"] and flags["selector"]:
        raise fail("cannot set --all and --selector at the same time")


def _check_pruning(session: Session) -> None:
    flags = session.flags
    if flags["prune"]:
        if flags["force"]:
            raise fail("--force cannot be used with --prune")
        if not flags["all"] and not flags["selector"]:
            raise fail(
                "all resources selected for prune without explicitly passing --all. To prune all resources, "
                "pass the --all flag. If you did not mean to prune all resources, specify a label selector"
            )
        if flags["server-side"]:
            raise fail(
                "--prune is in alpha and doesn't currently work on objects created by server-side apply"
            )
    if flags["subresource"] and not flags["server-side"]:
        raise fail("--subresource can only be specified for --server-side")


def _apply_one(session: Session, info: Info) -> tuple[Obj, str]:
    """Apply one object: what it is then, and what was done."""
    if not info.name:
        generated = info.present["metadata"].get("generateName")
        if generated:
            raise fail(f"from {generated}: cannot use generate name with apply")
        raise fail("resource name may not be empty")
    if session.flags["server-side"]:
        return _server_side(session, info), "serverside-applied"
    info = info._replace(obj=recorded(session, info.present))
    modified = noted(info.present)
    try:
        live = session.get(info.kind, info.namespace, info.name)
    except ApiError as error:
        if error.code != 404:
            raise with_source(
                f"retrieving current configuration of:\n{_description(info)}\nfrom server for:",
                info.source,
                error,
            ) from error
        return _create(session, info, modified), "created"
    return _patch(session, info, modified, live)


def _query(session: Session) -> dict[str, str]:
    manager = "kubectl" if session.flags["server-side"] else "kubectl-client-side-apply"
    return {**write_query(session, manager), "fieldValidation": field_validation(session)}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _create(session: Session, info: Info, modified: Obj) -> Obj:
    body = _without_nulls(modified)
    if dry_run(session) == "client":
        created: Obj = body
        return created
    path = path_of(info.kind, info.namespace)
    try:
        stored: Obj = session.request("POST", path, query=_query(session), body=body).body
    except ApiError as error:
        raise with_source("creating", info.source, error) from error
    return stored


def _patch(session: Session, info: Info, modified: Obj, live: Obj) -> tuple[Obj, str]:
    text = last_applied(live)
    if text is None:
        session.warn(
            f"Warning: resource {info.kind.plural}/{info.name} is missing the {LAST_APPLIED} annotation "
            "which is required by kubectl apply. kubectl apply should only be used on resources created "
            "declaratively by either kubectl create --save-config or kubectl apply. The missing annotation "
            "will be patched automatically.\n"
        )
    patch: Obj = {}
    for attempt in range(_ATTEMPTS):
        patch, content_type = _computed_patch(session, info, modified, live)
        if not patch:
            return _warned_if_deleting(session, live), "unchanged"
        if dry_run(session) == "client":
            return _patched_here(live, patch, content_type), "configured"
        try:
            stored = _send_patch(session, info, patch, content_type)
        except ApiError as error:
            if error.code == 409 and attempt < _ATTEMPTS - 1:
                live = session.get(info.kind, info.namespace, info.name)
                continue
            if session.flags["force"] and error.code in (409, 422):
                return _recreated(session, info, modified), "configured"
            raise _patch_error(info, patch, error) from error
        return _warned_if_deleting(session, stored), "configured"
    return live, "unchanged"


def _computed_patch(session: Session, info: Info, modified: Obj, live: Obj) -> tuple[Obj, str]:
    """The patch to send, and of which type it is.

    `--overwrite=false` refuses one that sets what others have changed since. kubectl computes it by one
    schema after the other: by OpenAPI v3, by OpenAPI v2, by the types that it was built with. It warns of
    those that fail; of a type that it wasn't built with it sends a JSON merge patch, which is never refused.
    """
    original = json.loads(last_applied(live) or "{}")
    by_openapi = session.flags["openapi-patch"] and bool(type_of_kind(live["apiVersion"], live["kind"]))
    built_in = _is_built_in(live)
    if not by_openapi and not built_in:
        return three_way_patch(original, modified, live, typed=False), _MERGE
    patch = three_way_patch(original, modified, live)
    if session.flags["overwrite"]:
        return patch, _STRATEGIC
    changes = changes_since(original, live)
    if not in_conflict(patch, changes, live):
        return patch, _STRATEGIC
    text = (
        f"patch:\n{yaml.dump(patch)}\nconflicts with changes made from original to current:\n"
        f"{yaml.dump(changes)}\n"
    )
    if by_openapi:
        session.warn(f"warning: error calculating patch from openapi v3 spec: {text}\n")
        session.warn(f"warning: error calculating patch from openapi spec: {text}\n")
    if not built_in:
        return three_way_patch(original, modified, live, typed=False), _MERGE
    raise _creating_error(session, info, modified, live, text)


def _creating_error(session: Session, info: Info, modified: Obj, live: Obj, text: str) -> KubectlError:
    """What is told of a patch that can't be computed."""
    inner = (
        f"creating patch with:\noriginal:\n{last_applied(live) or ''}\nmodified:\n{marshal(modified)}\n"
        f"\ncurrent:\n{marshal(live)}\n\nfor: {text}"
    )
    if dry_run(session) != "client":
        inner = f'error when patching "{info.source}": {inner}'
    where = f"error when applying patch:\n\nto:\n{_description(info)}"
    return KubectlError(f'error: {where}\nfor: "{info.source}": {inner}\n')


def _is_built_in(obj: Obj) -> bool:
    """Whether kubectl was built with the type."""
    group = group_version(obj["apiVersion"])[0]
    return group not in _NOT_BUILT_IN and bool(type_of_kind(obj["apiVersion"], obj["kind"]))


def _patched_here(live: Obj, patch: Obj, content_type: str) -> Obj:
    if content_type == _MERGE:
        merged: Obj = merge_patch(live, patch)
        return merged
    return strategic_merge_patch(type_of_kind(live["apiVersion"], live["kind"]), live, patch)


def _send_patch(session: Session, info: Info, patch: Obj, content_type: str) -> Obj:
    path = path_of(info.kind, info.namespace, info.name)
    answer: Obj = session.request(
        "PATCH", path, query=_query(session), body=patch, content_type=content_type
    ).body
    return answer


def _patch_error(info: Info, patch: Obj, error: ApiError) -> ApiError:
    inner = with_source("patching", info.source, error)
    where = f"applying patch:\n{marshal(patch)}\nto:\n{_description(info)}\nfor:"
    return with_source(where, info.source, inner)


def _description(info: Info) -> str:
    version = info.present["apiVersion"]
    group_version = version if "/" in version else f"/{version}"
    return (
        f'Resource: "{group_version}, Resource={info.kind.plural}", '
        f'GroupVersionKind: "{group_version}, Kind={info.kind.kind}"\n'
        f'Name: "{info.name}", Namespace: "{info.namespace}"'
    )


def _warned_if_deleting(session: Session, obj: Obj) -> Obj:
    if obj["metadata"].get("deletionTimestamp"):
        session.warn(
            f"Warning: Detected changes to resource {obj['metadata']['name']} which is "
            "currently being deleted.\n"
        )
    return obj


def _recreated(session: Session, info: Info, modified: Obj) -> Obj:
    """`--force`: delete and create anew what can't be patched.

    Without `--timeout` an object that isn't gone at once is not waited for.
    """
    path = path_of(info.kind, info.namespace, info.name)
    session.request("DELETE", path, body=deletion_options(session, session.flags["grace-period"]))
    if not session.client.run_until(lambda: is_gone(session, info), session.flags["timeout"]):
        where = f"applying patch:\n{marshal(modified)}\n\nto:\n{_description(info)}\nfor:"
        raise fail(f'error when {where} "{info.source}": context deadline exceeded')
    return _create(session, info, modified)


def _server_side(session: Session, info: Info) -> Obj:
    query = _query(session)
    query["force"] = "true" if session.flags["force-conflicts"] else "false"
    path = path_of(info.kind, info.namespace, info.name, session.flags["subresource"])
    try:
        stored: Obj = session.request("PATCH", path, query=query, body=info.obj, content_type=_APPLY).body
    except ApiError as error:
        if error.code == 409:
            raise fail(f"{error.message}{_CONFLICT_HELP}") from error
        raise
    return _warned_if_deleting(session, migrate(session, info, stored, query))


# What was applied last.


def _view_last(session: Session) -> None:
    """`kubectl apply view-last-applied`: the manifest that was last applied."""
    output = session.flags["output"] or "yaml"
    infos = list(_viewed(session))
    if output not in ("yaml", "json"):
        raise usage_fail(
            session.command,
            f"Unexpected -o output mode: {output}, the flag 'output' must be one of yaml|json",
        )
    for text in [_last_of(info) for info in infos]:
        if text is None:
            continue
        manifest = json.loads(text)
        if output == "json":
            session.write(f"{marshal_indent(manifest, '  ')}\n")
        else:
            session.write(yaml.dump(manifest))


def _viewed(session: Session) -> Iterator[Info]:
    """The objects whose manifests are shown; the first that can't be read ends the command."""
    if session.arguments or not session.flags["filename"]:
        infos = select(session, all_by_default=session.flags["all"])
        if session.failures:
            raise session.failures.pop(0)
        yield from infos
        return
    for one in streamed(session):
        if isinstance(one, KubectlError):
            raise one
        yield one._replace(obj=session.find(one.kind, one.namespace, one.name)) if one.name else one


def _last_of(info: Info) -> str | None:
    """The manifest that was applied last. Where there is none kubectl wraps an error that it doesn't have.

    That is an error of its own if the object comes from a file, and none otherwise.
    """
    text = last_applied(info.present)
    if text is None and info.source:
        missing = f"no last-applied-configuration annotation found on resource: {info.name}\n"
        raise fail(f'error when {missing} "{info.source}": <nil>')
    return text


def _set_last(session: Session) -> None:
    """`kubectl apply set-last-applied`: note a manifest without applying it."""
    check_output(session)
    if not session.flags["filename"]:
        raise KubectlError(NOTHING_NAMED)
    changed: list[tuple[Info, Obj, str]] = []
    for info in streamed(session):
        if isinstance(info, KubectlError):
            raise info
        if not info.name:
            where = f"error when retrieving current configuration of:\n{_description(info)}\nfrom server for:"
            raise fail(f'{where} "{info.source}": resource name may not be empty')
        live = session.find(info.kind, info.namespace, info.name)
        present, wanted = last_applied(live), marshal(info.present)
        if present is None and not session.flags["create-annotation"]:
            raise fail(
                f"no last-applied-configuration annotation found on resource: {info.name}, to create the "
                "annotation, run the command with --create-annotation"
            )
        if (present or "").rstrip("\n") == wanted:
            session.write(f"set-last-applied {info.name}: no changes required.\n")
        else:
            changed.append((info, live, f"{wanted}\n"))
    for info, live, text in changed:
        _set_one(session, info, live, text)


def _set_one(session: Session, info: Info, live: Obj, text: str) -> None:
    stored = live
    if dry_run(session) != "client":
        path = path_of(info.kind, info.namespace, info.name)
        body = {"metadata": {"annotations": {LAST_APPLIED: text}}}
        query = write_query(session, "kubectl-set-last-applied")
        stored = session.request("PATCH", path, query=query, body=body, content_type=_MERGE).body
    print_done(session, stored, "configured", is_typed=False)


VERB = Verb(
    "apply",
    _run,
    (
        *FILE_FLAGS,
        *OUTPUT_FLAGS,
        SELECTOR,
        DRY_RUN,
        FIELD_MANAGER,
        VALIDATE,
        CASCADE,
        Flag("server-side", type="bool"),
        Flag("force-conflicts", type="bool"),
        Flag("force", type="bool"),
        Flag("overwrite", type="bool", default=True),
        Flag("openapi-patch", type="bool", default=True),
        Flag("wait", type="bool"),
        Flag("timeout", type="duration"),
        Flag("grace-period", type="int", default=-1),
        Flag("prune", type="bool"),
        Flag("prune-allowlist", type="array"),
        Flag("all", type="bool"),
        Flag("subresource"),
        RECORD,
    ),
    subcommands=(
        Verb(
            "edit-last-applied",
            edit_annotations,
            (*FILE_FLAGS, *OUTPUT_FLAGS, LINE_ENDINGS, FIELD_MANAGER, VALIDATE),
            summary="Edit latest last-applied-configuration annotations of a resource/object",
        ),
        Verb(
            "set-last-applied",
            _set_last,
            (FILENAME, *OUTPUT_FLAGS, DRY_RUN, Flag("create-annotation", type="bool")),
            summary=(
                "Set the last-applied-configuration annotation on a live object to match the "
                "contents of a file"
            ),
        ),
        Verb(
            "view-last-applied",
            _view_last,
            (*FILE_FLAGS, SELECTOR, Flag("all", type="bool"), Flag("output", "o", default="yaml")),
            summary="View the latest last-applied-configuration annotations of a resource/object",
        ),
    ),
    summary="Apply a configuration to a resource by file name or stdin",
)
