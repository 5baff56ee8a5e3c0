"""Preparing an object for storage: what most kinds do alike on create, update and status update.

Each function here makes the `prepare_…` functions of a kind from a few words.
Comparisons try identity first: an untouched spec is the same object.

Models pkg/registry/*/*/strategy.go and
staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/meta.go (ResetObjectMetaForStatus), v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.api.meta import Obj

Create = Callable[[Obj], Obj]
Update = Callable[[Obj, Obj], Obj]

_NOT_BY_STATUS = (
    "deletionTimestamp",
    "generation",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
)
"""Metadata that a kind with strict status writes takes from the stored object."""


def on_create(*, status: Callable[[], Obj] | None = None, generation: bool = False) -> Create:
    """A new object with the given fresh status and, where the kind counts generations, generation 1."""

    def prepare(obj: Obj) -> Obj:
        new = dict(obj)
        if status is not None:
            new["status"] = status()
        if generation:
            new["metadata"] = {**obj["metadata"], "generation": 1}
        return new

    return prepare


def on_update(*, status: bool = True, bump_for: tuple[str, ...] = ()) -> Update:
    """A replacement that keeps the stored status, and counts a generation where a field changed.

    `bump_for` names the fields beside metadata and status that count, e.g. `("spec",)`.
    """

    def prepare(new: Obj, old: Obj) -> Obj:
        if status:
            new = with_field_of(new, old, "status")
        for name in bump_for:
            if differs(new, old, name):
                return next_generation(new, old)
        return new

    return prepare


def on_status(*, keeps: tuple[str, ...] = (), strict: bool = False) -> Update:
    """A status write: the stored spec stays.

    `keeps` names metadata that also stays; `strict` keeps all the metadata
    that `ResetObjectMetaForStatus` does.
    """
    names = _NOT_BY_STATUS if strict else keeps

    def prepare(new: Obj, old: Obj) -> Obj:
        new = with_field_of(new, old, "spec")
        return with_metadata_of(new, old, names) if names else new

    return prepare


def with_field_of(new: Obj, old: Obj, name: str) -> Obj:
    """`new` with one field as it is in `old`."""
    wanted = old.get(name)
    if new.get(name) is wanted:
        return new
    if wanted is None:
        return {field: value for field, value in new.items() if field != name}
    return {**new, name: wanted}


def with_metadata_of(new: Obj, old: Obj, names: tuple[str, ...]) -> Obj:
    """`new` with some fields of the metadata as they are in `old`."""
    after, before = new["metadata"], old["metadata"]
    if after is before:
        return new
    metadata: Obj | None = None
    for name in names:
        wanted = before.get(name)
        if after.get(name) is wanted:
            continue
        if metadata is None:
            metadata = dict(after)
        if wanted is None:
            del metadata[name]
        else:
            metadata[name] = wanted
    return new if metadata is None else {**new, "metadata": metadata}


def differs(new: Obj, old: Obj, name: str) -> bool:
    """Whether a field differs: by identity where that says it already, else by value."""
    after, before = new.get(name), old.get(name)
    return after is not before and after != before


def next_generation(new: Obj, old: Obj) -> Obj:
    """`new` with a generation one higher than the stored one."""
    generation = old["metadata"].get("generation", 0) + 1
    return {**new, "metadata": {**new["metadata"], "generation": generation}}


def without(obj: Obj, name: str, field: str) -> Obj:
    """`obj` without a field of one of its top-level dicts, e.g. `("spec", "managedBy")`."""
    part = obj.get(name)
    if not isinstance(part, dict) or field not in part:
        return obj
    return {**obj, name: {key: value for key, value in part.items() if key != field}}
