"""YAML in kubectl's dialect, read and written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slab.api import yaml


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("NO", False),
        ("y", True),
        ("off", False),
        ("~", None),
        ("Null", None),
        ("1e3", 1000),
        ("08", 8),
        ("010", 8),
        ("0o777", 511),
        ("0x1F", 31),
        ("-0b11", -3),
        ("1_000", 1000),
        ("+5", 5),
        (".5", 0.5),
        ("1.0", 1),
        ("12:30", "12:30"),
        ("2001-01-01", "2001-01-01"),
        ("=", "="),
        ("<<", "<<"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("0x", "0x"),
        (".", "."),
        ("1.2.3", "1.2.3"),
    ],
)
def test_plain_words(word: str, value: Any) -> None:
    found = yaml.load(f"a: {word}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_documents() -> None:
    text = "# note\n---\na: 1\n---\n---\n# empty\n---\nx: &x {p: 1}\ny:\n  <<: *x\n  q: 2\n"
    assert yaml.load_all(text) == [{"a": 1}, {"x": {"p": 1}, "true": {"p": 1, "q": 2}}]
    assert yaml.load_all('{"a": 1}\n{"b": 2}') == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c", "error converting YAML to JSON: yaml: mapping values are not allowed in this context"),
        (
            "a: 1\nb: c: d",
            "error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
        ),
        (
            "a:\n\tb: 1",
            "error converting YAML to JSON: yaml: line 2: found character that cannot start any token",
        ),
        ("a: *x", "error converting YAML to JSON: yaml: unknown anchor 'x' referenced"),
        ("- a\nb: c", "error converting YAML to JSON: yaml: line 1: did not find expected '-' indicator"),
        ("--- x", "invalid Yaml document separator: x"),
        ("a: .nan", "error converting YAML to JSON: json: unsupported value: NaN"),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(yaml.YamlError) as refused:
        yaml.load_all(text)
    assert str(refused.value) == message


def test_repeated_keys_are_strict_errors() -> None:
    value, errors = yaml.load_body("a: 1\nb:\n  c: 1\n  c: 2\na: 3")
    assert value == {"a": 3, "b": {"c": 2}}
    assert errors == (
        'yaml: unmarshal errors:\n  line 4: key "c" already set in map\n  line 5: key "a" already set in map',
    )


WRITTEN = """\
'"q': '"quoted"'
a: "yes"
block: |
  line 1
   line 2
chomped: |-
  a
  b
colon: 'x: y'
date: "2001-01-01"
deep:
- a: 1
  b:
  - 1
- - 2
  - - 3
empty: {}
emptyList: []
emptyText: ""
kept: |2+

  x

"n": null
number: 1.5
octal: "010"
quote: it's
tab: "a\\tb"
time: "12:30:45"
trailing: "a \\nb"
unicode: ünï
wrapped: wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww
  end
x1: true
x2: '#x'
x10: "\\U0001F600"
"""


def test_written_as_go_writes_it() -> None:
    value = {
        "x10": "😀", "x2": "#x", "x1": True, "a": "yes", "block": "line 1\n line 2\n", "chomped": "a\nb",
        "colon": "x: y", "date": "2001-01-01", "deep": [{"b": [1], "a": 1}, [2, [3]]], "empty": {},
        "emptyList": [], "emptyText": "", "kept": "\nx\n\n", "n": None, "number": 1.5, "octal": "010",
        "quote": "it's", "tab": "a\tb", "time": "12:30:45", "trailing": "a \nb", "unicode": "ünï",
        "wrapped": f"{'w' * 40} {'w' * 40} end", '"q': '"quoted"',
    }  # fmt: skip
    assert yaml.dump(value) == WRITTEN


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30) | st.text(
    " ab:'\"#-\n\t0.", max_size=120
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_is_read_back(value: dict[str, Any]) -> None:
    assert yaml.load(yaml.dump(value)) == value
