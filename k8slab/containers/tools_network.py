"""Tools that reach out: nslookup, dig, wget, curl, ping, nc.

They print what BusyBox, bind-utils and curl print, as far as people read it.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from k8slab.clock import SECOND_US
from k8slab.containers.requests import Answer, Call, Lookup, Read, Sleep, Write
from k8slab.containers.shell import CommandError, Shell, Streams
from k8slab.containers.streams import Steps
from k8slab.containers.tools_options import options
from k8slab.containers.userlands import userland_of

DNS_ADDRESS = "10.96.0.10"


def _full_name(shell: Shell, name: str) -> Steps:
    found = yield Lookup(name, "CNAME")
    return found[0] if found else name


def _nslookup(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    words = given.operands
    if not words:
        raise CommandError("nslookup: missing operand")
    name = words[0]
    resolver = userland_of(shell.context.image).resolver
    if resolver == "old busybox":
        return (yield from _nslookup_of_old(name, io))
    mark = "#" if resolver == "bind" else ":"
    yield from io.out.write(f"Server:\t\t{DNS_ADDRESS}\nAddress:\t{DNS_ADDRESS}{mark}53\n\n")
    if re.fullmatch(r"[\d.]+", name):
        names = yield Lookup(name, "PTR")
        if names:
            backwards = ".".join(reversed(name.split(".")))
            yield from io.out.write(f"{backwards}.in-addr.arpa\tname = {names[0]}\n\n")
            return 0
    wanted = next(
        (one.partition("=")[2] for one in argv[1:] if one.startswith(("-type=", "-query=", "-q="))), ""
    )
    if wanted.upper() == "SRV":
        return (yield from _print_services(name, io))
    addresses = yield Lookup(name)
    alias = yield Lookup(name, "CNAME")
    if len(alias) > 1:
        yield from io.out.write(f"{alias[0]}\tcanonical name = {alias[1]}\n\n")
        return 0
    if not addresses:
        yield from io.out.write(f"** server can't find {name}: NXDOMAIN\n\n")
        return 1
    full = yield from _full_name(shell, name)
    for address in addresses:
        yield from io.out.write(f"Name:\t{full}\nAddress: {address}\n")
    yield from io.out.write("\n")
    return 0


def _nslookup_of_old(name: str, io: Streams) -> Steps:
    """As BusyBox did before 1.29: numbered addresses, each with the name that it leads back to."""
    server = f"{DNS_ADDRESS} kube-dns.kube-system.svc.cluster.local"
    yield from io.out.write(f"Server:    {DNS_ADDRESS}\nAddress 1: {server}\n\n")
    addresses = [name] if re.fullmatch(r"[\d.]+", name) else (yield Lookup(name))
    if not addresses:
        yield from io.err.write(f"nslookup: can't resolve '{name}'\n")
        return 1
    yield from io.out.write(f"Name:      {name}\n")
    for number, address in enumerate(addresses, 1):
        back = yield Lookup(address, "PTR")
        yield from io.out.write(f"Address {number}: {address} {back[0] if back else ''}".rstrip() + "\n")
    return 0


def _print_services(name: str, io: Streams) -> Steps:
    found = yield Lookup(name, "SRV")
    if not found:
        yield from io.out.write(f"** server can't find {name}: NXDOMAIN\n\n")
        return 1
    for one in found:
        target, port = one.split()
        share = 100 // len(found)
        yield from io.out.write(f"{name}\tservice = 0 {share} {port} {target}.\n")
    return 0


def _dig(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = [word for word in argv[1:] if not word.startswith(("+", "-", "@"))]
    kinds = [word for word in words if word.upper() in ("A", "SRV", "CNAME", "PTR", "ANY")]
    kind = kinds[0].upper() if kinds else "A"
    names = [word for word in words if word not in kinds]
    if "-x" in argv:
        kind = "PTR"
    searches = "+search" in argv
    name = names[0] if names else ""
    query = name if searches or kind == "PTR" else name.rstrip(".") + "."
    found = yield Lookup(query, kind)
    if kind == "CNAME":
        found = [f"{one}." for one in found[1:]]
    if kind == "SRV":
        found = [f"0 {100 // len(found)} {one.split()[1]} {one.split()[0]}." for one in found]
    if "+short" in argv:
        yield from io.out.write("".join(f"{one}\n" for one in found))
        return 0
    status = "NOERROR" if found else "NXDOMAIN"
    full = name.rstrip(".") + "."
    yield from io.out.write(
        f"; <<>> DiG 9.18 <<>> {' '.join(argv[1:])}\n;; ->>HEADER<<- opcode: QUERY, status: {status}\n"
    )
    yield from io.out.write(f";; QUESTION SECTION:\n;{full}\t\tIN\t{kind}\n\n")
    if found:
        yield from io.out.write(";; ANSWER SECTION:\n")
        yield from io.out.write("".join(f"{full}\t30\tIN\t{kind}\t{one}\n" for one in found))
    return 0


def _host(shell: Shell, argv: list[str], io: Streams) -> Steps:
    name = argv[-1]
    found = yield Lookup(name)
    if not found:
        yield from io.out.write(f"Host {name} not found: 3(NXDOMAIN)\n")
        return 1
    full = yield from _full_name(shell, name)
    for address in found:
        yield from io.out.write(f"{full} has address {address}\n")
    return 0


def _getent(shell: Shell, argv: list[str], io: Streams) -> Steps:
    if len(argv) < 3 or argv[1] not in ("hosts", "ahosts", "ahostsv4"):
        return 1
    known = yield from _in_hosts_file(argv[2])
    for address, names in known:
        yield from io.out.write(f"{address:15} {' '.join(names)}\n")
    if known:
        return 0
    found = yield Lookup(argv[2])
    full = yield from _full_name(shell, argv[2])
    for address in found:
        yield from io.out.write(f"{address:15} {full}\n")
    return 0 if found else 2


def _in_hosts_file(name: str) -> Steps:
    """The lines of /etc/hosts that a name or an address is in: addresses with their names."""
    text = yield Read("/etc/hosts")
    found: list[tuple[str, list[str]]] = []
    for line in (text or "").splitlines():
        words = line.partition("#")[0].split()
        if name in words:
            found.append((words[0], words[1:]))
    return found


class Url(NamedTuple):
    """An address taken apart."""

    scheme: str
    host: str
    port: int
    path: str


def url_of(text: str) -> Url:
    """The parts of a URL; `http` where it has no scheme."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "http", text
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.rpartition("@")[2].partition(":")
    number = int(port) if colon and port.isdigit() else 443 if scheme == "https" else 80
    return Url(scheme, host, number, slash + path if slash else "/")


