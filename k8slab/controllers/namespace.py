"""Empties a namespace that is being deleted, then lets it go.

Pods are deleted first; while any is left nothing else is. Then everything else
goes, kind by kind, and when nothing remains the finalizer `kubernetes` is
taken off. Conditions tell what it waits for.

Models pkg/controller/namespace/{namespace_controller,deletion/namespaced_resources_deleter,
deletion/status_condition_utils}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator

from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Key, Obj, condition_of, key_of
from k8slab.clock import SECOND_US, parse_timestamp, timestamp
from k8slab.components import Action, Component, Delete, Done, Memory, Outcome, Plan, Update, Watch
from k8slab.controllers._custom import custom_kinds
from k8slab.controllers._pods import aggregate, is_terminal
from k8slab.store.view import Change, View

FINALIZER = "kubernetes"
GRACE_US = 5 * SECOND_US
"""How long a change of a namespace waits before it is looked at."""
FINALIZER_ESTIMATE_SECONDS = 15

_OK = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": (
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    ),
}


class _Progress:
    """What emptying a namespace has come to so far.

    `errors` are the work queue's, `failures` the same as the condition tells them.
    """

    __slots__ = ("errors", "estimate_seconds", "failures", "finalizers", "remaining", "totals_known")

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.failures: list[str] = []
        self.estimate_seconds = 0
        self.remaining: dict[str, int] = {}
        self.finalizers: dict[str, int] = {}
        self.totals_known = False


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Take the next step of a namespace's deletion. `memory` is the instant at which it may be taken."""
    namespace = view.get("Namespace", key)
    if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
        return Done(memory=None, why="the namespace is not being deleted")
    due_us: int = memory if memory is not None else now_us + GRACE_US
    if now_us < due_us:
        return Done(look_again_us=due_us - now_us, memory=due_us)
    if (namespace.get("status") or {}).get("phase") != "Terminating":
        status = {**(namespace.get("status") or {}), "phase": "Terminating"}
        namespace = (yield Update("Namespace", {**namespace, "status": status}, "status")) or namespace
    if not (namespace["spec"].get("finalizers") or ()):
        return Done(memory=None, why="the namespace has been finalized")
    progress = _Progress()
    yield from _empty(view, namespace, progress, now_us)
    changed = yield from _write_conditions(view, namespace, progress, now_us)
    if progress.errors:
        return Done(memory=now_us, error=aggregate(progress.errors))
    if progress.estimate_seconds > 0:
        wait_us = (progress.estimate_seconds // 2 + 1) * SECOND_US
        if changed:
            wait_us = min(wait_us, GRACE_US)
        return Done(look_again_us=wait_us, memory=now_us + wait_us)
    latest = view.get("Namespace", key) or namespace
    left = sorted({one for one in latest["spec"].get("finalizers") or () if one != FINALIZER})
    yield Update("Namespace", {**latest, "spec": {**latest["spec"], "finalizers": left}}, "finalize")
    return Done(memory=None)


def _empty(view: View, namespace: Obj, progress: _Progress, now_us: int) -> Generator[Action, Outcome, None]:
    """Delete the Pods, and once there are none, everything else."""
    models = kinds()
    if "Pod" in models:
        error = yield from _delete_all(view, models["Pod"], namespace, progress, now_us)
        if error:
            name = namespace["metadata"]["name"]
            progress.errors.append(f"failed to delete pods for namespace: {name}, err: {error}")
            progress.failures.append(error)
        if progress.remaining:
            return
    for kind in (*models.values(), *custom_kinds(view)):
        if kind.namespaced and kind.kind != "Pod" and "delete" in kind.verbs:
            error = yield from _delete_all(view, kind, namespace, progress, now_us)
            if error:
                progress.errors.append(error)
                progress.failures.append(error)
    progress.totals_known = True


def _delete_all(
    view: View, kind: Kind, namespace: Obj, progress: _Progress, now_us: int
) -> Generator[Action, Outcome, str]:
    """Delete the objects of a kind, and count what remains. The error, or an empty text."""
    name = namespace["metadata"]["name"]
    estimate = _grace_seconds(view, namespace, now_us) if kind.kind == "Pod" else 0
    progress.estimate_seconds = max(progress.estimate_seconds, estimate)
    for obj in view.list(kind.kind, namespace=name):
        try:
            yield Delete(kind.kind, key_of(obj), propagation="Background")
        except ApiError as error:
            if error.code not in (404, 405):
                return error.message
    remaining = view.list(kind.kind, namespace=name)
    if not remaining:
        return ""
    resource = f"{kind.plural}.{kind.group}"
    progress.remaining[resource] = len(remaining)
    held = False
    for obj in remaining:
        for finalizer in obj["metadata"].get("finalizers") or ():
            held = True
            progress.finalizers[finalizer] = progress.finalizers.get(finalizer, 0) + 1
    if estimate:
        return ""
    if held:
        progress.estimate_seconds = max(progress.estimate_seconds, FINALIZER_ESTIMATE_SECONDS)
        return ""
    identity = f"{kind.group}/{kind.version}, Resource={kind.plural}"
    return f"unexpected items still remain in namespace: {name} for gvr: {identity}"


def _grace_seconds(view: View, namespace: Obj, now_us: int) -> int:
    """How many seconds the Pods may still take to end; 0 once that time is over."""
    pods = view.list("Pod", namespace=namespace["metadata"]["name"])
    longest: int = max(
        (pod["spec"].get("terminationGracePeriodSeconds") or 0 for pod in pods if not is_terminal(pod)),
        default=0,
    )
    deleted_us = parse_timestamp(namespace["metadata"]["deletionTimestamp"])
    return longest if now_us - deleted_us < longest * SECOND_US else 0


def _write_conditions(
    view: View, namespace: Obj, progress: _Progress, now_us: int
) -> Generator[Action, Outcome, bool]:
    """Store the conditions, where they tell something new. Whether they did."""
    latest = view.get("Namespace", key_of(namespace)) or namespace
    old = (latest.get("status") or {}).get("conditions") or []
    new = list(old)
    failing = _failing(progress)
    changed = False
    for kind, (ok_reason, ok_message) in _OK.items():
        reason, message = failing.get(kind, (ok_reason, ok_message))
        condition = {
            "type": kind,
            "status": "True" if kind in failing else "False",
            "lastTransitionTime": timestamp(now_us),
            "reason": reason,
            "message": message,
        }
        before = condition_of(latest, kind)
        if before is None:
            new.append(condition)
            changed = True
        elif any(before.get(name) != condition[name] for name in ("status", "reason", "message")):
            if before["status"] == condition["status"]:
                condition["lastTransitionTime"] = before["lastTransitionTime"]
            new[new.index(before)] = condition
            changed = True
    if changed:
        status = {**(latest.get("status") or {}), "conditions": new}
        try:
            yield Update("Namespace", {**latest, "status": status}, "status")
        except ApiError:
            # Upstream only logs it: the conditions are told again at the next look.
            return False
    return changed


def _failing(progress: _Progress) -> dict[str, tuple[str, str]]:
    """The conditions that are True, with reason and message."""
    found: dict[str, tuple[str, str]] = {}
    if progress.failures:
        count, texts = len(progress.failures), ", ".join(sorted(progress.failures))
        message = f"Failed to delete all resource types, {count} remaining: {texts}"
        found["NamespaceDeletionContentFailure"] = ("ContentDeletionFailed", message)
    if not progress.totals_known:
        return found
    if progress.remaining:
        texts = ", ".join(
            sorted(f"{name} has {count} resource instances" for name, count in progress.remaining.items())
        )
        message = f"Some resources are remaining: {texts}"
        found["NamespaceContentRemaining"] = ("SomeResourcesRemain", message)
    if progress.finalizers:
        texts = ", ".join(
            sorted(f"{name} in {count} resource instances" for name, count in progress.finalizers.items())
        )
        message = f"Some content in the namespace has finalizers remaining: {texts}"
        found["NamespaceFinalizersRemaining"] = ("SomeFinalizersRemain", message)
    return found


def _after_namespace(change: Change, view: View) -> list[Key]:
    """A namespace that is being deleted."""
    new = change.new
    return [change.key] if new is not None and "deletionTimestamp" in new["metadata"] else []


CONTROLLER = Component(
    name="namespace-controller",
    watches=(Watch("Namespace", _after_namespace),),
    plan=plan,
    retry_max_us=60 * SECOND_US,
)
