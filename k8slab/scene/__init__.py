"""What to draw: a picture of the graph as a plain value in world coordinates."""

from k8slab.scene.composer import Composer, Facts, compose
from k8slab.scene.scene import (
    Axis,
    Header,
    Item,
    Move,
    Patch,
    Scene,
    apply,
    diff,
    dumps,
    patch_to_json,
    to_json,
)

__all__ = [
    "Axis",
    "Composer",
    "Facts",
    "Header",
    "Item",
    "Move",
    "Patch",
    "Scene",
    "apply",
    "compose",
    "diff",
    "dumps",
    "patch_to_json",
    "to_json",
]