class Fetched(NamedTuple):
    """What a request over HTTP came to."""

    answer: Answer
    url: Url


def fetch(text: str, method: str, body: str, headers: dict[str, str], timeout_us: int) -> Steps:
    """Make an HTTP request, following no redirects."""
    url = url_of(text)
    host = url.host if url.port in (80, 443) else f"{url.host}:{url.port}"
    payload = {
        "method": method,
        "path": url.path,
        "host": host,
        "headers": {"Host": host, **headers},
        "body": body,
    }
    answer = yield Call(url.host, url.port, "http", payload, timeout_us)
    if answer.error == "i/o timeout":
        yield Sleep(timeout_us)
    return Fetched(answer, url)


def _wget(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "OTtPU", ("timeout", "post-data", "header", "output-document", "tries"))
    if not given.operands:
        raise CommandError("wget: missing URL")
    quiet = given.has("q") or "q" in "".join(
        flag for flag in given.flags if len(flag) > 1 and flag.startswith("q")
    )
    seconds = int(given.value("T", "timeout", default="900") or 900)
    data = given.value("post-data")
    method = "POST" if data else "HEAD" if given.has("spider") else "GET"
    fetched = yield from fetch(given.operands[0], method, data, {"User-Agent": "Wget"}, seconds * SECOND_US)
    url, answer = fetched.url, fetched.answer
    if not quiet:
        yield from io.err.write(
            f"Connecting to {url.host}:{url.port} ({answer.address or url.host}:{url.port})\n"
        )
    if not answer.ok:
        if answer.error.startswith("lookup"):
            yield from io.err.write(f"wget: bad address '{url.host}'\n")
        elif answer.error == "i/o timeout":
            yield from io.err.write("wget: download timed out\n")
        else:
            why = _plain(answer.error)
            yield from io.err.write(
                f"wget: can't connect to remote host ({answer.address or url.host}): {why}\n"
            )
        return 1
    status = answer.payload["status"]
    if status >= 400:
        yield from io.err.write(f"wget: server returned error: HTTP/1.1 {status} {_reason(status)}\n")
        return 1
    target = given.value("O", "output-document")
    if target == "-":
        yield from io.out.write(answer.payload["body"])
    elif not given.has("spider"):
        name = target or url.path.rpartition("/")[2] or "index.html"
        fault = yield Write(shell.path(name), answer.payload["body"])
        if fault:
            raise CommandError(f"wget: can't open '{name}': {fault}")
        if not quiet:
            yield from io.err.write(f"saving to '{name}'\n'{name}' saved\n")
    return 0


