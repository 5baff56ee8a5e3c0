"""The walkthrough on autoscaling as it is typed: what its golden story doesn't show."""

from __future__ import annotations

import re

import pytest

from k8slab.lab import Lab

PHP_APACHE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: php-apache}
spec:
  selector: {matchLabels: {run: php-apache}}
  template:
    metadata: {labels: {run: php-apache}}
    spec:
      containers:
      - name: php-apache
        image: registry.k8s.io/hpa-example
        ports: [{containerPort: 80}]
        resources: {limits: {cpu: 500m}, requests: {cpu: 200m}}
---
apiVersion: v1
kind: Service
metadata: {name: php-apache}
spec: {ports: [{port: 80}], selector: {run: php-apache}}
"""
LOOP = '-- /bin/sh -c "while sleep 0.01; do wget -q -O- http://php-apache; done"'
GENERATOR = f"run load-generator --image=busybox:1.28 --restart=Never {LOOP}"


@pytest.fixture
def lab() -> Lab:
    """The page, one autoscaler, and a minute of quiet."""
    lab = Lab()
    assert lab.apply(PHP_APACHE).code == 0
    assert lab.kubectl("autoscale deployment php-apache --cpu=50% --min=1 --max=10").code == 0
    lab.run("1m")
    return lab


def replicas(lab: Lab) -> int:
    return int(lab.get("deployment/php-apache")["spec"]["replicas"])


def test_an_attached_generator_is_left_when_all_else_has_settled_and_takes_the_load_with_it(lab: Lab) -> None:
    told = lab.kubectl(f"run -i --tty load-generator --rm --image=busybox:1.28 --restart=Never {LOOP}")
    assert re.fullmatch(r'(OK!){900,}\^C\npod "load-generator" deleted from default namespace\n', told.stdout)
    assert told.stderr.endswith("pod default/load-generator terminated (Error)\n")
    assert told.code == 130
    assert replicas(lab) == 7
    assert [pod for pod in lab.list("pods") if pod["metadata"]["name"] == "load-generator"] == []
    lab.run("6m")
    assert replicas(lab) == 1


def test_an_attached_generator_stays_for_as_long_as_it_is_told(lab: Lab) -> None:
    begun = lab.now
    lab.kubectl(f"run -it load-generator --image=busybox:1.28 --restart=Never --request-timeout=20s {LOOP}")
    assert 20 <= lab.now - begun < 30


def test_a_limit_holds_the_page_to_half_a_cpu(lab: Lab) -> None:
    lab.kubectl("delete hpa php-apache")
    for number in range(3):
        lab.kubectl(GENERATOR.replace("load-generator", f"load-{number}"))
    lab.run("1m")
    used = dict(re.findall(r"^(\S+) +(\d+)m", lab.kubectl("top pods").stdout, re.MULTILINE))
    assert {name: value for name, value in used.items() if name.startswith("php")} == {
        lab.list("pods", selector="run=php-apache")[0]["metadata"]["name"]: "500"
    }


TIMES = {
    # how long five pages of 50 ms take one after another from the beginning of a period, in milliseconds
    "a whole CPU is enough": ("1", 5 * 60),
    "half a CPU: each waits for a period of its own": ("500m", 4 * 100 + 60),
    "a fifth: the first takes three periods, and so on": ("200m", 1220),
}


@pytest.mark.parametrize(("limit", "milliseconds"), TIMES.values(), ids=TIMES)
def test_who_asks_waits_for_the_answer(lab: Lab, limit: str, milliseconds: int) -> None:
    lab.kubectl("delete hpa php-apache")
    lab.kubectl(f"set resources deployment php-apache --limits=cpu={limit}")
    lab.kubectl("run asker --image=busybox:1.28 -- sleep 1d")
    lab.settle()
    begun_us = (lab.now_us // 100_000 + 1) * 100_000
    lab.run(f"{begun_us - lab.now_us}us")
    loop = "for n in 1 2 3 4 5; do wget -q -O- http://php-apache; done"
    assert lab.kubectl(f'exec asker -- sh -c "{loop}"').stdout == "OK!" * 5
    assert lab.now_us - begun_us == milliseconds * 1000


_LATE = "curl: (28) Connection timed out after 1000 milliseconds\n"
GIVES_UP = {
    "wget": ("wget -q -T 1 -O- http://php-apache", "wget: download timed out\n", 1),
    "curl": (
        "curl -sS -m 1 http://php-apache",
        "curl: (28) Connection timed out after 1000 milliseconds\n",
        28,
    ),
    "timeout": ("timeout 1 wget -q -O- http://php-apache", "", 124),
}


@pytest.mark.parametrize(("command", "said", "code"), GIVES_UP.values(), ids=GIVES_UP)
def test_who_has_no_patience_gives_up(lab: Lab, command: str, said: str, code: int) -> None:
    lab.kubectl("set resources deployment php-apache --limits=cpu=20m --requests=cpu=20m")
    lab.kubectl("run asker --image=alpine -- sleep 1d")
    lab.settle()
    lab.kubectl("exec asker -- wget -q -O- http://php-apache")
    begun_us = lab.now_us
    told = lab.kubectl(f"exec asker -- {command}")
    assert (told.stdout, told.stderr.partition("command terminated")[0], told.code) == ("", said, code)
    assert lab.now_us - begun_us == 1_000_000


def test_jobs_in_the_background_wait_side_by_side(lab: Lab) -> None:
    lab.kubectl("scale deployment php-apache --replicas=1")
    lab.kubectl("set resources deployment php-apache --limits=cpu=4")
    lab.kubectl("run asker --image=busybox:1.28 -- sleep 1d")
    lab.settle()
    begun_us = lab.now_us
    script = "wget -q -O- http://php-apache & wget -q -O- http://php-apache & wait"
    assert lab.kubectl(f'exec asker -- sh -c "{script}"').stdout == "OK!OK!"
    assert lab.now_us - begun_us == 60_000


def test_a_load_can_be_forked_and_rewound(lab: Lab) -> None:
    lab.kubectl(GENERATOR)
    lab.run(40)
    twin = lab.fork()
    lab.run("1m")
    twin.run("1m")
    assert lab.digest() == twin.digest()
    digest, now = lab.digest(), lab.now
    lab.rewind("30s")
    lab.run(now - lab.now)
    assert lab.digest() == digest


def test_a_saved_walkthrough_is_played_again(lab: Lab) -> None:
    run = "run -i --tty load-generator --rm --image=busybox:1.28 --restart=Never --request-timeout=1m"
    lab.kubectl(f"{run} {LOOP}")
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_what_is_told_of_a_load_counts_more_than_requests(lab: Lab) -> None:
    lab.kubectl(GENERATOR)
    lab.set_load("deployment/php-apache", cpu="10m")
    lab.run("2m")
    assert replicas(lab) == 1


def test_a_page_without_an_end_of_line_is_in_the_log_once_there_is_much_of_it(lab: Lab) -> None:
    lab.kubectl(GENERATOR)
    lab.run("1m")
    assert lab.kubectl("logs load-generator").stdout == ""
    lab.run("10m")
    text = lab.kubectl("logs load-generator").stdout
    assert len(text) == 16 * 1024
    assert text.startswith("OK!OK!")


def test_a_probe_costs_a_server_nothing() -> None:
    lab = Lab()
    probe = "readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}"
    lab.apply(PHP_APACHE.replace("ports: [{containerPort: 80}]", probe))
    lab.run("1m")
    assert [kind for kind in {row.kind for row in lab.world.store.rows_since(0)} if kind == "CpuTime"] == []


def test_small_requests_of_a_program_show_and_those_by_hand_do_not() -> None:
    lab = Lab()
    lab.kubectl("create deployment web --image=nginx:1.27")
    lab.kubectl("expose deployment web --port=80")
    lab.kubectl("run by-hand --image=busybox:1.28 -- sleep 1d")
    lab.run("1m")
    lab.kubectl("exec by-hand -- wget -q -O- http://web")
    assert (
        lab.view.get("CpuTime", ("default", lab.list("pods", selector="app=web")[0]["metadata"]["name"]))
        is None
    )
    script = "while sleep 0.01; do wget -q -O- http://web > /dev/null; done"
    lab.kubectl(f'run visitor --image=busybox:1.28 --restart=Never -- /bin/sh -c "{script}"')
    lab.run("45s")
    assert re.search(r"^web-\S+ +1[01]m", lab.kubectl("top pods").stdout, re.MULTILINE)


def test_a_script_that_is_a_containers_process_ends_with_what_control_c_ends() -> None:
    lab = Lab()
    told = lab.kubectl(
        'run -it waiter --image=busybox:1.28 --restart=Never -- sh -c "while true; do sleep 5; done"'
    )
    assert told.code == 130


def test_a_program_that_is_a_containers_process_does_not_hear_control_c() -> None:
    lab = Lab()
    told = lab.kubectl("run -it sleeper --image=busybox:1.28 --restart=Never -- sleep 1000000")
    assert (told.code, lab.get("pod/sleeper")["status"]["phase"]) == (0, "Running")
