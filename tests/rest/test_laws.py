"""Whatever a client sends is answered, and what is refused changes nothing."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.cluster import api, assembly
from k8slab.cluster.request import Request
from k8slab.cluster.rest import handle
from k8slab.cluster.world import World
from k8slab.timing import INSTANT


def _world() -> World:
    world = World((), timing=INSTANT)
    assembly.bootstrap(world)
    metadata = {"name": "c", "namespace": "default"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}}
    api.create(world, api.ADMIN, "ConfigMap", body)
    account = {"name": "default", "namespace": "default"}
    api.create(
        world,
        api.ADMIN,
        "ServiceAccount",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
    )
    return world


_BASE = _world()

_METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"])
_WORDS = st.sampled_from(
    [
        "api",
        "apis",
        "v1",
        "apps",
        "namespaces",
        "default",
        "configmaps",
        "c",
        "pods",
        "deployments",
        "status",
        "scale",
        "binding",
        "eviction",
        "exec",
        "log",
        "token",
        "serviceaccounts",
        "watch",
        "..",
        "",
        "openapi",
        "v3",
        "healthz",
        "selfsubjectrulesreviews",
        "authorization.k8s.io",
    ]
)
_KNOWN_PATHS = st.sampled_from(
    [
        "/api/v1/namespaces/default/configmaps",
        "/api/v1/namespaces/default/configmaps/c",
        "/api/v1/namespaces/default/pods",
        "/api/v1/namespaces/default/pods/p/eviction",
        "/api/v1/namespaces/default/pods/p/binding",
        "/api/v1/namespaces/default/services",
        "/api/v1/namespaces/default/serviceaccounts/default/token",
        "/api/v1/namespaces",
        "/api/v1/nodes",
        "/apis/apps/v1/namespaces/default/deployments",
        "/apis/apps/v1/namespaces/default/deployments/x/scale",
        "/apis/batch/v1/namespaces/default/cronjobs",
        "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers",
        "/apis/events.k8s.io/v1/namespaces/default/events",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        "/apis/authentication.k8s.io/v1/tokenreviews",
    ]
)
_PATHS = st.one_of(_KNOWN_PATHS, st.lists(_WORDS, max_size=8).map(lambda words: "/" + "/".join(words)))
_TEXTS = st.one_of(
    st.sampled_from(["", "0", "1", "-1", "true", "All", "abc", "a=b", "a in (", "metadata.name=c", "Exact"]),
    st.text(max_size=6),
)
_QUERIES = st.dictionaries(
    st.sampled_from(
        [
            "watch",
            "limit",
            "continue",
            "resourceVersion",
            "resourceVersionMatch",
            "labelSelector",
            "fieldSelector",
            "dryRun",
            "fieldManager",
            "fieldValidation",
            "force",
            "timeoutSeconds",
            "sendInitialEvents",
            "includeObject",
            "propagationPolicy",
            "gracePeriodSeconds",
            "orphanDependents",
            "container",
        ]
    ),
    _TEXTS,
    max_size=3,
)
_HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(
            [
                "application/json",
                "application/yaml",
                "application/json-patch+json",
                "application/merge-patch+json",
                "application/strategic-merge-patch+json",
                "application/apply-patch+yaml",
                "text/plain",
            ]
        ),
        "Accept": st.sampled_from(
            [
                "*/*",
                "application/yaml",
                "application/json;as=Table;v=v1;g=meta.k8s.io",
                "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
                "image/png",
                ";;,",
            ]
        ),
        "Authorization": st.sampled_from(["", "Bearer a.b.c", "Basic eDp5"]),
        "Impersonate-User": st.sampled_from(["ann", "system:serviceaccount:default:default"]),
    },
)
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
_KEYS = st.sampled_from(
    [
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "namespace",
        "labels",
        "data",
        "spec",
        "replicas",
        "template",
        "containers",
        "selector",
        "resourceVersion",
        "uid",
        "op",
        "path",
        "value",
        "$patch",
        "target",
        "resourceAttributes",
        "finalizers",
        "managedFields",
    ]
)
_JSON: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=8,
)
_BODIES = st.one_of(
    st.none(),
    _JSON.map(json.dumps),
    st.binary(max_size=20),
    st.sampled_from(
        [
            '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"n"}}',
            '[{"op":"remove","path":"/data"}]',
            '{"data":{"a":null}}',
            "{",
        ]
    ),
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(_METHODS, _PATHS, _QUERIES, _HEADERS, _BODIES, st.sampled_from(["kubernetes-admin", "ann"]))
def test_every_request_is_answered_and_a_refused_one_changes_nothing(
    method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Any, user: str
) -> None:
    world = _BASE.copy()
    before = world.store.revision
    groups = ("system:masters",) if user == "kubernetes-admin" else ()
    response = handle(world, Request(method, path, query, headers, body, user, groups))
    assert 200 <= response.code < 600
    if response.code >= 400 or method == "GET" or query.get("dryRun") == "All":
        assert world.store.revision == before
    if response.code >= 400 and not isinstance(response.body, str):
        assert response.body["code"] == response.code
        assert response.body["message"]
