"""What the controllers of Services' endpoints share: which Pods, which ports, which Services to look at.

Models staging/src/k8s.io/endpointslice/{utils.go,util/controller_utils.go} and
pkg/api/v1/endpoints/util.go, v1.36.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from k8slab.api.meta import Key, Obj, condition_of, is_terminating, key_of, labels_of
from k8slab.api.selectors import from_labels
from k8slab.controllers._pods import is_ready, is_terminal
from k8slab.store.aspects import ADDRESSES, CREATED, DELETION, LABELS, READINESS, REMOVED
from k8slab.store.view import Change, View

HEADLESS_LABEL = "service.kubernetes.io/headless"
SERVICE_NAME_LABEL = "kubernetes.io/service-name"
MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by"
TRIGGER_TIME_ANNOTATION = "endpoints.kubernetes.io/last-change-trigger-time"

MAX_RETRIES = 15
"""How often a Service whose endpoints can't be written is tried again before it is dropped."""

Port = tuple[str, str, int, str | None]
"""A port of endpoints: name, protocol, number, application protocol."""


# Pods.


def pod_addresses(pod: Obj) -> list[str]:
    """The Pod's addresses, of either family."""
    status = pod.get("status") or {}
    found = [one["ip"] for one in status.get("podIPs") or () if one.get("ip")]
    return found or ([status["podIP"]] if status.get("podIP") else [])


@lru_cache(maxsize=65536)
def address_type(address: str) -> str:
    """`IPv4` or `IPv6`; an empty text for what is no address."""
    try:
        return f"IPv{ipaddress.ip_address(address).version}"
    except ValueError:
        return ""


def belongs_in_endpoints(pod: Obj, include_terminating: bool) -> bool:
    """Whether a selected Pod has endpoints: it has an address, and has not finished."""
    if is_terminal(pod) or not pod_addresses(pod):
        return False
    return include_terminating or not is_terminating(pod)


def has_host_name(pod: Obj, service: Obj) -> bool:
    """Whether the Pod has a DNS name of its own under this Service."""
    spec = pod["spec"]
    return bool(spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"])


def target_of(pod: Obj) -> Obj:
    """The reference by which endpoints point at a Pod."""
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }


def selected_pods(view: View, service: Obj) -> list[Obj]:
    """The Pods that the Service's selector fits."""
    namespace = service["metadata"]["namespace"]
    return list(view.list("Pod", namespace=namespace, selector=from_labels(service["spec"]["selector"])))


# When the change happened that endpoints follow.


class Triggers(NamedTuple):
    """The times of a Service and of its Pods that were seen last (`ServiceState`)."""

    service: str
    pods: Mapping[str, str]


def triggers_of(service: Obj, pods: Sequence[Obj]) -> Triggers:
    """When a Service was made, and when each of its Pods became ready, or no longer was."""
    found: dict[str, str] = {}
    for pod in pods:
        ready = condition_of(pod, "Ready")
        if ready is not None and ready.get("lastTransitionTime"):
            found[pod["metadata"]["name"]] = ready["lastTransitionTime"]
    return Triggers(service["metadata"]["creationTimestamp"], found)


def trigger_time(seen: Triggers | None, now: Triggers) -> str:
    """The earliest change since the last look; that of the Service at the first one; or empty.

    Models staging/src/k8s.io/endpointslice/util/trigger_time_tracker.go, v1.36.
    """
    if seen is None:
        return now.service
    times = [time for name, time in now.pods.items() if time > seen.pods.get(name, "")]
    if now.service > seen.service:
        times.append(now.service)
    return min(times, default="")


def with_trigger_time(metadata: Obj, time: str) -> Obj:
    """Metadata whose annotation says when the change happened, or says nothing of it."""
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(TRIGGER_TIME_ANNOTATION, None)
    if time:
        annotations[TRIGGER_TIME_ANNOTATION] = time
    rest = {name: value for name, value in metadata.items() if name != "annotations"}
    return {**rest, "annotations": annotations} if annotations else rest


# Ports.


def is_headless(service: Obj) -> bool:
    """Whether the Service has no cluster IP."""
    return service["spec"].get("clusterIP", "") in ("", "None")


