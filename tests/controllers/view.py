"""A View over objects in memory, and just enough of an API server to carry out a plan on it.

Table tests put objects in, call a plan with `collect` and compare actions.
Tests of a controller over time use `MemoryView.run`, which carries out each
action at once: no admission, no validation, no defaults, no latency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from k8slab.api.errors import OBJECT_MODIFIED, ApiError, already_exists, conflict, not_found
from k8slab.api.meta import Key, Obj, assoc, dissoc, key_of
from k8slab.api.selectors import Selector
from k8slab.chance import chance, suffix
from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.components import (
    Action,
    Bind,
    Component,
    Create,
    Delete,
    Done,
    Evict,
    Memory,
    Patch,
    Plan,
    Put,
    Record,
    Update,
)
from k8slab.store.store import Store
from k8slab.timing import INSTANT, Timing, duration_us

GROUPS = {
    "StatefulSet": "apps",
    "Deployment": "apps",
    "ReplicaSet": "apps",
    "DaemonSet": "apps",
    "ControllerRevision": "apps",
    "Job": "batch",
    "CronJob": "batch",
    "EndpointSlice": "discovery.k8s.io",
    "PodDisruptionBudget": "policy",
}


def plural(kind: str) -> str:
    """The resource's name, as error messages use it."""
    if kind == "Endpoints":
        return "endpoints"
    return kind.lower() + ("es" if kind.endswith("s") else "s")


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386, the plain way."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


