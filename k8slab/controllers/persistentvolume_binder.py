"""The volume binder: which claim gets which volume, and what becomes of a volume whose claim is gone.

Claims and volumes point at each other, and each is saved on its own: at any
moment only one of the two writes may have happened. So every look at a claim or
a volume starts from what is stored and goes on from there. A key with a
namespace is a claim's, one without a volume's.

Models pkg/controller/volume/persistentvolume/{pv_controller,index}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.meta import Key, Obj, annotations_of, dig, is_terminating, key_of, key_text
from k8slab.clock import SECOND_US, timestamp
from k8slab.components import (
    Action,
    Component,
    Delete,
    Done,
    Memory,
    Outcome,
    Patch,
    Plan,
    Put,
    Record,
    Watch,
)
from k8slab.scheduler.volumes import (
    BETA_STORAGE_PROVISIONER,
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    PROVISIONED_BY,
    SELECTED_NODE,
    STORAGE_PROVISIONER,
    access_modes_suffice,
    attributes_class,
    binding_patch,
    capacity_bytes,
    claim_has_class,
    class_of_claim,
    class_of_volume,
    default_class,
    find_match,
    is_bound_to,
    modes_differ,
    requested_bytes,
    waits_for_consumer,
)
from k8slab.store.view import Change, View

NAME = "persistentvolume-binder-controller"
SOURCE = "persistentvolume-controller"
"""Under which name the controller records Events."""

RESYNC_US = 15 * SECOND_US
"""How often what is not settled is looked at again."""

MIGRATED_DRIVERS = {
    "kubernetes.io/aws-ebs": "ebs.csi.aws.com",
    "kubernetes.io/azure-disk": "disk.csi.azure.com",
    "kubernetes.io/azure-file": "file.csi.azure.com",
    "kubernetes.io/cinder": "cinder.csi.openstack.org",
    "kubernetes.io/gce-pd": "pd.csi.storage.gke.io",
    "kubernetes.io/portworx-volume": "pxd.portworx.com",
    "kubernetes.io/vsphere-volume": "csi.vsphere.vmware.com",
}
"""The in-tree provisioners whose work CSI drivers do today."""

_RECYCLABLE = ("hostPath", "nfs")

Steps = Generator[Action, Outcome, Done]
Writing = Generator[Action, Outcome, Obj]


class Recycling(NamedTuple):
    """What is remembered while a volume is scrubbed."""

    uid: str
    done_us: int


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look at a claim or at a volume."""
    if key[0]:
        claim = view.get("PersistentVolumeClaim", key)
        if claim is None:
            return Done(memory=None, why="the claim is gone")
        if BIND_COMPLETED in annotations_of(claim):
            return (yield from _sync_bound_claim(view, claim, now_us))
        return (yield from _sync_unbound_claim(view, claim, now_us))
    volume = view.get("PersistentVolume", key)
    if volume is None:
        return Done(memory=None, why="the volume is gone")
    return (yield from _sync_volume(view, volume, now_us, memory))


def _resync(now_us: int) -> int:
    """How long until the next of the regular looks at everything."""
    return RESYNC_US - now_us % RESYNC_US


# Claims.


def find_best_match(claim: Obj, volumes: Iterable[Obj], *, delayed: bool) -> Obj | None:
    """The volume for a claim: from those with the fewest access modes beyond the wanted ones."""
    by_modes: dict[tuple[str, ...], list[Obj]] = {}
    for volume in volumes:
        by_modes.setdefault(tuple(sorted(volume["spec"].get("accessModes") or ())), []).append(volume)
    wanted = claim["spec"].get("accessModes") or ()
    for modes in sorted(by_modes, key=lambda modes: (len(modes), modes)):
        if all(mode in modes for mode in wanted):
            found = find_match(claim, by_modes[modes], delayed=delayed)
            if found is not None:
                return found
    return None


