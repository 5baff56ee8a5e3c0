"""The container runtime: what a kubelet asks of it, and what a container's process does meanwhile.

A container that only serves requests needs nothing stored: that it runs, and
what it logged at its start, follows from its Pod. Only a process that does
something by itself has a record in the Pod's `Sandbox`: its journal of answers
and when it wakes.

Models staging/src/k8s.io/cri-api (RuntimeService, ImageService) and
pkg/kubelet/lifecycle/handlers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from k8slab.api.memo import remember
from k8slab.api.meta import Key, Obj, assoc
from k8slab.clock import SECOND_US
from k8slab.components import Done, Plan
from k8slab.containers import consoles, cpu_time, logs, shell_process
from k8slab.containers.environment import (
    ConfigurationError,
    context_of,
    environment,
    keeps_anything,
    prepare,
    sub_path_of,
)
from k8slab.containers.kernel import Kernel
from k8slab.containers.loads import is_of_program
from k8slab.containers.mounts import (
    current_run,
    is_hung,
    note_exit,
    put_sandbox,
    run_in_hook,
    sandbox_of,
    security_of,
    who_of,
)
from k8slab.containers.overlay import Overlay
from k8slab.containers.program import (
    GENERIC,
    TERM_NOTE,
    Context,
    Executable,
    Server,
    any_executable,
    executable_of,
    family_of,
    plain_command,
    server_in_place,
    server_of,
)
from k8slab.containers.requests import PROBE, Call
from k8slab.containers.shell import INPUT
from k8slab.containers.storage import emptied
from k8slab.containers.streams import Buffer
from k8slab.network.delivery import NETWORK
from k8slab.network.routing import TIMEOUT, port_number
from k8slab.store.view import View

_LAUNCH = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create "
    "failed: unable to start container process: error during container init: exec: "
)
_START = "failed to start containerd task"


# Images.


def image_ready_us(view: View | Overlay, node: str, image: str) -> int | None:
    """When the image is (or was) there on a node; None where nobody has pulled it."""
    cache = view.get("ImageCache", ("", node))
    found: int | None = cache["images"].get(image) if cache is not None else None
    return found


def note_image(box: Overlay, node: str, image: str, at_us: int) -> None:
    """Note that an image will be on a node."""
    cache = box.get("ImageCache", ("", node))
    images = {**(cache["images"] if cache is not None else {}), image: at_us}
    box.put(
        "ImageCache",
        ("", node),
        {"apiVersion": "lab", "kind": "ImageCache", "metadata": {"name": node}, "images": images},
    )


# The life of a container.


def can_execute(container: Obj, name: str) -> bool:
    """Whether a container's image has a command of that name."""
    family = family_of(container["image"])
    base = name.rpartition("/")[2]
    if executable_of(container["image"], [name]) is not None:
        return True
    return family.shell and (shell_process.knows(base) or "/" in name or any_executable(base) is not None)


def configuration_fault(box: Overlay, pod: Obj, container: Obj) -> str:
    """Why the container cannot be configured, or the empty string."""
    fault = _root_fault(pod, container)
    if fault or not (container.get("env") or keeps_anything(container)):
        return fault
    try:
        env = environment(box, pod, container)
        for mount in container.get("volumeMounts") or ():
            sub_path_of(mount, env)
    except ConfigurationError as error:
        return str(error)
    return ""


def _root_fault(pod: Obj, container: Obj) -> str:
    """Why a container that must not run as root would (`verifyRunAsNonRoot`)."""
    if not (pod["spec"].get("securityContext") or container.get("securityContext")):
        return ""
    security = security_of(pod, container)
    if not security.get("runAsNonRoot") or who_of(pod, container).user:
        return ""
    metadata = pod["metadata"]
    where = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
    what = "container's runAsUser breaks non-root policy"
    if security.get("runAsUser") is None:
        what = "container has runAsNonRoot and image will run as root"
    return f'{what} (pod: "{where}", container: {container["name"]})'


