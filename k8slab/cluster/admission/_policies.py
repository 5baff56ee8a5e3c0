"""Admission policies: which of them concern a request, and what their expressions see.

Nobody asks who may do what: an expression that names the authorizer is refused
when the policy is stored.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/{policy/{generic,matching},
cel,webhook/predicates/rules}, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from k8slab.api.cel import CelError
from k8slab.api.cel.planning import untyped
from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj, group_version, labels_of
from k8slab.api.selectors import from_label_selector, matches
from k8slab.cluster.admission._plugin import Request, user_info

GROUP = "admissionregistration.k8s.io"
CONDITION_NAMES = ("namespaceObject", "object", "oldObject", "params", "request")
NAMES = ("namespaceObject", "object", "oldObject", "params", "request", "variables")
"""The variables of a policy's match conditions, and of its other expressions."""


BUDGET, CONDITIONS_BUDGET = 10_000_000, 2_500_000
"""What the expressions of a policy, and its match conditions, may cost together (`RuntimeCELCostBudget…`)."""


class OutOfBudgetError(CelError):
    """Expressions cost more than they may together; no further one is evaluated."""


class Budget:
    """What is left of what expressions may cost together."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, cost: int) -> None:
        """Take a cost off. OutOfBudgetError where that much isn't left."""
        if cost > self._left:
            said = "validation failed due to running out of cost budget"
            raise OutOfBudgetError(f"{said}, no further validation rules will be run")
        self._left -= cost


class PolicyError(ValueError):
    """What is wrong with a policy or its binding itself."""


class Match(NamedTuple):
    """A policy that concerns a request, by which binding, and with which parameters (None: none)."""

    policy: Obj
    binding: Obj
    params: tuple[Obj | None, ...]
    error: str = ""
    """Why the parameters could not be found."""


def concerned(request: Request, kind: str) -> Iterator[Match]:
    """The policies of a kind that concern a request, in order of their names, with their bindings."""
    bindings = request.view.list(f"{kind}Binding")
    if not bindings or request.kind.group == GROUP:
        return
    for policy in sorted(request.view.list(kind), key=_name):
        constraints = policy["spec"].get("matchConstraints") or {}
        mine = [one for one in bindings if one["spec"].get("policyName") == _name(policy)]
        if not mine or not fits(request, constraints):
            continue
        for binding in sorted(mine, key=_name):
            resources = binding["spec"].get("matchResources")
            if resources is not None and not fits(request, resources):
                continue
            try:
                yield Match(policy, binding, _params(request, policy, binding))
            except PolicyError as error:
                yield Match(policy, binding, (), f"failed to configure binding: {error}")


