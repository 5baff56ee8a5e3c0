"""etcd: a cluster of StatefulSet Pods that keeps keys as long as most of its members can be reached.

Who the members are stands in `--initial-cluster`; without it a member is alone. Each keeps everything
in its data directory. A request goes to any of them: it asks all others for what they have, takes
the newest, and writes to all that answer, or gives up where they are no majority.

Models etcd v3.5 (server/etcdserver/api/v3rpc, etcdctl/ctlv3), and the manifest of its own page on
StatefulSets: flags, variables, probes on the port for metrics.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from hashlib import blake2b
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from k8slab.clock import micro_timestamp
from k8slab.containers.costs import A_STATEMENT_US
from k8slab.containers.images import resolve
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs._http import response
from k8slab.containers.requests import Answer, Call, MakeDirectory, Read, Request, Write
from k8slab.containers.streams import Steps
from k8slab.containers.tools_options import Options, options

PORT, PEER_PORT = 2379, 2380
_VERSION = "3.6.5"
_TIMED_OUT = "context deadline exceeded"

State = dict[str, Any]
"""What a member has stored: the cluster's revision, and by key its value and revisions."""


class Member(NamedTuple):
    """A member as the flags name it."""

    name: str
    peer_url: str
    client_url: str

    @property
    def identity(self) -> str:
        """Its ID: 16 hexadecimal digits."""
        return blake2b(self.peer_url.encode(), digest_size=8).hexdigest()


def setting(context: Context, name: str, default: str = "") -> str:
    """What a flag says, or else the variable of that name."""
    words = list(context.argv)
    for at, word in enumerate(words):
        flag, equals, value = word.lstrip("-").partition("=")
        if word.startswith("-") and flag == name:
            return value if equals else words[at + 1] if at + 1 < len(words) else ""
    return context.env.get(f"ETCD_{name.upper().replace('-', '_')}", default)


def members(context: Context) -> list[Member]:
    """The cluster's members in the order of the flag."""
    own = setting(context, "name", "default")
    known = setting(context, "initial-cluster", f"{own}=http://localhost:{PEER_PORT}")
    advertised = setting(context, "advertise-client-urls", f"http://localhost:{PORT}").partition(",")[0]
    port = urlsplit(advertised).port or PORT
    found: list[Member] = []
    for one in known.split(","):
        name, _, url = one.strip().partition("=")
        host = urlsplit(url)
        client = f"{host.scheme}://{host.hostname}:{port}"
        found.append(Member(name, url, advertised if name == own else client))
    return found


def _ports(context: Context) -> tuple[int, ...]:
    """Where it listens: for clients, for other members, and for who wants metrics."""
    urls = (
        setting(context, "listen-client-urls", f"http://localhost:{PORT}"),
        setting(context, "listen-peer-urls", f"http://localhost:{PEER_PORT}"),
        setting(context, "listen-metrics-urls"),
    )
    ports = [urlsplit(url).port for url in ",".join(urls).split(",") if url]
    return tuple(dict.fromkeys([port for port in ports if port]))


def _store(context: Context, state: State) -> Generator[Request, Any, str]:
    """Write a state into the data directory. Why that can't be, or the empty string."""
    path = _file(context)
    parts = path.split("/")[1:-1]
    for number in range(len(parts)):
        yield MakeDirectory("/" + "/".join(parts[: number + 1]))
    fault: str = yield Write(path, json.dumps(state, sort_keys=True))
    return fault


def _file(context: Context) -> str:
    directory = setting(context, "data-dir", f"/{setting(context, 'name', 'default')}.etcd")
    return f"{directory.rstrip('/')}/member/snap/db"


def _stored(context: Context) -> Generator[Request, Any, State]:
    text = yield Read(_file(context))
    return json.loads(text) if text else {"revision": 1, "keys": {}}


class View(NamedTuple):
    """What a member knows when it has asked the others: the newest state, and who answered."""

    state: State
    alive: list[Member]
    has_quorum: bool


