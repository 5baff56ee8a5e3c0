"""An API server that is down, that is slow, or that does not take every write.

While it is down no action arrives, no Event is kept, and nobody's request is
answered. What runs goes on running, for nobody is told anything else. Components
try again with their back-off; when the server is back they begin afresh, as
controllers do that have lost their lease meanwhile.

A slow one answers so much later: watches tell of a change later, a component's
next look at a key waits until its writes are done, and whoever asks waits. One
that takes ten seconds or more is as good as down, for that is after how long
kubelets give a heartbeat up and controllers their lease.

A share of the components' writes can be refused, as conflicts and overload do, or carried out
and the answer lost; a controller has to come out right all the same.

Models what client-go makes of a refused connection
(staging/src/k8s.io/client-go/rest/request.go), v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj
from k8slab.chance import chance
from k8slab.clock import SECOND_US
from k8slab.cluster import api
from k8slab.cluster.queue import schedule
from k8slab.cluster.world import World
from k8slab.components import Action

SERVER = "127.0.0.1:6443"
DOWN: Key = ("", "apiserver")
SLOW: Key = ("", "apiserver-slow")
REFUSING: Key = ("", "apiserver-refusing")
TOO_SLOW_US = 10 * SECOND_US
"""As late an answer is none: so long kubelets wait for a heartbeat's and controllers for their lease's."""
LOST = "Lost"
"""The reason of a write that is carried out and whose answer doesn't arrive."""

REASONS: dict[str, tuple[int, str, str]] = {
    "Conflict": (
        409,
        "Conflict",
        "the object has been modified; please apply your changes to the latest version and try again",
    ),
    "ServiceUnavailable": (
        503,
        "ServiceUnavailable",
        "the server is currently unable to handle the request",
    ),
    "Timeout": (504, "Timeout", "Timeout: request did not complete within the allotted timeout"),
    LOST: (504, "Timeout", "Timeout: request did not complete within the allotted timeout"),
}
"""Why writes can be refused, with what the components are told."""


class Unreachable(NamedTuple):
    """The fault plan of a World whose API server is down."""

    def check(self, world: World, actor: api.Actor, action: Action) -> None:
        """Refuse an action as a connection is refused."""
        words = f"dial tcp {SERVER}: connect: connection refused"
        raise ApiError(503, "ServiceUnavailable", words)

    def check_answer(self, world: World, actor: api.Actor, action: Action) -> None:
        """Nothing arrives of which the answer could be lost."""


class Refusals(NamedTuple):
    """The fault plan that refuses a share of the components' writes, by a seeded rule over when and who.

    It counts nothing, so that it is the same in every fork; a retry comes at
    a later instant and has a new chance.
    """

    seed: int
    share: float
    reason: str

    def check(self, world: World, actor: api.Actor, action: Action) -> None:
        """Raise an ApiError where this action is refused."""
        if self.reason != LOST and self._strikes(world, actor, action):
            raise ApiError(*REASONS[self.reason])

    def check_answer(self, world: World, actor: api.Actor, action: Action) -> None:
        """Raise an ApiError where the answer to an action that was carried out is lost."""
        if self.reason == LOST and self._strikes(world, actor, action):
            raise ApiError(*REASONS[self.reason])

    def _strikes(self, world: World, actor: api.Actor, action: Action) -> bool:
        name = type(action).__name__
        return chance(self.seed, world.now_us, world.store.revision, actor.user, name) < self.share


def is_down(world: World) -> bool:
    """Whether the API server is down."""
    return isinstance(world.fault, Unreachable)


def refusals_of(world: World) -> Refusals | None:
    """Which of the components' writes are refused, where some are."""
    return world.fault if isinstance(world.fault, Refusals) else None


def refuse_if_down(world: World) -> None:
    """ApiError where nobody's request is answered."""
    if is_down(world):
        raise ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request")


def set_api_server(world: World, *, down: bool, cause: int) -> bool:
    """Stop the API server, or start it again. Whether that is a change."""
    if is_down(world) == down:
        return False
    _note(world, DOWN, {} if down else None, cause)
    if not down:
        waiting = list(world.failures)
        world.failures.clear()
        for component, key in waiting:
            schedule(
                world, component, key, world.now_us + world.timing.spans["informer"].shortest_us + 1, cause
            )
    return True


def check_latency(latency_us: int) -> None:
    """ValueError for one that is too long."""
    if latency_us >= TOO_SLOW_US:
        raise ValueError(
            "an API server that takes 10s or more is as good as down, for kubelets and controllers wait no "
            "longer: stop_api_server()"
        )


def check_refusals(share: float, reason: str) -> None:
    """ValueError for a bad share or reason."""
    if not 0 <= share <= 1:
        raise ValueError(f"a share of the writes is a number from 0 to 1, not {share}")
    if reason not in REASONS:
        raise ValueError(f"unknown reason {reason!r}: choose one of {', '.join(sorted(REASONS))}")


def slow_down(world: World, latency_us: int, cause: int) -> None:
    """Let each request take so much longer; 0 for no longer than usual."""
    _note(world, SLOW, {"latencyUs": latency_us} if latency_us else None, cause)
    world.latency_us = latency_us


def refuse_writes(world: World, share: float, reason: str, cause: int) -> None:
    """Let a share of the components' writes fail; 0 for none."""
    _note(world, REFUSING, {"share": share, "reason": reason} if share else None, cause)


def _note(world: World, key: Key, spec: Obj | None, cause: int) -> None:
    """Write down what is the matter with the API server, and act accordingly from now on."""
    outage: Obj = {"apiVersion": "lab", "kind": "Outage", "metadata": {"name": key[1]}, "spec": spec}
    api.put_internal(world, "Outage", key, None if spec is None else outage, cause)
    refusing = world.get("Outage", REFUSING)
    if world.get("Outage", DOWN) is not None:
        world.fault = Unreachable()
    elif refusing is not None:
        world.fault = Refusals(world.seed, refusing["spec"]["share"], refusing["spec"]["reason"])
    else:
        world.fault = None
