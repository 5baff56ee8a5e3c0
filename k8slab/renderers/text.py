"""A scene as text: for a terminal, for a screen reader, and for a repr that is the same in every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from k8slab.graph import kind_of, name_of
from k8slab.scene.header import clock_words, fact_words
from k8slab.scene.marks import clock_text, text_at
from k8slab.scene.scene import Item, Scene
from k8slab.scene.timeline import WORST_FIRST
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
    """The picture in lines, in the order in which it is read from top to bottom."""
    if "gantt" in scene.items:
        return _chart(scene)
    items = sorted(scene.items.values(), key=lambda item: (item.layer, item.y, item.x, item.id))
    parts = [
        [_head(scene)],
        _outages(items, scene),
        [f"  {item.kind} {item.label}: {item.detail}" for item in items if item.kind not in ("", *_PLACED)],
        *_nodes(items, scene),
        *_volumes(items, scene),
        _timeline(items, scene),
        _inputs(items, scene),
        _note(scene),
        _chosen(items, scene),
        _console(scene),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _outages(items: Sequence[Item], scene: Scene) -> list[str]:
    """What is the matter with the cluster as a whole."""
    found = [item for item in items if item.id.startswith("outage/")]
    return [
        f"{SIGNS['failed']} {_said(scene, 'text.title', title=item.label)} {item.detail}" for item in found
    ]


_PLACED = ("Pod", "Node", "PersistentVolumeClaim")
_MOST_STRETCHES = 8
_MOST_NODES = 100


def _said(scene: Scene, key: str, **values: object) -> str:
    return say(scene.header.language, f"scene.{key}", **values)


def _nodes(items: Sequence[Item], scene: Scene) -> list[list[str]]:
    """A part for each node with the Pods on it, and one for the Pods that wait."""
    placed: dict[str, list[Item]] = {}
    for pod in items:
        if pod.kind == "Pod":
            node = next((one for one in pod.links if one.startswith("Node/")), "")
            placed.setdefault(node, []).append(pod)
    parts = []
    heat = scene.items.get("heat")
    if heat is not None:
        parts.append([f"{_said(scene, 'text.title', title=heat.label)} {heat.detail}"])
    nodes = [item for item in items if item.kind == "Node"]
    # Of very many nodes those are told of one by one that stand out; the others are in the sum above.
    told, more = (nodes, 0) if len(nodes) <= _MOST_NODES else _outstanding(nodes, placed)
    for item in told:
        parts.append([f"{item.label}: {item.detail}", *_pod_lines(placed.pop(item.id, ()), scene)])
    if more:
        parts.append([_said(scene, "text.more", count=more)])
    waiting = [pod for left in placed.values() for pod in left]
    tray = scene.items.get("tray")
    if tray is not None:
        lines = _pod_lines(waiting, scene)
        if tray.state:
            lines.append(f"  {_said(scene, 'text.more', count=tray.state)}")
        many = tray.detail if waiting else _said(scene, "tray.empty")
        parts.append([f"{_said(scene, 'text.title', title=tray.label)} {many}", *lines])
    return parts


_WORST_NODES = ("lost", "hot", "cordoned", "ill")


def _outstanding(nodes: Sequence[Item], placed: Mapping[str, object]) -> tuple[list[Item], int]:
    """The nodes that are looked at, and those that aren't as they should be, the worst first; how many more.

    Each way in which a node can stand out has its share of the lines: many lost ones hide no full one.
    """
    seen = [item for item in nodes if item.id in placed]
    ranks: Counter[str] = Counter()
    bad: list[tuple[int, int, Item]] = []
    for item in nodes:
        if item.state in _WORST_NODES and item.id not in placed:
            bad.append((ranks[item.state], _WORST_NODES.index(item.state), item))
            ranks[item.state] += 1
    kept = sorted(bad, key=lambda one: one[:2])[: max(0, _MOST_NODES - len(seen))]
    return seen + [item for _, _, item in sorted(kept, key=lambda one: (one[1], one[0]))], len(bad) - len(
        kept
    )


def _volumes(items: Sequence[Item], scene: Scene) -> list[list[str]]:
    """Each volume, where it is and who uses it; those beneath no node apart, as in the picture."""
    loose = scene.items.get("volumes/loose")
    parts: dict[str, list[str]] = {}
    for item in items:
        if item.kind == "PersistentVolumeClaim":
            users = " ".join(name_of(one) for one in item.links if one.startswith("Pod/"))
            used = [_said(scene, "text.used", names=users)] if users else []
            title = loose.label if loose is not None and item.y > loose.y else _said(scene, "volumes")
            lines = parts.setdefault(title, [_said(scene, "text.title", title=title)])
            lines.append(f"  {item.label}: {_said(scene, 'comma').join((item.detail, *used))}")
    return list(parts.values())


def _timeline(items: Sequence[Item], scene: Scene) -> list[str]:
    """Each row's phases, one after another: of several Pods the worst, as a glance at the row says."""
    lines = []
    for item in items:
        if item.id.startswith("row/"):
            told = [
                _said(
                    scene,
                    "text.from",
                    tone=_said(scene, f"tone.{tone}"),
                    at=clock_text(at_us - scene.axis.start_us),
                )
                for tone, at_us in worst_first(item, scene)
            ]
            earlier = ["…"] if len(told) > _MOST_STRETCHES else []
            now = f" ({item.detail})" if item.detail else ""
            phases = _said(scene, "comma").join([*earlier, *told[-_MOST_STRETCHES:]])
            lines.append(f"  {item.label}{now}: {phases}")
    return [_said(scene, "text.title", title=scene.items["timeline"].label), *lines] if lines else []


