"""`kubectl annotate`: set and remove annotations.

Models staging/src/k8s.io/kubectl/pkg/cmd/annotate/annotate.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.verbs._metadata import ANNOTATIONS, FLAGS, change

VERB = Verb(
    "annotate",
    lambda session: change(session, ANNOTATIONS),
    FLAGS,
    summary="Update the annotations on a resource.",
)
