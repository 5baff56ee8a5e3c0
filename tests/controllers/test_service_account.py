"""What every namespace gets: its ServiceAccount and the ConfigMap with the root certificate.

Ports cases of pkg/controller/serviceaccount/serviceaccounts_controller_test.go and
pkg/controller/certificates/rootcacertpublisher/publisher_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError, Cause
from k8slab.api.meta import assoc
from k8slab.clock import START_US
from k8slab.components import Create, Update
from k8slab.controllers import root_ca, service_account
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
            assoc(made_config_map(), "data", {"ca.crt": root_ca.CERTIFICATE, "x": "y"}), True, id="with-more"
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
