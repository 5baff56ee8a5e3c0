"""The life of Pods on simulated nodes, told as short stories."""

from __future__ import annotations

import pytest

from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.timing import REALISTIC
from tests.kubelet.nodes import Nodes, nginx, shell


@pytest.fixture
def nodes():
    return Nodes()


def test_a_plain_pod_comes_up(nodes):
    nodes.pod("web")
    nodes.run(5)
    status = nodes.status("web")
    assert status["phase"] == "Running"
    assert [one["type"] for one in status["conditions"]] == [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ]
    assert all(one["status"] == "True" and one["observedGeneration"] == 1 for one in status["conditions"])
    assert status["podIP"] == "10.244.0.2" and status["podIPs"] == [{"ip": "10.244.0.2"}]
    assert status["hostIP"] == "172.18.0.2" and status["hostIPs"] == [{"ip": "172.18.0.2"}]
    assert status["qosClass"] == "BestEffort"


def test_its_container_status_says_what_runs(nodes):
    nodes.pod("web")
    nodes.run(5)
    container = nodes.container("web")
    assert container["ready"] is True and container["started"] is True and container["restartCount"] == 0
    assert container["image"] == "docker.io/library/nginx:1.29"
    assert container["imageID"].startswith("docker.io/library/nginx@sha256:")
    assert container["containerID"].startswith("containerd://")
    assert len(container["containerID"]) == len("containerd://") + 64
    assert container["lastState"] == {}
    assert list(container["state"]) == ["running"]


def test_its_events_are_upstreams():
    nodes = Nodes(timing=REALISTIC)
    nodes.pod("web")
    nodes.run(10)
    events = nodes.events("web")
    assert [reason for _, reason, _, _ in events] == ["Pulling", "Pulled", "Created", "Started"]
    assert events[0][2] == 'Pulling image "nginx:1.29"'
    took = events[1][2].split(" in ")[1].split(" ")[0]
    assert events[1][2] == (
        f'Successfully pulled image "nginx:1.29" in {took} ({took} including waiting). '
        "Image size: 72400000 bytes."
    )
    assert [text for _, _, text, _ in events[2:]] == ["Container created", "Container started"]


def test_a_second_pod_finds_the_image_on_the_node(nodes):
    nodes.pod("web")
    nodes.run(5)
    nodes.pod("more")
    nodes.run(5)
    pulled = nodes.events("more")[0]
    assert pulled[:3] == (
        "Normal",
        "Pulled",
        'Container image "nginx:1.29" already present on machine and can be accessed by the pod',
    )
    assert nodes.status("more")["podIP"] == "10.244.0.3"


def test_a_plain_pod_needs_few_writes():
    nodes = Nodes(timing=REALISTIC)
    nodes.pod("first")
    nodes.run(10)
    nodes.pod("web")
    nodes.run(3600)
    assert nodes.writes("web") == 2
    nodes.delete("web")
    nodes.run(60)
    assert nodes.get("web") is None
    assert nodes.writes("web") == 4


