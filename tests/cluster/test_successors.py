"""A CronJob's Pods are made after each other, and come out as if each had been made from scratch."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab import Lab
from k8slab.api.meta import Obj
from k8slab.cluster import successors
from k8slab.replay import digest_of

MAIN: Obj = {"name": "main", "image": "busybox:1.36", "command": ["date"]}
TOKEN = {"name": "kube-api-access-own", "mountPath": "/token"}
BLOCK = {"labelSelector": {"matchLabels": {"a": "b"}}, "topologyKey": "kubernetes.io/hostname"}
SPREAD = {
    "maxSkew": 1,
    "topologyKey": "kubernetes.io/hostname",
    "whenUnsatisfiable": "ScheduleAnyway",
    "labelSelector": {"matchLabels": {"a": "b"}},
    "matchLabelKeys": ["job-name"],
}
PODS: dict[str, Obj] = {
    "plain": {},
    "with an init container": {"initContainers": [{**MAIN, "name": "first"}]},
    "with a volume of its own": {
        "volumes": [{"name": "own", "emptyDir": {}}],
        "containers": [{**MAIN, "volumeMounts": [{"name": "own", "mountPath": "/own"}]}],
    },
    "without a token": {"automountServiceAccountToken": False},
    "with a token's volume of its own": {
        "volumes": [{"name": "kube-api-access-own", "emptyDir": {}}],
        "containers": [{**MAIN, "volumeMounts": [TOKEN]}],
    },
    "with limits": {"containers": [{**MAIN, "resources": {"limits": {"memory": "16Mi"}}}]},
    "with affinity": {
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [BLOCK]}}
    },
    "spread": {"topologySpreadConstraints": [SPREAD]},
    "with a claim of its own": {
        "volumes": [
            {
                "name": "own",
                "ephemeral": {
                    "volumeClaimTemplate": {
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {"requests": {"storage": "1Gi"}},
                        }
                    }
                },
            }
        ]
    },
}
MADE_ANEW = ("with affinity", "spread", "with a claim of its own")


def lab_of(pod: Obj, **job: Any) -> Lab:
    """A lab in which a CronJob ran four times."""
    lab = Lab(nodes=2)
    template = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"restartPolicy": "Never", "containers": [MAIN], **pod},
    }
    spec = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template, **job}}}
    lab.apply({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"}, "spec": spec})
    lab.run("270s")
    return lab


def found(monkeypatch: pytest.MonkeyPatch, pod: Obj, **job: Any) -> tuple[Lab, int]:
    """Such a lab, and how many Pods were made after others."""
    made: list[object] = []
    find = successors.find

    def counted(*arguments: Any) -> Any:
        likeness = find(*arguments)
        made.extend([] if likeness is None else [likeness])
        return likeness

    monkeypatch.setattr(successors, "find", counted)
    return lab_of(pod, **job), len(made)


@pytest.mark.parametrize("name", PODS)
def test_all_is_as_if_each_pod_were_made_from_scratch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, count = found(monkeypatch, PODS[name])
    assert (count == 0) is (name in MADE_ANEW)
    monkeypatch.setattr(successors, "find", lambda *ignored: None)
    anew = lab_of(PODS[name])
    assert digest_of(lab.world) == digest_of(anew.world)
    shown = "get pods -o yaml --show-managed-fields"
    assert lab.kubectl(shown).stdout == anew.kubectl(shown).stdout


def test_the_pods_of_an_indexed_job_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    indexed = {"completionMode": "Indexed", "completions": 2, "parallelism": 2}
    lab, count = found(monkeypatch, {}, **indexed)
    assert count == 0
    assert lab.world.store.count("Pod") == 6


def test_labels_that_are_refused_are_refused_of_a_successor_too(monkeypatch: pytest.MonkeyPatch) -> None:
    lab, count = found(monkeypatch, {})
    assert count
    known = next(iter(lab.world.likenesses.values()))
    bad = {**known.written["metadata"], "labels": {"a": "-"}}
    pod = {**known.written, "metadata": bad}
    monkeypatch.undo()
    assert successors.find(lab.world, known.writer, known.written) is not None
    assert successors.find(lab.world, known.writer, pod) is None
