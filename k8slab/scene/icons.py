"""The little signs, as marks around (0, 0): a Pod's phase has a shape, not only a colour."""

from __future__ import annotations

from k8slab.scene.marks import Mark, arc_d, circle, path, rect, text

_TICK = "M-4 0.3L-1.2 3.2L4 -3.2"


def _disc(colour: str, *signs: Mark) -> tuple[Mark, ...]:
    return (circle(0, 0, 8, colour), *signs)


def _ring(colour: str, share: float) -> tuple[Mark, ...]:
    return (
        circle(0, 0, 7, "", "ring", 3),
        path(arc_d(0, 0, 7, 0, share), "", colour, 3),
    )


ICONS: dict[str, tuple[Mark, ...]] = {
    "running": _disc("running", path(_TICK, "", "on-mark", 1.9)),
    "succeeded": (
        rect(-8, -8, 16, 16, 4, "succeeded"),
        path(_TICK, "", "on-mark", 1.9),
    ),
    "failed": (
        path("M0 -9L9 7.5L-9 7.5Z", "failed", "failed", 1.5),
        path("M0 -3.6L0 2", "", "on-mark", 2.1),
        circle(0, 5, 1.25, "on-mark"),
    ),
    "unknown": _disc("mark-unknown", text(0, 4.1, "heading", "?", "on-mark", "middle")),
    "waiting": (
        circle(0, 0, 7, "", "mark-waiting", 1.6),
        path("M0 -4L0 0L3 2", "", "mark-waiting", 1.6),
    ),
    "creating": _ring("creating", 0.25),
    "starting": _ring("starting", 0.5),
    "terminating": _ring("terminating", 0.66),
    # The same phases, small enough for a hundred Pods on a card.
    "small-running": (circle(0, 0, 5, "running"), path("M-2.4 0.2L-0.7 1.9L2.4 -1.9", "", "on-mark", 1.3)),
    "small-succeeded": (
        rect(-4.6, -4.6, 9.2, 9.2, 2, "succeeded"),
        path("M-2.4 0.2L-0.7 1.9L2.4 -1.9", "", "on-mark", 1.3),
    ),
    "small-failed": (path("M0 -5.6L5.6 4.6L-5.6 4.6Z", "failed"), path("M0 -2.2L0 1.6", "", "on-mark", 1.4)),
    "small-unknown": (circle(0, 0, 4.4, "", "mark-unknown", 1.5), circle(0, 0, 1.3, "mark-unknown")),
    "small-waiting": (
        circle(0, 0, 4.4, "", "mark-waiting", 1.3),
        path("M0 -2.6L0 0L2 1", "", "mark-waiting", 1.2),
    ),
    "small-creating": (circle(0, 0, 4.2, "", "ring", 2), path(arc_d(0, 0, 4.2, 0, 0.25), "", "creating", 2)),
    "small-starting": (circle(0, 0, 4.2, "", "ring", 2), path(arc_d(0, 0, 4.2, 0, 0.5), "", "starting", 2)),
    "small-terminating": (
        circle(0, 0, 4.2, "", "ring", 2),
        path(arc_d(0, 0, 4.2, 0, 0.66), "", "terminating", 2),
    ),
    # Nodes
    "node-ready": (circle(0, 0, 5, "running"),),
    "node-lost": (path("M-4.5 -4.5L4.5 4.5M4.5 -4.5L-4.5 4.5", "", "alert", 2.6),),
    "node-off": (
        path(arc_d(0, 0, 5, 0.12, 0.76), "", "alert", 2),
        path("M0 -6L0 -0.5", "", "alert", 2),
    ),
    "cordon": (
        circle(0, 0, 6, "", "held", 1.7),
        path("M-4.2 4.2L4.2 -4.2", "", "held", 1.7),
    ),
}
"""Marks by name. Those that spin in the browser are the rings."""

SPINNING = ("creating", "starting", "terminating", "small-creating", "small-starting", "small-terminating")
