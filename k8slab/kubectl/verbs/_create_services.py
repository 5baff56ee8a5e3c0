"""`create service` and `create ingress`.

Models staging/src/k8s.io/kubectl/pkg/cmd/create/{create_service,create_ingress}.go, v1.36.
"""

from __future__ import annotations

import re
from typing import Any

from k8slab.api.meta import Obj
from k8slab.api.validation._names import dns_subdomain, port_name, port_number
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._create import generator, metadata_of

_PORTS = Flag("tcp", type="strings")
_CLUSTER_IP = Flag("clusterip")
_NODE_PORT = Flag("node-port", type="int")


def _ports(text: str) -> tuple[int, int | str]:
    """A port and its target port of `80:8080`."""
    first, *more = text.split(":")
    if not re.fullmatch(r"\d+", first):
        raise fail(f'strconv.ParseUint: parsing "{first}": invalid syntax')
    port = int(first)
    if port > 65535:
        raise fail(f'strconv.ParseUint: parsing "{first}": value out of range')
    if not more:
        return port, port
    if not re.fullmatch(r"[+-]?\d+", more[0]):
        faults = port_name(more[0])
        if faults:
            raise fail(",".join(faults))
        return port, more[0]
    faults = port_number(int(more[0]))
    if faults:
        raise fail(",".join(faults))
    return port, int(more[0])


def _service(session: Session, name: str, service_type: str) -> Obj:
    flags = session.flags
    cluster_ip = flags.get("clusterip", "")
    external_name = flags.get("external-name", "")
    if cluster_ip == "None" and service_type != "ClusterIP":
        raise fail("ClusterIP=None can only be used with ClusterIP service type")
    if cluster_ip != "None" and not flags["tcp"] and service_type != "ExternalName":
        raise fail("at least one tcp port specifier must be provided")
    if service_type == "ExternalName" and dns_subdomain(external_name):
        raise fail(f"invalid service external name {external_name}")
    ports: list[Obj] = []
    for text in flags["tcp"]:
        port, target = _ports(text)
        entry: Obj = {"name": text.replace(":", "-"), "protocol": "TCP", "port": port, "targetPort": target}
        if flags.get("node-port"):
            entry["nodePort"] = flags["node-port"]
        ports.append(entry)
    spec: Obj = {"type": service_type, "selector": {"app": name}}
    if ports:
        spec["ports"] = ports
    if external_name:
        spec["externalName"] = external_name
    if cluster_ip:
        spec["clusterIP"] = cluster_ip
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata_of(session, name, labels={"app": name}),
        "spec": spec,
    }


def _of_type(name: str, service_type: str, *flags: Flag, required: tuple[str, ...] = ()) -> Verb:
    article = "an" if service_type == "ExternalName" else "a"
    return generator(
        name,
        lambda session, given: _service(session, given, service_type),
        _PORTS,
        *flags,
        failure=f"failed to create {service_type} service:",
        required=required,
        summary=f"Create {article} {service_type} service",
    )


SERVICE = Verb(
    "service",
    subcommands=(
        _of_type("clusterip", "ClusterIP", _CLUSTER_IP),
        _of_type("externalname", "ExternalName", Flag("external-name"), required=("external-name",)),
        _of_type("loadbalancer", "LoadBalancer"),
        _of_type("nodeport", "NodePort", _NODE_PORT),
    ),
    aliases=("svc",),
    summary="Create a service using a specified subcommand",
)

# Ingresses.

_RULE = re.compile(
    r"(?P<host>[\w*\-.]*)(?P<path>/.*)=(?P<service>[\w\-]+):(?P<port>[\w\-]+)(,(?P<tls>tls)=?([\w\-]+)?)?",
    re.ASCII,
)


def _backend(text: str) -> Obj:
    service, _, port = text.partition(":")
    port = port.partition(":")[0]
    return {"service": {"name": service, "port": _port_of(port)}}


def _port_of(text: str) -> Obj:
    return {"number": int(text)} if re.fullmatch(r"[+-]?\d+", text) else {"name": text}


def _ingress(session: Session, name: str) -> Obj:
    flags = session.flags
    if not flags["default-backend"] and not flags["rule"]:
        raise fail(
            "not enough information provided: every ingress has to either specify a default-backend (which "
            "catches all traffic) or a list of rules (which catch specific paths)"
        )
    for rule in flags["rule"]:
        if not _RULE.match(rule):
            raise fail(
                f"rule {rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
            )
    annotations: dict[str, Any] = {}
    for annotation in flags["annotation"]:
        key, equals, value = annotation.partition("=")
        if not equals:
            raise fail(f"annotation {annotation} is invalid and should be in format key=[value]")
        annotations[key] = value
    if flags["default-backend"] and flags["default-backend"].count(":") != 1:
        raise fail("default-backend should be in format servicename:serviceport")
    spec: Obj = {}
    if flags["class"]:
        spec["ingressClassName"] = flags["class"]
    if flags["default-backend"]:
        spec["defaultBackend"] = _backend(flags["default-backend"])
    tls, rules = _tls(flags["rule"]), _rules(flags["rule"])
    if tls:
        spec["tls"] = tls
    if rules:
        spec["rules"] = rules
    metadata = metadata_of(session, name, annotations=annotations)
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def _tls(rules: list[str]) -> list[Obj]:
    """The hosts by the secret that their rules name; a host counts once."""
    found: list[Obj] = []
    seen: dict[str, bool] = {}
    for rule in rules:
        parts = rule.split(",")
        if len(parts) != 2:
            continue
        host = rule.partition("/")[0]
        secret = parts[1].partition("=")[2]
        if host in seen:
            continue
        seen[host] = True
        same = next((one for one in found if one.get("secretName", "") == secret), None)
        if same is not None:
            same["hosts"] = [*same.get("hosts", ()), host]
            continue
        entry: Obj = {}
        if host:
            entry["hosts"] = [host]
        if secret:
            entry["secretName"] = secret
        if entry:
            found.append(entry)
    return found


def _rules(rules: list[str]) -> list[Obj]:
    """The paths by host, in the order in which hosts first appear."""
    paths: dict[str, list[Obj]] = {}
    for rule in rules:
        host, _, rest = rule.partition(",")[0].partition("/")
        pieces = rest.split("=")
        path, path_type = f"/{pieces[0]}", "Exact"
        if path.endswith("*"):
            path, path_type = path[:-1], "Prefix"
        paths.setdefault(host, []).append(
            {"path": path, "pathType": path_type, "backend": _backend(pieces[1])}
        )
    return [{**({"host": host} if host else {}), "http": {"paths": found}} for host, found in paths.items()]


INGRESS = generator(
    "ingress",
    _ingress,
    Flag("class"),
    Flag("rule", type="array"),
    Flag("default-backend"),
    Flag("annotation", type="array"),
    failure="failed to create ingress:",
    aliases=("ing",),
    summary="Create an ingress with the specified name",
)
