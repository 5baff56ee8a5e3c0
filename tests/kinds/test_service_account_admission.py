"""What a Pod gets from its service account, and what that account forbids it.

Ports cases of plugin/pkg/admission/serviceaccount/admission_test.go, v1.36.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from tests.kinds.kinds_world import Shelf, create, namespace

PODS = "/api/v1/namespaces/lab/pods"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


def account(**more: Any) -> Obj:
    """The default account, which may say more."""
    metadata = {"name": "default", "namespace": "lab", **more.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, **more}


def made(given: Obj, container: Obj | None = None, **spec: Any) -> Obj:
    """The spec of a Pod created under an account."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "main", "image": "x", **(container or {})}], **spec},
    }
    created: Obj = create(Shelf([namespace("lab")[0], given]), PODS, body)["spec"]
    return created


MOUNTS = {
    "by default": (account(), {}, True),
    "the account says no": (account(automountServiceAccountToken=False), {}, False),
    "the Pod says no": (account(), {"automountServiceAccountToken": False}, False),
    "the Pod has the last word": (
        account(automountServiceAccountToken=False),
        {"automountServiceAccountToken": True},
        True,
    ),
    "both say no": (
        account(automountServiceAccountToken=False),
        {"automountServiceAccountToken": False},
        False,
    ),
}


@pytest.mark.parametrize(("given", "spec", "expected"), MOUNTS.values(), ids=MOUNTS)
def test_the_token_is_mounted(given: Obj, spec: dict[str, Any], expected: bool) -> None:
    pod = made(given, **spec)
    assert (pod["serviceAccountName"], pod["serviceAccount"]) == ("default", "default")
    mounts = [one["mountPath"] for one in pod["containers"][0].get("volumeMounts") or ()]
    assert mounts == ([TOKEN_PATH] if expected else [])
    assert len(pod.get("volumes") or ()) == expected


def test_what_is_mounted_in_its_place_stays() -> None:
    mount = {"name": "mine", "mountPath": TOKEN_PATH}
    pod = made(account(), {"volumeMounts": [mount]}, volumes=[{"name": "mine", "emptyDir": {}}])
    assert [one["name"] for one in pod["containers"][0]["volumeMounts"]] == ["mine"]
    assert [one["name"] for one in pod["volumes"]] == ["mine"]


PULL = account(imagePullSecrets=[{"name": "a"}, {"name": "b"}])
PULLED = {
    "the account's": (PULL, {}, [{"name": "a"}, {"name": "b"}]),
    "the Pod's own": (PULL, {"imagePullSecrets": [{"name": "c"}]}, [{"name": "c"}]),
    "none": (account(), {}, None),
}


@pytest.mark.parametrize(("given", "spec", "expected"), PULLED.values(), ids=PULLED)
def test_secrets_to_pull_images_with(given: Obj, spec: dict[str, Any], expected: Any) -> None:
    assert made(given, **spec).get("imagePullSecrets") == expected


STRICT = account(
    metadata={"annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}},
    secrets=[{"name": "foo"}],
    imagePullSecrets=[{"name": "pull"}],
)


def from_key(secret: str) -> Obj:
    reference = {"secretKeyRef": {"name": secret, "key": "k"}}
    return {"env": [{"name": "PASSWORD", "valueFrom": reference}]}


def volume(secret: str) -> list[Obj]:
    return [{"name": "v", "secret": {"secretName": secret}}]


ALLOWED = {
    "a volume": ({}, {"volumes": volume("foo")}),
    "a variable": (from_key("foo"), {}),
    "all of a Secret": ({"envFrom": [{"secretRef": {"name": "foo"}}]}, {}),
    "to pull with": ({}, {"imagePullSecrets": [{"name": "pull"}]}),
}


@pytest.mark.parametrize(("container", "spec"), ALLOWED.values(), ids=ALLOWED)
def test_listed_secrets_may_be_used(container: Obj, spec: dict[str, Any]) -> None:
    assert made(STRICT, container, **spec)["serviceAccountName"] == "default"


WHY = "is not allowed because service account default does not reference that"
REFUSED = {
    "a volume": ({}, {"volumes": volume("bar")}, f'volume with secret.secretName="bar" {WHY} secret'),
    "a variable": (
        from_key("bar"),
        {},
        f'container main with envVar PASSWORD referencing secret.secretName="bar" {WHY} secret',
    ),
    "all of a Secret": (
        {"envFrom": [{"secretRef": {"name": "bar"}}]},
        {},
        f'container main with envFrom referencing secret.secretName="bar" {WHY} secret',
    ),
    "to pull with": (
        {},
        {"imagePullSecrets": [{"name": "bar"}]},
        f'imagePullSecrets[0].name="bar" {WHY} imagePullSecret',
    ),
    "an init container's": (
        {},
        {"initContainers": [{"name": "first", "image": "x", **from_key("bar")}]},
        f'init container first with envVar PASSWORD referencing secret.secretName="bar" {WHY} secret',
    ),
}


@pytest.mark.parametrize(("container", "spec", "why"), REFUSED.values(), ids=REFUSED)
def test_other_secrets_are_refused_where_the_account_says_so(
    container: Obj, spec: dict[str, Any], why: str
) -> None:
    with pytest.raises(ApiError) as refused:
        made(STRICT, container, **spec)
    assert refused.value.message == f'pods "p" is forbidden: {why}'
    lax = account(secrets=[{"name": "foo"}])
    assert made(lax, container, **spec)["serviceAccountName"] == "default"


def test_an_account_that_is_not_there_is_refused() -> None:
    with pytest.raises(ApiError) as refused:
        made(account(), serviceAccountName="nobody")
    assert refused.value.message == (
        'pods "p" is forbidden: error looking up service account lab/nobody: '
        'serviceaccount "nobody" not found'
    )


# TestIgnoresMirrorPod and TestRejectsMirrorPodWith…
MIRRORS = {
    "a volume of a Secret": (
        {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]},
        "a mirror pod may not reference secrets",
    ),
    "a variable of a Secret": (
        {"containers": [{"name": "main", "image": "x", **from_key("s")}]},
        "a mirror pod may not reference secrets",
    ),
    "a volume's own Secret": (
        {"volumes": [{"name": "v", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "s"}}}]},
        "a mirror pod may not reference secrets",
    ),
    "an account": ({"serviceAccountName": "default"}, "a mirror pod may not reference service accounts"),
    "a token": (
        {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]},
        "a mirror pod may not use ServiceAccountToken volume projections",
    ),
    "nothing": ({}, ""),
}


@pytest.mark.parametrize(("spec", "why"), MIRRORS.values(), ids=MIRRORS)
def test_mirror_pods_draw_on_nothing(spec: dict[str, Any], why: str) -> None:
    mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}, "name": "p"}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": mirror}
    body["spec"] = {"containers": [{"name": "main", "image": "x"}], **spec}
    shelf = Shelf([namespace("lab")[0], account()])
    if not why:
        assert "volumes" not in create(shelf, PODS, body)["spec"]
        return
    with pytest.raises(ApiError) as refused:
        create(shelf, PODS, body)
    assert refused.value.message == f'pods "p" is forbidden: {why}'
