"""An API server that is down: no action arrives, no Event is kept, and nobody's request is answered.

What runs goes on running, for nobody is told anything else. Components try
again with their back-off; when the server is back they begin afresh, as
controllers do that have lost their lease meanwhile.

Models what client-go makes of a refused connection
(staging/src/k8s.io/client-go/rest/request.go), v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj
from k8slab.cluster import api
from k8slab.cluster.queue import schedule
from k8slab.cluster.world import World

SERVER = "127.0.0.1:6443"
_OUTAGE: Key = ("", "apiserver")


class Unreachable(NamedTuple):
    """The fault plan of a World whose API server is down."""

    is_total: bool = True

    def check(self, world: World, actor: object, action: object) -> None:
        """Refuse an action as a connection is refused."""
        words = f"dial tcp {SERVER}: connect: connection refused"
        raise ApiError(503, "ServiceUnavailable", words)


def is_down(world: World) -> bool:
    """Whether the API server is down."""
    return isinstance(world.fault, Unreachable)


def refuse_if_down(world: World) -> None:
    """ApiError where nobody's request is answered."""
    if is_down(world):
        raise ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request")


def set_api_server(world: World, *, down: bool, cause: int) -> bool:
    """Stop the API server, or start it again. Whether that is a change."""
    if is_down(world) == down:
        return False
    outage: Obj = {"apiVersion": "lab", "kind": "Outage", "metadata": {"name": _OUTAGE[1]}}
    api.put_internal(world, "Outage", _OUTAGE, outage if down else None, cause)
    world.fault = Unreachable() if down else None
    if not down:
        waiting = list(world.failures)
        world.failures.clear()
        for component, key in waiting:
            schedule(
                world, component, key, world.now_us + world.timing.spans["informer"].shortest_us + 1, cause
            )
    return True
