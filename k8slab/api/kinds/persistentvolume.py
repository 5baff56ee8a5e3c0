"""PersistentVolume. Models pkg/apis/core/v1/defaults.go and
pkg/registry/core/persistentvolume/strategy.go, v1.36.

A strategy here knows no clock: the first phase began when the volume was
created, and whoever changes the phase writes `lastPhaseTransitionTime` too.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._pod_spec import POD_TABLE
from k8slab.api.kinds._strategy import on_status, on_update
from k8slab.api.meta import Obj, assoc, dig

_TABLE = Table(
    defaults={
        "api.core.v1.PersistentVolumeSpec": {
            "persistentVolumeReclaimPolicy": "Retain",
            "volumeMode": "Filesystem",
        },
        "api.core.v1.PersistentVolumeStatus": {"phase": "Pending"},
    }
)


def _prepare_create(obj: Obj) -> Obj:
    status = {"phase": "Pending"}
    created = obj["metadata"].get("creationTimestamp")
    if created:
        status["lastPhaseTransitionTime"] = created
    return {**obj, "status": status}


_keep_spec = on_status()


def _prepare_status(new: Obj, old: Obj) -> Obj:
    """A phase that stays keeps the time at which it began."""
    new = _keep_spec(new, old)
    began = dig(old, "status", "lastPhaseTransitionTime")
    same_phase = dig(new, "status", "phase") == dig(old, "status", "phase")
    if same_phase and began and dig(new, "status", "lastPhaseTransitionTime") is None:
        return assoc(new, "status", "lastPhaseTransitionTime", began)
    return new


KIND = Kind(
    kind="PersistentVolume",
    group="",
    version="v1",
    plural="persistentvolumes",
    singular="persistentvolume",
    namespaced=False,
    short_names=("pv",),
    subresources=("status",),
    default=defaulter("api.core.v1.PersistentVolume", POD_TABLE, _TABLE),
    prepare_create=_prepare_create,
    prepare_update=on_update(),
    prepare_status=_prepare_status,
    fields=("name",),
)
