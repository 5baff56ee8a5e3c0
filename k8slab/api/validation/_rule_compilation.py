"""The CEL rules of a custom resource's schema, compiled when it is written, and what they cost at worst.

A rule costs what one evaluation of it costs, times how often the value can be
there; a rule, and all the rules of a schema together, may cost so much and no more.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/compilation.go and
pkg/apis/apiextensions/validation/{validation,cel_validation}.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from k8slab.api.cel import CelError
from k8slab.api.cel.bounds import LARGEST
from k8slab.api.cel.checking import BOOL, DYN, STRING, Type, optional_of
from k8slab.api.cel.planning import Typed, typed
from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import forbidden, invalid
from k8slab.api.validation._rule_sizes import Extent, extent_of, most_of, sizes_of
from k8slab.api.validation._rule_types import type_of_schema
from k8slab.api.validation._shape import shape

OLD_SELF = re.compile(r"\boldSelf\b")
_RULES = "x-kubernetes-validations"
_RULE_LIMIT, _SCHEMA_LIMIT = 10_000_000, 100_000_000
"""What a rule, and what all of a schema, may cost (`StaticEstimatedCostLimit`, `…CRDCostLimit`)."""
_MOST_NAMED = 4
"""How many rules are named of a schema that costs too much."""


class _Place(NamedTuple):
    """Where a schema stands among those around it."""

    path: str
    uncorrelated: str = ""
    """The path of the first part above in which old and new values can't be told apart."""
    times: int | None = 1
    """How often its values can be there; None where no limit is set."""


class _Total:
    """What the rules of one schema cost together, and the dearest of them."""

    def __init__(self) -> None:
        self.cost = 0
        self.dearest: list[tuple[int, str]] = []

    def add(self, path: str, cost: int) -> None:
        """Count a rule; those that cost next to nothing are never named."""
        self.cost = min(self.cost + cost, LARGEST)
        if cost >= _SCHEMA_LIMIT // 100:
            self.dearest.append((cost, path))
            self.dearest.sort(key=lambda one: -one[0])
            del self.dearest[_MOST_NAMED:]


def compilation_faults(schema: Any, path: str, *, is_unchanged: bool = False) -> list[Cause]:
    """What is wrong with the expressions of a schema that has no other faults.

    Where the schema `is_unchanged`, no rule is too dear by itself.
    """
    total = _Total()
    found = list(_faults(schema, _Place(path), total, root=True))
    if is_unchanged:
        found = [cause for cause in found if cause.reason != "FieldValueForbidden"]
    if total.cost > _SCHEMA_LIMIT:
        said = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        found += [forbidden(where, said) for _, where in total.dearest]
        what = f"{_RULES} estimated rule cost total for entire OpenAPIv3 schema"
        found.append(forbidden(path, _exceeds(what, total.cost, _SCHEMA_LIMIT)))
    return found


def _exceeds(what: str, cost: int, limit: int) -> str:
    factor = cost / limit
    shown = "more than 100" if factor > 100 else f"{factor:f}" if factor < 1.5 else f"{factor:.1f}"
    hint = "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, "
    return f"{what} exceeds budget by factor of {shown}x ({hint}and strings are declared)"


def _faults(schema: Any, place: _Place, total: _Total, *, root: bool = False) -> Iterator[Cause]:
    if not isinstance(schema, dict):
        return
    yield from _faults_below(schema, place, total)
    rules = schema.get(_RULES) or ()
    if not rules:
        return
    root = root or bool(schema.get("x-kubernetes-embedded-resource"))
    kind, extent = type_of_schema(schema, root=root) or DYN, extent_of(schema, root=root)
    for index, rule in enumerate(rules):
        here = place._replace(path=f"{place.path}.{_RULES}[{index}]")
        yield from _Rule(rule, kind, extent or Extent(0, 1), here, total).faults()


