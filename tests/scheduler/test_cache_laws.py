"""Laws of the scheduler's cache: kept or built anew, quick or plain, the answers are the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.api.meta import Key, Obj, owner_reference
from k8slab.scheduler.cluster_state import NAME, ClusterState
from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.diagnosis import diagnose
from k8slab.scheduler.framework import PodInfo
from k8slab.scheduler.node_choice import best_nodes, choose, plain_scores
from k8slab.scheduler.node_search import Search, check_with_nominated, nodes_of, search
from k8slab.scheduler.preemption import preempt
from k8slab.scheduler.wakeups import after_node
from k8slab.store.view import Change
from tests.scheduler.cluster import Cluster, namespace, node, pod

ZONE = "topology.kubernetes.io/zone"

_TEMPLATES: dict[str, Obj] = {
    "small": {"requests": {"cpu": "100m", "memory": "100Mi"}},
    "large": {"requests": {"cpu": "2", "memory": "1Gi"}},
    "bare": {"requests": None},
    "picky": {
        "requests": {"cpu": "500m"},
        "affinity": {
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": 5,
                        "preference": {
                            "matchExpressions": [{"key": ZONE, "operator": "In", "values": ["a", "b"]}]
                        },
                    },
                    {
                        "weight": 2,
                        "preference": {"matchExpressions": [{"key": "fast", "operator": "Exists"}]},
                    },
                ]
            }
        },
    },
    "bound to a zone": {"requests": {"cpu": "250m"}, "nodeSelector": {ZONE: "a"}},
    "tolerant": {"requests": {"memory": "64Mi"}, "tolerations": [{"operator": "Exists"}]},
    "with a port": {"requests": None, "ports": [{"containerPort": 80, "hostPort": 8080}]},
    "lonely": {
        "requests": {"cpu": "100m"},
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"app": "web"}},
                    }
                ]
            }
        },
    },
    "spread": {
        "requests": {"cpu": "100m"},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": ZONE,
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "web"}},
            },
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app": "web"}},
            },
        ],
    },
}

_nodes = st.fixed_dictionaries(
    {
        "op": st.just("node"),
        "number": st.integers(0, 5),
        "zone": st.sampled_from(["a", "b", "c", None]),
        "cpu": st.sampled_from(["2", "4"]),
        "taint": st.sampled_from([None, None, "NoSchedule", "PreferNoSchedule"]),
        "fast": st.booleans(),
        "cordoned": st.sampled_from([False, False, False, True]),
        "image": st.booleans(),
        "hostname": st.sampled_from([True, True, True, False]),
    }
)
_pods = st.fixed_dictionaries(
    {
        "op": st.just("pod"),
        "template": st.sampled_from(["small", "bare", *sorted(_TEMPLATES)]),
        "app": st.sampled_from(["web", "web", "web", "db", ""]),
        "owned": st.sampled_from([True, True, False]),
        "priority": st.sampled_from([0, 0, 10]),
    }
)
_others = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["remove node", "remove pod", "end pod", "finish pod", "relabel", "service"]),
        "number": st.integers(0, 20),
    }
)
_steps = st.lists(st.one_of(_nodes, _pods, _pods, _others), min_size=3, max_size=25)

_OWNER: Obj = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "metadata": {"name": "web", "namespace": "default", "uid": "rs"},
    "spec": {"selector": {"matchLabels": {"app": "web"}}},
}


class World:
    """A cluster to which steps are applied."""

    def __init__(self) -> None:
        homes = [node(f"n{number}", labels={ZONE: "aab"[number]}) for number in range(3)]
        self.cluster = Cluster([namespace("default"), _OWNER, *homes])
        self.count = 0
        self.waiting: list[str] = []

    def apply(self, step: Obj) -> None:
        getattr(self, "_" + step["op"].replace(" ", "_"))(step)

    def _node(self, step: Obj) -> None:
        name = f"n{step['number']}"
        labels = {ZONE: step["zone"]} if step["zone"] else {}
        if step["fast"]:
            labels["fast"] = "yes"
        fields: dict[str, Any] = {"labels": labels, "cpu": step["cpu"], "unschedulable": step["cordoned"]}
        if step["taint"]:
            fields["taints"] = [{"key": "t", "effect": step["taint"]}]
        if step["image"]:
            fields["images"] = {"nginx:1.27": 700 * 1024 * 1024}
        obj = node(name, **fields)
        if not step["hostname"]:
            del obj["metadata"]["labels"]["kubernetes.io/hostname"]
        self.cluster.add(obj)

    def _pod(self, step: Obj) -> None:
        self.count += 1
        name = f"p{self.count}"
        fields = {**_TEMPLATES[step["template"]], "priority": step["priority"]}
        if step["app"]:
            fields["labels"] = {"app": step["app"]}
        if step["owned"] and step["app"] == "web":
            fields["owner"] = owner_reference(_OWNER)
        requests = fields.pop("requests")
        self.cluster.add(pod(name, requests, **fields))
        self.waiting.append(name)

    def _bound(self) -> list[str]:
        return [one["metadata"]["name"] for one in self.cluster.list("Pod") if one["spec"].get("nodeName")]

    def _pick(self, step: Obj) -> str | None:
        names = self._bound()
        return names[step["number"] % len(names)] if names else None

    def _remove_node(self, step: Obj) -> None:
        name = f"n{step['number'] % 6}"
        if self.cluster.get("Node", ("", name)) is not None:
            self.cluster.remove("Node", ("", name))

    def _remove_pod(self, step: Obj) -> None:
        name = self._pick(step)
        if name is not None:
            self.cluster.remove("Pod", ("default", name))

    def _end_pod(self, step: Obj) -> None:
        name = self._pick(step)
        if name is not None:
            self.cluster.change(
                "Pod", ("default", name), "metadata", "deletionTimestamp", "2026-01-05T09:00:00Z"
            )

    def _finish_pod(self, step: Obj) -> None:
        name = self._pick(step)
        if name is not None:
            self.cluster.change("Pod", ("default", name), "status", "phase", "Succeeded")

    def _relabel(self, step: Obj) -> None:
        name = self._pick(step)
        if name is not None:
            app = ("web", "db")[step["number"] % 2]
            self.cluster.change("Pod", ("default", name), "metadata", "labels", {"app": app})

    def _service(self, step: Obj) -> None:
        self.cluster.add(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": f"s{step['number'] % 2}", "namespace": "default"},
                "spec": {"selector": {"app": ("web", "db")[step["number"] % 2]}},
            }
        )


def _fits_plainly(cycle: Cycle, info: PodInfo, states: dict[str, Any]) -> list[str]:
    return [
        one.name
        for one in cycle.cluster.nodes.values()
        if check_with_nominated(cycle, info, states, one) is None
    ]


def _victims(cycle: Cycle, info: PodInfo, found: Search) -> object:
    """Who would have to go for a Pod that fits nowhere."""
    if found.rejected is not None:
        return found.rejected
    diagnosis = found.diagnosis or diagnose(len(cycle.cluster.nodes), found.statuses, found.absent)
    decision = preempt(cycle, info, found.states, diagnosis.resolvable)
    victims = decision.victims
    return decision.message if victims is None else (victims.node, [one.key for one in victims.pods])


def _woken(cluster: Cluster, state: ClusterState) -> list[Key]:
    """Whom a new node wakes, by a cache."""
    kept = cluster.state
    cluster.caches[NAME] = state
    woken = list(after_node(Change(0, 0, "Node", ("", "new"), None, node("new", cpu="1"), 0), cluster))
    cluster.caches[NAME] = kept
    return woken


def _agree(world: World, name: str) -> None:
    """The kept and the fresh cache find the same nodes and choose the same; so does the plain way."""
    cluster = world.cluster
    kept = cluster.cycle
    fresh = Cycle(cluster, ClusterState(cluster), cluster.now_us)
    info = kept.cluster.pending[("default", name)]
    twin = fresh.cluster.pending[("default", name)]
    found, again = search(kept, info), search(fresh, twin)
    names = [one.name for one in nodes_of(kept, found.bits)]
    assert names == [one.name for one in nodes_of(fresh, again.bits)]
    plainly = _fits_plainly(kept, info, found.states)
    assert names == ([info.nominated] if info.nominated in plainly else plainly)
    assert _woken(cluster, kept.cluster) == _woken(cluster, fresh.cluster)
    if not names:
        assert _victims(kept, info, found) == _victims(fresh, twin, again)
        return
    assert choose(kept, info, found) == choose(fresh, twin, again)
    if found.answers is not None and not info.traits.spread and not any(info.terms):
        candidates = list(nodes_of(kept, found.bits))
        scores = plain_scores(kept, info, candidates)
        best = [one.name for one, score in zip(candidates, scores, strict=True) if score == max(scores)]
        if not kept.cluster.affinity_groups:
            quick = best_nodes(kept, info, found.answers, found.bits)
            assert [one.name for one in nodes_of(kept, quick)] == best


@settings(max_examples=80, deadline=None)
@given(_steps)
def test_kept_and_fresh_caches_agree(steps: list[Obj]) -> None:
    world = World()
    for step in steps:
        world.apply(step)
        for name in list(world.waiting):
            if world.cluster.state.nodes:
                _agree(world, name)
            _, done = world.cluster.schedule(name)
            if done.memory is None:
                world.waiting.remove(name)


@settings(max_examples=15, deadline=None)
@given(_steps)
def test_same_steps_give_the_same_cluster(steps: list[Obj]) -> None:
    placed = []
    for _ in range(2):
        world = World()
        for step in steps:
            world.apply(step)
            for name in world.waiting:
                world.cluster.schedule(name)
        placed.append(
            [(one["metadata"]["name"], one["spec"].get("nodeName")) for one in world.cluster.list("Pod")]
        )
    assert placed[0] == placed[1]
