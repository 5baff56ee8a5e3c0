"""What can be broken on purpose, and what the cluster makes of it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from k8slab import Lab
from k8slab.cluster.failures import CATALOGUE, Failure
from k8slab.cluster.request import Request
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
    signature = inspect.signature(getattr(lab, failure.verb)).parameters
    parameters = [name for name, one in signature.items() if one.default is inspect.Parameter.empty]
    wanted = {"Node": ["node", "name"], "Zone": ["zone"], "Pod": ["reference"], "Cluster": []}[failure.of]
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


def test_a_zone_goes_out_and_comes_back_at_once(lab: Lab) -> None:
    lab.add_node(zone="a")
    lab.run("20s")
    lab.crash_zone("a")
    lab.run("2m")
    ready = {
        node["metadata"]["name"]: node["status"]["conditions"][-1]["status"] for node in lab.list("nodes")
    }
    assert ready == {"node-1": "Unknown", "node-2": "True", "node-3": "True", "node-4": "Unknown"}
    assert [one.text for one in lab.inputs][-1] == "lab.crash_zone('a')"
    lab.recover_zone("a")
    lab.run("1m")
    assert "NotReady" not in lab.kubectl("get nodes").stdout
    assert Lab.load(lab.save()).digest() == lab.digest()
    with pytest.raises(LabError, match='there is no zone "z": there are a, b, c'):
        lab.crash_zone("z")


# The disk.


LIMITED = """
apiVersion: v1
kind: Pod
metadata: {name: writer}
spec:
  containers:
  - name: app
    image: nginx
    resources: {limits: {ephemeral-storage: 2Mi}, requests: {ephemeral-storage: 1Mi}}
    volumeMounts: [{name: cache, mountPath: /cache}, {name: quick, mountPath: /quick}]
  volumes:
  - name: cache
    emptyDir: {sizeLimit: 1Mi}
  - name: quick
    emptyDir: {medium: Memory}
