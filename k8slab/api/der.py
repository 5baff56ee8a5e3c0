"""DER, as certificates are written in it: elements of a tag, a length and a content.

Models encoding/asn1 of Go as crypto/x509 uses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

Element = tuple[int, bytes]
"""A tag and its content."""

INTEGER, BITS, OCTETS, IDENTIFIER, UTF8, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x06, 0x0C, 0x30, 0x31
_PRINTABLE, _UTC_TIME, _TIME = 0x13, 0x17, 0x18
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
TRUE = b"\x01\x01\xff"


def elements(data: bytes) -> Iterator[Element]:
    """The elements of a sequence, one after another. IndexError where it breaks off."""
    for tag, content, _ in whole_elements(data):
        yield tag, content


def whole_elements(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """As `elements`, each with all of its bytes."""
    position = 0
    while position < len(data):
        begin = position
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[position : position + size])
            position += size
        if position + length > len(data):
            raise IndexError(position)
        end = position + length
        yield tag, data[position:end], data[begin:end]
        position = end


def element(tag: int, *parts: bytes) -> bytes:
    """An element with the content that the parts are together."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(content).to_bytes(size) + content


def integer(value: int) -> bytes:
    """A number that is not negative."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def identifier(text: str) -> bytes:
    """An object identifier such as `2.5.29.15`."""
    first, second, *rest = map(int, text.split("."))
    content = bytearray()
    for number in (first * 40 + second, *rest):
        septets = [number & 0x7F]
        while number > 0x7F:
            number >>= 7
            septets.append(number & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return element(IDENTIFIER, bytes(content))


def string(text: str) -> bytes:
    """A text: a printable one where it can be."""
    return element(_PRINTABLE if set(text) <= _PLAIN else UTF8, text.encode())


def bits(content: bytes, unused: int = 0) -> bytes:
    """A string of bits, of which the last ones may be unused."""
    return element(BITS, bytes((unused,)), content)


def flags(numbers: Sequence[int]) -> bytes:
    """A string of bits in which those of the numbers are set; bit 0 comes first."""
    length = max(numbers) // 8 + 1
    content = bytearray(length)
    for number in numbers:
        content[number // 8] |= 0x80 >> number % 8
    return bits(bytes(content), length * 8 - 1 - max(numbers))


def instant(seconds: int) -> bytes:
    """An instant, in seconds since the epoch; from 2050 on with four digits of the year."""
    when = datetime.fromtimestamp(seconds, UTC)
    if when.year < 2050:
        return element(_UTC_TIME, when.strftime("%y%m%d%H%M%SZ").encode())
    return element(_TIME, when.strftime("%Y%m%d%H%M%SZ").encode())


def read_instant(tag: int, content: bytes) -> int:
    """The seconds since the epoch that an instant stands for."""
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return int(datetime.strptime(content.decode(), form).replace(tzinfo=UTC).timestamp())
