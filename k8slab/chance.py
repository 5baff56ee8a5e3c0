"""Chance as a pure function of a seed and a name.

There is no generator whose state drifts: what `chance(7, "pull", uid, 2)`
gives does not depend on what was asked before, so adding a Pod to a scenario
changes nothing for the Pods that were there, and a fork agrees with the run
that it came from.
"""

from __future__ import annotations

from hashlib import blake2b

_SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""Letters of generated names; models apimachinery/pkg/util/rand/rand.go, v1.36."""


def _digest(*parts: object, size: int) -> bytes:
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=size).digest()


def chance(seed: int, *name: object) -> float:
    """A number in [0, 1) that the seed and the name fix."""
    text = "\x1f".join(map(str, (seed, *name)))
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "big") / (1 << 56)


def uid(seed: int, *name: object) -> str:
    """A UUID (version 4 in form) that the seed and the name fix."""
    raw = bytearray(_digest(seed, "uid", *name, size=16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def suffix(seed: int, *name: object, length: int = 5) -> str:
    """The letters that the API server appends to a `generateName`."""
    raw = _digest(seed, "suffix", *name, size=length)
    return "".join([_SAFE_LETTERS[byte % len(_SAFE_LETTERS)] for byte in raw])