def _faults_below(schema: Obj, place: _Place, total: _Total) -> Iterator[Cause]:
    path, inner = place.path, place._replace(times=_times_below(schema, place.times))
    others = inner._replace(path=f"{path}.additionalProperties")
    yield from _faults(schema.get("additionalProperties"), others, total)
    properties = schema.get("properties") or {}
    for name in sorted(properties):
        yield from _faults(properties[name], inner._replace(path=f"{path}.properties[{name}]"), total)
    keyed = schema.get("x-kubernetes-list-type") == "map"
    uncorrelated = place.uncorrelated if keyed else place.uncorrelated or path
    items = inner._replace(path=f"{path}.items", uncorrelated=uncorrelated)
    yield from _faults(schema.get("items"), items, total)


def _times_below(schema: Obj, times: int | None) -> int | None:
    """How often what a value holds can be there, if the value itself can so often."""
    kind = schema.get("type")
    most: int | None = 1
    if kind == "array":
        most = schema.get("maxItems")
    elif kind == "object" and schema.get("additionalProperties") is not None:
        most = schema.get("maxProperties")
    if times is None or most is None:
        return None
    return min(times * max(most, 0), LARGEST)


class _Rule(NamedTuple):
    """A rule, with what it is asked about."""

    rule: Obj
    kind: Type
    extent: Extent
    place: _Place
    total: _Total

    def faults(self) -> Iterator[Cause]:
        """What is wrong with it."""
        rule, path = self.rule, self.place.path
        text = rule.get("rule") or ""
        found, said = self._compiled(text, BOOL)
        if found is None:
            other = said == _OTHER
            detail = "cel expression must evaluate to a bool" if other else f"compilation failed: {said}"
            yield invalid(f"{path}.rule", shape("ValidationRule", rule), detail)
            # What doesn't compile uses nothing, so neither does it use oldSelf.
            if rule.get("optionalOldSelf") is not None:
                yield self._unused()
            return
        yield from self._too_dear("rule", "estimated rule cost", self._cost(found, self._times()))
        yield from self._faults_of_message()
        if OLD_SELF.search(text):
            if self.place.uncorrelated:
                where = "oldSelf cannot be used on the uncorrelatable portion of the schema within"
                yield invalid(f"{path}.rule", text, f"{where} {self.place.uncorrelated}")
        elif rule.get("optionalOldSelf") is not None:
            yield self._unused()

    def _faults_of_message(self) -> Iterator[Cause]:
        text = self.rule.get("messageExpression") or ""
        if not text:
            return
        found, said = self._compiled(text, STRING)
        if found is not None:
            cost = self._cost(found, 1)
            yield from self._too_dear("messageExpression", "estimated messageExpression cost", cost)
            return
        failed = f"messageExpression compilation failed: {said}"
        detail = "messageExpression must evaluate to a string" if said == _OTHER else failed
        where = f"{self.place.path}.messageExpression"
        yield invalid(where, shape("ValidationRule", self.rule), detail)

    def _times(self) -> int:
        times = self.place.times
        return most_of(self.extent) if times is None else times

    def _cost(self, found: Typed, times: int) -> int:
        return min(found.cost(sizes_of(self.extent)).most * times, LARGEST)

    def _too_dear(self, name: str, what: str, cost: int) -> Iterator[Cause]:
        where = f"{self.place.path}.{name}"
        self.total.add(where, cost)
        if cost > _RULE_LIMIT:
            yield forbidden(where, _exceeds(what, cost, _RULE_LIMIT))

    def _unused(self) -> Cause:
        detail = "may not be set if oldSelf is not used in rule"
        return invalid(f"{self.place.path}.optionalOldSelf", self.rule["optionalOldSelf"], detail)

    def _compiled(self, text: str, wanted: Type) -> tuple[Typed | None, str]:
        """An expression, or what the compiler says against it; `_OTHER` if it gives another type."""
        optional = bool(self.rule.get("optionalOldSelf"))
        try:
            found = typed(text, variables_of(self.kind, optional=optional))
        except CelError as error:
            return None, str(error)
        return (found, "") if found.gives in (wanted, DYN) else (None, _OTHER)


def variables_of(kind: Type, *, optional: bool) -> dict[str, Type]:
    """What a rule over values of a type sees; `optional` says that there may have been no value before."""
    return {"self": kind, "oldSelf": optional_of(kind) if optional else kind}


_OTHER = "another type"
