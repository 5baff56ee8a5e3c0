"""`kubectl plugin`: plugins are programs beside the binary, and there are none in a notebook.

Models staging/src/k8s.io/kubectl/pkg/cmd/plugin/plugin.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.session import Session


def _list(session: Session) -> None:
    raise fail("unable to find any kubectl plugins in your PATH")


VERB = Verb(
    "plugin",
    subcommands=(
        Verb(
            "list",
            _list,
            (Flag("name-only", type="bool", idle="there are no plugins"),),
            summary="List all visible plugin executables on a user's PATH",
        ),
    ),
    summary="Provides utilities for interacting with plugins",
)
