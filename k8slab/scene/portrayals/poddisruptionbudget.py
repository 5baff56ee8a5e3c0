"""A PodDisruptionBudget: its Pods behind a fence, with as many gaps as may go at once.

Models pkg/apis/policy/types.go (PodDisruptionBudgetStatus), v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, dig, labels_of
from k8slab.api.selectors import from_label_selector, matches
from k8slab.scene.marks import Mark, circle, path, text
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.scene.portrayals._chip import STRIP_X, STRIP_Y, chip
from k8slab.texts import Words

_MOST_POSTS = 8
_MOST_LINKS = 40


def _draw(subject: Subject, around: Surroundings) -> Picture:
    obj = subject.obj
    status = obj.get("status") or {}
    healthy, wanted = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    allowed, expected = status.get("disruptionsAllowed", 0), status.get("expectedPods", 0)
    rule = dig(obj, "spec", "minAvailable")
    words = around.words
    most_out = dig(obj, "spec", "maxUnavailable", default="?")
    said = words("budget.least", count=rule) if rule is not None else words("budget.most_out", count=most_out)
    kind, value = words("budget.kind", rule=said), words("budget.value", allowed=allowed)
    marks = chip(subject.width, "owner-none", kind, obj["metadata"]["name"], value)
    marks += _fence(healthy, wanted, expected, words)
    detail = words("budget", rule=said, healthy=healthy, expected=expected, wanted=wanted, allowed=allowed)
    return Picture(tuple(marks), detail, "" if allowed or not expected else "held", _pods(obj, around))


def _pods(obj: Obj, around: Surroundings) -> tuple[str, ...]:
    """The Pods that the budget's selector takes, of those that there are."""
    selector = from_label_selector(dig(obj, "spec", "selector"))
    namespace = obj["metadata"].get("namespace", "")
    found = []
    for identity in around.graph.ids("Pod"):
        pod = around.graph.get(identity)
        if pod is not None and pod["metadata"].get("namespace", "") == namespace:
            if matches(selector, labels_of(pod)):
                found.append(identity)
        if len(found) >= _MOST_LINKS:
            break
    return tuple(found)


def _fence(healthy: int, wanted: int, expected: int, words: Words) -> list[Mark]:
    """A dot for each Pod: filled where it is healthy; a rail beneath those that must stay."""
    if not expected:
        return [text(STRIP_X, STRIP_Y + 8, "smaller", words("budget.none"), "muted")]
    shown = min(expected, _MOST_POSTS)
    y = STRIP_Y + 2
    marks: list[Mark] = []
    for post in range(shown):
        is_well = post < healthy
        fill, line = ("running", "") if is_well else ("chip", "mark-waiting")
        marks.append(circle(STRIP_X + 5 + 15 * post, y, 4, fill, line, 1.3))
    kept = min(wanted, shown)
    if kept:
        end = STRIP_X + 15 * kept - 5
        marks.append(path(f"M{STRIP_X} {y + 8}L{end} {y + 8}", "", "text", 1.6))
    if expected > shown:
        marks.append(text(STRIP_X + 15 * shown + 4, y + 3.5, "smaller", f"+{expected - shown}", "muted"))
    return marks


PORTRAYAL = Portrayal("PodDisruptionBudget", "workloads", _draw)
