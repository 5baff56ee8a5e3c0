"""The kubelets' component for Pods: which changes concern which Pod."""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.api.meta import Key, Obj, key_of
from k8slab.components import Component, Watch
from k8slab.kubelet.addresses import Addresses
from k8slab.kubelet.eviction import EVICTION
from k8slab.kubelet.resizing import RECORD, waiting_beside, waiting_on
from k8slab.kubelet.sync import plan
from k8slab.kubelet.traits import traits_of
from k8slab.kubelet.volumes import claims_of, projected_volumes
from k8slab.store.aspects import (
    ADDRESSES,
    ANNOTATIONS,
    CREATED,
    DELETION,
    GATED,
    LABELS,
    PHASE,
    REMOVED,
    SPEC,
)
from k8slab.store.view import Change, View

_NONE: tuple[Key, ...] = ()


def _of_pod(change: Change, view: View) -> Iterable[Key]:
    """A Pod that came to a node, or whose spec or deletion changed. Its own status is no news."""
    old, new = change.old, change.new
    if new is None:
        return (change.key,) if old is not None and old["spec"].get("nodeName") else _NONE
    if not new["spec"].get("nodeName"):
        return _NONE
    if old is None:
        return (change.key,)
    if old["spec"] is not new["spec"] and old["spec"] != new["spec"]:
        return (change.key,)
    before, after = old["metadata"], new["metadata"]
    for field in ("deletionTimestamp", "deletionGracePeriodSeconds"):
        if before.get(field) != after.get(field):
            return (change.key,)
    for field in ("labels", "annotations"):
        if before.get(field) != after.get(field) and new["spec"].get("volumes") and projected_volumes(new):
            return (change.key,)
    if new["spec"].get("readinessGates") and old.get("status") != new.get("status"):
        return (change.key,)
    return _NONE


def _of_machine(change: Change, view: View) -> Iterable[Key]:
    """Every Pod on a machine whose state changed."""
    old, new = change.old, change.new
    if old is None or new is None or old["spec"] == new["spec"]:
        return _NONE
    return [key_of(pod) for pod in view.list("Pod", node=change.key[1])]


def _of_attachment(change: Change, view: View) -> Iterable[Key]:
    """The Pods that wait on a node for a volume that was attached there."""
    attachment = change.new
    if attachment is None or not (attachment.get("status") or {}).get("attached"):
        return _NONE
    volume = view.get("PersistentVolume", ("", attachment["spec"]["source"].get("persistentVolumeName", "")))
    claim = ((volume or {}).get("spec") or {}).get("claimRef") or {}
    return [
        key_of(pod)
        for pod in view.list("Pod", node=attachment["spec"]["nodeName"])
        if pod["metadata"]["namespace"] == claim.get("namespace") and claim.get("name") in claims_of(pod)
    ]


def _of_sandbox(change: Change, view: View) -> Iterable[Key]:
    """A Pod of which a process ended, or whose files or processes changed under its probes."""
    old, new = change.old, change.new
    if new is None:
        return _NONE
    if old is None:
        # What starts a process makes its record; anything else changed files that a probe may look at.
        if new["exits"]:
            return (change.key,)
        began = bool(new["processes"])
        return (change.key,) if not began and _has_probes(view.get("Pod", change.key)) else _NONE
    if old.get("exits") != new.get("exits"):
        return (change.key,)
    if old.get("changes") != new.get("changes") and _has_probes(view.get("Pod", change.key)):
        return (change.key,)
    return _NONE


def _of_source(change: Change, view: View) -> Iterable[Key]:
    """The Pods that mount a ConfigMap or Secret that changed."""
    namespace, name = change.key
    found = []
    for pod in view.list("Pod", namespace=namespace):
        if pod["spec"].get("nodeName") and pod["spec"].get("volumes"):
            if any(name in _sources_of(volume) for volume in projected_volumes(pod)):
                found.append(key_of(pod))
    return found


def _sources_of(volume: Obj) -> list[str]:
    """The names of the ConfigMaps and Secrets that a volume shows."""
    parts = [volume, *((volume.get("projected") or {}).get("sources") or ())]
    names = [part["configMap"].get("name", "") for part in parts if part.get("configMap")]
    names += [
        part["secret"].get("secretName") or part["secret"].get("name", "")
        for part in parts
        if part.get("secret")
    ]
    return names


def _of_eviction(change: Change, view: View) -> Iterable[Key]:
    """A Pod that is to be evicted."""
    return _NONE if change.new is None else (change.key,)


def _has_probes(pod: Obj | None) -> bool:
    return pod is not None and traits_of(pod["spec"]).is_probed


_OF_POD = CREATED | REMOVED | SPEC | DELETION | GATED | LABELS | ANNOTATIONS

KUBELET = Component(
    "kubelet",
    (
        Watch("Pod", _of_pod, aspects=_OF_POD),
        Watch("Pod", waiting_beside, aspects=REMOVED | PHASE | SPEC, needs=RECORD),
        Watch("Node", waiting_on),
        Watch("Machine", _of_machine),
        Watch("VolumeAttachment", _of_attachment),
        Watch("Sandbox", _of_sandbox, delay="kubelet_notice"),
        Watch(EVICTION, _of_eviction),
        Watch("ConfigMap", _of_source),
        Watch("Secret", _of_source),
    ),
    plan,
    cache=Addresses,
    cache_kinds=("Pod",),
    cache_aspects=CREATED | REMOVED | SPEC | PHASE | ADDRESSES,
    retry_base_us=1_000_000,
    manager="kubelet",
)
"""Runs the Pods that are bound to a node."""
