"""`kubectl drain`: cordon nodes and evict their Pods, heeding disruption budgets.

Models staging/src/k8s.io/kubectl/pkg/cmd/drain/drain.go and pkg/drain/{drain,filters}.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj, controller_of
from k8slab.clock import HOUR_US, SECOND_US, parse_timestamp
from k8slab.kubectl.command import FailuresError, KubectlError, Verb, fail, plain_message
from k8slab.kubectl.durations import duration_text
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import DRY_RUN, dry_run, print_named
from k8slab.kubectl.resources import CHUNK_SIZE, Info
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.verbs._nodes import selected_nodes, set_unschedulable

_RETRY_US = 5 * SECOND_US
_POLL_US = 1 * SECOND_US
_FOREVER_US = 7 * 24 * HOUR_US

_DAEMON_SET_FATAL = "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"
_DAEMON_SET_WARNING = "ignoring DaemonSet-managed Pods"
_STORAGE_FATAL = "Pods with local storage (use --delete-emptydir-data to override)"
_STORAGE_WARNING = "deleting Pods with local storage"
_UNMANAGED_FATAL = "Pods that declare no controller (use --force to override)"
_UNMANAGED_WARNING = "deleting Pods that declare no controller"


class _Verdict(NamedTuple):
    """What is to happen to a Pod, and what is said of it: a `warning`, an `error` or nothing."""

    goes: bool
    level: str = ""
    message: str = ""


_GOES = _Verdict(True)


def _run(session: Session) -> None:
    if session.flags["pod-selector"]:
        from k8slab.api.selectors import parse_selector

        try:
            parse_selector(session.flags["pod-selector"])
        except ValueError as error:
            raise fail("--pod-selector=<pod_selector> must be a valid label selector") from error
    infos = selected_nodes(session, "drain NODE")
    for info in infos:
        set_unschedulable(session, info, True)
    fatal: list[Exception] = []
    remaining = []
    for info in infos:
        try:
            _empty(session, info)
        except (FailuresError, ApiError, KubectlError) as error:
            session.warn(
                f'error: unable to drain node "{info.name}" due to error: {plain_message(error)}, '
                "continuing command...\n"
            )
            fatal.append(error)
            remaining.append(info.name)
        else:
            print_named(session, info.kind, info.name, "drained")
    if remaining:
        session.warn("There are pending nodes to be drained:\n")
        session.warn("".join(f" {name}\n" for name in remaining))
    session.failures.extend(fatal)


def _empty(session: Session, info: Info) -> None:
    pods = _pods_to_go(session, info.name)
    if dry_run(session) == "client":
        for pod in pods:
            session.write(f"evicting pod {_where(pod)} (dry run)\n")
        return
    if not pods:
        return
    try:
        if session.flags["disable-eviction"]:
            _delete(session, pods)
        else:
            _evict(session, pods)
    except FailuresError as error:
        pending = _pods_to_go(session, info.name, warn=False)
        if pending:
            session.warn(
                f'There are pending pods in node "{info.name}" when an error occurred: '
                f"{plain_message(error)}\n"
            )
            session.warn("".join(f"pod/{pod['metadata']['name']}\n" for pod in pending))
        raise


def _where(pod: Obj) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


# Which Pods go.


def _pods_to_go(session: Session, node: str, *, warn: bool = True) -> list[Obj]:
    """The node's Pods that are to be evicted. FailuresError where some may not be."""
    query = {"fieldSelector": f"spec.nodeName={node}"}
    if session.flags["pod-selector"]:
        query["labelSelector"] = session.flags["pod-selector"]
    pods = session.list(kinds()["Pod"], None, **query)
    goes: list[Obj] = []
    said: dict[str, dict[str, list[str]]] = {"warning": {}, "error": {}}
    for pod in pods:
        verdict = _verdict(session, pod)
        if verdict.goes:
            goes.append(pod)
        if verdict.level:
            said[verdict.level].setdefault(verdict.message, []).append(_where(pod))
    if said["error"]:
        raise FailuresError(
            [fail(f"cannot delete {what}: {', '.join(names)}") for what, names in said["error"].items()]
        )
    if said["warning"] and warn:
        texts = [f"{what}: {', '.join(names)}" for what, names in said["warning"].items()]
        session.warn(f"Warning: {'; '.join(texts)}\n")
    return goes


