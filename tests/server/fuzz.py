"""Requests that nobody would send: recorded ones with something wrong in them, each fixed by its number.

The seeds are the requests that a real API server was sent for the record. A mutation changes the method, the
path, the query, a header, or the body: a value is replaced by one of another kind, removed, doubled, buried
under lists, or the text itself is damaged.
"""

from __future__ import annotations

import json
import random
import urllib.parse
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

RECORDED = Path(__file__).parents[1] / "reference"
NAMESPACE = "fuzz"

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3.5, 1e300, 2**31, 2**63, -(2**63) - 1, 10**40,
    "", " ", "x", "X", "-", "a b", "1", "-1", "1Gi", "0.5m", "100%", "NaN", "..", "/", "a/b/c", "*", "\0", "\ud800", "ü" * 70,
    "x" * 254, "x" * 70_000, "2026-01-01T00:00:00Z", "*/5 * * * *", "$(A)", "{{.}}", "10.96.0.7", "::1", "fuzz",
    [], {}, [[]], [{}], [None], {"": None}, {"name": "x"}, [{"name": "x"}, {"name": "x"}], {"$patch": "delete"},
    {"matchLabels": {"a": "b"}}, {"key": "x", "operator": "In", "values": []}, ["a", "a"], {"x": {"y": {"z": []}}},
)  # fmt: skip
DEEP, VERY_DEEP = "fuzz/deep", "fuzz/very-deep"
"""Stand for lists in objects in lists: 1,800 and 24,000 levels of them. Go reads 10,000."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")
SEGMENTS = (
    "", ".", "..", "%2e%2e", "%00", "%ff", "a%20b", "x" * 300, "status", "scale", "log", "exec", "eviction", "binding",
    "token", "proxy", "finalize", "resize", "ephemeralcontainers", "attach", "watch", "v1", "v9", "namespaces", "pods",
)  # fmt: skip
QUERIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("limit", ("0", "-1", "1", "x", "99999999999999999999")),
    ("continue", ("x", "e30", "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ")),
    ("resourceVersion", ("0", "-1", "1", "99999999", "x", "")),
    ("resourceVersionMatch", ("Exact", "NotOlderThan", "Never")),
    ("labelSelector", ("a=b", "a in (b,c)", "!a", "a in", "=", "a==b==c", ",", "x" * 300)),
    ("fieldSelector", ("metadata.name=x", "spec.nodeName=", "status.phase!=Running", "a", "metadata.name in (x)")),
    ("dryRun", ("All", "all", "", "Some")),
    ("fieldValidation", ("Strict", "Warn", "Ignore", "strict", "")),
    ("fieldManager", ("", "x" * 200, "\n")),
    ("force", ("true", "maybe")),
    ("propagationPolicy", ("Orphan", "Foreground", "Background", "Up")),
    ("gracePeriodSeconds", ("0", "-1", "x", "99999999999999999999")),
    ("timeoutSeconds", ("0", "1", "x")),
    ("pretty", ("true", "x")),
    ("container", ("x", "")),
    ("tailLines", ("-1", "x")),
    ("x", ("y",)),
)  # fmt: skip
CONTENT_TYPES = (
    "application/json", "application/yaml", "application/merge-patch+json", "application/json-patch+json",
    "application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/vnd.kubernetes.protobuf",
    "text/plain", "*/*", "", "application/json; charset=latin-1", "application/cbor", ";;", "multipart/form-data",
)  # fmt: skip
ACCEPTS = (
    "application/json", "application/yaml", "text/html", "application/vnd.kubernetes.protobuf", "*/*;q=0",
    "application/json;as=Table;v=v1;g=meta.k8s.io", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    "application/json;as=Table;v=v9;g=meta.k8s.io", "", ";", "application/json;stream=watch",
)  # fmt: skip
SCRAPS = (
    b"{", b"}", b"[", b'"', b",", b":", b"\x00", b"\xff\xfe", b"null", b"nan", b"- ", b"\n", b"&a [*a]", b"k8s\x00",
    b'"a":1,', b"1e999", b"\\u0000",
)  # fmt: skip


class Sent(NamedTuple):
    """A request as it goes over the wire; `path` holds the query too."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


class _Seed(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    content_type: str
    body: Any


@cache
def _seeds() -> tuple[_Seed, ...]:
    found = []
    for name in ("defaults", "errors", "patches", "protocol"):
        cases = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))["cases"]
        for case in cases:
            found.extend(_seed(request) for request in _requests(case))
    return tuple(found)


