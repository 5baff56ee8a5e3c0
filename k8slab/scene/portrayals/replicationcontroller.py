"""A ReplicationController: what a ReplicaSet was before it had a name, so it is drawn as one."""

from __future__ import annotations

from k8slab.scene.portrayal import Portrayal
from k8slab.scene.portrayals.replicaset import draw

PORTRAYAL = Portrayal("ReplicationController", "workloads", draw)
