"""Endpoints: the older, single list of the addresses behind each Service, of at most a thousand.

Models pkg/controller/endpoint/endpoints_controller.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, annotations_of, key_of, labels_of
from k8slab.components import Action, Component, Create, Delete, Done, Memory, Plan, Record, Update, Watch
from k8slab.controllers._endpoints import (
    HEADLESS_LABEL,
    MAX_RETRIES,
    OF_ENDPOINTS,
    Triggers,
    address_type,
    belongs_in_endpoints,
    has_host_name,
    is_headless,
    pod_addresses,
    port_object,
    ports_of,
    repack_subsets,
    selected_pods,
    services_of_pod,
    target_of,
    trigger_time,
    triggers_of,
    with_trigger_time,
)
from k8slab.controllers._pods import is_ready
from k8slab.store.view import Change, View

MAX_ADDRESSES = 1000
MANAGED_BY_LABEL = "endpoints.kubernetes.io/managed-by"
CONTROLLER_NAME = "endpoint-controller"
OVER_CAPACITY_ANNOTATION = "endpoints.kubernetes.io/over-capacity"


class Known(NamedTuple):
    """What is remembered of a Service: what it and its Pods were, and how often writing failed."""

    triggers: Triggers | None = None
    failures: int = 0


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Bring the Endpoints of one Service up to date with its Pods. `memory` is what is `Known`."""
    service = view.get("Service", key)
    current = view.get("Endpoints", key)
    if service is None:
        if current is not None:
            yield Delete("Endpoints", key)
        return Done(memory=None, why="the Service is gone")
    if service["spec"].get("type") == "ExternalName":
        return Done(why="an ExternalName Service has no endpoints")
    if not service["spec"].get("selector"):
        return Done(why="endpoints of a Service without a selector are made by others")
    known: Known = memory or Known()
    pods = selected_pods(view, service)
    triggers = triggers_of(service, pods)
    subsets = repack_subsets(_subsets(service, pods))
    wanted = _endpoints(service, current, subsets, trigger_time(known.triggers, triggers))
    if current is not None and _is_current(current, service, subsets):
        return Done(memory=Known(triggers), why="the Endpoints are up to date")
    try:
        yield _write_action(wanted, current)
    except ApiError as error:
        if current is None and any(cause.reason == "NamespaceTerminating" for cause in error.causes):
            return Done(memory=Known(triggers), why="the namespace is terminating")
        yield _failure(service, wanted, current, error)
        failures = known.failures + 1
        if failures > MAX_RETRIES:
            return Done(memory=Known(triggers), why=f"retry budget exceeded: {error.message}")
        return Done(memory=Known(triggers, failures), error=error.message)
    return Done(memory=Known(triggers))


def _write_action(wanted: Obj, current: Obj | None) -> Action:
    return Create("Endpoints", wanted) if current is None else Update("Endpoints", wanted)


def _failure(service: Obj, wanted: Obj, current: Obj | None, error: ApiError) -> Record:
    namespace, name = key_of(service)
    if current is None:
        message = f"Failed to create endpoint for service {namespace}/{name}: {error.message}"
        return Record(wanted, "Warning", "FailedToCreateEndpoint", message)
    message = f"Failed to update endpoint {namespace}/{name}: {error.message}"
    return Record(wanted, "Warning", "FailedToUpdateEndpoint", message)


def _family(service: Obj, pod: Obj) -> str:
    """The one address family that the Service's Endpoints list."""
    families = service["spec"].get("ipFamilies")
    if families:
        return str(families[0])
    if not is_headless(service):
        return address_type(service["spec"]["clusterIP"])
    return address_type((pod.get("status") or {}).get("podIP", "")) or "IPv4"


def _subsets(service: Obj, pods: Sequence[Obj]) -> list[Obj]:
    """One subset a Pod and port, still to be packed."""
    publish = bool(service["spec"].get("publishNotReadyAddresses"))
    found: list[Obj] = []
    for pod in pods:
        if not belongs_in_endpoints(pod, include_terminating=publish):
            continue
        family = _family(service, pod)
        address = next((one for one in pod_addresses(pod) if address_type(one) == family), None)
        if address is None:
            continue
        entry: Obj = {"ip": address, "targetRef": target_of(pod)}
        if has_host_name(pod, service):
            entry["hostname"] = pod["spec"]["hostname"]
        if pod["spec"].get("nodeName"):
            entry["nodeName"] = pod["spec"]["nodeName"]
        field = "addresses" if publish or is_ready(pod) else "notReadyAddresses"
        if not service["spec"].get("ports"):
            if service["spec"].get("clusterIP") == "None":
                found.append({field: [entry]})
            continue
        found += [{field: [entry], "ports": [port_object(port)]} for port in ports_of(service, pod)]
    return found


