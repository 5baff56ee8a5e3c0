"""The spec of a volume of the cluster, also where it stands inline in an attachment.

Models pkg/apis/core/validation/validation.go (ValidatePersistentVolumeSpec), v1.36.
"""

from __future__ import annotations

import posixpath

from k8slab.api import quantities
from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._affinity import validate_node_selector
from k8slab.api.validation._claim_spec import VOLUME_MODES, validate_access_modes
from k8slab.api.validation._field import (
    NOT_POSITIVE,
    ONE_VOLUME_TYPE,
    all_invalid,
    forbidden,
    invalid,
    not_supported,
    required,
)
from k8slab.api.validation._names import dns_label, dns_subdomain
from k8slab.api.validation._resources import nano, text_of
from k8slab.api.validation._volume_sources import (
    LEGACY_SOURCES,
    Check,
    local_volume,
    secret_reference,
    storage_os,
    validate_csi_driver_name,
    validate_host_path,
    validate_iscsi,
    with_secret,
)
from k8slab.api.validation._volumes import TOO_LONG_PORTAL

RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
_INLINE = "in the context of inline volumes"
_SECRETS = (
    "controllerPublishSecretRef",
    "controllerExpandSecretRef",
    "nodePublishSecretRef",
    "nodeExpandSecretRef",
)


def _glusterfs(source: Obj, path: str) -> list[Cause]:
    causes = LEGACY_SOURCES["glusterfs"](source, path)
    namespace, where = source.get("endpointsNamespace"), f"{path}.endpointsNamespace"
    if namespace == "":
        detail = "if the endpointnamespace is set, it must be a valid namespace name"
        causes.append(invalid(where, namespace, detail))
    elif namespace is not None:
        causes += all_invalid(where, namespace, dns_label(namespace))
    return causes


def _azure_file(source: Obj, path: str) -> list[Cause]:
    causes = LEGACY_SOURCES["azureFile"](source, path)
    if source.get("secretNamespace") == "":
        causes.append(required(f"{path}.secretNamespace"))
    return causes


def _csi(source: Obj, path: str) -> list[Cause]:
    causes = validate_csi_driver_name(source.get("driver") or "", f"{path}.driver")
    if not source.get("volumeHandle"):
        causes.append(required(f"{path}.volumeHandle"))
    for name in _SECRETS:
        causes += secret_reference(source.get(name), f"{path}.{name}")
    return causes


# In the order in which upstream asks: JSON name, the name in "more than 1 volume type", the name in
# the source's own faults, the check.
_SOURCES: tuple[tuple[str, str, str, Check], ...] = (
    ("hostPath", "hostPath", "hostPath", validate_host_path),
    ("gcePersistentDisk", "gcePersistentDisk", "persistentDisk", LEGACY_SOURCES["gcePersistentDisk"]),
    (
        "awsElasticBlockStore",
        "awsElasticBlockStore",
        "awsElasticBlockStore",
        LEGACY_SOURCES["awsElasticBlockStore"],
    ),
    ("glusterfs", "glusterfs", "glusterfs", _glusterfs),
    ("flocker", "flocker", "flocker", LEGACY_SOURCES["flocker"]),
    ("nfs", "nfs", "nfs", LEGACY_SOURCES["nfs"]),
    ("rbd", "rbd", "rbd", LEGACY_SOURCES["rbd"]),
    ("quobyte", "quobyte", "quobyte", LEGACY_SOURCES["quobyte"]),
    ("cephfs", "cephFS", "cephfs", LEGACY_SOURCES["cephfs"]),
    ("iscsi", "iscsi", "iscsi", validate_iscsi),
    ("cinder", "cinder", "cinder", with_secret(("volumeID",), "name", "namespace")),
    ("fc", "fc", "fc", LEGACY_SOURCES["fc"]),
    ("flexVolume", "flexVolume", "flexVolume", LEGACY_SOURCES["flexVolume"]),
    ("azureFile", "azureFile", "azureFile", _azure_file),
    ("vsphereVolume", "vsphereVolume", "vsphereVolume", LEGACY_SOURCES["vsphereVolume"]),
    (
        "photonPersistentDisk",
        "photonPersistentDisk",
        "photonPersistentDisk",
        LEGACY_SOURCES["photonPersistentDisk"],
    ),
    ("portworxVolume", "portworxVolume", "portworxVolume", LEGACY_SOURCES["portworxVolume"]),
    ("azureDisk", "azureDisk", "azureDisk", LEGACY_SOURCES["azureDisk"]),
    ("scaleIO", "scaleIO", "scaleIO", LEGACY_SOURCES["scaleIO"]),
    ("local", "local", "local", local_volume),
    ("storageos", "storageos", "storageos", storage_os("name", "namespace")),
    ("csi", "csi", "csi", _csi),
)
SOURCES = tuple(name for name, _, _, _ in _SOURCES)


