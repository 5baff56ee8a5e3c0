"""`kubectl cluster-info`: where the control plane and the cluster's services are.

Models staging/src/k8s.io/kubectl/pkg/cmd/clusterinfo/{clusterinfo,clusterinfo_dump}.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.kubeconfig import SERVER
from k8slab.kubectl.output.json import without_managed_fields
from k8slab.kubectl.printing import OUTPUT_FLAGS, print_objects, print_ordered, typed
from k8slab.kubectl.session import GENERIC_REASONS, Session, path_of

_GREEN, _YELLOW, _PLAIN = "\x1b[0;32m", "\x1b[0;33m", "\x1b[0m"


def _run(session: Session) -> None:
    session.write(f"Kubernetes control plane is running at {SERVER}\n")
    query = {"labelSelector": "kubernetes.io/cluster-service=true"}
    for service in session.list(kinds()["Service"], "kube-system", **query):
        metadata = service["metadata"]
        labels = metadata.get("labels") or {}
        name = labels.get("kubernetes.io/name") or metadata["name"]
        ports = service["spec"].get("ports") or [{}]
        port = f":{ports[0]['name']}" if ports[0].get("name") else ""
        link = f"{SERVER}/api/v1/namespaces/kube-system/services/{metadata['name']}{port}/proxy"
        session.write(f"{name} is running at {link}\n")
    session.write("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n")


_DUMPED = (
    "Event",
    "ReplicationController",
    "Service",
    "DaemonSet",
    "Deployment",
    "ReplicaSet",
    "Pod",
)
"""What is dumped of each namespace, in this order."""


def _dump(session: Session) -> None:
    flags = session.flags
    if flags["output-directory"] not in ("", "-"):
        raise fail("--output-directory is not simulated: no files are written in process; print the dump")
    _print_list(session, kinds()["Node"], "")
    for namespace in _namespaces(session):
        for name in _DUMPED:
            body = _print_list(session, kinds()[name], namespace)
        for pod in body["items"]:
            _print_logs(session, pod)


def _namespaces(session: Session) -> list[str]:
    if session.flags["all-namespaces"]:
        return [one["metadata"]["name"] for one in session.list(kinds()["Namespace"], None)]
    return session.flags["namespaces"] or ["kube-system", session.namespace]


def _print_list(session: Session, kind: Kind, namespace: str) -> Obj:
    body: Obj = session.request("GET", path_of(kind, namespace)).body
    flags = session.flags
    if flags["output"] == "name":
        raise fail(f"list types are not supported by name printing: *{kind.version}.{kind.kind}List")
    if flags["template"] or flags["output"] not in ("json", "kyaml", "yaml"):
        print_objects(session, [body], flags["output"] if "output" in session.given else "")
        return body
    shown = body
    if not flags["show-managed-fields"]:
        shown = {**body, "items": [without_managed_fields(one) for one in body["items"]]}
    print_ordered(session, {**typed(shown), **({} if body["items"] else {"items": []})})
    return body


def _print_logs(session: Session, pod: Obj) -> None:
    """What each container of a Pod wrote, or why that can't be told."""
    metadata, spec = pod["metadata"], pod["spec"]
    path = path_of(kinds()["Pod"], metadata["namespace"], metadata["name"], "log")
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        name = f"container {container['name']} of pod {metadata['namespace']}/{metadata['name']}"
        session.write(f"==== START logs for {name} ====\n")
        try:
            session.write(session.request("GET", path, query={"container": container["name"]}).body)
        except ApiError as error:
            # Read as plain bytes, a refusal isn't looked into.
            reason = GENERIC_REASONS.get(error.code, ("", error.message))[1]
            session.write(f"Request log error: {reason} (get pods {metadata['name']})\n")
        session.write(f"==== END logs for {name} ====\n")


VERB = Verb(
    "cluster-info",
    _run,
    subcommands=(
        Verb(
            "dump",
            _dump,
            (
                *OUTPUT_FLAGS[1:],
                Flag("all-namespaces", "A", "bool"),
                Flag("namespaces", type="strings"),
                Flag("output", "o", default="json"),
                Flag("output-directory"),
                Flag(
                    "pod-running-timeout",
                    type="duration",
                    default=20 * SECOND_US,
                    idle="a log is read at once, whether or not its Pod runs",
                ),
            ),
            summary="Dump relevant information for debugging and diagnosis",
        ),
    ),
    summary="Display cluster information",
)