class MemoryView:
    """Objects in memory behind the View protocol; `act` and `run` carry out what a plan asks.

    `refuse` maps (verb, kind) or (verb, kind, name) to the ApiError that such an action gets, where the
    verb is the action's class name in lower case.
    """

    def __init__(
        self,
        objects: Iterable[Obj] = (),
        *,
        seed: int = 7,
        gates: frozenset[str] = frozenset(),
        timing: Timing = INSTANT,
        now_us: int = START_US,
        caches: Mapping[str, Any] | None = None,
    ) -> None:
        self.store = Store()
        self.seed = seed
        self.gates = gates
        self.timing = timing
        self.now_us = now_us
        self.caches = dict(caches or {})
        self.components: dict[str, Component] = {}
        self.actions: list[Action] = []
        self.refuse: dict[tuple[str, ...], ApiError] = {}
        self._uids = 0
        for obj in objects:
            self.add(obj)

    # The View protocol.

    def duration_us(self, name: str, *parts: object) -> int:
        return duration_us(self.timing, self.seed, name, *parts)

    def chance(self, *parts: object) -> float:
        return chance(self.seed, *parts)

    def get(self, kind: str, key: Key) -> Obj | None:
        return self.store.get(kind, key)

    def list(
        self,
        kind: str,
        *,
        namespace: str | None = None,
        selector: Selector | None = None,
        owner: str | None = None,
        node: str | None = None,
    ) -> Sequence[Obj]:
        return self.store.list(kind, namespace=namespace, selector=selector, owner=owner, node=node)

    def dependents(self, uid: str) -> Sequence[tuple[str, Key]]:
        return self.store.dependents(uid)

    def cache(self, name: str) -> Any:
        return self.caches[name]

    # Putting objects in, and taking them out.

    def add(self, obj: Obj) -> Obj:
        """Store an object (or replace it); uid and creationTimestamp are made up where they are missing."""
        metadata = dict(obj["metadata"])
        if "uid" not in metadata:
            self._uids += 1
            metadata["uid"] = f"uid-{self._uids}"
        metadata.setdefault("creationTimestamp", timestamp(self.now_us))
        obj = {**obj, "metadata": metadata}
        if obj["kind"] == "Pod" and "spec" not in obj:
            obj["spec"] = {}
        change = self.store.write(obj["kind"], key_of(obj), obj, self.now_us, 0)
        assert change.new is not None
        return change.new

    def remove(self, kind: str, key: Key) -> None:
        """Remove an object at once."""
        self.store.write(kind, key, None, self.now_us, 0)

    def change(self, kind: str, key: Key, *path_and_value: Any) -> Obj:
        """Set the value at a path of a stored object, as `assoc` does."""
        obj = self.get(kind, key)
        assert obj is not None, (kind, key)
        return self.add(assoc(obj, *path_and_value))

    # A small API server.

    def act(self, action: Action) -> Any:
        """Carry out one action. Its outcome; ApiError where it is refused."""
        self.actions.append(action)
        verb = type(action).__name__.lower()
        if isinstance(action, Record):
            return None
        if isinstance(action, Put):
            if action.obj is None:
                if self.get(action.kind, action.key) is not None:
                    self.remove(action.kind, action.key)
                return None
            return self.add(action.obj)
        kind = "Pod" if isinstance(action, Bind | Evict) else action.kind
        name = key_of(action.obj)[1] if isinstance(action, Update) else self._name_of(action)
        for refused in ((verb, kind), (verb, kind, name)):
            if refused in self.refuse:
                raise self.refuse[refused]
        return getattr(self, f"_{verb}")(action)

    def run(self, plan: Plan) -> Done:
        """Carry out a whole plan, and say how it ended."""
        try:
            action = next(plan)
            while True:
                try:
                    outcome = self.act(action)
                except ApiError as error:
                    action = plan.throw(error)
                else:
                    action = plan.send(outcome)
        except StopIteration as stop:
            done: Done = stop.value
            return done
        except ApiError as error:
            return Done(error=error.message)

    def sync(
        self, plan: Callable[[Any, Key, int, Memory], Plan], key: Key, memory: Memory = None
    ) -> tuple[tuple[Action, ...], Done]:
        """Run a controller's plan for a key now: its actions, carried out, and how it ended."""
        before = len(self.actions)
        done = self.run(plan(self, key, self.now_us, memory))
        return tuple(self.actions[before:]), done

    @staticmethod
    def _name_of(action: Any) -> str:
        if isinstance(action, Create):
            return action.obj["metadata"].get("name", "")
        return action.key[1]

    def _stored(self, kind: str, key: Key, uid: str = "") -> Obj:
        obj = self.get(kind, key)
        if obj is None:
            raise not_found(plural(kind), GROUPS.get(kind, ""), key[1])
        if uid and obj["metadata"]["uid"] != uid:
            stored = obj["metadata"]["uid"]
            why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored}"
            raise conflict(plural(kind), GROUPS.get(kind, ""), key[1], why)
        return obj

    def _write(self, kind: str, key: Key, new: Obj) -> Obj:
        metadata = new["metadata"]
        held = metadata.get("finalizers") or (kind == "Namespace" and new["spec"].get("finalizers"))
        if "deletionTimestamp" in metadata and not held:
            if not metadata.get("deletionGracePeriodSeconds"):
                self.remove(kind, key)
                return new
        return self.add(new)

    def _create(self, action: Create) -> Obj:
        metadata = dict(action.obj["metadata"])
        if not metadata.get("name"):
            parts = (action.kind, metadata.get("namespace", ""), self.store.revision)
            metadata["name"] = metadata["generateName"] + suffix(self.seed, *parts)
        metadata["creationTimestamp"] = timestamp(self.now_us)
        obj = {**action.obj, "metadata": metadata}
        if self.get(action.kind, key_of(obj)) is not None:
            raise already_exists(plural(action.kind), GROUPS.get(action.kind, ""), metadata["name"])
        return self.add(obj)

    def _update(self, action: Update) -> Obj:
        key = key_of(action.obj)
        old = self._stored(action.kind, key, action.obj["metadata"].get("uid", ""))
        version = action.obj["metadata"].get("resourceVersion")
        if version and version != old["metadata"]["resourceVersion"]:
            raise conflict(plural(action.kind), GROUPS.get(action.kind, ""), key[1], OBJECT_MODIFIED)
        if action.subresource == "status":
            return self._write(action.kind, key, {**old, "status": action.obj.get("status", {})})
        return self._write(action.kind, key, action.obj)

    def _patch(self, action: Patch) -> Obj:
        old = self._stored(action.kind, action.key, action.uid)
        new = merged(old, action.patch)
        if not new["metadata"].get("ownerReferences", True):
            new = dissoc(new, "metadata", "ownerReferences")
        return old if new == old else self._write(action.kind, action.key, new)

    def _delete(self, action: Delete) -> None:
        old = self._stored(action.kind, action.key, action.uid)
        metadata = dict(old["metadata"])
        finalizers = [name for name in metadata.get("finalizers", ()) if name not in _PROPAGATION.values()]
        if action.propagation in _PROPAGATION:
            finalizers.append(_PROPAGATION[action.propagation])
        if finalizers:
            metadata["finalizers"] = finalizers
        grace = action.grace_seconds
        if grace is None and action.kind == "Pod":
            grace = old["spec"].get("terminationGracePeriodSeconds", 0) if old["spec"].get("nodeName") else 0
        if "deletionTimestamp" in metadata and grace:
            return
        metadata["deletionTimestamp"] = timestamp(self.now_us + (grace or 0) * SECOND_US)
        metadata["deletionGracePeriodSeconds"] = grace or 0
        self._write(action.kind, action.key, {**old, "metadata": metadata})

    def _bind(self, action: Bind) -> None:
        self.add(assoc(self._stored("Pod", action.key, action.uid), "spec", "nodeName", action.node))

    def _evict(self, action: Evict) -> None:
        self._delete(Delete("Pod", action.key, action.uid))


_PROPAGATION = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}
