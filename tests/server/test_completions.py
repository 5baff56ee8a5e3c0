"""What the kubectl binary completes is offered in process too: commands, flags, kinds, names, containers."""

from __future__ import annotations

import subprocess

import pytest

from k8slab.lab import Lab
from k8slab.server import Serving
from k8slab.server.serving import kubectl_path

LINES = (
    "ro",
    "rollout ",
    "config ",
    "create secret ",
    "completion ",
    "get --name",
    "apply --f",
    "get -o ",
    "get po",
    "get pods,s",
    "get pods ",
    "get pods lone ",
    "get pods/l",
    "get deployments.apps/",
    "get pods -n ",
    "get pods --context ",
    "describe node ",
    "logs ",
    "logs two ",
    "exec two -c ",
    "cp lo",
    "port-forward ",
    "rollout undo deploy/",
    "set image ",
    "scale deploy/",
    "create token ",
    "delete pod ",
    "taint node ",
    "drain ",
    "top pod ",
    "config use-context ",
    "config delete-cluster ",
    "config delete-user ",
)
OBJECTS = """
apiVersion: v1
kind: Pod
metadata: {name: lone}
spec: {containers: [{name: c, image: nginx}]}
---
apiVersion: v1
kind: Pod
metadata: {name: two}
spec: {containers: [{name: first, image: nginx}, {name: second, image: busybox}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: nginx}]}}
"""
_HELP = "_activeHelp_"


@pytest.mark.parametrize("line", LINES)
def test_what_the_binary_completes_is_offered(line: str, lab: Lab, serving: Serving) -> None:
    lab.apply(OBJECTS)
    command = [kubectl_path(), "__complete", *line.split(" ")]
    told = subprocess.run(command, env=serving.environment, capture_output=True, text=True, check=True)
    # The last line holds the shell's directives.
    words = [one.partition("\t")[0] for one in told.stdout.splitlines()[:-1] if not one.startswith(_HELP)]
    assert words
    assert set(words) <= set(lab.completions(line))
