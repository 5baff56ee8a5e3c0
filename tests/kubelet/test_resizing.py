"""Resizing Pods in place: what is granted at once, what waits for room, and who comes first."""

from __future__ import annotations

import pytest

from k8slab.api.errors import ApiError
from k8slab.cluster import api, deletion
from k8slab.timing import REALISTIC
from tests.kubelet.nodes import Nodes, nginx

LACK = "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000"


@pytest.fixture
def nodes():
    return Nodes(1, timing=REALISTIC)


def cpu(amount):
    return {"requests": {"cpu": amount}, "limits": {"cpu": amount}}


def start(nodes, **amounts):
    for name, amount in amounts.items():
        nodes.pod(name, nginx(resources=cpu(amount)))
    nodes.run(20)


def resize(nodes, name, amount):
    pod = nodes.get(name)
    container = {**pod["spec"]["containers"][0], "resources": cpu(amount)}
    new = {**pod, "spec": {**pod["spec"], "containers": [container]}}
    api.update(nodes.world, api.ADMIN, "Pod", new, subresource="resize")


def resize_conditions(nodes, name):
    return [one for one in nodes.status(name)["conditions"] if one["type"].startswith("PodResize")]


def stage(nodes, name):
    """How far a Pod's resize is: its conditions, what is granted, and what is in force."""
    container = nodes.container(name)
    conditions = [(one["type"], one.get("reason", "")) for one in resize_conditions(nodes, name)]
    return conditions, container["allocatedResources"]["cpu"], container["resources"]["requests"]["cpu"]


def test_a_resize_is_granted_and_then_in_force(nodes):
    start(nodes, web="1")
    resize(nodes, "web", "2")
    nodes.run(0.1)
    assert stage(nodes, "web") == ([("PodResizeInProgress", "")], "2", "1")
    assert nodes.exec("web", "cat", "/sys/fs/cgroup/cpu.max").stdout == "100000 100000\n"
    nodes.run(2)
    assert stage(nodes, "web") == ([], "2", "2")
    assert nodes.exec("web", "cat", "/sys/fs/cgroup/cpu.max").stdout == "200000 100000\n"
    resources = '{"limits":{"cpu":"2"},"requests":{"cpu":"2"}}'
    said = f'{{"containers":[{{"name":"web","resources":{resources}}}],"generation":2}}'
    assert nodes.events("web")[-2:] == [
        ("Normal", "ResizeStarted", f"Pod resize started: {said}", 1),
        ("Normal", "ResizeCompleted", f"Pod resize completed: {said}", 1),
    ]


def test_a_resize_waits_until_another_pod_gives_room(nodes):
    start(nodes, big="2", web="1")
    resize(nodes, "web", "3")
    nodes.run(20)
    assert stage(nodes, "web") == ([("PodResizePending", "Deferred")], "1", "1")
    assert [one["message"] for one in resize_conditions(nodes, "web")] == [LACK]
    assert nodes.reasons("web").count("ResizeDeferred") == 1
    resize(nodes, "big", "1")
    nodes.run(2)
    assert (stage(nodes, "web"), stage(nodes, "big")) == (([], "3", "3"), ([], "1", "1"))


def test_a_resize_that_waits_can_be_taken_back(nodes):
    start(nodes, big="2", web="1")
    resize(nodes, "web", "3")
    nodes.run(2)
    resize(nodes, "web", "1")
    nodes.run(2)
    assert stage(nodes, "web") == ([], "1", "1")
    assert not nodes.world.list("DeferredResize")
    assert "ResizeStarted" not in nodes.reasons("web")


def test_the_pod_with_the_higher_priority_gets_the_room(nodes):
    priority = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "first"},
        "value": 1000,
    }
    api.create(nodes.world, api.ADMIN, "PriorityClass", priority)
    nodes.pod("vip", nginx(resources=cpu("500m")), priorityClassName="first")
    start(nodes, big="2", web="500m")
    for name in ("web", "vip"):
        resize(nodes, name, "2500m")
        nodes.run(2)
    assert [stage(nodes, name)[1] for name in ("web", "vip")] == ["500m", "500m"]
    deletion.delete(nodes.world, api.ADMIN, "Pod", ("default", "big"))
    nodes.run(40)
    assert [stage(nodes, name)[1] for name in ("web", "vip")] == ["500m", "2500m"]
    assert resize_conditions(nodes, "web")[0]["reason"] == "Deferred"


def test_a_pod_that_is_deleted_waits_no_more(nodes):
    start(nodes, big="2", web="1")
    resize(nodes, "web", "3")
    nodes.run(2)
    assert len(nodes.world.list("DeferredResize")) == 1
    deletion.delete(nodes.world, api.ADMIN, "Pod", ("default", "web"))
    nodes.run(40)
    assert nodes.get("web") is None
    assert not nodes.world.list("DeferredResize")


def test_more_than_the_node_could_ever_give_is_refused(nodes):
    start(nodes, web="1")
    with pytest.raises(ApiError) as refusal:
        resize(nodes, "web", "5")
    assert refusal.value.message == (
        'pods "web" is forbidden: node didn\'t have enough allocatable resources: '
        "cpu, requested: 5000, allocatable: 4000"
    )
    assert refusal.value.status()["details"]["causes"] == [{"reason": "NodeCapacity"}]


def test_a_sidecar_is_restarted_where_its_policy_asks_for_it(nodes):
    policy = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]
    sidecar = {**nginx(resources=cpu("1"), resizePolicy=policy, restartPolicy="Always"), "name": "beside"}
    nodes.pod("web", nginx(resources=cpu("1")), initContainers=[sidecar])
    nodes.run(20)
    pod = nodes.get("web")
    larger = {**pod["spec"]["initContainers"][0], "resources": cpu("2")}
    new = {**pod, "spec": {**pod["spec"], "initContainers": [larger]}}
    api.update(nodes.world, api.ADMIN, "Pod", new, subresource="resize")
    nodes.run(20)
    beside = nodes.container("web", field="initContainerStatuses")
    assert (beside["restartCount"], beside["resources"]) == (1, cpu("2"))
    assert resize_conditions(nodes, "web") == [] and nodes.container("web")["restartCount"] == 0


def test_a_pod_as_a_whole_is_resized(nodes):
    nodes.pod("web", nginx(), resources=cpu("1"))
    nodes.run(20)
    pod = nodes.get("web")
    new = {**pod, "spec": {**pod["spec"], "resources": cpu("2")}}
    api.update(nodes.world, api.ADMIN, "Pod", new, subresource="resize")
    nodes.run(0.1)
    status = nodes.status("web")
    assert (status["allocatedResources"], status["resources"]) == ({"cpu": "2"}, cpu("1"))
    nodes.run(3)
    assert nodes.status("web")["resources"] == cpu("2")
    assert nodes.exec("web", "cat", "/sys/fs/cgroup/cpu.max").stdout == "200000 100000\n"
