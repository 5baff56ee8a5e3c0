"""CSINodes. Models pkg/apis/storage/validation/validation.go (ValidateCSINode), v1.36."""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    IMMUTABLE,
    all_invalid,
    duplicate,
    invalid,
    nonnegative,
    required,
)
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import byte_length, label_key
from k8slab.api.validation._volume_sources import validate_csi_driver_name


def _create(new: Obj) -> list[Cause]:
    causes: list[Cause] = []
    names: list[str] = []
    for index, driver in enumerate((new.get("spec") or {}).get("drivers") or ()):
        path = f"spec.drivers[{index}]"
        name, node = driver.get("name") or "", driver.get("nodeID") or ""
        causes += validate_csi_driver_name(name, f"{path}.name")
        if not node:
            causes.append(required(f"{path}.nodeID"))
        if byte_length(node) > 256:
            causes.append(invalid(f"{path}.nodeID", node, "must be 256 characters or less"))
        causes += nonnegative((driver.get("allocatable") or {}).get("count"), f"{path}.allocatable.count")
        if name in names:
            causes.append(duplicate(f"{path}.name", name))
        names.append(name)
        causes += _validate_keys(driver.get("topologyKeys") or (), path)
    return causes


def _validate_keys(keys: Sequence[str], path: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, key in enumerate(keys):
        if not key:
            causes.append(required(path))
        if key in keys[:index]:
            causes.append(duplicate(path, key))
        causes += all_invalid(path, key, label_key(key))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    """What a driver said of itself stays, but for how many volumes the node takes."""
    before = {one.get("name"): one for one in (old.get("spec") or {}).get("drivers") or ()}
    causes: list[Cause] = []
    for driver in (new.get("spec") or {}).get("drivers") or ():
        was = before.get(driver.get("name"))
        if was is not None and any(
            (driver.get(name) or None) != (was.get(name) or None) for name in ("nodeID", "topologyKeys")
        ):
            shown = {
                "Name": driver.get("name") or "",
                "NodeID": driver.get("nodeID") or "",
                "TopologyKeys": driver.get("topologyKeys") or None,
                "Allocatable": None,
            }
            causes.append(invalid("spec.drivers", shown, IMMUTABLE))
    return causes


RULES = rules(_create, _update, namespaced=False, recheck="before", own_metadata=False)
