"""`kubectl label`: set and remove labels.

Models staging/src/k8s.io/kubectl/pkg/cmd/label/label.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.verbs._metadata import FLAGS, LABELS, change

VERB = Verb(
    "label",
    lambda session: change(session, LABELS),
    FLAGS,
    summary="Update the labels on a resource.",
)
