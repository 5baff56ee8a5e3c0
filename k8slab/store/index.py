"""Buckets of keys that two stores can share until one of them writes.

An index answers "which keys have this value?" by a dict a value. A fork must
not copy every bucket, so `copy` shares them all and each side copies a bucket
the first time that it changes it. The keys of a bucket stand in the order in
which their objects were created, also when an object joins late (a Pod that is
adopted or bound after younger ones). A bucket maps each key to the number that
its object got at creation.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from operator import itemgetter
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
_born_of = itemgetter(1)
"""The number that an object of a bucket got at creation."""


class Index(Generic[K]):
    """Value → keys in order of creation, copied a bucket at a time after a fork."""

    __slots__ = ("_buckets", "_owned")

    def __init__(self) -> None:
        self._buckets: dict[Hashable, dict[K, int]] = {}
        self._owned: set[Hashable] | None = None  # None: every bucket is ours.

    def copy(self) -> Index[K]:
        """An index that shares every bucket with this one until either changes it."""
        twin: Index[K] = Index()
        twin._buckets = self._buckets.copy()
        twin._owned = set()
        self._owned = set()
        return twin

    def get(self, value: Hashable) -> Mapping[K, int]:
        """The keys with this value; not to be changed by the caller."""
        return self._buckets.get(value) or {}

    def add(self, value: Hashable, key: K, born: int) -> None:
        """Enter a key under a value. `born` is its number of creation."""
        bucket = self._buckets.get(value)
        if bucket is None:
            self._buckets[value] = {key: born}
            if self._owned is not None:
                self._owned.add(value)
            return
        bucket = self._own(value, bucket)
        late = bool(bucket) and next(reversed(bucket.values())) > born
        bucket[key] = born
        if late:
            self._buckets[value] = dict(sorted(bucket.items(), key=_born_of))

    def discard(self, value: Hashable, key: K) -> None:
        """Take a key out from under a value; nothing happens where it isn't there."""
        bucket = self._buckets.get(value)
        if bucket is None or key not in bucket:
            return
        if len(bucket) == 1:
            del self._buckets[value]
            return
        del self._own(value, bucket)[key]

    def _own(self, value: Hashable, bucket: dict[K, int]) -> dict[K, int]:
        if self._owned is None or value in self._owned:
            return bucket
        self._owned.add(value)
        bucket = bucket.copy()
        self._buckets[value] = bucket
        return bucket
