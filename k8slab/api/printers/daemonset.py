"""How DaemonSets are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import container_cells, containers_of, format_labels, format_selector
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    spec, status = obj["spec"], obj.get("status") or {}
    return (
        obj["metadata"]["name"],
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        format_labels((spec["template"].get("spec") or {}).get("nodeSelector")),
        age_of(obj, now_us),
        *container_cells(containers_of(obj)),
        format_selector(spec.get("selector")),
    )


TABLE = Table(
    (
        NAME,
        Column(
            "Desired",
            type="integer",
            description=(
                "The total number of nodes that should be running the daemon pod (including nodes "
                "correctly running the daemon pod). More info: "
                "https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/"
            ),
        ),
        Column(
            "Current",
            type="integer",
            description=(
                "The number of nodes that are running at least 1 daemon pod and are supposed to run "
                "the daemon pod. More info: "
                "https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/"
            ),
        ),
        Column(
            "Ready",
            type="integer",
            description=(
                "numberReady is the number of nodes that should be running the daemon pod and have "
                "one or more of the daemon pod running with a Ready Condition."
            ),
        ),
        Column(
            "Up-to-date",
            type="integer",
            description="The total number of nodes that are running updated daemon pod",
        ),
        Column(
            "Available",
            type="integer",
            description=(
                "The number of nodes that should be running the daemon pod and have one or more of "
                "the daemon pod running and available (ready for at least spec.minReadySeconds)"
            ),
        ),
        Column(
            "Node Selector",
            description=(
                "NodeSelector is a selector which must be true for the pod to fit on a node. Selector"
                " which must match a node's labels for the pod to be scheduled on that node. More "
                "info: https://kubernetes.io/docs/concepts/configuration/assign-pod-node/"
            ),
        ),
        AGE,
        Column("Containers", priority=1, description="Names of each container in the template."),
        Column("Images", priority=1, description="Images referenced by each container in the template."),
        Column(
            "Selector",
            priority=1,
            description=(
                "A label query over pods that are managed by the daemon set. Must match in order to "
                "be controlled. It must match the pod template's labels. More info: "
                "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"
            ),
        ),
    ),
    _row,
)
