"""What a learner is told beside Kubernetes' own words: what a reason means, and what would help.

The scheduler, the image puller and the kubelet say why in short words that a learner does not know yet.
For each there is a sentence here; Kubernetes' words stand before it as they are.
"""

from __future__ import annotations

_NOISE = (". no new claims to deallocate", ". not found", " preemption:")
"""Where the scheduler's message goes on about what it tried beyond: no part of why a node did not fit."""

SCHEDULING: tuple[tuple[str, str], ...] = (
    ("Insufficient ", "hint.insufficient"),
    ("Too many pods", "hint.too_many"),
    ("untolerated taint", "hint.taint"),
    ("were unschedulable", "hint.cordoned"),
    ("didn't match Pod's node affinity/selector", "hint.selector"),
    ("didn't match pod affinity rules", "hint.affinity"),
    ("didn't match pod anti-affinity rules", "hint.anti_affinity"),
    ("didn't satisfy existing pods anti-affinity rules", "hint.anti_affinity"),
    ("didn't match pod topology spread constraints", "hint.spread"),
    ("didn't have free ports", "hint.ports"),
    ("volume node affinity conflict", "hint.volume_elsewhere"),
    ("exceed max volume count", "hint.volumes_full"),
)
"""Parts of the scheduler's message, and the sentence for each."""

SCALING: tuple[tuple[str, str], ...] = (("missing request", "hint.request"),)
"""Parts of an autoscaler's message, and the sentence for each."""


def gist(message: str) -> str:
    """The scheduler's message as far as it says why no node fits."""
    for noise in _NOISE:
        message = message.partition(noise)[0]
    return message if message.endswith(".") else f"{message}."


def hints_in(message: str, table: tuple[tuple[str, str], ...]) -> list[str]:
    """The sentences for what a message names, each once."""
    return list(dict.fromkeys(name for part, name in table if part in message))
