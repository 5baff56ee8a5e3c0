"""PersistentVolumes.

Models pkg/apis/core/validation/validation.go (ValidatePersistentVolume) and
pkg/api/persistentvolume/util.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import IMMUTABLE, forbidden, invalid, required
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._pod_warnings import term_warnings
from k8slab.api.validation._shape import shape
from k8slab.api.validation._volume_spec import SOURCES, validate_volume_spec

_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"


_MOUNT_OPTIONS = "volume.beta.kubernetes.io/mount-options"
_WITH_MOUNT_OPTIONS = (
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "nfs",
    "rbd",
    "quobyte",
    "iscsi",
    "cinder",
    "cephfs",
    "azureFile",
    "vsphereVolume",
    "azureDisk",
    "photonPersistentDisk",
)


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    causes = validate_volume_spec(spec, "spec", new["metadata"].get("name") or "")
    mounted = any(spec.get(name) is not None for name in _WITH_MOUNT_OPTIONS)
    if not mounted and _MOUNT_OPTIONS in (new["metadata"].get("annotations") or {}):
        detail = "may not specify mount options for this volume type"
        causes.append(forbidden(f"metadata.annotations.{_MOUNT_OPTIONS}", detail))
    return causes


def _source(spec: Obj) -> Obj:
    """The source alone, without a secret for growing it, which may be added later."""
    return {name: spec[name] for name in SOURCES if spec.get(name) is not None}


def _update(new: Obj, old: Obj) -> list[Cause]:
    after, before = new.get("spec") or {}, old.get("spec") or {}
    # Upstream asks everything twice on update.
    causes = _create(new) if after is not before else []
    source, was = _source(after), _source(before)
    secret = "controllerExpandSecretRef"
    if "csi" in was and "csi" in source and was["csi"].get(secret) is None:
        source = {**source, "csi": {**source["csi"], secret: None}}
    shown, shown_before = (shape("PersistentVolumeSource", one) for one in (source, was))
    if shown != shown_before:
        detail = "spec.persistentvolumesource is immutable after creation\n"
        causes.append(forbidden("spec.persistentvolumesource", detail))
    if after.get("volumeMode") != before.get("volumeMode"):
        causes.append(invalid("volumeMode", after.get("volumeMode"), IMMUTABLE))
    affinity, was_affinity = after.get("nodeAffinity"), before.get("nodeAffinity")
    if was_affinity is not None and not _same_affinity(affinity, was_affinity):
        shown = None if affinity is None else shape("VolumeNodeAffinity", affinity)
        detail = f"{IMMUTABLE}, except for updating from beta label to GA"
        causes.append(invalid("nodeAffinity", shown, detail))
    name = "volumeAttributesClassName"
    if before.get(name) is not None and after.get(name) is None:
        causes.append(forbidden(f"spec.{name}", "update from non-nil value to nil is forbidden"))
    return causes


_GA_LABELS = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}


def _same_affinity(new: Obj | None, old: Obj) -> bool:
    """Whether an affinity is the same, or only has a label's final name for its beta name."""
    if new is None:
        return False
    after, before = shape("VolumeNodeAffinity", new), shape("VolumeNodeAffinity", old)
    for terms, others in zip(_terms(after), _terms(before)):
        for field in ("MatchExpressions", "MatchFields"):
            for one, other in zip(terms[field] or (), others[field] or ()):
                if _GA_LABELS.get(other["Key"]) == one["Key"]:
                    other["Key"] = one["Key"]
    return bool(after == before)


def _terms(affinity: Obj) -> list[Obj]:
    return (affinity["Required"] or {}).get("NodeSelectorTerms") or []


def _status(new: Obj, old: Obj) -> list[Cause]:
    return [] if new["metadata"].get("resourceVersion") else [required("resourceVersion")]


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    spec, annotations = new.get("spec") or {}, new["metadata"].get("annotations") or {}
    found: list[str] = []
    if _BETA_CLASS in annotations:
        text = 'deprecated since v1.8; use "storageClassName" attribute instead'
        found.append(f"metadata.annotations[{_BETA_CLASS}]: {text}")
    if _MOUNT_OPTIONS in annotations:
        text = 'deprecated since v1.31; use "mountOptions" attribute instead'
        found.append(f"metadata.annotations[{_MOUNT_OPTIONS}]: {text}")
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        text = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic"
        found.append(f"spec.persistentVolumeReclaimPolicy: {text} provisioning.")
    affinity = (spec.get("nodeAffinity") or {}).get("required") or {}
    for index, term in enumerate(affinity.get("nodeSelectorTerms") or ()):
        found += term_warnings(term, f"spec.nodeAffinity.required.nodeSelectorTerms[{index}]")
    return (*found, *_dead_source_warnings(spec))


_DEAD_SOURCES = (
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
)


def _dead_source_warnings(spec: Obj) -> list[str]:
    return [f"spec.{shown}: {text}" for name, shown, text in _DEAD_SOURCES if spec.get(name) is not None]


RULES = rules(
    _create,
    _update,
    namespaced=False,
    status=_status,
    recheck="before",
    own_metadata=False,
    warnings=_warnings,
)
