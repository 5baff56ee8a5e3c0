"""DaemonSets: one Pod on every node that fits, new nodes included.

The scheduler binds the Pods; each one's affinity names its node. A rolling
update replaces them node by node, taking the old Pod first or, with surge,
the new one first.

Models pkg/controller/daemon/{daemon_controller,update}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, assoc, controller_of, key_of, labels_of, owner_reference
from k8slab.clock import MINUTE_US, SECOND_US
from k8slab.components import (
    Action,
    Component,
    Create,
    Delete,
    Done,
    Memory,
    Outcome,
    Patch,
    Plan,
    Record,
    Update,
    Watch,
)
from k8slab.controllers._controller_history import data_of, hash_of, sort_revisions
from k8slab.controllers._daemon_placement import (
    GENERATION_LABEL,
    HASH_LABEL,
    TEMPLATE_GENERATION,
    daemon_tolerations,
    pod_template,
    target_node,
    wanted_on,
)
from k8slab.controllers._pods import (
    aggregate,
    claim,
    is_available,
    is_ready,
    is_terminal,
    keys_of_controllers,
    owned_and_orphans,
    phase_of,
    scaled_int_or_percent,
    selector_of,
)
from k8slab.controllers._replicas import create_pod, delete_pod
from k8slab.store.view import Change, View

BURST_REPLICAS = 250
_BACKOFF_BASE_US = SECOND_US
_BACKOFF_MAX_US = 15 * MINUTE_US


class Backoff(NamedTuple):
    """How long a failed Pod of one node is left alone: the delay, and since when it counts."""

    delay_us: int
    since_us: int


class DaemonMemory(NamedTuple):
    """What is remembered of a DaemonSet.

    `backoffs`: by generation and node, the back-off of failed Pods, in the order of the nodes.
    `ready`: where minReadySeconds is set, the uids of the Pods that were ready.
    `due_us`: when to look again though nothing has changed. A work queue holds one such entry for
    a key, the earliest: what is asked for later than it is forgotten.
    """

    backoffs: tuple[tuple[str, Backoff], ...] = ()
    ready: tuple[str, ...] = ()
    due_us: int | None = None


class Sync(NamedTuple):
    """One look at a DaemonSet: what it is, where its Pods are, and its revision."""

    view: View
    daemon_set: Obj
    tolerations: list[Obj]
    nodes: Sequence[Obj]
    by_node: dict[str, list[Obj]]
    hash_text: str
    now_us: int


class Work(NamedTuple):
    """What a step wants: nodes that need a Pod, and Pods to delete."""

    nodes: list[str]
    pods: list[Obj]


Acting = Generator[Action, Outcome, str]


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Give every fitting node its Pod, replace outdated ones, and write the status."""
    daemon_set = view.get("DaemonSet", key)
    if daemon_set is None:
        return Done(memory=None, why="the DaemonSet is gone")
    if "deletionTimestamp" in daemon_set["metadata"]:
        return Done(why="the DaemonSet is being deleted")
    daemon_set, current, old = yield from _history(view, daemon_set)
    hash_text = labels_of(current).get(HASH_LABEL, "")
    sync = yield from _look(view, daemon_set, hash_text, now_us)
    remembered = memory if isinstance(memory, DaemonMemory) else DaemonMemory()
    work, remembered, wait_us = yield from _manage(sync, remembered)
    if work.nodes or work.pods:
        # Pods go and come one by one: a look that doesn't see yet what the last one wrote
        # is tried again at once, and that retry uses up the entry that stands.
        remembered = remembered._replace(due_us=None)
    error = yield from _carry_out(sync, work)
    if not error and not work.nodes and not work.pods:
        if (daemon_set["spec"].get("updateStrategy") or {}).get("type") == "RollingUpdate":
            error = yield from _carry_out(sync, _rolling_update(sync))
    if not error:
        yield from _clean_up(sync, old)
    sync = yield from _look(view, daemon_set, hash_text, now_us)
    seconds = yield from _write_status(sync)
    waits = [wait_us, seconds * SECOND_US if seconds else None]
    remembered = _agreed(sync, remembered, [one for one in waits if one is not None])
    wait_us = None if remembered.due_us is None else remembered.due_us - now_us
    return Done(look_again_us=wait_us, memory=remembered, error=error)


