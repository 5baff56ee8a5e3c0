"""`kubectl attach`: see what a container's own process prints.

Models staging/src/k8s.io/kubectl/pkg/cmd/attach/attach.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.kubectl.command import KubectlError, Verb, fail, plain_message
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import kind_named
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.verbs._attachable import default_container, every_container, pod_for

ATTACHED_NOTES = (
    "All commands and output from this session will be recorded in container logs, including credentials and "
    "sensitive information passed through the command prompt.\n"
    "If you don't see a command prompt, try pressing enter.\n"
)


def _run(session: Session) -> None:
    words = session.arguments
    if not words:
        raise fail("at least 1 argument is required for attach")
    if len(words) > 2:
        raise fail(
            "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw "
            f"{len(words)}: [{' '.join(words)}]"
        )
    if session.flags["pod-running-timeout"] <= 0:
        raise fail("--pod-running-timeout must be higher than zero")
    pod = pod_for(session, "/".join(words), session.flags["pod-running-timeout"])
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        raise fail(f"cannot attach a container in a completed pod; current phase is {phase}")
    try:
        container = default_container(session, pod, session.flags["container"], quiet=session.flags["quiet"])
    except KubectlError as error:
        raise fail(f"cannot attach to the container: {plain_message(error)}") from error
    if not session.flags["quiet"]:
        session.warn(ATTACHED_NOTES)
    stay(session, pod, container)


def stay(session: Session, pod: Obj, container: str, *, from_start: bool = False) -> None:
    """Give the container the input, and show what it prints until its run ends or all has settled.

    `from_start` is for a client that attaches as soon as the container runs.
    """
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    printed = _reader(session, pod, container, from_start=from_start)
    ended = runs_ended(pod, container)
    if session.stdin and session.flags["stdin"]:
        spec = next(one for one in every_container(pod) if one["name"] == container)
        ends = bool(spec.get("stdinOnce"))
        session.client.type_in(namespace, name, container, session.stdin, ends=ends)

    def look() -> bool:
        session.write(printed())
        try:
            now = session.get(kind_named("pods"), namespace, name)
        except KubectlError:
            return True
        return runs_ended(now, container) != ended

    if not look():
        session.client.run_until_settled(look, 30 * SECOND_US, stops=True)


def _reader(session: Session, pod: Obj, container: str, *, from_start: bool) -> Callable[[], str]:
    """A function that gives what the container has printed since it was asked last."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    path = path_of(kind_named("pods"), namespace, name, "log")
    shown = session.client.shown(namespace, name, container, -1)

    def log() -> str:
        return str(session.request("GET", path, query={"container": container}).body)

    seen = 0 if from_start else shown[1] if shown is not None else len(log())

    def printed() -> str:
        nonlocal seen
        if shown is None:
            whole = log()
            text, seen = whole[seen:], len(whole)
            return text
        more = session.client.shown(namespace, name, container, seen)
        text, seen = more if more is not None else ("", seen)
        return text

    return printed


def runs_ended(pod: Obj, container: str) -> int:
    """How often a container has ended."""
    status = pod.get("status") or {}
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for one in status.get(field) or ():
            if one["name"] == container:
                return int(one.get("restartCount", 0)) + ("terminated" in (one.get("state") or {}))
    return 0


DETACH_KEYS = Flag("detach-keys", default="ctrl-p,ctrl-q", idle="no keys are pressed while a command runs")

VERB = Verb(
    "attach",
    _run,
    (
        Flag("container", "c"),
        Flag("stdin", "i", "bool"),
        Flag("tty", "t", "bool"),
        Flag("quiet", "q", "bool"),
        Flag("pod-running-timeout", type="duration", default=60 * SECOND_US),
        DETACH_KEYS,
    ),
    summary="Attach to a running container",
)