def _program_of(context: Context) -> tuple[Executable | None, str]:
    """What a container's command line runs, or why there is no such thing."""
    argv = context.argv
    if not argv:
        return None, "no command specified"
    name = argv[0].rpartition("/")[2]
    found = executable_of(context.image, argv)
    if found is not None:
        return found, ""
    family = family_of(context.image)
    if family.shell and shell_process.knows(name):
        return Executable(run=shell_process.run_argv), ""
    if family.images == (GENERIC,) and not (name.startswith(("does-not", "no-such", "missing"))):
        return family.executables["app"], ""
    if "/" in argv[0]:
        return None, f'{_LAUNCH}"{argv[0]}": stat {argv[0]}: no such file or directory'
    return None, f'{_LAUNCH}"{argv[0]}": executable file not found in $PATH'


@remember
def is_static(container: Obj) -> bool:
    """Whether a container's image and command make it a server about which nothing is stored."""
    family = family_of(container["image"])
    argv = plain_command(container)
    if not argv:
        return False
    found = executable_of(container["image"], argv)
    if found is None:
        return family.images == (GENERIC,) and not shell_process.knows(str(argv[0]).rpartition("/")[2])
    return found.run is None and found.server is not None and found.server.check is None


def launch(box: Overlay, pod: Obj, container: Obj, run: int, ip: str, now_us: int) -> str:
    """Start a container's process. Why it cannot be started, or the empty string."""
    name = container["name"]
    sandbox = box.get("Sandbox", (pod["metadata"]["namespace"], pod["metadata"]["name"]))
    if sandbox is None and is_static(container) and not keeps_anything(container):
        return ""
    if run > 1:
        logs.drop(box, (pod["metadata"]["namespace"], pod["metadata"]["name"]), name, run - 2)
    try:
        known = assoc(pod, "status", "podIP", ip) if ip else pod
        _forget(box, pod, name)
        prepare(box, known, container)
        context = context_of(box, known, container, run, now_us, ip)
    except ConfigurationError as error:
        return str(error)
    executable, fault = _program_of(context)
    if executable is None:
        return fault
    if executable.server is not None and executable.run is None:
        return _launch_server(box, pod, container, context, executable.server)
    sandbox = sandbox_of(box, pod)
    record = new_record(context)
    if container.get("stdin"):
        record = {**record, "console": True}
        _open_console(box, pod, container)
    changed = {
        **sandbox,
        "processes": {**sandbox["processes"], name: record},
        "starts": sandbox["starts"] + 1,
        "changes": sandbox["changes"] + 1,
    }
    put_sandbox(box, pod, changed)
    return ""


def _open_console(box: Overlay, pod: Obj, container: Obj) -> None:
    """A new run's console; who is attached to it stays."""
    pod_key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
    key = consoles.console_of(pod_key, container["name"])
    tty = bool(container.get("tty"))
    fresh = consoles.new_console(key, pod["metadata"]["uid"], tty=tty, has_input=True)
    before = consoles.get(box, key)
    pieces = before["pieces"] if before is not None else 0
    box.put(consoles.KIND, key, {**fresh, "pieces": pieces})


def _launch_server(box: Overlay, pod: Obj, container: Obj, context: Context, server: Server) -> str:
    """A server needs no record unless it refuses to start."""
    if server.check is None:
        return ""
    kernel = Kernel(box, pod, container, context.run, context.started_us, NETWORK)
    refusal = kernel.complete(server.check(context))
    if refusal is not None:
        code, text = refusal
        lines = [logs.Line(context.started_us, "stderr", line) for line in text.splitlines()]
        logs.append(box, kernel.key, container["name"], context.run, lines)
        note_exit(box, pod, container["name"], context.run, code, context.started_us)
    return ""


def _forget(box: Overlay, pod: Obj, name: str) -> None:
    """A new run begins with its image's files and an empty memory."""
    key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
    sandbox = box.get("Sandbox", key)
    if sandbox is None or sandbox["uid"] != pod["metadata"]["uid"]:
        return
    changed = dict(emptied(sandbox, name))
    if name in (sandbox.get("hung") or ()):
        changed["hung"] = [one for one in sandbox["hung"] if one != name]
    for part in ("roots", "memory", "processes", "exits", "pinned"):
        if name in sandbox[part]:
            changed[part] = {one: value for one, value in sandbox[part].items() if one != name}
    put_sandbox(box, pod, changed)


