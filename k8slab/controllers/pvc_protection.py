"""Claims are not removed while Pods use them: a finalizer holds them until the last one is gone.

Models pkg/controller/volume/pvcprotection, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.api.meta import Key, Obj, is_terminating
from k8slab.components import Component, Done, Memory, Patch, Plan, Watch
from k8slab.controllers.attach_detach import claims_of, has_ended
from k8slab.scheduler.volumes import made_for_pod
from k8slab.store.aspects import CLAIMS, DELETION, ENDED, REMOVED, UNBOUND
from k8slab.store.view import Change, View

NAME = "persistentvolumeclaim-protection-controller"
FINALIZER = "kubernetes.io/pvc-protection"


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Protect a claim, or let it go."""
    claim = view.get("PersistentVolumeClaim", key)
    if claim is None:
        return Done(why="the claim is gone")
    finalizers = claim["metadata"].get("finalizers") or []
    if is_terminating(claim):
        if FINALIZER not in finalizers:
            return Done(why="the claim is not held by this controller")
        if any(_uses(pod, claim) for pod in view.list("Pod", namespace=key[0])):
            return Done(why="a Pod still uses the claim")
        wanted = [name for name in finalizers if name != FINALIZER]
    elif FINALIZER in finalizers:
        return Done(why="the claim is protected")
    else:
        wanted = [*finalizers, FINALIZER]
    patch = {"metadata": {"finalizers": wanted or None}}
    yield Patch("PersistentVolumeClaim", key, patch, uid=claim["metadata"]["uid"])
    return Done()


def _uses(pod: Obj, claim: Obj) -> bool:
    """Whether a Pod keeps a claim from going. One that is on no node doesn't: it can't start any more."""
    if not pod["spec"].get("nodeName"):
        return False
    name = claim["metadata"]["name"]
    for volume in pod["spec"].get("volumes") or ():
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == name:
            return True
        if volume.get("ephemeral") and f"{pod['metadata']['name']}-{volume['name']}" == name:
            if not _is_shut_down(pod) and made_for_pod(claim, pod):
                return True
    return False


def _is_shut_down(pod: Obj) -> bool:
    """Whether only finalizers keep a deleted Pod: it and its own claim must not wait for each other."""
    return is_terminating(pod) and pod["metadata"].get("deletionGracePeriodSeconds") == 0


def _after_claim(change: Change, view: View) -> Iterable[Key]:
    claim = change.new
    if claim is None:
        return ()
    held = FINALIZER in (claim["metadata"].get("finalizers") or ())
    return (change.key,) if held == is_terminating(claim) else ()


def _after_pod(change: Change, view: View) -> Iterable[Key]:
    """A Pod went or ended: its claims may go now."""
    old, new = change.old, change.new
    if new is None:
        return () if old is None or not old["spec"].get("volumes") else claims_of(old)
    if not new["spec"].get("volumes") or (new["spec"].get("nodeName") and not has_ended(new)):
        return ()
    return claims_of(new)


_ENDINGS = REMOVED | DELETION | ENDED | UNBOUND

CONTROLLER = Component(
    NAME,
    (
        Watch("PersistentVolumeClaim", _after_claim, "claim_protection"),
        Watch("Pod", _after_pod, "claim_protection", _ENDINGS, CLAIMS),
    ),
    plan,
)
