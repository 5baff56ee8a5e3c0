"""The CPU time that requests cost containers: how long an answer takes, and what a metrics server sees of it.

Each request is a thread of its server: it runs from when it arrives, on one CPU, and all of a
container's threads together get no more in each period of the kernel's scheduler than the container's
limit allows, or its node has. What is left over waits for the next period: that is throttling.
Containers don't hold up each other: a node that is asked for more than it has is not modelled.

What was spent is kept in an object of the internal kind `CpuTime`, one a Pod: by period as long as a
period still matters, and by the windows in which a metrics server counts. A container that nobody asks
anything has none.

Models pkg/kubelet/cm/helpers_linux.go (MilliCPUToQuota) and the kernel's CFS bandwidth control.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.meta import Obj, dig, key_of
from k8slab.clock import SECOND_US
from k8slab.containers.overlay import Overlay
from k8slab.store.view import View

KIND = "CpuTime"

PERIOD_US = 100_000
"""The scheduler's period (`QuotaPeriod`)."""

LEAST_QUOTA_US = 1_000
"""However low the limit, a container gets so much in each period (`MinQuotaPeriod`)."""

WINDOW_US = 15 * SECOND_US
"""How often a metrics server asks the kubelets; also the window of what it reports."""

NOTICED_US = 1_000
"""An answer that takes less comes at once: small requests cost a lab no event. What somebody asks by hand
that costs less is not counted either."""


class Spent(NamedTuple):
    """What a request got, by period, and when it was done; `is_late` where it wasn't by then."""

    by_period: Mapping[int, int]
    done_us: int
    is_late: bool = False


def schedule(before: Mapping[int, int], quota_us: int, cost_us: int, now_us: int, end_us: int) -> Spent:
    """Run a thread for some CPU time from now on, but not beyond an end.

    `before` is what others have got of each period's quota.
    """
    got: dict[int, int] = {}
    at_us, left_us = now_us, cost_us
    while at_us < end_us:
        period = at_us // PERIOD_US
        period_end_us = (period + 1) * PERIOD_US
        free_us = max(quota_us - before.get(period, 0), 0)
        share_us = min(left_us, free_us, min(period_end_us, end_us) - at_us)
        if share_us:
            got[period] = share_us
        left_us -= share_us
        if not left_us:
            return Spent(got, at_us + share_us)
        at_us = period_end_us
    return Spent(got, end_us, is_late=True)


def serve(
    box: Overlay, pod: Obj, container: Obj, cost_us: int, now_us: int, patience_us: int
) -> tuple[int, bool]:
    """Let a container work on a request for which its caller waits so long.

    How long it takes, and whether that is too long: then it has worked in vain until the caller left.
    """
    name = container["name"]
    record = _record(box, pod)
    known: Obj = record["containers"].get(name) or {"periods": {}, "windows": {}}
    spent = schedule(
        known["periods"], quota_us(box, pod, container), cost_us, now_us, now_us + max(patience_us, 1)
    )
    period, window = now_us // PERIOD_US, now_us // WINDOW_US
    periods = {number: us for number, us in known["periods"].items() if number >= period}
    windows = {number: us for number, us in known["windows"].items() if number >= window - 1}
    for number, us in spent.by_period.items():
        periods[number] = periods.get(number, 0) + us
        place = number * PERIOD_US // WINDOW_US
        windows[place] = windows.get(place, 0) + us
    changed = {**record["containers"], name: {"periods": periods, "windows": windows}}
    box.put(KIND, key_of(pod), {**record, "containers": changed})
    return spent.done_us - now_us, spent.is_late


def _record(view: View, pod: Obj) -> Obj:
    """The Pod's `CpuTime`, or a new one where it has none (of this uid)."""
    metadata = pod["metadata"]
    found = view.get(KIND, key_of(pod))
    if found is not None and found["uid"] == metadata["uid"]:
        return found
    place = {"namespace": metadata["namespace"], "name": metadata["name"]}
    return {"apiVersion": "lab", "kind": KIND, "metadata": place, "uid": metadata["uid"], "containers": {}}


def served_millis(view: View, pod: Obj, until_us: int) -> Mapping[str, int]:
    """What requests cost each container in the window that ended then, in thousandths of a CPU.

    Containers that were asked nothing are left out.
    """
    window = until_us // WINDOW_US - 1
    containers = _record(view, pod)["containers"]
    return {
        name: one["windows"][window] * 1000 // WINDOW_US
        for name, one in containers.items()
        if window in one["windows"]
    }


def quota_us(view: View, pod: Obj, container: Obj) -> int:
    """How much CPU time a container may use in each period: what its limit says, or all that its node has."""
    limit = cpu_limit(pod, container)
    if limit:
        return max(limit * PERIOD_US // 1000, LEAST_QUOTA_US)
    node = view.get("Node", ("", pod["spec"].get("nodeName", ""))) or {}
    return quantities.milli(str(dig(node, "status", "capacity", "cpu") or 1)) * PERIOD_US // 1000


def cpu_limit(pod: Obj, container: Obj) -> int | None:
    """A container's limit in thousandths of a CPU, if it has one.

    Of one that runs that is what is in force, which a resize changes later than the spec.
    """
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if status["name"] == container["name"] and "resources" in status:
            container = status
    text = dig(container, "resources", "limits", "cpu")
    return None if text is None else quantities.milli(str(text))
