"""`kubectl label`: set and remove labels.

Models staging/src/k8s.io/kubectl/pkg/cmd/label/label.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.verbs._metadata import FLAGS, change

VERB = Verb(
    "label",
    lambda session: change(session, "labels", "label"),
    FLAGS,
    summary="Update the labels on a resource.",
)
