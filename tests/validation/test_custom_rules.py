"""The CEL rules of custom kinds: what is said of them when they are written, and what they then see.

Expressions and messages are after upstream's validation_test.go and compilation_test.go.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.api.validation._custom_rules import rule_faults
from k8slab.api.validation._rule_compilation import compilation_faults
from k8slab.api.validation._rule_types import escaped, type_of_schema

INT, TEXT, FLAG = {"type": "integer"}, {"type": "string"}, {"type": "boolean"}
ITEM = {"type": "object", "properties": {"key": TEXT, "count": INT}}
SPEC: Obj = {
    "count": INT,
    "name": TEXT,
    "on": FLAG,
    "ratio": {"type": "number"},
    "port": {"x-kubernetes-int-or-string": True},
    "since": {"type": "string", "format": "date-time"},
    "wait": {"type": "string", "format": "duration"},
    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "unseen": {"x-kubernetes-preserve-unknown-fields": True},
    "names": {"type": "array", "items": {**TEXT, "maxLength": 100}, "maxItems": 100},
    "numbers": {"type": "array", "items": INT, "maxItems": 100},
    "labels": {"type": "object", "additionalProperties": TEXT, "maxProperties": 100},
    "items": {"type": "array", "items": ITEM, "maxItems": 100},
    "my-name": TEXT,
    "namespace": TEXT,
}


def spec(rule: str, **more: Any) -> Obj:
    rules = [{"rule": rule, **more}]
    inner = {"type": "object", "properties": SPEC, "x-kubernetes-validations": rules}
    return {"type": "object", "properties": {"spec": inner}}


COMPILE = [
    "self.count > 1 && self.name.startsWith('a')",
    "self.count > 1.5 || self.ratio < 2",
    "self.port == 80 || self.port == 'http'",
    "self.names.all(n, n.size() < 5)",
    "self.labels.all(k, k.contains('x') && self.labels[k] != '')",
    "self.items.exists(i, i.key == 'a' && i.count > 0)",
    "self.numbers.sum() < 10 && self.numbers.isSorted()",
    "!has(self.name) || self.name.matches('^a+$')",
    "self.since > timestamp('2020-01-01T00:00:00Z') && self.wait < duration('5m')",
    "self.since + self.wait > self.since",
    "self.my__dash__name == self.__namespace__",
    "size(self.names) == self.names.size()",
    "self.names.map(n, size(n)).sum() == 3",
    "self.items.filter(i, i.count > 1).map(i, i.key) == ['a']",
    "'a' in self.names && 'b' in self.labels",
    "type(self.port) == int ? self.port > 1 : self.port.matches('x')",
    "self.?name.orValue('x') == 'x'",
    "self.?labels[?'a'].hasValue()",
    "isURL(self.name) && url(self.name).getHost() == 'lab'",
    "quantity('1Gi').isGreaterThan(quantity(self.name))",
    "self.names.sort() == self.names.distinct() && semver(self.name).major() == 1",
    "self.on ? true : self.count == 1",
    "self.any == self.any",
    "self.count == oldSelf.count",
]


@pytest.mark.parametrize("rule", COMPILE)
def test_a_rule_that_upstream_takes_compiles(rule: str) -> None:
    assert compilation_faults(spec(rule), "") == []


REFUSED = [
    ("self.", "Syntax error: mismatched input '<EOF>'", 0),
    ("other.count > 1", "undeclared reference to 'other' (in container '')", 1),
    ("self.nothing > 1", "undefined field 'nothing'", 5),
    ("self.unseen == 1", "undefined field 'unseen'", 5),
    ("self.any.x == 1", "undefined field 'x'", 9),
    ("self.count.x == 1", "type 'int' does not support field selection", 11),
    ("self.name > 1", "found no matching overload for '_>_' applied to '(string, int)'", 11),
    ("self.count == 'a'", "found no matching overload for '_==_' applied to '(int, string)'", 12),
    ("self.count == null", "found no matching overload for '_==_' applied to '(int, null)'", 12),
    ("self.count + 1.5 > 1.0", "found no matching overload for '_+_' applied to '(int, double)'", 12),
    ("self.count && true", "expected type 'bool' but found 'int'", 5),
    ("!self.count", "found no matching overload for '!_' applied to '(int)'", 1),
    (
        "self.count.startsWith('a')",
        "found no matching overload for 'startsWith' applied to 'int.(string)'",
        22,
    ),
    ("self.name.startsWith(1)", "found no matching overload for 'startsWith' applied to 'string.(int)'", 21),
    ("self.names.all(n, n > 1)", "found no matching overload for '_>_' applied to '(string, int)'", 21),
    ("self.names.all(n, n)", "expected type 'bool' but found 'string'", 19),
    ("1 in self.names", "found no matching overload for '@in' applied to '(int, list(string))'", 3),
    (
        "self.names['a'] == 'b'",
        "found no matching overload for '_[_]' applied to '(list(string), string)'",
        11,
    ),
    (
        "self.count.all(x, true)",
        "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
        5,
    ),
    ("size(self.count) > 1", "found no matching overload for 'size' applied to '(int)'", 5),
    ("self.name.nosuch()", "undeclared reference to 'nosuch' (in container '')", 17),
    ("has(self.nothing)", "undefined field 'nothing'", 4),
    ("cel.bind(n, self.count, n > 1)", "undeclared reference to 'cel' (in container '')", 1),
    ("[1, 'a'].size() == 2", "expected type 'int' but found 'string'", 5),
    ("self.numbers.sum() == 'a'", "found no matching overload for '_==_' applied to '(int, string)'", 20),
    ("self.names.sum() == 1", "found no matching overload for 'sum' applied to 'list(string).()'", 15),
    (
        "self.names.join(1) == 'a'",
        "found no matching overload for 'join' applied to 'list(string).(int)'",
        16,
    ),
    ("self.?name.orValue(1) == 'a'", "for 'orValue' applied to 'optional_type(string).(int)'", 19),
    ("sets.contains(self.names, [1])", "for 'sets.contains' applied to '(list(string), list(int))'", 14),
    ("self.since > self.wait", "found no matching overload for '_>_' applied to '(timestamp, duration)'", 12),
    (
        "type(self.count) == 'int'",
        "found no matching overload for '_==_' applied to '(type(int), string)'",
        18,
    ),
    ("self.items == null", "applied to '(list(selfType0.items.@idx), null)'", 12),
    (
        "self.names.filter(n, n).size() == 1",
        "found no matching overload for '_?_:_' applied to '(string, list(string), list(string))'",
        18,
    ),
]


@pytest.mark.parametrize(("rule", "said", "column"), REFUSED)
def test_a_rule_that_does_not_compile_is_refused(rule: str, said: str, column: int) -> None:
    (fault,) = compilation_faults(spec(rule), "s")
    assert fault.field == "s.properties[spec].x-kubernetes-validations[0].rule"
    assert said in fault.message
    assert ": compilation failed: ERROR: <input>:1:" in fault.message
    if column:
        assert f"ERROR: <input>:1:{column}: " in fault.message
        assert f"\n | {rule}\n | {'.' * (column - 1)}^" in fault.message


@pytest.mark.parametrize(
    ("rule", "more", "field", "said"),
    [
        ("self.count", {}, "rule", "cel expression must evaluate to a bool"),
        ("true", {"messageExpression": "self.count"}, "messageExpression", "must evaluate to a string"),
        (
            "true",
            {"messageExpression": "self.nothing"},
            "messageExpression",
            "messageExpression compilation failed: ERROR: <input>:1:5: undefined field 'nothing'",
        ),
        (
            "true",
            {"optionalOldSelf": True},
            "optionalOldSelf",
            "may not be set if oldSelf is not used in rule",
        ),
        (
            "oldSelf.count == 1",
            {"optionalOldSelf": True},
            "rule",
            "found no matching overload for '_==_' applied to '(optional_type(int), int)'",
        ),
    ],
)
def test_what_is_around_a_rule(rule: str, more: Obj, field: str, said: str) -> None:
    # A rule that doesn't compile uses nothing, so upstream then has a second word on optionalOldSelf.
    fault, *_ = compilation_faults(spec(rule, **more), "s")
    assert fault.field.endswith(f".{field}")
    assert said in fault.message


def test_the_bad_rule_is_shown_whole() -> None:
    (fault,) = compilation_faults(spec("self.count", message="m"), "s")
    rest = '"MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}'
    shown = f'{{"Rule":"self.count","Message":"m",{rest}'
    assert fault.message == f"Invalid value: {shown}: cel expression must evaluate to a bool"


def items_with(rule: str, **more: Any) -> Obj:
    item = {**ITEM, "x-kubernetes-validations": [{"rule": rule}]}
    return {"type": "object", "properties": {"list": {"type": "array", "items": item, **more}}}


def test_a_change_is_only_judged_where_old_and_new_belong_together() -> None:
    rule = "self.count >= oldSelf.count"
    keyed = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"]}
    assert compilation_faults(items_with(rule, **keyed), "s") == []
    (fault,) = compilation_faults(items_with(rule), "s")
    where = "oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[list]"
    assert fault.message == f'Invalid value: "{rule}": {where}'
    atomic = {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"spec": spec(rule)}}
    assert compilation_faults(atomic, "s") == []


def test_names_that_are_no_identifiers() -> None:
    names = {
        "a-b": "a__dash__b",
        "a.b/c": "a__dot__b__slash__c",
        "a__b": "a__underscores__b",
        "for": "__for__",
    }
    assert {name: escaped(name) for name in names} == names
    assert [escaped(name) for name in ("1a", "a b", "", "ä")] == [None] * 4


def test_the_root_shows_its_names_whatever_the_schema_says() -> None:
    found = type_of_schema({"type": "object", "properties": {"metadata": {"type": "object"}}}, root=True)
    assert found is not None and found.fields is not None
    assert sorted(found.fields) == ["apiVersion", "kind", "metadata"]
    rules = [{"rule": "self.metadata.name == 'a' && self.kind == 'K'"}]
    assert compilation_faults({"type": "object", "x-kubernetes-validations": rules}, "") == []


@pytest.mark.parametrize(
    ("rule", "value", "holds"),
    [
        ("self.my__dash__name == 'a'", {"my-name": "a"}, True),
        ("self.__namespace__ == 'a'", {"namespace": "b"}, False),
        ("self.since > timestamp('2020-01-01T00:00:00Z')", {"since": "2021-01-01T00:00:00Z"}, True),
        ("self.wait <= duration('5m')", {"wait": "301s"}, False),
        ("self.ratio < 2.5", {"ratio": 2}, True),
        ("self.port == 80", {"port": 80}, True),
    ],
)
def test_a_rule_sees_values_as_their_types(rule: str, value: Obj, holds: bool) -> None:
    assert (rule_faults(spec(rule), {"spec": value}) == []) is holds


LONG = "self.s.matches('" + "b" * 9600 + "') || true"
"""A rule that costs some 2,400 units for ten characters."""
OK = "self.w == 'ok'"
OF_TEXTS: Obj = {"s": {"type": "string", "maxLength": 10000}, "w": {"type": "string", "maxLength": 5}}
OUT_OF_BUDGET = "running out of cost budget, no further validation rules will be run"
TOO_DEAR = (
    "'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call "
    "cost exceeds limit for rule"
)
BUDGETS: list[tuple[str, list[Obj], int, list[str]]] = [
    ("a call within its limit", [{"rule": LONG}], 4100, []),
    ("a call beyond its limit", [{"rule": LONG}, {"rule": OK}], 4200, [f"{TOO_DEAR}: {LONG}"]),
    ("all calls within their budget", [{"rule": LONG}] * 10, 4100, []),
    (
        "all calls beyond their budget",
        [{"rule": OK}, *[{"rule": LONG}] * 11, {"rule": OK}],
        4100,
        [f"failed rule: {OK}", f"validation failed due to {OUT_OF_BUDGET}"],
    ),
    (
        "a message within its limit",
        [{"rule": OK, "messageExpression": f"({LONG}) ? 'no' : 'yes'"}],
        4100,
        ["no"],
    ),
    (
        "a message beyond its limit",
        [{"rule": OK, "messageExpression": f"({LONG}) ? 'no' : 'yes'"}, {"rule": OK}],
        4200,
        [
            "no further validation rules will be run due to call cost exceeds limit for messageExpression: "
            f"\"({LONG}) ? 'no' : 'yes'\""
        ],
    ),
    (
        "a message beyond what is left of the budget",
        [*[{"rule": LONG}] * 10, {"rule": OK, "messageExpression": f"({LONG}) ? 'no' : 'yes'"}],
        4100,
        [f"messageExpression evaluation failed due to {OUT_OF_BUDGET}"],
    ),
]


@pytest.mark.parametrize("name, rules, size, said", BUDGETS, ids=[name for name, *_ in BUDGETS])
def test_what_evaluations_may_cost(name: str, rules: list[Obj], size: int, said: list[str]) -> None:
    inner: Obj = {"type": "object", "properties": OF_TEXTS, "x-kubernetes-validations": rules}
    schema = {"type": "object", "properties": {"spec": inner}}
    found = rule_faults(schema, {"spec": {"s": "a" * size, "w": "x"}})
    assert [
        cause.message.removeprefix("Invalid value: ").removeprefix('"object": ') for cause in found
    ] == said


def test_nothing_is_asked_once_the_budget_is_used_up() -> None:
    rules = [{"rule": LONG}] * 11
    text: Obj = {"type": "object", "properties": OF_TEXTS, "x-kubernetes-validations": rules}
    other: Obj = {
        "type": "object",
        "properties": {"c": TEXT},
        "x-kubernetes-validations": [{"rule": "false"}],
    }
    schema = {"type": "object", "properties": {"a": text, "b": other}}
    found = rule_faults(schema, {"a": {"s": "a" * 4100}, "b": {"c": "x"}})
    assert [(cause.field, cause.message) for cause in found] == [
        ("a", f'Invalid value: "object": validation failed due to {OUT_OF_BUDGET}')
    ]


def bounded(text: Obj, items: int | None = None) -> Obj:
    array: Obj = {"type": "array", "items": text}
    return array if items is None else {**array, "maxItems": items}


HINT = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and "
    "strings are"
)
EACH = {"rule": "self.a.all(x, x.contains('ab'))"}
PAIRS = {"rule": "self.a.all(x, self.a.all(y, x == y))"}
WHAT = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
DEAR: list[tuple[str, Obj, Obj, dict[str, str]]] = [
    ("bounded items and texts", bounded({"type": "string", "maxLength": 10}, 10), EACH, {}),
    ("bounded items alone", bounded(TEXT, 10), EACH, {}),
    ("bounded texts alone", bounded({"type": "string", "maxLength": 10}), EACH, {}),
    ("a loop in a loop", bounded(INT, 1000), PAIRS, {}),
    ("a larger loop in a loop", bounded(INT, 1500), PAIRS, {"[0].rule": "1.125900x"}),
    ("a much larger loop in a loop", bounded(INT, 2000), PAIRS, {"[0].rule": "2.0x"}),
    (
        "nothing bounded",
        bounded(TEXT),
        EACH,
        {"[0].rule": "more than 100x", "schema": "more than 100x"},
    ),
    (
        "a message",
        bounded(TEXT),
        {"rule": "self.a.size() > 0", "messageExpression": "'no: ' + self.a.map(z, z + z).join(', ')"},
        {"[0].messageExpression": "more than 100x", "schema": "more than 100x"},
    ),
]


@pytest.mark.parametrize("name, array, rule, said", DEAR, ids=[name for name, *_ in DEAR])
def test_rules_that_cost_too_much_are_refused(name: str, array: Obj, rule: Obj, said: dict[str, str]) -> None:
    schema: Obj = {"type": "object", "properties": {"a": array}, "x-kubernetes-validations": [rule]}
    path = "x-kubernetes-validations"
    found = {
        cause.field.removeprefix(f"schema.{path}"): cause.message.partition("by factor of ")[2].split(" (")[0]
        for cause in compilation_faults(schema, "schema")
        if "exceeds budget" in cause.message
    }
    assert found == said
    unchanged = compilation_faults(schema, "schema", is_unchanged=True)
    assert {cause.field for cause in unchanged if "exceeds budget" in cause.message} <= {"schema"}


def test_all_rules_of_a_schema_have_a_limit_of_their_own() -> None:
    rule = {"rule": "self.contains('ab')"}
    properties = {
        f"p{place:02}": bounded(
            {"type": "string", "maxLength": 9000 - place * 100, "x-kubernetes-validations": [rule]}, 2500
        )
        for place in range(12)
    }
    found = compilation_faults({"type": "object", "properties": properties}, "schema")
    assert [(cause.field, cause.message.removeprefix("Forbidden: ")) for cause in found] == [
        *(
            (
                f"schema.properties[p{place:02}].items.x-kubernetes-validations[0].rule",
                "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
            )
            for place in range(4)
        ),
        ("schema", f"{WHAT} exceeds budget by factor of 1.014300x {HINT} declared)"),
    ]
