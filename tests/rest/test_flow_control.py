"""Under which FlowSchema a request falls, and the seats of the priority levels."""

from __future__ import annotations

import pytest

from k8slab.cluster import access
from k8slab.cluster.flow_control import flow_of, nominal_seats
from k8slab.cluster.request import Request
from k8slab.lab import Lab

OWN = """
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: mine}
spec: {type: Limited, limited: {nominalConcurrencyShares: 55, limitResponse: {type: Reject}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: noxu}
spec:
  matchingPrecedence: 1000
  priorityLevelConfiguration: {name: mine}
  rules:
    - subjects: [{kind: User, user: {name: noxu}}]
      nonResourceRules: [{verbs: ["*"], nonResourceURLs: ["*"]}]
      resourceRules: [{verbs: [list], apiGroups: [""], resources: [pods], namespaces: [default]}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: dangling}
spec:
  matchingPrecedence: 2
  priorityLevelConfiguration: {name: missing}
  rules:
    - subjects: [{kind: Group, group: {name: "system:authenticated"}}]
      nonResourceRules: [{verbs: ["*"], nonResourceURLs: ["*"]}]
"""


@pytest.fixture(scope="module")
def lab() -> Lab:
    made = Lab(1)
    made.apply(OWN)
    made.settle()
    return made


PODS, KUBELET = "/api/v1/namespaces/default/pods", ("system:nodes",)
CONTROLLER = "system:serviceaccount:kube-system:job-controller"
FLOWS = [
    pytest.param("admin", ("system:masters",), "GET", PODS, "exempt", id="an-administrator"),
    pytest.param("noxu", (), "GET", "/version", "noxu", id="a-path-of-an-own-schema"),
    pytest.param("noxu", (), "GET", PODS, "noxu", id="a-list-of-an-own-schema"),
    pytest.param("noxu", (), "GET", f"{PODS}/web", "global-default", id="another-verb"),
    pytest.param("noxu", (), "GET", "/api/v1/pods", "global-default", id="all-namespaces"),
    pytest.param("foo", (), "GET", "/version", "global-default", id="anybody"),
    pytest.param("system:anonymous", (), "GET", "/healthz", "probes", id="a-probe"),
    pytest.param("system:anonymous", (), "GET", "/version", "global-default", id="nobody"),
    pytest.param("system:node:node-1", KUBELET, "PUT", "/api/v1/nodes/n/status", "system-node-high", id="n"),
    pytest.param("system:node:node-1", KUBELET, "GET", PODS, "system-nodes", id="a-node"),
    pytest.param(CONTROLLER, (), "GET", PODS, "kube-system-service-accounts", id="a-controller"),
    pytest.param("system:serviceaccount:default:x", (), "GET", PODS, "service-accounts", id="an-account"),
    pytest.param("system:kube-scheduler", (), "GET", PODS, "kube-scheduler", id="the-scheduler"),
    pytest.param("foo", (), "GET", f"{PODS}/web/log", None, id="what-may-take-long"),
]


@pytest.mark.parametrize(("user", "groups", "method", "path", "expected"), FLOWS)
def test_under_which_schema_a_request_falls(
    lab: Lab, user: str, groups: tuple[str, ...], method: str, path: str, expected: str | None
) -> None:
    request = access.identify(lab.world, Request(method, path, user=user, groups=groups))
    flow = flow_of(lab.world, access.attributes_of(request))
    if expected is None:
        assert flow is None
        return
    schema = lab.get(f"flowschema/{expected}")
    level = schema["spec"]["priorityLevelConfiguration"]["name"]
    assert flow is not None
    assert flow.schema_uid == schema["metadata"]["uid"]
    assert flow.level_uid == lab.get(f"prioritylevelconfiguration/{level}")["metadata"]["uid"]


def test_the_seats_of_a_level_are_its_share() -> None:
    assert nominal_seats(Lab(1).world) == {
        "catch-all": 13,
        "exempt": 0,
        "global-default": 49,
        "leader-election": 25,
        "node-high": 98,
        "system": 74,
        "workload-high": 98,
        "workload-low": 245,
    }
