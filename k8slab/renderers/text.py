"""A scene as text: for a terminal, for a screen reader, and for a repr that is the same in every run."""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.scene.header import clock_words, fact_words
from k8slab.scene.marks import text_at
from k8slab.scene.scene import Item, Scene
from k8slab.texts import say

SIGNS = {
    "running": "✓",
    "succeeded": "■",
    "failed": "!",
    "unknown": "?",
    "waiting": "…",
    "creating": "◔",
    "starting": "◑",
    "terminating": "×",
}
"""A Pod's phase in one character."""


def render(scene: Scene) -> str:
    """The picture in lines: workloads, then each node with its Pods, Pods that wait, and volumes."""
    if "gantt" in scene.items:
        return _chart(scene)
    language = scene.header.language
    items = sorted(scene.items.values(), key=lambda item: (item.layer, item.y, item.x, item.id))
    pods = [item for item in items if item.kind == "Pod"]
    lines = [f"k8slab   {_clock(scene)}   {fact_words(scene)}", ""]
    workloads = [item for item in items if item.kind not in ("", "Pod", "Node", "PersistentVolumeClaim")]
    lines += [f"  {item.kind} {item.label}: {item.detail}" for item in workloads]
    placed: dict[str, list[Item]] = {}
    for pod in pods:
        node = next((one for one in pod.links if one.startswith("Node/")), "")
        placed.setdefault(node, []).append(pod)
    for item in items:
        if item.kind == "Node":
            lines += ["", f"{item.label}: {item.detail}"]
            lines += _pod_lines(placed.pop(item.id, ()), scene.now_us)
    waiting = [pod for left in placed.values() for pod in left]
    if waiting:
        lines += ["", say(language, "scene.text.waiting"), *_pod_lines(waiting, scene.now_us)]
    volumes = [item for item in items if item.kind == "PersistentVolumeClaim"]
    if volumes:
        lines += [
            "",
            say(language, "scene.text.volumes"),
            *(f"  {item.label}: {item.detail}" for item in volumes),
        ]
    note = scene.items.get("note")
    if note is not None:
        lines += ["", note.label, f"  {note.detail}"]
    return "\n".join(lines) + "\n"


def _clock(scene: Scene) -> str:
    return clock_words(scene.now_us, scene.header.start_us, scene.header.language)


def _chart(scene: Scene) -> str:
    """A Gantt chart in lines: each Pod with its phases in words."""
    rows = sorted((item for item in scene.items.values() if item.kind == "Pod"), key=lambda item: item.y)
    widest = max((len(item.label) for item in rows), default=0)
    lines = [f"k8slab   {_clock(scene)}   {fact_words(scene)}", ""]
    lines += [scene.items["gantt"].label, ""]
    lines += [
        f"  {SIGNS.get(item.state, ' ')} {item.label.ljust(widest)}  {item.detail}".rstrip() for item in rows
    ]
    if scene.items["legend"].label:
        lines.append(f"  {scene.items['legend'].label}")
    return "\n".join(lines) + "\n"


def _pod_lines(pods: Iterable[Item], now_us: int) -> list[str]:
    return [f"  {SIGNS.get(pod.state, ' ')} {pod.label}  {_status(pod, now_us)}" for pod in pods]


def _status(pod: Item, now_us: int) -> str:
    """The line beneath the Pod's name where it is drawn, else its status word."""
    for mark in pod.marks:
        if mark[0] == "text" and mark[3] == "small" and mark[2] == 32:
            return text_at(mark, now_us)
    return pod.detail