def ports_of(service: Obj, pod: Obj) -> list[Port]:
    """The ports that the Service reaches at a Pod; a named port that the Pod lacks is left out."""
    found: list[Port] = []
    for port in service["spec"].get("ports") or ():
        number = find_port(pod, port)
        if number is not None:
            found.append((port.get("name", ""), port["protocol"], number, port.get("appProtocol")))
    return found


def find_port(pod: Obj, service_port: Obj) -> int | None:
    """The container port that a Service's port means; None where the Pod has none of that name."""
    target = service_port.get("targetPort", service_port["port"])
    if isinstance(target, int):
        return target
    protocol = service_port.get("protocol", "TCP")
    spec = pod["spec"]
    sidecars = [one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"]
    for container in (*(spec.get("containers") or ()), *sidecars):
        for port in container.get("ports") or ():
            if port.get("name") == target and port.get("protocol", "TCP") == protocol:
                number: int = port["containerPort"]
                return number
    return None


def port_object(port: Port) -> Obj:
    """A port as EndpointSlices and Endpoints write it."""
    name, protocol, number, application = port
    written: Obj = {"name": name, "port": number, "protocol": protocol}
    if application is not None:
        written["appProtocol"] = application
    return written


_FNV_128_OFFSET = 0x6C62272E07BB014262B821756295C58D
_FNV_128_PRIME = 0x0000000001000000000000000000013B
_MASK_128 = (1 << 128) - 1


def _fnv_128a(text: str) -> int:
    """The hash by which upstream orders ports and subsets."""
    value = _FNV_128_OFFSET
    for byte in text.encode():
        value = (value ^ byte) * _FNV_128_PRIME & _MASK_128
    return value


@lru_cache(maxsize=4096)
def slice_port_order(port: Port) -> int:
    """Where an EndpointSlice lists a port: by the hash of its Go value as upstream prints it."""
    name, protocol, number, application = port
    text = "(*string)<nil>" if application is None else f"(*string){application}"
    return _fnv_128a(
        f"(v1.EndpointPort){{Name:(*string){name} Protocol:(*v1.Protocol){protocol} "
        f"Port:(*int32){number} AppProtocol:{text}}}"
    )


@lru_cache(maxsize=4096)
def endpoints_port_order(port: Port) -> int:
    """Where an Endpoints object lists a port: by the hash of its Go value as upstream prints it."""
    return _fnv_128a(f"(v1.EndpointPort){_go_port(port)}")


def _go_port(port: Port) -> str:
    name, protocol, number, application = port
    shown = "<nil>" if application is None else application
    return (
        f"{{Name:(string){name} Port:(int32){number} "
        f"Protocol:(v1.Protocol){protocol} AppProtocol:(*string){shown}}}"
    )


# Whom a changed Pod concerns.

OF_ENDPOINTS = CREATED | REMOVED | LABELS | DELETION | READINESS | ADDRESSES
"""What of a Pod the endpoints of a Service can change by."""


def services_of_pod(change: Change, view: View) -> list[Key]:
    """The Services whose endpoints a Pod's change may alter (`GetPodUpdateProjectionKey`)."""
    old, new = change.old, change.new
    labels_changed = pod_changed = True
    if old is not None and new is not None:
        labels_changed, pod_changed = _labels_changed(old, new), _endpoint_changed(old, new)
        if not labels_changed and not pod_changed:
            return []
    services = [one for one in view.list("Service", namespace=change.key[0]) if one["spec"].get("selector")]
    if not services:
        return []
    before = _matching(services, old)
    after = _matching(services, new)
    if not labels_changed:
        return after
    if pod_changed:
        return [*after, *(key for key in before if key not in after)]
    return [
        *(key for key in after if key not in before),
        *(key for key in before if key not in after),
    ]


def _labels_changed(old: Obj, new: Obj) -> bool:
    before, after = old["metadata"].get("labels"), new["metadata"].get("labels")
    if before is not after and before != after:
        return True
    if old["spec"] is new["spec"]:
        return False
    return any(old["spec"].get(name) != new["spec"].get(name) for name in ("hostname", "subdomain"))


def _endpoint_changed(old: Obj, new: Obj) -> bool:
    if is_terminating(new) or is_terminating(old):
        return True
    if old.get("status") is new.get("status"):
        return False
    return is_ready(old) != is_ready(new) or pod_addresses(old) != pod_addresses(new)


def _matching(services: Iterable[Obj], pod: Obj | None) -> list[Key]:
    """The Services that select a Pod, if there is one."""
    if pod is None:
        return []
    labels = labels_of(pod)
    return [
        key_of(service)
        for service in services
        if all(labels.get(name) == value for name, value in service["spec"]["selector"].items())
    ]


def sorted_addresses(addresses: Iterable[Obj]) -> list[Obj]:
    """Addresses by IP and, where that is the same, by the uid of their target."""
    return sorted(addresses, key=lambda one: (one["ip"], (one.get("targetRef") or {}).get("uid", "")))


def repack_subsets(subsets: Iterable[Obj]) -> list[Obj]:
    """Subsets in the one form that says the same: each port with all of its addresses (`RepackSubsets`).

    Ports with the same addresses share a subset. An address that is not ready
    in any subset of a port is not ready.
    """
    addresses: dict[tuple[str, str], Obj] = {}
    ready_by_port: dict[Port | None, dict[tuple[str, str], bool]] = {}
    for subset in subsets:
        ports: list[Port | None] = [_port_tuple(port) for port in subset.get("ports") or ()]
        for port in ports or [None]:
            for field, ready in (("addresses", True), ("notReadyAddresses", False)):
                for address in subset.get(field) or ():
                    identity = (address["ip"], (address.get("targetRef") or {}).get("uid", ""))
                    addresses.setdefault(identity, address)
                    # A port without any address is dropped.
                    states = ready_by_port.setdefault(port, {})
                    states[identity] = states.get(identity, True) and ready
    ports_by_states: dict[tuple[tuple[tuple[str, str], bool], ...], list[Port]] = {}
    for port, states in ready_by_port.items():
        shared = ports_by_states.setdefault(tuple(sorted(states.items())), [])
        if port is not None:
            shared.append(port)
    packed = []
    for entries, shared in ports_by_states.items():
        subset = {}
        for field, wanted in (("addresses", True), ("notReadyAddresses", False)):
            found = [addresses[identity] for identity, ready in entries if ready is wanted]
            if found:
                subset[field] = sorted_addresses(found)
        if shared:
            subset["ports"] = [_endpoints_port(port) for port in sorted(shared, key=endpoints_port_order)]
        packed.append(subset)
    return sorted(packed, key=_subset_order) if len(packed) > 1 else packed


def _port_tuple(port: Obj) -> Port:
    return (port.get("name", ""), port.get("protocol", "TCP"), port["port"], port.get("appProtocol"))


def _endpoints_port(port: Port) -> Obj:
    written = port_object(port)
    if not written["name"]:
        del written["name"]
    return written


def _subset_order(subset: Obj) -> int:
    """Where upstream lists a subset: by the hash of its Go value as upstream prints it (`subsetsByHash`)."""
    addresses, unready = (_go_addresses(subset.get(name)) for name in ("addresses", "notReadyAddresses"))
    ports = " ".join(_go_port(_port_tuple(one)) for one in subset.get("ports") or ())
    return _fnv_128a(
        f"(v1.EndpointSubset){{Addresses:{addresses} NotReadyAddresses:{unready} "
        f"Ports:([]v1.EndpointPort){f'[{ports}]' if ports else '<nil>'}}}"
    )


def _go_addresses(addresses: Sequence[Obj] | None) -> str:
    if not addresses:
        return "([]v1.EndpointAddress)<nil>"
    return f"([]v1.EndpointAddress)[{' '.join(_go_address(one) for one in addresses)}]"


def _go_address(address: Obj) -> str:
    node_name, target = address.get("nodeName"), address.get("targetRef")
    shown = "<nil>" if node_name is None else node_name
    return (
        f"{{IP:(string){address['ip']} Hostname:(string){address.get('hostname', '')} "
        f"NodeName:(*string){shown} TargetRef:(*v1.ObjectReference){_go_reference(target)}}}"
    )


def _go_reference(target: Obj | None) -> str:
    if target is None:
        return "<nil>"
    fields = (
        ("Kind:(string)", "kind"),
        ("Namespace:(string)", "namespace"),
        ("Name:(string)", "name"),
        ("UID:(types.UID)", "uid"),
        ("APIVersion:(string)", "apiVersion"),
        ("ResourceVersion:(string)", "resourceVersion"),
        ("FieldPath:(string)", "fieldPath"),
    )
    return f"{{{' '.join(shown + target.get(name, '') for shown, name in fields)}}}"
