"""`kubectl rollout`: see, undo, restart, pause and resume the rollout of a workload.

Models staging/src/k8s.io/kubectl/pkg/cmd/rollout and polymorphichelpers/{rollback,objectrestarter,
objectpauser,objectresumer}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj, dissoc
from k8slab.clock import HOUR_US, timestamp
from k8slab.kubectl.command import KubectlError, Verb, fail, plain_message
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import LAST_APPLIED, last_applied
from k8slab.kubectl.printing import DRY_RUN, FIELD_MANAGER, OUTPUT_FLAGS, check_output, dry_run, print_done
from k8slab.kubectl.resources import FILE_FLAGS, SELECTOR, Info, grouped_plural, in_turn, select
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.verbs._rollout_history import (
    REVISION,
    Revision,
    history_text,
    revisions_of,
    template_text,
)
from k8slab.kubectl.verbs._rollout_status import VIEWERS
from k8slab.kubectl.verbs._workloads import STRATEGIC, send_patch, two_way_patch

_FOREVER_US = 24 * HOUR_US
"""How long a status without `--timeout` is watched."""

_RESTARTED = "kubectl.kubernetes.io/restartedAt"
_KEPT_ANNOTATIONS = (
    LAST_APPLIED,
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
)
_TEMPLATED = ("Deployment", "DaemonSet", "StatefulSet")
_VISITED = ("CronJob", "Job", "Pod", "ReplicaSet", "ReplicationController")


def _infos(session: Session) -> list[Info]:
    flags = session.flags
    if not session.arguments and not flags["filename"] and not flags["kustomize"]:
        raise fail("required resource not specified")
    return select(session, all_by_default=True)


def _group_kind(kind: Kind) -> str:
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind


# Status.


def _status(session: Session) -> None:
    flags = session.flags
    infos = _infos(session)
    if flags["revision"] < 0:
        raise fail(f"revision must be a positive integer: {flags['revision']}")
    for info in in_turn(session, infos):
        with session.collecting():
            _watch_status(session, info)
    if not infos and not session.failures and not session.late_failures:
        session.warn(f"No resources found in {session.namespace} namespace.\n")


def _watch_status(session: Session, info: Info) -> None:
    viewer = VIEWERS.get(info.kind.kind)
    if viewer is None:
        raise fail(f"no status viewer has been implemented for {_group_kind(info.kind)}")
    seen = ""

    def look() -> bool:
        nonlocal seen
        try:
            obj = session.get(info.kind, info.namespace, info.name)
        except ApiError as error:
            if error.code == 404:
                raise fail("object has been deleted") from error
            raise
        if obj["metadata"]["resourceVersion"] == seen:
            return False
        seen = obj["metadata"]["resourceVersion"]
        text, done = viewer(obj, session.flags["revision"])
        session.write(text)
        return done or not session.flags["watch"]

    if not session.client.run_until(look, session.flags["timeout"] or _FOREVER_US):
        raise fail("timed out waiting for the condition")


# History.


def _history(session: Session) -> None:
    check_output(session)
    number = session.flags["revision"]
    infos = _infos(session)
    if number < 0:
        raise fail(f"revision must be a positive integer: {number}")
    for info in in_turn(session, infos):
        with session.collecting():
            if info.kind.kind not in _TEMPLATED:
                raise _missing(info.kind, "no history viewer", "history")
            revisions = revisions_of(session, info)
            if session.flags["output"] or session.flags["template"]:
                _print_revisions(session, info, revisions, number)
                continue
            head = f"with revision #{number}" if number > 0 else ""
            print_done(session, info.present, f"{head}\n{history_text(revisions, number)}", ending="")


def _missing(kind: Kind, what: str, subject: str) -> KubectlError:
    """What is told of a kind without revisions, of which kubectl knows some by their names."""
    shown = _group_kind(kind)
    if kind.kind in _VISITED:
        return fail(f'{what} has been implemented for "{shown}"')
    elem = f"{{{kind.group} {kind.kind}}}"
    return fail(f'error retrieving {subject} for "{shown}", no visitor method exists for {elem}')


def _print_revisions(session: Session, info: Info, revisions: dict[int, Revision], number: int) -> None:
    """The objects of the revisions: a Deployment's ReplicaSets, or the workload as it was then."""
    if number > 0 and number not in revisions:
        raise fail("unable to find the specified revision")
    for one in revisions.values() if number <= 0 else (revisions[number],):
        obj = one.keeper
        if obj["kind"] != "ReplicaSet":
            obj = {**info.present, "spec": {**info.present["spec"], "template": one.template}}
        print_done(session, obj, "")


