"""What ConfigMaps and Secrets have in common.

Models pkg/apis/core/validation/validation.go (ValidateConfigMap, ValidateSecret), v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, forbidden
from k8slab.api.validation._names import config_key

MAX_DATA_BYTES = 1024 * 1024
_SEALED = "field is immutable when `immutable` is set"


def decoded_length(text: str) -> int:
    """The number of bytes that a base64 text stands for."""
    return len(text.rstrip("=")) * 3 // 4


def validate_keys(data: Mapping[str, str], path: str) -> list[Cause]:
    """Keys that can be the names of files."""
    causes: list[Cause] = []
    for key in sorted(data):
        causes += all_invalid(f"{path}[{key}]", key, config_key(key))
    return causes


def immutable_data(new: Obj, old: Obj, fields: Sequence[str]) -> list[Cause]:
    """What is sealed stays sealed and the same."""
    if not old.get("immutable"):
        return []
    causes = [] if new.get("immutable") else [forbidden("immutable", _SEALED)]
    for name in fields:
        if (new.get(name) or {}) != (old.get(name) or {}):
            causes.append(forbidden(name, _SEALED))
    return causes
