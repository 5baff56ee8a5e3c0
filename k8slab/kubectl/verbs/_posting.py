"""How `autoscale`, `expose` and `run` send what they make.

Models staging/src/k8s.io/kubectl/pkg/cmd/{autoscale,expose,run}, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.kubectl.printing import dry_run, noted_struct, write_query
from k8slab.kubectl.session import Session, path_of


def posted(session: Session, obj: Obj, manager: str) -> Obj:
    """A new object as the server stored it; where the command only tries here, as it was made."""
    if dry_run(session) == "client":
        if session.asked_namespace:
            return {**obj, "metadata": {**obj["metadata"], "namespace": session.asked_namespace}}
        return obj
    if session.flags["save-config"]:
        obj = noted_struct(obj)
    path = path_of(kinds()[obj["kind"]], session.namespace)
    stored: Obj = session.request("POST", path, query=write_query(session, manager), body=obj).body
    return stored
