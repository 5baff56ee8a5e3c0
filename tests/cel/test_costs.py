"""What expressions cost: at worst, before they are evaluated, and what they did cost afterwards.

The cases of costs.json are those of upstream's own tests in staging/src/k8s.io/apiextensions-apiserver,
pkg/apiserver/schema/cel/{celcoststability,compilation}_test.go, and those of estimates.json are those of
staging/src/k8s.io/apiserver/pkg/cel/library/cost_test.go, but for those that a rule of a custom resource
can't be written with (lists of several types).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slab.api.cel.bounds import LARGEST, UNBOUNDED, Bounds, product, scaled, total
from k8slab.api.cel.checking import BYTES, DYN, INT, STRING, Type, list_of
from k8slab.api.cel.evaluation import CALL_LIMIT, OUT_OF_LIMIT
from k8slab.api.cel.planning import typed, untyped
from k8slab.api.validation._rule_sizes import extent_of, sizes_of
from k8slab.api.validation._rule_types import seen, type_of_schema

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = json.loads((HERE / "costs.json").read_text())
ESTIMATES: list[tuple[str, int, int]] = json.loads((HERE / "estimates.json").read_text())


def is_root(case: dict[str, Any]) -> bool:
    return bool(case["name"] == "typemeta and objectmeta access not specified")


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["object"] is None],
    ids=lambda case: f"{case['source']}: {case['name']}",
)
def test_rules_cost_at_worst_what_upstream_says(case: dict[str, Any]) -> None:
    schema, wrong = case["schema"], {}
    kind, extent = type_of_schema(schema, root=is_root(case)), extent_of(schema, root=is_root(case))
    assert kind is not None
    assert extent is not None
    for rule, expected in case["costs"].items():
        cost = typed(rule, {"self": kind, "oldSelf": kind}).cost(sizes_of(extent)).most
        if cost < expected["over"] if isinstance(expected, dict) else cost != expected:
            wrong[rule] = cost
    assert not wrong


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["object"] is not None], ids=lambda case: str(case["name"])
)
def test_rules_hold_and_cost_what_upstream_says(case: dict[str, Any]) -> None:
    schema, root = case["schema"], is_root(case)
    kind, value = type_of_schema(schema, root=root), seen(schema, case["object"], root=root)
    assert kind is not None
    found = {rule: typed(rule, {"self": kind}).program.run({"self": value}) for rule in case["costs"]}
    assert {rule: (one.value, one.fault, one.cost) for rule, one in found.items()} == {
        rule: (True, None, cost) for rule, cost in case["costs"].items()
    }


def twelve_at_most(path: tuple[str, ...], kind: Type) -> Bounds | None:
    """Sizes as upstream's tests of the library suppose them."""
    return Bounds(0, 12) if kind in (STRING, BYTES) else None


@pytest.mark.parametrize("text, least, most", ESTIMATES, ids=[text for text, _, _ in ESTIMATES])
def test_functions_of_the_libraries_cost_what_upstream_says(text: str, least: int, most: int) -> None:
    variables = {"authorizer": DYN} if "authorizer" in text else {}
    assert typed(text, variables).cost(twelve_at_most) == Bounds(least, most)


LISTS = {"a": list_of(INT), "s": STRING, "any": DYN}
LATER: list[tuple[str, dict[str, Any], Any, int]] = [
    ("a name and a field", {"any": {"x": {"y": 1}}}, "any.x.y", 3),
    ("a key that is a name is not looked up anew", {"a": [7], "any": 0}, "a[any]", 2),
    ("a branch that is a name costs nothing", {"any": 1}, "true ? any : 2", 0),
    ("a field of what is worked out", {}, "[1, 2][1]", 2),
    ("what is written down", {}, "[1, 2, int('3')]", 0),
    ("what is made", {"any": 1}, "[1, any]", 11),
    ("a list that is written down is a set", {"any": 1}, "any in [1, 2]", 1),
    ("nothing is in an empty list", {"any": 1}, "any in []", 0),
    ("whether there is a field", {"any": {"x": 1}}, "has(any.x)", 1),
    ("two texts of known types", {"s": "abcdefghijk"}, "s + s", 5),
    ("two texts of no known types", {"any": "abcdefghijk"}, "any + any", 3),
    ("one of a known type is enough", {"any": "abcdefghijk"}, "any + 'abcdefghijk'", 4),
    ("what settles ends it", {"any": False}, "any && any && any", 1),
    ("a loop ends where it is settled", {"a": [1, 2, 3, 4]}, "a.exists(x, x == 1)", 11),
    ("an optional field that is absent", {"any": {}}, "any.?x.?y", 1),
    ("optMap works its value out twice", {"any": {"x": 1}}, "any.?x.optMap(v, v + v)", 10),
]


@pytest.mark.parametrize("name, variables, text, cost", LATER, ids=[name for name, *_ in LATER])
def test_what_an_evaluation_costs(name: str, variables: dict[str, Any], text: str, cost: int) -> None:
    found = typed(text, LISTS).program.run(variables)
    assert (found.fault, found.cost) == (None, cost)


def test_an_evaluation_ends_where_it_costs_too_much() -> None:
    found = untyped("a.all(x, a.all(y, x != y || true)) || true", ("a",)).run({"a": list(range(1000))})
    assert str(found.fault) == OUT_OF_LIMIT
    assert CALL_LIMIT < found.cost < CALL_LIMIT + 10


def test_bounds_never_overflow() -> None:
    assert total(UNBOUNDED, Bounds(1, 1)) == Bounds(1, LARGEST)
    assert product(UNBOUNDED, Bounds(2, 2)) == UNBOUNDED
    assert scaled(UNBOUNDED, 2.5) == UNBOUNDED
    assert scaled(Bounds(0, 11), 0.1) == Bounds(0, 2)
