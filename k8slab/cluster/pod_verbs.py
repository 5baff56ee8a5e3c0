"""Subresources that do something instead of holding something: binding, eviction, tokens, logs, streams.

Models pkg/registry/core/pod/{rest,storage}, pkg/registry/core/serviceaccount/storage/token.go, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from k8slab import clock
from k8slab.api import tokens
from k8slab.api.errors import ApiError, Cause, bad_request, conflict, invalid, not_found
from k8slab.api.instants import canonical_seconds
from k8slab.api.json_text import go_quote
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj
from k8slab.api.validation._field import NOT_NEGATIVE
from k8slab.api.validation._field import forbidden as forbidden_value
from k8slab.api.validation._field import invalid as invalid_value
from k8slab.cluster import admission, bodies, subresources
from k8slab.cluster.api import PLAIN, Actor, WriteOptions, admission_request
from k8slab.cluster.options import delete_query, integer
from k8slab.cluster.owner_references import without_repeats
from k8slab.cluster.request import Request, Response
from k8slab.cluster.routes import Route, nothing_here
from k8slab.cluster.world import World

CONNECTED = ("attach", "exec", "portforward")
"""Subresources that lead to a stream; the streams themselves are the server's."""

_SUCCESS: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
_BINDING, _EVICTION = subresources.BINDING, subresources.EVICTION
_TOKEN = Kind("TokenRequest", "authentication.k8s.io", "v1", "tokenrequests", "tokenrequest", True)
_DEFAULT_TOKEN_SECONDS = 3600
_SHORTEST_TOKEN_SECONDS = 600


def create(
    world: World, request: Request, route: Route, actor: Actor, options: WriteOptions, validation: str
) -> Response:
    """POST to a subresource."""
    warn = options.warn or (lambda text: None)
    kinds = {"eviction": _EVICTION, "token": _TOKEN}
    kind = kinds.get(route.subresource, _BINDING)
    warnings: list[str] = []
    body, _ = bodies.decoded(_in_old_version(request, kind), kind, kind.api_version, validation, warnings)
    for text in warnings:
        warn(text)
    body = without_repeats(body, warn)
    _check_namespace(route, body.get("metadata") or {})
    body = subresources.admitted(
        world,
        actor,
        kind,
        (route.namespace, route.name),
        route.subresource,
        body,
        parent=route.kind,
        options=options,
    )
    cause = world.note_request(request)
    if kind is _EVICTION:
        response = _evict(world, request, route, actor, options, body, cause)
    elif kind is _TOKEN:
        response = Response(201, _token(world, route, body))
    else:
        response = _bind(world, route, actor, options, body, cause)
    return response


def _in_old_version(request: Request, kind: Kind) -> Request:
    """An Eviction may come in `policy/v1beta1`, too, which says the same."""
    if kind is not _EVICTION:
        return request
    body = bodies.parse(request) if request.body is not None else None
    if isinstance(body, dict) and body.get("apiVersion") == "policy/v1beta1":
        return request._replace(body={**body, "apiVersion": kind.api_version})
    return request


