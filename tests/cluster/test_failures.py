"""What can be broken on purpose, and what the cluster makes of it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from k8slab import Lab
from k8slab.cluster.failures import CATALOGUE, Failure
from k8slab.lab import LabError

MANIFESTS = Path(__file__).parents[2] / "notebooks" / "manifests"


@pytest.fixture
def lab() -> Lab:
    lab = Lab(nodes=3)
    lab.apply(MANIFESTS / "nginx-statefulset.yaml")
    lab.settle()
    return lab


def state_of(lab: Lab, pod: str) -> dict:
    return lab.get(f"pod/{pod}")["status"]["containerStatuses"][0]


@pytest.mark.parametrize("failure", CATALOGUE, ids=lambda one: one.verb)
def test_the_catalogue_names_what_a_lab_can_do(lab: Lab, failure: Failure) -> None:
    parameters = list(inspect.signature(getattr(lab, failure.verb)).parameters)
    wanted = {"Node": ["node", "name"], "Pod": ["reference"], "Cluster": []}[failure.of]
    assert parameters[:1] in ([one] for one in wanted) if wanted else not parameters
    assert not failure.mended_by or callable(getattr(lab, failure.mended_by))


@pytest.mark.parametrize(
    ("verb", "reason"), [("kill", "Error"), ("run_out_of_memory", "OOMKilled")], ids=["kill", "memory"]
)
def test_a_killed_container_is_started_again(lab: Lab, verb: str, reason: str) -> None:
    getattr(lab, verb)("pod/nginx-statefulset-1")
    lab.run("2s")
    status = state_of(lab, "nginx-statefulset-1")
    assert status["restartCount"] == 1
    ended = status["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == (reason, 137)
    assert [state_of(lab, f"nginx-statefulset-{other}")["restartCount"] for other in (0, 2)] == [0, 0]


def test_killed_again_it_backs_off(lab: Lab) -> None:
    for _ in range(2):
        lab.kill("pod/nginx-statefulset-0")
        lab.run("2s")
    assert state_of(lab, "nginx-statefulset-0")["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    with pytest.raises(LabError, match='container "nginx" in pod "nginx-statefulset-0" is not running'):
        lab.kill("pod/nginx-statefulset-0")


@pytest.mark.parametrize(
    ("reference", "container", "text"),
    [
        ("pod/nobody", "", 'pods "nobody" not found'),
        ("pod/nginx-statefulset-0", "side", "container side is not valid for pod nginx-statefulset-0"),
        ("node/node-1", "", "is no Pod"),
    ],
    ids=["no such Pod", "no such container", "no Pod"],
)
def test_what_cannot_be_killed(lab: Lab, reference: str, container: str, text: str) -> None:
    digest = lab.digest()
    with pytest.raises(LabError, match=text):
        lab.kill(reference, container)
    assert lab.digest() == digest


def test_without_its_kubelet_a_node_is_lost_but_its_containers_answer(lab: Lab) -> None:
    node = lab.get("pod/nginx-statefulset-1")["spec"]["nodeName"]
    other = next(n for n in (0, 2) if lab.get(f"pod/nginx-statefulset-{n}")["spec"]["nodeName"] != node)
    lab.stop_kubelet(node)
    lab.run("1m")
    assert f"{node}   NotReady" in lab.kubectl("get nodes").stdout
    address = lab.get("pod/nginx-statefulset-1")["status"]["podIP"]
    curl = f"curl -s -o /dev/null -w %{{http_code}} {address}"
    answer = lab.kubectl(f"exec nginx-statefulset-{other} -- {curl}")
    assert (answer.stdout, answer.code) == ("403", 0)
    lab.recover(node)
    lab.run("20s")
    assert "NotReady" not in lab.kubectl("get nodes").stdout


def test_no_image_can_be_pulled_while_the_registry_is_down(lab: Lab) -> None:
    lab.break_registry()
    lab.kubectl("create deployment web --image=httpd:2.4")
    lab.run("2m")
    (pod,) = lab.list("pods", selector="app=web")
    waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]
    assert waiting["reason"] in ("ErrImagePull", "ImagePullBackOff")
    assert "i/o timeout" in waiting["message"]
    lab.mend_registry()
    assert lab.run(until=lambda here: "1/1" in here.kubectl("get deployment web").stdout, timeout="10m")


def test_a_load_is_shared_by_the_pods_that_bear_it(lab: Lab) -> None:
    lab.kubectl("create deployment web --image=httpd:2.4 --replicas=2")
    lab.kubectl("set resources deployment web --requests=cpu=100m")
    lab.kubectl("autoscale deployment web --cpu=50% --min=1 --max=9")
    lab.settle()
    lab.set_load("deployment/web", cpu="400m")
    lab.run("5m")
    assert lab.get("deployment/web")["spec"]["replicas"] == 8
    lab.set_load("deployment/web")
    lab.run("20m")
    assert lab.get("deployment/web")["spec"]["replicas"] == 1
    with pytest.raises(ValueError, match="quantities must match"):
        lab.set_load("deployment/web", cpu="much")
    with pytest.raises(LabError, match="NotFound"):
        lab.set_load("deployment/nobody", cpu="1")