def _verdict(session: Session, pod: Obj) -> _Verdict:
    """What the filters say, one after another; the last one's word counts unless one holds the Pod back."""
    verdict = _GOES
    for judge in (_of_daemon_set, _of_local_storage, _of_controller):
        if _is_skipped(session, pod):
            return _Verdict(False)
        verdict = judge(session, pod)
        if not verdict.goes:
            return verdict
        if "kubernetes.io/config.mirror" in (pod["metadata"].get("annotations") or {}):
            return _Verdict(False)
    return verdict


def _is_skipped(session: Session, pod: Obj) -> bool:
    limit = session.flags["skip-wait-for-delete-timeout"]
    deleted = pod["metadata"].get("deletionTimestamp")
    if limit <= 0 or not deleted:
        return False
    return bool(session.client.now_us - parse_timestamp(deleted) > limit * SECOND_US)


def _is_finished(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _of_daemon_set(session: Session, pod: Obj) -> _Verdict:
    owner = controller_of(pod)
    if owner is None or (owner["kind"], owner["apiVersion"]) != ("DaemonSet", "apps/v1") or _is_finished(pod):
        return _GOES
    try:
        session.get(kinds()["DaemonSet"], pod["metadata"]["namespace"], owner["name"])
    except ApiError as error:
        if error.code == 404 and session.flags["force"]:
            return _Verdict(True, "warning", error.message)
        return _Verdict(False, "error", error.message)
    if session.flags["ignore-daemonsets"]:
        return _Verdict(False, "warning", _DAEMON_SET_WARNING)
    return _Verdict(False, "error", _DAEMON_SET_FATAL)


def _of_local_storage(session: Session, pod: Obj) -> _Verdict:
    has_storage = any("emptyDir" in volume for volume in pod["spec"].get("volumes") or ())
    if not has_storage or _is_finished(pod):
        return _GOES
    if session.flags["delete-emptydir-data"]:
        return _Verdict(True, "warning", _STORAGE_WARNING)
    return _Verdict(False, "error", _STORAGE_FATAL)


def _of_controller(session: Session, pod: Obj) -> _Verdict:
    if _is_finished(pod) or controller_of(pod) is not None:
        return _GOES
    if session.flags["force"]:
        return _Verdict(True, "warning", _UNMANAGED_WARNING)
    return _Verdict(False, "error", _UNMANAGED_FATAL)


# How they go.


def _evict(session: Session, pods: list[Obj]) -> None:
    """Evict Pods side by side: refused ones are tried again until the time is over. FailuresError at the end.

    Each Pod has a worker of its own upstream; the one that is started last runs first.
    """
    timeout_us = session.flags["timeout"] or _FOREVER_US
    deadline_us = session.client.now_us + timeout_us
    waiting = [*pods[-1:], *pods[:-1]]
    errors: list[Exception] = []
    going: list[Obj] = []
    ending = " (server dry run)" if dry_run(session) == "server" else ""
    while waiting:
        refused: list[Obj] = []
        for pod in waiting:
            name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
            what = f'error when evicting pods/"{name}" -n "{namespace}"'
            session.write(f"evicting pod {_where(pod)}{ending}\n")
            if session.client.now_us >= deadline_us:
                errors.append(fail(f"{what}: global timeout reached: {duration_text(timeout_us)}"))
                continue
            try:
                _evict_one(session, pod)
            except ApiError as error:
                sequel = _sequel(pod, error)
                if sequel.again:
                    session.warn(f"{sequel.text} (will retry after 5s): {error.message}\n")
                    refused.append(pod)
                elif sequel.text:
                    errors.append(fail(f"{sequel.text}: {error.message}"))
                if not sequel.goes:
                    continue
            going.append(pod)
        if going and not ending:
            going = _report_gone(session, going)
        waiting = refused
        if waiting:
            session.client.run_until(lambda: False, _RETRY_US)
            waiting = [_fresh(session, pod) for pod in waiting]
    if not ending:
        _wait(session, going, max(deadline_us - session.client.now_us, 0), errors)
    if errors:
        raise FailuresError(errors)


class _Sequel(NamedTuple):
    """What follows on a refused eviction: it is tried again, it goes by itself, or there is an error."""

    text: str = ""
    again: bool = False
    goes: bool = False


def _sequel(pod: Obj, error: ApiError) -> _Sequel:
    """In a namespace that ends nothing can be evicted; what is not going there yet will be soon."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    what = f'error when evicting pods/"{name}" -n "{namespace}"'
    if error.code == 404:
        return _Sequel()
    if error.code == 429:
        return _Sequel(what, again=True)
    if not any(cause.reason == "NamespaceTerminating" for cause in error.causes):
        return _Sequel(what)
    if pod["metadata"].get("deletionTimestamp"):
        return _Sequel(goes=True)
    return _Sequel(f'error when evicting pod "{name}" from terminating namespace "{namespace}"', again=True)


def _fresh(session: Session, pod: Obj) -> Obj:
    """The Pod as it is now; the one that is known where that can't be told."""
    try:
        return session.get(kinds()["Pod"], pod["metadata"]["namespace"], pod["metadata"]["name"])
    except ApiError:
        return pod


def _evict_one(session: Session, pod: Obj) -> None:
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    options: Obj = {}
    if session.flags["grace-period"] >= 0:
        options["gracePeriodSeconds"] = session.flags["grace-period"]
    if dry_run(session) == "server":
        options["dryRun"] = ["All"]
    body: Obj = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
        "deleteOptions": options,
    }
    session.request("POST", path_of(kinds()["Pod"], namespace, name, "eviction"), body=body)


