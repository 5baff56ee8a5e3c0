"""What becomes of a recommended size: stabilised over a window, then held within rates and bounds.

Models pkg/controller/podautoscaler/horizontal.go (normalizeDesiredReplicas,
normalizeDesiredReplicasWithBehaviors and what they call), v1.36.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.clock import MINUTE_US, SECOND_US

DOWNSCALE_STABILIZATION_US = 5 * MINUTE_US
_SCALE_UP_FACTOR = 2
_SCALE_UP_LEAST = 4
_INT32 = 2**31

_FASTER = "the desired replica count is {} faster than the maximum scale rate"
_TOO_MANY = "the desired replica count is more than the maximum replica count"
_TOO_FEW = "the desired replica count is less than the minimum replica count"
_WITHIN = "the desired count is within the acceptable range"
_STABILIZED = "recent recommendations were {} than current one, applying the {} recent recommendation"


class Recommendation(NamedTuple):
    """A size that the metrics asked for, and when."""

    replicas: int
    at_us: int


class ScaleEvent(NamedTuple):
    """By how many Pods the target was changed, and when."""

    change: int
    at_us: int


class History(NamedTuple):
    """What is remembered of one autoscaler."""

    recommendations: tuple[Recommendation, ...] = ()
    ups: tuple[ScaleEvent, ...] = ()
    downs: tuple[ScaleEvent, ...] = ()


class Limited(NamedTuple):
    """A size and the reason and message of the condition that tells of it."""

    replicas: int
    reason: str
    message: str


def _noted(history: History, desired: int, now_us: int, outdated: int | None) -> History:
    """The history with a new recommendation, in the place of an outdated one where there is one."""
    new = Recommendation(desired, now_us)
    old = history.recommendations
    if outdated is None:
        return history._replace(recommendations=(*old, new))
    return history._replace(recommendations=(*old[:outdated], new, *old[outdated + 1 :]))


# Without a behavior.


def stabilized(
    history: History, desired: int, now_us: int, window_us: int = DOWNSCALE_STABILIZATION_US
) -> tuple[int, History]:
    """The highest recommendation of the window, this one among them (`stabilizeRecommendation`)."""
    highest = desired
    outdated = None
    for index, one in enumerate(history.recommendations):
        if one.at_us < now_us - window_us:
            outdated = index
        else:
            highest = max(highest, one.replicas)
    return highest, _noted(history, desired, now_us, outdated)


def within_bounds(current: int, desired: int, least: int, most: int) -> Limited:
    """The size within the bounds, at most doubled (`convertDesiredReplicasWithRules`)."""
    limit = max(_SCALE_UP_FACTOR * current, _SCALE_UP_LEAST)
    if desired < least:
        return Limited(least, "TooFewReplicas", _TOO_FEW)
    if desired > min(limit, most):
        if most > limit:
            return Limited(limit, "ScaleUpLimit", _FASTER.format("increasing"))
        return Limited(most, "TooManyReplicas", _TOO_MANY)
    return Limited(desired, "DesiredWithinRange", _WITHIN)


# With a behavior.


def stabilized_by_behavior(
    history: History, current: int, desired: int, behavior: Obj, now_us: int
) -> tuple[Limited, History]:
    """The size between the windows' lowest and highest (`stabilizeRecommendationWithBehaviors`)."""
    up_cutoff = now_us - _window_us(behavior, "scaleUp", 0)
    down_cutoff = now_us - _window_us(behavior, "scaleDown", DOWNSCALE_STABILIZATION_US)
    lowest = highest = desired
    outdated = None
    for index, one in enumerate(history.recommendations):
        if one.at_us > up_cutoff:
            lowest = min(one.replicas, lowest)
        if one.at_us > down_cutoff:
            highest = max(one.replicas, highest)
        if one.at_us < up_cutoff and one.at_us < down_cutoff:
            outdated = index
    size = min(max(current, lowest), highest)
    grows = desired >= current
    reason = "ScaleUpStabilized" if grows else "ScaleDownStabilized"
    message = _STABILIZED.format(*(("lower", "lowest") if grows else ("higher", "highest")))
    return Limited(size, reason, message), _noted(history, desired, now_us, outdated)


