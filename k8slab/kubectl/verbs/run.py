"""`kubectl run`: a Pod of one image; with `-i` or `--attach` what it prints is shown until it ends.

Models staging/src/k8s.io/kubectl/pkg/cmd/run/run.go and generate/versioned/run.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj, condition_is
from k8slab.clock import SECOND_US
from k8slab.kubectl.command import KubectlError, Verb, fail, usage_fail
from k8slab.kubectl.flags import Flag, duration
from k8slab.kubectl.last_applied import SAVE_CONFIG
from k8slab.kubectl.printing import DRY_RUN, FIELD_MANAGER, OUTPUT_FLAGS, check_output, dry_run, print_done
from k8slab.kubectl.recording import RECORD, recorded
from k8slab.kubectl.resources import FILENAME, KUSTOMIZE, RECURSIVE, Info
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.verbs._deleting import delete_one
from k8slab.kubectl.verbs._overrides import OVERRIDE_FLAGS, overridden
from k8slab.kubectl.verbs._posting import posted
from k8slab.kubectl.verbs.attach import ATTACHED_NOTES, DETACH_KEYS, runs_ended
from k8slab.kubectl.verbs.expose import parse_labels

_COMPONENT = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:(?:{_COMPONENT}(?:\.{_COMPONENT})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?{_PATH}(?:/{_PATH})*"
    r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
_POLICIES = ("Always", "OnFailure", "Never")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never", "")


def is_image(text: str) -> bool:
    """Whether a text can name an image."""
    return _IMAGE.fullmatch(text) is not None


def _run(session: Session) -> None:
    check_output(session)
    flags = session.flags
    if not session.arguments or session.dash == 0:
        raise usage_fail("run", "NAME is required for run")
    attached = _checked(session)
    pod = recorded(session, overridden(session, _pod(session)))
    pod = posted(session, pod, "kubectl-run")
    created = [pod]
    if flags["expose"]:
        service = posted(session, _service(session), "kubectl-run")
        print_done(session, service, "created")
        if flags["output"] == "yaml":
            session.write("---\n")
        created.append(service)
    if not attached:
        print_done(session, pod, "created")
        return
    try:
        _attach(session, pod)
    finally:
        if flags["rm"]:
            for obj in created:
                _remove(session, obj)


def _checked(session: Session) -> bool:
    """Refuse flags that don't go together. Whether the command stays with the Pod."""
    flags = session.flags
    if not flags["image"]:
        raise fail("--image is required")
    if not is_image(flags["image"]):
        raise fail(f'Invalid image name "{flags["image"]}": invalid reference format')
    if flags["tty"] and not flags["stdin"]:
        raise usage_fail("run", "-i/--stdin is required for containers with -t/--tty=true")
    if flags["expose"] and not flags["port"]:
        raise usage_fail("run", "--port must be set when exposing a service")
    if flags["restart"] and flags["restart"] not in _POLICIES:
        raise usage_fail("run", f"invalid restart policy: {flags['restart']}")
    attached: bool = flags["attach"] or ("attach" not in session.given and flags["stdin"])
    if flags["rm"] and not attached:
        raise usage_fail("run", "--rm should only be used for attached containers")
    if attached and dry_run(session):
        raise usage_fail(
            "run",
            "--dry-run=[server|client] can't be used with attached containers options "
            "(--attach, --stdin, or --tty)",
        )
    if flags["image-pull-policy"] not in _PULL_POLICIES:
        raise usage_fail("run", f"invalid image pull policy: {flags['image-pull-policy']}")
    return attached


def _restart_policy(session: Session) -> str:
    policy: str = session.flags["restart"]
    return policy or ("OnFailure" if session.flags["stdin"] else "Always")