def _agreed(sync: Sync, memory: DaemonMemory, waits: list[int]) -> DaemonMemory:
    """The memory with the earliest of the instants to look again that are still to come.

    A Pod that has become ready asks for a look a second after it is available.
    The status asks too, but counts one Pod a node, so that it doesn't tell of a
    new Pod beside an old one: where an earlier entry stood in the queue, that
    one's availability may go unnoticed until something else happens.
    """
    now_us = sync.now_us
    due = [now_us + wait_us for wait_us in waits]
    if memory.due_us is not None and memory.due_us > now_us:
        due.append(memory.due_us)
    seconds = sync.daemon_set["spec"].get("minReadySeconds", 0)
    ready: list[str] = []
    if seconds:
        every = (pod for name in sorted(sync.by_node) for pod in sync.by_node[name])
        ready = [pod["metadata"]["uid"] for pod in every if is_ready(pod)]
        if set(ready).difference(memory.ready):
            due.append(now_us + (seconds + 1) * SECOND_US)
    return memory._replace(ready=tuple(ready), due_us=min(due, default=None))


def _look(view: View, daemon_set: Obj, hash_text: str, now_us: int) -> Generator[Action, Outcome, Sync]:
    """The DaemonSet's Pods by node, after adoption and release."""
    candidates = owned_and_orphans(view, "Pod", daemon_set)
    pods, errors = yield from claim("Pod", candidates, daemon_set, selector_of(daemon_set))
    if errors:
        raise ApiError(500, "InternalError", aggregate(errors))
    by_node: dict[str, list[Obj]] = {}
    for pod in pods:
        if "deletionTimestamp" in pod["metadata"] and is_terminal(pod):
            continue
        by_node.setdefault(target_node(pod), []).append(pod)
    tolerations = daemon_tolerations(daemon_set["spec"]["template"]["spec"])
    return Sync(view, daemon_set, tolerations, view.list("Node"), by_node, hash_text, now_us)


# Revisions.


def _history(view: View, daemon_set: Obj) -> Generator[Action, Outcome, tuple[Obj, Obj, list[Obj]]]:
    """The DaemonSet, its current revision (made if it is not there), and the old ones."""
    candidates = owned_and_orphans(view, "ControllerRevision", daemon_set)
    revisions, errors = yield from claim(
        "ControllerRevision", candidates, daemon_set, selector_of(daemon_set)
    )
    if errors:
        raise ApiError(500, "InternalError", aggregate(errors))
    for place, revision in enumerate(revisions):
        if HASH_LABEL not in labels_of(revision):
            # An adopted revision that tells no hash goes by its name.
            labels = {**labels_of(revision), HASH_LABEL: revision["metadata"]["name"]}
            labelled = assoc(revision, "metadata", "labels", labels)
            revisions[place] = yield Update("ControllerRevision", labelled)
    data = data_of(daemon_set["spec"]["template"])
    same = sort_revisions(one for one in revisions if one["data"] == data)
    old = [one for one in revisions if one["data"] != data]
    number = max((one["revision"] for one in old), default=0) + 1
    if not same:
        daemon_set, current = yield from _snapshot(view, daemon_set, data, number)
        return daemon_set, current, old
    current = same[-1]
    for duplicate in same[:-1]:
        yield from _merge_duplicate(view, daemon_set, current, duplicate)
    if current["revision"] < number:
        current = yield Update("ControllerRevision", {**current, "revision": number})
    return daemon_set, current, old


