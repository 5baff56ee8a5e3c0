"""`kubectl completion`: not done in a notebook; it says what to do instead.

Models staging/src/k8s.io/kubectl/pkg/cmd/completion/completion.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.verbs._elsewhere import elsewhere

_INSTEAD = "a notebook has no shell to complete commands in"

VERB = Verb(
    "completion",
    elsewhere(_INSTEAD),
    summary="Output shell completion code for the specified shell (bash, zsh, fish, or powershell)",
)
