"""Who owns which field: managedFields, computed from the chain of an object's writes when asked for.

Upstream computes them on every write. Here nobody looks at them most of the
time, so a write only adds a link to the object's trail, and the trail is
folded when a client reads the object or applies to it.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.meta import Obj, key_of
from k8slab.cluster.world import Trail, World


def managed_fields(world: World, kind: Kind, obj: Obj) -> list[Obj]:
    """The managedFields of a stored object. The trail remembers them."""
    from k8slab.api.managed_fields import track_update

    slot = (kind.kind, key_of(obj))
    trail = world.trails.get(slot)
    if trail is None:
        return []
    links: list[Trail] = []
    link: Trail | None = trail
    while link is not None and link.managed is None:
        links.append(link)
        link = link.before
    managed: list[Obj] = list(link.managed or ()) if link is not None else []
    old = link.new if link is not None else None
    for one in reversed(links):
        managed = track_update(
            kind,
            old,
            one.new,
            managed,
            manager=one.manager,
            subresource=one.subresource,
            api_version=one.api_version,
            now_us=one.at_us,
        )
        old = one.new
    if links:
        world.trails[slot] = trail._replace(before=None, managed=managed)
    return managed


def with_managed_fields(world: World, kind: Kind, obj: Obj) -> Obj:
    """A stored object with its managedFields, as every client sees it."""
    managed = managed_fields(world, kind, obj)
    if not managed:
        return obj
    return {**obj, "metadata": {**obj["metadata"], "managedFields": managed}}
