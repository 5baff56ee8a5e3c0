"""StatefulSets: Pods with a name, a place in a row and storage of their own.

With OrderedReady the set is **monotonic**: it makes one Pod after the other,
each once the one before is available, and removes them in reverse. With
Parallel it does not wait. Scaling comes before updating: a rolling update
replaces the highest Pod of another revision first, one at a time, and never
touches what is below the partition.

Models pkg/controller/statefulset/stateful_set{,_control,_status_updater}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

from k8slab.api.kind import kinds
from k8slab.api.meta import Key, Obj, assoc, is_terminating, key_of
from k8slab.api.selectors import Selector
from k8slab.clock import SECOND_US
from k8slab.components import Action, Component, Done, Memory, Outcome, Plan, Update, Watch
from k8slab.controllers._controller_history import (
    adopt_orphan_revisions,
    create_revision,
    data_of,
    list_revisions,
    new_revision,
    next_number,
    renumber_revision,
    template_of,
    truncate_history,
)
from k8slab.controllers._pods import (
    TERMINAL_PHASES,
    aggregate,
    claim,
    is_available,
    is_ready,
    keys_of_controllers,
    next_availability_us,
    owned_and_orphans,
    phase_of,
    scaled_int_or_percent,
    selector_of,
)
from k8slab.controllers._statefulset_control import (
    claims_match_policy,
    create_missing_claims,
    create_pod,
    delete_pod,
    has_stale_claim,
    update_claim_owners,
    update_pod,
)
from k8slab.controllers._statefulset_pods import (
    identity_matches,
    in_range,
    is_member,
    new_pod,
    ordinal_of,
    revision_of,
    start_ordinal,
    storage_matches,
    uses_current_revision,
)
from k8slab.controllers._statefulset_roster import Roster, Rosters
from k8slab.store.view import View

NAME = "statefulset-controller"
MAX_UNAVAILABLE_GATE = "MaxUnavailableStatefulSet"
_MAX_BATCH = 500

Blocking = Generator[Action, Outcome, tuple[bool, str]]
"""Actions on one Pod; whether a monotonic set must wait here, and the error or an empty text."""


class Sync(NamedTuple):
    """What one look at a set works with.

    `replicas[i]` is the Pod of the i-th ordinal, or None where it is missing;
    `condemned` are the Pods beyond the range, highest ordinal first.
    """

    view: View
    now_us: int
    stateful_set: Obj
    current: Obj
    update: Obj
    replicas: Sequence[Obj | None]
    condemned: Sequence[Obj]

    @property
    def min_ready_seconds(self) -> int:
        """For how long a Pod must be ready to count as available."""
        seconds: int = self.stateful_set["spec"].get("minReadySeconds", 0)
        return seconds

    @property
    def monotonic(self) -> bool:
        """Whether the set goes one Pod at a time."""
        return bool(self.stateful_set["spec"].get("podManagementPolicy") != "Parallel")

    def unavailable(self, pod: Obj | None) -> bool:
        """Whether a Pod is missing, not available or on its way out."""
        return pod is None or is_terminating(pod) or not self.available(pod)

    def available(self, pod: Obj) -> bool:
        """Whether a Pod has been ready for long enough."""
        return is_available(pod, self.min_ready_seconds, self.now_us)


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Bring one StatefulSet's Pods, claims, revisions and status closer to its spec."""
    stateful_set = view.get("StatefulSet", key)
    if stateful_set is None:
        return Done(why="the StatefulSet is gone")
    selector = selector_of(stateful_set)
    yield from adopt_orphan_revisions(stateful_set, list_revisions(view, stateful_set, selector))
    roster: Roster = view.cache(NAME).of(stateful_set)
    is_plain = _is_plain(view, stateful_set, selector, roster)
    if is_plain:
        revisions = list_revisions(view, stateful_set, selector)
        current, update, collisions = yield from _choose_revisions(view, stateful_set, revisions)
        sync = Sync(view, now_us, stateful_set, current, update, (), ())
        if _needs_no_update(sync, roster):
            return (yield from _count_and_extend(sync, roster, revisions, collisions))
    pods, errors = yield from claim(
        "Pod",
        owned_and_orphans(view, "Pod", stateful_set),
        stateful_set,
        selector,
        accept=lambda pod: is_member(stateful_set, pod),
    )
    if errors:
        return Done(error=aggregate(errors))
    if not is_plain:
        revisions = list_revisions(view, stateful_set, selector)
        current, update, collisions = yield from _choose_revisions(view, stateful_set, revisions)
    sync = _partition(view, now_us, stateful_set, current, update, pods)
    error, deleted_current = yield from _reconcile(sync)
    status = _status_of(sync, collisions, pods, deleted_current)
    yield from _write_status(sync, status)
    live = (current["metadata"]["name"], update["metadata"]["name"], *map(revision_of, pods))
    limit = stateful_set["spec"].get("revisionHistoryLimit", 10)
    yield from truncate_history(revisions, live, limit)
    return Done(look_again_us=_next_check_us(sync, status, pods), error=error)


