"""Rules shared by ReplicaSet and Deployment.

Models pkg/apis/apps/validation/validation.go and
pkg/registry/apps/{deployment,replicaset}/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import IMMUTABLE, invalid
from k8slab.api.validation._metadata import generation_changed, name_warnings
from k8slab.api.validation._pod_warnings import template_warnings
from k8slab.api.validation._shape import label_selector, same


def immutable_selector(new: Obj, old: Obj) -> list[Cause]:
    """The selector of a workload stays."""
    after, before = (one.get("spec") or {} for one in (new, old))
    selector, was = after.get("selector"), before.get("selector")
    if same("LabelSelector", selector, was, pointer=True):
        return []
    return [invalid("spec.selector", label_selector(selector), IMMUTABLE)]


def workload_warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    """The name on create, the template when it changes."""
    found = name_warnings(new["metadata"]) if old is None else []
    if generation_changed(new, old):
        found += template_warnings((new.get("spec") or {}).get("template") or {}, "spec.template")
    return tuple(found)
