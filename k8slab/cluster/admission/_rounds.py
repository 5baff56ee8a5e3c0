"""The second round of plug-ins: who asks again after others have changed an object.

When a webhook or a policy of clients changes an object, all plug-ins that change
objects run once more: what was added gets the same defaults as the rest. Of webhooks
and policies those are asked again that want it, and after which something changed.

Models staging/src/k8s.io/apiserver/pkg/admission/{reinvocation,attributes}.go and
plugin/{webhook,policy}/mutating/reinvocationcontext.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj


class Memory:
    """What one plug-in remembers from the first round to the second: whom it asked, and what came of it."""

    def __init__(self) -> None:
        self._asked: set[tuple[str, ...]] = set()
        self._again: set[tuple[str, ...]] = set()
        self._last: Obj | None = None

    def is_wanted(self, who: tuple[str, ...]) -> bool:
        """Whether somebody is to be asked in the second round."""
        return who in self._again

    def differs(self, obj: Obj) -> bool:
        """Whether others have changed the object since the plug-in left it."""
        return self._last != obj

    def keep(self, who: tuple[str, ...]) -> None:
        """Somebody who was asked wants to be asked again after further changes."""
        self._asked.add(who)

    def require(self) -> None:
        """Something has changed: who wants that is to be asked again."""
        self._again |= self._asked
        self._asked = set()

    def leave(self, obj: Obj) -> None:
        """The plug-in is done with the object for this round."""
        self._last = obj


class Rounds:
    """One request's rounds: which one it is, and whether there is to be a second."""

    def __init__(self) -> None:
        self.is_second = False
        self.wants_second = False
        self._memories: dict[str, Memory] = {}

    def enter(self, plugin: str, obj: Obj) -> Memory:
        """The memory of a plug-in that begins with an object."""
        memory = self._memories.setdefault(plugin, Memory())
        if self.is_second and memory.differs(obj):
            memory.require()
        return memory

    def asks(self, memory: Memory, who: tuple[str, ...]) -> bool:
        """Whether somebody whom the request concerns is asked in this round."""
        return not self.is_second or memory.is_wanted(who)

    def note_change(self, memory: Memory) -> None:
        """A plug-in has changed the object."""
        memory.require()
        self.wants_second = True
