"""CertificateSigningRequests: a PEM block, a signer, usages, and what was decided.

Models pkg/apis/certificates/validation/validation.go and ValidateSignerName of
pkg/apis/core/validation/names.go, v1.36. Of the encoded request only its PEM
block is looked at, not what the block holds or who signed it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from k8slab.api.validation._metadata import rules
from k8slab.api.validation._names import dns_label, dns_subdomain, path_segment

_USAGES = (
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
)
_LEGACY_SIGNER = "kubernetes.io/legacy-unknown"
_ONLY_TRUE = ("Approved", "Denied", "Failed")
_DECISIONS = ("Approved", "Denied")
_CONDITIONS = "status.conditions"
_SHORTEST_SECONDS = 600
_LONGEST_DOMAIN, _LONGEST_SIGNER = 253, 571
_PEM = re.compile(rb"-----BEGIN ([^-]+)-----\s*\n(.*?)\n?-----END \1-----", re.DOTALL)


def validate_signer_name(name: str, path: str) -> list[Cause]:
    """A domain and a path, such as `example.com/signer`."""
    if not name:
        return [required(path)]
    segments = name.split("/")
    if len(segments) != 2:
        detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [invalid(path, name, detail)]
    domain, rest = segments
    causes = [too_long(path, _LONGEST_DOMAIN)] if len(domain) > _LONGEST_DOMAIN else []
    labels = domain.split(".")
    causes += _first_bad_label(labels, domain, path, dns_label)
    if len(labels) < 2:
        detail = "should be a domain with at least two segments separated by dots"
        causes.append(invalid(path, domain, detail))
    causes += _first_bad_label(rest.split("."), rest, path, dns_subdomain)
    if len(name) > _LONGEST_SIGNER:
        causes.append(too_long(path, _LONGEST_SIGNER))
    return causes


def _first_bad_label(labels: Sequence[str], text: str, path: str, rule: object) -> list[Cause]:
    for label in labels:
        messages = rule(label) if callable(rule) else ()
        if messages:
            return [invalid(path, text, f'validating label "{label}": {message}') for message in messages]
    return []


def _decoded(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "")
    except binascii.Error:
        return b""


def _validate_spec(spec: Obj) -> list[Cause]:
    causes: list[Cause] = []
    request = spec.get("request")
    found = _PEM.search(_decoded(request))
    if found is None or found[1] != b"CERTIFICATE REQUEST":
        causes.append(invalid("spec.request", request, "PEM block type must be CERTIFICATE REQUEST"))
    usages = spec.get("usages") or ()
    if not usages:
        causes.append(required("spec.usages"))
    for index, usage in enumerate(usages):
        if usage not in _USAGES:
            causes.append(not_supported(f"spec.usages[{index}]", usage, _USAGES))
    for index, usage in enumerate(usages):
        if usage in usages[:index]:
            causes.append(duplicate(f"spec.usages[{index}]", usage))
    signer = spec.get("signerName") or ""
    if signer == _LEGACY_SIGNER:
        detail = "the legacy signerName is not allowed via this API version"
        causes.append(invalid("spec.signerName", signer, detail))
    else:
        causes += validate_signer_name(signer, "spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _SHORTEST_SECONDS:
        detail = "may not specify a duration less than 600 seconds (10 minutes)"
        causes.append(invalid("spec.expirationSeconds", seconds, detail))
    return causes


def _validate_status(status: Obj) -> list[Cause]:
    causes: list[Cause] = []
    kinds: list[str] = []
    for index, given in enumerate(status.get("conditions") or ()):
        condition, where = given or {}, f"{_CONDITIONS}[{index}]"
        kind, state = condition.get("type") or "", condition.get("status") or ""
        if not kind:
            causes.append(required(f"{where}.type"))
        allowed = ("True",) if kind in _ONLY_TRUE else ("False", "True", "Unknown")
        if not state:
            causes.append(required(f"{where}.status"))
        elif state not in allowed:
            causes.append(not_supported(f"{where}.status", state, allowed))
        if kind in _DECISIONS and any(other in kinds for other in _DECISIONS if other != kind):
            detail = "Approved and Denied conditions are mutually exclusive"
            causes.append(invalid(_CONDITIONS, kind, detail))
        if kind in kinds:
            causes.append(duplicate(f"{where}.type", kind))
        kinds.append(kind)
    return causes + _validate_certificate(status.get("certificate"))


def _validate_certificate(text: str | None) -> list[Cause]:
    if not text:
        return []
    blocks = _PEM.findall(_decoded(text))
    wrong = next((kind.decode() for kind, _ in blocks if kind != b"CERTIFICATE"), "")
    if wrong:
        detail = f'only CERTIFICATE PEM blocks are allowed, found "{wrong}"'
    elif not blocks:
        detail = "must contain at least one CERTIFICATE PEM block"
    else:
        return []
    return [invalid("status.certificate", "<certificate data>", detail)]


def _create(new: Obj) -> list[Cause]:
    return _validate_spec(new.get("spec") or {}) + _validate_status(new.get("status") or {})


def _of_type(obj: Obj, kind: str) -> list[Obj]:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return [one for one in conditions if (one or {}).get("type") == kind]


def _changed(new: Obj, old: Obj, *, decides: bool = False, certifies: bool = False) -> list[Cause]:
    """What an update may not do: take a decision back, or make one where that isn't its business."""
    causes: list[Cause] = []
    for kind in _ONLY_TRUE:
        if len(_of_type(new, kind)) < len(_of_type(old, kind)):
            causes.append(forbidden(_CONDITIONS, f'updates may not remove a condition of type "{kind}"'))
    for kind in () if decides else _DECISIONS:
        after, before = _of_type(new, kind), _of_type(old, kind)
        if len(after) > len(before):
            causes.append(forbidden(_CONDITIONS, f'updates may not add a condition of type "{kind}"'))
        elif len(after) == len(before) and after != before:
            causes.append(forbidden(_CONDITIONS, f'updates may not modify a condition of type "{kind}"\n'))
    certificate = (new.get("status") or {}).get("certificate") or ""
    present = (old.get("status") or {}).get("certificate") or ""
    if certificate != present and not certifies:
        causes.append(forbidden("status.certificate", "updates may not set certificate content"))
    elif certificate != present and present:
        causes.append(forbidden("status.certificate", "updates may not modify existing certificate content"))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    return _changed(new, old)


def _status(new: Obj, old: Obj) -> list[Cause]:
    return _create(new) + _changed(new, old, certifies=True)


def _approval(new: Obj, old: Obj) -> list[Cause]:
    return _create(new) + _changed(new, old, decides=True)


RULES = rules(_create, _update, namespaced=False, name_rule=path_segment, status=_status, recheck="before")
SUBRESOURCES = {"approval": rules(lambda new: [], _approval, namespaced=False, name_rule=path_segment).update}
"""The rules of the subresources that are neither the object nor its status."""
