"""Fills the rules of ClusterRoles that are made of others, chosen by their labels.

Models pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Key, Obj
from k8slab.api.selectors import from_label_selector
from k8slab.components import Component, Done, Memory, Plan, Update, Watch
from k8slab.store.view import Change, View


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Give one aggregated ClusterRole the rules of those that it selects."""
    role = view.get("ClusterRole", key)
    if role is None or not role.get("aggregationRule"):
        return Done(why="the ClusterRole is gone or is not made of others")
    rules = aggregated_rules(view, role)
    if rules != (role.get("rules") or []):
        yield Update("ClusterRole", {**role, "rules": rules})
    return Done()


def aggregated_rules(view: View, role: Obj) -> list[Obj]:
    """The rules of the selected roles, by selector and name, each once."""
    rules: list[Obj] = []
    for selector in role["aggregationRule"].get("clusterRoleSelectors") or ():
        chosen = view.list("ClusterRole", selector=from_label_selector(selector))
        for one in sorted(chosen, key=lambda other: str(other["metadata"]["name"])):
            if one["metadata"]["name"] == role["metadata"]["name"]:
                continue
            for rule in one.get("rules") or ():
                if rule not in rules:
                    rules.append(rule)
    return rules


def _aggregated(change: Change, view: View) -> list[Key]:
    """Every ClusterRole that is made of others: who depends on whom is not known."""
    return [
        ("", role["metadata"]["name"]) for role in view.list("ClusterRole") if role.get("aggregationRule")
    ]


CONTROLLER = Component(
    name="clusterrole-aggregation-controller",
    watches=(Watch("ClusterRole", _aggregated),),
    plan=plan,
    manager="clusterrole-aggregation-controller",
)