def _pod(session: Session) -> Obj:
    flags = session.flags
    name, *arguments = session.arguments
    container: Obj = {"name": name, "image": flags["image"]}
    if arguments:
        container["command" if flags["command"] else "args"] = arguments
    variables = [_variable(text) for text in flags["env"]]
    if variables:
        container["env"] = variables
    if flags["image-pull-policy"]:
        container["imagePullPolicy"] = flags["image-pull-policy"]
    if flags["port"]:
        if not flags["port"].isdigit():
            raise fail(f'strconv.Atoi: parsing "{flags["port"]}": invalid syntax')
        container["ports"] = [{"containerPort": int(flags["port"])}]
    if flags["stdin"]:
        container["stdin"] = True
        if not flags["leave-stdin-open"]:
            container["stdinOnce"] = True
    if flags["tty"]:
        container["tty"] = True
    if flags["privileged"]:
        container["securityContext"] = {"privileged": True}
    labels = parse_labels(flags["labels"]) if flags["labels"] else {"run": name}
    metadata: Obj = {"name": name, "labels": labels}
    annotations = dict(_pair(text) for text in flags["annotations"])
    if annotations:
        metadata["annotations"] = annotations
    spec = {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": _restart_policy(session)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise fail(f"invalid annotations format: {text}")
    return name, value


def _variable(text: str) -> Obj:
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[-._a-zA-Z][-._a-zA-Z0-9]*", name):
        raise fail(f"invalid env: {text}")
    return {"name": name, "value": value} if value else {"name": name}


def _service(session: Session) -> Obj:
    """The Service of `--expose`, which chooses by the Pod's labels."""
    flags = session.flags
    name = session.arguments[0]
    port = int(flags["port"])
    labels = parse_labels(flags["labels"]) if flags["labels"] else None
    metadata: Obj = {"name": name, **({"labels": labels} if labels else {})}
    spec = {
        "selector": labels or {"run": name},
        "ports": [{"protocol": "TCP", "port": port, "targetPort": port}],
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _remove(session: Session, obj: Obj) -> None:
    metadata = obj["metadata"]
    info = Info(kinds()[obj["kind"]], metadata["namespace"], metadata["name"])
    quiet = session.flags["quiet"]
    delete_one(session, info, {"propagationPolicy": "Background"}, ignore_not_found=True, quiet=quiet)


# Staying with the Pod.


def _attach(session: Session, pod: Obj) -> None:
    """Wait for the Pod, give its container the input, and show what it prints until it ends."""
    kind = kinds()["Pod"]
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    latest: list[Obj] = [pod]

    def phase() -> str:
        latest[0] = session.get(kind, namespace, name)
        found: str = (latest[0].get("status") or {}).get("phase", "")
        return found

    def started() -> bool:
        return phase() in ("Succeeded", "Failed") or condition_is(latest[0], "Ready")

    if not session.client.run_until(started, session.flags["pod-running-timeout"]):
        raise fail("timed out waiting for the condition")
    if phase() == "Running" and not session.flags["quiet"]:
        session.warn(ATTACHED_NOTES)
    restart = _restart_policy(session)
    printed = _reader(session, namespace, name)
    if session.stdin and session.flags["stdin"] and phase() == "Running":
        ends = not session.flags["leave-stdin-open"]
        session.client.type_in(namespace, name, session.arguments[0], session.stdin, ends=ends)

    def look() -> bool:
        session.write(printed())
        if restart == "Always":
            phase()
            return runs_ended(latest[0], session.arguments[0]) > 0
        return phase() in (("Succeeded",) if restart == "OnFailure" else ("Succeeded", "Failed"))

    if restart == "Always":
        if not look():
            session.client.run_until_settled(look, 30 * SECOND_US, stops=True)
        return
    _stay(session, look)
    if not look() and session.flags["stdin"] and session.flags["tty"]:
        session.client.interrupt(namespace, name, session.arguments[0])
        if not session.client.run_until(look, _LEAVING_US):
            session.client.type_in(namespace, name, session.arguments[0], "", ends=True)
            session.client.run_until(look, _LEAVING_US)
    if restart == "Never":
        _give_exit_code(session, latest[0])


_LEAVING_US = 10 * SECOND_US
"""How long a container may take to end after ^C, or after ^D."""


def _stay(session: Session, look: Callable[[], bool]) -> None:
    """Stay until the container ends; or, as nobody can press ^C here, until all else has settled."""
    timeout = session.flags["request-timeout"]
    if look():
        return
    if timeout not in ("", "0"):
        session.client.run_until(look, duration(timeout if not timeout.isdigit() else f"{timeout}s"))
    else:
        session.client.run_until_settled(look, session.flags["pod-running-timeout"], stops=True)


def _reader(session: Session, namespace: str, name: str) -> Callable[[], str]:
    """A function that gives what the container has printed since it was asked last."""
    container, path = session.arguments[0], path_of(kinds()["Pod"], namespace, name, "log")
    seen = 0

    def printed() -> str:
        nonlocal seen
        shown = session.client.shown(namespace, name, container, seen)
        if shown is not None:
            text, seen = shown
            return text
        try:
            whole: str = session.request("GET", path).body
        except ApiError:
            return ""
        text, seen = whole[seen:], max(seen, len(whole))
        return text

    return printed


def _give_exit_code(session: Session, pod: Obj) -> None:
    """End as the Pod's container ended."""
    status = pod.get("status") or {}
    if status.get("phase") != "Failed":
        return
    where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    containers = status.get("containerStatuses") or [{}]
    ended = (containers[0].get("state") or {}).get("terminated")
    if not ended or not ended.get("exitCode"):
        raise fail(f"pod {where} failed with unknown exit code")
    reason, message = ended.get("reason", ""), ended.get("message", "")
    raise KubectlError(f"pod {where} terminated ({reason})\n{message}\n", ended["exitCode"])


VERB = Verb(
    "run",
    _run,
    (
        *OUTPUT_FLAGS,
        KUSTOMIZE,
        RECURSIVE,
        DRY_RUN,
        FIELD_MANAGER,
        SAVE_CONFIG,
        Flag("image"),
        Flag("image-pull-policy"),
        Flag("annotations", type="array"),
        Flag("env", type="array"),
        Flag("labels", "l"),
        Flag("port"),
        Flag("expose", type="bool"),
        Flag("restart", default="Always"),
        Flag("command", type="bool"),
        Flag("stdin", "i", "bool"),
        Flag("tty", "t", "bool"),
        Flag("attach", type="bool"),
        Flag("leave-stdin-open", type="bool"),
        Flag("rm", type="bool"),
        Flag("quiet", "q", "bool"),
        Flag("privileged", type="bool"),
        *OVERRIDE_FLAGS,
        Flag("pod-running-timeout", type="duration", default=60 * SECOND_US),
        DETACH_KEYS,
        FILENAME._replace(idle="what is made is named by the command"),
        RECORD,
        Flag("force", type="bool"),
        Flag("wait", type="bool"),
        Flag("timeout", type="duration"),
        Flag("grace-period", type="int", default=-1),
        Flag("cascade", default="background", bare="background"),
    ),
    summary="Run a particular image on the cluster",
    required=("image",),
)
