"""Admission: what is changed in a write, and what refuses it, between decoding and storing.

Each module is one plug-in. They run in upstream's order: first all that
change the object, and after validation all that judge it. What a quota is
charged is given back as a value, so that a dry run charges nothing.

Models pkg/kubeapiserver/options/plugins.go and apiserver/pkg/admission/chain.go, v1.36.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache, lru_cache
from typing import NamedTuple

from k8slab.api.gates import conform
from k8slab.api.meta import Key, Obj
from k8slab.cluster.admission._plugin import Admission, Charge, Request, user_info
from k8slab.cluster.admission._rounds import Rounds
from k8slab.cluster.queue import notify
from k8slab.cluster.world import World

__all__ = [
    "ORDER",
    "Admission",
    "Charge",
    "Request",
    "asks_clients",
    "charge",
    "judges_status",
    "mutate",
    "plugins",
    "user_info",
    "validate",
    "warnings",
]

ORDER = (
    "namespacelifecycle",
    "limitranger",
    "serviceaccount",
    "noderestriction",
    "taintnodesbycondition",
    "podsecurity",
    "priority",
    "defaulttolerationseconds",
    "defaultstorageclass",
    "storageobjectinuseprotection",
    "persistentvolumeclaimresize",
    "runtimeclass",
    "certificateapproval",
    "certificatesubjectrestriction",
    "defaultingressclass",
    "podtopologylabels",
    "nodedeclaredfeatures",
    "podresize",
    "mutatingadmissionpolicy",
    "mutatingadmissionwebhook",
    "validatingadmissionpolicy",
    "validatingadmissionwebhook",
    "resourcequota",
)
"""The plug-ins' modules in upstream's order; those of upstream that have no effect here are left out."""


@cache
def plugins() -> tuple[Admission, ...]:
    """Every plug-in, in the order in which they run."""
    found = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_")
    if found != sorted(ORDER):
        raise ImportError(f"admission plug-ins {found} are not those of ORDER")
    return tuple(importlib.import_module(f"{__name__}.{name}").ADMISSION for name in ORDER)


class _Chain(NamedTuple):
    """The plug-ins that one kind and operation concerns."""

    mutate: tuple[Admission, ...]
    validate: tuple[Admission, ...]
    charge: tuple[Admission, ...]
    warn: tuple[Admission, ...]


def _chain(request: Request) -> _Chain:
    return _plugins_for(request.kind.kind, request.operation, request.subresource == "status")


@lru_cache(maxsize=1024)
def _plugins_for(kind: str, operation: str, is_status: bool) -> _Chain:
    concerned = [
        plugin
        for plugin in plugins()
        if operation in plugin.operations
        and (not plugin.kinds or kind in plugin.kinds)
        and (plugin.on_status or not is_status or kind in plugin.status_kinds)
    ]
    return _Chain(
        tuple(plugin for plugin in concerned if plugin.mutate is not None),
        tuple(plugin for plugin in concerned if plugin.validate is not None),
        tuple(plugin for plugin in concerned if plugin.charge is not None),
        tuple(plugin for plugin in concerned if plugin.warn is not None),
    )


@cache
def _configured() -> frozenset[str]:
    return frozenset(plugin.needs for plugin in plugins() if plugin.on_status and plugin.needs)


def asks_clients(world: World) -> bool:
    """Whether clients have configured webhooks or policies at all."""
    return not _configured().isdisjoint(world.store.kinds)


def judges_status(world: World, kind: str) -> bool:
    """Whether some plug-in has a say in what is written into the status of a kind."""
    return not _judges(kind).isdisjoint(world.store.kinds)


@cache
def _judges(kind: str) -> frozenset[str]:
    """The kinds of which there must be an object, so that a kind's status is judged."""
    return _configured() | {plugin.needs for plugin in plugins() if kind in plugin.status_kinds}


def mutate(request: Request) -> Obj:
    """The object as the plug-ins make it. Raises ApiError where one of them refuses already.

    Fields of disabled feature gates are dropped first: only here are the lab's gates known.
    """
    obj = request.new
    assert obj is not None, "only a write with an object is mutated"
    if not request.subresource:
        obj = conform(request.kind.kind, obj, request.old, request.view.gates)
    chain, rounds = _chain(request).mutate, Rounds()
    obj = _changed(request._replace(rounds=rounds), chain, obj)
    if rounds.wants_second:
        rounds.is_second = True
        obj = _changed(request._replace(rounds=rounds), chain, obj)
    return obj


def _changed(request: Request, chain: tuple[Admission, ...], obj: Obj) -> Obj:
    view = request.view
    for plugin in chain:
        if plugin.mutate is not None and (not plugin.needs or view.list(plugin.needs)):
            obj = plugin.mutate(request, obj)
    return obj


def validate(request: Request) -> list[Charge]:
    """What the request charges to quotas. Raises ApiError where a plug-in refuses it."""
    chain, view = _chain(request), request.view
    for plugin in chain.validate:
        if plugin.validate is not None and (not plugin.needs or view.list(plugin.needs)):
            plugin.validate(request)
    charges: list[Charge] = []
    for plugin in chain.charge:
        if plugin.charge is not None and (not plugin.needs or view.list(plugin.needs)):
            charges += plugin.charge(request)
    return charges


def warnings(request: Request) -> list[str]:
    """Texts of Warning headers for a request that passed."""
    texts: list[str] = []
    for plugin in _chain(request).warn:
        if plugin.warn is not None:
            texts += plugin.warn(request)
    return texts


def charge(world: World, charges: list[Charge], cause: int) -> None:
    """Write the quotas' new usage, as the API server does before it stores the object."""
    key: Key
    for key, quota in charges:
        notify(world, world.store.write("ResourceQuota", key, quota, world.now_us, cause))
