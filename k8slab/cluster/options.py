"""The options of a request, from its query or its body: read as Go reads them, and refused in its words.

Models staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/{types.go,conversion.go,
validation/validation.go}, pkg/runtime/converter.go (query parameters) and
pkg/apis/meta/internalversion/{defaults.go,validation/validation.go}, v1.36.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, NamedTuple

from k8slab.api.errors import ApiError, Cause, bad_request, invalid
from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj
from k8slab.api.selector_text import FieldTerm, parse_field_selector, parse_label_selector
from k8slab.api.selectors import EVERYTHING, Selector
from k8slab.api.validation._field import forbidden, not_supported, required, too_long
from k8slab.api.validation._field import invalid as invalid_value
from k8slab.cluster.deletion import DeleteOptions
from k8slab.cluster.request import Request

_META = "meta.k8s.io"
_LONGEST_MANAGER = 128
_LARGEST = 2**63 - 1
POLICIES = ("Foreground", "Background", "Orphan")


class WriteQuery(NamedTuple):
    """What the query of a create, an update or a patch says."""

    dry_run: bool
    manager: str
    validation: str
    force: bool | None


class ListQuery(NamedTuple):
    """What the query of a list, a watch or a delete of a collection says."""

    selector: Selector = EVERYTHING
    terms: tuple[FieldTerm, ...] = ()
    watch: bool = False
    bookmarks: bool = False
    version: str = ""
    match: str = ""
    timeout_seconds: int | None = None
    limit: int = 0
    token: str = ""
    initial_events: bool | None = None


def as_boolean(text: str) -> bool:
    """A query's boolean as Go reads it: whatever is not said to be false is true."""
    return text.lower() not in ("0", "false")


def integer(text: str) -> int:
    """A number as `strconv.ParseInt` reads it. 400 in its words."""
    if re.fullmatch(r"[+-]?[0-9]+", text) is None:
        raise bad_request(f"strconv.ParseInt: parsing {go_quote(text)}: invalid syntax")
    number = int(text)
    if not -_LARGEST - 1 <= number <= _LARGEST:
        raise bad_request(f"strconv.ParseInt: parsing {go_quote(text)}: value out of range")
    return number


def _optional_integer(request: Request, name: str) -> int | None:
    text = request.query.get(name)
    return None if text is None else integer(text)


def _optional_boolean(request: Request, name: str) -> bool | None:
    text = request.query.get(name)
    return None if text is None else as_boolean(text)


def _refuse(kind: str, causes: list[Cause]) -> None:
    if causes:
        raise invalid(kind, _META, "", causes)


def write_query(request: Request, kind: str, *, applies: bool = False) -> WriteQuery:
    """The options of a write; `kind` is CreateOptions, UpdateOptions or PatchOptions. 422 for bad ones."""
    manager = request.query.get("fieldManager", "")
    validation = request.query.get("fieldValidation", "")
    dry_run = _dry_run_values(request)
    force = _optional_boolean(request, "force") if kind == "PatchOptions" else None
    causes: list[Cause] = []
    if applies and not manager:
        causes.append(required("fieldManager", "is required for apply patch"))
    if not applies and force is not None:
        causes.append(forbidden("force", "may not be specified for non-apply patch"))
    causes += _manager_faults(manager) + _dry_run_faults(dry_run)
    if validation not in ("", "Ignore", "Strict", "Warn"):
        causes.append(not_supported("fieldValidation", validation, ("", "Ignore", "Strict", "Warn")))
    _refuse(kind, causes)
    return WriteQuery(bool(dry_run), manager, validation or "Warn", force)


def _dry_run_values(request: Request) -> list[str]:
    text = request.query.get("dryRun")
    return [] if text is None else [text]


def _dry_run_faults(values: list[str]) -> list[Cause]:
    if all(value == "All" for value in values):
        return []
    return [not_supported("dryRun", values, ("All",))]


def _manager_faults(manager: str) -> list[Cause]:
    causes: list[Cause] = []
    if len(manager.encode()) > _LONGEST_MANAGER:
        causes.append(too_long("fieldManager", _LONGEST_MANAGER))
    position = 0
    for letter in manager:
        if letter != " " and unicodedata.category(letter)[0] in "CZ":
            shown = f"U+{ord(letter):04X}" + ("" if unicodedata.category(letter) == "Cc" else f" '{letter}'")
            text = f"invalid character {shown} (at position {position})"
            causes.append(invalid_value("fieldManager", manager, text))
        position += len(letter.encode())
    return causes


def list_query(request: Request, *, watch_list: bool = True) -> ListQuery:
    """The options of a list or watch. 400 for what can't be read, 422 for what doesn't go together."""
    query = request.query
    timeout = _optional_integer(request, "timeoutSeconds")
    limit = _optional_integer(request, "limit") or 0
    try:
        selector = parse_label_selector(query.get("labelSelector", ""))
        terms = parse_field_selector(query.get("fieldSelector", ""))
    except ValueError as error:
        raise bad_request(str(error)) from None
    options = ListQuery(
        selector,
        terms,
        bool(_optional_boolean(request, "watch")),
        bool(_optional_boolean(request, "allowWatchBookmarks")),
        query.get("resourceVersion", ""),
        query.get("resourceVersionMatch", ""),
        timeout,
        limit,
        query.get("continue", ""),
        _optional_boolean(request, "sendInitialEvents"),
    )
    legacy = options.watch and options.version in ("", "0")
    if watch_list and legacy and options.initial_events is None and not options.match:
        options = options._replace(initial_events=True, match="NotOlderThan")
    _refuse("ListOptions", _watch_faults(options) if options.watch else _list_faults(options))
    return options