# Sets whose Pods are all as they should be.


def _is_plain(view: View, stateful_set: Obj, selector: Selector, roster: Roster) -> bool:
    """Whether the set's Pods need no visit: each is plainly its member and in the row, and no other
    could be adopted. Claims, and how long a Pod has been ready, are not in the roster.
    """
    spec, metadata = stateful_set["spec"], stateful_set["metadata"]
    if roster.odd or spec.get("minReadySeconds") or spec.get("volumeClaimTemplates"):
        return False
    count: int = len(roster.ready)
    if "deletionTimestamp" in metadata or count > spec["replicas"]:
        return False
    if spec.get("podManagementPolicy") == "Parallel" and count < spec["replicas"]:
        return False
    if not roster.has_all(start_ordinal(stateful_set), count) or not roster.fits(selector):
        return False
    return not view.list("Pod", namespace=metadata["namespace"], owner="", selector=selector)


def _needs_no_update(sync: Sync, roster: Roster) -> bool:
    """Whether no Pod is to be replaced: the row isn't complete, or all of it is of the new revision."""
    count = len(roster.ready)
    if sync.monotonic and (roster.ready_count < count or count < sync.stateful_set["spec"]["replicas"]):
        return True
    return roster.at_revision(sync.update["metadata"]["name"]) == count


def _count_and_extend(sync: Sync, roster: Roster, revisions: list[Obj], collisions: int) -> Plan:
    """Write the status from the roster; a monotonic set whose Pods are all available gets its next one."""
    count, ready = len(roster.ready), roster.ready_count
    current, update = sync.current["metadata"]["name"], sync.update["metadata"]["name"]
    counts = _Counts(count, ready, ready, roster.at_revision(current), roster.at_revision(update))
    live = (current, update, *roster.revisions())
    error = ""
    if sync.monotonic and ready == count < sync.stateful_set["spec"]["replicas"]:
        _, error = yield from _make(sync, count)
    yield from _write_status(sync, _status(sync, collisions, counts))
    yield from truncate_history(revisions, live, sync.stateful_set["spec"].get("revisionHistoryLimit", 10))
    return Done(error=error)


def _next_check_us(sync: Sync, status: Obj, pods: Sequence[Obj]) -> int | None:
    seconds = sync.min_ready_seconds
    if seconds <= 0 or status.get("readyReplicas", 0) == status["availableReplicas"]:
        return None
    return next_availability_us(pods, seconds, sync.now_us) or seconds * SECOND_US


