"""Mirrors hand-made Endpoints of Services without a selector into EndpointSlices.

Models pkg/controller/endpointslicemirroring/{endpointslicemirroring_controller,
reconciler,reconciler_helpers,utils}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import (
    Key,
    Obj,
    annotations_of,
    dissoc,
    is_terminating,
    key_of,
    labels_of,
    owner_reference,
)
from k8slab.clock import SECOND_US
from k8slab.components import (
    Action,
    Component,
    Create,
    Delete,
    Done,
    Memory,
    Outcome,
    Plan,
    Record,
    Update,
    Watch,
)
from k8slab.controllers._endpoints import (
    MANAGED_BY_LABEL,
    MAX_RETRIES,
    SERVICE_NAME_LABEL,
    TRIGGER_TIME_ANNOTATION,
    Port,
    address_type,
    port_object,
    repack_subsets,
    slice_port_order,
)
from k8slab.controllers.endpointslice import identity_of, is_same, slices_of
from k8slab.store.view import Change, View

CONTROLLER_NAME = "endpointslicemirroring-controller.k8s.io"
MAX_ENDPOINTS_PER_SUBSET = 1000
SKIP_MIRROR_LABEL = "endpointslice.kubernetes.io/skip-mirror"
LEADER_ANNOTATION = "control-plane.alpha.kubernetes.io/leader"
_UNMIRRORED_ANNOTATIONS = (TRIGGER_TIME_ANNOTATION, "kubectl.kubernetes.io/last-applied-configuration")

Group = tuple[str, tuple[Port, ...]]
"""Endpoints that share slices have one address type and the same ports."""


class Desired(NamedTuple):
    """What the Endpoints ask for: endpoints by group, and how many addresses were left out, and why."""

    groups: dict[Group, list[Obj]]
    invalid: int
    skipped: int


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Bring the mirrored slices of one Endpoints object up to date. `memory` counts failures."""
    endpoints, service = view.get("Endpoints", key), view.get("Service", key)
    stub = {"metadata": {"namespace": key[0], "name": key[1]}}
    existing = list(slices_of(view, stub, CONTROLLER_NAME))
    why = _why_not(endpoints, service)
    if endpoints is None or why:
        error = yield from _delete_all(key, existing)
    else:
        error = yield from _reconcile(endpoints, existing)
    if not error:
        return Done(memory=None, why=why)
    failures = (memory or 0) + 1
    if failures > MAX_RETRIES:
        return Done(memory=None, why=f"retry budget exceeded: {error}")
    return Done(memory=failures, error=error)


def _delete_all(key: Key, slices: Sequence[Obj]) -> Generator[Action, Outcome, str]:
    """Delete what was mirrored. What was refused, in upstream's words (`deleteEndpoints`)."""
    refused = []
    for one in slices:
        try:
            yield Delete("EndpointSlice", key_of(one))
        except ApiError as error:
            refused.append(error.message)
    if not refused:
        return ""
    namespace, name = key
    return (
        f"error(s) deleting {len(refused)}/{len(slices)} EndpointSlices for {namespace}/{name} Endpoints, "
        f"including: {refused[0]}"
    )


def _why_not(endpoints: Obj | None, service: Obj | None) -> str:
    """Why there is nothing to mirror; an empty text where there is."""
    if endpoints is None:
        return "the Endpoints are gone"
    if not _should_mirror(endpoints):
        return "the Endpoints are not to be mirrored"
    if service is None:
        return "there is no Service of this name"
    if service["spec"].get("selector"):
        return "the Service has a selector"
    return ""


def _should_mirror(endpoints: Obj) -> bool:
    if labels_of(endpoints).get(SKIP_MIRROR_LABEL) == "true":
        return False
    return LEADER_ANNOTATION not in annotations_of(endpoints)


