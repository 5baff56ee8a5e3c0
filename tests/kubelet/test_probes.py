"""Probes: thresholds as upstream counts them (pkg/kubelet/prober/worker_test.go, v1.36), and over time."""

from __future__ import annotations

import pytest

from k8slab.kubelet.probes import first_probes, step
from k8slab.kubelet.runtime import FAILURE, SUCCESS, UNKNOWN, ProbeState
from tests.kubelet.nodes import Nodes, nginx, shell

INITIAL = {"readiness": FAILURE, "liveness": SUCCESS, "startup": UNKNOWN}


def after(kind, answers, **probe):
    state = ProbeState(kind, 0, INITIAL[kind])
    results = []
    for answer in answers:
        state = step(probe, state, SUCCESS if answer == "s" else FAILURE)
        results.append(state.result)
    return results


S, F, U = SUCCESS, FAILURE, UNKNOWN
CASES = [
    ("readiness: one success is enough", "readiness", "s", {}, [S]),
    ("readiness: three failures turn it", "readiness", "sfff", {"failureThreshold": 3}, [S, S, S, F]),
    (
        "readiness: a success between starts the count anew",
        "readiness",
        "sffsff",
        {"failureThreshold": 3},
        [S] * 6,
    ),
    ("readiness: three successes needed", "readiness", "sss", {"successThreshold": 3}, [F, F, S]),
    (
        "readiness: a failure between starts the count anew",
        "readiness",
        "ssfss",
        {"successThreshold": 3},
        [F] * 5,
    ),
    ("liveness: three failures by default", "liveness", "fff", {}, [S, S, F]),
    ("liveness: one failure where told so", "liveness", "f", {"failureThreshold": 1}, [F]),
    ("startup: unknown until it succeeds", "startup", "ffs", {"failureThreshold": 5}, [U, U, S]),
    ("startup: fails at its threshold", "startup", "ff", {"failureThreshold": 2}, [U, F]),
]


@pytest.mark.parametrize(
    "kind, answers, probe, expected", [case[1:] for case in CASES], ids=[one[0] for one in CASES]
)
def test_thresholds(kind, answers, probe, expected):
    assert after(kind, answers, **probe) == expected


@pytest.mark.parametrize("kind, held", [("startup", True), ("liveness", True), ("readiness", False)])
def test_who_rests_after_a_failure(kind, held):
    assert step({"failureThreshold": 1}, ProbeState(kind, 0, INITIAL[kind]), FAILURE).held is held


def test_startup_holds_the_others_back():
    probes = first_probes({"startupProbe": {}, "livenessProbe": {}, "readinessProbe": {}}, 1_000_000)
    assert {probe.kind: bool(probe.due_us) for probe in probes} == {
        "startup": True,
        "readiness": False,
        "liveness": False,
    }


@pytest.fixture
def nodes():
    return Nodes()


def http(path="/", port=80, **fields):
    return {"httpGet": {"path": path, "port": port}, **fields}


def test_an_http_probe_makes_ready(nodes):
    nodes.pod("web", nginx(readinessProbe=http(initialDelaySeconds=5)))
    nodes.run(3)
    assert nodes.container("web")["ready"] is False
    assert nodes.status("web")["phase"] == "Running"
    nodes.run(5)
    assert nodes.container("web")["ready"] is True


def test_a_steady_probe_costs_nothing(nodes):
    nodes.pod("web", nginx(readinessProbe=http(), livenessProbe=http()))
    nodes.run(20)
    revision, sequence = nodes.world.store.revision, nodes.world.sequence
    nodes.run(3600)
    assert (nodes.world.store.revision, nodes.world.sequence) == (revision, sequence)


TEXTS = [
    ("status", http("/nothing"), "Readiness probe failed: HTTP probe failed with statuscode: 404"),
    (
        "refused",
        http(port=81),
        'Readiness probe failed: Get "http://10.244.0.2:81/": '
        "dial tcp 10.244.0.2:81: connect: connection refused",
    ),
    (
        "tcp",
        {"tcpSocket": {"port": 81}},
        "Readiness probe failed: dial tcp 10.244.0.2:81: connect: connection refused",
    ),
    (
        "grpc",
        {"grpc": {"port": 81}},
        'Readiness probe failed: timeout: failed to connect service "10.244.0.2:81" within 1s: '
        "context deadline exceeded",
    ),
    (
        "exec",
        {"exec": {"command": ["cat", "/tmp/ready"]}},
        "Readiness probe failed: cat: /tmp/ready: No such file or directory\n",
    ),
    (
        "exec that hangs",
        {"exec": {"command": ["sleep", "5"]}, "timeoutSeconds": 2},
        'Readiness probe failed: command timed out: "sleep 5" timed out after 2s',
    ),
]


