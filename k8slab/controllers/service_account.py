"""Gives every namespace its ServiceAccount `default`.

Models pkg/controller/serviceaccount/serviceaccounts_controller.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key
from k8slab.components import Component, Create, Done, Memory, Plan, Watch
from k8slab.store.view import Change, View

NAME = "default"


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Make the ServiceAccount of an active namespace that lacks it."""
    namespace = view.get("Namespace", key)
    if namespace is None or (namespace.get("status") or {}).get("phase") != "Active":
        return Done(why="the namespace is not active")
    if view.get("ServiceAccount", (key[1], NAME)) is not None:
        return Done(why="the ServiceAccount is there")
    body = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": NAME, "namespace": key[1]},
    }
    try:
        yield Create("ServiceAccount", body)
    except ApiError as error:
        ending = any(cause.reason == "NamespaceTerminating" for cause in error.causes)
        if not ending and error.reason != "AlreadyExists":
            raise
    return Done()


def _after_service_account(change: Change, view: View) -> list[Key]:
    """The namespace whose ServiceAccount was deleted."""
    return [("", change.key[0])] if change.new is None and change.key[1] == NAME else []


CONTROLLER = Component(
    name="service-account-controller",
    watches=(Watch("Namespace"), Watch("ServiceAccount", _after_service_account)),
    plan=plan,
)
