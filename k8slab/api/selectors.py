"""Label and field selectors: parsed once into requirements, then matched against labels.

A selector is a tuple of requirements that must all hold. `EVERYTHING` is the
empty tuple; `NOTHING` holds for no object, which is what an absent
`LabelSelector` means to most controllers.

Models staging/src/k8s.io/apimachinery/pkg/labels/selector.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from k8slab.api.memo import remember


class Requirement(NamedTuple):
    """One condition on one label. `operator` is In, NotIn, Exists, DoesNotExist, Gt, Lt or Never."""

    label: str
    operator: str
    values: tuple[str, ...] = ()


Selector = tuple[Requirement, ...]

EVERYTHING: Selector = ()
NOTHING: Selector = (Requirement("", "Never"),)


def requirement_matches(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    """Whether one requirement holds for these labels. NotIn holds where the label is absent."""
    label, operator, values = requirement
    if operator == "In":
        return labels.get(label) in values if label in labels else False
    if operator == "NotIn":
        return label not in labels or labels[label] not in values
    if operator == "Exists":
        return label in labels
    if operator == "DoesNotExist":
        return label not in labels
    if operator in ("Gt", "Lt"):
        return _compares(operator, labels.get(label), values)
    return False


def _compares(operator: str, value: str | None, values: tuple[str, ...]) -> bool:
    try:
        left, right = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return left > right if operator == "Gt" else left < right


def matches(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Whether every requirement holds for these labels."""
    for requirement in selector:
        if not requirement_matches(requirement, labels):
            return False
    return True


def from_labels(labels: Mapping[str, str] | None) -> Selector:
    """The selector of a plain map (Service, ReplicationController); EVERYTHING for an empty one."""
    return tuple(Requirement(name, "In", (value,)) for name, value in sorted((labels or {}).items()))


def from_label_selector(selector: Mapping[str, Any] | None) -> Selector:
    """The selector of a `metav1.LabelSelector`: NOTHING for None, EVERYTHING for an empty one."""
    return NOTHING if selector is None else _requirements(selector)


def _read(selector: Mapping[str, Any]) -> Selector:
    requirements = list(from_labels(selector.get("matchLabels")))
    for expression in selector.get("matchExpressions") or ():
        values = tuple(sorted(expression.get("values") or ()))
        requirements.append(Requirement(expression["key"], expression["operator"], values))
    return tuple(sorted(requirements, key=lambda one: one.label))


_requirements = remember(_read)
"""A controller asks for its object's selector at every look."""


@lru_cache(maxsize=1024)
def _format(selector: Selector) -> str:
    return ",".join(_format_requirement(requirement) for requirement in selector)


def format_selector(selector: Selector) -> str:
    """The selector in query form, e.g. `app=web,tier in (a,b),!old`."""
    return _format(selector)


def _format_requirement(requirement: Requirement) -> str:
    label, operator, values = requirement
    if operator == "In":
        return f"{label}={values[0]}" if len(values) == 1 else f"{label} in ({','.join(values)})"
    if operator == "NotIn":
        return f"{label}!={values[0]}" if len(values) == 1 else f"{label} notin ({','.join(values)})"
    if operator == "Exists":
        return label
    if operator == "DoesNotExist":
        return f"!{label}"
    return f"{label}{'>' if operator == 'Gt' else '<'}{values[0] if values else ''}"


def parse_selector(text: str) -> Selector:
    """The selector of a query text such as `app=web,tier in (a,b),!old`. ValueError for a malformed one."""
    from k8slab.api.selector_text import parse_label_selector

    return parse_label_selector(text)
