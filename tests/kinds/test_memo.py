"""What is remembered by identity is forgotten when nobody else holds the object."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.memo import first_like, forget_unheld, liken, remember, remember_with

Obj = dict[str, Any]


class Calls:
    """A function that wraps an object in another, and the objects that it was asked about."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def wrap(self, obj: Obj, *_: Any) -> Obj:
        self.names.append(obj["name"])
        return {"name": f"wrapped {obj['name']}"}

    def give_back(self, obj: Obj) -> Obj:
        self.names.append(obj["name"])
        return obj


@pytest.fixture
def calls() -> Calls:
    return Calls()


def test_what_somebody_holds_stays_remembered(calls: Calls) -> None:
    wrap = remember(calls.wrap)
    held = {"name": "held"}
    first = wrap(held)
    forget_unheld()
    assert wrap(held) is first
    assert calls.names == ["held"]


@pytest.mark.parametrize("idempotent", [False, True], ids=["", "idempotent"])
def test_what_nobody_holds_is_forgotten(calls: Calls, idempotent: bool) -> None:
    wrap = remember(calls.wrap, size=4, idempotent=idempotent)
    held = {"name": "held"}
    wrap(held)
    forget_unheld()
    for number in range(5):
        wrap({"name": f"gone {number}"})
        forget_unheld()
        forget_unheld()
    del calls.names[:]
    wrap(held)
    assert calls.names == [], "those that are gone made room before the one that is held had to"


def test_what_is_its_own_result_is_forgotten_too(calls: Calls) -> None:
    same = remember(calls.give_back, size=1)
    held = {"name": "held"}
    for number in range(3):
        same({"name": f"gone {number}"})
        forget_unheld()
    same(held)
    forget_unheld()
    del calls.names[:]
    same(held)
    assert calls.names == []


def test_further_arguments_make_no_difference(calls: Calls) -> None:
    wrap = remember_with(calls.wrap, size=2)
    held = {"name": "held"}
    wrap(held, "a")
    for number in range(4):
        wrap({"name": f"gone {number}"}, "a")
        forget_unheld()
    del calls.names[:]
    wrap(held, "a")
    assert calls.names == []


def test_what_two_functions_were_asked_of_is_forgotten_by_both(calls: Calls) -> None:
    one, other = remember(calls.wrap, size=2), remember(calls.wrap, size=2)
    held = {"name": "held"}
    for wrap in (one, other):
        wrap(held)
    for number in range(4):
        gone = {"name": f"gone {number}"}
        for wrap in (one, other):
            wrap(gone)
        del gone
        forget_unheld()
    del calls.names[:]
    for wrap in (one, other):
        wrap(held)
    assert calls.names == []


def test_a_chain_of_results_is_forgotten_at_once(calls: Calls) -> None:
    inner, outer = remember(calls.wrap), remember(calls.wrap)
    tables: list[dict[Any, Any]] = [
        cell.cell_contents
        for function in (inner, outer)
        for cell in function.__closure__ or ()  # type: ignore[attr-defined]
        if isinstance(cell.cell_contents, dict)
    ]
    outer(inner({"name": "gone"}))
    assert [len(one) for one in tables] == [1, 1]
    forget_unheld()
    assert [len(one) for one in tables] == [0, 0]


def test_a_like_that_nobody_holds_is_forgotten() -> None:
    first, held = {"name": "first"}, {"name": "held"}
    liken(held, first)
    liken({"name": "gone"}, first)
    forget_unheld()
    assert first_like(held) is first
