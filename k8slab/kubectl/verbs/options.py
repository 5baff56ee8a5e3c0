"""`kubectl options`: the flags that every command takes.

Models staging/src/k8s.io/kubectl/pkg/cmd/options/options.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import GLOBAL_FLAGS, Verb, option_lines
from k8slab.kubectl.session import Session


def _run(session: Session) -> None:
    session.write("The following options can be passed to any command:\n\n")
    listed = [flag for flag in GLOBAL_FLAGS if flag.name != "help"]
    session.write("".join(f"{line}\n" for line in option_lines(listed)))


VERB = Verb("options", _run, summary="Print the list of flags inherited by all commands")
