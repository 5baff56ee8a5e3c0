"""Pieces of cells that several kinds share: labels, selectors, containers, shortened lists.

Models the helpers of pkg/printers/internalversion/printers.go,
staging/src/k8s.io/apimachinery/pkg/labels and pkg/apis/core/helper, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from k8slab.api.meta import Obj, annotations_of

_MODES = (
    ("ReadWriteOnce", "RWO"),
    ("ReadOnlyMany", "ROX"),
    ("ReadWriteMany", "RWX"),
    ("ReadWriteOncePod", "RWOP"),
)
_BETA_STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class"


def format_labels(labels: Mapping[str, str] | None) -> str:
    """`a=1,b=2`, in the order of these texts; `<none>` where there are none."""
    return ",".join(sorted(f"{name}={value}" for name, value in (labels or {}).items())) or "<none>"


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """A LabelSelector in query form, with sets in parentheses; empty for none and for everything."""
    if not selector:
        return ""
    requirements = [(name, f"{name}={value}") for name, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        requirements.append((expression["key"], _expression_text(expression)))
    return ",".join(text for _, text in sorted(requirements, key=lambda one: one[0]))


def _expression_text(expression: Mapping[str, Any]) -> str:
    name, operator = expression["key"], expression["operator"]
    if operator == "Exists":
        return str(name)
    if operator == "DoesNotExist":
        return f"!{name}"
    values = ",".join(sorted(expression.get("values") or ()))
    return f"{name} {'in' if operator == 'In' else 'notin'} ({values})"


def format_selector(selector: Mapping[str, Any] | None) -> str:
    """A LabelSelector in query form; `<none>` for none and for everything."""
    return selector_text(selector) or "<none>"


def containers_of(obj: Obj) -> Sequence[Obj]:
    """The containers of the Pod template in an object's spec."""
    return ((obj["spec"].get("template") or {}).get("spec") or {}).get("containers") or ()


def container_cells(containers: Iterable[Obj]) -> tuple[str, str]:
    """The names of the containers, and their images."""
    containers = tuple(containers)
    return (
        ",".join(container["name"] for container in containers),
        ",".join(container.get("image", "") for container in containers),
    )


def shortened(items: Sequence[str], limit: int = 3) -> str:
    """The first items of a list and how many there are more; `<unset>` for nothing."""
    text = ",".join(items[:limit])
    if len(items) > limit:
        return f"{text} + {len(items) - limit} more..."
    return text or "<unset>"


def access_modes(modes: Iterable[str] | None) -> str:
    """Access modes in short form, e.g. `RWO,ROX`."""
    present = tuple(modes or ())
    return ",".join(short for mode, short in _MODES if mode in present)


def storage_class_of(obj: Obj) -> str:
    """The storage class of a volume or claim; the beta annotation goes before the field."""
    beta: str | None = annotations_of(obj).get(_BETA_STORAGE_CLASS)
    return beta if beta is not None else (obj["spec"].get("storageClassName") or "")


def load_balancer_addresses(status: Obj) -> str:
    """The addresses or host names of a load balancer, sorted, each once."""
    addresses: dict[str, None] = {}
    for ingress in (status.get("loadBalancer") or {}).get("ingress") or ():
        address = ingress.get("ip") or ingress.get("hostname")
        if address:
            addresses[address] = None
    return ",".join(sorted(addresses))


def bool_text(value: bool | None) -> str:
    """`True`, `False`, or `<unset>` for None."""
    return "<unset>" if value is None else str(bool(value))


def subjects_cells(subjects: Iterable[Obj] | None) -> tuple[str, str, str]:
    """Users, groups and service accounts among the subjects of a binding."""
    users: list[str] = []
    groups: list[str] = []
    accounts: list[str] = []
    for subject in subjects or ():
        if subject["kind"] == "ServiceAccount":
            accounts.append(f"{subject.get('namespace', '')}/{subject['name']}")
        elif subject["kind"] == "User":
            users.append(subject["name"])
        elif subject["kind"] == "Group":
            groups.append(subject["name"])
    return ", ".join(users), ", ".join(groups), ", ".join(accounts)


def parameter_text(reference: Obj | None) -> str:
    """What the parameters of an admission policy are bound to: a name in a namespace, or a selector.

    Without a namespace it cannot be told whether the parameter has one.
    """
    if reference is None:
        return "<unset>"
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    selector = reference.get("selector")
    return "<unset>" if selector is None else _go_selector(selector)


def _go_selector(selector: Obj) -> str:
    """A LabelSelector as Go prints the structure itself."""
    labels = "".join(
        f"{name}: {value}," for name, value in sorted((selector.get("matchLabels") or {}).items())
    )
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{one['key']},Operator:{one['operator']},"
        f"Values:[{' '.join(one.get('values') or ())}],}},"
        for one in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
