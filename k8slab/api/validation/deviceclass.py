"""DeviceClasses. Models pkg/apis/resource/validation/validation.go (ValidateDeviceClass), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._device_selectors import validate_selectors
from k8slab.api.validation._devices import (
    MOST_CONFIGURATIONS,
    validate_configuration,
    validate_each,
)
from k8slab.api.validation._field import invalid
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._resources import is_extended


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    causes = validate_selectors(spec.get("selectors") or (), "spec.selectors")
    causes += validate_each(
        spec.get("config") or (), MOST_CONFIGURATIONS, validate_configuration, "spec.config"
    )
    name = spec.get("extendedResourceName")
    if name is not None and not is_extended(name):
        causes.append(invalid("spec.extendedResourceName", name, "must be a valid extended resource name"))
    return causes


RULES = rules(_create, namespaced=False, recheck="before")
