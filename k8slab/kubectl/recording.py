"""`--record`: the command line noted as what caused a change.

Models staging/src/k8s.io/cli-runtime/pkg/genericclioptions/record_flags.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import Info
from k8slab.kubectl.session import Session, path_of

CHANGE_CAUSE = "kubernetes.io/change-cause"
RECORD = Flag("record", type="bool", deprecated="--record will be removed in the future")
_MERGE = "application/merge-patch+json"


def _command_line(session: Session) -> str:
    """The command as it is noted: first its words, then its flags in their order."""
    words = ["kubectl", *session.command.split(), *session.arguments]
    return " ".join([*words, *(f"--{name}={value}" for name, value in session.flags_in_order)])


def recorded(session: Session, obj: Obj) -> Obj:
    """With `--record`, the object with the command line among its annotations."""
    if not session.flags.get("record"):
        return obj
    metadata = obj.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), CHANGE_CAUSE: _command_line(session)}
    return {**obj, "metadata": {**metadata, "annotations": annotations}}


def record_after(session: Session, info: Info, stored: Obj) -> Obj:
    """With `--record`, note the command line in an object that was changed. What it is then."""
    noted = recorded(session, stored)
    cause = (noted["metadata"].get("annotations") or {}).get(CHANGE_CAUSE)
    if noted is stored or (stored["metadata"].get("annotations") or {}).get(CHANGE_CAUSE) == cause:
        return stored
    body = {"metadata": {"annotations": {CHANGE_CAUSE: cause}}}
    path = path_of(info.kind, info.namespace, info.name)
    answer: Obj = session.request("PATCH", path, body=body, content_type=_MERGE).body
    return answer
