"""Adds up what a namespace uses of each ResourceQuota, and writes it into the quota's status.

Admission charges a quota before an object is stored, so creations need no
look. What gives something back does: a deletion, a Pod that ended, a Service
or a claim that became cheaper. Then everything that the quota counts is added up anew.
Every five minutes all quotas are looked at; here only one whose status somebody else wrote.

Models pkg/controller/resourcequota/{resource_quota_controller,resource_quota_monitor}.go,
pkg/quota/v1/install/update_filter.go and CalculateUsage of
staging/src/k8s.io/apiserver/pkg/quota/v1/resources.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from k8slab.api import quantities
from k8slab.api.kind import Kind, kinds
from k8slab.api.kinds._pod_resources import Amounts
from k8slab.api.kinds._quota_usage import IGNORED, in_scope, matching_names, scope_selectors, usage
from k8slab.api.meta import Key, Obj, dig, key_of
from k8slab.clock import MINUTE_US, SECOND_US, START_US, parse_timestamp
from k8slab.components import CUSTOM, Component, Done, Memory, Plan, Update, Watch
from k8slab.controllers._custom import custom_kinds
from k8slab.controllers._pods import is_terminal
from k8slab.store.view import Change, View

RESYNC_US = 5 * MINUTE_US
"""How often upstream looks at every quota, whatever happened (`--resource-quota-sync-period`)."""
_NEEDED_VERBS = ("create", "list", "watch", "delete")


@cache
def counted_kinds() -> tuple[Kind, ...]:
    """The kinds whose objects a quota can count, in the order of their names."""
    return tuple(
        kind
        for name, kind in sorted(kinds().items())
        if kind.namespaced and name not in IGNORED and all(verb in kind.verbs for verb in _NEEDED_VERBS)
    )


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Write what is used of one quota, if that is not what its status says."""
    quota = view.get("ResourceQuota", key)
    if quota is None:
        return Done(why="the ResourceQuota is gone", memory=None)
    hard: dict[str, str] = dig(quota, "spec", "hard", default={})
    status: Obj = quota.get("status") or {}
    if memory == hard and status.get("hard") != hard:
        wait_us = -(now_us - START_US) % RESYNC_US
        if wait_us:
            return Done(look_again_us=wait_us, why="somebody else wrote the status: the next resync mends it")
    before: Mapping[str, str] = status.get("used") or {}
    found = used_of(view, quota, hard, now_us)
    used = {name: found.get(name, before.get(name)) for name in sorted(hard)}
    used = {name: text for name, text in used.items() if text is not None}
    new = {name: amounts for name, amounts in (("hard", hard), ("used", used)) if amounts}
    if memory == hard and new == {**status, "used": {**used, **before}}:
        # All that differs is what a new kind counts: upstream takes that up with its next look at all quotas.
        wait_us = -(now_us - START_US) % RESYNC_US
        if new != status and wait_us:
            return Done(look_again_us=wait_us, why="what a new kind counts is added up at the next resync")
    if new != status:
        yield Update("ResourceQuota", {**quota, "status": new}, "status")
    return Done(look_again_us=_next_overdue_us(view, key[0], now_us), memory=hard)


def used_of(view: View, quota: Obj, hard: Mapping[str, str], now_us: int) -> dict[str, str]:
    """The amounts in use of each hard limit that some kind counts for (`CalculateUsage`)."""
    total: Amounts = {}
    namespace = quota["metadata"]["namespace"]
    selectors = scope_selectors(quota)
    for kind in (*counted_kinds(), *custom_kinds(view)):
        names = matching_names(kind, hard)
        if not names:
            continue
        for name in names:
            total.setdefault(name, quantities.Quantity(0))
        for obj in view.list(kind.kind, namespace=namespace):
            if all(in_scope(kind, obj, selector) for selector in selectors):
                _add(total, usage(kind, obj, now_us))
    return {name: quantities.to_text(amount) for name, amount in total.items()}


def _add(total: Amounts, more: Amounts) -> None:
    """Add the amounts that are asked for; a sum is printed in the manner of its first summand."""
    for name, amount in more.items():
        before = total.get(name)
        if before is not None:
            family = before.format if before.nano else amount.format
            total[name] = quantities.Quantity(before.nano + amount.nano, family)