def _reconcile(endpoints: Obj, existing: Sequence[Obj]) -> Generator[Action, Outcome, str]:
    """Bring the mirrored slices up to date. What was refused, or an empty text."""
    desired = _desired(endpoints)
    if desired.invalid:
        text = f"Skipped {desired.invalid} invalid IP addresses when mirroring to EndpointSlices"
        yield Record(endpoints, "Warning", "InvalidIPAddress", text)
    if desired.skipped > desired.invalid:
        text = (
            f"A max of {MAX_ENDPOINTS_PER_SUBSET} addresses can be mirrored to EndpointSlices per Endpoints "
            f"subset. {desired.skipped} addresses were skipped"
        )
        yield Record(endpoints, "Warning", "TooManyAddressesToMirror", text)
    slices: dict[Group, list[Obj]] = {}
    for one in existing:
        slices.setdefault(_group_of(one), []).append(one)
    creates: list[Obj] = []
    updates: list[Obj] = []
    deletes: list[Obj] = []
    for group, wanted in desired.groups.items():
        present = slices.pop(group, [])
        deletes += present[1:]
        if present and _is_mirrored(endpoints, present[0], wanted):
            continue
        new = _new_slice(endpoints, group, wanted)
        if present:
            updates.append(_named(dissoc(new, "metadata", "generateName"), present[0]))
        else:
            creates.append(new)
    for present in slices.values():
        deletes += present
    return (yield from _write(endpoints, creates, updates, deletes))


def _write(
    endpoints: Obj, creates: list[Obj], updates: list[Obj], deletes: list[Obj]
) -> Generator[Action, Outcome, str]:
    """Carry out the changes; a slice that would go is rather made into one that is needed.

    The first refusal ends it, but for that of a namespace that is terminating, which is none.
    """
    for new in list(creates):
        spare = next((one for one in deletes if one["addressType"] == new["addressType"]), None)
        if spare is not None:
            creates.remove(new)
            deletes.remove(spare)
            updates.append(_named(new, spare))
    creations = [] if is_terminating(endpoints) else creates
    actions: tuple[Action, ...] = (
        *(Create("EndpointSlice", one) for one in creations),
        *(Update("EndpointSlice", one) for one in updates),
        *(Delete("EndpointSlice", key_of(one)) for one in deletes),
    )
    for action in actions:
        try:
            yield action
        except ApiError as error:
            if isinstance(action, Create) and any(
                one.reason == "NamespaceTerminating" for one in error.causes
            ):
                return ""
            return f"failed to {_told(action)} for Endpoints {'/'.join(key_of(endpoints))}: {error.message}"
    return ""


def _told(action: Action) -> str:
    """An action on a slice in upstream's words; one that is to be created has no name yet."""
    if isinstance(action, Update):
        return f"update {action.obj['metadata']['name']} EndpointSlice"
    return f"delete {action.key[1]} EndpointSlice" if isinstance(action, Delete) else "create EndpointSlice"


def _desired(endpoints: Obj) -> Desired:
    groups: dict[Group, list[Obj]] = {}
    invalid = skipped = 0
    for subset in repack_subsets(endpoints.get("subsets") or ()):
        ports: list[Port] = [
            (one.get("name", ""), one["protocol"], one["port"], one.get("appProtocol"))
            for one in subset.get("ports") or ()
        ]
        key = tuple(sorted(ports, key=slice_port_order))
        added = 0
        states = (("addresses", True), ("notReadyAddresses", False))
        every = [(address, ready) for field, ready in states for address in subset.get(field) or ()]
        for address, ready in every:
            if added >= MAX_ENDPOINTS_PER_SUBSET:
                break
            kind = address_type(address["ip"])
            if not kind:
                invalid += 1
                continue
            groups.setdefault((kind, key), []).append(_endpoint(address, ready))
            added += 1
        skipped += len(every) - added
    return Desired(groups, invalid, skipped)


def _endpoint(address: Obj, ready: bool) -> Obj:
    endpoint: Obj = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
    for field in ("hostname", "nodeName", "targetRef"):
        if address.get(field):
            endpoint[field] = address[field]
    return endpoint