def test_what_it_says_while_it_waits():
    nodes = Nodes(timing=REALISTIC)
    nodes.pod("web")
    nodes.run(0.02)
    status = nodes.status("web")
    assert status["phase"] == "Pending"
    assert nodes.container("web")["state"] == {"waiting": {"reason": "ContainerCreating"}}
    ready = nodes.condition("web", "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [web]"
    assert nodes.condition("web", "PodReadyToStartContainers")["status"] == "False"
    nodes.run(1)
    assert nodes.condition("web", "PodReadyToStartContainers")["status"] == "True"


def test_a_pod_that_ends_well(nodes):
    nodes.pod("job", shell("echo done"), restartPolicy="Never")
    nodes.run(5)
    status = nodes.status("job")
    assert status["phase"] == "Succeeded"
    ended = nodes.container("job")["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (0, "Completed")
    assert nodes.condition("job", "Initialized")["reason"] == "PodCompleted"
    assert nodes.condition("job", "Ready")["reason"] == "PodCompleted"
    assert nodes.condition("job", "PodReadyToStartContainers")["status"] == "False"
    assert nodes.logs("job") == "done\n"


def test_a_pod_that_fails(nodes):
    nodes.pod("job", shell("echo no >&2; exit 3"), restartPolicy="Never")
    nodes.run(5)
    assert nodes.status("job")["phase"] == "Failed"
    ended = nodes.container("job")["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (3, "Error")
    assert nodes.condition("job", "Ready")["reason"] == "PodFailed"


def test_a_crash_loop(nodes):
    nodes.pod("crash", shell("echo boom; exit 1"))
    nodes.run(6)
    container = nodes.container("crash")
    uid = nodes.get("crash")["metadata"]["uid"]
    assert container["state"] == {
        "waiting": {
            "reason": "CrashLoopBackOff",
            "message": f"back-off 10s restarting failed container=main pod=crash_default({uid})",
        }
    }
    assert container["lastState"]["terminated"]["exitCode"] == 1
    assert container["restartCount"] == 1
    assert nodes.status("crash")["phase"] == "Running"
    nodes.run(120)
    assert nodes.container("crash")["restartCount"] == 4
    back_off = [event for event in nodes.events("crash") if event[1] == "BackOff"]
    assert back_off[0][:3] == (
        "Warning",
        "BackOff",
        f"Back-off restarting failed container main in pod crash_default({uid})",
    )
    assert nodes.logs("crash", previous=True) == "boom\n"


def test_on_failure_restarts_only_failures(nodes):
    script = "if [ -f /data/tried ]; then exit 0; fi; touch /data/tried; exit 1"
    volume = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    nodes.pod(
        "twice",
        shell(script, **volume),
        restartPolicy="OnFailure",
        volumes=[{"name": "data", "emptyDir": {}}],
    )
    nodes.run(5)
    assert nodes.status("twice")["phase"] == "Succeeded"
    assert nodes.container("twice")["restartCount"] == 1


def test_an_image_that_does_not_exist(nodes):
    nodes.pod("bad", nginx(image="nginx:does-not-exist"))
    nodes.run(0.5)
    reason = (
        "rpc error: code = NotFound desc = failed to pull and unpack image "
        '"docker.io/library/nginx:does-not-exist": failed to resolve reference '
        '"docker.io/library/nginx:does-not-exist": docker.io/library/nginx:does-not-exist: not found'
    )
    assert nodes.container("bad")["state"]["waiting"] == {"reason": "ErrImagePull", "message": reason}
    nodes.run(2)
    assert nodes.container("bad")["state"]["waiting"] == {
        "reason": "ImagePullBackOff",
        "message": f'Back-off pulling image "nginx:does-not-exist": ErrImagePull: {reason}',
    }
    texts = [(kind, what, text) for kind, what, text, _ in nodes.events("bad")]
    assert texts == [
        ("Normal", "Pulling", 'Pulling image "nginx:does-not-exist"'),
        ("Warning", "Failed", f'Failed to pull image "nginx:does-not-exist": {reason}'),
        ("Warning", "Failed", "Error: ErrImagePull"),
        ("Normal", "BackOff", 'Back-off pulling image "nginx:does-not-exist"'),
        ("Warning", "Failed", "Error: ImagePullBackOff"),
    ]
    assert nodes.status("bad")["phase"] == "Pending"


def test_a_name_that_is_no_image(nodes):
    nodes.pod("bad", nginx(image="Nginx"))
    nodes.run(1)
    waiting = nodes.container("bad")["state"]["waiting"]
    assert waiting["reason"] == "InvalidImageName"
    assert waiting["message"] == (
        'Failed to apply default image tag "Nginx": couldn\'t parse image name "Nginx": '
        "invalid reference format: repository name (library/Nginx) must be lowercase"
    )


def test_never_pull(nodes):
    nodes.pod("bad", nginx(imagePullPolicy="Never"))
    nodes.run(1)
    assert nodes.container("bad")["state"]["waiting"] == {
        "reason": "ErrImageNeverPull",
        "message": 'Container image "nginx:1.29" is not present with pull policy of Never',
    }


def test_a_command_that_does_not_exist(nodes):
    nodes.pod("bad", nginx(command=["nosuch"]), restartPolicy="Never")
    nodes.run(3)
    ended = nodes.container("bad")["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert ended["message"].endswith('exec: "nosuch": executable file not found in $PATH')


MISSING = [
    ("config map", {"configMapKeyRef": {"name": "no", "key": "k"}}, 'configmap "no" not found'),
    ("secret", {"secretKeyRef": {"name": "no", "key": "k"}}, 'secret "no" not found'),
    (
        "key",
        {"configMapKeyRef": {"name": "there", "key": "k"}},
        "couldn't find key k in ConfigMap default/there",
    ),
]


@pytest.mark.parametrize(
    "reference, expected", [case[1:] for case in MISSING], ids=[one[0] for one in MISSING]
)
def test_an_environment_that_refers_to_nothing(nodes, reference, expected):
    nodes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "there"}, "data": {"a": "1"}})
    nodes.pod("bad", nginx(env=[{"name": "X", "valueFrom": reference}]))
    nodes.run(1)
    assert nodes.container("bad")["state"]["waiting"] == {
        "reason": "CreateContainerConfigError",
        "message": expected,
    }
    assert ("Warning", "Failed", f"Error: {expected}", 1) in nodes.events("bad")


def test_a_volume_that_waits_for_its_config_map(nodes):
    volume = {"name": "config", "configMap": {"name": "settings"}}
    nodes.pod("web", nginx(volumeMounts=[{"name": "config", "mountPath": "/config"}]), volumes=[volume])
    nodes.run(5)
    assert nodes.status("web")["phase"] == "Pending"
    text = 'MountVolume.SetUp failed for volume "config" : configmap "settings" not found'
    assert nodes.events("web")[0][:3] == ("Warning", "FailedMount", text)
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"color": "blue"},
    }
    nodes.create(settings)
    nodes.run(130)
    assert nodes.status("web")["phase"] == "Running"
    assert nodes.exec("web", "cat", "/config/color").stdout == "blue"


