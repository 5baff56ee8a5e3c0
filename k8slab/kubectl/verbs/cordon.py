"""`kubectl cordon`: keep new Pods off a node.

Models staging/src/k8s.io/kubectl/pkg/cmd/drain/drain.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.verbs._nodes import CORDON_FLAGS, cordon_or_uncordon

VERB = Verb(
    "cordon",
    lambda session: cordon_or_uncordon(session, True),
    CORDON_FLAGS,
    summary="Mark node as unschedulable.",
)