@pytest.mark.parametrize("probe, text", [case[1:] for case in TEXTS], ids=[one[0] for one in TEXTS])
def test_what_is_said_of_a_failing_probe(nodes, probe, text):
    nodes.pod("web", nginx(readinessProbe=probe))
    nodes.run(15)
    unhealthy = [event for event in nodes.events("web") if event[1] == "Unhealthy"]
    assert unhealthy[0][:3] == ("Warning", "Unhealthy", text)
    assert unhealthy[0][3] == 2
    assert nodes.container("web")["ready"] is False


def test_readiness_follows_a_file(nodes):
    nodes.pod("web", nginx(readinessProbe={"exec": {"command": ["cat", "/tmp/ready"]}, "periodSeconds": 5}))
    nodes.run(10)
    assert nodes.container("web")["ready"] is False
    nodes.exec("web", "touch", "/tmp/ready")
    nodes.run(6)
    assert nodes.container("web")["ready"] is True
    nodes.exec("web", "rm", "/tmp/ready")
    nodes.run(4)
    assert nodes.container("web")["ready"] is True, "three failures are needed"
    nodes.run(15)
    assert nodes.container("web")["ready"] is False


def test_liveness_notices_a_file_that_should_not_be_there(nodes):
    probe = {
        "exec": {"command": ["test", "!", "-f", "/tmp/broken"]},
        "periodSeconds": 5,
        "failureThreshold": 1,
    }
    nodes.pod("web", nginx(livenessProbe=probe))
    nodes.run(30)
    assert nodes.container("web")["restartCount"] == 0
    nodes.exec("web", "touch", "/tmp/broken")
    nodes.run(10)
    assert nodes.container("web")["restartCount"] == 1


def test_liveness_restarts(nodes):
    script = "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"
    probe = {"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5}
    nodes.pod("liveness", shell(script, livenessProbe=probe), terminationGracePeriodSeconds=10)
    nodes.run(30)
    assert nodes.container("liveness")["restartCount"] == 0
    nodes.run(30)
    assert nodes.container("liveness")["restartCount"] == 1
    events = nodes.events("liveness")
    text = "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory\n"
    assert ("Warning", "Unhealthy", text, 3) in events
    killing = "Container main failed liveness probe, will be restarted"
    assert ("Normal", "Killing", killing, 1) in events
    assert nodes.container("liveness")["lastState"]["terminated"]["exitCode"] == 137


def test_a_startup_probe_comes_first(nodes):
    script = "sleep 12; touch /tmp/started; sleep 600"
    startup = {"exec": {"command": ["cat", "/tmp/started"]}, "periodSeconds": 5, "failureThreshold": 10}
    liveness = {"exec": {"command": ["cat", "/tmp/started"]}, "failureThreshold": 1, "periodSeconds": 1}
    nodes.pod("slow", shell(script, startupProbe=startup, livenessProbe=liveness))
    nodes.run(8)
    assert nodes.container("slow")["started"] is False and nodes.container("slow")["ready"] is False
    nodes.run(12)
    assert nodes.container("slow")["started"] is True and nodes.container("slow")["ready"] is True
    assert nodes.container("slow")["restartCount"] == 0


def test_a_startup_probe_that_fails_restarts(nodes):
    startup = {"exec": {"command": ["false"]}, "periodSeconds": 2, "failureThreshold": 3}
    nodes.pod("never", shell("sleep 600", startupProbe=startup), terminationGracePeriodSeconds=2)
    nodes.run(14)
    killing = "Container main failed startup probe, will be restarted"
    assert ("Normal", "Killing", killing) in [event[:3] for event in nodes.events("never")]


def test_agnhost_is_alive_for_ten_seconds(nodes):
    container = {"name": "c", "image": "registry.k8s.io/e2e-test-images/agnhost:2.57", "args": ["liveness"]}
    probe = http("/healthz", 8080, initialDelaySeconds=3, periodSeconds=3)
    nodes.pod("live", {**container, "livenessProbe": probe})
    nodes.run(9)
    assert nodes.container("live")["restartCount"] == 0
    nodes.run(20)
    text = "Liveness probe failed: HTTP probe failed with statuscode: 500"
    assert any(event[2] == text for event in nodes.events("live"))
    assert nodes.container("live")["restartCount"] == 1


def test_a_deleted_pod_keeps_quiet(nodes):
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1}
    nodes.pod(
        "web", shell("sleep 600", readinessProbe=probe, livenessProbe={**probe, "initialDelaySeconds": 9})
    )
    nodes.run(5)
    nodes.delete("web")
    nodes.run(20)
    assert not any("Liveness" in event[2] for event in nodes.events("web"))
