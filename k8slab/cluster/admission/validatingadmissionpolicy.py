"""ValidatingAdmissionPolicy: requests refused, or warned of, by expressions that clients store.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/{dispatcher,validator}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from k8slab.api.cel import CelError
from k8slab.api.cel.values import type_name
from k8slab.api.errors import ApiError, Cause
from k8slab.api.meta import Obj
from k8slab.cluster.admission._plugin import Admission, Request, refusal
from k8slab.cluster.admission._policies import (
    BUDGET,
    CONDITION_NAMES,
    NAMES,
    Budget,
    Match,
    OutOfBudgetError,
    afresh,
    concerned,
    conditions_hold,
    context_of,
    evaluated,
    fails,
)

KIND = "ValidatingAdmissionPolicy"
_CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}
_LONGEST_MESSAGE = 5 * 1024


class _Fault(NamedTuple):
    """What a policy has against a request. Some faults deny it, whichever actions are bound."""

    message: str
    reason: str = ""
    denies: bool = False


class _Denial(NamedTuple):
    """Why a policy denies a request, and the reason that the answer gives."""

    policy: str
    binding: str
    message: str
    reason: str
    actions: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole message."""
        by = f" with binding '{self.binding}'" if self.binding else ""
        return f"{KIND} '{self.policy}'{by} denied request: {self.message}"


def _denials(request: Request) -> Iterator[_Denial]:
    for match in concerned(request, KIND):
        policy, binding = match.policy, match.binding
        names = (policy["metadata"]["name"], binding["metadata"]["name"])
        actions = tuple(binding["spec"].get("validationActions") or ())
        if match.error:
            if fails(policy):
                yield _Denial(*names, match.error, "", ("Deny",))
            continue
        for fault in _faults(request, match):
            yield _Denial(*names, fault.message, fault.reason, ("Deny",) if fault.denies else actions)


def _faults(request: Request, match: Match) -> Iterator[_Fault]:
    """What the validations and the audit annotations of a policy have against a request."""
    policy = match.policy
    for params in match.params:
        context = context_of(request, request.new, policy, params)
        conditions = policy["spec"].get("matchConditions") or ()
        try:
            if conditions_hold(conditions, CONDITION_NAMES, context):
                yield from [*_judged(policy, context), *_annotated(policy, context)]
        except CelError as error:
            if fails(policy):
                yield _Fault(str(error))


def _judged(policy: Obj, context: Mapping[str, Any]) -> Iterator[_Fault]:
    """What the validations have against a request. OutOfBudgetError if they cost too much.

    All validations are evaluated, and then all of their messages with what is left of the budget.
    """
    validations, budget = policy["spec"].get("validations") or (), Budget(BUDGET)
    results = [_result(one["expression"], context, budget) for one in validations]
    texts = [one.get("messageExpression") for one in validations]
    context = afresh(policy, context)
    try:
        messages = [_result(text, context, budget) if text else None for text in texts]
    except OutOfBudgetError as error:
        # What the messages cost too much refuses even what the validations let pass.
        messages = [None] * len(texts)
        stopped = f"failed messageExpression: {error}"
        results = [one if isinstance(one, CelError) else CelError(stopped) for one in results]
    for validation, result, message in zip(validations, results, messages, strict=True):
        if isinstance(result, CelError):
            if fails(policy):
                yield _Fault(str(result))
        elif result is not True:
            yield _Fault(_message(validation, message), validation.get("reason") or "")


def _annotated(policy: Obj, context: Mapping[str, Any]) -> Iterator[_Fault]:
    """What is wrong with the audit annotations, which have a budget of their own. OutOfBudgetError beyond it.

    A lab writes no audit log into which their values would go.
    """
    context, budget = afresh(policy, context), Budget(BUDGET)
    for annotation in policy["spec"].get("auditAnnotations") or ():
        text = annotation["valueExpression"]
        value = _result(text, context, budget)
        if isinstance(value, CelError):
            if fails(policy):
                yield _Fault(str(value), denies=True)
        elif value is not None and not isinstance(value, str):
            said = f"valueExpression '{text}' resulted in unsupported return type: {type_name(value)}"
            yield _Fault(f"{said}. Return type must be either string or null.", denies=True)


def _result(text: str, context: Mapping[str, Any], budget: Budget) -> Any:
    """An expression's value, or the error that it has instead."""
    try:
        return evaluated(text, NAMES, context, budget)
    except OutOfBudgetError:
        raise
    except CelError as error:
        return error


def _message(validation: Obj, made: Any) -> str:
    """What a failed validation says: what its expression for that made, its text, or itself."""
    if isinstance(made, str):
        message = made.strip()
        if message and "\n" not in message and len(message.encode()) <= _LONGEST_MESSAGE:
            return message
    given = (validation.get("message") or "").strip()
    return given or f"failed expression: {validation['expression'].strip()}"


def _validate(request: Request) -> None:
    denial = next((one for one in _denials(request) if "Deny" in one.actions), None)
    if denial is None:
        return
    reason = denial.reason or "Invalid"
    base = refusal(request, denial.text)
    raise ApiError(_CODES.get(reason, 422), reason, base.message, [Cause("", denial.text)], base.details)


def _warn(request: Request) -> tuple[str, ...]:
    return tuple(
        f"Validation failed for {KIND} '{one.policy}' with binding '{one.binding}': {one.message}"
        for one in _denials(request)
        if "Warn" in one.actions
    )


ADMISSION = Admission(
    name=KIND,
    validate=_validate,
    warn=_warn,
    operations=("CREATE", "UPDATE", "DELETE", "CONNECT"),
    needs=f"{KIND}Binding",
    on_status=True,
)
