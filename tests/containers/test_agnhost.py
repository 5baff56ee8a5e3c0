"""agnhost's subcommands as upstream's tests use them (test/images/agnhost, v1.36)."""

from __future__ import annotations

import json

import pytest

from tests.kubelet.nodes import Nodes, shell

IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"


@pytest.fixture
def nodes():
    return Nodes()


def agnhost(*args, **fields):
    return {"name": "agnhost", "image": IMAGE, "args": list(args), **fields}


RUNS = {
    "entrypoint-tester": (["entrypoint-tester", "a", "b"], "[/agnhost entrypoint-tester a b]"),
    "dns-suffix": (["dns-suffix"], "default.svc.cluster.local,svc.cluster.local,cluster.local"),
    "dns-server-list": (["dns-server-list"], "10.96.0.10"),
    "mode of a mount": (["mounttest", "--file_mode=/test"], 'mode of file "/test": dtrwxrwxrwx'),
    "type of a mount in memory": (["mounttest", "--fs_type=/test"], 'mount type of "/test": tmpfs'),
    "perms of a new file": (
        ["mounttest", "--new_file_0660=/test/f", "--file_perm=/test/f"],
        'content of file "/test/f": mount-tester new file\n\nperms of file "/test/f": -rw-rw----',
    ),
    "owner": (["mounttest", "--file_owner=/test"], 'owner UID of "/test": 0\nowner GID of "/test": 0'),
    "nonewprivs": (["nonewprivs"], "Effective uid: 0"),
    "what is not simulated": (
        ["inclusterclient"],
        'Error: "inclusterclient" needs a real host and is not simulated',
    ),
}


@pytest.mark.parametrize(("args", "log"), RUNS.values(), ids=RUNS)
def test_what_a_subcommand_prints(nodes, args, log):
    mount = {"name": "test", "mountPath": "/test"}
    volume = {"name": "test", "emptyDir": {"medium": "Memory"}}
    nodes.pod("run", agnhost(*args, volumeMounts=[mount]), volumes=[volume], restartPolicy="Never")
    nodes.run(5)
    assert nodes.logs("run").strip() == log


def test_netexec_answers_and_logs(nodes):
    nodes.pod("server", agnhost("netexec", "--http-port=8080", "--udp-port", "8081"))
    nodes.pod("client", shell("sleep 100000"))
    nodes.run(3)
    ip = nodes.status("server")["podIP"]
    own = nodes.status("client")["podIP"]

    def get(path):
        return nodes.exec("client", "curl", "-s", f"http://{ip}:8080{path}").stdout

    assert get("/hostname") == "server"
    assert get("/echo?msg=hello") == "hello"
    assert get("/clientip") == f"{own}:40000"
    assert get("/header?key=Host") == f"{ip}:8080"
    assert json.loads(get("/shell?cmd=echo+hi%3B+exit+3")) == {"output": "hi\n", "error": "exit status 3"}
    dialled = get(f"/dial?host={ip}&port=8081&request=hostname&protocol=udp&tries=2")
    assert json.loads(dialled) == {"responses": ["server", "server"]}
    refused = get(f"/dial?host={ip}&port=9999&request=hostname&protocol=http")
    assert json.loads(refused) == {"errors": ["connect: connection refused"]}
    assert " GET /echo?msg=hello&code=\n" in nodes.logs("server")


def test_netexec_ends_itself(nodes):
    nodes.pod("server", agnhost("netexec"), restartPolicy="Never")
    nodes.run(3)
    nodes.exec("server", "curl", "-s", "localhost:8080/exit?code=7")
    nodes.run(3)
    assert nodes.container("server")["state"]["terminated"]["exitCode"] == 7


def test_grpc_health(nodes):
    probe = {"grpc": {"port": 5000, "service": ""}, "periodSeconds": 1, "failureThreshold": 1}
    nodes.pod("ill", agnhost("grpc-health-checking", "--delay-unhealthy-sec=5", livenessProbe=probe))
    other = {"grpc": {"port": 5000, "service": "other"}, "periodSeconds": 1, "failureThreshold": 1}
    nodes.pod("unknown", agnhost("grpc-health-checking", readinessProbe=other))
    nodes.run(8)
    assert nodes.container("ill")["restartCount"] == 1
    said = [text for _, reason, text, _ in nodes.events("ill") if reason == "Unhealthy"]
    assert said == ['Liveness probe failed: service unhealthy (responded with "NOT_SERVING")']
    said = {text for _, reason, text, _ in nodes.events("unknown") if reason == "Unhealthy"}
    assert said == {
        "Readiness probe failed: error: health rpc probe failed: "
        "rpc error: code = NotFound desc = unknown service"
    }


