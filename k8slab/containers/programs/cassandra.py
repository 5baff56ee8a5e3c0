"""Cassandra: a ring of StatefulSet Pods that find each other by their seeds, and what `nodetool` says of it.

A member keeps in its data directory who it is and whom it knows. When it starts it tells its seeds and all
that it knows, and learns whom they know; with no one to tell it ends, unless it is a seed itself. No rows
are kept: there is no `cqlsh`.

Models the image of the StatefulSet tutorial (gcr.io/google-samples/cassandra, its run.sh and ready-probe.sh)
and Cassandra's nodetool/Status.java and gms/Gossiper.java, 3.11.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from k8slab.chance import uid
from k8slab.containers.costs import A_STATEMENT_US
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.requests import Answer, Call, MakeDirectory, Read, Request, Write
from k8slab.containers.streams import Steps

_GOSSIP_PORT, _CLIENT_PORT = 7000, 9042
_PORTS = (_GOSSIP_PORT, 7001, 7199, _CLIENT_PORT)
_TOKENS = 32
_COPIES = 2
"""Of how many members each row would be: what they own adds up to so many wholes."""

Members = dict[str, dict[str, Any]]
"""What is known of each member, by its host id: its address, rack, and when it started."""


def _directory(context: Context) -> str:
    return "/cassandra_data" if "google" in context.image else "/var/lib/cassandra"


def _ring_file(context: Context) -> str:
    return f"{_directory(context)}/ring.json"


def _newest(known: Members, told: Members) -> Members:
    """Both, and of a member that both know what it said last."""
    found = dict(known)
    for host_id, member in told.items():
        if host_id not in found or member["startedUs"] > found[host_id]["startedUs"]:
            found[host_id] = member
    return found


def _seeds(context: Context) -> list[str]:
    return [one.strip() for one in context.env.get("CASSANDRA_SEEDS", "").split(",") if one.strip()]


def _is_own(name: str, context: Context) -> bool:
    return name.partition(".")[0] == context.hostname or name in (context.ip, "localhost", "127.0.0.1")


def _check(context: Context) -> Generator[Request, Any, tuple[int, str] | None]:
    """Join the ring, or found it."""
    yield MakeDirectory(_directory(context))
    text = yield Read(_ring_file(context))
    ring: dict[str, Any] = json.loads(text) if text else {"id": "", "members": {}}
    own = ring["id"] or uid(context.started_us, "cassandra", context.namespace, context.pod)
    rack = context.env.get("CASSANDRA_RACK") or "rack1"
    this = {"address": context.ip, "rack": rack, "startedUs": context.started_us}
    members: Members = {**ring["members"], own: this}
    seeds = _seeds(context)
    known = [member["address"] for host_id, member in sorted(ring["members"].items()) if host_id != own]
    is_alone = True
    for host in (*(one for one in seeds if not _is_own(one, context)), *known):
        answer = yield Call(host, _GOSSIP_PORT, "cassandra", {"verb": "join", "id": own, "member": this})
        if answer.ok:
            is_alone = False
            members = _newest(members, answer.payload["members"])
    if is_alone and seeds and not any(_is_own(one, context) for one in seeds):
        return 3, "Exception (java.lang.RuntimeException) encountered during startup: " + _NO_PEERS
    ring = {"id": own, "members": members}
    yield Write(_ring_file(context), json.dumps(ring, sort_keys=True))
    return None


_NO_PEERS = "Unable to gossip with any peers"


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    """`join` tells of a member that has started, `state` asks whom this one knows."""
    text = yield Read(_ring_file(context))
    ring: dict[str, Any] = json.loads(text or "{}")
    if call.payload["verb"] == "join":
        members = _newest(ring["members"], {call.payload["id"]: call.payload["member"]})
        ring = {**ring, "members": members}
        yield Write(_ring_file(context), json.dumps(ring, sort_keys=True))
    return Answer(True, ring)


def _start_lines(context: Context) -> tuple[str, ...]:
    return (
        f"INFO  [main] StorageService.java - Node /{context.ip} state jump to NORMAL",
        f"INFO  [main] Server.java - Starting listening for CQL clients on /0.0.0.0:{_CLIENT_PORT} "
        "(unencrypted)...",
    )


# nodetool.


def _ask(host: str) -> Steps:
    return (yield Call(host, _GOSSIP_PORT, "cassandra", {"verb": "state"}))


def _gossip() -> Steps:
    """All members with whether they are up, as this one finds them; None where it does not run itself."""
    answer = yield from _ask("127.0.0.1")
    if not answer.ok:
        return None
    members: Members = answer.payload["members"]
    up: dict[str, bool] = {answer.payload["id"]: True}
    while len(up) < len(members):
        host_id = min(set(members) - set(up))
        answer = yield from _ask(members[host_id]["address"])
        # The address may be another member's by now.
        up[host_id] = answer.ok and answer.payload["id"] == host_id
        if answer.ok:
            members = _newest(members, answer.payload["members"])
    return {host_id: {**member, "up": up[host_id]} for host_id, member in sorted(members.items())}


def _status_text(members: Members, center: str) -> str:
    owned = min(100.0, 100.0 * _COPIES / len(members))
    width = max(len(member["address"]) for member in members.values())
    title = f"Datacenter: {center}"
    lines = [
        title,
        "=" * len(title),
        "Status=Up/Down",
        "|/ State=Normal/Leaving/Joining/Moving",
        f"--  {'Address':{width}}  Load       Tokens       Owns (effective)  {'Host ID':36}  Rack",
    ]
    for host_id, member in members.items():
        mark = "UN" if member["up"] else "DN"
        load = f"{65 + int(host_id[:4], 16) % 4000 / 100:.2f} KiB"
        lines.append(
            f"{mark}  {member['address']:{width}}  {load:9}  {_TOKENS:<11}  {f'{owned:.1f}%':16}  "
            f"{host_id}  {member['rack']}"
        )
    return "\n".join(lines) + "\n\n"


def _nodetool(call: Any, argv: list[str]) -> Steps:
    words = [word for word in argv[1:] if not word.startswith("-")]
    verb = words[0] if words else ""
    if verb not in ("status", "drain", "version"):
        text = f"nodetool: Found unexpected parameters: [{verb}]\n" if verb else ""
        yield from call.io.err.write(text + "See 'nodetool help' or 'nodetool help <command>'.\n")
        return 1
    members = yield from _gossip()
    if members is None:
        refused = "ConnectException: 'Connection refused (Connection refused)'."
        yield from call.io.err.write(f"nodetool: Failed to connect to '127.0.0.1:7199' - {refused}\n")
        return 1
    if verb == "status":
        center = call.context.env.get("CASSANDRA_DC") or "datacenter1"
        yield from call.io.out.write(_status_text(members, center))
    elif verb == "version":
        yield from call.io.out.write("ReleaseVersion: 3.11.2\n")
    return 0


def _ready(call: Any, argv: list[str]) -> Steps:
    """ready-probe.sh: whether this member is up and normal in its own eyes."""
    members = yield from _gossip()
    own = call.context.env.get("POD_IP") or call.context.ip
    if members is not None and any(one["address"] == own and one["up"] for one in members.values()):
        return 0
    yield from call.io.out.write("Not Up\n" if call.context.env.get("DEBUG") else "")
    return 1


_SERVER = Executable(
    server=Server(
        "cassandra",
        lambda context: _PORTS,
        _handle,
        _start_lines,
        _check,
        stop_code=143,
        cost_us=lambda call: A_STATEMENT_US,
    )
)

PROGRAM = Family(
    images=("cassandra",),
    entrypoint=("/run.sh",),
    paths={"run.sh": "/run.sh", "ready-probe.sh": "/ready-probe.sh", "nodetool": "/usr/local/bin/nodetool"},
    executables={
        "run.sh": _SERVER,
        "nodetool": Executable(run=_nodetool),
        "ready-probe.sh": Executable(run=_ready),
    },
)
