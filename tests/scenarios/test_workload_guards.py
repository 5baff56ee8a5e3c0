"""What stands around workloads, in a whole cluster: budgets, quotas, autoscalers, zones."""

from __future__ import annotations

from k8slab.cluster import api
from k8slab.containers.loads import load
from k8slab.lab import Lab

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: main, image: nginx, resources: {requests: {cpu: 100m}}}
"""
BUDGET = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
"""
QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: few}
spec: {hard: {pods: "2"}}
"""
AUTOSCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  minReplicas: 2
  maxReplicas: 6
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics:
  - type: Resource
    resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}
"""


def status_of(lab: Lab, kind: str, name: str) -> dict[str, object]:
    obj = lab.world.get(kind, ("default", name))
    assert obj is not None
    status: dict[str, object] = obj["status"]
    return status


def test_bound_pods_carry_their_nodes_zone():
    lab = Lab(nodes=0)
    for number in range(3):
        lab.add_node(zone=f"zone-{number}")
    lab.apply(WEB)
    lab.settle()
    pods = lab.world.list("Pod", namespace="default")
    zones = [pod["metadata"]["labels"]["topology.kubernetes.io/zone"] for pod in pods]
    assert sorted(zones) == ["zone-0", "zone-1", "zone-2"]
    (replica_set,) = lab.world.list("ReplicaSet", namespace="default")
    assert replica_set["status"]["fullyLabeledReplicas"] == 3


def test_a_budget_is_spent_and_earned_back():
    lab = Lab(nodes=3)
    lab.apply(BUDGET)
    lab.apply(WEB)
    lab.settle()
    assert status_of(lab, "PodDisruptionBudget", "web")["disruptionsAllowed"] == 1
    lab.kubectl("drain node-1 --ignore-daemonsets")
    lab.settle()
    status = status_of(lab, "PodDisruptionBudget", "web")
    assert (status["currentHealthy"], status["disruptionsAllowed"]) == (3, 1)
    assert "disruptedPods" not in status


def test_a_quota_stops_a_deployment_until_something_is_given_back():
    lab = Lab(nodes=3)
    lab.apply(QUOTA)
    lab.settle()
    lab.apply(WEB)
    lab.settle()
    assert status_of(lab, "ResourceQuota", "few")["used"] == {"pods": "2"}
    assert len(lab.world.list("Pod", namespace="default")) == 2
    lab.kubectl("scale deployment web --replicas=1")
    lab.settle()
    assert status_of(lab, "ResourceQuota", "few")["used"] == {"pods": "1"}


def test_an_autoscaler_follows_the_load_up_and_down():
    lab = Lab(nodes=3)
    lab.apply(WEB)
    lab.apply(AUTOSCALER)
    lab.run("1m")
    api.put_internal(lab.world, "Load", ("default", "web"), load("default", "web", cpuMillis=400), 0)
    lab.run("5m")
    assert status_of(lab, "HorizontalPodAutoscaler", "web")["currentReplicas"] == 6
    api.put_internal(lab.world, "Load", ("default", "web"), None, 0)
    lab.run("2m")
    assert status_of(lab, "HorizontalPodAutoscaler", "web")["currentReplicas"] == 6
    lab.run("5m")
    assert status_of(lab, "HorizontalPodAutoscaler", "web")["currentReplicas"] == 2
