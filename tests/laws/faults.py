"""Fault plans: which of the components' writes the API refuses, as frozen data that a fork shares."""

from __future__ import annotations

from dataclasses import dataclass

from k8slab.api.errors import ApiError
from k8slab.chance import chance
from k8slab.cluster.api import Actor
from k8slab.cluster.world import World
from k8slab.components import Action

CONFLICT = (409, "Conflict", "the object has been modified; please apply your changes to the latest version")
UNAVAILABLE = (503, "ServiceUnavailable", "the server is currently unable to handle the request")


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Refuse about every n-th write of the components, by a seeded rule over when and who.

    It counts nothing, so that it is the same in every fork; a retry comes at
    a later instant and has a new chance.
    """

    seed: int
    every: int
    error: tuple[int, str, str] = CONFLICT

    def check(self, world: World, actor: Actor, action: Action) -> None:
        """Raise an ApiError where the plan refuses this action."""
        if (
            chance(self.seed, world.now_us, world.store.revision, actor.user, type(action).__name__)
            * self.every
            < 1
        ):
            raise ApiError(*self.error)

    def check_answer(self, world: World, actor: Actor, action: Action) -> None:
        """What is carried out is answered."""
