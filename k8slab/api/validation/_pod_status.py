"""The status of a Pod: conditions, IPs, and containers that stay ended.

Models pkg/apis/core/validation/validation.go (ValidatePodStatusUpdate), v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.errors import Cause
from k8slab.api.memo import remember, remember_with
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    IMMUTABLE,
    all_invalid,
    duplicate,
    enumerated,
    forbidden,
    invalid,
    required,
)
from k8slab.api.validation._ip import is_dual_stack, legacy_ip
from k8slab.api.validation._names import dns_label, dns_subdomain, label_key, user_id

_SYSTEM_CONDITIONS = ("PodScheduled", "Ready", "Initialized")
_GOOD_CONDITIONS = (*_SYSTEM_CONDITIONS, "ContainersReady", "PodReadyToStartContainers")
"""Those that every Pod has, whose names need no check."""
_STATUS_LISTS = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


def validate_pod_status(new: Obj, old: Obj) -> list[Cause]:
    """What a new status may say, given the old one."""
    after, before = new.get("status") or {}, old.get("status") or {}
    if after is before:
        return []
    causes: list[Cause] = []
    if after.get("conditions"):
        causes += _validate_conditions(after["conditions"])
    if new.get("spec") is not old.get("spec") or after.get("nominatedNodeName"):
        causes += _validate_node(new, old, after, before)
    if (after.get("observedGeneration") or 0) < 0:
        number = after["observedGeneration"]
        causes.append(invalid("status.observedGeneration", number, "must be a non-negative integer"))
    quality = after.get("qosClass") or ""
    if quality != (before.get("qosClass") or ""):
        causes.append(invalid("status.qosClass", quality, IMMUTABLE))
    causes += _validate_transitions(old.get("spec") or {}, after, before)
    if after.get("resourceClaimStatuses"):
        causes += _validate_claims(after["resourceClaimStatuses"], new.get("spec") or {})
    if after.get("extendedResourceClaimStatus") is not None:
        causes += _validate_extended_claim(after["extendedResourceClaimStatus"], new.get("spec") or {})
    for name in ("podIPs", "hostIPs"):
        if after.get(name) is not before.get(name):
            causes += _validate_ips(after, before, name)
    return causes + _validate_users(after, new.get("spec") or {})


@remember
def _validate_conditions(conditions: Sequence[Obj]) -> list[Cause]:
    """What is wrong with the conditions; Pods that were started together share them."""
    causes: list[Cause] = []
    for index, condition in enumerate(conditions):
        if condition.get("type") not in _GOOD_CONDITIONS or (condition.get("observedGeneration") or 0) < 0:
            causes += _validate_condition(condition, f"status.conditions[{index}]")
    return causes


def _validate_condition(condition: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    number, kind = condition.get("observedGeneration") or 0, condition.get("type") or ""
    if number < 0:
        causes.append(invalid(f"{path}.observedGeneration", number, "must be a non-negative integer"))
    if kind not in _SYSTEM_CONDITIONS:
        causes += all_invalid(f"{path}.Type", kind, label_key(kind))
    return causes


def _validate_node(new: Obj, old: Obj, after: Obj, before: Obj) -> list[Cause]:
    causes: list[Cause] = []
    bound = (old.get("spec") or {}).get("nodeName") or ""
    if new.get("spec") is not old.get("spec") and ((new.get("spec") or {}).get("nodeName") or "") != bound:
        causes.append(forbidden("status.nodeName", "may not be changed directly"))
    name = after.get("nominatedNodeName") or ""
    if name and name != (before.get("nominatedNodeName") or ""):
        causes += all_invalid("status.nominatedNodeName", name, dns_subdomain(name))
        if bound:
            detail = "may not be set on pods that are already bound to a node"
            causes.append(forbidden("status.nominatedNodeName", detail))
    return causes


def _validate_transitions(spec: Obj, after: Obj, before: Obj) -> list[Cause]:
    """A container that has ended and is not to be restarted stays ended."""
    causes: list[Cause] = []
    for list_name, containers in (
        ("containerStatuses", "containers"),
        ("initContainerStatuses", "initContainers"),
    ):
        old = before.get(list_name)
        if not old:
            continue
        revived = _revived(after.get(list_name) or (), old)
        if not revived or _all_could_restart(spec):
            continue
        by_name = {(one or {}).get("name"): one or {} for one in spec.get(containers) or ()}
        for index, status in revived:
            container = by_name.get(status.get("name"), {})
            code = status["state"]["terminated"].get("exitCode") or 0
            if not container or not _should_restart(container, spec, code, containers == "initContainers"):
                detail = "may not be transitioned to non-terminated state"
                causes.append(forbidden(f"status.{list_name}[{index}].state", detail))
    name = "ephemeralContainerStatuses"
    if not before.get(name):
        return causes
    for index, _ in _revived(after.get(name) or (), before[name]):
        detail = "may not be transitioned to non-terminated state"
        causes.append(forbidden(f"status.{name}[{index}].state", detail))
    return causes


def _revived(new: Sequence[Obj], old: Sequence[Obj]) -> list[tuple[int, Obj]]:
    """The old statuses, with their positions, that had ended and have not any more."""
    if new is old:
        return []
    found: list[tuple[int, Obj]] = []
    for index, status in enumerate(old):
        if (status.get("state") or {}).get("terminated") is None:
            continue
        for other in new:
            if other.get("name") == status.get("name"):
                if (other.get("state") or {}).get("terminated") is None:
                    found.append((index, status))
                break
    return found


def _all_could_restart(spec: Obj) -> bool:
    """Whether a container's rules can restart all the others."""
    return any(
        rule.get("action") == "RestartAllContainers"
        for name in ("containers", "initContainers")
        for container in spec.get(name) or ()
        for rule in (container or {}).get("restartPolicyRules") or ()
    )


