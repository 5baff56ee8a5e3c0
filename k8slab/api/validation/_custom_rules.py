"""The CEL rules of a custom resource's schema (`x-kubernetes-validations`), evaluated on a value.

Rules are asked once the object has the shape that its schema gives. One that names
`oldSelf` judges a change, so it is asked only where there was a value before;
what any other has against a value that is as it was is no matter. What the
values of a list were before is known only for lists of type map.

All rules of one object share a budget. Where it is used up, or one rule costs
more than one may, no further rule is asked.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from k8slab.api.cel import OUT_OF_LIMIT, CelError, Program
from k8slab.api.cel.checking import DYN, Type
from k8slab.api.cel.planning import typed
from k8slab.api.cel.values import NOTHING, Optional
from k8slab.api.errors import Cause
from k8slab.api.json_text import go_quote
from k8slab.api.memo import remember_with
from k8slab.api.meta import Obj
from k8slab.api.validation._field import duplicate, forbidden, invalid, required
from k8slab.api.validation._rule_compilation import OLD_SELF, variables_of
from k8slab.api.validation._rule_types import seen, type_of_schema

NEW = object()
"""Stands for what was there before where nothing was."""
_BUDGET = 10_000_000
"""What all rules of an object may cost (`RuntimeCELCostBudget`)."""
_OUT_OF_BUDGET = "running out of cost budget, no further validation rules will be run"
_LONGEST_MESSAGE_BYTES = 5 * 1024


def rule_faults(schema: Obj, value: Any, *, old: Any = NEW) -> list[Cause]:
    """What the rules of a schema have against an object; `old` is the object as it was."""
    asking = _Asking()
    asking.ask(schema, value, _Before(old, value, old), "", root=True)
    return asking.faults


def _whether_ruled(schema: Obj) -> bool:
    below = [
        *(schema.get("properties") or {}).values(),
        schema.get("items"),
        schema.get("additionalProperties"),
    ]
    return bool(schema.get("x-kubernetes-validations")) or any(
        isinstance(one, dict) and _whether_ruled(one) for one in below
    )


has_rules = remember_with(_whether_ruled)
"""Whether a schema, or one in it, has rules."""


class _Before(NamedTuple):
    """What was there before a value, and the nearest value around it of which that is known, now and then."""

    old: Any
    near: Any
    near_old: Any

    def to(self, value: Any, old: Any) -> _Before:
        """The same for a part of the value."""
        if old is NEW:
            return self._replace(old=NEW)
        return _Before(old, value, old)

    @property
    def is_same(self) -> bool:
        """Whether the value is as it was, as far as that can be told."""
        return self.near_old is not NEW and bool(self.near == self.near_old)


class _Compiled(NamedTuple):
    """A rule, its program, and that of its message, where it has them."""

    rule: Obj
    judges_change: bool
    program: Program | CelError | None
    message: Program | None


def _compiled_rules(schema: Obj, root: bool) -> tuple[_Compiled, ...]:
    kind = type_of_schema(schema, root=root) or DYN
    return tuple(_compiled(rule, kind) for rule in schema.get("x-kubernetes-validations") or ())


def _compiled(rule: Obj, kind: Type) -> _Compiled:
    text, message = rule.get("rule") or "", rule.get("messageExpression") or ""
    variables = variables_of(kind, optional=bool(rule.get("optionalOldSelf")))
    judges_change = bool(OLD_SELF.search(text))
    if not text.strip():
        return _Compiled(rule, judges_change, None, None)
    try:
        program = typed(text, variables).program
    except CelError as error:
        return _Compiled(rule, judges_change, error, None)
    try:
        said = typed(message, variables).program if message else None
    except CelError:
        # A message that doesn't compile is none; a definition can't be written with one.
        said = None
    return _Compiled(rule, judges_change, program, said)


_rules_of = remember_with(_compiled_rules)
"""The rules of a schema, compiled once."""


class _StoppedError(Exception):
    """No further rule is asked."""


class _Asking:
    """The rules of one object being asked: what was found so far, and what is left of the budget."""

    def __init__(self) -> None:
        self.faults: list[Cause] = []
        self._left = _BUDGET

    def ask(self, schema: Obj, value: Any, before: _Before, path: str, *, root: bool) -> None:
        """Ask the rules of a value and of all that it holds."""
        try:
            self._ask(schema, value, before, path, root=root)
        except _StoppedError:
            return

    def _ask(self, schema: Obj, value: Any, before: _Before, path: str, *, root: bool) -> None:
        if value is None:
            return
        root = root or bool(schema.get("x-kubernetes-embedded-resource"))
        rules = _rules_of(schema, root) if schema.get("x-kubernetes-validations") else ()
        if rules:
            place = _Place(schema, value, before, path or "<nil>")
            if self._left <= 0:
                self._stop(place, f"validation failed due to {_OUT_OF_BUDGET}")
            now = seen(schema, value, root=root)
            was = NEW if before.old is NEW or before.old is None else seen(schema, before.old, root=root)
            for rule in rules:
                self._ask_one(rule, place, now, was)
        for below, item, old, inner in _parts(schema, value, before.old, path):
            self._ask(below, item, before.to(item, old), inner, root=False)

    def _stop(self, place: _Place, detail: str) -> None:
        self.faults.append(invalid(place.path, place.kind, detail))
        raise _StoppedError

    def _ask_one(self, compiled: _Compiled, place: _Place, now: Any, was: Any) -> None:
        rule = compiled.rule
        optional = bool(rule.get("optionalOldSelf"))
        if compiled.program is None or (compiled.judges_change and was is NEW and not optional):
            return
        if isinstance(compiled.program, CelError):
            detail = f"rule compile error: compilation failed: {compiled.program}"
            self.faults.append(invalid(place.path, place.kind, detail))
            return
        variables = {"self": now, "oldSelf": was}
        if optional:
            variables["oldSelf"] = NOTHING if was is NEW else Optional(True, was)
        found = compiled.program.run(variables)
        if found.cost > self._left:
            self._stop(place, f"validation failed due to {_OUT_OF_BUDGET}")
        self._left -= found.cost
        if found.fault is not None:
            self._failed(str(found.fault), _shown(rule), place)
        elif found.value is not True:
            self._refused(compiled, place, variables)

    def _failed(self, said: str, rule: str, place: _Place) -> None:
        """A rule that has no value."""
        if said.startswith(OUT_OF_LIMIT):
            stop = "no further validation rules will be run due to call cost exceeds limit for rule"
            self._stop(place, f"'{said}': {stop}: {rule}")
        detail = f"{said} evaluating rule: {rule}"
        if said.startswith("no such overload"):
            wanted = "call arguments did not match a supported operator, function or macro signature for rule"
            detail = f"'{said}': {wanted}: {rule}"
        self.faults.append(invalid(place.path, place.kind, detail))

    def _refused(self, compiled: _Compiled, place: _Place, variables: dict[str, Any]) -> None:
        """A rule that does not hold."""
        rule = compiled.rule
        same = not compiled.judges_change and place.before.is_same
        shown = f"failed rule: {_shown(rule)}" if not rule.get("message") else _shown(rule)
        detail = ""
        if compiled.message is not None:
            try:
                detail = self._message(rule, compiled.message, variables)
            except CelError as error:
                if not same:
                    self.faults.append(invalid(place.below(rule), place.kind, str(error)))
                raise _StoppedError from None
        if not same:
            self.faults.append(_fault(rule, place.below(rule), place.value, detail or shown))

    def _message(self, rule: Obj, program: Program, variables: dict[str, Any]) -> str:
        """The text that an expression makes for a rule; empty where it makes none that can be shown.

        CelError where that costs too much.
        """
        found = program.run(variables)
        if found.cost > self._left:
            raise CelError(f"messageExpression evaluation failed due to {_OUT_OF_BUDGET}")
        if found.fault is not None and str(found.fault).startswith(OUT_OF_LIMIT):
            stop = "no further validation rules will be run due to call cost exceeds limit"
            raise CelError(f"{stop} for messageExpression: {go_quote(rule['messageExpression'])}")
        self._left -= found.cost
        made = found.value.strip() if isinstance(found.value, str) else ""
        return "" if "\n" in made or len(made.encode()) > _LONGEST_MESSAGE_BYTES else made


class _Place(NamedTuple):
    """A value that rules are asked about: by which schema, what was there before, and where it is."""

    schema: Obj
    value: Any
    before: _Before
    path: str

    @property
    def kind(self) -> str:
        """The type that the schema gives."""
        return str(self.schema.get("type", ""))

    def below(self, rule: Obj) -> str:
        """The path that a rule is about."""
        below = rule.get("fieldPath") or ""
        return f"{self.path}{below}" if not below or self.path != "<nil>" else below.removeprefix(".")


def _parts(schema: Obj, value: Any, old: Any, path: str) -> Iterator[tuple[Obj, Any, Any, str]]:
    """What a value holds: the schema of each part, the part, what was there before, and its path."""
    if isinstance(value, dict):
        known, others = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, item in value.items():
            below = known.get(name) or others
            if not isinstance(below, dict):
                continue
            was = old.get(name, NEW) if isinstance(old, dict) else NEW
            child = f"{path}.{name}" if path else name
            yield below, item, was, child if name in known else f"{path}[{name}]"
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for number, item in enumerate(value):
            yield schema["items"], item, _item_before(schema, item, old), f"{path}[{number}]"


def _item_before(schema: Obj, item: Any, old: Any) -> Any:
    """The item that had the same keys before, in a list of type map."""
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    if (
        schema.get("x-kubernetes-list-type") != "map"
        or not isinstance(old, list)
        or not isinstance(item, dict)
    ):
        return NEW
    wanted = [item.get(key) for key in keys]
    same = [one for one in old if isinstance(one, dict) and [one.get(key) for key in keys] == wanted]
    return same[0] if len(same) == 1 else NEW


def _shown(rule: Obj) -> str:
    """What a rule is called: its message, or its own text."""
    return str(rule.get("message") or rule.get("rule") or "").strip()


def _fault(rule: Obj, path: str, value: Any, detail: str) -> Cause:
    reason = rule.get("reason") or "FieldValueInvalid"
    if reason == "FieldValueForbidden":
        return forbidden(path, detail)
    if reason == "FieldValueRequired":
        return required(path, detail)
    shown = not isinstance(value, dict | list)
    if reason == "FieldValueDuplicate":
        # What is said of a value that is there twice is no matter.
        return duplicate(path, value) if shown else Cause(reason, "Duplicate value", path)
    return invalid(path, value, detail) if shown else Cause(reason, f"Invalid value: {detail}", path)