def new_record(context: Context) -> Obj:
    """The record of a process that has not begun."""
    return {
        "run": context.run,
        "argv": list(context.argv),
        "env": dict(context.env),
        "cwd": context.cwd,
        "hostname": context.hostname,
        "ip": context.ip,
        "node": context.node,
        "user": context.user,
        "groups": list(context.groups),
        "mayAdminister": context.may_administer,
        "startedUs": context.started_us,
        "wakeUs": context.started_us,
        "checkpoint": None,
        "journal": [],
        "services": [],
        "traps": [],
        "signal": "",
        "owed": False,
        "console": False,
    }


def context_of_record(pod: Obj, container: Obj, record: Obj) -> Context:
    """What a recorded process knows."""
    return Context(
        pod["metadata"]["namespace"],
        pod["metadata"]["name"],
        container["name"],
        container["image"],
        tuple(record["argv"]),
        record["env"],
        record["cwd"],
        record["hostname"],
        record["ip"],
        record["node"],
        record["startedUs"],
        record["run"],
        record["user"],
        tuple(record["groups"]),
        record["mayAdminister"],
    )


class Exit(NamedTuple):
    """How a process ended by itself."""

    code: int
    at_us: int
    message: str
    reason: str


def exit_of(box: Overlay, key: Key, container: str, run: int) -> Exit | None:
    """How this run of a container ended by itself, if it did."""
    sandbox = box.get("Sandbox", key)
    entry = sandbox["exits"].get(container) if sandbox is not None else None
    if entry is None or entry["run"] != run:
        return None
    return Exit(entry["code"], entry["atUs"], entry["message"], entry["reason"])


def end_process(box: Overlay, key: Key, container: str) -> None:
    """A container was stopped: its process and its memory are gone."""
    sandbox = box.get("Sandbox", key)
    if sandbox is None:
        return
    changed = dict(sandbox)
    for part in ("processes", "memory"):
        if container in sandbox[part]:
            changed[part] = {one: value for one, value in sandbox[part].items() if one != container}
    if changed != sandbox:
        changed["changes"] = sandbox["changes"] + 1
        box.put("Sandbox", key, changed)


def halt(box: Overlay, key: Key) -> None:
    """The machine lost power: every process of the Pod is gone."""
    sandbox = box.get("Sandbox", key)
    if sandbox is not None and (sandbox["processes"] or sandbox["memory"]):
        box.put("Sandbox", key, {**sandbox, "processes": {}, "memory": {}})


def removal(view: View, key: Key, runs: Iterable[tuple[str, int]]) -> Plan:
    """Remove everything that the runtime kept of a Pod, its containers' logs too."""
    box = Overlay(view)
    for name, run in runs:
        for number in (run - 1, run, run + 1):
            logs.drop(box, key, name, number)
    consoles.remove_of_pod(box, key)
    box.put("Sandbox", key, None)
    box.put(cpu_time.KIND, key, None)
    load = box.get("Load", key)
    if load is not None and is_of_program(load):
        box.put("Load", key, None)
    yield from box.flush()
    return Done()


def change_count(box: Overlay, key: Key) -> int:
    """How often something changed that a probe could notice."""
    sandbox = box.get("Sandbox", key)
    return sandbox["changes"] if sandbox is not None else 0


# Stopping.


class Behaviour(NamedTuple):
    """What a container's process does on SIGTERM: whether it ends, and with which code.

    `handles` says that it has a handler of its own, which is run.
    """

    heeds: bool
    exit_code: int
    takes_us: int = 0
    handles: bool = False


