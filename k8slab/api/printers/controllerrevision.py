"""How ControllerRevisions are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, controller_of, group_version
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of


def _row(obj: Obj, now_us: int) -> Cells:
    return (obj["metadata"]["name"], _controller(obj), obj.get("revision", 0), age_of(obj, now_us))


def _controller(revision: Obj) -> str:
    """The owner as `kind.group/name`."""
    owner = controller_of(revision)
    if owner is None:
        return "<none>"
    group, _ = group_version(owner["apiVersion"])
    kind = f"{owner['kind']}.{group}" if group else owner["kind"]
    return f"{kind.lower()}/{owner['name']}"


TABLE = Table(
    (
        NAME,
        Column("Controller", description="Controller of the object"),
        Column("Revision", description="Revision indicates the revision of the state represented by Data."),
        AGE,
    ),
    _row,
)
