"""`kubectl auth`: who one is, and what one may do.

Models staging/src/k8s.io/kubectl/pkg/cmd/auth/{cani,whoami}.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, Verb, fail
from k8slab.kubectl.describe._rbac import _compact, _order, _resource_text
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.output.tab_writer import TABLES, aligned
from k8slab.kubectl.printing import OUTPUT_FLAGS, print_done
from k8slab.kubectl.resources import ALL_NAMESPACES, kind_named
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._reconcile import RECONCILE_FLAGS, reconcile

_AUTHORIZATION = "/apis/authorization.k8s.io/v1"
_VERBS = (
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "impersonate",
    "*",
    "approve",
    "sign",
    "escalate",
    "attest",
    "proxy",
)
_URL_VERBS = ["get", "put", "post", "head", "options", "delete", "patch", "*"]
_NOT_LISTED = ("users", "groups", "userextras", "serviceaccounts")


def _can_i(session: Session) -> None:
    flags = session.flags
    words = session.arguments
    if flags["list"]:
        if words:
            raise fail("list option must be specified with no arguments")
        if flags["quiet"] or flags["all-namespaces"] or flags["subresource"]:
            raise fail(
                "list option can't be specified with neither quiet, all-namespaces nor subresource options"
            )
        _list(session)
        return
    if len(words) != 2:
        raise KubectlError(
            "error: you must specify two arguments: verb resource or verb resource/resourceName.\n"
            "See 'kubectl auth can-i -h' for help and examples.\n"
        )
    if words[1].startswith("/"):
        spec = _of_url(session, *words)
    else:
        spec = _of_resource(session, *words)
    if flags["no-headers"]:
        raise fail("--no-headers cannot be set without --list specified")
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
    answer = session.request("POST", f"{_AUTHORIZATION}/selfsubjectaccessreviews", body=body).body
    status = answer.get("status") or {}
    allowed = status.get("allowed", False)
    if not flags["quiet"]:
        reasons = "".join(f" - {status[one]}" for one in ("reason", "evaluationError") if status.get(one))
        session.write("yes\n" if allowed else f"no{reasons}\n")
    if not allowed:
        session.code = 1


def _of_url(session: Session, verb: str, url: str) -> Obj:
    if session.flags["subresource"]:
        raise fail("--subresource can not be used with NonResourceURL")
    if verb not in _URL_VERBS:
        session.warn(f"Warning: verb '{verb}' is not a known verb\n\n")
    return {"nonResourceAttributes": {"path": url, "verb": verb}}


def _of_resource(session: Session, verb: str, word: str) -> Obj:
    resource, _, name = word.partition("/")
    attributes: Obj = {"verb": verb, "resource": resource}
    if name:
        attributes["name"] = name
    if not session.flags["all-namespaces"]:
        attributes["namespace"] = session.namespace
    if session.flags["subresource"]:
        attributes["subresource"] = session.flags["subresource"]
    if resource != "*":
        try:
            kind = kind_named(resource, session)
        except KubectlError:
            _warn_of_unknown(session, resource)
        else:
            attributes["resource"] = kind.plural
            if kind.group:
                attributes["group"] = kind.group
            if not kind.namespaced and not session.flags["all-namespaces"]:
                group = f" in group '{kind.group}'" if kind.group else ""
                session.warn(f"Warning: resource '{kind.plural}' is not namespace scoped{group}\n\n")
    if verb not in _VERBS:
        session.warn(f"Warning: verb '{verb}' is not a known verb\n\n")
    return {"resourceAttributes": attributes}


def _warn_of_unknown(session: Session, resource: str) -> None:
    name, _, group = resource.lower().partition(".")
    if name in _NOT_LISTED:
        return
    where = f" in group '{group}'" if group else ""
    session.warn(f"Warning: the server doesn't have a resource type '{name}'{where}\n\n")


def _list(session: Session) -> None:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": session.namespace},
    }
    status = session.request("POST", f"{_AUTHORIZATION}/selfsubjectrulesreviews", body=body).body["status"]
    if status.get("incomplete"):
        session.warn(f"Warning: the list may be incomplete: {status.get('evaluationError', '')}\n")
    rules = [*(status.get("resourceRules") or ()), *(status.get("nonResourceRules") or ())]
    compact = sorted(_compact(rules), key=lambda one: _order(*one))
    rows = [] if session.flags["no-headers"] else ["Resources\tNon-Resource URLs\tResource Names\tVerbs\n"]
    for permission, verbs in compact:
        urls, names = permission.url or "", permission.name or ""
        rows.append(f"{_resource_text(permission)}\t[{urls}]\t[{names}]\t[{' '.join(verbs)}]\n")
    session.write(aligned("".join(rows), TABLES))


def _who_am_i(session: Session) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = session.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=body).body
    if session.flags["output"] or session.flags["template"]:
        print_done(session, answer, "")
        return
    user = answer["status"].get("userInfo") or {}
    rows = ["ATTRIBUTE\tVALUE\n"]
    for label, field in (("Username", "username"), ("UID", "uid")):
        if user.get(field):
            rows.append(f"{label}\t{user[field]}\n")
    if user.get("groups"):
        rows.append(f"Groups\t[{' '.join(user['groups'])}]\n")
    extra = user.get("extra") or {}
    rows += [f"Extra: {name}\t[{' '.join(extra[name])}]\n" for name in sorted(extra)]
    session.write(aligned("".join(rows), TABLES))


VERB = Verb(
    "auth",
    subcommands=(
        Verb(
            "can-i",
            _can_i,
            (
                ALL_NAMESPACES,
                Flag("quiet", "q", "bool"),
                Flag("list", type="bool"),
                Flag("no-headers", type="bool"),
                Flag("subresource"),
            ),
            summary="Check whether an action is allowed",
        ),
        Verb(
            "reconcile",
            reconcile,
            RECONCILE_FLAGS,
            summary="Reconciles rules for roles and role bindings, of the cluster too",
        ),
        Verb("whoami", _who_am_i, OUTPUT_FLAGS, summary="Experimental: Check self subject attributes"),
    ),
    summary="Inspect authorization",
)
