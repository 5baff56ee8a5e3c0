"""`kubectl top`: what nodes and Pods use, where something measures it.

Models staging/src/k8s.io/kubectl/pkg/cmd/top/{top,top_node,top_pod}.go, v1.36.
"""

from __future__ import annotations

from k8slab.api import quantities
from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.kubectl.command import Verb, fail, usage_fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.output.tab_writer import TABLES, aligned
from k8slab.kubectl.resources import ALL_NAMESPACES, FIELD_SELECTOR, SELECTOR
from k8slab.kubectl.session import Session

_METRICS = "/apis/metrics.k8s.io/v1beta1"


def _measured(session: Session, path: str, name: str) -> list[Obj]:
    """The metrics of one object, or of all that the selector chooses. KubectlError where nothing measures."""
    groups = {group["name"] for group in session.request("GET", "/apis").body["groups"]}
    if "metrics.k8s.io" not in groups:
        raise fail("Metrics API not available")
    query = {"labelSelector": session.flags["selector"]} if session.flags["selector"] else {}
    if name:
        return [session.request("GET", f"{path}/{name}").body]
    try:
        found: list[Obj] = session.request("GET", path, query=query).body["items"]
    except ApiError as error:
        if error.code == 404:
            raise fail("Metrics API not available") from error
        raise
    return found


def _check(session: Session) -> None:
    if len(session.arguments) > 1:
        raise usage_fail(session.command, " ".join(session.arguments))
    if session.flags["sort-by"] not in ("", "cpu", "memory"):
        raise fail("--sort-by accepts only cpu or memory")
    if session.arguments and session.flags["selector"]:
        raise fail("only one of NAME or selector can be provided")


def _amounts(usage: Obj) -> tuple[int, int]:
    """CPU in thousandths and memory in MiB."""
    cpu = quantities.milli(str(usage.get("cpu", "0")))
    memory = quantities.units(str(usage.get("memory", "0"))) // (1024 * 1024)
    return cpu, memory


def _ordered(session: Session, rows: list[tuple[str, str, int, int]]) -> list[tuple[str, str, int, int]]:
    key = session.flags["sort-by"]
    if key == "cpu":
        return sorted(rows, key=lambda row: -row[2])
    if key == "memory":
        return sorted(rows, key=lambda row: -row[3])
    return sorted(rows)


def _nodes(session: Session) -> None:
    _check(session)
    name = session.arguments[0] if session.arguments else ""
    measured = _measured(session, f"{_METRICS}/nodes", name)
    if not measured:
        session.warn("No resources found\n")
        return
    rows = _ordered(session, [("", one["metadata"]["name"], *_amounts(one["usage"])) for one in measured])
    lines = [] if session.flags["no-headers"] else ["NAME\tCPU(cores)\tCPU(%)\tMEMORY(bytes)\tMEMORY(%)\n"]
    for _, node, cpu, memory in rows:
        capacity = session.get(kinds()["Node"], "", node)["status"]["allocatable"]
        whole_cpu, whole_memory = _amounts(capacity)
        lines.append(
            f"{node}\t{cpu}m\t{100 * cpu // max(whole_cpu, 1)}%\t{memory}Mi\t"
            f"{100 * memory // max(whole_memory, 1)}%\n"
        )
    session.write(aligned("".join(lines), TABLES))


def _pods(session: Session) -> None:
    _check(session)
    flags = session.flags
    name = session.arguments[0] if session.arguments else ""
    everywhere = flags["all-namespaces"]
    path = f"{_METRICS}/pods" if everywhere else f"{_METRICS}/namespaces/{session.namespace}/pods"
    measured = _measured(session, path, name)
    if not measured:
        where = "" if everywhere else f" in {session.namespace} namespace"
        session.warn(f"No resources found{where}.\n" if where else "No resources found\n")
        return
    head = ["POD", "NAME"] if flags["containers"] else ["NAME"]
    head = ["NAMESPACE", *head] if everywhere else head
    lines = [] if flags["no-headers"] else ["\t".join([*head, "CPU(cores)", "MEMORY(bytes)"]) + "\n"]
    for pod in sorted(measured, key=lambda one: (one["metadata"]["namespace"], one["metadata"]["name"])):
        lines.extend(_pod_lines(pod, everywhere, flags["containers"]))
    session.write(aligned("".join(lines), TABLES))


def _pod_lines(pod: Obj, with_namespace: bool, by_container: bool) -> list[str]:
    metadata = pod["metadata"]
    start = [metadata["namespace"], metadata["name"]] if with_namespace else [metadata["name"]]
    amounts = [(one["name"], *_amounts(one["usage"])) for one in pod["containers"]]
    if by_container:
        return ["\t".join([*start, name, f"{cpu}m", f"{memory}Mi"]) + "\n" for name, cpu, memory in amounts]
    cpu, memory = sum(one[1] for one in amounts), sum(one[2] for one in amounts)
    return ["\t".join([*start, f"{cpu}m", f"{memory}Mi"]) + "\n"]


_COMMON = (
    SELECTOR,
    Flag("sort-by"),
    Flag("no-headers", type="bool"),
    Flag("use-protocol-buffers", type="bool"),
)
VERB = Verb(
    "top",
    subcommands=(
        Verb(
            "node",
            _nodes,
            (*_COMMON, Flag("show-capacity", type="bool"), Flag("show-swap", type="bool")),
            aliases=("nodes", "no"),
            summary="Display resource (CPU/memory) usage of nodes",
        ),
        Verb(
            "pod",
            _pods,
            (
                *_COMMON,
                ALL_NAMESPACES,
                FIELD_SELECTOR,
                Flag("containers", type="bool"),
                Flag("sum", type="bool"),
                Flag("show-swap", type="bool"),
            ),
            aliases=("pods", "po"),
            summary="Display resource (CPU/memory) usage of pods",
        ),
    ),
    summary="Display resource (CPU/memory) usage",
)
