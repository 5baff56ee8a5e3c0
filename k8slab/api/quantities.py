"""Quantities such as `500m`, `1.5Gi` and `2e3`: parsed, compared and summed exactly, printed canonically.

An amount is an integer count of nano-units, the finest that a quantity can
hold, so that sums are exact and ints are all that a scheduler ever adds up.
Beside the amount a quantity remembers in which family of suffixes it was
written, because that decides how a sum is printed. Everything is cached by
text: a cluster holds few different quantities.

Models staging/src/k8s.io/apimachinery/pkg/api/resource/{quantity,suffix,amount}.go, v1.36.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

DECIMAL_SI = "DecimalSI"
BINARY_SI = "BinarySI"
DECIMAL_EXPONENT = "DecimalExponent"

NANO_PER_UNIT = 10**9
NANO_PER_MILLI = 10**6

FORMAT_ERROR = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
NUMERIC_ERROR = "unable to parse numeric part of quantity"
SUFFIX_ERROR = "unable to parse quantity's suffix"

_SHAPE = re.compile(r"([+-]?)(0*)([0-9]*)(\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_EXPONENT = re.compile(r"[eE][+-]?[0-9]{1,4}", re.ASCII)
"""Longer exponents are refused, where upstream would work on them for minutes."""

_DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_SUFFIX_OF_DECIMAL = {exponent: suffix for suffix, exponent in _DECIMAL_SUFFIXES.items()}
_SUFFIX_OF_BINARY = {0: "", **{exponent: suffix for suffix, exponent in _BINARY_SUFFIXES.items()}}
_LARGEST_BINARY = (2**63 - 1) * NANO_PER_UNIT
_DIGITS_IN_INT64 = 18


class QuantityError(ValueError):
    """A text that is no quantity; its message is upstream's."""


class Quantity(NamedTuple):
    """An exact amount in nano-units, and the family of suffixes it is printed in.

    `text` is the spelling that upstream keeps because it is canonical already
    or because it takes it to be (`1.500` stays `1.500`); empty otherwise.
    """

    nano: int
    format: str = DECIMAL_SI
    text: str = ""


@lru_cache(maxsize=4096)
def parse(text: str) -> Quantity:
    """The quantity that a text stands for; QuantityError in upstream's words otherwise.

    Signs, points and suffixes without any digit count as zero, as upstream
    has them; amounts finer than a nano-unit are rounded away from zero.
    """
    found = _SHAPE.fullmatch(text)
    if not found or not text:
        raise QuantityError(FORMAT_ERROR)
    if text == "0":
        return Quantity(0, DECIMAL_SI, text)
    sign, zeros, whole, _, fraction, suffix = found.groups(default="")
    base, exponent, family = _interpret(suffix)
    digits = (whole or "0") + fraction
    if not _fits_int64(whole or "0", fraction, exponent, family):
        if not zeros and not whole and not fraction:
            raise QuantityError(NUMERIC_ERROR)
        nano = _scaled(int(digits), len(fraction), base, exponent)
        if family == BINARY_SI:
            nano = min(nano, _LARGEST_BINARY)
            family = DECIMAL_SI if 0 < nano < NANO_PER_UNIT else family
        return Quantity(-nano if sign == "-" else nano, family)
    nano = _scaled(int(digits), len(fraction), base, exponent)
    kept = text if _is_kept(digits, len(fraction), exponent, family) else ""
    return Quantity(-nano if sign == "-" else nano, family, kept)


def _interpret(suffix: str) -> tuple[int, int, str]:
    """Base, exponent and family of a suffix."""
    if suffix in _DECIMAL_SUFFIXES:
        return 10, _DECIMAL_SUFFIXES[suffix], DECIMAL_SI
    if suffix in _BINARY_SUFFIXES:
        return 2, _BINARY_SUFFIXES[suffix], BINARY_SI
    if _EXPONENT.fullmatch(suffix):
        return 10, int(suffix[1:]), DECIMAL_EXPONENT
    raise QuantityError(SUFFIX_ERROR)


def _fits_int64(whole: str, fraction: str, exponent: int, family: str) -> bool:
    """Whether upstream holds the amount in 64 bits, and so neither rounds nor caps it."""
    if family == BINARY_SI:
        if fraction or 15 - len(whole) - exponent * 3 // 10 - 1 < 0:
            return False
        return int(whole) << exponent < 2**63
    if len(whole) + len(fraction) > _DIGITS_IN_INT64:
        return False
    return exponent - len(fraction) >= -9


