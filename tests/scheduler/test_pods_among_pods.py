"""Rules about other Pods: cases of upstream's interpodaffinity and podtopologyspread tests."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj, assoc
from k8slab.scheduler.plugins import inter_pod_affinity, pod_topology_spread
from tests.scheduler.cluster import Cluster, filtered, namespace, node, pod, scored

HOST = "kubernetes.io/hostname"
AFFINITY = ("node(s) didn't match pod affinity rules",)
ANTI = ("node(s) didn't match pod anti-affinity rules",)
EXISTING = ("node(s) didn't satisfy existing pods anti-affinity rules",)
SPREAD = ("node(s) didn't match pod topology spread constraints",)
NO_LABEL = ("node(s) didn't match pod topology spread constraints (missing required label)",)

SCAN = {"service": "securityscan"}
SECURE = {"security": "S1"}
TEAMS = [
    namespace("subteam1.team1", team="team1"),
    namespace("subteam2.team1", team="team1"),
    namespace("subteam1.team2", team="team2"),
]


def where(key: str, operator: str, *values: str) -> Obj:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def term(selector: Obj, topology: str, **fields: Any) -> Obj:
    return {"labelSelector": selector, "topologyKey": topology, **fields}


def near(*terms: Obj) -> Obj:
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}


def apart(*terms: Obj) -> Obj:
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}


IN_SCAN = where("service", "In", "securityscan", "value2")
WITH_SCAN = near(term(IN_SCAN, "region"))
TEAM_1 = where("team", "In", "team1")

ONE_NODE: list[tuple[str, Obj, list[Obj], tuple[str, ...]]] = [
    ("no rules, no Pods", pod("p"), [], ()),
    ("In matches the existing Pod", pod("p", labels=SECURE, affinity=WITH_SCAN),
     [pod("a", labels=SCAN, node="n")], ()),
    ("NotIn matches the existing Pod",
     pod("p", labels=SECURE, affinity=near(term(where("service", "NotIn", "x"), "region"))),
     [pod("a", labels=SCAN, node="n")], ()),
    ("another namespace",
     pod("p", labels=SECURE, affinity=near(term(IN_SCAN, "region", namespaces=["other"]))),
     [pod("a", labels=SCAN, node="n")], AFFINITY),
    ("selector doesn't match",
     pod("p", labels=SCAN, affinity=near(term(where("service", "In", "antivirusscan"), "region"))),
     [pod("a", labels=SCAN, node="n")], AFFINITY),
    ("terms with several operators",
     pod("p", labels=SECURE, affinity=near(
         term({"matchExpressions": [{"key": "service", "operator": "Exists"},
                                    {"key": "wrongkey", "operator": "DoesNotExist"}]}, "region"),
         term({"matchExpressions": [{"key": "service", "operator": "In", "values": ["securityscan"]},
                                    {"key": "service", "operator": "NotIn", "values": ["WrongValue"]}]},
              "region"))),
     [pod("a", labels=SCAN, node="n")], ()),
    ("terms are ANDed",
     pod("p", labels=SECURE, affinity=near(
         term(where("service", "Exists"), "region"),
         term(where("service", "In", "securityscan2"), "region"))),
     [pod("a", labels=SCAN, node="n")], AFFINITY),
    ("affinity and anti-affinity satisfied",
     pod("p", labels=SECURE,
         affinity={**WITH_SCAN, **apart(term(where("service", "In", "antivirusscan"), "node"))}),
     [pod("a", labels=SCAN, node="n")], ()),
    ("anti-affinity not satisfied",
     pod("p", labels=SECURE, affinity={**WITH_SCAN, **apart(term(IN_SCAN, "zone"))}),
     [pod("a", labels=SCAN, node="n")], ANTI),
    ("the existing Pod's anti-affinity not satisfied",
     pod("p", labels=SCAN, affinity=WITH_SCAN),
     [pod("a", labels=SCAN, node="n", affinity=apart(term(IN_SCAN, "zone")))], EXISTING),
    ("a Pod without rules is kept away by an existing one", pod("p", labels=SCAN),
     [pod("a", labels=SCAN, node="n", affinity=apart(term(IN_SCAN, "zone")))], EXISTING),
    ("an existing Pod's rule that isn't about it", pod("p", labels=SCAN),
     [pod("a", labels=SCAN, node="n",
          affinity=apart(term(where("service", "NotIn", "securityscan", "value2"), "zone")))], ()),
    ("own anti-affinity is asked before the existing Pod's",
     pod("p", labels=SCAN, affinity=apart(
         term(where("service", "Exists"), "region"), term(where("security", "Exists"), "region"))),
     [pod("a", labels=SECURE, node="n", affinity=apart(term(where("security", "Exists"), "zone")))], ANTI),
    ("symmetry a2",
     pod("p", labels=SECURE, affinity=apart(term(where("security", "Exists"), "zone"))),
     [pod("a", labels=SCAN, node="n", affinity=apart(
         term(where("service", "Exists"), "zone"), term(where("security", "Exists"), "zone")))], EXISTING),
    ("symmetry b1",
     pod("p", labels={"abc": "", "xyz": ""}, affinity=apart(
         term(where("abc", "Exists"), "zone"), term(where("def", "Exists"), "zone"))),
     [pod("a", labels={"def": "", "xyz": ""}, node="n", affinity=apart(
         term(where("abc", "Exists"), "zone"), term(where("def", "Exists"), "zone")))], ANTI),
    ("namespace selector that matches",
     pod("p", labels=SECURE, affinity=near(term(IN_SCAN, "region", namespaceSelector=TEAM_1))),
     [pod("a", labels=SCAN, node="n", namespace="subteam1.team1")], ()),
    ("namespace selector that doesn't match",
     pod("p", labels=SECURE, affinity=near(term(IN_SCAN, "region", namespaceSelector=TEAM_1))),
     [pod("a", labels=SCAN, node="n", namespace="subteam1.team2")], AFFINITY),
    ("anti-affinity with a namespace selector",
     pod("p", labels=SECURE, affinity=apart(term(IN_SCAN, "zone", namespaceSelector=TEAM_1))),
     [pod("a", labels=SCAN, node="n", namespace="subteam2.team1")], ANTI),
    ("anti-affinity with all namespaces",
     pod("p", labels=SECURE, affinity=apart(term(IN_SCAN, "zone", namespaceSelector={}))),
     [pod("a", labels=SCAN, node="n", namespace="subteam2.team1")], ANTI),
    ("anti-affinity with another namespace selector",
     pod("p", labels=SECURE, affinity=apart(term(IN_SCAN, "zone", namespaceSelector=TEAM_1))),
     [pod("a", labels=SCAN, node="n", namespace="subteam1.team2")], ()),
    ("the first of a group that wants itself near",
     pod("p", labels=SCAN, affinity=WITH_SCAN), [], ()),
    ("a Pod that wants others near and isn't one of them",
     pod("p", labels=SECURE, affinity=WITH_SCAN), [], AFFINITY),
    ("the node lacks the topology key",
     pod("p", labels=SCAN, affinity=near(term(IN_SCAN, "rack"))), [], AFFINITY),
]  # fmt: skip


@pytest.mark.parametrize(
    ("incoming", "existing", "reasons"), [case[1:] for case in ONE_NODE], ids=[case[0] for case in ONE_NODE]
)
def test_inter_pod_affinity(incoming: Obj, existing: list[Obj], reasons: tuple[str, ...]) -> None:
    cluster = Cluster([*TEAMS, node("n", labels={"region": "r1", "zone": "z11"}), *existing])
    assert filtered(inter_pod_affinity.PLUGIN, cluster, incoming) == ({"n": reasons} if reasons else {})


def test_affinity_reaches_over_a_topology() -> None:
    """Nodes of the region of the matching Pod will do, the node of another region won't."""
    nodes = [node(name, labels={"region": region}) for name, region in (("a", "1"), ("b", "1"), ("c", "2"))]
    cluster = Cluster([*nodes, pod("one", labels=SCAN, node="a")])
    wanting = pod("p", affinity=WITH_SCAN)
    assert filtered(inter_pod_affinity.PLUGIN, cluster, wanting) == {"c": AFFINITY}


