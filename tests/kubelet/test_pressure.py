"""What a node runs out of: who goes first, what is said, and which Pods its kubelet takes meanwhile.

The orders are those of upstream's pkg/kubelet/eviction/helpers_test.go
(TestOrderedByExceedsRequestMemory and its like), as facts.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slab import Lab
from k8slab.containers.storage import NOTHING, Usage
from k8slab.kubelet.image_gc import size_text
from k8slab.kubelet.shortage import Shortage, Use, low_words, ranked

MIB = 1024 * 1024


def pod(name: str, request: str = "", priority: int = 0, resource: str = "memory") -> dict[str, Any]:
    resources = {"requests": {resource: request}} if request else {}
    return {
        "metadata": {"namespace": "default", "name": name},
        "spec": {"priority": priority, "containers": [{"name": "app", "image": "x", "resources": resources}]},
    }


def memory(name: str, used_mib: int, request: str = "", priority: int = 0) -> Use:
    return Use(pod(name, request, priority), NOTHING, {"app": used_mib * MIB}, 1)


def processes(name: str, count: int, priority: int = 0) -> Use:
    return Use(pod(name, priority=priority), NOTHING, {"app": 0}, count)


def disk(name: str, used_mib: int, request: str = "", priority: int = 0) -> Use:
    layers = Usage({"app": used_mib * MIB}, {})
    return Use(pod(name, request, priority, "ephemeral-storage"), layers, {"app": 0}, 1)


ORDERS: dict[str, tuple[str, list[Use], list[str]]] = {
    "above the request first": (
        "memory",
        [memory("below", 200, "300Mi"), memory("above", 20, "10Mi")],
        ["above", "below"],
    ),
    "then the less important": (
        "memory",
        [memory("dear", 500, priority=9), memory("cheap", 20, priority=1)],
        ["cheap", "dear"],
    ),
    "then the one furthest above its request": (
        "memory",
        [memory("a", 500, "450Mi"), memory("b", 400, "100Mi"), memory("c", 120)],
        ["b", "c", "a"],
    ),
    "importance saves none above its request from one below": (
        "memory",
        [memory("dear", 500, "400Mi", priority=1000), memory("cheap", 300, "400Mi", priority=-5)],
        ["dear", "cheap"],
    ),
    "exactly the request is not above it": (
        "memory",
        [memory("exact", 100, "100Mi", priority=-1), memory("above", 101, "100Mi")],
        ["above", "exact"],
    ),
    "process numbers: importance alone, then how many": (
        "pids",
        [processes("few", 2), processes("many", 2000), processes("dear", 9000, priority=7)],
        ["many", "few", "dear"],
    ),
    "disk": (
        "ephemeral-storage",
        [disk("below", 900, "1Gi"), disk("dear", 60, priority=3), disk("cheap", 50)],
        ["cheap", "dear", "below"],
    ),
}


@pytest.mark.parametrize("case", ORDERS)
def test_who_goes_first(case: str) -> None:
    resource, uses, names = ORDERS[case]
    for order in (uses, uses[::-1]):
        assert [use.pod["metadata"]["name"] for use in ranked(order, resource)] == names


def test_a_volume_in_memory_counts_as_memory() -> None:
    usage = Usage({}, {"fast": 50 * MIB, "slow": 70 * MIB}, frozenset({"fast"}))
    assert Use(pod("web"), usage, {"app": 10 * MIB}, 1).memory_bytes == 60 * MIB


WORDS = {
    "no request": (
        memory("web", 20),
        "Container app was using 20Mi, request is 0, has larger consumption of memory. ",
    ),
    "above it": (
        memory("web", 20, "16Mi"),
        "Container app was using 20Mi, request is 16Mi, has larger consumption of memory. ",
    ),
    "below it": (memory("web", 20, "64Mi"), ""),
}


@pytest.mark.parametrize("case", WORDS)
def test_what_is_said(case: str) -> None:
    use, words = WORDS[case]
    head = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 40Mi. "
    assert low_words(use, Shortage("MemoryPressure", "memory", "100Mi", "40Mi")) == head + words


def test_what_is_said_of_a_pod_with_resources_of_its_own() -> None:
    use = memory("web", 20)
    use.pod["spec"]["resources"] = {"requests": {"memory": "8Mi"}}
    said = low_words(use, Shortage("MemoryPressure", "memory", "100Mi", "40Mi"))
    assert "Pod web was using 20Mi, request is 8Mi, has larger consumption of memory. " in said


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (105494650880, "98.2 GiB"), (2**40, "1.0 TiB")],
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


# In a lab.


@pytest.fixture(scope="module")
def node() -> Lab:
    lab = Lab(nodes=1)
    for name, extra in (
        ("greedy", ""),
        ("modest", ', "priorityClassName": "dear"'),
        ("agent", ', "priorityClassName": "system-node-critical"'),
    ):
        if name == "modest":
            kind = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
            lab.apply({**kind, "value": 9, "metadata": {"name": "dear"}})
        resources = ', "resources": {"requests": {"memory": "64Mi"}}' if name != "greedy" else ""
        container = f'{{"name": "app", "image": "nginx"{resources}}}'
        lab.kubectl(
            f'run {name} --image=nginx --overrides=\'{{"spec": {{"containers": [{container}]{extra}}}}}\''
        )
    lab.settle()
    return lab


def phases(lab: Lab) -> dict[str, str]:
    return {one["metadata"]["name"]: one["status"]["phase"] for one in lab.list("pods")}


CONDITIONS = {
    "memory": ("fill_memory", "MemoryPressure", "KubeletHasInsufficientMemory", "memory-pressure"),
    "pids": ("use_up_pids", "PIDPressure", "KubeletHasInsufficientPID", "pid-pressure"),
}


@pytest.mark.parametrize("resource", CONDITIONS)
def test_a_node_short_of_something_says_so_and_evicts_one_pod_after_another(node: Lab, resource: str) -> None:
    verb, kind, reason, taint = CONDITIONS[resource]
    lab = node.fork()
    evicted: list[str] = []
    lab.on(
        "pod/*",
        lambda seen: evicted.append(seen.name) if seen.after == "Evicted" else None,
        field="status.reason",
    )
    getattr(lab, verb)("node-1")
    lab.run("1m")
    assert evicted == ["greedy", "modest"]
    assert phases(lab) == {"greedy": "Failed", "modest": "Failed", "agent": "Running"}, "not the critical one"
    found = lab.get("node/node-1")
    (pressure,) = [one for one in found["status"]["conditions"] if one["type"] == kind]
    assert (pressure["status"], pressure["reason"]) == ("True", reason)
    assert [one["key"] for one in found["spec"]["taints"]] == [f"node.kubernetes.io/{taint}"]
    said = lab.kubectl("describe node node-1").stdout
    assert f"Attempting to reclaim {resource}" in said
    assert f"Node node-1 status is now: {reason.replace('Kubelet', 'Node')}" in said
    status = lab.get("pod/greedy")["status"]
    assert status["reason"] == "Evicted"
    assert status["message"].startswith(f"The node was low on resource: {resource}. Threshold quantity: ")
    assert "Its kubelet has evicted it, because the node" in lab.why("pod/greedy")
    lab.recover("node-1")
    lab.run("4m")
    assert taint in str(lab.get("node/node-1")["spec"]), "the condition stays for five minutes"
    lab.run("2m")
    assert taint not in str(lab.get("node/node-1")["spec"])
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_no_more_pods_are_evicted_than_must_be(node: Lab) -> None:
    lab = node.fork()
    lab.fill_memory("node-1", "7681Mi")
    lab.run("10m")
    assert phases(lab) == {"greedy": "Failed", "modest": "Running", "agent": "Running"}
    assert "Threshold quantity: 100Mi, available: 95Mi. " in lab.get("pod/greedy")["status"]["message"]
    assert "8085Mi" in lab.kubectl("top nodes").stdout, "the services' 380Mi, 7681Mi, and two Pods of 12Mi"


def test_a_program_that_takes_too_much_is_evicted_and_the_node_recovers(node: Lab) -> None:
    lab = node.fork()
    lab.set_load("pod/greedy", memory="7700Mi")
    lab.run("1m")
    assert phases(lab) == {"greedy": "Failed", "modest": "Running", "agent": "Running"}
    used = "Container app was using 7700Mi, request is 0, has larger consumption of memory. "
    assert lab.get("pod/greedy")["status"]["message"].endswith(used)
    lab = node.fork()
    lab.set_load("pod/modest", memory="7700Mi")
    lab.run("1m")
    assert phases(lab)["greedy"] == "Failed", "who requests nothing is above its request, and less important"


TAKEN = {
    "requests nothing": ({}, "Evicted"),
    "requests memory": ({"resources": {"requests": {"memory": "1Mi"}}}, ""),
    "requests cpu": ({"resources": {"requests": {"cpu": "1m"}}}, ""),
}


@pytest.mark.parametrize("case", TAKEN)
def test_short_of_memory_alone_a_kubelet_takes_pods_that_request_something(node: Lab, case: str) -> None:
    resources, reason = TAKEN[case]
    lab = node.fork()
    lab.fill_memory("node-1")
    lab.run("12s")
    lab.fill_memory("node-1", "0")
    container = {"name": "app", "image": "nginx", **resources}
    head = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "late"}}
    lab.apply({**head, "spec": {"nodeName": "node-1", "containers": [container]}})
    lab.run("10s")
    status = lab.get("pod/late")["status"]
    assert status.get("reason", "") == reason
    if reason:
        assert status["message"] == "Pod was rejected: The node had condition: [MemoryPressure]. "
        assert "The kubelet of its node did not take it" in lab.why("pod/late")
    lab.run("10m")


def test_a_best_effort_pod_that_tolerates_the_taint_is_taken(node: Lab) -> None:
    lab = node.fork()
    lab.fill_memory("node-1")
    lab.run("12s")
    lab.fill_memory("node-1", "0")
    toleration = '{"key": "node.kubernetes.io/memory-pressure", "operator": "Exists", "effect": "NoSchedule"}'
    spec = f'{{"spec": {{"tolerations": [{toleration}]}}}}'
    lab.kubectl(f"run late --image=nginx --overrides='{spec}'")
    lab.run("20s")
    assert phases(lab)["late"] == "Running"


# Images.


def images(lab: Lab) -> set[str]:
    found = lab.get("node/node-1")["status"]["images"]
    return {name.rpartition("/")[2] for one in found for name in one["names"] if "@" not in name}


def test_an_image_that_nobody_uses_goes_before_any_pod(node: Lab) -> None:
    lab = node.fork()
    lab.kubectl("run tool --image=httpd:2.4")
    lab.settle()
    lab.kubectl("delete pod tool")
    lab.run("3m")
    assert images(lab) == {"nginx:latest", "httpd:2.4"}
    lab.fill_disk("node-1", "83.4Gi")
    lab.run("30s")
    assert images(lab) == {"nginx:latest"}
    assert "EvictionThresholdMet" in lab.kubectl("events").stdout
    assert set(phases(lab).values()) == {"Running"}, "that was room enough"
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_the_collection_of_images_says_what_it_could_not_free(node: Lab) -> None:
    lab = node.fork()
    lab.fill_disk("node-1")
    lab.run("16m")
    said = lab.kubectl("describe node node-1").stdout
    assert "FreeDiskSpaceFailed" in said
    words = (
        "Insufficient free disk space on the node's image filesystem (97% of 98.2 GiB used). Failed to free "
        "sufficient space by deleting unused images (freed 0 bytes). Investigate disk usage, as it could be "
        "used by active images, logs, volumes, or other data."
    )
    assert words in said
    counts = {
        one["reason"]: one.get("count", 1)
        for one in lab.list("events")
        if one["reason"] in ("FreeDiskSpaceFailed", "ImageGCFailed")
    }
    assert counts == {"FreeDiskSpaceFailed": 3, "ImageGCFailed": 2}, "the first failure is no news"


@pytest.mark.parametrize("verb", ["fill_disk", "fill_memory", "use_up_pids"])
def test_a_bad_amount_is_refused(node: Lab, verb: str) -> None:
    lab = node.fork()
    with pytest.raises(ValueError, match="quantities must match"):
        getattr(lab, verb)("node-1", "much")
    assert lab.digest() == node.digest()
