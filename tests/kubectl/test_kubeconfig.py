"""The kubeconfig belongs to the lab, and says where a command works and as whom."""

from __future__ import annotations

import pytest

from k8slab.lab import Lab

SHOP = "config set-context --current --namespace=shop"


@pytest.fixture
def lab() -> Lab:
    return Lab(1)


def test_a_context_s_namespace_is_where_commands_work(lab: Lab) -> None:
    lab.kubectl("create namespace shop")
    lab.kubectl(SHOP)
    lab.kubectl("create configmap prices --from-literal=tea=2")
    assert lab.view.get("ConfigMap", ("shop", "prices")) is not None
    assert lab.namespace == "shop"
    assert lab.kubectl("get configmap prices -n default").code == 1


def test_a_fork_has_its_own_and_going_back_brings_back_the_one_of_then(lab: Lab) -> None:
    before_us = lab.now_us
    lab.run(10)
    fork = lab.fork()
    fork.kubectl(SHOP)
    assert (lab.namespace, fork.namespace) == ("default", "shop")
    fork.run(10)
    fork.rewind(to=(before_us - fork.start_us) / 1e6)
    assert fork.namespace == "default"


def test_a_saved_lab_has_its_context(lab: Lab) -> None:
    lab.kubectl(SHOP)
    assert Lab.load(lab.save()).namespace == "shop"


def test_a_token_says_who_asks(lab: Lab) -> None:
    lab.kubectl("create serviceaccount robot")
    token = lab.kubectl("create token robot").stdout.strip()
    name = "system:serviceaccount:default:robot"
    assert name in lab.kubectl(f"auth whoami --token={token}").stdout
    assert f'User "{name}" cannot list resource' in lab.kubectl(f"get pods --token={token}").stderr
    lab.kubectl(f"config set-credentials robot --token={token}")
    lab.kubectl("config set-context robot --cluster=k8slab --user=robot")
    assert name in lab.kubectl("auth whoami --context=robot").stdout
    assert "Unauthorized" in lab.kubectl("get pods --token=nobody").stderr


def test_what_somebody_is_said_to_be_is_seen_by_the_server(lab: Lab) -> None:
    result = lab.kubectl("auth whoami --as=ann --as-group=dev --as-uid=7 --as-user-extra=team=red")
    rows = dict(line.split(None, 1) for line in result.stdout.splitlines())
    assert (rows["Username"], rows["UID"], rows["Extra:"]) == ("ann", "7", "team   [red]")


ELSEWHERE = {
    "another address": "get pods --server=https://1.2.3.4:6443",
    "another cluster": "get pods --context=far",
}


@pytest.mark.parametrize("command", ELSEWHERE.values(), ids=ELSEWHERE)
def test_nothing_answers_elsewhere(lab: Lab, command: str) -> None:
    lab.kubectl("config set-cluster far --server=https://1.2.3.4:6443")
    lab.kubectl("config set-context far --cluster=far --user=k8slab")
    assert lab.kubectl(command).stderr == (
        "The connection to the server 1.2.3.4:6443 was refused - did you specify the right host or port?\n"
    )


UNUSABLE = {
    "a certificate": ("--client-certificate=x.crt --client-key=x.key", "takes no client certificates"),
    "a plug-in": ("--exec-command=aws --exec-api-version=v1", "no credential plug-in is started"),
}


@pytest.mark.parametrize(("flags", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_credentials_that_a_lab_cannot_judge_are_refused(lab: Lab, flags: str, reason: str) -> None:
    lab.kubectl(f"config set-credentials other {flags}")
    assert reason in lab.kubectl("get pods --user=other").stderr


def test_warnings_can_be_errors(lab: Lab) -> None:
    assert lab.kubectl("run first --image=nginx --warnings-as-errors").code == 0
    lab.kubectl("label namespace default pod-security.kubernetes.io/warn=restricted")
    result = lab.kubectl("run web --image=nginx --warnings-as-errors")
    assert result.code == 1
    assert result.stderr.startswith("Warning: would violate PodSecurity")
    assert result.stderr.endswith("error: 1 warning received\n")
