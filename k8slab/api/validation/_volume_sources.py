"""Sources of volumes outside the cluster, most of them of old drivers.

Models pkg/apis/core/validation/validation.go (validate*VolumeSource), v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    all_invalid,
    enumerated,
    invalid,
    missing,
    not_supported,
    required,
    too_long,
)
from k8slab.api.validation._names import byte_length, dns_label, dns_subdomain, inclusive_range
from k8slab.api.validation._paths import local_descending_path, local_non_reserved_path, no_backsteps

Check = Callable[[Obj, str], list[Cause]]

HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
_BAD_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
_ISCSI_NAMES = {
    "iqn": r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$",
    "eui": r"^eui.[A-Za-z0-9]{16}$",
    "naa": r"^naa.[A-Za-z0-9]{32}$",
}


def needs(*names: str) -> Check:
    """A check that only asks that some fields are set."""
    return lambda source, path: missing(source, path, names)


def validate_file_mode(mode: int | None, path: str) -> list[Cause]:
    """Permission bits."""
    return [] if mode is None or 0 <= mode <= 0o777 else [invalid(path, mode, _BAD_MODE)]


def validate_key_to_path(item: Obj, path: str) -> list[Cause]:
    """A key and the file in which it is shown."""
    causes = missing(item, path, ("key", "path"))
    causes += local_non_reserved_path(item.get("path") or "", f"{path}.path")
    return causes + validate_file_mode(item.get("mode"), f"{path}.mode")


def validate_host_path(source: Obj, path: str) -> list[Cause]:
    """A directory of the node."""
    target = source.get("path") or ""
    if not target:
        return [required(f"{path}.path")]
    causes = no_backsteps(target, f"{path}.path")
    kind = source.get("type")
    if kind is not None and kind not in HOST_PATH_TYPES:
        causes.append(not_supported(f"{path}.type", kind, HOST_PATH_TYPES))
    return causes


def validate_csi_driver_name(name: str, path: str) -> list[Cause]:
    """The name of a CSI driver."""
    if not name:
        return [required(path)]
    causes = [too_long(path, 63)] if byte_length(name) > 63 else []
    return causes + all_invalid(path, name, dns_subdomain(name.lower()))


def _git_repo(source: Obj, path: str) -> list[Cause]:
    causes = missing(source, path, ("repository",))
    return causes + local_descending_path(source.get("directory") or "", f"{path}.directory")


def _disk(id_field: str) -> Check:
    def check(source: Obj, path: str) -> list[Cause]:
        causes = missing(source, path, (id_field,))
        partition = source.get("partition") or 0
        if not 0 <= partition <= 255:
            causes.append(invalid(f"{path}.partition", partition, inclusive_range(1, 255)))
        return causes

    return check


def _nfs(source: Obj, path: str) -> list[Cause]:
    causes = missing(source, path, ("server", "path"))
    target = source.get("path") or ""
    if not target.startswith("/"):
        causes.append(invalid(f"{path}.path", target, "must be an absolute path"))
    return causes


def _iscsi_name(name: str, path: str, unknown: str) -> list[Cause]:
    pattern = _ISCSI_NAMES.get(name[:3])
    if pattern is None:
        return [invalid(path, name, unknown)]
    return [] if re.search(pattern, name) else [invalid(path, name, "must be valid format")]


def validate_iscsi(
    source: Obj, path: str, *, volume_name: str | None = None, too_long_portal: str = ""
) -> list[Cause]:
    """An iSCSI disk; a volume in the cluster (`volume_name` given) names its secret with a namespace."""
    causes = missing(source, path, ("targetPortal",))
    portal, initiator = source.get("targetPortal") or "", source.get("initiatorName")
    if volume_name is not None and initiator is not None and byte_length(f"{volume_name}:{portal}") > 64:
        causes.append(invalid(f"{path}.targetportal", portal, too_long_portal))
    unknown = "must be valid format starting with iqn, eui, or naa"
    iqn = source.get("iqn") or ""
    if not iqn:
        causes.append(required(f"{path}.iqn"))
    else:
        causes += _iscsi_name(iqn, f"{path}.iqn", unknown)
    lun = source.get("lun") or 0
    if not 0 <= lun <= 255:
        causes.append(invalid(f"{path}.lun", lun, inclusive_range(0, 255)))
    secret = source.get("secretRef")
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and secret is None:
        causes.append(required(f"{path}.secretRef"))
    if volume_name is not None:
        if secret is not None and not secret.get("name"):
            causes.append(required(f"{path}.secretRef.name"))
        unknown = "must be valid format"
    if initiator is not None:
        causes += _iscsi_name(initiator, f"{path}.initiatorname", unknown)
    return causes


def _flocker(source: Obj, path: str) -> list[Cause]:
    name, uuid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    causes: list[Cause] = []
    if not name and not uuid:
        causes.append(required(path, "one of datasetName and datasetUUID is required"))
    if name and uuid:
        detail = "datasetName and datasetUUID can not be specified simultaneously"
        causes.append(invalid(path, "resource", detail))
    if "/" in name:
        causes.append(invalid(f"{path}.datasetName", name, "must not contain '/'"))
    return causes


def with_secret(id_fields: tuple[str, ...], *secret_fields: str) -> Check:
    """A check of some fields and of a secret's name, which may be left out as a whole."""

    def check(source: Obj, path: str) -> list[Cause]:
        causes = missing(source, path, id_fields)
        if source.get("secretRef") is not None:
            causes += missing(source["secretRef"], f"{path}.secretRef", secret_fields)
        return causes

    return check


