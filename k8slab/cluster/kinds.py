"""Which kinds a cluster serves: the built-in ones, and those that CustomResourceDefinitions add."""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind, kinds, resources
from k8slab.cluster.world import World


def kind_of(world: World, name: str) -> Kind:
    """The kind of a name, e.g. `Pod`. ApiError 404 where the cluster doesn't serve it."""
    kind = kinds().get(name)
    if kind is None:
        raise ApiError(404, "NotFound", "the server could not find the requested resource")
    return kind


def find_resource(world: World, group: str, version: str, plural: str) -> Kind:
    """The kind served at a group, version and plural. ApiError 404 where there is none."""
    kind = resources().get((group, version, plural))
    if kind is None:
        raise ApiError(404, "NotFound", "the server could not find the requested resource")
    return kind