def _sync_unbound_claim(view: View, claim: Obj, now_us: int) -> Steps:
    name = claim["spec"].get("volumeName")
    if name:
        return (yield from _sync_claim_with_volume(view, claim, name, now_us))
    delayed = waits_for_consumer(view, claim)
    volume = find_best_match(claim, view.list("PersistentVolume"), delayed=delayed)
    if volume is not None:
        yield from _bind(volume, claim, now_us)
        return Done()
    if not claim_has_class(claim):
        default = default_class(view)
        if default is not None:
            patch = {"spec": {"storageClassName": default["metadata"]["name"]}}
            yield Patch("PersistentVolumeClaim", key_of(claim), patch, uid=claim["metadata"]["uid"])
            return Done(why="the claim was given the default class, and is looked at again for that")
    if delayed and SELECTED_NODE not in annotations_of(claim):
        yield _why_unbound(view, claim)
    elif class_of_claim(claim):
        yield from _provision(view, claim)
        return Done(look_again_us=_resync(now_us))
    else:
        message = "no persistent volumes available for this claim and no storage class is set"
        yield _event(claim, "Normal", "FailedBinding", message)
    yield from _set_claim_phase(claim, "Pending", None)
    return Done(look_again_us=_resync(now_us))


def _why_unbound(view: View, claim: Obj) -> Record:
    """What a claim that waits for its first consumer waits for."""
    pods = [
        pod["metadata"]["name"]
        for pod in view.list("Pod", namespace=claim["metadata"]["namespace"], node="")
        if uses_claim(pod, claim["metadata"]["name"]) and not _has_ended(pod)
    ]
    if not pods:
        message = "waiting for first consumer to be created before binding"
        return _event(claim, "Normal", "WaitForFirstConsumer", message)
    noun = "pods" if len(pods) > 1 else "pod"
    message = f"waiting for {noun} {','.join(pods)} to be scheduled"
    return _event(claim, "Normal", "WaitForPodScheduled", message)


def uses_claim(pod: Obj, claim_name: str) -> bool:
    """Whether one of a Pod's volumes is this claim, an ephemeral one's own claim included."""
    for volume in pod["spec"].get("volumes") or ():
        if dig(volume, "persistentVolumeClaim", "claimName") == claim_name:
            return True
        if volume.get("ephemeral") and f"{pod['metadata']['name']}-{volume['name']}" == claim_name:
            return True
    return False


def _has_ended(pod: Obj) -> bool:
    return dig(pod, "status", "phase") in ("Succeeded", "Failed")


def _provision(view: View, claim: Obj) -> Generator[Action, Outcome, None]:
    """Let the class's provisioner make a volume: an annotation tells it to."""
    class_name = class_of_claim(claim)
    found = view.get("StorageClass", ("", class_name))
    if found is None:
        message = f'storageclass.storage.k8s.io "{class_name}" not found'
        yield _event(claim, "Warning", "ProvisioningFailed", message)
        return
    provisioner: str = MIGRATED_DRIVERS.get(found["provisioner"], "") or found["provisioner"]
    if provisioner.startswith("kubernetes.io/"):
        message = f"no volume plugin matched name: {provisioner}"
        yield _event(claim, "Warning", "ProvisioningFailed", message)
        return
    wanted = {BETA_STORAGE_PROVISIONER: provisioner, STORAGE_PROVISIONER: provisioner}
    annotations = annotations_of(claim)
    if any(annotations.get(name) != value for name, value in wanted.items()):
        patch = {"metadata": {"annotations": wanted}}
        yield Patch("PersistentVolumeClaim", key_of(claim), patch, uid=claim["metadata"]["uid"])
    yield _event(
        claim,
        "Normal",
        "ExternalProvisioning",
        f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually "
        "by the system administrator. If volume creation is delayed, please verify that the provisioner is "
        "running and correctly registered.",
    )


def _sync_claim_with_volume(view: View, claim: Obj, name: str, now_us: int) -> Steps:
    """A claim that names its volume and isn't bound to it yet."""
    volume = view.get("PersistentVolume", ("", name))
    if volume is None:
        yield from _set_claim_phase(claim, "Pending", None)
        return Done(look_again_us=_resync(now_us), why="the volume doesn't exist yet")
    if volume["spec"].get("claimRef") is None:
        why = _unsuitable(volume, claim)
        if why:
            message = f'Cannot bind to requested volume "{name}": {why}'
            yield _event(claim, "Warning", "VolumeMismatch", message)
            yield from _set_claim_phase(claim, "Pending", None)
            return Done(look_again_us=_resync(now_us))
        yield from _bind(volume, claim, now_us)
        return Done()
    if is_bound_to(volume, claim):
        yield from _bind(volume, claim, now_us)
        return Done()
    message = f'volume "{name}" already bound to a different claim.'
    yield _event(claim, "Warning", "FailedBinding", message)
    if BOUND_BY_CONTROLLER in annotations_of(claim):
        owner = key_text(_claim_key(volume))
        key = key_text(key_of(claim))
        error = f'invalid binding of claim "{key}" to volume "{name}": volume already claimed by "{owner}"'
        return Done(error=error)
    yield from _set_claim_phase(claim, "Pending", None)
    return Done(look_again_us=_resync(now_us))


