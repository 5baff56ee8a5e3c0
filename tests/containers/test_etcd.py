"""etcd as a StatefulSet: who is asked, who answers, what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8slab import Lab
from k8slab.containers.programs import etcd

MANIFEST = Path(__file__).parents[2] / "notebooks" / "manifests" / "etcd-statefulset.yaml"


@pytest.fixture
def cluster() -> Lab:
    """Three members on three nodes, all ready."""
    lab = Lab(nodes=3)
    lab.apply(MANIFEST.read_text())
    lab.run("60s")
    assert lab.get("statefulset/etcd")["status"]["readyReplicas"] == 3
    return lab


def etcdctl(lab: Lab, pod: str, line: str) -> tuple[str, str, int]:
    stdout, stderr, code = lab.kubectl(f"exec {pod} -- etcdctl {line}")
    return stdout, stderr, code


def test_what_one_member_takes_all_have(cluster: Lab) -> None:
    assert etcdctl(cluster, "etcd-0", "put /config/colour blue") == ("OK\n", "", 0)
    for pod in ("etcd-0", "etcd-1", "etcd-2"):
        assert etcdctl(cluster, pod, "get /config/colour")[0] == "/config/colour\nblue\n"


def test_a_minority_may_be_missing_and_catches_up(cluster: Lab) -> None:
    node = cluster.get("pod/etcd-2")["spec"]["nodeName"]
    cluster.crash(node)
    assert etcdctl(cluster, "etcd-0", "put /a one")[0] == "OK\n"
    health = etcdctl(cluster, "etcd-0", "endpoint health --cluster")
    assert health[0].count("is healthy") == 2
    assert "etcd-2.etcd:2379 is unhealthy" in health[1]
    cluster.recover(node)
    cluster.run("3m")
    assert etcdctl(cluster, "etcd-2", "get /a --print-value-only")[0] == "one\n"
    cluster.crash(cluster.get("pod/etcd-0")["spec"]["nodeName"])
    assert etcdctl(cluster, "etcd-2", "put /a two")[0] == "OK\n"
    assert etcdctl(cluster, "etcd-1", "get /a --print-value-only")[0] == "two\n"


def test_without_a_majority_nothing_is_answered(cluster: Lab) -> None:
    etcdctl(cluster, "etcd-0", "put /a one")
    for pod in ("etcd-1", "etcd-2"):
        cluster.crash(cluster.get(f"pod/{pod}")["spec"]["nodeName"])
    for line in ("put /a two", "get /a", "del /a"):
        said = etcdctl(cluster, "etcd-0", line)
        assert said[0] == ""
        assert said[1].startswith("Error: context deadline exceeded\n")
        assert said[2] == 1
    assert etcdctl(cluster, "etcd-0", "endpoint status")[0].endswith(
        ", false, false, 2, 5, 5, etcdserver: no leader\n"
    )
    cluster.run("3m")
    ready = {one["type"]: one["status"] for one in cluster.get("pod/etcd-0")["status"]["conditions"]}
    assert ready["Ready"] == "False"
    assert cluster.get("pod/etcd-0")["status"]["containerStatuses"][0]["restartCount"] == 0


def test_a_member_finds_its_data_again(cluster: Lab) -> None:
    etcdctl(cluster, "etcd-0", "put /a one")
    cluster.kubectl("delete pod etcd-0 etcd-1 etcd-2 --now")
    cluster.run("60s")
    assert etcdctl(cluster, "etcd-1", "get /a --print-value-only")[0] == "one\n"
    assert cluster.kubectl("exec etcd-1 -- ls /data/member/snap")[0] == "db\n"


def test_members_and_status(cluster: Lab) -> None:
    rows = etcdctl(cluster, "etcd-1", "member list")[0].splitlines()
    assert [row.split(", ")[1:4] for row in rows] == [
        ["started", f"etcd-{number}", f"http://etcd-{number}.etcd:2380"] for number in range(3)
    ]
    table = etcdctl(cluster, "etcd-1", "endpoint status --cluster -w table")[0].splitlines()
    assert [one.strip() for one in table[1].split("|")[1:4]] == ["ENDPOINT", "ID", "VERSION"]
    assert [row.split("|")[5].strip() for row in table[3:6]] == ["true", "false", "false"]
    assert len({len(row) for row in table}) == 1


HEALTHY = "is healthy: successfully committed proposal: took = 1.2ms"
COMMANDS = [
    ("a range", "get /a /c", "/a\n1\n/b\n2\n"),
    ("a prefix", "get / --prefix --print-value-only", "1\n2\n3\n"),
    ("keys alone", "get / --prefix --keys-only", "/a\n\n/b\n\n/c\n\n"),
    ("nothing there", "get /d", ""),
    ("one deleted", "del /a", "1\n"),
    ("all deleted", "del / --prefix", "3\n"),
    ("none deleted", "del /d", "0\n"),
    (
        "health",
        "endpoint health",
        "127.0.0.1:2379 is healthy: successfully committed proposal: took = 1.2ms\n",
    ),
    ("version", "version", "etcdctl version: 3.6.0\nAPI version: 3.5\n"),
]


@pytest.mark.parametrize(
    ("line", "stdout"), [case[1:] for case in COMMANDS], ids=[one[0] for one in COMMANDS]
)
def test_a_member_by_itself(line: str, stdout: str) -> None:
    lab = Lab(nodes=1)
    lab.kubectl("run etcd --image=quay.io/coreos/etcd:v3.6.0")
    lab.run("10s")
    for number, name in enumerate("abc", 1):
        etcdctl(lab, "etcd", f"put /{name} {number}")
    assert etcdctl(lab, "etcd", line) == (stdout, "", 0)


REFUSED = [
    ("no key", "put", "Error: put command needs 1 argument and input from stdin or 2 arguments\n"),
    ("no such command", "nosuch", 'Error: unknown command "nosuch" for "etcdctl"\n'),
    ("nobody there", "--endpoints=127.0.0.1:1 get /a", "Error: context deadline exceeded\n"),
]


@pytest.mark.parametrize(("line", "stderr"), [case[1:] for case in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_is_refused(line: str, stderr: str) -> None:
    lab = Lab(nodes=1)
    lab.kubectl("run etcd --image=quay.io/coreos/etcd:v3.6.0")
    lab.run("10s")
    assert etcdctl(lab, "etcd", line)[1].startswith(stderr)


def test_revisions() -> None:
    state: etcd.State = {"revision": 1, "keys": {}}
    for value in ("one", "two"):
        _, state = etcd.applied(state, {"verb": "put", "key": "/a", "value": value})
    assert state["keys"]["/a"] == {"value": "two", "create": 2, "mod": 3, "version": 2}
    reply, same = etcd.applied(state, {"verb": "get", "key": "/a"})
    assert reply["revision"] == 3
    assert same is state
    _, gone = etcd.applied(state, {"verb": "del", "key": "/", "prefix": True})
    assert gone == {"revision": 4, "keys": {}}


@pytest.mark.parametrize(("service", "restarts"), [("", 0), ("liveness", 1)])
def test_a_member_answers_grpc_health_checks(service: str, restarts: int) -> None:
    lab = Lab(1)
    probe = {"grpc": {"port": 2379, "service": service}, "initialDelaySeconds": 10}
    command = ["/usr/local/bin/etcd", "--listen-client-urls", "http://0.0.0.0:2379"]
    main = {
        "name": "etcd",
        "image": "registry.k8s.io/etcd:3.5.1-0",
        "command": command,
        "livenessProbe": probe,
    }
    lab.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "m"}, "spec": {"containers": [main]}})
    lab.run("50s")
    assert lab.get("pod/m")["status"]["containerStatuses"][0]["restartCount"] == restarts
