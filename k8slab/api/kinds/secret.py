"""Secret. Models pkg/apis/core/v1/{defaults,conversion}.go and
pkg/registry/core/secret/strategy.go, v1.36.
"""

from __future__ import annotations

import base64

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.meta import Obj


def _with_string_data(secret: Obj) -> Obj:
    """Fold `stringData`, which is only ever written, into `data`."""
    if "stringData" not in secret:
        return secret
    texts = secret["stringData"] or {}
    new = {name: value for name, value in secret.items() if name != "stringData"}
    if texts:
        encoded = {name: base64.b64encode(text.encode()).decode("ascii") for name, text in texts.items()}
        new["data"] = {**(secret.get("data") or {}), **encoded}
    return new


_TABLE = Table(
    defaults={"api.core.v1.Secret": {"type": "Opaque"}},
    hooks={"api.core.v1.Secret": _with_string_data},
)


def _prepare_update(new: Obj, old: Obj) -> Obj:
    """A type that is left out stays."""
    return new if new.get("type") else {**new, "type": old.get("type", "")}


KIND = Kind(
    kind="Secret",
    group="",
    version="v1",
    plural="secrets",
    singular="secret",
    namespaced=True,
    default=defaulter("api.core.v1.Secret", _TABLE),
    prepare_update=_prepare_update,
    fields=("type",),
)
