"""`create namespace`, `quota`, `poddisruptionbudget`, `priorityclass`, `serviceaccount` and `token`.

Models staging/src/k8s.io/kubectl/pkg/cmd/create/{create_namespace,create_quota,create_pdb,
create_priorityclass,create_serviceaccount,create_token}.go, v1.36.
"""

from __future__ import annotations

import re

from k8slab.api import quantities
from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.api.selectors import parse_selector
from k8slab.clock import SECOND_US
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import OUTPUT_FLAGS, print_done
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.verbs._create import generator, metadata_of, one_name


def _namespace(session: Session, name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _service_account(session: Session, name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata_of(session, name)}


def _quota(session: Session, name: str) -> Obj:
    hard: Obj = {}
    for statement in filter(None, [session.flags["hard"]]):
        for pair in statement.split(","):
            parts = pair.split("=")
            if len(parts) != 2:
                raise fail(f"Invalid argument syntax {pair}, expected <resource>=<value>")
            try:
                hard[parts[0]] = quantities.canonical(parts[1])
            except ValueError as error:
                raise fail(str(error)) from error
    spec: Obj = {"hard": hard} if hard else {}
    if session.flags["scopes"]:
        spec["scopes"] = session.flags["scopes"].split(",")
        if "" in spec["scopes"]:
            raise fail('invalid resource quota scope ""')
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": metadata_of(session, name),
        "spec": spec,
    }


def _amount(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _disruption_budget(session: Session, name: str) -> Obj:
    flags = session.flags
    if not flags["selector"]:
        raise fail("a selector must be specified")
    if not flags["max-unavailable"] and not flags["min-available"]:
        raise fail("one of min-available or max-unavailable must be specified")
    if flags["max-unavailable"] and flags["min-available"]:
        raise fail("min-available and max-unavailable cannot be both specified")
    for flag in ("min-available", "max-unavailable"):
        if flags[flag] and not re.fullmatch("[0-9]+%?", flags[flag]):
            raise fail(f"invalid format specified for {flag}")
    spec: Obj = {"selector": label_selector(flags["selector"])}
    if flags["min-available"]:
        spec["minAvailable"] = _amount(flags["min-available"])
    else:
        spec["maxUnavailable"] = _amount(flags["max-unavailable"])
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata_of(session, name),
        "spec": spec,
    }


def label_selector(text: str) -> Obj:
    """The LabelSelector that a selector's text means. KubectlError for a text that can't be read."""
    labels: dict[str, str] = {}
    expressions: list[Obj] = []
    try:
        requirements = parse_selector(text)
    except (ValueError, ApiError) as error:
        raise fail(f'couldn\'t parse the selector string "{text}": {error}') from error
    for label, operator, values in requirements:
        is_set = re.search(rf"(?:^|,)\s*{re.escape(label)}\s+in\s*\(", text)
        if operator == "In" and len(values) == 1 and not is_set:
            labels[label] = values[0]
        elif operator in ("Gt", "Lt"):
            raise fail(f'"{operator.lower()}" isn\'t supported in label selectors')
        elif operator == "NotIn" and re.search(rf"(?:^|,)\s*{re.escape(label)}\s*!=", text):
            raise fail('"!=" is not a valid label selector operator')
        else:
            expression: Obj = {"key": label, "operator": operator}
            if values:
                expression["values"] = list(values)
            expressions.append(expression)
    selector: Obj = {"matchLabels": labels} if labels else {}
    if expressions:
        selector["matchExpressions"] = expressions
    return selector


def _priority_class(session: Session, name: str) -> Obj:
    flags = session.flags
    obj: Obj = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": flags["value"],
        "preemptionPolicy": flags["preemption-policy"],
    }
    if flags["global-default"]:
        obj["globalDefault"] = True
    if flags["description"]:
        obj["description"] = flags["description"]
    return obj


_BOUND_KINDS = {"Node": "v1", "Pod": "v1", "Secret": "v1"}


def _check_token(session: Session) -> None:
    flags = session.flags
    if flags["duration"] < 0:
        raise fail("--duration must be greater than or equal to 0")
    if flags["duration"] % SECOND_US:
        raise fail("--duration cannot be expressed in units less than seconds")
    if "" in flags["audience"]:
        raise fail("--audience must not be an empty string")
    kind = flags["bound-object-kind"]
    if not kind:
        for flag in ("bound-object-name", "bound-object-uid"):
            if flags[flag]:
                raise fail(f"--{flag} can only be set if --bound-object-kind is provided")
        return
    if kind not in _BOUND_KINDS:
        raise fail(f"supported --bound-object-kind values are {', '.join(sorted(_BOUND_KINDS))}")
    if not flags["bound-object-name"]:
        raise fail("--bound-object-name is required if --bound-object-kind is provided")


def _token(session: Session) -> None:
    """Ask for a token of a ServiceAccount, and print it."""
    flags = session.flags
    name = one_name(session)
    _check_token(session)
    spec: Obj = {"audiences": flags["audience"] or None}
    if flags["duration"]:
        spec["expirationSeconds"] = flags["duration"] // SECOND_US
    kind = flags["bound-object-kind"]
    if kind:
        spec["boundObjectRef"] = {
            "kind": kind,
            "apiVersion": _BOUND_KINDS[kind],
            "name": flags["bound-object-name"],
            **({"uid": flags["bound-object-uid"]} if flags["bound-object-uid"] else {}),
        }
    body: Obj = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {},
        "spec": spec,
    }
    path = path_of(kinds()["ServiceAccount"], session.namespace, name, "token")
    try:
        answer = session.request("POST", path, body=body).body
    except ApiError as error:
        raise fail(f"failed to create token: {error.message}") from error
    if flags["output"] or flags["template"]:
        print_done(session, answer, "created")
        return
    token = (answer.get("status") or {}).get("token")
    if not token:
        raise fail("failed to create token: no token in server response")
    # Only a terminal gets a line break behind it.
    session.write(token)


NAMESPACE = generator(
    "namespace", _namespace, aliases=("ns",), summary="Create a namespace with the specified name"
)
SERVICE_ACCOUNT = generator(
    "serviceaccount",
    _service_account,
    failure="failed to create serviceaccount:",
    aliases=("sa",),
    summary="Create a service account with the specified name",
)
QUOTA = generator(
    "quota",
    _quota,
    Flag("hard"),
    Flag("scopes"),
    failure="failed to create quota:",
    aliases=("resourcequota",),
    summary="Create a quota with the specified name",
)
DISRUPTION_BUDGET = generator(
    "poddisruptionbudget",
    _disruption_budget,
    Flag("min-available"),
    Flag("max-unavailable"),
    Flag("selector"),
    failure="failed to create poddisruptionbudgets:",
    aliases=("pdb",),
    summary="Create a pod disruption budget with the specified name",
)
PRIORITY_CLASS = generator(
    "priorityclass",
    _priority_class,
    Flag("value", type="int32"),
    Flag("global-default", type="bool"),
    Flag("description"),
    Flag("preemption-policy", default="PreemptLowerPriority"),
    failure="failed to create priorityclass:",
    aliases=("pc",),
    summary="Create a priority class with the specified name",
)
TOKEN = Verb(
    "token",
    _token,
    (
        *OUTPUT_FLAGS,
        Flag("audience", type="array"),
        Flag("duration", type="duration"),
        Flag("bound-object-kind"),
        Flag("bound-object-name"),
        Flag("bound-object-uid"),
    ),
    summary="Request a service account token",
)
