"""Tools print in the form of their image: BusyBox's, GNU's, an old BusyBox's, bind's."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.containers.proc import capabilities_of
from k8slab.lab import Lab

IMAGES = {
    "alpine": "alpine:3.22",
    "busybox": "busybox:1.37",
    "old-busybox": "busybox:1.28",
    "nginx": "nginx:1.27",
    "nginx-alpine": "nginx:1.27-alpine",
    "zookeeper": "registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10",
    "agnhost": "registry.k8s.io/e2e-test-images/agnhost:2.53",
}


@pytest.fixture(scope="module")
def lab() -> Lab:
    lab = Lab(2)
    for name, image in IMAGES.items():
        spec: dict[str, Any] = {
            "terminationGracePeriodSeconds": 0,
            "securityContext": {"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000},
            "containers": [
                {
                    "name": "c",
                    "image": image,
                    "command": ["sleep", "1d"],
                    "volumeMounts": [{"name": "data", "mountPath": "/data/demo"}],
                }
            ],
            "volumes": [{"name": "data", "emptyDir": {}}],
        }
        lab.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    lab.settle()
    return lab


ADDRESS = "10.96.0.1"
BIND = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10#53\n\n"
CASES = {
    "dash heeds escapes": ("nginx", r"echo 'a\tb'", "a\tb\n"),
    "ash does not": ("busybox", r"echo 'a\tb'", "a\\tb\n"),
    "nor does an image of Alpine": ("nginx-alpine", r"echo 'a\tb'", "a\\tb\n"),
    "nor does bash": ("nginx", r"bash -c 'echo \"a\\tb\"'", "a\\tb\n"),
    "BusyBox's ls": (
        "busybox",
        "ls -l /data",
        "total 4\ndrwxrwsrwx    2 root     2000          4096 Jan  5 09:00 demo\n",
    ),
    "GNU's ls": ("nginx", "ls -l /data", "total 4\ndrwxrwsrwx 2 root 2000 4096 Jan  5 09:00 demo\n"),
    "directories count those in them": (
        "nginx",
        "mkdir -p /data/demo/a/b; ls -ld /data/demo /data/demo/a; rm -r /data/demo/a",
        "drwxrwsrwx 3 root 2000 4096 Jan  5 09:00 /data/demo\n"
        "drwxr-sr-x 3 1000 2000 4096 Jan  5 09:00 /data/demo/a\n",
    ),
    "as deep as it goes": (
        "busybox",
        "mkdir -p /data/demo/a; echo 1 > /data/demo/a/f; ls -R /data/demo; rm -r /data/demo/a",
        "/data/demo:\na\n\n/data/demo/a:\nf\n",
    ),
    "what is not there": (
        "nginx",
        "ls /no 2>&1; echo $?",
        "ls: cannot access '/no': No such file or directory\n2\n",
    ),
    "what BusyBox does not find": (
        "busybox",
        "ls /no 2>&1; echo $?",
        "ls: /no: No such file or directory\n1\n",
    ),
    "groups as the kernel keeps them": ("busybox", "id", "uid=1000 gid=3000 groups=2000,3000\n"),
    "groups as coreutils list them": ("nginx", "id", "uid=1000 gid=3000 groups=3000,2000\n"),
    "a user whom the image knows": (
        "zookeeper",
        "id; whoami",
        "uid=1000(zookeeper) gid=3000 groups=3000,2000\nzookeeper\n",
    ),
    "a user whom nobody knows": ("alpine", "whoami 2>&1", "whoami: unknown uid 1000\n"),
    "BusyBox's ps": (
        "busybox",
        "ps aux",
        "PID   USER     TIME  COMMAND\n    1 1000      0:00 sleep 1d\n    7 1000      0:00 ps aux\n",
    ),
    "the columns of ps -ef, and a long name": (
        "zookeeper",
        "ps -ef",
        "UID          PID    PPID  C STIME TTY          TIME CMD\n"
        "zookeep+       1       0  0 09:00 ?        00:00:00 sleep 1d\n"
        "zookeep+       7       0  0 09:00 ?        00:00:00 ps -ef\n",
    ),
    "the columns of ps ax": (
        "nginx",
        "ps ax",
        "    PID TTY      STAT   TIME COMMAND\n"
        "      1 ?        Ss     0:00 sleep 1d\n"
        "      7 ?        Rs     0:00 ps ax\n",
    ),
    "addresses of a Pod": (
        "busybox",
        "ip addr | sed s/10.244.*.24/ADDRESS/ | sed s/0a:58:.*.brd/MAC.brd/",
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\n"
        "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
        "    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n"
        "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue\n"
        "    link/ether MAC.brd ff:ff:ff:ff:ff:ff\n"
        "    inet ADDRESS scope global eth0\n       valid_lft forever preferred_lft forever\n",
    ),
    "bind's nslookup": (
        "agnhost",
        "nslookup kubernetes.default",
        f"{BIND}Name:\tkubernetes.default.svc.cluster.local\nAddress: {ADDRESS}\n\n",
    ),
    "nslookup of an old BusyBox": (
        "old-busybox",
        "nslookup kubernetes.default",
        "Server:    10.96.0.10\nAddress 1: 10.96.0.10 kube-dns.kube-system.svc.cluster.local\n\n"
        f"Name:      kubernetes.default\nAddress 1: {ADDRESS} kubernetes.default.svc.cluster.local\n",
    ),
    "what an old BusyBox can't resolve": (
        "old-busybox",
        "nslookup nothing 2>&1 | tail -1",
        "nslookup: can't resolve 'nothing'\n",
    ),
    "what a process may do": (
        "busybox",
        "grep -E '^(Uid|Groups|CapEff|CapBnd)' /proc/1/status",
        "Uid:\t1000\t1000\t1000\t1000\nGroups:\t2000 3000\n"
        "CapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb\n",
    ),
}


@pytest.mark.parametrize(("pod", "script", "shown"), CASES.values(), ids=CASES)
def test_a_tool_prints_in_its_images_form(lab: Lab, pod: str, script: str, shown: str) -> None:
    told = lab.kubectl(
        f'exec {pod} -- sh -c "{script}"' if "'" in script else f"exec {pod} -- sh -c '{script}'"
    )
    assert told.stdout == shown


TITLES = {"nginx": "nginx: master process nginx -g daemon off;", "redis": "redis-server *:6379"}


@pytest.mark.parametrize(("image", "title"), TITLES.items())
def test_a_server_shows_its_own_title(image: str, title: str) -> None:
    lab = Lab(1)
    lab.kubectl(f"run server --image={image}")
    lab.settle()
    assert lab.kubectl("exec server -- ps ax").stdout.splitlines()[1].partition(":00 ")[2] == title
    assert lab.kubectl("exec server -- cat /proc/1/comm").stdout == f"{title.partition(' ')[0].rstrip(':')}\n"
    lab.kubectl(f"exec server -- pkill {title.partition(' ')[0].rstrip(':')}")
    lab.settle()
    assert lab.get("pod/server")["status"]["containerStatuses"][0]["restartCount"] == 1


CAPABILITIES = {
    # What the page on security contexts reads in /proc/1/status.
    "the usual": ({}, 0xA80425FB),
    "two more": ({"capabilities": {"add": ["NET_ADMIN", "SYS_TIME"]}}, 0xAA0435FB),
    "none but one": ({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}, 1 << 10),
    "all": ({"privileged": True}, (1 << 41) - 1),
    "one of no name": ({"capabilities": {"add": ["NO_SUCH"]}}, 0xA80425FB),
}


@pytest.mark.parametrize(("context", "bits"), CAPABILITIES.values(), ids=CAPABILITIES)
def test_capabilities(context: dict[str, Any], bits: int) -> None:
    assert capabilities_of({"spec": {}}, {"securityContext": context}) == bits
