"""Deployments: interchangeable Pods of one template, replaced step by step when the template changes.

Each template has its ReplicaSet. A rolling update grows the new one and shrinks
the old ones within surge and unavailability; Recreate first stops the old Pods.
A change of size is spread over the ReplicaSets in proportion.

Models pkg/controller/deployment/{deployment_controller,sync,rolling,recreate,progress}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, assoc, controller_of, key_of, owner_reference
from k8slab.clock import SECOND_US
from k8slab.components import (
    Action,
    Component,
    Create,
    Delete,
    Done,
    Memory,
    Outcome,
    Plan,
    Record,
    Update,
    Watch,
)
from k8slab.controllers import _deployment_math as math
from k8slab.controllers._controller_history import hash_of
from k8slab.controllers._deployment_rollback import roll_back, rollback_revision
from k8slab.controllers._pods import (
    aggregate,
    claim,
    is_terminal,
    keys_of_controllers,
    owned_and_orphans,
    selector_of,
)
from k8slab.store.aspects import REMOVED
from k8slab.store.view import Change, View

_LONGEST_NAME = 253


class Rollout(NamedTuple):
    """One look at a Deployment: itself, its new ReplicaSet if there is one, and its old ones."""

    deployment: Obj
    new: Obj | None
    old: tuple[Obj, ...]

    @property
    def every(self) -> list[Obj]:
        """All ReplicaSets, the new one last."""
        return [*self.old, self.new] if self.new is not None else list(self.old)


Step = Generator[Action, Outcome, Rollout]


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Bring one Deployment's rollout a step further, and write what there is into its status."""
    deployment = view.get("Deployment", key)
    if deployment is None:
        return Done(why="the Deployment is gone")
    candidates = owned_and_orphans(view, "ReplicaSet", deployment)
    sets, errors = yield from claim("ReplicaSet", candidates, deployment, selector_of(deployment))
    if errors:
        return Done(error=aggregate(errors))
    if "deletionTimestamp" in deployment["metadata"]:
        rollout = yield from _find(deployment, sets, now_us)
        return (yield from _write_status(rollout, _status(rollout, now_us)))
    deployment = yield from _note_pause(deployment, now_us)
    rollout = yield from _find(deployment, sets, now_us)
    revision = rollback_revision(deployment)
    if revision is not None and not deployment["spec"].get("paused"):
        if rollout.new is None:
            rollout = yield from _create_new(view, rollout, now_us)
        yield from roll_back(rollout.deployment, rollout.every, revision)
        return Done()
    if deployment["spec"].get("paused") or _is_scaling(rollout):
        rollout = yield from _scale(rollout)
        if deployment["spec"].get("paused") and revision is None:
            yield from _clean_up(rollout)
        return (yield from _write_status(rollout, _status(rollout, now_us)))
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        rollout = yield from _recreate(view, rollout, sets, now_us)
    else:
        rollout = yield from _roll(view, rollout, now_us)
    return (yield from _write_rollout_status(rollout, now_us))


# Which ReplicaSet is the new one.


def _find(deployment: Obj, sets: Sequence[Obj], now_us: int) -> Step:
    """The new ReplicaSet, with annotations and revision brought up to date, and the old ones."""
    ordered = math.by_creation(sets)
    template = deployment["spec"]["template"]
    new = next((one for one in ordered if math.same_template(one["spec"]["template"], template)), None)
    old = tuple(one for one in ordered if one is not new)
    if new is None:
        return Rollout(deployment, None, old)
    revision = max((math.revision_of(one) for one in old), default=0) + 1
    before = new["metadata"].get("annotations") or {}
    annotations = math.new_annotations(deployment, before, revision, exists=True)
    seconds = deployment["spec"].get("minReadySeconds", 0)
    if annotations != before or new["spec"].get("minReadySeconds", 0) != seconds:
        new = assoc(new, "metadata", "annotations", annotations)
        new = {**new, "spec": {**new["spec"], "minReadySeconds": seconds}}
        if not seconds:
            del new["spec"]["minReadySeconds"]
        new = yield Update("ReplicaSet", new)
        return Rollout(deployment, new, old)
    noted = _with_revision(deployment, annotations.get(math.REVISION, ""))
    if math.has_deadline(deployment) and _progressing(deployment) is None:
        message = f'Found new replica set "{new["metadata"]["name"]}"'
        noted = _with_condition(noted, "True", "FoundNewReplicaSet", message, now_us)
    if noted is not deployment:
        deployment = yield Update("Deployment", noted, "status")
    return Rollout(deployment, new, old)


