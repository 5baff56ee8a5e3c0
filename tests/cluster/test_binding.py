"""Bindings: what admission says of them, whoever sends them.

Models pkg/registry/core/pod/storage/storage.go (BindingREST) and
staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go, v1.36: a binding is
created in its Pod, so that it is a creation in the Pod's namespace.
"""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.cluster import api, assembly, subresources
from k8slab.cluster.request import Request
from k8slab.cluster.rest import handle
from k8slab.cluster.world import World
from k8slab.components import Bind
from k8slab.timing import INSTANT

KEY = ("ending", "web")
SCHEDULER = api.component_actor("default-scheduler")


def world_with(phase: str) -> World:
    """A Pod in a namespace of that phase, and its node."""
    world = World((), timing=INSTANT)
    assembly.bootstrap(world)
    container = {"name": "main", "image": "nginx"}
    objects: tuple[Obj, ...] = (
        {"kind": "Namespace", "metadata": {"name": "ending", "uid": "ns"}, "status": {"phase": phase}},
        {"kind": "Node", "metadata": {"name": "node-1", "uid": "node"}},
        {
            "kind": "Pod",
            "metadata": {"name": "web", "namespace": "ending", "uid": "web"},
            "spec": {"containers": [container]},
        },
    )
    for obj in objects:
        key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        world.store.write(obj["kind"], key, {"apiVersion": "v1", **obj}, world.now_us, 0)
    return world


def bound_node(world: World) -> str:
    pod = world.get("Pod", KEY)
    assert pod is not None
    return str(pod["spec"].get("nodeName", ""))


REFUSED = (
    'pods "web" is forbidden: unable to create new content in namespace ending because it is being terminated'
)


def test_the_scheduler_binds_nothing_into_a_namespace_that_ends() -> None:
    world = world_with("Terminating")
    with pytest.raises(ApiError) as refused:
        subresources.bind_as(world, SCHEDULER, Bind(KEY, "node-1", "web"), 0)
    assert (refused.value.code, refused.value.message) == (403, REFUSED)
    assert [cause.reason for cause in refused.value.causes] == ["NamespaceTerminating"]
    assert bound_node(world) == ""


def test_the_scheduler_binds_into_a_namespace_that_lives() -> None:
    world = world_with("Active")
    subresources.bind_as(world, SCHEDULER, Bind(KEY, "node-1", "web"), 0)
    assert bound_node(world) == "node-1"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("pods/web/binding", {"metadata": {"name": "web"}, "target": {"kind": "Node", "name": "node-1"}}),
        ("bindings", {"metadata": {"name": "web"}, "target": {"kind": "Node", "name": "node-1"}}),
    ],
)
def test_no_client_binds_into_a_namespace_that_ends(path: str, body: Obj) -> None:
    world = world_with("Terminating")
    body = {"apiVersion": "v1", "kind": "Binding", **body}
    headers = {"Content-Type": "application/json"}
    user = ("kubernetes-admin", ("system:masters",))
    response = handle(world, Request("POST", f"/api/v1/namespaces/ending/{path}", {}, headers, body, *user))
    assert response.code == 403
    assert response.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    assert bound_node(world) == ""
