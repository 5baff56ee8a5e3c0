"""The addresses of a node and of its Pods.

Models a small cluster's network plug-in: a /24 for each node, handed out one
after another (containernetworking's host-local IPAM).
"""

from __future__ import annotations

from functools import lru_cache

from k8slab.api.meta import Obj
from k8slab.store.view import View

_FIRST_HOST, _LAST_HOST = 2, 254


@lru_cache(maxsize=16384)
def _node_ip(number: int) -> str:
    return f"172.18.{number // 250}.{number % 250 + 2}"


def node_ip(machine: Obj) -> str:
    """The node's own address."""
    return _node_ip(machine["spec"].get("number", 0))


@lru_cache(maxsize=16384)
def pod_cidr(number: int) -> str:
    """The range of a node's Pods: `10.244.<n>.0/24`."""
    return f"10.{244 + number // 256}.{number % 256}.0/24"


def free_ip(view: View, machine: Obj) -> str:
    """The next address that no Pod on the node has: after the highest, or the lowest free one."""
    base = pod_cidr(machine["spec"].get("number", 0)).rpartition(".")[0]
    used: dict[int, bool] = {}
    for pod in view.list("Pod", node=machine["metadata"]["name"]):
        status = pod.get("status")
        ip = status.get("podIP") if status else None
        if status and ip and ip.startswith(base) and status["phase"] not in ("Succeeded", "Failed"):
            used[int(ip.rpartition(".")[2])] = True
    candidate = max(used, default=_FIRST_HOST - 1) + 1
    if candidate > _LAST_HOST:
        candidate = next(
            (host for host in range(_FIRST_HOST, _LAST_HOST + 1) if host not in used), _LAST_HOST
        )
    return f"{base}.{candidate}"
