"""The CEL rules of a custom resource's schema, compiled when the definition is written.

What a rule would cost at worst is not estimated: a rule that upstream refuses
for its budget is accepted here, and stopped where its evaluation takes too long.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/compilation.go and
pkg/apis/apiextensions/validation/validation.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from k8slab.api.cel import CelError, compile_expression
from k8slab.api.cel.checking import BOOL, DYN, STRING, Type, optional_of, type_of
from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import invalid
from k8slab.api.validation._rule_types import type_of_schema
from k8slab.api.validation._shape import shape

NAMES = ("oldSelf", "self")
OLD_SELF = re.compile(r"\boldSelf\b")
_RULES = "x-kubernetes-validations"


def compilation_faults(schema: Any, path: str) -> list[Cause]:
    """What is wrong with the expressions of a schema that has no other faults."""
    return list(_faults(schema, path, "", root=True))


def _faults(schema: Any, path: str, uncorrelated: str, *, root: bool = False) -> Iterator[Cause]:
    """`uncorrelated` is the path of the first part above in which old and new values can't be told apart."""
    if not isinstance(schema, dict):
        return
    yield from _faults_below(schema, path, uncorrelated)
    rules = schema.get(_RULES) or ()
    kind = type_of_schema(schema, root=root or bool(schema.get("x-kubernetes-embedded-resource")))
    for index, rule in enumerate(rules):
        yield from _faults_of_rule(rule, kind or DYN, f"{path}.{_RULES}[{index}]", uncorrelated)


def _faults_below(schema: Obj, path: str, uncorrelated: str) -> Iterator[Cause]:
    yield from _faults(schema.get("additionalProperties"), f"{path}.additionalProperties", uncorrelated)
    properties = schema.get("properties") or {}
    for name in sorted(properties):
        yield from _faults(properties[name], f"{path}.properties[{name}]", uncorrelated)
    of_items = uncorrelated if schema.get("x-kubernetes-list-type") == "map" else uncorrelated or path
    yield from _faults(schema.get("items"), f"{path}.items", of_items)


def _faults_of_rule(rule: Obj, kind: Type, path: str, uncorrelated: str) -> Iterator[Cause]:
    text, message = rule.get("rule") or "", rule.get("messageExpression") or ""
    optional = bool(rule.get("optionalOldSelf"))
    variables = {"self": kind, "oldSelf": optional_of(kind) if optional else kind}
    shown = shape("ValidationRule", rule)
    said = _compiled(text, variables, BOOL)
    if said:
        detail = "cel expression must evaluate to a bool" if said == _OTHER else f"compilation failed: {said}"
        yield invalid(f"{path}.rule", shown, detail)
        # What doesn't compile uses nothing, so neither does it use oldSelf.
        if rule.get("optionalOldSelf") is not None:
            yield _unused(rule, path)
        return
    said = _compiled(message, variables, STRING) if message else ""
    if said:
        failed = f"messageExpression compilation failed: {said}"
        detail = "messageExpression must evaluate to a string" if said == _OTHER else failed
        yield invalid(f"{path}.messageExpression", shown, detail)
    if OLD_SELF.search(text):
        if uncorrelated:
            where = "oldSelf cannot be used on the uncorrelatable portion of the schema within"
            yield invalid(f"{path}.rule", text, f"{where} {uncorrelated}")
    elif rule.get("optionalOldSelf") is not None:
        yield _unused(rule, path)


def _unused(rule: Obj, path: str) -> Cause:
    detail = "may not be set if oldSelf is not used in rule"
    return invalid(f"{path}.optionalOldSelf", rule["optionalOldSelf"], detail)


_OTHER = "another type"


def _compiled(text: str, variables: dict[str, Type], wanted: Type) -> str:
    """What the compiler says against an expression; `_OTHER` where its value is of another type."""
    try:
        found = type_of(text, compile_expression(text, NAMES).tree, variables)
    except CelError as error:
        return str(error)
    return "" if found in (wanted, DYN) else _OTHER
