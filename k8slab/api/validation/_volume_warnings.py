"""Warnings about volumes whose files would hide each other.

Models pkg/api/pod/warnings.go (warningsForOverlappingVirtualPaths), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.api.validation._field import quote


class Place(NamedTuple):
    """A path in a volume, and what puts a file there."""

    path: str
    source: str

    def text(self) -> str:
        """The place as a warning shows it."""
        return f"{quote(self.path)} ({self.source})" if self.source else quote(self.path)


def overlap_warnings(volumes: Sequence[Obj]) -> list[str]:
    """The paths of each volume's files that meet."""
    found: list[str] = []
    for volume in volumes:
        name = quote(volume.get("name") or "")
        for field, label in _keyed_volumes(volume):
            places = _places(volume[field].get("items") or (), "")
            found += [f"volume {name} ({label}): overlapping paths: {text}" for text in _overlaps(places)]
        if volume.get("projected") is not None:
            found += _projected_warnings(volume["projected"].get("sources") or (), name)
    return found


def _keyed_volumes(volume: Obj) -> Iterable[tuple[str, str]]:
    if volume.get("configMap") is not None:
        yield "configMap", f"ConfigMap {quote(volume['configMap'].get('name') or '')}"
    if volume.get("secret") is not None:
        yield "secret", f"Secret {quote(volume['secret'].get('secretName') or '')}"
    if volume.get("downwardAPI") is not None:
        yield "downwardAPI", "DownwardAPI"


def _places(items: Iterable[Obj], source: str) -> list[Place]:
    return [Place(item.get("path") or "", source) for item in items]


def _projected_warnings(sources: Sequence[Obj], name: str) -> list[str]:
    found: list[str] = []
    places: list[Place] = []
    for source in sources:
        if not any(value is not None for value in (source or {}).values()):
            found.append(f"volume {name} (Projected) has no sources provided")
            continue
        for given in _source_places(source):
            place = given._replace(path=given.path.rstrip("/"))
            found += [
                f"volume {name} (Projected): overlapping paths: {place.text()} with {other.text()}"
                for other in _meeting(places, place)
            ]
            places.append(place)
    return found


_CERTIFICATE_FILES = (
    ("certificateChainPath", "PodCertificate chain"),
    ("keyPath", "PodCertificate key"),
    ("credentialBundlePath", "PodCertificate credential bundle"),
)


def _source_places(source: Obj) -> list[Place]:
    for field, word in (("configMap", "ConfigMap"), ("secret", "Secret")):
        if source.get(field) is not None and source[field].get("items") is not None:
            return _places(source[field]["items"], f"{word} {quote(source[field].get('name') or '')}")
    if source.get("downwardAPI") is not None and source["downwardAPI"].get("items") is not None:
        return _places(source["downwardAPI"]["items"], "DownwardAPI")
    if source.get("serviceAccountToken") is not None:
        return [Place(source["serviceAccountToken"].get("path") or "", "ServiceAccountToken")]
    if source.get("clusterTrustBundle") is not None:
        bundle = source["clusterTrustBundle"]
        name = bundle["name"] if bundle.get("name") is not None else bundle.get("signerName") or ""
        return [Place(bundle.get("path") or "", f"ClusterTrustBundle {quote(name)}")]
    certificate = source.get("podCertificate") or {}
    return [Place(certificate[name], word) for name, word in _CERTIFICATE_FILES if certificate.get(name)]


def _overlaps(places: Iterable[Place]) -> list[str]:
    found: list[str] = []
    before: list[Place] = []
    for given in places:
        place = given._replace(path=given.path.rstrip("/"))
        found += [f"{place.text()} with {other.text()}" for other in _meeting(before, place)]
        before.append(place)
    return found


def _meeting(places: Iterable[Place], place: Place) -> list[Place]:
    """The places that are this one, or above or below it."""
    if not place.path:
        return []
    here = f"{place.path}/"
    return [
        other
        for other in places
        if other.path
        and (other == place or f"{other.path}/".startswith(here) or here.startswith(f"{other.path}/"))
    ]
