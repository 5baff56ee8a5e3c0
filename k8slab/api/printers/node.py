"""How Nodes are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, labels_of
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    info = (obj.get("status") or {}).get("nodeInfo") or {}
    kernel = info.get("kernelVersion") or "<unknown>"
    architecture = info.get("architecture")
    return (
        obj["metadata"]["name"],
        _status(obj),
        ",".join(roles_of(obj)) or "<none>",
        age_of(obj, now_us),
        info.get("kubeletVersion", ""),
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        info.get("osImage") or "<unknown>",
        f"{kernel} ({architecture})" if architecture else kernel,
        info.get("containerRuntimeVersion") or "<unknown>",
    )


_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"


def roles_of(node: Obj) -> list[str]:
    """The roles that a node's labels give it, sorted."""
    roles: dict[str, None] = {}
    for name, value in labels_of(node).items():
        role = name.removeprefix(_ROLE_PREFIX) if name.startswith(_ROLE_PREFIX) else ""
        if name == _ROLE_LABEL:
            role = value
        if role:
            roles[role] = None
    return sorted(roles)


def _status(node: Obj) -> str:
    status = "Unknown"
    for condition in (node.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Ready":
            status = "Ready" if condition.get("status") == "True" else "NotReady"
    return f"{status},SchedulingDisabled" if (node.get("spec") or {}).get("unschedulable") else status


def _address(node: Obj, address_type: str) -> str:
    for address in (node.get("status") or {}).get("addresses") or ():
        if address["type"] == address_type:
            return str(address["address"])
    return "<none>"


TABLE = Table(
    (
        NAME,
        Column("Status", description="The status of the node"),
        Column("Roles", description="The roles of the node"),
        AGE,
        Column("Version", description="Kubelet Version reported by the node."),
        Column(
            "Internal-IP",
            priority=1,
            description=(
                "List of addresses reachable to the node. Queried from cloud provider, if available. "
                "More info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: "
                "This field is declared as mergeable, but the merge key is not sufficiently unique, "
                "which can cause data corruption when it is merged. Callers should instead use a "
                "full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should"
                " assume that addresses can change during the lifetime of a Node. However, there are "
                "some exceptions where this may not be possible, such as Pods that inherit a Node's "
                "address in its own status or consumers of the downward API (status.hostIP)."
            ),
        ),
        Column(
            "External-IP",
            priority=1,
            description=(
                "List of addresses reachable to the node. Queried from cloud provider, if available. "
                "More info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: "
                "This field is declared as mergeable, but the merge key is not sufficiently unique, "
                "which can cause data corruption when it is merged. Callers should instead use a "
                "full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should"
                " assume that addresses can change during the lifetime of a Node. However, there are "
                "some exceptions where this may not be possible, such as Pods that inherit a Node's "
                "address in its own status or consumers of the downward API (status.hostIP)."
            ),
        ),
        Column(
            "OS-Image",
            priority=1,
            description=(
                "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy))."
            ),
        ),
        Column(
            "Kernel-Version",
            priority=1,
            description="Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).",
        ),
        Column(
            "Container-Runtime",
            priority=1,
            description=(
                "ContainerRuntime Version reported by the node through runtime remote API (e.g. "
                "containerd://1.4.2)."
            ),
        ),
    ),
    _row,
)
