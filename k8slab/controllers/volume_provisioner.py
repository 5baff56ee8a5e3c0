"""The storage drivers: making volumes for claims, and deleting those that are not wanted any more.

A real cluster runs one external provisioner beside each CSI driver; here one
component plays them all, under each driver's name. It also keeps the internal
`Disk` beside each volume, in which the volume's files are remembered.

Models kubernetes-csi/external-provisioner and sig-storage-lib-external-provisioner
as they work with v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, annotations_of, compact, dig, is_terminating, key_of, key_text
from k8slab.components import Component, Create, Delete, Done, Memory, Patch, Plan, Put, Record, Watch
from k8slab.controllers.persistentvolume_binder import empty_disk
from k8slab.scheduler.spread import HOSTNAME, ZONE
from k8slab.scheduler.volumes import (
    DELETION_SECRET_NAME,
    DELETION_SECRET_NAMESPACE,
    PROVISIONED_BY,
    SELECTED_NODE,
    STORAGE_PROVISIONER,
    claim_reference,
    class_of_claim,
    waits_for_consumer,
)
from k8slab.store.view import Change, View

NAME = "volume-provisioner"
FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
"""Keeps a volume's object until the volume itself is deleted."""

_FILE_SYSTEM = "ext4"


class Underway(NamedTuple):
    """What is remembered of a volume that is being made or deleted."""

    uid: str
    done_us: int


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look at a claim (a key with a namespace) or at a volume (a key without)."""
    if key[0]:
        return (yield from _sync_claim(view, key, now_us, memory))
    return (yield from _sync_volume(view, key, now_us, memory))


def source_of(driver: str) -> str:
    """Under which name a driver's provisioner records Events."""
    return f"{driver}_csi-provisioner-0"


# Making volumes.


