"""Which groups and versions an API server announces, and in which order of preference.

Models cmd/kube-apiserver/app/aggregator.go and pkg/controlplane/apiserver/aggregator.go
(DefaultGenericAPIServicePriorities), v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj

MANAGED_LABEL = "kube-aggregator.kubernetes.io/automanaged"
METRICS_NAME = "v1beta1.metrics.k8s.io"
"""The APIService of the metrics API, whose server is an addon and no Pod of the lab."""
CUSTOM_GROUP_PRIORITY, CUSTOM_VERSION_PRIORITY = 1000, 100

PRIORITIES: dict[tuple[str, str], tuple[int, int]] = {
    ("", "v1"): (18000, 1),
    ("admissionregistration.k8s.io", "v1"): (16700, 15),
    ("apiextensions.k8s.io", "v1"): (16700, 15),
    ("apps", "v1"): (17800, 15),
    ("authentication.k8s.io", "v1"): (17700, 15),
    ("authorization.k8s.io", "v1"): (17600, 15),
    ("autoscaling", "v1"): (17500, 15),
    ("autoscaling", "v2"): (17500, 30),
    ("batch", "v1"): (17400, 15),
    ("certificates.k8s.io", "v1"): (17300, 15),
    ("coordination.k8s.io", "v1"): (16500, 15),
    ("discovery.k8s.io", "v1"): (16200, 15),
    ("events.k8s.io", "v1"): (17750, 15),
    ("flowcontrol.apiserver.k8s.io", "v1"): (16100, 21),
    ("networking.k8s.io", "v1"): (17200, 15),
    ("node.k8s.io", "v1"): (16300, 15),
    ("policy", "v1"): (17100, 15),
    ("rbac.authorization.k8s.io", "v1"): (17000, 15),
    ("resource.k8s.io", "v1"): (16200, 21),
    ("scheduling.k8s.io", "v1"): (16600, 15),
    ("storage.k8s.io", "v1"): (16800, 15),
}
"""By group and version: the priority of the group, and that of the version within it.

The aggregator's own group is not among those that it registers."""


def name_of(group: str, version: str) -> str:
    """The name that the APIService of a group and version must have."""
    return f"{version}.{group}"


def local(group: str, version: str, priorities: tuple[int, int], managed: str) -> Obj:
    """The APIService of a group and version that the API server serves itself.

    `managed` is `onstart` or `true`: whether it is kept up from then on.
    """
    spec: Obj = {
        "group": group,
        "groupPriorityMinimum": priorities[0],
        "version": version,
        "versionPriority": priorities[1],
    }
    if not group:
        del spec["group"]
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": name_of(group, version), "labels": {MANAGED_LABEL: managed}},
        "spec": spec,
    }
