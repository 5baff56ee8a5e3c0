"""Paths inside containers and volumes.

Models pkg/apis/core/validation/validation.go (validateLocalDescendingPath,
ValidateLocalNonReservedPath), v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.validation._field import invalid


def no_backsteps(target: str, path: str) -> list[Cause]:
    """A path that does not climb with `..`."""
    return [invalid(path, target, "must not contain '..'")] if ".." in target.split("/") else []


def local_descending_path(target: str, path: str) -> list[Cause]:
    """A relative path that stays below its root."""
    causes = [invalid(path, target, "must be a relative path")] if target.startswith("/") else []
    return causes + no_backsteps(target, path)


def local_non_reserved_path(target: str, path: str) -> list[Cause]:
    """A relative path whose first part does not begin with `..`."""
    causes = local_descending_path(target, path)
    if target.startswith("..") and not target.startswith("../"):
        causes.append(invalid(path, target, "must not start with '..'"))
    return causes
