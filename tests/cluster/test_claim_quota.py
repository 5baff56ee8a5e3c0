"""What a claim's status charges to quotas: storage that is being allocated, and attributes classes.

Models pkg/quota/v1/evaluator/core/persistent_volume_claims.go, v1.36: which requests it handles, what
it counts, and which scopes it matches.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.cluster import api, assembly
from k8slab.cluster.world import World
from k8slab.timing import INSTANT

KEY, QUOTA = ("default", "data"), ("default", "q")
RESIZER = api.component_actor("volume-expand-controller")
STORAGE = "requests.storage"


def world_with(hard: dict[str, str], used: dict[str, str], scope: str = "") -> World:
    """A claim for 2Gi that is counted already, or is outside of a quota for one attributes class."""
    world = World((), timing=INSTANT)
    assembly.bootstrap(world)
    matching = {"scopeName": "VolumeAttributesClass", "operator": "In", "values": [scope]}
    quota: Obj = {
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "default", "uid": "q"},
        "spec": {"hard": hard, **({"scopeSelector": {"matchExpressions": [matching]}} if scope else {})},
        "status": {"hard": hard, "used": used},
    }
    claim: Obj = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "default", "uid": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "2Gi"}},
            "volumeName": "pv",
            "volumeMode": "Filesystem",
        },
        "status": {"phase": "Bound"},
    }
    for obj in (quota, claim):
        key = (obj["metadata"]["namespace"], obj["metadata"]["name"])
        world.store.write(obj["kind"], key, {"apiVersion": "v1", **obj}, world.now_us, 0)
    return world


def written(world: World, **status: Any) -> dict[str, str]:
    """What the quota says is used after a status was written."""
    api.patch_merge(world, RESIZER, "PersistentVolumeClaim", KEY, {"status": status}, "status")
    quota = world.get("ResourceQuota", QUOTA)
    assert quota is not None
    used: dict[str, str] = quota["status"]["used"]
    return used


@pytest.mark.parametrize(
    ("allocated", "used"),
    [
        pytest.param("1Gi", "2Gi", id="less-than-asked-for"),
        pytest.param("2Gi", "2Gi", id="what-was-asked-for"),
        pytest.param("4Gi", "4Gi", id="more-than-asked-for"),
    ],
)
def test_storage_that_is_being_allocated_is_charged(allocated: str, used: str) -> None:
    world = world_with({STORAGE: "5Gi"}, {STORAGE: "2Gi"})
    assert written(world, allocatedResources={"storage": allocated}) == {STORAGE: used}


def test_no_more_may_be_allocated_than_the_quota_has() -> None:
    world = world_with({STORAGE: "5Gi"}, {STORAGE: "2Gi"})
    with pytest.raises(ApiError) as refused:
        written(world, allocatedResources={"storage": "9Gi"})
    assert (refused.value.code, refused.value.message) == (
        403,
        'persistentvolumeclaims "data" is forbidden: exceeded quota: q, requested: requests.storage=7Gi, '
        "used: requests.storage=2Gi, limited: requests.storage=5Gi",
    )


@pytest.mark.parametrize(("name", "used"), [("gold", "1"), ("silver", "0")])
def test_a_claim_that_is_brought_to_a_class_comes_under_the_quota_of_the_class(name: str, used: str) -> None:
    counted = "persistentvolumeclaims"
    world = world_with({counted: "3"}, {counted: "0"}, scope="gold")
    assert written(world, currentVolumeAttributesClassName=name) == {counted: used}


def test_other_parts_of_a_status_are_not_charged() -> None:
    world = world_with({STORAGE: "5Gi"}, {STORAGE: "2Gi"})
    assert written(world, capacity={"storage": "4Gi"}) == {STORAGE: "2Gi"}