def _window_us(behavior: Obj, direction: str, default_us: int) -> int:
    seconds = (behavior.get(direction) or {}).get("stabilizationWindowSeconds")
    return default_us if seconds is None else seconds * SECOND_US


def within_rates(
    history: History, current: int, desired: int, bounds: tuple[int, int], behavior: Obj, now_us: int
) -> Limited:
    """The size within the bounds and the policies' rates (`convertDesiredReplicasWithBehaviorRate`)."""
    least, most = bounds
    if desired > current:
        limit = max(scale_up_limit(history, current, behavior["scaleUp"], now_us), current)
        if desired > min(limit, most):
            if most > limit:
                return Limited(limit, "ScaleUpLimit", _FASTER.format("increasing"))
            return Limited(most, "TooManyReplicas", _TOO_MANY)
    elif desired < current:
        limit = min(scale_down_limit(history, current, behavior["scaleDown"], now_us), current)
        if desired < max(limit, least):
            if least < limit:
                return Limited(limit, "ScaleDownLimit", _FASTER.format("decreasing"))
            return Limited(least, "TooFewReplicas", _TOO_FEW)
    return Limited(desired, "DesiredWithinRange", _WITHIN)


def scale_up_limit(history: History, current: int, rules: Obj, now_us: int) -> int:
    """The largest size that the policies allow now."""
    if rules["selectPolicy"] == "Disabled":
        return current
    choose, result = (min, _INT32 - 1) if rules["selectPolicy"] == "Min" else (max, -_INT32)
    for policy in rules.get("policies") or ():
        start = _period_start(history, current, policy["periodSeconds"], now_us)
        if policy["type"] == "Pods":
            proposed = start + policy["value"]
        else:
            proposed = math.ceil(start * (1 + policy["value"] / 100))
        result = choose(result, proposed)
    return result


def scale_down_limit(history: History, current: int, rules: Obj, now_us: int) -> int:
    """The smallest size that the policies allow now."""
    if rules["selectPolicy"] == "Disabled":
        return current
    choose, result = (max, -_INT32) if rules["selectPolicy"] == "Min" else (min, _INT32 - 1)
    for policy in rules.get("policies") or ():
        start = _period_start(history, current, policy["periodSeconds"], now_us)
        if policy["type"] == "Pods":
            proposed = start - policy["value"]
        else:
            proposed = int(start * (1 - policy["value"] / 100))
        result = choose(result, proposed)
    return result


def _period_start(history: History, current: int, period_seconds: int, now_us: int) -> int:
    """How many Pods there were when the period began."""
    cutoff = now_us - period_seconds * SECOND_US
    return current - changed_since(history.ups, cutoff) + changed_since(history.downs, cutoff)


def changed_since(events: Sequence[ScaleEvent], cutoff_us: int) -> int:
    """The sum of the changes after an instant (`getReplicasChangePerPeriod`)."""
    return sum(event.change for event in events if event.at_us > cutoff_us)


def with_scale_event(history: History, behavior: Obj | None, before: int, after: int, now_us: int) -> History:
    """The history with a change of size, in the place of an outdated one (`storeScaleEvent`)."""
    if behavior is None:
        return history
    grows = after > before
    rules = behavior.get("scaleUp" if grows else "scaleDown") or {}
    longest = max((policy["periodSeconds"] for policy in rules.get("policies") or ()), default=0)
    events = list(history.ups if grows else history.downs)
    new = ScaleEvent(abs(after - before), now_us)
    outdated = [i for i, event in enumerate(events) if event.at_us < now_us - longest * SECOND_US]
    if outdated:
        events[outdated[-1]] = new
    else:
        events.append(new)
    return history._replace(ups=tuple(events)) if grows else history._replace(downs=tuple(events))
