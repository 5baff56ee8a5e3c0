"""A view with changes on top: what one step in a container has written but the World has not yet.

A step reads what it wrote itself, and everything is put into the World at its
end, each object once. Only internal kinds are written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slab.api.meta import Key, Obj
from k8slab.api.selectors import Selector
from k8slab.components import NOTHING_MORE, Plan, Put
from k8slab.store.view import View


class Overlay:
    """A View whose internal objects can be replaced for the length of a step."""

    __slots__ = ("_changed", "_view", "connections")

    def __init__(self, view: View) -> None:
        self._view = view
        self.connections = 0
        """How many connections were made in this step: each may lead to another backend."""
        self._changed: dict[tuple[str, Key], Obj | None] = {}

    @property
    def seed(self) -> int:
        """The lab's seed."""
        return self._view.seed

    @property
    def gates(self) -> frozenset[str]:
        """The feature gates that are on."""
        return self._view.gates

    def duration_us(self, name: str, *parts: object) -> int:
        """A named duration."""
        return self._view.duration_us(name, *parts)

    def chance(self, *parts: object) -> float:
        """A number in [0, 1)."""
        return self._view.chance(*parts)

    def get(self, kind: str, key: Key) -> Obj | None:
        """The object as this step left it, or as it is stored."""
        if self._changed and (kind, key) in self._changed:
            return self._changed[(kind, key)]
        return self._view.get(kind, key)

    def list(
        self,
        kind: str,
        *,
        namespace: str | None = None,
        selector: Selector | None = None,
        owner: str | None = None,
        node: str | None = None,
    ) -> Sequence[Obj]:
        """The stored objects; internal kinds are never listed."""
        return self._view.list(kind, namespace=namespace, selector=selector, owner=owner, node=node)

    def dependents(self, uid: str) -> Sequence[tuple[str, Key]]:
        """Kind and key of an owner's dependents."""
        return self._view.dependents(uid)

    def cache(self, name: str) -> Any:
        """A component's derived cache."""
        return self._view.cache(name)

    def put(self, kind: str, key: Key, obj: Obj | None) -> None:
        """Replace an internal object, or remove it with None."""
        self._changed[(kind, key)] = obj

    @property
    def is_changed(self) -> bool:
        """Whether this step has written anything."""
        return bool(self._changed)

    def flush(self) -> Plan:
        """Write what changed into the World, in the order in which it was first touched."""
        if self._changed:
            changed, self._changed = self._changed, {}
            for (kind, key), obj in changed.items():
                if obj is not None or self._view.get(kind, key) is not None:
                    yield Put(kind, key, obj)
        return NOTHING_MORE
