"""`kubectl port-forward`: checked as kubectl does, but no port of this machine is opened by a cell.

Models staging/src/k8s.io/kubectl/pkg/cmd/portforward/portforward.go and
pkg/util/{pod,service}_port.go, v1.36.
"""

from __future__ import annotations

import ipaddress

from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.kubectl.command import Verb, fail, usage_fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._attachable import pod_for, split

_LARGEST = 65535


def _run(session: Session) -> None:
    if len(session.arguments) < 2:
        raise usage_fail("port-forward", "TYPE/NAME and list of ports are required for port-forward")
    if session.flags["pod-running-timeout"] <= 0:
        raise usage_fail("port-forward", "--pod-running-timeout must be higher than zero")
    reference, *ports = session.arguments
    kind, name = split(session, reference)
    obj = session.find(kind, session.namespace, name)
    pod = pod_for(session, reference, session.flags["pod-running-timeout"])
    forwarded = [
        _service_port(obj, pod, one) if kind.kind == "Service" else _pod_port(pod, one) for one in ports
    ]
    phase = (pod.get("status") or {}).get("phase", "")
    if phase != "Running":
        raise fail(f"unable to forward port because pod is not running. Current status={phase}")
    for address in session.flags["address"]:
        if address != "localhost" and not _is_address(address):
            raise fail(f"{address} is not a valid IP")
    shown = ", ".join(f"{local} -> {remote}" for local, remote in map(_numbers, forwarded))
    raise fail(
        f"no port of this machine is opened here (it would be {shown} of pod {pod['metadata']['name']}): "
        "start the lab's HTTP server and forward with the kubectl binary, or ask a Service with "
        "'kubectl exec POD -- wget'"
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _split_port(text: str) -> tuple[str, str]:
    parts = text.split(":")
    return (parts[0], parts[1]) if len(parts) == 2 else (parts[0], parts[0])


def _container_port(pod: Obj, name: str) -> int:
    """The number of a container's port with that name. KubectlError where there is none."""
    for container in (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())):
        for port in container.get("ports") or ():
            if port.get("name") == name:
                number: int = port["containerPort"]
                return number
    raise fail(f"Pod '{pod['metadata']['name']}' does not have a named port '{name}'")


def _refuse_udp(ports: list[Obj], field: str, number: int, shown: str) -> None:
    protocols = [port.get("protocol", "TCP") for port in ports if port.get(field) == number]
    if "UDP" in protocols and "TCP" not in protocols:
        raise fail(f"UDP protocol is not supported for {shown}")


def _pod_port(pod: Obj, text: str) -> str:
    local, remote = _split_port(text)
    if not remote:
        raise fail("remote port cannot be empty")
    number = int(remote) if remote.isdigit() else _container_port(pod, remote)
    every = [port for one in pod["spec"]["containers"] for port in one.get("ports") or ()]
    _refuse_udp(every, "containerPort", number, remote)
    return f"{local}:{number}" if local != remote else str(number)


def _service_port(service: Obj, pod: Obj, text: str) -> str:
    """The same for a port of a Service, as the Pod's port behind it."""
    local, remote = _split_port(text)
    name, ports = service["metadata"]["name"], service["spec"].get("ports") or []
    if remote.isdigit():
        number = int(remote)
    else:
        named = [port["port"] for port in ports if port.get("name") == remote]
        if not named:
            raise fail(f"Service '{name}' does not have a named port '{remote}'")
        number = named[0]
        local = str(number) if local == remote else local
    _refuse_udp(ports, "port", number, remote)
    for port in ports:
        if port["port"] == number:
            target = port.get("targetPort") or number
            if service["spec"].get("clusterIP") == "None":
                target = number
            found = target if isinstance(target, int) else _container_port(pod, target)
            return f"{local}:{found}" if local != str(found) else str(found)
    raise fail(f"Service {name} does not have a service port {number}")


def _numbers(text: str) -> tuple[int, int]:
    """Local and remote port. KubectlError for what is none."""
    parts = text.split(":")
    local, remote = (parts[0], parts[0]) if len(parts) == 1 else (parts[0] or "0", parts[1])
    for word, which in ((local, "local"), (remote, "remote")):
        problem = "" if word.isdigit() else "invalid syntax"
        if word.isdigit() and int(word) > _LARGEST:
            problem = "value out of range"
        if problem:
            raise fail(
                f"error parsing {which} port '{word}': strconv.ParseUint: parsing \"{word}\": {problem}"
            )
    if int(remote) == 0:
        raise fail("remote port must be > 0")
    return int(local), int(remote)


VERB = Verb(
    "port-forward",
    _run,
    (
        Flag("address", type="strings", default=("localhost",)),
        Flag("pod-running-timeout", type="duration", default=60 * SECOND_US),
    ),
    summary="Forward one or more local ports to a pod",
)
