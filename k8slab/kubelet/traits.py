"""What a Pod's spec asks of its kubelet, read once for all Pods of a template.

A kubelet looks at a Pod many times, and most Pods ask nothing out of the ordinary of it: they have no
init containers, probes or files that change. Which of these a Pod has follows from a few parts of its
spec, which all Pods of a template share; so the answers are kept by the identity of those parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from k8slab.api.memo import DEFAULT_SIZE
from k8slab.api.meta import Obj
from k8slab.kubelet.status import could_all_restart
from k8slab.kubelet.volumes import projected_volumes

_LISTS = ("initContainers", "containers", "ephemeralContainers")
_PARTS = (*_LISTS, "volumes", "readinessGates", "securityContext", "resources", "restartPolicy")
"""The parts of a spec that traits are made from: those of one template stay the same objects."""


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """What a spec asks of its kubelet. Two are the same only if they are one and the same object."""

    parts: tuple[object, ...]
    """Held so that nothing else gets their identities."""
    containers: dict[str, Obj]
    """Every container by its name."""
    fields: dict[str, str]
    """Where each container stands in the Pod, as Events say it."""
    has_inits: bool
    has_later: bool
    """It has ephemeral containers."""
    has_volumes: bool
    shows_objects: bool
    """Some of its volumes show objects of the API that may change."""
    is_probed: bool
    is_gated: bool
    """Its readiness depends on conditions that others write."""
    may_restart_all: bool
    has_resources: bool
    """It has resources as a whole, beside those of its containers."""
    is_usual: bool
    """It is one of most Pods: nothing but containers that run beside each other."""


_known: dict[int, Traits] = {}
"""By the identity of the list of containers, which few specs share that differ in other parts."""


def traits_of(spec: Obj) -> Traits:
    """What a spec asks of its kubelet."""
    known = _known.get(id(spec["containers"]))
    if known is not None and known.parts == tuple(map(spec.get, _PARTS)):
        return known
    if len(_known) >= DEFAULT_SIZE:
        _known.clear()
    found = _known[id(spec["containers"])] = read_traits(spec)
    return found


def read_traits(spec: Obj) -> Traits:
    """What a spec asks of its kubelet, read afresh."""
    containers: dict[str, Obj] = {}
    fields: dict[str, str] = {}
    for field in _LISTS:
        for container in spec.get(field) or ():
            name = container["name"]
            containers.setdefault(name, container)
            fields.setdefault(name, f"spec.{field}{{{name}}}")
    return Traits(
        tuple([spec.get(name) for name in _PARTS]),
        containers,
        fields,
        has_inits=bool(spec.get("initContainers")),
        has_later=bool(spec.get("ephemeralContainers")),
        has_volumes=bool(spec.get("volumes")),
        shows_objects=bool(projected_volumes({"spec": spec})),
        is_probed=_are_probed(containers.values()),
        is_gated=bool(spec.get("readinessGates")),
        may_restart_all=could_all_restart(spec),
        has_resources=bool(spec.get("resources")),
        is_usual=not (
            any(spec.get(name) for name in ("initContainers", "ephemeralContainers", "readinessGates"))
            or could_all_restart(spec)
        ),
    )


_PROBES = frozenset(("livenessProbe", "readinessProbe", "startupProbe"))


def _are_probed(containers: Iterable[Obj]) -> bool:
    return any(not _PROBES.isdisjoint(container) for container in containers)
