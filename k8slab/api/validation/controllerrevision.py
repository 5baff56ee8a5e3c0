"""ControllerRevisions. Models pkg/apis/apps/validation/validation.go, v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import IMMUTABLE, invalid, nonnegative, required
from k8slab.api.validation._metadata import rules, validate_metadata
from k8slab.api.validation._names import dns_subdomain


def _create(new: Obj) -> list[Cause]:
    causes = nonnegative(new.get("revision"), "revision")
    data = new.get("data")
    if data is None:
        causes.append(required("data", "data is mandatory"))
    elif not isinstance(data, dict):
        causes.append(required("data", "data must be a valid JSON object"))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    causes: list[Cause] = []
    if new["metadata"] is not old["metadata"]:
        causes += validate_metadata(new["metadata"], True, dns_subdomain)
    causes += nonnegative(new.get("revision"), "revision")
    data, before = new.get("data"), old.get("data")
    if data is not before and data != before:
        causes.append(invalid("data", data, IMMUTABLE))
    return causes


RULES = rules(_create, _update)
