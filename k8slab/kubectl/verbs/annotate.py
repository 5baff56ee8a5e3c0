"""`kubectl annotate`: set and remove annotations.

Models staging/src/k8s.io/kubectl/pkg/cmd/annotate/annotate.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.verbs._metadata import FLAGS, change

VERB = Verb(
    "annotate",
    lambda session: change(session, "annotations", "annotation"),
    FLAGS,
    summary="Update the annotations on a resource.",
)
