"""The cluster against which recorded requests are sent: three Ready nodes, one class, a namespace.

It is built once for a namespace and copied for each case; the kubelets are the
scripted ones, so a Pod that is bound runs, and nothing but the control plane
decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from k8slab import clock
from k8slab.api.meta import Key, Obj
from k8slab.cluster import api, assembly, dispatch, queue
from k8slab.cluster.request import Request, Response
from k8slab.cluster.world import World
from k8slab.components import Component, Done, Memory, Plan
from k8slab.reference import script
from k8slab.reference.asking import ask
from k8slab.reference.facts import expanded
from k8slab.reference.scenario import TIMING
from k8slab.scheduler.volumes import NO_PROVISIONER
from k8slab.store.view import View

AGENT = "facts"
"""What the recording client called itself."""

RESOURCES = {"cpu": "64", "ephemeral-storage": "1000Gi", "memory": "256Gi", "pods": "110"}
_NODE_INFO = {
    "architecture": "amd64",
    "bootID": "",
    "containerRuntimeVersion": "",
    "kernelVersion": "",
    "kubeProxyVersion": "",
    "kubeletVersion": "v1.36.2",
    "machineID": "",
    "operatingSystem": "linux",
    "osImage": "",
    "systemUUID": "",
}
_SCRIPTED = ("attachdetach-controller", "volume-provisioner")
"""Controllers whose part was scripted when the facts were recorded."""

_SETTLING_US = 3 * clock.SECOND_US
_OLD_US = 20 * clock.MINUTE_US
"""How long the cluster has stood: long enough that etcd has forgotten its first changes."""


def _provide(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """A volume for a claim whose class there is, and has a provisioner."""
    claim = view.get("PersistentVolumeClaim", key)
    name = claim["spec"].get("storageClassName", "") if claim is not None else ""
    storage_class = view.get("StorageClass", ("", name))
    if storage_class is None or storage_class["provisioner"] == NO_PROVISIONER:
        return Done()
    return (yield from script.PROVISIONER.plan(view, key, now_us, memory))


_PROVISIONER = script.PROVISIONER._replace(plan=_provide)


@lru_cache(maxsize=32)
def _base(namespace: str, with_nodes: bool, kubelet: Component) -> World:
    from k8slab.scheduler import SCHEDULER

    controllers = [one for one in assembly.controllers() if one.name not in _SCRIPTED]
    components = (*controllers, SCHEDULER, kubelet, _PROVISIONER)
    world = World(components, timing=TIMING)
    assembly.bootstrap(world)
    if with_nodes:
        for number in range(3):
            add_node(world, f"node-{number}")
    if namespace:
        body: Obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        api.create(world, api.ADMIN, "Namespace", body)
    run(world, _OLD_US)
    return world


def bench(namespace: str = "", *, with_nodes: bool = True, kubelet: Component = script.KUBELET) -> World:
    """A World of its own in which nothing is going on, with this namespace and this kubelet on its nodes."""
    return _base(namespace, with_nodes, kubelet).copy()


def add_node(
    world: World,
    name: str,
    *,
    labels: Mapping[str, str] | None = None,
    taints: Sequence[Obj] = (),
    allocatable: Mapping[str, str] | None = None,
    unschedulable: bool = False,
) -> None:
    """Store a Ready Node with its machine, as a cluster long since at rest has it."""
    when = clock.timestamp(world.now_us)
    labels = labels or {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }
    machine = assembly.machine(name, world.now_us, labels=dict(labels))
    api.put_internal(world, "Machine", ("", name), machine, 0)
    pods = f"10.244.{sum(map(ord, name)) % 250}.0/24"
    spec: Obj = {"podCIDR": pods, "podCIDRs": [pods]}
    if taints:
        spec["taints"] = [{**taint, "timeAdded": when} if "timeAdded" in taint else taint for taint in taints]
    if unschedulable:
        spec["unschedulable"] = True
    resources = dict(allocatable or RESOURCES)
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        "lastHeartbeatTime": when,
        "lastTransitionTime": when,
    }
    node: Obj = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "uid": f"{name}-uid",
            "labels": dict(labels),
            "annotations": {"node.alpha.kubernetes.io/ttl": "0"},
            "creationTimestamp": when,
        },
        "spec": spec,
        "status": {
            "addresses": [{"type": "Hostname", "address": name}],
            "allocatable": resources,
            "capacity": resources,
            "conditions": [ready],
            "nodeInfo": _NODE_INFO,
        },
    }
    put(world, "Node", ("", name), node)


def put(world: World, kind: str, key: Key, obj: Obj) -> None:
    """Put an object into the store exactly as it is, and let components see it."""
    queue.notify(world, world.store.write(kind, key, obj, world.now_us, 0))


def run(world: World, duration_us: int = _SETTLING_US) -> None:
    """Let lab time pass."""
    end_us = world.now_us + duration_us
    while True:
        event = queue.next_event(world)
        if event is None or event.at_us > end_us:
            break
        dispatch.step(world)
    world.now_us = end_us


def send(world: World, recorded: Mapping[str, Any]) -> Response:
    """Send a recorded request: its body as it is where it is a text, else as JSON."""
    headers = {"Accept": "application/json", "User-Agent": AGENT, **(recorded.get("headers") or {})}
    body = expanded(recorded.get("body"))
    content_type = recorded.get("contentType", "application/json")
    if content_type is not None:
        headers["Content-Type"] = content_type
    query = {name: str(value) for name, value in (recorded.get("query") or {}).items()}
    return ask(world, Request(recorded["method"], recorded["path"], query, headers, body))


class GivenRefusedError(Exception):
    """A request that should only have led to the case was refused."""


def send_given(world: World, given: Sequence[Mapping[str, Any]]) -> None:
    """Send the requests that lead to a case. GivenRefusedError where one unexpectedly is."""
    for one in given:
        response = send(world, one)
        if response.code >= 400 and response.code != one.get("code"):
            text = response.body.get("message") if isinstance(response.body, dict) else response.body
            raise GivenRefusedError(f"{one['method']} {one['path']}: {response.code} {text}")
