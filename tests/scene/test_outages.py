"""What is the matter with the cluster, and with a node that goes on working, is seen, heard and read."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from k8slab.containers.ailments import SKEW, SLOWNESS
from k8slab.graph import Graph
from k8slab.kubelet.shortage import DISK, MEMORY, PIDS
from k8slab.renderers import text
from k8slab.scene import Composer, Scene, compose
from k8slab.texts import Language
from tests.controllers.view import MemoryView
from tests.scene.cluster import NOW_US, cluster
from tests.scene.test_scene import crowd, facts

SPECS: dict[str, dict[str, Any]] = {
    "apiserver": {},
    "apiserver-refusing": {"share": 0.3, "reason": "Conflict"},
    "apiserver-slow": {"latencyUs": 2_000_000},
    "registry": {},
}
WORDS: dict[str, dict[Language, tuple[str, str]]] = {
    "apiserver": {
        "en": ("API server down", "nothing new is decided"),
        "zh": ("API server 已停止", "新的决定"),
    },
    "apiserver-refusing": {
        "en": ("API server refuses writes", "30% of the components' writes fail (Conflict)"),
        "zh": ("API server 拒绝写入", "30% 的写入会失败（Conflict）"),
    },
    "apiserver-slow": {"en": ("API server slow", "takes 2 s longer"), "zh": ("API server 很慢", "2 秒")},
    "registry": {
        "en": ("Image registry down", "No image can be pulled"),
        "zh": ("镜像仓库不应答", "无法拉取"),
    },
}


def outage(name: str) -> dict[str, Any]:
    return {"kind": "Outage", "metadata": {"name": name}, "spec": SPECS[name]}


def machine(name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": "Machine", "metadata": {"name": name}, "spec": spec}


def troubled(view: MemoryView | None = None) -> MemoryView:
    """A cluster with everything the matter at once."""
    view = view or cluster()
    for name in SPECS:
        view.add(outage(name))
    view.add(machine("node-2", **{MEMORY: 1}))
    return view


def after(view: MemoryView, composer: Composer, graph: Graph, seen: int) -> Scene:
    changes = view.store.history[seen:]
    return composer.update(graph.update(changes), changes, facts(NOW_US))


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_says_what_it_is_and_what_it_means(name: str, language: Language) -> None:
    view = cluster()
    view.add(outage(name))
    scene = compose(Graph(view), facts(language=language))
    item = scene.items[f"outage/{name}"]
    label, part = WORDS[name][language]
    assert item.label == label
    assert part in item.detail
    shown = [mark[6] for mark in item.marks if mark[0] == "text"]
    assert shown == [label, item.detail]
    line = next(line for line in text.render(scene).splitlines() if line.startswith(f"! {label}"))
    assert item.detail in line


def test_it_comes_and_goes_and_makes_room_for_itself() -> None:
    view = cluster()
    graph = Graph(view)
    composer = Composer(graph, facts())
    before = composer.scene
    view.add(outage("registry"))
    broken = after(view, composer, graph, len(view.store.history) - 1)
    banner = broken.items["outage/registry"]
    assert broken.height > before.height
    assert all(one.y >= banner.y + banner.height for one in broken.items.values() if one.kind)
    assert broken == compose(graph, facts())
    view.remove("Outage", ("", "registry"))
    assert after(view, composer, graph, len(view.store.history) - 1).items == before.items


def test_several_stand_one_below_the_other() -> None:
    items = compose(Graph(troubled()), facts()).items
    banners = [items[f"outage/{name}"] for name in SPECS]
    assert all(one.y + one.height < other.y for one, other in pairwise(banners))


TROUBLES: dict[str, tuple[dict[str, Any], str, str]] = {
    "memory": ({MEMORY: 1}, "memory taken", "内存被占"),
    "pids": ({PIDS: 1}, "PIDs taken", "进程号被占"),
    "disk": ({DISK: 1}, "disk full", "磁盘已满"),
    "slow": ({SLOWNESS: 20}, "slow ×20", "变慢 ×20"),
    "ahead": ({SKEW: 300_000_000}, "clock 5:00 ahead", "时钟快 5:00"),
    "behind": ({SKEW: -90_000_000}, "clock 1:30 behind", "时钟慢 1:30"),
}


@pytest.mark.parametrize("case", TROUBLES)
def test_a_node_that_works_on_says_what_is_wrong(case: str) -> None:
    spec, english, chinese = TROUBLES[case]
    view = cluster()
    view.add(machine("node-2", **spec))
    for language, words in (("en", english), ("zh", chinese)):
        item = compose(Graph(view), facts(language=language)).items["Node/node-2"]
        assert words in item.detail
        assert words in [mark[6] for mark in item.marks if mark[0] == "text"]


@pytest.mark.parametrize(("nodes", "pods"), [(60, 900), (60, 2100)], ids=["small", "heat"])
def test_in_a_crowd_too(nodes: int, pods: int) -> None:
    view = troubled(crowd(nodes, pods))
    scene = compose(Graph(view), facts())
    assert "memory taken" in scene.items["Node/node-2"].detail
    assert scene.items["outage/registry"].y < scene.items["tray"].y
    if pods < 2000:
        assert [mark[3] for mark in scene.items["Node/node-2"].marks if mark[0] == "icon"][
            1
        ] == "small-failed"
