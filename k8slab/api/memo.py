"""Remembering the result of a pure function of an object by the object's identity.

A thousand Pods share one spec object, so what defaulting or admission makes of
it is worth keeping: the same object in gives the same object out, and the
results stay shared. The argument is held strongly as long as its result is
kept, so that its identity can't be taken over by another object. What is kept
is bounded, and nothing depends on whether an answer was remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")

DEFAULT_SIZE = 2048


def remember(
    function: Callable[[Argument], Result], size: int = DEFAULT_SIZE, *, idempotent: bool = False
) -> Callable[[Argument], Result]:
    """The same function, keeping its last `size` results by the identity of the argument.

    With `idempotent` the result is also known to be its own result.
    """
    known: dict[int, tuple[Argument, Result]] = {}

    def remembered(argument: Argument) -> Result:
        entry = known.get(id(argument))
        if entry is not None and entry[0] is argument:
            return entry[1]
        result = function(argument)
        _keep(known, argument, result, size)
        if idempotent and result is not argument:
            _keep(known, result, result, size)
        return result

    return remembered


def _keep(known: dict[int, tuple[Argument, Result]], argument: object, result: Result, size: int) -> None:
    if len(known) >= size:
        known.pop(next(iter(known)), None)
    known[id(argument)] = (argument, result)  # type: ignore[assignment]


def remember_with(function: Callable[..., Result], size: int = DEFAULT_SIZE) -> Callable[..., Result]:
    """As `remember`, for a function of an object and of further hashable arguments."""
    known: dict[tuple[object, ...], tuple[object, Result]] = {}

    def remembered(argument: object, *rest: Hashable) -> Result:
        key = (id(argument), *rest)
        entry = known.get(key)
        if entry is not None and entry[0] is argument:
            return entry[1]
        result = function(argument, *rest)
        if len(known) >= size:
            known.pop(next(iter(known)), None)
        known[key] = (argument, result)
        return result

    return remembered
