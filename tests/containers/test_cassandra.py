"""Cassandra as its tutorial deploys it: a ring whose members find each other and keep who they are."""

from __future__ import annotations

import re

import pytest

from k8slab.lab import Lab

MANIFEST = """
apiVersion: v1
kind: Service
metadata: {name: cassandra, labels: {app: cassandra}}
spec: {clusterIP: None, ports: [{port: 9042}], selector: {app: cassandra}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: cassandra, labels: {app: cassandra}}
spec:
  serviceName: cassandra
  replicas: 3
  selector: {matchLabels: {app: cassandra}}
  template:
    metadata: {labels: {app: cassandra}}
    spec:
      terminationGracePeriodSeconds: 500
      containers:
      - name: cassandra
        image: gcr.io/google-samples/cassandra:v13
        ports: [{containerPort: 7000}, {containerPort: 7001}, {containerPort: 7199}, {containerPort: 9042}]
        resources: {limits: {cpu: 500m, memory: 1Gi}, requests: {cpu: 500m, memory: 1Gi}}
        lifecycle: {preStop: {exec: {command: [/bin/sh, -c, nodetool drain]}}}
        env:
        - {name: CASSANDRA_SEEDS, value: cassandra-0.cassandra.default.svc.cluster.local}
        - {name: CASSANDRA_CLUSTER_NAME, value: K8Demo}
        - {name: CASSANDRA_DC, value: DC1-K8Demo}
        - {name: CASSANDRA_RACK, value: Rack1-K8Demo}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        readinessProbe:
          exec: {command: [/bin/bash, -c, /ready-probe.sh]}
          initialDelaySeconds: 15
          timeoutSeconds: 5
        volumeMounts: [{name: cassandra-data, mountPath: /cassandra_data}]
  volumeClaimTemplates:
  - metadata: {name: cassandra-data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
ROW = re.compile(r"^([UD]N)  (\S+) +\S+ KiB +32 +(\S+) +(\S{36})  Rack1-K8Demo$", re.MULTILINE)


@pytest.fixture
def lab() -> Lab:
    """The ring of three, all ready."""
    lab = Lab()
    lab.apply(MANIFEST)
    assert lab.run(until="jsonpath={.status.readyReplicas}=3 statefulset/cassandra")
    return lab


def status(lab: Lab, pod: str) -> dict[str, tuple[str, str]]:
    """By host id: what a member thinks of each, and its address."""
    text = lab.kubectl(f"exec {pod} -- nodetool status").stdout
    assert text.startswith("Datacenter: DC1-K8Demo\n======================\nStatus=Up/Down\n")
    return {host_id: (mark, address) for mark, address, _, host_id in ROW.findall(text)}


def addresses(lab: Lab) -> list[str]:
    return sorted(pod["status"]["podIP"] for pod in lab.list("pods", selector="app=cassandra"))


def test_every_member_knows_all_and_owns_its_share(lab: Lab) -> None:
    for number in range(3):
        found = status(lab, f"cassandra-{number}")
        assert sorted(address for _, address in found.values()) == addresses(lab)
        assert {mark for mark, _ in found.values()} == {"UN"}
    assert lab.kubectl("exec cassandra-0 -- nodetool status").stdout.count("66.7%") == 3


def test_a_member_that_moves_stays_who_it_is(lab: Lab) -> None:
    before = status(lab, "cassandra-1")
    lab.kubectl("delete pod cassandra-0 --wait=false")
    lab.settle()
    after = status(lab, "cassandra-2")
    assert list(after) == list(before)
    assert {mark for mark, _ in after.values()} == {"UN"}
    assert sorted(address for _, address in after.values()) == addresses(lab)


def test_a_ring_grows_and_remembers_who_was_taken_away(lab: Lab) -> None:
    lab.scale("statefulset/cassandra", 4)
    lab.settle()
    assert len(status(lab, "cassandra-0")) == 4
    lab.scale("statefulset/cassandra", 2)
    lab.settle()
    assert sorted(mark for mark, _ in status(lab, "cassandra-0").values()) == ["DN", "DN", "UN", "UN"]


def test_who_finds_no_seed_does_not_start(lab: Lab) -> None:
    image = "gcr.io/google-samples/cassandra:v13"
    lab.kubectl(f"run lost --image={image} --env=CASSANDRA_SEEDS=nobody --restart=Never")
    lab.run("1m")
    ended = lab.get("pod/lost")["status"]["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == 3
    assert "Unable to gossip with any peers" in lab.kubectl("logs lost").stdout


def test_nodetool_knows_little_else(lab: Lab) -> None:
    told = lab.kubectl("exec cassandra-0 -- nodetool flush")
    assert told.code == 1
    assert told.stderr.startswith("nodetool: Found unexpected parameters: [flush]\n")
    assert lab.kubectl("exec cassandra-0 -- nodetool drain").code == 0