def _unsuitable(volume: Obj, claim: Obj) -> str:
    """Why a volume can't serve a claim that names it; empty if it can."""
    if is_terminating(volume):
        return f'the volume is marked for deletion "{volume["metadata"]["name"]}"'
    if capacity_bytes(volume) < requested_bytes(claim):
        return "requested PV is too small"
    if class_of_volume(volume) != class_of_claim(claim):
        return "storageClassName does not match"
    if attributes_class(volume) != attributes_class(claim):
        return "volumeAttributesClassName does not match"
    if modes_differ(claim, volume):
        return "incompatible volumeMode"
    return "" if access_modes_suffice(claim, volume) else "incompatible accessMode"


def _sync_bound_claim(view: View, claim: Obj, now_us: int) -> Steps:
    name = claim["spec"].get("volumeName")
    if not name:
        message = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
        return (yield from _lose(claim, "ClaimLost", message))
    volume = view.get("PersistentVolume", ("", name))
    if volume is None:
        message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
        return (yield from _lose(claim, "ClaimLost", message))
    reference = volume["spec"].get("claimRef")
    if reference is None or reference.get("uid") == claim["metadata"]["uid"]:
        yield from _bind(volume, claim, now_us)
        return Done()
    message = "Two claims are bound to the same volume, this one is bound incorrectly"
    return (yield from _lose(claim, "ClaimMisbound", message))


def _lose(claim: Obj, reason: str, message: str) -> Steps:
    if dig(claim, "status", "phase") == "Lost":
        return Done(why="the claim is known to be lost")
    claim = yield from _set_claim_phase(claim, "Lost", None)
    yield _event(claim, "Warning", reason, message)
    return Done()


# Writing.


def _event(obj: Obj, event_type: str, reason: str, message: str) -> Record:
    return Record(obj, event_type, reason, message, component=SOURCE)


def _patched(obj: Obj, patch: Obj, subresource: str = "") -> Writing:
    """Patch an object. The stored one."""
    metadata = obj["metadata"]
    stored: Obj | None = yield Patch(obj["kind"], key_of(obj), patch, subresource, metadata.get("uid", ""))
    return obj if stored is None else stored


def _bind(volume: Obj, claim: Obj, now_us: int) -> Generator[Action, Outcome, None]:
    """Bind a volume and a claim to each other: the volume first, whatever of the four writes is missing."""
    patch = binding_patch(volume, claim)
    if patch:
        volume = yield from _patched(volume, patch)
    volume = yield from _set_volume_phase(volume, "Bound", now_us)
    claim = yield from _bind_claim(claim, volume)
    yield from _set_claim_phase(claim, "Bound", volume)


def _bind_claim(claim: Obj, volume: Obj) -> Writing:
    patch: Obj = {}
    annotations: dict[str, str] = {}
    name = volume["metadata"]["name"]
    if claim["spec"].get("volumeName") != name:
        patch["spec"] = {"volumeName": name}
        if BOUND_BY_CONTROLLER not in annotations_of(claim):
            annotations[BOUND_BY_CONTROLLER] = "yes"
    if BIND_COMPLETED not in annotations_of(claim):
        annotations[BIND_COMPLETED] = "yes"
    if annotations:
        patch["metadata"] = {"annotations": annotations}
    return (yield from _patched(claim, patch)) if patch else claim


