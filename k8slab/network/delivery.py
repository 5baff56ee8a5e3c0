"""Carrying a request from one Pod to the program that listens in another.

A request is answered in the instant in which it is made: the server's handler
runs against its own container's files and memory, and what it changes is kept
with what the caller changes. The answer says how long it takes to arrive, and
the caller waits for it: a server takes its time over what costs it much.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.meta import Obj
from k8slab.clock import parse_timestamp
from k8slab.containers import cpu_time, logs
from k8slab.containers.costs import AROUND_A_REQUEST_US
from k8slab.containers.environment import ConfigurationError, context_of
from k8slab.containers.etc import hosts_text, resolver_of
from k8slab.containers.kernel import Kernel
from k8slab.containers.mounts import is_hung
from k8slab.containers.overlay import Overlay
from k8slab.containers.program import (
    GENERIC,
    Context,
    Server,
    argv_of_service,
    executable_of,
    family_of,
    plain_command,
)
from k8slab.containers.programs._http import NOT_HTTP
from k8slab.containers.requests import PROBE, PROGRAM, Answer, Call, Lookup, NodeLogs
from k8slab.network import api_server, dns, policies, proxy_health
from k8slab.network.routing import (
    AFFINITY,
    REFUSED,
    TIMEOUT,
    Target,
    affinity_key,
    on_host,
    route,
    transport_of,
)

_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")
UNKNOWN_HOST = "no such host"
_STRIDE = 1_000_003
"""Keeps connections of one instant apart from those of the next."""


class ClusterNetwork:
    """The network of a cluster, as processes reach it. It has no state."""

    def lookup(self, box: Overlay, pod: Obj, request: Lookup) -> list[str]:
        """What DNS answers: addresses, `target port` pairs for SRV, a name for PTR or CNAME."""
        resolver = resolver_of(pod)
        if request.record in ("SRV", "PTR") and not policies.may_resolve(box, pod):
            return []
        if request.record == "SRV":
            return [f"{one.target} {one.port}" for one in dns.services(box, request.name, resolver)]
        if request.record == "PTR":
            name = dns.reverse(box, request.name)
            return [name] if name else []
        if request.record == "HOSTS":
            return _in_hosts(pod, request.name)
        found = _resolve(box, pod, request.name)
        if found is None:
            return []
        if request.record == "CNAME":
            return [found.name, found.alias] if found.alias else [found.name]
        return list(found.addresses)

    def call(self, box: Overlay, pod: Obj, request: Call, now_us: int) -> Answer:
        """Resolve, route, and have the server answer."""
        own = (pod.get("status") or {}).get("podIP", "")
        if request.host in _LOOPBACK:
            return self._at_home(box, pod, request, now_us, "127.0.0.1", request.client or "127.0.0.1")
        known = _in_hosts(pod, request.host)
        found = dns.Found(request.host, tuple(known)) if known else _resolve(box, pod, request.host)
        if found is None or not found.addresses:
            return Answer(False, error=f"lookup {request.host}: {UNKNOWN_HOST}")
        salt = now_us // 1000 + _STRIDE * box.connections
        box.connections += 1
        address = found.addresses[int(box.chance("dns", found.name, salt) * len(found.addresses))]
        if address == own or (not own and address == request.host):
            return self._at_home(box, pod, request, now_us, address, request.client or own or address)
        target = _led(box, address, request, own, salt, now_us)
        if not _is_let_through(box, pod, target, address, transport_of(request.protocol)):
            return Answer(False, error=TIMEOUT, address=address)
        if target.pod is None:
            said = api_server.answer(box, address, request) or proxy_health.answer(box, address, request)
            return said or Answer(False, error=target.error, address=address)
        if not _is_reachable(box, target.pod) or not _is_reachable(box, pod):
            return Answer(False, error=TIMEOUT, address=address)
        client = target.source or own
        return _deliver(box, target.pod, request, target.port, now_us, client, self)._replace(address=address)

    def _at_home(
        self, box: Overlay, pod: Obj, request: Call, now_us: int, address: str, client: str
    ) -> Answer:
        """A request to one's own address, which on the host's network is the node's."""
        answer = _deliver(box, pod, request, request.port, now_us, client, self)
        if answer.ok or not pod["spec"].get("hostNetwork"):
            return answer
        node = pod["spec"].get("nodeName", "")
        target = on_host(box, node, address, request.port, transport_of(request.protocol))
        if target.pod is None:
            return proxy_health.answer(box, address, request) or answer
        return _deliver(box, target.pod, request, target.port, now_us, client, self)

    def node_logs(self, box: Overlay, pod: Obj, request: NodeLogs) -> list[tuple[str, str, str, int, str]]:
        """New lines of the Pods on the process's node, as its agent finds them under /var/log."""
        found: list[tuple[str, str, str, int, str]] = []
        for other in box.list("Pod", node=pod["spec"].get("nodeName", "")):
            key = (other["metadata"]["namespace"], other["metadata"]["name"])
            if key == (pod["metadata"]["namespace"], pod["metadata"]["name"]):
                continue
            for status in (other.get("status") or {}).get("containerStatuses") or ():
                lines = logs.stored_lines(box, key, status["name"], status.get("restartCount", 0))
                for line in lines:
                    if line.at_us > request.after_us:
                        found.append((*key, status["name"], line.at_us, line.text))
        return sorted(found, key=lambda one: one[3])