def _list_faults(options: ListQuery) -> list[Cause]:
    field, match = "resourceVersionMatch", options.match
    causes: list[Cause] = []
    if match:
        if not options.version:
            causes.append(forbidden(field, f"{field} is forbidden unless resourceVersion is provided"))
        if options.token:
            causes.append(forbidden(field, f"{field} is forbidden when continue is provided"))
        if match not in ("Exact", "NotOlderThan"):
            causes.append(not_supported(field, match, ("Exact", "NotOlderThan", "")))
        if match == "Exact" and options.version == "0":
            causes.append(forbidden(field, f'{field} "exact" is forbidden for resourceVersion "0"'))
    if options.initial_events is not None:
        causes.append(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return causes


def _watch_faults(options: ListQuery) -> list[Cause]:
    field, match = "resourceVersionMatch", options.match
    causes: list[Cause] = []
    if options.initial_events is not None and match != "NotOlderThan":
        text = f"sendInitialEvents requires setting {field} to NotOlderThan"
        causes.append(forbidden(field, text))
    if match:
        if options.initial_events is None:
            text = f"{field} is forbidden for watch unless sendInitialEvents is provided"
            causes.append(forbidden(field, text))
        if match != "NotOlderThan":
            causes.append(not_supported(field, match, ("NotOlderThan",)))
        if options.token:
            causes.append(forbidden(field, f"{field} is forbidden when continue is provided"))
    return causes


def delete_query(request: Request, body: Any) -> DeleteOptions:
    """The options of a delete: its body's, or the query's where there is no body. 400 or 422 for bad ones."""
    given = _delete_body(body) if body is not None else _delete_parameters(request)
    policy, orphan = given.get("propagationPolicy"), given.get("orphanDependents")
    dry_run = list(given.get("dryRun") or ())
    causes: list[Cause] = []
    if orphan is not None and policy is not None:
        text = "orphanDependents and deletionPropagation cannot be both set"
        causes.append(invalid_value("propagationPolicy", policy, text))
    if policy is not None and policy not in POLICIES:
        causes.append(not_supported("propagationPolicy", policy, (*POLICIES, "nil")))
    _refuse("DeleteOptions", causes + _dry_run_faults(dry_run))
    if policy is None and orphan is not None:
        policy = "Orphan" if orphan else "Background"
    preconditions = given.get("preconditions") or {}
    return DeleteOptions(
        propagation=policy or "",
        grace_seconds=given.get("gracePeriodSeconds"),
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        dry_run=bool(dry_run),
        orphan=orphan,
    )


def _delete_parameters(request: Request) -> Obj:
    given: Obj = {
        "gracePeriodSeconds": _optional_integer(request, "gracePeriodSeconds"),
        "orphanDependents": _optional_boolean(request, "orphanDependents"),
        "propagationPolicy": request.query.get("propagationPolicy"),
        "dryRun": _dry_run_values(request),
        "preconditions": {
            name: request.query[name] for name in ("uid", "resourceVersion") if request.query.get(name)
        },
    }
    return {name: value for name, value in given.items() if value is not None}


_OPTIONS_OF_ANY_VERSION = ("DeleteOptions", "CreateOptions", "UpdateOptions")
_META_SCHEME = '"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"'
_DELETE_FIELDS: dict[str, tuple[str, type]] = {
    "gracePeriodSeconds": ("int64", int),
    "orphanDependents": ("bool", bool),
    "propagationPolicy": ("v1.DeletionPropagation", str),
    "preconditions": ("v1.Preconditions", dict),
    "dryRun": ("[]string", list),
}


def _delete_body(body: Any) -> Obj:
    from k8slab.api.decode import not_interpreted

    if not isinstance(body, dict):
        raise bad_request(f"couldn't get version/kind; json parse error: {not_interpreted(body)}")
    kind = body.get("kind") or "DeleteOptions"
    if kind not in _OPTIONS_OF_ANY_VERSION:
        version = go_quote(body.get("apiVersion") or "v1")
        text = f"no kind {go_quote(kind)} is registered for version {version} in scheme {_META_SCHEME}"
        raise bad_request(text)
    if kind != "DeleteOptions":
        raise bad_request("decoded object cannot be converted to DeleteOptions")
    given: Obj = {}
    for name, (go_type, python_type) in _DELETE_FIELDS.items():
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, python_type) or isinstance(value, bool) != (python_type is bool):
            raise _mismatched(value, f"DeleteOptions.{name}", go_type)
        given[name] = value
    for name, go_type in (("uid", "types.UID"), ("resourceVersion", "string")):
        value = (given.get("preconditions") or {}).get(name)
        if value is not None and not isinstance(value, str):
            raise _mismatched(value, f"Preconditions.preconditions.{name}", go_type)
    return given


def _mismatched(value: Any, field: str, go_type: str) -> ApiError:
    from k8slab.api.unmarshal import json_kind

    shown = f"number {value}" if isinstance(value, float) else json_kind(value)
    return bad_request(f"json: cannot unmarshal {shown} into Go struct field {field} of type {go_type}")


__all__ = ["ApiError", "ListQuery", "WriteQuery", "delete_query", "list_query", "write_query"]
