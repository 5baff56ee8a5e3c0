"""`kubectl describe`: everything about objects, page by page.

Models staging/src/k8s.io/kubectl/pkg/cmd/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.describe import DescribeError, describe
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import ALL_NAMESPACES, CHUNK_SIZE, FILE_FLAGS, Info, select
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
    words = session.arguments
    flags = session.flags
    if not words and not flags["filename"] and not flags["kustomize"]:
        raise fail(
            'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete '
            "list of supported resources.\n"
        )
    infos = select(session, all_by_default=True)
    show_events = flags["show-events"]
    if (session.failures or len(infos) > 1) and "show-events" not in session.given:
        show_events = False
    if session.failures and len(words) == 2 and _all_missing(session):
        _describe_matching(session, words, show_events)
        return
    pages = []
    problems: dict[str, bool] = {}
    for info in infos:
        try:
            pages.append(_page(session, info, show_events))
        except (DescribeError, ApiError) as error:
            if str(error) not in problems:
                problems[str(error)] = True
                session.failures.append(error if isinstance(error, ApiError) else fail(str(error)))
    session.write("\n\n".join(pages))
    if not infos and not session.failures:
        where = "" if flags["all-namespaces"] else f" in {session.namespace} namespace."
        session.warn(f"No resources found{where}\n")


def _page(session: Session, info: Info, show_events: bool) -> str:
    return describe(_Lookup(session), info.present, session.client.now_us, show_events=show_events)


def _all_missing(session: Session) -> bool:
    return all(isinstance(error, ApiError) and error.code == 404 for error in session.failures)


def _describe_matching(session: Session, words: list[str], show_events: bool) -> None:
    """Describe the objects whose names begin with the name that isn't there; its error where none does."""
    missing, session.failures = session.failures, []
    found = False
    for info in select(session, arguments=[words[0]], all_by_default=True):
        if info.name.startswith(words[1]):
            found = True
            session.write(f"{_page(session, info, show_events)}\n")
    if not found:
        session.failures = missing


VERB = Verb(
    "describe",
    _run,
    (
        *FILE_FLAGS,
        ALL_NAMESPACES,
        Flag("selector", "l"),
        Flag("show-events", type="bool", default=True),
        CHUNK_SIZE,
    ),
    summary="Show details of a specific resource or group of resources.",
)
