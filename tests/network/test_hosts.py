"""Ports of nodes, and how the tools speak to what listens there."""

from __future__ import annotations

import pytest

from tests.kubelet.nodes import Nodes, shell

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.59"


def netexec(*arguments, **port):
    return {
        "name": "main",
        "image": AGNHOST,
        "args": ["netexec", *arguments],
        "ports": [{"containerPort": 8080, "hostPort": 54323, **port}],
    }


@pytest.fixture(scope="module")
def nodes():
    """Three Pods share a host port: at two addresses, and over UDP; and a look from the host."""
    nodes = Nodes(1)
    address = nodes.world.get("Node", ("", "node-1"))["status"]["addresses"][0]["address"]
    nodes.address = address
    nodes.pod("local", netexec("--http-port=8080", hostIP="127.0.0.1"))
    nodes.pod("outer", netexec("--http-port=8080", hostIP=address))
    nodes.pod("datagrams", netexec("--http-port=8008", "--udp-port=8080", hostIP=address, protocol="UDP"))
    host = {"name": "main", "image": AGNHOST}
    nodes.pod("host", host, hostNetwork=True)
    nodes.pod("box", shell("sleep 1000000"))
    nodes.run(5)
    return nodes


REACHED = [
    pytest.param("host", "curl -s http://127.0.0.1:54323/hostname", "local", id="the host's loopback"),
    pytest.param("host", "curl -s --interface eth0 http://{node}:54323/hostname", "outer", id="its address"),
    pytest.param("box", "curl -s http://{node}:54323/hostname", "outer", id="from a Pod"),
    pytest.param("host", "echo hostname | nc -u -w 1 {node} 54323", "datagrams", id="by UDP"),
]


@pytest.mark.parametrize("pod, command, answer", REACHED)
def test_a_host_port_is_found_by_address_and_protocol(nodes, pod, command, answer) -> None:
    found = nodes.exec(pod, "sh", "-c", command.format(node=nodes.address))
    assert (found.stdout.strip(), found.code) == (answer, 0)


def test_the_host_is_not_a_pods_loopback(nodes) -> None:
    assert nodes.exec("box", "sh", "-c", "curl -s http://127.0.0.1:54323/hostname").code == 7


def test_what_is_no_request_is_answered_as_go_does(nodes) -> None:
    address = nodes.status("outer")["podIP"]
    said = nodes.exec("box", "sh", "-c", f"echo hello | nc -w 1 {address} 8080").stdout
    assert said.startswith("HTTP/1.1 400 Bad Request\r\n")
    assert nodes.exec("box", "sh", "-c", f"nc -z {address} 8080").stdout == ""


def test_names_of_the_hosts_file_come_first(nodes) -> None:
    alias = {"ip": "10.1.2.3", "hostnames": ["db", "db.lab"]}
    nodes.pod("named", shell("sleep 1000000"), hostAliases=[alias], hostname="me")
    nodes.run(3)
    assert nodes.exec("named", "getent", "hosts", "db").stdout.split() == ["10.1.2.3", "db", "db.lab"]
    assert nodes.exec("named", "getent", "hosts", "me").stdout.split()[0] == nodes.status("named")["podIP"]
    assert nodes.exec("named", "getent", "hosts", "nobody").code == 2
