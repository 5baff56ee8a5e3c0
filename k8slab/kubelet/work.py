"""The desk of one look at one Pod: what is known, what is still to be said, when to look again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj
from k8slab.components import KEEP, NOTHING_MORE, Action, Done, Plan, Record
from k8slab.containers.ailments import skew_of, slowness_of
from k8slab.containers.overlay import Overlay
from k8slab.kubelet.runtime import CREATING, PLACES, RUNNING, Runtime, Slot
from k8slab.kubelet.traits import traits_of
from k8slab.store.view import View


class Work:
    """The state of a look while it lasts; only `runtime` outlives it, in the World.

    `at_us` is the instant of the transition being carried out, at most
    `now_us`: a look lets several happen in order.
    """

    __slots__ = (
        "actions",
        "at_us",
        "before",
        "box",
        "deleted",
        "key",
        "machine",
        "node",
        "now_us",
        "pod",
        "runtime",
        "sandbox_wake_us",
        "spec",
        "traits",
        "view",
        "wake_us",
    )

    def __init__(self, view: View, key: Key, pod: Obj, machine: Obj, now_us: int, runtime: Runtime) -> None:
        self.view = view
        self.key = key
        self.pod = pod
        self.spec: Obj = pod["spec"]
        self.traits = traits_of(self.spec)
        self.machine = machine
        self.node: str = self.spec["nodeName"]
        self.now_us = now_us
        self.at_us = now_us
        self.runtime = runtime
        self.before = runtime
        self.deleted = "deletionTimestamp" in pod["metadata"]
        self.actions: list[Action] = []
        self.wake_us = 0
        self.sandbox_wake_us = 0
        self.box = Overlay(view)

    def duration_us(self, name: str, *parts: object) -> int:
        """A named duration, as long as it takes on this machine."""
        return self.view.duration_us(name, *parts) * slowness_of(self.machine)

    @property
    def skew_us(self) -> int:
        """How far this machine's clock is ahead."""
        return skew_of(self.machine)

    def set(self, **fields: Any) -> None:
        """Change fields of the memory."""
        parts = list(self.runtime)
        for name, part in fields.items():
            parts[PLACES[name]] = part
        self.runtime = tuple.__new__(Runtime, parts)

    def stored(self, pod: Obj | None) -> None:
        """Go on with the Pod as it was stored."""
        if pod is not None:
            self.pod = pod

    def slot(self, name: str) -> Slot:
        """The container of that name."""
        for slot in self.runtime.slots:
            if slot.name == name:
                return slot
        raise KeyError(name)

    def slots(self) -> dict[str, Slot]:
        """The containers by name."""
        slots = self.runtime.slots
        if len(slots) == 1:
            return {slots[0].name: slots[0]}
        return {slot.name: slot for slot in slots}

    def put_slot(self, slot: Slot) -> None:
        """Replace one container's memory."""
        slots: tuple[Slot, ...] = (slot,)
        if len(self.runtime.slots) > 1:
            name = slot.name
            slots = tuple([slot if one.name == name else one for one in self.runtime.slots])
        self.set(slots=slots)

    def containers(self) -> Iterator[Obj]:
        """The specs: init containers first."""
        yield from self.spec.get("initContainers") or ()
        yield from self.spec["containers"]

    def put_spec(self, spec: Obj) -> None:
        """Go on as if the Pod's spec were another one."""
        self.spec = spec
        self.traits = traits_of(spec)

    def container(self, name: str) -> Obj:
        """The spec of a container."""
        return self.traits.containers[name]

    def is_init(self, name: str) -> bool:
        """Whether that is an init container."""
        inits = self.spec.get("initContainers") or ()
        return any(container["name"] == name for container in inits) if inits else False

    def event(self, event_type: str, reason: str, message: str, container: str = "") -> None:
        """Say something about the Pod, or about one of its containers."""
        path = self.traits.fields[container] if container else ""
        self.actions.append(Record(self.pod, event_type, reason, message, "kubelet", self.node, path))

    def wake(self, at_us: int) -> None:
        """Look again at an instant, or earlier."""
        if at_us and (not self.wake_us or at_us < self.wake_us):
            self.wake_us = at_us

    def flush(self) -> Plan:
        """Carry out what was collected, in order."""
        pending, self.actions = self.actions, []
        for action in pending:
            try:
                yield action
            except ApiError:
                # An Event that is refused is lost, as upstream's recorder loses it after its retries.
                continue
        if self.box.is_changed:
            yield from self.box.flush()
        return NOTHING_MORE

    def done(self) -> Done:
        """How the look ends: the memory where it changed, and the earliest instant still open."""
        runtime = self.runtime
        if runtime.sandbox_due_us:
            self.wake(self.sandbox_wake_us or runtime.sandbox_due_us)
        if runtime.mount_due_us > self.now_us:
            self.wake(runtime.mount_due_us)
        for slot in runtime.slots:
            self._wake_for(slot)
        look_again_us = max(self.wake_us - self.now_us, 1) if self.wake_us else None
        memory = KEEP if runtime is self.before else runtime
        return Done(look_again_us, memory)

    def _wake_for(self, slot: Slot) -> None:
        if slot.attempt_due_us:
            notice_us = 0
            if slot.attempt == CREATING:
                notice_us = self.duration_us("kubelet_notice", self.runtime.uid, slot.name, slot.run)
            self.wake(slot.attempt_due_us + notice_us)
        if slot.state == RUNNING:
            if slot.stop_due_us:
                self.wake(slot.stop_due_us)
                if self.runtime.work == "sync":
                    # A container that is being replaced is probed no more.
                    return
            for probe in slot.probes:
                if probe.due_us:
                    self.wake(probe.due_us)
