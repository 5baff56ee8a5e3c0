"""Whether an autoscaler's newest word says anything new, or only that what it measures wavers.

Under a steady load a metric is never twice the same, so that an autoscaler writes its status every
fifteen seconds for as long as the load lasts. What is within the tolerance that keeps it from scaling
is no reason to say that a cluster has not settled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slab.api import quantities
from k8slab.api.meta import Obj
from k8slab.controllers._hpa_replicas import Tolerances
from k8slab.store.recorded import Row
from k8slab.store.view import Change

_TOLERANCES = Tolerances()


def is_wavering(row: Row) -> bool:
    """Whether a change is of an autoscaler whose metrics have moved by no more than its tolerance."""
    if not isinstance(row, Change) or row.kind != "HorizontalPodAutoscaler":
        return False
    if row.old is None or row.new is None or _beside_metrics(row.old) != _beside_metrics(row.new):
        return False
    before, after = (list(_measured(one["status"].get("currentMetrics"))) for one in (row.old, row.new))
    return len(before) == len(after) and all(map(_is_near, before, after))


def _beside_metrics(autoscaler: Obj) -> Any:
    """What counts whatever it is. Conditions are written with each status, and count if one turned."""
    status = {name: value for name, value in (autoscaler.get("status") or {}).items() if name not in _OWN}
    conditions = [(one["type"], one["status"], one["reason"]) for one in status.pop("conditions", None) or ()]
    return autoscaler["spec"], autoscaler["metadata"].get("deletionTimestamp"), status, conditions


_OWN = ("currentMetrics", "lastScaleTime", "observedGeneration")


def _measured(value: Any) -> Iterator[str | int]:
    """Every number and quantity of what is measured, in order."""
    if isinstance(value, dict):
        for name in sorted(value):
            yield from _measured(value[name])
    elif isinstance(value, list):
        for one in value:
            yield from _measured(one)
    elif value is not None:
        yield value


def _is_near(before: str | int, after: str | int) -> bool:
    if before == after:
        return True
    try:
        was, now = (quantities.milli(str(one)) for one in (before, after))
    except ValueError:
        return False
    return bool(was) and _TOLERANCES.allow(now / was)
