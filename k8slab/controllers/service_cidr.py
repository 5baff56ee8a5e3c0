"""Ranges of Services' addresses: ready once they are held, and held as long as they have addresses.

What upstream's IPAddress objects say is read off the Services themselves.

Models pkg/controller/servicecidrs/servicecidrs_controller.go, v1.36.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from k8slab.api.meta import Key, Obj, condition_of, is_terminating, with_condition
from k8slab.clock import SECOND_US, parse_timestamp, timestamp
from k8slab.components import Component, Done, Memory, Patch, Plan, Watch
from k8slab.store.view import Change, View

KIND = "ServiceCIDR"
FINALIZER = "networking.k8s.io/service-cidr-finalizer"
GRACE_US = 10 * SECOND_US
_IN_USE = (
    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Hold a range and call it ready, or let it go."""
    found = view.get(KIND, key)
    if found is None:
        return Done(why="the range is gone")
    finalizers = found["metadata"].get("finalizers") or []
    uid = found["metadata"]["uid"]
    if not is_terminating(found):
        if FINALIZER not in finalizers:
            patch = {"metadata": {"finalizers": [*finalizers, FINALIZER]}}
            found = (yield Patch(KIND, key, patch, uid=uid)) or found
        yield from _say(found, key, now_us, "True", "", "Kubernetes Service CIDR is ready")
        return Done()
    if not can_go(view, found):
        yield from _say(found, key, now_us, "False", "Terminating", _IN_USE)
        return Done(why="the range is in use")
    rest_us = parse_timestamp(found["metadata"]["deletionTimestamp"]) + GRACE_US - now_us
    if rest_us > 0:
        return Done(look_again_us=rest_us)
    if FINALIZER in finalizers:
        kept = [name for name in finalizers if name != FINALIZER]
        yield Patch(KIND, key, {"metadata": {"finalizers": kept or None}}, uid=uid)
    return Done()


def _say(found: Obj, key: Key, now_us: int, status: str, reason: str, message: str) -> Iterator[Patch]:
    before = condition_of(found, "Ready") or {}
    if (before.get("status"), before.get("reason", ""), before.get("message")) == (status, reason, message):
        return
    condition = {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": timestamp(now_us),
    }
    conditions = with_condition((found.get("status") or {}).get("conditions") or (), condition)
    yield Patch(KIND, key, {"status": {"conditions": conditions}}, "status", found["metadata"]["uid"])


def can_go(view: View, going: Obj) -> bool:
    """Whether no address would be left without a range."""
    name = going["metadata"]["name"]
    others = [
        network for one in view.list(KIND) if one["metadata"]["name"] != name for network in networks(one)
    ]
    own = networks(going)
    if all(any(_covers(other, network) for other in others) for network in own):
        return True
    for address in _addresses(view):
        if any(address in network for network in own) and not any(address in other for other in others):
            return False
    return True


def networks(obj: Obj) -> list[Network]:
    """The networks of a range."""
    return [ipaddress.ip_network(text, strict=False) for text in obj["spec"].get("cidrs") or ()]


def _covers(whole: Network, part: Network) -> bool:
    return whole.version == part.version and part.subnet_of(whole)  # type: ignore[arg-type]


def _addresses(view: View) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    for service in view.list("Service"):
        for text in service["spec"].get("clusterIPs") or ():
            if text != "None":
                yield ipaddress.ip_address(text)


def _after_range(change: Change, view: View) -> list[Key]:
    """A range that came may let an overlapping one go."""
    if change.old is not None or change.new is None:
        return [change.key]
    own = networks(change.new)
    overlapping = [
        ("", one["metadata"]["name"])
        for one in view.list(KIND)
        if any(net.version == other.version and net.overlaps(other) for net in networks(one) for other in own)
    ]
    return sorted({change.key, *overlapping})


def _after_service(change: Change, view: View) -> list[Key]:
    """A Service that came or went takes an address, or gives one back."""
    if change.old is not None and change.new is not None:
        return []
    return [("", one["metadata"]["name"]) for one in view.list(KIND) if is_terminating(one)]


CONTROLLER = Component(
    name="service-cidr-controller",
    watches=(Watch(KIND, _after_range), Watch("Service", _after_service)),
    plan=plan,
    manager="service-cidr-controller",
)
