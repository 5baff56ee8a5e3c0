"""Binding a Pod's volumes before the Pod itself: what to ask for, and whether it has come.

The claims of a class that waits for its first consumer get their volumes only
now that a node is chosen. Asking is a matter of a few writes; the volume binder
and the provisioner do the rest, and the Pod is bound when they are done.

Models pkg/scheduler/framework/plugins/volumebinding/binder.go (BindPodVolumes,
checkBindings), v1.36.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from k8slab.api.meta import Obj, annotations_of, key_of
from k8slab.components import Action, Outcome, Patch
from k8slab.scheduler.framework import NodeInfo
from k8slab.scheduler.plugins.volume_binding import VolumePlan
from k8slab.scheduler.volumes import SELECTED_NODE, binding_patch, is_fully_bound, reachable
from k8slab.store.view import View


class Awaited(NamedTuple):
    """What a Pod waits for before it is bound to a node.

    `bindings` are names of volumes and claims, `provisions` names of claims.
    """

    node: str
    since_us: int
    bindings: tuple[tuple[str, str], ...]
    provisions: tuple[str, ...]


def ask_for_volumes(plan: VolumePlan, node: str) -> Generator[Action, Outcome, None]:
    """Bind the volumes that were found to their claims, and let the missing ones be made for a node."""
    for volume, claim in plan.bindings:
        patch = binding_patch(volume, claim)
        if patch:
            yield Patch("PersistentVolume", key_of(volume), patch, uid=volume["metadata"].get("uid", ""))
    for claim in plan.provisions:
        if annotations_of(claim).get(SELECTED_NODE) != node:
            patch = {"metadata": {"annotations": {SELECTED_NODE: node}}}
            yield Patch("PersistentVolumeClaim", key_of(claim), patch, uid=claim["metadata"].get("uid", ""))


def awaited_volumes(plan: VolumePlan, node: str, now_us: int) -> Awaited:
    """What was asked for, to be remembered."""
    bindings = tuple((key_of(volume)[1], key_of(claim)[1]) for volume, claim in plan.bindings)
    return Awaited(node, now_us, bindings, tuple(key_of(claim)[1] for claim in plan.provisions))


class NotYet(NamedTuple):
    """Volumes are still missing; `error` says why they won't come."""

    error: str = ""


def still_missing(view: View, namespace: str, awaited: Awaited, node: NodeInfo | None) -> NotYet | None:
    """Whether something that a Pod waits for is missing; None once all is bound."""
    if node is None:
        return NotYet(f'failed to get node "{awaited.node}": node "{awaited.node}" not found')
    for volume_name, claim_name in awaited.bindings:
        volume = view.get("PersistentVolume", ("", volume_name))
        claim = view.get("PersistentVolumeClaim", (namespace, claim_name))
        if volume is None:
            return NotYet(f'failed to check binding: could not find v1.PersistentVolume "{volume_name}"')
        if claim is None:
            name = f"{namespace}/{claim_name}"
            return NotYet(f'failed to check binding: could not find v1.PersistentVolumeClaim "{name}"')
        why = _misplaced(volume, node)
        if why:
            return NotYet(why)
        if not (volume["spec"].get("claimRef") or {}).get("uid"):
            return NotYet(f'ClaimRef got reset for pv "{volume_name}"')
        if not is_fully_bound(claim):
            return NotYet()
    for claim_name in awaited.provisions:
        problem = _unprovisioned(view, namespace, claim_name, node)
        if problem is not None:
            return problem
    return None


def _unprovisioned(view: View, namespace: str, claim_name: str, node: NodeInfo) -> NotYet | None:
    claim = view.get("PersistentVolumeClaim", (namespace, claim_name))
    if claim is None:
        name = f"{namespace}/{claim_name}"
        return NotYet(f'failed to check provisioning pvc: could not find v1.PersistentVolumeClaim "{name}"')
    selected = annotations_of(claim).get(SELECTED_NODE)
    if selected is None and not annotations_of(claim):
        return NotYet(f'selectedNode annotation reset for PVC "{claim_name}"')
    if selected != node.name:
        return NotYet(f'provisioning failed for PVC "{claim_name}"')
    volume_name = claim["spec"].get("volumeName")
    if volume_name:
        volume = view.get("PersistentVolume", ("", volume_name))
        if volume is None:
            return NotYet()
        why = _misplaced(volume, node)
        if why:
            return NotYet(why)
    return None if is_fully_bound(claim) else NotYet()


def _misplaced(volume: Obj, node: NodeInfo) -> str:
    if reachable(volume, node.labels):
        return ""
    name = volume["metadata"]["name"]
    return f'pv "{name}" node affinity doesn\'t match node "{node.name}": no matching NodeSelectorTerms'
