"""How a component says what it wants: plans made of actions, and the watches that wake it.

A controller, the scheduler and a kubelet are each a `Component`. Its `plan`
is a pure function from what it can see to a **plan**: a generator that yields
actions (create, patch, delete, record an event …), is sent each action's
outcome, and returns a `Done`. It does no I/O and reads no clock; the outcomes
are its only other input, so a table test drives it with `collect` and compares
whole tuples of actions. An action that the API refuses is raised inside the
generator as `ApiError`: what the plan doesn't catch ends it, and the key is
tried again with back-off, as a rate-limited work queue does. Between two
actions of one plan a conflict or a fault may fall.

Plans are generators and not finished tuples because upstream's controllers
decide by outcomes: a ReplicaSet stops its slow-start batches at the first
quota error and says so in its status. A generator never lives longer than
the event that started it, so the World stays plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj
from k8slab.store.aspects import ANY
from k8slab.store.view import Change, View


class Create(NamedTuple):
    """Create an object. Its outcome is the stored object."""

    kind: str
    obj: Obj


class Update(NamedTuple):
    """Replace an object; 409 Conflict where its resourceVersion is no longer the stored one.

    `subresource` is "" or "status"; what a subresource may not change is left alone.
    """

    kind: str
    obj: Obj
    subresource: str = ""


class Patch(NamedTuple):
    """Merge-patch an object (RFC 7386). `uid`, where given, must be the stored one, else 409."""

    kind: str
    key: Key
    patch: Obj
    subresource: str = ""
    uid: str = ""


class Delete(NamedTuple):
    """Delete an object. `propagation` is "", Orphan, Background or Foreground."""

    kind: str
    key: Key
    uid: str = ""
    propagation: str = ""
    grace_seconds: int | None = None


class Bind(NamedTuple):
    """Bind a Pod to a node (the `binding` subresource)."""

    key: Key
    node: str
    uid: str = ""


class Evict(NamedTuple):
    """Evict a Pod (the `eviction` subresource): 429 where a disruption budget forbids it."""

    key: Key
    uid: str = ""


class Record(NamedTuple):
    """Record an Event about an object. It never fails, and counts up where it repeats.

    `component` overrides the reporting component's name; `action` and
    `related` are for events in the `events.k8s.io` manner (the scheduler's).
    """

    obj: Obj
    type: str
    reason: str
    message: str
    component: str = ""
    host: str = ""
    field_path: str = ""
    action: str = ""
    related: Obj | None = None


class Put(NamedTuple):
    """Write (or, with None, remove) an object of an internal kind; the API is not asked."""

    kind: str
    key: Key
    obj: Obj | None


Action = Create | Update | Patch | Delete | Bind | Evict | Record | Put

Outcome = Any
"""What a plan is sent for an action: the stored object for create, update, patch; else None."""

Memory = Any
"""What a component remembers of one key: an immutable value, kept in the World."""


class _Keep:
    """The type of `KEEP`."""

    def __repr__(self) -> str:
        return "KEEP"


KEEP = _Keep()


class Done(NamedTuple):
    """How a plan ends.

    `look_again_us`: a duration after which the key is looked at again, if
    nothing wakes it before. `memory`: the new memory of the key; KEEP leaves
    it, None forgets it. `error`: why the work could not be finished: the key
    is tried again with back-off. `why`: for a plan that does nothing, the
    reason in a sentence. `postponed`: the key was not looked at, it was only
    agreed when to; earlier failures still count towards its back-off.
    """

    look_again_us: int | None = None
    memory: Memory = KEEP
    error: str = ""
    why: str = ""
    postponed: bool = False


NOTHING_MORE = Done()
"""How a part of a plan ends."""

Plan = Generator[Action, Outcome, Done]


CUSTOM = "*"
"""Stands for every kind of the API that is watched by nobody by its name: those that definitions add."""


class Watch(NamedTuple):
    """Which keys to look at after a change of a kind.

    `keys(change, view)` gives them in a fixed order; None stands for the
    changed object's own key. `delay` names the duration of the Timing profile
    that passes before the component notices. What `keys` would answer with
    nothing anyway needs not be asked: `aspects` are the bits of
    `store.aspects` of which a change must have one, `only` those of which it
    must have one as well, `owner` is the only kind
    of controller whose objects count (those without any count as well), and
    `needs` a kind of which there must be an object.
    """

    kind: str
    keys: Callable[[Change, View], Iterable[Key]] | None = None
    delay: str = "informer"
    aspects: int = ANY
    only: int = ANY
    owner: str = ""
    needs: str = ""


class Cache(Protocol):
    """A derived index that a component keeps beside the store.

    It must be a function of the stored objects alone: a fork may copy it or
    drop it and build it anew.
    """

    def observe(self, change: Change) -> None:
        """Take in one change."""

    def copy(self) -> Cache:
        """An independent copy."""


class Component(NamedTuple):
    """A controller, the scheduler or the kubelets.

    `plan(view, key, now_us, memory)` decides; `now_us` is the instant in
    microseconds since the epoch. `cache(view)`, where given, builds the
    component's derived index, which `view.cache(name)` then answers.
    `cache_kinds` are the kinds whose changes the cache is shown, of Pods those
    that have one of the bits `cache_aspects`. Components that name the same
    function share one cache.
    `retry_base_us` and `retry_max_us` bound the back-off after an error, as
    `DefaultControllerRateLimiter` does. `manager` is the field manager's name.
    `pace` names the shortest time between a look at a key that wrote something
    and the next one: a controller's client may make only so many requests a
    second, and changes that come meanwhile are taken together.
    """

    name: str
    watches: tuple[Watch, ...]
    plan: Callable[[View, Key, int, Memory], Plan]
    cache: Callable[[View], Cache] | None = None
    cache_kinds: tuple[str, ...] = ()
    cache_aspects: int = ANY
    retry_base_us: int = 5_000
    retry_max_us: int = 1_000_000_000
    manager: str = ""
    pace: str = ""


def collect(
    plan: Plan, outcomes: Mapping[int, Outcome | ApiError] | None = None
) -> tuple[tuple[Action, ...], Done]:
    """Run a plan by hand: its actions in order, and how it ended.

    `outcomes[i]` is what the i-th action gives: an ApiError is raised inside
    the plan. Without one a create, update or patch gives its own object, so a
    table test needs no cluster. An ApiError that the plan doesn't catch ends
    it with that error, as the dispatch loop would.
    """
    answers = outcomes or {}
    actions: list[Action] = []
    try:
        action = next(plan)
        while True:
            index = len(actions)
            actions.append(action)
            default = action.obj if isinstance(action, Create | Update) else None
            answer = answers.get(index, default)
            action = plan.throw(answer) if isinstance(answer, ApiError) else plan.send(answer)
    except StopIteration as stop:
        return tuple(actions), stop.value
    except ApiError as error:
        return tuple(actions), Done(error=error.message)
