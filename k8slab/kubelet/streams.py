"""Reaching into containers from outside: logs, commands, and requests to a port.

These are what the API server asks of a kubelet for `kubectl logs`, `exec` and
`port-forward`, and what the panel asks.

Models pkg/kubelet/server/server.go and kubelet_pods.go (GetKubeletContainerLogs), v1.36.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

from k8slab.api.errors import ApiError, bad_request
from k8slab.api.meta import Obj, key_of
from k8slab.clock import parse_timestamp
from k8slab.components import Action
from k8slab.containers import logs, shell_process
from k8slab.containers.environment import context_of
from k8slab.containers.kernel import Kernel
from k8slab.containers.logs import Line
from k8slab.containers.mounts import run_in_hook
from k8slab.containers.overlay import Overlay
from k8slab.containers.program import server_of
from k8slab.containers.requests import Answer, Call, Sleep
from k8slab.containers.streams import Buffer
from k8slab.kubelet import cri
from k8slab.network.delivery import NETWORK
from k8slab.store.view import View


class Ran(NamedTuple):
    """What a command printed, and its exit code."""

    stdout: str
    stderr: str
    code: int


def container_of(pod: Obj, name: str = "") -> Obj:
    """A container of a Pod by name; without one the default one. ApiError 400 in the API server's words."""
    containers = pod["spec"]["containers"]
    every = [
        *containers,
        *(pod["spec"].get("initContainers") or ()),
        *(pod["spec"].get("ephemeralContainers") or ()),
    ]
    pod_name = pod["metadata"]["name"]
    if not name:
        default = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
        if default:
            name = default
        elif len(containers) == 1:
            return containers[0]  # type: ignore[no-any-return]
        else:
            names = " ".join(one["name"] for one in containers)
            text = f"a container name must be specified for pod {pod_name}, choose one of: [{names}]"
            inits = pod["spec"].get("initContainers") or ()
            if inits:
                text += f" or one of the init containers: [{' '.join(one['name'] for one in inits)}]"
            raise bad_request(text)
    for container in every:
        if container["name"] == name:
            return container  # type: ignore[no-any-return]
    raise bad_request(f"container {name} is not valid for pod {pod_name}")


def status_of(pod: Obj, container: str) -> Obj | None:
    """The status of a container, if its Pod has one."""
    status = pod.get("status") or {}
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for one in status.get(field) or ():
            if one["name"] == container:
                return one  # type: ignore[no-any-return]
    return None


def log_lines(view: View, pod: Obj, container: str, *, previous: bool = False) -> list[Line]:
    """The log of a container's current run, or of the one before, oldest line first.

    ApiError 400 where there is none to read, in the kubelet's words.
    """
    spec = container_of(pod, container)
    name = spec["name"]
    run, started_us = _run_to_read(pod, name, previous)
    found = [Line(started_us, "stdout", line) for line in _start_lines(view, pod, spec, run, started_us)]
    return found + logs.stored_lines(view, key_of(pod), name, run)


def _run_to_read(pod: Obj, name: str, previous: bool) -> tuple[int, int]:
    """Number and start of the run whose log is asked for (`validateContainerLogStatus`)."""
    pod_name = pod["metadata"]["name"]
    status = status_of(pod, name)
    if status is None:
        raise bad_request(f'container "{name}" in pod "{pod_name}" is not available')
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    run = int(status.get("restartCount", 0))
    if previous:
        if last is None:
            raise bad_request(f'previous terminated container "{name}" in pod "{pod_name}" not found')
        number = run if "waiting" in state else run - 1
        return number, _instant(last.get("startedAt"))
    if "running" in state:
        return run, _instant(state["running"].get("startedAt"))
    if "terminated" in state:
        return run, _instant(state["terminated"].get("startedAt"))
    if last is not None:
        return run, _instant(last.get("startedAt"))
    waiting = state.get("waiting") or {}
    reason = waiting.get("reason", "")
    texts = {
        "ErrImagePull": "image can't be pulled",
        "ImagePullBackOff": "trying and failing to pull image",
    }
    if reason in texts:
        raise bad_request(f'container "{name}" in pod "{pod_name}" is waiting to start: {texts[reason]}')
    why = reason or "no logs available"
    raise bad_request(f'container "{name}" in pod "{pod_name}" is waiting to start: {why}')


