"""Every field of a Pod has its place in the table, and what is not simulated is said aloud."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from k8slab.api import schema
from k8slab.kubelet.fields import MISSING, TABLE, as_text
from tests.kubelet.nodes import Nodes, nginx

DOCUMENT = Path(__file__).parents[2] / "docs" / "pod-fields.md"


@pytest.mark.parametrize("kind", TABLE)
def test_the_table_has_every_field_of_the_schema(kind):
    name = "Volume" if kind == "VolumeSource" else kind
    fields = set(schema.type_named(f"api.core.v1.{name}").fields) - ({"name"} if name == "Volume" else set())
    assert fields == TABLE[kind].keys()


def test_the_document_is_the_table():
    if os.environ.get("K8SLAB_UPDATE_GOLDEN"):
        DOCUMENT.write_text(as_text(), encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == as_text()


SAID = {
    "the node's processes": ({"hostPID": True}, []),
    "a device": (
        {"resourceClaims": [{"name": "gpu", "resourceClaimName": "mine"}]},
        [],
    ),
    "a limit of an emptyDir": (
        {"volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "1Mi"}}]},
        [],
    ),
    "nothing": ({"hostPID": False, "securityContext": {"runAsUser": 1}}, []),
}


@pytest.mark.parametrize(("spec", "fields"), SAID.values(), ids=SAID)
def test_what_is_not_simulated_is_said(spec, fields):
    nodes = Nodes()
    nodes.pod("web", nginx(), **spec)
    nodes.run(3)
    said = [
        text for kind, reason, text, _ in nodes.events("web") if (kind, reason) == ("Warning", "NotSimulated")
    ]
    assert [text.partition(" is not simulated: ")[0] for text in said] == fields
    assert nodes.status("web")["phase"] == "Running"


VOLUMES = [name for name, field in TABLE["VolumeSource"].items() if field.verdict == MISSING]
SOURCES = {
    "nfs": {"server": "lab", "path": "/"},
    "iscsi": {"targetPortal": "1.1.1.1:1", "iqn": "iqn.2001-04.lab:x", "lun": 0},
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_volume_that_no_node_can_mount(kind):
    nodes = Nodes()
    nodes.pod("web", nginx(), volumes=[{"name": "far", kind: SOURCES[kind]}])
    nodes.run(3)
    assert kind in VOLUMES and nodes.status("web")["phase"] == "Pending"
    said = {text for _, reason, text, _ in nodes.events("web") if reason == "FailedMount"}
    assert said == {f'MountVolume.SetUp failed for volume "far" : {kind} volumes are not simulated'}
