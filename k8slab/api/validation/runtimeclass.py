"""RuntimeClasses. Models pkg/apis/node/validation/validation.go and pkg/api/node/util.go, v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._affinity import validate_tolerations
from k8slab.api.validation._field import IMMUTABLE, all_invalid, duplicate, invalid, required
from k8slab.api.validation._metadata import rules, validate_labels
from k8slab.api.validation._names import dns_label
from k8slab.api.validation._pod_warnings import DEPRECATED_LABELS
from k8slab.api.validation._resources import validate_requirements
from k8slab.api.validation._shape import shape


def _create(new: Obj) -> list[Cause]:
    handler = new.get("handler") or ""
    causes = all_invalid("handler", handler, dns_label(handler)) if handler else [required("handler")]
    overhead, scheduling = new.get("overhead"), new.get("scheduling")
    if overhead is not None:
        causes += validate_requirements({"limits": overhead.get("podFixed")}, (), "overhead")
    if scheduling is None:
        return causes
    causes += validate_labels(scheduling.get("nodeSelector"), "scheduling.nodeSelector")
    tolerations, path = scheduling.get("tolerations") or (), "scheduling.tolerations"
    causes += validate_tolerations(tolerations, path)
    seen: list[tuple[str, ...]] = []
    for index, toleration in enumerate(tolerations):
        key = tuple(toleration.get(name) or "" for name in ("key", "operator", "value", "effect"))
        if key in seen:
            causes.append(duplicate(f"{path}[{index}]", shape("Toleration", toleration)))
        seen.append(key)
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    handler = new.get("handler") or ""
    return [] if handler == (old.get("handler") or "") else [invalid("handler", handler, IMMUTABLE)]


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    selector = (new.get("scheduling") or {}).get("nodeSelector") or {}
    return tuple(
        f"scheduling.nodeSelector: {DEPRECATED_LABELS[key]}"
        for key in sorted(selector)
        if key in DEPRECATED_LABELS
    )


RULES = rules(_create, _update, namespaced=False, warnings=_warnings, recheck="before", finalizer_names=False)
