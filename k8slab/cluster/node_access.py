"""What a node may do in its own name: read what its Pods name, and write what is about itself.

The user `system:node:NAME` in the group `system:nodes` is a kubelet. What its Pods lead to is
found by looking at them when it is asked: no graph is kept.

Models plugin/pkg/auth/authorizer/node/{node_authorizer,graph}.go, pkg/auth/nodeidentifier,
pkg/api/v1/pod/util.go (VisitPodSecretNames, VisitPodConfigmapNames) and
pkg/api/v1/persistentvolume/util.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj
from k8slab.api.validation._pod_annotations import MIRROR
from k8slab.store.view import View

NODES = "system:nodes"
_PREFIX = "system:node:"
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


class Asked(NamedTuple):
    """What a node asks for; `selected_node` is the node to whose objects a selector limits a list."""

    verb: str
    subresource: str
    namespace: str
    name: str
    selected_node: str


class Opinion(NamedTuple):
    """Whether it is allowed; None where the resource is one that the rules for all nodes speak of."""

    allowed: bool | None
    reason: str = ""


_ALLOWED, _NO, _BY_RULES = Opinion(True), Opinion(False), Opinion(None)


def node_of(user: str, groups: tuple[str, ...]) -> str | None:
    """The name of the node that a user is; empty for one without a name, None for one that is no node."""
    if not user.startswith(_PREFIX) or NODES not in groups:
        return None
    return user.removeprefix(_PREFIX)


def unknown_node(user: str) -> str:
    """Why a node that has no name is refused."""
    return f"unknown node for user {go_quote(user)}"


def opinion(view: View, node: str, group: str, resource: str, asked: Asked) -> Opinion:
    """What is said of a node's request."""
    judge = _JUDGES.get((group, resource))
    return _BY_RULES if judge is None else judge(view, node, asked)


# What a node's Pods lead to.


def secret_names(spec: Obj) -> Iterator[str]:
    """The Secrets that a Pod's spec names."""
    for reference in spec.get("imagePullSecrets") or ():
        yield reference.get("name", "")
    yield from _names_in_variables(spec, "secretRef", "secretKeyRef")
    for volume in spec.get("volumes") or ():
        yield from _secrets_of_source(volume)
        for source in (volume.get("projected") or {}).get("sources") or ():
            yield (source.get("secret") or {}).get("name", "")


def config_map_names(spec: Obj) -> Iterator[str]:
    """The ConfigMaps that a Pod's spec names."""
    yield from _names_in_variables(spec, "configMapRef", "configMapKeyRef")
    for volume in spec.get("volumes") or ():
        yield (volume.get("configMap") or {}).get("name", "")
        for source in (volume.get("projected") or {}).get("sources") or ():
            yield (source.get("configMap") or {}).get("name", "")


def _names_in_variables(spec: Obj, whole: str, part: str) -> Iterator[str]:
    for field in _CONTAINERS:
        for container in spec.get(field) or ():
            for source in container.get("envFrom") or ():
                yield (source.get(whole) or {}).get("name", "")
            for variable in container.get("env") or ():
                yield ((variable.get("valueFrom") or {}).get(part) or {}).get("name", "")