def _snapshot(
    view: View, daemon_set: Obj, data: Obj, number: int
) -> Generator[Action, Outcome, tuple[Obj, Obj]]:
    collisions = (daemon_set.get("status") or {}).get("collisionCount", 0)
    template = daemon_set["spec"]["template"]
    hash_text = hash_of(template, collisions)
    metadata: Obj = {
        "name": f"{daemon_set['metadata']['name']}-{hash_text}",
        "namespace": daemon_set["metadata"]["namespace"],
        "labels": {**((template.get("metadata") or {}).get("labels") or {}), HASH_LABEL: hash_text},
        "ownerReferences": [owner_reference(daemon_set)],
    }
    if daemon_set["metadata"].get("annotations"):
        metadata["annotations"] = daemon_set["metadata"]["annotations"]
    revision = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": data,
        "revision": number,
    }
    try:
        stored = yield Create("ControllerRevision", revision)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
        taken = view.get("ControllerRevision", key_of(revision))
        if taken is not None and taken["data"] == data:
            return daemon_set, taken
        yield Update("DaemonSet", assoc(daemon_set, "status", "collisionCount", collisions + 1), "status")
        raise
    return daemon_set, stored


def _merge_duplicate(
    view: View, daemon_set: Obj, kept: Obj, duplicate: Obj
) -> Generator[Action, Outcome, None]:
    """Relabel the Pods of a second revision with the same template, then delete that revision."""
    hash_text = labels_of(kept).get(HASH_LABEL)
    for pod in view.list("Pod", owner=daemon_set["metadata"]["uid"]):
        if labels_of(pod).get(HASH_LABEL) != hash_text:
            yield Patch("Pod", key_of(pod), {"metadata": {"labels": {HASH_LABEL: hash_text}}})
    yield Delete("ControllerRevision", key_of(duplicate))


def _clean_up(sync: Sync, old: Sequence[Obj]) -> Generator[Action, Outcome, None]:
    """Delete the oldest revisions above the limit that no Pod is of."""
    surplus = len(old) - sync.daemon_set["spec"].get("revisionHistoryLimit", 10)
    live = {
        labels_of(pod).get(HASH_LABEL): None
        for pod in sync.view.list("Pod", owner=sync.daemon_set["metadata"]["uid"])
    }
    for revision in sort_revisions(old):
        if surplus <= 0:
            return
        if labels_of(revision).get(HASH_LABEL) in live:
            continue
        yield Delete("ControllerRevision", key_of(revision))
        surplus -= 1


# Which Pods there should be.


def _manage(
    sync: Sync, memory: DaemonMemory
) -> Generator[Action, Outcome, tuple[Work, DaemonMemory, int | None]]:
    """Nodes that need a Pod and Pods that must go, node by node."""
    work = Work([], [])
    backoffs = dict(memory.backoffs)
    waits: list[int] = []
    for node in sync.nodes:
        name = node["metadata"]["name"]
        wanted = wanted_on(sync.daemon_set, sync.tolerations, node)
        here = sync.by_node.get(name)
        if wanted.should_run and here is None:
            work.nodes.append(name)
        elif wanted.should_continue and here is not None:
            running = yield from _without_finished(sync, name, here, work, backoffs, waits)
            _prune(sync, name, running, wanted.should_run, work)
        elif here is not None and not wanted.should_continue:
            work.pods.extend(pod for pod in here if "deletionTimestamp" not in pod["metadata"])
    known = {node["metadata"]["name"]: None for node in sync.nodes}
    for name, pods in sync.by_node.items():
        if name not in known:
            work.pods.extend(pod for pod in pods if not pod["spec"].get("nodeName"))
    return work, memory._replace(backoffs=tuple(backoffs.items())), min(waits) if waits else None


