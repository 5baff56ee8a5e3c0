"""ResourceQuota: nothing is created that would bring a namespace beyond its quotas.

What is used is read from the quotas' status and charged there: `charge` gives
the quotas with the new usage, and whoever stores the object stores them first.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.api import quantities
from k8slab.api.kinds._pod_resources import Amounts, amounts_of
from k8slab.api.kinds._quota_usage import (
    IGNORED,
    falls_under,
    matching_names,
    unmet_constraints,
    usage,
)
from k8slab.api.meta import Obj, assoc, dig, key_of
from k8slab.cluster.admission._plugin import Admission, Charge, Request, refusal

_CHANGING = ("Service", "PersistentVolumeClaim", "ResourceClaim")
"""Kinds whose objects can come to use more by an update."""

_COUNTED_SUBRESOURCES = (("Pod", "resize"), ("PersistentVolumeClaim", "status"))
"""A claim's status says which storage is being allocated to it, and which attributes class it is given."""


def _is_counted(request: Request) -> bool:
    """Whether this write can change what a quota counts."""
    kind = request.kind.kind
    if not request.namespace or kind in IGNORED or request.new is None:
        return False
    if request.subresource:
        return (kind, request.subresource) in _COUNTED_SUBRESOURCES
    if request.operation == "CREATE":
        return True
    if kind == "Pod":
        return _has_deadline(request.new) != _has_deadline(request.old or {})
    return kind in _CHANGING


def _has_deadline(pod: Obj) -> bool:
    deadline = dig(pod, "spec", "activeDeadlineSeconds")
    return deadline is not None and deadline >= 0


def _charge(request: Request) -> list[Charge]:
    obj = request.new
    if obj is None or not _is_counted(request):
        return []
    quotas = request.view.list("ResourceQuota", namespace=request.namespace)
    if not quotas:
        return []
    charges: list[Charge] = []
    matching = [quota for quota in quotas if _concerns(request, obj, quota)]
    wanted = usage(request.kind, obj, request.now_us)
    negative = sorted(name for name, amount in wanted.items() if amount.nano < 0)
    if negative:
        raise refusal(request, f"quota usage is negative for resource(s): {','.join(negative)}")
    for quota in matching:
        more = {name: amount for name, amount in _delta(request, quota, wanted).items() if amount.nano}
        charged = _charged(request, quota, more)
        if charged is not quota:
            charges.append((key_of(quota), charged))
    return charges


def _hard(quota: Obj) -> dict[str, str]:
    return dig(quota, "status", "hard", default={})  # type: ignore[no-any-return]


def _used(quota: Obj) -> dict[str, str]:
    return dig(quota, "status", "used", default={})  # type: ignore[no-any-return]


def _concerns(request: Request, obj: Obj, quota: Obj) -> bool:
    """Whether the quota counts the object. 403 where the object can't be counted or the quota isn't ready."""
    hard = _hard(quota)
    if not falls_under(request.kind, obj, quota, hard):
        return False
    name, restricted = quota["metadata"]["name"], matching_names(request.kind, hard)
    unmet = unmet_constraints(request.kind, obj, restricted)
    if unmet:
        raise refusal(request, f"failed quota: {name}: {unmet}")
    if any(resource not in _used(quota) for resource in restricted):
        raise refusal(request, f"status unknown for quota: {name}, resources: {','.join(restricted)}")
    return True


def _delta(request: Request, quota: Obj, wanted: Amounts) -> Amounts:
    """What the request adds to what the stored object is charged in this quota already."""
    old = request.old
    if request.operation != "UPDATE" or old is None:
        return wanted
    if not falls_under(request.kind, old, quota, _hard(quota)):
        return wanted
    before = usage(request.kind, old, request.now_us)
    return {
        name: quantities.Quantity(max(0, amount.nano - before[name].nano), amount.format)
        if name in before
        else amount
        for name, amount in wanted.items()
    }


def _charged(request: Request, quota: Obj, more: Amounts) -> Obj:
    """The quota with more used; the same quota where it counts none of it. 403 where it is exceeded."""
    hard, used = _hard(quota), _used(quota)
    requested = {name: amount for name, amount in more.items() if name in hard}
    if not requested:
        return quota
    before, limit = amounts_of(used), amounts_of(hard)
    after = dict(used)
    exceeded = []
    for name, amount in requested.items():
        base = before.get(name, quantities.Quantity(0))
        total = quantities.Quantity(base.nano + amount.nano, base.format if base.nano else amount.format)
        after[name] = quantities.to_text(total)
        if total.nano > limit[name].nano:
            exceeded.append(name)
    if exceeded:
        asked = {name: quantities.to_text(amount) for name, amount in requested.items()}
        why = (
            f"exceeded quota: {quota['metadata']['name']}, requested: {_shown(asked, exceeded)}, "
            f"used: {_shown(used, exceeded)}, limited: {_shown(hard, exceeded)}"
        )
        raise refusal(request, why)
    return assoc(quota, "status", "used", after)


def _shown(texts: dict[str, str], names: Iterable[str]) -> str:
    return ",".join(f"{name}={texts[name]}" for name in sorted(names) if name in texts)


ADMISSION = Admission(
    "ResourceQuota", charge=_charge, needs="ResourceQuota", status_kinds=("PersistentVolumeClaim",)
)
