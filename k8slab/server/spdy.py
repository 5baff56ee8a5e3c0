"""SPDY/3.1 framing, as much of it as port-forwarding uses.

Models the frames of draft-mbelshe-httpbis-spdy-00 and of
vendor/github.com/moby/spdystream, v1.36.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY = 1, 2, 3, 4, 6, 7
FIN = 1
_VERSION = 3
_LONGEST_FRAME = 1 << 24

_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges "
    "age allow authorization cache-control connection content-base content-encoding content-language "
    "content-length content-location content-md5 content-range content-type date etag expect expires from "
    "host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location "
    "max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer "
    "transfer-encoding upgrade user-agent vary via warning www-authenticate method get status 200\xa0OK "
    "version HTTP/1.1 url public set-cookie keep-alive origin"
)
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _sized(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(4, "big") + data


DICTIONARY = b"".join(_sized(word.replace("\xa0", " ")) for word in _WORDS.split(" ")) + _TAIL.encode()
"""What both sides' compression of headers knows from the beginning (section 2.6.10.1)."""


class Frame(NamedTuple):
    """One frame. `kind` is 0 for data; `headers` are a SYN_STREAM's."""

    kind: int
    stream: int
    flags: int = 0
    data: bytes = b""
    headers: Mapping[str, str] = {}


class SpdyError(ValueError):
    """Bytes that are no SPDY."""


class Framing:
    """One connection: bytes into frames, and frames into bytes. Headers are compressed as one stream."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that these bytes complete. SpdyError."""
        buffer = self._buffer
        buffer += data
        while len(buffer) >= 8:
            size = int.from_bytes(buffer[5:8], "big")
            if size >= _LONGEST_FRAME:
                raise SpdyError("the frame is too long")
            if len(buffer) < 8 + size:
                return
            head, body = bytes(buffer[:8]), bytes(buffer[8 : 8 + size])
            del buffer[: 8 + size]
            yield self._frame(head, body)

    def _frame(self, head: bytes, body: bytes) -> Frame:
        if not head[0] & 0x80:
            return Frame(0, int.from_bytes(head[:4], "big"), head[4], body)
        kind = int.from_bytes(head[2:4], "big")
        stream = int.from_bytes(body[:4], "big") & 0x7FFFFFFF
        if kind == SYN_STREAM:
            return Frame(kind, stream, head[4], headers=self._headers(body[10:]))
        return Frame(kind, stream, head[4], body)

    def _headers(self, block: bytes) -> Mapping[str, str]:
        try:
            plain = self._inflate.decompress(block, _LONGEST_FRAME)
        except zlib.error as error:
            raise SpdyError(str(error)) from None
        at = 4
        texts: list[str] = []
        for _ in range(2 * int.from_bytes(plain[:4], "big")):
            size = int.from_bytes(plain[at : at + 4], "big")
            if at + 4 + size > len(plain):
                raise SpdyError("the headers are cut off")
            texts.append(plain[at + 4 : at + 4 + size].decode("latin-1"))
            at += 4 + size
        return dict(zip((name.lower() for name in texts[::2]), texts[1::2], strict=True))

    def reply(self, stream: int) -> bytes:
        """Accept a stream."""
        block = self._deflate.compress(b"\0\0\0\0") + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(SYN_REPLY, stream.to_bytes(4, "big") + block)

    def data(self, stream: int, data: bytes, *, last: bool = False) -> bytes:
        """Data on a stream; the last of it ends our side."""
        return stream.to_bytes(4, "big") + bytes((FIN if last else 0,)) + len(data).to_bytes(3, "big") + data

    def pong(self, ping: Frame) -> bytes:
        """The answer to a ping."""
        return _control(PING, ping.data)


def _control(kind: int, body: bytes) -> bytes:
    head = (0x8000 | _VERSION).to_bytes(2, "big") + kind.to_bytes(2, "big")
    return head + b"\0" + len(body).to_bytes(3, "big") + body