def _conditions(deployment: Obj) -> list[Obj]:
    conditions: list[Obj] = (deployment.get("status") or {}).get("conditions") or []
    return conditions


def _progressing(deployment: Obj) -> Obj | None:
    return math.find_condition(_conditions(deployment), "Progressing")


def _with_revision(deployment: Obj, revision: str) -> Obj:
    annotations = deployment["metadata"].get("annotations") or {}
    if annotations.get(math.REVISION, "") == revision:
        return deployment
    return assoc(deployment, "metadata", "annotations", {**annotations, math.REVISION: revision})


def _with_condition(deployment: Obj, status: str, reason: str, message: str, now_us: int) -> Obj:
    new = math.condition("Progressing", status, reason, message, now_us)
    conditions = math.set_condition(_conditions(deployment), new)
    return assoc(deployment, "status", "conditions", conditions)


def _note_pause(deployment: Obj, now_us: int) -> Generator[Action, Outcome, Obj]:
    """Say in the conditions that a rollout is paused or goes on, so that a pause is no lack of progress."""
    if not math.has_deadline(deployment):
        return deployment
    condition = _progressing(deployment) or {}
    if condition.get("reason") == "ProgressDeadlineExceeded":
        return deployment
    paused = bool(deployment["spec"].get("paused"))
    if paused == (condition.get("reason") == "DeploymentPaused"):
        return deployment
    word = "paused" if paused else "resumed"
    noted = _with_condition(
        deployment, "Unknown", f"Deployment{word.capitalize()}", f"Deployment is {word}", now_us
    )
    stored: Obj = yield Update("Deployment", noted, "status")
    return stored


def _create_new(view: View, rollout: Rollout, now_us: int) -> Step:
    """Create the ReplicaSet of the Deployment's template."""
    deployment = rollout.deployment
    collisions = (deployment.get("status") or {}).get("collisionCount", 0)
    revision = max((math.revision_of(one) for one in rollout.old), default=0) + 1
    wanted = _new_replica_set(rollout, collisions, revision)
    name, count = wanted["metadata"]["name"], wanted["spec"]["replicas"]
    existing: Obj | None = None
    try:
        created = yield Create("ReplicaSet", wanted)
    except ApiError as error:
        existing = (
            _own_replica_set(view, deployment, key_of(wanted)) if error.reason == "AlreadyExists" else None
        )
        if existing is None:
            yield from _note_failure(deployment, name, error, collisions, now_us)
            raise
        created = existing
    if count > 0 and existing is None:
        yield Record(
            deployment, "Normal", "ScalingReplicaSet", f"Scaled up replica set {name} from 0 to {count}"
        )
    noted = _with_revision(deployment, str(revision))
    if math.has_deadline(deployment) and existing is None:
        message = f'Created new replica set "{name}"'
        noted = _with_condition(noted, "True", "NewReplicaSetCreated", message, now_us)
    if noted is not deployment:
        deployment = yield Update("Deployment", noted, "status")
    return Rollout(deployment, created, rollout.old)


def _own_replica_set(view: View, deployment: Obj, key: Key) -> Obj | None:
    """The ReplicaSet of a name, if it is the Deployment's own and of its template: it was created before."""
    found = view.get("ReplicaSet", key)
    if found is None or (controller_of(found) or {}).get("uid") != deployment["metadata"]["uid"]:
        return None
    return found if math.same_template(found["spec"]["template"], deployment["spec"]["template"]) else None


