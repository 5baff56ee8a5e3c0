"""What `kubectl describe` says of a CertificateSigningRequest, with the request that is inside it.

The request is DER in PEM; of it only the subject and the alternative names are
shown, for which a reader of tags and lengths is enough.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go and
pkg/util/certificate, v1.36.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterator, Sequence

from k8slab.api.meta import Obj, annotations_of, labels_of
from k8slab.api.printers._format import format_labels
from k8slab.api.printers.certificatesigningrequest import status_of
from k8slab.api.tables import human_duration
from k8slab.clock import SECOND_US
from k8slab.kubectl.describe._parts import date_text, show_events
from k8slab.kubectl.describe._text import Context, DescribeError, Describer, Page

_PEM = re.compile(r"-----BEGIN CERTIFICATE REQUEST-----\s(.*?)-----END CERTIFICATE REQUEST-----", re.DOTALL)
_COMMON_NAME, _SERIAL_NUMBER = b"\x55\x04\x03", b"\x55\x04\x05"
_LISTS = (
    ("Organization", b"\x55\x04\x0a"),
    ("Organizational Unit", b"\x55\x04\x0b"),
    ("Country", b"\x55\x04\x06"),
    ("Locality", b"\x55\x04\x07"),
    ("Province", b"\x55\x04\x08"),
    ("StreetAddress", b"\x55\x04\x09"),
    ("PostalCode", b"\x55\x04\x11"),
)
_EXTENSION_REQUEST = bytes.fromhex("2a864886f70d01090e")
_ALTERNATIVE_NAMES = b"\x55\x1d\x11"
_GENERAL_NAMES = (("DNS Names", 0x82), ("Email Addresses", 0x81), ("URIs", 0x86), ("IP Addresses", 0x87))

Element = tuple[int, bytes]
"""A tag and its content."""


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec = obj["spec"]
    subject, names = _request(spec.get("request", ""))
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    page.write(0, f"Labels:\t{format_labels(labels_of(obj))}\n")
    page.write(0, f"Annotations:\t{format_labels(annotations_of(obj))}\n")
    page.write(0, f"CreationTimestamp:\t{date_text(obj['metadata'].get('creationTimestamp'))}\n")
    page.write(0, f"Requesting User:\t{spec.get('username', '')}\n")
    if spec.get("signerName"):
        page.write(0, f"Signer:\t{spec['signerName']}\n")
    if spec.get("expirationSeconds") is not None:
        page.write(0, f"Requested Duration:\t{human_duration(spec['expirationSeconds'] * SECOND_US)}\n")
    page.write(0, f"Status:\t{status_of(obj)}\n")
    page.write(0, "Subject:\n")
    page.write(0, f"\tCommon Name:\t{(_texts(subject, _COMMON_NAME) or [''])[-1]}\n")
    page.write(0, f"\tSerial Number:\t{(_texts(subject, _SERIAL_NUMBER) or [''])[-1]}\n")
    for title, identifier in _LISTS:
        _list(page, title, _texts(subject, identifier))
    if names:
        page.write(0, "Subject Alternative Names:\n")
    for title, tag in _GENERAL_NAMES:
        _list(page, title, [text for found, text in names if found == tag])
    show_events(page, context, obj)


def _list(page: Page, title: str, values: Sequence[str]) -> None:
    if values:
        joined = "\n\t\t".join(values)
        page.write(0, f"\t{title}:\t{joined}\n")


def _texts(subject: Sequence[tuple[bytes, str]], identifier: bytes) -> list[str]:
    return [text for found, text in subject if found == identifier]


def _request(encoded: str) -> tuple[list[tuple[bytes, str]], list[tuple[int, str]]]:
    """The subject as (identifier, text), and the alternative names as (tag, text)."""
    match = _PEM.search(base64.b64decode(encoded).decode("latin-1"))
    if match is None:
        raise DescribeError("Error parsing CSR: PEM block type must be CERTIFICATE REQUEST")
    try:
        request = next(_elements(base64.b64decode(match.group(1))))[1]
        information = list(_elements(next(_elements(request))[1]))
        subject = [
            (parts[0][1], parts[1][1].decode("utf-8", "replace"))
            for _, group in _elements(information[1][1])
            for _, pair in _elements(group)
            for parts in [list(_elements(pair))]
        ]
        attributes = [content for tag, content in information if tag == 0xA0]
        return subject, [name for content in attributes for name in _alternative_names(content)]
    except (IndexError, StopIteration, ValueError):
        raise DescribeError("Error parsing CSR: asn1: structure error") from None


def _alternative_names(attributes: bytes) -> Iterator[tuple[int, str]]:
    for _, attribute in _elements(attributes):
        identifier, values = list(_elements(attribute))[:2]
        if identifier[1] != _EXTENSION_REQUEST:
            continue
        for _, extensions in _elements(values[1]):
            for _, extension in _elements(extensions):
                parts = list(_elements(extension))
                if parts[0][1] == _ALTERNATIVE_NAMES:
                    for tag, content in _elements(next(_elements(parts[-1][1]))[1]):
                        is_address = tag == 0x87
                        text = str(ipaddress.ip_address(content)) if is_address else content.decode("latin-1")
                        yield tag, text


def _elements(data: bytes) -> Iterator[Element]:
    """The elements of a DER sequence, one after another. IndexError where it breaks off."""
    position = 0
    while position < len(data):
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise IndexError(position)
        yield tag, data[position : position + length]
        position += length


DESCRIBER = Describer("certificates.k8s.io", _describe)