def _endpoints(service: Obj, current: Obj | None, subsets: list[Obj], triggered: str) -> Obj:
    """The Endpoints object that there should be, after a change at the time `triggered`."""
    namespace, name = key_of(service)
    metadata: Obj = {"name": name, "namespace": namespace}
    if current is not None:
        metadata = dict(current["metadata"])
    labels = {one: value for one, value in labels_of(service).items() if one != HEADLESS_LABEL}
    if is_headless(service):
        labels[HEADLESS_LABEL] = ""
    metadata["labels"] = {**labels, MANAGED_BY_LABEL: CONTROLLER_NAME}
    kept, truncated = truncate(subsets)
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(OVER_CAPACITY_ANNOTATION, None)
    if truncated:
        annotations[OVER_CAPACITY_ANNOTATION] = "truncated"
    if annotations:
        metadata["annotations"] = annotations
    else:
        metadata.pop("annotations", None)
    metadata = with_trigger_time(metadata, triggered)
    endpoints: Obj = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}
    if kept:
        endpoints["subsets"] = kept
    return endpoints


def _is_current(current: Obj, service: Obj, subsets: list[Obj]) -> bool:
    """Whether the stored object says the same already: its addresses, labels and capacity.

    Where some addresses were left out it never does: upstream compares with all that there should be.
    """
    stored = current.get("subsets") or []
    return (
        (stored == subsets or repack_subsets(stored) == subsets)
        and has_labels_of(current, service)
        and _count(stored) <= MAX_ADDRESSES
        and OVER_CAPACITY_ANNOTATION not in annotations_of(current)
    )


def has_labels_of(endpoints: Obj, service: Obj) -> bool:
    """Whether the labels are those of the Service and the manager's; that of headless ones doesn't count.

    Models `labelsCorrectForEndpoints`: a Service that itself has one of the two is never served right.
    """
    given = labels_of(endpoints)
    copied = {name: value for name, value in given.items() if name not in (HEADLESS_LABEL, MANAGED_BY_LABEL)}
    return given.get(MANAGED_BY_LABEL) == CONTROLLER_NAME and copied == labels_of(service)


def _count(subsets: Sequence[Obj]) -> int:
    return sum(len(one.get("addresses") or ()) + len(one.get("notReadyAddresses") or ()) for one in subsets)


def truncate(subsets: list[Obj]) -> tuple[list[Obj], bool]:
    """Subsets with at most a thousand addresses, and whether any were left out.

    Ready addresses come first; each subset keeps its share, rounded up
    (`truncateEndpoints`).
    """
    ready = sum(len(one.get("addresses") or ()) for one in subsets)
    unready = _count(subsets) - ready
    if ready + unready <= MAX_ADDRESSES:
        return subsets, False
    cuts_ready = ready > MAX_ADDRESSES
    field = "addresses" if cuts_ready else "notReadyAddresses"
    room = MAX_ADDRESSES if cuts_ready else MAX_ADDRESSES - ready
    total = ready if cuts_ready else unready
    left = room
    kept = []
    for subset in subsets:
        addresses = subset.get(field) or []
        share = min(-(-len(addresses) * room // total), left)
        left -= min(share, len(addresses))
        cut = {name: value for name, value in subset.items() if name not in (field, "notReadyAddresses")}
        if not cuts_ready and subset.get("addresses"):
            cut["addresses"] = subset["addresses"]
        if addresses[:share]:
            cut[field] = addresses[:share]
        kept.append(cut)
    return kept, True


def _service_of_deleted(change: Change, view: View) -> list[Key]:
    """The Service whose Endpoints somebody deleted."""
    return [change.key] if change.new is None else []


CONTROLLER = Component(
    name=CONTROLLER_NAME,
    watches=(
        Watch("Service"),
        Watch("Pod", services_of_pod, aspects=OF_ENDPOINTS),
        Watch("Endpoints", _service_of_deleted),
    ),
    plan=plan,
)