def test_a_claim_that_does_not_exist(nodes):
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    nodes.pod("web", nginx(volumeMounts=[{"name": "data", "mountPath": "/data"}]), volumes=[volume])
    nodes.run(2)
    assert nodes.events("web")[0][2] == (
        "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to "
        "process volumes=[data]: error processing PVC default/data: failed to fetch PVC from API server: "
        'persistentvolumeclaims "data" not found'
    )
    nodes.run(60)
    assert 4 <= nodes.events("web")[0][3] <= 7, "one each ten to fifteen seconds"


def test_init_containers_run_one_after_the_other(nodes):
    inits = [shell("sleep 2", name="one"), shell("sleep 3", name="two")]
    nodes.pod("web", initContainers=inits)
    nodes.run(1)
    states = [list(one["state"]) for one in nodes.status("web")["initContainerStatuses"]]
    assert states == [["running"], ["waiting"]]
    assert nodes.container("web")["state"]["waiting"]["reason"] == "PodInitializing"
    assert nodes.condition("web", "Initialized")["message"] == "containers with incomplete status: [one two]"
    nodes.run(2)
    assert nodes.condition("web", "Initialized")["message"] == "containers with incomplete status: [two]"
    nodes.run(4)
    assert nodes.status("web")["phase"] == "Running"
    assert all(one["ready"] for one in nodes.status("web")["initContainerStatuses"])


def test_a_failing_init_container_under_never(nodes):
    nodes.pod("web", initContainers=[shell("exit 1", name="one")], restartPolicy="Never")
    nodes.run(3)
    assert nodes.status("web")["phase"] == "Failed"
    assert list(nodes.container("web")["state"]) == ["waiting"]


def test_a_sidecar_starts_first_and_ends_last():
    nodes = Nodes(timing=REALISTIC)
    sidecar = shell("trap 'exit 0' TERM; while true; do sleep 5; done", name="side", restartPolicy="Always")
    nodes.pod("web", nginx(), initContainers=[sidecar], terminationGracePeriodSeconds=20)
    nodes.run(20)
    status = nodes.status("web")
    assert status["phase"] == "Running"
    assert status["initContainerStatuses"][0]["started"] is True
    assert nodes.reasons("web").count("Started") == 2
    nodes.delete("web")
    nodes.run(40)
    last = [one.new for one in nodes.world.store.history if one.kind == "Pod" and one.new][-1]
    ended = last["status"]["initContainerStatuses"][0]["state"]["terminated"]
    regular = last["status"]["containerStatuses"][0]["state"]["terminated"]
    assert regular["finishedAt"] <= ended["finishedAt"]


def test_deletion_of_a_server_that_heeds_sigterm():
    nodes = Nodes(timing=REALISTIC)
    nodes.pod("web")
    nodes.run(10)
    nodes.delete("web")
    nodes.run(0.05)
    assert nodes.status("web")["phase"] == "Running"
    assert ("Normal", "Killing", "Stopping container web", 1) in nodes.events("web")
    nodes.run(2)
    assert nodes.get("web") is None


