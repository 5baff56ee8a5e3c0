"""How much something costs or holds: at least and at most, in whole units that never overflow.

Models the estimates of vendor/github.com/google/cel-go/checker/cost.go, v1.36.
"""

from __future__ import annotations

import math
from typing import NamedTuple

LARGEST = (1 << 64) - 1
"""What stands for no bound at all: the largest number of 64 bits."""

TEXT_FACTOR = 0.1
"""What it costs to go over one character of a text."""
PATTERN_FACTOR = 0.25
"""What one character of a regular expression costs for each unit that its text does."""
LIST_COST, MAP_COST, STRUCT_COST = 10, 30, 40
"""What it costs to make a list, a map and an object."""


class Bounds(NamedTuple):
    """A number that isn't known yet: it is at least one number and at most another."""

    least: int
    most: int


UNBOUNDED = Bounds(0, LARGEST)
NONE, ONE = Bounds(0, 0), Bounds(1, 1)


def exactly(number: int) -> Bounds:
    """A number that is known."""
    return Bounds(number, number)


def total(*parts: Bounds) -> Bounds:
    """The sum of some numbers."""
    least, most = sum(part.least for part in parts), sum(part.most for part in parts)
    return Bounds(min(least, LARGEST), min(most, LARGEST))


def product(left: Bounds, right: Bounds) -> Bounds:
    """One number times another."""
    return Bounds(min(left.least * right.least, LARGEST), min(left.most * right.most, LARGEST))


def joined(left: Bounds, right: Bounds) -> Bounds:
    """What is either of two numbers."""
    return Bounds(min(left.least, right.least), max(left.most, right.most))


def scaled(bounds: Bounds, factor: float) -> Bounds:
    """A number times a factor, rounded up."""
    return Bounds(scale(bounds.least, factor), scale(bounds.most, factor))


def scale(number: int, factor: float) -> int:
    """One number times a factor, rounded up."""
    return min(math.ceil(float(number) * factor), LARGEST)
