"""The garbage collection of images: what no container uses goes when the disk is nearly full.

Every five minutes, upstream; here only while there can be something to do,
which is while a node's disk is filled.

Models pkg/kubelet/images/image_gc_manager.go (GarbageCollect, formatSize) and
pkg/kubelet/kubelet.go (StartGarbageCollection), v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Key
from k8slab.clock import MINUTE_US
from k8slab.components import Component, Done, Memory, Plan, Record, Watch
from k8slab.kubelet.eviction import active_pods, of_filled_node, of_filled_pod
from k8slab.kubelet.images import remove, unused_images
from k8slab.kubelet.node import is_working
from k8slab.kubelet.shortage import disk_of, use_of
from k8slab.store.view import View

PERIOD_US = 5 * MINUTE_US
HIGH_PERCENT, LOW_PERCENT = 85, 80
"""From how much of the disk taken on images are removed, and until how much (`imageGC…ThresholdPercent`)."""


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Free the disk down to the lower threshold if it is above the higher. Remembers whether that failed."""
    machine = view.get("Machine", key)
    if machine is None or not is_working(machine):
        return Done(memory=None, why=f"the kubelet of {key[1]} does not run")
    if now_us % PERIOD_US:
        return Done(PERIOD_US - now_us % PERIOD_US)
    disk = disk_of(view, machine, [use_of(view, pod) for pod in active_pods(view, key[1])])
    percent = 100 - disk.available * 100 // disk.capacity if disk.capacity else 0
    if percent < HIGH_PERCENT:
        return Done(memory=None, why=f"{percent}% of the disk of {key[1]} is taken")
    wanted = disk.capacity * (100 - LOW_PERCENT) // 100 - disk.available
    freed, chosen = 0, []
    for one in unused_images(view, key[1], now_us, spare_dead=True):
        if freed >= wanted:
            break
        freed += one.image.size_bytes
        chosen.append(one)
    yield from remove(view, key[1], chosen)
    if freed >= wanted:
        return Done(PERIOD_US, None)
    words = (
        f"Insufficient free disk space on the node's image filesystem ({percent}% of "
        f"{size_text(disk.capacity)} used). Failed to free sufficient space by deleting unused images "
        f"(freed {freed} bytes). Investigate disk usage, as it could be used by active images, logs, "
        "volumes, or other data."
    )
    for reason in ("FreeDiskSpaceFailed", "ImageGCFailed") if memory else ("FreeDiskSpaceFailed",):
        about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": key[1], "uid": key[1]}}
        yield Record(about, "Warning", reason, words, component="kubelet", host=key[1])
    return Done(PERIOD_US, True)


def size_text(size_bytes: int) -> str:
    """A size as the collector writes it: `98.2 GiB`."""
    size, unit = float(size_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size_bytes} B" if unit == "B" else f"{size:.1f} {unit}"


IMAGE_GC = Component(
    "kubelet-image-gc",
    (Watch("Machine", of_filled_node), Watch("Sandbox", of_filled_pod)),
    plan,
    retry_base_us=1_000_000,
    manager="kubelet",
)
"""Removes images that nobody uses from a disk that is nearly full."""
