"""Who asks, and whether they may: authentication, impersonation, nodes, and role-based access control.

`Request.user` is whom the front door (the HTTP server, kubectl) has already
recognised. A request that carries an `Authorization` header of its own is
judged by that: a token of a ServiceAccount, or nobody.

Models staging/src/k8s.io/apiserver/pkg/endpoints/filters/{authentication,impersonation,
authorization}.go, plugin/pkg/auth/authorizer/rbac/rbac.go and
pkg/registry/rbac/validation/rule.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote

from k8slab.api import default_roles, tokens
from k8slab.api.default_role_tables import CLUSTER_ROLES
from k8slab.api.errors import ApiError, bad_request, forbidden, not_found
from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj, labels_of
from k8slab.clock import SECOND_US
from k8slab.cluster import node_access
from k8slab.cluster.negotiation import header
from k8slab.cluster.request import NO_EXTRA, Request
from k8slab.cluster.routes import Place, place_of, verb_of
from k8slab.cluster.world import World
from k8slab.store.view import View

ANONYMOUS = "system:anonymous"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
MASTERS = "system:masters"
_ACCOUNT = tokens.ACCOUNT


class Attributes(NamedTuple):
    """What is asked for: a verb on a resource, or on a path where `path` is set.

    `selected_node` is the node to whose objects the field selector of a list limits it.
    """

    user: str
    groups: tuple[str, ...]
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    selected_node: str = ""


class Decision(NamedTuple):
    """Whether it is allowed, and upstream's reason (often empty)."""

    allowed: bool
    reason: str = ""


# Who asks.


def identify(world: World, request: Request) -> Request:
    """The request with the user and the groups in whose name it is made.

    Raises ApiError 401 for credentials that are none, 403 where somebody may not impersonate.
    """
    credentials = header(request, "Authorization") if _has_header(request, "authorization") else None
    if credentials is not None:
        request = _recognised(world, request, credentials)
    request = request._replace(groups=full_groups(request.user, request.groups))
    wanted = header(request, "Impersonate-User")
    groups = header(request, "Impersonate-Group")
    uid = header(request, "Impersonate-Uid")
    extra = {
        unquote(name.lower().removeprefix(_EXTRA)): [value]
        for name, value in request.headers.items()
        if name.lower().startswith(_EXTRA)
    }
    if not wanted:
        if groups or uid or extra:
            raise _nobody(groups, uid, extra)
        return request
    named = tuple(one.strip() for one in groups.split(",") if one.strip())
    _check_impersonation(world, request, wanted, named)
    return request._replace(user=wanted, groups=full_groups(wanted, named), uid=uid, extra=extra)


_EXTRA = "impersonate-extra-"


def _nobody(groups: str, uid: str, extra: dict[str, list[str]]) -> ApiError:
    """400 for impersonating a group, a UID or more of no user; it shows the Go value of that user."""

    def texts(values: Sequence[str]) -> str:
        return f"[]string{{{', '.join(map(go_quote, values))}}}"

    named = [one.strip() for one in groups.split(",") if one.strip()]
    shown_groups = texts(named) if named else "[]string(nil)"
    pairs = ", ".join(f"{go_quote(key)}:{texts(extra[key])}" for key in sorted(extra))
    shown_extra = f"map[string][]string{{{pairs}}}" if extra else "map[string][]string(nil)"
    user = f'&user.DefaultInfo{{Name:"", UID:{go_quote(uid)}, Groups:{shown_groups}, Extra:{shown_extra}}}'
    return bad_request(f"requested {user} without impersonating a user name")


def _has_header(request: Request, name: str) -> bool:
    return any(key.lower() == name for key in request.headers)


def full_groups(user: str, groups: Sequence[str]) -> tuple[str, ...]:
    """A user's groups with those that everybody, or every ServiceAccount, is in."""
    found = dict.fromkeys(groups)
    if user.startswith(_ACCOUNT) and user.count(":") == 3 and not groups:
        namespace = user.removeprefix(_ACCOUNT).partition(":")[0]
        found |= {"system:serviceaccounts": None, f"system:serviceaccounts:{namespace}": None}
    if user == ANONYMOUS:
        return tuple(found) or (UNAUTHENTICATED,)
    if UNAUTHENTICATED not in found:
        found[AUTHENTICATED] = None
    return tuple(found)


