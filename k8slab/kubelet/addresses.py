"""The addresses of a node and of its Pods.

Models a small cluster's network plug-in: a /24 for each node, handed out one
after another (containernetworking's host-local IPAM).
"""

from __future__ import annotations

from functools import lru_cache

from k8slab.api.meta import Obj
from k8slab.store.view import Change, View

_FIRST_HOST, _LAST_HOST = 2, 254
CACHE = "kubelet"
"""The component whose cache holds the addresses in use."""


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


class Addresses:
    """Which addresses the Pods of a World hold: a function of their statuses, kept up with each change.

    By the first three numbers of the address, the last numbers in use with
    how many Pods hold them (a finished Pod holds none).
    """

    __slots__ = ("used",)

    def __init__(self, view: View) -> None:
        self.used: dict[str, dict[int, int]] = {}
        for pod in view.list("Pod"):
            address = held_address(pod)
            if address:
                self._count(address, 1)

    def observe(self, change: Change) -> None:
        """Take in a Pod's change."""
        before = held_address(change.old) if change.old is not None else ""
        after = held_address(change.new) if change.new is not None else ""
        if before != after:
            if before:
                self._count(before, -1)
            if after:
                self._count(after, 1)

    def copy(self) -> Addresses:
        """An independent copy."""
        twin = Addresses.__new__(Addresses)
        twin.used = {base: dict(hosts) for base, hosts in self.used.items()}
        return twin

    def _count(self, address: str, change: int) -> None:
        base, _, host = address.rpartition(".")
        hosts = self.used.setdefault(base, {})
        count = hosts.get(int(host), 0) + change
        if count > 0:
            hosts[int(host)] = count
        else:
            hosts.pop(int(host), None)


def held_address(pod: Obj) -> str:
    """The Pod's address while it holds one; empty for a finished Pod and on the host's network."""
    status = pod.get("status")
    if not status or status.get("phase") in ("Succeeded", "Failed") or pod["spec"].get("hostNetwork"):
        return ""
    return status.get("podIP") or ""


def free_ip(view: View, machine: Obj) -> str:
    """The next address that no Pod on the node holds: after the highest, or the lowest free one."""
    base = pod_cidr(machine["spec"].get("number", 0)).rpartition(".")[0]
    used: dict[int, int] = view.cache(CACHE).used.get(base) or {}
    candidate = max(used, default=_FIRST_HOST - 1) + 1
    if candidate > _LAST_HOST:
        candidate = next(
            (host for host in range(_FIRST_HOST, _LAST_HOST + 1) if host not in used), _LAST_HOST
        )
    return f"{base}.{candidate}"
