"""Kinds that are asked and never stored: who am I, may I, and what may I.

Models pkg/registry/{authentication,authorization}/*/rest.go and
pkg/apis/authorization/validation/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.api.errors import Cause, invalid
from k8slab.api.meta import Obj
from k8slab.api.validation._field import invalid as invalid_value
from k8slab.cluster import access
from k8slab.cluster.request import Request
from k8slab.cluster.routes import Route
from k8slab.cluster.world import World


def answer(world: World, request: Request, route: Route, review: Obj) -> Obj:
    """A review with its status. ApiError 422 for one that doesn't say what it asks."""
    return _REVIEWS[route.kind.kind](world, request, route, review)


def _user_info(request: Request) -> Obj:
    info: Obj = {"username": request.user, "groups": list(request.groups)}
    return {**info, "uid": request.uid} if request.uid else info


def _self_subject(world: World, request: Request, route: Route, review: Obj) -> Obj:
    return {**review, "status": {"userInfo": _user_info(request)}}


def _token(world: World, request: Request, route: Route, review: Obj) -> Obj:
    token = (review.get("spec") or {}).get("token", "")
    if not token:
        cause = Cause("FieldValueRequired", "Required value", "spec.token")
        raise invalid("TokenReview", route.group, "", [cause])
    user = access.account_of_token(world, token)
    if user is None:
        error = "[invalid bearer token, square/go-jose: error in cryptographic primitive]"
        return {**review, "status": {"user": {}, "error": error}}
    info = {"username": user, "groups": list(access.full_groups(user, ()))}
    return {**review, "status": {"authenticated": True, "user": info}}


def _access_faults(spec: Obj, subject: bool) -> list[Cause]:
    causes: list[Cause] = []
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        text = "cannot be specified in combination with resourceAttributes"
        causes.append(invalid_value("spec.nonResourceAttributes", path, text))
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
    if causes:
        raise invalid(route.kind.kind, route.group, "", causes)
    user, groups = (
        (request.user, request.groups) if own else (spec.get("user", ""), tuple(spec.get("groups") or ()))
    )
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
        )
    decision = access.authorize(world, asked)
    status: Obj = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return {**review, "status": status}


def _rules(world: World, request: Request, route: Route, review: Obj) -> Obj:
    namespace = (review.get("spec") or {}).get("namespace", "")
    if not namespace:
        from k8slab.api.errors import bad_request

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
