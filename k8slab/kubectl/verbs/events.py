"""`kubectl events`: what happened, in the order of time.

Models staging/src/k8s.io/kubectl/pkg/cmd/events/events.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, Verb, fail
from k8slab.kubectl.flags import Flag, duration
from k8slab.kubectl.output.events_text import events_text, in_time_order, of_types
from k8slab.kubectl.output.json import without_managed_fields
from k8slab.kubectl.printing import OUTPUT_FLAGS, print_objects, print_ordered, typed
from k8slab.kubectl.resources import ALL_NAMESPACES, CHUNK_SIZE, kind_named
from k8slab.kubectl.session import Session

_QUIET_US = 30_000_000


def _run(session: Session) -> None:
    flags = session.flags
    query = _query(session)
    if any(one.lower() not in ("normal", "warning") for one in flags["types"]):
        raise fail("valid --types are Normal or Warning")
    namespace = None if flags["all-namespaces"] else session.namespace
    events = of_types(session.list(kinds()["Event"], namespace, **query), flags["types"])
    if flags["watch"]:
        _watch(session, namespace, query)
        return
    if not events:
        where = "" if flags["all-namespaces"] else f" in {session.namespace} namespace"
        session.warn(f"No events found{where}.\n")
        return
    _print(session, in_time_order(events), headers=not flags["no-headers"])


def _query(session: Session) -> dict[str, str]:
    """The field selector of `--for`: the object's kind and name, as events note them."""
    reference = session.flags["for"]
    if not reference:
        return {}
    resource, slash, name = reference.partition("/")
    if not slash:
        raise fail("--for must be in resource/name form")
    if "/" in name:
        raise fail("arguments in resource/name form may not have more than one slash")
    try:
        kind = kind_named(resource, session)
    except KubectlError as error:
        raise KubectlError(error.text.removeprefix("error: ")) from error
    if not name:
        return {}
    return {
        "fieldSelector": f"involvedObject.kind={kind.kind},involvedObject.apiVersion={kind.api_version},"
        f"involvedObject.name={name}"
    }


def _print(session: Session, events: list[Obj], *, headers: bool) -> None:
    if session.flags["output"] == "name":
        # kubectl holds a typed list here, of whose items it can't tell the kind: it prints nothing.
        return
    if session.flags["output"] or session.flags["template"]:
        found: Obj = {"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": events}
        if session.flags["output"] in ("json", "kyaml", "yaml"):
            shown = session.flags["show-managed-fields"]
            print_ordered(session, typed(found if shown else without_managed_fields(found)))
        else:
            print_objects(session, [found], session.flags["output"])
        return
    session.write(
        events_text(
            events,
            session.client.now_us,
            all_namespaces=session.flags["all-namespaces"],
            no_headers=not headers,
        )
    )


def _watch(session: Session, namespace: str | None, query: dict[str, str]) -> None:
    """Print what there is, and then each event when it happens."""
    seen: dict[str, str] = {}

    def look() -> bool:
        try:
            found = session.list(kinds()["Event"], namespace, **query)
        except ApiError:
            return True
        new = [
            one
            for one in of_types(found, session.flags["types"])
            if seen.get(one["metadata"]["uid"]) != one["metadata"]["resourceVersion"]
        ]
        if new:
            _print(session, in_time_order(new), headers=not seen and not session.flags["no-headers"])
        seen.update((one["metadata"]["uid"], one["metadata"]["resourceVersion"]) for one in new)
        return False

    look()
    timeout = session.flags["request-timeout"]
    if timeout not in ("", "0"):
        session.client.run_until(look, duration(timeout if not timeout.isdigit() else f"{timeout}s"))
    else:
        session.client.run_until_settled(look, _QUIET_US)


VERB = Verb(
    "events",
    _run,
    (
        *OUTPUT_FLAGS,
        ALL_NAMESPACES,
        Flag("watch", "w", "bool"),
        Flag("for"),
        Flag("types", type="strings"),
        Flag("no-headers", type="bool"),
        CHUNK_SIZE,
    ),
    summary="List events",
)
