"""One run of a kubectl command: its flags, its requests, and what it prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from k8slab.api.errors import ApiError, Cause
from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj
from k8slab.cluster.request import Request, Response
from k8slab.kubectl.client import Client
from k8slab.kubectl.command import FailuresError, KubectlError, find, help_text
from k8slab.kubectl.flags import Parsed, duration
from k8slab.kubectl.kubeconfig import Connection, connection, default, namespace_of

JSON = "application/json"
_HOLDING_STRUCTS = ("attach", "debug", "exec", "expose", "logs", "port-forward", "rollout", "set")
_SCHEMES = {"port-forward": "k8s.io/client-go/kubernetes/scheme/register.go:82"}
_BAD_TIMEOUT = (
    "error: Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a "
    "corresponding time unit (e.g. 1s | 2m | 3h)\n"
)
_TOO_LATE = (
    "Unable to connect to the server: context deadline exceeded "
    "(Client.Timeout exceeded while awaiting headers)\n"
)


class Session:
    """The state of one command: a client, the parsed flags, and the output so far."""

    def __init__(
        self, client: Client, command: str, parsed: Parsed, stdin: str, namespace: str = "default"
    ) -> None:
        self.client = client
        self._namespace = namespace
        self.command = command
        self.flags = parsed.values
        self.given = parsed.given
        self.flags_in_order = parsed.in_order
        self.arguments = parsed.arguments
        self.dash = parsed.dash
        self.stdin = stdin
        self.code = 0
        self.failures: list[Exception] = []
        self.unread: list[tuple[int, Exception]] = []
        """Failures to read what is named, each with how many objects were read before it."""
        self.late_failures: list[Exception] = []
        """What is wrong with files, where a command tells of it behind what is wrong with objects."""
        self.printed = 0
        self.custom_kinds: list[Kind] | None = None
        self.discovered: list[Any] | None = None
        """What the server offers, once it was asked (`discovery.resources`)."""
        self.dry_run: str | None = None
        self._connection: Connection | None = None
        self._warned: set[str] = set()
        self._out: list[str] = []
        self._error: list[str] = []

    @property
    def namespace(self) -> str:
        """The namespace that the command works in."""
        return self.asked_namespace or self.context_namespace

    @property
    def context_namespace(self) -> str:
        """The namespace of the context, in which a command works without `-n`."""
        return namespace_of(self.kubeconfig, self.flags.get("context") or "")

    @property
    def kubeconfig(self) -> Obj:
        """Clusters, users and contexts: the lab's own, unless somebody changed them."""
        return self.client.kubeconfig or default(self._namespace)

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
        errors = [*self.failures, *self.late_failures]
        if not errors:
            return
        self.failures, self.late_failures = [], []
        if len(errors) == 1 and isinstance(errors[0], FailuresError) and not self._lists_all:
            raise errors[0]
        raise FailuresError(errors)

    @property
    def _lists_all(self) -> bool:
        """Whether the command ends with a list of errors even where there is one."""
        return self.command in ("describe", "drain", "rollout pause", "rollout restart", "rollout resume")

    @property
    def help_text(self) -> str:
        """What `--help` says of the command."""
        verb, full, _ = find(self.command.split())
        return help_text(verb, full)

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
        headers = {"Accept": accept, "Content-Type": content_type, "User-Agent": "kubectl/v1.36.2"}
        headers |= self._connected().headers
        self._check_patience()
        request = Request(method, path, query or {}, headers, body)
        known = self._connected().holder
        if known is not None:
            request = request._replace(user=known.user, groups=known.groups)
        response = self.client.request(request)
        for text in response.warnings:
            # A warning that was given before isn't repeated (client-go's NewWarningWriter).
            if text not in self._warned:
                self._warned.add(text)
                self.warn(f"Warning: {text}\n")
        if response.code >= 400:
            raise error_of(response)
        return response

    def _check_patience(self) -> None:
        """KubectlError where the server takes longer to answer than `--request-timeout` allows."""
        late_us = self.client.latency_us
        text = self.flags.get("request-timeout") or "0" if late_us else "0"
        limit_us = duration(text if not text.isdigit() else f"{text}s")
        if limit_us and late_us > limit_us:
            self.client.run_until(lambda: False, limit_us)
            raise KubectlError(_TOO_LATE)

    @property
    def warning_count(self) -> int:
        """How many different warnings the server has given."""
        return len(self._warned)

    def _connected(self) -> Connection:
        """Whom the command asks and as whom. KubectlError where it isn't the lab, or nobody it knows."""
        if self._connection is None:
            # A command's own `--user` or `--token` says nothing of who asks.
            own = {flag.name for flag in find(self.command.split())[0].flags}
            flags = {name: value for name, value in self.flags.items() if name not in own}
            self._connection = connection(self.kubeconfig, flags, self.client.read_file, self.client.now_us)
            timeout = self.flags.get("request-timeout") or "0"
            try:
                duration(timeout if not timeout.isdigit() else f"{timeout}s")
            except ValueError as error:
                raise KubectlError(_BAD_TIMEOUT) from error
        return self._connection

    def get(self, kind: Kind, namespace: str, name: str) -> Obj:
        """Read one object. ApiError where there is none."""
        obj: Obj = self.request("GET", path_of(kind, namespace, name)).body
        self._check_held(kind, kind.kind)
        return obj

    def find(self, kind: Kind, namespace: str, name: str) -> Obj:
        """Read one object that the user named. ApiError where there is none, or not even its namespace."""
        try:
            return self.get(kind, namespace, name)
        except ApiError as error:
            self.check_namespace(namespace, error)
            raise

    def check_namespace(self, namespace: str, error: ApiError) -> None:
        """ApiError for the namespace of an object that isn't there, if that isn't there either."""
        if error.code == 404 and namespace not in ("", "default"):
            self.get(kinds()["Namespace"], "", namespace)

    def list(self, kind: Kind, namespace: str | None, **query: str) -> list[Obj]:
        """Read the objects of a kind; `namespace=None` reads all namespaces."""
        body = self.request("GET", path_of(kind, namespace or ""), query=query).body
        try:
            self._check_held(kind, f"{kind.kind}List")
        except KubectlError as error:
            # What is wrong with a list is an error within another.
            raise FailuresError([FailuresError([error])]) from error
        return [{"apiVersion": body["apiVersion"], "kind": kind.kind, **item} for item in body["items"]]

    def _check_held(self, kind: Kind, name: str) -> None:
        """Refuse a custom kind where the command holds objects as Go structs, of which it has none."""
        if self.holds_structs and kind.kind not in kinds():
            raise KubectlError(f"error: {self.unheld(name, kind.api_version)}\n")

    @property
    def holds_structs(self) -> bool:
        """Whether the command knows built-in kinds alone, as Go structs (`Builder.WithScheme`)."""
        return self.command.split()[0] in _HOLDING_STRUCTS or self.command == "auth reconcile"

    def unheld(self, name: str, version: str) -> str:
        """Why such a command can't hold a kind that is none of Go's."""
        scheme = _SCHEMES.get(self.command, "pkg/scheme/scheme.go:28")
        return f'no kind "{name}" is registered for version "{version}" in scheme "{scheme}"'


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


GENERIC_REASONS = {
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
        reason, message = GENERIC_REASONS.get(response.code, ("", str(response.body)))
        return ApiError(response.code, reason, message)
    body: Obj = response.body
    details: Obj = dict(body.get("details") or {})
    causes = [
        Cause(one.get("reason", ""), one.get("message", ""), one.get("field", ""))
        for one in details.pop("causes", None) or ()
    ]
    return ApiError(response.code, body.get("reason", ""), body.get("message", ""), causes, details)
