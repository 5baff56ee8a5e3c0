"""A request to the API server and its answer, as values.

The HTTP server, the in-process kubectl and the recorded facts all speak in
these, so that there is one path from a URL to the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

NO_QUERY: Mapping[str, str] = {}
NO_EXTRA: Mapping[str, Sequence[str]] = {}


class Request(NamedTuple):
    """One request. `query` holds the last value of each parameter; `body` is bytes, text, or JSON data.

    `deed` is the command of which the request is a part, where somebody knows it.
    """

    method: str
    path: str
    query: Mapping[str, str] = NO_QUERY
    headers: Mapping[str, str] = NO_QUERY
    body: Any = None
    user: str = "kubernetes-admin"
    groups: tuple[str, ...] = ("system:masters", "system:authenticated")
    uid: str = ""
    extra: Mapping[str, Sequence[str]] = NO_EXTRA
    deed: str = ""


class Watch(NamedTuple):
    """A stream that an answer opens: the changes of a kind after a revision that fit the request."""

    kind: str
    after_revision: int
    request: Request


class Response(NamedTuple):
    """One answer. `body` is JSON data, or text for logs and health checks.

    `warnings` are the texts of its Warning headers. `watch` is set where the
    answer is a stream: `body` is then the list of the events that are already
    due, and `k8slab.cluster.watches.events` gives the later ones. `again_us` is set where the
    server would rather wait that long for what it misses, and look again, than refuse.
    """

    code: int
    body: Any
    content_type: str = "application/json"
    warnings: tuple[str, ...] = ()
    headers: Mapping[str, str] = NO_QUERY
    watch: Watch | None = None
    again_us: int = 0
