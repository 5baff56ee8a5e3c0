"""ResourceClaimTemplates. Models pkg/apis/resource/validation/validation.go, v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._claim_spec import validate_template_metadata
from k8slab.api.validation._devices import validate_claim_of_devices
from k8slab.api.validation._field import IMMUTABLE, invalid
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._shape import shape


def _create(new: Obj) -> list[Cause]:
    template = new.get("spec") or {}
    causes = validate_template_metadata(template.get("metadata") or {}, "spec.metadata")
    return causes + validate_claim_of_devices(template.get("spec") or {}, "spec.spec")


def _update(new: Obj, old: Obj) -> list[Cause]:
    after, before = (shape("ResourceClaimTemplateSpec", one.get("spec") or {}) for one in (new, old))
    return [] if after == before else [invalid("spec", after, IMMUTABLE)]


RULES = rules(_create, _update, recheck="before")
