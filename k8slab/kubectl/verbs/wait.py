"""`kubectl wait`: let lab time pass until objects meet a condition.

Models staging/src/k8s.io/kubectl/pkg/cmd/wait/wait.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj, condition_of
from k8slab.kubectl.command import KubectlError, Verb
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import (
    ALL_NAMESPACES,
    FILE_FLAGS,
    SELECTOR_FLAGS,
    Info,
    full_name,
    kinds_of,
    named,
    select,
)
from k8slab.kubectl.session import Session

_WEEK_US = 7 * 24 * 3600 * 1_000_000


def _run(session: Session) -> None:
    condition = session.flags["for"]
    if not condition:
        raise KubectlError('error: required flag(s) "for" not set\n')
    met = _condition(condition)
    wants_absence = condition.lower() == "delete"
    infos = _targets(session, wants_absence)
    if not infos:
        if wants_absence or session.code:
            return
        raise KubectlError("error: no matching resources found\n")
    timeout_us = session.flags["timeout"]
    deadline_us = session.client.now_us + (_WEEK_US if timeout_us < 0 else timeout_us)
    for info in infos:
        rest_us = max(deadline_us - session.client.now_us, 0)
        if session.client.run_until(lambda info=info: met(_read(session, info)), rest_us):  # type: ignore[misc]
            session.write(f"{full_name(info.kind, info.name)} condition met\n")
        else:
            session.warn(f"error: timed out waiting for the condition on {info.kind.plural}/{info.name}\n")
            session.code = 1


def _targets(session: Session, wants_absence: bool) -> list[Info]:
    pairs = named(session.arguments)
    if not wants_absence or not any(name for _, name in pairs):
        return select(session)
    found = []
    for resource, name in pairs:
        for kind in kinds_of(session, resource):
            info = Info(kind, session.namespace if kind.namespaced else "", name)
            if _read(session, info) is not None:
                found.append(info)
    return found


def _read(session: Session, info: Info) -> Obj | None:
    try:
        return session.get(info.kind, info.namespace, info.name)
    except ApiError as error:
        if error.code == 404:
            return None
        raise


def _condition(text: str) -> Callable[[Obj | None], bool]:
    """What `--for` asks: delete, create, condition=NAME[=VALUE], jsonpath=EXPRESSION[=VALUE]."""
    lower = text.lower()
    if lower == "delete":
        return lambda obj: obj is None
    if lower == "create":
        return lambda obj: obj is not None
    if lower.startswith("condition="):
        name, equals, value = text[len("condition=") :].partition("=")
        wanted = value if equals else "true"
        return lambda obj: obj is not None and _has_condition(obj, name, wanted)
    if lower.startswith("jsonpath="):
        return _jsonpath_condition(text[len("jsonpath=") :])
    raise KubectlError(f'error: unrecognized condition: "{text}"\n')


def _has_condition(obj: Obj, name: str, value: str) -> bool:
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition["type"].lower() == name.lower():
            found = condition_of(obj, condition["type"]) or {}
            return str(found.get("status", "")).lower() == value.strip("'\"").lower()
    return False


def _jsonpath_condition(text: str) -> Callable[[Obj | None], bool]:
    """Whether an expression gives a value, or (after `=`) just this one."""
    from k8slab.api import jsonpath

    head, closing, tail = text.strip("'\"").rpartition("}")
    expression, equals, value = f"{head}{closing}", tail[:1] == "=", tail[1:]
    if not closing:
        bare, sign, value = text.partition("=")
        expression, equals = f"{{{bare if bare.startswith('.') else '.' + bare}}}", bool(sign)
    path = jsonpath.parse(expression)
    wanted = value.strip("'\"")

    def met(obj: Obj | None) -> bool:
        if obj is None:
            return False
        found = jsonpath.execute(path, obj, allow_missing_keys=True)
        return found == wanted if equals else bool(found)

    return met


VERB = Verb(
    "wait",
    _run,
    (
        *FILE_FLAGS,
        *SELECTOR_FLAGS,
        ALL_NAMESPACES,
        Flag("field-selector"),
        Flag("for"),
        Flag("timeout", type="duration", default=30_000_000),
        Flag("local", type="bool"),
        Flag("output", "o"),
    ),
    summary="Wait for a specific condition on one or many resources.",
)
