"""ReplicationController. Models pkg/apis/core/v1/defaults.go and
pkg/registry/core/replicationcontroller/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._pod_spec import TEMPLATES
from k8slab.api.kinds._strategy import on_create, on_status, on_update
from k8slab.api.kinds._workload import PLAIN_SCALE
from k8slab.api.meta import Obj, assoc, dig


def _labels_from_template(controller: Obj) -> Obj:
    """Selector and labels are the template's labels where they aren't given."""
    labels = dig(controller, "spec", "template", "metadata", "labels")
    if not labels:
        return controller
    if not dig(controller, "spec", "selector"):
        controller = assoc(controller, "spec", "selector", labels)
    if not dig(controller, "metadata", "labels"):
        controller = assoc(controller, "metadata", "labels", labels)
    return controller


_TABLE = Table(hooks={"api.core.v1.ReplicationController": _labels_from_template})

KIND = Kind(
    kind="ReplicationController",
    group="",
    version="v1",
    plural="replicationcontrollers",
    singular="replicationcontroller",
    namespaced=True,
    short_names=("rc",),
    categories=("all",),
    subresources=("scale", "status"),
    default=defaulter("api.core.v1.ReplicationController", TEMPLATES, _TABLE),
    prepare_create=on_create(status=zero_of("api.core.v1.ReplicationControllerStatus"), generation=True),
    prepare_update=on_update(bump_for=("spec",)),
    prepare_status=on_status(),
    scale=PLAIN_SCALE,
    fields=("status.replicas",),
    default_propagation="Orphan",
)