def stop_behaviour(box: Overlay, pod: Obj, container: Obj) -> Behaviour:
    """How a running container answers SIGTERM.

    A process with number 1 that has no handler never gets the signal: that
    is why `sleep` takes its whole grace period.
    """
    if is_hung(box, pod, container["name"]):
        return Behaviour(False, 143)
    key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
    sandbox = box.get("Sandbox", key)
    record = sandbox["processes"].get(container["name"]) if sandbox is not None else None
    if record is None:
        server = server_of(container)
        if server is None:
            return Behaviour(True, 0)
        return Behaviour(server.heeds_term, server.stop_code, server.stop_delay_us)
    server = server_in_place(container, record)
    if server is not None:
        return Behaviour(server.heeds_term, server.stop_code, server.stop_delay_us)
    if "TERM" in record["traps"]:
        return Behaviour(False, 143, handles=True)
    return Behaviour(False, 143)


def signal(box: Overlay, key: Key, container: str, at_us: int, name: str = "TERM") -> None:
    """Deliver a signal to a process that handles it, or wake one that waits for input (`INPUT`)."""
    sandbox = box.get("Sandbox", key)
    record = sandbox["processes"].get(container) if sandbox is not None else None
    if sandbox is None or record is None:
        return
    if name == INPUT and not record["journal"] and record["wakeUs"] == record["startedUs"]:
        # It has not begun, and finds what was typed when it first reads.
        return
    record = {**record, "signal": name, "wakeUs": at_us}
    changed = {
        **sandbox,
        "processes": {**sandbox["processes"], container: record},
        "starts": sandbox["starts"] + 1,
    }
    box.put("Sandbox", key, changed)


def note_term(box: Overlay, pod: Obj, container: str, at_us: int) -> None:
    """Let a server that takes its time to end know that it was told to, and when (`TERM_NOTE`)."""
    sandbox = sandbox_of(box, pod)
    known = {**(sandbox["memory"].get(container) or {}), TERM_NOTE: at_us}
    memory = {**sandbox["memory"], container: known}
    put_sandbox(box, pod, {**sandbox, "memory": memory, "changes": sandbox["changes"] + 1})


def termination_message(box: Overlay, pod: Obj, container: Obj, code: int) -> str:
    """What the container left at its terminationMessagePath, or the end of its log where it asks for that."""
    key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
    sandbox = box.get("Sandbox", key)
    name = container["name"]
    path = container.get("terminationMessagePath", "/dev/termination-log")
    content = (sandbox["roots"].get(name) or {}).get(path) if sandbox is not None else None
    if content:
        return (content if isinstance(content, str) else "".join(content))[:4096]
    if container.get("terminationMessagePolicy") == "FallbackToLogsOnError" and code:
        run = 0
        while logs.chunk_count(box, key, name, run + 1):
            run += 1
        lines = logs.stored_lines(box, key, name, run)[-80:]
        return "".join(line.whole for line in lines)[-2048:]
    return ""


# Running something in a container: probes and hooks.


class Outcome(NamedTuple):
    """What a command or request in a container came to. `is_doubtful`: good, with a warning in `output`."""

    ok: bool
    output: str = ""
    volatile: bool = False
    took_us: int = 0
    is_doubtful: bool = False

    @property
    def error(self) -> str:
        """What went wrong, or the empty string."""
        return "" if self.ok else self.output or "failed"


def run_in(
    box: Overlay, pod: Obj, container: Obj, argv: list[str], now_us: int, limit_us: int
) -> tuple[int, str, Kernel, int]:
    """Run a command in a container as if no time passed outside; its own sleeps are added up.

    The exit code (-1 where it took longer than the limit), what it printed, its
    kernel, and how long it took in microseconds.
    """
    run = current_run(pod, container["name"])
    context = context_of(box, pod, container, run, now_us)._replace(argv=tuple(argv))
    kernel = Kernel(box, pod, container, run, now_us, NETWORK)
    output = Buffer()
    program = shell_process.run_exec(context, argv, "", output, output)
    spent_us = 0
    value: Any = None
    while True:
        pause = kernel.proceed(program, value)
        if pause.code is not None:
            return pause.code, output.text(), kernel, spent_us
        spent_us += pause.sleep_us
        if spent_us > limit_us:
            return -1, output.text(), kernel, limit_us
        kernel.now_us = now_us + spent_us
        value = pause.value if pause.owed else kernel.now_us


def entered_run(view: View | Overlay, pod: Obj, container: str) -> int:
    """The number of the run that a command enters: one whose postStart hook goes on, or the current one."""
    run = run_in_hook(view, pod, container)
    return current_run(pod, container) if run is None else run


