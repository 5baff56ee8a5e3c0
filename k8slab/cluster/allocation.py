"""Addresses and ports that the API server hands out to Services when they are written.

Models pkg/registry/core/service/storage/storage.go (beginCreate, beginUpdate), v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._service_allocation import allocate
from k8slab.api.kinds.service import begin_update
from k8slab.api.meta import Obj, key_of
from k8slab.cluster.world import World


def allocate_on_create(world: World, kind: Kind, obj: Obj, *, dry_run: bool = False) -> Obj:
    """A new Service with its cluster IPs and node ports; any other object as it is."""
    return obj if kind.kind != "Service" else _allocate(world, obj, None, dry_run)


def allocate_on_update(world: World, kind: Kind, new: Obj, old: Obj, *, dry_run: bool = False) -> Obj:
    """A changed Service with the addresses and ports that its new form needs, before it is validated."""
    if kind.kind != "Service" or new.get("spec") is old.get("spec"):
        return new
    return _allocate(world, begin_update(new, old), old, dry_run)


def _allocate(world: World, service: Obj, old: Obj | None, dry_run: bool) -> Obj:
    addresses: dict[str, None] = {}
    ports: dict[int, None] = {}
    metadata = service["metadata"]
    own = (metadata.get("namespace", ""), metadata.get("name", ""))
    for other in world.store.list("Service"):
        if key_of(other) == own:
            continue
        spec = other["spec"]
        addresses.update(dict.fromkeys(spec.get("clusterIPs") or ()))
        ports.update(
            dict.fromkeys(port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort"))
        )
        if spec.get("healthCheckNodePort"):
            ports[spec["healthCheckNodePort"]] = None
    return allocate(service, addresses, ports, world.chance, old, dry_run=dry_run)