def _should_restart(container: Obj, spec: Obj, code: int, is_init: bool) -> bool:
    """Whether a container that ended with this exit code may run again."""
    for rule in container.get("restartPolicyRules") or ():
        codes = rule.get("exitCodes") or {}
        inside = code in (codes.get("values") or ())
        if rule.get("action") == "Restart" and inside == (codes.get("operator") == "In"):
            return True
    policy = container.get("restartPolicy") or spec.get("restartPolicy")
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def _validate_claims(statuses: Sequence[Obj], spec: Obj) -> list[Cause]:
    causes: list[Cause] = []
    known = [claim.get("name") for claim in spec.get("resourceClaims") or ()]
    seen: list[str] = []
    for index, status in enumerate(statuses):
        path, name = f"status.resourceClaimStatuses[{index}]", status.get("name") or ""
        if name not in known:
            detail = "must match the name of an entry in `spec.resourceClaims`"
            causes.append(invalid(f"{path}.name", name, detail))
        if name in seen:
            causes.append(duplicate(f"{path}.name", name))
        seen.append(name)
        claim = status.get("resourceClaimName")
        if claim is not None:
            causes += all_invalid(f"{path}.resourceClaimName", claim, dns_subdomain(claim))
    return causes


_UNREQUESTED = (
    "must match the extended resource name of an entry in spec.initContainers.resources.requests or "
    "spec.containers.resources.requests"
)
_NO_CONTAINER = "must match the name of an entry in spec.initContainers.name or spec.containers.name"


def _validate_extended_claim(status: Obj, spec: Obj) -> list[Cause]:
    """The claim that was made for extended resources: which container's request is served by which of its."""
    path = "status.extendedResourceClaimStatus"
    mappings = status.get("requestMappings") or ()
    causes = []
    if not mappings:
        causes.append(required(f"{path}.requestMappings", "at least one request mapping is required"))
    all_containers = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    containers = {one.get("name"): one for one in all_containers}
    fields = ("containerName", "resourceName", "requestName")
    seen: list[tuple[str, ...]] = []
    for index, mapping in enumerate(mappings):
        where = f"{path}.requestMappings[{index}]"
        said = tuple(mapping.get(name) or "" for name in fields)
        container, resource, asked = said
        if container not in containers:
            causes.append(invalid(f"{where}.containerName", container, _NO_CONTAINER))
        elif resource not in ((containers[container].get("resources") or {}).get("requests") or {}):
            causes.append(invalid(f"{where}.resourceName", resource, _UNREQUESTED))
        causes += all_invalid(f"{path}.requestName", asked, dns_label(asked))
        if said in seen:
            causes += [duplicate(f"{where}.{name}", one) for name, one in zip(fields, said)]
        seen.append(said)
    claim = status.get("resourceClaimName") or ""
    if not claim:
        causes.append(required(f"{path}.resourceClaimName"))
    return causes + (all_invalid(f"{path}.resourceClaimName", claim, dns_subdomain(claim)) if claim else [])


def _validate_ips(after: Obj, before: Obj, name: str) -> list[Cause]:
    addresses = after.get(name) or ()
    if not addresses or addresses is before.get(name):
        return []
    path = f"status.{name}"
    causes: list[Cause] = []
    texts = [one.get("ip") or "" for one in addresses]
    if name == "hostIPs" and (after.get("hostIP") or "") != texts[0]:
        causes.append(invalid(f"{path}[0].ip", texts[0], "must be equal to `hostIP`"))
    accepted = [one.get("ip") or "" for one in before.get(name) or ()]
    for index, text in enumerate(texts):
        causes += legacy_ip(f"{path}[{index}]", text, accepted)
    if len(texts) > 1 and (len(texts) > 2 or not is_dual_stack(texts)):
        shown = [{"IP": text} for text in texts]
        causes.append(invalid(path, shown, "may specify no more than one IP for each IP family"))
    return causes


def _validate_users(status: Obj, spec: Obj) -> list[Cause]:
    """The user that a container runs as, and the health of its devices."""
    causes: list[Cause] = []
    system = (spec.get("os") or {}).get("name") or "linux"
    for name in _STATUS_LISTS:
        if name not in status:
            continue
        for index, container in enumerate(status[name] or ()):
            if not container.get("user") and not container.get("allocatedResourcesStatus"):
                continue
            path = f"status.{name}[{index}]"
            user = (container.get("user") or {}).get("linux")
            if user is not None and system == "windows":
                causes.append(forbidden(f"{path}.user.linux", "cannot be set for a windows pod"))
            elif user is not None:
                causes += _validate_linux_user(user, f"{path}.user.linux")
            for number, resource in enumerate(container.get("allocatedResourcesStatus") or ()):
                where = f"{path}.allocatedResourcesStatus[{number}]"
                causes += _validate_health(resource, where)
    return causes


@remember_with
def _validate_linux_user(user: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for name in ("uid", "gid"):
        number = user.get(name) or 0
        causes += all_invalid(f"{path}.{name}", number, user_id(number))
    for index, group in enumerate(user.get("supplementalGroups") or ()):
        causes += all_invalid(f"{path}.supplementalGroups[{index}]", group, user_id(group))
    return causes


def _validate_health(resource: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, device in enumerate(resource.get("resources") or ()):
        states = ("Healthy", "Unhealthy", "Unknown")
        where = f"{path}.resources[{index}].health"
        causes += enumerated(device.get("health"), where, states, is_required=False)
    return causes
