"""What a plugin is given to look at in one scheduling cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from k8slab.scheduler.cluster_state import ClusterState
    from k8slab.store.view import View


class Cycle(NamedTuple):
    """The stored objects, the derived picture of them, and the instant."""

    view: View
    cluster: ClusterState
    now_us: int