def _set_claim_phase(claim: Obj, phase: str, volume: Obj | None) -> Writing:
    """Save a claim's phase, and with a volume what the claim got of it."""
    status = claim.get("status") or {}
    changed: Obj = {}
    if status.get("phase") != phase:
        changed["phase"] = phase
    if volume is None:
        for field in ("accessModes", "capacity", "currentVolumeAttributesClassName"):
            if status.get(field) is not None:
                changed[field] = None
    else:
        spec = volume["spec"]
        if status.get("accessModes") != spec.get("accessModes"):
            changed["accessModes"] = spec.get("accessModes")
        # A claim that is bound already may on purpose say less than its volume holds.
        if status.get("phase") != phase and _capacity_differs(status, spec):
            changed["capacity"] = spec.get("capacity")
        named = spec.get("volumeAttributesClassName")
        if status.get("phase") == "Pending" and status.get("currentVolumeAttributesClassName") != named:
            changed["currentVolumeAttributesClassName"] = named
    return (yield from _patched(claim, {"status": changed}, "status")) if changed else claim


def _capacity_differs(status: Obj, spec: Obj) -> bool:
    before, after = dig(status, "capacity", "storage"), dig(spec, "capacity", "storage", default="0")
    return before is None or quantities.compare(str(before), str(after)) != 0


def _set_volume_phase(volume: Obj, phase: str, now_us: int, message: str = "") -> Writing:
    status = volume.get("status") or {}
    if status.get("phase") == phase:
        return volume
    changed = {"phase": phase, "lastPhaseTransitionTime": timestamp(now_us)}
    if message or status.get("message"):
        changed["message"] = message or None  # type: ignore[assignment]
    return (yield from _patched(volume, {"status": changed}, "status"))


def _fail_volume(volume: Obj, reason: str, message: str, now_us: int) -> Generator[Action, Outcome, None]:
    if dig(volume, "status", "phase") != "Failed":
        volume = yield from _set_volume_phase(volume, "Failed", now_us, message)
        yield _event(volume, "Warning", reason, message)


# Volumes.


def _claim_key(volume: Obj) -> Key:
    reference = volume["spec"]["claimRef"]
    return (reference.get("namespace", ""), reference["name"])


def _sync_volume(view: View, volume: Obj, now_us: int, memory: Memory) -> Steps:
    reference = volume["spec"].get("claimRef")
    if reference is None or not reference.get("uid"):
        yield from _set_volume_phase(volume, "Available", now_us)
        return Done(memory=None)
    claim = view.get("PersistentVolumeClaim", _claim_key(volume))
    if claim is not None and claim["metadata"]["uid"] != reference["uid"]:
        # The claim was deleted, and another one has its name.
        claim = None
    if claim is None:
        return (yield from _release(volume, now_us, memory))
    name = claim["spec"].get("volumeName")
    if not name:
        if not modes_differ(claim, volume):
            return Done(why="the claim is bound when it is looked at itself")
        yield from _report_mode_mismatch(volume, claim)
        return Done()
    if name == volume["metadata"]["name"]:
        yield from _set_volume_phase(volume, "Bound", now_us)
        return Done(memory=None)
    dynamic = PROVISIONED_BY in annotations_of(volume)
    if dynamic and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
        return (yield from _release(volume, now_us, memory))
    yield from _unbind(volume, now_us)
    return Done(memory=None)


def _report_mode_mismatch(volume: Obj, claim: Obj) -> Generator[Action, Outcome, None]:
    claim_name, volume_name = claim["metadata"]["name"], volume["metadata"]["name"]
    yield _event(
        volume,
        "Warning",
        "VolumeMismatch",
        f'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{claim_name}" due to incompatible '
        "volumeMode.",
    )
    yield _event(
        claim,
        "Warning",
        "VolumeMismatch",
        f'Cannot bind PersistentVolume "{volume_name}" to requested PersistentVolumeClaim due to '
        "incompatible volumeMode.",
    )


def _unbind(volume: Obj, now_us: int) -> Generator[Action, Outcome, None]:
    """Take a binding back: the controller's own wholly, a user's down to the reservation."""
    if BOUND_BY_CONTROLLER in annotations_of(volume):
        patch: Obj = {
            "metadata": {"annotations": {BOUND_BY_CONTROLLER: None}},
            "spec": {"claimRef": None},
        }
    else:
        patch = {"spec": {"claimRef": {"uid": None}}}
    volume = yield from _patched(volume, patch)
    yield from _set_volume_phase(volume, "Available", now_us)


