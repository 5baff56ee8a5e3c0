"""`kubectl exec`: run a command in a container.

There is no terminal in a cell: `-it POD -- bash` without input says so and gives back what the
shell prints; with standard input (`%%kubectl exec -i …`) the shell runs it.

Models staging/src/k8s.io/kubectl/pkg/cmd/exec/exec.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.clock import SECOND_US
from k8slab.kubectl.command import Verb, fail, usage_fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import from_files, grouped_plural
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._attachable import default_container, pod_for


def _run(session: Session) -> None:
    flags = session.flags
    before = session.arguments if session.dash < 0 else session.arguments[: session.dash]
    command = [] if session.dash < 0 else session.arguments[session.dash :]
    if session.dash < 0 and (len(before) > 1 or (before and flags["filename"])):
        raise usage_fail(
            "exec", "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead"
        )
    if flags["pod-running-timeout"] <= 0:
        raise usage_fail("exec", "--pod-running-timeout must be higher than zero")
    if not any(before) and not flags["filename"]:
        raise fail("pod, type/name or --filename must be specified")
    if not command:
        raise fail("you must specify at least one command for the container")
    pod = pod_for(session, _reference(session, before), flags["pod-running-timeout"])
    name = pod["metadata"]["name"]
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        raise fail(f"cannot exec into a container in a completed pod; current phase is {phase}")
    container = default_container(session, pod, flags["container"], quiet=flags["quiet"])
    if flags["tty"] and flags["stdin"]:
        session.warn("Unable to use a TTY - input is not a terminal or the right kind of file\n")
    stdin = session.stdin if flags["stdin"] else ""
    try:
        result = session.client.execute(session.namespace, name, container, command, stdin)
    except ApiError as error:
        # It comes over the stream, and is no longer the server's answer.
        raise fail(error.message) from error
    session.write(result.stdout)
    session.warn(result.stderr)
    if result.code:
        session.warn(f"command terminated with exit code {result.code}\n")
    session.code = result.code


def _reference(session: Session, before: list[str]) -> str:
    """What the command names: the object of a file, or an argument."""
    if not session.flags["filename"]:
        return before[0]
    infos = from_files(session)
    if len(infos) != 1:
        raise fail("cannot exec into multiple objects at a time")
    return f"{grouped_plural(infos[0].kind)}/{infos[0].name}"


VERB = Verb(
    "exec",
    _run,
    (
        Flag("stdin", "i", "bool"),
        Flag("tty", "t", "bool"),
        Flag("container", "c"),
        Flag("filename", "f", "strings"),
        Flag("quiet", "q", "bool"),
        Flag("pod-running-timeout", type="duration", default=60 * SECOND_US),
    ),
    summary="Execute a command in a container.",
)
