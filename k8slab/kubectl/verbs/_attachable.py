"""Which Pod a command means by `POD`, `TYPE/NAME` or a workload: what logs and exec share.

Models staging/src/k8s.io/kubectl/pkg/polymorphichelpers/{attachablepodforobject,helpers}.go and
pkg/util/podutils/podutils.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj
from k8slab.api.selectors import format_selector, from_label_selector, from_labels
from k8slab.kubectl.command import KubectlError, fail
from k8slab.kubectl.resources import kind_named, type_and_name
from k8slab.kubectl.session import Session

_PLAIN_SELECTORS = ("ReplicationController", "Service")
_SELECTING = ("DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet", *_PLAIN_SELECTORS)


def split(session: Session, reference: str) -> tuple[Kind, str]:
    """The kind and name of `POD` or `TYPE/NAME`."""
    if not reference:
        raise fail("resource name may not be empty")
    if "/" not in reference:
        return kinds()["Pod"], reference
    resource, name = type_and_name(reference)
    return kind_named(resource, session), name


def selector_text(kind: Kind, obj: Obj) -> str:
    """The label selector by which a workload's Pods are found. KubectlError for a kind without one."""
    if kind.kind not in _SELECTING:
        raise KubectlError(
            f"error: cannot attach to *{kind.version}.{kind.kind}: selector for "
            f"*{kind.version}.{kind.kind} not implemented\n"
        )
    selector = obj["spec"].get("selector")
    if kind.kind in _PLAIN_SELECTORS:
        return format_selector(from_labels(selector))
    return format_selector(from_label_selector(selector))


def pods_of(session: Session, kind: Kind, obj: Obj, *, for_logs: bool = False) -> list[Obj]:
    """The Pods of a workload, the best one to attach to first: running, ready for longest, seldom restarted.

    `for_logs` prefers those that were restarted more often, for they have more to tell.
    """
    selector = selector_text(kind, obj)
    pods = session.list(kinds()["Pod"], session.namespace, labelSelector=selector)
    return sorted(pods, key=lambda pod: _rank(pod, for_logs=for_logs))


_PHASES = {"Running": 0, "Unknown": 1, "Pending": 2}


def _rank(pod: Obj, *, for_logs: bool) -> tuple[Any, ...]:
    metadata, status = pod["metadata"], pod.get("status") or {}
    ready = [
        one for one in status.get("conditions") or () if (one["type"], one["status"]) == ("Ready", "True")
    ]
    restarts = _restarts(pod)
    return (
        not pod["spec"].get("nodeName"),
        _PHASES.get(status.get("phase", ""), 0 if for_logs else 2),
        not ready,
        not for_logs and bool(metadata.get("deletionTimestamp")),
        ready[0].get("lastTransitionTime") or "" if ready else "",
        tuple(-count for count in restarts) if for_logs else restarts,
        metadata["creationTimestamp"],
    )


def _restarts(pod: Obj) -> tuple[int, int]:
    """The most restarts of a container, and of a sidecar."""
    status = pod.get("status") or {}
    sidecars = [one["name"] for one in pod["spec"].get("initContainers") or () if one.get("restartPolicy")]
    regular = [one.get("restartCount", 0) for one in status.get("containerStatuses") or ()]
    beside = [
        one.get("restartCount", 0)
        for one in status.get("initContainerStatuses") or ()
        if one["name"] in sidecars
    ]
    return max(regular, default=0), max(beside, default=0)


def pod_for(session: Session, reference: str, timeout_us: int) -> Obj:
    """The Pod that a reference means; for a workload it is waited for. KubectlError where none comes."""
    kind, name = split(session, reference)
    obj = session.find(kind, session.namespace, name)
    if kind.kind == "Pod":
        return obj
    found: list[Obj] = []

    def look() -> bool:
        found[:] = pods_of(session, kind, obj)
        return bool(found)

    if not session.client.run_until(look, timeout_us):
        raise KubectlError("error: timed out waiting for the condition\n")
    return found[0]


def every_container(pod: Obj) -> list[Obj]:
    """Every container of a Pod, in the order in which kubectl lists them."""
    spec = pod["spec"]
    return [
        *spec["containers"],
        *(spec.get("ephemeralContainers") or ()),
        *(spec.get("initContainers") or ()),
    ]


def container_names(pod: Obj) -> list[str]:
    """The names of a Pod's containers, in the order in which kubectl lists them."""
    return [one["name"] for one in every_container(pod)]


def listed_containers(pod: Obj) -> str:
    """The containers of a Pod in words: `first, second, setup (init)`."""
    spec = pod["spec"]
    names = [one["name"] for one in spec["containers"]]
    names += [f"{one['name']} (ephem)" for one in spec.get("ephemeralContainers") or ()]
    names += [f"{one['name']} (init)" for one in spec.get("initContainers") or ()]
    return ", ".join(names)


def defaulted_notice(pod: Obj) -> str:
    """What is said of the container that is taken; empty where no other could be, or one is marked."""
    names, annotations = container_names(pod), pod["metadata"].get("annotations") or {}
    if len(names) < 2 or annotations.get("kubectl.kubernetes.io/default-container"):
        return ""
    return f'Defaulted container "{names[0]}" out of: {listed_containers(pod)}\n'


def default_container(session: Session, pod: Obj, asked: str, *, quiet: bool = False) -> str:
    """The container that a command means; where several could be meant, kubectl says which it took.

    KubectlError where the Pod has none of that name.
    """
    annotations = pod["metadata"].get("annotations") or {}
    wanted: str = asked or annotations.get("kubectl.kubernetes.io/default-container", "")
    names = container_names(pod)
    if not wanted:
        if not quiet:
            session.warn(defaulted_notice(pod))
        return names[0]
    if wanted not in names:
        name = pod["metadata"]["name"]
        raise KubectlError(
            f"error: container {wanted} is not valid for pod {name} out of: {listed_containers(pod)}\n"
        )
    return wanted
