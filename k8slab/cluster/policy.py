"""The roles and bindings that every cluster has: what its users may do before anybody wrote a Role.

They are not stored: a stored role of the same name goes before.

Models plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, v1.36 (without the
roles of the control plane's own components).
"""

from __future__ import annotations

from functools import cache

from k8slab.api.meta import Obj

_READ = "get list watch"
_WRITE = "create delete deletecollection patch update"
_ALL = "create delete deletecollection get list patch update watch"
_WORKLOADS = "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale"

_VIEW = (
    (
        "",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods "
        "replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
        _READ,
    ),
    (
        "",
        "bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status "
        "resourcequotas resourcequotas/status",
        _READ,
    ),
    ("", "namespaces", _READ),
    (" events.k8s.io", "events", _READ),
    ("discovery.k8s.io", "endpointslices", _READ),
    (
        "apps",
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status "
        "replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale "
        "statefulsets/status",
        _READ,
    ),
    ("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", _READ),
    ("batch", "cronjobs cronjobs/status jobs jobs/status", _READ),
    (
        "extensions",
        "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses "
        "ingresses/status networkpolicies replicasets replicasets/scale replicasets/status "
        "replicationcontrollers/scale",
        _READ,
    ),
    ("policy", "poddisruptionbudgets poddisruptionbudgets/status", _READ),
    ("networking.k8s.io", "ingresses ingresses/status networkpolicies", _READ),
    ("resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates", _READ),
)
_EDIT = (
    ("", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", _READ),
    ("", "serviceaccounts", "impersonate"),
    ("", "pods pods/attach pods/exec pods/portforward pods/proxy", _WRITE),
    ("", "pods/eviction", "create"),
    (
        "",
        "configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
        "serviceaccounts services services/proxy",
        _WRITE,
    ),
    ("", "serviceaccounts/token", "create"),
    (" events.k8s.io", "events", _WRITE),
    ("apps", f"{_WORKLOADS} statefulsets statefulsets/scale", _WRITE),
    ("autoscaling", "horizontalpodautoscalers", _WRITE),
    ("batch", "cronjobs jobs", _WRITE),
    ("extensions", f"{_WORKLOADS} ingresses networkpolicies replicationcontrollers/scale", _WRITE),
    ("policy", "poddisruptionbudgets", _WRITE),
    ("networking.k8s.io", "ingresses networkpolicies", _WRITE),
    ("coordination.k8s.io", "leases", _ALL),
    ("resource.k8s.io", "resourceclaims resourceclaimtemplates", _WRITE),
)
_ADMIN = (
    ("authorization.k8s.io", "localsubjectaccessreviews", "create"),
    ("rbac.authorization.k8s.io", "rolebindings roles", _ALL),
)
_BASIC = (
    ("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
    ("authentication.k8s.io", "selfsubjectreviews", "create"),
)
_HEALTH = "/healthz /livez /readyz /version /version/"
_PATHS = {
    "system:discovery": "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz "
    "/version /version/",
    "system:public-info-viewer": _HEALTH,
    "system:service-account-issuer-discovery": "/.well-known/openid-configuration "
    "/.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
}

_BOUND = (
    ("cluster-admin", ("system:masters",)),
    ("system:basic-user", ("system:authenticated",)),
    ("system:discovery", ("system:authenticated",)),
    ("system:public-info-viewer", ("system:authenticated", "system:unauthenticated")),
    ("system:service-account-issuer-discovery", ("system:serviceaccounts",)),
)


def _rule(groups: str, resources: str, verbs: str) -> Obj:
    return {"verbs": verbs.split(), "apiGroups": groups.split(" "), "resources": resources.split()}


@cache
def default_roles() -> dict[str, tuple[Obj, ...]]:
    """The rules of each ClusterRole that every cluster has."""
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    view = tuple(_rule(*one) for one in _VIEW)
    edit = tuple(_rule(*one) for one in _EDIT) + view
    roles: dict[str, tuple[Obj, ...]] = {
        "admin": tuple(_rule(*one) for one in _ADMIN) + edit,
        "cluster-admin": (everything, {"verbs": ["*"], "nonResourceURLs": ["*"]}),
        "edit": edit,
        "system:basic-user": tuple(_rule(*one) for one in _BASIC),
        "view": view,
    }
    for name, paths in _PATHS.items():
        roles[name] = ({"verbs": ["get"], "nonResourceURLs": paths.split()},)
    return roles


@cache
def default_bindings() -> tuple[Obj, ...]:
    """The ClusterRoleBindings that every cluster has."""
    return tuple(
        {
            "metadata": {"name": role},
            "roleRef": {"kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "Group", "name": group} for group in groups],
        }
        for role, groups in _BOUND
    )
