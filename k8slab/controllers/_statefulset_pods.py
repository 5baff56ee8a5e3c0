"""The identity of a StatefulSet's Pods: ordinals, names, labels, host names, volumes.

Models pkg/controller/statefulset/stateful_set_utils.go, v1.36.
"""

from __future__ import annotations

import re
from functools import lru_cache

from k8slab.api.meta import Obj, labels_of
from k8slab.controllers._pods import pod_from_template

POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"
REVISION_LABEL = "controller-revision-hash"

_MEMBER = re.compile(r"(.*)-([0-9]+)$", re.DOTALL)
_MAX_ORDINAL = 2**31 - 1


@lru_cache(maxsize=65536)
def parent_and_ordinal(pod_name: str) -> tuple[str, int]:
    """The set's name and the ordinal that a Pod's name tells; `("", -1)` where it tells none."""
    match = _MEMBER.match(pod_name)
    if match is None:
        return "", -1
    ordinal = int(match[2])
    return match[1], ordinal if ordinal <= _MAX_ORDINAL else -1


def ordinal_of(pod: Obj) -> int:
    """The Pod's ordinal, or -1."""
    return parent_and_ordinal(pod["metadata"]["name"])[1]


def is_member(stateful_set: Obj, pod: Obj) -> bool:
    """Whether the Pod's name is one that the set gives."""
    return bool(parent_and_ordinal(pod["metadata"]["name"])[0] == stateful_set["metadata"]["name"])


def start_ordinal(stateful_set: Obj) -> int:
    """The first ordinal: `spec.ordinals.start`, else 0."""
    ordinals = stateful_set["spec"].get("ordinals")
    start: int = ordinals.get("start", 0) if ordinals else 0
    return start


def in_range(stateful_set: Obj, ordinal: int) -> bool:
    """Whether an ordinal is one of those that the set is to have."""
    replicas: int = stateful_set["spec"]["replicas"]
    return 0 <= ordinal - start_ordinal(stateful_set) < replicas


def pod_name(stateful_set: Obj, ordinal: int) -> str:
    """`<set>-<ordinal>`."""
    return f"{stateful_set['metadata']['name']}-{ordinal}"


def claim_name(stateful_set: Obj, claim_template: Obj, ordinal: int) -> str:
    """`<template>-<set>-<ordinal>`."""
    return f"{claim_template['metadata']['name']}-{stateful_set['metadata']['name']}-{ordinal}"


def revision_of(pod: Obj) -> str:
    """The name of the revision that the Pod was made from; empty where it tells none."""
    return labels_of(pod).get(REVISION_LABEL, "")


def identity_matches(stateful_set: Obj, pod: Obj) -> bool:
    """Whether the Pod's name, namespace and pod-name label are those of a member."""
    metadata = pod["metadata"]
    parent, ordinal = parent_and_ordinal(metadata["name"])
    return (
        ordinal >= 0
        and stateful_set["metadata"]["name"] == parent
        and metadata["name"] == pod_name(stateful_set, ordinal)
        and metadata.get("namespace", "") == stateful_set["metadata"].get("namespace", "")
        and labels_of(pod).get(POD_NAME_LABEL) == metadata["name"]
    )


def storage_matches(stateful_set: Obj, pod: Obj) -> bool:
    """Whether each claim template has its volume in the Pod, with the right claim."""
    ordinal = ordinal_of(pod)
    if ordinal < 0:
        return False
    templates = stateful_set["spec"].get("volumeClaimTemplates")
    if not templates:
        return True
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    for template in templates:
        volume = volumes.get(template["metadata"]["name"]) or {}
        source = volume.get("persistentVolumeClaim")
        if not source or source.get("claimName") != claim_name(stateful_set, template, ordinal):
            return False
    return True


def with_identity(stateful_set: Obj, pod: Obj) -> Obj:
    """The Pod with the name, namespace and labels of its ordinal (`updateIdentity`)."""
    ordinal = ordinal_of(pod)
    name = pod_name(stateful_set, ordinal)
    labels = {**labels_of(pod), POD_NAME_LABEL: name, POD_INDEX_LABEL: str(ordinal)}
    namespace = stateful_set["metadata"].get("namespace", "")
    return {**pod, "metadata": {**pod["metadata"], "name": name, "namespace": namespace, "labels": labels}}


def with_storage(stateful_set: Obj, pod: Obj) -> Obj:
    """The Pod with a volume a claim template, in front of its other volumes (`updateStorage`)."""
    templates = stateful_set["spec"].get("volumeClaimTemplates")
    if not templates:
        return pod
    ordinal = ordinal_of(pod)
    volumes = {
        template["metadata"]["name"]: {
            "name": template["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": claim_name(stateful_set, template, ordinal)},
        }
        for template in templates
    }
    kept = [volume for volume in pod["spec"].get("volumes") or () if volume["name"] not in volumes]
    return {**pod, "spec": {**pod["spec"], "volumes": [*volumes.values(), *kept]}}


def new_pod(stateful_set: Obj, template: Obj, revision: str, ordinal: int) -> Obj:
    """The Pod of an ordinal, made from a template at a revision, as it is sent to the API."""
    pod = pod_from_template(template, stateful_set)
    name = pod_name(stateful_set, ordinal)
    labels = {
        **labels_of(pod),
        POD_NAME_LABEL: name,
        POD_INDEX_LABEL: str(ordinal),
        REVISION_LABEL: revision,
    }
    spec = {**pod["spec"], "hostname": name}
    service = stateful_set["spec"].get("serviceName")
    if service:
        spec["subdomain"] = service
    else:
        spec.pop("subdomain", None)
    metadata = {**pod["metadata"], "name": name, "labels": labels}
    return with_storage(stateful_set, {**pod, "metadata": metadata, "spec": spec})


def uses_current_revision(stateful_set: Obj, ordinal: int) -> bool:
    """Whether a Pod missing at this ordinal comes back at the current, not the update revision.

    It does below the partition; without `rollingUpdate`, below the number of
    Pods that are still at the current revision (`newVersionedStatefulSetPod`).
    """
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    offset = ordinal - start_ordinal(stateful_set)
    rolling = strategy.get("rollingUpdate")
    if rolling is not None:
        return bool(offset < rolling.get("partition", 0))
    if strategy.get("type") != "RollingUpdate":
        return False
    return bool(offset < (stateful_set.get("status") or {}).get("currentReplicas", 0))
