"""Feature gates of v1.36 that decide on fields: a field whose gate is off is dropped from what is written.

A lab begins with v1.36's defaults and can turn further gates on. Only gates
that are off by default need a row here; of those that are on, the fields are
simply there. A field that the stored object has already may stay.

Models pkg/features/kube_features.go, pkg/api/pod/util.go (dropDisabledFields) and the
dropDisabled… functions of pkg/registry/*/*/strategy.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.memo import remember
from k8slab.api.meta import Obj, assoc, dig

Path = tuple[str, ...]
"""Keys into an object; `*` stands for every item of a list or of a map."""

NO_GATES: frozenset[str] = frozenset()

_POD_SPEC_FIELDS: tuple[tuple[str, Path], ...] = (
    ("ClusterTrustBundleProjection", ("volumes", "*", "projected", "sources", "*", "clusterTrustBundle")),
    ("PodCertificateRequest", ("volumes", "*", "projected", "sources", "*", "podCertificate")),
    ("GenericWorkload", ("schedulingGroup",)),
    ("ContainerStopSignals", ("containers", "*", "lifecycle", "stopSignal")),
    ("ContainerStopSignals", ("initContainers", "*", "lifecycle", "stopSignal")),
    ("ContainerStopSignals", ("ephemeralContainers", "*", "lifecycle", "stopSignal")),
)
"""Gate and field of every Pod spec, wherever it stands."""

_POD_SPECS: dict[str, Path] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "ReplicationController": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "Deployment": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}

_FIELDS: dict[str, tuple[tuple[str, Path], ...]] = {
    "StatefulSet": (
        ("MaxUnavailableStatefulSet", ("spec", "updateStrategy", "rollingUpdate", "maxUnavailable")),
    ),
    "Lease": (
        ("CoordinatedLeaderElection", ("spec", "strategy")),
        ("CoordinatedLeaderElection", ("spec", "preferredHolder")),
    ),
    "CSIDriver": (("VolumeLimitScaling", ("spec", "preventPodSchedulingIfMissing")),),
    "ResourceSlice": (
        ("DRANodeAllocatableResources", ("spec", "devices", "*", "nodeAllocatableResourceMappings")),
        *(
            ("DRAListTypeAttributes", ("spec", "devices", "*", "attributes", "*", name))
            for name in ("bools", "ints", "strings", "versions")
        ),
    ),
}
"""Gate and field of whole objects, by kind."""


def _has(value: Any, path: Path) -> bool:
    """Whether anything stands at a path."""
    for depth, key in enumerate(path):
        if key == "*":
            items = value.values() if isinstance(value, dict) else value or ()
            return any(_has(item, path[depth + 1 :]) for item in items)
        if not isinstance(value, dict):
            return False
        value = value.get(key)
        if value is None:
            return False
    return True


def _without(value: Any, path: Path) -> Any:
    """A copy without what stands at a path; the same value where nothing does."""
    if not _has(value, path):
        return value
    key, *rest = path
    if key == "*":
        if isinstance(value, dict):
            return {name: _without(item, tuple(rest)) for name, item in value.items()}
        return [_without(item, tuple(rest)) for item in value]
    if not rest:
        return {name: item for name, item in value.items() if name != key}
    return {**value, key: _without(value[key], tuple(rest))}


def _without_stop_signal(obj: Obj, path: Path) -> Obj:
    """Without the signal, and without a lifecycle that says nothing else."""
    if _has(obj, path) and path[-3] == "*":
        containers = dig(obj, *path[:-3])
        kept = [_without_signal(one) for one in containers]
        changed: Obj = assoc(obj, *path[:-3], kept)
        return changed
    return obj


def _without_signal(container: Any) -> Any:
    lifecycle = container.get("lifecycle") if isinstance(container, dict) else None
    if not lifecycle or lifecycle.get("stopSignal") is None:
        return container
    rest = {name: hook for name, hook in lifecycle.items() if name != "stopSignal"}
    if rest:
        return {**container, "lifecycle": rest}
    return {name: value for name, value in container.items() if name != "lifecycle"}


def _gated_fields(spec: Obj) -> tuple[tuple[str, Path], ...]:
    return tuple(row for row in _POD_SPEC_FIELDS if _has(spec, row[1]))


_gated_pod_fields = remember(_gated_fields, nameless=True)
"""The rows that concern a Pod spec; nearly always none, and remembered by the spec's identity."""


def drop_disabled(kind: str, new: Obj, old: Obj | None, gates: frozenset[str] = NO_GATES) -> Obj:
    """The object without the fields of gates that are off, unless the stored one has them already.

    `gates` are those that are on beside v1.36's defaults.
    """
    where = _POD_SPECS.get(kind)
    if old is not None and new.get("spec") is old.get("spec") and (where is None or where[0] == "spec"):
        # Every gated field of such a kind lies in the spec, and the stored object has this very one.
        return new
    if where is not None:
        spec = dig(new, *where)
        for gate, path in _gated_pod_fields(spec) if spec else ():
            if gate not in gates and not _has(old, where + path):
                new = (
                    _without_stop_signal(new, where + path)
                    if path[-1] == "stopSignal"
                    else _without(new, where + path)
                )
    for gate, path in _FIELDS.get(kind, ()):
        if gate not in gates and not (old is not None and _has(old, path)):
            new = _without(new, path)
    return new


def default_enabled(kind: str, obj: Obj, gates: frozenset[str]) -> Obj:
    """Defaults that exist only while a gate is on."""
    if kind == "StatefulSet" and "MaxUnavailableStatefulSet" in gates:
        rolling = dig(obj, "spec", "updateStrategy", "rollingUpdate")
        if rolling is not None and rolling.get("maxUnavailable") is None:
            return assoc(obj, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable", 1)
    if kind == "CSIDriver" and "VolumeLimitScaling" in gates:
        if dig(obj, "spec", "preventPodSchedulingIfMissing") is None:
            return assoc(obj, "spec", "preventPodSchedulingIfMissing", False)
    return obj


def conform(kind: str, new: Obj, old: Obj | None, gates: frozenset[str] = NO_GATES) -> Obj:
    """The object as these gates would have it: the fields of others dropped, their own defaults filled in."""
    new = drop_disabled(kind, new, old, gates)
    return default_enabled(kind, new, gates) if gates else new
