"""Which FlowSchema and priority level a request falls under, and how many seats a level would have.

Nothing waits for a seat here: clients are told the two by headers, and
administrators by metrics, as a real API server tells them.

Models staging/src/k8s.io/apiserver/pkg/util/flowcontrol/{rule,apf_controller}.go and
pkg/server/filters/priority-and-fairness.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.cluster.access import Attributes
from k8slab.store.view import View

_SEATS = 600
"""How many requests a server serves at once (`--max-requests-inflight` and the mutating ones)."""
_LEVEL = "PriorityLevelConfiguration"
_ACCOUNT = "system:serviceaccount:"
_UNTOLD = ("attach", "exec", "log", "portforward", "proxy")
"""Subresources of which a request may take as long as it likes: they are not counted."""


class Flow(NamedTuple):
    """The UIDs of the schema and the level that a request falls under."""

    schema_uid: str
    level_uid: str

    @property
    def headers(self) -> Mapping[str, str]:
        """What the answer says of it."""
        return {
            "X-Kubernetes-Pf-Flowschema-Uid": self.schema_uid,
            "X-Kubernetes-Pf-Prioritylevel-Uid": self.level_uid,
        }


def flow_of(view: View, asked: Attributes) -> Flow | None:
    """The first schema, by precedence and name, that fits; one whose level is missing fits nothing."""
    if asked.subresource in _UNTOLD:
        return None
    for schema in sorted(view.list("FlowSchema"), key=_precedence):
        level = view.get(_LEVEL, ("", schema["spec"]["priorityLevelConfiguration"]["name"]))
        if level is not None and any(_fits(rule, asked) for rule in schema["spec"].get("rules") or ()):
            return Flow(schema["metadata"]["uid"], level["metadata"]["uid"])
    return None


def _precedence(schema: Obj) -> tuple[int, str]:
    return schema["spec"].get("matchingPrecedence", 0), schema["metadata"]["name"]


def _fits(rule: Obj, asked: Attributes) -> bool:
    if not any(_is_subject(subject, asked) for subject in rule.get("subjects") or ()):
        return False
    if asked.path:
        return any(_fits_path(one, asked) for one in rule.get("nonResourceRules") or ())
    return any(_fits_resource(one, asked) for one in rule.get("resourceRules") or ())


def _is_subject(subject: Obj, asked: Attributes) -> bool:
    kind = subject.get("kind")
    if kind == "User":
        return subject["user"]["name"] in ("*", asked.user)
    if kind == "Group":
        name = subject["group"]["name"]
        return name == "*" or name in asked.groups
    account = subject.get("serviceAccount") or {}
    prefix = f"{_ACCOUNT}{account.get('namespace', '')}:"
    if account.get("name") == "*":
        return asked.user.startswith(prefix)
    return asked.user == f"{prefix}{account.get('name', '')}"


def _fits_resource(rule: Obj, asked: Attributes) -> bool:
    resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    if not (
        _has(rule.get("verbs"), asked.verb)
        and _has(rule.get("resources"), resource)
        and _has(rule.get("apiGroups"), asked.group)
    ):
        return False
    if not asked.namespace:
        return bool(rule.get("clusterScope"))
    return _has(rule.get("namespaces"), asked.namespace)


def _fits_path(rule: Obj, asked: Attributes) -> bool:
    if not _has(rule.get("verbs"), asked.verb):
        return False
    for path in rule.get("nonResourceURLs") or ():
        prefix = path.removesuffix("*")
        prefix = prefix if prefix.endswith("/") else f"{prefix}/"
        if path in ("*", asked.path) or asked.path.startswith(prefix):
            return True
    return False


def _has(values: Sequence[str] | None, value: str) -> bool:
    return bool(values) and (list(values or ()) == ["*"] or value in (values or ()))


def nominal_seats(view: View) -> dict[str, int]:
    """How many seats each level has, by its share of all."""
    shares = {level["metadata"]["name"]: _shares(level["spec"]) for level in view.list(_LEVEL)}
    whole = sum(shares.values())
    return {name: -(-_SEATS * share // whole) if whole else 0 for name, share in sorted(shares.items())}


def _shares(spec: Obj) -> int:
    of_type = spec.get("exempt") if spec.get("type") == "Exempt" else spec.get("limited")
    return int((of_type or {}).get("nominalConcurrencyShares") or 0)
