"""What `kubectl describe` says of a Pod.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of, condition_of, dig
from k8slab.api.quantities import nano
from k8slab.api.tables import since
from k8slab.kubectl.describe._containers import (
    containers,
    resources,
    scheduling_group,
    tolerations,
    topology_spread,
)
from k8slab.kubectl.describe._parts import (
    conditions,
    controlled_by,
    date_text,
    events_of,
    events_table,
    labels_and_annotations,
    multiline,
    name_and_namespace,
)
from k8slab.kubectl.describe._text import Context, Describer, Page
from k8slab.kubectl.describe._volumes import pod_volumes

_FINISHED = ("Failed", "Succeeded")
_MIRROR = "kubernetes.io/config.mirror"


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    name_and_namespace(page, obj)
    _placement(page, spec, status)
    labels_and_annotations(page, obj)
    _status(page, obj, spec, status, context.now_us)
    _addresses(page, obj, status)
    if spec.get("resources") is not None:
        page.write(0, "Resources:\n")
        resources(page, spec["resources"], 1)
    for title, name, statuses in (
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"),
    ):
        if spec.get(name) or name == "containers":
            containers(page, title, spec.get(name) or (), status.get(statuses) or (), obj)
    _readiness_gates(page, obj)
    conditions(page, obj, reasons=False)
    pod_volumes(page, spec.get("volumes"))
    page.write(0, f"QoS Class:\t{status.get('qosClass') or _qos_class(spec)}\n")
    multiline(page, "Node-Selectors", spec.get("nodeSelector"))
    tolerations(page, "Tolerations", spec.get("tolerations") or ())
    topology_spread(page, spec.get("topologySpreadConstraints") or ())
    scheduling_group(page, spec)
    if context.show_events:
        uid = annotations_of(obj).get(_MIRROR)
        events_table(page, context, events_of(context, obj, kind="", uid=uid))


def _placement(page: Page, spec: Obj, status: Obj) -> None:
    if spec.get("priority") is not None:
        page.write(0, f"Priority:\t{spec['priority']}\n")
    for title, name in (
        ("Priority Class Name", "priorityClassName"),
        ("Runtime Class Name", "runtimeClassName"),
        ("Service Account", "serviceAccountName"),
    ):
        if spec.get(name):
            page.write(0, f"{title}:\t{spec[name]}\n")
    node = spec.get("nodeName")
    page.write(0, f"Node:\t{node}/{status.get('hostIP', '')}\n" if node else "Node:\t<none>\n")
    if status.get("startTime"):
        page.write(0, f"Start Time:\t{date_text(status['startTime'])}\n")


def _status(page: Page, obj: Obj, spec: Obj, status: Obj, now_us: int) -> None:
    phase = status.get("phase", "")
    deleted = obj["metadata"].get("deletionTimestamp")
    if deleted and phase not in _FINISHED:
        grace = obj["metadata"].get("deletionGracePeriodSeconds", 0)
        page.write(0, f"Status:\tTerminating (lasts {since(deleted, now_us)})\n")
        page.write(0, f"Termination Grace Period:\t{grace}s\n")
    else:
        page.write(0, f"Status:\t{phase}\n")
    for title, name in (("Reason", "reason"), ("Message", "message")):
        if status.get(name):
            page.write(0, f"{title}:\t{status[name]}\n")
    profile = dig(spec, "securityContext", "seccompProfile")
    if profile is not None:
        page.write(0, f"SeccompProfile:\t{profile.get('type', '')}\n")
        if profile.get("type") == "Localhost":
            page.write(0, f"LocalhostProfile:\t{profile.get('localhostProfile', '')}\n")


def _addresses(page: Page, obj: Obj, status: Obj) -> None:
    page.write(0, f"IP:\t{status.get('podIP', '')}\n")
    page.write(0, "IPs:\n" if status.get("podIPs") else "IPs:\t<none>\n")
    for address in status.get("podIPs") or ():
        page.write(1, f"IP:\t{address.get('ip', '')}\n")
    controlled_by(page, obj)
    if status.get("nominatedNodeName"):
        page.write(0, f"NominatedNodeName:\t{status['nominatedNodeName']}\n")


def _readiness_gates(page: Page, obj: Obj) -> None:
    gates = obj["spec"].get("readinessGates")
    if not gates:
        return
    page.write(0, "Readiness Gates:\n  Type\tStatus\n")
    for gate in gates:
        condition = condition_of(obj, gate["conditionType"])
        page.write(
            1, f"{gate['conditionType']} \t{'<none>' if condition is None else condition['status']} \n"
        )


def _qos_class(spec: Obj) -> str:
    """The class of a Pod whose status does not say it."""
    if spec.get("resources") is not None:
        holders = [spec["resources"]]
    else:
        everything = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
        holders = [container.get("resources") or {} for container in everything]
    sums: dict[str, dict[str, int]] = {"requests": {}, "limits": {}}
    is_guaranteed = True
    for holder in holders:
        for part, amounts in sums.items():
            for name, amount in _positive(holder.get(part)).items():
                amounts[name] = amounts.get(name, 0) + amount
        is_guaranteed = is_guaranteed and len(_positive(holder.get("limits"))) == 2
    if not sums["requests"] and not sums["limits"]:
        return "BestEffort"
    return "Guaranteed" if is_guaranteed and sums["requests"] == sums["limits"] else "Burstable"


def _positive(amounts: Obj | None) -> dict[str, int]:
    """Nano-units of CPU and memory, where above zero."""
    found = {name: nano(str(amount)) for name, amount in (amounts or {}).items() if name in ("cpu", "memory")}
    return {name: amount for name, amount in found.items() if amount > 0}


DESCRIBER = Describer("", _describe)
