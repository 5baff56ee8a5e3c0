"""Saying why no node could take a Pod, in the words that users of Kubernetes know.

Models pkg/scheduler/framework/types.go (FitError), v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from k8slab.scheduler.framework import Status

NO_NODES = "no nodes available to schedule pods"


class Diagnosis(NamedTuple):
    """Why a search found nothing. `resolvable` are the nodes where removing Pods might help, in order."""

    text: str
    resolvable: tuple[str, ...]


def histogram(total: int, statuses: Mapping[str, Status], absent: Status | None) -> str:
    """`0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`

    `absent` stands for the nodes that have no status of their own. The
    sentences stand in the order of their texts, numbers first.
    """
    counts: dict[str, int] = {}
    for status in statuses.values():
        for reason in status.reasons:
            counts[reason] = counts.get(reason, 0) + 1
    if absent is not None and len(statuses) < total:
        for reason in absent.reasons:
            counts[reason] = counts.get(reason, 0) + total - len(statuses)
    text = f"0/{total} nodes are available:"
    if counts:
        reasons = sorted(f"{count} {reason}" for reason, count in counts.items())
        text += f" {', '.join(reasons)}."
    return text


def rejected_text(total: int, rejected: Status) -> str:
    """The sentence where a Pod was refused before any node was looked at."""
    return f"0/{total} nodes are available: {', '.join(rejected.reasons)}."


def diagnose(total: int, statuses: Mapping[str, Status], absent: Status | None) -> Diagnosis:
    """What the nodes' statuses add up to."""
    resolvable = tuple(name for name, status in statuses.items() if status.resolvable)
    return Diagnosis(histogram(total, statuses, absent), resolvable)