def worst_first(row: Item, scene: Scene) -> list[tuple[str, int]]:
    """The worst tone that a row has at once, and from when on; nothing is told where nothing is."""
    bars = [(mark[3], mark[4], mark[5] or scene.now_us) for mark in row.marks if mark[0] == "bar"]
    instants = sorted({at_us for _, from_us, to_us in bars for at_us in (from_us, to_us)})
    found: list[tuple[str, int]] = []
    for at_us in instants[:-1]:
        tones = {tone for tone, from_us, to_us in bars if from_us <= at_us < to_us}
        worst = next((tone for tone in WORST_FIRST if tone in tones), "")
        if worst and (not found or found[-1][0] != worst):
            found.append((worst, at_us))
    return found


def _inputs(items: Sequence[Item], scene: Scene) -> list[str]:
    """What the user did, and when."""
    done = [item for item in items if item.id.startswith("input/")]
    done.sort(key=lambda item: int(item.id.rpartition("/")[2]))
    lines = [f"  {item.detail}  {item.label}" for item in done]
    return [_said(scene, "text.inputs"), *lines] if lines else []


def _note(scene: Scene) -> list[str]:
    note = scene.items.get("note")
    return [note.label, f"  {note.detail}"] if note is not None else []


def _chosen(items: Sequence[Item], scene: Scene) -> list[str]:
    """What is framed: what is selected, and what differs from another picture."""
    chosen = scene.items.get(scene.selected)
    lines = (
        [_said(scene, "text.selected", name=f"{chosen.kind} {chosen.label}")] if chosen is not None else []
    )
    return lines + [item.label for item in items if item.id.startswith("differs/")]


def _console(scene: Scene) -> list[str]:
    """The lines of the console, where the picture has one."""
    console = scene.items.get("console")
    return [mark[6] for mark in console.marks if mark[0] == "text"] if console is not None else []


def _head(scene: Scene) -> str:
    parts = ("k8slab", scene.header.summary, _clock(scene), fact_words(scene))
    return "   ".join(part for part in parts if part)


def _clock(scene: Scene) -> str:
    return clock_words(scene.now_us, scene.header.start_us, scene.header.language)


def _chart(scene: Scene) -> str:
    """A Gantt chart in lines: each Pod with its phases in words."""
    rows = sorted((item for item in scene.items.values() if item.kind == "Pod"), key=lambda item: item.y)
    widest = max((len(item.label) for item in rows), default=0)
    lines = [_head(scene), ""]
    lines += [scene.items["gantt"].label, ""]
    lines += [
        f"  {SIGNS.get(item.state, ' ')} {item.label.ljust(widest)}  {item.detail}".rstrip() for item in rows
    ]
    if scene.items["legend"].label:
        lines.append(f"  {scene.items['legend'].label}")
    return "\n".join(lines) + "\n"


def _pod_lines(pods: Iterable[Item], scene: Scene) -> list[str]:
    """A line for each Pod: its sign, its name, how it is doing, whose it is and which volumes it has."""
    return [f"  {SIGNS.get(pod.state, ' ')} {pod.label}  {_status(pod, scene)}" for pod in pods]


def _status(pod: Item, scene: Scene) -> str:
    """What is said of a Pod; it begins with the line that is drawn beneath its name."""
    comma = _said(scene, "comma")
    line = next((text_at(mark, scene.now_us) for mark in pod.marks if mark[0] == "text" and mark[7]), "")
    first, _, rest = pod.detail.partition(comma)
    owner = next((one for one in pod.links if not one.startswith(("Node/", "PersistentVolumeClaim/"))), "")
    claims = " ".join(name_of(one) for one in pod.links if one.startswith("PersistentVolumeClaim/"))
    words = [
        line or first,
        _said(scene, "text.of", owner=f"{kind_of(owner)} {name_of(owner)}") if owner else "",
        _said(scene, "text.volume", names=claims) if claims else "",
        rest,
    ]
    return comma.join(one for one in words if one)