def test_porter_serves_what_its_variables_say(nodes):
    env = [{"name": "SERVE_PORT_8080", "value": "one"}, {"name": "SERVE_PORT_9090", "value": "two"}]
    nodes.pod("server", agnhost("porter", env=env))
    nodes.run(3)
    assert nodes.exec("server", "curl", "-s", "localhost:9090").stdout == "two"


def test_logs_generator_writes_evenly(nodes):
    nodes.pod(
        "run",
        agnhost("logs-generator", "--log-lines-total", "10", "--run-duration", "5s"),
        restartPolicy="Never",
    )
    nodes.run(2.7)
    assert len(nodes.logs("run").splitlines()) == 6
    nodes.run(5)
    assert nodes.status("run")["phase"] == "Succeeded" and len(nodes.logs("run").splitlines()) == 10


ESCALATION = {
    "not said": ({}, "Effective uid: 0\n"),
    "allowed": ({"allowPrivilegeEscalation": True}, "Effective uid: 0\n"),
    "forbidden": ({"allowPrivilegeEscalation": False}, "Effective uid: 1000\n"),
}


@pytest.mark.parametrize(("context", "log"), ESCALATION.values(), ids=ESCALATION)
def test_as_whom_a_setuid_program_runs(nodes, context, log):
    image = "registry.k8s.io/e2e-test-images/nonewprivs:1.4"
    container = {"name": "nnp", "image": image, "securityContext": {"runAsUser": 1000, **context}}
    nodes.pod("run", container, restartPolicy="Never")
    nodes.run(5)
    assert nodes.logs("run") == log


def test_netexec_is_not_ready_while_it_delays_its_shutdown(nodes):
    probe = {"httpGet": {"path": "/readyz", "port": 80}}
    alive = {"httpGet": {"path": "/healthz", "port": 80}}
    server = agnhost("netexec", "--http-port=80", "--delay-shutdown=300", readinessProbe=probe)
    nodes.pod("server", {**server, "livenessProbe": alive}, terminationGracePeriodSeconds=300)
    nodes.pod("client", shell("sleep 100000"))
    nodes.run(20)
    assert nodes.condition("server", "Ready")["status"] == "True"
    ip = nodes.status("server")["podIP"]
    nodes.delete("server")
    nodes.run(60)
    assert nodes.condition("server", "Ready")["status"] == "False"
    assert nodes.container("server")["restartCount"] == 0
    assert nodes.exec("client", "curl", "-s", f"http://{ip}/readyz").stdout == "shutting down"
    assert nodes.exec("client", "curl", "-s", f"http://{ip}/hostname").stdout == "server"
    nodes.run(300)
    assert nodes.get("server") is None


GROUPS = {
    "of the image and of the Pod": ({"runAsUser": 1000, "supplementalGroups": [60000]}, "1000 50000 60000\n"),
    "of the Pod alone": (
        {"runAsUser": 1000, "supplementalGroups": [60000], "supplementalGroupsPolicy": "Strict"},
        "1000 60000\n",
    ),
    "another group first": ({"runAsUser": 1000, "runAsGroup": 7}, "7 50000\n"),
    "of nobody whom the image knows": ({"runAsUser": 1001, "supplementalGroups": [60000]}, "0 60000\n"),
}


@pytest.mark.parametrize(("context", "shown"), GROUPS.values(), ids=GROUPS)
def test_the_groups_of_a_user(nodes, context, shown):
    container = {"name": "id", "image": IMAGE, "command": ["sh", "-c", "id -G; sleep 1000"]}
    nodes.pod("run", container, restartPolicy="Never", securityContext=context)
    nodes.run(5)
    assert nodes.logs("run") == shown
    told = nodes.container("run")["user"]["linux"]
    groups = [int(one) for one in shown.split()]
    assert told == {"uid": context["runAsUser"], "gid": groups[0], "supplementalGroups": groups}


def test_sysctl_takes_slashes_for_dots(nodes):
    context = {"sysctls": [{"name": "kernel/shm_rmid_forced", "value": "1"}]}
    command = ["/bin/sysctl", "kernel/shm_rmid_forced"]
    container = {"name": "show", "image": IMAGE, "command": command}
    nodes.pod("run", container, restartPolicy="Never", securityContext=context)
    nodes.run(5)
    assert nodes.logs("run") == "kernel.shm_rmid_forced = 1\n"
