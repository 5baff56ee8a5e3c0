"""Who waits for changes of what: watchers are woken by kind, and the others sleep on.

Changes come from any thread: a request, the lab's clock, a cell of the
notebook. The first two tell at once; the last is noticed by a look at the
store's revision every few milliseconds, while anybody waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from k8slab.lab import Lab


_LOOK_SECONDS = 0.02


class Wakeups:
    """Wakes those that wait, in one event loop, when a kind of theirs changes."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._world = lab.world
        self._seen = lab.world.store.revision
        self._waiting: dict[str, dict[asyncio.Event, None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.Task[None] | None = None
        self.closing = False

    @property
    def count(self) -> int:
        """How many wait."""
        return sum(len(group) for group in self._waiting.values())

    @contextmanager
    def waiting(self, *kinds: str) -> Iterator[asyncio.Event]:
        """An event that is set at each change of one of these kinds, and when the server closes."""
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        for kind in kinds:
            self._waiting.setdefault(kind, {})[event] = None
        if self.closing:
            event.set()
        if self._looking is None:
            self._world, self._seen = self._lab.world, self._lab.world.store.revision
            self._looking = asyncio.create_task(self._look())
        # What changed before the one who waits was entered would otherwise be told to nobody.
        event.set()
        try:
            yield event
        finally:
            for kind in kinds:
                self._waiting[kind].pop(event, None)
                if not self._waiting[kind]:
                    del self._waiting[kind]

    async def _look(self) -> None:
        while self._waiting and not self.closing:
            await asyncio.sleep(_LOOK_SECONDS)
            self.tell()
        self._looking = None

    def notice(self) -> None:
        """Something may have changed; to be called from any thread."""
        loop = self._loop
        if loop is not None and self._waiting and not loop.is_closed():
            loop.call_soon_threadsafe(self.tell)

    def tell(self) -> None:
        """Wake those whose kinds changed since the last time. Only in the event loop's thread."""
        world = self._lab.world
        if world is not self._world or self.closing:
            # The lab was rewound: every stream has to look.
            self._world, self._seen = world, world.store.revision
            self._wake_all()
            return
        revision = world.store.revision
        if revision == self._seen:
            return
        try:
            changes = world.store.changes_since(self._seen)
        except IndexError:
            self._wake_all()
        else:
            for kind in {change.kind: None for change in changes}:
                for event in self._waiting.get(kind, ()):
                    event.set()
        self._seen = revision

    def close(self) -> None:
        """Wake everyone for the last time; to be called from any thread."""
        self.closing = True
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for group in self._waiting.values():
            for event in group:
                event.set()
