"""The ReplicationController controller: a number of Pods that fit a plain selector, whichever they are.

Models pkg/controller/replication/replication_controller.go, v1.36; what both kinds share is in `_replicas`.
"""

from __future__ import annotations

from k8slab.api.meta import Key
from k8slab.components import Component, Memory, Plan, Watch
from k8slab.controllers._pods import keys_of_controllers
from k8slab.controllers._replicas import plan_replicas
from k8slab.controllers._tally import OF_TALLIES, Tallies
from k8slab.store.view import View

NAME = "replication-controller"


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Bring one ReplicationController's Pods to the wanted number."""
    return (yield from plan_replicas(view, key, now_us, "ReplicationController", NAME))


CONTROLLER = Component(
    name=NAME,
    watches=(
        Watch("ReplicationController"),
        Watch("Pod", keys_of_controllers("ReplicationController"), owner="ReplicationController"),
    ),
    plan=plan,
    cache=Tallies,
    cache_kinds=("Pod",),
    cache_aspects=OF_TALLIES,
)
