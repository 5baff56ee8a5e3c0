"""What Tab offers behind `kubectl`, and in a notebook behind `%kubectl`.

Models the tests of staging/src/k8s.io/kubectl/pkg/util/completion/completion_test.go, v1.36.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

sys.path.insert(0, str(Path(__file__).parent))

from small_lab import SmallLab

from k8slab.kubectl.word_completion import complete
from k8slab.lab import Lab
from k8slab.panel import magics

OFFERS = {
    "des": ["describe"],
    "rollout re": ["restart", "resume"],
    "create se": ["secret", "service", "serviceaccount"],
    "get po": ["poddisruptionbudgets.policy", "pods", "podtemplates"],
    "get pods,conf": ["pods,configmaps"],
    "get pod ": ["lone"],
    "get pod lone ": [],
    "get pod/l": ["pod/lone"],
    "get pod/lone serv": ["serviceaccounts/", "servicecidrs.networking.k8s.io/", "services/"],
    "get pods -n o": ["other"],
    "get pods --namespace o": ["other"],
    "get pods --namespace=o": ["--namespace=other"],
    "get pods -o js": ["json", "jsonpath", "jsonpath-as-json", "jsonpath-file"],
    "get pods --no-h": ["--no-headers"],
    "get --out": ["--output", "--output-watch-events"],
    "get gizmo ": [],
    "logs l": ["lone"],
    "logs lone ": ["main"],
    "exec lone -c ": ["main"],
    "exec lone -- d": [],
    "cordon ": ["node-1"],
    "taint n": ["node"],
    "taint node ": ["node-1"],
    "rollout status d": ["daemonset", "deployment"],
    "scale deployment/": ["deployment/web"],
    "explain confi": ["configmaps"],
    "explain pod.spec.initC": ["pod.spec.initContainers"],
    "explain pod.spec.containers.ima": ["pod.spec.containers.image", "pod.spec.containers.imagePullPolicy"],
    "auth can-i del": ["delete", "deletecollection"],
    "config use-context ": ["k8slab"],
    "apply -f two": ["two.yaml"],
    "wait --for=con": ["--for=condition="],
    "explode ": [],
    "get pods --odd x": [],
}


@pytest.mark.parametrize("line", OFFERS)
def test_the_last_word_could_become(line: str) -> None:
    *words, word = line.split(" ")
    assert complete(SmallLab(), words, word) == OFFERS[line]


CELLS = {
    "%kubectl get po": ["poddisruptionbudgets.policy", "pods", "pods.metrics.k8s.io", "podtemplates"],
    "%kubectl get pods -n kube-p": ["kube-public"],
    "%kubectl get pods --namespace=kube-p": ["--namespace=kube-public"],
    "%kubectl get pods,conf": ["pods,configmaps"],
    "%%kubectl edit cm cf": ["cfg"],
    "kubectl uncor": ["uncordon"],
}


@pytest.fixture(scope="module")
def shell() -> InteractiveShell:
    """An IPython with the magics and a lab."""
    shell = InteractiveShell()
    magics.register(shell)
    lab = Lab(1)
    lab.kubectl("create configmap cfg")
    shell.user_ns["lab"] = lab
    return shell


@pytest.mark.parametrize("cell", CELLS)
def test_tab_in_a_cell_offers(cell: str, shell: InteractiveShell) -> None:
    with provisionalcompleter():
        found = [one.text for one in shell.Completer.completions(cell, len(cell))]
    assert found == CELLS[cell]


def test_asking_for_completions_is_no_input() -> None:
    lab = Lab(1)
    before = lab.digest()
    assert lab.completions("get node") == ["nodes", "nodes.metrics.k8s.io"]
    assert (lab.digest(), len(lab.inputs)) == (before, 0)
