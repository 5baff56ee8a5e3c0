"""Subresources that are verbs of their own: binding, eviction and scale.

Models pkg/registry/core/pod/storage/{storage,eviction}.go and
pkg/registry/apps/*/storage/storage.go (ScaleREST), v1.36.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from k8slab import clock
from k8slab.api.errors import ApiError, Cause, bad_request, conflict, forbidden, invalid, not_found
from k8slab.api.json_text import go_quote
from k8slab.api.kind import Kind
from k8slab.api.memo import remember_with
from k8slab.api.meta import Key, Obj, assoc, condition_is, condition_of, dig, labels_of, with_condition
from k8slab.api.selectors import from_label_selector, matches
from k8slab.cluster import admission, ownership
from k8slab.cluster.admission.podtopologylabels import topology_labels
from k8slab.cluster.api import (
    ADMIN,
    PLAIN,
    Actor,
    WriteOptions,
    admission_request,
    check_version,
    commit,
    component_actor,
    replace,
    uid_mismatch,
    version_mismatch,
)
from k8slab.cluster.deletion import DeleteOptions, check_preconditions, delete, too_many_requests
from k8slab.cluster.kinds import kind_of
from k8slab.cluster.world import World
from k8slab.components import Bind

_MAX_DISRUPTED_PODS = 2000
_TWO_BUDGETS = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
)
_VIOLATION = "Cannot evict pod as it would violate the pod's disruption budget."


BINDING = Kind("Binding", "", "v1", "bindings", "binding", True)
EVICTION = Kind("Eviction", "policy", "v1", "evictions", "eviction", True)


def admitted(
    world: World,
    actor: Actor,
    kind: Kind,
    key: Key,
    subresource: str,
    body: Obj,
    *,
    parent: Kind,
    options: WriteOptions = PLAIN,
) -> Obj:
    """What admission makes of a body that is created in something else. ApiError where it refuses.

    To admission it is a creation like any other: a namespace that is terminating takes no binding
    and no eviction either.
    """
    asked = admission_request(
        world, actor, kind, "CREATE", body, None, options, subresource, key=key, parent=parent
    )
    body = admission.mutate(asked)
    admission.validate(asked._replace(new=body))
    return body


def bind_as(world: World, actor: Actor, action: Bind, cause: int) -> Obj:
    """Bind a Pod as a component asks: its binding is admitted as any client's is. The stored Pod."""
    body: Obj = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"namespace": action.key[0], "name": action.key[1], "uid": action.uid},
        "target": {"kind": "Node", "name": action.node},
    }
    body = admitted(world, actor, BINDING, action.key, "binding", body, parent=kind_of(world, "Pod"))
    given = body["metadata"]
    return bind(
        world,
        actor,
        action.key,
        body["target"]["name"],
        action.uid,
        annotations=given.get("annotations"),
        labels=given.get("labels"),
        cause=cause,
    )


def check_name(name: str) -> None:
    """400 for a name that can't be part of a key in etcd (registry/generic/registry/store.go)."""
    faults = [f"may not be '{name}'"] if name in (".", "..") else []
    faults += [f"may not contain '{letter}'" for letter in ("/", "%") if letter in name]
    if faults:
        raise bad_request(f"Name parameter invalid: {go_quote(name)}: {';'.join(faults)}")


def bind(
    world: World,
    actor: Actor,
    key: Key,
    node: str,
    uid: str = "",
    *,
    resource_version: str = "",
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    cause: int = 0,
    dry_run: bool = False,
) -> Obj:
    """Bind a Pod to a node, set its PodScheduled condition and the node's zone and region. The stored Pod.

    Raises 404, or 409 where the Pod is bound, gated, being deleted, or another one.
    """
    kind = kind_of(world, "Pod")
    pod = world.store.get("Pod", key)
    name = key[1]
    if pod is None:
        check_name(name)
        raise not_found("pods", "", name)
    if uid and pod["metadata"]["uid"] != uid:
        raise conflict("pods", "", name, uid_mismatch(kind, key, uid, pod))
    if resource_version and pod["metadata"]["resourceVersion"] != resource_version:
        raise conflict("pods", "", name, version_mismatch(kind, key, resource_version, pod))
    why = _not_bindable(pod)
    if why:
        raise conflict("pods/binding", "", name, why)
    status = _bound(pod.get("status") or _NO_STATUS, clock.timestamp(world.now_us))
    new = {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status}
    copied = topology_labels(world, node)
    if labels:
        copied = {**labels, **copied}
    if copied:
        merged = _merged(tuple(labels_of(pod).items()), tuple(copied.items()))
        new = assoc(new, "metadata", "labels", merged)
    if annotations:
        new = assoc(
            new, "metadata", "annotations", {**(pod["metadata"].get("annotations") or {}), **annotations}
        )
    if dry_run:
        return new
    return commit(world, actor, kind, key, new, "binding", cause, sent=pod)


