"""`--prune`: what was applied once and is in the manifests no more.

Models staging/src/k8s.io/kubectl/pkg/util/prune/prune.go and cmd/{apply,diff}/prune.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj
from k8slab.kubectl.command import fail
from k8slab.kubectl.last_applied import last_applied
from k8slab.kubectl.resources import kind_of_manifest
from k8slab.kubectl.session import Session

_NAMESPACED = (
    "ConfigMap",
    "Endpoints",
    "PersistentVolumeClaim",
    "Pod",
    "ReplicationController",
    "Secret",
    "Service",
    "Job",
    "CronJob",
    "Ingress",
    "DaemonSet",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
)
_CLUSTER_SCOPED = ("Namespace", "PersistentVolume")
_DEPRECATED = (
    "W Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with "
    "the --namespace flag in a future release. To preserve the current behaviour, list the resources you "
    "want to target explicitly in the --prune-allowlist flag.\n"
)


def allowed_kinds(session: Session) -> list[Kind]:
    """The kinds that `--prune-allowlist` names, none without it. KubectlError for one that isn't served."""
    found: list[Kind] = []
    for text in session.flags["prune-allowlist"]:
        parts = text.split("/")
        if len(parts) != 3:
            raise fail(f"invalid GroupVersionKind format: {text}, please follow <group/version/kind>")
        group, version, name = "" if parts[0] == "core" else parts[0], parts[1], parts[2]
        api_version = f"{group}/{version}" if group else version
        kind = kind_of_manifest(session, name, api_version)
        if kind is None:
            raise fail(f'no matches for kind "{name}" in version "{api_version}"')
        found.append(kind)
    return found


def surplus(
    session: Session, allowed: Sequence[Kind], namespaces: Sequence[str], visited: Mapping[str, bool]
) -> Iterator[tuple[Kind, Obj]]:
    """Objects that were applied and whose uid isn't among the visited, namespace by namespace."""
    if not allowed:
        session.warn(_DEPRECATED)
        allowed = [kinds()[name] for name in (*_NAMESPACED, *_CLUSTER_SCOPED)]
    query = {"labelSelector": session.flags["selector"]} if session.flags["selector"] else {}
    for namespace in namespaces:
        for kind in allowed:
            if kind.namespaced:
                yield from _applied(session, kind, namespace, query, visited)
    for kind in allowed:
        if not kind.namespaced:
            yield from _applied(session, kind, "", query, visited)


def _applied(
    session: Session, kind: Kind, namespace: str, query: Mapping[str, str], visited: Mapping[str, bool]
) -> Iterator[tuple[Kind, Obj]]:
    for obj in session.list(kind, namespace, **query):
        if last_applied(obj) is not None and obj["metadata"]["uid"] not in visited:
            yield kind, obj
