"""The downward API: a Pod's own fields and resources as texts.

Models pkg/fieldpath/fieldpath.go, pkg/api/v1/resource/helpers.go and
pkg/kubelet/kubelet_resources.go (defaultPodLimitsForDownwardAPI), v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from k8slab.api.meta import Obj, annotations_of, labels_of
from k8slab.api.quantities import nano
from k8slab.store.view import View

_DEFAULTED = ("cpu", "memory", "ephemeral-storage")
_MILLI = 1_000_000
_UNIT = 1_000_000_000


def field_of(pod: Obj, path: str) -> str:
    """A field of the Pod (`ExtractFieldPathAsString`)."""
    head, bracket, rest = path.partition("['")
    if bracket and rest.endswith("']"):
        table = labels_of(pod) if head == "metadata.labels" else annotations_of(pod)
        return table.get(rest[:-2], "")
    if path in ("metadata.labels", "metadata.annotations"):
        return _listed(labels_of(pod) if path.endswith("labels") else annotations_of(pod))
    status = pod.get("status") or {}
    values = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "metadata.uid": pod["metadata"]["uid"],
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", "default"),
        "status.hostIP": status.get("hostIP", ""),
        "status.podIP": status.get("podIP", ""),
        "status.podIPs": status.get("podIP", ""),
        "status.hostIPs": status.get("hostIP", ""),
    }
    return str(values.get(path, ""))


def _listed(table: Mapping[str, str]) -> str:
    """Labels or annotations, one a line, with Go's quotes (`FormatMap`)."""
    return "\n".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in sorted(table.items())
    )


def resource_of(view: View, pod: Obj, container: Obj, reference: Obj) -> str:
    """A container's request or limit in units of the divisor, rounded up.

    A limit that a container doesn't have is what the node has to give.
    """
    where, _, name = reference["resource"].partition(".")
    spec = container
    wanted = reference.get("containerName")
    if wanted:
        every = (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ()))
        spec = next((one for one in every if one["name"] == wanted), container)
    amount = nano(str(((spec.get("resources") or {}).get(where) or {}).get(name, "0")))
    if not amount and where == "limits" and name in _DEFAULTED:
        node = view.get("Node", ("", pod["spec"].get("nodeName", "")))
        allocatable = ((node or {}).get("status") or {}).get("allocatable") or {}
        amount = nano(str(allocatable.get(name, "0")))
    divisor = nano(str(reference.get("divisor") or "1")) or _UNIT
    # Processors are divided by their thousandths, all else by whole units.
    unit = _MILLI if name == "cpu" else _UNIT
    whole, divider = -(-amount // unit), max(-(-divisor // unit), 1)
    return str(-(-whole // divider))
