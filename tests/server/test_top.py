"""`kubectl top`: the binary and the in-process command print the same of a cluster with a metrics server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8slab.lab import Lab

KUBECTL = Path(sys.executable).with_name("kubectl")
MANIFESTS = Path(__file__).parents[2] / "notebooks" / "manifests"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = Lab(nodes=3)
    lab.apply(MANIFESTS / "nginx-statefulset.yaml")
    lab.settle()
    lab.run("1m")
    lab.set_load("statefulset/nginx-statefulset", cpu="900m", memory="200Mi")
    lab.crash("node-2")
    lab.run("2m")
    lab.kubectl("run young --image=nginx -l app=young")
    with lab.serve(live=False):
        yield lab


@pytest.mark.parametrize(
    "command",
    [
        "top pods",
        "top nodes",
        "top pods -A",
        "top pods --containers -A",
        "top pods --sum",
        "top pods --sum --containers",
        "top pods --sum --containers --no-headers",
        "top pods --sum --show-swap",
        "top pods --sort-by=cpu",
        "top pods --sort-by=memory -A",
        "top pods --sort-by=name",
        "top pods -l app=nginx",
        "top pods -l app=nobody",
        "top pods --field-selector metadata.name=nginx-statefulset-1",
        "top pods --no-headers",
        "top pods -n kube-system",
        "top pod nginx-statefulset-1",
        "top pod nobody",
        "top pod nginx-statefulset-1 -l app=nginx",
        "top pods one two",
        "top nodes --show-capacity",
        "top nodes --show-swap",
        "top nodes --sort-by=memory",
        "top node node-1",
        "top node nobody",
        "top node node-1 -l a=b",
        "top nodes one two",
        "get nodes.metrics.k8s.io",
        "get pods.metrics.k8s.io -o name",
        "api-resources --api-group=metrics.k8s.io",
    ],
)
def test_the_binary_prints_the_same(lab: Lab, command: str) -> None:
    ran = subprocess.run(
        [str(KUBECTL), *command.split()], capture_output=True, text=True, env=os.environ, check=False
    )
    own = lab.kubectl(command)
    assert (own.stdout, own.stderr, own.code) == (ran.stdout, ran.stderr, ran.returncode)


def test_a_node_without_power_is_not_measured(lab: Lab) -> None:
    assert "node-2   <unknown>" in lab.kubectl("top nodes").stdout


def test_a_young_pod_is_not_measured_yet(lab: Lab) -> None:
    assert lab.kubectl("top pods -l app=young").stderr == "error: metrics not available yet\n"


def test_without_a_metrics_server_there_is_no_metrics_api() -> None:
    lab = Lab(nodes=1, addons=())
    assert lab.kubectl("top nodes").stderr == "error: Metrics API not available\n"
    assert "metrics.k8s.io" not in lab.kubectl("api-versions").stdout
    assert Lab.load(lab.save()).kubectl("top nodes").code == 1
