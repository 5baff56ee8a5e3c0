"""What a component may see: a read-only, indexed view of the stored objects, and their changes.

Every reader goes through the same small protocol, so a table test can hand a
component any View it likes. Listings are in the order in which the objects
were created, which is the same in every run.

Beside the API's kinds the store holds a few **internal kinds**, which no API
client can see but which must be remembered, forked and rewound like the
rest: `Machine` (a node's hardware: power, network), `Disk` (the files on a
volume), and what containers wrote. They have the shape of API objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from k8slab.api.meta import Key, Obj
from k8slab.api.selectors import Selector


class Change(NamedTuple):
    """What a watch delivers and what history keeps. `old` is None for a creation, `new` for a removal.

    `revision` counts changes from 1 and is the object's resourceVersion;
    `cause` is a number in the World's list of causes.
    """

    revision: int
    at_us: int
    kind: str
    key: Key
    old: Obj | None
    new: Obj | None
    cause: int


class View(Protocol):
    """The read side of the cluster, as controllers, the scheduler and kubelets see it."""

    @property
    def seed(self) -> int:
        """The lab's seed, for `chance`."""

    @property
    def gates(self) -> frozenset[str]:
        """The feature gates that are on beside v1.36's defaults."""

    def duration_us(self, name: str, *parts: object) -> int:
        """A named, seeded duration of the lab's `Timing` profile, e.g. `("image_pull", uid, 1)`."""

    def chance(self, *parts: object) -> float:
        """A number in [0, 1) fixed by the seed and the parts."""

    def get(self, kind: str, key: Key) -> Obj | None:
        """The object, or None."""

    def list(
        self,
        kind: str,
        *,
        namespace: str | None = None,
        selector: Selector | None = None,
        owner: str | None = None,
        node: str | None = None,
    ) -> Sequence[Obj]:
        """The objects of a kind that fit all of the arguments, oldest first.

        `owner` is the uid of the controlling owner; the empty string means
        "without a controlling owner". `node` is a node's name (Pods only);
        the empty string means "not yet bound". Each of `namespace`, `owner`,
        `node` and an equality in `selector` is answered from an index.
        """

    def dependents(self, uid: str) -> Sequence[tuple[str, Key]]:
        """Kind and key of every object with an owner reference to this uid, of any kind."""

    def cache(self, name: str) -> Any:
        """The current value of a component's derived cache (see `Component.cache`)."""