# Undo.


def _undo(session: Session) -> None:
    dry_run(session)
    for info in in_turn(session, _infos(session)):
        with session.collecting():
            _undo_one(session, info)


def _undo_one(session: Session, info: Info) -> None:
    if last_applied(info.present) is not None:
        session.warn(
            f"Warning: resource {info.kind.plural}/{info.name} was previously managed with 'kubectl apply'. "
            f"Rolling back will not update the {LAST_APPLIED} annotation, which may cause "
            "unexpected behavior "
            "on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous "
            "configuration file instead.\n"
        )
    if info.kind.kind not in _TEMPLATED:
        raise _missing(info.kind, "no rollbacker", "rollbacker")
    number = session.flags["to-revision"]
    if number < 0:
        raise _unknown(number)
    undo = _undo_deployment if info.kind.kind == "Deployment" else _undo_by_revision
    print_done(session, info.present, undo(session, info, number))


def _unknown(number: int) -> KubectlError:
    return fail(f"unable to find specified revision {number} in history")


def _undo_deployment(session: Session, info: Info, number: int) -> str:
    deployment = info.present
    revisions = revisions_of(session, info)
    if number > 0 and number not in revisions:
        raise _unknown(number)
    if number == 0 and len(revisions) < 2:
        raise fail(f'no rollout history found for deployment "{info.name}"')
    chosen = revisions[number] if number else list(revisions.values())[-2]
    if dry_run(session) == "client":
        return template_text(chosen.template)
    if deployment["spec"].get("paused"):
        raise fail(
            "you cannot rollback a paused deployment; resume it first with 'kubectl "
            "rollout resume' and try again"
        )
    template = dissoc(chosen.template, "metadata", "labels", "pod-template-hash")
    if template == dissoc(deployment["spec"]["template"], "metadata", "labels", "pod-template-hash"):
        return f"skipped rollback (current template already matches revision {number})"
    present = deployment["metadata"].get("annotations") or {}
    annotations = {name: value for name, value in present.items() if name in _KEPT_ANNOTATIONS}
    kept = chosen.keeper["metadata"].get("annotations") or {}
    annotations.update((name, value) for name, value in kept.items() if name not in _KEPT_ANNOTATIONS)
    patch = [
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": annotations},
    ]
    _restore(session, info, number, patch, "application/json-patch+json")
    return "rolled back"


def _undo_by_revision(session: Session, info: Info, number: int) -> str:
    revisions = revisions_of(session, info)
    if number == 0 and len(revisions) <= 1:
        raise fail("no last revision to roll back to")
    if number > 0 and number not in revisions:
        raise _unknown(number)
    chosen = revisions[number] if number else list(revisions.values())[-2]
    if dry_run(session) == "client":
        return f"will roll back to {template_text(chosen.template)}"
    if chosen.template == info.present["spec"]["template"]:
        return f"skipped rollback (current template already matches revision {number})"
    _restore(session, info, number, chosen.keeper["data"], STRATEGIC)
    return "rolled back"


def _restore(session: Session, info: Info, number: int, patch: object, content_type: str) -> None:
    path = path_of(info.kind, info.namespace, info.name)
    query = {"dryRun": "All"} if dry_run(session) == "server" else {}
    try:
        session.request("PATCH", path, query=query, body=patch, content_type=content_type)
    except ApiError as error:
        raise fail(f"failed restoring revision {number}: {error.message}") from error