def _without_finished(
    sync: Sync,
    node: str,
    pods: Sequence[Obj],
    work: Work,
    backoffs: dict[str, Backoff],
    waits: list[int],
) -> Generator[Action, Outcome, list[Obj]]:
    """The Pods of a node that run; failed ones are deleted with back-off, succeeded ones at once."""
    running = []
    for pod in pods:
        if "deletionTimestamp" in pod["metadata"]:
            continue
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        if phase_of(pod) == "Failed":
            wait_us = _begin_backoff(sync, node, backoffs)
            if wait_us:
                waits.append(wait_us)
                continue
            text = f"Found failed daemon pod {name} on node {node}, will try to kill it"
            yield Record(sync.daemon_set, "Warning", "FailedDaemonPod", text)
            work.pods.append(pod)
        elif phase_of(pod) == "Succeeded":
            text = f"Found succeeded daemon pod {name} on node {node}, will try to delete it"
            yield Record(sync.daemon_set, "Normal", "SucceededDaemonPod", text)
            work.pods.append(pod)
        else:
            running.append(pod)
    return running


def _begin_backoff(sync: Sync, node: str, backoffs: dict[str, Backoff]) -> int:
    """How long a failed Pod still has to wait; where it needn't, the next one's back-off begins."""
    observed = (sync.daemon_set.get("status") or {}).get("observedGeneration", 0)
    key = f"{observed}/{node}"
    entry = backoffs.get(key)
    if entry is not None and sync.now_us - entry.since_us < entry.delay_us:
        return entry.delay_us
    if entry is None or sync.now_us - entry.since_us > 2 * _BACKOFF_MAX_US:
        delay_us = _BACKOFF_BASE_US
    else:
        delay_us = min(entry.delay_us * 2, _BACKOFF_MAX_US)
    backoffs[key] = Backoff(delay_us, sync.now_us)
    return 0


def _age(pod: Obj) -> tuple[bool, str, str]:
    """Bound Pods first, then the oldest, then by name."""
    metadata = pod["metadata"]
    return (not pod["spec"].get("nodeName"), metadata["creationTimestamp"], metadata["name"])


def _prune(sync: Sync, node: str, running: list[Obj], should_run: bool, work: Work) -> None:
    """At most one Pod a node, or with surge an old one beside a new one that isn't available yet."""
    surges = _surge(sync.daemon_set, 1) > 0
    if len(running) <= 1:
        if surges and not running and should_run:
            work.nodes.append(node)
        return
    ordered = sorted(running, key=_age)
    if not surges:
        work.pods.extend(ordered[1:])
        return
    new = [pod for pod in ordered if labels_of(pod).get(HASH_LABEL) == sync.hash_text]
    old = [pod for pod in ordered if labels_of(pod).get(HASH_LABEL) != sync.hash_text]
    work.pods.extend([*new[1:], *old[1:]])
    if new and old and (not is_ready(old[0]) or _available(sync, new[0])):
        work.pods.append(old[0])


def _available(sync: Sync, pod: Obj) -> bool:
    return is_available(pod, sync.daemon_set["spec"].get("minReadySeconds", 0), sync.now_us)


def _rolling(daemon_set: Obj) -> Obj:
    strategy = daemon_set["spec"].get("updateStrategy") or {}
    rolling: Obj = strategy.get("rollingUpdate") or {}
    return rolling if strategy.get("type") == "RollingUpdate" else {}


def _surge(daemon_set: Obj, total: int) -> int:
    return scaled_int_or_percent(_rolling(daemon_set).get("maxSurge", 0), total, round_up=True)


def _unavailable(daemon_set: Obj, total: int) -> int:
    return scaled_int_or_percent(_rolling(daemon_set).get("maxUnavailable", 0), total, round_up=True)


def _is_updated(sync: Sync, pod: Obj) -> bool:
    labels = labels_of(pod)
    annotations = sync.daemon_set["metadata"].get("annotations") or {}
    generation = annotations.get(TEMPLATE_GENERATION)
    if generation is not None and labels.get(GENERATION_LABEL) == generation:
        return True
    return bool(sync.hash_text) and labels.get(HASH_LABEL) == sync.hash_text


