"""Generic ephemeral volumes: each gets a claim of its own, which the Pod controls and takes with it.

The claim's name follows from the Pod's and the volume's. A claim of that
name which belongs to somebody else is not used, so that nobody can be given another's data.

Models pkg/controller/volume/ephemeral/controller.go and
staging/src/k8s.io/component-helpers/storage/ephemeral/ephemeral.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, controller_of, key_text, owner_reference
from k8slab.components import Component, Create, Done, Memory, Plan, Record, Watch
from k8slab.store.aspects import CLAIMS, CREATED
from k8slab.store.view import Change, View


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Create the claims of one Pod's ephemeral volumes; the first failure ends it."""
    pod = view.get("Pod", key)
    if pod is None or "deletionTimestamp" in pod["metadata"]:
        return Done(why="the Pod is gone or going")
    for volume in pod["spec"].get("volumes") or ():
        if not volume.get("ephemeral"):
            continue
        claim = view.get("PersistentVolumeClaim", (key[0], claim_name(pod, volume)))
        error = ""
        if claim is not None:
            error = _why_foreign(pod, claim)
        else:
            try:
                yield Create("PersistentVolumeClaim", claim_of(pod, volume))
            except ApiError as refused:
                error = f"create PVC {claim_name(pod, volume)}: {refused.message}"
        if error:
            text = f"ephemeral volume {volume['name']}: {error}"
            yield Record(pod, "Warning", "FailedBinding", text, component="ephemeral_volume")
            return Done(error=f"pod {key_text(key)}, {text}")
    return Done()


def claim_name(pod: Obj, volume: Obj) -> str:
    """The name of an ephemeral volume's claim."""
    return f"{pod['metadata']['name']}-{volume['name']}"


def claim_of(pod: Obj, volume: Obj) -> Obj:
    """The claim of an ephemeral volume, by its template."""
    template = volume["ephemeral"].get("volumeClaimTemplate") or {}
    given = template.get("metadata") or {}
    metadata: Obj = {
        "name": claim_name(pod, volume),
        "namespace": pod["metadata"]["namespace"],
        "ownerReferences": [owner_reference({**pod, "apiVersion": "v1", "kind": "Pod"})],
    }
    for field in ("labels", "annotations"):
        if given.get(field):
            metadata[field] = given[field]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": template.get("spec") or {},
    }


def _why_foreign(pod: Obj, claim: Obj) -> str:
    """Why a claim of the right name is not this Pod's, if so."""
    owner = controller_of(claim)
    if owner is not None and owner["uid"] == pod["metadata"]["uid"]:
        return ""
    namespace = pod["metadata"]["namespace"]
    name, pod_name = claim["metadata"]["name"], pod["metadata"]["name"]
    return f"PVC {namespace}/{name} was not created for pod {namespace}/{pod_name} (pod is not owner)"


def _has_ephemeral(pod: Obj) -> bool:
    return any(volume.get("ephemeral") for volume in pod["spec"].get("volumes") or ())


def _new_pod(change: Change, view: View) -> tuple[Key, ...]:
    """A Pod that is new; its volumes never change."""
    is_new = change.old is None and change.new is not None
    return (change.key,) if is_new and change.new is not None and _has_ephemeral(change.new) else ()


def _pods_of_lost_claim(change: Change, view: View) -> list[Key]:
    """The Pods that wanted a claim which was deleted."""
    if change.new is not None:
        return []
    namespace, name = change.key
    found: list[Key] = []
    for pod in view.list("Pod", namespace=namespace):
        volumes = pod["spec"].get("volumes") or ()
        if any(one.get("ephemeral") and claim_name(pod, one) == name for one in volumes):
            found.append((namespace, pod["metadata"]["name"]))
    return found


CONTROLLER = Component(
    name="ephemeral-volume-controller",
    watches=(
        Watch("Pod", _new_pod, aspects=CREATED, only=CLAIMS),
        Watch("PersistentVolumeClaim", _pods_of_lost_claim),
    ),
    plan=plan,
)
