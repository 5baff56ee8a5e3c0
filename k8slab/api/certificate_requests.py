"""What is inside a CertificateSigningRequest: whom a certificate is asked for, and by which key.

The request is DER in PEM (PKCS #10).

Models pkg/apis/certificates/helpers.go (ParseCSR, ValidateKubelet…CSR), v1.36,
and of crypto/x509 what reads and checks a request.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from k8slab.api import elliptic
from k8slab.api.der import elements, whole_elements

COMMON_NAME, SERIAL_NUMBER = b"\x55\x04\x03", b"\x55\x04\x05"
ORGANIZATION = b"\x55\x04\x0a"
EMAIL, DOMAIN, URI, ADDRESS = 0x81, 0x82, 0x86, 0x87
_EXTENSION_REQUEST = bytes.fromhex("2a864886f70d01090e")
_ALTERNATIVE_NAMES = b"\x55\x1d\x11"
_ATTRIBUTES = 0xA0
_EC_KEY, _P_256 = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d030107")
_ECDSA_SHA256, _RSA_SHA256 = bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a864886f70d01010b")
_SHA256_HEAD = bytes.fromhex("3031300d060960864801650304020105000420")
_PEM = re.compile(r"-----BEGIN CERTIFICATE REQUEST-----\s(.*?)-----END CERTIFICATE REQUEST-----", re.DOTALL)


class RequestError(ValueError):
    """What can't be read of a request."""


class Asked(NamedTuple):
    """What a request says.

    `subject` holds pairs of an identifier and a text, `names` the alternative names as pairs of a tag
    and its content; `key` is the public key as it is written, and the rest is what a signature is of.
    """

    subject: tuple[tuple[bytes, str], ...]
    names: tuple[tuple[int, bytes], ...]
    key: bytes
    information: bytes
    algorithm: bytes
    signature: bytes

    def texts(self, identifier: bytes) -> list[str]:
        """The texts of the subject that stand under an identifier."""
        return [text for found, text in self.subject if found == identifier]

    @property
    def common_name(self) -> str:
        """The subject's common name, which counts as the user's."""
        return (self.texts(COMMON_NAME) or [""])[-1]

    def alternatives(self, tag: int) -> list[str]:
        """The alternative names of a sort, as texts."""
        return [_name_text(found, content) for found, content in self.names if found == tag]


def read(encoded: str) -> Asked:
    """What is in the `request` of a CertificateSigningRequest. RequestError where it can't be read."""
    match = _PEM.search(base64.b64decode(encoded).decode("latin-1"))
    if match is None:
        raise RequestError("PEM block type must be CERTIFICATE REQUEST")
    try:
        return _read(base64.b64decode(match.group(1)))
    except (IndexError, StopIteration, ValueError):
        raise RequestError("asn1: structure error") from None


def _read(data: bytes) -> Asked:
    information, algorithm, signature = whole_elements(next(elements(data))[1])
    parts = list(whole_elements(information[1]))
    subject = [
        (pair[0][1], pair[1][1].decode("utf-8", "replace"))
        for _, group in elements(parts[1][1])
        for _, content in elements(group)
        for pair in [list(elements(content))]
    ]
    names = [name for tag, content, _ in parts if tag == _ATTRIBUTES for name in _alternative_names(content)]
    return Asked(
        subject=tuple(subject),
        names=tuple(names),
        key=parts[2][2],
        information=information[2],
        algorithm=next(elements(algorithm[1]))[1],
        signature=signature[1][1:],
    )


def _alternative_names(attributes: bytes) -> Iterator[tuple[int, bytes]]:
    for _, attribute in elements(attributes):
        identifier, values = list(elements(attribute))[:2]
        if identifier[1] != _EXTENSION_REQUEST:
            continue
        for _, extensions in elements(values[1]):
            for _, extension in elements(extensions):
                parts = list(elements(extension))
                if parts[0][1] == _ALTERNATIVE_NAMES:
                    yield from elements(next(elements(parts[-1][1]))[1])


def _name_text(tag: int, content: bytes) -> str:
    return str(ipaddress.ip_address(content)) if tag == ADDRESS else content.decode("latin-1")


def is_signed(asked: Asked) -> bool:
    """Whether who asks has the key. (A sort of key that nothing here can check is taken at its word.)"""
    head, bits = list(elements(next(elements(asked.key))[1]))
    identifiers = [content for _, content in elements(head[1])]
    point = bits[1][1:]
    if asked.algorithm == _ECDSA_SHA256 and identifiers[:2] == [_EC_KEY, _P_256]:
        pair = (int.from_bytes(point[1:33]), int.from_bytes(point[33:65]))
        numbers = [int.from_bytes(content) for _, content in elements(next(elements(asked.signature))[1])]
        signature = b"".join(number.to_bytes(32) for number in numbers)
        return elliptic.is_signed(pair, asked.information, signature)
    if asked.algorithm == _RSA_SHA256:
        modulus, exponent = (int.from_bytes(part) for _, part in elements(next(elements(point))[1]))
        digest = _SHA256_HEAD + hashlib.sha256(asked.information).digest()
        size = (modulus.bit_length() + 7) // 8
        padded = b"\x00\x01" + b"\xff" * (size - 3 - len(digest)) + b"\x00" + digest
        return pow(int.from_bytes(asked.signature), exponent, modulus) == int.from_bytes(padded)
    return True


# What the cluster's own signers take.

_NODES, _NODE_PREFIX = "system:nodes", "system:node:"
_SERVING = ("digital signature", "key encipherment", "server auth")
_CLIENT = ("client auth", "digital signature", "key encipherment")
_WITHOUT_RSA = "key encipherment"


def kubelet_serving_fault(asked: Asked, usages: Sequence[str]) -> str:
    """Why a request isn't one for a kubelet's serving certificate; empty where it is."""
    if asked.texts(ORGANIZATION) != [_NODES]:
        return "subject organization is not system:nodes"
    if not asked.alternatives(DOMAIN) and not asked.alternatives(ADDRESS):
        return "DNS or IP subjectAltName is required"
    if asked.alternatives(EMAIL):
        return "Email subjectAltNames are not allowed"
    if asked.alternatives(URI):
        return "URI subjectAltNames are not allowed"
    return _usages_fault(usages, _SERVING) or _name_fault(asked)


def kubelet_client_fault(asked: Asked, usages: Sequence[str]) -> str:
    """Why a request isn't one for a kubelet's client certificate; empty where it is."""
    if asked.texts(ORGANIZATION) != [_NODES]:
        return "subject organization is not system:nodes"
    for tag, sort in ((DOMAIN, "DNS"), (EMAIL, "Email"), (ADDRESS, "IP"), (URI, "URI")):
        if asked.alternatives(tag):
            return f"{sort} subjectAltNames are not allowed"
    return _usages_fault(usages, _CLIENT) or _name_fault(asked)


def client_fault(asked: Asked, usages: Sequence[str]) -> str:
    """Why a request isn't one for a client's certificate; empty where it is."""
    for usage in usages:
        if usage not in _CLIENT:
            return f"invalid usage for client certificate: {usage}"
    return "" if "client auth" in usages else "missing required usage for client certificate: client auth"


def _usages_fault(usages: Sequence[str], wanted: Sequence[str]) -> str:
    given = {*usages}
    if given in ({*wanted}, {*wanted} - {_WITHOUT_RSA}):
        return ""
    return f"usages did not match [{' '.join(sorted(wanted))}]"


def _name_fault(asked: Asked) -> str:
    if asked.common_name.startswith(_NODE_PREFIX):
        return ""
    return "subject common name does not begin with system:node:"
