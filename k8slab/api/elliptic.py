"""Signatures on the curve P-256 (ES256): what makes a token one that its cluster alone can have made.

They are written out here because the same lab must come out byte for byte
wherever it is played, also in a browser and without a library of cryptography
at hand; the tests hold them against one. A signature's nonce follows from the
key and the message (RFC 6979), so nothing is random. Nothing here keeps its
secrets from someone who measures how long it takes: a lab's key follows from
its seed, and whoever has the lab has the key.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BASE: Point = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_NOWHERE: _Jacobian = (1, 1, 0)


def _doubled(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if not z:
        return point
    square = z * z % _P
    gamma = y * y % _P
    beta = x * gamma % _P
    alpha = 3 * (x - square) * (x + square) % _P
    new_x = (alpha * alpha - 8 * beta) % _P
    new_z = ((y + z) * (y + z) - gamma - square) % _P
    return new_x, (alpha * (4 * beta - new_x) - 8 * gamma * gamma) % _P, new_z


def _added(left: _Jacobian, right: _Jacobian) -> _Jacobian:
    if not left[2]:
        return right
    if not right[2]:
        return left
    x1, y1, z1 = left
    x2, y2, z2 = right
    z1z1, z2z2 = z1 * z1 % _P, z2 * z2 % _P
    u1, u2 = x1 * z2z2 % _P, x2 * z1z1 % _P
    s1, s2 = y1 * z2 * z2z2 % _P, y2 * z1 * z1z1 % _P
    if u1 == u2:
        return _doubled(left) if s1 == s2 else _NOWHERE
    width, rise = u2 - u1, s2 - s1
    square = width * width % _P
    cube = width * square % _P
    middle = u1 * square % _P
    x = (rise * rise - cube - 2 * middle) % _P
    return x, (rise * (middle - x) - s1 * cube) % _P, width * z1 * z2 % _P


def _times(factor: int, point: Point) -> _Jacobian:
    found, step = _NOWHERE, (*point, 1)
    while factor:
        if factor & 1:
            found = _added(found, step)
        step = _doubled(step)
        factor >>= 1
    return found


def _affine(point: _Jacobian) -> Point:
    inverse = pow(point[2], -1, _P)
    square = inverse * inverse % _P
    return point[0] * square % _P, point[1] * square * inverse % _P


@lru_cache(maxsize=64)
def public_key(secret: int) -> Point:
    """The point that belongs to a secret between 1 and `ORDER` - 1."""
    return _affine(_times(secret, _BASE))


def _digest(message: bytes) -> int:
    return int.from_bytes(hashlib.sha256(message).digest())


def _nonce(secret: int, message: bytes) -> int:
    """The number that RFC 6979 gives for a secret and a message."""
    seed = secret.to_bytes(32) + (_digest(message) % ORDER).to_bytes(32)
    value, key = b"\x01" * 32, b"\x00" * 32
    for mark in (b"\x00", b"\x01"):
        key = hmac.digest(key, value + mark + seed, "sha256")
        value = hmac.digest(key, value, "sha256")
    while True:
        value = hmac.digest(key, value, "sha256")
        found = int.from_bytes(value)
        if 0 < found < ORDER:
            return found
        key = hmac.digest(key, value + b"\x00", "sha256")
        value = hmac.digest(key, value, "sha256")


@lru_cache(maxsize=4096)
def signed(secret: int, message: bytes) -> bytes:
    """The signature of a message: 64 bytes, the same each time."""
    nonce = _nonce(secret, message)
    first = _affine(_times(nonce, _BASE))[0] % ORDER
    second = pow(nonce, -1, ORDER) * (_digest(message) + first * secret) % ORDER
    return first.to_bytes(32) + second.to_bytes(32)


def is_signed(key: Point, message: bytes, signature: bytes) -> bool:
    """Whether the holder of a public key's secret signed a message."""
    if len(signature) != 64:
        return False
    first, second = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if not (0 < first < ORDER and 0 < second < ORDER):
        return False
    inverse = pow(second, -1, ORDER)
    by_base = _times(_digest(message) * inverse % ORDER, _BASE)
    point = _added(by_base, _times(first * inverse % ORDER, key))
    return bool(point[2]) and _affine(point)[0] % ORDER == first
