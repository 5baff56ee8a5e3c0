"""Which kinds a cluster serves: the built-in ones, and those that CustomResourceDefinitions add."""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind, kinds
from k8slab.cluster.world import World


def kind_of(world: World, name: str) -> Kind:
    """The kind of a name, e.g. `Pod`. ApiError 404 where the cluster doesn't serve it."""
    kind = kinds().get(name)
    if kind is None:
        raise ApiError(404, "NotFound", "the server could not find the requested resource")
    return kind
