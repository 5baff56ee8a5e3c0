"""The spec of a PersistentVolumeClaim, also where it stands in a template.

Models pkg/apis/core/validation/validation.go (ValidatePersistentVolumeClaimSpec), v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, forbidden, invalid, not_supported, required
from k8slab.api.validation._metadata import validate_annotations, validate_label_selector, validate_labels
from k8slab.api.validation._names import dns_label, dns_subdomain
from k8slab.api.validation._resources import validate_amount, validate_positive_quantity

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")


def validate_access_modes(modes: Sequence[str], path: str) -> list[Cause]:
    """Known modes; ReadWriteOncePod stands alone."""
    causes = [not_supported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    if "ReadWriteOncePod" in modes and any(
        mode in ACCESS_MODES and mode != "ReadWriteOncePod" for mode in modes
    ):
        causes.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))
    return causes


def validate_claim_spec(spec: Obj, path: str) -> list[Cause]:
    """How much storage of which kind is asked for."""
    modes = spec.get("accessModes") or ()
    causes = [] if modes else [required(f"{path}.accessModes", "at least 1 access mode is required")]
    causes += validate_label_selector(spec.get("selector"), f"{path}.selector")
    causes += validate_access_modes(modes, f"{path}.accessModes")
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    where = f"{path}.resources[storage]"
    if size is None:
        causes.append(required(where))
    else:
        causes += validate_positive_quantity(size, where) or validate_amount("storage", size, where)
    storage_class = spec.get("storageClassName")
    if storage_class:
        causes += all_invalid(f"{path}.storageClassName", storage_class, dns_subdomain(storage_class))
    mode = spec.get("volumeMode")
    if mode is not None and mode not in VOLUME_MODES:
        causes.append(not_supported(f"{path}.volumeMode", mode, VOLUME_MODES))
    causes += _validate_data_sources(spec, path)
    attributes = spec.get("volumeAttributesClassName")
    if attributes:
        where = f"{path}.volumeAttributesClassName"
        causes += all_invalid(where, attributes, dns_subdomain(attributes))
    return causes


def _validate_data_sources(spec: Obj, path: str) -> list[Cause]:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    causes: list[Cause] = []
    if source is not None:
        causes += _validate_data_source(source, f"{path}.dataSource")
    if reference is not None:
        causes += _validate_data_source(reference, f"{path}.dataSourceRef")
        namespace = reference.get("namespace")
        if namespace:
            where = f"{path}.dataSourceRef.namespace"
            causes += all_invalid(where, namespace, dns_label(namespace))
    if source is None or reference is None:
        return causes
    # Upstream prints the path itself, which has no exported fields, as the bad value.
    shown: Obj = {}
    if reference.get("namespace"):
        detail = "may not be specified when dataSourceRef.namespace is specified"
        causes.append(invalid(path, shown, detail))
    elif any(source.get(name) != reference.get(name) for name in ("apiGroup", "kind", "name")):
        causes.append(invalid(path, shown, "must match dataSourceRef"))
    return causes


def _validate_data_source(source: Obj, path: str) -> list[Cause]:
    kind, group = source.get("kind") or "", source.get("apiGroup") or ""
    causes = [required(f"{path}.{name}") for name in ("name", "kind") if not source.get(name)]
    if not group and kind != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        causes.append(invalid(path, kind, detail))
    if group:
        causes += all_invalid(f"{path}.apiGroup", group, dns_subdomain(group))
    return causes


_METADATA_ORDER = (
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
    "finalizers",
    "managedFields",
)


def validate_claim_template(template: Obj, path: str) -> list[Cause]:
    """The template of a claim in a Pod, whose metadata may only hold labels and annotations."""
    causes = validate_template_metadata(template.get("metadata") or {}, f"{path}.metadata")
    return causes + validate_claim_spec(template.get("spec") or {}, f"{path}.spec")


def validate_template_metadata(metadata: Obj, path: str) -> list[Cause]:
    """Metadata of an object that is yet to be made: only labels and annotations."""
    causes = validate_annotations(metadata.get("annotations"), f"{path}.annotations")
    causes += validate_labels(metadata.get("labels"), f"{path}.labels")
    for name in _METADATA_ORDER:
        if metadata.get(name):
            shown = "uID" if name == "uid" else name
            causes.append(forbidden(f"{path}.{shown}", "cannot be set"))
    return causes
