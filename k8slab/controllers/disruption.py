"""Disruption budgets: how many Pods are healthy, how many must stay so, and how many may be disturbed.

The budget's status is what the eviction subresource spends from. A fraction
is taken of the sum of the sizes of all controllers of the selected Pods, so
that it means the same while some of the Pods are missing. Where the status
cannot be reckoned, nothing may be disturbed.

Models pkg/controller/disruption/disruption.go and
staging/src/k8s.io/component-helpers/apps/poddisruptionbudget/helpers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import NamedTuple

from k8slab.api.errors import ApiError, internal_error, qualified
from k8slab.api.meta import Key, Obj, condition_of, controller_of, dig, group_version, key_of, labels_of
from k8slab.api.selectors import from_label_selector, matches
from k8slab.clock import MINUTE_US, parse_timestamp, timestamp
from k8slab.components import Action, Component, Done, Memory, Outcome, Plan, Record, Update, Watch
from k8slab.controllers._custom import kind_at
from k8slab.controllers._label_selectors import selector_text
from k8slab.controllers._pods import is_ready, scaled_int_or_percent
from k8slab.store.view import Change, View

DELETION_TIMEOUT_US = 2 * MINUTE_US
"""How long an evicted Pod may take to be deleted before it counts as healthy again."""

_EVENT_SOURCE = "controllermanager"
_MANY_BUDGETS = 'Pod "{}"/"{}" matches multiple PodDisruptionBudgets.  Chose "{}" arbitrarily.'
_UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, "
    "the status of the PDB cannot be calculated correctly, which may result in undefined behavior. "
    'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
)


class ScaleError(Exception):
    """Why the number of expected Pods is unknown, in upstream's words."""


class Expected(NamedTuple):
    """How many Pods there should be, how many must be healthy, and which have no controller."""

    pods: int
    healthy: int
    unmanaged: tuple[str, ...] = ()


class Disrupted(NamedTuple):
    """Evicted Pods that still run, by name; those that outlived it; and when that is checked again."""

    pods: dict[str, str]
    kept: tuple[Obj, ...]
    recheck_us: int | None


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Reckon one budget's status from its Pods; where that fails, allow no disruption and say why."""
    budget = view.get("PodDisruptionBudget", key)
    if budget is None:
        return Done(memory=None, why="the PodDisruptionBudget is gone")
    selector = from_label_selector(budget["spec"].get("selector"))
    pods = view.list("Pod", namespace=key[0], selector=selector)
    warned = yield from _warn_of_many_budgets(view, budget, pods, memory or ())
    if not pods:
        yield _event(budget, "Normal", "NoPods", "No matching pods found")
    try:
        expected = expected_pods(view, budget, pods)
    except (ScaleError, ValueError) as error:
        text = f"Failed to calculate the number of expected pods: {error}"
        yield _event(budget, "Warning", "CalculateExpectedPodCountFailed", text)
        return (yield from _fail_safe(budget, str(error), warned, now_us))
    if expected.unmanaged:
        shown = selector_text(budget["spec"].get("selector"))
        yield _event(budget, "Warning", "UnmanagedPods", _UNMANAGED.format(shown))
    disrupted = disrupted_pods(budget, pods, now_us)
    for pod in disrupted.kept:
        # Upstream names the namespace twice.
        text = f"Pod was expected by PDB {key[0]}/{key[0]} to be deleted but it wasn't"
        yield _event(pod, "Warning", "NotDeleted", text)
    healthy = count_healthy(pods, disrupted.pods, now_us)
    status = new_status(budget, healthy, expected, disrupted.pods, now_us)
    if status is not budget.get("status"):
        try:
            yield Update("PodDisruptionBudget", {**budget, "status": status}, "status")
        except ApiError as error:
            if error.reason == "Conflict":
                return Done(memory=warned, error=error.message)
            return (yield from _fail_safe(budget, error.message, warned, now_us))
    return Done(look_again_us=disrupted.recheck_us, memory=warned)


def _event(obj: Obj, kind: str, reason: str, message: str) -> Record:
    return Record(obj, kind, reason, message, component=_EVENT_SOURCE)


