"""What the API server knows of one resource kind, as a value, and the table of all kinds.

A kind is up to three files of one name: `api/kinds/x.py` exports `KIND` (how it
is named, defaulted, prepared for storage and scaled), `api/validation/x.py`
exports `RULES` (what it refuses) and `api/printers/x.py` exports `TABLE` (how it
is listed). The verbs in `k8slab.cluster` are the same for all of them.

Models staging/src/k8s.io/apiserver/pkg/registry/rest/{create,update}.go and
each pkg/registry/*/*/strategy.go, v1.36.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj, dig

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

    `selector` gives the text of the selector from the object. A custom object
    whose `required` path leads nowhere has no scale to read.
    """

    spec_replicas: tuple[str, ...]
    status_replicas: tuple[str, ...]
    selector: Callable[[Obj], str]
    required: str = ""

    def fault(self, obj: Obj) -> str:
        """Why the object has no scale to read, if so."""
        if not self.required or dig(obj, *self.spec_replicas) is not None:
            return ""
        return f'the spec replicas field "{self.required}" does not exist'


class Rules(NamedTuple):
    """What a kind refuses: every fault at once, in upstream's order.

    `update(new, old)` is asked instead of `create(obj)` for a replacement,
    `status(new, old)` for a write of the status subresource. `warnings(new, old)`
    gives the texts of Warning headers; `old` is None on create.
    """

    create: Callable[[Obj], list[Cause]] = _no_causes
    update: Callable[[Obj, Obj], list[Cause]] = _no_update_causes
    status: Callable[[Obj, Obj], list[Cause]] = _no_update_causes
    warnings: Callable[[Obj, Obj | None], tuple[str, ...]] = _no_warnings


class Version(NamedTuple):
    """Another group and version under which the kind is served, with its conversions.

    `to_storage` and `from_storage` are given and give whole objects, apiVersion included.
    """

    group: str
    version: str
    to_storage: Callable[[Obj], Obj]
    from_storage: Callable[[Obj], Obj]
    fields: tuple[str, ...] = ()
    """As `Kind.fields`, for this version; only custom kinds differ from one version to another."""
    rules: Rules | None = None
    """What is refused in this version, where that isn't what the kind refuses."""


class Kind(NamedTuple):
    """One resource kind. Functions are pure: they never change what they are given.

    `default(obj)` fills in defaults (after decoding, on every write).
    `prepare_create(obj)`, `prepare_update(new, old)` and `prepare_status(new, old)`
    do what upstream's strategies do: drop or keep the status, set and raise
    `metadata.generation`, drop disabled fields. `rules` are attached by `kinds()`
    from `k8slab.api.validation`. `default_propagation` is what a delete without a policy does.
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
    rules: Rules = Rules()
    scale: Scale | None = None
    fields: tuple[str, ...] = ()
    """Field selectors beside metadata.name and metadata.namespace, e.g. `status.phase`."""
    default_propagation: str = "Background"
    create_on_update: bool = False
    unconditional_update: bool = True
    other_versions: tuple[Version, ...] = ()
    structures: tuple[tuple[str, str], ...] = ()
    """Of a custom kind: each `group/version` with its structural schema as JSON text."""

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
    import k8slab.api.validation as validation

    rules = _constants(validation, "RULES")
    table: dict[str, Kind] = {}
    for name, kind in _constants(package, "KIND").items():
        table[kind.kind] = kind._replace(rules=rules[name]) if name in rules else kind
    return table


def _constants(package: ModuleType, constant: str) -> dict[str, Any]:
    """The constant that each public module of a package exports, by module name, sorted."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return {
        name: getattr(importlib.import_module(f"{package.__name__}.{name}"), constant)
        for name in names
        if not name.startswith("_")
    }


@cache
def resources() -> dict[tuple[str, str, str], Kind]:
    """Every built-in kind by (group, version, plural) under which it is served."""
    table: dict[tuple[str, str, str], Kind] = {}
    for kind in kinds().values():
        table[(kind.group, kind.version, kind.plural)] = kind
        for other in kind.other_versions:
            table[(other.group, other.version, kind.plural)] = kind
    return table
