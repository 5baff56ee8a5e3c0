"""The limits of a container as its own control group shows them, in /sys/fs/cgroup.

Models pkg/kubelet/cm/helpers_linux.go (MilliCPUToQuota, MilliCPUToShares) and
opencontainers/cgroups (ConvertCPUSharesToCgroupV2Value), v1.36.
"""

from __future__ import annotations

import math

from k8slab.api.meta import Obj
from k8slab.api.quantities import nano

MOUNT_PATH = "/sys/fs/cgroup"
_MILLI, _UNIT = 1_000_000, 1_000_000_000
_PERIOD_US = 100_000
_LEAST_QUOTA_US = 1_000
_LEAST_SHARES, _MOST_SHARES = 2, 262_144


def cgroup_tree(pod: Obj, container: Obj) -> dict[str, str]:
    """The files of a container's control group."""
    own = _in_force(pod, container) or {}
    whole = pod["spec"].get("resources") or {}
    cpu = _amount(own, "limits", "cpu") or _amount(whole, "limits", "cpu")
    memory = _amount(own, "limits", "memory") or _amount(whole, "limits", "memory")
    quota = str(max(cpu // _MILLI * _PERIOD_US // 1000, _LEAST_QUOTA_US)) if cpu else "max"
    return {
        "/cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
        "/cpu.max": f"{quota} {_PERIOD_US}\n",
        "/cpu.weight": f"{cpu_weight(_amount(own, 'requests', 'cpu') // _MILLI)}\n",
        "/memory.max": f"{memory // _UNIT if memory else 'max'}\n",
    }


def _in_force(pod: Obj, container: Obj) -> Obj | None:
    """The resources that a container has, which may not be those yet that its spec asks for."""
    status: Obj = pod.get("status") or {}
    for field in ("containerStatuses", "initContainerStatuses"):
        for one in status.get(field) or ():
            if one["name"] == container["name"] and "running" in one["state"] and "resources" in one:
                in_force: Obj = one["resources"]
                return in_force
    return container.get("resources")


def _amount(resources: Obj, part: str, name: str) -> int:
    return int(nano(str((resources.get(part) or {}).get(name, "0"))))


def cpu_weight(milli_cpu: int) -> int:
    """The weight of so many thousandths of a processor."""
    shares = min(max(milli_cpu * 1024 // 1000, _LEAST_SHARES), _MOST_SHARES)
    if shares <= _LEAST_SHARES:
        return 1
    if shares >= _MOST_SHARES:
        return 10_000
    logarithm = math.log2(shares)
    return math.ceil(10 ** ((logarithm * logarithm + 125 * logarithm) / 612.0 - 7.0 / 34.0))
