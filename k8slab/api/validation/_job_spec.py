"""The spec of a Job, also where it stands in a CronJob.

Models pkg/apis/batch/validation/validation.go (validateJobSpec and round it) and
pkg/api/job/warnings.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    OMITTED,
    all_invalid,
    duplicate,
    enumerated,
    invalid,
    nonnegative,
    nonnegative_fields,
    not_supported,
    quote,
    required,
    too_long,
    too_many,
)
from k8slab.api.validation._names import byte_length, domain_prefixed_path, label_key
from k8slab.api.validation._pod_spec import validate_pod_template
from k8slab.api.validation._pod_warnings import template_warnings
from k8slab.api.validation._shape import shape

ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_MANY = 100_000
_FEWER = 10_000
_NEEDS_INDEXES = "requires indexed completion mode"


def _valid_values(values: Sequence[str]) -> str:
    return f"valid values: [{' '.join(quote(value) for value in values)}]"


def validate_job_spec(spec: Obj, path: str) -> list[Cause]:
    """Everything but the selector."""
    causes = nonnegative_fields(
        spec,
        path,
        (
            "parallelism",
            "completions",
            "activeDeadlineSeconds",
            "backoffLimit",
            "ttlSecondsAfterFinished",
            "backoffLimitPerIndex",
            "maxFailedIndexes",
        ),
    )
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        causes.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    manager = spec.get("managedBy")
    if manager is not None:
        causes += domain_prefixed_path(f"{path}.managedBy", manager)
        if byte_length(manager) > 63:
            causes.append(too_long(f"{path}.managedBy", 63))
    causes += _validate_completion_mode(spec, path)
    if spec.get("podFailurePolicy") is not None:
        causes += _validate_failure_policy(spec, f"{path}.podFailurePolicy")
    success = spec.get("successPolicy")
    if success is not None:
        where = f"{path}.successPolicy"
        if spec.get("completionMode") != "Indexed":
            causes.append(invalid(where, shape("SuccessPolicy", success), _NEEDS_INDEXES))
        else:
            causes += _validate_success_policy(spec, success, where)
    causes += _validate_replacement_policy(spec, f"{path}.podReplacementPolicy")
    template = spec.get("template") or {}
    causes += validate_pod_template(template, f"{path}.template")
    return causes + _validate_restart_policy(spec, template, f"{path}.template.spec.restartPolicy")


def _validate_restart_policy(spec: Obj, template: Obj, path: str) -> list[Cause]:
    policy = (template.get("spec") or {}).get("restartPolicy") or ""
    if policy in ("Always", ""):
        return [required(path, 'valid values: "OnFailure", "Never"')]
    if policy not in ("OnFailure", "Never"):
        return [not_supported(path, policy, ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    return []


def _validate_completion_mode(spec: Obj, path: str) -> list[Cause]:
    mode, per_index = spec.get("completionMode"), spec.get("backoffLimitPerIndex")
    failed = spec.get("maxFailedIndexes")
    causes: list[Cause] = []
    if mode is not None:
        modes = ("NonIndexed", "Indexed")
        causes += enumerated(mode, f"{path}.completionMode", modes, is_required=False)
    if mode == "Indexed":
        causes += _validate_indexed(spec, path)
    if mode is None or mode == "NonIndexed":
        for name, value in (("backoffLimitPerIndex", per_index), ("maxFailedIndexes", failed)):
            if value is not None:
                causes.append(invalid(f"{path}.{name}", value, _NEEDS_INDEXES))
    return causes


def _at_most(value: int | None, limit: int, path: str, more: str = "") -> list[Cause]:
    if value is None or value <= limit:
        return []
    return [invalid(path, value, f"must be less than or equal to {limit}{more}")]


def _validate_indexed(spec: Obj, path: str) -> list[Cause]:
    completions, parallelism = spec.get("completions"), spec.get("parallelism")
    failed, where = spec.get("maxFailedIndexes"), f"{path}.maxFailedIndexes"
    causes: list[Cause] = []
    if completions is None:
        causes.append(required(f"{path}.completions", "when completion mode is Indexed"))
    causes += _at_most(parallelism, _MANY, f"{path}.parallelism", " when completion mode is Indexed")
    if completions is not None and failed is not None and failed > completions:
        causes.append(invalid(where, failed, "must be less than or equal to completions"))
    causes += _at_most(failed, _MANY, where)
    if completions is not None and completions > _MANY and spec.get("backoffLimitPerIndex") is not None:
        if failed is None:
            causes.append(required(where, f"must be specified when completions is above {_MANY}"))
        more = f" when completions are above {_MANY} and used with backoff limit per index"
        causes += _at_most(parallelism, _FEWER, f"{path}.parallelism", more)
        causes += _at_most(failed, _FEWER, where, more)
    return causes


def _validate_replacement_policy(spec: Obj, path: str) -> list[Cause]:
    policy = spec.get("podReplacementPolicy")
    if policy is None:
        return []
    with_failures = spec.get("podFailurePolicy") is not None
    supported = ("Failed",) if with_failures else ("Failed", "TerminatingOrFailed")
    return enumerated(policy, path, supported, is_required=False)


def _validate_failure_policy(spec: Obj, path: str) -> list[Cause]:
    rules = spec["podFailurePolicy"].get("rules") or ()
    causes = [too_many(f"{path}.rules", len(rules), 20)] if len(rules) > 20 else []
    pod = (spec.get("template") or {}).get("spec") or {}
    names = [
        (container or {}).get("name")
        for container in (*(pod.get("containers") or ()), *(pod.get("initContainers") or ()))
    ]
    for index, rule in enumerate(rules):
        causes += _validate_failure_rule(spec, rule, names, f"{path}.rules[{index}]")
    return causes


def _validate_failure_rule(spec: Obj, rule: Obj, names: Sequence[str | None], path: str) -> list[Cause]:
    action, where = rule.get("action") or "", f"{path}.action"
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or ()
    causes: list[Cause] = []
    if not action:
        causes.append(required(where, _valid_values(ACTIONS)))
    elif action == "FailIndex":
        if spec.get("backoffLimitPerIndex") is None:
            causes.append(invalid(where, action, "requires the backoffLimitPerIndex to be set"))
    elif action not in ACTIONS:
        causes.append(not_supported(where, action, ACTIONS))
    if codes is not None:
        causes += _validate_exit_codes(codes, names, f"{path}.onExitCodes")
    causes += _validate_conditions(conditions, f"{path}.onPodConditions")
    if codes is not None and conditions:
        detail = "specifying both OnExitCodes and OnPodConditions is not supported"
        causes.append(invalid(path, OMITTED, detail))
    if codes is None and not conditions:
        detail = "specifying one of OnExitCodes and OnPodConditions is required"
        causes.append(invalid(path, OMITTED, detail))
    return causes


def _validate_conditions(patterns: Sequence[Obj], path: str) -> list[Cause]:
    causes = [too_many(path, len(patterns), 20)] if len(patterns) > 20 else []
    states = ("False", "True", "Unknown")
    for index, pattern in enumerate(patterns):
        where, kind, status = f"{path}[{index}]", pattern.get("type") or "", pattern.get("status") or ""
        causes += all_invalid(f"{where}.type", kind, label_key(kind))
        if not status:
            causes.append(required(f"{where}.status", _valid_values(states)))
        elif status not in states:
            causes.append(not_supported(f"{where}.status", status, states))
    return causes


def _validate_exit_codes(codes: Obj, names: Sequence[str | None], path: str) -> list[Cause]:
    operator, name = codes.get("operator") or "", codes.get("containerName")
    values = list(codes.get("values") or ())
    where = f"{path}.values"
    causes: list[Cause] = []
    if not operator:
        causes.append(required(f"{path}.operator", _valid_values(("In", "NotIn"))))
    elif operator not in ("In", "NotIn"):
        causes.append(not_supported(f"{path}.operator", operator, ("In", "NotIn")))
    if name is not None and name not in names:
        detail = "must be one of the container or initContainer names in the pod template"
        causes.append(invalid(f"{path}.containerName", name, detail))
    if not values:
        causes.append(invalid(where, [], "at least one value is required"))
    elif len(values) > 255:
        causes.append(too_many(where, len(values), 255))
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            causes.append(invalid(f"{where}[{index}]", value, "must not be 0 for the In operator"))
        if value in values[:index]:
            causes.append(duplicate(f"{where}[{index}]", value))
    if any(one > other for one, other in pairwise(values)):
        causes.append(invalid(where, values, "must be ordered"))
    return causes


def _validate_success_policy(spec: Obj, policy: Obj, path: str) -> list[Cause]:
    rules, where = policy.get("rules") or (), f"{path}.rules"
    causes: list[Cause] = []
    if not rules:
        detail = "at least one rules must be specified when the successPolicy is specified"
        causes.append(required(where, detail))
    if len(rules) > 20:
        causes.append(too_many(where, len(rules), 20))
    for index, rule in enumerate(rules):
        causes += _validate_success_rule(rule, spec.get("completions") or 0, f"{where}[{index}]")
    return causes


def _validate_success_rule(rule: Obj, completions: int, path: str) -> list[Cause]:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    causes: list[Cause] = []
    if count is None and indexes is None:
        detail = "at least one of succeededCount or succeededIndexes must be specified"
        causes.append(required(path, detail))
    total = 0
    if indexes is not None:
        where = f"{path}.succeededIndexes"
        if byte_length(indexes) > 64 * 1024:
            causes.append(too_long(where, 64 * 1024))
        total, fault = count_indexes(indexes, completions)
        if fault:
            causes.append(invalid(where, indexes, f"error parsing succeededIndexes: {fault}"))
    if count is not None:
        where = f"{path}.succeededCount"
        causes += nonnegative(count, where)
        more = "the number of specified completions"
        causes += _at_most(count, completions, where, f" ({more})")
        if indexes is not None:
            more = "the number of indexes in the specified succeededIndexes field"
            causes += _at_most(count, total, where, f" ({more})")
    return causes


def count_indexes(text: str, completions: int) -> tuple[int, str]:
    """How many indexes a text such as `0,2-4` names, and what is wrong with it."""
    if not text:
        return 0, ""
    total, last = 0, None
    for interval in text.split(","):
        first, end, fault = parse_interval(interval, completions)
        if fault:
            return 0, fault
        if last is not None and last >= first:
            return 0, f"non-increasing order, previous: {last}, current: {first}"
        total += end - first + 1
        last = end
    return total, ""


def parse_interval(text: str, completions: int) -> tuple[int, int, str]:
    """Both ends of `2-4` or of `2`, and what is wrong with it."""
    parts = text.split("-")
    if len(parts) > 2:
        return (
            0,
            0,
            f"the fragment {quote(text)} violates the requirement that an index interval can have "
            "at most two parts separated by '-'",
        )
    numbers: list[int] = []
    for part in parts:
        if not re.fullmatch("[+-]?[0-9]+", part, re.ASCII):
            return 0, 0, f"cannot convert string to integer for index: {quote(part)}"
        if int(part) >= completions:
            return 0, 0, f"too large index: {quote(part)}"
        numbers.append(int(part))
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        return 0, 0, f"non-increasing order, previous: {numbers[0]}, current: {numbers[1]}"
    return numbers[0], numbers[-1], ""


def job_spec_warnings(spec: Obj, path: str) -> list[str]:
    """A Job with very many indexes, and its template."""
    found: list[str] = []
    if spec.get("completionMode") == "Indexed":
        if (spec.get("completions") or 0) > _MANY and (spec.get("parallelism") or 0) > _FEWER:
            found.append(
                f"{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism "
                "higher than 10^4, Kubernetes might not be able to track completedIndexes when a big "
                "number of indexes fail"
            )
    return found + template_warnings(spec.get("template") or {}, f"{path}.template")
