"""VolumeAttachments. Models pkg/apis/storage/validation/validation.go, v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, forbidden, invalid, required, too_long
from k8slab.api.validation._metadata import immutable_struct, rules
from k8slab.api.validation._names import byte_length, dns_subdomain, inclusive_range
from k8slab.api.validation._volume_sources import validate_csi_driver_name
from k8slab.api.validation._volume_spec import validate_volume_spec

_LIMIT_BYTES = 256 * 1024
_ONE_SOURCE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    source, node = spec.get("source") or {}, spec.get("nodeName") or ""
    name = source.get("persistentVolumeName")
    causes = validate_csi_driver_name(spec.get("attacher") or "", "spec.attacher")
    causes += _validate_source(source, "spec.source")
    causes += all_invalid("spec.nodeName", node, dns_subdomain(node))
    causes += _validate_status(new.get("status") or {})
    if name is not None:
        causes += all_invalid("spec.source.persistentVolumeName", name, dns_subdomain(name))
    return causes


def _validate_source(source: Obj, path: str) -> list[Cause]:
    name, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    if name is None and inline is None:
        return [required(path, _ONE_SOURCE)]
    if name is not None and inline is not None:
        return [forbidden(path, _ONE_SOURCE)]
    if inline is not None:
        return validate_volume_spec(inline, f"{path}.inlineVolumeSpec", "", inline=True)
    detail = "must specify non empty persistentVolumeName"
    return [] if name else [required(f"{path}.persistentVolumeName", detail)]


def _validate_status(status: Obj) -> list[Cause]:
    causes: list[Cause] = []
    metadata = status.get("attachmentMetadata") or {}
    if sum(byte_length(key) + byte_length(value) for key, value in metadata.items()) > _LIMIT_BYTES:
        causes.append(too_long("status.attachmentMetadata", _LIMIT_BYTES))
    for name in ("attachError", "detachError"):
        error = status.get(name) or {}
        if byte_length(error.get("message") or "") > 1024:
            causes.append(too_long(f"status.{name}.message", _LIMIT_BYTES))
        code = error.get("errorCode")
        if code is not None and code < 0:
            causes.append(invalid(f"status.{name}.errorCode", code, inclusive_range(0, 2147483647)))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    return immutable_struct("VolumeAttachmentSpec", new.get("spec"), old.get("spec"), "spec", pointer=False)


def _status(new: Obj, old: Obj) -> list[Cause]:
    if new.get("status") is old.get("status"):
        return []
    return _validate_status(new.get("status") or {})


RULES = rules(_create, _update, namespaced=False, status=_status, recheck="before", own_metadata=False)
