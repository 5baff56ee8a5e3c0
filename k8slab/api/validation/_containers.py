"""Containers of a Pod: names, ports, mounts, restart rules, init and ephemeral ones.

Models pkg/apis/core/validation/validation.go (validateContainers,
validateInitContainers, validateEphemeralContainers and round them), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._env import validate_env, validate_env_from
from k8slab.api.validation._field import (
    all_invalid,
    duplicate,
    enumerated,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
    too_many,
)
from k8slab.api.validation._names import dns_label, port_name, port_number
from k8slab.api.validation._paths import local_descending_path, no_backsteps
from k8slab.api.validation._probes import (
    validate_lifecycle,
    validate_liveness_probe,
    validate_readiness_probe,
)
from k8slab.api.validation._resources import validate_requirements
from k8slab.api.validation._security import validate_security_context

PROTOCOLS = ("SCTP", "TCP", "UDP")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")

Volumes = Mapping[str, Obj]


class Context:
    """What the checks of one container must know of its Pod."""

    __slots__ = ("claim_names", "grace_seconds", "os_name", "restart_policy", "spec", "volumes")

    def __init__(self, spec: Obj, volumes: Volumes, claim_names: Sequence[str]) -> None:
        self.spec = spec
        self.volumes = volumes
        self.claim_names = claim_names
        self.grace_seconds: int | None = spec.get("terminationGracePeriodSeconds")
        self.restart_policy: str = spec.get("restartPolicy") or ""
        self.os_name: str | None = (spec["os"].get("name") or "") if spec.get("os") is not None else None

    @property
    def host_users(self) -> bool:
        """Whether the Pod uses the node's own user namespace."""
        return self.spec.get("hostUsers") is not False


def visit_containers(spec: Obj, path: str) -> Iterator[tuple[Obj, str]]:
    """Every container with its path: init containers, containers, ephemeral ones."""
    for name in CONTAINER_LISTS:
        for index, container in enumerate(spec.get(name) or ()):
            yield container or {}, f"{path}.{name}[{index}]" if path else f"{name}[{index}]"


def validate_container_ports(ports: Sequence[Obj], path: str) -> list[Cause]:
    """Numbers, unique names, protocols."""
    causes: list[Cause] = []
    names: list[str] = []
    for index, port in enumerate(ports):
        where = f"{path}[{index}]"
        name = port.get("name")
        if name:
            messages = port_name(name)
            causes += all_invalid(f"{where}.name", name, messages)
            if not messages and name in names:
                causes.append(duplicate(f"{where}.name", name))
            elif not messages:
                names.append(name)
        number, host_port = port.get("containerPort") or 0, port.get("hostPort") or 0
        if number == 0:
            causes.append(required(f"{where}.containerPort"))
        else:
            causes += all_invalid(f"{where}.containerPort", number, port_number(number))
        if host_port:
            causes += all_invalid(f"{where}.hostPort", host_port, port_number(host_port))
        causes += enumerated(port.get("protocol"), f"{where}.protocol", PROTOCOLS)
    return causes


def _validate_mounts(container: Obj, context: Context, path: str) -> list[Cause]:
    causes: list[Cause] = []
    devices = {
        device.get("name"): device.get("devicePath") for device in container.get("volumeDevices") or ()
    }
    points: list[str] = []
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        where = f"{path}[{index}]"
        name, mount_path = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            causes.append(required(f"{where}.name"))
        if name not in context.volumes:
            causes.append(not_found(f"{where}.name", name))
        if not mount_path:
            causes.append(required(f"{where}.mountPath"))
        if mount_path in points:
            causes.append(invalid(f"{where}.mountPath", mount_path, "must be unique"))
        points.append(mount_path)
        if name in devices:
            causes.append(invalid(f"{where}.name", name, "must not already exist in volumeDevices"))
        if mount_path in devices.values():
            detail = "must not already exist as a path in volumeDevices"
            causes.append(invalid(f"{where}.mountPath", mount_path, detail))
        causes += _validate_sub_paths(mount, where, path)
        causes += _validate_propagation(mount, container, f"{path}.mountPropagation")
        causes += _validate_recursive_read_only(mount, f"{path}.recursiveReadOnly")
    return causes


