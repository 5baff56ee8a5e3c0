"""How much fits into a volume in memory, and the modes of folders in which everybody may write."""

from __future__ import annotations

import pytest

from k8slab.api.meta import Obj
from tests.kubelet.nodes import Nodes, shell

LIMIT = {"resources": {"limits": {"memory": "32Mi"}}}
SIZES = {
    "as much as the node has": ({}, {}, 8 << 20),
    "as much as it says": ({"sizeLimit": "10Mi"}, {}, 10 << 10),
    "as much as the Pod may use": ({}, LIMIT, 32 << 10),
    "less than the Pod may use": ({"sizeLimit": "10Mi"}, LIMIT, 10 << 10),
    "no more than the Pod may use": ({"sizeLimit": "64Mi"}, LIMIT, 32 << 10),
}


@pytest.mark.parametrize(("source", "more", "kibibytes"), SIZES.values(), ids=SIZES)
def test_how_much_fits(source: Obj, more: Obj, kibibytes: int) -> None:
    nodes = Nodes(1)
    mount = {"name": "cache", "mountPath": "/cache"}
    container = {**shell("sleep 100000"), **more, "volumeMounts": [mount]}
    nodes.pod("web", container, volumes=[{"name": "cache", "emptyDir": {"medium": "Memory", **source}}])
    nodes.run(5)
    assert nodes.exec("web", "sh", "-c", "df | grep cache | awk '{print $2}'").stdout == f"{kibibytes}\n"


MODES = {"/tmp": "drwxrwxrwt", "/var/lib": "drwxr-xr-x"}


@pytest.mark.parametrize(("path", "mode"), MODES.items(), ids=MODES)
def test_the_modes_of_a_nodes_folders(path: str, mode: str) -> None:
    nodes = Nodes(1)
    container = {**shell("sleep 100000"), "volumeMounts": [{"name": "host", "mountPath": "/host"}]}
    nodes.pod("web", container, volumes=[{"name": "host", "hostPath": {"path": path}}])
    nodes.run(5)
    assert nodes.exec("web", "ls", "-ld", "/host").stdout.split()[0] == mode
