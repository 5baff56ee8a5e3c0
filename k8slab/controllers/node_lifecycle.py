"""The node lifecycle: which nodes are heard of, how the others are tainted, and how fast.

Three kinds of keys. `("", "")` is the monitor, which upstream runs every five
seconds: it marks the nodes that have been silent for too long, and hands
NoExecute taints to the nodes that are not ready, one node in ten seconds a
zone. `("", node)` sets the NoSchedule taints that follow from a node's
conditions. `(namespace, name)` is a Pod that was bound to a node that isn't ready.

A healthy kubelet's heartbeats are not stored: a machine that can report is
heard of now, any other was last heard of at its `lastHeartbeatUs`. So the
monitor keeps upstream's grid of five seconds but only runs at the points of it
at which there is something to see, and an idle cluster has no events.

Models pkg/controller/nodelifecycle/{node_lifecycle_controller,scheduler/rate_limited_queue}.go
and pkg/controller/util/node/controller_utils.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, condition_of, key_of, labels_of
from k8slab.clock import SECOND_US, parse_timestamp, timestamp
from k8slab.components import Action, Component, Done, Memory, Outcome, Patch, Plan, Record, Watch
from k8slab.controllers._taints import (
    NO_EXECUTE,
    NO_SCHEDULE,
    NOT_READY,
    UNREACHABLE,
    UNSCHEDULABLE,
    has_taint,
    taints_of,
    with_taints,
)
from k8slab.store.aspects import BOUND
from k8slab.store.view import Change, View

MONITOR_PERIOD_US = 5 * SECOND_US
MONITOR_GRACE_US = 50 * SECOND_US
STARTUP_GRACE_US = 60 * SECOND_US
TAINT_PERIOD_US = SECOND_US // 10
HEALTHY_RATE, REDUCED_RATE = 0.1, 0.01
"""How many nodes of a zone get NoExecute taints in a second, in good and in bad times."""
LARGE_ZONE = 50
UNHEALTHY_SHARE = 0.55
EXCLUDED_LABEL = "node.kubernetes.io/exclude-disruption"
MONITOR: Key = ("", "")

INITIAL, NORMAL, PARTIAL, FULL = "Initial", "Normal", "PartialDisruption", "FullDisruption"

_TAINT_BY_CONDITION = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
_CONDITION_TAINTS = (*_TAINT_BY_CONDITION.values(), UNSCHEDULABLE)
_MONITORED_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
_LABEL_COPIES = (
    ("kubernetes.io/os", "beta.kubernetes.io/os"),
    ("kubernetes.io/arch", "beta.kubernetes.io/arch"),
)


class Zone(NamedTuple):
    """A zone's state, and its queue of nodes that wait for a NoExecute taint.

    `rate` is in nodes a second. The bucket holds at most one token; `tokens`
    is what it held at `at_us`.
    """

    state: str = INITIAL
    rate: float = HEALTHY_RATE
    tokens: float = 1.0
    at_us: int = 0
    queue: tuple[str, ...] = ()


class Monitor(NamedTuple):
    """What the monitor remembers.

    `known` maps the names of nodes to their uids. No node counts as silent
    before `floor_us`, which is set when a total outage ends. `due_us` is the
    next point of the grid at which to look, 0 for none. `retry` are nodes
    whose Pods could not be marked.
    """

    known: dict[str, str]
    zones: dict[str, Zone]
    floor_us: int = 0
    due_us: int = 0
    retry: tuple[str, ...] = ()


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Run the monitor, or look at one node's NoSchedule taints, or at one Pod of a failed node."""
    if key == MONITOR:
        return (yield from _monitor(view, now_us, memory or Monitor({}, {})))
    if key[0]:
        return (yield from _look_at_pod(view, key, now_us))
    return (yield from _look_at_node(view, key, now_us))


# One node.


