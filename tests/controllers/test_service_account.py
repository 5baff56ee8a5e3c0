"""What every namespace gets: its ServiceAccount, its tokens and the ConfigMap with the root certificate.

Ports cases of pkg/controller/serviceaccount/serviceaccounts_controller_test.go and
pkg/controller/certificates/rootcacertpublisher/publisher_test.go and
pkg/controller/serviceaccount/tokens_controller_test.go, v1.36.
"""

from __future__ import annotations

import base64

import pytest

from k8slab.api import tokens
from k8slab.api.certificates import authority
from k8slab.api.errors import ApiError, Cause
from k8slab.api.meta import assoc
from k8slab.clock import START_US
from k8slab.components import Create, Delete, Update
from k8slab.controllers import root_ca, service_account, service_account_tokens
from k8slab.controllers.service_account_tokens import NAME_ANNOTATION, TYPE, UID_ANNOTATION
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

KEY = ("", "ns")
ENDING = ApiError(403, "Forbidden", "no", [Cause("NamespaceTerminating", "", "metadata.namespace")])


def namespace(phase="Active"):
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "ns"},
        "status": {"phase": phase},
    }


ACCOUNT = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "default", "namespace": "ns"},
}


@pytest.mark.parametrize(
    ("objects", "made"),
    [
        ([namespace()], True),
        ([namespace(), ACCOUNT], False),
        ([namespace("Terminating")], False),
        ([], False),
    ],
)
def test_the_service_account_of_a_namespace(objects, made):
    actions, _ = MemoryView(objects).sync(service_account.plan, KEY)
    assert actions == ((Create("ServiceAccount", ACCOUNT),) if made else ())


@pytest.mark.parametrize(
    ("refusal", "error"),
    [(ENDING, ""), (ApiError(409, "AlreadyExists", "there"), ""), (ApiError(500, "", "no"), "no")],
)
def test_a_refused_service_account(refusal, error):
    view = MemoryView([namespace()])
    view.refuse[("create", "ServiceAccount")] = refusal
    assert view.sync(service_account.plan, KEY)[1].error == error


def made_config_map():
    view = MemoryView([namespace()])
    view.sync(root_ca.plan, KEY)
    return view.get("ConfigMap", ("ns", "kube-root-ca.crt"))


def test_the_config_map_of_a_namespace():
    one = made_config_map()
    assert list(one["data"]) == ["ca.crt"]
    assert one["metadata"]["annotations"]["kubernetes.io/description"].startswith("Contains a CA bundle")


@pytest.mark.parametrize(
    ("one", "mended"),
    [
        pytest.param(made_config_map(), False, id="right"),
        pytest.param(assoc(made_config_map(), "data", {}), True, id="without-data"),
        pytest.param(assoc(made_config_map(), "metadata", "annotations", {}), True, id="without-description"),
        pytest.param(
            assoc(made_config_map(), "data", {"ca.crt": authority(), "x": "y"}), True, id="with-more"
        ),
    ],
)
def test_a_changed_config_map_is_mended(one, mended):
    view = MemoryView([namespace(), one])
    actions, _ = view.sync(root_ca.plan, KEY)
    assert [type(action) for action in actions] == ([Update] if mended else [])
    if mended:
        right = made_config_map()
        stored = view.get("ConfigMap", ("ns", "kube-root-ca.crt"))
        assert stored["data"] == right["data"]
        assert stored["metadata"]["annotations"] == right["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("refusal", "error"),
    [(ENDING, ""), (ApiError(404, "NotFound", "gone"), ""), (ApiError(500, "", "no"), "no")],
)
def test_a_refused_config_map(refusal, error):
    view = MemoryView([namespace()])
    view.refuse[("create", "ConfigMap")] = refusal
    assert view.sync(root_ca.plan, KEY)[1].error == error


@pytest.mark.parametrize(
    ("controller", "kind", "key", "removed", "woken"),
    [
        (service_account, "ServiceAccount", ("ns", "default"), True, True),
        (service_account, "ServiceAccount", ("ns", "default"), False, False),
        (service_account, "ServiceAccount", ("ns", "other"), True, False),
        (root_ca, "ConfigMap", ("ns", "kube-root-ca.crt"), True, True),
        (root_ca, "ConfigMap", ("ns", "kube-root-ca.crt"), False, True),
        (root_ca, "ConfigMap", ("ns", "other"), True, False),
    ],
)
def test_what_wakes_them(controller, kind, key, removed, woken):
    (watch,) = (one for one in controller.CONTROLLER.watches if one.kind == kind)
    change = Change(1, START_US, kind, key, ACCOUNT, None if removed else ACCOUNT, 0)
    assert watch.keys(change, MemoryView()) == ([KEY] if woken else [])


