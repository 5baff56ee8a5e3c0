"""What `kubectl describe` says of a CertificateSigningRequest, with the request that is inside it.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go and
pkg/util/certificate, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.certificate_requests import (
    ADDRESS,
    DOMAIN,
    EMAIL,
    SERIAL_NUMBER,
    URI,
    RequestError,
    read,
)
from k8slab.api.meta import Obj, annotations_of, labels_of
from k8slab.api.printers._format import format_labels
from k8slab.api.printers.certificatesigningrequest import status_of
from k8slab.api.tables import human_duration
from k8slab.clock import SECOND_US
from k8slab.kubectl.describe._parts import date_text, show_events
from k8slab.kubectl.describe._text import Context, DescribeError, Describer, Page

_LISTS = (
    ("Organization", b"\x55\x04\x0a"),
    ("Organizational Unit", b"\x55\x04\x0b"),
    ("Country", b"\x55\x04\x06"),
    ("Locality", b"\x55\x04\x07"),
    ("Province", b"\x55\x04\x08"),
    ("StreetAddress", b"\x55\x04\x09"),
    ("PostalCode", b"\x55\x04\x11"),
)
_GENERAL_NAMES = (("DNS Names", DOMAIN), ("Email Addresses", EMAIL), ("URIs", URI), ("IP Addresses", ADDRESS))


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec = obj["spec"]
    try:
        asked = read(spec.get("request", ""))
    except RequestError as error:
        raise DescribeError(f"Error parsing CSR: {error}") from None
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
    page.write(0, f"\tCommon Name:\t{asked.common_name}\n")
    page.write(0, f"\tSerial Number:\t{(asked.texts(SERIAL_NUMBER) or [''])[-1]}\n")
    for title, identifier in _LISTS:
        _list(page, title, asked.texts(identifier))
    if asked.names:
        page.write(0, "Subject Alternative Names:\n")
    for title, tag in _GENERAL_NAMES:
        _list(page, title, asked.alternatives(tag))
    show_events(page, context, obj)


def _list(page: Page, title: str, values: Sequence[str]) -> None:
    if values:
        joined = "\n\t\t".join(values)
        page.write(0, f"\t{title}:\t{joined}\n")


DESCRIBER = Describer("certificates.k8s.io", _describe)