def _is_kept(digits: str, decimals: int, exponent: int, family: str) -> bool:
    """Whether upstream takes the text to be canonical and keeps it as it was written."""
    if family == BINARY_SI:
        return int(digits) & 0x07 != 0
    return (exponent - decimals) % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def _scaled(digits: int, decimals: int, base: int, exponent: int) -> int:
    """The magnitude in nano-units, rounded up."""
    if base == 2:
        scale: int = 10**decimals
        return -(-(digits * NANO_PER_UNIT << exponent) // scale)
    power = 9 + exponent - decimals
    scale = 10 ** abs(power)
    return digits * scale if power >= 0 else -(-digits // scale)


def to_text(quantity: Quantity) -> str:
    """The canonical text: the largest suffix with which the number is whole."""
    if quantity.text:
        return quantity.text
    nano, family = quantity.nano, quantity.format
    if nano == 0:
        return "0"
    if family == BINARY_SI and abs(nano) >= 1024 * NANO_PER_UNIT and nano % NANO_PER_UNIT == 0:
        amount, exponent = _without_factors(nano // NANO_PER_UNIT, 1024)
        return f"{amount}{_SUFFIX_OF_BINARY.get(exponent * 10, '')}"
    amount, exponent = _without_factors(nano, 10)
    exponent -= 9
    while exponent % 3:
        amount, exponent = amount * 10, exponent - 1
    if family == DECIMAL_EXPONENT:
        return f"{amount}e{exponent}" if exponent else str(amount)
    return f"{amount}{_SUFFIX_OF_DECIMAL.get(exponent, '')}"


def _without_factors(amount: int, factor: int) -> tuple[int, int]:
    times = 0
    while amount % factor == 0:
        amount //= factor
        times += 1
    return amount, times


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The text that a server gives back for a quantity: `1` for `1000m`, `500m` for `0.5`."""
    return to_text(parse(text.strip()))


def nano(text: str) -> int:
    """The amount in nano-units, exact."""
    return parse(text).nano


@lru_cache(maxsize=4096)
def milli(text: str) -> int:
    """The amount in thousandths, rounded away from zero (CPU in millicores)."""
    return _rounded_away(parse(text).nano, NANO_PER_MILLI)


@lru_cache(maxsize=4096)
def units(text: str) -> int:
    """The amount in whole units, rounded away from zero (memory in bytes, Pods)."""
    return _rounded_away(parse(text).nano, NANO_PER_UNIT)


_INT64_SPAN = 2**64


@lru_cache(maxsize=4096)
def is_whole(text: str) -> bool:
    """Whether upstream takes the amount to be a whole number.

    It looks at the thousandths in 64 bits: amounts that it holds as integers count as 0
    when they are too large for that, others keep their lowest bits.
    """
    amount = milli(text)
    if -(_INT64_SPAN // 2) <= amount < _INT64_SPAN // 2:
        return amount % 1000 == 0
    found = _SHAPE.fullmatch(text)
    assert found is not None, "a quantity that could be parsed has its shape"
    _, _, whole, _, fraction, suffix = found.groups(default="")
    _, exponent, family = _interpret(suffix)
    if _fits_int64(whole or "0", fraction, exponent, family):
        return True
    wrapped = (amount + _INT64_SPAN // 2) % _INT64_SPAN - _INT64_SPAN // 2
    return abs(wrapped) % 1000 == 0


def _rounded_away(amount: int, unit: int) -> int:
    return -(-amount // unit) if amount >= 0 else amount // unit


def compare(left: str, right: str) -> int:
    """-1, 0 or 1 as the left amount is smaller than, equal to or greater than the right one."""
    difference = parse(left).nano - parse(right).nano
    return (difference > 0) - (difference < 0)


def add(left: str, right: str) -> str:
    """The canonical text of the sum, in the left one's family of suffixes (the right one's if it is 0)."""
    one, other = parse(left), parse(right)
    return to_text(Quantity(one.nano + other.nano, one.format if one.nano else other.format))


def subtract(left: str, right: str) -> str:
    """The canonical text of the difference, in the left one's family (the right one's if it is 0)."""
    one, other = parse(left), parse(right)
    return to_text(Quantity(one.nano - other.nano, one.format if one.nano else other.format))


def from_nano(amount_nano: int, family: str = DECIMAL_SI) -> str:
    """The canonical text of an amount in nano-units."""
    return to_text(Quantity(amount_nano, family))


def from_milli(amount_milli: int, family: str = DECIMAL_SI) -> str:
    """The canonical text of an amount in thousandths, e.g. `250m`."""
    return to_text(Quantity(amount_milli * NANO_PER_MILLI, family))


def from_units(amount: int, family: str = BINARY_SI) -> str:
    """The canonical text of a whole amount, e.g. `64Mi`."""
    return to_text(Quantity(amount * NANO_PER_UNIT, family))