def validate_volume_spec(spec: Obj, path: str, name: str, *, inline: bool = False) -> list[Cause]:
    """A volume's size, access, source and class; inline ones have only a CSI source."""
    causes = _validate_inline(spec, path) if inline else []
    modes = spec.get("accessModes") or ()
    if not modes:
        causes.append(required(f"{path}.accessModes"))
    causes += validate_access_modes(modes, f"{path}.accessModes")
    if not inline:
        causes += _validate_capacity(spec.get("capacity"), f"{path}.capacity")
    causes += _validate_reclaim_policy(spec.get("persistentVolumeReclaimPolicy"), path, inline)
    affinity = spec.get("nodeAffinity")
    if affinity is not None and inline:
        causes.append(forbidden(f"{path}.nodeAffinity", f"may not be specified {_INLINE}"))
    elif affinity is not None and affinity.get("required") is not None:
        causes += validate_node_selector(affinity["required"], f"{path}.nodeAffinity.required")
    elif affinity is not None:
        detail = "must specify required node constraints"
        causes.append(required(f"{path}.nodeAffinity.required", detail))
    causes += _validate_sources(spec, path, name, affinity is not None and not inline)
    host = (spec.get("hostPath") or {}).get("path")
    if host is not None and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        if posixpath.normpath(host or ".") == "/":
            detail = "may not be 'recycle' for a hostPath mount of '/'"
            causes.append(forbidden(f"{path}.persistentVolumeReclaimPolicy", detail))
    return causes + _validate_classes(spec, path, inline)


def _validate_inline(spec: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    if spec.get("claimRef") is not None:
        causes.append(forbidden(f"{path}.claimRef", f"may not be specified {_INLINE}"))
    if spec.get("capacity"):
        causes.append(forbidden(f"{path}.capacity", f"may not be specified {_INLINE}"))
    if spec.get("csi") is None:
        causes.append(required(f"{path}.csi", f"has to be specified {_INLINE}"))
    return causes


def _validate_capacity(given: Obj | None, path: str) -> list[Cause]:
    capacity = given or {}
    causes = [] if capacity else [required(path)]
    if list(capacity) != ["storage"]:
        shown = given and {name: text_of(capacity[name]) for name in sorted(capacity)}
        causes.append(not_supported(path, shown, ("storage",)))
    for name in sorted(capacity):
        where, amount = f"{path}[{name}]", capacity[name]
        if nano(amount) < 0:
            number = quantities.units(str(amount))
            if number < 0:
                causes.append(invalid(where, number, "must be a valid resource quantity"))
        if nano(amount) <= 0:
            causes.append(invalid(where, text_of(amount), NOT_POSITIVE))
    return causes


def _validate_reclaim_policy(policy: str | None, path: str, inline: bool) -> list[Cause]:
    where = f"{path}.persistentVolumeReclaimPolicy"
    if not policy:
        return []
    if inline:
        return [] if policy == "Retain" else [forbidden(where, f"may only be Retain {_INLINE}")]
    return [] if policy in RECLAIM_POLICIES else [not_supported(where, policy, RECLAIM_POLICIES)]


def _validate_sources(spec: Obj, path: str, name: str, has_affinity: bool) -> list[Cause]:
    causes: list[Cause] = []
    found = False
    for field, twice_name, path_name, check in _SOURCES:
        source = spec.get(field)
        if source is None:
            continue
        if found and field != "flexVolume":
            causes.append(forbidden(f"{path}.{twice_name}", ONE_VOLUME_TYPE))
            continue
        found = True
        where = f"{path}.{path_name}"
        if field == "iscsi":
            causes += validate_iscsi(source, where, volume_name=name, too_long_portal=TOO_LONG_PORTAL)
        else:
            causes += check(source, where)
        if field == "local" and not has_affinity:
            causes.append(required(f"{path}.nodeAffinity", "Local volume requires node affinity"))
    return causes if found else [*causes, required(path, "must specify a volume type")]


def _validate_classes(spec: Obj, path: str, inline: bool) -> list[Cause]:
    causes: list[Cause] = []
    name, mode = spec.get("storageClassName"), spec.get("volumeMode")
    if name and inline:
        causes.append(forbidden(f"{path}.storageClassName", f"may not be specified {_INLINE}"))
    elif name:
        causes += all_invalid(f"{path}.storageClassName", name, dns_subdomain(name))
    if mode is not None and inline and mode != "Filesystem":
        detail = f"may not specify volumeMode other than Filesystem {_INLINE}"
        causes.append(forbidden(f"{path}.volumeMode", detail))
    elif mode is not None and not inline and mode not in VOLUME_MODES:
        causes.append(not_supported(f"{path}.volumeMode", mode, VOLUME_MODES))
    attributes, where = spec.get("volumeAttributesClassName"), f"{path}.volumeAttributesClassName"
    if attributes is None or inline:
        return causes
    if not attributes:
        causes.append(required(where, "an empty string is disallowed"))
    else:
        causes += all_invalid(where, attributes, dns_subdomain(attributes))
    if spec.get("csi") is None:
        detail = "has to be specified when using volumeAttributesClassName"
        causes.append(required(f"{path}.csi", detail))
    return causes