def probe_timeout_us(probe: Obj) -> int:
    """How long a probe waits for its answer."""
    return int(probe.get("timeoutSeconds") or 1) * SECOND_US


def _timed_out(command: list[str], timeout_us: int) -> str:
    return f"command timed out: {quoted(' '.join(command))} timed out after {timeout_us // SECOND_US}s"


def late_answer(container: Obj, probe: Obj, ip: str) -> Outcome:
    """What a probe finds whose answer takes longer than it waits."""
    timeout_us = probe_timeout_us(probe)
    if "exec" in probe:
        command = [str(word) for word in probe["exec"].get("command") or ()]
        return Outcome(False, _timed_out(command, timeout_us), True)
    if "httpGet" in probe:
        get = probe["httpGet"]
        path = get.get("path") or "/"
        place = f"{get.get('host') or ip}:{port_number(container, get.get('port'))}"
        slash = "" if path.startswith("/") else "/"
        url = f"{(get.get('scheme') or 'HTTP').lower()}://{place}{slash}{path}"
        return Outcome(False, f'Get "{url}": {_HUNG}', True)
    if "grpc" in probe:
        return Outcome(False, _grpc_late(f"{ip}:{probe['grpc']['port']}", timeout_us), True)
    asked = probe["tcpSocket"]
    place = f"{asked.get('host') or ip}:{port_number(container, asked.get('port'))}"
    return Outcome(False, f"dial tcp {place}: i/o timeout", True)


def _grpc_late(place: str, timeout_us: int) -> str:
    seconds = timeout_us // SECOND_US
    return f'timeout: failed to connect service "{place}" within {seconds}s: context deadline exceeded'


def answer_probe(box: Overlay, pod: Obj, container: Obj, probe: Obj, ip: str, now_us: int) -> Outcome:
    """Ask a probe's question. The output is upstream's text for a failure."""
    timeout_us = probe_timeout_us(probe)
    if "exec" in probe:
        command = [str(word) for word in probe["exec"].get("command") or ()]
        code, output, kernel, _ = run_in(box, pod, container, command, now_us, timeout_us)
        if code < 0:
            return Outcome(False, _timed_out(command, timeout_us), True)
        return Outcome(code == 0, output, kernel.volatile)
    if "httpGet" in probe:
        return _http_probe(box, pod, container, probe["httpGet"], ip, now_us, timeout_us)
    if "tcpSocket" in probe:
        port = port_number(container, probe["tcpSocket"].get("port"))
        return _dial(box, pod, probe["tcpSocket"].get("host") or ip, port, now_us)
    if "grpc" in probe:
        return _grpc_probe(box, pod, probe["grpc"], ip, now_us, timeout_us)
    return Outcome(False, "missing probe handler")


