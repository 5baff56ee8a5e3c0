"""Commands that a notebook can't carry out, and what to do instead.

Models the names of staging/src/k8s.io/kubectl/pkg/cmd/cmd.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.kubectl.command import fail
from k8slab.kubectl.session import Session


def elsewhere(message: str) -> Callable[[Session], None]:
    """A command that says how its purpose is reached here."""

    def run(session: Session) -> None:
        raise fail(message)

    return run
