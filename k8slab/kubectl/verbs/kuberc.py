"""`kubectl kuberc`: a file of preferences, which no lab has; what a command does depends on its words alone.

Models staging/src/k8s.io/kubectl/pkg/cmd/kuberc, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.kubeconfig import FOLDER
from k8slab.kubectl.printing import OUTPUT_FLAGS
from k8slab.kubectl.session import Session

_PATH = f"{FOLDER}/kuberc"


def _view(session: Session) -> None:
    session.write(
        f"kuberc file not found at {_PATH}\n"
        "Would you like to generate a default kuberc file with recommended options? (y/N): "
    )


VERB = Verb(
    "kuberc",
    subcommands=(
        Verb(
            "set",
            flags=(
                Flag("allowlist-entry", type="array"),
                Flag("appendarg", type="array"),
                Flag("command"),
                Flag("name"),
                Flag("option", type="array"),
                Flag("overwrite", type="bool"),
                Flag("policy"),
                Flag("prependarg", type="array"),
                Flag("section"),
            ),
            refused="a lab keeps no preferences: give a command its flags, or define a function in Python",
            summary="Set values in the kuberc configuration",
        ),
        Verb(
            "view",
            _view,
            tuple(
                Flag("output", "o", default="yaml", idle="there is no file to print")
                if flag.name == "output"
                else flag._replace(idle="there is no file to print")
                for flag in OUTPUT_FLAGS
            ),
            summary="Display the current kuberc configuration",
        ),
    ),
    summary="Manage user preferences (kuberc) file",
)
