"""PodTemplate. Models pkg/registry/core/podtemplate/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter
from k8slab.api.kinds._pod_spec import TEMPLATES
from k8slab.api.kinds._strategy import on_create, on_update

KIND = Kind(
    kind="PodTemplate",
    group="",
    version="v1",
    plural="podtemplates",
    singular="podtemplate",
    namespaced=True,
    default=defaulter("api.core.v1.PodTemplate", TEMPLATES),
    prepare_create=on_create(generation=True),
    prepare_update=on_update(status=False, bump_for=("template",)),
)
