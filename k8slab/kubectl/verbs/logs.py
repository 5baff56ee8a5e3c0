"""`kubectl logs`: what a container wrote; `-f` follows it as lab time passes.

Following ends when the container ends, after `--request-timeout` of lab time, or when
the cluster has settled.

Models staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.kubectl.command import KubectlError, Verb
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
    arguments = session.arguments
    selector = session.flags["selector"]
    if not arguments and not selector:
        raise KubectlError(_USAGE)
    if len(arguments) > 2:
        raise KubectlError(_USAGE)
    if selector and arguments:
        raise KubectlError("error: only a selector (-l) or a POD name is allowed\n")
    if len(arguments) == 2 and not session.flags["container"]:
        session.flags["container"] = arguments[1]
    pods = _pods(session, arguments[0] if arguments else "")
    for pod in pods:
        for container in _containers(session, pod):
            _print_log(session, pod, container)


def _pods(session: Session, reference: str) -> list[Obj]:
    if not reference:
        found = session.list(kinds()["Pod"], session.namespace, labelSelector=session.flags["selector"])
        if not found:
            session.warn(f"No resources found in {session.namespace} namespace.\n")
        return found
    kind, name = split(reference)
    try:
        obj = session.get(kind, session.namespace, name)
    except ApiError as error:
        if error.code != 404:
            raise
        group = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
        raise KubectlError(
            f'error: error from server (NotFound): {group} "{name}" not found in namespace '
            f'"{session.namespace}"\n'
        ) from error
    if kind.kind == "Pod":
        return [obj]
    try:
        pods = pods_of(session, kind, obj)
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
    if session.flags["all-containers"]:
        spec = pod["spec"]
        return [one["name"] for one in (*(spec.get("initContainers") or ()), *spec["containers"])]
    return [default_container(session, pod, session.flags["container"])]


def _query(session: Session, container: str) -> dict[str, str]:
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
    if flags["since-time"]:
        query["sinceTime"] = flags["since-time"]
    if flags["limit-bytes"]:
        query["limitBytes"] = str(flags["limit-bytes"])
    return query


def _print_log(session: Session, pod: Obj, container: str) -> None:
    name = pod["metadata"]["name"]
    path = path_of(kinds()["Pod"], session.namespace, name, "log")
    text: str = session.request("GET", path, query=_query(session, container)).body
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
        Flag("max-log-requests", type="int", default=5),
        Flag("pod-running-timeout", type="duration", default=20 * SECOND_US),
    ),
    aliases=("log",),
    summary="Print the logs for a container in a pod or specified resource.",
)
