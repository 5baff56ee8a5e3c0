"""The status of a Pod whose containers run for the first time: made after that of the last such Pod.

Until one of its containers ends, what a status says follows from the Pod's template and a few words of
what the kubelet remembers. Only since when a container runs, and its ID, are the Pod's own. So an
outline of the status is kept for each template and each such state of it, and filled in; all else is
worked out by `status`, of which this is the short way.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from k8slab.api.memo import DEFAULT_SIZE, remember_with
from k8slab.api.meta import Obj
from k8slab.clock import timestamp
from k8slab.kubelet.runtime import EXITED, RUNNING, Runtime, Slot, visible_of
from k8slab.kubelet.status import (
    FALSE,
    TERMINAL,
    TRUE,
    Report,
    Verdict,
    conditions_after,
    container_status,
    containers_ready,
    filled,
    phase_of,
    running_since,
)
from k8slab.kubelet.traits import Traits


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """What the statuses of alike Pods have in common."""

    phase: str
    verdicts: tuple[Verdict, ...]
    """Of the conditions, in the order in which a kubelet writes them."""
    statuses: list[Obj]
    """Those of the containers, by their names."""
    running: tuple[tuple[int, int], ...]
    """The containers that run: their places among the statuses and among the slots."""


def usual_status(pod: Obj, traits: Traits, runtime: Runtime, report: Report) -> Obj | None:
    """The whole status of a Pod, as `pod_status` makes it; None where the short way does not lead there."""
    old = pod.get("status") or {}
    if not traits.is_usual or not _is_usual(runtime, report) or old.get("phase") in TERMINAL:
        return None
    outline = _outline(pod["spec"], traits, runtime, report.images)
    if outline is None:
        return None
    statuses = outline.statuses
    if outline.running:
        statuses = statuses.copy()
        for place, number in outline.running:
            slot = runtime.slots[number]
            statuses[place] = {
                **statuses[place],
                "state": running_since(timestamp(slot.started_us + slot.started_skew_us)),
                "containerID": slot.container_id,
            }
    generation, now = pod["metadata"].get("generation", 0), timestamp(report.now_us)
    conditions = _conditions(old.get("conditions") or (), generation, now, outline)
    return filled(pod, old, runtime, report, outline.phase, conditions, (), statuses)


def _is_usual(runtime: Runtime, report: Report) -> bool:
    """Whether nothing has happened to the Pod of which an outline knows nothing."""
    if report.terminal or report.final or runtime.failed_reason or runtime.evicted is not None:
        return False
    return runtime.pending is None and runtime.resizing is None


_known: dict[tuple[Hashable, ...], Outline] = {}


def _outline(spec: Obj, traits: Traits, runtime: Runtime, images: Any) -> Outline | None:
    """The outline for a Pod; None where a container has ended, or has other resources than it asks for."""
    for slot in runtime.slots:
        if slot.state == EXITED or slot.last is not None:
            return None
        if slot.state == RUNNING and not _has_its_own(slot, traits.containers[slot.name]):
            return None
    key = (traits, runtime.sandbox_ready, *map(visible_of, runtime.slots))
    outline = _known.get(key)
    if outline is None:
        if len(_known) >= DEFAULT_SIZE:
            _known.clear()
        outline = _known[key] = _drawn(spec, traits, runtime, images)
    return outline


def _has_its_own(slot: Slot, container: Obj) -> bool:
    """Whether a container that runs has the resources that its spec says."""
    resources = container.get("resources")
    return slot.resources is resources or not (slot.resources or resources)


def _drawn(spec: Obj, traits: Traits, runtime: Runtime, images: Any) -> Outline:
    numbers = sorted(range(len(runtime.slots)), key=lambda number: runtime.slots[number].name)
    statuses: list[Obj] = []
    running: list[tuple[int, int]] = []
    for place, number in enumerate(numbers):
        slot = runtime.slots[number]
        if slot.state == RUNNING:
            running.append((place, number))
        container = traits.containers[slot.name]
        statuses.append(
            container_status(container, slot, spec, images, init=False, deleted=False, terminal=False)
        )
    by_name = {status["name"]: status for status in statuses}
    phase = phase_of(spec, by_name, terminal=False, initialized=bool(running))
    ready = containers_ready(spec, by_name, phase)
    sandbox = TRUE if runtime.sandbox_ready else FALSE
    return Outline(phase, (sandbox, TRUE, ready, ready, TRUE), statuses, tuple(running))


@remember_with
def _conditions(before: Sequence[Obj], generation: int, now: str, outline: Outline) -> list[Obj]:
    """The conditions that follow on others."""
    return conditions_after(before, generation, now, *outline.verdicts)
