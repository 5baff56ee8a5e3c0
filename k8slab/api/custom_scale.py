"""The scale subresource of custom kinds: the paths that a definition names, as a `Scale`.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/registry/customresource/etcd.go
(scaleFromCustomResource), v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Scale
from k8slab.api.meta import Obj, dig


def scale_of(part: Obj | None) -> Scale | None:
    """Where the numbers of a version's `subresources.scale` are; None for a kind without one."""
    if part is None:
        return None

    def path(name: str) -> tuple[str, ...]:
        return tuple(part.get(name, "").strip(".").split("."))

    def selector(obj: Obj) -> str:
        return str(dig(obj, *path("labelSelectorPath"), default="")) if part.get("labelSelectorPath") else ""

    return Scale(path("specReplicasPath"), path("statusReplicasPath"), selector, part["specReplicasPath"])
