"""Discovery: which groups, versions and resources the server offers, its version and its health.

Models staging/src/k8s.io/apiserver/pkg/endpoints/discovery (old and aggregated),
pkg/server/{routes,healthz}, the priorities of kube-aggregator's APIServices in
cmd/kube-apiserver/app/aggregator.go, and pkg/util/version, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from functools import cache

from k8slab.api import tokens
from k8slab.api.api_services import CUSTOM_GROUP_PRIORITY, PRIORITIES
from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj
from k8slab.cluster import aggregation
from k8slab.cluster.custom_kinds import definition_of, is_custom
from k8slab.cluster.kinds import kinds_served
from k8slab.cluster.negotiation import JSON, MEDIA_TYPES, check_routed, header, not_acceptable, plain_type
from k8slab.cluster.request import Request, Response
from k8slab.cluster.routes import SUBRESOURCE_VERBS, not_allowed, nothing_here, page_not_found
from k8slab.cluster.world import World
from k8slab.network.api_server import VERSIONS

VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}

_TEXT = "text/plain; charset=utf-8"

_GROUP_PRIORITIES = {
    "apiregistration.k8s.io": 20000,
    **{group: priority for (group, _), (priority, _) in PRIORITIES.items() if group},
}

_SUBRESOURCE_KINDS: dict[tuple[str, str], tuple[str, str, str]] = {
    ("", "scale"): ("autoscaling", "v1", "Scale"),
    ("pods", "attach"): ("", "", "PodAttachOptions"),
    ("pods", "binding"): ("", "", "Binding"),
    ("pods", "eviction"): ("policy", "v1", "Eviction"),
    ("pods", "exec"): ("", "", "PodExecOptions"),
    ("pods", "portforward"): ("", "", "PodPortForwardOptions"),
    ("pods", "proxy"): ("", "", "PodProxyOptions"),
    ("services", "proxy"): ("", "", "ServiceProxyOptions"),
    ("nodes", "proxy"): ("", "", "NodeProxyOptions"),
    ("serviceaccounts", "token"): ("authentication.k8s.io", "v1", "TokenRequest"),
}
"""Group, version and kind of what a subresource takes or gives, where it isn't its object's."""

_POST_START_HOOKS = (
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "priority-and-fairness-config-consumer",
    "priority-and-fairness-filter",
    "storage-object-count-tracker-hook",
    "start-apiextensions-informers",
    "start-apiextensions-controllers",
    "crd-informer-synced",
    "start-system-namespaces-controller",
    "peer-endpoint-reconciler-controller",
    "start-cluster-authentication-info-controller",
    "start-kube-apiserver-identity-lease-controller",
    "start-kube-apiserver-identity-lease-garbage-collector",
    "storage-readiness",
    "start-legacy-token-tracking-controller",
    "start-service-ip-repair-controllers",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "bootstrap-controller",
    "start-kubernetes-service-cidr-controller",
    "aggregator-reload-proxy-client-cert",
    "start-kube-aggregator-informers",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-registration-controller",
    "apiservice-wait-for-first-sync",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
    "apiservice-openapi-controller",
    "apiservice-openapiv3-controller",
)
"""In the order in which the server adds them, in which it also tells of them."""
_AFTER_AUTOREGISTRATION = _POST_START_HOOKS.index("kube-apiserver-autoregistration") + 1
_FIRST_CHECKS = {
    "healthz": ("ping", "log", "loopback-serving-certificate", "etcd"),
    "livez": ("ping", "log", "loopback-serving-certificate", "etcd"),
    "readyz": ("ping", "log", "informer-sync"),
}
_LAST_CHECKS = {"readyz": ("shutdown",)}
_OTHER_PATHS = (
    "/.well-known/openid-configuration",
    "/api",
    "/api/v1",
    "/apis",
    "/apis/",
    "/flagz",
    "/metrics",
    "/metrics/slis",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/openid/v1/jwks",
    "/statusz",
    "/version",
)


def answer(world: World, request: Request) -> Response | None:
    """The answer to a request that names no resource; None for any other."""
    if request.path.startswith("//"):
        raise page_not_found()
    path = request.path.rstrip("/") or "/"
    parts = path.split("/")[1:]
    reads = request.method == "GET"
    if parts[0] in _FIRST_CHECKS:
        if request.path != path:
            raise page_not_found()
        return _FIXED[path](world, request) if path in _FIXED else _health_check(parts)
    fixed = _FIXED.get(path)
    if fixed is not None:
        if path in _ONLY_READ and not reads:
            raise not_allowed()
        return fixed(world, request)
    found = None
    if parts[0] == "apis" and len(parts) == 2:
        return _group(world, parts[1])
    if parts[0] == "api" and len(parts) == 2:
        found = _resources(world, "", parts[1])
    elif parts[0] == "apis" and len(parts) == 3:
        found = _resources(world, parts[1], parts[2])
    if found is not None and not reads:
        raise not_allowed()
    return found


def media_type(request: Request, response: Response) -> str:
    """In which media type a document of discovery is told. 406 where a client accepts none in which it is.

    Documents that go through the router are refused by it first; the version is told in JSON alone.
    """
    parts = request.path.strip("/").split("/")
    if parts == ["version"]:
        check_routed(request, (JSON,))
    if parts[0] not in ("api", "apis"):
        return JSON
    if parts[0] == "api" or len(parts) > 2:
        check_routed(request, MEDIA_TYPES)
    found = JSON if response.content_type != JSON else plain_type(request)
    if not found:
        raise not_acceptable(MEDIA_TYPES)
    return found


_ONLY_READ = ("/api", "/version", tokens.CONFIGURATION_PATH, tokens.KEYS_PATH)


# Groups and versions.


def groups_of(world: World) -> dict[str, dict[str, list[Kind]]]:
    """By group and version the kinds that are served, groups and versions in order of preference."""
    table: dict[str, dict[str, list[Kind]]] = {}
    for (group, version, _), kind in kinds_served(world).items():
        table.setdefault(group, {}).setdefault(version, []).append(kind)
    priorities = dict(_GROUP_PRIORITIES)
    for (group, version), service in aggregation.remote_services(world).items():
        table.setdefault(group, {}).setdefault(version, [])
        priority = service["spec"]["groupPriorityMinimum"]
        priorities[group] = max(priority, priorities.get(group, 0))
    ordered = sorted(table, key=lambda name: (-priorities.get(name, CUSTOM_GROUP_PRIORITY), name))
    return {
        group: {version: table[group][version] for version in sorted(table[group], key=_version_order)}
        for group in ordered
    }


def _version_order(version: str) -> tuple[int, int, int, str]:
    """Newest stable version first, then beta, then alpha (`CompareKubeAwareVersionStrings`)."""
    for rank, stage in enumerate(("", "beta", "alpha")):
        major, found, minor = version.removeprefix("v").partition(stage) if stage else (version[1:], "", "")
        if version.startswith("v") and major.isdigit() and (not stage or (found and minor.isdigit())):
            return rank, -int(major), -int(minor or 0), version
    return 3, 0, 0, version


def _versions(group: str, versions: Iterable[str]) -> list[Obj]:
    return [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]


def _group_document(group: str, versions: dict[str, list[Kind]]) -> Obj:
    listed = _versions(group, versions)
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def _group(world: World, group: str) -> Response:
    versions = groups_of(world).get(group) if group else None
    if versions is None:
        raise ApiError(404, "", "404 page not found\n")
    document = _group_document(group, versions)
    return Response(200, {"kind": "APIGroup", "apiVersion": "v1", **document})


_ADDRESSES: list[Obj] = VERSIONS["serverAddressByClientCIDRs"]
_DISCOVERY_LIST = "APIGroupDiscoveryList"


def _aggregated_version(request: Request) -> str:
    """The version of aggregated discovery that the client likes best; empty for the old form."""
    for clause in header(request, "Accept").split(","):
        pieces = [piece.strip() for piece in clause.split(";")]
        parameters = dict(piece.partition("=")[::2] for piece in pieces[1:])
        if pieces[0] not in (JSON, "application/*", "*/*"):
            continue
        if not parameters or "as" not in parameters:
            return ""
        if parameters.get("as") == _DISCOVERY_LIST and parameters.get("g") == "apidiscovery.k8s.io":
            version = parameters.get("v", "")
            if version in ("v2", "v2beta1"):
                return version
    return ""


def _legacy_root(world: World, request: Request) -> Response:
    version = _aggregated_version(request)
    if version:
        return _aggregated(world, version, lambda group: not group)
    return Response(200, VERSIONS)


def _group_root(world: World, request: Request) -> Response:
    version = _aggregated_version(request)
    if version:
        return _aggregated(world, version, bool)
    groups = [_group_document(group, versions) for group, versions in groups_of(world).items() if group]
    return Response(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})


def _aggregated(world: World, version: str, wanted: Callable[[str], bool]) -> Response:
    items = [
        {
            "metadata": {"name": group} if group else {},
            "versions": [_version_document(world, group, one, kinds) for one, kinds in versions.items()],
        }
        for group, versions in groups_of(world).items()
        if wanted(group)
    ]
    body = {
        "kind": _DISCOVERY_LIST,
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }
    content_type = f"{JSON};g=apidiscovery.k8s.io;v={version};as={_DISCOVERY_LIST}"
    return Response(200, body, content_type)


def _version_document(world: World, group: str, version: str, kinds: list[Kind]) -> Obj:
    remote = None if kinds else aggregation.remote_services(world).get((group, version))
    if remote is not None:
        return aggregation.discovered(world, group, version, remote)
    return {"version": version, "resources": _discovered(group, version, kinds), "freshness": "Current"}


_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


def _verbs(kind: Kind) -> list[str]:
    """Sorted, but for custom kinds, whose server has an order of its own."""
    return list(_CUSTOM_VERBS) if is_custom(kind) else sorted(kind.verbs)


def _discovered(group: str, version: str, kinds: list[Kind]) -> list[Obj]:
    """The resources of a version, as aggregated discovery lists them."""
    found: list[Obj] = []
    for kind in sorted(kinds, key=lambda one: one.plural):
        resource: Obj = {
            "resource": kind.plural,
            "responseKind": _response_kind(group, version, group, version, kind.kind),
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "singularResource": kind.singular,
            "verbs": _verbs(kind),
        }
        if kind.short_names:
            resource["shortNames"] = list(kind.short_names)
        if kind.categories:
            resource["categories"] = list(kind.categories)
        parts = [_discovered_part(group, version, kind, part) for part in sorted(kind.subresources)]
        if parts:
            resource["subresources"] = parts
        found.append(resource)
    return found


def _discovered_part(group: str, version: str, kind: Kind, part: str) -> Obj:
    other = _subresource_kind(kind, part)
    place = (other[0], other[1], other[2]) if other is not None else (group, version, kind.kind)
    return {
        "subresource": part,
        "responseKind": _response_kind(group, version, *place),
        "verbs": list(SUBRESOURCE_VERBS[part]),
    }


def _response_kind(group: str, version: str, own_group: str, own_version: str, kind: str) -> Obj:
    """Group and version are left empty where they are those of the list itself."""
    same = (own_group, own_version) in ((group, version), ("", ""))
    return {"group": "" if same else own_group, "version": "" if same else own_version, "kind": kind}


def _subresource_kind(kind: Kind, part: str) -> tuple[str, str, str] | None:
    return _SUBRESOURCE_KINDS.get((kind.plural, part)) or _SUBRESOURCE_KINDS.get(("", part))


def _resources(world: World, group: str, version: str) -> Response:
    """The resources of one group and version, in the old form."""
    groups = groups_of(world)
    if group not in groups:
        raise ApiError(404, "", "404 page not found\n")
    kinds = groups[group].get(version)
    if kinds is None:
        raise nothing_here()
    found: list[Obj] = []
    for kind in kinds:
        resource: Obj = {
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": _verbs(kind),
        }
        if kind.short_names:
            resource["shortNames"] = list(kind.short_names)
        if kind.categories:
            resource["categories"] = list(kind.categories)
        stored = _storage_version(world, group, version, kind)
        if stored:
            resource["storageVersionHash"] = _storage_hash(*stored, kind.kind)
        found.append(resource)
        found.extend(_listed_part(kind, part) for part in kind.subresources)
    body: Obj = {"kind": "APIResourceList"}
    if group:
        body["apiVersion"] = "v1"
    body["groupVersion"] = f"{group}/{version}" if group else version
    body["resources"] = sorted(found, key=lambda one: str(one["name"]))
    return Response(200, body)


_STORED_ELSEWHERE = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"): ("apiextensions.k8s.io", "v1beta1"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): ("admissionregistration.k8s.io", "v1beta1"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): (
        "admissionregistration.k8s.io",
        "v1beta1",
    ),
    ("autoscaling", "HorizontalPodAutoscaler"): ("autoscaling", "v2"),
    ("events.k8s.io", "Event"): ("", "v1"),
}
"""The group and version in which a real server of v1.36 stores a kind, where it is another one."""


def _storage_version(world: World, group: str, version: str, kind: Kind) -> tuple[str, str] | None:
    """The group and version in which objects of a kind are stored; None where there is nothing to store."""
    if "watch" not in kind.verbs:
        return None
    definition = definition_of(world, kind) if is_custom(kind) else None
    if definition is None:
        return _STORED_ELSEWHERE.get((group, kind.kind), (group, version))
    versions = definition["spec"]["versions"]
    stored = [one["name"] for one in versions if one.get("storage") and one.get("served")]
    return (group, stored[0]) if stored else None


def _storage_hash(group: str, version: str, kind: str) -> str:
    """By what clients see that a kind is stored in another version (discovery/storageversionhash.go)."""
    digest = hashlib.sha256(f"{group}/{version}/{kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _listed_part(kind: Kind, part: str) -> Obj:
    other = _subresource_kind(kind, part)
    resource: Obj = {
        "name": f"{kind.plural}/{part}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": other[2] if other is not None else kind.kind,
        "verbs": list(SUBRESOURCE_VERBS[part]),
    }
    if other is not None and other[0]:
        resource["group"], resource["version"] = other[0], other[1]
    return resource


# Paths, health and version.


@cache
def _health_checks(root: str) -> tuple[str, ...]:
    """What `/livez` and the like look at, in the order in which they say so."""
    hooks = [f"poststarthook/{hook}" for hook in _POST_START_HOOKS]
    hooks.insert(_AFTER_AUTOREGISTRATION, "autoregister-completion")
    return (*_FIRST_CHECKS[root], *hooks, *_LAST_CHECKS.get(root, ()))


@cache
def _health_paths() -> tuple[str, ...]:
    found: list[str] = []
    for root in _FIRST_CHECKS:
        found += [f"/{root}", *(f"/{root}/{check}" for check in _health_checks(root))]
    return tuple(found)


def _root(world: World, request: Request) -> Response:
    """Every path that the server knows, sorted."""
    found = [*_OTHER_PATHS, *_health_paths()]
    for group, versions in groups_of(world).items():
        if group:
            found += [f"/apis/{group}", *(f"/apis/{group}/{version}" for version in versions)]
    return Response(200, {"paths": sorted(found)})


def _openapi_index(world: World, request: Request) -> Response:
    """Where the OpenAPI documents of the groups are."""
    found = [".well-known/openid-configuration", "api", "api/v1", "apis", "openid/v1/jwks", "version"]
    for group, versions in groups_of(world).items():
        if group:
            found += [f"apis/{group}", *(f"apis/{group}/{version}" for version in versions)]
    paths = {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in sorted(found)}
    return Response(200, {"paths": paths}, _TEXT)


def _version(world: World, request: Request) -> Response:
    return Response(200, VERSION)


def _healthy(world: World, request: Request) -> Response:
    """`ok`, or with `verbose` a line for each check."""
    if "verbose" not in request.query:
        return Response(200, "ok", _TEXT, headers={"X-Content-Type-Options": "nosniff"})
    root = request.path.strip("/")
    lines = [f"[+]{check} ok\n" for check in _health_checks(root)]
    return Response(200, f"{''.join(lines)}{root} check passed\n", _TEXT)


def _health_check(parts: list[str]) -> Response | None:
    """One check of the server's health."""
    if "/".join(("", *parts)) not in _health_paths():
        raise ApiError(404, "", "404 page not found\n")
    return Response(200, "ok", _TEXT)


