"""Requests by hand: who may, what is accepted, in which form it is answered; after upstream's own tests."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.clock import MINUTE_US, START_US
from k8slab.cluster import api, assembly, watches
from k8slab.cluster.request import Request, Response
from k8slab.cluster.rest import handle
from k8slab.cluster.world import World
from k8slab.timing import INSTANT

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JSON = {"Content-Type": "application/json"}
MERGE = {"Content-Type": "application/merge-patch+json"}
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture
def world() -> World:
    made = World((), timing=INSTANT)
    assembly.bootstrap(made)
    account = {"apiVersion": "v1", "kind": "ServiceAccount"}
    metadata = {"name": "default", "namespace": "default"}
    api.create(made, api.ADMIN, "ServiceAccount", {**account, "metadata": metadata})
    return made


def send(
    world: World,
    method: str,
    path: str,
    body: Any = None,
    *,
    user: str = "kubernetes-admin",
    headers: dict[str, str] | None = None,
    **query: str,
) -> Response:
    given = {"User-Agent": "tester/1", **(JSON if headers is None else headers)}
    groups = ("system:masters",) if user == "kubernetes-admin" else ()
    return handle(world, Request(method, path, query, given, body, user, groups))


def config_map(name: str, **metadata: Any) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": {"a": "1"},
    }


def stored(world: World, name: str = "c", **metadata: Any) -> Obj:
    response = send(world, "POST", MAPS, config_map(name, **metadata))
    assert response.code == 201, response.body
    return response.body


def message(response: Response) -> str:
    assert response.code >= 400
    return response.body["message"]


REFUSED: dict[str, tuple[tuple[Any, ...], dict[str, Any], int, str]] = {
    "a media type that is no object": (
        ("POST", MAPS, "hello"),
        {"headers": {"Content-Type": "text/plain"}},
        415,
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf",
    ),
    "a media type that is no patch": (
        ("PATCH", f"{MAPS}/c", {}),
        {},
        415,
        "415: Unsupported Media Type",
    ),
    "an answer that can't be had": (
        ("GET", MAPS),
        {"headers": {"Accept": "text/html"}},
        406,
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf, application/json;stream=watch, "
        "application/vnd.kubernetes.protobuf;stream=watch",
    ),
    "a conversion that can't be had": (
        ("GET", MAPS),
        {"headers": {"Accept": "application/json;as=Table;v=v9;g=meta.k8s.io"}},
        406,
        "only the following media types are accepted: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf",
    ),
    "a method that a collection doesn't have": (
        ("PUT", MAPS, {}),
        {},
        405,
        "the server does not allow this method on the requested resource",
    ),
    "creating what has a namespace without one": (
        ("POST", "/api/v1/configmaps", {}),
        {},
        405,
        "the server does not allow this method on the requested resource",
    ),
    "a resource that there is not": (
        ("GET", "/api/v1/namespaces/default/gadgets"),
        {},
        404,
        "the server could not find the requested resource",
    ),
    "a subresource that there is not": (
        ("GET", f"{MAPS}/c/scale"),
        {},
        404,
        "the server could not find the requested resource",
    ),
    "a version that there is not": (
        ("GET", "/apis/apps/v1beta1/namespaces/default/deployments"),
        {},
        404,
        "the server could not find the requested resource",
    ),
    "a resourceVersion on create": (
        ("POST", MAPS, config_map("n", resourceVersion="7")),
        {},
        500,
        "resourceVersion should not be set on objects to be created",
    ),
    "a resourceVersion that is no number": (
        ("PUT", f"{MAPS}/c", config_map("c", resourceVersion="abc")),
        {},
        500,
        'strconv.ParseUint: parsing "abc": invalid syntax',
    ),
    "an old resourceVersion": (
        ("PUT", f"{MAPS}/c", config_map("c", resourceVersion="1")),
        {},
        409,
        'Operation cannot be fulfilled on configmaps "c": the object has been modified; please apply your '
        "changes to the latest version and try again",
    ),
    "another namespace in the body": (
        ("POST", MAPS, config_map("n", namespace="kube-system")),
        {},
        400,
        "the namespace of the provided object does not match the namespace sent on the request",
    ),
    "another name in the body": (
        ("PUT", f"{MAPS}/c", config_map("d")),
        {},
        400,
        "the name of the object (d) does not match the name on the URL (c)",
    ),
    "two ways to say what happens to dependents": (
        ("DELETE", f"{MAPS}/c", {"orphanDependents": True, "propagationPolicy": "Orphan"}),
        {},
        422,
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": '
        "orphanDependents and deletionPropagation cannot be both set",
    ),
    "an unknown propagation policy": (
        ("DELETE", f"{MAPS}/c", {"propagationPolicy": "Sideways"}),
        {},
        422,
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Sideways": '
        'supported values: "Foreground", "Background", "Orphan", "nil"',
    ),
    "a watch from a word": (
        ("GET", MAPS),
        {"watch": "true", "resourceVersion": "abc"},
        500,
        'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ),
    "a list at a revision to come": (
        ("GET", MAPS),
        {"resourceVersion": "999999"},
        504,
        "Timeout: Too large resource version: 999999, current: <now>",
    ),
    "a continue token that is none": (
        ("GET", MAPS),
        {"continue": "!", "limit": "1"},
        400,
        "invalid continue token: continue key is not valid: illegal base64 data at input byte 0",
    ),
    "an applier without a name": (
        ("PATCH", f"{MAPS}/c", "{}"),
        {"headers": {"Content-Type": "application/apply-patch+yaml"}},
        422,
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ),
    "a manager's name that is too long": (
        ("POST", MAPS, config_map("n")),
        {"fieldManager": "x" * 129},
        422,
        'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes',
    ),
    "a body that is too large": (
        ("POST", MAPS, "x" * (3 * 1024 * 1024 + 1)),
        {},
        413,
        "Request entity too large: limit is 3145728",
    ),
}


@pytest.mark.parametrize(("arguments", "options", "code", "text"), REFUSED.values(), ids=list(REFUSED))
def test_refusals(
    world: World, arguments: tuple[Any, ...], options: dict[str, Any], code: int, text: str
) -> None:
    stored(world)
    before = world.store.revision
    response = send(world, *arguments, **options)
    assert (response.code, message(response)) == (code, text.replace("<now>", str(before)))
    assert world.store.revision == before


def test_a_path_under_no_api_is_plain_text(world: World) -> None:
    response = send(world, "GET", "/apis/example.com/v1/things")
    assert (response.code, response.body) == (404, "404 page not found\n")
    assert response.content_type == "text/plain; charset=utf-8"


def test_a_uid_that_is_not_the_stored_one_is_a_conflict_in_storage(world: World) -> None:
    uid = stored(world)["metadata"]["uid"]
    response = send(world, "PUT", f"{MAPS}/c", config_map("c", uid="other"))
    assert response.code == 409
    assert message(response).endswith(
        "StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/c, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: {uid}"
    )


def test_a_generated_name_is_the_given_one_and_five_letters(world: World) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "c-"}}
    first, second = (send(world, "POST", MAPS, body).body["metadata"]["name"] for _ in range(2))
    assert first != second
    assert all(len(name) == 7 and name.startswith("c-") for name in (first, second))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_dry_run_writes_nothing(world: World, method: str) -> None:
    stored(world)
    before = world.store.revision
    path = MAPS if method == "POST" else f"{MAPS}/c"
    body = None if method == "DELETE" else {"data": {"b": "2"}} if method == "PATCH" else config_map("c")
    if method == "POST":
        body = config_map("new")
    response = send(world, method, path, body, headers=MERGE if method == "PATCH" else JSON, dryRun="All")
    assert response.code in (200, 201)
    assert world.store.revision == before
    if method == "PATCH":
        managers = [one["manager"] for one in response.body["metadata"]["managedFields"]]
        assert response.body["data"] == {"a": "1", "b": "2"}
        assert managers == ["tester"]


# Lists and watches.


def names(response: Response) -> list[str]:
    return [item["metadata"]["name"] for item in response.body["items"]]


def test_pages_show_the_list_as_it_was_when_it_began(world: World) -> None:
    for name in "abcde":
        stored(world, name)
    first = send(world, "GET", MAPS, limit="2")
    assert names(first) == ["a", "b"]
    assert first.body["metadata"]["remainingItemCount"] == 3
    send(world, "DELETE", f"{MAPS}/d")
    stored(world, "bb")
    second = send(world, "GET", MAPS, limit="2", **{"continue": first.body["metadata"]["continue"]})
    third = send(world, "GET", MAPS, **{"continue": second.body["metadata"]["continue"]})
    assert (names(second), names(third)) == (["c", "d"], ["e"])
    assert "continue" not in third.body["metadata"]


def test_a_token_outlives_compaction_as_an_inconsistent_one(world: World) -> None:
    for name in "abc":
        stored(world, name)
    token = send(world, "GET", MAPS, limit="1").body["metadata"]["continue"]
    stored(world, "d")
    world.now_us += 11 * 60 * 1_000_000
    refused = send(world, "GET", MAPS, limit="1", **{"continue": token})
    assert (refused.code, refused.body["reason"]) == (410, "Expired")
    again = refused.body["metadata"]["continue"]
    assert json.loads(base64.b64decode(again + "=="))["rv"] == -1
    assert names(send(world, "GET", MAPS, **{"continue": again})) == ["b", "c", "d"]


MINUTES_UNTIL = {"not yet": (9, 200), "from the second compaction on": (10, 410)}


@pytest.mark.parametrize("minutes, code", MINUTES_UNTIL.values(), ids=MINUTES_UNTIL)
def test_a_token_grows_too_old_even_where_nothing_changes(world: World, minutes: int, code: int) -> None:
    for name in "abcd":
        stored(world, name)
    token = send(world, "GET", MAPS, limit="1").body["metadata"]["continue"]
    world.now_us += 4 * MINUTE_US
    # The next page belongs to the same list, however late it was asked for.
    token = send(world, "GET", MAPS, limit="1", **{"continue": token}).body["metadata"]["continue"]
    world.now_us = START_US + minutes * MINUTE_US
    response = send(world, "GET", MAPS, **{"continue": token})
    assert response.code == code
    if code == 410:
        again = send(world, "GET", MAPS, limit="1", **{"continue": response.body["metadata"]["continue"]})
        assert names(again) == ["c"]
        rest = send(world, "GET", MAPS, **{"continue": again.body["metadata"]["continue"]})
        assert (names(rest), rest.body["metadata"]["resourceVersion"]) == (["d"], str(world.store.revision))


def test_a_list_at_a_version_is_exact_until_what_came_after_it_is_old(world: World) -> None:
    stored(world, "a")
    version = str(world.store.revision)
    exact = {"resourceVersion": version, "resourceVersionMatch": "Exact"}
    world.now_us = START_US + 60 * MINUTE_US
    # Nothing was written since, so what a client reads now has this version, too.
    assert send(world, "GET", MAPS, **exact).code == 200
    stored(world, "b")
    assert names(send(world, "GET", MAPS, **exact)) == ["a"]
    world.now_us += 10 * MINUTE_US
    assert send(world, "GET", MAPS, **exact).body["reason"] == "Expired"


def test_a_list_comes_in_the_order_of_etcds_keys(world: World) -> None:
    for namespace in ("a", "a-b"):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        send(world, "POST", "/api/v1/namespaces", body)
        send(world, "POST", f"/api/v1/namespaces/{namespace}/configmaps", config_map(f"in-{namespace}"))
    assert names(send(world, "GET", "/api/v1/configmaps")) == ["in-a-b", "in-a"]


def test_a_watch_sees_what_comes_into_its_selection_and_leaves_it(world: World) -> None:
    since = str(world.store.revision)
    response = send(world, "GET", MAPS, watch="1", resourceVersion=since, labelSelector="on=yes")
    stored(world, "c", labels={"on": "yes"})
    for value in ("no", "yes"):
        patch = {"metadata": {"labels": {"on": value}}}
        send(world, "PATCH", f"{MAPS}/c", patch, headers=MERGE)
    send(world, "DELETE", f"{MAPS}/c")
    assert response.watch is not None
    events, later = watches.events(world, response.watch)
    assert [event["type"] for event in events] == ["ADDED", "DELETED", "ADDED", "DELETED"]
    assert events[1]["object"]["metadata"]["labels"] == {"on": "yes"}
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(versions)
    assert watches.events(world, later)[0] == []


def test_a_watch_of_tables_heads_only_its_first_row(world: World) -> None:
    stored(world, "a")
    stored(world, "b")
    response = send(world, "GET", MAPS, headers={"Accept": TABLE}, watch="1")
    tables = [event["object"] for event in response.body]
    assert [bool(table["columnDefinitions"]) for table in tables] == [True, False]


def test_a_watch_that_history_has_left_behind_is_told_to_list_again(world: World) -> None:
    response = send(world, "GET", MAPS, watch="1", resourceVersion=str(world.store.revision))
    stored(world)
    assert response.watch is not None
    world.store.compacted = world.store.revision
    events, _ = watches.events(world, response.watch)
    assert [(event["type"], event["object"]["code"]) for event in events] == [("ERROR", 410)]


def test_deleting_a_collection_keeps_to_its_selector(world: World) -> None:
    for name, on in (("a", "yes"), ("b", "no"), ("c", "yes")):
        stored(world, name, labels={"on": on})
    response = send(world, "DELETE", MAPS, labelSelector="on=yes")
    assert names(response) == ["a", "c"]
    assert names(send(world, "GET", MAPS)) == ["b"]


def test_the_control_plane_reports_its_health_with_a_warning(world: World) -> None:
    response = send(world, "GET", "/api/v1/componentstatuses")
    assert names(response) == ["etcd-0", "scheduler", "controller-manager"]
    assert response.warnings == ("v1 ComponentStatus is deprecated in v1.19+",)
    one = send(world, "GET", "/api/v1/componentstatuses/scheduler").body
    assert one["conditions"] == [{"type": "Healthy", "status": "True", "message": "ok"}]
    assert send(world, "GET", "/api/v1/componentstatuses/ghost").code == 404


# Who may.


def bind_role(world: World, rules: list[Obj], subject: Obj) -> None:
    root = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    api_version = "rbac.authorization.k8s.io/v1"
    role = {"apiVersion": api_version, "kind": "Role", "metadata": {"name": "r"}, "rules": rules}
    binding = {
        "apiVersion": api_version,
        "kind": "RoleBinding",
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [subject],
    }
    assert send(world, "POST", f"{root}/roles", role).code == 201
    assert send(world, "POST", f"{root}/rolebindings", binding).code == 201


ANN = {"kind": "User", "name": "ann", "apiGroup": "rbac.authorization.k8s.io"}


def test_a_user_may_what_a_role_says_and_no_more(world: World) -> None:
    stored(world)
    bind_role(world, [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}], ANN)
    assert send(world, "GET", f"{MAPS}/c", user="ann").code == 200
    assert message(send(world, "GET", MAPS, user="ann")) == (
        'configmaps is forbidden: User "ann" cannot list resource "configmaps" in API group "" in the '
        'namespace "default"'
    )
    assert message(send(world, "GET", "/api/v1/nodes", user="ann")) == (
        'nodes is forbidden: User "ann" cannot list resource "nodes" in API group "" at the cluster scope'
    )
    assert message(send(world, "GET", "/metrics", user="ann")) == (
        'forbidden: User "ann" cannot get path "/metrics"'
    )
    assert send(world, "GET", "/version", user="ann").code == 200


def test_a_rule_may_name_its_objects(world: World) -> None:
    stored(world, "mine")
    stored(world, "other")
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": ["mine"]}
    bind_role(world, [rule], ANN)
    assert send(world, "GET", f"{MAPS}/mine", user="ann").code == 200
    assert send(world, "GET", f"{MAPS}/other", user="ann").code == 403


def test_a_binding_of_a_missing_role_says_so(world: World) -> None:
    root = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "ghost"},
        "subjects": [ANN],
    }
    assert send(world, "POST", root, binding).code == 201
    assert message(send(world, "GET", PODS, user="ann")).endswith(
        'in the namespace "default": RBAC: role.rbac.authorization.k8s.io "ghost" not found'
    )


def test_impersonation_needs_a_right_of_its_own(world: World) -> None:
    headers = {"Impersonate-User": "bob"}
    assert message(send(world, "GET", MAPS, user="ann", headers=headers)) == (
        'users "bob" is forbidden: User "ann" cannot impersonate resource "users" in API group "" at the '
        "cluster scope"
    )
    assert 'User "bob" cannot list' in message(send(world, "GET", MAPS, headers=headers))


def test_a_token_stands_for_its_account_until_it_runs_out(world: World) -> None:
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": []}}
    token = send(world, "POST", path, body).body["status"]["token"]
    account = {"kind": "ServiceAccount", "name": "default", "namespace": "default"}
    bind_role(world, [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}], account)
    headers = {"Authorization": f"Bearer {token}"}
    assert send(world, "GET", MAPS, headers=headers).code == 200
    world.now_us += 3600 * 1_000_000
    assert send(world, "GET", MAPS, headers=headers).code == 401


def review(world: World, user: str, **attributes: str) -> Obj:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return send(world, "POST", path, body, user=user).body["status"]


def test_a_review_says_by_which_binding(world: World) -> None:
    bind_role(world, [{"apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"]}], ANN)
    asked = {"namespace": "default", "verb": "patch", "group": "apps", "resource": "deployments"}
    assert review(world, "ann", **asked) == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "b/default" of Role "r" to User "ann"',
    }
    assert review(world, "ann", **{**asked, "namespace": "kube-system"}) == {"allowed": False}
    assert review(world, "kubernetes-admin", **asked) == {"allowed": True}


def test_everybody_may_ask_who_they_are(world: World) -> None:
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answered = send(world, "POST", path, body, user="ann").body
    assert answered["status"]["userInfo"] == {"username": "ann", "groups": ["system:authenticated"]}


# Who owns what.


def test_each_writer_owns_what_it_changed(world: World) -> None:
    send(world, "POST", MAPS, config_map("c"), fieldManager="one")
    send(world, "PATCH", f"{MAPS}/c", {"data": {"b": "2"}}, headers=MERGE, fieldManager="two")
    fields = {
        one["manager"]: one["fieldsV1"]
        for one in send(world, "GET", f"{MAPS}/c").body["metadata"]["managedFields"]
    }
    assert fields == {
        "one": {"f:data": {".": {}, "f:a": {}}},
        "two": {"f:data": {"f:b": {}}},
    }


def test_what_admission_adds_belongs_to_nobody(world: World) -> None:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    body["spec"] = {"containers": [{"name": "main", "image": "nginx:1"}]}
    made = send(world, "POST", PODS, body).body
    assert made["spec"]["tolerations"]
    (entry,) = made["metadata"]["managedFields"]
    assert "f:tolerations" not in entry["fieldsV1"]["f:spec"]


def test_an_apply_keeps_its_set_and_meets_other_owners(world: World) -> None:
    headers = {"Content-Type": "application/apply-patch+yaml"}
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1'}\n"
    first = send(world, "PATCH", f"{MAPS}/c", text, headers=headers, fieldManager="ann")
    again = send(world, "PATCH", f"{MAPS}/c", text, headers=headers, fieldManager="ann")
    assert (first.code, again.code) == (201, 200)
    assert again.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]
    other = text.replace("'1'", "'2'")
    refused = send(world, "PATCH", f"{MAPS}/c", other, headers=headers, fieldManager="bob")
    assert refused.code == 409
    assert message(refused) == 'Apply failed with 1 conflict: conflict with "ann": .data.a'
    forced = send(world, "PATCH", f"{MAPS}/c", other, headers=headers, fieldManager="bob", force="true")
    assert [one["manager"] for one in forced.body["metadata"]["managedFields"]] == ["bob"]


# Tokens and what they are bound to.

ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"


def token_request(world: World, **spec: Any) -> Response:
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": [], **spec},
    }
    return send(world, "POST", f"{ACCOUNT}/token", body)


def token_review(world: World, token: str, **spec: Any) -> Obj:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token, **spec}}
    return send(world, "POST", REVIEWS, body).body["status"]


def secret(world: World, name: str) -> Obj:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
    return send(world, "POST", "/api/v1/namespaces/default/secrets", body).body


def test_a_review_tells_the_account_behind_a_token(world: World) -> None:
    status = token_review(world, token_request(world).body["status"]["token"])
    user = status["user"]
    account = send(world, "GET", ACCOUNT).body
    assert (status["authenticated"], status["audiences"]) == (
        True,
        ["https://kubernetes.default.svc.cluster.local"],
    )
    assert (user["username"], user["uid"]) == (
        "system:serviceaccount:default:default",
        account["metadata"]["uid"],
    )
    assert list(user["extra"]) == ["authentication.kubernetes.io/credential-id"]


def test_a_token_goes_with_what_it_is_bound_to(world: World) -> None:
    bound = secret(world, "s")
    reference = {"kind": "Secret", "apiVersion": "v1", "name": "s", "uid": bound["metadata"]["uid"]}
    token = token_request(world, boundObjectRef=reference).body["status"]["token"]
    assert token_review(world, token)["authenticated"] is True
    send(world, "DELETE", "/api/v1/namespaces/default/secrets/s")
    assert token_review(world, token) == {
        "user": {},
        "error": "[invalid bearer token, service account token has been invalidated]",
    }
    secret(world, "s")
    assert "UID" in token_review(world, token)["error"]


def test_a_token_for_others_is_none_for_the_api_server(world: World) -> None:
    token = token_request(world, audiences=["vault"]).body["status"]["token"]
    assert token_review(world, token, audiences=["vault", "x"])["audiences"] == ["vault"]
    assert "audiences" not in token_review(world, token)
    assert send(world, "GET", MAPS, headers={"Authorization": f"Bearer {token}"}).code == 401


UNBOUND = [
    pytest.param({"kind": "Secret", "apiVersion": "v1", "name": "none"}, 404, id="missing"),
    pytest.param({"kind": "ConfigMap", "apiVersion": "v1", "name": "c"}, 400, id="another kind"),
    pytest.param({"kind": "Secret", "apiVersion": "v1", "name": "s", "uid": "x"}, 409, id="another one"),
]


@pytest.mark.parametrize("reference, code", UNBOUND)
def test_what_a_token_can_not_be_bound_to(world: World, reference: Obj, code: int) -> None:
    secret(world, "s")
    assert token_request(world, boundObjectRef=reference).code == code


# Certificate signing requests.

SIGNING = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


def test_an_approval_changes_conditions_and_nothing_else(world: World) -> None:
    block = b"-----BEGIN CERTIFICATE REQUEST-----\neA==\n-----END CERTIFICATE REQUEST-----\n"
    request = base64.b64encode(block).decode()
    spec = {"request": request, "signerName": "lab.example/signer", "usages": ["client auth"]}
    head = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
    made = send(world, "POST", SIGNING, {**head, "metadata": {"name": "r"}, "spec": spec})
    assert made.code == 201, made.body
    change = {
        "metadata": {"labels": {"seen": "yes"}},
        "spec": {"signerName": "other.example/signer"},
        "status": {
            "certificate": "eA==",
            "conditions": [{"type": "Approved", "status": "True", "reason": "r"}],
        },
    }
    body = send(world, "PATCH", f"{SIGNING}/r/approval", change, headers=MERGE).body
    (condition,) = body["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("Approved", "r")
    assert condition["lastUpdateTime"] == condition["lastTransitionTime"] == "2026-01-05T09:00:00Z"
    assert (body["spec"]["signerName"], body["metadata"]["labels"]) == (spec["signerName"], {"seen": "yes"})
    assert "certificate" not in body["status"]
    status = {"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "mine"}]}}
    body = send(world, "PATCH", f"{SIGNING}/r/status", status, headers=MERGE).body
    assert body["status"]["conditions"] == [condition]


def test_events_are_selected_by_the_names_of_their_group(world: World) -> None:
    root = "/apis/events.k8s.io/v1/namespaces/default/events"
    event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "eventTime": "2026-01-05T09:00:00.000000Z",
        "reportingController": "lab.example/controller",
        "reportingInstance": "one",
        "action": "Look",
        "reason": "Seen",
        "type": "Normal",
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"},
    }
    made = send(world, "POST", root, event)
    assert made.code == 201, made.body
    for selector, count in (
        ("reportingController=lab.example/controller,regarding.name=p", 1),
        ("reason=x", 0),
    ):
        assert len(send(world, "GET", root, fieldSelector=selector).body["items"]) == count
    refused = send(world, "GET", root, fieldSelector="involvedObject.name=p")
    assert (refused.code, message(refused)) == (400, "field label not supported: involvedObject.name")


def test_what_is_never_stored_has_no_table(world: World) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    assert send(world, "POST", path, body, headers={**JSON, "Accept": TABLE}).code == 406
