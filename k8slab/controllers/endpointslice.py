"""EndpointSlices: where the Pods behind each Service are, in slices of at most a hundred.

Pods that offer the same ports share slices. A slice is changed rather than
replaced, the fullest ones are filled first, and a Service without any endpoint
keeps one empty slice as a placeholder.

Models pkg/controller/endpointslice/endpointslice_controller.go and
staging/src/k8s.io/endpointslice/{reconciler,utils,endpointset}.go, trafficdist, topologycache, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, condition_is, is_terminating, key_of, labels_of, owner_reference
from k8slab.api.selectors import from_labels
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
from k8slab.controllers import _topology_hints as topology
from k8slab.controllers._endpoints import (
    HEADLESS_LABEL,
    MANAGED_BY_LABEL,
    MAX_RETRIES,
    OF_ENDPOINTS,
    SERVICE_NAME_LABEL,
    Port,
    Triggers,
    address_type,
    belongs_in_endpoints,
    has_host_name,
    is_headless,
    pod_addresses,
    port_object,
    ports_of,
    selected_pods,
    services_of_pod,
    slice_port_order,
    target_of,
    trigger_time,
    triggers_of,
    with_trigger_time,
)
from k8slab.controllers._pods import aggregate, is_ready
from k8slab.store.view import Change, View

CONTROLLER_NAME = "endpointslice-controller.k8s.io"
MAX_ENDPOINTS_PER_SLICE = 100
_RESERVED_LABELS = (SERVICE_NAME_LABEL, MANAGED_BY_LABEL, HEADLESS_LABEL)
_HINT_VALUES = ("PreferClose", "PreferSameZone", "PreferSameNode")

Identity = tuple[object, ...]
"""What makes two endpoints the same one: addresses, host name, the target's namespace and name."""


class Known(NamedTuple):
    """What is remembered of a Service: failures to write, whether there are hints, what triggered it last."""

    failures: int = 0
    hinted: bool = False
    triggers: Triggers | None = None


class Changes(NamedTuple):
    """Slices to create (they have no name yet), to update and to delete."""

    create: list[Obj]
    update: list[Obj]
    delete: list[Obj]


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Bring the slices of one Service up to date with its Pods. `memory` is what is `Known`."""
    service = view.get("Service", key)
    if service is None:
        return Done(memory=None, why="the Service is gone; its slices go with it")
    if service["spec"].get("type") == "ExternalName":
        return Done(why="an ExternalName Service has no endpoints")
    if not service["spec"].get("selector"):
        return Done(why="endpoints of a Service without a selector are made by others")
    existing = [one for one in slices_of(view, service) if not is_terminating(one)]
    pods = selected_pods(view, service)
    supported = _address_types(service)
    unsupported = [one for one in existing if one["addressType"] not in supported]
    errors: list[str] = []
    known: Known = memory or Known()
    if unsupported:
        # Upstream forgets the hints of a whole Service with those of one family.
        known = known._replace(hinted=False)
    triggers = triggers_of(service, pods)
    triggered = trigger_time(known.triggers, triggers)
    known = known._replace(triggers=triggers)
    for kind in supported:
        mine = [one for one in existing if one["addressType"] == kind]
        found, known = yield from _reconcile(view, service, pods, mine, kind, known, triggered)
        errors += found
    namespace, name = key
    for endpoint_slice in unsupported:
        why = yield from _delete(endpoint_slice)
        if why:
            gone = endpoint_slice["metadata"]["name"]
            errors.append(f"error deleting {gone} EndpointSlice for Service {namespace}/{name}: {why}")
    if not errors:
        return Done(memory=known._replace(failures=0))
    text = aggregate(errors)
    message = f"Error updating Endpoint Slices for Service {namespace}/{name}: {text}"
    yield Record(service, "Warning", "FailedToUpdateEndpointSlices", message)
    failures = known.failures + 1
    if failures > MAX_RETRIES:
        return Done(memory=known._replace(failures=0), why=f"retry budget exceeded: {text}")
    return Done(memory=known._replace(failures=failures), error=text)


def slices_of(view: View, service: Obj, manager: str = CONTROLLER_NAME) -> Sequence[Obj]:
    """The slices of a Service that a controller manages."""
    labels = {SERVICE_NAME_LABEL: service["metadata"]["name"], MANAGED_BY_LABEL: manager}
    namespace = service["metadata"]["namespace"]
    return view.list("EndpointSlice", namespace=namespace, selector=from_labels(labels))


def _address_types(service: Obj) -> list[str]:
    """The families that the Service's slices are made for."""
    families = service["spec"].get("ipFamilies")
    if families:
        return [family for family in ("IPv4", "IPv6") if family in families]
    if not is_headless(service):
        return [address_type(service["spec"]["clusterIP"]) or "IPv4"]
    return ["IPv4", "IPv6"]


