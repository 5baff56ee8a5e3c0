"""How long things take: named, seeded durations, so that latency is part of the model.

A profile is a table from a duration's name to its shortest and longest value;
which one falls is `chance(seed, name, …)`, so the same Pod takes equally long in
every run of the same seed. `realistic` follows what a small cloud cluster
shows; `prompt` lets changes be noticed sooner; `instant` takes out every delay
that Kubernetes does not itself define (back-offs, grace periods and probe
periods are Kubernetes' own and stay).
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.chance import chance
from k8slab.clock import SECOND_US

MILLISECOND_US = 1_000


class Span(NamedTuple):
    """The shortest and the longest value of a duration, in microseconds."""

    shortest_us: int
    longest_us: int


class Timing(NamedTuple):
    """A profile: its name and its table of durations."""

    name: str
    spans: dict[str, Span]


def _span(shortest_ms: int, longest_ms: int) -> Span:
    return Span(shortest_ms * MILLISECOND_US, longest_ms * MILLISECOND_US)


REALISTIC = Timing(
    "realistic",
    {
        "informer": _span(2, 10),  # from a stored change to the controller that watches it
        "api_call": _span(1, 3),  # one write of a component: its next look waits until it is done
        "controller_pace": _span(100, 100),  # between two looks of a controller that both write
        "scheduling": _span(8, 25),  # one scheduling cycle with its binding
        "volume_provision": _span(900, 2200),  # a storage driver creates a volume
        "volume_delete": _span(400, 1200),  # a storage driver deletes a volume
        "volume_attach": _span(800, 2000),  # a disk appears at a node
        "volume_detach": _span(600, 1500),
        "volume_mount": _span(150, 500),  # the kubelet mounts it into the Pod
        "volume_update": _span(1000, 60_000),  # until a mounted ConfigMap shows that it has changed
        "sandbox": _span(250, 600),  # network namespace and Pod IP
        "image_pull": _span(1200, 4800),  # an image that the node doesn't have yet
        "container_create": _span(100, 300),  # from the image to a started process
        "container_stop": _span(100, 400),  # from SIGTERM to the end of a process that heeds it
        "kubelet_notice": _span(50, 300),  # from a container's change to the Pod's new status
        "pod_cleanup": _span(100, 300),  # from the last container's end to the Pod's removal
        "resize": _span(100, 1000),  # until a container has the resources that it was granted
        "request": _span(1, 4),  # one request between two Pods
        "claim_protection": _span(80, 150),  # until a deleted claim that no Pod uses is let go
        "namespace_delete": _span(200, 500),
        "garbage_collect": _span(20, 80),
    },
)

IN_ORDER = ("informer", "scheduling")
"""The delays of what comes over a watch, in which no change overtakes an earlier one."""

INSTANT = Timing("instant", {name: Span(0, 0) for name in REALISTIC.spans})

PROMPT = Timing("prompt", {**REALISTIC.spans, "informer": Span(200, 1_000)})
"""For clients outside, which wait for the lab in their own time: watchers hear of a change before the
client that made it can make the next one."""

PROFILES = {profile.name: profile for profile in (REALISTIC, PROMPT, INSTANT)}


def duration_us(timing: Timing, seed: int, name: str, *parts: object) -> int:
    """The duration of that name for these parts. KeyError for a name that no profile has."""
    shortest, longest = timing.spans[name]
    if shortest == longest:
        return shortest
    return shortest + int(chance(seed, name, *parts) * (longest - shortest))


def profile(value: str | Timing) -> Timing:
    """The profile of a name. ValueError that lists the names for one that doesn't exist."""
    if isinstance(value, Timing):
        return value
    if value not in PROFILES:
        raise ValueError(f"unknown timing {value!r}: choose one of {', '.join(sorted(PROFILES))}")
    return PROFILES[value]


HEARTBEAT_US = 10 * SECOND_US
"""How often a kubelet renews its Lease; a quarter of the 40 s that it lasts."""
