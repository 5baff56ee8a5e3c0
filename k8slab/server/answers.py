"""Answers on the wire: a `Response` value as the bytes and headers that a client reads."""

from __future__ import annotations

from typing import Any

from k8slab.api.errors import ApiError
from k8slab.cluster.request import Response
from k8slab.server import protobuf
from k8slab.server.texts_of_parts import PartTexts, plain

Headers = list[tuple[bytes, bytes]]
_PARTS = PartTexts()


def json_bytes(body: Any) -> bytes:
    """JSON as the server writes it. Text that is no valid Unicode is replaced as Go does."""
    is_list = isinstance(body, dict) and any(isinstance(body.get(name), list) for name in ("items", "rows"))
    text = _PARTS.of_list(body) if is_list else plain(body)
    return text.encode("utf-8", "replace") + b"\n"


def body_bytes(response: Response) -> bytes:
    """The body of an answer that is no stream."""
    if isinstance(response.body, bytes):
        return response.body
    if isinstance(response.body, str):
        return response.body.encode("utf-8", "replace")
    return json_bytes(response.body)


def event_bytes(content_type: str, event: Any) -> bytes:
    """A watch's event in the form that the client accepts."""
    if content_type.startswith(protobuf.MEDIA_TYPE):
        return protobuf.encode_event(event)
    return json_bytes(event)


def as_protobuf(response: Response) -> Response:
    """An answer in protobuf. Text stays text; 406 for what has no such form."""
    if response.watch is not None:
        return response._replace(content_type=f"{protobuf.MEDIA_TYPE};stream=watch")
    if not isinstance(response.body, dict):
        return response
    try:
        body = protobuf.encode_envelope(response.body)
    except protobuf.ProtobufError as error:
        return refusal(ApiError(406, "NotAcceptable", str(error)))
    return response._replace(body=body, content_type=protobuf.MEDIA_TYPE)


def headers_of(response: Response) -> Headers:
    """The headers of an answer, without its length."""
    found: Headers = [(b"content-type", response.content_type.encode())] if response.content_type else []
    if "Cache-Control" not in response.headers:
        found.append((b"cache-control", b"no-cache, private"))
    for name, value in response.headers.items():
        found.append((name.lower().encode("latin-1"), value.encode("utf-8")))
    found.extend((b"warning", _warning(text)) for text in response.warnings)
    return found


def _warning(text: str) -> bytes:
    """A Warning header (`NewWarningHeader`): code 299, no agent, quoted text without control characters."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    quoted = clean.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{quoted}"'.encode("utf-8", "replace")


def refusal(error: ApiError) -> Response:
    """A refusal that the server itself gives."""
    return Response(error.code, error.status())


UNAUTHORIZED = ApiError(401, "Unauthorized", "Unauthorized")
TOO_LARGE = ApiError(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728")
PANICKED = ApiError(
    500,
    "InternalError",
    "Internal error occurred: This request caused apiserver to panic. Look in the logs for details.",
)
TOO_SLOW = ApiError(504, "Timeout", "Timeout: request did not complete within the allotted duration")
