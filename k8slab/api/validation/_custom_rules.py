"""The CEL rules of a custom resource's schema (`x-kubernetes-validations`), evaluated on a value.

Rules are asked once the schema itself finds nothing wrong. One that names
`oldSelf` judges a change, so it is asked only where there was a value before;
any other is not asked again of a value that is as it was. What the values of a
list were before is known only for lists of type map.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slab.api.cel import CelError, compile_expression
from k8slab.api.cel.values import NOTHING, Optional
from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import duplicate, forbidden, invalid, required
from k8slab.api.validation._rule_compilation import NAMES, OLD_SELF
from k8slab.api.validation._rule_types import seen

NEW = object()
"""Stands for what was there before where nothing was."""


def rule_faults(schema: Obj, value: Any, *, old: Any = NEW) -> list[Cause]:
    """What the rules of a schema have against an object; `old` is the object as it was."""
    return list(_faults(schema, value, old, "", root=True))


def _faults(schema: Obj, value: Any, old: Any, path: str, *, root: bool = False) -> Iterator[Cause]:
    if value is None:
        return
    rules = schema.get("x-kubernetes-validations") or ()
    if rules:
        now = seen(schema, value, root=root)
        before = NEW if old is NEW or old is None else seen(schema, old, root=root)
        for rule in rules:
            yield from _asked(rule, schema, value, now, before, path)
    if isinstance(value, dict):
        yield from _faults_of_fields(schema, value, old, path)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for number, item in enumerate(value):
            was = _item_before(schema, item, old)
            yield from _faults(schema["items"], item, was, f"{path}[{number}]")


def _faults_of_fields(schema: Obj, value: Obj, old: Any, path: str) -> Iterator[Cause]:
    known, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, item in value.items():
        below = known.get(name) or others
        if not isinstance(below, dict):
            continue
        was = old.get(name, NEW) if isinstance(old, dict) else NEW
        inner = f"{path}.{name}" if name in known and path else name if name in known else f"{path}[{name}]"
        yield from _faults(below, item, was, inner)


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


def _asked(rule: Obj, schema: Obj, value: Any, now: Any, before: Any, path: str) -> Iterator[Cause]:
    """What one rule has against a value."""
    text = rule.get("rule") or ""
    judges_change = bool(OLD_SELF.search(text))
    optional = bool(rule.get("optionalOldSelf"))
    if not text.strip() or (judges_change and before is NEW and not optional):
        return
    if not judges_change and before is not NEW and now == before:
        return
    variables = {"self": now, "oldSelf": before}
    if optional:
        variables["oldSelf"] = NOTHING if before is NEW else Optional(True, before)
    kind = schema.get("type", "")
    said = (rule.get("message") or "").strip()
    try:
        holds = compile_expression(text, NAMES).evaluate(variables)
    except CelError as error:
        yield invalid(path, kind, f"{error} evaluating rule: {said or text.strip()}")
        return
    if holds is True:
        return
    detail = _message(rule, variables) or said or f"failed rule: {text.strip()}"
    yield _fault(rule, f"{path}{rule.get('fieldPath') or ''}".removeprefix("."), value, detail)


def _message(rule: Obj, variables: dict[str, Any]) -> str:
    """The text that a rule's expression makes for it; empty where it makes none that can be shown."""
    text = rule.get("messageExpression")
    if not text:
        return ""
    try:
        made = compile_expression(text, NAMES).evaluate(variables)
    except CelError:
        # Upstream too falls back on the plain message.
        return ""
    return made.strip() if isinstance(made, str) and "\n" not in made else ""


def _fault(rule: Obj, path: str, value: Any, detail: str) -> Cause:
    reason = rule.get("reason") or "FieldValueInvalid"
    path = path or "<nil>"
    if reason == "FieldValueForbidden":
        return forbidden(path, detail)
    if reason == "FieldValueRequired":
        return required(path, detail)
    if isinstance(value, dict | list):
        # A value that isn't shown: the words of the reason and the detail alone.
        words = "Duplicate value" if reason == "FieldValueDuplicate" else "Invalid value"
        return Cause(reason, f"{words}: {detail}", path)
    return (duplicate if reason == "FieldValueDuplicate" else invalid)(path, value, detail)
