"""A HorizontalPodAutoscaler: a scale from the least to the most replicas, and a pointer at how many.

Models pkg/apis/autoscaling/types.go (HorizontalPodAutoscalerStatus), v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, condition_of, dig
from k8slab.scene.marks import Mark, path, rect, text
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.scene.portrayals._chip import STRIP_X, STRIP_Y, chip
from k8slab.texts import Words


def _draw(subject: Subject, around: Surroundings) -> Picture:
    obj = subject.obj
    least, most = dig(obj, "spec", "minReplicas", default=1), dig(obj, "spec", "maxReplicas", default=1)
    current = dig(obj, "status", "currentReplicas", default=0)
    desired = dig(obj, "status", "desiredReplicas", default=current)
    if (condition_of(obj, "ScalingActive") or {}).get("status") == "False":
        # Where it cannot compute a count it wants none; 0 would read as if it were about to scale down.
        desired = current
    value = f"{current} → {desired}" if desired != current else str(current)
    target = dig(obj, "spec", "scaleTargetRef", "name", default="")
    metric = _metric(obj, around.words)
    kind = around.words("autoscaler.kind")
    kind = f"{kind} · {metric}" if metric else kind
    marks = chip(subject.width, "owner-none", kind, obj["metadata"]["name"], value)
    marks += _scale(subject.width, least, most, current, desired)
    detail = around.words(
        "autoscaler", target=target, least=least, most=most, current=current, desired=desired
    )
    links = tuple(around.graph.targets(subject.id, "policy"))
    return Picture(
        tuple(marks), f"{detail}{around.words('comma')}{metric}" if metric else detail, links=links
    )


def _metric(obj: Obj, words: Words) -> str:
    """The first metric: what it is now, and what it should be."""
    current: Obj = next(iter(dig(obj, "status", "currentMetrics", default=()) or ()), {})
    wanted: Obj = next(iter(dig(obj, "spec", "metrics", default=()) or ()), {})
    name = dig(wanted, "resource", "name", default="")
    goal = dig(wanted, "resource", "target", "averageUtilization")
    if not name or goal is None:
        return ""
    now = dig(current, "resource", "current", "averageUtilization")
    return words("autoscaler.metric", name=name, now="?" if now is None else now, goal=goal)


def _scale(width: float, least: int, most: int, current: int, desired: int) -> list[Mark]:
    y, room = STRIP_Y + 3.0, width - 74

    def at(count: int) -> float:
        span = max(1, most - least)
        return round(STRIP_X + 16 + room * min(1.0, max(0.0, (count - least) / span)), 1)

    marks: list[Mark] = [
        text(STRIP_X + 10, y + 5, "tiny", str(least), "muted", "end"),
        rect(STRIP_X + 16, y, room, 4, 2, "track"),
        text(STRIP_X + 22 + room, y + 5, "tiny", str(most), "muted"),
    ]
    if desired != current:
        left, right = sorted((at(current), at(desired)))
        marks.append(rect(left, y, round(right - left, 1), 4, 2, "starting"))
    x = at(current)
    marks.append(path(f"M{x - 4} {y - 4}L{x + 4} {y - 4}L{x} {y + 3}Z", "text"))
    return marks


PORTRAYAL = Portrayal("HorizontalPodAutoscaler", "workloads", _draw)
