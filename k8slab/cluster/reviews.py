"""Kinds that are asked and never stored: who am I, may I, and what may I.

Models pkg/registry/{authentication,authorization}/*/rest.go and
pkg/apis/authorization/validation/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8slab import clock
from k8slab.api.errors import Cause, bad_request, invalid
from k8slab.api.meta import Obj
from k8slab.api.tokens import ISSUER
from k8slab.api.validation._field import forbidden, required
from k8slab.api.validation._field import invalid as invalid_value
from k8slab.api.validation._metadata import selector_requirement
from k8slab.api.validation._shape import tagged
from k8slab.cluster import access, node_access
from k8slab.cluster.admission import user_info
from k8slab.cluster.request import Request
from k8slab.cluster.routes import Route
from k8slab.cluster.world import World


def answer(world: World, request: Request, route: Route, review: Obj) -> Obj:
    """A review with its status. ApiError 422 for one that doesn't say what it asks."""
    return _REVIEWS[route.kind.kind](world, request, route, review)


def _self_subject(world: World, request: Request, route: Route, review: Obj) -> Obj:
    metadata = {**review["metadata"], "creationTimestamp": clock.timestamp(world.now_us)}
    return {**review, "metadata": metadata, "status": {"userInfo": user_info(request)}}


def _token(world: World, request: Request, route: Route, review: Obj) -> Obj:
    token = (review.get("spec") or {}).get("token", "")
    if not token:
        raise bad_request("token is required for TokenReview in authentication")
    wanted = (review.get("spec") or {}).get("audiences") or [ISSUER]
    holder = access.holder_of_token(world, token)
    if isinstance(holder, str):
        known = holder != access.UNKNOWN_TOKEN
        error = f"[{access.UNKNOWN_TOKEN}, {holder}]" if known else holder
        return {**review, "status": {"user": {}, "error": error}}
    shared = [audience for audience in wanted if audience in holder.audiences]
    if not shared:
        given, asked = _go_list(holder.audiences), _go_list(wanted)
        text = f"token audiences {given} is invalid for the target audiences {asked}"
        return {**review, "status": {"user": {}, "error": f"[{access.UNKNOWN_TOKEN}, {text}]"}}
    info = {
        "username": holder.user,
        "uid": holder.uid,
        "groups": list(access.full_groups(holder.user, ())),
        "extra": holder.extra,
    }
    return {**review, "status": {"authenticated": True, "user": info, "audiences": shared}}


