"""NodeRestriction: a node may write what is about itself and its own Pods alone.

It is asked about what is no ordinary write, too: a status, an eviction, a token.

Models plugin/pkg/admission/noderestriction/admission.go, pkg/api/pod/util.go
(HasAPIObjectReference) and staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from k8slab.api.errors import not_found
from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj, labels_of
from k8slab.api.validation._pod_annotations import MIRROR
from k8slab.cluster import access, node_access
from k8slab.cluster.admission._plugin import Admission, Request, refusal

_LEASES = "kube-node-lease"
_KUBELET_LABELS = (
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
)
_KUBELET_NAMESPACES = ("kubelet.kubernetes.io", "node.kubernetes.io")
_RESTRICTED_NAMESPACE = "node-restriction.kubernetes.io"


def check(request: Request) -> None:
    """Nothing for whoever is no node. ApiError for what a node may not write."""
    node = node_access.node_of(request.user, request.groups)
    rule = _RULES.get(request.kind.kind)
    if node is None or rule is None:
        return
    if not node:
        raise refusal(request, f"could not determine node from user {go_quote(request.user)}")
    for why in rule(request, node):
        raise refusal(request, why)


def _mutate(request: Request, obj: Obj) -> Obj:
    check(request)
    return obj


def _validate(request: Request) -> None:
    if request.operation == "DELETE":
        check(request)


# The rules: each yields why the request is refused.


def _pod(request: Request, node: str) -> Iterator[str]:
    if request.subresource == "status":
        yield from _pod_status(request, node)
    elif request.subresource:
        only = "only 'status' and 'eviction' are allowed"
        yield f"unexpected pod subresource {go_quote(request.subresource)}, {only}"
    elif request.operation == "CREATE":
        yield from _new_pod(request, node)
    elif request.operation != "DELETE":
        only = f"node {go_quote(node)} can only create and delete mirror pods"
        yield f"unexpected operation {go_quote(request.operation)}, {only}"
    elif (request.old or {"spec": {}})["spec"].get("nodeName") != node:
        yield f"node {go_quote(node)} can only delete pods with spec.nodeName set to itself"


def _new_pod(request: Request, node: str) -> Iterator[str]:
    """A node may make a Pod known that stands for a file of its own, and that leads to nothing else."""
    pod, quoted = request.new or {}, go_quote(node)
    if MIRROR not in (pod["metadata"].get("annotations") or {}):
        only = f"node {quoted} can only create mirror pods"
        yield f"pod does not have {go_quote(MIRROR)} annotation, {only}"
    if pod["spec"].get("nodeName") != node:
        yield f"node {quoted} can only create pods with spec.nodeName set to itself"
    yield from _owner_of_new_pod(request, node)
    leads_to = _reference_of(pod["spec"])
    if leads_to:
        yield f"node {quoted} can not create pods that reference {leads_to}"


def _owner_of_new_pod(request: Request, node: str) -> Iterator[str]:
    owners, quoted = (request.new or {})["metadata"].get("ownerReferences") or (), go_quote(node)
    if len(owners) > 1:
        yield f"node {quoted} can only create pods with a single owner reference set to itself"
    owner = owners[0] if owners else {}
    if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
        yield f"node {quoted} can only create pods with an owner reference set to itself"
    if not owner.get("controller"):
        yield f"node {quoted} can only create pods with a controller owner reference set to itself"
    if owner.get("blockOwnerDeletion"):
        yield f"node {quoted} must not set blockOwnerDeletion on an owner reference"
    stored = request.view.get("Node", ("", node))
    if stored is None:
        raise not_found("node", "", node)
    uid = stored["metadata"]["uid"]
    if owner.get("uid") != uid:
        yield f"node {node} UID mismatch: expected {owner.get('uid', '')} got {uid}"


def _pod_status(request: Request, node: str) -> Iterator[str]:
    new, old, quoted = request.new or {}, request.old or {}, go_quote(node)
    if old["spec"].get("nodeName") != node:
        yield f"node {quoted} can only update pod status for pods with spec.nodeName set to itself"
    if labels_of(new) != labels_of(old):
        yield f"node {quoted} cannot update labels through pod status"
    after, before = new.get("status") or {}, old.get("status") or {}
    if (after.get("resourceClaimStatuses") or []) != (before.get("resourceClaimStatuses") or []):
        yield f"node {quoted} cannot update resource claim statues"
    if after.get("extendedResourceClaimStatus") != before.get("extendedResourceClaimStatus"):
        yield f"node {quoted} cannot update extended resource claim status"


_VOLUMES_THAT_LEAD = {
    "configMap": "configmaps (via configmap volumes)",
    "secret": "secrets (via secret volumes)",
    "csi": "csidrivers (via CSI volumes)",
    "glusterfs": "endpoints (via glusterFS volumes)",
    "persistentVolumeClaim": "persistentvolumeclaims",
    "ephemeral": "persistentvolumeclaims (via ephemeral volumes)",
    "azureFile": "secrets (via azureFile volumes)",
}
_SOURCES_THAT_LEAD = {
    "configMap": "configmaps (via projected volumes)",
    "secret": "secrets (via projected volumes)",
    "serviceAccountToken": "serviceaccounts (via projected volumes)",
    "clusterTrustBundle": "clustertrustbundles",
    "podCertificate": "podcertificates",
}


def _reference_of(spec: Obj) -> str:
    """The first kind of other objects to which a Pod's spec leads."""
    if spec.get("serviceAccountName"):
        return "serviceaccounts"
    if any(node_access.secret_names(spec)):
        return "secrets"
    if any(node_access.config_map_names(spec)):
        return "configmaps"
    if spec.get("resourceClaims"):
        return "resourceclaims"
    for volume in spec.get("volumes") or ():
        found = [text for name, text in _VOLUMES_THAT_LEAD.items() if volume.get(name)]
        for source in (volume.get("projected") or {}).get("sources") or ():
            found += [text for name, text in _SOURCES_THAT_LEAD.items() if source.get(name)]
        if found:
            return found[0]
    return ""


