"""`kubectl logs`: what a container wrote; `-f` follows it as lab time passes.

Following ends when the container ends, after `--request-timeout` of lab time, or when
the cluster has settled.

Models staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.kubectl.command import KubectlError, Verb, fail, usage_fail
from k8slab.kubectl.flags import Flag, duration
from k8slab.kubectl.resources import full_name
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.verbs._attachable import default_container, pods_of, split

_USAGE = (
    "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
    "POD or TYPE/NAME is a required argument for the logs command\n"
    "See 'kubectl logs -h' for help and examples\n"
)
_QUIET_US = 30 * SECOND_US


def _run(session: Session) -> None:
    flags = session.flags
    arguments = session.arguments
    if len(arguments) > 2 or (not arguments and not flags["selector"]):
        raise KubectlError(_USAGE)
    if flags["selector"] and len(arguments) == 1:
        raise usage_fail("logs", "only a selector (-l) or a POD name is allowed")
    if flags["selector"] and arguments:
        raise fail("selectors and the all flag cannot be used when passing resource/name arguments")
    if flags["all-pods"]:
        flags["prefix"] = True
    if flags["pod-running-timeout"] <= 0:
        raise fail("--pod-running-timeout must be higher than zero")
    if len(arguments) == 2 and not flags["container"]:
        flags["container"] = arguments[1]
    since_time = _since_time(session)
    pods = _pods(session, arguments[0] if arguments else "")
    _check(session)
    chosen = [(pod, container) for pod in pods for container in _containers(session, pod)]
    if flags["follow"] and len(chosen) > max(flags["max-log-requests"], 1):
        raise fail(
            f"you are attempting to follow {len(chosen)} log streams, but maximum allowed concurrency is "
            f"{flags['max-log-requests']}, use --max-log-requests to increase the limit"
        )
    for pod, container in chosen:
        try:
            _print_log(session, pod, container, since_time)
        except ApiError as error:
            if not flags["ignore-errors"]:
                raise
            session.write(f"error: {error.message}\n")


def _since_time(session: Session) -> str:
    """The instant of `--since-time`. KubectlError in Go's words for a text that is none."""
    text: str = session.flags["since-time"]
    if text:
        try:
            parse_timestamp(text)
        except ValueError as error:
            raise fail(
                f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"'
            ) from error
    return text


def _check(session: Session) -> None:
    """Refuse flags that do not go together, in the order in which kubectl looks at them."""
    flags = session.flags
    if flags["since-time"] and flags["since"]:
        raise fail("at most one of `sinceTime` or `sinceSeconds` may be specified")
    if flags["all-containers"] and flags["container"]:
        raise fail(f"--all-containers=true should not be specified with container name {flags['container']}")
    if "container" in session.given and len(session.arguments) == 2:
        raise fail("only one of -c or an inline [CONTAINER] arg is allowed")
    if flags["limit-bytes"] < 0:
        raise fail("--limit-bytes must be greater than 0")
    if flags["since"] < 0:
        raise fail("--since must be greater than 0")
    if flags["tail"] < -1:
        raise fail("--tail must be greater than or equal to -1")


def _pods(session: Session, reference: str) -> list[Obj]:
    if not reference:
        found = session.list(kinds()["Pod"], session.namespace, labelSelector=session.flags["selector"])
        if not found:
            session.warn(f"No resources found in {session.namespace} namespace.\n")
        return found
    kind, name = split(session, reference)
    try:
        obj = session.find(kind, session.namespace, name)
    except ApiError as error:
        if error.code != 404:
            raise
        text = f'{error.message} in namespace "{session.namespace}"'
        raise KubectlError(f"error: error from server (NotFound): {text}\n") from error
    if kind.kind == "Pod":
        return [obj]
    try:
        pods = pods_of(session, kind, obj, for_logs=True)
    except KubectlError as error:
        text = error.text.replace("error: cannot attach to", "error: cannot get the logs from")
        raise KubectlError(text) from error
    if not pods:
        raise KubectlError("error: timed out waiting for the condition\n")
    if session.flags["all-pods"]:
        return pods
    if len(pods) > 1:
        session.warn(
            f"Found {len(pods)} pods, using {full_name(kinds()['Pod'], pods[0]['metadata']['name'])}\n"
        )
    return pods[:1]


