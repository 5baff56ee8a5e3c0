"""Preemption: which less important Pods would have to go so that a Pod fits, and on which node.

Nothing is removed here: the decision is a value. For each node on which it
could help, all less important Pods are imagined gone; if the Pod fits then, as
many as possible are let off, those under a disruption budget first. Of the
nodes the one is chosen whose victims are missed least.

Models pkg/scheduler/framework/preemption/preemption.go and
plugins/defaultpreemption/default_preemption.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from k8slab.api.meta import Key, Obj, condition_of
from k8slab.api.selectors import from_label_selector, matches
from k8slab.clock import parse_timestamp
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.diagnosis import histogram
from k8slab.scheduler.framework import NodeInfo, PodInfo, RuleError, Status
from k8slab.scheduler.node_search import States, check_with_nominated, with_pod

MIN_CANDIDATES = 100
_MIN_CANDIDATES_PERCENTAGE = 10
_PRIORITY_SHIFT = 2**31
"""Makes every priority positive, so that two victims weigh more than one of the same priority."""

_NO_VICTIMS = Status(("No preemption victims found for incoming pod",), resolvable=False)
_NOT_HELPFUL = Status(("Preemption is not helpful for scheduling",), resolvable=False)


class Victims(NamedTuple):
    """Who would have to go from a node, most important first, and how many budgets that breaks."""

    node: str
    pods: tuple[PodInfo, ...]
    violations: int


class Preemption(NamedTuple):
    """The decision: the victims, or a message that says why there are none.

    `keep_nomination` is set where the Pod's nominated node stays what it is.
    """

    victims: Victims | None = None
    message: str = ""
    keep_nomination: bool = False


def preempt(cycle: Cycle, pod: PodInfo, states: States, resolvable: Sequence[str]) -> Preemption:
    """Decide for a Pod that fits nowhere. `resolvable` are the nodes where removing Pods might help."""
    why_not = _not_eligible(cycle, pod, resolvable)
    if why_not:
        return Preemption(message=why_not, keep_nomination=True)
    total = len(cycle.cluster.nodes)
    if not resolvable:
        return Preemption(message=histogram(total, {}, _NOT_HELPFUL))
    if min(cycle.cluster.priorities, default=pod.priority) >= pod.priority:
        statuses = dict.fromkeys(resolvable, _NO_VICTIMS)
        return Preemption(message=histogram(total, statuses, _NOT_HELPFUL))
    candidates, statuses = _dry_run(cycle, pod, states, resolvable)
    if not candidates:
        return Preemption(message=histogram(total, statuses, _NOT_HELPFUL))
    return Preemption(victims=pick(candidates, cycle.now_us))


def _not_eligible(cycle: Cycle, pod: PodInfo, resolvable: Sequence[str]) -> str:
    if pod.obj["spec"].get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    node = cycle.cluster.nodes.get(pod.nominated)
    if node is not None and node.name in resolvable:
        for other in node.pods.values():
            if other.priority < pod.priority and _goes_by_preemption(other):
                return "not eligible due to a terminating pod on the nominated node."
    return ""


def _goes_by_preemption(pod: PodInfo) -> bool:
    if not pod.terminating:
        return False
    condition = condition_of(pod.obj, "DisruptionTarget")
    return (
        condition is not None
        and condition.get("status") == "True"
        and condition.get("reason") == "PreemptionByScheduler"
    )


def _dry_run(
    cycle: Cycle, pod: PodInfo, states: States, resolvable: Sequence[str]
) -> tuple[list[Victims], dict[str, Status]]:
    """Try nodes from a random one on, until there are enough candidates, one of them harmless."""
    budgets = list(cycle.view.list("PodDisruptionBudget"))
    count = len(resolvable)
    enough = min(max(count * _MIN_CANDIDATES_PERCENTAGE // 100, MIN_CANDIDATES), count)
    start = int(cycle.view.chance("preemption", pod.uid) * count)
    harmless: list[Victims] = []
    violating: list[Victims] = []
    statuses: dict[str, Status] = {}
    for name in (*resolvable[start:], *resolvable[:start]):
        outcome = select_victims(cycle, pod, states, cycle.cluster.nodes[name], budgets)
        if isinstance(outcome, Status):
            statuses[name] = outcome
            continue
        (violating if outcome.violations else harmless).append(outcome)
        if harmless and len(harmless) + len(violating) >= enough:
            break
    return harmless + violating, statuses


def select_victims(
    cycle: Cycle, pod: PodInfo, states: States, node: NodeInfo, budgets: Sequence[Obj]
) -> Victims | Status:
    """The fewest Pods that would have to leave a node; a Status where that doesn't help."""
    lesser = [other for other in node.pods.values() if other.priority < pod.priority]
    if not lesser:
        return _NO_VICTIMS
    trial = node.copy()
    for other in lesser:
        trial.remove(other)
        states = with_pod(states, other, trial, -1)
    try:
        status = check_with_nominated(cycle, pod, states, trial)
    except RuleError as error:
        status = Status((str(error),), resolvable=False)
    if status is not None:
        return status
    lesser.sort(key=lambda other: _importance(other, cycle.now_us))
    violating, others = _by_budget(lesser, budgets)
    victims: list[PodInfo] = []
    violations = 0
    for other in (*violating, *others):
        trial.add(other)
        tried = with_pod(states, other, trial, 1)
        if check_with_nominated(cycle, pod, tried, trial) is None:
            states = tried
            continue
        trial.remove(other)
        victims.append(other)
        violations += any(other is one for one in violating)
    victims.sort(key=lambda other: _importance(other, cycle.now_us))
    return Victims(node.name, tuple(victims), violations)