"""
WRITTEN = {
    "a volume": ("/cache/x", 1100, 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". '),
    "all together": (
        "/x",
        2100,
        "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ",
    ),
    "less": ("/cache/x", 900, ""),
    "into memory": ("/quick/x", 2100, ""),
}


@pytest.fixture(scope="module")
def writing() -> Lab:
    lab = Lab(nodes=1)
    lab.apply(LIMITED)
    lab.settle()
    return lab


@pytest.mark.parametrize("case", WRITTEN)
def test_who_writes_more_than_its_limit_is_evicted(writing: Lab, case: str) -> None:
    path, kibibytes, message = WRITTEN[case]
    lab = writing.fork()
    lab.kubectl(f"exec writer -- dd if=/dev/zero of={path} bs=1024 count={kibibytes}")
    lab.run("20s")
    status = lab.get("pod/writer")["status"]
    assert status.get("message", "") == message
    assert status["phase"] == ("Failed" if message else "Running")
    if message:
        assert status["reason"] == "Evicted"
        assert message.strip() in lab.kubectl("events").stdout
        assert f"disk that it takes or that the node lacks: {message.strip()}" in lab.why("pod/writer")
        assert not any(one["type"] == "DisruptionTarget" for one in status["conditions"])


FILLED = {
    "the first volume": ({}, 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". '),
    "a volume": ({"volume": "cache", "size": "3Mi"}, 'EmptyDir volume "cache" exceeds the limit "1Mi". '),
    "in memory": ({"volume": "quick", "size": "1Gi"}, ""),
    "not too much": ({"size": "1023Ki"}, ""),
}


@pytest.mark.parametrize("case", FILLED)
def test_a_pods_storage_is_filled_without_writing_it(writing: Lab, case: str) -> None:
    options, message = FILLED[case]
    lab = writing.fork()
    lab.fill_storage("pod/writer", **options)
    lab.run("20s")
    assert lab.get("pod/writer")["status"].get("message", "").endswith(message)
    assert Lab.load(lab.save()).digest() == lab.digest()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"volume": "nowhere"}, "volume nowhere is not an emptyDir of pod writer"),
        ({"size": "much"}, "quantit"),
    ],
    ids=["no such volume", "no size"],
)
def test_what_cannot_be_filled(writing: Lab, options: dict, text: str) -> None:
    lab = writing.fork()
    with pytest.raises((LabError, ValueError), match=text):
        lab.fill_storage("pod/writer", **options)
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_a_full_disk_drives_one_pod_after_another_away(lab: Lab) -> None:
    lab.apply(
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "value": 9,
            "metadata": {"name": "dear"},
        }
    )
    for name, extra in (("cheap", ""), ("dear", ', "priorityClassName": "dear"')):
        lab.kubectl(f'run {name} --image=nginx --overrides=\'{{"spec": {{"nodeName": "node-1"{extra}}}}}\'')
    critical = ', "priorityClassName": "system-node-critical"'
    lab.kubectl(f'run agent --image=nginx --overrides=\'{{"spec": {{"nodeName": "node-1"{critical}}}}}\'')
    lab.settle()
    lab.fill_disk("node-1")
    evicted: list[str] = []
    lab.on(
        "pod/*",
        lambda seen: evicted.append(seen.name) if seen.after == "Evicted" else None,
        field="status.reason",
    )
    lab.run("1m")
    node = lab.get("node/node-1")
    (pressure,) = [one for one in node["status"]["conditions"] if one["type"] == "DiskPressure"]
    assert (pressure["status"], pressure["reason"]) == ("True", "KubeletHasDiskPressure")
    assert [one["key"] for one in node["spec"]["taints"]] == ["node.kubernetes.io/disk-pressure"]
    assert evicted.index("cheap") < evicted.index("dear")
    assert lab.get("pod/agent")["status"]["phase"] == "Running"
    status = lab.get("pod/cheap")["status"]
    words = (
        "The node was low on resource: ephemeral-storage. "
        "Threshold quantity: 10302212Ki, available: 4074986036. "
    )
    assert (status["phase"], status["message"]) == ("Failed", words)
    (target,) = [one for one in status["conditions"] if one["type"] == "DisruptionTarget"]
    assert (target["reason"], target["message"]) == ("TerminationByKubelet", words)
    said = lab.kubectl("describe node node-1").stdout
    assert "Attempting to reclaim ephemeral-storage" in said
    assert "Node node-1 status is now: NodeHasDiskPressure" in said
    assert "disk is nearly full" in lab.why("node/node-1")


def test_a_node_short_of_disk_takes_no_pod_and_recovers_after_five_minutes(lab: Lab) -> None:
    lab.fill_disk("node-1")
    lab.run("15s")
    lab.kubectl('run late --image=nginx --overrides=\'{"spec": {"nodeName": "node-1"}}\'')
    lab.run("5s")
    status = lab.get("pod/late")["status"]
    assert (status["reason"], status["message"]) == (
        "Evicted",
        "Pod was rejected: The node had condition: [DiskPressure]. ",
    )
    lab.recover("node-1")
    lab.run("4m")
    assert "disk-pressure" in str(lab.get("node/node-1")["spec"])
    lab.run("2m")
    assert "disk-pressure" not in str(lab.get("node/node-1")["spec"])
    assert lab.next_event_us() is None or lab.settle()


def test_the_pod_that_fills_the_disk_goes_first_and_the_others_stay(lab: Lab) -> None:
    lab.kubectl("create deployment web --image=nginx --replicas=6")
    lab.settle()
    pod = lab.list("pods", selector="app=web")[0]
    node, name = pod["spec"]["nodeName"], pod["metadata"]["name"]
    lab.fill_storage(f"pod/{name}")
    lab.run("2m")
    failed = [one for one in lab.list("pods") if one["status"]["phase"] == "Failed"]
    assert [one["metadata"]["name"] for one in failed] == [name]
    assert (
        "Container nginx was using 101274864844, request is 0, has larger consumption"
        in failed[0]["status"]["message"]
    )
    assert "disk-pressure" in str(lab.get(f"node/{node}")["spec"])
    assert (
        "1/1" in lab.kubectl("get deployment web").stdout or "6/6" in lab.kubectl("get deployment web").stdout
    )


# Memory.


def test_a_container_that_needs_more_memory_than_it_may_have_is_killed_again_and_again(lab: Lab) -> None:
    lab.kubectl("create deployment web --image=nginx --replicas=2")
    lab.kubectl("set resources deployment web --limits=memory=64Mi")
    lab.settle()
    lab.set_load("deployment/web", memory="64Mi")
    lab.run("30s")
    assert all(
        one["status"]["containerStatuses"][0]["restartCount"] == 0
        for one in lab.list("pods", selector="app=web")
    )
    lab.set_load("deployment/web", memory="65Mi")
    lab.run("3m")
    for pod in lab.list("pods", selector="app=web"):
        status = pod["status"]["containerStatuses"][0]
        assert status["restartCount"] > 2
        assert status["lastState"]["terminated"]["reason"] == "OOMKilled"
        assert status["lastState"]["terminated"]["exitCode"] == 137
        assert status["state"].get("waiting", {}).get("reason", "CrashLoopBackOff") == "CrashLoopBackOff"
    lab.set_load("deployment/web")
    lab.run("6m")
    assert "2/2" in lab.kubectl("get deployment web").stdout
    assert Lab.load(lab.save()).digest() == lab.digest()


# The API server.


def test_without_an_api_server_what_runs_goes_on_and_nobody_is_answered(lab: Lab) -> None:
    lab.kubectl("create deployment web --image=nginx --replicas=3")
    lab.settle()
    pods = lab.list("pods", selector="app=web")
    lab.stop_api_server()
    refused = lab.kubectl("get pods")
    assert (refused.code, refused.stdout) == (1, "")
    assert refused.stderr == (
        "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?\n"
    )
    assert lab.request(Request("GET", "/api/v1/pods")).code == 503
    revision = {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in pods}
    lab.kill(f"pod/{pods[0]['metadata']['name']}")
    lab.crash("node-2")
    lab.run("5m")
    same = {
        one["metadata"]["name"]: one["metadata"]["resourceVersion"]
        for one in lab.list("pods", selector="app=web")
    }
    assert same == revision, "nothing is written while nobody answers"
    assert not [
        one for one in lab.history if one.kind in ("Event", "Pod") and one.at_us > lab.now_us - 299_000_000
    ]
    lab.start_api_server()
    lab.run("3s")
    status = lab.get(f"pod/{pods[0]['metadata']['name']}")["status"]["containerStatuses"][0]
    assert (status["restartCount"], "running" in status["state"]) == (1, True)
    lab.run("10m")
    assert "3/3" in lab.kubectl("get deployment web").stdout
    assert Lab.load(lab.save()).digest() == lab.digest()


# A container that hangs.


PROBED = """
apiVersion: v1
kind: Pod
metadata: {name: slow, labels: {app: slow}}
spec:
  containers:
  - name: web
    image: nginx
    readinessProbe: {httpGet: {port: 80}, periodSeconds: 5, failureThreshold: 1}
    livenessProbe: {httpGet: {port: 80}, periodSeconds: 10, failureThreshold: 6}