def _partition(
    view: View, now_us: int, stateful_set: Obj, current: Obj, update: Obj, pods: Sequence[Obj]
) -> Sync:
    """Sort the Pods into the places of the row, and those beyond it."""
    replicas: list[Obj | None] = [None] * stateful_set["spec"]["replicas"]
    condemned: list[Obj] = []
    start = start_ordinal(stateful_set)
    for pod in pods:
        ordinal = ordinal_of(pod)
        if in_range(stateful_set, ordinal):
            replicas[ordinal - start] = pod
        elif ordinal >= 0:
            condemned.append(pod)
    condemned.sort(key=ordinal_of, reverse=True)
    return Sync(view, now_us, stateful_set, current, update, replicas, condemned)


# Revisions.


def _choose_revisions(
    view: View, stateful_set: Obj, revisions: list[Obj]
) -> Generator[Action, Outcome, tuple[Obj, Obj, int]]:
    """The current revision, the update revision and the number of name collisions so far.

    A template that equals the newest revision is that revision; one that
    equals an older one makes that the newest again; any other gets a revision
    of its own (`getStatefulSetRevisions`).
    """
    status = stateful_set.get("status") or {}
    collisions: int = status.get("collisionCount") or 0
    template = stateful_set["spec"]["template"]
    data = data_of(template)
    equal = [one for one in revisions if one["data"] == data]
    if equal and equal[-1]["data"] == revisions[-1]["data"]:
        update = revisions[-1]
    elif equal:
        update = yield from renumber_revision(equal[-1], next_number(revisions))
    elif revisions and _same_after_defaults(stateful_set, revisions[-1]):
        update = revisions[-1]
    else:
        proposed = new_revision(stateful_set, template, next_number(revisions), collisions)
        update, collisions = yield from create_revision(view, stateful_set, proposed, collisions)
    name = status.get("currentRevision")
    current = next((one for one in revisions if one["metadata"]["name"] == name), update)
    return current, update, collisions


def _same_after_defaults(stateful_set: Obj, revision: Obj) -> bool:
    """Whether going back to a revision gives today's template once defaults are filled in.

    This recognises revisions that were stored before a field had its default.
    """
    kind = kinds().get("StatefulSet")
    if kind is None:
        return False
    restored = kind.default(assoc(stateful_set, "spec", "template", template_of(revision)))
    return bool(restored["spec"]["template"] == stateful_set["spec"]["template"])


# Status.


def _status_of(sync: Sync, collisions: int, pods: Sequence[Obj], deleted_current: int) -> Obj:
    """The status that the Pods at hand add up to. `deleted_current` were just deleted for an update."""
    stateful_set = sync.stateful_set
    current, update = sync.current["metadata"]["name"], sync.update["metadata"]["name"]
    counted = pods if is_terminating(stateful_set) else [*sync.replicas, *sync.condemned]
    replicas = ready = available = at_current = at_update = 0
    for pod in counted:
        if pod is None or not phase_of(pod):
            continue
        replicas += 1
        if phase_of(pod) == "Running" and is_ready(pod):
            ready += 1
            available += sync.available(pod)
        if not is_terminating(pod):
            revision = revision_of(pod)
            at_current += revision == current
            at_update += revision == update
    return _status(
        sync, collisions, _Counts(replicas, ready, available, at_current - deleted_current, at_update)
    )


class _Counts(NamedTuple):
    """The numbers of a status."""

    replicas: int
    ready: int
    available: int
    at_current: int
    at_update: int


def _status(sync: Sync, collisions: int, counts: _Counts) -> Obj:
    """The status of these numbers; a finished rolling update makes the new revision the current one."""
    stateful_set = sync.stateful_set
    replicas, ready, available, at_current, at_update = counts
    current, update = sync.current["metadata"]["name"], sync.update["metadata"]["name"]
    wanted = stateful_set["spec"]["replicas"]
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "RollingUpdate" and at_update == ready == replicas == wanted:
        at_current, current = at_update, update
    status: Obj = {"observedGeneration": stateful_set["metadata"].get("generation", 0)}
    status["replicas"] = replicas
    for name, count in (
        ("readyReplicas", ready),
        ("currentReplicas", at_current),
        ("updatedReplicas", at_update),
    ):
        if count:
            status[name] = count
    status["currentRevision"], status["updateRevision"] = current, update
    status["collisionCount"], status["availableReplicas"] = collisions, available
    return status


