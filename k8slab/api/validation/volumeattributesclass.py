"""VolumeAttributesClasses. Models pkg/apis/storage/validation/validation.go, v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import forbidden
from k8slab.api.validation._metadata import rules
from k8slab.api.validation.storageclass import validate_parameters, validate_provisioner


def _create(new: Obj) -> list[Cause]:
    causes = validate_provisioner(new.get("driverName") or "", "driverName")
    return causes + validate_parameters(new.get("parameters") or {}, "parameters", may_be_empty=False)


def _update(new: Obj, old: Obj) -> list[Cause]:
    return [
        forbidden(name, f"updates to {name} are forbidden.")
        for name in ("driverName", "parameters")
        if (new.get(name) or "") != (old.get(name) or "")
    ]


RULES = rules(_create, _update, namespaced=False, recheck="after")