def _new_replica_set(rollout: Rollout, collisions: int, revision: int) -> Obj:
    deployment = rollout.deployment
    spec, metadata = deployment["spec"], deployment["metadata"]
    hashed = hash_of(spec["template"], collisions)
    template_metadata = spec["template"].get("metadata") or {}
    labels = {**(template_metadata.get("labels") or {}), math.TEMPLATE_HASH: hashed}
    template = {**spec["template"], "metadata": {**template_metadata, "labels": labels}}
    selector = spec.get("selector") or {}
    match_labels = {**(selector.get("matchLabels") or {}), math.TEMPLATE_HASH: hashed}
    wanted: Obj = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name'][: _LONGEST_NAME - 1 - len(hashed)]}-{hashed}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(deployment)],
            "annotations": math.new_annotations(deployment, {}, revision, exists=False),
        },
        "spec": {
            "replicas": 0,
            "selector": {**selector, "matchLabels": match_labels},
            "template": template,
        },
    }
    if spec.get("minReadySeconds"):
        wanted["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    return assoc(wanted, "spec", "replicas", math.new_replicas(deployment, [*rollout.old, wanted], wanted))


def _note_failure(
    deployment: Obj, name: str, error: ApiError, collisions: int, now_us: int
) -> Generator[Action, Outcome, None]:
    """Say on the Deployment why its ReplicaSet could not be created; a taken name is a hash collision."""
    if error.reason == "AlreadyExists":
        yield Update("Deployment", assoc(deployment, "status", "collisionCount", collisions + 1), "status")
        return
    if any(cause.reason == "NamespaceTerminating" for cause in error.causes):
        return
    message = f'Failed to create new replica set "{name}": {error.message}'
    if math.has_deadline(deployment):
        noted = _with_condition(deployment, "False", "ReplicaSetCreateError", message, now_us)
        yield Update("Deployment", noted, "status")
    yield Record(deployment, "Warning", "ReplicaSetCreateError", message)


# Changing sizes.


def _is_scaling(rollout: Rollout) -> bool:
    """Whether the Deployment's size is no longer the one that its ReplicaSets were told."""
    wanted = math.replicas_of(rollout.deployment)
    noted = (math.desired_replicas(one) for one in math.active(rollout.every))
    return any(number is not None and number != wanted for number in noted)


def _set_size(
    rollout: Rollout, target: Obj, size: int, *, force: bool = False
) -> Generator[Action, Outcome, Rollout]:
    """Give a ReplicaSet a size (or, with `force`, only its notes of the Deployment's size)."""
    before = math.replicas_of(target)
    if not force and before == size:
        return rollout
    deployment = rollout.deployment
    annotations = target["metadata"].get("annotations") or {}
    noted = math.with_replica_notes(annotations, deployment)
    if before == size and noted == annotations:
        return rollout
    changed = assoc(assoc(target, "metadata", "annotations", noted), "spec", "replicas", size)
    stored = yield Update("ReplicaSet", changed)
    if before != size:
        way, name = "up" if before < size else "down", target["metadata"]["name"]
        text = f"Scaled {way} replica set {name} from {before} to {size}"
        yield Record(deployment, "Normal", "ScalingReplicaSet", text)
    return _replaced(rollout, stored)


def _replaced(rollout: Rollout, stored: Obj) -> Rollout:
    uid = stored["metadata"].get("uid")
    if rollout.new is not None and rollout.new["metadata"]["uid"] == uid:
        return rollout._replace(new=stored)
    old = tuple(stored if one["metadata"]["uid"] == uid else one for one in rollout.old)
    return rollout._replace(old=old)


def _scale(rollout: Rollout) -> Step:
    """Spread a change of the Deployment's size over its ReplicaSets."""
    deployment, wanted = rollout.deployment, math.replicas_of(rollout.deployment)
    running = math.active(rollout.every)
    if len(running) <= 1:
        newest = [*reversed(math.by_creation(rollout.old))]
        target = running[0] if running else rollout.new or (newest[0] if newest else None)
        if target is None:
            return rollout
        return (yield from _set_size(rollout, target, wanted))
    if math.is_saturated(deployment, rollout.new):
        for one in math.active(rollout.old):
            rollout = yield from _set_size(rollout, one, 0)
        return rollout
    if math.is_rolling(deployment):
        for one, size in _proportional_sizes(deployment, running):
            rollout = yield from _set_size(rollout, one, size, force=True)
    return rollout


def _proportional_sizes(deployment: Obj, running: Sequence[Obj]) -> list[tuple[Obj, int]]:
    """The new size of each ReplicaSet: larger ones first, the leftover goes to the largest."""
    wanted = math.replicas_of(deployment)
    allowed = wanted + math.max_surge(deployment) if wanted > 0 else 0
    to_add = allowed - math.total(running)
    ordered = list(running)
    if to_add > 0:
        newer_first = math.by_creation(running)[::-1]
        ordered = sorted(newer_first, key=math.replicas_of, reverse=True)
    elif to_add < 0:
        ordered = sorted(math.by_creation(running), key=math.replicas_of, reverse=True)
    added = 0
    sizes: list[int] = []
    for one in ordered:
        share = math.proportion(one, deployment, to_add, added)
        sizes.append(math.replicas_of(one) + share)
        added += share
    if to_add and sizes:
        sizes[0] = max(sizes[0] + to_add - added, 0)
    return list(zip(ordered, sizes, strict=True))


# Rolling updates.


def _roll(view: View, rollout: Rollout, now_us: int) -> Step:
    """Grow the new ReplicaSet if there is room, else shrink the old ones, else clean up."""
    if rollout.new is None:
        rollout = yield from _create_new(view, rollout, now_us)
    before = rollout.every
    rollout = yield from _grow_new(rollout)
    if math.total(rollout.every) != math.total(before):
        return rollout
    rollout, shrunk = yield from _shrink_old(rollout)
    if not shrunk and math.is_complete(rollout.deployment, rollout.deployment.get("status") or {}):
        yield from _clean_up(rollout)
    return rollout


def _grow_new(rollout: Rollout) -> Step:
    new, wanted = rollout.new, math.replicas_of(rollout.deployment)
    assert new is not None, "a rolling update has created its ReplicaSet"
    here = math.replicas_of(new)
    if here == wanted:
        return rollout
    size = wanted if here > wanted else math.new_replicas(rollout.deployment, rollout.every, new)
    return (yield from _set_size(rollout, new, size))


def _shrink_old(rollout: Rollout) -> Generator[Action, Outcome, tuple[Rollout, bool]]:
    """Take Pods from the old ReplicaSets: unhealthy ones first, then as many as availability allows."""
    deployment, new = rollout.deployment, rollout.new
    assert new is not None, "a rolling update has created its ReplicaSet"
    old = math.by_creation(math.active(rollout.old))
    if not old:
        return rollout, False
    least = math.replicas_of(deployment) - math.max_unavailable(deployment)
    new_unavailable = math.replicas_of(new) - math.counted([new], "availableReplicas")
    most = math.total(rollout.every) - least - new_unavailable
    if most <= 0:
        return rollout, False
    before = math.total(rollout.old)
    for one in old:
        unhealthy = math.replicas_of(one) - math.counted([one], "availableReplicas")
        if unhealthy < 0:
            # Its status is older than its size: wait for the next one, or too many Pods would go.
            return rollout, False
        count = min(most - (before - math.total(rollout.old)), unhealthy)
        if count > 0:
            rollout = yield from _set_size(rollout, one, math.replicas_of(one) - count)
    old = math.by_creation(math.active(rollout.old))
    spare = math.counted([*old, new], "availableReplicas") - least
    for one in old:
        count = min(math.replicas_of(one), spare)
        if count > 0:
            rollout = yield from _set_size(rollout, one, math.replicas_of(one) - count)
            spare -= count
    return rollout, math.total(rollout.old) != before


# Recreate.


def _recreate(view: View, rollout: Rollout, sets: Sequence[Obj], now_us: int) -> Step:
    """Stop every old Pod, then start the new ones."""
    before = math.total(rollout.old)
    for one in math.active(rollout.old):
        rollout = yield from _set_size(rollout, one, 0)
    if math.total(rollout.old) != before or _old_pods_run(view, rollout):
        return rollout
    if rollout.new is None:
        rollout = yield from _create_new(view, rollout, now_us)
    new = rollout.new
    assert new is not None, "it was created if it was not there"
    rollout = yield from _set_size(rollout, new, math.replicas_of(rollout.deployment))
    if math.is_complete(rollout.deployment, rollout.deployment.get("status") or {}):
        yield from _clean_up(rollout)
    return rollout


def _old_pods_run(view: View, rollout: Rollout) -> bool:
    if math.counted(rollout.old, "replicas") > 0:
        return True
    return any(
        not is_terminal(pod) for one in rollout.old for pod in view.list("Pod", owner=one["metadata"]["uid"])
    )


def _clean_up(rollout: Rollout) -> Generator[Action, Outcome, None]:
    """Delete the oldest empty ReplicaSets above the history limit."""
    limit = rollout.deployment["spec"].get("revisionHistoryLimit")
    if limit is None or limit == 2147483647:
        return
    alive = [one for one in rollout.old if "deletionTimestamp" not in one["metadata"]]
    extra = len(alive) - limit
    if extra <= 0:
        return
    ordered = sorted(alive, key=lambda one: (math.revision_of(one), one["metadata"]["creationTimestamp"]))
    for one in ordered[:extra]:
        status = one.get("status") or {}
        behind = one["metadata"].get("generation", 0) > status.get("observedGeneration", 0)
        if status.get("replicas", 0) or math.replicas_of(one) or behind:
            continue
        try:
            yield Delete("ReplicaSet", key_of(one))
        except ApiError as error:
            if error.code != 404:
                raise


# Status.


def _status(rollout: Rollout, now_us: int) -> Obj:
    """The status by the ReplicaSets' numbers; the conditions but for progress (`calculateStatus`)."""
    deployment, every = rollout.deployment, rollout.every
    available = math.counted(every, "availableReplicas")
    numbers = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": math.counted(every, "replicas"),
        "updatedReplicas": math.counted([rollout.new] if rollout.new else [], "replicas"),
        "readyReplicas": math.counted(every, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(math.total(every) - available, 0),
    }
    status: Obj = {name: number for name, number in numbers.items() if number}
    terminating = [_terminating(one) for one in every]
    if None not in terminating:
        status["terminatingReplicas"] = sum(number for number in terminating if number is not None)
    old = deployment.get("status") or {}
    if "collisionCount" in old:
        status["collisionCount"] = old["collisionCount"]
    enough = available >= math.replicas_of(deployment) - math.max_unavailable(deployment)
    word = "has" if enough else "does not have"
    condition = math.condition(
        "Available",
        "True" if enough else "False",
        "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        f"Deployment {word} minimum availability.",
        now_us,
    )
    status["conditions"] = math.set_condition(_conditions(deployment), condition)
    return status


def _terminating(replica_set: Obj) -> int | None:
    """How many of a ReplicaSet's Pods are on their way out; 0 while its controller has not seen it."""
    status = replica_set.get("status") or {}
    number: int | None = status.get("terminatingReplicas")
    return 0 if number is None and not status.get("observedGeneration") else number


def _write_status(rollout: Rollout, status: Obj) -> Plan:
    deployment = rollout.deployment
    if status != (deployment.get("status") or {}):
        yield Update("Deployment", {**deployment, "status": status}, "status")
    return Done()


def _write_rollout_status(rollout: Rollout, now_us: int) -> Plan:
    """Write the status with what it says of progress and failures; look again at the deadline."""
    deployment = rollout.deployment
    status = _status(rollout, now_us)
    conditions = _with_progress(rollout, status, now_us)
    failure = _replica_failure(rollout)
    if failure is not None:
        conditions = math.set_condition(conditions, failure)
    else:
        conditions = math.without_condition(conditions, "ReplicaFailure")
    status = {**status, "conditions": conditions}
    if status != (deployment.get("status") or {}):
        deployment = yield Update("Deployment", {**deployment, "status": status}, "status")
    return Done(look_again_us=_next_check_us(deployment, status, now_us))


def _with_progress(rollout: Rollout, status: Obj, now_us: int) -> list[Obj]:
    deployment = rollout.deployment
    conditions: list[Obj] = status["conditions"]
    if not math.has_deadline(deployment):
        return math.without_condition(conditions, "Progressing")
    current = _progressing(deployment)
    settled = (
        status.get("replicas", 0) == status.get("updatedReplicas", 0)
        and current is not None
        and current.get("reason") == "NewReplicaSetAvailable"
    )
    if settled:
        return conditions
    new = rollout.new
    subject = (
        f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    )
    if math.is_complete(deployment, status):
        reason, text = "NewReplicaSetAvailable", f"{subject} has successfully progressed."
        return math.set_condition(conditions, math.condition("Progressing", "True", reason, text, now_us))
    if math.is_progressing(deployment.get("status") or {}, status):
        condition = math.condition(
            "Progressing", "True", "ReplicaSetUpdated", f"{subject} is progressing.", now_us
        )
        if current is not None and current["status"] == "True":
            condition["lastTransitionTime"] = current["lastTransitionTime"]
        return [*math.without_condition(conditions, "Progressing"), condition]
    if math.has_timed_out(deployment, conditions, now_us):
        reason, text = "ProgressDeadlineExceeded", f"{subject} has timed out progressing."
        return math.set_condition(conditions, math.condition("Progressing", "False", reason, text, now_us))
    return conditions


def _replica_failure(rollout: Rollout) -> Obj | None:
    """The new ReplicaSet's failure to create Pods, else an old one's."""
    ordered = [rollout.new, *rollout.old] if rollout.new is not None else list(rollout.old)
    for one in ordered:
        found = math.find_condition((one.get("status") or {}).get("conditions") or (), "ReplicaFailure")
        if found is not None:
            return {
                "type": "ReplicaFailure",
                "status": found["status"],
                "lastUpdateTime": found["lastTransitionTime"],
                "lastTransitionTime": found["lastTransitionTime"],
                "reason": found.get("reason", ""),
                "message": found.get("message", ""),
            }
    return None


def _next_check_us(deployment: Obj, status: Obj, now_us: int) -> int | None:
    """Until a rollout without progress is looked at again; a second is added, as upstream does."""
    current = math.find_condition(status["conditions"], "Progressing")
    if not math.has_deadline(deployment) or current is None:
        return None
    if math.is_complete(deployment, status) or current.get("reason") == "ProgressDeadlineExceeded":
        return None
    return max(math.deadline_us(deployment, current) - now_us, 0) + SECOND_US


def _deployments_of_pod(change: Change, view: View) -> list[Key]:
    """A Recreate rollout waits for old Pods to be gone; only their end concerns a Deployment."""
    pod = change.old
    if change.new is not None or pod is None:
        return []
    reference = controller_of(pod)
    if reference is None or reference["kind"] != "ReplicaSet":
        return []
    replica_set = view.get("ReplicaSet", (change.key[0], reference["name"]))
    owner = controller_of(replica_set) if replica_set is not None else None
    return [(change.key[0], owner["name"])] if owner is not None and owner["kind"] == "Deployment" else []


CONTROLLER = Component(
    name="deployment-controller",
    watches=(
        Watch("Deployment"),
        Watch("ReplicaSet", keys_of_controllers("Deployment"), owner="Deployment"),
        Watch("Pod", _deployments_of_pod, aspects=REMOVED),
    ),
    plan=plan,
)