def test_a_sleeping_shell_takes_its_whole_grace_period(nodes):
    nodes.pod("slow", shell("sleep 1000"), terminationGracePeriodSeconds=12)
    nodes.run(3)
    nodes.delete("slow")
    nodes.run(11)
    assert nodes.get("slow") is not None
    nodes.run(3)
    assert nodes.get("slow") is None
    last = [one.new for one in nodes.world.store.history if one.kind == "Pod" and one.new][-1]
    assert last["status"]["phase"] == "Failed"
    assert last["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137


def test_deletion_of_a_pod_that_never_started(nodes):
    nodes.pod("bad", nginx(image="nginx:missing"))
    nodes.run(3)
    nodes.delete("bad")
    nodes.run(3)
    assert nodes.get("bad") is None
    last = [one.new for one in nodes.world.store.history if one.kind == "Pod" and one.new][-1]
    assert last["status"]["phase"] == "Failed"
    ended = last["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("ContainerStatusUnknown", 137)
    assert ended["message"] == "The container could not be located when the pod was terminated"


def test_force_deletion_leaves_nothing_behind(nodes):
    nodes.pod("web", shell("while true; do date; sleep 1; done"))
    nodes.run(5)
    nodes.delete("web", grace_seconds=0)
    nodes.run(3)
    assert nodes.get("web") is None
    assert nodes.world.get("Sandbox", ("default", "web")) is None
    assert nodes.world.get("Log", ("default", "web/main/0/0")) is None
    assert ("kubelet", ("default", "web")) not in nodes.world.memories


def test_a_pre_stop_hook_runs_before_the_end():
    nodes = Nodes(timing=REALISTIC)
    hook = {"preStop": {"sleep": {"seconds": 5}}}
    nodes.pod("web", nginx(lifecycle=hook))
    nodes.run(10)
    nodes.delete("web")
    nodes.run(4.5)
    assert nodes.get("web") is not None
    nodes.run(3)
    assert nodes.get("web") is None


def test_a_post_start_hook_writes_a_file(nodes):
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "echo hello > /usr/share/message"]}}}
    nodes.pod("web", nginx(lifecycle=hook))
    nodes.run(3)
    assert nodes.exec("web", "cat", "/usr/share/message").stdout == "hello\n"


def test_a_failing_post_start_hook_kills_the_container(nodes):
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "exit 4"]}}}
    nodes.pod("web", nginx(lifecycle=hook))
    nodes.run(2)
    said = [event[:3] for event in nodes.events("web")]
    assert ("Warning", "FailedPostStartHook", "PostStartHook failed") in said
    nodes.run(30)
    assert nodes.container("web")["restartCount"] >= 1


def test_a_post_start_hook_holds_the_pod_up(nodes):
    hook = {"postStart": {"exec": {"command": ["sleep", "20"]}}}
    nodes.pod("web", nginx(lifecycle=hook), shell("sleep 1000", name="second"))
    nodes.run(15)
    assert [one["state"] for one in nodes.status("web")["containerStatuses"]] == [
        {"waiting": {"reason": "ContainerCreating"}}
    ] * 2
    nodes.run(10)
    assert all("running" in one["state"] for one in nodes.status("web")["containerStatuses"])
    second, first = (
        parse_timestamp(one["state"]["running"]["startedAt"])
        for one in nodes.status("web")["containerStatuses"]
    )
    assert second - first >= 20 * SECOND_US


def test_a_pod_may_go_while_its_post_start_hook_runs(nodes):
    hook = {"postStart": {"exec": {"command": ["sleep", "2000"]}}}
    nodes.pod("web", nginx(lifecycle=hook))
    nodes.run(15)
    nodes.delete("web")
    nodes.run(40)
    assert nodes.get("web") is None


def test_the_active_deadline(nodes):
    nodes.pod("late", activeDeadlineSeconds=30)
    nodes.run(29)
    assert nodes.status("late")["phase"] == "Running"
    nodes.run(5)
    status = nodes.status("late")
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert status["message"] == "Pod was active on the node longer than the specified deadline"
    assert "DeadlineExceeded" in nodes.reasons("late")


def test_a_pod_that_does_not_fit_is_refused(nodes):
    nodes.pod("big", nginx(resources={"requests": {"cpu": "5"}}))
    nodes.run(1)
    status = nodes.status("big")
    text = "Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000"
    assert (status["phase"], status["reason"]) == ("Failed", "OutOfcpu")
    assert status["message"] == f"Pod was rejected: {text}"
    assert nodes.events("big") == [("Warning", "OutOfcpu", text, 1)]
    assert "containerStatuses" not in status and "conditions" not in status
    nodes.delete("big")
    nodes.run(2)
    assert nodes.get("big") is None


