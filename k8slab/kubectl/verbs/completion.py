"""`kubectl completion`: a notebook has no shell to complete in; Tab completes behind `%kubectl` itself.

Models staging/src/k8s.io/kubectl/pkg/cmd/completion/completion.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb, fail, usage_fail
from k8slab.kubectl.session import Session

SHELLS = ("bash", "fish", "powershell", "zsh")


def _run(session: Session) -> None:
    words = session.arguments
    if not words:
        raise usage_fail("completion", "Shell not specified.")
    if len(words) > 1:
        raise usage_fail("completion", "Too many arguments. Expected only the shell type.")
    if words[0] not in SHELLS:
        raise usage_fail("completion", f'Unsupported shell type "{words[0]}".')
    raise fail("a notebook has no shell to complete commands in: press Tab behind %kubectl")


VERB = Verb(
    "completion",
    _run,
    summary="Output shell completion code for the specified shell (bash, zsh, fish, or powershell)",
)
