"""The Pod of a CronJob's next Job: made after that of the last one, with the names of its own owner.

All Jobs of a CronJob share one spec for their Pods, but each Job gives them labels, an owner and
a token volume of its own name. So of the last Pod of such a spec (see `likenesses`) these are replaced,
and judged, and the rest stands.
"""

from __future__ import annotations

from k8slab.api.memo import first_like, liken
from k8slab.api.meta import Obj, controller_of
from k8slab.api.validation._metadata import validate_metadata
from k8slab.api.validation._names import dns_subdomain
from k8slab.cluster.admission.serviceaccount import VOLUME_PREFIX, letters_of
from k8slab.cluster.likenesses import Likeness, of_template
from k8slab.cluster.world import World

_OF_THE_OWNER = ("generateName", "labels", "ownerReferences")
_DEPENDENT = ("affinity", "topologySpreadConstraints", "resourceClaims", "hostname")
"""Fields of a spec of which something depends on a Pod's labels or name."""


def find(world: World, writer: object, pod: Obj) -> Likeness | None:
    """What a Pod is to become, but for its name, uid and time; None where it has to be made from scratch."""
    known = of_template(world, writer, pod)
    if known is None:
        return None
    before, after = known.written["metadata"], pod["metadata"]
    if tuple(before) != tuple(after):
        return None
    if any(before[name] != after[name] for name in after if name not in _OF_THE_OWNER):
        return None
    old_owner, owner = controller_of(known.written), controller_of(pod)
    spec = known.stored["spec"]
    if old_owner is None or owner is None or any(spec.get(name) for name in _DEPENDENT):
        return None
    if any("ephemeral" in volume for volume in spec.get("volumes") or ()):
        return None
    names = {name: after[name] for name in _OF_THE_OWNER if name in after}
    metadata = {**known.stored["metadata"], **names}
    if validate_metadata(metadata, True, dns_subdomain):
        return None
    old_volume, volume = (VOLUME_PREFIX + letters_of(world.seed, one["uid"]) for one in (old_owner, owner))
    stored = {**known.stored, "metadata": metadata, "spec": _renamed(spec, old_volume, volume)}
    found = Likeness(writer, pod, {**known.sent, "metadata": after}, stored)
    world.likenesses[id(pod["spec"])] = found
    return found


def _renamed(spec: Obj, old: str, new: str) -> Obj:
    """The spec with another name for the token's volume; the very same where it has none of that name."""
    volumes = spec.get("volumes") or []
    if not any(volume.get("name") == old for volume in volumes):
        return spec
    renamed = {**spec, "volumes": _with_name(volumes, old, new)}
    liken(renamed["volumes"], first_like(spec["volumes"]))
    for field in ("containers", "initContainers"):
        if spec.get(field):
            renamed[field] = [
                {**container, "volumeMounts": _with_name(container["volumeMounts"], old, new)}
                if container.get("volumeMounts")
                else container
                for container in spec[field]
            ]
            liken(renamed[field], first_like(spec[field]))
    liken(renamed, first_like(spec))
    return renamed


def _with_name(items: list[Obj], old: str, new: str) -> list[Obj]:
    return [{**item, "name": new} if item.get("name") == old else item for item in items]
