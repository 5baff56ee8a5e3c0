"""Tolerations that a RuntimeClass adds: which one covers another, and what stays of them together.

Ports the tables of pkg/util/tolerations/tolerations_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.meta import Obj
from k8slab.api.placement import is_superset, merged_tolerations


def toleration(key: str = "", value: str = "", effect: str = "", seconds: int | None = None) -> Obj:
    made: Obj = {"operator": "Equal", "value": value} if value else {"operator": "Exists"}
    made |= {"key": key} if key else {}
    made |= {"effect": effect} if effect else {}
    return made if seconds is None else {**made, "tolerationSeconds": seconds}


TOLERATIONS = {
    "all": toleration(),
    "all-nosched": toleration(effect="NoSchedule"),
    "all-noexec": toleration(effect="NoExecute"),
    "foo": toleration("foo"),
    "foo-bar": toleration("foo", "bar"),
    "foo-nosched": toleration("foo", effect="NoSchedule"),
    "foo-bar-nosched": toleration("foo", "bar", "NoSchedule"),
    "foo-baz-nosched": toleration("foo", "baz", "NoSchedule"),
    "faz-nosched": toleration("faz", effect="NoSchedule"),
    "faz-baz-nosched": toleration("faz", "baz", "NoSchedule"),
    "foo-prefnosched": toleration("foo", effect="PreferNoSchedule"),
    "foo-noexec": toleration("foo", effect="NoExecute"),
    "foo-bar-noexec": toleration("foo", "bar", "NoExecute"),
    "foo-noexec-10": toleration("foo", effect="NoExecute", seconds=10),
    "foo-noexec-0": toleration("foo", effect="NoExecute", seconds=0),
    "foo-bar-noexec-10": toleration("foo", "bar", "NoExecute", 10),
}
NOT_EXECUTED = "foo-noexec foo-bar-noexec foo-noexec-10 foo-noexec-0 foo-bar-noexec-10"
COVERED = {
    "all": " ".join(TOLERATIONS),
    "all-nosched": "foo-nosched foo-bar-nosched foo-baz-nosched faz-nosched faz-baz-nosched",
    "all-noexec": NOT_EXECUTED,
    "foo": f"foo-bar foo-nosched foo-bar-nosched foo-baz-nosched foo-prefnosched {NOT_EXECUTED}",
    "foo-bar": "foo-bar-nosched foo-bar-noexec foo-bar-noexec-10",
    "foo-nosched": "foo-bar-nosched foo-baz-nosched",
    "foo-bar-nosched": "",
    "faz-nosched": "faz-baz-nosched",
    "faz-baz-nosched": "",
    "foo-noexec": NOT_EXECUTED,
    "foo-bar-noexec": "foo-bar-noexec-10",
    "foo-noexec-10": "foo-noexec-0 foo-bar-noexec-10",
    "foo-noexec-0": "",
    "foo-bar-noexec-10": "",
}


@pytest.mark.parametrize(("name", "covered"), COVERED.items())
def test_what_a_toleration_covers(name: str, covered: str) -> None:
    found = {other for other, one in TOLERATIONS.items() if is_superset(TOLERATIONS[name], one)}
    assert found == {name, *covered.split()}


MERGED = {
    "disjoint": (
        "foo-bar-nosched faz-baz-nosched foo-noexec-10 foo-prefnosched foo-baz-nosched",
        "foo-bar-nosched faz-baz-nosched foo-noexec-10 foo-prefnosched foo-baz-nosched",
    ),
    "duplicate": (
        "foo-bar-nosched faz-baz-nosched foo-noexec-10 foo-bar-nosched faz-baz-nosched foo-noexec-10",
        "foo-bar-nosched faz-baz-nosched foo-noexec-10",
    ),
    "merge redundant": (
        "foo-bar-nosched foo-baz-nosched foo-nosched faz-baz-nosched",
        "foo-nosched faz-baz-nosched",
    ),
    "merge all": ("foo-bar-nosched foo-baz-nosched foo-noexec-10 all", "all"),
    "merge into all": ("all foo-bar-nosched foo-baz-nosched foo-noexec-10", "all"),
}


@pytest.mark.parametrize(("given", "kept"), MERGED.values(), ids=MERGED)
def test_what_stays_of_several(given: str, kept: str) -> None:
    merged = merged_tolerations([TOLERATIONS[name] for name in given.split()])
    assert merged == [TOLERATIONS[name] for name in kept.split()]
