"""A picture cut in two: the cluster, and the timeline beneath it, each a scene of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from k8slab.scene.layout import HEADER_HEIGHT
from k8slab.scene.scene import Axis, Item, Scene

Part = Literal["stage", "timeline"]


def is_timeline(identity: str) -> bool:
    """Whether an item of this id belongs to the timeline."""
    return identity in ("timeline", "now") or identity.startswith(("row/", "input/"))


def stage_of(scene: Scene) -> Scene:
    """The picture without its timeline."""
    timeline = scene.items.get("timeline")
    if timeline is None:
        return scene
    kept = {identity: item for identity, item in scene.items.items() if not is_timeline(identity)}
    return scene._replace(height=timeline.y, axis=Axis(), items=kept)


def timeline_of(scene: Scene) -> Scene:
    """The timeline alone, moved up to where the picture begins. A heat map has none: then it is empty."""
    timeline = scene.items.get("timeline")
    if timeline is None:
        return scene._replace(height=HEADER_HEIGHT + 1, items={})
    up = timeline.y - HEADER_HEIGHT
    kept: dict[str, Item] = {
        identity: item._replace(y=item.y - up)
        for identity, item in scene.items.items()
        if is_timeline(identity)
    }
    return scene._replace(height=HEADER_HEIGHT + timeline.height + 12, items=kept, selected="")


PARTS: dict[Part, Callable[[Scene], Scene]] = {"stage": stage_of, "timeline": timeline_of}
