"""The guestbook with Redis: what is written to the leader is read from its followers."""

from __future__ import annotations

import pytest

from k8slab.lab import Lab

IMAGES = "us-docker.pkg.dev/google-samples/containers/gke"
FOLLOWER = f"{IMAGES}/gb-redis-follower:v2"
PARTS = (
    ("redis-leader", "{app: redis, role: leader, tier: backend}", "docker.io/redis:6.0.5", 1, 6379),
    ("redis-follower", "{app: redis, role: follower, tier: backend}", FOLLOWER, 2, 6379),
    ("frontend", "{app: guestbook, tier: frontend}", f"{IMAGES}/gb-frontend:v5", 3, 80),
)


def manifests() -> str:
    """The tutorial's Deployments and Services."""
    return "---".join(
        f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, labels: {labels}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {labels}}}
  template:
    metadata: {{labels: {labels}}}
    spec:
      containers:
      - name: main
        image: {image}
        env: [{{name: GET_HOSTS_FROM, value: dns}}]
        resources: {{requests: {{cpu: 100m, memory: 100Mi}}}}
        ports: [{{containerPort: {port}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, labels: {labels}}}
spec: {{ports: [{{port: {port}}}], selector: {labels}}}
"""
        for name, labels, image, replicas, port in PARTS
    )


@pytest.fixture
def lab() -> Lab:
    """The guestbook, and a Pod from which to visit it."""
    lab = Lab()
    assert lab.apply(manifests()).code == 0
    lab.kubectl("run visitor --image=curlimages/curl -- sleep 1d")
    lab.settle()
    return lab


def visited(lab: Lab, path: str, flags: str = "-s") -> str:
    return lab.kubectl(f"exec visitor -- curl {flags} http://frontend/{path}").stdout


def redis(lab: Lab, role: str, command: str) -> str:
    return lab.kubectl(f"exec deploy/redis-{role} -- redis-cli {command}").stdout.strip()


def test_what_one_writes_all_read(lab: Lab) -> None:
    assert visited(lab, "'guestbook.php?cmd=get&key=messages'") == '{"data": ""}'
    assert visited(lab, "'guestbook.php?cmd=set&key=messages&value=,Hello'") == '{"message": "Updated"}'
    assert visited(lab, "'guestbook.php?cmd=get&key=messages'") == '{"data": ",Hello"}'
    assert "<title>Guestbook</title>" in visited(lab, "")


def test_a_follower_reads_and_does_not_write(lab: Lab) -> None:
    redis(lab, "leader", "rpush list a b")
    assert redis(lab, "follower", "lrange list 0 -1") == "a\nb"
    assert redis(lab, "follower", "rpush list c") == "READONLY You can't write against a read only replica."
    assert redis(lab, "leader", "get key") == ""
    assert redis(lab, "follower", "role") == "slave\nredis-leader\n6379\nconnected"
    assert "master_link_status:up" in redis(lab, "follower", "info replication")


def test_followers_keep_what_they_had_while_the_leader_is_away(lab: Lab) -> None:
    redis(lab, "leader", "set key 1")
    for pod in lab.list("pods", selector="role=follower"):
        assert lab.kubectl(f"exec {pod['metadata']['name']} -- redis-cli get key").stdout == "1\n"
    lab.scale("deployment/redis-leader", 0)
    lab.settle()
    assert redis(lab, "follower", "get key") == "1"
    assert "master_link_status:down" in redis(lab, "follower", "info replication")
    assert visited(lab, "'guestbook.php?cmd=set&key=k&value=v'", "-s -o /dev/null -w '%{http_code}'") == "500"
    assert visited(lab, "'guestbook.php?cmd=get&key=key'") == '{"data": "1"}'


def test_a_leader_that_lost_its_memory_empties_its_followers(lab: Lab) -> None:
    redis(lab, "leader", "set key 1")
    assert redis(lab, "follower", "get key") == "1"
    lab.kubectl("rollout restart deployment redis-leader")
    lab.settle()
    assert redis(lab, "follower", "get key") == ""


def test_a_plain_server_replicates_whom_it_is_told_to(lab: Lab) -> None:
    lab.kubectl("run copy --image=redis:7 -- --replicaof redis-leader 6379")
    lab.settle()
    redis(lab, "leader", "set key 7")
    assert lab.kubectl("exec copy -- redis-cli get key").stdout == "7\n"