_NO_STATUS: Obj = {}


@remember_with
def _bound(status: Obj, at: str) -> Obj:
    """The status of a Pod that was bound in that second; those of new Pods are one and the same."""
    condition = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": at,
    }
    kept = {field: value for field, value in status.items() if field != "nominatedNodeName"}
    return {**kept, "conditions": with_condition(status.get("conditions") or (), condition)}


@lru_cache(maxsize=4096)
def _merged(labels: tuple[tuple[str, str], ...], more: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Labels with others laid over them; one dict for all Pods that are alike."""
    return dict((*labels, *more))


def _not_bindable(pod: Obj) -> str:
    name = pod["metadata"]["name"]
    if "deletionTimestamp" in pod["metadata"]:
        return f"pod {name} is being deleted, cannot be assigned to a host"
    if pod["spec"].get("nodeName"):
        return f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"'
    if pod["spec"].get("schedulingGates"):
        return f"pod {name} has non-empty .spec.schedulingGates"
    return ""


def evict(
    world: World, actor: Actor, key: Key, options: DeleteOptions, *, cause: int = 0
) -> tuple[Obj, bool]:
    """Evict a Pod unless a PodDisruptionBudget forbids it (429). As `deletion.delete`."""
    pod = world.store.get("Pod", key)
    if pod is None:
        raise not_found("pods", "", key[1])
    if not _budget_is_moot(pod):
        budgets = _budgets_of(world, pod)
        if len(budgets) > 1:
            raise ApiError(500, "", _TWO_BUDGETS)
        if budgets and not _unhealthy_pod_may_go(pod, budgets[0]):
            _spend_budget(world, pod, budgets[0], options.dry_run, cause)
    kind = kind_of(world, "Pod")
    check_preconditions(kind, pod, options)
    if not options.dry_run:
        _add_disruption_target(world, actor, kind, key, pod, cause)
    options = options._replace(resource_version=None)
    return delete(world, actor, "Pod", key, options, cause=cause, is_admitted=True)


def _budget_is_moot(pod: Obj) -> bool:
    """A Pod that is finished, not yet running or already going disrupts nothing."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or "deletionTimestamp" in pod["metadata"]


def _budgets_of(world: World, pod: Obj) -> list[Obj]:
    labels = labels_of(pod)
    return [
        budget
        for budget in world.store.list("PodDisruptionBudget", namespace=pod["metadata"]["namespace"])
        if matches(from_label_selector(budget["spec"].get("selector")), labels)
    ]


def _unhealthy_pod_may_go(pod: Obj, budget: Obj) -> bool:
    """Whether an unready Pod may be evicted without spending the budget."""
    if condition_is(pod, "Ready"):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    desired = status.get("desiredHealthy", 0)
    return bool(desired > 0 and status.get("currentHealthy", 0) >= desired)


def _spend_budget(world: World, pod: Obj, budget: Obj, dry_run: bool, cause: int) -> None:
    """Take one disruption from the budget, or raise 429 (`eviction.go: checkAndDecrement`)."""
    name = budget["metadata"]["name"]
    status = budget.get("status") or {}
    allowed = status.get("disruptionsAllowed", 0)
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        text = f"The disruption budget {name} is still being processed by the server."
        raise _violation(text, 10)
    if allowed < 0:
        raise forbidden("poddisruptionbudget", "policy", name, "pdb disruptions allowed is negative")
    disrupted = status.get("disruptedPods") or {}
    if len(disrupted) > _MAX_DISRUPTED_PODS:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise forbidden("poddisruptionbudget", "policy", name, why)
    if allowed == 0:
        raise _violation(_why_no_disruption(budget), 0)
    if dry_run:
        return
    when = clock.timestamp(world.now_us)
    status = {
        **status,
        "disruptionsAllowed": allowed - 1,
        "disruptedPods": {**disrupted, pod["metadata"]["name"]: when},
    }
    if allowed == 1:
        condition = {
            "type": "DisruptionAllowed",
            "status": "False",
            "reason": "InsufficientPods",
            "message": "",
            "observedGeneration": status.get("observedGeneration", 0),
            "lastTransitionTime": when,
        }
        status["conditions"] = with_condition(status.get("conditions") or (), condition)
    key = (budget["metadata"]["namespace"], name)
    actor = component_actor("eviction", "kube-apiserver")
    kind = kind_of(world, "PodDisruptionBudget")
    replace(world, actor, kind, key, budget, {**budget, "status": status}, "status", cause=cause)


def _why_no_disruption(budget: Obj) -> str:
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    condition = condition_of(budget, "DisruptionAllowed") or {}
    refused = condition.get("status") == "False" and condition.get("message")
    desired, current = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
    if refused and condition.get("reason") == "SyncFailed":
        return (
            f"The disruption budget {name} does not allow evicting pods currently because it failed sync: "
            f"{condition['message']}"
        )
    if current <= desired:
        return f"The disruption budget {name} needs {desired} healthy pods and has {current} currently"
    if refused:
        return (
            f"The disruption budget {name} does not allow evicting pods currently "
            f"({condition.get('reason')}): {condition['message']}"
        )
    return f"The disruption budget {name} does not allow evicting pods currently"


def _violation(text: str, retry_seconds: int) -> ApiError:
    error = too_many_requests(_VIOLATION, retry_seconds)
    error.causes = (Cause("DisruptionBudget", text),)
    return error


def _add_disruption_target(world: World, actor: Actor, kind: Kind, key: Key, pod: Obj, cause: int) -> None:
    """Say on the Pod why it goes, before it is deleted."""
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastProbeTime": None,
        "lastTransitionTime": clock.timestamp(world.now_us),
    }
    status = pod.get("status") or {}
    new = {
        **pod,
        "status": {**status, "conditions": with_condition(status.get("conditions") or (), condition)},
    }
    if new != pod:
        commit(world, actor, kind, key, new, "eviction", cause, sent=pod)