# Restart, pause and resume.


def _restarted(session: Session, info: Info) -> Obj:
    if info.kind.kind not in _TEMPLATED:
        raise fail("restarting is not supported")
    spec = info.present["spec"]
    if spec.get("paused"):
        raise fail("can't restart paused deployment (run rollout resume first)")
    template = spec["template"]
    metadata = template.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), _RESTARTED: timestamp(session.client.now_us)}
    changed = {**template, "metadata": {**metadata, "annotations": annotations}}
    return {**info.present, "spec": {**spec, "template": changed}}


def _paused(session: Session, info: Info) -> Obj:
    if info.kind.kind != "Deployment":
        raise fail("pausing is not supported")
    if info.present["spec"].get("paused"):
        raise fail("is already paused")
    return {**info.present, "spec": {**info.present["spec"], "paused": True}}


def _resumed(session: Session, info: Info) -> Obj:
    if info.kind.kind != "Deployment":
        raise fail("resuming is not supported")
    spec = info.present["spec"]
    if not spec.get("paused"):
        raise fail("is not paused")
    return {**info.present, "spec": {name: value for name, value in spec.items() if name != "paused"}}


def _changing(change: Callable[[Session, Info], Obj], word: str) -> Callable[[Session], None]:
    """A command that changes each workload in one way and sends the difference."""

    def run(session: Session) -> None:
        infos = _infos(session)
        if not infos and not session.failures:
            session.warn(f"No resources found in {session.namespace} namespace.\n")
        for info in infos:
            with session.collecting():
                _change(session, info, change, word)

    return run


def _change(session: Session, info: Info, change: Callable[[Session, Info], Obj], word: str) -> None:
    try:
        after = change(session, info)
    except KubectlError as error:
        # Upstream's own text begins with a prefix, which counts only where it is not the only one.
        text = f'{grouped_plural(info.kind)} "{info.name}" {plain_message(error)}'
        raise KubectlError(f"error: error: {text}\n") from error
    patch = two_way_patch(info.present, after)
    if not patch:
        hint = (
            ": if restart has already been triggered within the past second, please wait before attempting "
        )
        raise fail(
            f"failed to create patch for {info.name}{hint}to trigger another"
            if word == "restarted"
            else f"cannot patch {info.name}: no change"
        )
    try:
        stored = send_patch(session, info, patch, "kubectl-rollout")
    except ApiError as error:
        raise fail(f"failed to patch: {error.message}") from error
    print_done(session, stored, word)


_COMMON = (*FILE_FLAGS, SELECTOR)
_CHANGE_FLAGS = (*_COMMON, *OUTPUT_FLAGS, FIELD_MANAGER)
VERB = Verb(
    "rollout",
    subcommands=(
        Verb(
            "history",
            _history,
            (*_COMMON, *OUTPUT_FLAGS, Flag("revision", type="int")),
            summary="View rollout history",
        ),
        Verb(
            "pause",
            _changing(_paused, "paused"),
            _CHANGE_FLAGS,
            summary="Mark the provided resource as paused",
        ),
        Verb("restart", _changing(_restarted, "restarted"), _CHANGE_FLAGS, summary="Restart a resource"),
        Verb("resume", _changing(_resumed, "resumed"), _CHANGE_FLAGS, summary="Resume a paused resource"),
        Verb(
            "status",
            _status,
            (
                *_COMMON,
                Flag("watch", "w", "bool", default=True),
                Flag("revision", type="int"),
                Flag("timeout", type="duration"),
            ),
            summary="Show the status of the rollout",
        ),
        Verb(
            "undo",
            _undo,
            (*_COMMON, *OUTPUT_FLAGS, DRY_RUN, Flag("to-revision", type="int")),
            summary="Undo a previous rollout",
        ),
    ),
    summary="Manage the rollout of a resource",
    help_on="stdout",
)