def _importance(pod: PodInfo, now_us: int) -> tuple[int, int, Key]:
    """Sorts the more important first, of equals the one that runs for longer; then by name."""
    return (-pod.priority, start_us(pod, now_us), pod.key)


def start_us(pod: PodInfo, now_us: int) -> int:
    """When a Pod started; one that hasn't counts as starting now."""
    started = (pod.obj.get("status") or {}).get("startTime")
    return parse_timestamp(started) if started else now_us


def _by_budget(pods: Sequence[PodInfo], budgets: Sequence[Obj]) -> tuple[list[PodInfo], list[PodInfo]]:
    """The Pods whose loss would break a disruption budget, and the others; each in the given order."""
    allowed = [(budget.get("status") or {}).get("disruptionsAllowed", 0) for budget in budgets]
    violating: list[PodInfo] = []
    others: list[PodInfo] = []
    for pod in pods:
        violated = False
        for number, budget in enumerate(budgets):
            if _guards(budget, pod):
                allowed[number] -= 1
                violated = violated or allowed[number] < 0
        (violating if violated else others).append(pod)
    return violating, others


def _guards(budget: Obj, pod: PodInfo) -> bool:
    if not pod.labels or budget["metadata"].get("namespace") != pod.namespace:
        return False
    selector = from_label_selector(budget["spec"].get("selector"))
    if not selector or not matches(selector, pod.labels):
        return False
    return pod.key[1] not in ((budget.get("status") or {}).get("disruptedPods") or {})


def pick(candidates: Sequence[Victims], now_us: int) -> Victims:
    """The node whose victims are missed least; the first of equals.

    In turn: fewest broken budgets, least important first victim, smallest sum
    of priorities, fewest victims, the latest start of the most important ones.
    """

    def youngest(victims: Victims) -> int:
        highest = victims.pods[0].priority
        return -min(start_us(pod, now_us) for pod in victims.pods if pod.priority == highest)

    rules: tuple[Callable[[Victims], int], ...] = (
        lambda victims: victims.violations,
        lambda victims: victims.pods[0].priority,
        lambda victims: sum(pod.priority + _PRIORITY_SHIFT for pod in victims.pods),
        lambda victims: len(victims.pods),
        youngest,
    )
    left = list(candidates)
    for rule in rules:
        least = min(map(rule, left))
        left = [victims for victims in left if rule(victims) == least]
        if len(left) == 1:
            break
    return left[0]
