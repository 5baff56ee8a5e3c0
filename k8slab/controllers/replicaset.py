"""The ReplicaSet controller: a number of Pods that fit a set-based selector, whichever they are.

Models pkg/controller/replicaset/replica_set.go, v1.36; what both kinds share is in `_replicas`.
"""

from __future__ import annotations

from k8slab.api.meta import Key
from k8slab.components import Component, Memory, Plan, Watch
from k8slab.controllers._pods import keys_of_controllers
from k8slab.controllers._replicas import plan_replicas
from k8slab.controllers._tally import OF_TALLIES, Tallies
from k8slab.store.view import View

NAME = "replicaset-controller"


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Bring one ReplicaSet's Pods to the wanted number."""
    return (yield from plan_replicas(view, key, now_us, "ReplicaSet", NAME))


CONTROLLER = Component(
    name=NAME,
    watches=(Watch("ReplicaSet"), Watch("Pod", keys_of_controllers("ReplicaSet"), owner="ReplicaSet")),
    plan=plan,
    cache=Tallies,
    cache_kinds=("Pod",),
    cache_aspects=OF_TALLIES,
)