class _Pair(NamedTuple):
    """The new and the old Pod of a node; `excess` where there are several of one kind."""

    new: Obj | None
    old: Obj | None
    excess: bool


def _pair(sync: Sync, pods: Sequence[Obj]) -> _Pair:
    alive = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    new = [pod for pod in alive if _is_updated(sync, pod)]
    old = [pod for pod in alive if not _is_updated(sync, pod)]
    return _Pair(new[0] if new else None, old[0] if old else None, len(new) > 1 or len(old) > 1)


def _rolling_update(sync: Sync) -> Work:
    """The outdated Pods to delete, or the nodes to surge on, within the strategy's limits."""
    desired = sum(1 for node in sync.nodes if wanted_on(sync.daemon_set, sync.tolerations, node).should_run)
    surge, unavailable = _surge(sync.daemon_set, desired), _unavailable(sync.daemon_set, desired)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    pairs = [(name, _pair(sync, sync.by_node[name])) for name in sorted(sync.by_node)]
    if surge == 0:
        return _replace_in_place(sync, pairs, unavailable)
    return _replace_by_surge(sync, pairs, surge, desired)


def _replace_in_place(sync: Sync, pairs: Sequence[tuple[str, _Pair]], most: int) -> Work:
    unavailable = 0
    allowed: list[Obj] = []
    candidates: list[Obj] = []
    for _, pair in pairs:
        if pair.excess or (pair.new is None) == (pair.old is None):
            unavailable += 1
        elif pair.old is None:
            assert pair.new is not None, "one of the two is there"
            unavailable += not _available(sync, pair.new)
        elif not _available(sync, pair.old):
            allowed.append(pair.old)
            unavailable += 1
        elif unavailable < most:
            candidates.append(pair.old)
    return Work([], [*allowed, *candidates[: max(most - unavailable, 0)]])


def _replace_by_surge(sync: Sync, pairs: Sequence[tuple[str, _Pair]], most: int, desired: int) -> Work:
    nodes = {node["metadata"]["name"]: node for node in sync.nodes}
    surged = available = 0
    allowed: list[str] = []
    candidates: list[str] = []
    gone: list[Obj] = []
    misplaced: list[Obj] = []
    for name, pair in pairs:
        if pair.excess:
            surged += 1
            continue
        counted = pair.old or pair.new
        available += counted is not None and _available(sync, counted)
        if pair.old is None:
            continue
        if pair.new is not None:
            if _available(sync, pair.new):
                gone.append(pair.old)
            else:
                surged += 1
            continue
        belongs = name in nodes and wanted_on(sync.daemon_set, sync.tolerations, nodes[name]).should_run
        if not _available(sync, pair.old):
            if belongs:
                allowed.append(name)
            else:
                gone.append(pair.old)
        elif not belongs:
            misplaced.append(pair.old)
        elif surged < most:
            candidates.append(name)
    gone.extend(misplaced[: max(available - desired, 0)])
    return Work([*allowed, *candidates[: max(most - surged, 0)]], gone)


def _carry_out(sync: Sync, work: Work) -> Acting:
    """Create in batches that double, and delete. The errors as one text."""
    errors: list[str] = []
    names = work.nodes[:BURST_REPLICAS]
    size, at = 1, 0
    while at < len(names):
        failed = len(errors)
        for name in names[at : at + size]:
            template = pod_template(sync.daemon_set, sync.tolerations, sync.hash_text, name)
            error = yield from create_pod(sync.daemon_set, template)
            if error:
                errors.append(error)
        if len(errors) > failed:
            break
        at += size
        size *= 2
    for pod in work.pods[:BURST_REPLICAS]:
        error = yield from delete_pod(sync.daemon_set, pod)
        if error:
            errors.append(error)
    return aggregate(errors) if errors else ""


# Status.


