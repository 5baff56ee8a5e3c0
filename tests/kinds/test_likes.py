"""The specs of two Jobs' Pods differ in the name of a volume alone, and are treated as alike."""

from __future__ import annotations

import json

import pytest

from k8slab.api.kind import kinds
from k8slab.api.kinds._pod_resources import _quality_of_service, quality_of_service
from k8slab.api.memo import first_like, liken, remember
from k8slab.api.meta import Obj
from k8slab.api.validation import _pod_spec
from k8slab.cluster import admission
from tests.kinds.kinds_world import Shelf, namespace, request

SPECS: dict[str, Obj] = {
    "plain": {"containers": [{"name": "main", "image": "busybox", "resources": {"limits": {"cpu": "1"}}}]},
    "with an init container": {
        "containers": [{"name": "main", "image": "busybox"}],
        "initContainers": [{"name": "first", "image": "busybox"}],
    },
    "with a volume of its own": {
        "containers": [
            {"name": "main", "image": "busybox", "volumeMounts": [{"name": "own", "mountPath": "/own"}]}
        ],
        "volumes": [{"name": "own", "emptyDir": {}}],
    },
    "with tolerations": {
        "containers": [{"name": "main", "image": "busybox"}],
        "tolerations": [{"key": "a", "operator": "Exists"}],
    },
}


def pod_of(shelf: Shelf, name: str, spec: Obj) -> Obj:
    """The stored Pod of a Job: all Jobs share the spec object."""
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": name,
        "uid": f"uid-of-{name}",
        "controller": True,
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{name}-pod", "namespace": "lab", "ownerReferences": [owner]},
        "spec": spec,
    }
    kind = kinds()["Pod"]
    pod = admission.mutate(request(shelf, "CREATE", kind, kind.default(pod), None))
    return kind.prepare_create(pod)


def token_volume(spec: Obj) -> str:
    (name,) = [one["name"] for one in spec["volumes"] if one["name"].startswith("kube-api-access-")]
    return str(name)


@pytest.mark.parametrize("name", SPECS)
def test_likes_differ_in_the_name_of_the_token_volume_alone(name: str) -> None:
    shelf = Shelf(namespace("lab"))
    specs = [pod_of(shelf, job, SPECS[name])["spec"] for job in ("tick-1", "tick-2")]
    names = [token_volume(spec) for spec in specs]
    assert names[0] != names[1]
    for spec in specs:
        first = first_like(spec)
        assert first is not spec
        assert token_volume(first) not in names
        assert json.dumps(first).replace(token_volume(first), token_volume(spec)) == json.dumps(spec)
        assert first_like(spec["containers"]) == first["containers"]
    assert first_like(specs[0]) is first_like(specs[1])


@pytest.mark.parametrize("name", SPECS)
def test_what_is_known_of_the_first_is_true_of_its_likes(name: str) -> None:
    shelf = Shelf(namespace("lab"))
    for job in ("tick-1", "tick-2"):
        pod = pod_of(shelf, job, SPECS[name])
        spec, metadata = pod["spec"], pod["metadata"]
        assert quality_of_service(spec) == _quality_of_service(spec)
        assert _pod_spec.validate_spec_of_pod(spec, metadata) == []
        assert _pod_spec._validate_spec(spec, "spec", metadata) == []


def test_results_are_shared_or_likened_as_it_is_said() -> None:
    first, other = {"name": "a", "size": 1}, {"name": "b", "size": 1}
    liken(other, first)
    size = remember(lambda obj: [obj["size"]], nameless=True)
    assert size(other) is size(first)
    renamed = remember(lambda obj: {**obj, "more": True}, likens=True)
    assert renamed(other) == {"name": "b", "size": 1, "more": True}
    assert first_like(renamed(other)) is renamed(first)
