"""How much of its node's disk a Pod takes: what its containers wrote into their own layers and into volumes.

Beside the files that are there, bytes count that a failure has put there
without their text (the `Sandbox`'s `filled`): nobody keeps gigabytes of zeros.
What containers log is not counted, and a volume in memory is none of the disk's.

Models the parts of pkg/kubelet/server/stats and pkg/kubelet/eviction/helpers.go
(podDiskUsage) that an eviction asks for, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.containers.files import Tree, bytes_of
from k8slab.store.view import View


class Usage(NamedTuple):
    """Bytes by container and by emptyDir volume. `in_memory` are the volumes that are none of the disk's."""

    layers: dict[str, int]
    volumes: dict[str, int]
    in_memory: frozenset[str] = frozenset()

    @property
    def on_disk(self) -> int:
        """All that lies on the node's disk."""
        volumes = sum(size for name, size in self.volumes.items() if name not in self.in_memory)
        return sum(self.layers.values()) + volumes


NOTHING = Usage({}, {})


def usage_of(view: View, pod: Obj) -> Usage:
    """What a Pod's containers wrote and what it was filled with."""
    metadata = pod["metadata"]
    sandbox = view.get("Sandbox", (metadata["namespace"], metadata["name"]))
    if sandbox is None or sandbox["uid"] != metadata["uid"]:
        return NOTHING
    volumes = {
        volume["name"]: volume["emptyDir"] or {}
        for volume in pod["spec"].get("volumes") or ()
        if "emptyDir" in volume
    }
    return Usage(
        _sizes(sandbox, "roots", [one["name"] for one in pod["spec"]["containers"]]),
        _sizes(sandbox, "volumes", list(volumes)),
        frozenset(name for name, source in volumes.items() if source.get("medium") == "Memory"),
    )


def _sizes(sandbox: Obj, part: str, names: list[str]) -> dict[str, int]:
    filled = (sandbox.get("filled") or {}).get(part) or {}
    trees = sandbox[part]
    return {name: (_bytes_in(trees[name]) if name in trees else 0) + filled.get(name, 0) for name in names}


def _bytes_in(tree: Tree) -> int:
    """All files of a tree, whole or in pages; what stands beside them are modes."""
    total = 0
    for path, content in tree.items():
        if not path.endswith("\0"):
            for page in (content,) if isinstance(content, str) else content:
                total += len(page) if page.isascii() else len(bytes_of(page))
    return total


def filled(sandbox: Obj, part: str, name: str, size_bytes: int) -> Obj:
    """The `Sandbox` with so many more bytes in a container's layer (`roots`) or in a volume (`volumes`)."""
    every = sandbox.get("filled") or {}
    sizes = {one: size for one, size in (every.get(part) or {}).items() if one != name}
    if size_bytes:
        sizes[name] = size_bytes
    return {**sandbox, "filled": {**every, part: sizes}}


def emptied(sandbox: Obj, container: str) -> Obj:
    """The `Sandbox` as a new run of a container finds it: its own layer is another one."""
    every = sandbox.get("filled")
    if not every or container not in (every.get("roots") or {}):
        return sandbox
    return filled(sandbox, "roots", container, 0)
