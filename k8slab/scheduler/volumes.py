"""Claims and volumes: which belong together, which could, and where a volume can be reached.

What the scheduler, the volume binder and the provisioner all ask.

Models staging/src/k8s.io/component-helpers/storage/volume/{helpers,pv_helpers}.go and
staging/src/k8s.io/component-helpers/storage/ephemeral/ephemeral.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from k8slab.api import quantities
from k8slab.api.meta import Obj, annotations_of, controller_of, dig, is_terminating, labels_of
from k8slab.api.placement import labels_match_selector
from k8slab.api.selectors import from_label_selector, matches
from k8slab.store.view import View

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
DELETION_SECRET_NAME = "volume.kubernetes.io/provisioner-deletion-secret-name"
DELETION_SECRET_NAMESPACE = "volume.kubernetes.io/provisioner-deletion-secret-namespace"
BETA_STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
BETA_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
DELAYED = "WaitForFirstConsumer"


def class_of_claim(claim: Obj) -> str:
    """The name of the storage class that a claim asks for; empty for none."""
    named: str | None = annotations_of(claim).get(BETA_STORAGE_CLASS)
    return claim["spec"].get("storageClassName") or "" if named is None else named


def claim_has_class(claim: Obj) -> bool:
    """Whether a claim says anything about its class: also an empty name does."""
    return BETA_STORAGE_CLASS in annotations_of(claim) or claim["spec"].get("storageClassName") is not None


def class_of_volume(volume: Obj) -> str:
    """The name of a volume's storage class; empty for none."""
    named: str | None = annotations_of(volume).get(BETA_STORAGE_CLASS)
    return volume["spec"].get("storageClassName") or "" if named is None else named


def default_class(view: View) -> Obj | None:
    """The default storage class: of several the youngest, of equally old ones the first by name."""
    found = [
        one
        for one in view.list("StorageClass")
        if "true" in (annotations_of(one).get(DEFAULT_CLASS), annotations_of(one).get(BETA_DEFAULT_CLASS))
    ]
    if not found:
        return None
    found.sort(key=lambda one: one["metadata"]["name"])
    youngest = max(one["metadata"].get("creationTimestamp") or "" for one in found)
    return next(one for one in found if (one["metadata"].get("creationTimestamp") or "") == youngest)


def waits_for_consumer(view: View, claim: Obj) -> bool:
    """Whether a claim's class says that it is bound only once a Pod with it is scheduled."""
    named = class_of_claim(claim)
    found = view.get("StorageClass", ("", named)) if named else None
    return found is not None and found.get("volumeBindingMode") == DELAYED


def is_fully_bound(claim: Obj) -> bool:
    """Whether a claim and its volume are bound to each other, on both sides."""
    return bool(claim["spec"].get("volumeName")) and BIND_COMPLETED in annotations_of(claim)


def is_bound_to(volume: Obj, claim: Obj) -> bool:
    """Whether a volume is bound, or reserved, for this claim."""
    reference = volume["spec"].get("claimRef")
    if reference is None:
        return False
    metadata = claim["metadata"]
    if (reference.get("namespace", ""), reference["name"]) != (metadata["namespace"], metadata["name"]):
        return False
    return not reference.get("uid") or reference["uid"] == metadata["uid"]


def claim_reference(claim: Obj) -> Obj:
    """How a volume names the claim that it is bound to."""
    metadata = claim["metadata"]
    reference = {
        "kind": "PersistentVolumeClaim",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": "v1",
    }
    if metadata.get("resourceVersion"):
        reference["resourceVersion"] = metadata["resourceVersion"]
    return reference


def binding_patch(volume: Obj, claim: Obj) -> Obj:
    """What must change at a volume so that it is bound to a claim; empty for nothing."""
    patch: Obj = {}
    reference = volume["spec"].get("claimRef") or {}
    metadata = claim["metadata"]
    wanted = (metadata["namespace"], metadata["name"], metadata["uid"])
    if (reference.get("namespace"), reference.get("name"), reference.get("uid")) != wanted:
        patch["spec"] = {"claimRef": claim_reference(claim)}
    if not is_bound_to(volume, claim) and BOUND_BY_CONTROLLER not in annotations_of(volume):
        patch["metadata"] = {"annotations": {BOUND_BY_CONTROLLER: "yes"}}
    return patch