def _validate_sub_paths(mount: Obj, where: str, path: str) -> list[Cause]:
    causes: list[Cause] = []
    sub_path, expression = mount.get("subPath"), mount.get("subPathExpr")
    if sub_path:
        causes += local_descending_path(sub_path, f"{path}.subPath")
    if expression:
        if sub_path:
            detail = "subPathExpr and subPath are mutually exclusive"
            causes.append(invalid(f"{where}.subPathExpr", expression, detail))
        causes += local_descending_path(expression, f"{path}.subPathExpr")
    return causes


def _validate_propagation(mount: Obj, container: Obj, path: str) -> list[Cause]:
    propagation = mount.get("mountPropagation")
    if propagation is None:
        return []
    causes = enumerated(propagation, path, ("Bidirectional", "HostToContainer", "None"), is_required=False)
    if propagation == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
        causes.append(
            forbidden(path, "Bidirectional mount propagation is available only to privileged containers")
        )
    return causes


def _validate_recursive_read_only(mount: Obj, path: str) -> list[Cause]:
    mode = mount.get("recursiveReadOnly")
    if mode is None or mode == "Disabled":
        return []
    if mode not in ("Enabled", "IfPossible"):
        return [not_supported(path, mode, ("Disabled", "Enabled", "IfPossible"))]
    causes: list[Cause] = []
    if not mount.get("readOnly"):
        causes.append(forbidden(path, "may only be specified when readOnly is true"))
    if mount.get("mountPropagation") not in (None, "None"):
        causes.append(forbidden(path, "may only be specified when mountPropagation is None or not specified"))
    return causes


def _validate_devices(container: Obj, context: Context, path: str) -> list[Cause]:
    causes: list[Cause] = []
    mounts = {mount.get("name"): mount.get("mountPath") for mount in container.get("volumeMounts") or ()}
    names: list[str] = []
    paths: list[str] = []
    for index, device in enumerate(container.get("volumeDevices") or ()):
        where = f"{path}[{index}]"
        name, device_path = device.get("name") or "", device.get("devicePath") or ""
        if not name:
            causes.append(required(f"{where}.name"))
        if name in names:
            causes.append(invalid(f"{where}.name", name, "must be unique"))
        volume = context.volumes.get(name)
        if volume is None:
            causes.append(not_found(f"{where}.name", name))
        elif volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
            detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            causes.append(invalid(f"{where}.name", name, detail))
        if not device_path:
            causes.append(required(f"{where}.devicePath"))
        if device_path in paths:
            causes.append(invalid(f"{where}.devicePath", device_path, "must be unique"))
        if device_path and no_backsteps(device_path, path):
            causes.append(invalid(f"{where}.devicePath", device_path, "can not contain backsteps ('..')"))
        else:
            paths.append(device_path)
        if name in mounts:
            causes.append(invalid(f"{where}.name", name, "must not already exist in volumeMounts"))
        if device_path in mounts.values():
            detail = "must not already exist as a path in volumeMounts"
            causes.append(invalid(f"{where}.devicePath", device_path, detail))
        if name:
            names.append(name)
    return causes