def _requests(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield case["request"]
    for given in case.get("given") or ():
        if isinstance(given, dict) and "path" in given:
            yield given


def _seed(request: dict[str, Any]) -> _Seed:
    parts = request["path"].split("/")
    if "namespaces" in parts and parts.index("namespaces") + 2 < len(parts):
        parts[parts.index("namespaces") + 1] = NAMESPACE
    query = {name: str(value) for name, value in (request.get("query") or {}).items() if name != "watch"}
    content_type = request.get("contentType") or "application/json"
    return _Seed(request.get("method") or "POST", "/".join(parts), query, content_type, request.get("body"))


def request_number(number: int) -> Sent:
    """The request of that number, the same in every run."""
    chance = random.Random(number)
    seed = chance.choice(_seeds())
    method, path, query, content_type, body = seed
    headers = {}
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        what = chance.choices(("body", "query", "path", "type", "accept", "method"), (10, 3, 2, 2, 1, 1))[0]
        if what == "body":
            body = mutated(body, chance)
        elif what == "query":
            name, values = chance.choice(QUERIES)
            query = {**query, name: chance.choice(values)}
        elif what == "path":
            parts = path.split("/")
            at = chance.randrange(1, len(parts) + 1)
            path = "/".join(parts[:at] + [chance.choice(SEGMENTS)] + parts[at + chance.randrange(2) :])
        elif what == "type":
            content_type = chance.choice(CONTENT_TYPES)
        elif what == "accept":
            headers["Accept"] = chance.choice(ACCEPTS)
        else:
            method = chance.choice(METHODS)
    data = as_bytes(body, chance)
    if data is not None:
        headers["Content-Type"] = content_type
    path = urllib.parse.quote(path, safe="/%:@")
    text = f"?{urllib.parse.urlencode(query)}" if query else ""
    return Sent(method, path + text, headers, data)


def mutated(body: Any, chance: random.Random) -> Any:
    """A body with one thing changed, somewhere in it."""
    if not isinstance(body, dict | list) or not body or chance.random() < 0.05:
        return chance.choice(VALUES)
    slots = list(_slots(body))
    holder, key = chance.choice(slots)
    way = chance.randrange(6)
    if way <= 2:
        value = chance.choice(VALUES)
    elif way == 3:
        value = (
            chance.choice((DEEP, VERY_DEEP))
            if chance.random() < 0.1
            else [{"a": [_value(body, holder, key)]}]
        )
    elif way == 4:
        return _with(
            body, (*holder, chance.choice(("extra", "", "metadata", "status", "items"))), 1, add=True
        )
    else:
        return _without(body, (*holder, key))
    return _with(body, (*holder, key), value)


def _slots(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    items = body.items() if isinstance(body, dict) else enumerate(body)
    for key, value in items:
        yield path, key
        if isinstance(value, dict | list):
            yield from _slots(value, (*path, key))


def _value(body: Any, path: tuple[Any, ...], key: Any) -> Any:
    for one in path:
        body = body[one]
    return body[key]


def _with(body: Any, path: tuple[Any, ...], value: Any, *, add: bool = False) -> Any:
    head, *rest = path
    copy = dict(body) if isinstance(body, dict) else list(body)
    if isinstance(copy, list) and (add and not rest):
        return [*copy, value]
    copy[head] = _with(copy[head], tuple(rest), value, add=add) if rest else value
    return copy


def _without(body: Any, path: tuple[Any, ...]) -> Any:
    head, *rest = path
    copy = dict(body) if isinstance(body, dict) else list(body)
    if rest:
        copy[head] = _without(copy[head], tuple(rest))
    else:
        del copy[head]
    return copy


def as_bytes(body: Any, chance: random.Random) -> bytes | None:
    """The body's text, sometimes damaged."""
    if body is None:
        return None
    text = body if isinstance(body, str) and chance.random() < 0.5 else json.dumps(body)
    for word, depth in ((DEEP, 900), (VERY_DEEP, 12_000)):
        text = text.replace(json.dumps(word), '{"a":[' * depth + "1" + "]}" * depth)
    data = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        at = chance.randrange(len(data) + 1)
        data = data[:at] + chance.choice(SCRAPS) + data[at + chance.randrange(3) :]
    elif chance.random() < 0.03:
        data = data[: chance.randrange(len(data) + 1)]
    return data