def requested_bytes(claim: Obj) -> int:
    """How many bytes a claim asks for."""
    return quantities.units(str(dig(claim, "spec", "resources", "requests", "storage", default="0")))


def capacity_bytes(volume: Obj) -> int:
    """How many bytes a volume holds."""
    return quantities.units(str(dig(volume, "spec", "capacity", "storage", default="0")))


def modes_differ(claim: Obj, volume: Obj) -> bool:
    """Whether one wants a file system and the other is a block device."""
    wanted = claim["spec"].get("volumeMode") or "Filesystem"
    return bool(wanted != (volume["spec"].get("volumeMode") or "Filesystem"))


def access_modes_suffice(claim: Obj, volume: Obj) -> bool:
    """Whether a volume allows every access mode that a claim asks for."""
    allowed = volume["spec"].get("accessModes") or ()
    return all(mode in allowed for mode in claim["spec"].get("accessModes") or ())


def attributes_class(obj: Obj) -> str:
    """The VolumeAttributesClass that a claim or a volume names; empty for none."""
    return obj["spec"].get("volumeAttributesClassName") or ""


def reachable(volume: Obj, node_labels: Mapping[str, str]) -> bool:
    """Whether a volume's node affinity lets a node with these labels use it."""
    required = dig(volume, "spec", "nodeAffinity", "required")
    return required is None or labels_match_selector(required, dict(node_labels))


def find_match(
    claim: Obj,
    volumes: Iterable[Obj],
    *,
    node_labels: Mapping[str, str] | None = None,
    taken: Container[str] = (),
    delayed: bool = False,
) -> Obj | None:
    """The volume for a claim: one reserved for it, else the smallest free one (`FindMatchingVolume`).

    With `node_labels` the volume must be reachable from such a node and allow
    the access modes. `taken` are names of volumes that are spoken for. With
    `delayed` and without a node only a reserved volume will do.
    """
    selector = claim["spec"].get("selector")
    wanted_labels = None if selector is None else from_label_selector(selector)
    wanted_class, size = class_of_claim(claim), requested_bytes(claim)
    best: Obj | None = None
    for volume in volumes:
        if volume["metadata"]["name"] in taken or not _could_serve(claim, volume, size):
            continue
        near = node_labels is None or reachable(volume, node_labels)
        if is_bound_to(volume, claim):
            return volume if near else None
        if (
            (node_labels is None and delayed)
            or (volume.get("status") or {}).get("phase") != "Available"
            or (wanted_labels is not None and not matches(wanted_labels, labels_of(volume)))
            or class_of_volume(volume) != wanted_class
            or not near
            or (node_labels is not None and not access_modes_suffice(claim, volume))
        ):
            continue
        if best is None or capacity_bytes(volume) < capacity_bytes(best):
            best = volume
    return best


def _could_serve(claim: Obj, volume: Obj, size: int) -> bool:
    """Whether a volume is free or reserved for the claim, large enough and of the right kind."""
    if volume["spec"].get("claimRef") is not None and not is_bound_to(volume, claim):
        return False
    return (
        capacity_bytes(volume) >= size
        and not modes_differ(claim, volume)
        and attributes_class(claim) == attributes_class(volume)
        and not is_terminating(volume)
    )


def made_for_pod(claim: Obj, pod: Obj) -> bool:
    """Whether an ephemeral volume's claim was made for this Pod."""
    owner = controller_of(claim)
    return owner is not None and bool(owner["uid"] == pod["metadata"].get("uid"))


def csi_source(view: View, claim: Obj) -> tuple[str, str] | None:
    """The driver and handle of a claim's volume, or of the one that it will get; None if it isn't CSI's."""
    volume = view.get("PersistentVolume", ("", claim["spec"].get("volumeName") or ""))
    if volume is not None:
        source = volume["spec"].get("csi")
        return (source["driver"], source["volumeHandle"]) if source else None
    named = class_of_claim(claim)
    found = view.get("StorageClass", ("", named)) if named else None
    if found is None or found["provisioner"] == NO_PROVISIONER:
        return None
    metadata = claim["metadata"]
    return (found["provisioner"], f"pending-{metadata['namespace']}/{metadata['name']}")
