"""Volumes of a Pod: exactly one source each, and what each source needs.

Models pkg/apis/core/validation/validation.go (ValidateVolumes,
validateVolumeSource), v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._claim_spec import validate_claim_template
from k8slab.api.validation._env import VOLUME_FIELDS, validate_field_selector, validate_resource_selector
from k8slab.api.validation._field import (
    ONE_VOLUME_TYPE,
    all_invalid,
    duplicate,
    enumerated,
    forbidden,
    invalid,
    quote,
    required,
)
from k8slab.api.validation._names import byte_length, dns_label, dns_subdomain
from k8slab.api.validation._paths import local_non_reserved_path
from k8slab.api.validation._projections import validate_projected
from k8slab.api.validation._resources import nano
from k8slab.api.validation._volume_sources import (
    LEGACY_SOURCES,
    validate_csi_driver_name,
    validate_file_mode,
    validate_host_path,
    validate_key_to_path,
)

Check = Callable[[Obj, str, bool], list[Cause]]


def _validate_empty_dir(source: Obj, path: str, is_pod: bool) -> list[Cause]:
    if source.get("sizeLimit") is not None and nano(source["sizeLimit"]) < 0:
        return [forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
    return []


def _keyed(name_field: str) -> Check:
    """The check of a volume made of the keys of a Secret or ConfigMap."""

    def check(source: Obj, path: str, is_pod: bool) -> list[Cause]:
        causes = [] if source.get(name_field) else [required(f"{path}.{name_field}")]
        causes += validate_file_mode(source.get("defaultMode"), f"{path}.defaultMode")
        for index, item in enumerate(source.get("items") or ()):
            causes += validate_key_to_path(item, f"{path}.items[{index}]")
        return causes

    return check


def _validate_claim_source(source: Obj, path: str, is_pod: bool) -> list[Cause]:
    return [] if source.get("claimName") else [required(f"{path}.claimName")]


def validate_downward_file(file: Obj, path: str) -> list[Cause]:
    """One file that shows a field of the Pod or a container's resources."""
    target = file.get("path") or ""
    causes = [] if target else [required(f"{path}.path")]
    causes += local_non_reserved_path(target, f"{path}.path")
    field, resource = file.get("fieldRef"), file.get("resourceFieldRef")
    if field is not None:
        causes += validate_field_selector(field, f"{path}.fieldRef", VOLUME_FIELDS)
        if resource is not None:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            causes.append(invalid(path, "resource", detail))
    elif resource is not None:
        causes += validate_resource_selector(resource, f"{path}.resourceFieldRef", in_volume=True)
    else:
        causes.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    return causes + validate_file_mode(file.get("mode"), f"{path}.mode")


def _validate_downward(source: Obj, path: str, is_pod: bool) -> list[Cause]:
    causes = validate_file_mode(source.get("defaultMode"), f"{path}.defaultMode")
    for file in source.get("items") or ():
        causes += validate_downward_file(file, path)
    return causes


def _validate_csi(source: Obj, path: str, is_pod: bool) -> list[Cause]:
    causes = validate_csi_driver_name(source.get("driver") or "", f"{path}.driver")
    secret = source.get("nodePublishSecretRef")
    if secret is not None:
        name = secret.get("name") or ""
        if not name:
            causes.append(required(f"{path}.nodePublishSecretRef.name"))
        else:
            causes += all_invalid(f"{path}.name", name, dns_subdomain(name))
    return causes


def _validate_ephemeral(source: Obj, path: str, is_pod: bool) -> list[Cause]:
    template = source.get("volumeClaimTemplate")
    if template is None:
        return [required(f"{path}.volumeClaimTemplate")]
    return validate_claim_template(template, f"{path}.volumeClaimTemplate")


def _validate_image(source: Obj, path: str, is_pod: bool) -> list[Cause]:
    causes: list[Cause] = []
    if is_pod and not source.get("reference"):
        causes.append(required(f"{path}.reference"))
    policies = ("Always", "IfNotPresent", "Never")
    return causes + enumerated(source.get("pullPolicy"), f"{path}.pullPolicy", policies)


def _validate_projected(source: Obj, path: str, is_pod: bool) -> list[Cause]:
    return validate_projected(source, path, validate_downward_file)


def _legacy(name: str) -> Check:
    return lambda source, path, is_pod: LEGACY_SOURCES[name](source, path)


