"""The FlowSchemas and priority levels that every cluster has: who may ask how much of its API server at once.

Mandatory ones may not be changed (but for what is exempt) and come back when
they are deleted; suggested ones are an administrator's to change.

Models staging/src/k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap/default.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj

_EVERYBODY = ("system:unauthenticated", "system:authenticated")
_ALL_RESOURCES: Obj = {
    "verbs": ["*"],
    "apiGroups": ["*"],
    "resources": ["*"],
    "clusterScope": True,
    "namespaces": ["*"],
}
_ALL_PATHS: Obj = {"verbs": ["*"], "nonResourceURLs": ["*"]}


def _groups(*names: str) -> list[Obj]:
    return [{"kind": "Group", "group": {"name": name}} for name in names]


def _users(*names: str) -> list[Obj]:
    return [{"kind": "User", "user": {"name": name}} for name in names]


def _system_accounts() -> list[Obj]:
    return [{"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": "*"}}]


def _leases(*verbs: str) -> Obj:
    group = "coordination.k8s.io"
    return {"verbs": list(verbs), "apiGroups": [group], "resources": ["leases"], "namespaces": ["*"]}


def _schema(level: str, precedence: int, method: str, subjects: list[Obj], rules: Obj) -> Obj:
    spec: Obj = {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence}
    if method:
        spec["distinguisherMethod"] = {"type": method}
    return {**spec, "rules": [{"subjects": subjects, **rules}]}


def _everything(level: str, precedence: int, method: str, subjects: list[Obj]) -> Obj:
    """A schema for all that these ask."""
    rules = {"resourceRules": [_ALL_RESOURCES], "nonResourceRules": [_ALL_PATHS]}
    return _schema(level, precedence, method, subjects, rules)


def _limited(shares: int, lendable: int, queuing: tuple[int, int] | None) -> Obj:
    """A level with so many shares, of which a percentage may be lent, and so many queues and hands."""
    response: Obj = {"type": "Reject"}
    if queuing is not None:
        sizes = {"queues": queuing[0], "handSize": queuing[1], "queueLengthLimit": 50}
        response = {"type": "Queue", "queuing": sizes}
    limited = {"nominalConcurrencyShares": shares, "limitResponse": response, "lendablePercent": lendable}
    return {"type": "Limited", "limited": limited}


MANDATORY_LEVELS: dict[str, Obj] = {
    "exempt": {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}},
    "catch-all": _limited(5, 0, None),
}
MANDATORY_SCHEMAS: dict[str, Obj] = {
    "exempt": _everything("exempt", 1, "", _groups("system:masters")),
    "catch-all": _everything("catch-all", 10000, "ByUser", _groups(*_EVERYBODY)),
}
SUGGESTED_LEVELS: dict[str, Obj] = {
    "system": _limited(30, 33, (64, 6)),
    "node-high": _limited(40, 25, (64, 6)),
    "leader-election": _limited(10, 0, (16, 4)),
    "workload-high": _limited(40, 50, (128, 6)),
    "workload-low": _limited(100, 90, (128, 6)),
    "global-default": _limited(20, 50, (128, 6)),
}
_PROBES: Obj = {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}
_OF_NODES: Obj = {
    "verbs": ["*"],
    "apiGroups": [""],
    "resources": ["nodes", "nodes/status"],
    "clusterScope": True,
    "namespaces": ["*"],
}
_CONTROLLERS = _users("system:kube-controller-manager")
_SCHEDULER = _users("system:kube-scheduler")
SUGGESTED_SCHEMAS: dict[str, Obj] = {
    "probes": _schema("exempt", 2, "", _groups(*_EVERYBODY), {"nonResourceRules": [_PROBES]}),
    "system-leader-election": _schema(
        "leader-election",
        100,
        "ByUser",
        [*_CONTROLLERS, *_SCHEDULER, *_system_accounts()],
        {"resourceRules": [_leases("get", "create", "update")]},
    ),
    "system-node-high": _schema(
        "node-high", 400, "ByUser", _groups("system:nodes"), {"resourceRules": [_OF_NODES, _leases("*")]}
    ),
    "system-nodes": _everything("system", 500, "ByUser", _groups("system:nodes")),
    "kube-controller-manager": _everything("workload-high", 800, "ByNamespace", _CONTROLLERS),
    "kube-scheduler": _everything("workload-high", 800, "ByNamespace", _SCHEDULER),
    "kube-system-service-accounts": _everything("workload-high", 900, "ByNamespace", _system_accounts()),
    "service-accounts": _everything("workload-low", 9000, "ByUser", _groups("system:serviceaccounts")),
    "global-default": _everything("global-default", 9900, "ByUser", _groups(*_EVERYBODY)),
}

_VERSION = "flowcontrol.apiserver.k8s.io/v1"
_ANNOTATIONS = {"apf.kubernetes.io/autoupdate-spec": "true"}


def first_objects() -> list[Obj]:
    """The objects as the API server creates them: levels first, mandatory ones before suggested ones."""
    tables = (
        ("PriorityLevelConfiguration", {**MANDATORY_LEVELS, **SUGGESTED_LEVELS}),
        ("FlowSchema", {**MANDATORY_SCHEMAS, **SUGGESTED_SCHEMAS}),
    )
    return [
        {
            "apiVersion": _VERSION,
            "kind": kind,
            "metadata": {"name": name, "annotations": _ANNOTATIONS},
            "spec": spec,
        }
        for kind, table in tables
        for name, spec in table.items()
    ]


def dangling(schema: Obj, *, found: bool, when: str) -> Obj:
    """The condition that says whether the priority level of a schema exists."""
    level = schema["spec"]["priorityLevelConfiguration"]["name"]
    end = "it exists" if found else "there is no such object"
    joined = "and" if found else "but"
    text = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}" {joined} {end}'
    return {
        "type": "Dangling",
        "status": "False" if found else "True",
        "lastTransitionTime": when,
        "reason": "Found" if found else "NotFound",
        "message": text,
    }
