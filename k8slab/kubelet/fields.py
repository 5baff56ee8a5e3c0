"""What each field of a Pod does here: a table over the API's schema that a test holds complete.

A field is either simulated as upstream has it, or decided elsewhere (by the
API server, the scheduler, a controller), or it restricts what no program in
here does, so that nobody could tell; or it is not simulated. Then the
kubelet says so in an Event when it takes the Pod, so that nothing is passed
over in silence.

Models staging/src/k8s.io/api/core/v1/types.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from k8slab.api.memo import remember
from k8slab.api.meta import Obj


class Field(NamedTuple):
    """What becomes of a field, and a remark."""

    verdict: str
    remark: str = ""


SIMULATED = Field("simulated")
ELSEWHERE = Field("decided elsewhere")
UNSEEN = "makes no difference"
MISSING = "not simulated"
_BY_LIST = "`ps`, /proc and signals reach each other's processes; they open no files of each other's"
_BY_LOOKING = "`ps` and /proc list the node's processes; Pods send them no signals, open no files of theirs"
_HARDENING = Field(UNSEEN, "restricts system calls that no program in here makes")
_NETWORK_DISK = Field(MISSING, "no such storage is there: the Pod waits, and its Events say so")

_CONTAINER: Mapping[str, Field] = {
    "name": SIMULATED,
    "image": SIMULATED,
    "command": SIMULATED,
    "args": SIMULATED,
    "workingDir": SIMULATED,
    "ports": SIMULATED,
    "envFrom": SIMULATED,
    "env": SIMULATED,
    "resources": Field(
        "simulated",
        "reserved, shown and resized; requests and loads use up CPU, loads memory, files storage",
    ),
    "resizePolicy": SIMULATED,
    "restartPolicy": SIMULATED,
    "restartPolicyRules": SIMULATED,
    "volumeMounts": SIMULATED,
    "volumeDevices": Field(MISSING, "there are no block devices in containers"),
    "livenessProbe": SIMULATED,
    "readinessProbe": SIMULATED,
    "startupProbe": SIMULATED,
    "lifecycle": SIMULATED,
    "terminationMessagePath": SIMULATED,
    "terminationMessagePolicy": SIMULATED,
    "imagePullPolicy": SIMULATED,
    "securityContext": SIMULATED,
    "stdin": SIMULATED,
    "stdinOnce": SIMULATED,
    "tty": SIMULATED,
}

TABLE: Mapping[str, Mapping[str, Field]] = {
    "PodSpec": {
        "volumes": SIMULATED,
        "initContainers": SIMULATED,
        "containers": SIMULATED,
        "ephemeralContainers": SIMULATED,
        "restartPolicy": SIMULATED,
        "terminationGracePeriodSeconds": SIMULATED,
        "activeDeadlineSeconds": SIMULATED,
        "dnsPolicy": SIMULATED,
        "nodeSelector": SIMULATED,
        "serviceAccountName": SIMULATED,
        "serviceAccount": ELSEWHERE,
        "automountServiceAccountToken": ELSEWHERE,
        "nodeName": SIMULATED,
        "hostNetwork": SIMULATED,
        "hostPID": Field("simulated", _BY_LOOKING),
        "hostIPC": Field(UNSEEN, "no program in here shares memory"),
        "shareProcessNamespace": Field("simulated", _BY_LIST),
        "securityContext": SIMULATED,
        "imagePullSecrets": Field(UNSEEN, "no registry asks for credentials"),
        "hostname": SIMULATED,
        "subdomain": SIMULATED,
        "affinity": SIMULATED,
        "schedulerName": ELSEWHERE,
        "tolerations": SIMULATED,
        "hostAliases": SIMULATED,
        "priorityClassName": ELSEWHERE,
        "priority": ELSEWHERE,
        "dnsConfig": SIMULATED,
        "readinessGates": SIMULATED,
        "runtimeClassName": ELSEWHERE,
        "enableServiceLinks": SIMULATED,
        "preemptionPolicy": ELSEWHERE,
        "overhead": SIMULATED,
        "topologySpreadConstraints": ELSEWHERE,
        "setHostnameAsFQDN": SIMULATED,
        "os": SIMULATED,
        "hostUsers": Field(UNSEEN, "no program in here sees the node's users"),
        "schedulingGates": ELSEWHERE,
        "resourceClaims": Field("decided elsewhere", "claims are made and given devices by the scheduler"),
        "resources": SIMULATED,
        "hostnameOverride": SIMULATED,
        "schedulingGroup": ELSEWHERE,
    },
    "Container": _CONTAINER,
    "EphemeralContainer": {
        **_CONTAINER,
        "targetContainerName": Field("simulated", _BY_LIST),
    },
    "SecurityContext": {
        "capabilities": Field("simulated", "told in /proc/PID/status; only NET_ADMIN allows anything"),
        "privileged": SIMULATED,
        "seLinuxOptions": _HARDENING,
        "windowsOptions": Field(UNSEEN, "every node runs Linux"),
        "runAsUser": SIMULATED,
        "runAsGroup": SIMULATED,
        "runAsNonRoot": SIMULATED,
        "readOnlyRootFilesystem": SIMULATED,
        "allowPrivilegeEscalation": _HARDENING,
        "procMount": _HARDENING,
        "seccompProfile": _HARDENING,
        "appArmorProfile": _HARDENING,
    },
    "PodSecurityContext": {
        "seLinuxOptions": _HARDENING,
        "windowsOptions": Field(UNSEEN, "every node runs Linux"),
        "runAsUser": SIMULATED,
        "runAsGroup": SIMULATED,
        "runAsNonRoot": SIMULATED,
        "supplementalGroups": SIMULATED,
        "supplementalGroupsPolicy": SIMULATED,
        "fsGroup": SIMULATED,
        "sysctls": SIMULATED,
        "fsGroupChangePolicy": Field(UNSEEN, "a volume changes hands at once"),
        "seccompProfile": _HARDENING,
        "appArmorProfile": _HARDENING,
        "seLinuxChangePolicy": _HARDENING,
    },
    "VolumeSource": {
        "hostPath": Field(
            "simulated", "a node has no files of its own; missing ones are made whatever the type"
        ),
        "emptyDir": SIMULATED,
        "secret": SIMULATED,
        "persistentVolumeClaim": SIMULATED,
        "downwardAPI": SIMULATED,
        "configMap": SIMULATED,
        "projected": SIMULATED,
        "ephemeral": SIMULATED,
        "image": Field("simulated", "with the files that the lab knows of the image"),
        "csi": _NETWORK_DISK,
        "gcePersistentDisk": _NETWORK_DISK,
        "awsElasticBlockStore": _NETWORK_DISK,
        "gitRepo": _NETWORK_DISK,
        "nfs": _NETWORK_DISK,
        "iscsi": _NETWORK_DISK,
        "glusterfs": _NETWORK_DISK,
        "rbd": _NETWORK_DISK,
        "flexVolume": _NETWORK_DISK,
        "cinder": _NETWORK_DISK,
        "cephfs": _NETWORK_DISK,
        "flocker": _NETWORK_DISK,
        "fc": _NETWORK_DISK,
        "azureFile": _NETWORK_DISK,
        "vsphereVolume": _NETWORK_DISK,
        "quobyte": _NETWORK_DISK,
        "azureDisk": _NETWORK_DISK,
        "photonPersistentDisk": _NETWORK_DISK,
        "portworxVolume": _NETWORK_DISK,
        "scaleIO": _NETWORK_DISK,
        "storageos": _NETWORK_DISK,
    },
    "EmptyDirVolumeSource": {
        "medium": SIMULATED,
        "sizeLimit": SIMULATED,
    },
    "VolumeMount": {
        "name": SIMULATED,
        "readOnly": SIMULATED,
        "recursiveReadOnly": SIMULATED,
        "mountPath": SIMULATED,
        "subPath": SIMULATED,
        "mountPropagation": Field(UNSEEN, "no program in here mounts anything"),
        "subPathExpr": SIMULATED,
    },
    "Lifecycle": {
        "postStart": SIMULATED,
        "preStop": SIMULATED,
        "stopSignal": Field(MISSING, "every container is stopped by SIGTERM"),
    },
    "LifecycleHandler": {
        "exec": SIMULATED,
        "httpGet": SIMULATED,
        "tcpSocket": Field("simulated", "as upstream does: it is refused"),
        "sleep": SIMULATED,
    },
    "Probe": {
        "exec": SIMULATED,
        "httpGet": SIMULATED,
        "tcpSocket": SIMULATED,
        "grpc": SIMULATED,
        "initialDelaySeconds": SIMULATED,
        "timeoutSeconds": SIMULATED,
        "periodSeconds": SIMULATED,
        "successThreshold": SIMULATED,
        "failureThreshold": SIMULATED,
        "terminationGracePeriodSeconds": SIMULATED,
    },
    "ContainerPort": {
        "name": SIMULATED,
        "hostPort": SIMULATED,
        "containerPort": SIMULATED,
        "protocol": SIMULATED,
        "hostIP": SIMULATED,
    },
    "EnvVarSource": {
        "fieldRef": SIMULATED,
        "resourceFieldRef": SIMULATED,
        "configMapKeyRef": SIMULATED,
        "secretKeyRef": SIMULATED,
        "fileKeyRef": SIMULATED,
    },
    "EnvFromSource": {"prefix": SIMULATED, "configMapRef": SIMULATED, "secretRef": SIMULATED},
    "ResourceRequirements": {
        "limits": SIMULATED,
        "requests": SIMULATED,
        "claims": Field(MISSING, "no driver prepares devices"),
    },
}
"""By type and field."""

UNKNOWN_VOLUMES = tuple([name for name, field in TABLE["VolumeSource"].items() if field.verdict == MISSING])
"""The volumes that no node can mount."""


_MISSING_OF_POD = frozenset([name for name, field in TABLE["PodSpec"].items() if field.verdict == MISSING])


def passed_over(spec: Obj) -> Iterator[tuple[str, str]]:
    """The fields that a Pod sets and that are not simulated: paths and why.

    Volumes say so themselves, when they can't be mounted.
    """
    if not _MISSING_OF_POD.isdisjoint(spec):
        yield from _of("PodSpec", spec, "spec")
    for field in ("initContainers", "containers", "ephemeralContainers"):
        if spec.get(field):
            yield from _of_containers(spec[field])
    if spec.get("volumes"):
        yield from _of_volumes(spec["volumes"])


def _in_containers(containers: list[Obj]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for container in containers:
        path = f"spec container {container['name']}"
        kind = "EphemeralContainer" if "targetContainerName" in container else "Container"
        found += _of(kind, container, path)
        found += _of("Lifecycle", container.get("lifecycle"), f"{path} lifecycle")
        found += _of("ResourceRequirements", container.get("resources"), f"{path} resources")
    return tuple(found)


def _in_volumes(volumes: list[Obj]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for volume in volumes:
        path = f"spec volume {volume['name']} emptyDir"
        found += _of("EmptyDirVolumeSource", volume.get("emptyDir"), path)
    return tuple(found)


# The Pods of one template share these lists.
_of_containers = remember(_in_containers, nameless=True)
_of_volumes = remember(_in_volumes)


def _of(kind: str, obj: Obj | None, path: str) -> Iterator[tuple[str, str]]:
    for name in obj or ():
        field = TABLE[kind].get(name)
        if field is not None and field.verdict == MISSING and (obj or {}).get(name):
            yield f"{path} {name}", field.remark


def as_text() -> str:
    """The table for people to read."""
    lines = ["# What each field of a Pod does", "", __doc__.split("\n\n")[1].replace("\n", " "), ""]
    for kind, fields in TABLE.items():
        lines += [f"## {kind}", "", "| field | here | remark |", "|---|---|---|"]
        lines += [f"| `{name}` | {field.verdict} | {field.remark} |" for name, field in fields.items()]
        lines.append("")
    return "\n".join(lines)
