"""`kubectl plugin`: not done in a notebook; it says what to do instead.

Models staging/src/k8s.io/kubectl/pkg/cmd/plugin/plugin.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.verbs._elsewhere import elsewhere

_INSTEAD = "plugins are programs beside the kubectl binary: none are run here"

VERB = Verb("plugin", elsewhere(_INSTEAD), summary="Provides utilities for interacting with plugins")
