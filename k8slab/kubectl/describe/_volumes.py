"""Volumes of Pods and sources of PersistentVolumes: a table of types and their fields.

Models the volume printers of staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from k8slab.api import quantities
from k8slab.api.go_text import sprint
from k8slab.api.meta import Obj, annotations_of, dig, labels_of
from k8slab.api.printers._format import access_modes, storage_class_of
from k8slab.api.tables import since
from k8slab.kubectl.describe._parts import annotation_lines, multiline, optional, shortened
from k8slab.kubectl.describe._text import Page

_LONGEST_ATTRIBUTE = 140


class Shown(NamedTuple):
    """A line of a volume: its label, the field, and what an absent field shows."""

    label: str
    field: str
    absent: Any = ""


class Source(NamedTuple):
    """A type of volume: the field that holds it, what it says of itself, and its lines."""

    field: str
    about: str
    shown: tuple[Shown, ...]


_FS_TYPE = Shown("FSType:", "fsType")
_READ_ONLY = Shown("ReadOnly:", "readOnly", False)
_SECRET = Shown("SecretRef:", "secretRef", "nil")
_GCE = Source(
    "gcePersistentDisk",
    "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
    (Shown("PDName:", "pdName"), _FS_TYPE, Shown("Partition:", "partition", 0), _READ_ONLY),
)
_AWS = Source(
    "awsElasticBlockStore",
    "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
    (Shown("VolumeID:", "volumeID"), _FS_TYPE, Shown("Partition:", "partition", 0), _READ_ONLY),
)
_HOST_PATH = Source(
    "hostPath",
    "HostPath (bare host directory volume)",
    (Shown("Path:", "path"), Shown("HostPathType:", "type", "<none>")),
)
_NFS = Source(
    "nfs",
    "NFS (an NFS mount that lasts the lifetime of a pod)",
    (Shown("Server:", "server"), Shown("Path:", "path"), _READ_ONLY),
)
_ISCSI = Source(
    "iscsi",
    "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
    (
        Shown("TargetPortal:", "targetPortal"),
        Shown("IQN:", "iqn"),
        Shown("Lun:", "lun", 0),
        Shown("ISCSIInterface", "iscsiInterface"),
        _FS_TYPE,
        _READ_ONLY,
        Shown("Portals:", "portals", []),
        Shown("DiscoveryCHAPAuth:", "chapAuthDiscovery", False),
        Shown("SessionCHAPAuth:", "chapAuthSession", False),
        _SECRET,
        Shown("InitiatorName:", "initiatorName", "<none>"),
    ),
)
_GLUSTERFS_ABOUT = "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)"
_RBD = Source(
    "rbd",
    "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
    (
        Shown("CephMonitors:", "monitors", []),
        Shown("RBDImage:", "image"),
        _FS_TYPE,
        Shown("RBDPool:", "pool"),
        Shown("RadosUser:", "user"),
        Shown("Keyring:", "keyring"),
        _SECRET,
        _READ_ONLY,
    ),
)
_QUOBYTE = Source(
    "quobyte",
    "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
    (Shown("Registry:", "registry"), Shown("Volume:", "volume"), _READ_ONLY),
)
_AZURE_DISK = Source(
    "azureDisk",
    "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
    (
        Shown("DiskName:", "diskName"),
        Shown("DiskURI:", "diskURI"),
        Shown("Kind: ", "kind"),
        _FS_TYPE,
        Shown("CachingMode:", "cachingMode"),
        _READ_ONLY,
    ),
)
_VSPHERE = Source(
    "vsphereVolume",
    "vSphereVolume (a Persistent Disk resource in vSphere)",
    (Shown("VolumePath:", "volumePath"), _FS_TYPE, Shown("StoragePolicyName:", "storagePolicyName")),
)
_CINDER = Source(
    "cinder",
    "Cinder (a Persistent Disk resource in OpenStack)",
    (Shown("VolumeID:", "volumeID"), _FS_TYPE, _READ_ONLY, _SECRET),
)
_PHOTON = Source(
    "photonPersistentDisk",
    "PhotonPersistentDisk (a Persistent Disk resource in photon platform)",
    (Shown("PdID:", "pdID"), _FS_TYPE),
)
_PORTWORX = Source(
    "portworxVolume", "PortworxVolume (a Portworx Volume resource)", (Shown("VolumeID:", "volumeID"),)
)
_SCALE_IO_ABOUT = "ScaleIO (a persistent volume backed by a block device in ScaleIO)"
_SCALE_IO = (
    Shown("Gateway:", "gateway"),
    Shown("System:", "system"),
    Shown("Protection Domain:", "protectionDomain"),
    Shown("Storage Pool:", "storagePool"),
    Shown("Storage Mode:", "storageMode"),
    Shown("VolumeName:", "volumeName"),
)
_CEPHFS = Source(
    "cephfs",
    "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
    (
        Shown("Monitors:", "monitors", []),
        Shown("Path:", "path"),
        Shown("User:", "user"),
        Shown("SecretFile:", "secretFile"),
        _SECRET,
        _READ_ONLY,
    ),
)
_STORAGE_OS = Source(
    "storageos",
    "StorageOS (a StorageOS Persistent Disk resource)",
    (Shown("VolumeName:", "volumeName"), Shown("VolumeNamespace:", "volumeNamespace"), _FS_TYPE, _READ_ONLY),
)
_FC = Source(
    "fc",
    "FC (a Fibre Channel disk)",
    (Shown("TargetWWNs:", "targetWWNs.joined"), Shown("LUN:", "lun", "<none>"), _FS_TYPE, _READ_ONLY),
)
_AZURE_FILE_ABOUT = "AzureFile (an Azure File Service mount on the host and bind mount to the pod)"
_FLEX = Source(
    "flexVolume",
    "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
    (Shown("Driver:", "driver"), _FS_TYPE, _SECRET, _READ_ONLY, Shown("Options:", "options", {})),
)
_FLOCKER = Source(
    "flocker",
    "Flocker (a Flocker volume mounted by the Flocker agent)",
    (Shown("DatasetName:", "datasetName"), Shown("DatasetUUID:", "datasetUUID")),
)
_CSI_ABOUT = "CSI (a Container Storage Interface (CSI) volume source)"

POD_SOURCES = (
    _HOST_PATH,
    Source(
        "emptyDir",
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        (Shown("Medium:", "medium"), Shown("SizeLimit:", "sizeLimit", "<unset>")),
    ),
    _GCE,
    _AWS,
    Source(
        "gitRepo",
        "GitRepo (a volume that is pulled from git when the pod is created)",
        (Shown("Repository:", "repository"), Shown("Revision:", "revision")),
    ),
    Source(
        "secret",
        "Secret (a volume populated by a Secret)",
        (Shown("SecretName:", "secretName"), Shown("Optional:", "optional", False)),
    ),
    Source(
        "configMap",
        "ConfigMap (a volume populated by a ConfigMap)",
        (Shown("Name:", "name"), Shown("Optional:", "optional", False)),
    ),
    _NFS,
    _ISCSI,
    Source(
        "glusterfs",
        _GLUSTERFS_ABOUT,
        (Shown("EndpointsName:", "endpoints"), Shown("Path:", "path"), _READ_ONLY),
    ),
    Source(
        "persistentVolumeClaim",
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        (Shown("ClaimName:", "claimName"), _READ_ONLY),
    ),
    Source(
        "ephemeral",
        "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)",
        (),
    ),
    _RBD,
    _QUOBYTE,
    Source("downwardAPI", "DownwardAPI (a volume populated by information about the pod)", ()),
    _AZURE_DISK,
    _VSPHERE,
    _CINDER,
    _PHOTON,
    _PORTWORX,
    Source("scaleIO", _SCALE_IO_ABOUT, (*_SCALE_IO, _FS_TYPE, _READ_ONLY)),
    _CEPHFS,
    _STORAGE_OS,
    _FC,
    Source(
        "azureFile",
        _AZURE_FILE_ABOUT,
        (Shown("SecretName:", "secretName"), Shown("ShareName:", "shareName"), _READ_ONLY),
    ),
    _FLEX,
    _FLOCKER,
    Source("projected", "Projected (a volume that contains injected data from multiple sources)", ()),
    Source("csi", _CSI_ABOUT, (Shown("Driver:", "driver"), _FS_TYPE, _READ_ONLY)),
    Source(
        "image",
        "Image (a container image or OCI artifact)",
        (Shown("Reference:", "reference"), Shown("PullPolicy:", "pullPolicy")),
    ),
)

PERSISTENT_SOURCES = (
    _HOST_PATH,
    _GCE,
    _AWS,
    _NFS,
    _ISCSI,
    Source(
        "glusterfs",
        _GLUSTERFS_ABOUT,
        (
            Shown("EndpointsName:", "endpoints"),
            Shown("EndpointsNamespace:", "endpointsNamespace", "<unset>"),
            Shown("Path:", "path"),
            _READ_ONLY,
        ),
    ),
    _RBD,
    _QUOBYTE,
    _VSPHERE,
    _CINDER,
    _AZURE_DISK,
    _PHOTON,
    _PORTWORX,
    Source(
        "scaleIO",
        _SCALE_IO_ABOUT,
        (
            *_SCALE_IO,
            Shown("SecretName:", "secretRef.name"),
            Shown("SecretNamespace:", "secretRef.namespace"),
            _FS_TYPE,
            _READ_ONLY,
        ),
    ),
    Source(
        "local",
        "LocalVolume (a persistent volume backed by local storage on a node)",
        (Shown("Path:", "path"),),
    ),
    _CEPHFS,
    _STORAGE_OS,
    _FC,
    Source(
        "azureFile",
        _AZURE_FILE_ABOUT,
        (
            Shown("SecretName:", "secretName"),
            Shown("SecretNamespace:", "secretNamespace"),
            Shown("ShareName:", "shareName"),
            _READ_ONLY,
        ),
    ),
    _FLEX,
    _FLOCKER,
    Source(
        "csi",
        _CSI_ABOUT,
        (Shown("Driver:", "driver"), _FS_TYPE, Shown("VolumeHandle:", "volumeHandle"), _READ_ONLY),
    ),
)


def pod_volumes(page: Page, volumes: Sequence[Obj] | None, indent: str = "") -> None:
    """The volumes of a Pod or of a Pod template."""
    if not volumes:
        page.write(0, f"{indent}Volumes:\t<none>\n")
        return
    page.write(0, f"{indent}Volumes:\n")
    for volume in volumes:
        page.write(1, f"{' ' if indent else ''}{volume['name']}:\n")
        source(page, volume, POD_SOURCES)


def source(page: Page, holder: Obj, sources: Sequence[Source]) -> None:
    """The source of a volume, where `holder` has one of them."""
    for kind in sources:
        value = holder.get(kind.field)
        if value is not None:
            is_local = sources is POD_SOURCES
            rows = "".join(f"    {row.label}\t{_field_text(value, row, is_local)}\n" for row in kind.shown)
            page.write(2, f"Type:\t{kind.about}\n{rows}")
            _details(page, kind.field, value)
            return
    page.write(1, "<unknown>\n")


def _field_text(value: Obj, row: Shown, is_local: bool) -> str:
    names = row.field.split(".")
    if names[-1] == "joined":
        return ", ".join(value.get(names[0]) or ())
    found = dig(value, *names)
    if row.field == "sizeLimit" and found is not None and quantities.nano(str(found)) <= 0:
        return str(row.absent)
    if row.field == "secretRef" and found is not None:
        return _reference_text(found, is_local)
    return sprint(row.absent if found is None else found)


def _reference_text(reference: Obj, is_local: bool) -> str:
    """A reference to a Secret, of the same namespace or of any, as Go prints the structure itself."""
    name = reference.get("name", "")
    if is_local:
        return f"&LocalObjectReference{{Name:{name},}}"
    return f"&SecretReference{{Name:{name},Namespace:{reference.get('namespace', '')},}}"


def _details(page: Page, field: str, value: Obj) -> None:
    """What some types show beside their fields."""
    if field == "projected":
        _projected(page, value)
    elif field == "downwardAPI":
        page.write(0, "    Items:\n")
        for item in value.get("items") or ():
            if item.get("fieldRef") is not None:
                page.write(3, f"{item['fieldRef'].get('fieldPath', '')} -> {item.get('path', '')}\n")
            if item.get("resourceFieldRef") is not None:
                page.write(3, f"{item['resourceFieldRef'].get('resource', '')} -> {item.get('path', '')}\n")
    elif field == "ephemeral" and value.get("volumeClaimTemplate") is not None:
        claim = {"metadata": {}, **value["volumeClaimTemplate"]}
        volume_claim(page.nested(2), claim, is_template=True, now_us=0)
    elif field == "csi":
        _attributes(page, value.get("volumeAttributes") or {})


def _projected(page: Page, value: Obj) -> None:
    for item in value.get("sources") or ():
        if item.get("secret") is not None:
            _named(page, "SecretName", item["secret"])
        elif item.get("downwardAPI") is not None:
            page.write(2, "DownwardAPI:\ttrue\n")
        elif item.get("configMap") is not None:
            _named(page, "ConfigMapName", item["configMap"])
        elif item.get("serviceAccountToken") is not None:
            seconds = item["serviceAccountToken"].get("expirationSeconds", 0)
            page.write(2, f"TokenExpirationSeconds:\t{seconds}\n")


def _named(page: Page, label: str, reference: Obj) -> None:
    is_optional = sprint(bool(reference.get("optional")))
    page.write(2, f"{label}:\t{reference.get('name', '')}\n    Optional:\t{is_optional}\n")


def _attributes(page: Page, attributes: Mapping[str, str]) -> None:
    page.write(2, "VolumeAttributes:\t")
    if not attributes:
        page.line("<none>")
    for position, (name, value) in enumerate(sorted(attributes.items())):
        if position:
            page.write(2, "")
            page.write(2, "\t")
        page.write(2, f"{shortened(f'{name}={value}', _LONGEST_ATTRIBUTE)}\n")


def volume_claim(page: Page, claim: Obj, *, is_template: bool, now_us: int) -> None:
    """A PersistentVolumeClaim; a template has no name, status or finalizers to show."""
    metadata, spec, status = claim["metadata"], claim.get("spec") or {}, claim.get("status") or {}
    if not is_template:
        page.write(0, f"Name:\t{metadata['name']}\n")
        page.write(0, f"Namespace:\t{metadata.get('namespace', '')}\n")
    page.write(0, f"StorageClass:\t{storage_class_of(claim)}\n")
    if not is_template:
        page.write(0, f"Status:\t{lifetime_status(claim, now_us)}\n")
    page.write(0, f"Volume:\t{spec.get('volumeName', '')}\n")
    multiline(page, "Labels", labels_of(claim))
    annotation_lines(page, "Annotations", annotations_of(claim))
    if not is_template:
        page.write(0, f"Finalizers:\t{sprint(metadata.get('finalizers') or [])}\n")
    bound = bool(spec.get("volumeName"))
    capacity = str(dig(status, "capacity", "storage", default="0")) if bound else ""
    page.write(0, f"Capacity:\t{capacity}\n")
    page.write(0, f"Access Modes:\t{access_modes(status.get('accessModes')) if bound else ''}\n")
    if spec.get("volumeMode") is not None:
        page.write(0, f"VolumeMode:\t{spec['volumeMode']}\n")
    data_source = spec.get("dataSource")
    if data_source is not None:
        page.write(0, "DataSource:\n")
        if data_source.get("apiGroup") is not None:
            page.write(1, f"APIGroup:\t{data_source['apiGroup']}\n")
        page.write(1, f"Kind:\t{data_source.get('kind', '')}\n")
        page.write(1, f"Name:\t{data_source.get('name', '')}\n")


def lifetime_status(obj: Obj, now_us: int) -> str:
    """The phase, or how long the object has been going away."""
    deleted = obj["metadata"].get("deletionTimestamp")
    if deleted:
        return f"Terminating (lasts {since(deleted, now_us)})"
    return optional(dig(obj, "status", "phase"), "")