def storage_os(*secret_fields: str) -> Check:
    """StorageOS, in a Pod or as a volume of the cluster."""

    def check(source: Obj, path: str) -> list[Cause]:
        name, namespace = source.get("volumeName") or "", source.get("volumeNamespace") or ""
        causes = [] if name else [required(f"{path}.volumeName")]
        if name:
            causes += all_invalid(f"{path}.volumeName", name, dns_label(name))
        if namespace:
            causes += all_invalid(f"{path}.volumeNamespace", namespace, dns_label(namespace))
        if source.get("secretRef") is not None:
            causes += missing(source["secretRef"], f"{path}.secretRef", secret_fields)
        return causes

    return check


_BAD_REGISTRY = "must be a host:port pair or multiple pairs separated by commas"


def _quobyte(source: Obj, path: str) -> list[Cause]:
    registry = source.get("registry") or ""
    causes: list[Cause] = []
    if not registry:
        causes.append(required(f"{path}.registry", _BAD_REGISTRY))
    elif byte_length(source.get("tenant") or "") >= 65:
        detail = "must be a UUID and may not exceed a length of 64 characters"
        causes.append(required(f"{path}.tenant", detail))
    else:
        for pair in registry.split(","):
            if not re.fullmatch(r"(\[[^\[\]]*\]|[^\[\]:]*):[^\[\]:]*", pair):
                causes.append(invalid(f"{path}.registry", registry, _BAD_REGISTRY))
    return causes + missing(source, path, ("volume",))


def _fc(source: Obj, path: str) -> list[Cause]:
    names, ids, lun = source.get("targetWWNs") or [], source.get("wwids") or [], source.get("lun")
    where = f"{path}.targetWWNs"
    causes: list[Cause] = []
    if not names and not ids:
        causes.append(required(where, "must specify either targetWWNs or wwids, but not both"))
    if names and ids:
        detail = "targetWWNs and wwids can not be specified simultaneously"
        causes.append(invalid(where, names, detail))
    if names and lun is None:
        causes.append(required(f"{path}.lun", "lun is required if targetWWNs is specified"))
    elif names and not 0 <= (lun or 0) <= 255:
        causes.append(invalid(f"{path}.lun", lun, inclusive_range(0, 255)))
    return causes


def _flex(source: Obj, path: str) -> list[Cause]:
    causes = missing(source, path, ("driver",))
    for key in sorted(source.get("options") or ()):
        namespace = f".{key.partition('/')[0].lower()}"
        if namespace.endswith((".kubernetes.io", ".k8s.io")):
            detail = "kubernetes.io and k8s.io namespaces are reserved"
            causes.append(invalid(f"{path}.options[{key}]", key, detail))
    return causes


_MANAGED_URI = (
    "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
)
_BLOB_URI = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"


def _azure_disk(source: Obj, path: str) -> list[Cause]:
    causes = missing(source, path, ("diskName", "diskURI"))
    caching, kind, uri = source.get("cachingMode"), source.get("kind"), source.get("diskURI") or ""
    if caching is not None:
        modes = ("None", "ReadOnly", "ReadWrite")
        causes += enumerated(caching, f"{path}.cachingMode", modes, is_required=False)
    if kind is not None:
        kinds = ("Dedicated", "Managed", "Shared")
        causes += enumerated(kind, f"{path}.kind", kinds, is_required=False)
        if kind == "Managed" and not uri.startswith("/subscriptions/"):
            causes.append(not_supported(f"{path}.diskURI", uri, (_MANAGED_URI,)))
        if kind != "Managed" and not uri.startswith("https://"):
            causes.append(not_supported(f"{path}.diskURI", uri, (_BLOB_URI,)))
    return causes


LEGACY_SOURCES: dict[str, Check] = {
    "gitRepo": _git_repo,
    "gcePersistentDisk": _disk("pdName"),
    "awsElasticBlockStore": _disk("volumeID"),
    "nfs": _nfs,
    "iscsi": validate_iscsi,
    "glusterfs": needs("endpoints", "path"),
    "flocker": _flocker,
    "rbd": needs("monitors", "image"),
    "cinder": with_secret(("volumeID",), "name"),
    "cephfs": needs("monitors"),
    "quobyte": _quobyte,
    "fc": _fc,
    "flexVolume": _flex,
    "azureFile": needs("secretName", "shareName"),
    "vsphereVolume": needs("volumePath"),
    "photonPersistentDisk": needs("pdID"),
    "portworxVolume": needs("volumeID"),
    "azureDisk": _azure_disk,
    "storageos": storage_os("name"),
    "scaleIO": needs("gateway", "system", "volumeName"),
}


def local_volume(source: Obj, path: str) -> list[Cause]:
    """A directory or disk of one node."""
    target = source.get("path") or ""
    return no_backsteps(target, f"{path}.path") if target else [required(f"{path}.path")]


def secret_reference(reference: Any, path: str) -> list[Cause]:
    """A secret by name and namespace."""
    if reference is None:
        return []
    causes: list[Cause] = []
    for name, rule in (("name", dns_subdomain), ("namespace", dns_label)):
        value = reference.get(name) or ""
        causes += all_invalid(f"{path}.{name}", value, rule(value)) if value else [required(f"{path}.{name}")]
    return causes