# In the order in which upstream asks: JSON name, the name in "more than 1 volume type", the name in
# the source's own faults (upstream misspells two of them), the check.
_SOURCES: tuple[tuple[str, str, str, Check], ...] = (
    ("emptyDir", "emptyDir", "emptyDir", _validate_empty_dir),
    ("hostPath", "hostPath", "hostPath", lambda source, path, is_pod: validate_host_path(source, path)),
    ("gitRepo", "gitRepo", "gitRepo", _legacy("gitRepo")),
    ("gcePersistentDisk", "gcePersistentDisk", "persistentDisk", _legacy("gcePersistentDisk")),
    (
        "awsElasticBlockStore",
        "awsElasticBlockStore",
        "awsElasticBlockStore",
        _legacy("awsElasticBlockStore"),
    ),
    ("secret", "secret", "secret", _keyed("secretName")),
    ("nfs", "nfs", "nfs", _legacy("nfs")),
    ("iscsi", "iscsi", "iscsi", _legacy("iscsi")),
    ("glusterfs", "glusterfs", "glusterfs", _legacy("glusterfs")),
    ("flocker", "flocker", "flocker", _legacy("flocker")),
    (
        "persistentVolumeClaim",
        "persistentVolumeClaim",
        "persistentVolumeClaim",
        _validate_claim_source,
    ),
    ("rbd", "rbd", "rbd", _legacy("rbd")),
    ("cinder", "cinder", "cinder", _legacy("cinder")),
    ("cephfs", "cephFS", "cephfs", _legacy("cephfs")),
    ("quobyte", "quobyte", "quobyte", _legacy("quobyte")),
    ("downwardAPI", "downwarAPI", "downwardAPI", _validate_downward),
    ("fc", "fc", "fc", _legacy("fc")),
    ("flexVolume", "flexVolume", "flexVolume", _legacy("flexVolume")),
    ("configMap", "configMap", "configMap", _keyed("name")),
    ("azureFile", "azureFile", "azureFile", _legacy("azureFile")),
    ("vsphereVolume", "vsphereVolume", "vsphereVolume", _legacy("vsphereVolume")),
    ("photonPersistentDisk", "photonPersistentDisk", "photonPersistentDisk", _legacy("photonPersistentDisk")),
    ("portworxVolume", "portworxVolume", "portworxVolume", _legacy("portworxVolume")),
    ("azureDisk", "azureDisk", "azureDisk", _legacy("azureDisk")),
    ("storageos", "storageos", "storageos", _legacy("storageos")),
    ("projected", "projected", "projected", _validate_projected),
    ("scaleIO", "scaleIO", "scaleIO", _legacy("scaleIO")),
    ("csi", "csi", "csi", _validate_csi),
    ("ephemeral", "ephemeral", "ephemeral", _validate_ephemeral),
    ("image", "image", "image", _validate_image),
)


def validate_volumes(
    volumes: Sequence[Any], path: str, pod_name: str | None, *, is_pod: bool
) -> tuple[dict[str, Obj], list[Cause]]:
    """The volumes of a Pod: those without a fault by name, and the faults."""
    causes: list[Cause] = []
    created: list[str] = []
    if pod_name:
        created = [f"{pod_name}-{one.get('name') or ''}" for one in volumes if one and one.get("ephemeral")]
    good: dict[str, Obj] = {}
    for index, given in enumerate(volumes):
        volume, where = given or {}, f"{path}[{index}]"
        name = volume.get("name") or ""
        found = _validate_source(volume, where, name, pod_name, is_pod)
        if not name:
            found.append(required(f"{where}.name"))
        else:
            found += all_invalid(f"{where}.name", name, dns_label(name))
        if name in good:
            found.append(duplicate(f"{where}.name", name))
        if found:
            causes += found
        else:
            good[name] = volume
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim and claim in created:
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            causes.append(invalid(f"{where}.persistentVolumeClaim.claimName", claim, detail))
    return good, causes


def _validate_source(volume: Obj, path: str, name: str, pod_name: str | None, is_pod: bool) -> list[Cause]:
    causes: list[Cause] = []
    found = False
    for field, twice_name, path_name, check in _SOURCES:
        source = volume.get(field)
        if source is None:
            continue
        if found:
            causes.append(forbidden(f"{path}.{twice_name}", ONE_VOLUME_TYPE))
        else:
            found = True
            causes += check(source, f"{path}.{path_name}", is_pod)
            if field == "ephemeral" and pod_name and name:
                causes += _validate_ephemeral_name(pod_name, name, path)
        if field == "iscsi" and source.get("initiatorName") is not None:
            portal = source.get("targetPortal") or ""
            if byte_length(f"{name}:{portal}") > 64:
                causes.append(invalid(f"{path}.name", name, TOO_LONG_PORTAL))
    return causes if found else [required(path, "must specify a volume type")]


TOO_LONG_PORTAL = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
    "if iscsi.initiatorName is specified."
)


def _validate_ephemeral_name(pod_name: str, name: str, path: str) -> list[Cause]:
    claim = f"{pod_name}-{name}"
    return [
        invalid(f"{path}.name", name, f"PVC name {quote(claim)}: {message}")
        for message in dns_subdomain(claim)
    ]
