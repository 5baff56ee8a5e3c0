"""HTTP requests as values: the scope and the body that ASGI gives, as a `Request`.

Models staging/src/k8s.io/apiserver/pkg/server/filters and
pkg/authentication/request/bearertoken, v1.36.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

from k8slab.api.errors import ApiError
from k8slab.cluster.access import ANONYMOUS, UNAUTHENTICATED
from k8slab.cluster.bodies import MAX_BODY_BYTES
from k8slab.cluster.request import Request
from k8slab.server import protobuf
from k8slab.server.answers import TOO_LARGE, TOO_SLOW, UNAUTHORIZED

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BODY_SECONDS = 60


class ClientGoneError(Exception):
    """The client went away before its request was complete."""


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers by their canonical names; repeated ones are joined by commas."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").title(), raw_value.decode("latin-1")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def query_pairs(scope: Scope) -> list[tuple[str, str]]:
    """The query's parameters in order."""
    text = scope["query_string"].decode("latin-1")
    return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=None)


def prefix_of(token: str) -> str:
    """The path under which a lab is served to those who can't send a token.

    Over plain HTTP kubectl keeps to itself the credentials that its kubeconfig
    holds (`IsConfigTransportTLS`), but any client keeps the path of its
    server's address. So there the address itself is the secret.
    """
    return f"/token/{quote(token, safe='')}"


def request_of(scope: Scope, method: str, token: str) -> Request:
    """The request without its body. ApiError 401 where the secret in the path is wrong.

    The lab's own token stands for its administrator, be it a bearer token or
    in the path, and is taken away; any other stays, for the API server to
    judge. Who brings nothing is the anonymous user, whom roles let see
    little more than the version.
    """
    headers = headers_of(scope)
    credentials = headers.get("Authorization", "")
    scheme, _, given = credentials.partition(" ")
    path, trusted = _without_prefix(scope["path"], token)
    pairs = query_pairs(scope)
    query = dict(pairs)
    words = [value for name, value in pairs if name == "command"]
    if len(words) > 1:
        # The only parameter of which every value counts: what is to be executed, as a JSON list.
        query["command"] = json.dumps(words)
    request = Request(method, path, query, headers)
    if scheme.lower() == "bearer" and _is_same(given.strip(), token):
        del headers["Authorization"]
        return request
    if scheme.lower() != "bearer":
        # No other scheme is a credential to an API server.
        headers.pop("Authorization", None)
        credentials = ""
    if credentials or trusted:
        return request
    return request._replace(user=ANONYMOUS, groups=(UNAUTHENTICATED,))


def _is_same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _without_prefix(path: str, token: str) -> tuple[str, bool]:
    """The path behind the secret one, and whether it was there."""
    if not path.startswith("/token/"):
        return path, False
    given, slash, rest = path.removeprefix("/token/").partition("/")
    if not _is_same(given, token):
        raise UNAUTHORIZED
    return slash + rest or "/", True


async def read_body(receive: Receive) -> bytes:
    """The whole body. ApiError 413 where it is too large, 504 where it comes too slowly;
    ClientGoneError."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                part = message.get("body", b"")
                size += len(part)
                if size > MAX_BODY_BYTES:
                    raise TOO_LARGE
                parts.append(part)
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        raise TOO_SLOW from None


def with_body(request: Request, body: bytes) -> Request:
    """The request with its body; one in protobuf is read into the object that it stands for.

    ApiError 400 for protobuf that can't be read.
    """
    if not body:
        return request
    if not body.startswith(protobuf.MAGIC) and not protobuf.is_protobuf(request.headers):
        return request._replace(body=body)
    try:
        obj = protobuf.decode_envelope(body)
    except protobuf.ProtobufError as error:
        raise ApiError(400, "BadRequest", str(error)) from None
    headers = {**request.headers, "Content-Type": "application/json"}
    return request._replace(body=obj, headers=headers)


def as_json(request: Request) -> tuple[Request, bool]:
    """The request as one for JSON, and whether its answer must be turned into protobuf."""
    accept = request.headers.get("Accept", "")
    if not protobuf.wants_protobuf(accept):
        return request, False
    headers = {**request.headers, "Accept": accept.replace(protobuf.MEDIA_TYPE, "application/json")}
    return request._replace(headers=headers), True
