"""What a kubelet remembers of one Pod: its sandbox and its containers, as immutable values.

Upstream spreads this over the container runtime, the status manager, the probe
manager, the reason cache and two back-off tables. Here it is one value per
Pod, kept in the World, so that a fork takes it along.

Models pkg/kubelet/container/runtime.go (PodStatus, Status) and
pkg/kubelet/reason_cache.go, v1.36.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from k8slab.api.meta import Obj

ABSENT = ""
RUNNING = "running"
EXITED = "exited"

PULLING = "pulling"
CREATING = "creating"
HOOK = "hook"

SUCCESS = "success"
FAILURE = "failure"
UNKNOWN = "unknown"


class ProbeState(NamedTuple):
    """How one probe of one running container stands.

    `due_us` is when it runs next (0: not until something changes), `result`
    what it has told the kubelet, `last` and `row` its last answer and how often
    in a row it was given.
    """

    kind: str
    due_us: int
    result: str
    last: str = ""
    row: int = 0
    held: bool = False
    output: str = ""


class Slot(NamedTuple):
    """One container of a Pod: its newest run, the run before, and the attempt to start the next.

    `state` is ABSENT, RUNNING or EXITED. `attempt` is PULLING or CREATING while
    the next run is being started, and HOOK while the run that has started waits for its
    postStart hook; it ends at `attempt_due_us`, a hook with `hook_error` or none. `stop_due_us`
    is set while a running container is being stopped: when and how it will
    have ended. `reason` and `message` say why the next run has not started
    (`reason_cache.go`), `retry_us` when it is tried again, and `tried_image` with
    which image it was tried: another one is tried at once. The back-off fields
    are upstream's two back-off tables. `image` and `resources` are those with
    which the run was started. The skews are how far the node's clock was ahead when it was
    started and when it ended.
    """

    name: str
    state: str = ABSENT
    run: int = 0
    container_id: str = ""
    started_us: int = 0
    finished_us: int = 0
    started_skew_us: int = 0
    finished_skew_us: int = 0
    exit_code: int = 0
    exit_reason: str = ""
    exit_message: str = ""
    last: Obj | None = None
    started: bool = False
    ready: bool = False
    probes: tuple[ProbeState, ...] = ()
    attempt: str = ""
    attempt_due_us: int = 0
    attempt_since_us: int = 0
    hook_error: str = ""
    stop_due_us: int = 0
    stop_code: int = 0
    stop_restart: bool = False
    reason: str = ""
    message: str = ""
    backoff_us: int = 0
    backoff_updated_us: int = 0
    backoff_told_us: int = 0
    retry_us: int = 0
    pull_backoff_us: int = 0
    pull_failed_us: int = 0
    pull_error: str = ""
    tried_image: str = ""
    image: str = ""
    resources: Obj | None = None


visible_of = attrgetter("state", "run", "ready", "started", "reason", "message")
"""What a status shows of a container's memory, but for its ID, times and end."""


class Runtime(NamedTuple):
    """A Pod on a node.

    `phase` of the kubelet's own work: `sync`, `terminating`, `terminated`.
    `sandbox_due_us` is when the sandbox being made will be ready, 0 where none
    is being made. `slots` hold the init containers first, then the others, in
    the spec's order. `lost` says that the machine lost power under the Pod.
    `reported` is what the last status was made from. `node` is where it runs,
    `spec` what the kubelet saw first of it, `held` the attached volumes that it
    has mounted, by their unique names. `allocated` is the spec whose resources it
    has granted, `resources` those of the Pod as a whole that are in force;
    `evicted` is why the kubelet ends it for others, if it does; `preempting` are
    the uids of those that go so that it can be taken;
    `pending` and `resizing` are the conditions of a resize, and
    `resize_due_us` is when what was granted comes into force.
    """

    uid: str
    node: str = ""
    spec: Obj = {}  # noqa: RUF012 - never changed
    held: tuple[str, ...] = ()
    work: str = "sync"
    admitted: bool = False
    attempt: int = 0
    sandbox_due_us: int = 0
    sandbox_ready: bool = False
    ip: str = ""
    slots: tuple[Slot, ...] = ()
    mount_tries: int = 0
    mount_due_us: int = 0
    mounted: bool = False
    update_due_us: int = 0
    cleanup_due_us: int = 0
    finished: bool = False
    lost: bool = False
    grace_seconds: int = -1
    failed_reason: str = ""
    failed_message: str = ""
    evicted: Obj | None = None
    preempting: tuple[str, ...] = ()
    rejected: bool = False
    restarting_all: bool = False
    allocated: Obj | None = None
    resources: Obj | None = None
    pending: Obj | None = None
    resizing: Obj | None = None
    resize_due_us: int = 0
    seen_changes: int = 0
    seen_slowness: int = 1
    reported: tuple[object, ...] = ()


_PLACES: dict[type, dict[str, int]] = {
    shape: {name: place for place, name in enumerate(shape._fields)} for shape in (Slot, Runtime)
}
PLACES = _PLACES[Runtime]
"""Where the fields of a Runtime stand in it."""

Remembered = TypeVar("Remembered", Slot, Runtime)


def changed(value: Remembered, **fields: Any) -> Remembered:
    """The value with other fields: what `_replace` gives, in a third of its time.

    `_replace` asks for each of thirty fields whether it is replaced, and this runs a dozen times a Pod.
    """
    places = _PLACES[type(value)]
    parts = list(value)
    for name, part in fields.items():
        parts[places[name]] = part
    return tuple.__new__(type(value), parts)


def slot_of(slots: tuple[Slot, ...], name: str) -> Slot | None:
    """The slot of a container's name."""
    for slot in slots:
        if slot.name == name:
            return slot
    return None


def containers_of(spec: Obj) -> tuple[Obj, ...]:
    """Every container of a Pod: those that initialize it, its own, and those that were put in later."""
    later = spec.get("ephemeralContainers")
    every = (*(spec.get("initContainers") or ()), *spec["containers"])
    return (*every, *later) if later else every


def restarting(spec: Obj, slots: tuple[Slot, ...]) -> Obj:
    """The spec as it counts while containers are replaced: those are started again whatever their policy."""
    names = []
    for slot in slots:
        if slot.stop_restart and slot.state == EXITED:
            names.append(slot.name)
    if not names:
        return spec
    containers = [
        {**container, "restartPolicy": "Always"} if container["name"] in names else container
        for container in spec["containers"]
    ]
    return {**spec, "containers": containers}


def is_sidecar(container: Obj) -> bool:
    """Whether an init container is restartable, i.e. runs beside the others."""
    return container.get("restartPolicy") == "Always"