def _reconcile(
    view: View,
    service: Obj,
    pods: Sequence[Obj],
    existing: Sequence[Obj],
    kind: str,
    known: Known,
    triggered: str,
) -> Generator[Action, Outcome, tuple[list[str], Known]]:
    """Bring the slices of one address family up to date. The errors, and what is known then."""
    errors: list[str] = []
    slices_by_ports: dict[tuple[Port, ...], list[Obj]] = {}
    changes = Changes([], [], [])
    for one in existing:
        if _is_owned_by(one, service):
            slices_by_ports.setdefault(_ports_key(one), []).append(one)
        else:
            changes.delete.append(one)
    desired = _desired_endpoints(view, service, pods, kind, errors)
    for ports, endpoints in desired.items():
        _match(service, slices_by_ports.get(ports, []), endpoints, ports, kind, changes)
    for ports, slices in slices_by_ports.items():
        if ports not in desired:
            changes.delete.extend(slices)
    if len(existing) == len(changes.delete) and not changes.create:
        placeholder = _new_slice(service, (), kind)
        if len(changes.delete) == 1 and _same_placeholder(changes.delete[0], placeholder):
            changes.delete.clear()
        else:
            changes.create.append(placeholder)
    changes, events, hinted = _with_hints(view, service, existing, changes, kind, known.hinted)
    error = yield from _write(service, changes, triggered)
    for reason, message in events:
        event_type = "Normal" if reason == HINTS_ENABLED else "Warning"
        yield Record(service, event_type, reason, f"{message}, addressType: {kind}")
    return [*errors, error] if error else errors, known._replace(hinted=hinted)


def _is_owned_by(endpoint_slice: Obj, service: Obj) -> bool:
    return any(
        (one["apiVersion"], one["kind"], one["uid"]) == ("v1", "Service", service["metadata"]["uid"])
        for one in endpoint_slice["metadata"].get("ownerReferences") or ()
    )


def _ports_key(endpoint_slice: Obj) -> tuple[Port, ...]:
    """The ports of a slice as a key; null and an empty list are the same."""
    ports: list[Port] = [
        (one.get("name", ""), one.get("protocol", "TCP"), one.get("port", 0), one.get("appProtocol"))
        for one in endpoint_slice.get("ports") or ()
    ]
    return tuple(sorted(ports, key=slice_port_order))


def _desired_endpoints(
    view: View, service: Obj, pods: Sequence[Obj], kind: str, errors: list[str]
) -> dict[tuple[Port, ...], dict[Identity, Obj]]:
    """The endpoints that there should be, by their ports and then by identity."""
    publish = bool(service["spec"].get("publishNotReadyAddresses"))
    numbered = all(isinstance(one.get("targetPort", 0), int) for one in service["spec"].get("ports") or ())
    shared: tuple[Port, ...] | None = None
    desired: dict[tuple[Port, ...], dict[Identity, Obj]] = {}
    for pod in pods:
        if not belongs_in_endpoints(pod, include_terminating=True):
            continue
        ports = shared
        if ports is None:
            ports = tuple(sorted(ports_of(service, pod), key=slice_port_order))
            # Ports that are all given by number are the same at every Pod.
            shared = ports if numbered else None
        endpoints = desired.setdefault(ports, {})
        node_name = pod["spec"].get("nodeName", "")
        node = view.get("Node", ("", node_name))
        if node is None and not publish:
            namespace, name = key_of(service)
            errors.append(
                f"skipping Pod {pod['metadata']['name']} for Service {namespace}/{name}: "
                f"Node {node_name} Not Found"
            )
            continue
        endpoint = _endpoint(pod, node, service, kind, publish)
        if endpoint["addresses"]:
            endpoints[identity_of(endpoint)] = endpoint
    return desired