_COMPARED_FIELDS = (
    "replicas",
    "currentReplicas",
    "readyReplicas",
    "updatedReplicas",
    "currentRevision",
    "availableReplicas",
    "updateRevision",
)


def _write_status(sync: Sync, status: Obj) -> Generator[Action, Outcome, None]:
    """Store the status where it tells something new."""
    old = sync.stateful_set.get("status") or {}
    if status["observedGeneration"] <= old.get("observedGeneration", 0) and all(
        (status.get(name) or None) == (old.get(name) or None) for name in _COMPARED_FIELDS
    ):
        return
    latest = sync.view.get("StatefulSet", key_of(sync.stateful_set)) or sync.stateful_set
    yield Update("StatefulSet", {**latest, "status": status}, "status")


# Pods.


def _reconcile(sync: Sync) -> Generator[Action, Outcome, tuple[str, int]]:
    """Take the next steps. The error, and how many Pods of the current revision went for an update."""
    if is_terminating(sync.stateful_set):
        return "", 0
    blocked, error = yield from _for_each(len(sync.replicas), lambda i: _keep(sync, i), sync.monotonic)
    if blocked or error:
        return error, 0
    if sync.condemned:
        blocked, error = yield from _for_each(
            len(sync.condemned), lambda i: _fix_claims(sync, i), sync.monotonic
        )
        if blocked or error:
            return error, 0
        unhealthy = _first_unavailable(sync)
        blocked, error = yield from _for_each(
            len(sync.condemned), lambda i: _condemn(sync, unhealthy, i), sync.monotonic
        )
        if blocked or error:
            return error, 0
    if (sync.stateful_set["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        return "", 0
    if MAX_UNAVAILABLE_GATE in sync.view.gates:
        return (yield from _update_several(sync))
    return (yield from _update_next(sync))


def _for_each(count: int, act: Callable[[int], Blocking], monotonic: bool) -> Blocking:
    """Act on each Pod: one after the other up to the first that blocks, or in growing batches."""
    if monotonic:
        for index in range(count):
            blocked, error = yield from act(index)
            if blocked or error:
                return True, error
        return False, ""
    done, batch = 0, min(count, 1)
    while batch:
        errors = []
        for index in range(done, done + batch):
            _, error = yield from act(index)
            if error:
                errors.append(error)
        if errors:
            return True, aggregate(errors)
        done += batch
        batch = min(2 * batch, count - done, _MAX_BATCH)
    return False, ""


def _first_unavailable(sync: Sync) -> Obj | None:
    """The first Pod of the row, then the lowest condemned one, that is not available; None where it is
    missing or where all are available.
    """
    for pod in (*sync.replicas, *reversed(sync.condemned)):
        if sync.unavailable(pod):
            return pod
    return None


def _keep(sync: Sync, index: int) -> Blocking:
    """See to one place of the row: make, remake, wait for or correct its Pod (`processReplica`)."""
    pod, stateful_set, monotonic = sync.replicas[index], sync.stateful_set, sync.monotonic
    if pod is None:
        return (yield from _make(sync, index))
    phase = phase_of(pod)
    if phase in TERMINAL_PHASES:
        if is_terminating(pod):
            return True, ""
        return True, (yield from delete_pod(stateful_set, pod))
    if phase == "Pending" and stateful_set["spec"].get("volumeClaimTemplates"):
        error = yield from create_missing_claims(sync.view, stateful_set, pod)
        if error:
            return True, error
    if monotonic:
        if is_terminating(pod) or phase != "Running" or not sync.available(pod):
            return True, ""
    if (
        identity_matches(stateful_set, pod)
        and storage_matches(stateful_set, pod)
        and claims_match_policy(sync.view, stateful_set, pod)
    ):
        return False, ""
    error = yield from update_pod(sync.view, stateful_set, pod)
    return bool(error), error


def _make(sync: Sync, index: int) -> Blocking:
    """Create the Pod of a place, at the revision that is due there."""
    stateful_set = sync.stateful_set
    ordinal = start_ordinal(stateful_set) + index
    revision = sync.current if uses_current_revision(stateful_set, ordinal) else sync.update
    template = template_of(revision) if revision is not sync.update else stateful_set["spec"]["template"]
    pod = new_pod(stateful_set, template, revision["metadata"]["name"], ordinal)
    if has_stale_claim(sync.view, stateful_set, pod):
        return True, ""
    error = yield from create_pod(sync.view, stateful_set, pod)
    return bool(error) or sync.monotonic, error


def _fix_claims(sync: Sync, index: int) -> Blocking:
    """Set the owners of a condemned Pod's claims before the Pod goes."""
    pod = sync.condemned[index]
    if claims_match_policy(sync.view, sync.stateful_set, pod):
        return False, ""
    error = yield from update_claim_owners(sync.view, sync.stateful_set, pod)
    return bool(error), error


def _condemn(sync: Sync, unhealthy: Obj | None, index: int) -> Blocking:
    """Delete a Pod beyond the row; a monotonic set waits for unhealthy ones before it."""
    pod = sync.condemned[index]
    if is_terminating(pod):
        return sync.monotonic, ""
    healthy = phase_of(pod) == "Running" and sync.available(pod)
    if sync.monotonic and not healthy and pod is not unhealthy:
        return True, ""
    return True, (yield from delete_pod(sync.stateful_set, pod))


# Updates.


def _partition_ordinal(sync: Sync) -> int:
    rolling = (sync.stateful_set["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    partition: int = rolling.get("partition") or 0
    return partition


def _is_outdated(sync: Sync, pod: Obj | None) -> bool:
    """Whether an update must replace this Pod."""
    if pod is None:
        return False
    return revision_of(pod) != sync.update["metadata"]["name"] and not is_terminating(pod)


def _update_next(sync: Sync) -> Generator[Action, Outcome, tuple[str, int]]:
    """Delete the highest Pod of another revision, once all above it are available."""
    for target in range(len(sync.replicas) - 1, _partition_ordinal(sync) - 1, -1):
        pod = sync.replicas[target]
        if pod is not None and _is_outdated(sync, pod):
            error = yield from delete_pod(sync.stateful_set, pod)
            return error, 0 if error else 1
        if sync.unavailable(pod):
            return "", 0
    return "", 0


def _update_several(sync: Sync) -> Generator[Action, Outcome, tuple[str, int]]:
    """Delete outdated Pods from the top, as many as `maxUnavailable` leaves room for."""
    allowed = _max_unavailable(sync.stateful_set)
    room = allowed - sum(sync.unavailable(pod) for pod in sync.replicas)
    deleted = 0
    for target in range(len(sync.replicas) - 1, _partition_ordinal(sync) - 1, -1):
        if deleted >= room:
            break
        pod = sync.replicas[target]
        if pod is not None and _is_outdated(sync, pod):
            error = yield from delete_pod(sync.stateful_set, pod)
            if error:
                return error, deleted
            deleted += 1
    return "", deleted


def _max_unavailable(stateful_set: Obj) -> int:
    """`maxUnavailable` as a number: percentages are rounded down, and it is at least 1."""
    rolling = (stateful_set["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    value = rolling.get("maxUnavailable", 1)
    return max(1, scaled_int_or_percent(value, stateful_set["spec"]["replicas"], round_up=False))


CONTROLLER = Component(
    name=NAME,
    watches=(Watch("StatefulSet"), Watch("Pod", keys_of_controllers("StatefulSet"), owner="StatefulSet")),
    plan=plan,
    cache=Rosters,
    cache_kinds=("Pod",),
)