def _bind(
    world: World, route: Route, actor: Actor, options: WriteOptions, binding: Obj, cause: int
) -> Response:
    metadata = binding.get("metadata") or {}
    target = binding.get("target") or {}
    name = metadata.get("name", "")
    if route.name and name != route.name:
        raise bad_request("name in URL does not match name in Binding object")
    faults: list[str] = []
    if target.get("kind", "") not in ("", "Node"):
        supported = 'supported values: "Node", "<empty>"'
        faults.append(f'target.kind: Unsupported value: "{target["kind"]}": {supported}')
    if not target.get("name"):
        faults.append("target.name: Required value")
    if faults:
        raise ApiError(500, "", faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")
    if not name:
        raise bad_request("Name parameter required.")
    subresources.bind(
        world,
        actor,
        (route.namespace, name),
        target["name"],
        metadata.get("uid", "") if route.name else "",
        resource_version=metadata.get("resourceVersion", ""),
        annotations=metadata.get("annotations"),
        labels=metadata.get("labels"),
        cause=cause,
        dry_run=options.dry_run,
    )
    return Response(201, _SUCCESS)


def _check_namespace(route: Route, metadata: Obj) -> None:
    """400 where the object names another namespace than its path."""
    if metadata.get("namespace") and metadata["namespace"] != route.namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


_RISKY = "ignoreStoreReadErrorWithClusterBreakingPotential"
_RISKY_FIELD = f"deleteOptions.{_RISKY}"


def _evict(
    world: World,
    request: Request,
    route: Route,
    actor: Actor,
    options: WriteOptions,
    eviction: Obj,
    cause: int,
) -> Response:
    if (eviction.get("metadata") or {}).get("name", "") != route.name:
        raise bad_request("name in URL does not match name in Eviction object")
    given = eviction.get("deleteOptions") or {}
    if given.get(_RISKY):
        text = "Invalid value: true: can not be set for pod eviction, try after removing the option"
        raise invalid("Eviction", "policy", route.name, [Cause("FieldValueInvalid", text, _RISKY_FIELD)])
    asked = given.get("dryRun") or []
    if asked and options.dry_run and asked != ["All"]:
        text = f"Non-matching dry-run options in request and content: [All] and [{' '.join(asked)}]"
        raise ApiError(500, "", text)
    if world.get("Pod", route.key) is None:
        subresources.check_name(route.name)
        raise not_found("pods", "", route.name)
    choices = delete_query(request._replace(query={}), eviction.get("deleteOptions") or {})
    choices = choices._replace(dry_run=choices.dry_run or options.dry_run)
    subresources.evict(world, actor, route.key, choices, cause=cause)
    return Response(201, _SUCCESS)


def _token(world: World, route: Route, body: Obj) -> Obj:
    """A TokenRequest with its token."""
    account = world.get("ServiceAccount", route.key)
    if account is None:
        subresources.check_name(route.name)
        raise not_found("serviceaccounts", "", route.name)
    spec = body.get("spec") or {}
    seconds = spec.get("expirationSeconds") or _DEFAULT_TOKEN_SECONDS
    if seconds < _SHORTEST_TOKEN_SECONDS:
        text = f"Invalid value: {seconds}: may not specify a duration less than 10 minutes"
        raise invalid(
            "TokenRequest", _TOKEN.group, "", [Cause("FieldValueInvalid", text, "spec.expirationSeconds")]
        )
    audiences = spec.get("audiences") or []
    expires_us = world.now_us + seconds * clock.SECOND_US
    token = tokens.token(
        world.chance,
        account,
        audiences=audiences,
        seconds=seconds,
        now_us=world.now_us,
        **_bound_to(world, route, spec.get("boundObjectRef")),
    )
    metadata = {
        "name": route.name,
        "namespace": route.namespace,
        "creationTimestamp": clock.timestamp(world.now_us),
    }
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": metadata,
        "spec": {
            "audiences": audiences or [tokens.ISSUER],
            "expirationSeconds": seconds,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": token, "expirationTimestamp": clock.timestamp(expires_us)},
    }


def _bound_to(world: World, route: Route, reference: Obj | None) -> dict[str, Obj]:
    """What a token is to be bound to. 404 where it is not there, 409 for another one (`token.go`)."""
    if reference is None:
        return {}
    kind, name = reference.get("kind", ""), reference.get("name", "")
    if kind not in ("Node", "Pod", "Secret"):
        raise bad_request(
            f"cannot bind token to object of type {reference.get('apiVersion', '')}, Kind={kind}"
        )
    obj = world.get(kind, ("" if kind == "Node" else route.namespace, name))
    plural = f"{kind.lower()}s"
    if obj is None:
        raise not_found(plural, "", name)
    uid = obj["metadata"]["uid"]
    if reference.get("uid", uid) != uid:
        why = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise conflict(plural, "", name, why)
    found = {kind.lower(): obj}
    if kind == "Pod":
        if obj["spec"].get("serviceAccountName", "") != route.name:
            text = (
                f"cannot bind token for serviceaccount {go_quote(route.name)} to pod running with different "
                "serviceaccount name."
            )
            raise bad_request(text)
        node = world.get("Node", ("", obj["spec"].get("nodeName", "")))
        if node is not None:
            found["node"] = node
    return found


# Streams.


def _container(pod: Obj, asked: str) -> str:
    """The container that is meant. 400 where there is none of the name, or several to choose from."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    groups = [spec.get(field) or [] for field in ("containers", "initContainers", "ephemeralContainers")]
    names = [[one["name"] for one in group] for group in groups]
    if asked:
        if not any(asked in group for group in names):
            raise bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    if len(names[0]) == 1:
        only: str = names[0][0]
        return only
    everything = (*names[1], *names[0], *names[2])
    raise bad_request(
        f"a container name must be specified for pod {name}, choose one of: [{' '.join(everything)}]"
    )


def _check_node(world: World, pod: Obj) -> None:
    """404 where the Pod's node is not there. Upstream's words speak of a Pod, because that was asked for."""
    node = pod["spec"]["nodeName"]
    if world.get("Node", ("", node)) is None:
        raise not_found("pods", "", node)


def connect(world: World, request: Request, route: Route, actor: Actor) -> Response:
    """A request that leads to a stream into a container: refused here where the stream can't be had."""
    if request.query.get("dryRun"):
        raise bad_request("dryRun is not supported")
    if route.kind.kind != "Pod":
        raise nothing_here()
    _admit(world, request, route, actor)
    pod = world.get("Pod", route.key)
    if pod is None:
        raise not_found("pods", "", route.name)
    if route.subresource in ("exec", "attach"):
        _container(pod, request.query.get("container", ""))
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {route.name} does not have a host assigned")
    _check_node(world, pod)
    raise bad_request("Upgrade request required")


_OPTIONS = {
    "attach": Kind("PodAttachOptions", "", "v1", "pods", "pod", True),
    "exec": Kind("PodExecOptions", "", "v1", "pods", "pod", True),
    "portforward": Kind("PodPortForwardOptions", "", "v1", "pods", "pod", True),
}
_SWITCHES = ("stdin", "stdout", "stderr", "tty")


def _admit(world: World, request: Request, route: Route, actor: Actor) -> None:
    """Ask admission about a connection before anything else is said of it. ApiError where it refuses."""
    kind, query = _OPTIONS[route.subresource], request.query
    options: Obj = {"kind": kind.kind, "apiVersion": kind.api_version}
    if route.subresource == "portforward":
        ports = [int(port) for port in str(query.get("ports", "")).split(",") if port.isdigit()]
        options.update({"ports": ports} if ports else {})
    else:
        switched_on = [name for name in _SWITCHES if query.get(name, "false") not in ("", "0", "false")]
        options.update(dict.fromkeys(switched_on, True))
        options.update({"container": query["container"]} if query.get("container") else {})
        if route.subresource == "exec":
            options["command"] = _words(query.get("command", ""))
    key = (route.namespace, route.name)
    admission.validate(
        admission_request(world, actor, kind, "CONNECT", options, None, PLAIN, route.subresource, key=key)
    )


def _words(text: str) -> list[str]:
    """A command as the query has it: one word, or several as a JSON list."""
    try:
        words = json.loads(text)
    except ValueError:
        words = None
    return words if isinstance(words, list) else [text] if text else []


_LOG_NUMBERS = ("sinceSeconds", "tailLines", "limitBytes")


def _check_log_options(route: Route, query: Mapping[str, str]) -> None:
    """400 for a parameter that is no number or time, 422 for one that makes no sense."""
    numbers: dict[str, int] = {}
    for name in _LOG_NUMBERS:
        if name in query:
            numbers[name] = integer(query[name])
    if query.get("sinceTime"):
        try:
            canonical_seconds(query["sinceTime"])
        except ValueError as error:
            raise bad_request(str(error)) from None
    causes = _log_causes(query, numbers)
    if causes:
        raise invalid("PodLogOptions", "", route.name, causes)


def _log_causes(query: Mapping[str, str], numbers: Mapping[str, int]) -> list[Cause]:
    causes: list[Cause] = []
    if numbers.get("tailLines", 0) < 0:
        causes.append(invalid_value("tailLines", numbers["tailLines"], NOT_NEGATIVE))
    if numbers.get("limitBytes", 1) < 1:
        causes.append(invalid_value("limitBytes", numbers["limitBytes"], "must be greater than 0"))
    if "sinceSeconds" in numbers and query.get("sinceTime"):
        causes.append(forbidden_value("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif numbers.get("sinceSeconds", 1) < 1:
        causes.append(invalid_value("sinceSeconds", numbers["sinceSeconds"], "must be greater than 0"))
    if query.get("stream"):
        causes.append(forbidden_value("stream", "may not be specified"))
    return causes


def log(world: World, request: Request, route: Route) -> Response:
    """The log of a container: plain text; nothing at all of a Pod that has no node yet."""
    from k8slab.cluster.streams import log_response

    _check_log_options(route, request.query)
    pod = world.get("Pod", route.key)
    if pod is None:
        raise not_found("pods", "", route.name)
    container = _container(pod, request.query.get("container", ""))
    if not pod["spec"].get("nodeName"):
        return Response(204, "", "text/plain")
    _check_node(world, pod)
    query = {**request.query, "container": container}
    return log_response(world, request._replace(query=query), route.key)


__all__ = ["CONNECTED", "ApiError", "connect", "create", "log"]