def _eviction(request: Request, node: str) -> Iterator[str]:
    pod = request.view.get("Pod", (request.namespace, request.name))
    if pod is None:
        raise not_found("pod", "", request.name)
    if pod["spec"].get("nodeName") != node:
        yield f"node {node} can only evict pods with spec.nodeName set to itself"


def _node(request: Request, node: str) -> Iterator[str]:
    new, old, quoted = request.new or {}, request.old or {}, go_quote(node)
    if request.name != node:
        yield f"node {quoted} is not allowed to modify node {go_quote(request.name)}"
    if request.operation == "CREATE":
        if (new.get("spec") or {}).get("configSource"):
            yield f"node {quoted} is not allowed to create pods with a non-nil configSource"
        labels = _forbidden_labels(labels_of(new), {})
        if labels:
            yield f"node {quoted} is not allowed to set the following labels: {', '.join(labels)}"
    if request.operation != "UPDATE":
        return
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if after.get("configSource") and after["configSource"] != before.get("configSource"):
        yield f"node {quoted} is not allowed to update configSource to a new non-nil configSource"
    if (after.get("taints") or []) != (before.get("taints") or []):
        yield f"node {quoted} is not allowed to modify taints"
    owners = [one["metadata"].get("ownerReferences") or [] for one in (new, old)]
    if owners[0] != owners[1]:
        yield f"node {quoted} is not allowed to modify ownerReferences"
    labels = _forbidden_labels(labels_of(new), labels_of(old))
    if labels:
        yield f"is not allowed to modify labels: {', '.join(labels)}"


def _forbidden_labels(new: Obj, old: Obj) -> list[str]:
    """The labels in which two maps differ and that a node may not set."""
    changed = {name for name in {**new, **old} if new.get(name) != old.get(name)}
    return sorted(name for name in changed if _is_forbidden(name))


def _is_forbidden(label: str) -> bool:
    namespace = label.partition("/")[0] if "/" in label else ""
    if _is_within(namespace, _RESTRICTED_NAMESPACE):
        return True
    if not _is_within(namespace, "kubernetes.io") and not _is_within(namespace, "k8s.io"):
        return False
    return label not in _KUBELET_LABELS and not any(_is_within(namespace, one) for one in _KUBELET_NAMESPACES)


def _is_within(namespace: str, of: str) -> bool:
    return namespace == of or namespace.endswith(f".{of}")


_STATUS_OF_CLAIM = ("capacity", "conditions", "allocatedResourceStatuses", "allocatedResources")


