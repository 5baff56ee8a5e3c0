"""What is done to a Pod after it has started, and what a container may do."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from k8slab.cluster import api
from k8slab.containers.overlay import Overlay
from k8slab.containers.proc import oom_score_adjust
from k8slab.kubelet import cri
from tests.kubelet.nodes import Nodes, nginx, shell


@pytest.fixture
def nodes():
    return Nodes()


def update(nodes, name, subresource="", **spec):
    pod = nodes.get(name)
    return api.update(nodes.world, api.ADMIN, "Pod", {**pod, "spec": {**pod["spec"], **spec}}, subresource)


def test_an_ephemeral_container_is_started_once(nodes):
    nodes.pod("web")
    nodes.run(3)
    debugger = shell("echo looked; exit 3", "debugger", targetContainerName="web")
    update(nodes, "web", "ephemeralcontainers", ephemeralContainers=[debugger])
    nodes.run(60)
    state = nodes.container("web", field="ephemeralContainerStatuses")
    assert state["state"]["terminated"]["exitCode"] == 3 and state["restartCount"] == 0
    assert nodes.status("web")["phase"] == "Running" and nodes.container("web")["restartCount"] == 0
    assert nodes.logs("web", "debugger") == "looked\n"
    said = [text for _, reason, text, _ in nodes.events("web") if reason == "NotSimulated"]
    assert said == [], "the Pod was taken before the container was put in"


def test_another_image_starts_the_container_again(nodes):
    nodes.pod("web", restartPolicy="Never")
    nodes.run(3)
    update(nodes, "web", containers=[{**nodes.get("web")["spec"]["containers"][0], "image": "nginx:1.30"}])
    nodes.run(3)
    container = nodes.container("web")
    assert (container["image"], container["restartCount"]) == ("docker.io/library/nginx:1.30", 1)
    assert ("Normal", "Killing", "Container web definition changed, will be restarted", 1) in nodes.events(
        "web"
    )


def test_another_image_ends_the_back_off(nodes):
    nodes.pod("box", shell("exit 1"))
    nodes.run(200)
    before = nodes.container("box")["restartCount"]
    assert nodes.container("box")["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    update(nodes, "box", containers=[{**nodes.get("box")["spec"]["containers"][0], "image": "busybox:1.36"}])
    nodes.run(35)
    assert nodes.container("box")["restartCount"] >= before + 3, "at once, and after ten and twenty seconds"


RESIZES = {
    "no restart is asked for": ([], 0),
    "a restart is asked for": ([{"resourceName": "cpu", "restartPolicy": "RestartContainer"}], 1),
    "a restart for something else": ([{"resourceName": "memory", "restartPolicy": "RestartContainer"}], 0),
}


@pytest.mark.parametrize(("policy", "restarts"), RESIZES.values(), ids=RESIZES)
def test_resources_are_resized(nodes, policy, restarts):
    small, large = ({"requests": {"cpu": cpu}, "limits": {"cpu": "2"}} for cpu in ("500m", "1"))
    nodes.pod("web", nginx(resources=small, resizePolicy=policy))
    nodes.run(3)
    container = nodes.get("web")["spec"]["containers"][0]
    update(nodes, "web", "resize", containers=[{**container, "resources": large}])
    nodes.run(5)
    container = nodes.container("web")
    assert (container["resources"], container["restartCount"]) == (large, restarts)
    assert container["allocatedResources"] == {"cpu": "1"}
    assert nodes.exec("web", "cat", "/sys/fs/cgroup/cpu.max").stdout == "200000 100000\n"
    assert nodes.exec("web", "cat", "/sys/fs/cgroup/cpu.weight").stdout == "100\n"


SYSCTLS = {
    "a safe one": ("kernel.shm_rmid_forced", ""),
    "one that is not": ("kernel.msgmax", '"kernel.msgmax" not allowlisted'),
}


@pytest.mark.parametrize(("name", "why"), SYSCTLS.values(), ids=SYSCTLS)
def test_kernel_settings(nodes, name, why):
    security = {"sysctls": [{"name": name, "value": "1"}]}
    nodes.pod("box", shell("sleep 100000"), securityContext=security)
    nodes.run(3)
    status = nodes.status("box")
    if why:
        assert (status["phase"], status["reason"]) == ("Failed", "SysctlForbidden")
        assert status["message"] == f"Pod was rejected: forbidden sysctl: {why}"
    else:
        assert nodes.exec("box", "sysctl", name).stdout == f"{name} = 1\n"


HOOKS = {
    "tcpSocket": ({"tcpSocket": {"port": 80}}, "Cannot run handler: invalid handler"),
    "httpGet": (
        {"httpGet": {"path": "/x", "port": 81}},
        'HTTP lifecycle hook (/x) for Container "web" in Pod "web_default(UID)" failed - error: '
        'Get "http://10.244.0.2:81/x": dial tcp 10.244.0.2:81: connect: connection refused',
    ),
}


@pytest.mark.parametrize(("hook", "message"), HOOKS.values(), ids=HOOKS)
def test_a_hook_that_fails(nodes, hook, message):
    nodes.pod("web")
    nodes.run(3)
    pod = nodes.get("web")
    outcome = cri.run_hook(Overlay(nodes.world), pod, pod["spec"]["containers"][0], hook, nodes.world.now_us)
    assert outcome.error == message.replace("UID", pod["metadata"]["uid"])


PRIVILEGES = {
    "none": ({}, "RTNETLINK answers: Operation not permitted"),
    "privileged": ({"privileged": True}, "has no further devices"),
    "the capability": ({"capabilities": {"add": ["NET_ADMIN"]}}, "has no further devices"),
}


@pytest.mark.parametrize(("security", "said"), PRIVILEGES.values(), ids=PRIVILEGES)
def test_who_may_change_the_network(nodes, security, said):
    nodes.pod("box", shell("sleep 100000", securityContext=security))
    nodes.run(3)
    assert said in nodes.exec("box", "ip", "link", "add", "dummy0", "type", "dummy").stderr


def test_a_last_line_without_an_end(nodes):
    nodes.pod("box", shell("printf DONE"), restartPolicy="Never")
    nodes.run(3)
    assert nodes.logs("box") == "DONE"


def test_the_command_is_the_first_process(nodes):
    nodes.pod("box", shell("sleep 100000"))
    nodes.run(3)
    assert nodes.exec("box", "ps").stdout == (
        "PID   USER     TIME  COMMAND\n    1 root      0:00 sh -c sleep 100000\n    7 root      0:00 ps\n"
    )
    assert nodes.exec("box", "cat", "/proc/1/oom_score_adj").stdout == "1000\n"


def test_containers_that_share_processes_see_each_other(nodes):
    inits = [shell("sleep 200000", "beside", restartPolicy="Always")]
    nodes.pod("box", shell("sleep 100000"), initContainers=inits, shareProcessNamespace=True)
    nodes.run(5)
    listed = nodes.exec("box", "ps", container="main").stdout.splitlines()[1:]
    assert [line.split(None, 3)[0::3] for line in listed] == [
        ["1", "/pause"],
        ["7", "sh -c sleep 200000"],
        ["13", "sh -c sleep 100000"],
        ["19", "ps"],
    ]


def test_who_has_the_nodes_processes_sees_every_pod_of_the_node(nodes):
    nodes.pod("box", shell("sleep 100000"))
    nodes.pod("agent", shell("sleep 200000"), hostPID=True)
    nodes.run(5)
    listed = nodes.exec("agent", "ps", container="main").stdout.splitlines()[1:]
    assert [line.split(None, 3)[0::3] for line in listed] == [
        ["1", "/sbin/init"],
        ["612", "/usr/bin/containerd"],
        ["745", "/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml"],
        ["1000", "/pause"],
        ["1006", "sh -c sleep 100000"],
        ["1012", "/pause"],
        ["1018", "sh -c sleep 200000"],
        ["1024", "ps"],
    ]
    scores = [nodes.exec("agent", "cat", f"/proc/{pid}/oom_score_adj").stdout for pid in (745, 1000, 1006)]
    assert scores == ["-999\n", "-998\n", "1000\n"]
    assert len(nodes.exec("box", "ps", container="main").stdout.splitlines()) == 3, "others see their own"


def test_a_debugger_sees_its_target(nodes):
    nodes.pod("web")
    nodes.run(3)
    update(
        nodes,
        "web",
        "ephemeralcontainers",
        ephemeralContainers=[shell("sleep 100000", "debugger", targetContainerName="web")],
    )
    nodes.run(5)
    listed = nodes.exec("web", "ps", container="debugger").stdout.splitlines()[1:3]
    assert [line.split(None, 3)[3].split()[0] for line in listed] == ["nginx:", "sh"]


ONE = {"cpu": "1", "memory": "1Gi"}
MEMORY = 8 * 1024**3
SCORES = {
    "guaranteed": (
        {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
        -997,
    ),
    "burstable": ({"requests": {"memory": "2Gi"}}, 750),
    "burstable without a request for memory": ({"requests": {"cpu": "1"}}, 999),
    "burstable with nearly all": ({"requests": {"memory": "8Gi"}}, 3),
    "best effort": ({}, 1000),
}


@pytest.mark.parametrize(("resources", "score"), SCORES.values(), ids=SCORES)
def test_who_is_killed_first_for_memory(resources, score):
    container = nginx(resources=resources)
    assert oom_score_adjust({"spec": {"containers": [container]}}, container, MEMORY) == score


TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
OWNERS = {
    "one user": ({"runAsUser": 1000}, "600 1000 0\n"),
    "a group": ({"fsGroup": 2000}, "640 0 2000\n"),
    "both": ({"runAsUser": 1000, "fsGroup": 2000}, "640 1000 2000\n"),
    "neither": ({}, "644 0 0\n"),
}


@pytest.mark.parametrize(("security", "shown"), OWNERS.values(), ids=OWNERS)
def test_whose_a_token_is(nodes, security, shown):
    nodes.pod("box", shell("sleep 100000"), securityContext=security)
    nodes.run(3)
    assert nodes.exec("box", "stat", "-c", "%a %u %g", TOKEN).stdout == shown


SECCOMP = {
    "no profile": ({}, "0"),
    "the runtime's": ({"seccompProfile": {"type": "RuntimeDefault"}}, "2"),
    "none at all": ({"seccompProfile": {"type": "Unconfined"}}, "0"),
}


@pytest.mark.parametrize(("security", "mode"), SECCOMP.values(), ids=SECCOMP)
def test_whether_system_calls_are_filtered(nodes, security, mode):
    nodes.pod("box", shell("sleep 100000"), securityContext=security)
    nodes.run(3)
    assert nodes.exec("box", "grep", "ecc", "/proc/self/status").stdout == f"Seccomp:\t{mode}\n"


PROBED = {"a path that fails after ten seconds": ("/healthz", 1), "another host": ("http://0.0.0.0/", 0)}


@pytest.mark.parametrize(("location", "restarts"), PROBED.values(), ids=PROBED)
def test_a_probe_follows_redirects_on_its_host_alone(nodes, location, restarts):
    probe = {
        "httpGet": {"path": f"/redirect?loc={quote(location, safe='')}", "port": 8080},
        "initialDelaySeconds": 15,
    }
    image = {"image": "registry.k8s.io/e2e-test-images/agnhost:2.59", "args": ["liveness"]}
    nodes.pod("web", {"name": "web", **image, "livenessProbe": {**probe, "failureThreshold": 1}})
    nodes.run(28)
    assert nodes.container("web")["restartCount"] == restarts
    assert ("ProbeWarning" in nodes.reasons("web")) == (restarts == 0)
