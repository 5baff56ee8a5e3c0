"""Which kinds a cluster serves: the built-in ones, those that are asked and never stored, and custom ones."""

from __future__ import annotations

from functools import cache

from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind, kinds, resources
from k8slab.api.meta import Obj
from k8slab.cluster.custom_kinds import custom_kinds, custom_resources
from k8slab.cluster.measured import METRICS_RESOURCES, NODE_METRICS, POD_METRICS, is_measured, metrics
from k8slab.cluster.world import World

_ASKED = (
    ("", "v1", "Binding", "bindings", True),
    ("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", False),
    ("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", False),
    ("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", True),
    ("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", False),
    ("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", False),
    ("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", False),
)

COMPONENT_STATUS = Kind(
    "ComponentStatus",
    "",
    "v1",
    "componentstatuses",
    "componentstatus",
    False,
    short_names=("cs",),
    verbs=("get", "list"),
)


_HEALTHY = [{"type": "Healthy", "status": "True", "message": "ok"}]
COMPONENT_STATUSES: tuple[Obj, ...] = tuple(
    {"apiVersion": "v1", "kind": "ComponentStatus", "metadata": {"name": name}, "conditions": _HEALTHY}
    for name in ("etcd-0", "scheduler", "controller-manager")
)
"""The parts of the control plane, in the order in which they are asked for their health."""


@cache
def virtual_kinds() -> dict[str, Kind]:
    """Kinds that clients may ask for and that no store holds, by their `kind`."""
    table = {
        kind: Kind(kind, group, version, plural, kind.lower(), namespaced, verbs=("create",))
        for group, version, kind, plural, namespaced in _ASKED
    }
    table[COMPONENT_STATUS.kind] = COMPONENT_STATUS
    return table


@cache
def _virtual_resources() -> dict[tuple[str, str, str], Kind]:
    return {(kind.group, kind.version, kind.plural): kind for kind in virtual_kinds().values()}


@cache
def _fixed_resources() -> dict[tuple[str, str, str], Kind]:
    return {**resources(), **_virtual_resources()}


@cache
def _groups() -> dict[str, None]:
    return {group: None for group, _, _ in _fixed_resources()}


def kinds_served(world: World) -> dict[tuple[str, str, str], Kind]:
    """Every kind by (group, version, plural) under which the cluster serves it."""
    more = _more_resources(world)
    return {**_fixed_resources(), **more} if more else _fixed_resources()


def groups_served(world: World) -> dict[str, None]:
    """The API groups that the cluster serves."""
    more = _more_resources(world)
    return {**_groups(), **{group: None for group, _, _ in more}} if more else _groups()


def is_custom_group(world: World, group: str) -> bool:
    """Whether all that is served in an API group are custom kinds."""
    return group not in _groups() and any(group == served for served, _, _ in custom_resources(world))


def _more_resources(world: World) -> dict[tuple[str, str, str], Kind]:
    """What the cluster serves beside the API server's own: custom kinds, and those of addons."""
    custom = custom_resources(world)
    return {**METRICS_RESOURCES, **custom} if is_measured(world) else custom


def _not_served() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def kind_of(world: World, name: str) -> Kind:
    """The kind of a name, e.g. `Pod`. ApiError 404 where the cluster doesn't serve it."""
    kind = kinds().get(name) or custom_kinds(world).get(name)
    if kind is None:
        raise _not_served()
    return kind


def find_resource(world: World, group: str, version: str, plural: str) -> Kind:
    """The kind served at a group, version and plural. ApiError 404 where there is none."""
    place = (group, version, plural)
    kind = resources().get(place) or _virtual_resources().get(place) or _more_resources(world).get(place)
    if kind is None:
        raise _not_served()
    return kind


_UNSTORED = (COMPONENT_STATUS, NODE_METRICS, POD_METRICS)


def is_stored(kind: Kind) -> bool:
    """Whether objects of the kind stand in the store; of some kinds they are made when they are asked for."""
    return kind not in _UNSTORED


def unstored_objects(world: World, kind: Kind, namespace: str) -> list[Obj]:
    """The objects of a kind that isn't stored, in the order in which the server tells them."""
    return list(COMPONENT_STATUSES) if kind is COMPONENT_STATUS else metrics(world, kind, namespace)
