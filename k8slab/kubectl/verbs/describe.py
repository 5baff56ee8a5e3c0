"""`kubectl describe`: everything about objects, page by page.

Models staging/src/k8s.io/kubectl/pkg/cmd/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, Verb, server_text
from k8slab.kubectl.describe import DescribeError, describe
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import ALL_NAMESPACES, FILE_FLAGS, Info, from_files, kinds_of, named
from k8slab.kubectl.session import Session


class _Lookup:
    """What a description looks up, by requests."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        try:
            return self._session.get(kinds()[kind], namespace, name)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def list(
        self, kind: str, namespace: str, *, label_selector: str = "", field_selector: str = ""
    ) -> Sequence[Obj]:
        query = {}
        if label_selector:
            query["labelSelector"] = label_selector
        if field_selector:
            query["fieldSelector"] = field_selector
        return self._session.list(kinds()[kind], namespace or None, **query)


def _run(session: Session) -> None:
    infos = _infos(session)
    pages = []
    for info in infos:
        assert info.obj is not None, "what is described was read"
        try:
            page = describe(
                _Lookup(session), info.obj, session.client.now_us, show_events=session.flags["show-events"]
            )
        except DescribeError as error:
            session.warn(f"error: {error}\n")
            session.code = 1
            continue
        pages.append(page)
    session.write("\n\n".join(pages))
    if not infos and not session.code and not any(name for _, name in named(session.arguments)):
        where = "" if session.flags["all-namespaces"] else f" in {session.namespace} namespace"
        session.warn(f"No resources found{where}.\n")


def _infos(session: Session) -> list[Info]:
    if session.flags["filename"]:
        return [found for info in from_files(session) for found in _one(session, info.kind, info.name)]
    pairs = named(session.arguments)
    if not pairs:
        raise KubectlError(
            'error: You must specify the type of resource to describe. Use "kubectl api-resources" for a '
            "complete list of supported resources.\n"
        )
    found: list[Info] = []
    for resource, name in pairs:
        for kind in kinds_of(session, resource):
            found.extend(_one(session, kind, name) if name else _every(session, kind))
    return found


def _every(session: Session, kind: Kind) -> list[Info]:
    query = {}
    for flag, name in (("selector", "labelSelector"), ("field-selector", "fieldSelector")):
        if session.flags[flag]:
            query[name] = session.flags[flag]
    namespace = None if session.flags["all-namespaces"] else session.namespace
    objects = session.list(kind, namespace, **query)
    return [Info(kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"], obj) for obj in objects]


def _one(session: Session, kind: Kind, name: str) -> list[Info]:
    """The object of that name, or those whose names begin with it, as kubectl describes."""
    try:
        obj = session.get(kind, session.namespace, name)
    except ApiError as error:
        near = (
            [info for info in _every(session, kind) if info.name.startswith(name)]
            if error.code == 404
            else []
        )
        if not near:
            session.warn(server_text(error))
            session.code = 1
        return near
    return [Info(kind, obj["metadata"].get("namespace", ""), name, obj)]


VERB = Verb(
    "describe",
    _run,
    (
        *FILE_FLAGS,
        ALL_NAMESPACES,
        Flag("selector", "l"),
        Flag("field-selector"),
        Flag("show-events", type="bool", default=True),
        Flag("chunk-size", type="int", default=500),
    ),
    summary="Show details of a specific resource or group of resources.",
)
