"""An API server that is slow, or that doesn't take every write."""

from __future__ import annotations

import pytest

from k8slab import Lab
from k8slab.cluster.outage import REASONS
from k8slab.store.view import Change


@pytest.fixture(scope="module")
def calm() -> Lab:
    return Lab(nodes=3)


def seconds_until_available(lab: Lab) -> float:
    began = lab.now
    lab.kubectl("create deployment web --image=nginx --replicas=4")
    assert lab.run(until="condition=Available deployment/web")
    assert lab.settle()
    return lab.now - began


def test_a_slow_api_server_makes_controllers_lag(calm: Lab) -> None:
    usual = seconds_until_available(calm.fork())
    lab = calm.fork()
    lab.slow_api_server("2s")
    late = seconds_until_available(lab)
    # Deployment, ReplicaSet, scheduler and kubelet hear of it one after another.
    assert late > usual + 4 * 2
    assert all(one["status"]["conditions"][-1]["status"] == "True" for one in lab.list("nodes"))
    assert "takes 2 s longer" in lab.why("deployment/web")
    assert Lab.load(lab.save()).digest() == lab.digest()
    lab.kubectl("delete deployment web")
    lab.mend_api_server()
    lab.settle()
    assert "longer" not in lab.why("node/node-1")
    assert seconds_until_available(lab) < late - 8


def test_kubectl_waits_for_a_slow_api_server_as_long_as_it_is_told(calm: Lab) -> None:
    lab = calm.fork()
    lab.slow_api_server(3)
    began = lab.now
    assert lab.kubectl("get nodes").code == 0
    assert lab.now - began >= 3
    began = lab.now
    late = lab.kubectl("get nodes --request-timeout=1s")
    assert (late.stdout, late.code) == ("", 1)
    assert late.stderr == (
        "Unable to connect to the server: context deadline exceeded "
        "(Client.Timeout exceeded while awaiting headers)\n"
    )
    assert lab.now - began == 1
    assert lab.kubectl("get nodes --request-timeout=5").code == 0


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda lab: lab.slow_api_server("10s"), "as good as down"),
        (lambda lab: lab.slow_api_server("soon"), "soon"),
        (lambda lab: lab.refuse_writes(1.5), "a number from 0 to 1, not 1.5"),
        (
            lambda lab: lab.refuse_writes(0.5, "Mood"),
            "Conflict, Lost, ServiceUnavailable, Timeout",
        ),
    ],
    ids=["too slow", "no duration", "no share", "no reason"],
)
def test_what_cannot_be(calm: Lab, call, text: str) -> None:
    lab = calm.fork()
    with pytest.raises(ValueError, match=text):
        call(lab)
    assert (lab.digest(), lab.inputs) == (calm.digest(), calm.inputs)


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_controllers_come_out_right_though_writes_fail(calm: Lab, reason: str) -> None:
    lab = calm.fork()
    lab.refuse_writes(0.4, reason)
    most = 0

    def count(change: Change) -> None:
        nonlocal most
        owned = [pod for pod in lab.list("pods") if "deletionTimestamp" not in pod["metadata"]]
        most = max(most, len(owned))

    lab.on("pod/*", count)
    lab.kubectl("create deployment web --image=nginx --replicas=4")
    lab.run("3m")
    assert "lets 40% of the components' writes fail" in lab.why("deployment/web")
    assert reason in lab.why("deployment/web")
    lab.mend_api_server()
    lab.settle()
    assert lab.kubectl("get deployment web").stdout.split()[6] == "4/4"
    assert len(lab.list("pods")) == 4
    assert len(lab.list("replicasets")) == 1
    assert most == 4, "a write whose answer is lost is not done twice"
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_a_server_that_was_down_refuses_as_before_when_it_is_back(calm: Lab) -> None:
    lab = calm.fork()
    lab.refuse_writes(1.0, "Conflict")
    lab.stop_api_server()
    assert "The API server is down" in lab.why("node/node-1")
    lab.start_api_server()
    lab.kubectl("create deployment web --image=nginx")
    lab.run("1m")
    assert not lab.list("replicasets")
    lab.mend_api_server()
    lab.settle()
    assert len(lab.list("replicasets")) == 1