def _look_at_node(view: View, key: Key, now_us: int) -> Plan:
    """Set the NoSchedule taints that the node's conditions ask for, and the older names of its labels."""
    node = view.get("Node", key)
    if node is None:
        return Done(why="the node is gone")
    wanted = [
        _TAINT_BY_CONDITION[(one["type"], one["status"])]
        for one in (node.get("status") or {}).get("conditions") or ()
        if (one["type"], one["status"]) in _TAINT_BY_CONDITION
    ]
    if node["spec"].get("unschedulable"):
        wanted.append(UNSCHEDULABLE)
    present = [
        one["key"]
        for one in taints_of(node)
        if one["effect"] == NO_SCHEDULE and one["key"] in _CONDITION_TAINTS
    ]
    yield from _swap_taints(
        node,
        [(one, NO_SCHEDULE) for one in wanted if one not in present],
        [(one, NO_SCHEDULE) for one in present if one not in wanted],
        now_us,
    )
    labels = labels_of(node)
    copies = {
        copy: labels[label]
        for label, copy in _LABEL_COPIES
        if label in labels and labels.get(copy) != labels[label]
    }
    if copies:
        yield Patch("Node", key, {"metadata": {"labels": copies}})
    return Done()


def _swap_taints(
    node: Obj, added: Sequence[tuple[str, str]], removed: Sequence[tuple[str, str]], now_us: int
) -> Generator[Action, Outcome, Obj]:
    """Add taints (key and effect) to a node, and then remove others. The node as it is then.

    These are two writes, as `SwapNodeControllerTaint` makes them.
    """
    for more, less in ((added, ()), ((), removed)):
        taints = with_taints(node, more, less, now_us)
        if taints is not None:
            patch = {"spec": {"taints": taints or None}}
            yield Patch("Node", key_of(node), patch, uid=node["metadata"]["uid"])
            node = {**node, "spec": {**node["spec"], "taints": taints}}
    return node


# One Pod.


def _look_at_pod(view: View, key: Key, now_us: int) -> Plan:
    """A Pod that was bound to a node that isn't ready is not ready either."""
    pod = view.get("Pod", key)
    node = view.get("Node", ("", pod["spec"].get("nodeName", ""))) if pod is not None else None
    if pod is None or node is None or _ready_status(node) in ("", "True"):
        return Done(why="nothing is known against the Pod's node")
    yield from _mark_not_ready(pod, now_us)
    return Done()


def _mark_not_ready(pod: Obj, now_us: int) -> Generator[Action, Outcome, None]:
    """Set the Pod's condition Ready to False, if it has one that says otherwise (`MarkPodsNotReady`)."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    if not any(one["type"] == "Ready" and one["status"] != "False" for one in conditions):
        return
    now = timestamp(now_us)
    changed = [
        {**one, "status": "False", "lastTransitionTime": now} if one["type"] == "Ready" else one
        for one in conditions
    ]
    patch = {"status": {"conditions": changed}}
    failure: ApiError | None = None
    try:
        yield Patch("Pod", key_of(pod), patch, "status", pod["metadata"]["uid"])
    except ApiError as error:
        if error.code == 404:
            return
        failure = error
    yield Record(pod, "Warning", "NodeNotReady", "Node is not ready")
    if failure is not None:
        raise failure


# The monitor.


def _next_tick(at_us: int, period_us: int = MONITOR_PERIOD_US) -> int:
    """The first point of a grid that is not before an instant."""
    return -(-at_us // period_us) * period_us


def _monitor(view: View, now_us: int, state: Monitor) -> Plan:
    """Run a pass of the monitor where one is due, hand out taints, and say when to look again."""
    due_us = state.due_us if 0 < state.due_us <= now_us else _next_tick(now_us)
    if now_us >= due_us:
        state = yield from _pass(view, now_us, state)
    else:
        # Something changed: the next point of the grid will see it.
        state = state._replace(due_us=due_us)
    state, token_us = yield from _hand_out_taints(view, now_us, state)
    ahead = [at_us for at_us in (state.due_us, token_us) if at_us]
    return Done(look_again_us=min(ahead) - now_us if ahead else None, memory=state)


def _pass(view: View, now_us: int, state: Monitor) -> Generator[Action, Outcome, Monitor]:
    """What upstream does every five seconds (`monitorNodeHealth`)."""
    known, nodes = yield from _greet(view.list("Node"), state.known, now_us)
    zones = dict(state.zones)
    for node in nodes:
        zones.setdefault(zone_of(node), Zone(at_us=now_us))
    conditions: dict[str, list[str]] = {}
    retry: list[str] = []
    ahead: list[int] = []
    current: list[Obj] = []
    for stored in nodes:
        name = stored["metadata"]["name"]
        deadline_us = _deadline_us(view, stored, state.floor_us)
        before = _ready_status(stored)
        node = stored
        if deadline_us is not None and deadline_us <= now_us:
            node = yield from _mark_unknown(stored, now_us)
        elif deadline_us is not None and before != "Unknown":
            ahead.append(deadline_us)
        status = _ready_status(node)
        if EXCLUDED_LABEL not in labels_of(node):
            conditions.setdefault(zone_of(node), []).append(status)
        if status:
            node = yield from _queue_for_taint(node, status, zones, now_us)
            failed = yield from _tell_pods(view, node, status, before, name in state.retry, now_us)
            if failed:
                retry.append(name)
        current.append(node)
    floor_us = yield from _handle_disruption(current, conditions, zones, now_us, state.floor_us)
    due_us = now_us + MONITOR_PERIOD_US if retry else min(ahead, default=0)
    if floor_us != state.floor_us:
        # Every deadline moved, so look at all of them again.
        due_us = now_us + MONITOR_PERIOD_US
    return Monitor(known, zones, floor_us, _next_tick(due_us), tuple(retry))


def zone_of(node: Obj) -> str:
    """Region and zone of a node as one key; empty where it tells neither (`GetZoneKey`)."""
    labels = labels_of(node)
    zone = labels.get("failure-domain.beta.kubernetes.io/zone", labels.get("topology.kubernetes.io/zone", ""))
    region = labels.get(
        "failure-domain.beta.kubernetes.io/region", labels.get("topology.kubernetes.io/region", "")
    )
    return f"{region}:\x00:{zone}" if region or zone else ""


def _ready_status(node: Obj) -> str:
    """The status of the node's condition Ready; empty where it has none."""
    condition = condition_of(node, "Ready")
    return condition["status"] if condition is not None else ""


