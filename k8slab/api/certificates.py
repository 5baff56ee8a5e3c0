"""Certificates that the cluster's authority signs, and its own.

The authority's key is the same in every lab and known to all: nothing is kept secret by it.

Models pkg/controller/certificates/authority/{authority,policies}.go, v1.36, and of
crypto/x509 what writes a certificate.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from k8slab.api import der, elliptic
from k8slab.api.certificate_requests import Asked
from k8slab.api.der import SEQUENCE, element, elements, identifier, whole_elements

_SECRET = int.from_bytes(hashlib.sha256(b"k8slab: the authority of every lab").digest()) % elliptic.ORDER
_NAME, _SERIAL = "kubernetes", 1
_BEGINS_SECONDS, _ENDS_SECONDS = 946_684_800, 4_102_444_800
"""From 2000 to 2100: whenever a lab begins, its authority is there."""

_BACKDATED_SECONDS, _SHORT_SECONDS = 5 * 60, 8 * 60 * 60
YEAR_SECONDS, _SHORTEST_SECONDS = 365 * 24 * 60 * 60, 10 * 60

_KEY_HEAD = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
_ALGORITHM = element(SEQUENCE, identifier("1.2.840.10045.4.3.2"))
_SUBJECT_KEY, _KEY_USAGE, _NAMES, _CONSTRAINTS, _AUTHORITY_KEY, _EXTENDED_USAGE = (
    f"2.5.29.{number}" for number in (14, 15, 17, 19, 35, 37)
)

_BITS = {
    "signing": 0,
    "digital signature": 0,
    "content commitment": 1,
    "key encipherment": 2,
    "data encipherment": 3,
    "key agreement": 4,
    "cert sign": 5,
    "crl sign": 6,
    "encipher only": 7,
    "decipher only": 8,
}
_PURPOSE = "1.3.6.1.5.5.7.3"
_PURPOSES = {
    "any": "2.5.29.37.0",
    "server auth": f"{_PURPOSE}.1",
    "client auth": f"{_PURPOSE}.2",
    "code signing": f"{_PURPOSE}.3",
    "email protection": f"{_PURPOSE}.4",
    "s/mime": f"{_PURPOSE}.4",
    "ipsec end system": f"{_PURPOSE}.5",
    "ipsec tunnel": f"{_PURPOSE}.6",
    "ipsec user": f"{_PURPOSE}.7",
    "timestamping": f"{_PURPOSE}.8",
    "ocsp signing": f"{_PURPOSE}.9",
    "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
    "netscape sgc": "2.16.840.1.113730.4.1",
}
"""In the order in which they are written."""

_SUBJECT_ORDER = (6, 10, 11, 7, 8, 9, 17, 3, 5)
"""Country, organization, its unit, locality, province, street, postal code; common name, serial number."""
_SINGLE = (3, 5)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s(.*?)-----END CERTIFICATE-----", re.DOTALL)
_PRIVATE_PEM = re.compile(r"-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----\s(.*?)-----END \1-----", re.DOTALL)


def issued(asked: Asked, usages: Sequence[str], seconds: int | None, now_seconds: int, serial: int) -> str:
    """A certificate for who asks, as PEM: `seconds` long, at most a year."""
    lasts = YEAR_SECONDS if seconds is None else min(max(seconds, _SHORTEST_SECONDS), YEAR_SECONDS)
    begins = now_seconds - _BACKDATED_SECONDS
    ends = min(now_seconds + lasts if lasts < _SHORT_SECONDS else begins + lasts, _ENDS_SECONDS)
    subject = _subject(asked)
    extensions = [*_usage_extensions(usages), _extension(_CONSTRAINTS, element(SEQUENCE), critical=True)]
    keyed = element(SEQUENCE, element(0x80, _key_digest(_authority_key())))
    extensions.append(_extension(_AUTHORITY_KEY, keyed))
    if asked.names:
        names = element(SEQUENCE, *(element(tag, content) for tag, content in _sorted_names(asked)))
        extensions.append(_extension(_NAMES, names, critical=not asked.subject))
    return _signed(serial, subject, (begins, ends), asked.key, extensions)


@cache
def authority() -> str:
    """The authority's own certificate, as PEM."""
    key = _authority_key()
    extensions = [
        *_usage_extensions(("digital signature", "key encipherment", "cert sign")),
        _extension(_CONSTRAINTS, element(SEQUENCE, der.TRUE), critical=True),
        _extension(_SUBJECT_KEY, element(der.OCTETS, _key_digest(key))),
        _extension(_NAMES, element(SEQUENCE, element(0x82, _NAME.encode()))),
    ]
    return _signed(_SERIAL, _authority_name(), (_BEGINS_SECONDS, _ENDS_SECONDS), key, extensions)


class Holder(NamedTuple):
    """Whom a certificate names, and until when it is valid, in seconds since the epoch."""

    user: str
    groups: tuple[str, ...]
    begins_seconds: int
    ends_seconds: int
    key: bytes


