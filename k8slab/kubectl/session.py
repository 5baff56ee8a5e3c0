"""One run of a kubectl command: its flags, its requests, and what it prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from k8slab.api.errors import ApiError, Cause
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj
from k8slab.cluster.request import Request, Response
from k8slab.kubectl.client import Client
from k8slab.kubectl.command import FailuresError, KubectlError
from k8slab.kubectl.flags import Parsed, duration

JSON = "application/json"
CONTEXT = "k8slab"
"""The name of a lab's cluster, of its context and of its user."""

_ELSEWHERE = (
    ("context", "Error in configuration: context was not found for specified context: {}\n"),
    ("cluster", 'error: no server found for cluster "{}"\n'),
    ("user", 'error: auth info "{}" does not exist\n'),
)
_BAD_TIMEOUT = (
    "error: Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a "
    "corresponding time unit (e.g. 1s | 2m | 3h)\n"
)


class Session:
    """The state of one command: a client, the parsed flags, and the output so far."""

    def __init__(
        self, client: Client, command: str, parsed: Parsed, stdin: str, context_namespace: str = "default"
    ) -> None:
        self.client = client
        self.context_namespace = context_namespace
        self.command = command
        self.flags = parsed.values
        self.given = parsed.given
        self.flags_in_order = parsed.in_order
        self.arguments = parsed.arguments
        self.dash = parsed.dash
        self.stdin = stdin
        self.code = 0
        self.failures: list[Exception] = []
        self.printed = 0
        self.custom_kinds: list[Kind] | None = None
        self.dry_run: str | None = None
        self._is_connected = False
        self._out: list[str] = []
        self._error: list[str] = []

    @property
    def namespace(self) -> str:
        """The namespace that the command works in."""
        return self.asked_namespace or self.context_namespace

    @property
    def asked_namespace(self) -> str:
        """The namespace that `-n` gives, empty without it."""
        return self.flags.get("namespace") or ""

    @property
    def stdout(self) -> str:
        """What was printed so far."""
        return "".join(self._out)

    @property
    def stderr(self) -> str:
        """What was printed on standard error so far."""
        return "".join(self._error)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Let an error inside not end the command: it is told when everything else is done."""
        try:
            yield
        except FailuresError as several:
            self.failures.extend(several.errors)
        except (ApiError, KubectlError) as error:
            self.failures.append(error)

    def stop_if_failed(self) -> None:
        """End the command with the errors that were collected, if there are any."""
        if self.failures:
            errors, self.failures = self.failures, []
            raise FailuresError(errors)

    def write(self, text: str) -> None:
        """Print on standard output."""
        self._out.append(text)

    def warn(self, text: str) -> None:
        """Print on standard error."""
        self._error.append(text)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Response:
        """Make a request as this command. A refusal is raised as ApiError; warnings are printed."""
        self._check_connection()
        headers = {"Accept": accept, "Content-Type": content_type, "User-Agent": "kubectl/v1.36.2"}
        request = Request(method, path, query or {}, headers, body)
        if self.flags.get("as"):
            groups = tuple(self.flags["as-group"])
            request = request._replace(user=self.flags["as"], groups=groups, uid=self.flags["as-uid"])
        response = self.client.request(request)
        for text in response.warnings:
            self.warn(f"Warning: {text}\n")
        if response.code >= 400:
            raise error_of(response)
        return response

    def _check_connection(self) -> None:
        """Refuse flags that name another cluster than the one that there is. KubectlError."""
        flags = self.flags
        if self._is_connected:
            return
        for flag, text in _ELSEWHERE:
            value = flags.get(flag) or CONTEXT
            if isinstance(value, str) and value != CONTEXT:
                raise KubectlError(text.format(value))
        timeout = flags.get("request-timeout") or "0"
        try:
            duration(timeout if not timeout.isdigit() else f"{timeout}s")
        except ValueError as error:
            raise KubectlError(_BAD_TIMEOUT) from error
        if (flags.get("as-group") or flags.get("as-uid")) and not flags.get("as"):
            raise KubectlError(
                f"error: requesting uid, groups or user-extra for {CONTEXT} without impersonating a user\n"
            )
        self._is_connected = True

    def get(self, kind: Kind, namespace: str, name: str) -> Obj:
        """Read one object. ApiError where there is none."""
        obj: Obj = self.request("GET", path_of(kind, namespace, name)).body
        return obj

    def list(self, kind: Kind, namespace: str | None, **query: str) -> list[Obj]:
        """Read the objects of a kind; `namespace=None` reads all namespaces."""
        body = self.request("GET", path_of(kind, namespace or ""), query=query).body
        return [{"apiVersion": body["apiVersion"], "kind": kind.kind, **item} for item in body["items"]]


def path_of(kind: Kind, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """The URL path of a collection, an object or its subresource."""
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    parts: Sequence[str] = (
        root,
        f"namespaces/{namespace}" if kind.namespaced and namespace else "",
        kind.plural,
        name,
        subresource,
    )
    return "/".join(part for part in parts if part)


_GENERIC = {
    400: ("BadRequest", "the server rejected our request for an unknown reason"),
    401: ("Unauthorized", "the server has asked for the client to provide credentials"),
    404: ("NotFound", "the server could not find the requested resource"),
    405: ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
    409: ("Conflict", "the server reported a conflict"),
    422: ("Invalid", "the server rejected our request due to an error in our request"),
    500: ("InternalError", "an error on the server has prevented the request from succeeding"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
}
"""What a client says of an answer that isn't a Status."""


def error_of(response: Response) -> ApiError:
    """The refusal that an answer holds."""
    if not isinstance(response.body, dict):
        reason, message = _GENERIC.get(response.code, ("", str(response.body)))
        return ApiError(response.code, reason, message)
    body: Obj = response.body
    details: Obj = dict(body.get("details") or {})
    causes = [
        Cause(one.get("reason", ""), one.get("message", ""), one.get("field", ""))
        for one in details.pop("causes", None) or ()
    ]
    return ApiError(response.code, body.get("reason", ""), body.get("message", ""), causes, details)