def _recognised(world: World, request: Request, credentials: str) -> Request:
    """The request as made by the holder of these credentials; without any, by the anonymous user."""
    scheme, _, token = credentials.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return request._replace(user=ANONYMOUS, groups=(UNAUTHENTICATED,), uid="", extra=NO_EXTRA)
    holder = holder_of_token(world, token.strip())
    if isinstance(holder, str) or tokens.ISSUER not in holder.audiences:
        raise ApiError(401, "Unauthorized", "Unauthorized")
    return request._replace(user=holder.user, groups=(), uid=holder.uid, extra=holder.extra)


def _check_impersonation(world: World, request: Request, user: str, groups: tuple[str, ...]) -> None:
    """403 where the one who asks may not act as these."""
    if user.startswith(_ACCOUNT) and user.count(":") == 3:
        namespace, _, name = user.removeprefix(_ACCOUNT).partition(":")
        asked = [("serviceaccounts", namespace, name)]
    else:
        asked = [("users", "", user)]
    asked += [("groups", "", group) for group in groups]
    for resource, namespace, name in asked:
        attributes = Attributes(
            request.user, request.groups, "impersonate", "", resource, "", namespace, name
        )
        check(world, attributes)


# Tokens of ServiceAccounts.


UNKNOWN_TOKEN = "invalid bearer token"
_INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since"


class Holder(NamedTuple):
    """Whom a token stands for: a user name, its UID, and what else the token says (`extra` by its names)."""

    user: str
    uid: str
    audiences: tuple[str, ...]
    extra: Obj


def holder_of_token(world: World, token: str) -> Holder | str:
    """Whom a token stands for, or why for nobody, in upstream's words.

    A token goes with its account, and with the Pod, Secret or node that it is bound to.
    """
    claims = tokens.claims_of(world.chance, token)
    if claims is None:
        return UNKNOWN_TOKEN
    if claims["iss"] == tokens.LEGACY_ISSUER:
        return _holder_of_secret(world, claims, token)
    if claims["exp"] * SECOND_US <= world.now_us:
        return "service account token has expired"
    private = claims["kubernetes.io"]
    namespace, account = private["namespace"], private["serviceaccount"]
    stored = world.get("ServiceAccount", (namespace, account["name"]))
    if stored is None:
        return f'serviceaccounts "{account["name"]}" not found'
    uid = stored["metadata"]["uid"]
    if uid != account["uid"]:
        return f"service account UID ({uid}) does not match claim ({account['uid']})"
    why = _invalidated(world, private)
    if why:
        return why
    extra: Obj = {"authentication.kubernetes.io/credential-id": [f"JTI={claims['jti']}"]}
    for name in ("node", "pod"):
        if name in private:
            extra[f"authentication.kubernetes.io/{name}-name"] = [private[name]["name"]]
            extra[f"authentication.kubernetes.io/{name}-uid"] = [private[name]["uid"]]
    return Holder(claims["sub"], uid, tuple(claims["aud"]), dict(sorted(extra.items())))


def _holder_of_secret(world: World, claims: Obj, token: str) -> Holder | str:
    """Whom the token of a Secret stands for: as long as the Secret holds it and its account is there."""
    prefix = tokens.LEGACY_CLAIM
    namespace, name = claims[f"{prefix}namespace"], claims[f"{prefix}service-account.name"]
    uid, secret_name = claims[f"{prefix}service-account.uid"], claims[f"{prefix}secret.name"]
    secret = world.get("Secret", (namespace, secret_name))
    if secret is None or "deletionTimestamp" in secret["metadata"]:
        return "Token has been invalidated"
    if (secret.get("data") or {}).get("token") != base64.b64encode(token.encode()).decode():
        return "Token does not match server's copy"
    account = world.get("ServiceAccount", (namespace, name))
    if account is None:
        return f'serviceaccounts "{name}" not found'
    if "deletionTimestamp" in account["metadata"]:
        return f"ServiceAccount {namespace}/{name} has been deleted"
    if account["metadata"]["uid"] != uid:
        return f"ServiceAccount UID ({account['metadata']['uid']}) does not match claim ({uid})"
    if labels_of(secret).get(_INVALID_SINCE):
        return (
            f"the token in secret {namespace}/{secret_name} for service account {namespace}/{name} has been "
            "marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, "
            f"or remove the '{_INVALID_SINCE}' label from the secret to temporarily allow use of this token"
        )
    return Holder(claims["sub"], uid, (tokens.ISSUER,), {})


