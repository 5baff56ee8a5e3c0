"""Remembering the result of a pure function of an object by the object's identity.

A thousand Pods share one spec object, so what defaulting or admission makes of
it is worth keeping: the same object in gives the same object out, and the
results stay shared. The argument is held strongly as long as its result is
kept, so that its identity can't be taken over by another object. What is kept
is bounded, and nothing depends on whether an answer was remembered. When a lab
forgets a part of its history, what is kept of objects that were held there goes
with it: an identity that nobody holds can't be asked for again.

The specs of two Jobs' Pods differ all the same: each mounts a token from a
volume whose name ends in letters of chance. Such objects are **alike**: they
differ only in a name of which nothing else is made. Each knows the `first_like`
it, and what is true of that one but for the name is not worked out again.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Hashable
from itertools import islice
from typing import Any, TypeVar, cast

Argument = TypeVar("Argument")
Result = TypeVar("Result")

DEFAULT_SIZE = 2048

_tables: list[dict[Any, Any]] = []
"""All that is kept by identity: pairs of an object and what was made of it."""


def new_table() -> dict[Any, Any]:
    """A table that `forget_unheld` looks through, of pairs of an object and what is known of it."""
    _tables.append({})
    return _tables[-1]


_alike: dict[int, tuple[object, object]] = new_table()
"""Objects by their identity, with the first that each is like."""


def _references(pair: tuple[object, object]) -> int:
    """How many references there are to the first of a pair, with those that the question itself makes."""
    return sys.getrefcount(pair[0])


_OF_THE_QUESTION = _references((object(), None)) - 1


def forget_unheld() -> None:
    """Drop what is kept of objects that nothing holds but what is kept here."""
    here: Counter[int] = Counter()
    for known in _tables:
        for pair in list(known.values()):
            here.update(map(id, pair))
    for known in _tables:
        for key, pair in list(known.items()):
            if _references(pair) - _OF_THE_QUESTION <= here[id(pair[0])]:
                known.pop(key, None)
                here.subtract(map(id, pair))


def _make_room(known: dict[Any, Any], size: int) -> None:
    """Forget the oldest eighth where there is no room for more.

    To forget them one by one takes eight times as long: each time the oldest one is looked for past
    the places of all that were forgotten before.
    """
    if len(known) >= size:
        for key in tuple(islice(known, max(size // 8, 1))):
            known.pop(key, None)


def liken(obj: object, first: object) -> None:
    """Note that an object differs from another only in a name of which nothing else is made."""
    _make_room(_alike, DEFAULT_SIZE)
    _alike[id(obj)] = (obj, first)


def first_like(obj: Argument) -> Argument:
    """The object whose like this one is; the object itself where it is the like of none."""
    entry = _alike.get(id(obj))
    return cast(Argument, entry[1]) if entry is not None and entry[0] is obj else obj


def remember(
    function: Callable[[Argument], Result],
    size: int = DEFAULT_SIZE,
    *,
    idempotent: bool = False,
    nameless: bool = False,
    likens: bool = False,
) -> Callable[[Argument], Result]:
    """The same function, keeping its last `size` results by the identity of the argument.

    With `idempotent` the result is also known to be its own result. With
    `nameless` the name in which likes differ has no part in the result, so that
    they share it; with `likens` their results are alike as they are.
    """
    known: dict[int, tuple[Argument, Result]] = new_table()

    def remembered(argument: Argument) -> Result:
        if nameless:
            argument = first_like(argument)
        entry = known.get(id(argument))
        if entry is not None and entry[0] is argument:
            return entry[1]
        result = function(argument)
        _keep(known, argument, result, size)
        if idempotent and result is not argument:
            _keep(known, result, result, size)
        if likens and result is not argument:
            first = first_like(argument)
            if first is not argument:
                liken(result, remembered(first))
        return result

    return remembered


def _keep(known: dict[int, tuple[Argument, Result]], argument: object, result: Result, size: int) -> None:
    _make_room(known, size)
    known[id(argument)] = (argument, result)  # type: ignore[assignment]


def remember_with(
    function: Callable[..., Result], size: int = DEFAULT_SIZE, *, likens: bool = False
) -> Callable[..., Result]:
    """As `remember`, for a function of an object and of further hashable arguments."""
    known: dict[tuple[object, ...], tuple[object, Result]] = new_table()

    def remembered(argument: object, *rest: Hashable) -> Result:
        key = (id(argument), *rest)
        entry = known.get(key)
        if entry is not None and entry[0] is argument:
            return entry[1]
        result = function(argument, *rest)
        _make_room(known, size)
        known[key] = (argument, result)
        if likens and result is not argument:
            first = first_like(argument)
            if first is not argument:
                liken(result, remembered(first, *rest))
        return result

    return remembered
