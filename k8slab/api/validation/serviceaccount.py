"""ServiceAccounts.

Models pkg/apis/core/validation/validation.go (ValidateServiceAccount) and
pkg/registry/core/serviceaccount/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._metadata import rules

_ENFORCE = "kubernetes.io/enforce-mountable-secrets"


def _create(new: Obj) -> list[Cause]:
    return []


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    now = _ENFORCE in (new["metadata"].get("annotations") or {})
    before = old is not None and _ENFORCE in (old["metadata"].get("annotations") or {})
    if not now or before:
        return ()
    return (
        f"metadata.annotations[{_ENFORCE}]: deprecated in v1.32+; prefer separate namespaces to isolate "
        "access to mounted secrets",
    )


RULES = rules(_create, recheck="after", warnings=_warnings)
