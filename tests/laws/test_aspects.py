"""A watch that says which changes concern it is right: it would have answered the others with nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8slab import Lab
from k8slab.cluster import queue
from k8slab.cluster.world import World
from k8slab.store.aspects import aspects_of, owner_kind_of
from k8slab.store.view import Change

MANIFESTS = Path(__file__).parents[2] / "notebooks" / "manifests"
STORIES = {
    "a StatefulSet with claims on failing nodes": (
        "nginx-statefulset.yaml",
        ["kubectl delete pod nginx-statefulset-0", "crash node-2", "run 10m", "recover node-2", "run 1m"],
    ),
    "a Deployment that is scaled and released": (
        "web-deployment.yaml",
        [
            "kubectl scale deployment --all --replicas=5",
            "kubectl label pods --all app-",
            "kubectl drain node-1 --ignore-daemonsets --force",
            "kubectl delete deployment --all",
            "run 1m",
        ],
    ),
    "a Job whose Pods end with volumes of their own": (
        """
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  completions: 2
  ttlSecondsAfterFinished: 30
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: main, image: busybox, command: [date], volumeMounts: [{name: scratch, mountPath: /scratch}]}
      volumes:
      - name: scratch
        ephemeral:
          volumeClaimTemplate:
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
""",
        ["run 20s", "kubectl delete node node-2", "run 2m"],
    ),
    "a Pod that shows its own labels": (
        """
apiVersion: v1
kind: Pod
metadata: {name: mirror, labels: {app: mirror}}
spec:
  containers: [{name: main, image: nginx, volumeMounts: [{name: about, mountPath: /about}]}]
  volumes:
  - name: about
    downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}
""",
        [
            "kubectl label pod mirror tier=web",
            "kubectl annotate pod mirror note=new",
            "kubectl delete pod mirror",
        ],
    ),
}


def play(lab: Lab, manifest: str, steps: list[str]) -> None:
    lab.apply(manifest if "\n" in manifest else MANIFESTS / manifest)
    lab.settle()
    for step in steps:
        verb, _, rest = step.partition(" ")
        getattr(lab, verb)(rest)
        lab.settle()


@pytest.mark.parametrize("story", STORIES)
def test_who_is_passed_over_had_nothing_to_say(story: str, monkeypatch: pytest.MonkeyPatch) -> None:
    passed_over = 0
    told = queue.notify

    def notify(world: World, change: Change) -> None:
        nonlocal passed_over
        told(world, change)
        concerned = world.wakers.concerned(
            change.kind, aspects_of(change), owner_kind_of(change), world.store.kinds
        )
        for component in world.components.values():
            for watch in component.watches:
                if watch.kind != change.kind or watch.keys is None:
                    continue
                asked = any(one.component == component.name and one.keys is watch.keys for one in concerned)
                if asked:
                    continue
                passed_over += 1
                assert list(watch.keys(change, world)) == [], f"{component.name} was not asked of {change}"

    for module in ("k8slab.cluster.api", "k8slab.cluster.records"):
        monkeypatch.setattr(f"{module}.notify", notify)
    play(Lab(nodes=3), *STORIES[story])
    assert passed_over > 100
