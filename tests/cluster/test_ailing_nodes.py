"""Nodes that go on working, slowly or with a clock that is off."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab import Lab
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.kubelet import cri

PROBED = """
apiVersion: v1
kind: Pod
metadata: {name: patient}
spec:
  containers:
  - name: web
    image: nginx
    readinessProbe: {httpGet: {port: 80}, timeoutSeconds: 5, periodSeconds: 5}
---
apiVersion: v1
kind: Pod
metadata: {name: hasty}
spec:
  containers:
  - name: web
    image: nginx
    readinessProbe: {httpGet: {port: 80}, periodSeconds: 5, failureThreshold: 2}
"""


@pytest.fixture(scope="module")
def lab() -> Lab:
    lab = Lab(nodes=["node-1"])
    lab.apply(PROBED)
    lab.settle()
    return lab


def is_ready(lab: Lab, pod: str) -> bool:
    conditions = {one["type"]: one["status"] for one in lab.get(f"pod/{pod}")["status"]["conditions"]}
    return conditions["Ready"] == "True"


def seconds_to_start(lab: Lab, name: str) -> float:
    began = lab.now
    lab.kubectl(f"run {name} --image=nginx")
    assert lab.run(until=f"condition=Ready pod/{name}")
    return lab.now - began


def test_on_a_slow_node_everything_takes_a_multiple_of_its_time(lab: Lab) -> None:
    usual, slow = lab.fork(), lab.fork()
    slow.slow_node("node-1", 10)
    assert 8 < seconds_to_start(slow, "new") / seconds_to_start(usual, "new") < 12
    assert "takes 10 times longer" in slow.why("node/node-1")
    slow.recover("node-1")
    assert "longer" not in slow.why("node/node-1")
    assert seconds_to_start(slow, "newer") < 3
    assert Lab.load(slow.save()).digest() == slow.digest()


def test_probes_of_a_slow_node_fail_by_their_timeouts(lab: Lab) -> None:
    lab = lab.fork()
    lab.slow_node("node-1")
    lab.run("1m")
    assert (is_ready(lab, "hasty"), is_ready(lab, "patient")) == (False, True)
    words = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    address = lab.get("pod/hasty")["status"]["podIP"]
    assert f'Readiness probe failed: Get "http://{address}:80/": {words}' in lab.kubectl("events").stdout
    lab.slow_node("node-1", 1)
    lab.run("10s")
    assert is_ready(lab, "hasty")
    lab.run("10m")
    assert lab.next_event_us() is None, "a node that is well again costs nothing"


CONTAINER: dict[str, Any] = {"name": "web", "ports": [{"name": "http", "containerPort": 8080}]}
LATE = {
    "exec": (
        {"exec": {"command": ["cat", "/ok"]}, "timeoutSeconds": 3},
        'command timed out: "cat /ok" timed out after 3s',
    ),
    "httpGet": (
        {"httpGet": {"port": "http", "path": "healthz", "scheme": "HTTPS"}},
        'Get "https://10.0.0.7:8080/healthz": context deadline exceeded '
        "(Client.Timeout exceeded while awaiting headers)",
    ),
    "tcpSocket": ({"tcpSocket": {"port": 6379}}, "dial tcp 10.0.0.7:6379: i/o timeout"),
    "grpc": (
        {"grpc": {"port": 9000}, "timeoutSeconds": 2},
        'timeout: failed to connect service "10.0.0.7:9000" within 2s: context deadline exceeded',
    ),
}


@pytest.mark.parametrize("kind", LATE)
def test_what_a_late_answer_is_called(kind: str) -> None:
    probe, text = LATE[kind]
    answer = cri.late_answer(CONTAINER, probe, "10.0.0.7")
    assert (answer.ok, answer.output, answer.volatile) == (False, text, True)


# The clock.


def ahead(lab: Lab, text: str) -> float:
    return (parse_timestamp(text) - lab.now_us) / SECOND_US


@pytest.mark.parametrize(("by", "seconds"), [("5m", 300), ("-90s", -90), (3600, 3600)])
def test_what_a_kubelet_writes_is_by_its_own_clock(lab: Lab, by: float | str, seconds: int) -> None:
    lab = lab.fork()
    lab.skew_clock("node-1", by)
    lab.kubectl("run new --image=nginx")
    lab.run(until="condition=Ready pod/new")
    pod = lab.get("pod/new")
    assert abs(ahead(lab, pod["metadata"]["creationTimestamp"])) < 10, "that is the API server's"
    status = pod["status"]
    times = {
        "startTime": status["startTime"],
        "startedAt": status["containerStatuses"][0]["state"]["running"]["startedAt"],
        **{one["type"]: one["lastTransitionTime"] for one in status["conditions"] if one["type"] == "Ready"},
        "renewTime": lab.world.get("Lease", ("kube-node-lease", "node-1"))["spec"]["renewTime"],
        "heartbeat": lab.get("node/node-1")["status"]["conditions"][-1]["lastHeartbeatTime"],
    }
    assert {name for name, text in times.items() if abs(ahead(lab, text) - seconds) > 10} == set()
    lab.run("5m")
    condition = lab.get("node/node-1")["status"]["conditions"][-1]
    assert condition["status"] == "True", "the node controller goes by its own clock"
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_programs_read_the_clock_of_their_node(lab: Lab) -> None:
    lab = lab.fork()
    before = int(lab.kubectl("exec hasty -- date +%s").stdout)
    lab.skew_clock("node-1", "2h")
    assert abs(int(lab.kubectl("exec hasty -- date +%s").stdout) - before - 7200) < 5
    assert "ahead" in lab.why("node/node-1")


def test_a_clock_that_is_ahead_delays_what_has_to_be_ready_for_a_while() -> None:
    lab = Lab(nodes=["node-1"])
    lab.kubectl("create deployment web --image=nginx")
    lab.kubectl("""patch deployment web -p '{"spec": {"minReadySeconds": 20}}'""")
    lab.settle()
    waits = {}
    for by in ("0s", "4m", "-4m"):
        twin = lab.fork()
        twin.skew_clock("node-1", by)
        twin.kubectl("rollout restart deployment web")
        began = twin.now
        assert twin.kubectl("rollout status deployment web --timeout=10m").code == 0
        waits[by] = twin.now - began
    assert waits["-4m"] < waits["0s"] - 15, "ready for four minutes at once"
    assert waits["4m"] > waits["0s"] + 230


def test_a_deadline_is_kept_on_a_node_with_a_wrong_clock(lab: Lab) -> None:
    lab = lab.fork()
    lab.skew_clock("node-1", "10m")
    spec = '{"spec": {"activeDeadlineSeconds": 30}}'
    lab.kubectl(f"run brief --image=nginx --overrides='{spec}'")
    lab.run("25s")
    assert lab.get("pod/brief")["status"]["phase"] == "Running"
    lab.run("15s")
    assert lab.get("pod/brief")["status"]["reason"] == "DeadlineExceeded"


@pytest.mark.parametrize("factor", [0, -1, 2.5])
def test_a_bad_factor_is_refused(lab: Lab, factor: float) -> None:
    with pytest.raises(ValueError, match=f"whole factor from 1 on, not {factor}"):
        lab.fork().slow_node("node-1", factor)