def _endpoint(pod: Obj, node: Obj | None, service: Obj, kind: str, publish: bool) -> Obj:
    """The endpoint of one Pod (`podToEndpoint`)."""
    serving, terminating = is_ready(pod), is_terminating(pod)
    endpoint: Obj = {
        "addresses": [address for address in pod_addresses(pod) if address_type(address) == kind],
        "conditions": {
            "ready": publish or (serving and not terminating),
            "serving": serving,
            "terminating": terminating,
        },
        "targetRef": target_of(pod),
    }
    if has_host_name(pod, service):
        endpoint["hostname"] = pod["spec"]["hostname"]
    if pod["spec"].get("nodeName"):
        endpoint["nodeName"] = pod["spec"]["nodeName"]
    zone = labels_of(node).get("topology.kubernetes.io/zone") if node is not None else None
    if zone:
        endpoint["zone"] = zone
    return endpoint


def identity_of(endpoint: Obj) -> Identity:
    """What makes an endpoint the same one as another (`hashEndpoint`)."""
    target = endpoint.get("targetRef") or {}
    return (
        tuple(sorted(endpoint["addresses"])),
        endpoint.get("hostname", ""),
        target.get("namespace", ""),
        target.get("name", ""),
    )


_COMPARED_FIELDS = ("nodeName", "zone", "conditions", "targetRef")


def is_same(left: Obj, right: Obj) -> bool:
    """Whether two endpoints of the same identity are equal beyond it."""
    return all(left.get(name) == right.get(name) for name in _COMPARED_FIELDS)


def _match(
    service: Obj,
    existing: Sequence[Obj],
    desired: dict[Identity, Obj],
    ports: tuple[Port, ...],
    kind: str,
    changes: Changes,
) -> None:
    """Fit the desired endpoints of one set of ports into slices (`reconcileByPortMapping`)."""
    remaining = dict(desired)
    updated: dict[str, Obj] = {}
    unchanged: dict[str, Obj] = {}
    for one in existing:
        kept, differs = _keep_desired(one, remaining)
        labels, labels_differ = slice_labels(labels_of(one), service)
        name = one["metadata"]["name"]
        if differs and not kept:
            changes.delete.append(one)
        elif differs or labels_differ:
            updated[name] = {**one, "metadata": {**one["metadata"], "labels": labels}, "endpoints": kept}
        else:
            unchanged[name] = one
    left = list(remaining.values())
    for name in sorted(updated, key=lambda name: -len(updated[name]["endpoints"])):
        left = _fill(updated, name, updated[name], left)
    while left:
        fitting = None
        if len(left) < MAX_ENDPOINTS_PER_SLICE:
            fitting = _slice_to_fill(unchanged, len(left))
        if fitting is None:
            new = _new_slice(service, ports, kind)
            new["endpoints"] = left[:MAX_ENDPOINTS_PER_SLICE]
            changes.create.append(new)
            left = left[MAX_ENDPOINTS_PER_SLICE:]
        else:
            left = _fill(updated, fitting, unchanged.pop(fitting), left)
    changes.update.extend(updated.values())


def _keep_desired(endpoint_slice: Obj, remaining: dict[Identity, Obj]) -> tuple[list[Obj], bool]:
    """The endpoints of a slice that are still desired, brought up to date, and whether anything differs.

    What has found its place is taken out of `remaining`.
    """
    kept: list[Obj] = []
    differs = False
    old = endpoint_slice.get("endpoints") or ()
    for endpoint in old:
        wanted = remaining.pop(identity_of(endpoint), None)
        if wanted is None:
            continue
        same = is_same(wanted, endpoint)
        kept.append(endpoint if same else wanted)
        differs = differs or not same
    return kept, differs or len(kept) != len(old)


def _fill(slices: dict[str, Obj], name: str, endpoint_slice: Obj, left: list[Obj]) -> list[Obj]:
    """Put as many endpoints into a slice as it takes, and it into `slices`. What is left over."""
    endpoints = endpoint_slice.get("endpoints") or []
    room = MAX_ENDPOINTS_PER_SLICE - len(endpoints)
    if room > 0 and left:
        slices[name] = {**endpoint_slice, "endpoints": [*endpoints, *left[:room]]}
        return left[room:]
    return left


