"""What the workload kinds have in common: scaling, and the text of a label selector.

Models pkg/registry/apps/*/storage/storage.go (ScaleREST) and
apimachinery/pkg/apis/meta/v1/helpers.go (FormatLabelSelector's basis), v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Scale
from k8slab.api.meta import Obj
from k8slab.api.selectors import format_selector, from_label_selector, from_labels


def _label_format_selector(obj: Obj) -> str:
    return format_selector(from_label_selector(obj["spec"].get("selector")))


def _plain_format_selector(obj: Obj) -> str:
    return format_selector(from_labels(obj["spec"].get("selector")))


SCALE = Scale(("spec", "replicas"), ("status", "replicas"), _label_format_selector)
"""For workloads with a `metav1.LabelSelector`."""

PLAIN_SCALE = Scale(("spec", "replicas"), ("status", "replicas"), _plain_format_selector)
"""For ReplicationControllers, whose selector is a plain map."""
