"""The images on a node: which are there, which no container uses, and how unused ones are removed.

Upstream notes every five minutes which images are in use, and removes those first
that were used longest ago. Nothing is noted here, so those go first that came first.

Models pkg/kubelet/images/image_gc_manager.go (detectImages, freeSpace) and
pkg/kubelet/kuberuntime/kuberuntime_gc.go (DeleteAllUnusedContainers), v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.clock import MINUTE_US
from k8slab.components import NOTHING_MORE, Plan, Put
from k8slab.containers.images import Image, resolve
from k8slab.store.view import View

MIN_AGE_US = 2 * MINUTE_US
"""An image that came later may be about to be used (`imageMinimumGCAge`)."""
CACHE = "ImageCache"
_LISTS = (
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)


class Unused(NamedTuple):
    """An image that no container uses, and the names under which it was pulled."""

    image: Image
    names: tuple[str, ...]


def images_on(view: View, node: str) -> list[Image]:
    """The images on a node, each once, those that are being pulled included."""
    return list({image.name: image for image in map(resolve, _came(view, node))}.values())


def _came(view: View, node: str) -> dict[str, int]:
    """By the names under which images were pulled: when they came."""
    cache = view.get(CACHE, ("", node))
    return cache["images"] if cache is not None else {}


def unused_images(view: View, node: str, now_us: int, *, spare_dead: bool) -> list[Unused]:
    """The images that may be removed, oldest first. With `spare_dead` dead containers use theirs."""
    used = {
        resolve(text).name: True for pod in view.list("Pod", node=node) for text in _used(pod, spare_dead)
    }
    names: dict[str, list[str]] = {}
    came: dict[str, int] = {}
    for text, at_us in _came(view, node).items():
        name = resolve(text).name
        names.setdefault(name, []).append(text)
        came[name] = min(at_us, came.get(name, at_us))
    found = [name for name in names if name not in used and came[name] + MIN_AGE_US <= now_us]
    return [
        Unused(resolve(name), tuple(names[name])) for name in sorted(found, key=lambda one: (came[one], one))
    ]


def _used(pod: Obj, spare_dead: bool) -> list[str]:
    """The images of a Pod's containers that there are, and of its volumes."""
    status = pod.get("status") or {}
    found = []
    for field, statuses in _LISTS:
        states = {one["name"]: one for one in status.get(statuses) or ()}
        for container in pod["spec"].get(field) or ():
            if _exists(states.get(container["name"]) or {}, spare_dead):
                found.append(container["image"])
    if status.get("phase") in ("Pending", "Running"):
        volumes = pod["spec"].get("volumes") or ()
        found += [one["image"]["reference"] for one in volumes if (one.get("image") or {}).get("reference")]
    return found


def _exists(status: Obj, spare_dead: bool) -> bool:
    if "running" in (status.get("state") or {}):
        return True
    return spare_dead and bool(status.get("containerID"))


def remove(view: View, node: str, images: list[Unused]) -> Plan:
    """Remove images from a node."""
    gone = [name for one in images for name in one.names]
    cache = view.get(CACHE, ("", node))
    if cache is not None and gone:
        left = {name: at_us for name, at_us in cache["images"].items() if name not in gone}
        yield Put(CACHE, ("", node), {**cache, "images": left})
    return NOTHING_MORE
