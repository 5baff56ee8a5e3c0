"""ZooKeeper as its tutorial has it: what the client tells of a node, and how the servers log."""

from __future__ import annotations

import re

import pytest

from k8slab.lab import Lab

ENSEMBLE = """
apiVersion: v1
kind: Service
metadata: {name: zk-hs}
spec: {clusterIP: None, selector: {app: zk}, ports: [{port: 2888, name: server}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: zk}
spec:
  serviceName: zk-hs
  replicas: 3
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: zk}}
  template:
    metadata: {labels: {app: zk}}
    spec:
      securityContext: {runAsUser: 1000, fsGroup: 1000}
      containers:
      - name: kubernetes-zookeeper
        image: registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10
        command: [sh, -c, "start-zookeeper --servers=3 --sync_limit=7 --max_client_cnxns=50 --log_level=WARN"]
        volumeMounts: [{name: datadir, mountPath: /var/lib/zookeeper}]
      volumes: [{name: datadir, emptyDir: {}}]
"""


@pytest.fixture(scope="module")
def lab() -> Lab:
    lab = Lab(3)
    assert lab.apply(ENSEMBLE).code == 0
    lab.settle()
    for number, command in enumerate(("create /hello world", "create /hello/a b", "set /hello abc")):
        assert lab.kubectl(f"exec zk-{number} -- zkCli.sh {command}").code == 0
    return lab


def stat_of(lab: Lab, pod: str, path: str) -> dict[str, str]:
    text = lab.kubectl(f"exec {pod} -- zkCli.sh get {path}").stdout
    return dict(re.findall(r"^(\w+) = (.*)$", text, re.MULTILINE))


STATS = {
    "/hello": ("0x100000002", "0x100000004", "0x100000003", "1", "1", "3", "1"),
    "/hello/a": ("0x100000003", "0x100000003", "0x100000003", "0", "0", "1", "0"),
}
FIELDS = ("cZxid", "mZxid", "pZxid", "cversion", "dataVersion", "dataLength", "numChildren")


@pytest.mark.parametrize("pod", ["zk-0", "zk-1", "zk-2"])
@pytest.mark.parametrize(("path", "values"), STATS.items(), ids=STATS)
def test_every_member_tells_the_same_of_a_nodes_changes(
    lab: Lab, pod: str, path: str, values: tuple[str, ...]
) -> None:
    found = stat_of(lab, pod, path)
    assert tuple(found[name] for name in FIELDS) == values
    assert re.fullmatch(r"Mon Jan 05 09:\d\d:\d\d UTC 2026", found["ctime"])


FILES = {
    "the configuration": (
        "/opt/zookeeper/conf/zoo.cfg",
        "syncLimit=7\nmaxClientCnxns=50\nminSessionTimeout=4000\n",
    ),
    "its log": ("/usr/etc/zookeeper/log4j.properties", "zookeeper.console.threshold=WARN\n"),
    "the same by the other name": ("/opt/zookeeper/conf/log4j.properties", "zookeeper.root.logger=CONSOLE\n"),
}


@pytest.mark.parametrize(("path", "part"), FILES.values(), ids=FILES)
def test_its_files_follow_the_command_line(lab: Lab, path: str, part: str) -> None:
    assert part in lab.kubectl(f"exec zk-0 -- cat {path}").stdout


def test_its_data_are_the_users_and_its_groups(lab: Lab) -> None:
    told = lab.kubectl("exec zk-0 -- ls -ld /var/lib/zookeeper/data").stdout
    assert told == "drwxr-sr-x 2 zookeeper zookeeper 4096 Jan  5 09:00 /var/lib/zookeeper/data\n"
