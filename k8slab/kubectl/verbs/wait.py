"""`kubectl wait`: let lab time pass until objects meet a condition.

Models staging/src/k8s.io/kubectl/pkg/cmd/wait/{wait,condition,create,delete,json}.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from k8slab.api import jsonpath
from k8slab.api.errors import ApiError, not_found
from k8slab.api.meta import Obj
from k8slab.clock import HOUR_US
from k8slab.kubectl.command import FailuresError, Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import OUTPUT_FLAGS, check_output, print_done
from k8slab.kubectl.resources import (
    ALL_NAMESPACES,
    ALWAYS_RECURSIVE,
    FIELD_SELECTOR,
    FILENAME,
    SELECTOR_FLAGS,
    Info,
    in_turn,
    select,
)
from k8slab.kubectl.session import Session

_WEEK_US = 7 * 24 * HOUR_US
_PATH = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")

Check = Callable[[Obj], bool]
_Condition = tuple[str, Check]


def _run(session: Session) -> None:
    check_output(session)
    conditions = [_condition(text) for text in session.flags["for"]]
    if not conditions:
        raise fail("unrecognized condition: []")
    timeout_us = session.flags["timeout"]
    end_us = session.client.now_us + (_WEEK_US if timeout_us < 0 else timeout_us)
    infos = _targets(session, [name for name, _ in conditions], end_us)
    for info in in_turn(session, infos):
        with session.collecting():
            for name, check in conditions:
                _wait(session, info, name, check, end_us)
    if not infos and not session.failures and not any(name == "delete" for name, _ in conditions):
        raise fail("no matching resources found")


def _condition(text: str) -> _Condition:
    """What `--for` asks: delete, create, condition=NAME[=VALUE], jsonpath=EXPRESSION[=VALUE]."""
    if text.lower() in ("delete", "create"):
        return text.lower(), lambda obj: True
    if text.startswith("condition="):
        name, equals, value = text.removeprefix("condition=").partition("=")
        return "condition", _status_check(name, value if equals else "true")
    if text.startswith("jsonpath="):
        return "jsonpath", _value_check(text.removeprefix("jsonpath="))
    raise fail(f'unrecognized condition: "{text}"')


def _status_check(name: str, value: str) -> Check:
    def met(obj: Obj) -> bool:
        status = obj.get("status") or {}
        for condition in status.get("conditions") or ():
            if str(condition.get("type", "")).lower() != name.lower() or "status" not in condition:
                continue
            observed = condition.get("observedGeneration", status.get("observedGeneration"))
            generation = obj["metadata"].get("generation")
            if generation is not None and observed is not None and observed < generation:
                return False
            return bool(condition["status"].lower() == value.lower())
        return False

    return met


def _split(text: str) -> list[str]:
    """The parts between single equals signs; `==` belongs to an expression."""
    return [part.replace("\0", "==") for part in text.replace("==", "\0").split("=")]


def _value_check(text: str) -> Check:
    """Whether an expression gives a value, or (after `=`) just this one."""
    parts = _split(text)
    if len(parts) > 2:
        raise fail(
            "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or "
            "--for=jsonpath='{.status.readyReplicas}'"
        )
    if not parts[0]:
        raise fail("jsonpath expression cannot be empty")
    match = _PATH.fullmatch(parts[0])
    if match is None:
        raise fail(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or "
            "'{.name1.name2}'"
        )
    wanted = parts[1].strip("'\"") if len(parts) == 2 else None
    if wanted == "":
        raise fail(
            "jsonpath wait has to have a value after equal sign, like "
            "--for=jsonpath='{.status.readyReplicas}'=3"
        )
    try:
        path = jsonpath.parse(f"{{.{match[1] or match[2]}}}")
    except jsonpath.JSONPathError as error:
        raise fail(str(error)) from error

    def met(obj: Obj) -> bool:
        results = jsonpath.find(path, obj, allow_missing_keys=True)
        if not results or not results[0]:
            return False
        if len(results) > 1:
            raise fail("given jsonpath expression matches more than one list")
        if len(results[0]) > 1:
            raise fail("given jsonpath expression matches more than one value")
        if wanted is None:
            return True
        value = results[0][0]
        if isinstance(value, dict | list):
            raise fail("jsonpath leads to a nested object or list which is not supported")
        return _text(value).strip() == wanted.strip()

    return met


def _text(value: object) -> str:
    """A plain value as Go's `%v` prints it."""
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _targets(session: Session, names: list[str], end_us: int) -> list[Info]:
    """The objects to look at. What is to be created is waited for, what is to go may be gone already."""
    if "create" in names:
        found: list[Info] = []

        def appeared() -> bool:
            session.unread = []
            found[:] = select(session)
            errors, session.failures = session.failures, []
            if len(errors) > 1:
                # Several errors in one are no NotFound, though each of them is.
                raise FailuresError(errors)
            if errors and not (isinstance(errors[0], ApiError) and errors[0].code == 404):
                raise errors[0]
            return bool(found) and not errors

        if not session.client.run_until(appeared, max(end_us - session.client.now_us, 0)):
            raise fail("timed out waiting for the condition")
        return found
    infos = select(session)
    if "delete" in names:
        session.failures = [
            one for one in session.failures if not (isinstance(one, ApiError) and one.code == 404)
        ]
    return infos


def _read(session: Session, info: Info) -> Obj | None:
    try:
        return session.get(info.kind, info.namespace, info.name)
    except ApiError as error:
        if error.code == 404:
            return None
        raise


def _wait(session: Session, info: Info, name: str, check: Check, end_us: int) -> None:
    """Wait for one object's condition, and say that it is met."""
    uid = info.present["metadata"]["uid"]
    latest = [info.present]

    def met() -> bool:
        obj = _read(session, info)
        if name == "delete":
            return obj is None or obj["metadata"]["uid"] != uid
        if obj is None:
            raise not_found(info.kind.plural, info.kind.group, info.name)
        latest[0] = obj
        return check(obj)

    late = session.client.now_us >= end_us
    if session.flags["timeout"] == 0:
        if not met():
            raise fail(f"condition not met for {info.kind.plural}/{info.name}")
    elif late or not session.client.run_until(met, end_us - session.client.now_us):
        raise fail(f"timed out waiting for the condition on {info.kind.plural}/{info.name}")
    print_done(session, latest[0], "condition met", is_typed=False)


VERB = Verb(
    "wait",
    _run,
    (
        FILENAME,
        ALWAYS_RECURSIVE,
        *SELECTOR_FLAGS,
        *OUTPUT_FLAGS,
        ALL_NAMESPACES,
        FIELD_SELECTOR,
        Flag("for", type="array"),
        Flag("timeout", type="duration", default=30_000_000),
        Flag("local", type="bool"),
    ),
    summary="Wait for a specific condition on one or many resources",
)
