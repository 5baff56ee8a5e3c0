"""The cluster's DNS (kubernetes/dns, docs/specification.md, 1.1.0)."""

from __future__ import annotations

import pytest

from k8slab.containers.etc import resolver_of
from k8slab.network.dns import lookup, resolve, reverse, search_names, services
from tests.controllers.view import MemoryView


def in_namespace(namespace):
    """How a Pod of a namespace looks names up."""
    return resolver_of({"metadata": {"namespace": namespace, "name": "asker"}, "spec": {}})


def service(name, *, namespace="default", ip="", ports=(), **spec):
    listed = [{"name": label, "port": number, "protocol": "TCP"} for label, number in ports]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterIP": ip, "ports": listed, **spec},
    }


def slice_of(name, *endpoints, namespace="default", ports=()):
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-1",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": name},
        },
        "endpoints": list(endpoints),
        "ports": [{"name": label, "port": number, "protocol": "TCP"} for label, number in ports],
    }


def endpoint(address, hostname="", ready=True):
    found = {"addresses": [address], "conditions": {"ready": ready}}
    if hostname:
        found["hostname"] = hostname
    return found


WEB = (("web", 80),)
VIEW = MemoryView(
    [
        service("kubernetes", ip="10.96.0.1", ports=(("https", 443),)),
        service("db", namespace="prod", ip="10.96.0.7", ports=(("sql", 3306),)),
        service("outside", type="ExternalName", externalName="db.example.com"),
        service("empty", ip="None"),
        service("nginx", ip="None", ports=WEB),
        slice_of(
            "nginx",
            endpoint("10.244.0.3", "web-1"),
            endpoint("10.244.0.2", "web-0"),
            endpoint("10.244.0.4", "web-2", ready=False),
            endpoint("10.244.0.9"),
            ports=WEB,
        ),
        service("early", ip="None", publishNotReadyAddresses=True),
        slice_of("early", endpoint("10.244.0.5", "early-0", ready=False)),
    ]
)

NAMES = [
    ("a service in short", "kubernetes", ("10.96.0.1",)),
    ("a service with its namespace", "kubernetes.default", ("10.96.0.1",)),
    ("a service with svc", "kubernetes.default.svc", ("10.96.0.1",)),
    ("a service in full", "kubernetes.default.svc.cluster.local", ("10.96.0.1",)),
    ("a service in full with its dot", "kubernetes.default.svc.cluster.local.", ("10.96.0.1",)),
    ("in capitals", "Kubernetes.Default", ("10.96.0.1",)),
    ("of another namespace", "db.prod", ("10.96.0.7",)),
    ("of another namespace in short", "db", None),
    ("an unknown name", "nosuch", None),
    ("outside the cluster", "example.com", None),
    ("an address", "10.1.2.3", ("10.1.2.3",)),
    ("a headless service", "nginx", ("10.244.0.2", "10.244.0.3", "10.244.0.9")),
    ("a headless service without members", "empty", None),
    ("a pod of a headless service", "web-0.nginx", ("10.244.0.2",)),
    ("the same in full", "web-1.nginx.default.svc.cluster.local", ("10.244.0.3",)),
    ("a pod that is not ready", "web-2.nginx", None),
    ("a pod that is not ready but published", "early-0.early", ("10.244.0.5",)),
    ("a member without a host name", "10-244-0-9.nginx", ("10.244.0.9",)),
    ("a pod of a service with an address", "web-0.kubernetes", None),
    ("a pod record", "10-244-0-2.default.pod.cluster.local", ("10.244.0.2",)),
    ("a pod record that is no address", "web-0.default.pod.cluster.local", None),
]


@pytest.mark.parametrize("name, expected", [case[1:] for case in NAMES], ids=[one[0] for one in NAMES])
def test_addresses(name, expected):
    found = resolve(VIEW, name, in_namespace("default"))
    assert (found.addresses if found else None) == expected


def test_an_alias():
    found = lookup(VIEW, "outside.default.svc.cluster.local")
    assert found is not None and found.alias == "db.example.com" and found.addresses == ()


def test_the_search_list():
    assert search_names("nginx", in_namespace("prod")) == [
        "nginx.prod.svc.cluster.local",
        "nginx.svc.cluster.local",
        "nginx.cluster.local",
        "nginx",
    ]
    assert search_names("a.b.c.d.e.f", in_namespace("prod"))[0] == "a.b.c.d.e.f"
    assert search_names("nginx.", in_namespace("prod")) == ["nginx"]


SERVICES = [
    ("a port of a headless service", "_web._tcp.nginx", ["web-0", "web-1", "10-244-0-9"]),
    ("all ports of a headless service", "nginx", ["web-0", "web-1", "10-244-0-9"]),
    ("another port", "_sql._tcp.nginx", []),
    ("another protocol", "_web._udp.nginx", []),
]


@pytest.mark.parametrize("name, hosts", [case[1:] for case in SERVICES], ids=[one[0] for one in SERVICES])
def test_service_records(name, hosts):
    found = services(VIEW, name, in_namespace("default"))
    assert [one.target for one in found] == [f"{host}.nginx.default.svc.cluster.local" for host in hosts]
    assert all(one.port == 80 for one in found)


def test_a_service_record_of_a_cluster_ip():
    found = services(VIEW, "_sql._tcp.db", in_namespace("prod"))
    assert [(one.target, one.port) for one in found] == [("db.prod.svc.cluster.local", 3306)]


BACKWARDS = [
    ("10.96.0.1", "kubernetes.default.svc.cluster.local"),
    ("10.244.0.2", "web-0.nginx.default.svc.cluster.local"),
    ("10.9.9.9", ""),
]


@pytest.mark.parametrize("address, name", BACKWARDS)
def test_names_of_addresses(address, name):
    assert reverse(VIEW, address) == name
