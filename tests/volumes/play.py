"""A cluster in memory in which the volume components and the scheduler run on a virtual clock."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any

from k8slab.api.meta import Key, Obj
from k8slab.clock import SECOND_US
from k8slab.components import KEEP, Component, Record
from k8slab.controllers import (
    attach_detach,
    persistentvolume_binder,
    pv_protection,
    pvc_protection,
    volume_expand,
    volume_provisioner,
)
from k8slab.scheduler import SCHEDULER
from k8slab.store.view import Change
from k8slab.timing import INSTANT, REALISTIC
from tests.scheduler.cluster import Cluster

COMPONENTS = (
    attach_detach.CONTROLLER,
    persistentvolume_binder.CONTROLLER,
    pv_protection.CONTROLLER,
    pvc_protection.CONTROLLER,
    volume_expand.CONTROLLER,
    volume_provisioner.CONTROLLER,
    SCHEDULER,
)


class Play(Cluster):
    """The components react to changes as the World's dispatch loop lets them."""

    def __init__(self, objects: Iterable[Obj] = (), *, instant: bool = False, **options: Any) -> None:
        self.queue: list[tuple[int, int, str, Key]] = []
        self.pending: dict[tuple[str, Key], int] = {}
        self.memories: dict[tuple[str, Key], Any] = {}
        self.sequence = 0
        self.by_name: dict[str, Component] = {component.name: component for component in COMPONENTS}
        super().__init__((), timing=INSTANT if instant else REALISTIC, **options)
        self.caches[attach_detach.NAME] = attach_detach.ClaimUsers(self)
        for obj in objects:
            self.add(obj)

    def _show(self, change: Change) -> None:
        super()._show(change)
        if attach_detach.NAME in self.caches and change.kind in ("Pod", "VolumeAttachment"):
            self.caches[attach_detach.NAME].observe(change)
        for component in self.by_name.values():
            for watch in component.watches:
                if watch.kind == change.kind:
                    for key in (change.key,) if watch.keys is None else watch.keys(change, self):
                        self._wake(component.name, key, self.now_us + 1000)

    def _wake(self, name: str, key: Key, at_us: int) -> None:
        agreed = self.pending.get((name, key))
        if agreed is None or at_us < agreed:
            self.pending[(name, key)] = at_us
            self.sequence += 1
            heappush(self.queue, (at_us, self.sequence, name, key))

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        end_us = self.now_us + int(seconds * SECOND_US)
        while self.queue and self.queue[0][0] <= end_us:
            at_us, _, name, key = heappop(self.queue)
            if self.pending.get((name, key)) != at_us:
                continue
            del self.pending[(name, key)]
            self.now_us = at_us
            done = self.run(self.by_name[name].plan(self, key, at_us, self.memories.get((name, key))))
            assert not done.error, (name, key, done.error)
            if done.memory is not KEEP:
                self.memories[(name, key)] = done.memory
            if done.look_again_us is not None:
                self._wake(name, key, at_us + max(done.look_again_us, 1))
        self.now_us = end_us

    def events(self, name: str) -> list[str]:
        """What was said about the objects of a name: `Reason: message`, each once."""
        said = {
            f"{action.reason}: {action.message}": None
            for action in self.actions
            if isinstance(action, Record) and action.obj["metadata"]["name"] == name
        }
        return list(said)

    def phase(self, kind: str, key: Key) -> str:
        obj = self.get(kind, key)
        return "gone" if obj is None else (obj.get("status") or {}).get("phase", "")


def claim(name: str, size: str = "1Gi", **spec: Any) -> Obj:
    """A claim. `metadata` is merged into its metadata; `storageClass` names its class."""
    metadata = {"name": name, "namespace": "default", **spec.pop("metadata", {})}
    status = spec.pop("status", {"phase": "Pending"})
    if "storageClass" in spec:
        spec["storageClassName"] = spec.pop("storageClass")
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": body,
        "status": status,
    }


def volume(name: str, size: str = "1Gi", **spec: Any) -> Obj:
    """A volume on a path of the host, unless `csi` or another source is given."""
    metadata = {"name": name, **spec.pop("metadata", {})}
    status = spec.pop("status", {})
    if not any(source in spec for source in ("csi", "nfs", "local")):
        spec["hostPath"] = {"path": spec.pop("path", "/srv/data")}
    body = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": size},
        "persistentVolumeReclaimPolicy": "Retain",
        **spec,
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": metadata,
        "spec": body,
        "status": status,
    }


def storage_class(
    name: str, mode: str = "Immediate", provisioner: str = "csi.example.com", **fields: Any
) -> Obj:
    """A storage class."""
    metadata = {"name": name, **fields.pop("metadata", {})}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": metadata,
        "provisioner": provisioner,
        "volumeBindingMode": mode,
        "reclaimPolicy": "Delete",
        **fields,
    }


def with_claim(name: str) -> list[Obj]:
    """A Pod's volumes: one claim."""
    return [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]
