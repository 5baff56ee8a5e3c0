"""Ranges of Services' addresses. Ports pkg/controller/servicecidrs/servicecidrs_controller_test.go, v1.36."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.components import Patch
from k8slab.controllers.service_cidr import FINALIZER, can_go, plan
from tests.controllers.view import MemoryView


def range_of(name: str, *cidrs: str, ready: bool = True, going_for: float | None = None) -> Obj:
    metadata: dict[str, Any] = {"name": name, "uid": name, "finalizers": [FINALIZER]}
    if going_for is not None:
        metadata["deletionTimestamp"] = timestamp(START_US - int(going_for * SECOND_US))
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "",
        "message": "Kubernetes Service CIDR is ready",
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "ServiceCIDR",
        "metadata": metadata,
        "spec": {"cidrs": list(cidrs)},
        "status": {"conditions": [condition]} if ready else {},
    }


def service(address: str) -> Obj:
    metadata = {"name": f"s{address.replace('.', '-')}", "namespace": "default", "uid": address}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"clusterIPs": [address]}}


KEY = ("", "a")


def held(*finalizers: str) -> Obj:
    return {"metadata": {"finalizers": list(finalizers) or None}}


def test_a_new_range_is_held_and_ready() -> None:
    new = range_of("a", "192.168.0.0/24", ready=False)
    del new["metadata"]["finalizers"]
    actions, _ = MemoryView([new]).sync(plan, KEY)
    assert actions[0] == Patch("ServiceCIDR", KEY, held(FINALIZER), uid="a")
    (condition,) = actions[1].patch["status"]["conditions"]
    assert (condition["status"], condition["message"]) == ("True", "Kubernetes Service CIDR is ready")
    assert actions[1].subresource == "status"


def test_a_ready_range_stays_as_it_is() -> None:
    actions, _ = MemoryView([range_of("a", "192.168.0.0/24")]).sync(plan, KEY)
    assert actions == ()


def test_a_range_in_use_says_why_it_stays() -> None:
    view = MemoryView([range_of("a", "192.168.0.0/24", going_for=60), service("192.168.0.7")])
    (written,), _ = view.sync(plan, KEY)
    (condition,) = written.patch["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "Terminating")


def test_a_range_goes_after_a_while() -> None:
    actions, done = MemoryView([range_of("a", "192.168.0.0/24", going_for=4)]).sync(plan, KEY)
    assert (actions, done.look_again_us) == ((), 6 * SECOND_US)
    (written,), _ = MemoryView([range_of("a", "192.168.0.0/24", going_for=10)]).sync(plan, KEY)
    assert written == Patch("ServiceCIDR", KEY, held(), uid="a")


# TestController_canDeleteCIDR.
GOING = {
    "no addresses": (["192.168.0.0/24"], [], [], True),
    "an address": (["192.168.0.0/24"], [], ["192.168.0.24"], False),
    "an address elsewhere": (["192.168.0.0/24"], [], ["10.0.0.1"], True),
    "an address of a larger range too": (
        ["192.168.0.0/24"],
        ["192.168.0.0/16"],
        ["192.168.0.24"],
        True,
    ),
    "an address of a smaller range too": (
        ["192.168.0.0/16"],
        ["192.168.0.0/24"],
        ["192.168.0.24"],
        True,
    ),
    "an address of no smaller range": (["192.168.0.0/16"], ["192.168.0.0/24"], ["192.168.1.1"], False),
    "of two families one in use": (["192.168.0.0/24", "2001:db2::/96"], [], ["2001:db2::10"], False),
    "of two families one in a larger range": (
        ["192.168.0.0/24", "2001:db2::/96"],
        ["192.168.0.0/16"],
        ["192.168.0.24"],
        True,
    ),
}


@pytest.mark.parametrize(("own", "other", "addresses", "goes"), GOING.values(), ids=GOING)
def test_what_may_go(own: list[str], other: list[str], addresses: list[str], goes: bool) -> None:
    others = [range_of("b", *other)] if other else []
    going = range_of("a", *own)
    assert can_go(MemoryView([going, *others, *map(service, addresses)]), going) is goes
