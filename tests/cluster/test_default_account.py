"""A namespace's default account is made after it: Pods that come at once are held until it is there."""

from __future__ import annotations

from typing import Any

from k8slab.api.meta import Obj
from k8slab.cluster import assembly
from k8slab.cluster.request import Request, Response
from k8slab.lab import Lab

SPEC = {"containers": [{"name": "main", "image": "nginx:1.29"}]}
FORBIDDEN = (
    'pods "p" is forbidden: error looking up service account new/{name}: serviceaccount "{name}" not found'
)


def create(lab: Lab, path: str, body: Obj) -> Response:
    return lab.request(Request("POST", path, {}, {"Content-Type": "application/json"}, body))


def create_pod(lab: Lab, **spec: str) -> Response:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {**SPEC, **spec}}
    return create(lab, "/api/v1/namespaces/new/pods", pod)


def lab_with_namespace(**made: Any) -> Lab:
    lab = Lab(1, **made)
    create(lab, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}})
    return lab


def test_a_pod_waits_for_the_default_account() -> None:
    lab = lab_with_namespace()
    before = lab.now_us
    assert create_pod(lab).code == 201
    assert 100_000 <= lab.now_us - before < 200_000
    assert Lab.load(lab.save()).now_us == lab.now_us


def test_nobody_waits_for_another_account() -> None:
    lab = lab_with_namespace()
    before = lab.now_us
    response = create_pod(lab, serviceAccountName="mine")
    assert (response.code, response.body["message"]) == (403, FORBIDDEN.format(name="mine"))
    assert lab.now_us == before


def test_the_server_gives_up_at_last() -> None:
    parts = [part for part in assembly.all_components() if part.name != "service-account-controller"]
    lab = lab_with_namespace(components=parts)
    before = lab.now_us
    response = create_pod(lab)
    assert (response.code, response.body["message"]) == (403, FORBIDDEN.format(name="default"))
    assert 900_000 <= lab.now_us - before < 1_800_000


def test_a_manifest_may_hold_a_namespace_and_its_pod() -> None:
    lab = Lab(1)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}}
    metadata = {"name": "p", "namespace": "new"}
    lab.apply(
        [namespace, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": SPEC}], namespace="new"
    )
    assert lab.world.get("Pod", ("new", "p")) is not None
