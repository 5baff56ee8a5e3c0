"""The two pages on work queues: Jobs whose Pods take their work from RabbitMQ, and from Redis."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from k8slab.lab import Lab

QUEUES = """
apiVersion: v1
kind: Service
metadata: {name: rabbitmq-service}
spec: {selector: {app: rabbitmq}, ports: [{port: 5672}]}
---
apiVersion: v1
kind: Pod
metadata: {name: rabbitmq, labels: {app: rabbitmq}}
spec: {containers: [{name: c, image: rabbitmq}]}
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
---
apiVersion: v1
kind: Pod
metadata: {name: redis-master, labels: {app: redis}}
spec: {containers: [{name: c, image: redis}]}
---
apiVersion: v1
kind: Pod
metadata: {name: temp}
spec: {containers: [{name: c, image: "ubuntu:22.04", command: [sleep, 1d]}]}
"""
JOB = """
apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec:
  {counts}
  template:
    spec:
      restartPolicy: OnFailure
      containers:
      - name: c
        image: gcr.io/myproject/{name}
        env:
        - {{name: BROKER_URL, value: "amqp://guest:guest@rabbitmq-service:5672"}}
        - {{name: QUEUE, value: job1}}
"""
URL = "--url=amqp://guest:guest@rabbitmq-service:5672"


@pytest.fixture(scope="module")
def begun() -> str:
    lab = Lab(2)
    assert lab.apply(QUEUES).code == 0
    lab.settle()
    return lab.save()


@pytest.fixture
def lab(begun: str) -> Lab:
    return Lab.load(begun)


def shell(lab: Lab, *lines: str) -> tuple[str, str, int]:
    """What a shell in the Pod says to these lines: its output, its errors and its code."""
    said = lab.kubectl("exec -i temp -- sh", stdin="\n".join(lines) + "\n")
    return said.stdout, said.stderr, said.code


DECLARE = f"amqp-declare-queue {URL} -q foo -d"
TALKS: dict[str, tuple[Sequence[str], str]] = {
    "as the page does": (
        (
            f"/usr/bin/amqp-declare-queue {URL} -q foo -d",
            f"/usr/bin/amqp-publish {URL} -r foo -p -b Hello",
            f"/usr/bin/amqp-consume {URL} -q foo -c 1 cat && echo",
        ),
        "foo\nHello\n",
    ),
    "a message from standard input, and one by one": (
        (
            DECLARE,
            f"echo one | amqp-publish {URL} -r foo",
            f"amqp-get {URL} -q foo; amqp-get {URL} -q foo; echo $?",
        ),
        "foo\none\n2\n",
    ),
    "what can't be done comes again": (
        (
            DECLARE,
            f"amqp-publish {URL} -r foo -b work",
            f"amqp-consume {URL} -q foo -c 1 false",
            f"amqp-get {URL} -q foo",
        ),
        "foo\nwork",
    ),
    "a queue that is there already, and goes": (
        (DECLARE, f"amqp-publish {URL} -r foo -b a", DECLARE, f"amqp-delete-queue {URL} -q foo"),
        "foo\nfoo\n1\n",
    ),
    "nothing is bound to a queue that is not there": (
        (f"amqp-publish {URL} -r nowhere -b a; echo $?",),
        "0\n",
    ),
    "a consumer waits": (
        (DECLARE, f"(sleep 3; amqp-publish {URL} -r foo -b late) & amqp-consume {URL} -q foo -c 1 cat"),
        "foo\nlate",
    ),
}


@pytest.mark.parametrize(("lines", "shown"), TALKS.values(), ids=TALKS)
def test_the_tools_of_a_message_queue(lab: Lab, lines: Sequence[str], shown: str) -> None:
    assert shell(lab, *lines)[:2] == (shown, "")


FAULTS = {
    "no such queue": (
        f"amqp-get {URL} -q none",
        "basic.get: server channel error 404h, message: NOT_FOUND - no queue 'none' in vhost '/'\n",
    ),
    "no such host": (
        "amqp-declare-queue --url=amqp://nobody -q foo",
        "opening socket to nobody:5672: hostname lookup failed\n",
    ),
    "no broker there": (
        "amqp-publish -s redis:6379 -r foo -b a",
        "opening socket to redis:6379: a socket error occurred\n",
    ),
    "no command": (f"amqp-consume {URL} -q foo -c 1", "consuming command not specified\n"),
    "no queue": (f"amqp-get {URL}", "queue not specified\n"),
    "no URL": ("amqp-get --url=http://x -q foo", "Unable to parse the AMQP URL: http://x\n"),
}


@pytest.mark.parametrize(("line", "why"), FAULTS.values(), ids=FAULTS)
def test_why_a_tool_gives_up(lab: Lab, line: str, why: str) -> None:
    assert shell(lab, line)[:2] == ("", why + "command terminated with exit code 1\n")


def logs_of(lab: Lab, job: str) -> list[str]:
    pods = lab.list("pods", selector=f"batch.kubernetes.io/job-name={job}")
    return [lab.kubectl(f"logs {pod['metadata']['name']}").stdout for pod in pods]


def test_a_job_with_a_pod_for_each_item(lab: Lab) -> None:
    shell(lab, f"amqp-declare-queue {URL} -q job1 -d")
    for item in ("apple", "banana", "cherry"):
        shell(lab, f"amqp-publish {URL} -r job1 -p -b {item}")
    lab.apply(JOB.format(name="job-wq-1", counts="completions: 3\n  parallelism: 2"))
    lab.settle()
    assert lab.get("job/job-wq-1")["status"]["succeeded"] == 3
    assert sorted(logs_of(lab, "job-wq-1")) == [
        "Processing apple\n",
        "Processing banana\n",
        "Processing cherry\n",
    ]


def test_a_message_is_delivered_again_when_its_consumers_pod_is_gone(lab: Lab) -> None:
    shell(lab, f"amqp-declare-queue {URL} -q job1 -d", f"amqp-publish {URL} -r job1 -p -b apple")
    lab.apply(JOB.format(name="job-wq-1", counts="completions: 1"))
    lab.run("8s")
    (pod,) = lab.list("pods", selector="batch.kubernetes.io/job-name=job-wq-1")
    assert lab.kubectl(f"logs {pod['metadata']['name']}").stdout == "Processing apple\n"
    lab.kubectl(f"delete pod {pod['metadata']['name']} --force --grace-period=0")
    lab.settle()
    assert logs_of(lab, "job-wq-1") == ["Processing apple\n"]
    assert lab.get("job/job-wq-1")["status"]["succeeded"] == 1


def test_a_job_whose_pods_share_a_queue(lab: Lab) -> None:
    lab.kubectl("exec redis-master -- redis-cli rpush job2 apple banana cherry")
    lab.apply(JOB.format(name="job-wq-2", counts="parallelism: 2"))
    lab.settle()
    status = lab.get("job/job-wq-2")["status"]
    assert (status["succeeded"], status["conditions"][-1]["type"]) == (2, "Complete")
    told = logs_of(lab, "job-wq-2")
    assert sorted(re.findall(r"Working on (\w+)", "".join(told))) == ["apple", "banana", "cherry"]
    assert all(
        re.match(r"Worker with sessionID: [0-9a-f-]{36}\nInitial queue state: empty=False\n", one)
        for one in told
    )
    assert all(one.endswith("Queue empty, exiting\n") for one in told)


def test_a_worker_that_does_not_find_its_queue_says_so(lab: Lab) -> None:
    lab.kubectl("delete service redis")
    lab.kubectl("run worker --image=job-wq-2 --restart=Never")
    lab.settle()
    assert (
        "Error -2 connecting to redis:6379. Name or service not known." in lab.kubectl("logs worker").stdout
    )
    assert lab.get("pod/worker")["status"]["phase"] == "Failed"