def _invalidated(world: World, private: Obj) -> str:
    """Why what a token is bound to is no more, or another; a Pod's node may go."""
    bound = [("pod", "Pod"), ("secret", "Secret")]
    if "pod" not in private:
        bound.append(("node", "Node"))
    for name, kind in bound:
        claim = private.get(name)
        if claim is None:
            continue
        namespace = "" if kind == "Node" else private["namespace"]
        obj = world.get(kind, (namespace, claim["name"]))
        if obj is None:
            return "service account token has been invalidated"
        uid = obj["metadata"]["uid"]
        if uid != claim["uid"]:
            shown = {"pod": "pod", "secret": "secret", "node": "node"}[name]
            return f"{kind} UID ({uid}) does not match service account {shown} ref claim ({claim['uid']})"
    return ""


# Whether they may.


def attributes_of(request: Request) -> Attributes:
    """What a request asks for."""
    place: Place | None = place_of(request.path)
    verb = verb_of(request, place)
    if place is None:
        return Attributes(request.user, request.groups, verb, path=request.path)
    return Attributes(
        request.user,
        request.groups,
        verb,
        place.group,
        place.plural,
        place.subresource.partition("/")[0],
        place.namespace,
        place.name or _name_in_selector(request, verb),
        selected_node=node_access.selected_node(_selector_text(request, verb)),
    )


def _selector_text(request: Request, verb: str) -> str:
    return request.query.get("fieldSelector", "") if verb in ("list", "watch", "deletecollection") else ""


def _name_in_selector(request: Request, verb: str) -> str:
    """The one name that a list's field selector asks for, which counts as the request's name."""
    for term in _selector_text(request, verb).split(","):
        path, sign, value = term.partition("=")
        if sign and path == "metadata.name" and not value.startswith("="):
            return value
    return ""


def check(view: View, attributes: Attributes) -> None:
    """403 in upstream's words for what is not allowed."""
    decision = authorize(view, attributes)
    if not decision.allowed:
        text = _sanitised(_forbidden_text(attributes))
        why = f"{text}: {decision.reason}" if decision.reason else text
        raise forbidden(attributes.resource, attributes.group, attributes.name, why)


