"""Custom resources own and are owned like any other object."""

from __future__ import annotations

import pytest

from k8slab.cluster.request import Request
from k8slab.lab import Lab

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
PLACE = "/apis/stable.example.com/v1/namespaces/default/crontabs"


@pytest.fixture
def lab():
    lab = Lab(1)
    lab.apply(DEFINITION)
    lab.run(2)
    return lab


def crontab(lab, name, owner=None):
    metadata = {"name": name}
    if owner is not None:
        metadata["ownerReferences"] = [reference(owner)]
    return lab.apply({"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": metadata})


def reference(owner):
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": True,
    }


def stored(lab, name, kind="CronTab"):
    return lab.world.get(kind, ("default", name))


def delete(lab, name, policy):
    lab.request(Request("DELETE", f"{PLACE}/{name}", {"propagationPolicy": policy}))
    lab.run(5)


def test_dependents_go_with_a_custom_owner(lab):
    crontab(lab, "owner")
    owner = stored(lab, "owner")
    crontab(lab, "dependent", owner)
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "data"}}
    lab.apply({**data, "metadata": {"name": "data", "ownerReferences": [reference(owner)]}})
    lab.run(5)
    assert stored(lab, "dependent") and stored(lab, "data", "ConfigMap")
    delete(lab, "owner", "Background")
    assert [stored(lab, "owner"), stored(lab, "dependent"), stored(lab, "data", "ConfigMap")] == [None] * 3


def test_a_custom_object_with_no_dependents_ends_in_the_foreground(lab):
    crontab(lab, "alone")
    delete(lab, "alone", "Foreground")
    assert stored(lab, "alone") is None


def test_a_custom_owner_can_orphan(lab):
    crontab(lab, "owner")
    crontab(lab, "dependent", stored(lab, "owner"))
    delete(lab, "owner", "Orphan")
    assert stored(lab, "owner") is None
    assert "ownerReferences" not in stored(lab, "dependent")["metadata"]


def test_a_custom_dependent_goes_with_a_built_in_owner(lab):
    lab.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner"}})
    crontab(lab, "dependent", stored(lab, "owner", "ConfigMap"))
    lab.request(Request("DELETE", "/api/v1/namespaces/default/configmaps/owner"))
    lab.run(5)
    assert stored(lab, "dependent") is None


def test_a_quota_gets_back_what_a_deleted_custom_object_used(lab):
    name = "count/crontabs.stable.example.com"
    lab.kubectl(f"create quota limit --hard={name}=2")
    lab.run(1)
    crontab(lab, "a")
    crontab(lab, "b")
    assert "exceeded quota" in lab.kubectl("apply -f -", stdin=CRONTAB).stderr
    lab.kubectl("delete crontab a")
    lab.run(2)
    assert "created" in lab.kubectl("apply -f -", stdin=CRONTAB).stdout


CRONTAB = "{apiVersion: stable.example.com/v1, kind: CronTab, metadata: {name: c}}"


def test_a_namespace_takes_its_custom_objects_with_it(lab):
    lab.kubectl("create namespace other")
    lab.kubectl("apply -n other -f -", stdin=CRONTAB)
    lab.kubectl("delete namespace other --wait=false")
    lab.run(30)
    assert lab.kubectl("get crontabs -A").stderr == "No resources found\n"