def _validate_resize_policy(policies: Sequence[Obj], path: str, restart_policy: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: list[str] = []
    for index, policy in enumerate(policies):
        name, restart = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if name in seen:
            causes.append(duplicate(f"{path}[{index}]", name))
        seen.append(name)
        causes += enumerated(name, path, ("cpu", "memory"))
        causes += enumerated(restart, path, ("NotRequired", "RestartContainer"))
        if restart_policy == "Never" and restart != "NotRequired":
            detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            causes.append(invalid(path, restart, detail))
    return causes


def _validate_common(container: Obj, path: str, context: Context) -> list[Cause]:
    """What holds for every kind of container."""
    causes: list[Cause] = []
    name = container.get("name") or ""
    if not name:
        causes.append(required(f"{path}.name"))
    else:
        causes += all_invalid(f"{path}.name", name, dns_label(name))
    if not container.get("image"):
        causes.append(required(f"{path}.image"))
    causes += enumerated(
        container.get("terminationMessagePolicy"),
        f"{path}.terminationMessagePolicy",
        ("File", "FallbackToLogsOnError"),
    )
    causes += validate_container_ports(container.get("ports") or (), f"{path}.ports")
    causes += validate_env(container.get("env") or (), f"{path}.env")
    causes += validate_env_from(container.get("envFrom") or (), f"{path}.envFrom")
    causes += _validate_mounts(container, context, f"{path}.volumeMounts")
    causes += _validate_devices(container, context, f"{path}.volumeDevices")
    causes += enumerated(container.get("imagePullPolicy"), f"{path}.imagePullPolicy", PULL_POLICIES)
    causes += validate_requirements(container.get("resources"), context.claim_names, f"{path}.resources")
    resize = container.get("resizePolicy") or ()
    causes += _validate_resize_policy(resize, f"{path}.resizePolicy", context.restart_policy)
    security = container.get("securityContext")
    causes += validate_security_context(security, f"{path}.securityContext", context.host_users)
    return causes


def _validate_restart_policy(container: Obj, path: str) -> list[Cause]:
    """A container's own restart policy, and its rules by exit code."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or ()
    causes: list[Cause] = []
    if policy is None:
        if not rules:
            return []
        detail = "must specify restartPolicy when restart rules are used"
        causes.append(required(f"{path}.restartPolicy", detail))
    else:
        supported = ("Always", "Never", "OnFailure")
        causes += enumerated(policy, f"{path}.restartPolicy", supported, is_required=False)
    if len(rules) > 20:
        causes.append(too_many(f"{path}.restartPolicyRules", len(rules), 20))
    for index, rule in enumerate(rules):
        causes += _validate_restart_rule(rule, f"{path}.restartPolicyRules[{index}]")
    return causes


def _validate_restart_rule(rule: Obj, path: str) -> list[Cause]:
    actions = ("Restart", "RestartAllContainers")
    causes = enumerated(rule.get("action"), f"{path}.action", actions, is_required=False)
    codes = rule.get("exitCodes")
    if codes is None:
        return [*causes, required(f"{path}.exitCodes", "must be specified")]
    operator = codes.get("operator")
    causes += enumerated(operator, f"{path}.exitCodes.operator", ("In", "NotIn"), is_required=False)
    values = codes.get("values") or ()
    if len(values) > 255:
        causes.append(too_many(f"{path}.exitCodes.values", len(values), 255))
    return causes


def _host_port_conflicts(containers: Sequence[Obj], path: str) -> list[Cause]:
    """Two containers of a Pod can't have the same port of the node."""
    causes: list[Cause] = []
    seen: list[str] = []
    for index, container in enumerate(containers):
        for port_index, port in enumerate((container or {}).get("ports") or ()):
            if not port.get("hostPort"):
                continue
            text = f"{port.get('protocol') or ''}/{port.get('hostIP') or ''}/{port['hostPort']}"
            if text in seen:
                causes.append(duplicate(f"{path}[{index}].ports[{port_index}].hostPort", text))
            else:
                seen.append(text)
    return causes


def validate_containers(context: Context, path: str) -> list[Cause]:
    """The containers of a Pod; there is at least one."""
    containers = context.spec.get("containers") or ()
    if not containers:
        return [required(path)]
    causes: list[Cause] = []
    names: list[str] = []
    for index, given in enumerate(containers):
        container, where = given or {}, f"{path}[{index}]"
        causes += _validate_common(container, where, context)
        name = container.get("name") or ""
        if name in names:
            causes.append(duplicate(f"{where}.name", name))
        else:
            names.append(name)
        causes += _validate_hooks_and_probes(container, where, context)
        causes += _validate_restart_policy(container, where)
    return causes + _host_port_conflicts(containers, path)


def _validate_hooks_and_probes(container: Obj, path: str, context: Context) -> list[Cause]:
    grace = context.grace_seconds
    causes: list[Cause] = []
    lifecycle = container.get("lifecycle")
    if lifecycle is not None:
        causes += validate_lifecycle(lifecycle, grace, f"{path}.lifecycle", context.os_name)
    causes += validate_liveness_probe(container.get("livenessProbe"), grace, f"{path}.livenessProbe")
    causes += validate_readiness_probe(container.get("readinessProbe"), grace, f"{path}.readinessProbe")
    causes += validate_liveness_probe(container.get("startupProbe"), grace, f"{path}.startupProbe")
    return causes


_NOT_FOR_INIT = "may not be set for init containers without restartPolicy=Always"


def validate_init_containers(context: Context, path: str) -> list[Cause]:
    """Init containers; those with restartPolicy Always are sidecars and may have hooks and probes."""
    causes: list[Cause] = []
    names = [(one or {}).get("name") or "" for one in context.spec.get("containers") or ()]
    for index, given in enumerate(context.spec.get("initContainers") or ()):
        container, where = given or {}, f"{path}[{index}]"
        causes += _validate_common(container, where, context)
        causes += _validate_restart_policy_of_init(container, where)
        sidecar = container.get("restartPolicy") == "Always"
        name = container.get("name") or ""
        if name in names:
            causes.append(duplicate(f"{where}.name", name))
        elif name:
            names.append(name)
        causes += _host_port_conflicts([container], path)
        if sidecar:
            causes += _validate_hooks_and_probes(container, where, context)
        else:
            for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
                if container.get(field) is not None:
                    causes.append(forbidden(f"{where}.{field}", _NOT_FOR_INIT))
            for number, policy in enumerate(container.get("resizePolicy") or ()):
                if policy.get("restartPolicy") == "RestartContainer":
                    causes.append(
                        invalid(
                            f"{where}.resizePolicy[{number}].restartPolicy",
                            "RestartContainer",
                            "must not be set to 'RestartContainer' for non-sidecar initContainers",
                        )
                    )
    return causes


def _validate_restart_policy_of_init(container: Obj, path: str) -> list[Cause]:
    if container.get("restartPolicy") is None and not container.get("restartPolicyRules"):
        return []
    if container.get("restartPolicy") is None:
        detail = "must specify restartPolicy when restart rules are used"
        return [required(f"{path}.restartPolicy", detail)]
    return _validate_restart_policy(container, path)


# In the order of the struct's fields, which is the order in which upstream's reflection meets them.
_EPHEMERAL_ORDER = (
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)


def validate_ephemeral_containers(context: Context, path: str) -> list[Cause]:
    """Ephemeral containers: no ports, probes, hooks or resources of their own."""
    causes: list[Cause] = []
    spec = context.spec
    others = [
        (one or {}).get("name") or ""
        for one in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    ]
    names = list(others)
    for index, given in enumerate(spec.get("ephemeralContainers") or ()):
        container, where = given or {}, f"{path}[{index}]"
        causes += _validate_common(container, where, context)
        causes += validate_image_padding(container, where)
        name, target = container.get("name") or "", container.get("targetContainerName") or ""
        if name in names:
            causes.append(duplicate(f"{where}.name", name))
        else:
            names.append(name)
        if target and target not in others:
            causes.append(not_found(f"{where}.targetContainerName", target))
        for field in _EPHEMERAL_ORDER:
            if container.get(field) or (field == "lifecycle" and container.get(field) is not None):
                causes.append(forbidden(f"{where}.{field}", "cannot be set for an Ephemeral Container"))
        for number, mount in enumerate(container.get("volumeMounts") or ()):
            for field in ("subPath", "subPathExpr"):
                if mount.get(field):
                    causes.append(
                        forbidden(
                            f"{where}.volumeMounts[{number}].{field}",
                            "cannot be set for an Ephemeral Container",
                        )
                    )
    return causes


def validate_image_padding(container: Any, path: str) -> list[Cause]:
    """An image's name has no blanks around it; asked of Pods, not of templates."""
    image = (container or {}).get("image") or ""
    if image == image.strip():
        return []
    return [invalid(f"{path}.image", image, "must not have leading or trailing whitespace")]
