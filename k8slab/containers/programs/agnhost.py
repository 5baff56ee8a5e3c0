"""agnhost, the image of upstream's end-to-end tests: one program whose first argument says what it does.

What a subcommand asks of a real host (a registry, SNAT, TLS peers)
is refused with a message, so that a test that needs it fails for that reason.

Models test/images/agnhost/agnhost.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from k8slab.clock import SECOND_US
from k8slab.containers.etc import GROUPS, PASSWD
from k8slab.containers.program import Executable, Family, Server
from k8slab.containers.programs import _agnhost_servers as servers
from k8slab.containers.programs._agnhost_conversion import conversion_webhook
from k8slab.containers.programs._agnhost_issuer import discover_issuer
from k8slab.containers.programs._agnhost_mounttest import mounttest
from k8slab.containers.programs._agnhost_netexec import netexec
from k8slab.containers.programs._agnhost_webhook import webhook
from k8slab.containers.programs._go import duration_us, flags
from k8slab.containers.requests import Call, Now, Read, Sleep
from k8slab.containers.shell import Invocation
from k8slab.containers.streams import Steps
from k8slab.containers.tools_system import date_text

_SERVERS: dict[str, Callable[[Sequence[str]], Server]] = {
    "netexec": netexec,
    "serve-hostname": servers.serve_hostname,
    "liveness": servers.liveness,
    # The same in the image called liveness, before it was agnhost's.
    "/server": servers.liveness,
    "test-webserver": servers.test_webserver,
    "porter": servers.porter,
    "grpc-health-checking": servers.grpc_health,
    "guestbook": servers.guestbook,
    "nettest": servers.nettest,
    "pause": servers.pause,
    "webhook": webhook,
    "crd-conversion-webhook": conversion_webhook,
}


def _entrypoint_tester(call: Invocation, argv: list[str]) -> Steps:
    yield from call.io.out.write(f"[{' '.join(argv)}]\n")
    return 0


def _resolver_lines(word: str) -> Steps:
    text = (yield Read("/etc/resolv.conf")) or ""
    found: list[str] = []
    for line in text.splitlines():
        first, *rest = line.split()
        if first == word:
            found += rest
    return found


def _dns_suffix(call: Invocation, argv: list[str]) -> Steps:
    yield from call.io.out.write(",".join((yield from _resolver_lines("search"))) + "\n")
    return 0


def _dns_servers(call: Invocation, argv: list[str]) -> Steps:
    yield from call.io.out.write(",".join((yield from _resolver_lines("nameserver"))) + "\n")
    return 0


def _etc_hosts(call: Invocation, argv: list[str]) -> Steps:
    yield from call.io.out.write(((yield Read("/etc/hosts")) or "") + "\n")
    return 0


def _no_new_privileges(call: Invocation, argv: list[str]) -> Steps:
    yield from call.io.out.write(f"Effective uid: {call.context.user}\n")
    return 0


def _logs_generator(call: Invocation, argv: list[str]) -> Steps:
    """Lines such as an API server logs, evenly over a while."""
    given, _ = flags(argv[2:])
    total = int(given.get("log-lines-total") or given.get("t") or 0)
    length_us = duration_us(given.get("run-duration") or given.get("d") or "") or 0
    if total <= 0:
        yield from call.io.err.write(f"Invalid total number of lines: {total}\n")
        return 255
    if length_us <= 0:
        yield from call.io.err.write("Invalid duration: 0s\n")
        return 255
    for number in range(total):
        now_us = yield Now(quiet=True)
        stamp = date_text("I%m%d %H:%M:%S", now_us) + f".{now_us % SECOND_US:06}"
        method, namespace = (
            ("GET", "POST", "PUT")[number % 3],
            ("kube-system", "default", "ns")[number * 7 % 3],
        )
        name = "".join("bcdfghjklmnpqrstvwxz"[(number * step + step) % 20] for step in (3, 7, 11))
        text = f"{number} {method} /api/v1/namespaces/{namespace}/pods/{name} {200 + number * 37 % 400}"
        yield from call.io.err.write(f"{stamp}       1 logs_generator.go:76] {text}\n")
        yield Sleep(length_us // total)
    return 0


def _connect(call: Invocation, argv: list[str]) -> Steps:
    """Try a connection, and say in a word why it failed."""
    given, rest = flags(argv[2:])
    host, _, port = (rest[0] if rest else "").rpartition(":")
    if not host or not port.isdigit():
        yield from call.io.err.write("UNKNOWN: address needs a host and a port\n")
        return 1
    protocol = given.get("protocol", "tcp")
    payload = given.get(f"{protocol}-data", "hostname") if protocol != "tcp" else None
    answer = yield Call(host, int(port), protocol, payload)
    if answer.ok:
        return 0
    words = (("lookup", "DNS"), ("refused", "REFUSED"), ("timeout", "TIMEOUT"))
    word = next((word for part, word in words if part in answer.error), "OTHER")
    if word == "TIMEOUT":
        yield Sleep(duration_us(given.get("timeout", "")) or 30 * SECOND_US)
    yield from call.io.err.write(f"{word}: {answer.error}\n" if word in ("DNS", "OTHER") else f"{word}\n")
    return 1


def _refuse(call: Invocation, argv: list[str]) -> Steps:
    name = argv[1] if len(argv) > 1 else ""
    known = name in _NOT_SIMULATED
    why = (
        f'"{name}" needs a real host and is not simulated' if known else f'unknown command "{name}" for "app"'
    )
    yield from call.io.err.write(f"Error: {why}\n")
    return 1


_RUNS: dict[str, Callable[[Invocation, list[str]], Steps]] = {
    "mounttest": mounttest,
    "entrypoint-tester": _entrypoint_tester,
    "dns-suffix": _dns_suffix,
    "dns-server-list": _dns_servers,
    "etc-hosts": _etc_hosts,
    "nonewprivs": _no_new_privileges,
    "logs-generator": _logs_generator,
    "connect": _connect,
    "test-service-account-issuer-discovery": discover_issuer,
}
_NOT_SIMULATED = (
    "audit-proxy",
    "external-metrics-server",
    "fake-gitserver",
    "fake-registry-server",
    "inclusterclient",
    "mtlsclient",
    "mtlsserver",
    "net",
    "no-snat-test",
    "no-snat-test-proxy",
    "podcertificatesigner",
    "port-forward-tester",
    "resource-consumer-controller",
    "stress",
    "tcp-reset",
)


@lru_cache(maxsize=1024)
def _chosen(argv: tuple[str, ...]) -> Executable:
    name = argv[1] if len(argv) > 1 else "pause"
    if name in _SERVERS:
        return Executable(server=_SERVERS[name](argv))
    return Executable(run=_RUNS.get(name, _refuse))


_AGNHOST = Executable(choose=lambda argv: _chosen(tuple(str(word) for word in argv)))

PROGRAM = Family(
    images=("agnhost", "liveness"),
    entrypoint=("/agnhost",),
    command=("pause",),
    files={
        "/agnhost": "",
        "/agnhost-2": "",
        "/etc/passwd": f"{PASSWD}user-defined-in-image:x:1000:1000::/home/user-defined-in-image:/bin/sh\n",
        "/etc/group": (
            f"{GROUPS}user-defined-in-image:x:1000:\ngroup-defined-in-image:x:50000:user-defined-in-image\n"
        ),
        # A pair for servers of TLS. Nothing here encrypts, so that there is nothing to keep in them.
        "/localhost.crt": "no certificate\n",
        "/localhost.key": "no key\n",
        "/uploads/": "",
    },
    executables={"agnhost": _AGNHOST, "agnhost-2": _AGNHOST},
)