# Secrets that hold tokens.


TOKEN_KEY = ("ns", "token-secret-1")
OWNER = assoc(ACCOUNT, "metadata", "uid", "12345")


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


CA = base64_of(authority())
FULL = {"ca.crt": CA, "namespace": base64_of("ns"), "token": base64_of("ABC")}


def token_secret(*without, uid="12345", **data):
    annotations = {NAME_ANNOTATION: "default", **({UID_ANNOTATION: uid} if uid else {})}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": TOKEN_KEY[1], "namespace": "ns", "uid": "23456", "annotations": annotations,
        },
        "type": TYPE,
        "data": {name: value for name, value in {**FULL, **data}.items() if name not in without},
    }  # fmt: skip


def synced(view, key=TOKEN_KEY):
    actions, done = view.sync(service_account_tokens.plan, key)
    assert done.error == ""
    return actions


@pytest.mark.parametrize("objects", [[], [assoc(OWNER, "metadata", "uid", "99999")]], ids=["none", "another"])
def test_a_token_goes_with_its_account(objects):
    (deleted,) = synced(MemoryView([*objects, token_secret()]))
    assert deleted == Delete("Secret", TOKEN_KEY, uid="23456")


LACKING = {
    "nothing": (token_secret(), None),
    "the token": (token_secret("token"), "token"),
    "the certificate": (token_secret("ca.crt"), "ca.crt"),
    "the right certificate": (token_secret(**{"ca.crt": base64_of("old")}), "ca.crt"),
    "the namespace": (token_secret("namespace"), "namespace"),
    "a namespace, which is another": (token_secret(namespace=base64_of("custom")), None),
    "everything and the account's uid": (token_secret("token", "ca.crt", "namespace", uid=""), "token"),
}


@pytest.mark.parametrize(("secret", "filled"), LACKING.values(), ids=LACKING)
def test_a_token_gets_what_it_lacks(secret, filled):
    view = MemoryView([OWNER, secret])
    synced(view)
    stored = view.get("Secret", TOKEN_KEY)
    if filled is None:
        assert stored["data"] == secret["data"]
        return
    assert {**stored["data"], "token": ""} == {**FULL, "token": ""}
    assert stored["metadata"]["annotations"] == {NAME_ANNOTATION: "default", UID_ANNOTATION: "12345"}
    if filled == "token":
        claims = tokens.claims_of(view.chance, base64.b64decode(stored["data"]["token"]).decode())
        assert claims == {
            "iss": "kubernetes/serviceaccount",
            "kubernetes.io/serviceaccount/namespace": "ns",
            "kubernetes.io/serviceaccount/secret.name": TOKEN_KEY[1],
            "kubernetes.io/serviceaccount/service-account.name": "default",
            "kubernetes.io/serviceaccount/service-account.uid": "12345",
            "sub": "system:serviceaccount:ns:default",
        }


@pytest.mark.parametrize(
    ("listed", "kept"),
    [
        (["a", TOKEN_KEY[1], "b"], ["a", "b"]),
        (["a"], None),
        ([], None),
    ],
)
def test_a_deleted_token_is_taken_out_of_its_accounts_list(listed, kept):
    view = MemoryView([{**OWNER, "secrets": [{"name": name} for name in listed]}])
    change = Change(1, START_US, "Secret", TOKEN_KEY, token_secret(), None, 0)
    (watch,) = (one for one in service_account_tokens.CONTROLLER.watches if one.kind == "Secret")
    (key,) = watch.keys(change, view)
    actions = synced(view, key)
    assert [[one["name"] for one in action.obj["secrets"]] for action in actions] == ([kept] if kept else [])


def test_a_deleted_account_wakes_its_tokens():
    other = assoc(token_secret(uid="99999"), "metadata", "name", "other")
    plain = assoc(assoc(token_secret(), "metadata", "name", "plain"), "type", "Opaque")
    view = MemoryView([token_secret(), other, plain])
    change = Change(1, START_US, "ServiceAccount", ("ns", "default"), OWNER, None, 0)
    (watch,) = (one for one in service_account_tokens.CONTROLLER.watches if one.kind == "ServiceAccount")
    assert watch.keys(change, view) == [TOKEN_KEY]


@pytest.mark.parametrize(("code", "reason"), [(404, "NotFound"), (409, "Conflict")])
def test_a_token_that_somebody_else_changed_is_left_to_the_next_look(code, reason):
    view = MemoryView([OWNER, token_secret("token")])
    view.refuse[("update", "Secret")] = ApiError(code, reason, "no")
    synced(view)
