"""Namespaces.

Models pkg/apis/core/validation/validation.go (ValidateNamespace,
ValidateNamespaceStatusUpdate, ValidateNamespaceFinalizeUpdate), v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, invalid
from k8slab.api.validation._metadata import STANDARD_FINALIZERS, rules, validate_metadata_update
from k8slab.api.validation._names import dns_label, label_key


def _finalizer_name(name: str, path: str) -> list[Cause]:
    causes = all_invalid(path, name, label_key(name))
    if "/" not in name and name not in STANDARD_FINALIZERS:
        detail = "name is neither a standard finalizer name nor is it fully qualified"
        causes.append(invalid(path, name, detail))
    return causes


def _create(new: Obj) -> list[Cause]:
    finalizers = (new.get("spec") or {}).get("finalizers") or ()
    return [cause for name in finalizers for cause in _finalizer_name(name, "spec.finalizers")]


def _status(new: Obj, old: Obj) -> list[Cause]:
    phase = (new.get("status") or {}).get("phase") or ""
    terminating = "deletionTimestamp" in new["metadata"]
    expected, word = ("Terminating", "not empty") if terminating else ("Active", "empty")
    if phase == expected:
        return []
    detail = f"may only be '{expected}' if `deletionTimestamp` is {word}"
    return [invalid("status.Phase", phase, detail)]


def validate_finalize(new: Obj, old: Obj) -> list[Cause]:
    """A write of the `finalize` subresource."""
    causes = validate_metadata_update(new["metadata"], old["metadata"], namespaced=False)
    for index, name in enumerate((new.get("spec") or {}).get("finalizers") or ()):
        causes += _finalizer_name(name, f"spec.finalizers[{index}]")
    return causes


SUBRESOURCES: dict[str, Callable[[Obj, Obj], list[Cause]]] = {"finalize": validate_finalize}
"""What is asked instead of `RULES.update` for a write of these subresources."""

RULES = rules(_create, namespaced=False, name_rule=dns_label, status=_status, recheck="before")