def _plain(error: str) -> str:
    text = error.removeprefix("connect: ")
    return text[:1].upper() + text[1:]


def _reason(status: int) -> str:
    from k8slab.containers.programs._http import REASONS

    return REASONS.get(status, "Unknown")


def _curl(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(
        argv,
        "omXdHwuAebT",
        (
            "cacert",
            "cert",
            "key",
            "max-time",
            "connect-timeout",
            "request",
            "data",
            "header",
            "output",
            "write-out",
            "retry",
            "user",
            "interface",
        ),
    )
    if not given.operands:
        raise CommandError("curl: try 'curl --help' for more information", 2)
    headers = {"User-Agent": "curl/8.14.1", "Accept": "*/*"}
    for at, word in enumerate(argv[:-1]):
        if word in ("-H", "--header"):
            name, _, value = argv[at + 1].partition(":")
            headers[name.strip()] = value.strip()
    data = given.value("d", "data")
    method = given.value("X", "request") or ("POST" if data else "HEAD" if given.has("I", "head") else "GET")
    seconds = float(given.value("m", "max-time", "connect-timeout", default="130") or 130)
    code = 0
    for target in given.operands:
        fetched = yield from fetch(target, method, data, headers, round(seconds * SECOND_US))
        code = yield from _show(shell, fetched, given, io, round(seconds * 1000))
    return code


def _show(shell: Shell, fetched: Fetched, given: Any, io: Streams, milliseconds: int) -> Steps:
    url, answer = fetched.url, fetched.answer
    loud = not given.has("s", "silent") or given.has("S", "show-error")
    if not answer.ok:
        if answer.error.startswith("lookup"):
            code, text = 6, f"Could not resolve host: {url.host}"
        elif answer.error == "i/o timeout":
            code, text = 28, f"Connection timed out after {milliseconds} milliseconds"
        else:
            code, text = (
                7,
                f"Failed to connect to {url.host} port {url.port} after 1 ms: Could not connect to server",
            )
        if loud:
            yield from io.err.write(f"curl: ({code}) {text}\n")
        yield from _write_out(given, "000", io)
        return code
    status, body = answer.payload["status"], answer.payload["body"]
    if status >= 400 and given.has("f", "fail"):
        if loud:
            yield from io.err.write(f"curl: (22) The requested URL returned error: {status}\n")
        return 22
    text = ""
    if given.has("i", "I", "include", "head"):
        headers = "".join(f"{name}: {value}\r\n" for name, value in answer.payload.get("headers", {}).items())
        text = f"HTTP/1.1 {status} {_reason(status)}\r\n{headers}\r\n"
    if not given.has("I", "head"):
        text += body
    target = given.value("o", "output")
    if target and target != "-":
        if target != "/dev/null":
            yield Write(shell.path(target), text)
    else:
        yield from io.out.write(text)
    yield from _write_out(given, str(status), io)
    return 0


def _write_out(given: Any, status: str, io: Streams) -> Steps:
    template = given.value("w", "write-out")
    if template:
        from k8slab.containers.shell_syntax import unescape

        text = template.replace("%{http_code}", status).replace("%{response_code}", status)
        yield from io.out.write(unescape(text))


def _ping(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "ciWw")
    if not given.operands:
        raise CommandError("ping: missing host")
    name = given.operands[0]
    addresses = yield Lookup(name)
    if not addresses:
        raise CommandError(f"ping: bad address '{name}'")
    address = addresses[0]
    count = int(given.value("c", default="0") or 0)
    yield from io.out.write(f"PING {name} ({address}): 56 data bytes\n")
    sent = 0
    answered = 0
    while not count or sent < count:
        answer = yield Call(address, 7, "ping", None)
        if answer.ok or "refused" in answer.error:
            yield from io.out.write(
                f"64 bytes from {address}: seq={sent} ttl=62 time=0.{210 + sent % 7} ms\n"
            )
            answered += 1
        sent += 1
        if not count or sent < count:
            yield Sleep(SECOND_US)
    lost = 100 * (sent - answered) // sent
    yield from io.out.write(
        f"\n--- {name} ping statistics ---\n"
        f"{sent} packets transmitted, {answered} packets received, {lost}% packet loss\n"
    )
    return 0 if answered else 1


def _nc(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "wp", ("send-only", "recv-only"))
    if given.has("l") or len(given.operands) < 2:
        yield Sleep(10**15)
        return 0
    host, port = given.operands[0], int(given.operands[1])
    text = "" if given.has("z") else (yield from io.stdin.read())
    answer = yield Call(host, port, "udp" if given.has("u") else "tcp", text.strip() or None)
    if not answer.ok:
        if given.has("v", "z"):
            yield from io.err.write(f"nc: {host} ({answer.address or host}:{port}): {_plain(answer.error)}\n")
        return 1
    if given.has("v"):
        yield from io.err.write(f"{host} ({answer.address or host}:{port}) open\n")
    if isinstance(answer.payload, str):
        yield from io.out.write(answer.payload)
    return 0


def _ip(shell: Shell, argv: list[str], io: Streams) -> Steps:
    """`ip addr`, `ip route`, `ip link`: what there is; only who may administer can add more."""
    words = [word for word in argv[1:] if not word.startswith("-")]
    what, verb = words[0] if words else "", words[1] if len(words) > 1 else "show"
    if verb not in ("show", "list", "ls", "get") and not shell.context.may_administer:
        raise CommandError("ip: RTNETLINK answers: Operation not permitted", 2)
    if verb not in ("show", "list", "ls", "get"):
        raise CommandError("ip: the simulated network has no further devices", 2)
    address = shell.context.ip or "127.0.0.1"
    if "route".startswith(what) and what.startswith("r"):
        base = address.rpartition(".")[0]
        yield from io.out.write(
            f"default via {base}.1 dev eth0\n{base}.0/24 dev eth0 scope link  src {address}\n"
        )
        return 0
    addresses = bool(what) and "address".startswith(what)
    octets = [int(part) for part in address.split(".")] if address.count(".") == 3 else [127, 0, 0, 1]
    hardware = "0a:58:" + ":".join(f"{octet:02x}" for octet in octets)
    yield from io.out.write(
        _LOOPBACK
        + (_ADDRESS.format("127.0.0.1/8", "host", "lo") if addresses else "")
        + _ETHERNET.format(hardware)
    )
    if addresses:
        yield from io.out.write(_ADDRESS.format(f"{address}/24", "global", "eth0"))
    return 0


_LOOPBACK = (
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\n"
    "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
)
_ETHERNET = (
    "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue\n"
    "    link/ether {} brd ff:ff:ff:ff:ff:ff\n"
)
_ADDRESS = "    inet {} scope {} {}\n       valid_lft forever preferred_lft forever\n"
"""What the container network interface gives a Pod."""


NETWORK_TOOLS: dict[str, Any] = {
    "nslookup": _nslookup,
    "dig": _dig,
    "host": _host,
    "getent": _getent,
    "wget": _wget,
    "curl": _curl,
    "ping": _ping,
    "nc": _nc,
    "ip": _ip,
}
"""Tools for the network by name."""
