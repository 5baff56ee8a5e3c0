"""Quantities: upstream's spellings, errors and sums, and the laws that hold for all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slab.api import quantities
from k8slab.api.quantities import BINARY_SI, DECIMAL_EXPONENT, DECIMAL_SI, Quantity, QuantityError


@pytest.mark.parametrize(
    ("text", "canonical", "family"),
    [
        ("0Ki", "0", BINARY_SI),
        ("1000m", "1", DECIMAL_SI),
        ("0.5", "500m", DECIMAL_SI),
        (".001", "1m", DECIMAL_SI),
        ("1.", "1.", DECIMAL_SI),
        ("100.035k", "100.035k", DECIMAL_SI),
        ("1024Mi", "1Gi", BINARY_SI),
        ("1.5Gi", "1536Mi", BINARY_SI),
        ("0.05Gi", "53687091200m", BINARY_SI),
        (".001Ki", "1024m", BINARY_SI),
        (".000000000001Ki", "2n", DECIMAL_SI),
        ("9Ei", "9223372036854775807", BINARY_SI),
        ("3.001n", "4n", DECIMAL_SI),
        ("1E-3", "1E-3", DECIMAL_EXPONENT),
        ("0.5e0", "500e-3", DECIMAL_EXPONENT),
        ("12E", "12E", DECIMAL_SI),
        ("-1.1E-9", "-2e-9", DECIMAL_EXPONENT),
        ("1.500", "1.500", DECIMAL_SI),
        ("+1", "+1", DECIMAL_SI),
        (".", "0", DECIMAL_SI),
    ],
)
def test_parse(text: str, canonical: str, family: str) -> None:
    assert quantities.canonical(text) == canonical
    assert quantities.parse(text).format == family


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", quantities.FORMAT_ERROR),
        ("lots", quantities.FORMAT_ERROR),
        (" 1", quantities.FORMAT_ERROR),
        ("1.1.M", quantities.FORMAT_ERROR),
        ("1+1.0M", quantities.FORMAT_ERROR),
        ("0.1mi", quantities.SUFFIX_ERROR),
        (".5i", quantities.SUFFIX_ERROR),
        ("-3.01e-", quantities.SUFFIX_ERROR),
        ("e-30", quantities.NUMERIC_ERROR),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(QuantityError) as refused:
        quantities.parse(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("left", "right", "total", "rest"),
    [
        ("1Gi", "512Mi", "1536Mi", "512Mi"),
        ("100m", "0", "100m", "100m"),
        ("0", "1Gi", "1Gi", "-1Gi"),
        ("1", "1Ki", "1025", "-1023"),
        ("250m", "750m", "1", "-500m"),
        ("1e3", "1", "1001", "999"),
    ],
)
def test_sums(left: str, right: str, total: str, rest: str) -> None:
    assert quantities.add(left, right) == total
    assert quantities.subtract(left, right) == rest


def test_roundings() -> None:
    assert quantities.milli("0.0001") == 1
    assert quantities.units("1.5") == 2
    assert quantities.units("-1.5") == -2
    assert quantities.nano("1n") == 1
    assert quantities.compare("10000T", "100Gi") == 1
    assert quantities.from_units(64 * 1024**2) == "64Mi"
    assert quantities.from_milli(250) == "250m"


FAMILIES = st.sampled_from([DECIMAL_SI, BINARY_SI, DECIMAL_EXPONENT])
AMOUNTS = st.integers(-(10**26), 10**26)


@given(AMOUNTS, FAMILIES)
def test_text_gives_back_the_amount(nano: int, family: str) -> None:
    text = quantities.to_text(Quantity(nano, family))
    assert quantities.parse(text).nano == nano
    assert quantities.canonical(text) == text


@given(AMOUNTS, AMOUNTS, FAMILIES)
def test_sum_and_difference_are_inverse(left: int, right: int, family: str) -> None:
    one, other = quantities.from_nano(left, family), quantities.from_nano(right, family)
    back = quantities.subtract(quantities.add(one, other), other)
    assert quantities.parse(back).nano == left
    assert quantities.compare(one, other) == (left > right) - (left < right)