SCALE = Kind("Scale", "autoscaling", "v1", "scales", "scale", True)


def read_scale(kind: Kind, obj: Obj) -> Obj:
    """The `autoscaling/v1` Scale of an object. 404 for a kind that has none."""
    if kind.scale is None:
        raise ApiError(404, "NotFound", "the server could not find the requested resource", details={})
    metadata = obj["metadata"]
    kept = {
        name: metadata[name]
        for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        if name in metadata
    }
    status: dict[str, Any] = {"replicas": dig(obj, *kind.scale.status_replicas, default=0)}
    selector = kind.scale.selector(obj)
    if selector:
        status["selector"] = selector
    replicas = dig(obj, *kind.scale.spec_replicas, default=0)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": kept,
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def write_scale(
    world: World,
    actor: Actor,
    kind: Kind,
    key: Key,
    scale: Obj,
    *,
    cause: int = 0,
    options: WriteOptions = PLAIN,
) -> Obj:
    """Set an object's replicas through its scale. The new Scale.

    Raises 404, 409 where uid or resourceVersion of the scale are not the
    stored ones, 422 for a negative number; of a custom object the object's own rules say that.
    """
    old = world.store.get(kind.kind, key)
    if old is None:
        raise not_found(kind.plural, kind.group, key[1])
    if kind.scale is None:
        raise ApiError(404, "NotFound", "the server could not find the requested resource", details={})
    replicas = dig(scale, "spec", "replicas", default=0)
    metadata = scale["metadata"]
    if replicas < 0 and not kind.scale.required:
        text = f"Invalid value: {replicas}: must be greater than or equal to 0"
        fault = Cause("FieldValueInvalid", text, "spec.replicas")
        raise invalid("Scale", "autoscaling", metadata.get("name", key[1]), [fault])
    uid = metadata.get("uid")
    if uid and uid != old["metadata"]["uid"]:
        raise conflict(kind.plural, kind.group, key[1], uid_mismatch(kind, key, uid, old))
    if metadata.get("resourceVersion"):
        check_version(kind, scale, old)
    new = assoc(old, *kind.scale.spec_replicas, replicas)
    stored = replace(world, actor, kind, key, old, new, "scale", cause=cause, options=options)
    if stored is old and not options.dry_run:
        before = ownership.managed_fields(world, kind, old)
        after = ownership.after_write(world, kind, old, old, actor, "scale", options)
        if ownership.but_times(before) != ownership.but_times(after):
            stored = commit(world, actor, kind, key, old, "scale", cause, options, sent=old)
    return read_scale(kind, stored)


__all__ = [
    "ADMIN",
    "BINDING",
    "EVICTION",
    "SCALE",
    "admitted",
    "bind",
    "bind_as",
    "evict",
    "read_scale",
    "write_scale",
]