NETWORK = ClusterNetwork()


def _led(box: Overlay, address: str, request: Call, client: str, salt: int, now_us: int) -> Target:
    """Where a call is led; a client that a Service remembers but that didn't call for long is led anew."""
    transport = transport_of(request.protocol)
    target = route(box, address, request.port, client, salt, transport)
    if not target.affinity:
        return target
    key = affinity_key(target.affinity, client)
    known = box.get(AFFINITY, key)
    forgotten = known["forgotten"] if known is not None else 0
    is_forgotten = known is not None and now_us - known["calledUs"] > target.affinity_us
    metadata = {"namespace": key[0], "name": key[1]}
    record = {"apiVersion": "lab", "kind": AFFINITY, "metadata": metadata, "calledUs": now_us}
    box.put(AFFINITY, key, {**record, "forgotten": forgotten + is_forgotten})
    return route(box, address, request.port, client, salt, transport) if is_forgotten else target


def _resolve(box: Overlay, pod: Obj, name: str) -> dns.Found | None:
    """What a name stands for; None where nothing, or where policies keep the Pod from asking."""
    if not dns.is_address(name) and not policies.may_resolve(box, pod):
        return None
    return dns.resolve(box, name, resolver_of(pod))


def _is_let_through(box: Overlay, pod: Obj, target: Target, address: str, transport: str) -> bool:
    """Whether NetworkPolicies let a connection to where it is led pass."""
    if target.pod is None:
        return policies.leaves(box, pod, address, target.port, transport)
    return policies.passes(box, pod, target.pod, target.port, transport)


def _in_hosts(pod: Obj, name: str) -> list[str]:
    """The addresses that the Pod's /etc/hosts has for a name."""
    if dns.is_address(name):
        return []
    rows = [line.split() for line in hosts_text(pod).splitlines() if not line.startswith("#")]
    return [row[0] for row in rows if name in row[1:] and dns.is_address(row[0])]


def _is_reachable(box: Overlay, pod: Obj) -> bool:
    machine = box.get("Machine", ("", pod["spec"].get("nodeName", "")))
    if machine is None:
        return True
    return bool(machine["spec"]["power"] == "On" and machine["spec"]["network"] == "Up")