def _claim(request: Request, node: str) -> Iterator[str]:
    if request.subresource != "status":
        yield "may only update PVC status"

    def bare(claim: Obj) -> Obj:
        metadata = dict(claim["metadata"])
        for field in ("resourceVersion", "managedFields"):
            metadata.pop(field, None)
        status = claim.get("status") or {}
        rest = {name: value for name, value in status.items() if name not in _STATUS_OF_CLAIM}
        return {**claim, "metadata": metadata, "status": rest}

    if bare(request.new or {"metadata": {}}) != bare(request.old or {"metadata": {}}):
        yield (
            f"node {go_quote(node)} is not allowed to update fields other than status.quantity and "
            "status.conditions"
        )


def _lease(request: Request, node: str) -> Iterator[str]:
    if request.namespace != _LEASES:
        yield f"can only access leases in the {go_quote(_LEASES)} system namespace"
    if request.name != node:
        yield "can only access node lease with the same name as the requesting node"


def _csi_node(request: Request, node: str) -> Iterator[str]:
    if request.name != node:
        yield "can only access CSINode with the same name as the requesting node"


def _slice(request: Request, node: str) -> Iterator[str]:
    verb = {"CREATE": "create", "DELETE": "delete"}.get(request.operation)
    judged = request.new if request.operation == "CREATE" else request.old
    if verb and (judged or {"spec": {}})["spec"].get("nodeName") != node:
        yield f"can only {verb} ResourceSlice with the same NodeName as the requesting node"


# Tokens: for the Pods of the node alone, and for the audiences that they ask for.


def _token(request: Request, node: str) -> Iterator[str]:
    spec = (request.new or {}).get("spec") or {}
    reference = spec.get("boundObjectRef") or {}
    if (reference.get("apiVersion"), reference.get("kind")) != ("v1", "Pod") or not reference.get("name"):
        yield "node requested token not bound to a pod"
    if not reference.get("uid"):
        yield "node requested token with a pod binding without a uid"
    pod = request.view.get("Pod", (request.namespace, reference["name"]))
    if pod is None:
        raise not_found("pod", "", reference["name"])
    if pod["metadata"]["uid"] != reference["uid"]:
        yield (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
    if pod["spec"].get("nodeName") != node:
        yield "node requested token bound to a pod scheduled on a different node"
    yield from _audience(request, pod, spec.get("audiences") or [])


def _audience(request: Request, pod: Obj, audiences: list[str]) -> Iterator[str]:
    if len(audiences) > 1:
        yield "node may only request 0 or 1 audiences"
    audience = audiences[0] if audiences else ""
    if audience in _audiences_of(request, pod):
        return
    asked = access.Attributes(
        request.user,
        request.groups,
        "request-serviceaccounts-token-audience",
        resource=audience,
        namespace=request.namespace,
        name=request.name,
    )
    if not access.authorize(request.view, asked).allowed:
        yield (
            f"audience {go_quote(audience)} not found in pod spec volume, {request.user} is not authorized "
            "to request tokens for this audience"
        )


def _audiences_of(request: Request, pod: Obj) -> Iterator[str]:
    """The audiences for which a Pod's volumes ask for tokens, themselves or through their CSI drivers."""
    view, namespace = request.view, pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if "serviceAccountToken" in source:
                yield source["serviceAccountToken"].get("audience", "")
        driver = (volume.get("csi") or {}).get("driver", "")
        claim_name = (volume.get("persistentVolumeClaim") or {}).get("claimName", "")
        if volume.get("ephemeral"):
            claim_name = f"{pod['metadata']['name']}-{volume['name']}"
        claim = view.get("PersistentVolumeClaim", (namespace, claim_name)) if claim_name else None
        stored = view.get("PersistentVolume", ("", (claim or {"spec": {}})["spec"].get("volumeName", "")))
        driver = driver or ((stored or {"spec": {}})["spec"].get("csi") or {}).get("driver", "")
        known = view.get("CSIDriver", ("", driver)) if driver else None
        for asked in (known or {"spec": {}})["spec"].get("tokenRequests") or ():
            yield asked.get("audience", "")


_RULES: dict[str, Callable[[Request, str], Iterator[str]]] = {
    "Pod": _pod,
    "Eviction": _eviction,
    "Node": _node,
    "PersistentVolumeClaim": _claim,
    "TokenRequest": _token,
    "Lease": _lease,
    "CSINode": _csi_node,
    "ResourceSlice": _slice,
}

ADMISSION = Admission(
    "NodeRestriction",
    _mutate,
    _validate,
    kinds=tuple(_RULES),
    operations=("CREATE", "UPDATE", "DELETE"),
    on_status=True,
)