# Scores.

CHINA, INDIA, AZ1 = {"region": "China"}, {"region": "India"}, {"az": "az1"}
S1, S2 = {"security": "S1"}, {"security": "S2"}


def prefer(weight: int, chosen: Obj) -> list[Obj]:
    return [{"weight": weight, "podAffinityTerm": chosen}]


def likes(weight: int, chosen: Obj) -> Obj:
    return {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": prefer(weight, chosen)}}


def dislikes(weight: int, chosen: Obj) -> Obj:
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": prefer(weight, chosen)}}


def on(*labels_and_nodes: tuple[Obj, str]) -> list[Obj]:
    return [pod(f"e{number}", labels=one, node=at) for number, (one, at) in enumerate(labels_and_nodes)]


WITH_S1 = likes(5, term(where("security", "In", "S1"), "region"))
WITH_S2 = likes(6, term(where("security", "In", "S2"), "region"))
AWAY_S1 = dislikes(5, term(where("security", "In", "S1"), "az"))
AWAY_S2 = dislikes(5, term(where("security", "In", "S2"), "az"))
HARD_S1 = near(
    term(where("security", "In", "S1", "value2"), "region"), term(where("security", "Exists"), "region")
)
BOTH = {**likes(8, term(where("security", "In", "S1"), "region")), **AWAY_S2}

PREFERENCES: list[tuple[str, Obj, list[Obj], list[Obj], list[int]]] = [
    ("no affinity at all", pod("p", labels=S1), [], [CHINA, INDIA, AZ1], []),
    ("topology key and Pods match", pod("p", labels=S1, affinity=WITH_S1),
     on((S1, "n0"), (S2, "n1"), (S1, "n2")), [CHINA, INDIA, AZ1], [100, 0, 0]),
    ("all nodes of a topology score the same", pod("p", affinity=WITH_S1),
     on((S1, "n0")), [CHINA, {**CHINA, **AZ1}, INDIA], [100, 100, 0]),
    ("the region with more matching Pods", pod("p", labels=S1, affinity=WITH_S2),
     on((S2, "n0"), (S2, "n0"), (S2, "n1"), (S2, "n2"), (S2, "n3"), (S2, "n4")),
     [CHINA, INDIA, CHINA, CHINA, INDIA], [100, 0, 100, 100, 0]),
    ("symmetry: the existing Pods' preferences", pod("p", labels=S2),
     [pod("a", labels=S1, node="n0", affinity=WITH_S1), pod("b", labels=S2, node="n1", affinity=WITH_S2)],
     [CHINA, INDIA, AZ1], [0, 100, 0]),
    ("symmetry: required terms of existing Pods count one", pod("p", labels=S1),
     [pod("a", labels=S1, node="n0", affinity=HARD_S1), pod("b", labels=S2, node="n1", affinity=HARD_S1)],
     [CHINA, INDIA, AZ1], [100, 100, 0]),
    ("anti-affinity: the node without matching Pods", pod("p", labels=S1, affinity=AWAY_S1),
     on((S1, "n0"), (S2, "n1")), [AZ1, CHINA], [0, 100]),
    ("anti-affinity: the node without the topology key", pod("p", labels=S1, affinity=AWAY_S1),
     on((S1, "n0"), (S1, "n1")), [AZ1, CHINA], [0, 100]),
    ("anti-affinity symmetry", pod("p", labels=S2),
     [pod("a", labels=S1, node="n0", affinity=AWAY_S2), pod("b", labels=S2, node="n1", affinity=AWAY_S1)],
     [AZ1, {"az": "az2"}], [0, 100]),
    ("affinity and anti-affinity", pod("p", labels=S1, affinity=BOTH),
     on((S1, "n0"), (S1, "n1")), [CHINA, AZ1], [100, 0]),
    ("brothers in one region", pod("p", labels=S1, affinity=BOTH),
     on((S1, "n0"), (S1, "n0"), (S1, "n1"), (S1, "n2"), (S1, "n2"), (S1, "n3"), (S1, "n4")),
     [{**CHINA, **AZ1}, INDIA, CHINA, CHINA, INDIA], [100, 0, 100, 100, 0]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("incoming", "existing", "labels", "scores"),
    [case[1:] for case in PREFERENCES],
    ids=[case[0] for case in PREFERENCES],
)
def test_preferred_affinity(incoming: Obj, existing: list[Obj], labels: list[Obj], scores: list[int]) -> None:
    nodes = [node(f"n{number}", labels=one) for number, one in enumerate(labels)]
    found = scored(inter_pod_affinity.PLUGIN, Cluster([*TEAMS, *nodes, *existing]), incoming)
    assert list(found.values()) == scores


# Spreading.

FOO, BAR = {"matchLabels": {"foo": ""}}, {"matchLabels": {"bar": ""}}
ZONES = {"a": "zone1", "b": "zone1", "x": "zone2", "y": "zone2"}


def constraint(skew: int, key: str, selector: Obj | None, how: str = "DoNotSchedule", **fields: Any) -> Obj:
    return {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": how,
        **({} if selector is None else {"labelSelector": selector}),
        **fields,
    }


def spread(*constraints: Obj, labels: Obj | None = None, **spec: Any) -> Obj:
    return pod("p", labels={"foo": ""} if labels is None else labels,
               topologySpreadConstraints=list(constraints), **spec)  # fmt: skip


def standing(counts: dict[str, int], labels: Obj | None = None, **fields: Any) -> list[Obj]:
    """So many matching Pods on each node."""
    chosen = {"foo": ""} if labels is None else labels
    return [
        pod(f"{name}{number}-{len(chosen)}{''.join(chosen)}", labels=chosen, node=name, **fields)
        for name, count in counts.items()
        for number in range(count)
    ]


def four_nodes() -> list[Obj]:
    return [node(name, labels={"zone": zone, "node": name}) for name, zone in ZONES.items()]


ONLY_A_Y = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": "node", "operator": "In", "values": ["a", "y"]}]}
            ]
        }
    }
}
NOT_B = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": "node", "operator": "NotIn", "values": ["b"]}]}
            ]
        }
    }
}
UNEVEN = {"a": 2, "b": 1, "y": 3}

