"""A stretch of a lab's past as scenes, one after another: what a GIF, a video and a player show.

Nothing is simulated again: history holds every object as it was after every
change, so a graph that takes in the changes up to an instant is the cluster at
that instant. What a frame costs is what changed since the one before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from k8slab.clock import SECOND_US
from k8slab.graph import KINDS, Graph
from k8slab.scene import Composer, Facts, Scene
from k8slab.texts import Language

MOST_MOMENTS = 1800
"""A film of every moment leaves some out rather than have more."""
_LEAST_APART_US = 40_000
"""Moments that lie closer together than a screen's pictures are one."""


class Shot(NamedTuple):
    """One scene of a film.

    `changed` are the ids of its items that differ from the scene before,
    `touched` those of the objects that do. `graph` is the cluster at the instant
    and becomes that of the next one.
    """

    scene: Scene
    changed: Sequence[str]
    touched: Sequence[str]
    graph: Graph


class Stretch(NamedTuple):
    """From when until when, on the lab's clock."""

    from_us: int
    to_us: int


def stretch_of(lab: Any, start: float | None, end: float | None) -> Stretch:
    """The stretch between two instants in seconds since the beginning.

    Without them it goes from when the lab was ready until now.

    ValueError for one that lies outside the lab's past or lasts no time.
    """
    from_us = lab.ready_us if start is None else lab.start_us + round(start * SECOND_US)
    to_us = lab.now_us if end is None else lab.start_us + round(end * SECOND_US)
    if not lab.start_us <= from_us < to_us <= lab.now_us:
        past_s = (lab.now_us - lab.start_us) / SECOND_US
        raise ValueError(f"a film needs start < end within the lab's past, which is 0 to {past_s:g} s")
    return Stretch(from_us, to_us)


def even_instants(stretch: Stretch, count: int) -> list[int]:
    """So many instants, evenly spread, the last one at the end."""
    span = stretch.to_us - stretch.from_us
    return [stretch.from_us + span * number // max(1, count - 1) for number in range(count)]


def moments(lab: Any, stretch: Stretch) -> list[int]:
    """The instants at which anything changed, with the stretch's two ends."""
    least_us = max(_LEAST_APART_US, (stretch.to_us - stretch.from_us) // MOST_MOMENTS)
    found, opened_us = [stretch.from_us], stretch.from_us
    history = lab.history
    for change in history[bisect_right(history, stretch.from_us, key=_instant) :]:
        if change.at_us > stretch.to_us:
            break
        if len(found) > 1 and change.at_us - opened_us < least_us:
            # A moment lies at the end of what it takes in, so that it shows nothing that is not yet.
            found[-1] = change.at_us
        elif change.at_us > found[-1]:
            found.append(change.at_us)
            opened_us = change.at_us
    if found[-1] < stretch.to_us:
        found.append(stretch.to_us)
    return found


def shoot(
    lab: Any, instants: Sequence[int], *, width: float = 1180, language: Language | None = None
) -> Iterator[Shot]:
    """The scenes at some instants of a lab's past, in rising order."""
    history = lab.history
    inputs = [(one.at_us, one.text) for one in lab.inputs]
    until_us = instants[-1]
    done = bisect_right(history, instants[0], key=_instant)
    graph, past = _graph_of(lab, instants[0], history[:done])

    def facts(at_us: int, events: int) -> Facts:
        done_inputs = tuple(one for one in inputs if one[0] <= at_us)
        return Facts(
            at_us,
            lab.start_us,
            lab.seed,
            events,
            done_inputs,
            until_us=until_us,
            language=language or lab.language,
        )

    composer = Composer(graph, facts(instants[0], done), width=width, history=past)
    yield Shot(composer.scene, list(composer.scene.items), _objects(graph), graph)
    for at_us in instants[1:]:
        until = bisect_right(history, at_us, lo=done, key=_instant)
        changes, done = history[done:until], until
        touched = graph.update(changes)
        composer.update(touched, changes, facts(at_us, done))
        yield Shot(composer.scene, composer.changed, touched, graph)


def _graph_of(lab: Any, at_us: int, past: Sequence[Any]) -> tuple[Graph, Sequence[Any]]:
    """The graph at an instant, and what of the past the timeline can be drawn from."""
    if past and past[0].revision > 1:
        # What came before has been compacted; the lab itself has to go back.
        return Graph(lab.at((at_us - lab.start_us) / SECOND_US).view), ()
    graph = Graph()
    graph.update(past)
    return graph, past


def _objects(graph: Graph) -> list[str]:
    return [identity for kind in KINDS for identity in graph.ids(kind)]


def _instant(change: Any) -> int:
    return int(change.at_us)
