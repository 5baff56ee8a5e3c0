"""Processes over time: logs, files, volumes, signals, and being rebuilt from their journals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.api.errors import ApiError
from k8slab.cluster.failures import end_container
from k8slab.containers.files import joined, normal, text_of
from k8slab.containers.logs import Line
from k8slab.containers.logs import text_of as log_text
from tests.kubelet.nodes import Nodes, nginx, shell


@pytest.fixture
def nodes():
    return Nodes(1)


def test_a_log_with_times(nodes):
    nodes.pod("clock", shell("while true; do echo tick; sleep 10; done"))
    nodes.run(25)
    lines = nodes.logs("clock", timestamps=True).splitlines()
    assert len(lines) == 3
    assert lines[0].endswith(" tick") and lines[0][:11] == "2026-01-05T"
    assert nodes.logs("clock", tail=1) == "tick\n"
    since = nodes.world.now_us - 12_000_000
    assert nodes.logs("clock", since_us=since) == "tick\n"


def test_a_long_log_is_kept_in_chunks(nodes):
    nodes.pod("counter", shell("seq 1 1000; sleep 1000"))
    nodes.run(3)
    assert nodes.logs("counter").split() == [str(number) for number in range(1, 1001)]
    assert nodes.logs("counter", tail=2) == "999\n1000\n"
    assert nodes.logs("counter", limit_bytes=3) == "1\n2"


def test_standard_error_is_in_the_log(nodes):
    nodes.pod("both", shell("echo out; echo err >&2; sleep 1000"))
    nodes.run(3)
    assert nodes.logs("both") == "out\nerr\n"


LINES_WITHOUT_AN_END = [
    ("a-sleep", "printf read:; sleep 9; echo x; sleep 1000", ["", "read:x\n"]),
    ("its-own-end", "printf read:; sleep 9; printf x", ["", "read:x"]),
    ("both-streams", "printf a; printf b >&2; sleep 9; echo c; sleep 1000", ["", "ac\n"]),
]


@pytest.mark.parametrize(
    "script, shown", [case[1:] for case in LINES_WITHOUT_AN_END], ids=[one[0] for one in LINES_WITHOUT_AN_END]
)
def test_a_line_waits_for_its_end(nodes, script, shown):
    nodes.pod("web", shell(script), restartPolicy="Never")
    nodes.run(3)
    assert nodes.logs("web") == shown[0]
    nodes.run(9)
    assert nodes.logs("web") == shown[1]


def test_a_line_ends_with_a_process_that_is_killed(nodes):
    nodes.pod("web", shell("printf working; sleep 1000"))
    nodes.run(3)
    end_container(nodes.world, ("default", "web"), "", "OOMKilled", -1)
    nodes.run(3)
    assert nodes.logs("web", previous=True) == "working"


NO_LOGS = [
    ("waiting", nginx(image="nginx:missing"), "is waiting to start: trying and failing to pull image"),
    ("creating", nginx(image="Bad"), "is waiting to start: InvalidImageName"),
]


@pytest.mark.parametrize("container, text", [case[1:] for case in NO_LOGS], ids=[one[0] for one in NO_LOGS])
def test_no_log_yet(nodes, container, text):
    nodes.pod("web", container)
    nodes.run(3)
    with pytest.raises(ApiError) as refused:
        nodes.logs("web")
    assert refused.value.message == f'container "web" in pod "web" {text}'


def test_which_container_is_meant(nodes):
    nodes.pod("two", nginx(), shell("echo hi; sleep 1000"))
    nodes.run(3)
    with pytest.raises(ApiError) as refused:
        nodes.logs("two")
    text = "a container name must be specified for pod two, choose one of: [web main]"
    assert refused.value.message == text
    assert nodes.logs("two", "main") == "hi\n"
    with pytest.raises(ApiError) as refused:
        nodes.logs("two", "nosuch")
    assert refused.value.message == "container nosuch is not valid for pod two"


def test_no_previous_log(nodes):
    nodes.pod("web")
    nodes.run(3)
    with pytest.raises(ApiError) as refused:
        nodes.logs("web", previous=True)
    assert refused.value.message == 'previous terminated container "web" in pod "web" not found'


def test_exec_into_a_container_that_has_ended(nodes):
    nodes.pod("job", shell("true"), restartPolicy="Never")
    nodes.run(3)
    with pytest.raises(ApiError) as refused:
        nodes.exec("job", "ls")
    text = "cannot exec into a container in a completed pod; current phase is Succeeded"
    assert refused.value.message == text


def test_an_empty_dir_is_shared_and_outlives_containers(nodes):
    mount = {"volumeMounts": [{"name": "shared", "mountPath": "/data"}]}
    writer = shell("echo $HOSTNAME >> /data/f; sleep 5; exit 1", name="writer", **mount)
    nodes.pod("both", writer, nginx(**mount), volumes=[{"name": "shared", "emptyDir": {}}])
    nodes.run(8)
    assert nodes.exec("both", "cat", "/data/f", container="web").stdout == "both\nboth\n"


def test_a_containers_own_files_are_gone_with_it(nodes):
    nodes.pod("web", shell("[ -f /tmp/seen ] && echo again || echo first; touch /tmp/seen; sleep 3; exit 1"))
    nodes.run(5)
    assert nodes.logs("web") == "first\n"
    assert nodes.container("web")["restartCount"] == 1


def test_config_maps_and_secrets_as_files(nodes):
    nodes.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c"},
            "data": {"a.conf": "x=1\n", "b.conf": "y=2\n"},
        }
    )
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"key": "aGVsbG8="}}
    nodes.create(secret)
    volumes = [
        {"name": "c", "configMap": {"name": "c", "items": [{"key": "a.conf", "path": "sub/a"}]}},
        {"name": "s", "secret": {"secretName": "s"}},
        {
            "name": "d",
            "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]},
        },
    ]
    mounts = [
        {"name": "c", "mountPath": "/c"},
        {"name": "s", "mountPath": "/s", "readOnly": True},
        {"name": "d", "mountPath": "/d"},
    ]
    nodes.pod(
        "web", nginx(volumeMounts=mounts), volumes=volumes, metadata={"labels": {"app": "x", "tier": "y"}}
    )
    nodes.run(5)
    assert nodes.exec("web", "cat", "/c/sub/a", "/s/key").stdout == "x=1\nhello"
    assert nodes.exec("web", "cat", "/d/labels").stdout == 'app="x"\ntier="y"'
    assert "Read-only file system" in nodes.exec("web", "sh", "-c", "echo x > /s/key").stderr


def test_the_environment(nodes):
    nodes.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"A": "1", "B": "2"}}
    )
    variables = [
        {"name": "PLAIN", "value": "p"},
        {"name": "JOINED", "value": "$(PLAIN)-$(UNKNOWN)-$$(PLAIN)"},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
        {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "A"}}},
        {"name": "GONE", "valueFrom": {"configMapKeyRef": {"name": "no", "key": "A", "optional": True}}},
    ]
    fields = {"env": variables, "envFrom": [{"configMapRef": {"name": "c"}, "prefix": "P_"}]}
    resources = {"resources": {"limits": {"cpu": "250m"}}}
    script = "echo $PLAIN $JOINED $NODE $IP $CPU $KEY [$GONE] $P_B; sleep 1000"
    nodes.pod("web", shell(script, **fields, **resources))
    nodes.run(3)
    assert nodes.logs("web") == "p p-$(UNKNOWN)-$(PLAIN) node-1 10.244.0.2 250 1 [] 2\n"


def test_a_command_line_refers_to_the_environment(nodes):
    fields = {
        "command": ["echo"],
        "args": ["$(MESSAGE)", "$(NO)"],
        "env": [{"name": "MESSAGE", "value": "hi"}],
    }
    nodes.pod("web", {"name": "main", "image": "busybox", **fields}, restartPolicy="Never")
    nodes.run(3)
    assert nodes.logs("web") == "hi $(NO)\n"


def test_a_trap_ends_early(nodes):
    script = "trap 'echo bye; exit 5' TERM; while true; do sleep 1; done"
    nodes.pod("polite", shell(script), terminationGracePeriodSeconds=30)
    nodes.run(5)
    nodes.delete("polite")
    nodes.run(3)
    assert nodes.get("polite") is None
    last = [one.new for one in nodes.world.store.history if one.kind == "Pod" and one.new][-1]
    assert last["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 5


def test_a_termination_message(nodes):
    nodes.pod("job", shell("echo why > /dev/termination-log; exit 1"), restartPolicy="Never")
    nodes.pod(
        "log",
        shell("echo from the log; exit 1", terminationMessagePolicy="FallbackToLogsOnError"),
        restartPolicy="Never",
    )
    nodes.run(3)
    assert nodes.container("job")["state"]["terminated"]["message"] == "why\n"
    assert nodes.container("log")["state"]["terminated"]["message"] == "from the log\n"


SCRIPTS = [
    ("a plain loop", "while true; do date +%s; sleep 3; done"),
    ("a counter", "n=0; while true; do n=$((n + 1)); echo $n; sleep 4; done"),
    (
        "a loop in a function",
        "f() { for i in 1 2 3; do echo $1$i; sleep 2; done; }; while true; do f x; done",
    ),
    ("files", "while true; do date >> /tmp/f; wc -l < /tmp/f; sleep 5; done"),
    ("jobs", "(while sleep 2; do echo a; done) & while sleep 3; do echo b; done"),
    ("a pipe", "while true; do date; sleep 2; done | while read line; do echo [$line]; done"),
    ("a long first round", "for i in $(seq 1 40); do echo $i; sleep 2; done"),
    ("a trap", "trap 'echo bye' TERM; until false; do echo x; sleep 7; done"),
    ("lookups", "while true; do nslookup kubernetes | tail -2; sleep 9; done"),
]


@pytest.mark.parametrize("script", [case[1] for case in SCRIPTS], ids=[one[0] for one in SCRIPTS])
def test_a_rebuilt_process_goes_on_alike(nodes, script):
    """Every few seconds the live generators are thrown away: the log must not show it."""
    nodes.pod("main", shell(script))
    nodes.run(3)
    forgetful = Nodes.__new__(Nodes)
    forgetful.world = nodes.world.copy()
    nodes.run(60)
    for _ in range(20):
        forgetful.run(3)
        forgetful.world = forgetful.world.copy()
    assert forgetful.logs("main") == nodes.logs("main")
    assert forgetful.world.store.history == nodes.world.store.history


def test_a_loop_is_kept_small(nodes):
    nodes.pod("loop", shell("while true; do date; sleep 1; done"))
    nodes.run(600)
    record = nodes.world.get("Sandbox", ("default", "loop"))["processes"]["main"]
    assert len(record["journal"]) < 10


def test_a_busy_loop_lets_time_pass(nodes):
    nodes.pod("busy", shell("while true; do :; done"))
    nodes.pod("web")
    nodes.run(10)
    assert nodes.status("web")["phase"] == "Running"
    assert nodes.status("busy")["phase"] == "Running"


@given(st.lists(st.text(max_size=3000), max_size=12))
@settings(max_examples=50, deadline=None)
def test_appending_pages_is_appending_text(parts):
    content = ""
    for part in parts:
        content = joined(content, part)
    assert text_of(content) == "".join(parts)


@given(st.text(alphabet="a./", max_size=20))
def test_a_normal_path_is_normal(path):
    found = normal(path)
    assert found == normal(found) and found.startswith("/") and "//" not in found
    assert ".." not in found.split("/") and "." not in found.split("/")


def test_log_texts():
    lines = [Line(1_767_603_600_000_000 + 1_500_000 * number, "stdout", str(number)) for number in range(3)]
    assert log_text(lines) == "0\n1\n2\n"
    assert log_text(lines, tail=0) == ""
    assert log_text(lines, tail=1, timestamps=True) == "2026-01-05T09:00:03.000000000Z 2\n"
