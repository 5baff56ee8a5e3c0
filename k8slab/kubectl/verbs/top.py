"""`kubectl top`: what nodes and Pods use, where something measures it.

Models staging/src/k8s.io/kubectl/pkg/cmd/top/{top,top_node,top_pod}.go and
metricsutil/{metrics_printer,metrics_sorter}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from k8slab.api import quantities
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.clock import MINUTE_US, parse_timestamp
from k8slab.kubectl.command import Verb, fail, usage_fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.output.tab_writer import TABLES, aligned
from k8slab.kubectl.resources import ALL_NAMESPACES, FIELD_SELECTOR, SELECTOR
from k8slab.kubectl.session import Session
from k8slab.kubelet.backoff import duration_text

_METRICS = "/apis/metrics.k8s.io/v1beta1"
_MEBIBYTE = 1024 * 1024
_FRESH_US = 2 * MINUTE_US
"""So long after its creation a Pod may be without metrics."""


class _Use(NamedTuple):
    """CPU in thousandths, and memory and swap in bytes."""

    cpu_millis: int
    memory_bytes: int
    swap_bytes: int


def _check(session: Session, selectors: Sequence[str], complaint: str) -> None:
    if len(session.arguments) > 1:
        raise usage_fail(session.command, session.command.partition(" ")[2] + " [NAME | -l label]")
    if session.flags["sort-by"] not in ("", "cpu", "memory"):
        raise fail("--sort-by accepts only cpu or memory")
    if any(session.arguments) and any(session.flags[name] for name in selectors):
        raise fail(complaint)
    groups = {group["name"] for group in session.request("GET", "/apis").body["groups"]}
    if "metrics.k8s.io" not in groups:
        raise fail("Metrics API not available")


def _measured(session: Session, path: str, selectors: Sequence[tuple[str, str]]) -> list[Obj]:
    """The metrics of one object, or of all that the selectors choose."""
    if any(session.arguments):
        return [session.request("GET", f"{path}/{session.arguments[0]}").body]
    query = {parameter: session.flags[flag] for flag, parameter in selectors if session.flags[flag]}
    found: list[Obj] = session.request("GET", path, query=query).body["items"]
    return found


def _use(usage: Obj) -> _Use:
    memory, swap = (quantities.units(str(usage.get(name, "0"))) for name in ("memory", "swap"))
    return _Use(quantities.milli(str(usage.get("cpu", "0"))), memory, swap)


def _together(parts: Sequence[_Use]) -> _Use:
    return _Use(*(sum(values) for values in zip(*parts, strict=True))) if parts else _Use(0, 0, 0)


def _sorted(rows: list[tuple[Any, _Use]], sort_by: str) -> list[tuple[Any, _Use]]:
    """The heaviest first, or by name."""
    if sort_by == "cpu":
        return sorted(rows, key=lambda row: -row[1].cpu_millis)
    if sort_by == "memory":
        return sorted(rows, key=lambda row: -row[1].memory_bytes)
    return sorted(rows, key=lambda row: row[0])


def _write(session: Session, head: list[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [*([] if session.flags["no-headers"] else [head]), *rows]
    text = "".join("".join(f"{cell}\t" for cell in line) + "\n" for line in lines)
    session.write(aligned(text, TABLES))


# Nodes.


def _nodes(session: Session) -> None:
    _check(session, ("selector",), "only one of NAME or --selector can be provided")
    measured = _measured(session, f"{_METRICS}/nodes", [("selector", "labelSelector")])
    if not measured:
        raise fail("metrics not available yet")
    node_kind = kinds()["Node"]
    if any(session.arguments):
        nodes = [session.get(node_kind, "", session.arguments[0])]
    else:
        query = {"labelSelector": session.flags["selector"]} if session.flags["selector"] else {}
        nodes = session.request("GET", "/api/v1/nodes", query=query).body["items"]
    available = {node["metadata"]["name"]: node for node in nodes}
    rows = []
    uses = [(one["metadata"]["name"], _use(one["usage"])) for one in measured]
    for name, use in _sorted(uses, session.flags["sort-by"]):
        rows.append([name, *_node_cells(use, available.pop(name, None), session)])
    columns = 6 if session.flags["show-swap"] else 4
    rows.extend([name, *["<unknown>"] * columns] for name in available)
    head = ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]
    _write(session, head + (["SWAP(bytes)", "SWAP(%)"] if session.flags["show-swap"] else []), rows)


def _node_cells(use: _Use, node: Obj | None, session: Session) -> list[str]:
    field = "capacity" if session.flags["show-capacity"] else "allocatable"
    whole = _use(node["status"].get(field) or {}) if node is not None else None
    cells = [f"{use.cpu_millis}m"]
    if whole is not None:
        cells.append(_percent(use.cpu_millis, whole.cpu_millis))
    cells.append(f"{use.memory_bytes // _MEBIBYTE}Mi")
    if whole is not None:
        cells.append(_percent(use.memory_bytes, whole.memory_bytes))
    if session.flags["show-swap"]:
        # No kubelet here has swap, so nobody reports how much of it there is.
        cells += ["<unknown>", "<unknown>"]
    return cells


def _percent(part: int, whole: int) -> str:
    return f"{100 * part // whole if whole else 0}%"


# Pods.


def _pods(session: Session) -> None:
    flags = session.flags
    _check(session, ("selector", "field-selector"), "only one of NAME or selector can be provided")
    everywhere = flags["all-namespaces"]
    path = f"{_METRICS}/pods" if everywhere else f"{_METRICS}/namespaces/{session.namespace}/pods"
    selectors = [("selector", "labelSelector"), ("field-selector", "fieldSelector")]
    measured = _measured(session, path, selectors)
    if not measured:
        _explain_absence(session, selectors)
        where = "" if everywhere else f" in {session.namespace} namespace."
        session.warn(f"No resources found{where}\n")
        return
    head = ["NAMESPACE"] if everywhere else []
    head += ["POD"] if flags["containers"] else []
    head += ["NAME", "CPU(cores)", "MEMORY(bytes)", *(["SWAP(bytes)"] if flags["show-swap"] else [])]
    pods = [((_place(one, everywhere), number), _pod_use(one)) for number, one in enumerate(measured)]
    rows: list[list[str]] = []
    for (_, number), use in _sorted(pods, flags["sort-by"]):
        rows.extend(_pod_rows(session, measured[number], use))
    if flags["sum"]:
        # Without headers upstream forgets the columns that these flags add.
        width = 3 + flags["show-swap"] if flags["no-headers"] else len(head)
        total = _together([use for _, use in pods])
        rows.append([*[""] * (width - 2), "________", "________"])
        rows.append([*[""] * (width - 2), *_pod_cells(session, total)])
    _write(session, head, rows)


def _place(obj: Obj, everywhere: bool) -> tuple[str, str]:
    metadata = obj["metadata"]
    return (metadata["namespace"] if everywhere else "", metadata["name"])


def _pod_use(pod: Obj) -> _Use:
    return _together([_use(one["usage"]) for one in pod["containers"]])


def _pod_rows(session: Session, pod: Obj, use: _Use) -> list[list[str]]:
    start = [pod["metadata"]["namespace"]] if session.flags["all-namespaces"] else []
    start.append(pod["metadata"]["name"])
    if not session.flags["containers"]:
        return [[*start, *_pod_cells(session, use)]]
    containers = [(one["name"], _use(one["usage"])) for one in pod["containers"]]
    ordered = _sorted(containers, session.flags["sort-by"])
    return [[*start, name, *_pod_cells(session, used)] for name, used in ordered]


def _pod_cells(session: Session, use: _Use) -> list[str]:
    cells = [f"{use.cpu_millis}m", f"{use.memory_bytes // _MEBIBYTE}Mi"]
    return [*cells, f"{use.swap_bytes // _MEBIBYTE}Mi"] if session.flags["show-swap"] else cells


def _explain_absence(session: Session, selectors: Sequence[tuple[str, str]]) -> None:
    """Why there are no metrics, where there are Pods. KubectlError."""
    query = {parameter: session.flags[flag] for flag, parameter in selectors if session.flags[flag]}
    pods = session.request("GET", f"/api/v1/namespaces/{session.namespace}/pods", query=query).body["items"]
    for pod in pods:
        metadata = pod["metadata"]
        age_us = session.client.now_us - parse_timestamp(metadata["creationTimestamp"])
        if age_us > _FRESH_US:
            place = f"{metadata['namespace']}/{metadata['name']}"
            raise fail(f"Metrics not available for pod {place}, age: {duration_text(age_us)}")
    if pods:
        raise fail("metrics not available yet")


_COMMON = (
    SELECTOR,
    Flag("sort-by"),
    Flag("no-headers", type="bool"),
    Flag("use-protocol-buffers", type="bool", default=True, idle="nothing is sent over a network"),
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
