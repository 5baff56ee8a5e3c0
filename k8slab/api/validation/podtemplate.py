"""PodTemplates. Models pkg/apis/core/validation/validation.go (ValidatePodTemplate), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._metadata import generation_changed, rules
from k8slab.api.validation._pod_spec import validate_pod_template
from k8slab.api.validation._pod_warnings import template_warnings


def _create(new: Obj) -> list[Cause]:
    return validate_pod_template(new.get("template") or {}, "template")


def _update(new: Obj, old: Obj) -> list[Cause]:
    return [] if new.get("template") is old.get("template") else _create(new)


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    if not generation_changed(new, old):
        return ()
    return tuple(template_warnings(new.get("template") or {}, "template"))


RULES = rules(_create, _update, warnings=_warnings)