def _write_status(sync: Sync) -> Generator[Action, Outcome, int]:
    """Write the numbers into the status. `minReadySeconds` where a ready Pod is not available yet, else 0."""
    numbers = _numbers(sync)
    daemon_set = sync.daemon_set
    old = daemon_set.get("status") or {}
    status = {name: number for name, number in numbers.items() if number or name in _ALWAYS_SHOWN}
    generation = daemon_set["metadata"].get("generation", 0)
    status["observedGeneration"] = generation
    for name in ("collisionCount", "conditions"):
        if name in old:
            status[name] = old[name]
    if status != old:
        gone = {name: None for name in old if name not in status}
        yield Patch("DaemonSet", key_of(daemon_set), {"status": {**status, **gone}}, "status")
    seconds: int = daemon_set["spec"].get("minReadySeconds", 0)
    return seconds if numbers["numberReady"] != numbers["numberAvailable"] else 0


_ALWAYS_SHOWN = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")


def _numbers(sync: Sync) -> dict[str, int]:
    numbers = dict.fromkeys(
        (*_ALWAYS_SHOWN, "updatedNumberScheduled", "numberAvailable", "numberUnavailable"), 0
    )
    for node in sync.nodes:
        pods = sync.by_node.get(node["metadata"]["name"])
        if not wanted_on(sync.daemon_set, sync.tolerations, node).should_run:
            numbers["numberMisscheduled"] += bool(pods)
            continue
        numbers["desiredNumberScheduled"] += 1
        if not pods:
            continue
        numbers["currentNumberScheduled"] += 1
        pod = min(pods, key=_age)
        numbers["numberReady"] += is_ready(pod)
        numbers["numberAvailable"] += _available(sync, pod)
        numbers["updatedNumberScheduled"] += _is_updated(sync, pod)
    numbers["numberUnavailable"] = numbers["desiredNumberScheduled"] - numbers["numberAvailable"]
    return numbers


# Whom a change concerns.


def _daemon_sets_of_node(change: Change, view: View) -> list[Key]:
    """The DaemonSets that a new or changed node gives work: a Pod is missing, misplaced, or was misscheduled.

    A node that only stops fitting, or that is gone, changes no status by
    itself: upstream looks again when something else concerns the DaemonSet.
    """
    old, node = change.old, change.new
    if node is None or (old is not None and _same_placement(old, node)):
        return []
    owners = {
        (controller_of(pod) or {}).get("uid"): None for pod in view.list("Pod", node=node["metadata"]["name"])
    }
    keys = []
    for daemon_set in view.list("DaemonSet"):
        tolerations = daemon_tolerations(daemon_set["spec"]["template"]["spec"])
        wanted = wanted_on(daemon_set, tolerations, node)
        scheduled = daemon_set["metadata"]["uid"] in owners
        misscheduled = (daemon_set.get("status") or {}).get("numberMisscheduled", 0) > 0
        if scheduled:
            concerned = not wanted.should_continue or misscheduled
        else:
            concerned = wanted.should_run
        if concerned:
            keys.append(key_of(daemon_set))
    return keys


_owners_of_revision = keys_of_controllers("DaemonSet")


def _daemon_sets_of_revision(change: Change, view: View) -> Sequence[Key]:
    """As for any dependent, but a revision that comes with its owner wakes nobody (`addHistory`)."""
    if change.old is None and change.new is not None and controller_of(change.new) is not None:
        return ()
    return _owners_of_revision(change, view)


def _same_placement(old: Obj, new: Obj) -> bool:
    return labels_of(old) == labels_of(new) and old["spec"].get("taints") == new["spec"].get("taints")


CONTROLLER = Component(
    name="daemonset-controller",
    watches=(
        Watch("DaemonSet"),
        Watch("ControllerRevision", _daemon_sets_of_revision),
        Watch("Pod", keys_of_controllers("DaemonSet"), owner="DaemonSet"),
        Watch("Node", _daemon_sets_of_node),
    ),
    plan=plan,
)
