"""Whether a Pod's volumes can be mounted yet, and if not, what its Events say about it.

Models pkg/kubelet/volumemanager (WaitForAttachAndMount, desired state of the
world) and pkg/volume/{configmap,secret,projected,csi}, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.memo import remember
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.containers.mounts import is_projected, needs_update
from k8slab.containers.overlay import Overlay
from k8slab.kubelet.fields import UNKNOWN_VOLUMES
from k8slab.kubelet.runtime import Runtime
from k8slab.store.view import View

FIRST_RETRY_US = SECOND_US // 2
LONGEST_RETRY_US = 122 * SECOND_US
"""Back-off between two attempts to mount (`goroutinemap/exponentialbackoff`)."""


SYNC_RETRY_US = 10 * SECOND_US
SYNC_RETRY_SPREAD = 0.5
"""After a look that failed: ten seconds, and up to half of that more (`pod_workers.go`, completeWork)."""


class Problem(NamedTuple):
    """Why a volume cannot be mounted. `silent` while it merely isn't attached yet.

    `ends_sync` where the Pod's whole look ends in an error, after which the kubelet waits longer.
    """

    volume: str
    message: str
    silent: bool = False
    ends_sync: bool = False


def retry_us(problem: Problem, tries: int, chance: float) -> int:
    """How long to wait before the volume is tried again. `chance` is a number in [0, 1)."""
    if problem.ends_sync:
        return SYNC_RETRY_US + int(SYNC_RETRY_US * SYNC_RETRY_SPREAD * chance)
    longest_us = SECOND_US if problem.silent else LONGEST_RETRY_US
    return min(FIRST_RETRY_US << min(tries, 20), longest_us)


def has_slow_volumes(spec: Obj) -> bool:
    """Whether any volume has to be looked at: others are made from nothing, or hold only tokens."""
    volumes = spec.get("volumes")
    return _has_slow(volumes) if volumes else False


@remember
def _has_slow(volumes: list[Obj]) -> bool:
    for volume in volumes:
        if "emptyDir" not in volume and not volume["name"].startswith("kube-api-access-"):
            return True
    return False


def claims_of(pod: Obj) -> list[str]:
    """The names of the claims that a Pod mounts, its generic ephemeral volumes' too."""
    claims: list[str] = []
    if not has_slow_volumes(pod["spec"]):
        return claims
    for volume in pod["spec"]["volumes"]:
        if "persistentVolumeClaim" in volume:
            claims.append(volume["persistentVolumeClaim"]["claimName"])
        elif "ephemeral" in volume:
            claims.append(f"{pod['metadata']['name']}-{volume['name']}")
    return claims


def attached_volumes(view: View, pod: Obj) -> tuple[str, ...]:
    """The volumes of a Pod that were attached to its node, by their unique names."""
    found: dict[str, None] = {}
    for claim_name in claims_of(pod):
        claim = view.get("PersistentVolumeClaim", (pod["metadata"]["namespace"], claim_name))
        volume = view.get("PersistentVolume", ("", ((claim or {}).get("spec") or {}).get("volumeName", "")))
        csi = ((volume or {}).get("spec") or {}).get("csi")
        if csi:
            found[f"kubernetes.io/csi/{csi['driver']}^{csi['volumeHandle']}"] = None
    return tuple(found)


def mounts_record(runtime: Runtime, until_us: int) -> Obj:
    """What is mounted on a node for a Pod: until it is unmounted, or until an instant if one is given."""
    return {
        "apiVersion": "lab",
        "kind": "Mounts",
        "metadata": {"namespace": runtime.node, "name": runtime.uid},
        "spec": {"volumes": list(runtime.held), "untilUs": until_us},
    }


@remember
def _projected_of(volumes: list[Obj]) -> list[Obj]:
    return [
        volume
        for volume in volumes
        if is_projected(volume) and not volume["name"].startswith("kube-api-access-")
    ]


def projected_volumes(pod: Obj) -> list[Obj]:
    """The volumes that show objects of the API and may change; every Pod's own token does not."""
    volumes = pod["spec"].get("volumes")
    return _projected_of(volumes) if volumes else []


