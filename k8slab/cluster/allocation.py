"""Addresses and ports that the API server hands out to Services when they are written."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.meta import Obj
from k8slab.cluster.world import World


def allocate_on_create(world: World, kind: Kind, obj: Obj) -> Obj:
    """A new Service with its cluster IPs and node ports; any other object as it is."""
    return obj if kind.kind != "Service" else _allocate(world, obj)


def allocate_on_update(world: World, kind: Kind, new: Obj, old: Obj) -> Obj:
    """A changed Service with the addresses and ports that its new form needs."""
    if kind.kind != "Service" or new.get("spec") is old.get("spec"):
        return new
    return _allocate(world, new)


def _allocate(world: World, service: Obj) -> Obj:
    raise NotImplementedError