_REFERRING = ("cephfs", "cinder", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos")
"""The sources of volumes that name a Secret in a `secretRef`."""


def _secrets_of_source(volume: Obj) -> Iterator[str]:
    for source in ("azureFile", "secret"):
        yield (volume.get(source) or {}).get("secretName", "")
    for source in _REFERRING:
        yield ((volume.get(source) or {}).get("secretRef") or {}).get("name", "")
    yield ((volume.get("csi") or {}).get("nodePublishSecretRef") or {}).get("name", "")


def _secrets_of_volume(volume: Obj) -> Iterator[tuple[str, str]]:
    """The Secrets, by namespace and name, that a kubelet needs of a PersistentVolume."""
    spec = volume["spec"]
    home = (spec.get("claimRef") or {}).get("namespace", "")
    azure = spec.get("azureFile") or {}
    yield azure.get("secretNamespace") or home, azure.get("secretName", "")
    references = [(spec.get(source) or {}).get("secretRef") or {} for source in _REFERRING]
    driver = spec.get("csi") or {}
    for field in ("nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef"):
        references.append(driver.get(field) or {})
    for reference in references:
        yield reference.get("namespace") or home, reference.get("name", "")


def _claim_names(pod: Obj) -> Iterator[str]:
    for volume in pod["spec"].get("volumes") or ():
        if volume.get("persistentVolumeClaim"):
            yield volume["persistentVolumeClaim"].get("claimName", "")
        elif volume.get("ephemeral"):
            yield f"{pod['metadata']['name']}-{volume['name']}"


def _resource_claims(pod: Obj) -> Iterator[str]:
    status = pod.get("status") or {}
    made = {one["name"]: one.get("resourceClaimName") for one in status.get("resourceClaimStatuses") or ()}
    for claim in pod["spec"].get("resourceClaims") or ():
        yield claim.get("resourceClaimName") or made.get(claim["name"]) or ""
    yield (status.get("extendedResourceClaimStatus") or {}).get("resourceClaimName", "")


def _pods(view: View, node: str) -> list[Obj]:
    """The Pods of a node that may lead to other objects: one that stands for a file of the node does not."""
    pods = view.list("Pod", node=node)
    return [pod for pod in pods if MIRROR not in (pod["metadata"].get("annotations") or {})]


def _pods_in(view: View, node: str, namespace: str) -> list[Obj]:
    return [pod for pod in _pods(view, node) if pod["metadata"]["namespace"] == namespace]


def _volumes(view: View, node: str) -> list[Obj]:
    """The PersistentVolumes whose claims the Pods of a node use."""
    claims = {(pod["metadata"]["namespace"], name) for pod in _pods(view, node) for name in _claim_names(pod)}
    found = []
    for volume in view.list("PersistentVolume"):
        claim = volume["spec"].get("claimRef") or {}
        if (claim.get("namespace", ""), claim.get("name", "")) in claims:
            found.append(volume)
    return found


def _leads_to_secret(view: View, node: str, asked: Asked) -> bool:
    if any(asked.name in secret_names(pod["spec"]) for pod in _pods_in(view, node, asked.namespace)):
        return True
    wanted = (asked.namespace, asked.name)
    return any(wanted in _secrets_of_volume(volume) for volume in _volumes(view, node))


def _leads_to_config_map(view: View, node: str, asked: Asked) -> bool:
    return any(asked.name in config_map_names(pod["spec"]) for pod in _pods_in(view, node, asked.namespace))


def _leads_to_claim(view: View, node: str, asked: Asked) -> bool:
    return any(asked.name in _claim_names(pod) for pod in _pods_in(view, node, asked.namespace))


def _leads_to_volume(view: View, node: str, asked: Asked) -> bool:
    return any(volume["metadata"]["name"] == asked.name for volume in _volumes(view, node))


def _leads_to_resource_claim(view: View, node: str, asked: Asked) -> bool:
    return any(asked.name in _resource_claims(pod) for pod in _pods_in(view, node, asked.namespace))


def _leads_to_account(view: View, node: str, asked: Asked) -> bool:
    pods = _pods_in(view, node, asked.namespace)
    return any(pod["spec"].get("serviceAccountName") == asked.name for pod in pods)


def _is_own(kind: str) -> Callable[[View, str, Asked], bool]:
    """Whether an object of a kind says of itself that it is of the node."""

    def leads(view: View, node: str, asked: Asked) -> bool:
        obj = view.get(kind, (asked.namespace, asked.name))
        return obj is not None and bool(obj["spec"].get("nodeName") == node)

    return leads


_own_pod, _own_attachment, _own_slice = (
    _is_own(kind) for kind in ("Pod", "VolumeAttachment", "ResourceSlice")
)


# The judges, one a resource.


def _related(leads: Callable[[View, str, Asked], bool], view: View, node: str, asked: Asked) -> Opinion:
    if not asked.name:
        return Opinion(False, "No Object name found")
    if leads(view, node, asked):
        return _ALLOWED
    return Opinion(False, f"no relationship found between node '{node}' and this object")


def _readable(leads: Callable[[View, str, Asked], bool]) -> Callable[[View, str, Asked], Opinion]:
    """Objects of a namespace that may be got, listed and watched one by one."""

    def judge(view: View, node: str, asked: Asked) -> Opinion:
        if asked.verb not in ("get", "list", "watch"):
            return Opinion(False, "can only read resources of this type")
        if asked.subresource:
            return Opinion(False, "cannot read subresource")
        if not asked.namespace:
            return Opinion(False, "can only read namespaced object of this type")
        return _related(leads, view, node, asked)

    return judge


def _gettable(leads: Callable[[View, str, Asked], bool]) -> Callable[[View, str, Asked], Opinion]:
    """Objects that may only be got."""

    def judge(view: View, node: str, asked: Asked) -> Opinion:
        if asked.verb != "get":
            return Opinion(False, "can only get individual resources of this type")
        if asked.subresource:
            return Opinion(False, "cannot get subresource")
        return _related(leads, view, node, asked)

    return judge


def _claim(view: View, node: str, asked: Asked) -> Opinion:
    if asked.subresource != "status":
        return _gettable(_leads_to_claim)(view, node, asked)
    if asked.verb not in ("update", "patch"):
        return Opinion(False, "can only get/update/patch this type")
    return _related(_leads_to_claim, view, node, asked)


def _account(view: View, node: str, asked: Asked) -> Opinion:
    if asked.verb == "get" and not asked.subresource:
        return _readable(_leads_to_account)(view, node, asked)
    if asked.verb != "create" or not asked.name:
        return Opinion(False, "can only create tokens for individual service accounts")
    if asked.subresource != "token":
        return Opinion(False, "can only create token subresource of serviceaccount")
    return _related(_leads_to_account, view, node, asked)


_WRITES = ("get", "create", "update", "patch", "delete")


def _lease(view: View, node: str, asked: Asked) -> Opinion:
    if asked.verb not in _WRITES:
        return Opinion(False, "can only get, create, update, patch, or delete a node lease")
    if asked.namespace != "kube-node-lease":
        return Opinion(False, 'can only access leases in the "kube-node-lease" system namespace')
    if asked.verb != "create" and asked.name != node:
        return Opinion(False, "can only access node lease with the same name as the requesting node")
    return _ALLOWED


def _csi_node(view: View, node: str, asked: Asked) -> Opinion:
    if asked.verb not in _WRITES:
        return Opinion(False, "can only get, create, update, patch, or delete a CSINode")
    if asked.subresource:
        return Opinion(False, "cannot authorize CSINode subresources")
    if asked.verb != "create" and asked.name != node:
        return Opinion(False, "can only access CSINode with the same name as the requesting node")
    return _ALLOWED


def _slice(view: View, node: str, asked: Asked) -> Opinion:
    if asked.subresource:
        return Opinion(False, "cannot authorize ResourceSlice subresources")
    if asked.verb == "create":
        return _ALLOWED
    if asked.verb in ("get", "update", "patch", "delete"):
        return _related(_own_slice, view, node, asked)
    if asked.selected_node == node:
        return _ALLOWED
    why = "can only list/watch/deletecollection resourceslices with nodeName field selector"
    return Opinion(False, why)


def _node(view: View, node: str, asked: Asked) -> Opinion:
    if asked.subresource == "status":
        return _ALLOWED if asked.verb in ("update", "patch") else _NO
    if asked.subresource:
        return _NO
    if asked.verb in ("create", "update", "patch"):
        return _ALLOWED
    if asked.verb not in ("get", "list", "watch"):
        return _NO
    if asked.name == node:
        return _ALLOWED
    if not asked.name:
        return Opinion(False, f"node '{node}' cannot read all nodes, only its own Node object")
    return Opinion(False, f"node '{node}' cannot read '{asked.name}', only its own Node object")


def _pod(view: View, node: str, asked: Asked) -> Opinion:
    wanted = (asked.subresource, asked.verb)
    if wanted in _POD_WRITES:
        return _ALLOWED
    if wanted == ("", "get"):
        return _related(_own_pod, view, node, asked)
    if wanted not in (("", "list"), ("", "watch")):
        return _NO
    if asked.selected_node == node:
        return _ALLOWED
    if asked.name:
        return _related(_own_pod, view, node, asked)
    return Opinion(False, "can only list/watch pods with spec.nodeName field selector")


_POD_WRITES = (
    ("", "create"),
    ("", "delete"),
    ("status", "update"),
    ("status", "patch"),
    ("eviction", "create"),
)
"""What a node may write of Pods; whose they must be is NodeRestriction's to say."""

_JUDGES: dict[tuple[str, str], Callable[[View, str, Asked], Opinion]] = {
    ("", "secrets"): _readable(_leads_to_secret),
    ("", "configmaps"): _readable(_leads_to_config_map),
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _gettable(_leads_to_volume),
    ("", "serviceaccounts"): _account,
    ("", "nodes"): _node,
    ("", "pods"): _pod,
    ("resource.k8s.io", "resourceclaims"): _gettable(_leads_to_resource_claim),
    ("resource.k8s.io", "resourceslices"): _slice,
    ("storage.k8s.io", "volumeattachments"): _gettable(_own_attachment),
    ("storage.k8s.io", "csinodes"): _csi_node,
    ("coordination.k8s.io", "leases"): _lease,
}


def selected_node(selector: str) -> str:
    """The node to whose objects a field selector limits a list; empty where it doesn't."""
    for term in selector.split(","):
        path, _, value = term.partition("=")
        if path == "spec.nodeName":
            return value.removeprefix("=")
    return ""
