"""`kubectl exec`: run a command in a container.

There is no terminal in a cell: `-it POD -- bash` without input says so and gives back what the
shell prints; with standard input (`%%kubectl exec -i …`) the shell runs it.

Models staging/src/k8s.io/kubectl/pkg/cmd/exec/exec.go, v1.36.
"""

from __future__ import annotations

from k8slab.clock import SECOND_US
from k8slab.kubectl.command import KubectlError, Verb
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._attachable import default_container, pod_for


def _run(session: Session) -> None:
    before = session.arguments if session.dash < 0 else session.arguments[: session.dash]
    command = [] if session.dash < 0 else session.arguments[session.dash :]
    if not before and not session.flags["filename"]:
        raise KubectlError("error: pod, type/name or --filename must be specified\n")
    if session.dash < 0 and len(before) > 1:
        raise KubectlError(
            "error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\n"
            "See 'kubectl exec -h' for help and examples\n"
        )
    if not command:
        raise KubectlError("error: you must specify at least one command for the container\n")
    pod = pod_for(session, before[0], session.flags["pod-running-timeout"])
    name = pod["metadata"]["name"]
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        raise KubectlError(
            f"error: cannot exec into a container in a completed pod; current phase is {phase}\n"
        )
    container = default_container(session, pod, session.flags["container"])
    stdin = session.stdin if session.flags["stdin"] else ""
    result = session.client.execute(session.namespace, name, container, command, stdin)
    session.write(result.stdout)
    session.warn(result.stderr)
    if result.code:
        session.warn(f"command terminated with exit code {result.code}\n")
    session.code = result.code


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
