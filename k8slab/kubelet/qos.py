"""A Pod's quality of service class.

Models pkg/apis/core/v1/helper/qos/qos.go (ComputePodQOS), v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.quantities import nano

_COMPUTE = ("cpu", "memory")


def qos_class(spec: Obj) -> str:
    """Guaranteed, Burstable or BestEffort."""
    pod_level = spec.get("resources")
    if pod_level:
        return _class_of([pod_level])
    containers = (*spec["containers"], *(spec.get("initContainers") or ()))
    if not any(container.get("resources") for container in containers):
        return "BestEffort"
    return _class_of([container.get("resources") or {} for container in containers])


def _class_of(resources: list[Obj]) -> str:
    requests: dict[str, int] = {}
    limits: dict[str, int] = {}
    limited_everywhere = True
    for one in resources:
        found = 0
        for name in _COMPUTE:
            request = nano(str((one.get("requests") or {}).get(name, "0")))
            limit = nano(str((one.get("limits") or {}).get(name, "0")))
            if request > 0:
                requests[name] = requests.get(name, 0) + request
            if limit > 0:
                limits[name] = limits.get(name, 0) + limit
                found += 1
        limited_everywhere = limited_everywhere and found == len(_COMPUTE)
    if not requests and not limits:
        return "BestEffort"
    equal = all(limits.get(name) == request for name, request in requests.items())
    if limited_everywhere and equal and len(requests) == len(limits):
        return "Guaranteed"
    return "Burstable"
