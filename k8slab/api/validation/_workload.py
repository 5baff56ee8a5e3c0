"""What the kinds that make Pods have in common: selector and template, numbers or percentages, status.

Models pkg/apis/apps/validation/validation.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.selectors import from_label_selector, matches
from k8slab.api.validation._field import (
    all_invalid,
    child,
    forbidden,
    greater_than,
    invalid,
    nonnegative,
    nonnegative_fields,
    not_supported,
    required,
    sorted_map,
)
from k8slab.api.validation._metadata import selector_is_broken, validate_label_selector
from k8slab.api.validation._names import percent
from k8slab.api.validation._pod_spec import validate_pod_template
from k8slab.api.validation._shape import label_selector

MISMATCH = "`selector` does not match template `labels`"


def template_labels(template: Obj | None) -> dict[str, str] | None:
    """The labels that a template gives its Pods, if it has any."""
    labels: dict[str, str] | None = ((template or {}).get("metadata") or {}).get("labels")
    return labels


def is_empty_selector(selector: Any) -> bool:
    """Whether a LabelSelector has no requirement."""
    return not (selector or {}).get("matchLabels") and not (selector or {}).get("matchExpressions")


def selector_matches(selector: Any, labels: Mapping[str, str] | None) -> bool:
    """Whether a well-formed LabelSelector holds; an absent one never does."""
    return matches(from_label_selector(selector), labels or {})


def validate_selector(selector: Any, path: str, word: str) -> list[Cause]:
    """A selector that is there and not empty. `word` is the kind in the message."""
    if selector is None:
        return [required(path)]
    causes = validate_label_selector(selector, path)
    if is_empty_selector(selector):
        causes.append(invalid(path, label_selector(selector), f"empty selector is invalid for {word}"))
    return causes


def validate_template_matches(selector: Any, template: Obj | None, path: str) -> list[Cause]:
    """The template's labels must be selected; an empty selector asks nothing."""
    if selector is not None and is_empty_selector(selector):
        return []
    labels = template_labels(template)
    if selector_matches(selector, labels):
        return []
    return [invalid(f"{path}.metadata.labels", sorted_map(labels), MISMATCH)]


def validate_always_restarts(template: Obj | None, path: str, kind: str) -> list[Cause]:
    """Pods that are kept running restart always and have no deadline."""
    spec = (template or {}).get("spec") or {}
    policy = spec.get("restartPolicy") or ""
    causes: list[Cause] = []
    if policy != "Always":
        causes.append(not_supported(f"{path}.spec.restartPolicy", policy, ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        detail = f"activeDeadlineSeconds in {kind} is not Supported"
        causes.append(forbidden(f"{path}.spec.activeDeadlineSeconds", detail))
    return causes


def validate_selector_and_template(spec: Obj, path: str) -> list[Cause]:
    """The selector and the template of a ReplicaSet or Deployment."""
    selector, where = spec.get("selector"), f"{path}.selector"
    causes = validate_selector(selector, where, "deployment")
    if selector_is_broken(selector):
        return [*causes, invalid(where, label_selector(selector), "invalid label selector")]
    template = spec.get("template")
    causes += validate_template_matches(selector, template, f"{path}.template")
    causes += validate_pod_template(template or {}, f"{path}.template")
    return causes + validate_always_restarts(template, f"{path}.template", "ReplicaSet")


def positive_int_or_percent(value: Any, path: str) -> list[Cause]:
    """A number of 0 or more, or a percentage."""
    if isinstance(value, str):
        return all_invalid(path, value, percent(value))
    return nonnegative(value, path)


def percent_of(value: Any) -> int | None:
    """The number of a percentage; None for anything else."""
    if isinstance(value, str) and re.fullmatch("[0-9]+%", value):
        return int(value[:-1])
    return None


def int_or_percent(value: Any) -> int:
    """The number, or that of the percentage; a text that is neither counts as its leading number or 0."""
    if not isinstance(value, str):
        return value or 0
    number = percent_of(value)
    if number is not None:
        return number
    return int(value) if re.fullmatch("[+-]?[0-9]+", value) else 0


def not_more_than_100_percent(value: Any, path: str) -> list[Cause]:
    """A percentage up to 100."""
    number = percent_of(value)
    return (
        [invalid(path, value, "must not be greater than 100%")] if number is not None and number > 100 else []
    )


def validate_replica_status(
    status: Obj, path: str, numbers: Sequence[str], parts: Sequence[str], ready_label: str = "readyReplicas"
) -> list[Cause]:
    """Numbers of 0 or more, of which `parts` are not above `replicas`, and available not above ready."""
    causes = nonnegative_fields(status, path, numbers)
    causes += greater_than(status, path, parts, "replicas", "status.replicas")
    return causes + greater_than(status, path, ("availableReplicas",), "readyReplicas", ready_label)


def validate_collision_count(new: Obj, old: Obj) -> list[Cause]:
    """The count of hash collisions only grows."""
    after = (new.get("status") or {}).get("collisionCount")
    before = (old.get("status") or {}).get("collisionCount")
    if before is None or (after is not None and after >= before):
        return []
    return [invalid(child("status", "collisionCount"), after or 0, "cannot be decremented")]