def _greet(
    nodes: Sequence[Obj], known: dict[str, str], now_us: int
) -> Generator[Action, Outcome, tuple[dict[str, str], list[Obj]]]:
    """Record the nodes that came and went; one that came is taken to be reachable.

    The nodes known now, and the nodes as they are then.
    """
    met: list[Obj] = []
    for node in nodes:
        name, uid = node["metadata"]["name"], node["metadata"]["uid"]
        if name not in known:
            yield _node_event(name, uid, "RegisteredNode", f"Registered Node {name} in Controller")
            node = yield from _untaint(node, now_us)
        met.append(node)
    present = {node["metadata"]["name"]: node["metadata"]["uid"] for node in met}
    for name, uid in known.items():
        if name not in present:
            yield _node_event(name, uid, "RemovingNode", f"Removing Node {name} from Controller")
    return present, met


def _reference(name: str, uid: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": uid}}


def _node_event(name: str, uid: str, reason: str, text: str) -> Record:
    return Record(_reference(name, uid), "Normal", reason, f"Node {name} event: {text}")


def can_report(machine: Obj) -> bool:
    """Whether the machine's kubelet runs and reaches the API server."""
    spec = machine["spec"]
    return bool(
        spec.get("power") == "On" and spec.get("network") == "Up" and spec.get("kubelet") == "Running"
    )


def _deadline_us(view: View, node: Obj, floor_us: int) -> int | None:
    """When a node's silence has lasted too long; None for one that is heard of now.

    Upstream notices a heartbeat at the next point of its grid, and counts from there.
    """
    machine = view.get("Machine", ("", node["metadata"]["name"]))
    ready = condition_of(node, "Ready")
    created_us = parse_timestamp(node["metadata"]["creationTimestamp"])
    if ready is None:
        return max(created_us, floor_us) + STARTUP_GRACE_US
    if machine is None:
        heard = ready.get("lastHeartbeatTime")
        heard_us = parse_timestamp(heard) if heard else created_us
    elif can_report(machine):
        return None
    else:
        heard_us = machine["spec"]["lastHeartbeatUs"]
    return max(_next_tick(max(heard_us, created_us)), floor_us) + MONITOR_GRACE_US


def _mark_unknown(node: Obj, now_us: int) -> Generator[Action, Outcome, Obj]:
    """Set the conditions of a silent node to Unknown. The node as it is then."""
    conditions = list((node.get("status") or {}).get("conditions") or ())
    now = timestamp(now_us)
    changed = False
    for kind in _MONITORED_CONDITIONS:
        at = next((i for i, one in enumerate(conditions) if one["type"] == kind), None)
        if at is None:
            conditions.append(
                {
                    "type": kind,
                    "status": "Unknown",
                    "lastHeartbeatTime": node["metadata"]["creationTimestamp"],
                    "lastTransitionTime": now,
                    "reason": "NodeStatusNeverUpdated",
                    "message": "Kubelet never posted node status.",
                }
            )
            changed = changed or kind == "Ready"
        elif conditions[at]["status"] != "Unknown":
            conditions[at] = {
                **conditions[at],
                "status": "Unknown",
                "lastTransitionTime": now,
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
            }
            changed = changed or kind == "Ready"
    if not changed:
        return node
    patch = {"status": {"conditions": conditions}}
    yield Patch("Node", key_of(node), patch, "status", node["metadata"]["uid"])
    return {**node, "status": {**(node.get("status") or {}), "conditions": conditions}}


def _queue_for_taint(
    node: Obj, status: str, zones: dict[str, Zone], now_us: int
) -> Generator[Action, Outcome, Obj]:
    """Queue a node that isn't ready for its taint, or take the taints off one that is.

    A node that has the taint of the other kind gets the right one at once
    (`processTaintBaseEviction`).
    """
    name, zone = node["metadata"]["name"], zone_of(node)
    if status == "True":
        zones[zone] = _without(zones[zone], name)
        return (yield from _untaint(node, now_us))
    wanted, opposite = (NOT_READY, UNREACHABLE) if status == "False" else (UNREACHABLE, NOT_READY)
    if has_taint(node, opposite, NO_EXECUTE):
        return (yield from _swap_taints(node, [(wanted, NO_EXECUTE)], [(opposite, NO_EXECUTE)], now_us))
    queue = zones[zone].queue
    if not has_taint(node, wanted, NO_EXECUTE) and name not in queue:
        zones[zone] = zones[zone]._replace(queue=(*queue, name))
    return node


def _without(zone: Zone, name: str) -> Zone:
    if name not in zone.queue:
        return zone
    return zone._replace(queue=tuple(one for one in zone.queue if one != name))


def _untaint(node: Obj, now_us: int) -> Generator[Action, Outcome, Obj]:
    gone = [(UNREACHABLE, NO_EXECUTE), (NOT_READY, NO_EXECUTE)]
    return (yield from _swap_taints(node, [], gone, now_us))


def _tell_pods(
    view: View, node: Obj, status: str, before: str, again: bool, now_us: int
) -> Generator[Action, Outcome, bool]:
    """Mark the Pods of a node that was just found silent. Whether that failed for any."""
    lost = status != "True" and before == "True"
    if lost:
        name, uid = node["metadata"]["name"], node["metadata"]["uid"]
        message = f"Node {name} status is now: NodeNotReady"
        yield Record(_reference(name, uid), "Normal", "NodeNotReady", message)
    if not lost and not (again and before != "True"):
        return False
    failed = False
    for pod in view.list("Pod", node=node["metadata"]["name"]):
        try:
            yield from _mark_not_ready(pod, now_us)
        except ApiError:
            failed = True
    return failed


# Disruption of zones, and the rate of tainting.


def zone_state(statuses: Sequence[str]) -> str:
    """The state of a zone whose nodes' Ready conditions have these statuses (`ComputeZoneState`)."""
    ready = sum(status == "True" for status in statuses)
    failed = len(statuses) - ready
    if not ready and failed:
        return FULL
    if failed > 2 and failed / len(statuses) >= UNHEALTHY_SHARE:
        return PARTIAL
    return NORMAL


def _rate(state: str, size: int) -> float:
    if state == PARTIAL:
        return REDUCED_RATE if size > LARGE_ZONE else 0.0
    return HEALTHY_RATE


def _with_rate(zone: Zone, rate: float, now_us: int) -> Zone:
    """The zone with another rate; a full bucket unless the old one was empty (`SwapLimiter`)."""
    if zone.rate == rate:
        return zone
    full = _tokens(zone, now_us) >= 1.0
    return zone._replace(rate=rate, tokens=1.0 if full else 0.0, at_us=now_us)


def _tokens(zone: Zone, now_us: int) -> float:
    if zone.rate <= 0:
        return 0.0
    return min(1.0, zone.tokens + (now_us - zone.at_us) * zone.rate / SECOND_US)


def _handle_disruption(
    nodes: Sequence[Obj],
    conditions: dict[str, list[str]],
    zones: dict[str, Zone],
    now_us: int,
    floor_us: int,
) -> Generator[Action, Outcome, int]:
    """Set each zone's state and rate. Where every zone is down nothing is tainted: it may be our fault.

    The new instant before which no node counts as silent.
    """
    states = {zone: zone_state(statuses) for zone, statuses in conditions.items()}
    inhabited = [zone_of(node) for node in nodes]
    for name in [name for name in zones if name not in inhabited]:
        del zones[name]
    all_down = all(state == FULL for state in states.values())
    all_were_down = all(zones[name].state == FULL for name in states)
    if all_down and all_were_down:
        return floor_us
    if all_down:
        for node in nodes:
            yield from _untaint(node, now_us)
        for name in states:
            zones[name] = _with_rate(zones[name], 0.0, now_us)._replace(state=FULL, queue=())
        return floor_us
    for name, state in states.items():
        if all_were_down or zones[name].state != state:
            rate = _rate(state, len(conditions[name]))
            zones[name] = _with_rate(zones[name], rate, now_us)._replace(state=state)
    return now_us if all_were_down else floor_us


def _hand_out_taints(
    view: View, now_us: int, state: Monitor
) -> Generator[Action, Outcome, tuple[Monitor, int]]:
    """Taint the nodes at the heads of the queues, as far as the rates allow (`doNoExecuteTaintingPass`).

    The new state, and when the next token is there for a node that waits, or 0.
    """
    zones = dict(state.zones)
    next_us = 0
    for name, zone in state.zones.items():
        queue = list(zone.queue)
        tokens = _tokens(zone, now_us)
        while queue and tokens >= 1.0 and zone.rate > 0:
            tokens -= 1.0
            yield from _taint(view, queue.pop(0), now_us)
        zones[name] = zone._replace(tokens=tokens, at_us=now_us, queue=tuple(queue))
        if queue and zone.rate > 0:
            wait_us = round((1.0 - tokens) / zone.rate * SECOND_US)
            token_us = _next_tick(now_us + wait_us, TAINT_PERIOD_US)
            next_us = min(next_us, token_us) if next_us else token_us
    return state._replace(zones=zones), next_us


def _taint(view: View, name: str, now_us: int) -> Generator[Action, Outcome, None]:
    """Give a node that still isn't ready its NoExecute taint."""
    node = view.get("Node", ("", name))
    status = _ready_status(node) if node is not None else ""
    if node is None or status not in ("False", "Unknown"):
        return
    wanted, opposite = (NOT_READY, UNREACHABLE) if status == "False" else (UNREACHABLE, NOT_READY)
    yield from _swap_taints(node, [(wanted, NO_EXECUTE)], [(opposite, NO_EXECUTE)], now_us)


# Watches.


def _after_node(change: Change, view: View) -> list[Key]:
    """The node itself, and the monitor where readiness, NoExecute taints or the zone changed."""
    old, new = change.old, change.new
    if old is None or new is None:
        return [change.key, MONITOR]
    keys = []
    if _scheduling_facts(old) != _scheduling_facts(new):
        keys.append(change.key)
    if _monitored_facts(old) != _monitored_facts(new):
        keys.append(MONITOR)
    return keys


def _scheduling_facts(node: Obj) -> tuple[object, ...]:
    """What the NoSchedule taints and the copied labels depend on."""
    conditions = [(one["type"], one["status"]) for one in (node.get("status") or {}).get("conditions") or ()]
    return conditions, node["spec"].get("unschedulable"), taints_of(node), labels_of(node)


def _monitored_facts(node: Obj) -> tuple[object, ...]:
    """What a pass of the monitor depends on."""
    return _ready_status(node), taints_of(node), labels_of(node)


def _after_machine(change: Change, view: View) -> list[Key]:
    return [MONITOR]


def _after_pod(change: Change, view: View) -> list[Key]:
    """A Pod that was just bound to a node that isn't ready."""
    if change.new is None:
        return []
    name = change.new["spec"].get("nodeName", "")
    if not name or (change.old is not None and change.old["spec"].get("nodeName", "") == name):
        return []
    node = view.get("Node", ("", name))
    return [change.key] if node is not None and _ready_status(node) not in ("", "True") else []


CONTROLLER = Component(
    name="node-controller",
    watches=(
        Watch("Node", _after_node),
        Watch("Machine", _after_machine),
        Watch("Pod", _after_pod, aspects=BOUND),
    ),
    plan=plan,
)
