"""Filters that look at one node: cases of upstream's nodeaffinity, tainttoleration, noderesources/fit,
nodeports, nodename, nodeunschedulable and volumerestrictions tests."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.scheduler.framework import Status
from k8slab.scheduler.plugins import (
    node_affinity,
    node_declared_features,
    node_ports,
    node_resources_fit,
    node_unschedulable,
    taint_toleration,
)
from tests.scheduler.cluster import Cluster, filtered, node, pod

NO_MATCH = ("node(s) didn't match Pod's node affinity/selector",)
UNTOLERATED = ("node(s) had untolerated taint(s)",)


def expression(key: str, operator: str, *values: str) -> Obj:
    return {"key": key, "operator": operator, "values": list(values)}


def required(*terms: Obj) -> Obj:
    node_affinity = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return {"affinity": {"nodeAffinity": node_affinity}}


def by_labels(*expressions: Obj) -> Obj:
    return {"matchExpressions": list(expressions)}


def by_name(*expressions: Obj) -> Obj:
    return {"matchFields": list(expressions)}


NAMED_1 = expression("metadata.name", "In", "node1")
NAMED_2 = expression("metadata.name", "In", "node2")
FOO_BAR = expression("foo", "In", "bar")

NODE_AFFINITY: list[tuple[str, Obj, Obj, str, bool]] = [
    ("no selector", {}, {}, "node1", True),
    ("missing labels", {"nodeSelector": {"foo": "bar"}}, {}, "node1", False),
    ("same labels", {"nodeSelector": {"foo": "bar"}}, {"foo": "bar"}, "node1", True),
    ("node labels are superset", {"nodeSelector": {"foo": "bar"}}, {"foo": "bar", "a": "b"}, "node1", True),
    (
        "node labels are subset",
        {"nodeSelector": {"foo": "bar", "baz": "blah"}},
        {"foo": "bar"},
        "node1",
        False,
    ),
    (
        "In that matches",
        required(by_labels(expression("foo", "In", "bar", "value2"))),
        {"foo": "bar"},
        "node1",
        True,
    ),
    (
        "Gt that matches, with a leading zero",
        required(by_labels(expression("kernel-version", "Gt", "0204"))),
        {"kernel-version": "0206"},
        "node1",
        True,
    ),
    (
        "Lt that doesn't match",
        required(by_labels(expression("kernel-version", "Lt", "204"))),
        {"kernel-version": "206"},
        "node1",
        False,
    ),
    (
        "NotIn that matches",
        required(by_labels(expression("mem-type", "NotIn", "DDR", "DDR2"))),
        {"mem-type": "DDR3"},
        "node1",
        True,
    ),
    (
        "Exists that matches",
        required(by_labels(expression("GPU", "Exists"))),
        {"GPU": "NVIDIA"},
        "node1",
        True,
    ),
    (
        "affinity that doesn't match the node's labels",
        required(by_labels(expression("foo", "In", "value1", "value2"))),
        {"foo": "bar"},
        "node1",
        False,
    ),
    ("empty match expressions match nothing", required(by_labels()), {"foo": "bar"}, "node1", False),
    ("no terms match nothing", required(), {"foo": "bar"}, "node1", False),
    ("affinity without a node selector", {"affinity": {"nodeAffinity": {}}}, {"foo": "bar"}, "node1", True),
    (
        "expressions ANDed that match",
        required(by_labels(expression("GPU", "Exists"), expression("GPU", "NotIn", "AMD", "INTER"))),
        {"GPU": "NVIDIA"},
        "node1",
        True,
    ),
    (
        "expressions ANDed that don't match",
        required(by_labels(expression("GPU", "Exists"), expression("GPU", "In", "AMD", "INTER"))),
        {"GPU": "NVIDIA"},
        "node1",
        False,
    ),
    (
        "terms ORed",
        required(
            by_labels(expression("foo", "In", "bar", "value2")),
            by_labels(expression("diffkey", "In", "wrong", "value2")),
        ),
        {"foo": "bar"},
        "node1",
        True,
    ),
    (
        "affinity and nodeSelector both satisfied",
        {"nodeSelector": {"foo": "bar"}, **required(by_labels(expression("foo", "Exists")))},
        {"foo": "bar"},
        "node1",
        True,
    ),
    (
        "affinity satisfied, nodeSelector not",
        {"nodeSelector": {"foo": "bar"}, **required(by_labels(expression("foo", "Exists")))},
        {"foo": "barrrrrr"},
        "node1",
        False,
    ),
    (
        "an invalid value matches nothing",
        required(by_labels(expression("foo", "NotIn", "invalid value: ___@#$%^"))),
        {"foo": "bar"},
        "node1",
        False,
    ),
    ("field In that matches", required(by_name(NAMED_1)), {}, "node1", True),
    ("field In that doesn't match", required(by_name(NAMED_1)), {}, "node2", False),
    (
        "two terms: fields don't match, expressions do",
        required(by_name(NAMED_1), by_labels(FOO_BAR)),
        {"foo": "bar"},
        "node2",
        True,
    ),
    (
        "one term: fields don't match, expressions do",
        required({**by_name(NAMED_1), **by_labels(FOO_BAR)}),
        {"foo": "bar"},
        "node2",
        False,
    ),
    (
        "one term: fields and expressions match",
        required({**by_name(NAMED_1), **by_labels(FOO_BAR)}),
        {"foo": "bar"},
        "node1",
        True,
    ),
    (
        "two terms: neither matches",
        required(by_name(NAMED_1), by_labels(expression("foo", "In", "not-match-to-bar"))),
        {"foo": "bar"},
        "node2",
        False,
    ),
    ("two terms of names", required(by_name(NAMED_1), by_name(NAMED_2)), {}, "node2", True),
    (
        "field NotIn",
        required(by_name(expression("metadata.name", "NotIn", "node1"))),
        {},
        "node2",
        True,
    ),
]


@pytest.mark.parametrize(
    ("spec", "labels", "name", "fits"),
    [case[1:] for case in NODE_AFFINITY],
    ids=[c[0] for c in NODE_AFFINITY],
)
def test_node_affinity(spec: Obj, labels: Obj, name: str, fits: bool) -> None:
    cluster = Cluster([node(name, labels=labels)])
    assert filtered(node_affinity.PLUGIN, cluster, pod("p", **spec)) == ({} if fits else {name: NO_MATCH})


def test_terms_that_name_different_nodes_conflict() -> None:
    cluster = Cluster([node("node1"), node("node2")])
    conflicting = pod("p", **required(by_name(NAMED_1, NAMED_2)))
    assert filtered(node_affinity.PLUGIN, cluster, conflicting) == {"*": ("pod affinity terms conflict",)}


def taint(key: str, value: str, effect: str) -> Obj:
    return {"key": key, "value": value, "effect": effect}


def toleration(**fields: str) -> Obj:
    return dict(fields)


USER_1 = taint("dedicated", "user1", "NoSchedule")
TAINTS: list[tuple[str, list[Obj], list[Obj], bool]] = [
    ("no tolerations", [], [USER_1], False),
    (
        "tolerated, the operator by default",
        [toleration(key="dedicated", value="user1", effect="NoSchedule")],
        [USER_1],
        True,
    ),
    (
        "another value",
        [toleration(key="dedicated", operator="Equal", value="user2", effect="NoSchedule")],
        [USER_1],
        False,
    ),
    (
        "Exists",
        [toleration(key="foo", operator="Exists", effect="NoSchedule")],
        [taint("foo", "bar", "NoSchedule")],
        True,
    ),
    (
        "several taints, all tolerated",
        [
            toleration(key="dedicated", operator="Equal", value="user2", effect="NoSchedule"),
            toleration(key="foo", operator="Exists", effect="NoSchedule"),
        ],
        [taint("dedicated", "user2", "NoSchedule"), taint("foo", "bar", "NoSchedule")],
        True,
    ),
    (
        "several taints, one not tolerated",
        [toleration(key="foo", operator="Exists", effect="NoSchedule")],
        [taint("dedicated", "user2", "NoSchedule"), taint("foo", "bar", "NoSchedule")],
        False,
    ),
    (
        "another effect",
        [toleration(key="foo", operator="Equal", value="bar", effect="PreferNoSchedule")],
        [taint("foo", "bar", "NoSchedule")],
        False,
    ),
    (
        "an empty effect means all",
        [toleration(key="foo", operator="Equal", value="bar")],
        [taint("foo", "bar", "NoSchedule")],
        True,
    ),
    (
        "PreferNoSchedule refuses nobody who tolerates something else",
        [toleration(key="dedicated", operator="Equal", value="user2", effect="NoSchedule")],
        [taint("dedicated", "user1", "PreferNoSchedule")],
        True,
    ),
    ("PreferNoSchedule refuses nobody", [], [taint("dedicated", "user1", "PreferNoSchedule")], True),
    ("NoExecute refuses too", [], [taint("gone", "", "NoExecute")], False),
    ("Exists without a key tolerates everything", [toleration(operator="Exists")], [USER_1], True),
    (
        "comparison operators are off by default",
        [toleration(key="sla", operator="Gt", value="750", effect="NoSchedule")],
        [taint("sla", "950", "NoSchedule")],
        False,
    ),
]


@pytest.mark.parametrize(
    ("tolerations", "taints", "fits"), [case[1:] for case in TAINTS], ids=[case[0] for case in TAINTS]
)
def test_taint_toleration(tolerations: list[Obj], taints: list[Obj], fits: bool) -> None:
    cluster = Cluster([node("n", taints=taints)])
    refused = filtered(taint_toleration.PLUGIN, cluster, pod("p", tolerations=tolerations))
    assert refused == ({} if fits else {"n": UNTOLERATED})


@pytest.mark.parametrize(
    ("cordoned", "tolerations", "fits"),
    [
        (True, [], False),
        (False, [], True),
        (True, [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}], True),
        (True, [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}], True),
        (True, [{"key": "other", "operator": "Exists"}], False),
    ],
    ids=["cordoned", "not cordoned", "tolerated by effect", "tolerated by Exists", "another toleration"],
)
def test_node_unschedulable(cordoned: bool, tolerations: list[Obj], fits: bool) -> None:
    cluster = Cluster([node("n", unschedulable=cordoned)])
    refused = filtered(node_unschedulable.PLUGIN, cluster, pod("p", tolerations=tolerations))
    assert refused == ({} if fits else {"n": ("node(s) were unschedulable",)})


def port(number: int, ip: str = "", protocol: str = "TCP") -> Obj:
    return {"containerPort": 80, "hostPort": number, "hostIP": ip, "protocol": protocol}


PORTS: list[tuple[str, list[Obj], list[Obj], bool]] = [
    ("no ports", [], [], True),
    ("another port", [port(8080, "127.0.0.1", "UDP")], [port(9090, "127.0.0.1", "UDP")], True),
    ("same udp port", [port(8080, "127.0.0.1", "UDP")], [port(8080, "127.0.0.1", "UDP")], False),
    ("same tcp port", [port(8080, "127.0.0.1")], [port(8080, "127.0.0.1")], False),
    ("another address", [port(8080, "127.0.0.1")], [port(8080, "127.0.0.2")], True),
    ("another protocol", [port(8080, "127.0.0.1", "UDP")], [port(8080, "127.0.0.1")], True),
    (
        "the second udp port conflicts",
        [port(8000, "127.0.0.1", "UDP"), port(8080, "127.0.0.1", "UDP")],
        [port(8080, "127.0.0.1", "UDP")],
        False,
    ),
    ("every address wanted, one taken", [port(8001, "0.0.0.0")], [port(8001, "127.0.0.1")], False),
    ("one wanted, every address taken", [port(8001, "10.0.10.10")], [port(8001, "0.0.0.0")], False),
    ("no address means every one", [port(8001)], [port(8001, "127.0.0.1")], False),
    ("every address, but another protocol", [port(8001, "0.0.0.0")], [port(8001, "0.0.0.0", "UDP")], True),
]


@pytest.mark.parametrize(("wanted", "taken", "fits"), [case[1:] for case in PORTS], ids=[c[0] for c in PORTS])
def test_node_ports(wanted: list[Obj], taken: list[Obj], fits: bool) -> None:
    cluster = Cluster([node("n"), pod("other", ports=taken, node="n")])
    refused = filtered(node_ports.PLUGIN, cluster, pod("p", ports=wanted))
    assert refused == ({} if fits else {"n": ("node(s) didn't have free ports for the requested pod ports",)})


def requests(cpu: int = 0, memory: int = 0, **others: int) -> Obj:
    found: Obj = {name: str(amount) for name, amount in others.items()}
    found.update({"cpu": f"{cpu}m"} if cpu else {})
    found.update({"memory": str(memory)} if memory else {})
    return found


def container(name: str, wanted: Obj, **fields: Any) -> Obj:
    return {"name": name, "image": "i", "resources": {"requests": wanted}, **fields}


def init(wanted: Obj, *inits: Obj, **spec: Any) -> Obj:
    obj = pod("p", wanted, **spec)
    obj["spec"]["initContainers"] = [container(f"init{number}", one) for number, one in enumerate(inits)]
    return obj


CPU, MEMORY = "Insufficient cpu", "Insufficient memory"
A, B = "Insufficient example.com/aaa", "Insufficient example.com/bbb"
FIT: list[tuple[str, Obj, Obj, tuple[str, ...], bool]] = [
    ("no resources requested always fits", pod("p"), requests(10, 20), (), True),
    ("too many resources fails", pod("p", requests(1, 1)), requests(10, 20), (CPU, MEMORY), True),
    ("init container cpu", init(requests(1, 1), requests(3, 1)), requests(8, 19), (CPU,), True),
    (
        "highest init container cpu",
        init(requests(1, 1), requests(3, 1), requests(2, 1)),
        requests(8, 19),
        (CPU,),
        True,
    ),
    ("init container memory", init(requests(1, 1), requests(1, 3)), requests(9, 19), (MEMORY,), True),
    (
        "highest init container memory",
        init(requests(1, 1), requests(1, 3), requests(1, 2)),
        requests(9, 19),
        (MEMORY,),
        True,
    ),
    (
        "init containers count by their maximum",
        init(requests(1, 1), requests(1, 1)),
        requests(9, 19),
        (),
        True,
    ),
    (
        "several init containers count by their maximum",
        init(requests(1, 1), requests(1, 1), requests(1, 1)),
        requests(9, 19),
        (),
        True,
    ),
    ("both resources fit", pod("p", requests(1, 1)), requests(5, 5), (), True),
    ("only memory fits", pod("p", requests(2, 1)), requests(9, 5), (CPU,), True),
    ("only cpu fits", pod("p", requests(1, 2)), requests(5, 19), (MEMORY,), True),
    ("equal edge case", pod("p", requests(5, 1)), requests(5, 19), (), True),
    (
        "equal edge case for an init container",
        init(requests(4, 1), requests(5, 1)),
        requests(5, 19),
        (),
        True,
    ),
    ("extended resource fits", pod("p", requests(**{"example.com/aaa": 1})), {}, (), True),
    ("extended resource too large", pod("p", requests(1, 1, **{"example.com/aaa": 10})), {}, (A,), False),
    (
        "extended resource used up",
        pod("p", requests(1, 1, **{"example.com/aaa": 1})),
        {"example.com/aaa": "5"},
        (A,),
        True,
    ),
    (
        "init containers share an extended resource",
        init({}, {"example.com/aaa": "3"}, {"example.com/aaa": "3"}),
        {"example.com/aaa": "2"},
        (),
        True,
    ),
    (
        "the largest init container doesn't fit",
        init({}, {"example.com/aaa": "6"}, {"example.com/aaa": "3"}),
        {"example.com/aaa": "2"},
        (A,),
        False,
    ),
    ("unknown extended resource", pod("p", requests(1, 1, **{"example.com/bbb": 1})), {}, (B,), False),
    (
        "unknown kubernetes.io resource",
        pod("p", requests(1, 1, **{"kubernetes.io/something": 10})),
        {},
        ("Insufficient kubernetes.io/something",),
        False,
    ),
    (
        "hugepages too large",
        pod("p", requests(1, 1, **{"hugepages-2Mi": 10})),
        {},
        ("Insufficient hugepages-2Mi",),
        False,
    ),
    (
        "resources and overhead fit",
        pod("p", requests(1, 1), overhead=requests(3, 13)),
        requests(5, 5),
        (),
        True,
    ),
    (
        "overhead doesn't fit for memory",
        pod("p", requests(1, 1), overhead=requests(1, 15)),
        requests(5, 5),
        (MEMORY,),
        True,
    ),
    (
        "ephemeral storage too large",
        pod("p", {"ephemeral-storage": "25"}),
        {},
        ("Insufficient ephemeral-storage",),
        False,
    ),
    ("a request above the node's size", pod("p", requests(11, 1)), {}, (CPU,), False),
    (
        "pod-level requests count instead",
        pod("p", requests(1, 1), resources={"requests": requests(9, 9)}),
        requests(2, 2),
        (CPU,),
        True,
    ),
]


@pytest.mark.parametrize(
    ("incoming", "used", "reasons", "resolvable"), [case[1:] for case in FIT], ids=[case[0] for case in FIT]
)
def test_resources_fit(incoming: Obj, used: Obj, reasons: tuple[str, ...], resolvable: bool) -> None:
    sizes = {"example.com/aaa": "5", "hugepages-2Mi": "5", "ephemeral_storage": "20", "pods": "32"}
    cluster = Cluster([node("n", cpu="10m", memory="20", **sizes), pod("other", used, node="n")])
    plugin = node_resources_fit.PLUGIN
    assert plugin.pre_filter is not None and plugin.filter is not None
    state = plugin.pre_filter(cluster.cycle, cluster.info(incoming))
    status = plugin.filter(state, cluster.node_info("n"))
    assert (status or Status(())).reasons == reasons
    assert status is None or status.resolvable == resolvable


@pytest.mark.parametrize(
    ("limit", "fits"), [("1", False), ("2", True)], ids=["no place left", "one place left"]
)
def test_number_of_pods(limit: str, fits: bool) -> None:
    cluster = Cluster([node("n", pods=limit), pod("other", node="n")])
    refused = filtered(node_resources_fit.PLUGIN, cluster, pod("p"))
    assert refused == ({} if fits else {"n": ("Too many pods",)})


def test_sidecars_run_beside_the_containers() -> None:
    obj = init(requests(2, 1), requests(3, 1))
    obj["spec"]["initContainers"][0]["restartPolicy"] = "Always"
    cluster = Cluster([node("n", cpu="4m", memory="20")])
    assert filtered(node_resources_fit.PLUGIN, cluster, obj) == {"n": (CPU,)}


# pkg/scheduler/framework/plugins/nodedeclaredfeatures/nodedeclaredfeatures_test.go (TestFilter).
RESTART_ALL = "RestartAllContainersOnContainerExits"
UNDECLARED = {"n": ("node(s) didn't match Pod's required features",)}


@pytest.mark.parametrize(
    ("action", "declared", "refused"),
    [
        ("RestartAllContainers", [RESTART_ALL, "Z"], {}),
        ("RestartAllContainers", ["Z"], UNDECLARED),
        ("RestartAllContainers", None, UNDECLARED),
        ("Restart", None, {}),
    ],
    ids=["declared", "others declared", "nothing declared", "nothing needed"],
)
def test_declared_features(
    action: str, declared: list[str] | None, refused: dict[str, tuple[str, ...]]
) -> None:
    incoming = pod("p")
    incoming["spec"]["containers"][0]["restartPolicyRules"] = [{"action": action}]
    known = node("n")
    if declared is not None:
        known["status"]["declaredFeatures"] = declared
    assert filtered(node_declared_features.PLUGIN, Cluster([known]), incoming) == refused