---
apiVersion: v1
kind: Pod
metadata: {name: counter}
spec:
  containers:
  - name: count
    image: busybox
    command: [sh, -c, "while true; do date; sleep 5; done"]
"""


@pytest.fixture(scope="module")
def hanging() -> Lab:
    lab = Lab(nodes=2)
    lab.apply(PROBED)
    lab.settle()
    lab.hang("pod/slow")
    lab.run("10s")
    return lab


def test_a_container_that_hangs_answers_nobody_and_its_probes_fail(hanging: Lab) -> None:
    lab = hanging.fork()
    assert "False" in str(
        [one for one in lab.get("pod/slow")["status"]["conditions"] if one["type"] == "Ready"]
    )
    words = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    assert words in lab.kubectl("describe pod slow").stdout
    address = lab.get("pod/slow")["status"]["podIP"]
    assert lab.kubectl(f"exec counter -- wget -T 2 -qO- {address}").code
    assert lab.kubectl("exec slow -- ls /").code == 0, "other processes in it go on"
    lab.resume("pod/slow")
    lab.run("10s")
    assert lab.kubectl("wait --for=condition=Ready pod/slow --timeout=1s").code == 0
    assert lab.kubectl(f"exec counter -- wget -T 2 -qO- {address}").code == 0
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_a_container_that_hangs_is_killed_after_its_grace_period_and_begins_anew(hanging: Lab) -> None:
    lab = hanging.fork()
    lab.run("2m")
    status = state_of(lab, "slow")
    assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 137)
    assert status["ready"], "the new run does not hang"


def test_a_program_that_hangs_does_nothing_until_it_goes_on(hanging: Lab) -> None:
    lab = hanging.fork()
    lab.hang("pod/counter")
    before = lab.kubectl("logs counter").stdout
    lab.run("1m")
    assert lab.kubectl("logs counter").stdout == before
    lab.resume("pod/counter")
    lab.run("12s")
    assert len(lab.kubectl("logs counter").stdout) > len(before)
