"""Features that nodes declare in their status, and which of them a Pod or a change of it needs.

Models staging/src/k8s.io/component-helpers/nodedeclaredfeatures, v1.36, as its gates are by default.
"""

from __future__ import annotations

from k8slab.api.meta import Obj

_POD_RESIZE = "InPlacePodLevelResourcesVerticalScaling"
_INIT_CONTAINER_RESIZE = "InPlacePodVerticalScalingInitContainers"
_RESTART_ALL = "RestartAllContainersOnContainerExits"

DECLARED = ["ExtendWebSocketsToKubelet", _POD_RESIZE, _INIT_CONTAINER_RESIZE, _RESTART_ALL]
"""What a kubelet of this version declares, in order of the names."""


def needed_to_run(spec: Obj) -> tuple[str, ...]:
    """What a node must have declared to take a Pod."""
    for field in ("containers", "initContainers"):
        for container in spec.get(field) or ():
            for rule in container.get("restartPolicyRules") or ():
                if rule.get("action") == "RestartAllContainers":
                    return (_RESTART_ALL,)
    return ()


def needed_to_change(old: Obj, new: Obj) -> tuple[str, ...]:
    """What a node must have declared for a change of the spec of a Pod that it runs."""
    needed = []
    if old.get("resources") != new.get("resources"):
        needed.append(_POD_RESIZE)
    after = new.get("initContainers") or ()
    for index, container in enumerate(old.get("initContainers") or ()):
        is_sidecar = container.get("restartPolicy") == "Always"
        if not is_sidecar and container.get("resources") != after[index].get("resources"):
            needed.append(_INIT_CONTAINER_RESIZE)
            break
    return tuple(needed)