SKEWS: list[tuple[str, Obj, list[Obj], str]] = [
    ("no existing Pods", spread(constraint(1, "zone", FOO)), [], ""),
    ("the Pod doesn't match itself", spread(constraint(1, "zone", BAR)), [], ""),
    ("another namespace doesn't count", spread(constraint(1, "zone", FOO)),
     [*standing({"x": 1, "y": 1}), *standing({"a": 2}, namespace="ns1")], "x y"),
    ("no selector matches nothing", spread(constraint(1, "zone", None)), standing({"x": 1, "y": 1}), ""),
    ("3/3 over zones: all fit", spread(constraint(1, "zone", FOO)), standing({"a": 2, "b": 1, "y": 3}), ""),
    ("2/1/0/3 over nodes: only x", spread(constraint(1, "node", FOO)), standing(UNEVEN), "a b y"),
    ("2/1/0/3 over nodes, maxSkew 2: b and x", spread(constraint(2, "node", FOO)), standing(UNEVEN), "a y"),
    ("2/1/0/3 and the Pod doesn't match itself",
     spread(constraint(1, "node", FOO), labels={"bar": ""}), standing(UNEVEN), "a y"),
    ("node affinity leaves 2 and 3: a fits",
     spread(constraint(1, "node", FOO), affinity=ONLY_A_Y), standing(UNEVEN), "y"),
    ("node affinity leaves 0, 0, 1",
     spread(constraint(1, "zone", FOO), affinity=NOT_B), standing({"b": 2, "y": 1}), "x y"),
    ("2/1 over zones, fewer domains than minDomains",
     spread(constraint(2, "zone", FOO, minDomains=3)), standing({"a": 1, "b": 1, "y": 1}), "a b"),
    ("2/1 over zones, enough domains",
     spread(constraint(2, "zone", FOO, minDomains=1)), standing({"a": 1, "b": 1, "y": 1}), ""),
    ("two constraints: both must hold",
     spread(constraint(1, "zone", FOO), constraint(1, "node", FOO)),
     standing({"a": 2, "b": 1, "y": 3}), "a b y"),
    ("two constraints: none fits",
     spread(constraint(1, "zone", FOO), constraint(1, "node", FOO)),
     standing({"a": 2, "b": 1, "x": 1, "y": 0}), "a b x"),
    ("only soft constraints refuse nobody", spread(constraint(1, "node", FOO, "ScheduleAnyway")),
     standing(UNEVEN), ""),
    ("matchLabelKeys narrows the selector",
     spread(constraint(1, "node", FOO, matchLabelKeys=["rev"]), labels={"foo": "", "rev": "2"}),
     standing({"a": 1, "b": 1, "x": 1}), ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("incoming", "existing", "refused"), [case[1:] for case in SKEWS], ids=[case[0] for case in SKEWS]
)
def test_topology_spread_filter(incoming: Obj, existing: list[Obj], refused: str) -> None:
    found = filtered(pod_topology_spread.PLUGIN, Cluster([*four_nodes(), *existing]), incoming)
    assert found == dict.fromkeys(refused.split(), SPREAD)


def test_node_without_the_label_is_no_domain() -> None:
    nodes = four_nodes()
    nodes[1] = node("b", labels={"zon": "zone1", "node": "b"})
    cluster = Cluster([*nodes, *standing({"a": 1, "b": 1, "x": 1, "y": 1})])
    found = filtered(pod_topology_spread.PLUGIN, cluster, spread(constraint(1, "zone", FOO)))
    assert found == {"b": NO_LABEL, "x": SPREAD, "y": SPREAD}


def test_no_node_has_the_label() -> None:
    found = filtered(pod_topology_spread.PLUGIN, Cluster(four_nodes()), spread(constraint(1, "rack", FOO)))
    assert found == dict.fromkeys(ZONES, NO_LABEL)


def test_terminating_pods_do_not_count() -> None:
    cluster = Cluster([*four_nodes()[:2], *standing({"b": 1})])
    going = assoc(standing({"a": 1})[0], "metadata", "deletionTimestamp", "2026-01-05T09:00:00Z")
    cluster.add(going)
    found = filtered(pod_topology_spread.PLUGIN, cluster, spread(constraint(1, "node", FOO)))
    assert found == {"b": SPREAD}


@pytest.mark.parametrize(
    ("domains", "refused"), [(4, "a b"), (2, "")], ids=["fewer than minDomains", "more than minDomains"]
)
def test_min_domains_over_nodes(domains: int, refused: str) -> None:
    nodes = [node(name, labels={"node": name}) for name in "abc"]
    cluster = Cluster([*nodes, *standing({"a": 2, "b": 2, "c": 1})])
    found = filtered(
        pod_topology_spread.PLUGIN, cluster, spread(constraint(2, "node", FOO, minDomains=domains))
    )
    assert found == dict.fromkeys(refused.split(), SPREAD)


SOFT = "ScheduleAnyway"
EVENNESS: list[tuple[str, Obj, list[Obj], list[Obj], dict[str, int]]] = [
    ("no existing Pods", spread(constraint(1, HOST, FOO, SOFT)), [node("a"), node("b")], [],
     {"a": 100, "b": 100}),
    ("the same number everywhere", spread(constraint(1, HOST, FOO, SOFT)), [node("a"), node("b")],
     standing({"a": 1, "b": 1}), {"a": 100, "b": 100}),
    ("2/1/0/3", spread(constraint(1, HOST, FOO, SOFT)), [node(name) for name in "abcd"],
     standing({"a": 2, "b": 1, "d": 3}), {"a": 20, "b": 60, "c": 100, "d": 0}),
    ("no selector", spread(constraint(1, HOST, None, SOFT)), [node(name) for name in "abcd"],
     standing({"a": 2, "b": 1, "d": 3}), {"a": 100, "b": 100, "c": 100, "d": 100}),
    ("2/1/0/3, maxSkew 2", spread(constraint(2, HOST, FOO, SOFT)), [node(name) for name in "abcd"],
     standing({"a": 2, "b": 1, "d": 3}), {"a": 33, "b": 66, "c": 100, "d": 16}),
    ("4/3/2/1, maxSkew 3", spread(constraint(3, HOST, FOO, SOFT)), [node(name) for name in "abcd"],
     standing({"a": 4, "b": 3, "c": 2, "d": 1}), {"a": 44, "b": 66, "c": 77, "d": 100}),
    ("two constraints with different selectors",
     spread(constraint(1, "zone", FOO, SOFT), constraint(1, HOST, BAR, SOFT), labels={"foo": "", "bar": ""}),
     four_nodes(),
     [*standing({"a": 1}), *standing({"b": 1}, {"foo": "", "bar": ""}), *standing({"y": 1}),
      *standing({"y": 1}, {"bar": ""})],
     {"a": 60, "b": 20, "x": 100, "y": 60}),
    ("two constraints, some nodes without Pods",
     spread(constraint(1, "zone", FOO, SOFT), constraint(1, HOST, BAR, SOFT), labels={"foo": "", "bar": ""}),
     four_nodes(),
     [*standing({"b": 1}, {"bar": ""}), *standing({"x": 1}), *standing({"y": 1}, {"foo": "", "bar": ""})],
     {"a": 100, "b": 60, "x": 40, "y": 0}),
    ("another namespace doesn't count", spread(constraint(1, HOST, FOO, SOFT)), [node("a"), node("b")],
     [*standing({"a": 1}, namespace="ns1"), *standing({"a": 1, "b": 2})], {"a": 100, "b": 33}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("incoming", "nodes", "existing", "scores"),
    [case[1:] for case in EVENNESS],
    ids=[case[0] for case in EVENNESS],
)
def test_topology_spread_score(
    incoming: Obj, nodes: list[Obj], existing: list[Obj], scores: dict[str, int]
) -> None:
    assert scored(pod_topology_spread.PLUGIN, Cluster([*nodes, *existing]), incoming) == scores


def test_pods_of_a_service_spread_by_themselves() -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "namespace": "default"},
        "spec": {"selector": {"foo": ""}},
    }
    nodes = [node(name) for name in "abcd"]
    cluster = Cluster([service, *nodes, *standing({"a": 4, "b": 3, "c": 2, "d": 1})])
    found = scored(pod_topology_spread.PLUGIN, cluster, pod("p", labels={"foo": ""}))
    assert found == {"a": 44, "b": 66, "c": 77, "d": 100}
