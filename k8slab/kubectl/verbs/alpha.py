"""`kubectl alpha`: commands that are tried out; there are none.

Models staging/src/k8s.io/kubectl/pkg/cmd/alpha.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.session import Session


def _run(session: Session) -> None:
    session.warn("No alpha commands are available in this version of kubectl\n")


VERB = Verb("alpha", _run, summary="Commands for features in alpha")