def _asked(context: Context) -> Generator[Request, Any, View]:
    """Ask all other members for what they have."""
    state = yield from _stored(context)
    own, every = setting(context, "name", "default"), members(context)
    alive: list[Member] = []
    for one in every:
        if one.name == own:
            alive.append(one)
            continue
        url = urlsplit(one.peer_url)
        answer = yield Call(url.hostname or "", url.port or PEER_PORT, "etcd", {"verb": "state"})
        if answer.ok:
            alive.append(one)
            if answer.payload["revision"] > state["revision"]:
                state = answer.payload
    return View(state, alive, len(alive) > len(every) // 2)


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    if call.protocol == "http":
        return (yield from _answer_http(context, call))
    if call.protocol == "grpc":
        # A member that listens serves, whether it has a majority or not (v3rpc/grpc.go).
        if (call.payload or {}).get("service"):
            return Answer(False, error="rpc error: code = NotFound desc = unknown service")
        return Answer(True, {"status": "SERVING"})
    if call.protocol != "etcd":
        return Answer(False, error="connection reset by peer")
    request: dict[str, Any] = call.payload
    verb = request["verb"]
    if verb == "state":
        return Answer(True, (yield from _stored(context)))
    if verb == "replicate":
        mine = yield from _stored(context)
        if request["state"]["revision"] > mine["revision"]:
            yield from _store(context, request["state"])
        return Answer(True, {})
    view = yield from _asked(context)
    if verb == "status":
        return Answer(True, _status(context, view))
    if not view.has_quorum:
        return Answer(True, {"error": _TIMED_OUT})
    reply, state = applied(view.state, request)
    if state is not view.state:
        fault = yield from _replicate(context, view, state)
        if fault:
            return Answer(True, {"error": fault})
    return Answer(True, reply)


def _replicate(context: Context, view: View, state: State) -> Generator[Request, Any, str]:
    """Store a new state here and at all members that answer. Why that can't be, or the empty string."""
    fault = yield from _store(context, state)
    if fault:
        return fault
    for one in view.alive:
        if one.name != setting(context, "name", "default"):
            url = urlsplit(one.peer_url)
            order = {"verb": "replicate", "state": state}
            yield Call(url.hostname or "", url.port or PEER_PORT, "etcd", order)
    return ""


def applied(state: State, request: dict[str, Any]) -> tuple[dict[str, Any], State]:
    """The reply to a request, and the state after it: the same one where nothing has changed."""
    verb, key, keys = request["verb"], request["key"], state["keys"]
    if verb == "put":
        revision, before = state["revision"] + 1, keys.get(key)
        created = revision if before is None else before["create"]
        version = 1 if before is None else before["version"] + 1
        entry = {"value": request["value"], "create": created, "mod": revision, "version": version}
        return {"revision": revision}, {"revision": revision, "keys": {**keys, key: entry}}
    chosen = [name for name in sorted(keys) if _is_meant(name, key, request)]
    if verb == "get":
        pairs = [[name, keys[name]] for name in chosen]
        return {"revision": state["revision"], "pairs": pairs}, state
    if not chosen:
        return {"deleted": 0}, state
    rest = {name: entry for name, entry in keys.items() if name not in chosen}
    return {"deleted": len(chosen)}, {"revision": state["revision"] + 1, "keys": rest}


def _is_meant(name: str, key: str, request: dict[str, Any]) -> bool:
    if request.get("prefix"):
        return name.startswith(key)
    if request.get("end"):
        return key <= name < str(request["end"])
    return name == key


def _status(context: Context, view: View) -> dict[str, Any]:
    """How a member stands: the first that answers leads while there is a majority."""
    own = setting(context, "name", "default")
    leader = view.alive[0].name if view.has_quorum else ""
    return {
        "id": next(one.identity for one in members(context) if one.name == own),
        "version": _version(context),
        "leads": leader == own,
        "index": view.state["revision"] + len(members(context)),
        "errors": "" if leader else "etcdserver: no leader",
        "members": [list(one) for one in members(context)],
    }


def _version(context: Context) -> str:
    tag = resolve(context.image).tag.removeprefix("v")
    return tag if tag[:1].isdigit() else _VERSION


def _answer_http(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    path = call.payload["path"].partition("?")[0]
    if path == "/livez":
        return response(200, "ok\n")
    if path == "/version":
        version = _version(context)
        cluster = f"{version.rpartition('.')[0]}.0"
        return response(200, json.dumps({"etcdserver": version, "etcdcluster": cluster}))
    if path not in ("/readyz", "/health", "/metrics"):
        return response(404, "404 page not found\n")
    view = yield from _asked(context)
    status = 200 if view.has_quorum else 503
    if path == "/metrics":
        return response(200, f"etcd_server_has_leader {int(view.has_quorum)}\n")
    if path == "/readyz":
        return response(status, "ok\n" if view.has_quorum else "[-]linearizable_read failed\n")
    reason = "" if view.has_quorum else "RAFT NO LEADER"
    return response(status, json.dumps({"health": str(view.has_quorum).lower(), "reason": reason}))


def _start_lines(context: Context) -> tuple[str, ...]:
    when = micro_timestamp(context.started_us)
    own = setting(context, "name", "default")
    peers = setting(context, "initial-cluster", f"{own}=http://localhost:{PEER_PORT}")
    said = (
        {"caller": "etcdmain/etcd.go:73", "msg": "Running: ", "args": list(context.argv)},
        {"caller": "embed/etcd.go:310", "msg": "starting an etcd server", "initial-cluster": peers},
        {"caller": "embed/serve.go:124", "msg": "ready to serve client requests"},
    )
    return tuple([json.dumps({"level": "info", "ts": when, **one}) for one in said])


# The client.


def _client(call: Any, argv: list[str]) -> Steps:
    given = options(argv, "w", ("endpoints", "write-out", "command-timeout", "dial-timeout", "user"))
    words = given.operands
    if not words or given.has("help", "h"):
        yield from call.io.out.write("NAME:\n\tetcdctl - A simple command line client for etcd3.\n")
        return 0
    command = " ".join(words[:2]) if words[0] in ("endpoint", "member") else words[0]
    run = _COMMANDS.get(command)
    if run is None:
        yield from call.io.err.write(f'Error: unknown command "{command}" for "etcdctl"\n')
        return 1
    return (yield from run(call, given, words))


def _endpoints(call: Any, given: Options) -> list[str]:
    known = call.context.env.get("ETCDCTL_ENDPOINTS", f"127.0.0.1:{PORT}")
    return [one.rpartition("//")[2] for one in given.value("endpoints", default=known).split(",")]


def _ask(endpoint: str, request: dict[str, Any]) -> Steps:
    """What a member answers; `error` where it doesn't."""
    host, _, port = endpoint.partition(":")
    answer = yield Call(host, int(port or PORT), "etcd", request)
    return answer.payload if answer.ok else {"error": _TIMED_OUT}


def _ask_one(call: Any, given: Options, request: dict[str, Any]) -> Steps:
    """What the first member answers that does."""
    reply: dict[str, Any] = {"error": _TIMED_OUT}
    for endpoint in _endpoints(call, given):
        reply = yield from _ask(endpoint, request)
        if "error" not in reply:
            return reply
    yield from call.io.err.write(f"Error: {reply['error']}\n")
    return reply


def _put(call: Any, given: Options, words: list[str]) -> Steps:
    if len(words) < 2:
        yield from call.io.err.write(
            "Error: put command needs 1 argument and input from stdin or 2 arguments\n"
        )
        return 128
    value = words[2] if len(words) > 2 else (yield from call.io.stdin.read())
    reply = yield from _ask_one(call, given, {"verb": "put", "key": words[1], "value": value})
    if "error" in reply:
        return 1
    yield from call.io.out.write("OK\n")
    return 0


def _get(call: Any, given: Options, words: list[str]) -> Steps:
    if len(words) < 2:
        yield from call.io.err.write(
            "Error: get command needs one argument as key and an optional argument as range_end\n"
        )
        return 128
    request = {"verb": "get", "key": words[1], "prefix": given.has("prefix"), "end": "".join(words[2:3])}
    reply = yield from _ask_one(call, given, request)
    if "error" in reply:
        return 1
    for key, entry in reply["pairs"]:
        shown = [key, entry["value"]]
        if given.has("keys-only"):
            shown = [key, ""]
        elif given.has("print-value-only"):
            shown = [entry["value"]]
        yield from call.io.out.write("".join(f"{line}\n" for line in shown))
    return 0


def _delete(call: Any, given: Options, words: list[str]) -> Steps:
    key, end = "".join(words[1:2]), "".join(words[2:3])
    request = {"verb": "del", "key": key, "prefix": given.has("prefix"), "end": end}
    reply = yield from _ask_one(call, given, request)
    if "error" in reply:
        return 1
    yield from call.io.out.write(f"{reply['deleted']}\n")
    return 0


def _every(call: Any, given: Options) -> Steps:
    """The endpoints that are asked about: with `--cluster` those of all members."""
    asked = _endpoints(call, given)
    if not given.has("cluster"):
        return asked
    reply = yield from _ask_one(call, given, {"verb": "status"})
    return [urlsplit(url).netloc for _, _, url in reply.get("members", ())] or asked


def _health(call: Any, given: Options, words: list[str]) -> Steps:
    unhealthy = False
    for endpoint in (yield from _every(call, given)):
        reply = yield from _ask(endpoint, {"verb": "get", "key": "health"})
        if "error" in reply:
            unhealthy = True
            said = f"{endpoint} is unhealthy: failed to commit proposal: {reply['error']}\n"
            yield from call.io.err.write(said)
        else:
            said = f"{endpoint} is healthy: successfully committed proposal: took = 1.2ms\n"
            yield from call.io.out.write(said)
    if unhealthy:
        yield from call.io.err.write("Error: unhealthy cluster\n")
    return int(unhealthy)


_STATUS = (
    "ENDPOINT",
    "ID",
    "VERSION",
    "DB SIZE",
    "IS LEADER",
    "IS LEARNER",
    "RAFT TERM",
    "RAFT INDEX",
    "RAFT APPLIED INDEX",
    "ERRORS",
)


def _endpoint_status(call: Any, given: Options, words: list[str]) -> Steps:
    rows: list[list[str]] = []
    failed = False
    for endpoint in (yield from _every(call, given)):
        reply = yield from _ask(endpoint, {"verb": "status"})
        if "id" not in reply:
            failed = True
            yield from call.io.err.write(
                f"Failed to get the status of endpoint {endpoint} ({reply['error']})\n"
            )
            continue
        index = str(reply["index"])
        leads = str(reply["leads"]).lower()
        version = reply["version"]
        rows.append(
            [endpoint, reply["id"], version, "20 kB", leads, "false", "2", index, index, reply["errors"]]
        )
    yield from call.io.out.write(_table(given, _STATUS, rows))
    return int(failed)


_MEMBERS = ("ID", "STATUS", "NAME", "PEER ADDRS", "CLIENT ADDRS", "IS LEARNER")


def _member_list(call: Any, given: Options, words: list[str]) -> Steps:
    reply = yield from _ask_one(call, given, {"verb": "status"})
    if "members" not in reply:
        return 1
    every = [Member(*one) for one in reply["members"]]
    rows = [[one.identity, "started", one.name, one.peer_url, one.client_url, "false"] for one in every]
    yield from call.io.out.write(_table(given, _MEMBERS, rows))
    return 0


def _table(given: Options, names: tuple[str, ...], rows: list[list[str]]) -> str:
    """Rows with commas between, or with `-w table` within lines; headings stand in the middle."""
    if given.value("w", "write-out") != "table":
        return "".join(", ".join(row) + "\n" for row in rows)
    widths = [max(len(row[place]) for row in (list(names), *rows)) for place in range(len(names))]
    line = "+" + "+".join("-" * (width + 2) for width in widths) + "+\n"
    heading = "|" + "|".join(f" {name:^{width}} " for name, width in zip(names, widths, strict=True)) + "|\n"
    body = ""
    for row in rows:
        cells = [_aligned(cell, width) for cell, width in zip(row, widths, strict=True)]
        body += "|" + "|".join(f" {cell} " for cell in cells) + "|\n"
    return f"{line}{heading}{line}{body}{line}"


def _aligned(cell: str, width: int) -> str:
    """Numbers and truths stand to the right."""
    return cell.rjust(width) if cell.isdigit() or cell in ("true", "false") else cell.ljust(width)


def _tell_version(call: Any, given: Options, words: list[str]) -> Steps:
    yield from call.io.out.write(f"etcdctl version: {_version(call.context)}\nAPI version: 3.5\n")
    return 0


_COMMANDS = {
    "put": _put,
    "get": _get,
    "del": _delete,
    "version": _tell_version,
    "endpoint health": _health,
    "endpoint status": _endpoint_status,
    "member list": _member_list,
}

PROGRAM = Family(
    images=("etcd",),
    entrypoint=("etcd",),
    files={"/var/lib/etcd/": ""},
    executables={
        "etcd": Executable(
            server=Server("any", _ports, _handle, _start_lines, cost_us=lambda call: A_STATEMENT_US)
        ),
        "etcdctl": Executable(run=_client),
    },
)
