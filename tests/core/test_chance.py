"""Chance is a pure function of the seed and a name."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from k8slab import chance
from k8slab.timing import INSTANT, PROFILES, REALISTIC, duration_us

NAMES = st.lists(st.one_of(st.text(max_size=8), st.integers()), max_size=4)


@given(st.integers(), NAMES)
def test_chance_is_repeatable_and_in_range(seed: int, name: list[object]) -> None:
    assert chance.chance(seed, *name) == chance.chance(seed, *name)
    assert 0 <= chance.chance(seed, *name) < 1


def test_parts_are_told_apart() -> None:
    assert chance.chance(7, "ab", "c") != chance.chance(7, "a", "bc")
    assert chance.chance(7, "pull") != chance.chance(8, "pull")


def test_known_values_stay() -> None:
    """A release that changes these changes every recorded run."""
    assert round(chance.chance(7, "pull", "uid", 2), 6) == 0.69706
    assert chance.uid(7, 1, "Pod", "web-0") == "9a445441-2bf0-4cb9-9d28-412431d5270d"


@given(st.integers(), NAMES)
def test_a_uid_looks_like_one(seed: int, name: list[object]) -> None:
    form = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert re.fullmatch(form, chance.uid(seed, *name))


@given(st.integers(), NAMES)
def test_a_suffix_has_upstreams_letters(seed: int, name: list[object]) -> None:
    assert re.fullmatch(r"[bcdfghjklmnpqrstvwxz2456789]{5}", chance.suffix(seed, *name))


@given(st.integers(), st.sampled_from(sorted(REALISTIC.spans)), NAMES)
def test_durations_lie_within_their_span(seed: int, name: str, parts: list[object]) -> None:
    shortest, longest = REALISTIC.spans[name]
    assert shortest <= duration_us(REALISTIC, seed, name, *parts) <= longest
    assert duration_us(INSTANT, seed, name, *parts) == 0


def test_profiles_name_the_same_durations() -> None:
    assert all(profile.spans.keys() == REALISTIC.spans.keys() for profile in PROFILES.values())