def _warn_of_many_budgets(
    view: View, budget: Obj, pods: Sequence[Obj], warned: tuple[tuple[str, str], ...]
) -> Generator[Action, Outcome, tuple[tuple[str, str], ...]]:
    """Say of each Pod that other budgets select too, once a version, that one of them was chosen.

    The Pods (uid and resourceVersion) of which it is said.
    """
    key = key_of(budget)
    others = view.list("PodDisruptionBudget", namespace=key[0])
    if len(others) < 2:
        return ()
    selectors = [(one, from_label_selector(one["spec"].get("selector"))) for one in others]
    known = dict(warned)
    said: list[tuple[str, str]] = []
    for pod in pods:
        matching = [one for one, selector in selectors if matches(selector, labels_of(pod))]
        if len(matching) < 2 or key_of(matching[0]) != key:
            continue
        metadata = pod["metadata"]
        version = metadata.get("resourceVersion", "")
        said.append((metadata["uid"], version))
        if known.get(metadata["uid"]) != version:
            text = _MANY_BUDGETS.format(key[0], metadata["name"], key[1])
            yield _event(pod, "Warning", "MultiplePodDisruptionBudgets", text)
    return tuple(said)


# How many Pods there should be.


def expected_pods(view: View, budget: Obj, pods: Sequence[Obj]) -> Expected:
    """The expected and the needed number of Pods (`getExpectedPodCount`).

    Raises ScaleError where a Pod's controller has no known size, and ValueError
    for a limit that is neither a number nor a percentage.
    """
    spec = budget["spec"]
    most_unavailable, least_available = spec.get("maxUnavailable"), spec.get("minAvailable")
    if most_unavailable is not None:
        total, unmanaged = _expected_scale(view, pods)
        unavailable = scaled_int_or_percent(most_unavailable, total, round_up=True)
        return Expected(total, max(total - unavailable, 0), unmanaged)
    if isinstance(least_available, int):
        return Expected(len(pods), least_available)
    if least_available is None:
        return Expected(0, 0)
    total, unmanaged = _expected_scale(view, pods)
    return Expected(total, scaled_int_or_percent(least_available, total, round_up=True), unmanaged)


def _expected_scale(view: View, pods: Sequence[Obj]) -> tuple[int, tuple[str, ...]]:
    """The sum of the sizes of the Pods' controllers, and the names of Pods without one."""
    sizes: dict[str, int] = {}
    seen: dict[str, None] = {}
    unmanaged: list[str] = []
    for pod in pods:
        reference = controller_of(pod)
        if reference is None:
            unmanaged.append(pod["metadata"]["name"])
            continue
        if reference["uid"] in seen:
            continue
        seen[reference["uid"]] = None
        found = controller_scale(view, reference, pod["metadata"]["namespace"])
        if found is None:
            raise ScaleError(f'found no controllers for pod "{pod["metadata"]["name"]}"')
        uid, size = found
        sizes[uid] = size
    return sum(sizes.values()), tuple(unmanaged)


def controller_scale(view: View, reference: Obj, namespace: str) -> tuple[str, int] | None:
    """The uid and wanted size of a Pod's controller, for a ReplicaSet of its Deployment's.

    None where it is not there or another one. Raises ScaleError for a kind
    without a scale.
    """
    group, _ = group_version(reference["apiVersion"])
    name = reference["kind"]
    kind = kind_at(view, group, name)
    if kind is None:
        raise ScaleError(f'no matches for kind "{name}" in version "{reference["apiVersion"]}"')
    if kind.scale is None:
        raise ScaleError(f"{qualified(kind.plural, kind.group)} does not implement the scale subresource")
    owner = _same_one(view, name, namespace, reference)
    if owner is None:
        return None
    if name == "ReplicaSet":
        above = controller_of(owner)
        if above is not None and _is_deployment(above):
            owner = _same_one(view, "Deployment", namespace, above) or owner
    elif fault := kind.scale.fault(owner):
        raise ScaleError(internal_error(fault).message)
    uid: str = owner["metadata"]["uid"]
    return uid, dig(owner, *kind.scale.spec_replicas, default=0)


def _is_deployment(reference: Obj) -> bool:
    group, _ = group_version(reference["apiVersion"])
    return reference["kind"] == "Deployment" and group in ("apps", "extensions")


def _same_one(view: View, kind: str, namespace: str, reference: Obj) -> Obj | None:
    owner = view.get(kind, (namespace, reference["name"]))
    return owner if owner is not None and owner["metadata"]["uid"] == reference["uid"] else None


# What there is.