def stale_volumes(box: Overlay, pod: Obj) -> list[Obj]:
    """The mounted volumes that show something else than they should, and that can be updated."""
    namespace = pod["metadata"]["namespace"]
    return [
        volume
        for volume in projected_volumes(pod)
        if needs_update(box, pod, volume) and _problem(box, pod, namespace, volume) is None
    ]


def first_problem(view: View, pod: Obj) -> Problem | None:
    """The first volume that cannot be mounted now, or None."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        problem = _problem(view, pod, namespace, volume)
        if problem is not None:
            return problem
    return None


def _problem(view: View, pod: Obj, namespace: str, volume: Obj) -> Problem | None:
    name = volume["name"]
    if "configMap" in volume:
        return _setup_failure(name, _source_fault(view, namespace, "ConfigMap", volume["configMap"]))
    if "secret" in volume:
        source = {**volume["secret"], "name": volume["secret"].get("secretName", "")}
        return _setup_failure(name, _source_fault(view, namespace, "Secret", source))
    if "projected" in volume and not name.startswith("kube-api-access-"):
        for source in volume["projected"].get("sources") or ():
            for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if field in source:
                    fault = _source_fault(view, namespace, kind, source[field])
                    if fault:
                        return _setup_failure(name, fault)
    for kind in UNKNOWN_VOLUMES:
        if kind in volume:
            return _setup_failure(name, f"{kind} volumes are not simulated")
    if "persistentVolumeClaim" in volume:
        return _claim_problem(view, pod, name, volume["persistentVolumeClaim"]["claimName"])
    if "ephemeral" in volume:
        return _claim_problem(view, pod, name, f"{pod['metadata']['name']}-{name}")
    return None


def _setup_failure(volume: str, fault: str) -> Problem | None:
    if not fault:
        return None
    return Problem(volume, f'MountVolume.SetUp failed for volume "{volume}" : {fault}')


def _source_fault(view: View, namespace: str, kind: str, source: Obj) -> str:
    """Why a ConfigMap or Secret cannot be projected; empty where it can."""
    optional = source.get("optional", False)
    obj = view.get(kind, (namespace, source.get("name", "")))
    if obj is None:
        return "" if optional else f'{kind.lower()} "{source.get("name", "")}" not found'
    keys = {**(obj.get("data") or {}), **(obj.get("binaryData") or {})}
    label = "config" if kind == "ConfigMap" else "secret"
    for item in source.get("items") or ():
        if item["key"] not in keys and not optional:
            owner = f"{'configmap ' if kind == 'ConfigMap' else ''}references non-existent {label} key"
            return f"{owner}: {item['key']}"
    return ""


def _claim_problem(view: View, pod: Obj, volume: str, claim_name: str) -> Problem | None:
    namespace = pod["metadata"]["namespace"]
    claim = view.get("PersistentVolumeClaim", (namespace, claim_name))
    prefix = f"Unable to attach or mount volumes: unmounted volumes=[{volume}], unattached volumes=[]"
    failed = f"{prefix}, failed to process volumes=[{volume}]: error processing PVC {namespace}/{claim_name}"
    if claim is None:
        why = f'failed to fetch PVC from API server: persistentvolumeclaims "{claim_name}" not found'
        return Problem(volume, f"{failed}: {why}", ends_sync=True)
    pv_name = claim["spec"].get("volumeName")
    if not pv_name or (claim.get("status") or {}).get("phase") != "Bound":
        return Problem(volume, f"{failed}: PVC is not bound", ends_sync=True)
    pv = view.get("PersistentVolume", ("", pv_name))
    if pv is None:
        why = f'failed to fetch PV {pv_name} from API server: persistentvolumes "{pv_name}" not found'
        return Problem(volume, f"{failed}: {why}", ends_sync=True)
    if "csi" in pv["spec"] and not _is_attached(view, pv_name, pod["spec"]["nodeName"]):
        return Problem(volume, f"volume {pv_name} is not attached yet", silent=True)
    return None


def _is_attached(view: View, pv_name: str, node: str) -> bool:
    for attachment in view.list("VolumeAttachment"):
        spec = attachment["spec"]
        if "deletionTimestamp" in attachment["metadata"]:
            # It is being detached: the Pod waits for the next attachment.
            continue
        if spec["nodeName"] == node and spec["source"].get("persistentVolumeName") == pv_name:
            return bool((attachment.get("status") or {}).get("attached"))
    return False
