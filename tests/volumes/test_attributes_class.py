"""A class of volume attributes stays while a claim names it."""

from __future__ import annotations

import pytest

from k8slab.lab import Lab

CLASS = """
apiVersion: storage.k8s.io/v1
kind: VolumeAttributesClass
metadata: {name: gold}
driverName: csi.k8slab.dev
parameters: {iops: "4000"}
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  volumeAttributesClassName: gold
  resources: {requests: {storage: 1Gi}}
"""
KEY = ("", "gold")


@pytest.fixture
def lab():
    lab = Lab(1)
    lab.apply(CLASS)
    lab.run(1)
    return lab


def test_an_unused_class_goes_at_once(lab):
    assert lab.world.get("VolumeAttributesClass", KEY)["metadata"]["finalizers"] == [
        "kubernetes.io/vac-protection"
    ]
    lab.kubectl("delete volumeattributesclass gold --wait=false")
    lab.run(2)
    assert lab.world.get("VolumeAttributesClass", KEY) is None


def test_a_class_stays_until_its_claim_is_gone(lab):
    lab.apply(CLAIM)
    lab.run(5)
    lab.kubectl("delete volumeattributesclass gold --wait=false")
    lab.run(5)
    assert "deletionTimestamp" in lab.world.get("VolumeAttributesClass", KEY)["metadata"]
    lab.kubectl("delete pvc data --wait=false")
    lab.run(30)
    assert lab.world.get("VolumeAttributesClass", KEY) is None