def _slice_to_fill(slices: dict[str, Obj], count: int) -> str | None:
    """The slice that comes closest to being full with `count` endpoints more; None where none has room."""
    best, best_room = None, MAX_ENDPOINTS_PER_SLICE
    for name, one in slices.items():
        room = MAX_ENDPOINTS_PER_SLICE - count - len(one.get("endpoints") or ())
        if 0 <= room < best_room:
            best, best_room = name, room
    return best


def slice_labels(present: dict[str, str], service: Obj) -> tuple[dict[str, str], bool]:
    """The labels that a slice should have, and whether its own differ beyond the reserved ones."""
    given = {name: value for name, value in labels_of(service).items() if name not in _RESERVED_LABELS}
    own = {name: value for name, value in present.items() if name not in _RESERVED_LABELS}
    labels = dict(given)
    if is_headless(service):
        labels[HEADLESS_LABEL] = ""
    labels[SERVICE_NAME_LABEL] = service["metadata"]["name"]
    labels[MANAGED_BY_LABEL] = CONTROLLER_NAME
    return labels, own != given


def _new_slice(service: Obj, ports: tuple[Port, ...], kind: str) -> Obj:
    """A slice without a name and without endpoints. Empty lists are null, as they come back from storage."""
    name = service["metadata"]["name"]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{name}-",
            "namespace": service["metadata"]["namespace"],
            "labels": slice_labels({}, service)[0],
            "ownerReferences": [owner_reference(service)],
        },
        "addressType": kind,
        "endpoints": None,
        "ports": [port_object(port) for port in ports] or None,
    }


def _same_placeholder(endpoint_slice: Obj, placeholder: Obj) -> bool:
    """Whether a slice will do as the placeholder that is about to be made, whoever owns it.

    As upstream compares labels, an empty one is as good as none.
    """
    given, wanted = labels_of(endpoint_slice), labels_of(placeholder)
    return (
        not endpoint_slice.get("endpoints")
        and not endpoint_slice.get("ports")
        and endpoint_slice["addressType"] == placeholder["addressType"]
        and all(given.get(name, "") == wanted.get(name, "") for name in (*given, *wanted))
    )


# Hints.


HINTS_ENABLED, HINTS_DISABLED = "TopologyAwareHintsEnabled", "TopologyAwareHintsDisabled"


def _with_hints(
    view: View, service: Obj, existing: Sequence[Obj], changes: Changes, kind: str, hinted: bool
) -> tuple[Changes, list[tuple[str, str]], bool]:
    """The changes with the hints that the Service asks for by an annotation or a field, or without any.

    And the Events that tell of it (reason and message), and whether the Service
    has hints by the annotation now; `hinted` is whether it had them before.
    """
    touched = [one["metadata"]["name"] for one in (*changes.update, *changes.delete)]
    unchanged = [one for one in existing if one["metadata"]["name"] not in touched]
    if topology.is_wanted(service):
        ratios = topology.cpu_ratios(view.list("Node"))
        found = topology.with_hints(changes.create, changes.update, unchanged, ratios)
        changes = Changes(found.create, found.update, changes.delete)
        if found.why_not:
            return changes, [(HINTS_DISABLED, found.why_not)], False
        return changes, [] if hinted else [(HINTS_ENABLED, topology.ENABLED)], True
    events = [(HINTS_DISABLED, topology.DISABLED)] if hinted else []
    value = service["spec"].get("trafficDistribution")
    if value not in _HINT_VALUES:
        found = topology.without_hints(changes.create, changes.update, unchanged)
        return Changes(found.create, found.update, changes.delete), events, False
    stale = [new for one in unchanged if (new := _hinted(one, value)) is not one]
    changes = Changes(
        [_hinted(one, value) for one in changes.create],
        [*(_hinted(one, value) for one in changes.update), *stale],
        changes.delete,
    )
    return changes, events, False


def _hinted(endpoint_slice: Obj, distribution: str) -> Obj:
    """The slice with right hints; itself where they are right already."""
    endpoints = endpoint_slice.get("endpoints") or ()
    hinted = [_hinted_endpoint(endpoint, distribution) for endpoint in endpoints]
    if all(new is old for new, old in zip(hinted, endpoints, strict=True)):
        return endpoint_slice
    return {**endpoint_slice, "endpoints": hinted}


