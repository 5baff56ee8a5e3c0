"""The row of an object that says nothing of itself.

A watch that is shown as tables has such a row in its bookmarks: they are objects of the kind
with a resourceVersion and an annotation, and are printed like any other.

Models pkg/printers/internalversion/printers.go, v1.36, as a real API server of that version
was seen to print them.
"""

from __future__ import annotations

from typing import Any

_ROWS: dict[str, tuple[Any, ...]] = {
    "APIService": ("", "Local", "Unknown", "<unknown>"),
    "CSIDriver": ("", True, False, False, "<unset>", False, "<none>", "<unknown>"),
    "CSINode": ("", 0, "<unknown>"),
    "CSIStorageCapacity": ("", "0001-01-01T00:00:00Z"),
    "CertificateSigningRequest": ("", "<unknown>", "<none>", "", "<none>", "Pending"),
    "ClusterRole": ("", "0001-01-01T00:00:00Z"),
    "ClusterRoleBinding": ("", "/", "<unknown>", "", "", ""),
    "ConfigMap": ("", 0, "<unknown>"),
    "ControllerRevision": ("", "<none>", 0, "<unknown>"),
    "CronJob": ("", "", "<none>", "<unset>", 0, "<none>", "<unknown>", "", "", "<none>"),
    "CustomResourceDefinition": ("", "0001-01-01T00:00:00Z"),
    "DaemonSet": ("", 0, 0, 0, 0, 0, "<none>", "<unknown>", "", "", "<none>"),
    "Deployment": ("", "0/0", 0, 0, "<unknown>", "", "", ""),
    "DeviceClass": ("", "<unknown>"),
    "EndpointSlice": ("", "", "<unset>", "<unset>", "<unknown>"),
    "Endpoints": ("", "<none>", "<unknown>"),
    "Event": ("<unknown>", "", "", "", "", "", "", "<unknown>", 1, ""),
    "FlowSchema": ("", "", 0, "<none>", "<unknown>", "?"),
    "HorizontalPodAutoscaler": ("", "/", "<none>", "<unset>", 0, 0, "<unknown>"),
    "IPAddress": ("", "<none>", "<unknown>"),
    "Ingress": ("", "<none>", "*", "", "80", "<unknown>"),
    "IngressClass": ("", "", "<none>", "<unknown>"),
    "Job": ("", "Running", "0/1", "", "<unknown>", "", "", "<none>"),
    "Lease": ("", "", "<unknown>"),
    "LimitRange": ("", "0001-01-01T00:00:00Z"),
    "MutatingAdmissionPolicy": ("", 0, "<unset>", "<unknown>"),
    "MutatingAdmissionPolicyBinding": ("", "", "<unset>", "<unknown>"),
    "MutatingWebhookConfiguration": ("", 0, "<unknown>"),
    "Namespace": ("", "", "<unknown>"),
    "NetworkPolicy": ("", "<none>", "<unknown>"),
    "Node": (
        "",
        "Unknown",
        "<none>",
        "<unknown>",
        "",
        "<none>",
        "<none>",
        "<unknown>",
        "<unknown>",
        "<unknown>",
    ),
    "PersistentVolume": ("", "0", "", "", "", "", "", "<unset>", "", "<unknown>", "<unset>"),
    "PersistentVolumeClaim": ("", "", "", "", "", "", "<unset>", "<unknown>", "<unset>"),
    "Pod": ("", "0/0", "", "0", "<unknown>", "<none>", "<none>", "<none>", "<none>"),
    "PodDisruptionBudget": ("", "N/A", "N/A", 0, "<unknown>"),
    "PodTemplate": ("", "", "", "<none>"),
    "PriorityClass": ("", 0, False, "<unknown>", ""),
    "PriorityLevelConfiguration": ("", "", "<none>", "<none>", "<none>", "<none>", "<unknown>"),
    "ReplicaSet": ("", 0, 0, 0, "<unknown>", "", "", "<none>"),
    "ReplicationController": ("", 0, 0, 0, "<unknown>", "", "", "<none>"),
    "ResourceClaim": ("", "pending", "<unknown>"),
    "ResourceClaimTemplate": ("", "<unknown>"),
    "ResourceQuota": ("", "", "", "<unknown>"),
    "ResourceSlice": ("", "", "", "", "<unknown>"),
    "Role": ("", "0001-01-01T00:00:00Z"),
    "RoleBinding": ("", "/", "<unknown>", "", "", ""),
    "RuntimeClass": ("", "", "<unknown>"),
    "Secret": ("", "", 0, "<unknown>"),
    "Service": ("", "", "<none>", "<unknown>", "<none>", "<unknown>", "<none>"),
    "ServiceAccount": ("", "<unknown>"),
    "ServiceCIDR": ("", "", "<unknown>"),
    "StatefulSet": ("", "0/0", "<unknown>", "", ""),
    "StorageClass": ("", "", "Delete", "Immediate", False, "<unknown>"),
    "ValidatingAdmissionPolicy": ("", 0, "<unset>", "<unknown>"),
    "ValidatingAdmissionPolicyBinding": ("", "", "<unset>", "<unknown>"),
    "ValidatingWebhookConfiguration": ("", 0, "<unknown>"),
    "VolumeAttachment": ("", "", "", "", False, "<unknown>"),
    "VolumeAttributesClass": ("", "", "<unknown>"),
}


def empty_row(kind: str) -> list[Any] | None:
    """The cells of an empty object of a built-in kind; None for any other."""
    found = _ROWS.get(kind)
    return list(found) if found is not None else None
