"""Being told of changes: `lab.on`."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.kind import kinds
from k8slab.lab import Lab, LabError
from k8slab.observe import Sighting
from tests.renderers.labs import workload


def lab_with(replicas: int = 2) -> Lab:
    lab = Lab(nodes=2)
    lab.apply([workload("StatefulSet", "db", replicas=replicas, serviceName="db")])
    return lab


PATTERNS = [
    ("pod/*", {}, {"pod/db-0", "pod/db-1"}),
    ("po/db-1", {}, {"pod/db-1"}),
    ("pods", {}, {"pod/db-0", "pod/db-1"}),
    ("Pod/d*-0", {}, {"pod/db-0"}),
    ("statefulsets.apps/*", {}, {"statefulset/db"}),
    ("pod/*", {"namespace": "kube-*"}, set()),
    ("pod/*", {"namespace": "def*"}, {"pod/db-0", "pod/db-1"}),
    ("pod/web", {}, set()),
]


@pytest.mark.parametrize(
    ("pattern", "options", "expected"), PATTERNS, ids=[pattern for pattern, _, _ in PATTERNS]
)
def test_a_pattern_names_what_is_told(pattern: str, options: Any, expected: set[str]) -> None:
    lab = lab_with()
    told: list[Sighting] = []
    lab.on(pattern, told.append, **options)
    lab.settle()
    assert {one.reference for one in told} == expected


def test_everything_is_told_in_order_and_once() -> None:
    lab = lab_with()
    told: list[Sighting] = []
    before = len(lab.history)
    lab.on("*", told.append)
    lab.settle()
    lab.delete("pod/db-1")
    lab.settle()
    wanted = [(one.kind, one.key) for one in lab.history[before:] if one.kind in kinds()]
    assert [(one.kind, (one.namespace, one.name)) for one in told] == wanted


def test_a_field_is_told_when_its_value_changes() -> None:
    lab = lab_with(replicas=1)
    told: list[tuple[str, Any, Any]] = []
    lab.on("pod/db-0", lambda one: told.append((one.verb, one.before, one.after)), field="status.phase")
    lab.settle()
    lab.delete("pod/db-0")
    lab.run("1s")
    assert told[:2] == [("created", None, "Pending"), ("changed", "Pending", "Running")]
    assert [verb for verb, _, after in told if after is None] == ["removed"]


def test_what_a_user_does_is_told_at_once() -> None:
    lab = lab_with()
    lab.settle()
    told: list[str] = []
    lab.on("sts/db", lambda one: told.append(str(one)), field="spec.replicas")
    lab.scale("statefulset/db", 5)
    assert told == ["statefulset/db changed"]


def test_stop_stops() -> None:
    lab = lab_with()
    told: list[Sighting] = []
    watching = lab.on("pod/*", told.append)
    assert repr(watching) == "<Watching: pod/*>"
    watching.stop()
    watching.stop()
    lab.settle()
    assert (told, watching.is_active, repr(watching)) == ([], False, "<Watching: pod/*, stopped>")


def test_a_callback_may_stop_itself_and_others() -> None:
    lab = lab_with()
    told: list[str] = []

    def first(one: Sighting) -> None:
        told.append("first")
        second.stop()
        watching.stop()

    watching = lab.on("pod/*", first)
    second = lab.on("pod/*", lambda one: told.append("second"))
    lab.settle()
    assert told == ["first"]


def test_what_a_callback_does_is_an_input_that_plays_again() -> None:
    lab = lab_with(replicas=1)

    def grow(one: Sighting) -> None:
        if one.after == 1:
            lab.scale("statefulset/db", 3)

    lab.on("statefulset/db", grow, field="status.readyReplicas")
    lab.settle()
    assert len(lab.list("pods")) == 3
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_within_a_command_that_lets_time_pass_nobody_acts() -> None:
    """A wait is one input: what a callback does comes after it, and plays again there."""
    lab = lab_with(replicas=1)
    lab.on(
        "pod/db-0", lambda one: lab.cordon("node-1") if one.after == "Running" else None, field="status.phase"
    )
    lab.kubectl("rollout status statefulset/db --timeout=60s")
    assert [one.text.split()[1] for one in lab.inputs] == ["apply", "rollout", "cordon"]
    lab.run("10s")
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_an_error_goes_to_who_let_time_pass_and_nothing_is_lost() -> None:
    lab = lab_with()
    told: list[str] = []

    def careless(one: Sighting) -> None:
        told.append(one.name)
        if len(told) == 1:
            raise ZeroDivisionError

    lab.on("pod/*", careless)
    with pytest.raises(ZeroDivisionError):
        lab.settle()
    lab.settle()
    other = lab_with()
    calm: list[str] = []
    other.on("pod/*", lambda one: calm.append(one.name))
    other.settle()
    assert told == calm


def test_observers_change_nothing() -> None:
    watched, alone = lab_with(), lab_with()
    watched.on("*", lambda one: None)
    for lab in (watched, alone):
        lab.settle()
        lab.crash("node-1")
        lab.run("2m")
    assert watched.digest() == alone.digest()


def test_a_fork_is_not_watched_and_a_rewind_is_not_told() -> None:
    lab = lab_with()
    lab.settle()
    told: list[Sighting] = []
    lab.on("pod/*", told.append)
    lab.fork().delete("pod/db-0")
    lab.rewind("1s")
    assert told == []
    lab.delete("pod/db-0")
    assert {one.reference for one in told} == {"pod/db-0"}


def test_a_callback_does_not_go_back() -> None:
    lab = lab_with()
    lab.on("pod/*", lambda one: lab.rewind("1s"))
    with pytest.raises(LabError, match="can't go back in time"):
        lab.settle()


def test_a_kind_that_there_is_not() -> None:
    with pytest.raises(LabError, match='resource type "gadget"'):
        lab_with().on("gadget/*", print)
