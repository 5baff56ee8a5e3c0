"""The roles that every cluster has before anybody wrote one, as tables: what users and components may do.

A rule is (verbs, API groups, resources[, names]), or (verbs, paths) for what is no resource.
`k8slab.api.default_roles` makes objects of them; nobody reads these tables until a role is asked for.

Models plugin/pkg/auth/authorizer/rbac/bootstrappolicy/{policy,controller_policy,namespace_policy}.go,
v1.36, with the default feature gates.
"""

from __future__ import annotations

Rule = tuple[str, str] | tuple[str, str, str] | tuple[str, str, str, str]

_READ = "get list watch"
_FOLLOW = "list watch"
_CHANGE = "get list patch update watch"
_WRITE = "create delete deletecollection patch update"
_ALL = "create delete deletecollection get list patch update watch"
_EVENTS: Rule = ("create patch update", " events.k8s.io", "events")

CLUSTER_ROLES: dict[str, tuple[Rule, ...]] = {
    "cluster-admin": (
        ("*", "*", "*"),
        ("*", "*"),
    ),
    "system:aggregate-to-admin": (
        ("create", "authorization.k8s.io", "localsubjectaccessreviews"),
        (_ALL, "rbac.authorization.k8s.io", "rolebindings roles"),
    ),
    "system:aggregate-to-edit": (
        (_READ, "", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
        ("impersonate", "", "serviceaccounts"),
        (_WRITE, "", "pods pods/attach pods/exec pods/portforward pods/proxy"),
        ("create", "", "pods/eviction"),
        (
            _WRITE,
            "",
            "configmaps persistentvolumeclaims replicationcontrollers "
            "replicationcontrollers/scale secrets serviceaccounts services services/proxy",
        ),
        ("create", "", "serviceaccounts/token"),
        (_WRITE, " events.k8s.io", "events"),
        (
            _WRITE,
            "apps",
            "daemonsets deployments deployments/rollback deployments/scale replicasets "
            "replicasets/scale statefulsets statefulsets/scale",
        ),
        (_WRITE, "autoscaling", "horizontalpodautoscalers"),
        (_WRITE, "batch", "cronjobs jobs"),
        (
            _WRITE,
            "extensions",
            "daemonsets deployments deployments/rollback deployments/scale ingresses "
            "networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
        ),
        (_WRITE, "policy", "poddisruptionbudgets"),
        (_WRITE, "networking.k8s.io", "ingresses networkpolicies"),
        (_ALL, "coordination.k8s.io", "leases"),
        (_WRITE, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
    ),
    "system:aggregate-to-view": (
        (
            _READ,
            "",
            "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods "
            "replicationcontrollers replicationcontrollers/scale serviceaccounts services "
            "services/status",
        ),
        (
            _READ,
            "",
            "bindings limitranges namespaces/status pods/log pods/status "
            "replicationcontrollers/status resourcequotas resourcequotas/status",
        ),
        (_READ, "", "namespaces"),
        (_READ, " events.k8s.io", "events"),
        (_READ, "discovery.k8s.io", "endpointslices"),
        (
            _READ,
            "apps",
            "controllerrevisions daemonsets daemonsets/status deployments deployments/scale "
            "deployments/status replicasets replicasets/scale replicasets/status statefulsets "
            "statefulsets/scale statefulsets/status",
        ),
        (_READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
        (_READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
        (
            _READ,
            "extensions",
            "daemonsets daemonsets/status deployments deployments/scale deployments/status "
            "ingresses ingresses/status networkpolicies replicasets replicasets/scale "
            "replicasets/status replicationcontrollers/scale",
        ),
        (_READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
        (_READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
        (_READ, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
    ),
    "system:auth-delegator": (
        ("create", "authentication.k8s.io", "tokenreviews"),
        ("create", "authorization.k8s.io", "subjectaccessreviews"),
    ),
    "system:basic-user": (
        ("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
        ("create", "authentication.k8s.io", "selfsubjectreviews"),
    ),
    "system:certificates.k8s.io:certificatesigningrequests:nodeclient": (
        ("create", "certificates.k8s.io", "certificatesigningrequests/nodeclient"),
    ),
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": (
        ("create", "certificates.k8s.io", "certificatesigningrequests/selfnodeclient"),
    ),
    "system:certificates.k8s.io:kube-apiserver-client-approver": (
        ("approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client"),
    ),
    "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver": (
        ("approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
    ),
    "system:certificates.k8s.io:kubelet-serving-approver": (
        ("approve", "certificates.k8s.io", "signers", "kubernetes.io/kubelet-serving"),
    ),
    "system:certificates.k8s.io:legacy-unknown-approver": (
        ("approve", "certificates.k8s.io", "signers", "kubernetes.io/legacy-unknown"),
    ),
    "system:discovery": (
        ("get", "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/"),
    ),
    "system:heapster": (
        (_READ, "", "events namespaces nodes pods"),
        (_READ, "extensions", "deployments"),
    ),
    "system:kube-aggregator": ((_READ, "", "endpoints services"),),
    "system:kube-controller-manager": (
        _EVENTS,
        ("create", "coordination.k8s.io", "leases"),
        ("get update", "coordination.k8s.io", "leases", "kube-controller-manager"),
        ("create", "", "secrets serviceaccounts"),
        ("delete", "", "secrets"),
        ("get", "", "configmaps namespaces secrets serviceaccounts"),
        ("update", "", "secrets serviceaccounts"),
        ("create", "authentication.k8s.io", "tokenreviews"),
        ("create", "authorization.k8s.io", "subjectaccessreviews"),
        (_FOLLOW, "*", "*"),
        ("create", "", "serviceaccounts/token"),
    ),
    "system:kube-dns": ((_FOLLOW, "", "endpoints services"),),
    "system:kube-scheduler": (
        _EVENTS,
        ("create", "coordination.k8s.io", "leases"),
        ("get list update watch", "coordination.k8s.io", "leases", "kube-scheduler"),
        (_ALL, "coordination.k8s.io", "leasecandidates"),
        (_READ, "", "nodes"),
        ("delete get list watch", "", "pods"),
        ("create", "", "bindings pods/binding"),
        ("patch update", "", "pods/status"),
        (_READ, "", "replicationcontrollers services"),
        (_READ, "apps extensions", "replicasets"),
        (_READ, "apps", "statefulsets"),
        (_READ, "policy", "poddisruptionbudgets"),
        (_READ, "", "persistentvolumeclaims persistentvolumes"),
        ("create", "authentication.k8s.io", "tokenreviews"),
        ("create", "authorization.k8s.io", "subjectaccessreviews"),
        (_READ, "storage.k8s.io", "csinodes"),
        (_READ, "storage.k8s.io", "volumeattachments"),
        (_READ, "", "namespaces"),
        (_READ, "storage.k8s.io", "csidrivers"),
        (_READ, "storage.k8s.io", "csistoragecapacities"),
        (_READ, "resource.k8s.io", "deviceclasses"),
        (_CHANGE, "resource.k8s.io", "resourceclaims"),
        (_CHANGE, "resource.k8s.io", "resourceclaims/status"),
        ("update", "", "pods/finalizers"),
        (_READ, "resource.k8s.io", "resourceslices"),
        ("create delete", "resource.k8s.io", "resourceclaims"),
        ("patch update", "resource.k8s.io", "resourceclaims/binding"),
    ),
    "system:kubelet-api-admin": (
        (_READ, "", "nodes"),
        ("proxy", "", "nodes"),
        ("*", "", "nodes/log nodes/metrics nodes/proxy nodes/stats"),
        ("*", "", "nodes/configz nodes/healthz nodes/pods"),
    ),
    "system:monitoring": (
        (
            "get",
            "/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz",
        ),
        ("get", "", "nodes/metrics"),
    ),
    "system:node": (
        ("create", "authentication.k8s.io", "tokenreviews"),
        ("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
        (_READ, "", "services"),
        ("create get list watch", "", "nodes"),
        ("patch update", "", "nodes/status"),
        ("patch update", "", "nodes"),
        _EVENTS,
        (_READ, "", "pods"),
        ("create delete", "", "pods"),
        ("patch update", "", "pods/status"),
        ("create", "", "pods/eviction"),
        (_READ, "", "configmaps secrets"),
        ("get", "", "persistentvolumeclaims persistentvolumes"),
        ("get", "", "endpoints"),
        ("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
        ("create delete get patch update", "coordination.k8s.io", "leases"),
        ("get", "storage.k8s.io", "volumeattachments"),
        ("create", "", "serviceaccounts/token"),
        ("get patch update", "", "persistentvolumeclaims/status"),
        (_READ, "storage.k8s.io", "csidrivers"),
        ("create delete get patch update", "storage.k8s.io", "csinodes"),
        (_READ, "node.k8s.io", "runtimeclasses"),
        ("get", "resource.k8s.io", "resourceclaims"),
        ("deletecollection", "resource.k8s.io", "resourceslices"),
        ("get", "", "serviceaccounts"),
    ),
    "system:node-bootstrapper": (
        ("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
    ),
    "system:node-problem-detector": (
        ("get", "", "nodes"),
        ("patch", "", "nodes/status"),
        _EVENTS,
    ),
    "system:node-proxier": (
        (_FOLLOW, "", "endpoints services"),
        (_READ, "", "nodes"),
        _EVENTS,
        (_FOLLOW, "networking.k8s.io", "servicecidrs"),
        (_FOLLOW, "discovery.k8s.io", "endpointslices"),
    ),
    "system:persistent-volume-provisioner": (
        ("create delete get list watch", "", "persistentvolumes"),
        ("get list update watch", "", "persistentvolumeclaims"),
        (_READ, "storage.k8s.io", "storageclasses"),
        ("watch", "", "events"),
        _EVENTS,
    ),
    "system:public-info-viewer": (("get", "/healthz /livez /readyz /version /version/"),),
    "system:service-account-issuer-discovery": (
        (
            "get",
            "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks "
            "/openid/v1/jwks/",
        ),
    ),
    "system:volume-scheduler": (
        (_CHANGE, "", "persistentvolumes"),
        (_READ, "storage.k8s.io", "storageclasses"),
        (_CHANGE, "", "persistentvolumeclaims"),
    ),
}

CONTROLLER_ROLES: dict[str, tuple[Rule, ...]] = {
    "attachdetach-controller": (
        (_FOLLOW, "", "persistentvolumeclaims persistentvolumes"),
        (_READ, "", "nodes"),
        ("patch update", "", "nodes/status"),
        (_FOLLOW, "", "pods"),
        _EVENTS,
        ("create delete get list watch", "storage.k8s.io", "volumeattachments"),
        (_READ, "storage.k8s.io", "csidrivers"),
        (_READ, "storage.k8s.io", "csinodes"),
    ),
    "certificate-controller": (
        ("delete get list watch", "certificates.k8s.io", "certificatesigningrequests"),
        (
            "update",
            "certificates.k8s.io",
            "certificatesigningrequests/approval certificatesigningrequests/status",
        ),
        ("approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
        (
            "sign",
            "certificates.k8s.io",
            "signers",
            "kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet "
            "kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown",
        ),
        ("create", "authorization.k8s.io", "subjectaccessreviews"),
        _EVENTS,
    ),
    "clusterrole-aggregation-controller": (
        ("escalate get list patch update watch", "rbac.authorization.k8s.io", "clusterroles"),
    ),
    "cronjob-controller": (
        ("get list update watch", "batch", "cronjobs"),
        ("create delete get list patch update watch", "batch", "jobs"),
        ("update", "batch", "cronjobs/status"),
        ("update", "batch", "cronjobs/finalizers"),
        ("delete list watch", "", "pods"),
        _EVENTS,
    ),
    "daemon-set-controller": (
        (_READ, "apps extensions", "daemonsets"),
        ("update", "apps extensions", "daemonsets/status"),
        ("update", "apps extensions", "daemonsets/finalizers"),
        (_FOLLOW, "", "nodes"),
        ("create delete list patch watch", "", "pods"),
        ("create", "", "pods/binding"),
        ("create delete get list patch update watch", "apps", "controllerrevisions"),
        _EVENTS,
    ),
    "deployment-controller": (
        ("get list update watch", "apps extensions", "deployments"),
        ("update", "apps extensions", "deployments/status"),
        ("update", "apps extensions", "deployments/finalizers"),
        ("create delete get list patch update watch", "apps extensions", "replicasets"),
        ("get list update watch", "", "pods"),
        _EVENTS,
    ),
    "device-taint-eviction-controller": (
        ("delete get list watch", "", "pods"),
        ("patch update", "", "pods/status"),
        (_READ, "resource.k8s.io", "resourceclaims"),
        (_READ, "resource.k8s.io", "resourceslices"),
        (_READ, "resource.k8s.io", "deviceclasses"),
        _EVENTS,
    ),
    "disruption-controller": (
        (_READ, "apps extensions", "deployments"),
        (_READ, "apps extensions", "replicasets"),
        (_READ, "", "replicationcontrollers"),
        (_READ, "policy", "poddisruptionbudgets"),
        (_READ, "apps", "statefulsets"),
        ("update", "policy", "poddisruptionbudgets/status"),
        ("patch update", "", "pods/status"),
        ("get", "*", "*/scale"),
        _EVENTS,
    ),
    "endpoint-controller": (
        (_READ, "", "pods services"),
        ("create delete get list update watch", "", "endpoints"),
        ("create", "", "endpoints/restricted"),
        _EVENTS,
    ),
    "endpointslice-controller": (
        (_READ, "", "nodes pods services"),
        ("update", "", "services/finalizers"),
        ("create delete get list update watch", "discovery.k8s.io", "endpointslices"),
        ("create", "discovery.k8s.io", "endpointslices/restricted"),
        _EVENTS,
    ),
    "endpointslicemirroring-controller": (
        (_READ, "", "endpoints services"),
        ("update", "", "services/finalizers"),
        ("update", "", "endpoints/finalizers"),
        ("create delete get list update watch", "discovery.k8s.io", "endpointslices"),
        ("create", "discovery.k8s.io", "endpointslices/restricted"),
        _EVENTS,
    ),
    "ephemeral-volume-controller": (
        (_READ, "", "pods"),
        ("update", "", "pods/finalizers"),
        ("create get list watch", "", "persistentvolumeclaims"),
        _EVENTS,
    ),
    "expand-controller": (
        (_CHANGE, "", "persistentvolumes"),
        ("patch update", "", "persistentvolumeclaims/status"),
        (_READ, "", "persistentvolumeclaims"),
        _EVENTS,
    ),
    "generic-garbage-collector": (
        ("delete get list patch update watch", "*", "*"),
        _EVENTS,
    ),
    "horizontal-pod-autoscaler": (
        (_READ, "autoscaling", "horizontalpodautoscalers"),
        ("update", "autoscaling", "horizontalpodautoscalers/status"),
        ("get update", "*", "*/scale"),
        (_FOLLOW, "", "pods"),
        (_FOLLOW, "metrics.k8s.io", "pods"),
        (_READ, "custom.metrics.k8s.io", "*"),
        (_READ, "external.metrics.k8s.io", "*"),
        _EVENTS,
    ),
    "job-controller": (
        (_CHANGE, "batch", "jobs"),
        ("update", "batch", "jobs/status"),
        ("update", "batch", "jobs/finalizers"),
        ("create delete list patch watch", "", "pods"),
        _EVENTS,
    ),
    "legacy-service-account-token-cleaner": (
        ("get", "", "configmaps", "kube-apiserver-legacy-service-account-token-tracking"),
        ("delete patch", "", "secrets"),
    ),
    "namespace-controller": (
        ("delete get list watch", "", "namespaces"),
        ("update", "", "namespaces/finalize namespaces/status"),
        ("delete deletecollection get list watch", "*", "*"),
    ),
    "node-controller": (
        ("delete get list patch update watch", "", "nodes"),
        ("patch update", "", "nodes/status"),
        ("patch update", "", "pods/status"),
        ("delete get list watch", "", "pods"),
        _EVENTS,
    ),
    "persistent-volume-binder": (
        ("create delete get list update watch", "", "persistentvolumes"),
        ("update", "", "persistentvolumes/status"),
        ("get list update watch", "", "persistentvolumeclaims"),
        ("update", "", "persistentvolumeclaims/status"),
        ("create delete get list watch", "", "pods"),
        (_READ, "storage.k8s.io", "storageclasses"),
        (_FOLLOW, "", "nodes"),
        _EVENTS,
        ("watch", "", "events"),
    ),
    "pod-garbage-collector": (
        ("delete list watch", "", "pods"),
        (_READ, "", "nodes"),
        ("patch", "", "pods/status"),
    ),
    "pv-protection-controller": (
        ("get list update watch", "", "persistentvolumes"),
        _EVENTS,
    ),
    "pvc-protection-controller": (
        ("get list update watch", "", "persistentvolumeclaims"),
        ("update", "", "persistentvolumeclaims/status"),
        (_READ, "", "pods"),
        _EVENTS,
    ),
    "replicaset-controller": (
        ("get list update watch", "apps extensions", "replicasets"),
        ("update", "apps extensions", "replicasets/status"),
        ("update", "apps extensions", "replicasets/finalizers"),
        ("create delete list patch watch", "", "pods"),
        _EVENTS,
    ),
    "replication-controller": (
        ("get list update watch", "", "replicationcontrollers"),
        ("update", "", "replicationcontrollers/status"),
        ("update", "", "replicationcontrollers/finalizers"),
        ("create delete list patch watch", "", "pods"),
        _EVENTS,
    ),
    "resource-claim-controller": (
        (_READ, "", "pods"),
        ("update", "", "pods/finalizers"),
        ("create delete get list watch", "resource.k8s.io", "resourceclaims"),
        ("patch update", "resource.k8s.io", "resourceclaims resourceclaims/status"),
        ("patch update", "", "pods/status"),
        _EVENTS,
        ("patch update", "resource.k8s.io", "resourceclaims/binding"),
    ),
    "resourcequota-controller": (
        (_FOLLOW, "*", "*"),
        ("update", "", "resourcequotas/status"),
        _EVENTS,
    ),
    "root-ca-cert-publisher": (
        ("create update", "", "configmaps"),
        _EVENTS,
    ),
    "route-controller": (
        (_FOLLOW, "", "nodes"),
        ("patch", "", "nodes/status"),
        _EVENTS,
    ),
    "selinux-warning-controller": (
        _EVENTS,
        (_READ, "", "persistentvolumes"),
        (_READ, "", "persistentvolumeclaims"),
        (_READ, "", "pods"),
        (_READ, "storage.k8s.io", "csidrivers"),
    ),
    "service-account-controller": (
        ("create", "", "serviceaccounts"),
        _EVENTS,
    ),
    "service-cidrs-controller": (
        (_CHANGE, "networking.k8s.io", "servicecidrs"),
        ("patch update", "networking.k8s.io", "servicecidrs/finalizers"),
        ("patch update", "networking.k8s.io", "servicecidrs/status"),
        (_READ, "networking.k8s.io", "ipaddresses"),
        _EVENTS,
    ),
    "service-controller": (
        (_READ, "", "services"),
        ("patch update", "", "services/status"),
        (_FOLLOW, "", "nodes"),
        _EVENTS,
    ),
    "statefulset-controller": (
        (_FOLLOW, "", "pods"),
        (_READ, "apps", "statefulsets"),
        ("update", "apps", "statefulsets/status"),
        ("update", "apps", "statefulsets/finalizers"),
        ("create delete get patch update", "", "pods"),
        ("create delete get list patch update watch", "apps", "controllerrevisions"),
        ("create get list watch", "", "persistentvolumeclaims"),
        ("delete update", "", "persistentvolumeclaims"),
        ("update", "", "pods/finalizers"),
        _EVENTS,
    ),
    "ttl-after-finished-controller": (
        ("delete get list watch", "batch", "jobs"),
        _EVENTS,
    ),
    "ttl-controller": (
        ("list patch update watch", "", "nodes"),
        _EVENTS,
    ),
    "validatingadmissionpolicy-status-controller": (
        (_READ, "admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("get patch update", "admissionregistration.k8s.io", "validatingadmissionpolicies/status"),
        _EVENTS,
    ),
    "volumeattributesclass-protection-controller": (
        (_READ, "", "persistentvolumeclaims"),
        (_READ, "", "persistentvolumes"),
        ("get list update watch", "storage.k8s.io", "volumeattributesclasses"),
        _EVENTS,
    ),
}
"""By what follows `system:controller:` in their names."""

ROLES: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("kube-public", "system:controller:bootstrap-signer"): (
        (_READ, "", "configmaps"),
        ("update", "", "configmaps", "cluster-info"),
        _EVENTS,
    ),
    ("kube-system", "extension-apiserver-authentication-reader"): (
        (_READ, "", "configmaps", "extension-apiserver-authentication"),
    ),
    ("kube-system", "system::leader-locking-kube-controller-manager"): (
        ("create get list update watch", "coordination.k8s.io", "leases"),
        ("create get list update watch", "coordination.k8s.io", "leasecandidates"),
    ),
    ("kube-system", "system::leader-locking-kube-scheduler"): (
        ("create get list update watch", "coordination.k8s.io", "leases"),
        ("create get list update watch", "coordination.k8s.io", "leasecandidates"),
    ),
    ("kube-system", "system:controller:bootstrap-signer"): ((_READ, "", "secrets"),),
    ("kube-system", "system:controller:cloud-provider"): (("create get list watch", "", "configmaps"),),
    ("kube-system", "system:controller:token-cleaner"): (
        ("delete get list watch", "", "secrets"),
        _EVENTS,
    ),
}
"""By namespace and name."""

AGGREGATED = {"admin": "", "edit": "admin", "view": "edit"}
"""Each ClusterRole that is made of those labelled for it, and for which one it is labelled itself.

Its own part of the rules is in the role `system:aggregate-to-…`.
"""

CLUSTER_BINDINGS: dict[str, tuple[str, ...]] = {
    "cluster-admin": ("Group system:masters",),
    "system:basic-user": ("Group system:authenticated",),
    "system:discovery": ("Group system:authenticated",),
    "system:kube-controller-manager": ("User system:kube-controller-manager",),
    "system:kube-dns": ("ServiceAccount kube-dns",),
    "system:kube-scheduler": ("User system:kube-scheduler",),
    "system:monitoring": ("Group system:monitoring",),
    "system:node": (),
    "system:node-proxier": ("User system:kube-proxy",),
    "system:public-info-viewer": ("Group system:authenticated", "Group system:unauthenticated"),
    "system:service-account-issuer-discovery": ("Group system:serviceaccounts",),
    "system:volume-scheduler": ("User system:kube-scheduler",),
}
"""The subjects of each ClusterRoleBinding that is named as its role; ServiceAccounts are of kube-system."""

BINDINGS: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("kube-public", "system:controller:bootstrap-signer"): (
        "system:controller:bootstrap-signer",
        ("ServiceAccount bootstrap-signer",),
    ),
    ("kube-system", "system::extension-apiserver-authentication-reader"): (
        "extension-apiserver-authentication-reader",
        ("User system:kube-controller-manager", "User system:kube-scheduler"),
    ),
    ("kube-system", "system::leader-locking-kube-controller-manager"): (
        "system::leader-locking-kube-controller-manager",
        (
            "User system:kube-controller-manager",
            "ServiceAccount kube-controller-manager",
            "ServiceAccount leader-election-controller",
        ),
    ),
    ("kube-system", "system::leader-locking-kube-scheduler"): (
        "system::leader-locking-kube-scheduler",
        ("User system:kube-scheduler", "ServiceAccount kube-scheduler"),
    ),
    ("kube-system", "system:controller:bootstrap-signer"): (
        "system:controller:bootstrap-signer",
        ("ServiceAccount bootstrap-signer",),
    ),
    ("kube-system", "system:controller:cloud-provider"): (
        "system:controller:cloud-provider",
        ("ServiceAccount cloud-provider",),
    ),
    ("kube-system", "system:controller:token-cleaner"): (
        "system:controller:token-cleaner",
        ("ServiceAccount token-cleaner",),
    ),
}
"""The role and the subjects of each RoleBinding, by namespace and name."""
