"""`kubectl delete`: by name, file, selector or `--all`; waits until the objects are gone.

Models staging/src/k8s.io/kubectl/pkg/cmd/delete/{delete,delete_flags}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.clock import HOUR_US
from k8slab.kubectl.command import KubectlError, Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.output.json import raw_text
from k8slab.kubectl.printing import DRY_RUN, dry_run
from k8slab.kubectl.resources import (
    ALL_NAMESPACES,
    FIELD_SELECTOR,
    FILE_FLAGS,
    NOTHING_NAMED,
    SELECTOR_FLAGS,
    Info,
    check_list,
    from_files,
    full_name,
    kinds_of,
    named,
    refuse_words,
    select,
)
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._deleting import CASCADE, FORCE_WARNING, delete_one, deletion_options, is_gone
from k8slab.kubectl.verbs._raw import check_raw_path

_WEEK_US = 7 * 24 * HOUR_US


def _run(session: Session) -> None:
    flags = session.flags
    grace = _grace_seconds(session)
    options = deletion_options(session, grace)
    if flags["raw"]:
        check_raw_path(flags["raw"])
        body = session.request("DELETE", flags["raw"]).body
        session.write(raw_text(body))
        return
    targets = _targets(session)
    _check(session, grace)
    if flags["interactive"] and not _is_confirmed(session, targets):
        session.write("deletion is cancelled\n")
        return
    ignore = flags["ignore-not-found"]
    if "ignore-not-found" not in session.given:
        ignore = bool(flags["all"] or flags["selector"] or flags["field-selector"])
    deleted: list[tuple[Info, str]] = []
    word = "force deleted" if grace == 0 else "deleted"
    for info in targets:
        _warn_of_scope(session, info)
        with session.collecting():
            answer = delete_one(session, info, options, ignore_not_found=ignore, word=word)
            if answer is not None:
                deleted.append((info, _uid_of(answer)))
    session.stop_if_failed()
    if not targets:
        session.write("No resources found\n")
    if flags["wait"] and not dry_run(session):
        _wait(session, deleted)


def _is_confirmed(session: Session, targets: Sequence[Info]) -> bool:
    """Ask whether to go on: standard input answers."""
    listed = "".join(f"{full_name(info.kind, info.name)}\n" for info in targets)
    session.write(
        f"You are about to delete the following {len(targets)} resource(s):\n{listed}"
        "Do you want to continue? (y/N): "
    )
    return session.stdin.strip().lower() == "y"


def _grace_seconds(session: Session) -> int:
    """How long the objects are given, -1 to leave it to them."""
    flags = session.flags
    grace: int = flags["grace-period"]
    if flags["now"]:
        if grace != -1:
            raise fail("--now and --grace-period cannot be specified together")
        return 1
    if flags["force"]:
        return max(grace, 0)
    return 1 if grace == 0 else grace


def _check(session: Session, grace: int) -> None:
    flags = session.flags
    if flags["output"] not in ("", "name"):
        raise fail(f"unexpected -o output mode: {flags['output']}. We only support '-o name'")
    if flags["force"] and grace > 0:
        raise fail("--force and --grace-period greater than 0 cannot be specified together")
    if flags["force"]:
        session.warn(FORCE_WARNING)


def _targets(session: Session) -> list[Info]:
    """What to delete. Named objects aren't read first: the delete itself says if one isn't there."""
    flags = session.flags
    words = session.arguments
    if flags["all"] and (flags["selector"] or flags["field-selector"]):
        raise fail("setting 'all' parameter but found a non empty selector. ")
    if flags["filename"] or flags["kustomize"]:
        refuse_words(words)
        return from_files(session)
    pairs = named(words)
    if flags["selector"] or flags["field-selector"] or flags["all"]:
        if not pairs:
            raise fail("at least one resource must be specified to use a selector")
        check_list(words, pairs)
        return select(session)
    if not pairs:
        raise KubectlError(NOTHING_NAMED)
    found = []
    for resource, name in pairs:
        for kind in kinds_of(session, resource):
            if not name:
                raise fail("resource(s) were provided, but no name was specified")
            if flags["all-namespaces"] and kind.namespaced:
                raise fail("a resource cannot be retrieved by name across all namespaces")
            found.append(Info(kind, session.namespace if kind.namespaced else "", name))
    return found


def _warn_of_scope(session: Session, info: Info) -> None:
    """Once a command: `-n` says nothing about an object that is in no namespace."""
    if session.asked_namespace and not session.flags["all-namespaces"] and not info.kind.namespaced:
        text = "Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n"
        if text not in session.stderr:
            session.warn(text)


def _uid_of(answer: Obj) -> str:
    details = answer.get("details") if answer.get("kind") == "Status" else answer.get("metadata")
    uid: str = (details or {}).get("uid", "")
    return uid


def _wait(session: Session, deleted: list[tuple[Info, str]]) -> None:
    """Let lab time pass until everything that was deleted is gone."""
    timeout_us = session.flags["timeout"] or _WEEK_US
    end_us = session.client.now_us + timeout_us
    for info, uid in deleted:
        left_us = max(end_us - session.client.now_us, 0)

        def gone(info: Info = info, uid: str = uid) -> bool:
            try:
                return is_gone(session, info, uid)
            except ApiError as error:
                if error.code in (403, 405):
                    return True
                raise

        if not session.client.run_until(gone, left_us):
            session.failures.append(
                fail(f"timed out waiting for the condition on {info.kind.plural}/{info.name}")
            )


VERB = Verb(
    "delete",
    _run,
    (
        *FILE_FLAGS,
        *SELECTOR_FLAGS,
        ALL_NAMESPACES,
        FIELD_SELECTOR,
        DRY_RUN,
        CASCADE,
        Flag("force", type="bool"),
        Flag("grace-period", type="int", default=-1),
        Flag("ignore-not-found", type="bool"),
        Flag("now", type="bool"),
        Flag("wait", type="bool", default=True),
        Flag("timeout", type="duration"),
        Flag("output", "o"),
        Flag("raw"),
        Flag("interactive", "i", type="bool"),
    ),
    summary="Delete resources by file names, stdin, resources and names, or by resources and label selector",
)
