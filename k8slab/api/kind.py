"""What the API server knows of one resource kind, as a value, and the table of all kinds.

Each module of `k8slab.api.kinds` exports one constant, `KIND`. A kind says how it
is named, defaulted, prepared for storage, validated, warned about and scaled;
the verbs in `k8slab.cluster` are the same for all of them.

Models staging/src/k8s.io/apiserver/pkg/registry/rest/{create,update}.go and
each pkg/registry/*/*/strategy.go, v1.36.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


def _same(obj: Obj) -> Obj:
    return obj


def _take_new(new: Obj, old: Obj) -> Obj:
    return new


def _no_causes(obj: Obj) -> list[Cause]:
    return []


def _no_update_causes(new: Obj, old: Obj) -> list[Cause]:
    return []


def _no_warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    return ()


class Scale(NamedTuple):
    """Where the scale subresource finds its numbers: paths of keys into the object.

    `selector` gives the text of the selector from the object.
    """

    spec_replicas: tuple[str, ...]
    status_replicas: tuple[str, ...]
    selector: Callable[[Obj], str]


class Version(NamedTuple):
    """Another group and version under which the kind is served, with its conversions.

    `to_storage` and `from_storage` are given and give whole objects, apiVersion included.
    """

    group: str
    version: str
    to_storage: Callable[[Obj], Obj]
    from_storage: Callable[[Obj], Obj]


class Kind(NamedTuple):
    """One resource kind. Functions are pure: they never change what they are given.

    `default(obj)` fills in defaults (after decoding, on every write).
    `prepare_create(obj)`, `prepare_update(new, old)` and `prepare_status(new, old)`
    do what upstream's strategies do: drop or keep the status, set and raise
    `metadata.generation`, drop disabled fields. Validations give every fault in
    upstream's order. `default_propagation` is what a delete without a policy does.
    """

    kind: str
    group: str
    version: str
    plural: str
    singular: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    default: Callable[[Obj], Obj] = _same
    prepare_create: Callable[[Obj], Obj] = _same
    prepare_update: Callable[[Obj, Obj], Obj] = _take_new
    prepare_status: Callable[[Obj, Obj], Obj] = _take_new
    validate: Callable[[Obj], list[Cause]] = _no_causes
    validate_update: Callable[[Obj, Obj], list[Cause]] = _no_update_causes
    validate_status: Callable[[Obj, Obj], list[Cause]] = _no_update_causes
    warnings: Callable[[Obj, Obj | None], tuple[str, ...]] = _no_warnings
    scale: Scale | None = None
    fields: tuple[str, ...] = ()
    """Field selectors beside metadata.name and metadata.namespace, e.g. `status.phase`."""
    default_propagation: str = "Background"
    create_on_update: bool = False
    unconditional_update: bool = True
    other_versions: tuple[Version, ...] = ()

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def has_status(self) -> bool:
        """Whether the status is written through a subresource of its own."""
        return "status" in self.subresources


@cache
def kinds() -> dict[str, Kind]:
    """Every built-in kind by its `kind`, in the sorted order of the modules."""
    import k8slab.api.kinds as package

    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    found = [importlib.import_module(f"{package.__name__}.{name}").KIND for name in names if name[0] != "_"]
    return {kind.kind: kind for kind in found}


@cache
def resources() -> dict[tuple[str, str, str], Kind]:
    """Every built-in kind by (group, version, plural) under which it is served."""
    table: dict[tuple[str, str, str], Kind] = {}
    for kind in kinds().values():
        table[(kind.group, kind.version, kind.plural)] = kind
        for other in kind.other_versions:
            table[(other.group, other.version, kind.plural)] = kind
    return table