def _deliver(
    box: Overlay, pod: Obj, request: Call, port: int, now_us: int, client: str, network: ClusterNetwork
) -> Answer:
    found = listener(box, pod, port)
    if found is None:
        return Answer(False, error=REFUSED)
    container, server, context = found
    if is_hung(box, pod, container["name"]):
        # The kernel still takes connections for it, but nobody answers on them.
        is_dial = request.protocol == "tcp" and request.payload is None
        return Answer(True, None) if is_dial else Answer(False, error=TIMEOUT)
    if request.protocol == "tcp" and (request.payload is None or server.protocol != "any"):
        said = NOT_HTTP if server.protocol == "http" and request.payload is not None else None
        return Answer(True, said)
    if server.protocol != request.protocol and server.protocol != "any":
        return Answer(False, error="malformed response")
    kernel = Kernel(box, pod, container, context.run, now_us, network)
    kernel.origin = request.origin
    answer: Answer = kernel.complete(server.handle(context, request._replace(host=client, port=port)))
    answer = answer._replace(volatile=kernel.volatile) if kernel.volatile else answer
    return answer if request.origin == PROBE else _timed(box, pod, container, server, request, answer, kernel)


def _timed(
    box: Overlay, pod: Obj, container: Obj, server: Server, request: Call, answer: Answer, kernel: Kernel
) -> Answer:
    """The answer with the time that it takes: the server's work, and what it waits for others itself."""
    cost_us = server.cost_us(request)
    if cost_us < cpu_time.NOTICED_US and request.origin != PROGRAM:
        return answer._replace(took_us=kernel.waited_us)
    took_us, is_late = cpu_time.serve(box, pod, container, cost_us, kernel.now_us, request.timeout_us)
    if is_late:
        return Answer(False, error=TIMEOUT)
    if took_us < cpu_time.NOTICED_US:
        took_us = 0
    elif took_us:
        took_us += AROUND_A_REQUEST_US
    return answer._replace(took_us=took_us + kernel.waited_us)


def listener(box: Overlay, pod: Obj, port: int) -> tuple[Obj, Server, Context] | None:
    """The running container of a Pod whose server listens on a port."""
    running = _running(pod)
    spec = pod["spec"]
    others = (*(spec.get("initContainers") or ()), *(spec.get("ephemeralContainers") or ()))
    for container in (*spec["containers"], *others):
        if container["name"] not in running:
            continue
        for server, arguments, ports in _servers(box, pod, container):
            try:
                context = context_of(box, pod, container, *running[container["name"]])
            except ConfigurationError:
                continue
            if arguments:
                context = context._replace(argv=arguments)
            listening = ports or server.ports(context)
            if port in listening or (not listening and _takes_any(container, port)):
                return container, server, context
    return None


def _takes_any(container: Obj, port: int) -> bool:
    """A server that nobody wrote listens on what its container declares, or on anything."""
    declared = [one["containerPort"] for one in container.get("ports") or ()]
    return not declared or port in declared


def _running(pod: Obj) -> dict[str, tuple[int, int]]:
    """The names of a Pod's running containers, with the number and the start of their runs.

    A container that is being started is not in the status yet: a Pod without
    statuses has none.
    """
    status = pod.get("status") or {}
    found: dict[str, tuple[int, int]] = {}
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for one in status.get(field) or ():
            if "running" in (one.get("state") or {}):
                started_us = parse_timestamp(one["state"]["running"]["startedAt"])
                found[one["name"]] = (int(one.get("restartCount", 0)), started_us)
    return found


def _servers(box: Overlay, pod: Obj, container: Obj) -> list[tuple[Server, tuple[str, ...], tuple[int, ...]]]:
    """The servers in a container: what its process started, or what it is."""
    metadata: Any = pod["metadata"]
    sandbox = box.get("Sandbox", (metadata["namespace"], metadata["name"]))
    record = sandbox["processes"].get(container["name"]) if sandbox is not None else None
    if record is not None:
        found = []
        for service in record["services"]:
            if service.get("ended"):
                continue
            executable = executable_of(container["image"], argv_of_service(service))
            if executable is not None and executable.server is not None:
                arguments = tuple(service["arguments"])
                found.append((executable.server, arguments, tuple(service["ports"])))
        return found
    family = family_of(container["image"])
    executable = executable_of(container["image"], plain_command(container))
    if executable is None and family.images == (GENERIC,):
        executable = family.executables["app"]
    if executable is None or executable.server is None:
        return []
    return [(executable.server, (), ())]