def _name(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


# Matching.


def fits(request: Request, match: Obj) -> bool:
    """Whether a request is among those that selectors and rules (`MatchResources`) name."""
    if not _namespace_fits(request, match.get("namespaceSelector") or {}):
        return False
    selector = match.get("objectSelector") or {}
    if selector and not _object_fits(request, selector):
        return False
    loose = match.get("matchPolicy") != "Exact"
    if _any_rule(request, match.get("excludeResourceRules") or (), loose):
        return False
    rules = match.get("resourceRules") or ()
    return not rules or _any_rule(request, rules, loose)


def _namespace_fits(request: Request, selector: Obj) -> bool:
    if not selector:
        return True
    if request.kind.kind == "Namespace":
        return matches(
            from_label_selector(selector), labels_of(request.new or request.old or {"metadata": {}})
        )
    if not request.namespace:
        return True
    namespace = request.view.get("Namespace", ("", request.namespace))
    return namespace is not None and matches(from_label_selector(selector), labels_of(namespace))


def _object_fits(request: Request, selector: Obj) -> bool:
    wanted = from_label_selector(selector)
    # The options of a connection have no metadata, so no selector finds them.
    objects = [one for one in (request.new, request.old) if one is not None and "metadata" in one]
    return any(matches(wanted, labels_of(one)) for one in objects)


def _any_rule(request: Request, rules: Sequence[Obj], loose: bool) -> bool:
    return any(_rule_fits(request, rule, loose) for rule in rules)


def _rule_fits(request: Request, rule: Obj, loose: bool) -> bool:
    kind = request.parent or request.kind
    places = [(kind.group, kind.version)]
    if loose:
        places += [(other.group, other.version) for other in kind.other_versions]
    scope = rule.get("scope") or "*"
    names = rule.get("resourceNames") or ()
    return (
        _has(rule.get("operations"), request.operation)
        and any(
            _has(rule.get("apiGroups"), group) and _has(rule.get("apiVersions"), version)
            for group, version in places
        )
        and _resource_fits(request, rule.get("resources") or ())
        and (scope == "*" or (scope == "Namespaced") is bool(request.namespace and kind.kind != "Namespace"))
        and (not names or request.name in names)
    )


def _has(values: Sequence[str] | None, wanted: str) -> bool:
    return wanted in (values or ()) or "*" in (values or ())


def _resource_fits(request: Request, resources: Sequence[str]) -> bool:
    plural = (request.parent or request.kind).plural
    for text in resources:
        resource, _, part = text.partition("/")
        if resource in ("*", plural) and (part == "*" or part == request.subresource):
            return True
    return False


# Parameters.


def _params(request: Request, policy: Obj, binding: Obj) -> tuple[Obj | None, ...]:
    """What `params` stands for, one after the other. PolicyError where there is nothing that must be."""
    wanted = policy["spec"].get("paramKind")
    reference = binding["spec"].get("paramRef")
    if wanted is None:
        return (None,)
    if reference is None:
        return (None,)
    namespace = reference.get("namespace") or request.namespace
    api_version = wanted["apiVersion"]
    found = [
        one
        for one in request.view.list(wanted["kind"])
        if group_version(one["apiVersion"])[0] == group_version(api_version)[0]
        and one["metadata"].get("namespace", namespace) == namespace
    ]
    if reference.get("name"):
        found = [one for one in found if _name(one) == reference["name"]]
    else:
        selector = from_label_selector(reference.get("selector"))
        found = [one for one in found if matches(selector, labels_of(one))]
    if found:
        return tuple(sorted(found, key=_name))
    if reference.get("parameterNotFoundAction") == "Allow":
        return ()
    raise PolicyError("no params found for policy binding with `Deny` parameterNotFoundAction")


# What expressions see.


class _Variables(dict[str, Any]):
    """A policy's variables, each worked out when it is first asked for."""

    def __init__(self, policy: Obj, context: Mapping[str, Any]) -> None:
        super().__init__()
        self._context = {**context, "variables": self}
        self._texts = {one["name"]: one["expression"] for one in policy["spec"].get("variables") or ()}
        self._cost = 0

    def __contains__(self, name: object) -> bool:
        return name in self._texts

    def __missing__(self, name: str) -> Any:
        found = untyped(self._texts[name], NAMES).run(self._context)
        self._cost += found.cost
        if found.fault is not None:
            raise CelError(f"composited variable {go_quote(name)} fails to evaluate: {found.fault}")
        self[name] = found.value
        return found.value

    def taken_cost(self) -> int:
        """What was worked out since this was last asked cost."""
        cost, self._cost = self._cost, 0
        return cost


def context_of(request: Request, new: Obj | None, policy: Obj, params: Obj | None) -> dict[str, Any]:
    """The variables of a policy's expressions for one request."""
    namespace = None
    if request.namespace and request.kind.kind != "Namespace":
        namespace = request.view.get("Namespace", ("", request.namespace))
    context: dict[str, Any] = {
        "namespaceObject": namespace,
        "object": new,
        "oldObject": request.old,
        "params": params,
        "request": _asked(request),
    }
    return afresh(policy, context)


def afresh(policy: Obj, context: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with variables that are worked out, and cost, anew."""
    return {**context, "variables": _Variables(policy, context)}


def _asked(request: Request) -> Obj:
    """The AdmissionRequest, without its objects."""
    owner = request.parent or request.kind
    kind = {"group": request.kind.group, "version": request.kind.version, "kind": request.kind.kind}
    resource = {"group": owner.group, "version": owner.version, "resource": owner.plural}
    return {
        "kind": kind,
        "resource": resource,
        "subResource": request.subresource,
        "requestKind": kind,
        "requestResource": resource,
        "requestSubResource": request.subresource,
        "name": request.name,
        "namespace": request.namespace,
        "operation": request.operation,
        "userInfo": user_info(request),
        "dryRun": request.dry_run,
        "options": {},
    }


def evaluated(text: str, names: tuple[str, ...], context: Mapping[str, Any], budget: Budget) -> Any:
    """An expression's value. CelError, with the expression, where it has none, and OutOfBudgetError."""
    try:
        program = untyped(text, names)
    except CelError as error:
        raise CelError(f"compilation error: compilation failed: {error}") from None
    found = program.run(context)
    variables = context.get("variables")
    if isinstance(variables, _Variables):
        budget.spend(variables.taken_cost())
    budget.spend(found.cost)
    if found.fault is not None:
        raise CelError(f"expression '{text}' resulted in error: {found.fault}")
    return found.value


def conditions_hold(conditions: Sequence[Obj], names: tuple[str, ...], context: Mapping[str, Any]) -> bool:
    """Whether all match conditions hold. CelError where one can't be judged and none is false."""
    budget = Budget(CONDITIONS_BUDGET)
    faults: list[str] = []
    holds = True
    for condition in conditions:
        try:
            if evaluated(condition["expression"], names, context, budget) is False:
                holds = False
        except OutOfBudgetError:
            raise
        except CelError as error:
            faults.append(str(error))
    if holds and faults:
        kept = list(dict.fromkeys(faults))
        raise CelError(kept[0] if len(kept) == 1 else f"[{', '.join(kept)}]")
    return holds


def fails(policy: Obj) -> bool:
    """Whether what goes wrong refuses the request."""
    return bool(policy["spec"].get("failurePolicy", "Fail") == "Fail")
