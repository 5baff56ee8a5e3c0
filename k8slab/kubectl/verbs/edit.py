"""`kubectl edit`: not done in a notebook; it says what to do instead.

Models staging/src/k8s.io/kubectl/pkg/cmd/edit/edit.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.verbs._elsewhere import elsewhere

_INSTEAD = (
    "there is no editor in a notebook: print the object with 'kubectl get TYPE/NAME -o yaml', change "
    "it in a cell, and store it with 'kubectl replace -f -' or 'kubectl apply -f -'"
)

VERB = Verb("edit", elsewhere(_INSTEAD), summary="Edit a resource on the server")
