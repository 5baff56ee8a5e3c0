"""A volume that is a directory of a node shows what is there, as the page on storage for Pods has it."""

from __future__ import annotations

import pytest

from k8slab.lab import Lab

VOLUME = """
apiVersion: v1
kind: PersistentVolume
metadata: {name: task-pv-volume}
spec:
  storageClassName: manual
  capacity: {storage: 10Gi}
  accessModes: [ReadWriteOnce]
  hostPath: {path: /mnt/data}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: task-pv-claim}
spec:
  storageClassName: manual
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 3Gi}}
---
apiVersion: v1
kind: Pod
metadata: {name: task-pv-pod}
spec:
  nodeName: node-1
  volumes: [{name: storage, persistentVolumeClaim: {claimName: task-pv-claim}}]
  containers:
  - name: web
    image: nginx
    volumeMounts:
    - {name: storage, mountPath: /usr/share/nginx/html}
    - {name: storage, mountPath: /below, subPath: html}
"""
DEBUG = "debug node/{} -i --image=busybox -- sh -c"


@pytest.fixture
def lab() -> Lab:
    lab = Lab(2)
    write = "mkdir -p /host/mnt/data/html; echo Hello from Kubernetes storage > /host/mnt/data/index.html"
    assert lab.kubectl(f"{DEBUG.format('node-1')} '{write}; echo deep > /host/mnt/data/html/deep'").code == 0
    lab.apply(VOLUME)
    lab.settle()
    return lab


def test_a_pod_finds_what_was_put_on_its_node(lab: Lab) -> None:
    assert (
        lab.kubectl("exec task-pv-pod -- curl -s http://localhost/").stdout
        == "Hello from Kubernetes storage\n"
    )
    assert lab.kubectl("exec task-pv-pod -- cat /below/deep").stdout == "deep\n"


@pytest.mark.parametrize(("node", "found"), [("node-1", "from the pod\n"), ("node-2", "")])
def test_what_a_pod_writes_is_on_its_node_alone(lab: Lab, node: str, found: str) -> None:
    lab.kubectl("exec task-pv-pod -- sh -c 'echo from the pod > /usr/share/nginx/html/note'")
    lab.kubectl("delete pod task-pv-pod")
    lab.kubectl(f"{DEBUG.format(node)} 'cat /host/mnt/data/note'")
    lab.settle()
    pods = [pod["metadata"]["name"] for pod in lab.list("pods") if pod["spec"]["nodeName"] == node]
    assert lab.kubectl(f"logs {pods[-1]}").stdout.replace("cat: can't open '/host/mnt/data/note': ", "") in (
        found or "No such file or directory\n",
    )