def _instant(text: str | None) -> int:
    return parse_timestamp(text) if text else 0


def _start_lines(view: View, pod: Obj, container: Obj, run: int, started_us: int) -> tuple[str, ...]:
    """What a server that needs no record logged at its start."""
    server = server_of(container)
    if server is None:
        return ()
    return server.start_lines(context_of(view, pod, container, run, started_us))


def read_logs(
    view: View,
    pod: Obj,
    container: str = "",
    *,
    previous: bool = False,
    since_us: int = 0,
    tail: int | None = None,
    timestamps: bool = False,
    limit_bytes: int = 0,
) -> str:
    """The text that `kubectl logs` prints. `since_us` is an instant; 0 for all. ApiError as `log_lines`."""
    lines = log_lines(view, pod, container_of(pod, container)["name"], previous=previous)
    return logs.text_of(lines, since_us=since_us, tail=tail, timestamps=timestamps, limit_bytes=limit_bytes)


def running_container(view: View, pod: Obj, container: str = "") -> Obj:
    """The container if it runs, be it that its postStart hook still does.

    ApiError where it doesn't, in the words of the API server or the runtime.
    """
    spec = container_of(pod, container)
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        phase = pod["status"]["phase"]
        raise ApiError(500, "", f"cannot exec into a container in a completed pod; current phase is {phase}")
    if run_in_hook(view, pod, spec["name"]) is not None:
        return spec
    status = status_of(pod, spec["name"])
    if status is None or "running" not in (status.get("state") or {}):
        problem = f'unable to upgrade connection: container not found ("{spec["name"]}")'
        raise ApiError(500, "InternalError", f"Internal error occurred: {problem}")
    return spec


def not_found_text(name: str) -> str:
    """What the runtime says of a command that the image doesn't have."""
    return (
        "OCI runtime exec failed: exec failed: unable to start container process: exec: "
        f'"{name}": executable file not found in $PATH: unknown\n'
    )


def exec_(
    view: View, pod: Obj, container: str, argv: list[str], stdin: str, now_us: int
) -> Generator[Action | Sleep, Any, Ran]:
    """Run a command in a container: a generator of actions and of `Sleep`s.

    Whoever drives it carries out each action, lets lab time pass for each
    `Sleep(duration_us)` and sends the new instant (microseconds) as its
    answer. Returns what the command printed. ApiError where the container
    does not run.
    """
    spec = running_container(view, pod, container)
    box = Overlay(view)
    run = cri.entered_run(view, pod, spec["name"])
    context = context_of(box, pod, spec, run, now_us)
    if not cri.can_execute(spec, argv[0]):
        return Ran("", not_found_text(argv[0]), 126 if "/" in argv[0] else 127)
    kernel = Kernel(box, pod, spec, run, now_us, NETWORK)
    out, err = Buffer(), Buffer()
    program = shell_process.run_exec(context._replace(argv=tuple(argv)), argv, stdin, out, err)
    value: Any = None
    while True:
        pause = kernel.proceed(program, value)
        yield from box.flush()
        if pause.code is not None:
            return Ran(out.text(), err.text(), pause.code)
        kernel.now_us = yield Sleep(pause.sleep_us)
        value = pause.value if pause.owed else kernel.now_us


def request(
    view: View, pod: Obj, port: int, payload: Any, protocol: str, now_us: int
) -> Generator[Action, Any, Answer]:
    """Send a request to a port of a Pod, as `kubectl port-forward` and the API server's proxy do."""
    box = Overlay(view)
    answer = NETWORK.call(box, pod, Call("127.0.0.1", port, protocol, payload), now_us)
    yield from box.flush()
    return answer