def test_all_containers_restart_by_a_rule(nodes):
    rules = [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [42]}}]
    script = "if [ -f /data/x ]; then sleep 1000; fi; touch /data/x; sleep 3; exit 42"
    mount = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    trigger = shell(script, restartPolicy="Never", restartPolicyRules=rules, **mount)
    nodes.pod("all", trigger, nginx(), volumes=[{"name": "data", "emptyDir": {}}])
    nodes.run(2)
    assert nodes.condition("all", "AllContainersRestarting")["status"] == "False"
    nodes.run(20)
    assert [one["restartCount"] for one in nodes.status("all")["containerStatuses"]] == [1, 1]
    assert nodes.status("all")["phase"] == "Running"


def test_power_loss_and_return(nodes):
    nodes.pod("web")
    nodes.pod("loop", shell("while true; do date; sleep 5; done"))
    nodes.run(20)
    lines = nodes.logs("loop").count("\n")
    nodes.machine("node-1", power="Off", kubelet="Stopped")
    nodes.run(120)
    assert nodes.status("web")["phase"] == "Running", "nobody can report it"
    assert nodes.logs("loop").count("\n") == lines
    nodes.machine("node-1", power="On", kubelet="Running")
    nodes.run(10)
    container = nodes.container("web")
    assert container["restartCount"] == 1 and list(container["state"]) == ["running"]
    ended = container["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (255, "Unknown")
    text = "Pod sandbox changed, it will be killed and re-created."
    assert ("Normal", "SandboxChanged", text, 1) in nodes.events("web")
    assert nodes.container("loop")["restartCount"] == 1
    assert nodes.logs("loop").count("\n") >= 1


def test_a_pod_deleted_while_its_node_is_off_goes_when_it_returns(nodes):
    nodes.pod("web")
    nodes.run(5)
    nodes.machine("node-1", power="Off", kubelet="Stopped")
    nodes.run(5)
    nodes.delete("web")
    nodes.run(300)
    assert nodes.get("web") is not None
    nodes.machine("node-1", power="On", kubelet="Running")
    nodes.run(5)
    assert nodes.get("web") is None


def test_a_disconnected_node_changes_nothing_until_it_is_back(nodes):
    nodes.pod("web")
    nodes.run(5)
    before = nodes.container("web")["containerID"]
    nodes.machine("node-1", network="Down")
    nodes.pod("late")
    nodes.run(60)
    assert "containerStatuses" not in nodes.status("late")
    nodes.machine("node-1", network="Up")
    nodes.run(5)
    assert nodes.status("late")["phase"] == "Running"
    assert nodes.container("web")["containerID"] == before


def test_a_fork_goes_on_as_its_origin_does(nodes):
    nodes.pod("loop", shell("n=0; while true; do n=$((n+1)); echo $n; sleep 3; done"))
    nodes.pod("probe", nginx(readinessProbe={"httpGet": {"path": "/", "port": 80}}))
    nodes.run(20)
    twin = Nodes.__new__(Nodes)
    twin.world = nodes.world.copy()
    nodes.run(60)
    twin.run(60)
    assert twin.world.store.history == nodes.world.store.history
    assert nodes.logs("loop", tail=1) == twin.logs("loop", tail=1) != ""


def test_the_node_registers_and_becomes_ready(nodes):
    node = nodes.world.get("Node", ("", "node-1"))
    conditions = {one["type"]: (one["status"], one["reason"]) for one in node["status"]["conditions"]}
    assert conditions == {
        "MemoryPressure": ("False", "KubeletHasSufficientMemory"),
        "DiskPressure": ("False", "KubeletHasNoDiskPressure"),
        "PIDPressure": ("False", "KubeletHasSufficientPID"),
        "Ready": ("True", "KubeletReady"),
    }
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.36.2"
    assert node["spec"]["podCIDR"] == "10.244.0.0/24"
    lease = nodes.world.get("Lease", ("kube-node-lease", "node-1"))
    assert lease["spec"]["holderIdentity"] == "node-1"
    assert lease["metadata"]["ownerReferences"][0]["uid"] == node["metadata"]["uid"]


def test_a_healthy_node_writes_nothing(nodes):
    before = nodes.world.store.revision
    nodes.run(3600)
    assert nodes.world.store.revision == before


def test_the_node_reports_its_images(nodes):
    nodes.pod("web")
    nodes.run(30)
    images = nodes.world.get("Node", ("", "node-1"))["status"]["images"]
    assert [one["names"][1] for one in images] == ["docker.io/library/nginx:1.29"]
