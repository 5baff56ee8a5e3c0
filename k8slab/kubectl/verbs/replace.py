"""`kubectl replace`: put a manifest in the place of an object; `--force` deletes and creates anew.

Models staging/src/k8s.io/kubectl/pkg/cmd/replace/replace.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.clock import MINUTE_US
from k8slab.kubectl.command import Verb, fail, with_source
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import SAVE_CONFIG, VALIDATE, field_validation, noted_if_asked
from k8slab.kubectl.printing import (
    DRY_RUN,
    FIELD_MANAGER,
    OUTPUT_FLAGS,
    check_output,
    dry_run,
    print_done,
    write_query,
)
from k8slab.kubectl.resources import FILE_FLAGS, Info, from_files, refuse_words
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.verbs._deleting import CASCADE, delete_one, deletion_options, is_gone
from k8slab.kubectl.verbs._raw import raw_write


def _run(session: Session) -> None:
    check_output(session)
    _check(session)
    if session.flags["raw"]:
        raw_write(session, "PUT")
        return
    field_validation(session)
    if session.flags["force"]:
        _force(session)
        return
    for info in from_files(session, validated=True):
        with session.collecting():
            _replace(session, info)


def _check(session: Session) -> None:
    flags = session.flags
    if not flags["filename"] and not flags["kustomize"]:
        raise fail("must specify one of -f and -k")
    if flags["grace-period"] >= 0 and not flags["force"]:
        raise fail("--grace-period must have --force specified")
    if flags["timeout"] and not flags["force"]:
        raise fail("--timeout must have --force specified")
    if flags["force"] and dry_run(session):
        raise fail("--dry-run can not be used when --force is set")


def _replace(session: Session, info: Info) -> None:
    manifest = noted_if_asked(session, info.present)
    if dry_run(session) != "client":
        manifest = _put(session, info, manifest)
    print_done(session, manifest, "replaced", is_typed=False)


def _put(session: Session, info: Info, manifest: Obj) -> Obj:
    """Store the manifest over what is there; without a resourceVersion it takes the present one."""
    path = path_of(info.kind, info.namespace, info.name, session.flags["subresource"])
    query = {**write_query(session, "kubectl-replace"), "fieldValidation": field_validation(session)}
    if not manifest["metadata"].get("resourceVersion"):
        version = _present_version(session, path)
        if version:
            manifest = {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": version}}
    try:
        stored: Obj = session.request("PUT", path, query=query, body=manifest).body
    except ApiError as error:
        raise with_source("replacing", info.source, error) from error
    return stored


def _present_version(session: Session, path: str) -> str:
    """The resourceVersion of what is there. Empty where nothing is: some kinds are created by a replace."""
    try:
        version: str = session.request("GET", path).body["metadata"]["resourceVersion"]
    except ApiError:
        return ""
    return version


def _force(session: Session) -> None:
    refuse_words(session.arguments)
    infos = from_files(session)
    grace = session.flags["grace-period"]
    options = deletion_options(session, grace or 1)
    for info in infos:
        with session.collecting():
            delete_one(session, info, options, ignore_not_found=True)
    session.stop_if_failed()
    limit_us = session.flags["timeout"] or 5 * MINUTE_US
    for info in infos:
        if not session.client.run_until(lambda info=info: is_gone(session, info), limit_us):  # type: ignore[misc]
            raise fail("timed out waiting for the condition")
    count = 0
    for info in from_files(session, validated=True):
        with session.collecting():
            manifest = noted_if_asked(session, info.present)
            query = {**write_query(session, "kubectl-replace"), "fieldValidation": field_validation(session)}
            path = path_of(info.kind, info.namespace)
            stored = session.request("POST", path, query=query, body=manifest).body
            count += 1
            print_done(session, stored, "replaced", is_typed=False)
    session.stop_if_failed()
    if not count:
        raise fail("no objects passed to replace")


VERB = Verb(
    "replace",
    _run,
    (
        *FILE_FLAGS,
        *OUTPUT_FLAGS,
        DRY_RUN,
        FIELD_MANAGER,
        SAVE_CONFIG,
        VALIDATE,
        CASCADE,
        Flag("force", type="bool"),
        Flag("grace-period", type="int", default=-1),
        Flag("timeout", type="duration"),
        Flag("wait", type="bool"),
        Flag("raw"),
        Flag("subresource"),
    ),
    summary="Replace a resource by file name or stdin",
)
