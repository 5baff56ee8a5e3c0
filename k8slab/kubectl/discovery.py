"""What the server offers, as discovery tells it: groups, versions and their resources.

Models staging/src/k8s.io/client-go/discovery/discovery_client.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj, group_version
from k8slab.kubectl.session import Session


class Resource(NamedTuple):
    """One resource in one group and version."""

    group: str
    version: str
    name: str
    singular: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    has_scale: bool = False

    @property
    def group_version(self) -> str:
        """`apps/v1`, or `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version


SERVICE_UNAVAILABLE = 503


def group_versions(session: Session, *, preferred: bool = False) -> list[str]:
    """Every group and version, in the server's order; with `preferred` one version of each group."""
    found = ["v1"]
    for group in session.request("GET", "/apis").body["groups"]:
        versions = [group["preferredVersion"]] if preferred else group["versions"]
        found.extend(version["groupVersion"] for version in versions)
    return found


def resources(session: Session) -> list[Resource]:
    """Every resource once, without its subresources, group by group: it is asked for once a command.

    One that isn't in its group's preferred version is told in the first one that has it. Those of a
    group whose server doesn't answer are left out: a command that needs none of them goes on.
    """
    if session.discovered is None:
        session.discovered = _resources(session)
    return session.discovered


def _resources(session: Session) -> list[Resource]:
    preferred = group_versions(session, preferred=True)
    found: dict[tuple[str, str], Resource] = {}
    for version in group_versions(session):
        path = f"/apis/{version}" if "/" in version else f"/api/{version}"
        try:
            listed = session.request("GET", path).body["resources"]
        except ApiError as error:
            if error.code != SERVICE_UNAVAILABLE:
                raise
            continue
        scaled = {one["name"].partition("/")[0] for one in listed if one["name"].endswith("/scale")}
        for one in listed:
            resource = _resource(version, one, has_scale=one["name"] in scaled)
            key = (resource.group, resource.name)
            if "/" not in resource.name and (version in preferred or key not in found):
                found[key] = resource
    return list(found.values())


def _resource(version: str, one: Obj, *, has_scale: bool) -> Resource:
    group, number = group_version(version)
    return Resource(
        group,
        number,
        one["name"],
        one.get("singularName", ""),
        one["kind"],
        one["namespaced"],
        tuple(one.get("verbs") or ()),
        tuple(one.get("shortNames") or ()),
        tuple(one.get("categories") or ()),
        has_scale,
    )