def _group_of(endpoint_slice: Obj) -> Group:
    ports: list[Port] = [
        (one.get("name", ""), one.get("protocol", "TCP"), one.get("port", 0), one.get("appProtocol"))
        for one in endpoint_slice.get("ports") or ()
    ]
    return endpoint_slice["addressType"], tuple(sorted(ports, key=slice_port_order))


def _mirrored_annotations(endpoints: Obj) -> dict[str, str]:
    given = annotations_of(endpoints)
    return {name: value for name, value in given.items() if name not in _UNMIRRORED_ANNOTATIONS}


def _is_mirrored(endpoints: Obj, endpoint_slice: Obj, wanted: list[Obj]) -> bool:
    """Whether a slice says what the Endpoints say, and belongs to this very object."""
    own = {
        name: value
        for name, value in labels_of(endpoint_slice).items()
        if name not in (MANAGED_BY_LABEL, SERVICE_NAME_LABEL)
    }
    stale_owner = any(
        one["kind"] == "Endpoints"
        and one["name"] == endpoints["metadata"]["name"]
        and one["uid"] != endpoints["metadata"]["uid"]
        for one in endpoint_slice["metadata"].get("ownerReferences") or ()
    )
    present = {identity_of(one): one for one in endpoint_slice.get("endpoints") or ()}
    missing: Obj = {}
    return (
        len(present) == len(wanted)
        and all(is_same(one, present.get(identity_of(one), missing)) for one in wanted)
        and labels_of(endpoints) == own
        and _mirrored_annotations(endpoints) == annotations_of(endpoint_slice)
        and not stale_owner
    )


def _new_slice(endpoints: Obj, group: Group, wanted: list[Obj]) -> Obj:
    name = endpoints["metadata"]["name"]
    labels = {**labels_of(endpoints), SERVICE_NAME_LABEL: name, MANAGED_BY_LABEL: CONTROLLER_NAME}
    metadata: Obj = {
        "generateName": f"{name}-",
        "namespace": endpoints["metadata"]["namespace"],
        "labels": labels,
        "ownerReferences": [owner_reference(endpoints)],
    }
    annotations = _mirrored_annotations(endpoints)
    if annotations:
        metadata["annotations"] = annotations
    kind, ports = group
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": kind,
        "endpoints": wanted[:MAX_ENDPOINTS_PER_SUBSET],
        "ports": [port_object(port) for port in ports] or None,
    }


def _named(new: Obj, old: Obj) -> Obj:
    """The new slice in the place of an old one, of which nothing but the name is kept."""
    return {**new, "metadata": {**new["metadata"], "name": old["metadata"]["name"]}}


def _after_service(change: Change, view: View) -> list[Key]:
    """A Service that comes or goes without a selector, or whose selector comes or goes."""
    before = bool(change.old["spec"].get("selector")) if change.old is not None else None
    after = bool(change.new["spec"].get("selector")) if change.new is not None else None
    if change.old is None or change.new is None:
        return [change.key] if not (after if before is None else before) else []
    return [change.key] if before != after else []


def _after_endpoints(change: Change, view: View) -> list[Key]:
    versions = (change.old, change.new)
    return [change.key] if any(one is not None and _should_mirror(one) for one in versions) else []


def _after_slice(change: Change, view: View) -> list[Key]:
    keys: list[Key] = []
    for one in (change.old, change.new):
        if one is not None and labels_of(one).get(MANAGED_BY_LABEL) == CONTROLLER_NAME:
            key = (change.key[0], labels_of(one).get(SERVICE_NAME_LABEL, ""))
            if key[1] and key not in keys:
                keys.append(key)
    return keys


CONTROLLER = Component(
    name="endpoint-slice-mirroring-controller",
    watches=(
        Watch("Endpoints", _after_endpoints),
        Watch("Service", _after_service),
        Watch("EndpointSlice", _after_slice),
    ),
    plan=plan,
    retry_base_us=SECOND_US,
    retry_max_us=100 * SECOND_US,
)
