"""agnhost netexec: a server that answers, echoes, dials others, runs commands, and ends itself.

Models test/images/agnhost/netexec/netexec.go, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import Any
from urllib.parse import parse_qs

from k8slab.clock import SECOND_US, timestamp
from k8slab.containers import shell_process
from k8slab.containers.program import TERM_NOTE, Context, Server
from k8slab.containers.programs._go import duration_us, flags, logged
from k8slab.containers.programs._http import NOT_HTTP, response
from k8slab.containers.requests import Answer, Call, Now, Quit, Recall, Request
from k8slab.containers.streams import Buffer

Answering = Generator[Request, Any, Answer]
_SWITCHES = ("help",)


def netexec(argv: Sequence[str]) -> Server:
    """The server that a command line starts."""
    given, _ = flags(argv[2:], _SWITCHES)
    http_port = int(given.get("http-port") or 8080)
    udp_port = int(given.get("udp-port") or 8081)
    sctp_port = int(given.get("sctp-port") or -1)
    override = given.get("http-override", "")
    ports = tuple(port for port in (http_port, udp_port, sctp_port) if port > 0)

    def handle(context: Context, call: Call) -> Answering:
        if call.protocol in ("udp", "sctp"):
            return (yield from _datagram(context, call))
        if call.protocol == "tcp":
            return Answer(True, NOT_HTTP)
        path = override or call.payload["path"]
        return (yield from _route(context, call, path, http_port))

    return Server(
        "any",
        lambda context: ports,
        handle,
        lambda context: (f"{_stamp(context)} Started HTTP server on port {http_port}",),
        stop_delay_us=int(given.get("delay-shutdown") or 0) * SECOND_US,
    )


def _stamp(context: Context) -> str:
    when = timestamp(context.started_us)
    return f"{when[0:10].replace('-', '/')} {when[11:19]}"


def _route(context: Context, call: Call, target: str, http_port: int) -> Answering:
    path, _, query = target.partition("?")
    values = {name: found[0] for name, found in parse_qs(query, keep_blank_values=True).items()}
    body = call.payload.get("body") or ""
    if "urlencoded" in _header(call, "Content-Type"):
        values = {**{name: found[0] for name, found in parse_qs(body).items()}, **values}
    simple = {
        "/clientip": f"{call.host}:40000",
        "/serverport": str(http_port),
        "/hostname": context.hostname,
        "/hostName": context.hostname,
        "/healthz": "",
    }
    if path == "/readyz":
        return (yield from _readyz())
    if path in simple:
        yield from logged(f"GET {path}")
        return response(200, simple[path])
    special = {
        "/echo": _echo,
        "/header": _show_headers,
        "/dial": _dial,
        "/shell": _shell,
        "/redirect": _redirect,
        "/exit": _exit,
        "/shutdown": _shutdown,
    }
    if path in special:
        return (yield from special[path](context, call, values))
    yield from logged("GET /")
    now_us = yield Now(wall=True)
    return response(200, f"NOW: {timestamp(now_us)[:-1].replace('T', ' ')} +0000 UTC")


def _readyz() -> Answering:
    """A server that was told to end is healthy still, but nobody should be led to it."""
    yield from logged("GET /readyz")
    told_us = yield Recall(TERM_NOTE)
    if told_us is not None and told_us <= (yield Now()):
        return response(503, "shutting down")
    return response(200, "ok")


def _header(call: Call, name: str) -> str:
    headers = call.payload.get("headers") or {}
    return next((str(value) for one, value in headers.items() if one.lower() == name.lower()), "")


def _echo(context: Context, call: Call, values: dict[str, str]) -> Answering:
    text, code = values.get("msg", ""), values.get("code", "")
    yield from logged(f"GET /echo?msg={text}&code={code}")
    if code and not code.lstrip("+-").isdigit():
        return response(200, f"argument 'code' must be an integer or empty, got {json.dumps(code)}\n")
    return response(int(code or 200), text)


def _show_headers(context: Context, call: Call, values: dict[str, str]) -> Answering:
    key = values.get("key", "")
    if key:
        yield from logged(f"GET /header?key={key}")
        return response(200, _header(call, key))
    yield from logged("GET /header")
    headers = {name: [value] for name, value in sorted((call.payload.get("headers") or {}).items())}
    return response(200, json.dumps(headers, separators=(",", ":")))


def _dial(context: Context, call: Call, values: dict[str, str]) -> Answering:
    """Ask another server so many times, and tell what it said."""
    host, port, asked = values.get("host", ""), values.get("port", ""), values.get("request", "")
    protocol, tries = (values.get("protocol") or "http").lower(), values.get("tries") or "1"
    yield from logged(
        f"GET /dial?host={host}&protocol={values.get('protocol', '')}&port={port}&request={asked}"
        f"&tries={values.get('tries', '')}"
    )
    if not tries.isdigit():
        why = f'strconv.Atoi: parsing "{tries}": invalid syntax'
        return response(400, f"tries parameter is invalid. {why}\n")
    if not asked:
        return response(400, "request parameter not specified. <nil>\n")
    if protocol not in ("http", "udp", "sctp"):
        return response(400, f"unsupported protocol. {values.get('protocol')}\n")
    if not port.isdigit():
        return response(400, f"host and/or port param are invalid. address {host}:{port}: invalid port\n")
    responses: list[str] = []
    errors: list[str] = []
    for _ in range(int(tries)):
        payload: Any = asked
        if protocol == "http":
            where = f"{host}:{port}"
            payload = {
                "method": "GET",
                "path": f"/{asked}",
                "host": where,
                "headers": {"Host": where},
                "body": "",
            }
        answer = yield Call(host, int(port), protocol, payload)
        if not answer.ok:
            errors.append(answer.error)
        else:
            responses.append(answer.payload["body"] if protocol == "http" else str(answer.payload))
    output = {name: found for name, found in (("responses", responses), ("errors", errors)) if found}
    return response(200, json.dumps(output, separators=(",", ":"), sort_keys=True))


def _shell(context: Context, call: Call, values: dict[str, str]) -> Answering:
    command = values.get("shellCommand") or values.get("cmd", "")
    yield from logged(f"GET /shell?cmd={command}")
    out = Buffer()
    code = yield from shell_process.run_exec(context, ["/bin/sh", "-c", command], "", out, out)
    output = {}
    if out.text():
        output["output"] = out.text()
    if code:
        output["error"] = f"exit status {code}"
    yield from logged(f"Output: map[{' '.join(f'{name}:{text}' for name, text in sorted(output.items()))}]")
    return response(200, json.dumps(output, separators=(",", ":"), sort_keys=True))


def _redirect(context: Context, call: Call, values: dict[str, str]) -> Answering:
    location, code = values.get("location", ""), values.get("code", "")
    yield from logged(f"{call.payload['method']} /redirect?msg={location}&code={code}")
    return response(int(code or 302), "", {"Location": location})


def _exit(context: Context, call: Call, values: dict[str, str]) -> Answering:
    code, timeout, wait = values.get("code", ""), values.get("timeout", ""), values.get("wait", "")
    yield from logged(f"GET /exit?code={code}&timeout={timeout}&wait={wait}")
    for name, text in (("timeout", timeout), ("wait", wait)):
        if text and duration_us(text) is None:
            quoted = json.dumps(text)
            return response(
                200, f"argument '{name}' must be a valid golang duration or empty, got {quoted}\n"
            )
    if code and not code.isdigit():
        text = f"argument 'code' must be an integer [0-127] or empty, got {json.dumps(code)}\n"
        return response(200, text)
    yield Quit(int(code or 0))
    return response(200, "")


def _shutdown(context: Context, call: Call, values: dict[str, str]) -> Answering:
    yield from logged("GET /shutdown")
    yield Quit(0)
    return Answer(False, error="EOF")


def _datagram(context: Context, call: Call) -> Answering:
    text = str(call.payload).strip()
    word = text.lower()
    answers = {"hostname": context.hostname, "clientip": f"{call.host}:40000", "serverport": str(call.port)}
    if word in answers:
        return Answer(True, answers[word])
    if word.startswith("echo "):
        return Answer(True, word.partition(" ")[2])
    yield from logged(f"Unknown UDP command received from {call.host}:40000: {word}\n")
    return Answer(False, error="i/o timeout")
