"""ControllerRevision. Models pkg/registry/apps/controllerrevision/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter

KIND = Kind(
    kind="ControllerRevision",
    group="apps",
    version="v1",
    plural="controllerrevisions",
    singular="controllerrevision",
    namespaced=True,
    default=defaulter("api.apps.v1.ControllerRevision"),
)