def _release(volume: Obj, now_us: int, memory: Memory) -> Steps:
    """The claim is gone: do what the reclaim policy says."""
    if dig(volume, "status", "phase") not in ("Released", "Failed"):
        volume = yield from _set_volume_phase(volume, "Released", now_us)
    policy = volume["spec"].get("persistentVolumeReclaimPolicy")
    if policy == "Delete":
        yield from _delete_volume(volume, now_us)
    elif policy == "Recycle":
        return (yield from _recycle(volume, now_us, memory))
    elif policy != "Retain":
        message = "Volume has unrecognized PersistentVolumeReclaimPolicy"
        yield from _fail_volume(volume, "VolumeUnknownReclaimPolicy", message, now_us)
    return Done(memory=None)


def _delete_volume(volume: Obj, now_us: int) -> Generator[Action, Outcome, None]:
    """Delete a volume that no driver looks after; drivers delete theirs themselves."""
    driver = annotations_of(volume).get(PROVISIONED_BY)
    if volume["spec"].get("csi") or (driver and not driver.startswith("kubernetes.io/")):
        return
    name = volume["metadata"]["name"]
    path = dig(volume, "spec", "hostPath", "path")
    if path is None:
        message = (
            f'error getting deleter volume plugin for volume "{name}": no deletable volume plugin matched'
        )
        yield from _fail_volume(volume, "VolumeFailedDelete", message, now_us)
    elif not (path.startswith("/tmp/") and len(path) > len("/tmp/")):
        message = f"host_path deleter only supports /tmp/.+ but received provided {path}"
        yield from _fail_volume(volume, "VolumeFailedDelete", message, now_us)
    elif not is_terminating(volume):
        yield Delete("PersistentVolume", key_of(volume), volume["metadata"].get("uid", ""))


def _recycle(volume: Obj, now_us: int, memory: Memory) -> Steps:
    """Scrub a volume and offer it again, if it is of a kind that can be scrubbed."""
    uid = volume["metadata"].get("uid", "")
    if not any(kind in volume["spec"] for kind in _RECYCLABLE):
        message = "No recycler plugin found for the volume!"
        yield from _fail_volume(volume, "VolumeFailedRecycle", message, now_us)
        return Done(memory=None)
    if not isinstance(memory, Recycling) or memory.uid != uid:
        memory = Recycling(uid, now_us + RECYCLE_US)
    if now_us < memory.done_us:
        return Done(look_again_us=memory.done_us - now_us, memory=memory)
    name = volume["metadata"]["name"]
    yield Put("Disk", ("", name), empty_disk(name))
    yield _event(volume, "Normal", "VolumeRecycled", "Volume recycled")
    yield from _unbind(volume, now_us)
    return Done(memory=None)


RECYCLE_US = 5 * SECOND_US
"""How long the Pod runs that scrubs a volume."""


def empty_disk(name: str) -> Obj:
    """The contents of a fresh volume: the internal object that remembers the files on it."""
    return {"apiVersion": "lab", "kind": "Disk", "metadata": {"name": name}, "spec": {"files": {}}}


# Who is looked at after what.


def _after_claim(change: Change, view: View) -> Iterable[Key]:
    """The claim itself, unless it goes; then its volume is to be released."""
    if change.new is not None:
        return (change.key,)
    name = (change.old or {}).get("spec", {}).get("volumeName")
    return (("", name),) if name else ()


def _after_volume(change: Change, view: View) -> Iterable[Key]:
    """The volume, and the claim that it names."""
    volume = change.new or change.old
    reference = volume["spec"].get("claimRef") if volume is not None else None
    own = () if change.new is None else (change.key,)
    if reference is None:
        return own
    key = (reference.get("namespace", ""), reference["name"])
    claim = view.get("PersistentVolumeClaim", key)
    if claim is None or (change.new is not None and _settled(claim, change)):
        return own
    return (*own, key)


def _settled(claim: Obj, change: Change) -> bool:
    """Whether a claim has nothing to do with a volume's change: they are bound to each other."""
    return (
        claim["spec"].get("volumeName") == change.key[1]
        and BIND_COMPLETED in annotations_of(claim)
        and dig(claim, "status", "phase") == "Bound"
    )


CONTROLLER = Component(
    NAME,
    (Watch("PersistentVolumeClaim", _after_claim), Watch("PersistentVolume", _after_volume)),
    plan,
)
