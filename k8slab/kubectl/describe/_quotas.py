"""Quotas and limits, alone and in a Namespace's description.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api import quantities
from k8slab.api.meta import Obj, dig
from k8slab.kubectl.describe._text import Page

LIMIT_HEADS = "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio"
LIMIT_RULES = "----\t--------\t---\t---\t---------------\t-------------\t-----------------------"
_LIMIT_FIELDS = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")

_SCOPES = {
    "Terminating": (
        "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before "
        "being actively terminated by the system."
    ),
    "NotTerminating": (
        "Matches all pods that do not have an active deadline. These pods usually include long running pods "
        "whose container command is not expected to terminate."
    ),
    "BestEffort": (
        "Matches all pods that do not have resource requirements set. These pods have a best effort quality "
        "of service."
    ),
    "NotBestEffort": (
        "Matches all pods that have at least one resource requirement set. These pods have a burstable or "
        "guaranteed quality of service."
    ),
}


def limit_rows(page: Page, limit_range: Obj, prefix: str) -> None:
    """A row for each resource of each limit. Go has no order among the resources; here it is their names'."""
    for item in dig(limit_range, "spec", "limits", default=()):
        resources = sorted({name: None for field in _LIMIT_FIELDS for name in item.get(field) or {}})
        for resource in resources:
            values = "\t".join(str((item.get(field) or {}).get(resource, "-")) for field in _LIMIT_FIELDS)
            page.write(0, f"{prefix}{item.get('type', '')}\t{resource}\t{values}\n")


def limits_table(page: Page, limit_ranges: Sequence[Obj]) -> None:
    """The limits of a namespace in one table."""
    if not limit_ranges:
        page.write(0, "No LimitRange resource.\n")
        return
    page.write(0, f"Resource Limits\n {LIMIT_HEADS}\n")
    page.write(0, f" {LIMIT_RULES}\n")
    for limit_range in limit_ranges:
        limit_rows(page, limit_range, " ")


def scopes(page: Page, quota: Obj, level: int, bullet: str) -> None:
    """The scopes of a quota, with what they mean."""
    names = sorted(dig(quota, "spec", "scopes", default=()))
    if names:
        page.write(level, f"Scopes:\t{', '.join(names)}\n")
    for name in names:
        if name in _SCOPES:
            page.write(level, f"{bullet}{_SCOPES[name]}\n")


def quotas_table(page: Page, quotas: Sequence[Obj]) -> None:
    """The quotas of a namespace, by name."""
    if not quotas:
        page.write(0, "No resource quota.\n")
        return
    page.write(0, "Resource Quotas\n")
    for quota in sorted(quotas, key=lambda one: str(one["metadata"]["name"])):
        page.write(1, f"Name:\t{quota['metadata']['name']}\n")
        scopes(page, quota, 1, "* ")
        page.write(1, "Resource\tUsed\tHard\n")
        page.write(1, "--------\t---\t---\n")
        used = dig(quota, "status", "used", default={})
        for resource, hard in sorted(dig(quota, "status", "hard", default={}).items()):
            page.write(1, f"{resource}\t{used.get(resource, '0')}\t{hard}\n")


def used_text(used: str, hard: str) -> str:
    """What is used, written in the family of suffixes of the limit."""
    family = quantities.parse(hard).format
    if quantities.parse(used).format == family:
        return used
    return quantities.from_units(quantities.units(used), family)