def _containers(session: Session, pod: Obj) -> list[str]:
    flags = session.flags
    if flags["all-containers"]:
        spec = pod["spec"]
        inits, ephemeral = spec.get("initContainers") or (), spec.get("ephemeralContainers") or ()
        return [one["name"] for one in (*inits, *spec["containers"], *ephemeral)]
    return [default_container(session, pod, flags["container"], quiet=flags["all-pods"])]


def _query(session: Session, container: str, since_time: str) -> dict[str, str]:
    flags = session.flags
    query = {"container": container}
    if flags["previous"]:
        query["previous"] = "true"
    if flags["timestamps"]:
        query["timestamps"] = "true"
    tail = flags["tail"]
    if tail < 0 and flags["selector"]:
        tail = 10
    if tail >= 0:
        query["tailLines"] = str(tail)
    if flags["since"]:
        query["sinceSeconds"] = str(max(flags["since"] // SECOND_US, 1))
    if since_time:
        query["sinceTime"] = since_time
    if flags["limit-bytes"]:
        query["limitBytes"] = str(flags["limit-bytes"])
    return query


def _print_log(session: Session, pod: Obj, container: str, since_time: str) -> None:
    name = pod["metadata"]["name"]
    path = path_of(kinds()["Pod"], session.namespace, name, "log")
    text: str = session.request("GET", path, query=_query(session, container, since_time)).body
    prefix = f"[pod/{name}/{container}] " if session.flags["prefix"] else ""
    _write(session, text, prefix)
    if session.flags["follow"]:
        _follow(session, path, container, text, prefix)


def _write(session: Session, text: str, prefix: str) -> None:
    if not prefix:
        session.write(text)
        return
    session.write("".join(f"{prefix}{line}" for line in text.splitlines(keepends=True)))


def _follow(session: Session, path: str, container: str, first: str, prefix: str) -> None:
    """Print what is added to the log, event by event."""
    query = {"container": container}
    whole: str = session.request("GET", path, query=query).body
    seen = len(whole)

    def look() -> bool:
        nonlocal seen
        try:
            text: str = session.request("GET", path, query=query).body
        except ApiError as error:
            return error.code == 404
        if len(text) > seen:
            _write(session, text[seen:], prefix)
            seen = len(text)
        return _has_ended(session, path, container)

    timeout = session.flags["request-timeout"]
    if timeout not in ("", "0"):
        session.client.run_until(look, duration(timeout if not timeout.isdigit() else f"{timeout}s"))
    else:
        session.client.run_until_settled(look, _QUIET_US)


def _has_ended(session: Session, path: str, container: str) -> bool:
    pod = session.request("GET", path.removesuffix("/log")).body
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if status["name"] == container:
            return "terminated" in (status.get("state") or {})
    return False


VERB = Verb(
    "logs",
    _run,
    (
        Flag("follow", "f", "bool"),
        Flag("previous", "p", "bool"),
        Flag("container", "c"),
        Flag("all-containers", type="bool"),
        Flag("all-pods", type="bool"),
        Flag("selector", "l"),
        Flag("since", type="duration"),
        Flag("since-time"),
        Flag("tail", type="int", default=-1),
        Flag("timestamps", type="bool"),
        Flag("limit-bytes", type="int"),
        Flag("prefix", type="bool"),
        Flag("ignore-errors", type="bool"),
        Flag("insecure-skip-tls-verify-backend", type="bool", idle="kubelets are reached without TLS"),
        Flag("max-log-requests", type="int", default=5),
        Flag("pod-running-timeout", type="duration", default=20 * SECOND_US),
    ),
    aliases=("log",),
    summary="Print the logs for a container in a pod or specified resource.",
)
