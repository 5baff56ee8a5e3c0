"""The dispatch loop: events fall due in a total order, plans run, actions go to the API.

When a plan ends in an error the key is tried again with exponential back-off,
as a rate-limited work queue does.

Models staging/src/k8s.io/client-go/util/workqueue/default_rate_limiters.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key
from k8slab.cluster import api, deletion, reviews, subresources
from k8slab.cluster.outage import is_down
from k8slab.cluster.queue import next_event, schedule
from k8slab.cluster.records import record
from k8slab.cluster.world import Cause, Event, World
from k8slab.components import (
    KEEP,
    Action,
    Bind,
    Component,
    Create,
    Delete,
    Done,
    Evict,
    Patch,
    Put,
    Record,
    Update,
)


def step(world: World) -> Event | None:
    """Let the next event happen and move the clock to it. None where nothing is pending."""
    event = next_event(world)
    if event is not None:
        let_happen(world, event)
    return event


def let_happen(world: World, event: Event) -> None:
    """Let an event happen that `next_event` has just given, and move the clock to it."""
    world.queue.pop()
    del world.pending[(event.target, event.key)]
    world.steps += 1
    if event.at_us > world.now_us:
        world.now_us = event.at_us
    run_component(world, event)


def run_component(world: World, event: Event) -> None:
    """Run one component's plan for one key, and agree when it looks again."""
    component = world.components[event.target]
    slot = (component.name, event.key)
    cause = Cause(world.now_us, component.name, event.key, event.cause)
    before = world.store.revision
    done = _drive(world, component, event.key, cause)
    writes = world.store.revision - before
    if component.pace or world.latency_us:
        _stay_busy(world, slot, component.pace, writes)
    if done.memory is not KEEP:
        if done.memory is None:
            world.memories.pop(slot, None)
        else:
            world.memories[slot] = done.memory
    if done.error:
        failures = world.failures.get(slot, 0)
        world.failures[slot] = failures + 1
        delay = min(component.retry_base_us << min(failures, 40), component.retry_max_us)
        schedule(world, component.name, event.key, world.now_us + delay, event.cause)
    elif slot in world.failures and not done.postponed:
        del world.failures[slot]
    if done.look_again_us is not None:
        schedule(world, component.name, event.key, world.now_us + max(done.look_again_us, 1), event.cause)


def _stay_busy(world: World, slot: tuple[str, Key], pace: str, writes: int) -> None:
    """Let wakes of a key wait until its component has made its writes and may make more."""
    if not writes:
        world.busy.pop(slot, None)
        return
    spans = world.timing.spans
    pace_us = spans[pace].shortest_us if pace else 0
    wait_us = pace_us + writes * (spans["api_call"].shortest_us + world.latency_us)
    if not wait_us:
        return
    until_us = world.now_us + wait_us
    world.busy[slot] = until_us
    agreed = world.pending.get(slot)
    if agreed is not None and agreed.at_us < until_us:
        world.sequence += 1
        later = agreed._replace(at_us=until_us, seq=world.sequence)
        world.pending[slot] = later
        world.queue.push(later)


def _drive(world: World, component: Component, key: Key, cause: Cause) -> Done:
    """Run a plan to its end, action by action. A refusal that it doesn't catch becomes its error."""
    actor = api.component_actor(component.name, component.manager)
    plan = component.plan(world, key, world.now_us, world.memories.get((component.name, key)))
    number = 0
    try:
        action = next(plan)
        while True:
            if not number:
                # Only a look that leads to an action is worth remembering.
                number = len(world.causes)
                world.causes.append(cause)
            try:
                outcome = execute(world, actor, action, number)
            except ApiError as error:
                action = plan.throw(error)
            else:
                action = plan.send(outcome)
    except StopIteration as stop:
        result: Done = stop.value
        return result
    except ApiError as error:
        return Done(error=error.message)


def execute(world: World, actor: api.Actor, action: Action, cause: int) -> Any:
    """Carry out one action on behalf of an actor. Its outcome; ApiError where the API refuses."""
    if isinstance(action, Record):
        # Where nobody answers, an Event is lost after a few tries.
        return None if world.fault is not None and is_down(world) else record(world, actor, action, cause)
    if isinstance(action, Put):
        return api.put_internal(world, action.kind, action.key, action.obj, cause)
    if world.fault is None:
        return _carry_out(world, actor, action, cause)
    world.fault.check(world, actor, action)
    outcome = _carry_out(world, actor, action, cause)
    world.fault.check_answer(world, actor, action)
    return outcome


def _carry_out(world: World, actor: api.Actor, action: Action, cause: int) -> Any:
    """Let the API do what an action says."""
    if isinstance(action, Update):
        return api.update(world, actor, action.kind, action.obj, action.subresource, cause=cause)
    if isinstance(action, Patch):
        return api.patch_merge(
            world, actor, action.kind, action.key, action.patch, action.subresource, action.uid, cause=cause
        )
    if isinstance(action, Create):
        if action.kind == "SubjectAccessReview":
            # A review is answered and never stored.
            return reviews.subject_access(world, action.obj)
        return api.create(world, actor, action.kind, action.obj, cause=cause)
    if isinstance(action, Delete):
        options = deletion.DeleteOptions(
            propagation=action.propagation, grace_seconds=action.grace_seconds, uid=action.uid or None
        )
        return deletion.delete(world, actor, action.kind, action.key, options, cause=cause)
    if isinstance(action, Bind):
        return subresources.bind_as(world, actor, action, cause)
    if isinstance(action, Evict):
        return subresources.evict(
            world, actor, action.key, deletion.DeleteOptions(uid=action.uid or None), cause=cause
        )
    raise TypeError(f"not an action: {action!r}")
