"""Secrets, and the keys that their types ask for.

Models pkg/apis/core/validation/validation.go (ValidateSecret) and
pkg/registry/core/secret/strategy.go, v1.36.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.json_text import JsonError, decode_json
from k8slab.api.meta import Obj
from k8slab.api.validation._data import (
    MAX_DATA_BYTES,
    decoded_length,
    immutable_data,
    validate_keys,
)
from k8slab.api.validation._field import IMMUTABLE, invalid, required, too_long
from k8slab.api.validation._metadata import rules

_ACCOUNT = "kubernetes.io/service-account.name"
_JSON_KEYS = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}
_REDACTED = "<secret contents redacted>"


def _create(new: Obj) -> list[Cause]:
    data = new.get("data") or {}
    causes = validate_keys(data, "data")
    if sum(decoded_length(text) for text in data.values()) > MAX_DATA_BYTES:
        causes.append(too_long("data", MAX_DATA_BYTES))
    return causes + _validate_type(new, new.get("type") or "", data)


def _validate_type(new: Obj, kind: str, data: Obj) -> list[Cause]:
    if kind == "kubernetes.io/service-account-token":
        name = (new["metadata"].get("annotations") or {}).get(_ACCOUNT)
        return [] if name else [required(f"metadata.annotations[{_ACCOUNT}]")]
    if kind in _JSON_KEYS:
        key = _JSON_KEYS[kind]
        if key not in data:
            return [required(f"data[{key}]")]
        fault = json_object_fault(_decoded(data[key]))
        return [invalid(f"data[{key}]", _REDACTED, fault)] if fault else []
    if kind == "kubernetes.io/basic-auth" and "username" not in data and "password" not in data:
        return [required("data[username]"), required("data[password]")]
    if kind == "kubernetes.io/ssh-auth" and not data.get("ssh-privatekey"):
        return [required("data[ssh-privatekey]")]
    if kind == "kubernetes.io/tls":
        return [required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
    return []


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text or "").decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def json_object_fault(text: str) -> str:
    """What Go's json.Unmarshal into a map says about a text; "" where it reads it."""
    try:
        value: Any = decode_json(text)
    except JsonError as error:
        return str(error)
    if value is None or isinstance(value, dict):
        return ""
    names = ((bool, "bool"), (str, "string"), (list, "array"))
    name = next((name for kind, name in names if isinstance(value, kind)), "number")
    return f"json: cannot unmarshal {name} into Go value of type map[string]interface {{}}"


def _update(new: Obj, old: Obj) -> list[Cause]:
    kind = new.get("type") or ""
    causes = [] if kind == (old.get("type") or "") else [invalid("type", kind, IMMUTABLE)]
    return causes + immutable_data(new, old, ("data",))


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    """A TLS Secret without anything like a certificate or key; those that look like one are believed."""
    if new.get("type") != "kubernetes.io/tls":
        return ()
    for key, word in (("tls.crt", "certificate"), ("tls.key", "key")):
        if "-----BEGIN " not in _decoded((new.get("data") or {}).get(key) or ""):
            return (f"tls: failed to find any PEM data in {word} input",)
    return ()


RULES = rules(_create, _update, recheck="after", warnings=_warnings)