def _go_list(values: Sequence[str]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"


def _shown(path: Obj) -> Obj:
    """Attributes of a path as a message quotes them: with Go's names."""
    return {"Path": path.get("path", ""), "Verb": path.get("verb", "")}


def _selector_faults(attributes: Obj, name: str) -> list[Cause]:
    """A selector that an access review limits its question by: raw, or requirements, not both."""
    selector, path = attributes.get(name), f"spec.resourceAttributes.{name}"
    if selector is None:
        return []
    raw, requirements = selector.get("rawSelector"), selector.get("requirements") or ()
    if raw and requirements:
        text = "may not specified at the same time as requirements"
        return [invalid_value(f"{path}.rawSelector", raw, text)]
    if not raw and not requirements:
        text = f"when {path} is specified, requirements or rawSelector is required"
        return [required(f"{path}.requirements", text)]
    causes: list[Cause] = []
    for index, requirement in enumerate(requirements):
        where = f"{path}.requirements[{index}]"
        if name == "labelSelector":
            causes += selector_requirement(requirement, where, lax_operator=True)
        else:
            causes += _field_requirement(requirement, where)
    return causes


def _field_requirement(requirement: Obj, path: str) -> list[Cause]:
    """One requirement of a field selector; operators may be unknown (`ValidateFieldSelectorRequirement`)."""
    causes = [] if requirement.get("key") else [required(f"{path}.key", "must be specified")]
    operator, values = requirement.get("operator"), requirement.get("values")
    if operator in ("In", "NotIn") and not values:
        causes.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    if operator in ("Exists", "DoesNotExist") and values:
        text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        causes.append(forbidden(f"{path}.values", text))
    return causes


def _metadata_faults(review: Obj, is_local: bool) -> list[Cause]:
    """A question has no metadata of its own, but for the namespace of a local one and who wrote it."""
    metadata = review["metadata"]
    ignored = ("managedFields", "namespace") if is_local else ("managedFields",)
    if not any(value for name, value in metadata.items() if name not in ignored):
        return []
    text = "must be empty except for namespace" if is_local else "must be empty"
    return [invalid_value("metadata", tagged("ObjectMeta", metadata), text)]


def _namespace_faults(spec: Obj, namespace: str) -> list[Cause]:
    """A local review asks about its own namespace, and about no path."""
    causes: list[Cause] = []
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and resource.get("namespace", "") != namespace:
        where = "spec.resourceAttributes.namespace"
        causes.append(invalid_value(where, resource.get("namespace", ""), "must match metadata.namespace"))
    if path is not None:
        text = "disallowed on this kind of request"
        causes.append(invalid_value("spec.nonResourceAttributes", _shown(path), text))
    return causes


def _access_faults(spec: Obj, subject: bool) -> list[Cause]:
    causes: list[Cause] = []
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        text = "cannot be specified in combination with resourceAttributes"
        causes.append(invalid_value("spec.nonResourceAttributes", _shown(path), text))
    if resource is None and path is None:
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        causes.append(invalid_value("spec.resourceAttributes", None, text))
    if subject and not spec.get("user") and not spec.get("groups"):
        text = "at least one of user or group must be specified"
        causes.append(invalid_value("spec.user", "", text))
    return causes


def _access(world: World, request: Request, route: Route, review: Obj) -> Obj:
    """SubjectAccessReview, and those of oneself and of one namespace."""
    spec = review.get("spec") or {}
    own = route.kind.kind == "SelfSubjectAccessReview"
    causes = _access_faults(spec, not own)
    for name in ("fieldSelector", "labelSelector"):
        causes += _selector_faults(spec.get("resourceAttributes") or {}, name)
    is_local = route.kind.kind == "LocalSubjectAccessReview"
    causes += _metadata_faults(review, is_local)
    if is_local:
        causes += _namespace_faults(spec, route.namespace)
    if causes:
        raise invalid("", route.group, "", causes)
    if own:
        return {**review, "status": _verdict(world, spec, request.user, request.groups)}
    return subject_access(world, review)


def subject_access(world: World, review: Obj) -> Obj:
    """A SubjectAccessReview that asks what it may, with its answer."""
    spec = review["spec"]
    groups = tuple(spec.get("groups") or ())
    return {**review, "status": _verdict(world, spec, spec.get("user", ""), groups)}


def _verdict(world: World, spec: Obj, user: str, groups: tuple[str, ...]) -> Obj:
    path = spec.get("nonResourceAttributes")
    if path is not None:
        asked = access.Attributes(user, groups, path.get("verb", ""), path=path.get("path", ""))
    else:
        wanted = spec["resourceAttributes"]
        asked = access.Attributes(
            user,
            groups,
            wanted.get("verb", ""),
            wanted.get("group", ""),
            wanted.get("resource", ""),
            wanted.get("subresource", ""),
            wanted.get("namespace", ""),
            wanted.get("name", ""),
            selected_node=_selected_node(wanted.get("fieldSelector") or {}),
        )
    decision = access.authorize(world, asked)
    status: Obj = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return status


def _selected_node(selector: Obj) -> str:
    """The node to which a review says that a selector limits a list: as text, or as requirements."""
    if selector.get("rawSelector"):
        return node_access.selected_node(selector["rawSelector"])
    for one in selector.get("requirements") or ():
        values = one.get("values") or []
        if (one.get("key"), one.get("operator"), len(values)) == ("spec.nodeName", "In", 1):
            return str(values[0])
    return ""


def _rules(world: World, request: Request, route: Route, review: Obj) -> Obj:
    namespace = (review.get("spec") or {}).get("namespace", "")
    if not namespace:
        raise bad_request("no namespace on request")
    rules, faults = access.rules_for(world, request.user, request.groups, namespace)
    fields = ("verbs", "apiGroups", "resources", "resourceNames")
    status: Obj = {
        "resourceRules": [
            {name: rule[name] for name in fields if rule.get(name)} for rule in rules if rule.get("resources")
        ],
        "nonResourceRules": [
            {name: rule[name] for name in ("verbs", "nonResourceURLs")}
            for rule in rules
            if rule.get("nonResourceURLs")
        ],
        "incomplete": False,
    }
    if faults:
        status["evaluationError"] = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
    return {**review, "status": status}


_REVIEWS: dict[str, Callable[[World, Request, Route, Obj], Obj]] = {
    "LocalSubjectAccessReview": _access,
    "SelfSubjectAccessReview": _access,
    "SelfSubjectReview": _self_subject,
    "SelfSubjectRulesReview": _rules,
    "SubjectAccessReview": _access,
    "TokenReview": _token,
}
