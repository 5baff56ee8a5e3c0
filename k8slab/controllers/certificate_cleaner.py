"""Removes requests for certificates that are done with, or that nobody answers.

An issued, denied or failed one goes after an hour, one without an answer after a day, and
one whose certificate has expired. Upstream looks at all of them once an hour: a
request goes with the first full hour in which it may.

Models pkg/controller/certificates/cleaner/cleaner.go, v1.36.
"""

from __future__ import annotations

import base64

from k8slab.api.certificates import holder
from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj
from k8slab.clock import DAY_US, HOUR_US, SECOND_US, parse_timestamp
from k8slab.components import Component, Delete, Done, Memory, Plan, Watch
from k8slab.store.view import Change, View

_KIND = "CertificateSigningRequest"


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Remove one request once it is old enough."""
    request = view.get(_KIND, key)
    if request is None:
        return Done(why="the request is gone")
    due_us = end_of(request)
    if due_us is None:
        return Done(why="the request stays")
    at_us = (due_us // HOUR_US + 1) * HOUR_US
    if at_us > now_us:
        return Done(look_again_us=at_us - now_us)
    try:
        yield Delete(_KIND, key)
    except ApiError:
        return Done(look_again_us=HOUR_US)
    return Done()


def end_of(request: Obj) -> int | None:
    """The instant after which a request may go; None for one that stays."""
    status = request.get("status") or {}
    conditions, certificate = status.get("conditions") or (), status.get("certificate")
    ends: list[int] = []
    if not conditions:
        ends.append(parse_timestamp(request["metadata"]["creationTimestamp"]) + DAY_US)
    for condition in conditions:
        kind, updated = condition.get("type"), condition.get("lastUpdateTime")
        if updated and kind in ("Denied", "Failed"):
            ends.append(parse_timestamp(updated) + HOUR_US)
        if updated and kind == "Approved":
            ends.append(parse_timestamp(updated) + (HOUR_US if certificate else DAY_US))
        if certificate and kind == "Approved":
            known = holder(base64.b64decode(certificate).decode("latin-1"))
            ends += [known.ends_seconds * SECOND_US] if known is not None else []
    return min(ends, default=None)


def _after_request(change: Change, view: View) -> list[Key]:
    return [change.key]


CONTROLLER = Component(
    name="certificatesigningrequest-cleaner-controller", watches=(Watch(_KIND, _after_request),), plan=plan
)