def _sync_claim(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    claim = view.get("PersistentVolumeClaim", key)
    if claim is None or claim["spec"].get("volumeName") or is_terminating(claim):
        return Done(memory=None, why="there is nothing to provision")
    driver = annotations_of(claim).get(STORAGE_PROVISIONER)
    found = view.get("StorageClass", ("", class_of_claim(claim)))
    if not driver or found is None:
        return Done(memory=None, why="no driver was asked")
    node = annotations_of(claim).get(SELECTED_NODE)
    if node is None and waits_for_consumer(view, claim):
        return Done(memory=None, why="the claim waits for its first consumer")
    name = volume_name(claim)
    if view.get("PersistentVolume", ("", name)) is not None:
        return Done(memory=None, why="the volume exists")
    uid = claim["metadata"]["uid"]
    if not isinstance(memory, Underway) or memory.uid != uid:
        message = f'External provisioner is provisioning volume for claim "{key_text(key)}"'
        yield Record(claim, "Normal", "Provisioning", message, component=source_of(driver))
        memory = Underway(uid, now_us + view.duration_us("volume_provision", uid))
    if now_us < memory.done_us:
        return Done(look_again_us=memory.done_us - now_us, memory=memory)
    try:
        yield Create("PersistentVolume", provisioned_volume(view, claim, found, driver))
    except ApiError as error:
        if error.reason != "AlreadyExists":
            message = f'failed to provision volume with StorageClass "{found["metadata"]["name"]}": '
            message += error.message
            yield Record(claim, "Warning", "ProvisioningFailed", message, component=source_of(driver))
            raise
    if view.get("Disk", ("", name)) is None:
        yield Put("Disk", ("", name), empty_disk(name))
    message = f"Successfully provisioned volume {name}"
    yield Record(claim, "Normal", "ProvisioningSucceeded", message, component=source_of(driver))
    return Done(memory=None)


def volume_name(claim: Obj) -> str:
    """The name of the volume that is made for a claim."""
    return f"pvc-{claim['metadata']['uid']}"


def provisioned_volume(view: View, claim: Obj, found: Obj, driver: str) -> Obj:
    """The volume that a driver makes for a claim, as its provisioner stores it."""
    name = volume_name(claim)
    reclaim = found.get("reclaimPolicy") or "Delete"
    metadata: Obj = {
        "name": name,
        "annotations": {
            PROVISIONED_BY: driver,
            DELETION_SECRET_NAME: "",
            DELETION_SECRET_NAMESPACE: "",
        },
    }
    if reclaim == "Delete":
        metadata["finalizers"] = [FINALIZER]
    mode = claim["spec"].get("volumeMode") or "Filesystem"
    source = compact(
        {
            "driver": driver,
            "fsType": _FILE_SYSTEM if mode == "Filesystem" else None,
            "volumeAttributes": {"storage.kubernetes.io/csiProvisionerIdentity": source_of(driver)},
            "volumeHandle": name,
        }
    )
    spec = {
        "accessModes": claim["spec"]["accessModes"],
        "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        "claimRef": claim_reference(claim),
        "csi": source,
        "mountOptions": found.get("mountOptions") or None,
        "nodeAffinity": _affinity(view, claim, found, driver),
        "persistentVolumeReclaimPolicy": reclaim,
        "storageClassName": found["metadata"]["name"],
        "volumeAttributesClassName": claim["spec"].get("volumeAttributesClassName"),
        "volumeMode": mode,
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": compact(spec)}


def _affinity(view: View, claim: Obj, found: Obj, driver: str) -> Obj | None:
    """Where a volume can be reached: on one node for a local driver, in one zone for a zonal one."""
    selected = annotations_of(claim).get(SELECTED_NODE)
    node = view.get("Node", ("", selected)) if selected else None
    labels = {} if node is None else node["metadata"].get("labels") or {}
    if "local" in driver and HOSTNAME in labels:
        return _required([{"key": HOSTNAME, "operator": "In", "values": [labels[HOSTNAME]]}])
    terms = found.get("allowedTopologies") or ()
    if terms:
        return _required(_allowed_place(view, claim, terms, labels))
    if ZONE in labels:
        return _required([{"key": ZONE, "operator": "In", "values": [labels[ZONE]]}])
    return None


def _required(expressions: list[Obj]) -> Obj:
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": expressions}]}}


def _allowed_place(view: View, claim: Obj, terms: Iterable[Obj], labels: dict[str, str]) -> list[Obj]:
    """One of the places that a class allows: the chosen node's own, or one by chance."""
    options = [term.get("matchLabelExpressions") or () for term in terms]
    for expressions in options:
        if labels and all(labels.get(one["key"]) in one["values"] for one in expressions):
            return [
                {"key": one["key"], "operator": "In", "values": [labels[one["key"]]]} for one in expressions
            ]
    uid = claim["metadata"]["uid"]
    expressions = options[int(view.chance("volume place", uid) * len(options))]
    return [
        {
            "key": one["key"],
            "operator": "In",
            "values": [one["values"][int(view.chance("volume place", uid, one["key"]) * len(one["values"]))]],
        }
        for one in expressions
    ]


# Deleting volumes, and their files.


def _sync_volume(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    volume = view.get("PersistentVolume", key)
    disk = view.get("Disk", key)
    if volume is None:
        if disk is not None:
            yield Put("Disk", key, None)
        return Done(memory=None)
    if disk is None:
        yield Put("Disk", key, empty_disk(key[1]))
    driver = annotations_of(volume).get(PROVISIONED_BY)
    if not driver or not _should_delete(volume):
        return Done(memory=None, why="the volume is wanted, or not a driver's")
    uid = volume["metadata"]["uid"]
    holder = _attached_to(view, key[1])
    if holder is not None:
        if memory != uid:
            message = f"persistentvolume {key[1]} is still attached to node {holder}"
            yield Record(volume, "Warning", "VolumeFailedDelete", message, component=source_of(driver))
        return Done(memory=uid, why="the volume is still attached")
    if not isinstance(memory, Underway) or memory.uid != uid:
        memory = Underway(uid, now_us + view.duration_us("volume_delete", uid))
    if now_us < memory.done_us:
        return Done(look_again_us=memory.done_us - now_us, memory=memory)
    if not is_terminating(volume):
        yield Delete("PersistentVolume", key, uid)
    current = view.get("PersistentVolume", key)
    if current is not None and FINALIZER in (current["metadata"].get("finalizers") or ()):
        left = [name for name in current["metadata"]["finalizers"] if name != FINALIZER]
        yield Patch("PersistentVolume", key, {"metadata": {"finalizers": left}}, uid=uid)
    return Done(memory=None)


def _should_delete(volume: Obj) -> bool:
    """Whether a volume's claim is gone, and its data are to go too."""
    finalizers = volume["metadata"].get("finalizers") or ()
    if is_terminating(volume) and FINALIZER not in finalizers:
        return False
    if volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete":
        return False
    return bool(dig(volume, "status", "phase") == "Released")


def _attached_to(view: View, name: str) -> str | None:
    for attachment in view.list("VolumeAttachment"):
        if dig(attachment, "spec", "source", "persistentVolumeName") == name:
            node: str = attachment["spec"]["nodeName"]
            return node
    return None


def _after_attachment(change: Change, view: View) -> Iterable[Key]:
    """A volume that was detached may be deleted now."""
    if change.new is not None or change.old is None:
        return ()
    name = dig(change.old, "spec", "source", "persistentVolumeName")
    return (("", name),) if name else ()


def _after_class(change: Change, view: View) -> Iterable[Key]:
    """A class that came lets the claims be served that named it."""
    if change.old is not None:
        return ()
    return [
        key_of(claim)
        for claim in view.list("PersistentVolumeClaim")
        if class_of_claim(claim) == change.key[1]
    ]


CONTROLLER = Component(
    NAME,
    (
        Watch("PersistentVolumeClaim"),
        Watch("PersistentVolume"),
        Watch("VolumeAttachment", _after_attachment),
        Watch("StorageClass", _after_class),
    ),
    plan,
)
