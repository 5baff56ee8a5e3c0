"""Expressions and their values; after cel-spec's conformance tests and apiserver's library tests."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.cel import CelError, compile_expression

OBJECT: dict[str, Any] = {
    "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "web", "tier": "front"}},
    "spec": {
        "replicas": 3,
        "ratio": 0.5,
        "paused": False,
        "ports": [{"name": "http", "port": 80}, {"name": "https", "port": 443}],
        "nothing": None,
    },
}
VARIABLES: dict[str, Any] = {"object": OBJECT, "lazy": lambda: 7}


def value(text: str) -> Any:
    return compile_expression(text, tuple(VARIABLES)).evaluate(VARIABLES)


VALUES: list[tuple[str, Any]] = [
    ("1 + 2 * 3 - 4", 3),
    ("(1 + 2) * 3", 9),
    ("-7 / 2", -3),
    ("-7 % 2", -1),
    ("7.5 / 2.5", 3.0),
    ("- -1", 1),
    ("0x10 + 1", 17),
    ("1 < 2 && 2.5 > 2", True),
    ("1 == 1.0", True),
    ("'1' == 1", False),
    ("'a' + \"b\" + '''c'''", "abc"),
    (r"'\u0041\x42\103\n'", "ABC\n"),
    (r"r'\d'", "\\d"),
    ("true ? 'yes' : 'no'", "yes"),
    ("false || true && !false", True),
    ("2 in [1, 2]", True),
    ("'k' in {'k': 1}", True),
    ("[1, 2] + [3]", [1, 2, 3]),
    ("{'a': 1}.a", 1),
    ("[1, 2, 3][1]", 2),
    ("size('héllo') + [1].size() + size({'a': 1})", 7),
    ("object.spec.replicas > 1", True),
    ("object.metadata.labels['tier']", "front"),
    ("object.metadata.labels.`app.kubernetes.io/name`", "web"),
    ("has(object.spec.replicas) && !has(object.spec.other)", True),
    ("object.spec.ports.all(p, p.port > 0)", True),
    ("object.spec.ports.exists(p, p.name == 'https')", True),
    ("object.spec.ports.exists_one(p, p.port == 80)", True),
    ("object.spec.ports.map(p, p.port)", [80, 443]),
    ("object.spec.ports.map(p, p.port > 100, p.name)", ["https"]),
    ("object.spec.ports.filter(p, p.port < 100).size()", 1),
    ("{'a': 1, 'b': 2}.all(k, k < 'c')", True),
    ("[3, 1].all(i, v, i < 2 && v > 0)", True),
    ("{'a': 1}.transformMap(k, v, v + 1)", {"a": 2}),
    ("object.?spec.?other.orValue(5)", 5),
    ("object.?spec.?replicas.hasValue()", True),
    ("object.?spec.replicas.optMap(n, n + 1).value()", 4),
    ("[?object.?spec.?other, 1]", [1]),
    ("optional.none().or(optional.of(2)).value()", 2),
    ("[3, 1, 2, 1].sort()", [1, 1, 2, 3]),
    ("[3, 1, 3].distinct()", [3, 1]),
    ("[[1], [2, 3]].flatten()", [1, 2, 3]),
    ("[1, 2, 3].slice(1, 3)", [2, 3]),
    ("lists.range(3)", [0, 1, 2]),
    ("format.dns1123Label().validate('a').hasValue()", False),
    ("format.dns1123Label().validate('A').value().size()", 1),
    ("format.named('uuid').value().validate('a').value()", ["does not match the UUID format"]),
    ("format.named('nothing').hasValue()", False),
    ("format.uri().validate('a').hasValue() && !format.uri().validate('/a').hasValue()", True),
    ("semver('1.2.3').minor()", 2),
    ("isSemver('1.2') || isSemver('01.2.3')", False),
    ("isSemver('v1.02', true)", True),
    ("semver('1.2.3-rc.2').isLessThan(semver('1.2.3'))", True),
    ("semver('1.2.3-rc.10').compareTo(semver('1.2.3-rc.2'))", 1),
    ("lazy * 2", 14),
    ("'abc'.startsWith('ab') && 'abc'.endsWith('c') && 'abc'.contains('b')", True),
    ("'foobar'.matches('^fo+b')", True),
    ("'a,b,c'.split(',', 2)", ["a", "b,c"]),
    ("['a', 'b'].join('-')", "a-b"),
    ("'Hello'.lowerAscii() + 'x'.upperAscii()", "helloX"),
    ("'hello'.substring(1, 3) + 'hello'.charAt(4)", "elo"),
    ("' x '.trim().replace('x', 'y')", "y"),
    ("'hello'.indexOf('l') + 'hello'.lastIndexOf('l')", 5),
    ("'%s is %d of %.2f'.format(['a', 1, 2.0])", "a is 1 of 2.00"),
    ("int('42') + int(1.9)", 43),
    ("string(3.0) + string(true) + string(1u)", "3true1"),
    ("double('1.5')", 1.5),
    ("type(1) == int && type('') == string", True),
    ("duration('1h30m') > duration('80m')", True),
    ("string(timestamp('2026-01-05T09:00:00Z') + duration('90s'))", "2026-01-05T09:01:30Z"),
    ("timestamp('2026-01-05T09:00:00Z').getDayOfWeek()", 1),
    ("timestamp('2026-01-05T23:30:00Z').getHours('+01:00')", 0),
    ("[1, 2, 3].sum() + [3, 1].min() + [3, 1].max()", 10),
    ("[1, 2, 2].isSorted() && [1, 2, 1].lastIndexOf(1) == 2", True),
    ("sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1])", True),
    ("'x1 y22'.findAll('[0-9]+')", ["1", "22"]),
    ("quantity('1Gi').isGreaterThan(quantity('1G'))", True),
    ("quantity('500m').add(quantity('500m')).asInteger()", 1),
    ("isQuantity('1x') || isQuantity('1Ki')", True),
    ("ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.1.2.3')", True),
    ("url('https://u@h.example:8080/p?a=1').getHost()", "h.example:8080"),
    ("Object{spec: Object.spec{replicas: 1 + 2}}", {"spec": {"replicas": 3}}),
    ("object.spec.nothing == null", True),
    ("1 / 0 > 0 || true", True),
    ("[0, 1].exists(n, 1 / n > 0)", True),
]


@pytest.mark.parametrize("text, expected", VALUES, ids=[text for text, _ in VALUES])
def test_values(text: str, expected: Any) -> None:
    found = value(text)
    assert (type(found), found) == (type(expected), expected)


FAULTS: list[tuple[str, str]] = [
    ("1 / 0", "division by zero"),
    ("1 % 0", "modulus by zero"),
    ("9223372036854775807 + 1", "integer overflow"),
    ("'a' + 1", "no such overload"),
    ("1 + 1.0", "no such overload"),
    ("object.spec.other > 1", "no such key: other"),
    ("[1][1]", "index out of bounds: 1"),
    ("1 && true", "no such overload"),
    ("[1, 2].all(n, n / 0 > 1)", "division by zero"),
    ("optional.none().value()", "optional.none() dereference"),
    ("int('x')", 'type conversion error from "x" to int'),
    ("[].max()", "max called on empty list"),
    ("'a' < 1", "no such overload"),
]


@pytest.mark.parametrize("text, fault", FAULTS, ids=[text for text, _ in FAULTS])
def test_errors_of_evaluation(text: str, fault: str) -> None:
    with pytest.raises(CelError) as raised:
        value(text)
    assert str(raised.value) == fault


REFUSED: list[tuple[str, str]] = [
    (
        "other.spec > 1",
        "ERROR: <input>:1:1: undeclared reference to 'other' (in container '')\n | other.spec > 1\n | ^",
    ),
    (
        "object.x() > 1",
        "ERROR: <input>:1:9: undeclared reference to 'x' (in container '')\n | object.x() > 1\n | ........^",
    ),
    ("object.spec ==", "Syntax error: mismatched input '<EOF>' expecting"),
    ("... [] bad expression", "Syntax error: mismatched input '.' expecting"),
    ("has(object)", "invalid argument to has() macro"),
    ("for", "reserved identifier: for"),
    ("1 ++ 2 $", "Syntax error: token recognition error at: '$'"),
    ("9223372036854775808", "invalid int literal"),
]


@pytest.mark.parametrize("text, fault", REFUSED, ids=[text for text, _ in REFUSED])
def test_errors_of_compilation(text: str, fault: str) -> None:
    with pytest.raises(CelError) as raised:
        compile_expression(text, tuple(VARIABLES))
    assert fault in str(raised.value)


def test_an_expression_can_not_go_on_for_ever() -> None:
    numbers = "[" + ",".join("1" * 60) + "]"
    text = f"{numbers}.all(a, {numbers}.all(b, {numbers}.all(c, {numbers}.all(d, a + b + c + d > 0))))"
    with pytest.raises(CelError, match="actual cost limit exceeded"):
        value(text)


def test_a_deep_expression_is_refused() -> None:
    with pytest.raises(CelError):
        value("(" * 1000 + "1" + ")" * 1000)