def _sanitised(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _forbidden_text(asked: Attributes) -> str:
    user = go_quote(asked.user)
    if asked.path:
        return f"User {user} cannot {asked.verb} path {go_quote(asked.path)}"
    resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    text = (
        f"User {user} cannot {asked.verb} resource {go_quote(resource)} in API group {go_quote(asked.group)}"
    )
    if asked.namespace:
        return f"{text} in the namespace {go_quote(asked.namespace)}"
    return f"{text} at the cluster scope"


def authorize(view: View, asked: Attributes) -> Decision:
    """Whether something is allowed: to `system:masters` everything, to nodes and others by what they are.

    The authorizers are asked in turn, as with `--authorization-mode=Node,RBAC`.
    """
    if MASTERS in asked.groups:
        return Decision(True)
    as_node = _authorize_node(view, asked)
    if as_node.allowed:
        return as_node
    by_role = _authorize_by_role(view, asked)
    if by_role.allowed:
        return by_role
    return Decision(False, "\n".join(one.reason for one in (as_node, by_role) if one.reason))


def _authorize_node(view: View, asked: Attributes) -> Decision:
    """What a node may do: some of it by its Pods, the rest by the rules that hold for all nodes."""
    node = node_access.node_of(asked.user, asked.groups)
    if node is None:
        return Decision(False)
    if not node:
        return Decision(False, node_access.unknown_node(asked.user))
    if not asked.path:
        wanted = node_access.Asked(
            asked.verb, asked.subresource, asked.namespace, asked.name, asked.selected_node
        )
        opinion = node_access.opinion(view, node, asked.group, asked.resource, wanted)
        if opinion.allowed is not None:
            return Decision(opinion.allowed, opinion.reason)
    return Decision(any(rule_allows(rule, asked) for rule in _node_rules()))


@cache
def _node_rules() -> tuple[Obj, ...]:
    return tuple(default_roles.rules_of(CLUSTER_ROLES["system:node"]))


def _authorize_by_role(view: View, asked: Attributes) -> Decision:
    faults: list[str] = []
    for source, rule, fault in _rules(view, asked.user, asked.groups, asked.namespace):
        if fault:
            faults.append(fault)
        elif rule_allows(rule, asked):
            return Decision(True, f"RBAC: allowed by {source}")
    if not faults:
        return Decision(False)
    unique = list(dict.fromkeys(faults))
    return Decision(False, f"RBAC: {unique[0]}" if len(unique) == 1 else f"RBAC: [{', '.join(unique)}]")


def rules_for(view: View, user: str, groups: Sequence[str], namespace: str) -> tuple[list[Obj], list[str]]:
    """The rules that hold for a user in a namespace, and what went wrong while they were looked up."""
    rules: list[Obj] = []
    is_node = node_access.node_of(user, tuple(groups)) is not None
    faults = ["node authorizer does not support user rule resolution"] if is_node else []
    for _, rule, fault in _rules(view, user, groups, namespace):
        if fault:
            faults.append(fault)
        else:
            rules.append(rule)
    return rules, faults


_NO_RULE: Obj = {}


def _rules(view: View, user: str, groups: Sequence[str], namespace: str) -> Iterator[tuple[str, Obj, str]]:
    """Each rule that applies, with the text of its binding, or why a binding's role can't be read."""
    for binding in sorted(view.list("ClusterRoleBinding"), key=lambda one: one["metadata"]["name"]):
        yield from _rules_of(view, binding, user, groups, "")
    if namespace:
        bindings = view.list("RoleBinding", namespace=namespace)
        for binding in sorted(bindings, key=lambda one: one["metadata"]["name"]):
            yield from _rules_of(view, binding, user, groups, namespace)


def _rules_of(
    view: View, binding: Obj, user: str, groups: Sequence[str], namespace: str
) -> Iterator[tuple[str, Obj, str]]:
    subject = next(
        (one for one in binding.get("subjects") or () if _is_subject(one, user, groups, namespace)), None
    )
    if subject is None:
        return
    reference = binding["roleRef"]
    try:
        rules = _role_rules(view, reference, namespace)
    except ApiError as error:
        yield "", _NO_RULE, error.message
        return
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    name = binding["metadata"]["name"] + (f"/{namespace}" if namespace else "")
    to = _subject_text(subject, namespace)
    source = f'{kind} "{name}" of {reference["kind"]} "{reference["name"]}" to {to}'
    for rule in rules:
        yield source, rule, ""


def _is_subject(subject: Obj, user: str, groups: Sequence[str], namespace: str) -> bool:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "User":
        return bool(user == name)
    if kind == "Group":
        return name in groups
    where = subject.get("namespace") or namespace
    return bool(kind == "ServiceAccount" and where and user == f"{_ACCOUNT}{where}:{name}")


def _subject_text(subject: Obj, namespace: str) -> str:
    if subject["kind"] == "ServiceAccount":
        return f'ServiceAccount "{subject["name"]}/{subject.get("namespace") or namespace}"'
    return f'{subject["kind"]} "{subject["name"]}"'


def _role_rules(view: View, reference: Obj, namespace: str) -> Sequence[Obj]:
    """The rules of the role that a binding names. ApiError where there is no such role."""
    kind, name = reference["kind"], reference["name"]
    role = view.get(kind, (namespace if kind == "Role" else "", name))
    if role is None:
        raise not_found(kind.lower(), "rbac.authorization.k8s.io", name)
    return role.get("rules") or ()


def rule_allows(rule: Obj, asked: Attributes) -> bool:
    """Whether one rule allows what is asked for."""
    if not _has(rule, "verbs", asked.verb):
        return False
    if asked.path:
        return any(
            one in ("*", asked.path) or (one.endswith("*") and asked.path.startswith(one.rstrip("*")))
            for one in rule.get("nonResourceURLs") or ()
        )
    names = rule.get("resourceNames") or ()
    return (
        _has(rule, "apiGroups", asked.group)
        and _has_resource(rule, asked)
        and (not names or asked.name in names)
    )


def _has(rule: Obj, field: str, value: str) -> bool:
    allowed = rule.get(field) or ()
    return "*" in allowed or value in allowed


def _has_resource(rule: Obj, asked: Attributes) -> bool:
    resources = rule.get("resources") or ()
    if not asked.subresource:
        return "*" in resources or asked.resource in resources
    combined = f"{asked.resource}/{asked.subresource}"
    return "*" in resources or combined in resources or f"*/{asked.subresource}" in resources