def disrupted_pods(budget: Obj, pods: Sequence[Obj], now_us: int) -> Disrupted:
    """Which evictions are still believed in (`buildDisruptedPodMap`)."""
    noted = (budget.get("status") or {}).get("disruptedPods") or {}
    believed: dict[str, str] = {}
    kept: list[Obj] = []
    waits: list[int] = []
    for pod in pods if noted else ():
        name = pod["metadata"]["name"]
        if "deletionTimestamp" in pod["metadata"] or name not in noted:
            continue
        wait_us = parse_timestamp(noted[name]) + DELETION_TIMEOUT_US - now_us
        if wait_us < 0:
            kept.append(pod)
        else:
            believed[name] = noted[name]
            waits.append(wait_us)
    return Disrupted(believed, tuple(kept), min(waits, default=None))


def count_healthy(pods: Sequence[Obj], disrupted: Mapping[str, str], now_us: int) -> int:
    """How many Pods are ready and not about to go."""
    healthy = 0
    for pod in pods:
        if "deletionTimestamp" in pod["metadata"]:
            continue
        since = disrupted.get(pod["metadata"]["name"]) if disrupted else None
        if since is not None and parse_timestamp(since) + DELETION_TIMEOUT_US > now_us:
            continue
        healthy += is_ready(pod)
    return healthy


# The status.


def new_status(
    budget: Obj, healthy: int, expected: Expected, disrupted: Mapping[str, str], now_us: int
) -> Obj:
    """The status by these numbers; the old one itself where nothing changed (`updatePdbStatus`)."""
    old: Obj = budget.get("status") or {}
    allowed = healthy - expected.healthy
    if expected.pods <= 0 or allowed <= 0:
        allowed = 0
    generation = budget["metadata"].get("generation", 0)
    status: Obj = {
        "currentHealthy": healthy,
        "desiredHealthy": expected.healthy,
        "disruptionsAllowed": allowed,
        "expectedPods": expected.pods,
    }
    if disrupted:
        status["disruptedPods"] = dict(disrupted)
    if generation:
        status["observedGeneration"] = generation
    given = {name: value for name, value in old.items() if name != "conditions"}
    if status == given and _is_up_to_date(budget, allowed):
        return old
    truth, reason = ("True", "SufficientPods") if allowed > 0 else ("False", "InsufficientPods")
    condition = _allowed_condition(truth, reason, "", generation, now_us)
    return {**status, "conditions": _with_allowed(budget, condition)}


def _is_up_to_date(budget: Obj, allowed: int) -> bool:
    condition = condition_of(budget, "DisruptionAllowed") or {}
    wanted = ("True", "SufficientPods") if allowed > 0 else ("False", "InsufficientPods")
    return (condition.get("status"), condition.get("reason")) == wanted


def _allowed_condition(status: str, reason: str, message: str, generation: int, now_us: int) -> Obj:
    condition: Obj = {
        "type": "DisruptionAllowed",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": timestamp(now_us),
    }
    if generation:
        condition["observedGeneration"] = generation
    return condition


def _with_allowed(budget: Obj, condition: Obj) -> list[Obj]:
    """The budget's conditions with this one in its place (`SetStatusCondition`)."""
    conditions = list((budget.get("status") or {}).get("conditions") or ())
    for index, old in enumerate(conditions):
        if old["type"] == condition["type"]:
            if old["status"] == condition["status"]:
                condition = {**condition, "lastTransitionTime": old["lastTransitionTime"]}
            conditions[index] = condition
            return conditions
    return [*conditions, condition]


def _fail_safe(budget: Obj, message: str, warned: Memory, now_us: int) -> Plan:
    """Allow no disruption, and say in the condition why the numbers are unknown."""
    old: Obj = budget.get("status") or {}
    generation = old.get("observedGeneration", 0)
    condition = _allowed_condition("False", "SyncFailed", message, generation, now_us)
    status = {**old, "disruptionsAllowed": 0, "conditions": _with_allowed(budget, condition)}
    if status != old:
        yield Update("PodDisruptionBudget", {**budget, "status": status}, "status")
    return Done(memory=warned)


def _budgets_of_pod(change: Change, view: View) -> list[Key]:
    """The budgets that select a Pod as it is now, or as it was where it is gone."""
    budgets = view.list("PodDisruptionBudget", namespace=change.key[0])
    if not budgets:
        return []
    pod = change.new if change.new is not None else change.old
    labels = labels_of(pod) if pod is not None else {}
    return [
        key_of(budget)
        for budget in budgets
        if matches(from_label_selector(budget["spec"].get("selector")), labels)
    ]


CONTROLLER = Component(
    name="disruption-controller",
    watches=(Watch("PodDisruptionBudget"), Watch("Pod", _budgets_of_pod, needs="PodDisruptionBudget")),
    plan=plan,
)