def quoted(text: str) -> str:
    """A text as Go's `%q` prints it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _dial(box: Overlay, pod: Obj, host: str, port: int, now_us: int) -> Outcome:
    answer = NETWORK.call(box, pod, Call(host, port, "tcp", None), now_us)
    return Outcome(True) if answer.ok else Outcome(False, f"dial tcp {host}:{port}: {answer.error}")


def _grpc_probe(box: Overlay, pod: Obj, asked: Obj, ip: str, now_us: int, timeout_us: int) -> Outcome:
    port = asked["port"]
    payload = {"service": asked.get("service") or ""}
    answer = NETWORK.call(box, pod, Call(ip, port, "grpc", payload, timeout_us, origin=PROBE), now_us)
    if answer.ok:
        status = answer.payload["status"]
        text = "service healthy" if status == "SERVING" else f'service unhealthy (responded with "{status}")'
        return Outcome(status == "SERVING", text, answer.volatile)
    if answer.error.startswith("rpc error"):
        return Outcome(False, f"error: health rpc probe failed: {answer.error}", answer.volatile)
    return Outcome(False, _grpc_late(f"{ip}:{port}", timeout_us))


_HUNG = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
"""What is said where a connection was taken and never answered."""


def _http_probe(
    box: Overlay, pod: Obj, container: Obj, get: Obj, ip: str, now_us: int, timeout_us: int
) -> Outcome:
    host = get.get("host") or ip
    port = port_number(container, get.get("port"))
    path = get.get("path") or "/"
    path = path if path.startswith("/") else f"/{path}"
    scheme = (get.get("scheme") or "HTTP").lower()
    headers = {"User-Agent": "kube-probe/1.36", "Accept": "*/*"}
    for header in get.get("httpHeaders") or ():
        headers[header["name"]] = header["value"]
    client = (pod.get("status") or {}).get("hostIP", "")
    for _ in range(_MOST_REDIRECTS):
        payload = {"method": "GET", "path": path, "host": f"{host}:{port}", "headers": headers, "body": ""}
        asked = Call(host, port, "http", payload, timeout_us, client, PROBE)
        answer = NETWORK.call(box, pod, asked, now_us)
        url = f"{scheme}://{host}:{port}{path}"
        if not answer.ok:
            why = _HUNG if answer.error == TIMEOUT else _dial_text(host, port, answer.error)
            return Outcome(False, f'Get "{url}": {why}')
        status = answer.payload["status"]
        target = _redirect_of(url, answer.payload) if status in _REDIRECTS else None
        if target is None:
            if 300 <= status < 400:
                text = f"Probe terminated redirects, Response body: {answer.payload['body']}"
                return Outcome(True, text, answer.volatile, is_doubtful=True)
            if 200 <= status < 300:
                return Outcome(True, answer.payload["body"], answer.volatile)
            return Outcome(False, f"HTTP probe failed with statuscode: {status}")
        port, path = target
    return Outcome(False, f'Get "{path}": stopped after {_MOST_REDIRECTS} redirects')


_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 10


def _redirect_of(url: str, payload: Obj) -> tuple[int, str] | None:
    """The port and path to which a probe is sent on; None where that is another host (`RedirectChecker`)."""
    location = next((text for name, text in payload["headers"].items() if name.lower() == "location"), "")
    before, after = urlsplit(url), urlsplit(urljoin(url, location))
    if not location or before.hostname != after.hostname:
        return None
    path, query = after.path or "/", f"?{after.query}" if after.query else ""
    return after.port or (443 if after.scheme == "https" else 80), f"{path}{query}"


def _dial_text(host: str, port: int, error: str) -> str:
    if error == "timeout":
        return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    return f"dial tcp {host}:{port}: {error}"


_LONGEST_HOOK_US = 3600 * SECOND_US


def run_hook(box: Overlay, pod: Obj, container: Obj, hook: Obj, now_us: int) -> Outcome:
    """Run a postStart or preStop hook."""
    if "sleep" in hook:
        return Outcome(True, took_us=hook["sleep"].get("seconds", 0) * SECOND_US)
    if "exec" in hook:
        command = [str(word) for word in hook["exec"].get("command") or ()]
        code, output, _, took_us = run_in(box, pod, container, command, now_us, _LONGEST_HOOK_US)
        if code == 0:
            return Outcome(True, output, took_us=took_us)
        name, key = container["name"], pod["metadata"]
        where = f"{key['name']}_{key['namespace']}({key['uid']})"
        text = (
            f'Exec lifecycle hook ([{" ".join(command)}]) for Container "{name}" in Pod "{where}" failed - '
            f"error: command '{' '.join(command)}' exited with {code}: {output}, message: {quoted(output)}"
        )
        return Outcome(False, text, took_us=took_us)
    if "httpGet" not in hook:
        return Outcome(False, "Cannot run handler: invalid handler")
    ip = (pod.get("status") or {}).get("podIP", "")
    found = _http_probe(box, pod, container, hook["httpGet"], ip, now_us, SECOND_US)
    if found.ok:
        return found
    name, key = container["name"], pod["metadata"]
    where = f"{key['name']}_{key['namespace']}({key['uid']})"
    path = hook["httpGet"].get("path") or "/"
    text = (
        f'HTTP lifecycle hook ({path}) for Container "{name}" in Pod "{where}" failed - error: {found.output}'
    )
    return Outcome(False, text)