def _hinted_endpoint(endpoint: Obj, distribution: str) -> Obj:
    if not topology.is_ready(endpoint):
        return endpoint
    hints: Obj = {}
    if endpoint.get("zone"):
        hints["forZones"] = [{"name": endpoint["zone"]}]
    if distribution == "PreferSameNode" and endpoint.get("nodeName"):
        hints["forNodes"] = [{"name": endpoint["nodeName"]}]
    if (endpoint.get("hints") or {}) == hints:
        return endpoint
    bare = {name: value for name, value in endpoint.items() if name != "hints"}
    return {**bare, "hints": hints} if hints else bare


# Writing.


def _write(service: Obj, changes: Changes, triggered: str) -> Generator[Action, Outcome, str]:
    """Carry out the changes; a slice that would go is rather made into one that is needed.

    What is written says that it follows a change at the time `triggered`.
    """
    creates, updates, deletes = list(changes.create), list(changes.update), []
    for one in changes.delete:
        if creates and one["addressType"] == creates[-1]["addressType"] and _is_owned_by(one, service):
            new = creates.pop()
            updates.append({**new, "metadata": {**new["metadata"], "name": one["metadata"]["name"]}})
        else:
            deletes.append(one)
    namespace, name = key_of(service)
    if not is_terminating(service):
        for one in creates:
            try:
                yield Create("EndpointSlice", _triggered(one, triggered))
            except ApiError as error:
                if any(cause.reason == "NamespaceTerminating" for cause in error.causes):
                    return ""
                return f"failed to create EndpointSlice for Service {namespace}/{name}: {error.message}"
    for one in updates:
        try:
            yield Update("EndpointSlice", _triggered(one, triggered))
        except ApiError as error:
            slice_name = one["metadata"]["name"]
            return (
                f"failed to update {slice_name} EndpointSlice for Service {namespace}/{name}: {error.message}"
            )
    for one in deletes:
        why = yield from _delete(one)
        if why:
            slice_name = one["metadata"]["name"]
            return f"failed to delete {slice_name} EndpointSlice for Service {namespace}/{name}: {why}"
    return ""


def _triggered(endpoint_slice: Obj, time: str) -> Obj:
    return {**endpoint_slice, "metadata": with_trigger_time(endpoint_slice["metadata"], time)}


def _delete(endpoint_slice: Obj) -> Generator[Action, Outcome, str]:
    """Delete a slice. Why that was refused; one that is gone already is no better."""
    try:
        yield Delete("EndpointSlice", key_of(endpoint_slice))
    except ApiError as error:
        return error.message
    return ""


def _services_of_slice(change: Change, view: View) -> list[Key]:
    """The Service to look at after a slice was changed: its own writes lead to a look that finds nothing."""
    keys: list[Key] = []
    for one in (change.old, change.new):
        if one is None or labels_of(one).get(MANAGED_BY_LABEL) != CONTROLLER_NAME:
            continue
        name = labels_of(one).get(SERVICE_NAME_LABEL)
        if name and (change.key[0], name) not in keys:
            keys.append((change.key[0], name))
    return keys


def _overloaded_services(change: Change, view: View) -> list[Key]:
    """The Services that give some zone too few endpoints, after a node has changed its zone's share."""
    old, new = change.old, change.new
    if old is not None and new is not None and _zone_facts(old) == _zone_facts(new):
        return []
    wanted = [one for one in view.list("Service") if topology.is_wanted(one)]
    ratios = topology.cpu_ratios(view.list("Node")) if wanted else {}
    return [key_of(one) for one in wanted if _is_overloaded(view, one, ratios)]


def _is_overloaded(view: View, service: Obj, ratios: dict[str, float]) -> bool:
    slices = slices_of(view, service)
    kinds = dict.fromkeys(one["addressType"] for one in slices)
    by_kind = (topology.zones_of(one for one in slices if one["addressType"] == kind) for kind in kinds)
    return any(topology.is_overloaded(zones, ratios) for zones in by_kind)


def _zone_facts(node: Obj) -> tuple[object, ...]:
    """By which of a node's facts shares are reckoned anew."""
    return condition_is(node, "Ready"), labels_of(node).get(topology.ZONE)


CONTROLLER = Component(
    name="endpoint-slice-controller",
    watches=(
        Watch("Service"),
        Watch("Pod", services_of_pod, aspects=OF_ENDPOINTS),
        Watch("EndpointSlice", _services_of_slice),
        Watch("Node", _overloaded_services),
    ),
    plan=plan,
    retry_base_us=SECOND_US,
    retry_max_us=1000 * SECOND_US,
)
