"""Announces the groups and versions of custom kinds by an APIService each.

Models pkg/controlplane/controller/crdregistration/crdregistration_controller.go and
kube-aggregator/pkg/controllers/autoregister/autoregister_controller.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.api_services import (
    CUSTOM_GROUP_PRIORITY,
    CUSTOM_VERSION_PRIORITY,
    MANAGED_LABEL,
    local,
    name_of,
)
from k8slab.api.meta import Key
from k8slab.components import Component, Create, Delete, Done, Memory, Plan, Update, Watch
from k8slab.store.view import Change, View


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Make, mend or remove the APIService of one version of a group of custom kinds."""
    version, _, group = key[1].partition(".")
    stored = view.get("APIService", key)
    managed = stored is not None and stored["metadata"].get("labels", {}).get(MANAGED_LABEL) == "true"
    if not _is_served(view, group, version):
        if stored is not None and managed:
            yield Delete("APIService", key, stored["metadata"]["uid"])
        return Done()
    priorities = (CUSTOM_GROUP_PRIORITY, CUSTOM_VERSION_PRIORITY)
    wanted = local(group, version, priorities, "true")
    if stored is None:
        yield Create("APIService", wanted)
    elif managed and stored["spec"] != wanted["spec"]:
        yield Update("APIService", {**stored, "spec": wanted["spec"]})
    return Done()


def _is_served(view: View, group: str, version: str) -> bool:
    return any(
        definition["spec"]["group"] == group
        and any(one["name"] == version and one["served"] for one in definition["spec"]["versions"])
        for definition in view.list("CustomResourceDefinition")
    )


def _of_definition(change: Change, view: View) -> list[Key]:
    """The APIServices of the versions that a definition has or had; a write of its status is none of them."""
    if change.old is not None and change.new is not None and change.old["spec"] is change.new["spec"]:
        return []
    names = [
        name_of(obj["spec"]["group"], one["name"])
        for obj in (change.old, change.new)
        if obj is not None
        for one in obj["spec"]["versions"]
    ]
    return [("", name) for name in dict.fromkeys(names)]


CONTROLLER = Component(
    name="crd-autoregistration",
    watches=(
        Watch("CustomResourceDefinition", _of_definition),
        Watch("APIService", needs="CustomResourceDefinition"),
    ),
    plan=plan,
    manager="kube-apiserver",
)
