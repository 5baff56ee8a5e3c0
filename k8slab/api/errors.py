"""What the API server says when it refuses: one exception, upstream's reasons and wording.

Models staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go and
pkg/util/validation/field/errors.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from k8slab.api.json_text import go_quote


class Cause(NamedTuple):
    """One fault in an object: `reason` is a field error type such as `FieldValueInvalid`."""

    reason: str
    message: str
    field: str = ""


class ApiError(Exception):
    """A refused request, as a `metav1.Status` says it.

    `code` is the HTTP code, `reason` upstream's StatusReason, `message` the
    whole text that kubectl prints, `causes` the single faults in order.
    `details` holds the remaining StatusDetails (name, group, kind, uid,
    retryAfterSeconds); `metadata` is the list metadata that a few refusals carry.
    `again_us` is how long the server itself waits before it looks again for what it
    misses; 0 where it doesn't.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        causes: Sequence[Cause] = (),
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = tuple(causes)
        self.details = details or {}
        self.has_details = details is not None
        """Upstream writes details that it made, also where they are empty."""
        self.metadata: dict[str, Any] = {}
        self.again_us = 0

    def status(self) -> dict[str, Any]:
        """The `Status` object that goes over the wire."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        details = dict(self.details)
        if self.causes:
            details["causes"] = [
                {
                    key: value
                    for key, value in (
                        ("reason", cause.reason),
                        ("message", cause.message),
                        ("field", cause.field),
                    )
                    if value
                }
                for cause in self.causes
            ]
        if details or self.has_details:
            body["details"] = details
        body["code"] = self.code
        return body


def qualified(resource: str, group: str) -> str:
    """`deployments.apps`, or `pods` for the core group."""
    return f"{resource}.{group}" if group else resource


def _details(resource: str, group: str, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if resource:
        details["kind"] = resource
    return details


def not_found(resource: str, group: str, name: str) -> ApiError:
    """404 NotFound: `pods "web-0" not found`."""
    return ApiError(
        404,
        "NotFound",
        f"{qualified(resource, group)} {go_quote(name)} not found",
        details=_details(resource, group, name),
    )


def already_exists(resource: str, group: str, name: str, *, generated: bool = False) -> ApiError:
    """409 AlreadyExists: `pods "web-0" already exists`; one with a generated name may be tried again."""
    text = f"{qualified(resource, group)} {go_quote(name)} already exists"
    details = _details(resource, group, name)
    if generated:
        text += ", the server was not able to generate a unique name for the object"
        details["retryAfterSeconds"] = 1
    return ApiError(409, "AlreadyExists", text, details=details)


def conflict(resource: str, group: str, name: str, why: str) -> ApiError:
    """409 Conflict: `Operation cannot be fulfilled on pods "web-0": …`."""
    return ApiError(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {qualified(resource, group)} "{name}": {why}',
        details=_details(resource, group, name),
    )


OBJECT_MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def forbidden(resource: str, group: str, name: str, why: str) -> ApiError:
    """403 Forbidden: `pods "web-0" is forbidden: …`."""
    subject = qualified(resource, group)
    if not subject:
        message = f"forbidden: {why}"
    else:
        message = f'{subject} "{name}" is forbidden: {why}' if name else f"{subject} is forbidden: {why}"
    return ApiError(403, "Forbidden", message, details=_details(resource, group, name))


def internal_error(text: str) -> ApiError:
    """500: the server itself can't do what is asked."""
    return ApiError(500, "InternalError", f"Internal error occurred: {text}", [Cause("", text)])


def bad_request(message: str) -> ApiError:
    """400 BadRequest."""
    return ApiError(400, "BadRequest", message)


def method_not_supported(resource: str, group: str, verb: str) -> ApiError:
    """405 MethodNotAllowed: the kind exists, the verb doesn't."""
    return ApiError(
        405,
        "MethodNotAllowed",
        f'{verb} is not supported on resources of kind "{qualified(resource, group)}"',
        details=_details(resource, group, ""),
    )


def nameless(name: str) -> str:
    """What the server says of an object without a name at the URL of `name`."""
    return f"the name of the object ({name} based on URL) was undeterminable: name must be provided"


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """422 Invalid: every fault of the object at once.

    One fault reads `Kind "name" is invalid: field: message`; several are
    bracketed and joined by commas, as `utilerrors.Aggregate` prints them
    (the same text only once).
    """
    texts: list[str] = []
    for cause in causes:
        text = f"{cause.field}: {cause.message}" if cause.field else cause.message
        if text not in texts:
            texts.append(text)
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    qualified_kind = f"{kind}.{group}" if group else kind
    message = f'{qualified_kind} "{name}" is invalid'
    if causes:
        message += f": {joined}"
    return ApiError(422, "Invalid", message, causes, _details(kind, group, name))