def _delete(session: Session, pods: list[Obj]) -> None:
    """`--disable-eviction`: delete the Pods without asking the budgets."""
    options: Obj = {}
    if session.flags["grace-period"] >= 0:
        options["gracePeriodSeconds"] = session.flags["grace-period"]
    for pod in pods:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        session.write(f"deleting pod {_where(pod)}\n")
        try:
            session.request("DELETE", path_of(kinds()["Pod"], namespace, name), body=options)
        except ApiError as error:
            if error.code != 404:
                raise FailuresError([error]) from error
    errors: list[Exception] = []
    _wait(session, pods, session.flags["timeout"] or _FOREVER_US, errors, word="deleted")
    if errors:
        raise FailuresError(errors)


def _report_gone(session: Session, pods: list[Obj], word: str = "evicted") -> list[Obj]:
    """Say which Pods are gone; those that are still there come back."""
    left = []
    for pod in pods:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        try:
            present = session.get(kinds()["Pod"], namespace, name)
        except ApiError as error:
            if error.code != 404:
                raise
            present = {"metadata": {"uid": ""}}
        if present["metadata"]["uid"] != pod["metadata"]["uid"]:
            session.write(f"pod/{name} {word}\n")
        elif not _is_skipped(session, present):
            left.append(pod)
    return left


def _wait(
    session: Session, pods: list[Obj], timeout_us: int, errors: list[Exception], word: str = "evicted"
) -> None:
    """Let time pass, a second at a time, until all of these Pods are gone."""
    left = list(pods)
    end_us = session.client.now_us + timeout_us
    while left:
        left = _report_gone(session, left, word)
        if not left or session.client.now_us >= end_us:
            break
        session.client.run_until(lambda: False, min(_POLL_US, end_us - session.client.now_us))
    for pod in left:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        errors.append(
            fail(
                f'error when waiting for pod "{name}" in namespace "{namespace}" to terminate: '
                f"global timeout reached: {duration_text(session.flags['timeout'])}"
            )
        )


VERB = Verb(
    "drain",
    _run,
    (
        DRY_RUN,
        Flag("selector", "l"),
        Flag("pod-selector"),
        Flag("force", type="bool"),
        Flag("ignore-daemonsets", type="bool"),
        Flag("delete-emptydir-data", type="bool"),
        Flag("grace-period", type="int", default=-1),
        Flag("timeout", type="duration"),
        Flag("disable-eviction", type="bool"),
        Flag("skip-wait-for-delete-timeout", type="int"),
        CHUNK_SIZE,
    ),
    summary="Drain node in preparation for maintenance",
)
