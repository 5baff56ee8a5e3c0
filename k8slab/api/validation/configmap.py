"""ConfigMaps. Models pkg/apis/core/validation/validation.go (ValidateConfigMap), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._data import (
    MAX_DATA_BYTES,
    decoded_length,
    immutable_data,
    validate_keys,
)
from k8slab.api.validation._field import invalid, too_long
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import byte_length, config_key


def _create(new: Obj) -> list[Cause]:
    data, binary = new.get("data") or {}, new.get("binaryData") or {}
    causes: list[Cause] = []
    for key in sorted(data):
        where = f"data[{key}]"
        causes += [invalid(where, key, message) for message in config_key(key)]
        if key in binary:
            causes.append(invalid(where, key, "duplicate of key present in binaryData"))
    causes += validate_keys(binary, "binaryData")
    size_bytes = sum(byte_length(text) for text in data.values())
    size_bytes += sum(decoded_length(text) for text in binary.values())
    return [*causes, too_long("[]", MAX_DATA_BYTES)] if size_bytes > MAX_DATA_BYTES else causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    return immutable_data(new, old, ("data", "binaryData"))


RULES = rules(_create, _update, recheck="after")
