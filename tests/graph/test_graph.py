"""The graph: which edges each relation draws, and that following history gives the same as building anew."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.graph import (
    Edge,
    Graph,
    all_relations,
    changes_after,
    drawn,
    key_of_id,
    kind_of,
    name_of,
    namespace_of,
)
from k8slab.graph.relations import attachment, network, owner, scheduling, volume
from k8slab.store.history import History
from k8slab.store.recorded import About, RecordedEvent, voice_of
from k8slab.store.view import Change
from tests.controllers.view import MemoryView
from tests.scene.cluster import cluster, objects, owned, pod

Obj = dict[str, Any]


def named(kind: str, name: str, spec: Obj | None = None, **more: Any) -> Obj:
    return {"kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec or {}, **more}


EDGES = {
    "owner: the controller": (
        owner.RELATION,
        pod("db-0", owned("StatefulSet", "db", "u"), ""),
        [Edge("StatefulSet/default/db", "controller")],
    ),
    "owner: one that does not control": (
        owner.RELATION,
        {
            "kind": "ConfigMap",
            "metadata": {"name": "c", "namespace": "x", "ownerReferences": [{"kind": "Pod", "name": "p"}]},
        },
        [Edge("Pod/x/p", "owner")],
    ),
    "owner: a node has no namespace": (
        owner.RELATION,
        {
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "x", "ownerReferences": [{"kind": "Node", "name": "n"}]},
        },
        [Edge("Node/n", "owner")],
    ),
    "owner: none": (owner.RELATION, named("Pod", "p"), []),
    "scheduling: bound": (scheduling.RELATION, pod("p", None, "node-1"), [Edge("Node/node-1", "bound")]),
    "scheduling: nominated": (
        scheduling.RELATION,
        named("Pod", "p", status={"nominatedNodeName": "node-2"}),
        [Edge("Node/node-2", "nominated")],
    ),
    "scheduling: waiting": (scheduling.RELATION, named("Pod", "p"), []),
    "volume: a Pod's claim": (
        volume.RELATION,
        pod("p", None, "", claim="data"),
        [Edge("PersistentVolumeClaim/default/data", "claim")],
    ),
    "volume: an ephemeral claim": (
        volume.RELATION,
        named("Pod", "p", {"volumes": [{"name": "v", "ephemeral": {}}]}),
        [Edge("PersistentVolumeClaim/default/p-v", "claim")],
    ),
    "volume: a bound claim": (
        volume.RELATION,
        named("PersistentVolumeClaim", "data", {"volumeName": "pv"}),
        [Edge("PersistentVolume/pv", "bound")],
    ),
    "volume: a pending claim": (volume.RELATION, named("PersistentVolumeClaim", "data"), []),
    "volume: a reserved volume": (
        volume.RELATION,
        named("PersistentVolume", "pv", {"claimRef": {"namespace": "default", "name": "data"}}),
        [Edge("PersistentVolumeClaim/default/data", "reserved")],
    ),
    "attachment": (
        attachment.RELATION,
        named("VolumeAttachment", "a", {"nodeName": "n", "source": {"persistentVolumeName": "pv"}}),
        [Edge("Node/n", "node"), Edge("PersistentVolume/pv", "volume")],
    ),
    "attachment: a machine": (attachment.RELATION, named("Machine", "n"), [Edge("Node/n", "machine")]),
    "network: a slice": (
        network.RELATION,
        {
            "kind": "EndpointSlice",
            "metadata": {"name": "s", "namespace": "x", "labels": {"kubernetes.io/service-name": "web"}},
            "endpoints": [{"targetRef": {"kind": "Pod", "name": "p"}}, {"addresses": ["10.0.0.1"]}],
        },
        [Edge("Service/x/web", "slice"), Edge("Pod/x/p", "endpoint")],
    ),
    "network: a governed set": (
        network.RELATION,
        named("StatefulSet", "db", {"serviceName": "db"}),
        [Edge("Service/default/db", "governor")],
    ),
    "network: an ingress": (
        network.RELATION,
        named(
            "Ingress",
            "i",
            {
                "defaultBackend": {"service": {"name": "a"}},
                "rules": [{"http": {"paths": [{"backend": {"service": {"name": "b"}}}] * 2}}],
            },
        ),
        [Edge("Service/default/a", "backend"), Edge("Service/default/b", "backend")],
    ),
}


@pytest.mark.parametrize("case", EDGES)
def test_edges(case: str) -> None:
    relation, obj, expected = EDGES[case]
    assert obj["kind"] in relation.sources or not relation.sources
    assert list(relation.edges(obj)) == expected


def test_each_relation_is_named_as_its_module() -> None:
    names = ["attachment", "network", "owner", "policy", "scheduling", "volume"]
    assert [one.name for one in all_relations()] == names


@pytest.mark.parametrize(
    ("identity", "parts"),
    [
        ("Pod/default/db-0", ("Pod", "default", "db-0")),
        ("Node/node-1", ("Node", "", "node-1")),
    ],
)
def test_ids(identity: str, parts: tuple[str, str, str]) -> None:
    assert (kind_of(identity), namespace_of(identity), name_of(identity)) == parts
    assert key_of_id(identity) == parts[1:]


def test_reading() -> None:
    graph = Graph(cluster())
    assert graph.root("Pod/default/web-6f9-7lsvx") == "Deployment/default/web"
    assert graph.root("Pod/default/hello-29459120-4zqnt") == "CronJob/default/hello"
    assert graph.targets("Pod/default/db-0", "scheduling") == ["Node/node-2"]
    assert sorted(graph.sources("StatefulSet/default/db", "owner")) == [
        "Pod/default/db-0",
        "Pod/default/db-1",
        "Pod/default/db-2",
    ]
    assert graph.role("StatefulSet/default/db", "Service/default/db", "network") == "governor"
    assert ("owner", "controller", "StatefulSet/default/db") in list(graph.neighbours("Pod/default/db-0"))


def test_a_dangling_reference_is_seen_and_later_filled() -> None:
    view = MemoryView([pod("p", None, "", claim="data")])
    graph = Graph(view)
    claim = "PersistentVolumeClaim/default/data"
    assert graph.targets("Pod/default/p", "volume") == [claim]
    assert claim not in graph
    view.add(
        {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default"}, "spec": {}}
    )
    graph.update(view.store.history[-1:])
    assert claim in graph
    view.remove("PersistentVolumeClaim", ("default", "data"))
    graph.update(view.store.history[-1:])
    assert claim not in graph
    assert graph.targets("Pod/default/p", "volume") == [claim]


def test_update_names_what_is_drawn_again() -> None:
    view = cluster()
    graph = Graph(view)
    view.change("Pod", ("default", "db-0"), "status", "phase", "Failed")
    assert set(graph.update(view.store.history[-1:])) == {
        "Pod/default/db-0",
        "StatefulSet/default/db",
        "Node/node-2",
        "PersistentVolumeClaim/default/data-db-0",
    }


def edges_of(graph: Graph) -> set[tuple[str, str, str, str]]:
    return {(a, b, key, role) for a, b, key, role in graph.network.edges(keys=True, data="role")}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["add", "remove", "bind", "disown"])), max_size=40)
)
def test_following_is_building(steps: list[tuple[int, str]]) -> None:
    """However objects come, change and go, the graph that followed equals the graph built at the end."""
    everything = objects()
    view = MemoryView(everything[:10])
    graph = Graph(view)
    seen = len(view.store.history)
    for number, what in steps:
        obj = everything[number % len(everything)]
        key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        stored = view.get(obj["kind"], key)
        if what == "add" or stored is None:
            view.add(obj)
        elif what == "remove":
            view.remove(obj["kind"], key)
        elif what == "bind" and obj["kind"] == "Pod":
            view.change("Pod", key, "spec", {**stored["spec"], "nodeName": "node-3"})
        elif what == "disown":
            view.change(obj["kind"], key, "metadata", "ownerReferences", [])
        graph.update(view.store.history[seen:])
        seen = len(view.store.history)
    fresh = Graph(view)
    assert edges_of(graph) == edges_of(fresh)
    assert dict(graph.network.nodes(data="obj")) == dict(fresh.network.nodes(data="obj"))


def change(revision: int) -> Change:
    return Change(revision, 0, "Pod", ("", "p"), None, None, 0)


def test_changes_after() -> None:
    history = [change(number) for number in range(1, 6)]
    assert changes_after(history, None) == history
    assert changes_after(history, history[2]) == history[3:]
    assert changes_after(history, history[4]) == []
    assert changes_after(history[3:], history[1]) is None, "compacted"
    assert changes_after([*history[:3], change(4)], history[4]) is None, "rewound"
    assert changes_after([], history[0]) is None


def test_recorded_events_are_not_made_for_a_picture() -> None:
    about = About("Pod", "default", "p", "u")
    voice = voice_of("kubelet", "", "Normal", "Pulled", "", "v1", "", "", 0)
    event = RecordedEvent(2, 0, 0, about, voice, "", "1", 1)
    history = History([change(1), event, change(3)])
    first, last = history[0], history[2]
    assert drawn(history) == [first, last]
    assert changes_after(history, None) == [first, last]
    assert changes_after(history, first) == [last]
    assert history.rows[1] is event
    assert changes_after(history, history[1]) == [last], "an Event may be the last that was seen"


def test_networkx_is_imported_when_it_is_asked_for() -> None:
    """It takes as long to import as everything else that a picture needs."""
    lines = (
        "import sys",
        "from k8slab.graph import Graph",
        "graph = Graph()",
        "assert 'networkx' not in sys.modules",
        "assert graph.network.number_of_nodes() == 0",
        "assert 'networkx' in sys.modules",
    )
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


def test_the_networkx_graph_follows() -> None:
    graph = Graph(cluster())
    network = graph.network
    assert networkx.is_directed_acyclic_graph(network.edge_subgraph(_owners(network)))
    view = MemoryView(objects()[:1])
    follower = Graph(view)
    seen = len(view.store.history)
    standing = follower.network
    for one in objects()[1:]:
        view.add(one)
    follower.update(view.store.history[seen:])
    assert (
        set(standing.edges(keys=True))
        == set(follower.network.edges(keys=True))
        == set(network.edges(keys=True))
    )


def _owners(network: networkx.MultiDiGraph) -> list[tuple[str, str, str]]:
    return [edge for edge in network.edges(keys=True) if edge[2] == "owner"]
