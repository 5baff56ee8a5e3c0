"""`kubectl api-versions`: the groups and versions of the server's API.

Models staging/src/k8s.io/kubectl/pkg/cmd/apiresources/apiversions.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb, usage_fail
from k8slab.kubectl.discovery import group_versions
from k8slab.kubectl.session import Session


def _run(session: Session) -> None:
    if session.arguments:
        raise usage_fail("api-versions", f"unexpected arguments: [{' '.join(session.arguments)}]")
    session.write("".join(f"{version}\n" for version in sorted(group_versions(session))))


VERB = Verb(
    "api-versions",
    _run,
    summary='Print the supported API versions on the server, in the form of "group/version"',
)
