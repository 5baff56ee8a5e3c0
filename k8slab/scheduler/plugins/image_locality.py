"""ImageLocality: better where the images are already, and the more so the larger they are.

An image counts in proportion to how many nodes have it, so that the first node
with a large image doesn't draw every Pod.

Models pkg/scheduler/framework/plugins/imagelocality, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from k8slab.scheduler.cycle import Cycle
from k8slab.scheduler.framework import CLUSTER_SCOPE, MAX_NODE_SCORE, NodeInfo, Plugin, PodInfo

_MEBIBYTE = 1024 * 1024
_SMALLEST = 23 * _MEBIBYTE
_LARGEST = 1000 * _MEBIBYTE


class ImageState(NamedTuple):
    """The worth of each image that the Pod needs and some node has; how many containers it has."""

    worth: tuple[tuple[str, int], ...]
    containers: int


def _pre_score(cycle: Cycle, pod: PodInfo, nodes: Sequence[NodeInfo]) -> ImageState:
    cluster = cycle.cluster
    total = len(cluster.nodes)
    worth = []
    for image in pod.traits.images:
        having = cluster.image_nodes.get(image)
        if having is not None:
            worth.append((image, int(having.size_bytes * (having.nodes / total))))
    return ImageState(tuple(worth), pod.traits.containers)


def score_of(worth: int, containers: int) -> int:
    """0 to 100 for the summed worth of the images that are there."""
    largest = _LARGEST * containers
    return MAX_NODE_SCORE * (min(max(worth, _SMALLEST), largest) - _SMALLEST) // (largest - _SMALLEST)


def _score(state: ImageState, node: NodeInfo) -> int:
    return score_of(sum(worth for image, worth in state.worth if image in node.images), state.containers)


PLUGIN = Plugin("ImageLocality", 22, CLUSTER_SCOPE, weight=1, pre_score=_pre_score, score=_score)
