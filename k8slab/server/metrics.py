"""The figures at /metrics, in Prometheus' text format: few, and each one counted, none made up.

Models the names of staging/src/k8s.io/apiserver/pkg/endpoints/metrics, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from k8slab.api.kind import kinds
from k8slab.cluster.flow_control import nominal_seats
from k8slab.cluster.request import Request
from k8slab.cluster.routes import place_of, verb_of
from k8slab.server.wakeups import Wakeups

if TYPE_CHECKING:
    from k8slab.lab import Lab

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What the server counts while it runs."""

    def __init__(self) -> None:
        self.watches = 0
        self._requests: dict[tuple[str, str, str, str, str, int], int] = {}

    def count(self, request: Request, code: int) -> None:
        """Count one answered request."""
        place = place_of(request.path)
        verb = verb_of(request, place).upper()
        if place is None:
            slot = (verb, "", "", "", "", code)
        else:
            slot = (verb, place.group, place.version, place.plural, place.subresource, code)
        if slot in self._requests or len(self._requests) < _MOST_SERIES:
            self._requests[slot] = self._requests.get(slot, 0) + 1

    def text(self, lab: Lab, wakeups: Wakeups) -> str:
        """All figures. The lab's lock must be held."""
        requests = (
            (
                f'code="{code}",group="{_escaped(group)}",resource="{_escaped(resource)}",'
                f'subresource="{_escaped(subresource)}",verb="{_escaped(verb)}",version="{_escaped(version)}"',
                count,
            )
            for (verb, group, version, resource, subresource, code), count in sorted(self._requests.items())
        )
        world = lab.world
        stored = (
            (f'resource="{kind.plural}.{kind.group}"' if kind.group else f'resource="{kind.plural}"', count)
            for kind in kinds().values()
            if (count := world.store.count(kind.kind))
        )
        families = (
            _family("apiserver_request_total", "counter", "Requests that were answered.", requests),
            _family("apiserver_storage_objects", "gauge", "Objects that are stored.", stored),
            _family(
                "apiserver_longrunning_requests", "gauge", "Open watches.", [('verb="WATCH"', self.watches)]
            ),
            _family(
                "apiserver_flowcontrol_nominal_limit_seats",
                "gauge",
                "Seats that a priority level would have; no request waits for one.",
                ((f'priority_level="{name}"', seats) for name, seats in nominal_seats(world).items()),
            ),
            _family("k8slab_store_revision", "gauge", "The store's revision.", [("", world.store.revision)]),
            _family("k8slab_pending_events", "gauge", "Events that are to come.", [("", len(world.pending))]),
            _family("k8slab_clock_seconds", "gauge", "The lab's clock.", [("", world.now_us / 1e6)]),
        )
        return "".join(families)


_MOST_SERIES = 5000
"""How many kinds of requests are told apart, so that nonsense paths can't fill the memory."""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _family(name: str, kind: str, text: str, samples: Iterable[tuple[str, float]]) -> str:
    lines = [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        lines.append(f"{name}{{{labels}}} {value}" if labels else f"{name} {value}")
    return "\n".join(lines) + "\n"