_PUBLIC = {"Cache-Control": "public, max-age=3600"}
"""What names the issuer of tokens may be kept for an hour."""


def _check_accepted(request: Request, media_type: str) -> None:
    """406 where the client doesn't take the one form that there is."""
    accepted = [clause.split(";")[0].strip() for clause in header(request, "Accept").split(",")]
    if not any(one in ("", "*/*", "application/*", media_type) for one in accepted):
        text = f"406: Not Acceptable\n\nAvailable representations: {media_type}"
        raise ApiError(406, "NotAcceptable", text, details={})


def _issuer(world: World, request: Request) -> Response:
    _check_accepted(request, JSON)
    return Response(200, tokens.configuration(), headers=_PUBLIC)


def _issuer_keys(world: World, request: Request) -> Response:
    _check_accepted(request, tokens.KEYS_MEDIA_TYPE)
    return Response(200, tokens.keys(world.chance), tokens.KEYS_MEDIA_TYPE, headers=_PUBLIC)


_FIXED: dict[str, Callable[[World, Request], Response]] = {
    "/": _root,
    tokens.CONFIGURATION_PATH: _issuer,
    tokens.KEYS_PATH: _issuer_keys,
    "/api": _legacy_root,
    "/apis": _group_root,
    "/healthz": _healthy,
    "/livez": _healthy,
    "/openapi/v3": _openapi_index,
    "/readyz": _healthy,
    "/version": _version,
}