def holder(text: str) -> Holder | None:
    """Whom a certificate of the authority's names; None for anybody else's, or for none at all."""
    match = _PEM.search(text)
    if match is None:
        return None
    try:
        information, _, signature = whole_elements(next(elements(base64.b64decode(match.group(1))))[1])
        parts = list(whole_elements(information[1]))
        numbers = [int.from_bytes(part) for _, part in elements(next(elements(signature[1][1:]))[1])]
        begins, ends = (der.read_instant(*one) for one in elements(parts[4][1]))
        subject = [
            (pair[0][1], pair[1][1].decode())
            for _, group in elements(parts[5][1])
            for _, content in elements(group)
            for pair in [list(elements(content))]
        ]
        signed = b"".join(number.to_bytes(32) for number in numbers)
    except (IndexError, StopIteration, ValueError, OverflowError):
        return None
    if not elliptic.is_signed(elliptic.public_key(_SECRET), information[2], signed):
        return None
    user = [text for name, text in subject if name == b"\x55\x04\x03"]
    groups = tuple(text for name, text in subject if name == b"\x55\x04\x0a")
    return Holder(user[-1] if user else "", groups, begins, ends, parts[6][2])


def is_pair(key: bytes, private: str) -> bool:
    """Whether a private key, as PEM, belongs to a public one. ValueError where there is none."""
    match = _PRIVATE_PEM.search(private)
    if match is None:
        raise ValueError("tls: failed to find any PEM data in key input")
    content = list(elements(next(elements(key))[1]))[1][1][1:]
    try:
        parts = [part for _, part in elements(next(elements(base64.b64decode(match.group(2))))[1])]
        if match.group(1) == "PRIVATE KEY":
            parts = [part for _, part in elements(next(elements(parts[2]))[1])]
        if content[:1] == b"\x04":
            point = elliptic.public_key(int.from_bytes(parts[1]))
            return content[1:] == point[0].to_bytes(32) + point[1].to_bytes(32)
        public = [part for _, part in elements(next(elements(content))[1])]
        return public[:2] == parts[1:3]
    except (IndexError, StopIteration, ValueError):
        raise ValueError("tls: failed to parse private key") from None


def _signed(
    serial: int, subject: bytes, validity: tuple[int, int], key: bytes, extensions: Sequence[bytes]
) -> str:
    information = element(
        SEQUENCE,
        element(0xA0, der.integer(2)),
        der.integer(serial),
        _ALGORITHM,
        _authority_name(),
        element(SEQUENCE, *map(der.instant, validity)),
        subject,
        key,
        element(0xA3, element(SEQUENCE, *extensions)),
    )
    signature = elliptic.signed(_SECRET, information)
    pair = element(
        SEQUENCE, *(der.integer(int.from_bytes(part)) for part in (signature[:32], signature[32:]))
    )
    return pem("CERTIFICATE", element(SEQUENCE, information, _ALGORITHM, der.bits(pair)))


def pem(kind: str, data: bytes) -> str:
    """Data as PEM."""
    text = base64.b64encode(data).decode()
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"


@cache
def _authority_key() -> bytes:
    point = elliptic.public_key(_SECRET)
    return element(SEQUENCE, _KEY_HEAD, der.bits(b"\x04" + point[0].to_bytes(32) + point[1].to_bytes(32)))


def _key_digest(key: bytes) -> bytes:
    """By which a key is named: of the bits of the key alone."""
    bits = list(elements(next(elements(key))[1]))[1][1][1:]
    return hashlib.sha256(bits).digest()[:20]


def _authority_name() -> bytes:
    return element(SEQUENCE, _name_part(3, (_NAME,)))


def _name_part(number: int, texts: Sequence[str]) -> bytes:
    """One part of a name, with all of its texts."""
    pairs = [element(SEQUENCE, identifier(f"2.5.4.{number}"), der.string(text)) for text in texts]
    return element(der.SET, *sorted(pairs))


def _subject(asked: Asked) -> bytes:
    """The subject as it is written anew: its parts in one order, and nothing that isn't known."""
    parts = []
    for number in _SUBJECT_ORDER:
        texts = asked.texts(bytes((0x55, 0x04, number)))
        if texts:
            parts.append(_name_part(number, texts[-1:] if number in _SINGLE else texts))
    return element(SEQUENCE, *parts)


def _sorted_names(asked: Asked) -> list[tuple[int, bytes]]:
    order = (0x82, 0x81, 0x87, 0x86)
    return sorted((one for one in asked.names if one[0] in order), key=lambda one: order.index(one[0]))


def _usage_extensions(usages: Sequence[str]) -> list[bytes]:
    extensions = []
    bits = sorted({_BITS[usage] for usage in usages if usage in _BITS})
    if bits:
        extensions.append(_extension(_KEY_USAGE, der.flags(bits), critical=True))
    purposes = dict.fromkeys(purpose for usage, purpose in _PURPOSES.items() if usage in usages)
    if purposes:
        extensions.append(_extension(_EXTENDED_USAGE, element(SEQUENCE, *map(identifier, purposes))))
    return extensions


def _extension(name: str, content: bytes, *, critical: bool = False) -> bytes:
    marked = (der.TRUE,) if critical else ()
    return element(SEQUENCE, identifier(name), *marked, element(der.OCTETS, content))
