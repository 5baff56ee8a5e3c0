"""What `kubectl describe` says of a Node, its Pods and what they ask for.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api import quantities
from k8slab.api.go_text import sprint
from k8slab.api.meta import Obj, dig
from k8slab.api.printers.node import roles_of
from k8slab.api.tables import age_of
from k8slab.kubectl.describe._amounts import Amounts, added, amount_text, pod_amounts
from k8slab.kubectl.describe._parts import (
    date_text,
    events_of,
    events_table,
    labels_and_annotations,
    lines,
    optional,
)
from k8slab.kubectl.describe._text import Context, Describer, Page
from k8slab.kubectl.output.go_sort import go_sorted

_LEASES = "kube-node-lease"
_SHOWN_POOLS = 10
_SYSTEM_INFO = (
    ("Machine ID", "machineID"),
    ("System UUID", "systemUUID"),
    ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"),
    ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"),
    ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
)


def _describe(page: Page, obj: Obj, context: Context) -> None:
    name, spec, status = obj["metadata"]["name"], obj.get("spec") or {}, obj.get("status") or {}
    page.write(0, f"Name:\t{name}\n")
    page.write(0, f"Roles:\t{','.join(roles_of(obj)) or '<none>'}\n")
    labels_and_annotations(page, obj)
    page.write(0, f"CreationTimestamp:\t{date_text(obj['metadata'].get('creationTimestamp'))}\n")
    taints = go_sorted(spec.get("taints") or (), lambda left, right: _taint_key(left) < _taint_key(right))
    lines(page, "Taints", [_taint_text(taint) for taint in taints])
    page.write(0, f"Unschedulable:\t{sprint(bool(spec.get('unschedulable')))}\n")
    _lease(page, name, context)
    _conditions(page, status.get("conditions") or ())
    page.write(0, "Addresses:\n")
    for address in status.get("addresses") or ():
        page.write(1, f"{address['type']}:\t{address['address']}\n")
    for title, field in (("Capacity", "capacity"), ("Allocatable", "allocatable")):
        if status.get(field):
            page.write(0, f"{title}:\n")
        for resource, amount in sorted((status.get(field) or {}).items()):
            page.write(0, f"  {resource}:\t{quantities.canonical(str(amount))}\n")
    _resource_slices(page, context.lookup.list("ResourceSlice", "", field_selector=f"spec.nodeName={name}"))
    _system(page, spec, status)
    _pods(page, obj, context)
    if context.show_events:
        events_table(page, context, events_of(context, obj) + events_of(context, obj, uid=name))


def _taint_key(taint: Obj) -> str:
    return f"{taint.get('effect', '')},{taint.get('key', '')}"


def _taint_text(taint: Obj) -> str:
    key, value, effect = (taint.get(name) or "" for name in ("key", "value", "effect"))
    pair = f"{key}={value}" if value else key
    return f"{pair}:{effect}" if effect or value else pair


def _lease(page: Page, name: str, context: Context) -> None:
    lease = context.lookup.get("Lease", _LEASES, name)
    if lease is None:
        message = f'leases.coordination.k8s.io "{name}" not found'
        page.write(0, f"Lease:\tFailed to get lease: {message}\n")
        return
    spec = lease.get("spec") or {}
    page.write(0, "Lease:\n")
    page.write(1, f"HolderIdentity:\t{optional(spec.get('holderIdentity'))}\n")
    for title, field in (("AcquireTime", "acquireTime"), ("RenewTime", "renewTime")):
        at = spec.get(field)
        page.write(1, f"{title}:\t{date_text(at) if at else '<unset>'}\n")


def _conditions(page: Page, conditions: Sequence[Obj]) -> None:
    if not conditions:
        return
    page.write(0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n")
    page.write(1, "----\t------\t-----------------\t------------------\t------\t-------\n")
    for condition in conditions:
        page.write(
            1,
            f"{condition['type']} \t{condition.get('status', '')} \t"
            f"{date_text(condition.get('lastHeartbeatTime'))} \t"
            f"{date_text(condition.get('lastTransitionTime'))} \t"
            f"{condition.get('reason', '')} \t{condition.get('message', '')}\n",
        )


def _resource_slices(page: Page, slices: Sequence[Obj]) -> None:
    """The devices of this node alone, by driver and pool."""
    pools: dict[str, tuple[str, str, int, int]] = {}
    for one in slices:
        spec = one["spec"]
        driver, pool = spec.get("driver", ""), dig(spec, "pool", "name", default="")
        _, _, count, devices = pools.get(f"{driver}/{pool}", ("", "", 0, 0))
        pools[f"{driver}/{pool}"] = (driver, pool, count + 1, devices + len(spec.get("devices") or ()))
    if not pools:
        return
    page.write(0, "Node-Local ResourceSlices:\n")
    page.write(1, "Driver\tPool\tSlices\tDevices\n")
    page.write(1, "------\t----\t------\t-------\n")
    for _, (driver, pool, count, devices) in sorted(pools.items())[:_SHOWN_POOLS]:
        page.write(1, f"{driver}\t{pool}\t{count}\t{devices}\n")
    if len(pools) > _SHOWN_POOLS:
        page.write(1, f"...and {len(pools) - _SHOWN_POOLS} more pools\n")


def _system(page: Page, spec: Obj, status: Obj) -> None:
    info = status.get("nodeInfo") or {}
    page.write(0, "System Info:\n")
    for title, field in _SYSTEM_INFO:
        page.write(0, f"  {title}:\t{info.get(field, '')}\n")
    if spec.get("podCIDR"):
        page.write(0, f"PodCIDR:\t{spec['podCIDR']}\n")
    if spec.get("podCIDRs"):
        page.write(0, f"PodCIDRs:\t{','.join(spec['podCIDRs'])}\n")
    if spec.get("providerID"):
        page.write(0, f"ProviderID:\t{spec['providerID']}\n")


def _pods(page: Page, obj: Obj, context: Context) -> None:
    """The Pods that have not ended, each with what it asks for, and the sums."""
    name, status = obj["metadata"]["name"], obj.get("status") or {}
    selector = f"spec.nodeName={name},status.phase!=Failed,status.phase!=Succeeded"
    pods = context.lookup.list("Pod", "", field_selector=selector)
    allocatable = status.get("allocatable") or status.get("capacity") or {}
    page.write(0, f"Non-terminated Pods:\t({len(pods)} in total)\n")
    page.write(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge\n")
    page.write(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---\n")
    totals: dict[str, Amounts] = {"requests": {}, "limits": {}}
    for pod in pods:
        shown = {part: pod_amounts(pod, part, use_status=True) for part in totals}
        cells = [
            amount_text(shown[part], resource, allocatable)
            for resource in ("cpu", "memory")
            for part in ("requests", "limits")
        ]
        metadata = pod["metadata"]
        age = age_of(pod, context.now_us)
        joined = "\t".join(cells)
        page.write(1, f"{metadata.get('namespace', '')}\t{metadata['name']}\t\t{joined}\t{age}\n")
        for part, total in totals.items():
            totals[part] = added(total, pod_amounts(pod, part, use_status=False))
    _totals(page, totals, allocatable)


def _totals(page: Page, totals: dict[str, Amounts], allocatable: Obj) -> None:
    page.write(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n")
    page.write(1, "Resource\tRequests\tLimits\n")
    page.write(1, "--------\t--------\t------\n")
    huge_pages = sorted(name for name in allocatable if name.startswith("hugepages-"))
    for resource in ("cpu", "memory", "ephemeral-storage", *huge_pages):
        cells = (amount_text(totals[part], resource, allocatable, guarded=True) for part in totals)
        joined = "\t".join(cells)
        page.write(1, f"{resource}\t{joined}\n")
    standard = ("cpu", "memory", "ephemeral-storage", "pods", *huge_pages)
    for resource in sorted(name for name in allocatable if name not in standard):
        joined = "\t".join(totals[part].get(resource, "0") for part in totals)
        page.write(1, f"{resource}\t{joined}\n")


DESCRIBER = Describer("", _describe)