def _next_overdue_us(view: View, namespace: str, now_us: int) -> int | None:
    """Microseconds until a Pod should be gone, and so no longer counts even where it is not."""
    waits: list[int] = []
    for pod in view.list("Pod", namespace=namespace):
        deleted = pod["metadata"].get("deletionTimestamp")
        if deleted is not None and not is_terminal(pod):
            grace_us = pod["metadata"].get("deletionGracePeriodSeconds", 0) * SECOND_US
            waits.append(parse_timestamp(deleted) + grace_us + 1 - now_us)
    return min((wait for wait in waits if wait > 0), default=None)


# What gives something back.


def _pod_gives_back(old: Obj, new: Obj) -> bool:
    if is_terminal(new) and not is_terminal(old):
        return True
    if _has_deadline(old) != _has_deadline(new):
        return True
    statuses = ("containerStatuses", "initContainerStatuses")
    return any(_resources(old, name) != _resources(new, name) for name in statuses)


def _has_deadline(pod: Obj) -> bool:
    return pod["spec"].get("activeDeadlineSeconds") is not None


def _resources(pod: Obj, statuses: str) -> dict[str, Obj]:
    """What each container was given, where its status says so."""
    found = (pod.get("status") or {}).get(statuses) or ()
    return {one["name"]: one["resources"] for one in found if one.get("resources")}


def _service_gives_back(old: Obj, new: Obj) -> bool:
    counted = ("NodePort", "LoadBalancer")
    before, after = (dig(one, "spec", "type") for one in (old, new))
    return (before if before in counted else "") != (after if after in counted else "")


def _claim_gives_back(old: Obj, new: Obj) -> bool:
    """Every change of a claim is looked at: upstream compares where two amounts lie, not what they are."""
    return True


_GIVES_BACK: dict[str, Callable[[Obj, Obj], bool]] = {
    "Pod": _pod_gives_back,
    "Service": _service_gives_back,
    "PersistentVolumeClaim": _claim_gives_back,
}


def _quotas_of(kind: Kind) -> Callable[[Change, View], list[Key]]:
    """For a Watch on a kind: the quotas that count it, where a change may have given something back."""
    gives_back = _GIVES_BACK.get(kind.kind)

    def keys(change: Change, view: View) -> list[Key]:
        quotas = view.list("ResourceQuota", namespace=change.key[0])
        if not quotas:
            return []
        old, new = change.old, change.new
        if new is not None and (old is None or gives_back is None or not gives_back(old, new)):
            return []
        return [key_of(quota) for quota in quotas if matching_names(kind, _hard(quota))]

    return keys


def _quotas_of_custom(change: Change, view: View) -> list[Key]:
    """The quotas that count a custom object that is gone."""
    quotas = view.list("ResourceQuota", namespace=change.key[0]) if change.new is None else ()
    kind = next((one for one in custom_kinds(view) if one.kind == change.kind), None) if quotas else None
    return [] if kind is None else [key_of(one) for one in quotas if matching_names(kind, _hard(one))]


def _quotas_of_definition(change: Change, view: View) -> list[Key]:
    """The quotas that may come to count the objects of a kind that is defined now."""
    name = f"count/{change.key[1]}"
    return [key_of(quota) for quota in view.list("ResourceQuota") if name in _hard(quota)]


def _hard(quota: Obj) -> Mapping[str, str]:
    """The limits that the status says."""
    found: Mapping[str, str] = dig(quota, "status", "hard", default={})
    return found


def _quotas(change: Change, view: View) -> tuple[Key, ...]:
    """A quota that is new or has new limits, or whose status says others.

    What it uses is not news, for that is written here and by admission.
    """
    old, new = change.old, change.new
    if new is not None and dig(new, "status", "hard") not in (None, dig(new, "spec", "hard")):
        return (change.key,)
    if old is not None and new is not None and dig(old, "spec", "hard") == dig(new, "spec", "hard"):
        return ()
    return (change.key,)


def _watches() -> tuple[Watch, ...]:
    counted = (Watch(kind.kind, _quotas_of(kind), needs="ResourceQuota") for kind in counted_kinds())
    custom = (
        Watch(CUSTOM, _quotas_of_custom, needs="ResourceQuota"),
        Watch("CustomResourceDefinition", _quotas_of_definition, needs="ResourceQuota"),
    )
    return (Watch("ResourceQuota", _quotas), *counted, *custom)


CONTROLLER = Component(name="resourcequota-controller", watches=_watches(), plan=plan)
