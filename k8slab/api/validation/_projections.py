"""Projected volumes: several sources in one directory, whose paths may not meet.

Models pkg/apis/core/validation/validation.go (validateProjectionSources) and
names.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    forbidden,
    invalid,
    not_supported,
    quote,
    required,
    too_long,
)
from k8slab.api.validation._metadata import (
    ANNOTATIONS_LIMIT_BYTES,
    validate_label_selector,
)
from k8slab.api.validation._names import byte_length, dns_label, dns_subdomain, label_key
from k8slab.api.validation._paths import local_non_reserved_path
from k8slab.api.validation._shape import label_selector, shape
from k8slab.api.validation._volume_sources import validate_file_mode, validate_key_to_path

_KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_CLASH = "conflicting duplicate paths"
_DAY_SECONDS = 24 * 3600
_CERTIFICATE_PATHS = ("credentialBundlePath", "keyPath", "certificateChainPath")

FileCheck = Callable[[Obj, str], list[Cause]]


def validate_projected(volume: Obj, path: str, file_check: FileCheck) -> list[Cause]:
    """A projected volume. `file_check` checks a file of the downward API."""
    causes = validate_file_mode(volume.get("defaultMode"), f"{path}.defaultMode")
    taken: list[str] = []
    for index, given in enumerate(volume.get("sources") or ()):
        source, where = given or {}, f"{path}.sources[{index}]"
        count = 0
        for name, check in _SOURCES:
            if source.get(name) is not None:
                count += 1
                causes += check(source[name], f"{where}.{name}", path, taken, file_check)
        if count > 1:
            causes.append(forbidden(where, "may not specify more than 1 volume type per source"))
    return causes


def _take(taken: list[str], target: str, volume_path: str, shown: str) -> list[Cause]:
    if target in taken:
        return [invalid(volume_path, shown, _CLASH)]
    taken.append(target)
    return []


def _keyed(source: Obj, path: str, volume_path: str, taken: list[str], _: FileCheck) -> list[Cause]:
    name = source.get("name") or ""
    causes = [] if name else [required(f"{path}.name")]
    for index, item in enumerate(source.get("items") or ()):
        causes += validate_key_to_path(item, f"{path}.items[{index}]")
        if item.get("path"):
            causes += _take(taken, item["path"], volume_path, name)
    return causes


def _downward(
    source: Obj, path: str, volume_path: str, taken: list[str], file_check: FileCheck
) -> list[Cause]:
    causes: list[Cause] = []
    for file in source.get("items") or ():
        causes += file_check(file, path)
        if file.get("path"):
            causes += _take(taken, file["path"], volume_path, file["path"])
    return causes


def _token(source: Obj, path: str, volume_path: str, taken: list[str], _: FileCheck) -> list[Cause]:
    causes: list[Cause] = []
    seconds = source.get("expirationSeconds") or 0
    where = f"{path}.expirationSeconds"
    if seconds < 600:
        causes.append(invalid(where, seconds, "may not specify a duration less than 10 minutes"))
    if seconds > 1 << 32:
        causes.append(invalid(where, seconds, "may not specify a duration larger than 2^32 seconds"))
    target = source.get("path") or ""
    if not target:
        return [*causes, required(f"{volume_path}.path")]
    return causes + local_non_reserved_path(target, f"{volume_path}.path")


def _trust_bundle(source: Obj, path: str, volume_path: str, taken: list[str], _: FileCheck) -> list[Cause]:
    name, signer, selector = source.get("name"), source.get("signerName"), source.get("labelSelector")
    causes: list[Cause] = []
    if name is not None and signer is not None:
        shown = shape("ClusterTrustBundleProjection", source)
        causes.append(invalid(path, shown, "only one of name and signerName may be used"))
    elif name is not None:
        if not name:
            causes.append(required(f"{path}.name", "must be a valid object name"))
        for message in trust_bundle_name(name):
            causes.append(invalid(f"{path}.name", name, f"not a valid clustertrustbundlename: {message}"))
        if selector is not None:
            detail = "labelSelector must be unset if name is specified"
            causes.append(invalid(f"{path}.labelSelector", label_selector(selector), detail))
    elif signer is not None:
        if not signer:
            causes.append(required(f"{path}.signerName", "must be a valid signer name"))
        causes += validate_signer_name(f"{path}.signerName", signer)
        causes += validate_label_selector(selector, f"{path}.labelSelector")
    else:
        causes.append(required(path, "either name or signerName must be specified"))
    target = source.get("path") or ""
    if not target:
        causes.append(required(f"{path}.path"))
    causes += local_non_reserved_path(target, f"{path}.path")
    return causes + _take(taken, target, volume_path, target)


def trust_bundle_name(name: str) -> tuple[str, ...]:
    """The name of a ClusterTrustBundle: its signer, if it has one, with colons, and a subdomain."""
    return dns_subdomain(name.rpartition(":")[2])


def _certificate(source: Obj, path: str, volume_path: str, taken: list[str], _: FileCheck) -> list[Cause]:
    signer = source.get("signerName") or ""
    causes = validate_signer_name(f"{path}.signerName", signer)
    causes += _user_annotations(source.get("userAnnotations"), f"{path}.userAnnotations")
    key_type = source.get("keyType") or ""
    if key_type not in _KEY_TYPES:
        causes.append(not_supported(f"{path}.keyType", key_type, _KEY_TYPES))
    causes += _max_expiration(source.get("maxExpirationSeconds"), signer, f"{path}.maxExpirationSeconds")
    found = False
    for name in _CERTIFICATE_PATHS:
        target = source.get(name)
        if target:
            found = True
            causes += local_non_reserved_path(target, f"{path}.{name}")
            causes += _take(taken, target, volume_path, target)
    if not found:
        detail = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"
        causes.append(required(path, detail))
    return causes


def _max_expiration(seconds: int | None, signer: str, path: str) -> list[Cause]:
    if seconds is None:
        return []
    causes: list[Cause] = []
    if seconds < 3600:
        causes.append(invalid(path, seconds, "if provided, maxExpirationSeconds must be >= 3600"))
    host = signer.partition("/")[0]
    own = host == "kubernetes.io" or host.endswith(".kubernetes.io")
    most = _DAY_SECONDS if own else 91 * _DAY_SECONDS
    if seconds > most:
        causes.append(invalid(path, seconds, f"if provided, maxExpirationSeconds must be <= {most}"))
    return causes


def _user_annotations(annotations: Any, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for key in sorted(annotations or ()):
        lower = key.lower()
        messages = label_key(lower)
        if not lower:
            causes.append(required(path))
        elif messages:
            causes += [invalid(path, lower, message) for message in messages]
        elif "/" not in lower:
            causes.append(invalid(path, lower, 'must be a domain-prefixed key (such as "acme.io/foo")'))
    size = sum(byte_length(key) + byte_length(value) for key, value in (annotations or {}).items())
    return [*causes, too_long(path, ANNOTATIONS_LIMIT_BYTES)] if size > ANNOTATIONS_LIMIT_BYTES else causes


def validate_signer_name(path: str, signer: str) -> list[Cause]:
    """A domain and a path: `example.com/signer-name`."""
    if not signer:
        return [required(path)]
    segments = signer.split("/")
    if len(segments) != 2:
        detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [invalid(path, signer, detail)]
    domain, rest = segments
    causes = [too_long(path, 253)] if byte_length(domain) > 253 else []
    causes += _segment_labels(path, domain, dns_label)
    if "." not in domain:
        detail = "should be a domain with at least two segments separated by dots"
        causes.append(invalid(path, domain, detail))
    causes += _segment_labels(path, rest, dns_subdomain)
    most = 253 + 253 + 63 + 1 + 1
    return [*causes, too_long(path, most)] if byte_length(signer) > most else causes


def _segment_labels(path: str, segment: str, rule: Callable[[str], tuple[str, ...]]) -> list[Cause]:
    """The faults of the first bad label of a segment."""
    for label in segment.split("."):
        messages = rule(label)
        if messages:
            return [
                invalid(path, segment, f"validating label {quote(label)}: {message}") for message in messages
            ]
    return []


_SOURCES: tuple[tuple[str, Callable[[Obj, str, str, list[str], FileCheck], list[Cause]]], ...] = (
    ("secret", _keyed),
    ("configMap", _keyed),
    ("downwardAPI", _downward),
    ("serviceAccountToken", _token),
    ("clusterTrustBundle", _trust_bundle),
    ("podCertificate", _certificate),
)
