"""The spec of a Pod or of a template of Pods.

Thousands of Pods share the spec object of their template, so the verdict on a
spec without faults is remembered by identity, in a small cache that keeps the
object alive; a second look costs a dict look-up.

Models pkg/apis/core/validation/validation.go (ValidatePodSpec,
ValidatePodTemplateSpec), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from k8slab.api import quantities
from k8slab.api.errors import Cause
from k8slab.api.memo import first_like, new_table
from k8slab.api.meta import Obj
from k8slab.api.validation._affinity import (
    validate_affinity,
    validate_tolerations,
    validate_topology_spread,
)
from k8slab.api.validation._containers import (
    Context,
    validate_containers,
    validate_ephemeral_containers,
    validate_image_padding,
    validate_init_containers,
    visit_containers,
)
from k8slab.api.validation._field import (
    all_invalid,
    duplicate,
    enumerated,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
    too_long,
)
from k8slab.api.validation._ip import legacy_ip
from k8slab.api.validation._metadata import validate_annotations, validate_labels
from k8slab.api.validation._names import (
    byte_length,
    dns_label,
    dns_subdomain,
    dns_subdomain_underscore,
    inclusive_range,
    label_key,
)
from k8slab.api.validation._pod_annotations import (
    validate_pod_annotations,
    validate_profiles_match_annotations,
)
from k8slab.api.validation._resources import (
    is_huge_page,
    nano,
    text_of,
    validate_pod_resource_name,
    validate_requirements,
)
from k8slab.api.validation._security import validate_pod_security_context
from k8slab.api.validation._shape import shape
from k8slab.api.validation._volumes import validate_volumes

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")
MAX_INT32 = 2147483647


class SpecMemory:
    """Specs that were found without fault, by identity: at most `size`, the oldest forgotten first.

    It holds the objects themselves, so an id is not used again while it is
    known. Nothing that is stored ever changes in place, so a verdict stays true.
    """

    __slots__ = ("_known", "_size")

    def __init__(self, size: int) -> None:
        self._known: dict[int, tuple[Obj, None]] = new_table()
        self._size = size

    def knows(self, spec: Obj) -> bool:
        """Whether this very object passed before."""
        return id(spec) in self._known

    def remember(self, spec: Obj) -> None:
        """Note that this object passed."""
        if len(self._known) >= self._size:
            del self._known[next(iter(self._known))]
        self._known[id(spec)] = (spec, None)


_GOOD_IN_PODS = SpecMemory(2048)
_GOOD_IN_TEMPLATES = SpecMemory(2048)


def validate_spec_of_pod(spec: Obj, pod_metadata: Obj) -> list[Cause]:
    """The spec of a Pod, with what is not asked of templates."""
    first = first_like(spec)
    if _GOOD_IN_PODS.knows(first):
        return []
    causes = _validate_spec(spec, "spec", pod_metadata) + _validate_only_in_pods(spec)
    if not causes and not _depends_on_metadata(spec):
        _GOOD_IN_PODS.remember(first)
    return causes


def validate_spec_of_template(spec: Obj, path: str) -> list[Cause]:
    """The spec of a template of Pods."""
    if _GOOD_IN_TEMPLATES.knows(spec):
        return []
    causes = _validate_spec(spec, path, None)
    if not causes:
        _GOOD_IN_TEMPLATES.remember(spec)
    return causes


def _validate_only_in_pods(spec: Obj) -> list[Cause]:
    """Tokens without an account, and blanks round images' names."""
    causes: list[Cause] = []
    if not spec.get("serviceAccountName"):
        for index, volume in enumerate(spec.get("volumes") or ()):
            sources = ((volume or {}).get("projected") or {}).get("sources") or ()
            for number, source in enumerate(sources):
                if (source or {}).get("serviceAccountToken") is not None:
                    where = f"spec.volumes[{index}].projected.sources[{number}].serviceAccountToken"
                    detail = "must not be specified when serviceAccountName is not set"
                    causes.append(forbidden(where, detail))
    for name in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(name) or ()):
            causes += validate_image_padding(container, f"spec.{name}[{index}]")
    return causes


def _depends_on_metadata(spec: Obj) -> bool:
    """Whether the verdict on a spec also depends on the Pod's name or annotations."""
    if spec.get("resourceClaims"):
        return True
    return any((volume or {}).get("ephemeral") is not None for volume in spec.get("volumes") or ())


def _validate_spec(spec: Obj, path: str, pod_metadata: Obj | None) -> list[Cause]:
    is_pod = pod_metadata is not None
    causes: list[Cause] = []
    if spec.get("terminationGracePeriodSeconds") is None:
        causes.append(required(f"{path}.terminationGracePeriodSeconds"))
    pod_name = (pod_metadata or {}).get("name")
    volumes, found = validate_volumes(spec.get("volumes") or (), f"{path}.volumes", pod_name, is_pod=is_pod)
    causes += found
    claims = spec.get("resourceClaims") or ()
    claim_names = [claim["name"] for claim in claims if claim.get("name")]
    causes += _validate_resource_claims(claims, f"{path}.resourceClaims", pod_metadata)
    context = Context(spec, volumes, claim_names)
    causes += validate_containers(context, f"{path}.containers")
    causes += validate_init_containers(context, f"{path}.initContainers")
    causes += validate_ephemeral_containers(context, f"{path}.ephemeralContainers")
    causes += _validate_pod_resources(spec, claim_names, path)
    causes += _validate_host_network(spec, path, is_pod)
    causes += enumerated(spec.get("restartPolicy"), f"{path}.restartPolicy", RESTART_POLICIES)
    causes += enumerated(spec.get("dnsPolicy"), f"{path}.dnsPolicy", DNS_POLICIES)
    causes += validate_labels(spec.get("nodeSelector"), f"{path}.nodeSelector")
    causes += validate_pod_security_context(spec, f"{path}.securityContext")
    causes += validate_affinity(spec.get("affinity"), f"{path}.affinity")
    causes += _validate_dns_config(spec.get("dnsConfig"), spec.get("dnsPolicy"), f"{path}.dnsConfig")
    causes += _validate_gates(spec, path)
    constraints = spec.get("topologySpreadConstraints") or ()
    causes += validate_topology_spread(constraints, f"{path}.topologySpreadConstraints")
    causes += _validate_host_process(spec, path)
    causes += _validate_host_users(spec, path)
    causes += _validate_hostname_override(spec, path)
    causes += _validate_names(spec, path)
    causes += _validate_tail(spec, claim_names, path)
    return causes


def _validate_names(spec: Obj, path: str) -> list[Cause]:
    """Names of other objects, the deadline, host names, tolerations, aliases."""
    causes: list[Cause] = []
    for name in ("serviceAccountName", "nodeName"):
        if spec.get(name):
            causes += all_invalid(f"{path}.{name}", spec[name], dns_subdomain(spec[name]))
    seconds = spec.get("activeDeadlineSeconds")
    if seconds is not None and not 1 <= seconds <= MAX_INT32:
        causes.append(invalid(f"{path}.activeDeadlineSeconds", seconds, inclusive_range(1, MAX_INT32)))
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            causes += all_invalid(f"{path}.{name}", spec[name], dns_label(spec[name]))
    causes += validate_tolerations(spec.get("tolerations") or (), f"{path}.tolerations")
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        where = f"{path}.hostAliases[{index}]"
        causes += legacy_ip(f"{where}.ip", alias.get("ip") or "")
        for number, host in enumerate(alias.get("hostnames") or ()):
            causes += all_invalid(f"{where}.hostnames[{number}]", host, dns_subdomain(host))
    return causes


def _validate_tail(spec: Obj, claim_names: Sequence[str], path: str) -> list[Cause]:
    """Priority, runtime class, overhead, operating system, scheduling group, files of variables."""
    causes: list[Cause] = []
    priority, runtime = spec.get("priorityClassName"), spec.get("runtimeClassName")
    if priority:
        causes += all_invalid(f"{path}.priorityClassName", priority, dns_subdomain(priority))
    if runtime is not None:
        causes += all_invalid(f"{path}.runtimeClassName", runtime, dns_subdomain(runtime))
    if spec.get("preemptionPolicy") is not None:
        policy = spec["preemptionPolicy"]
        causes += enumerated(policy, f"{path}.preemptionPolicy", PREEMPTION_POLICIES)
    if spec.get("overhead") is not None:
        causes += validate_requirements({"limits": spec["overhead"]}, (), f"{path}.overhead")
    causes += _validate_os(spec, path)
    group = spec.get("schedulingGroup")
    if group is not None:
        where, name = f"{path}.schedulingGroup.podGroupName", group.get("podGroupName")
        if name is None:
            causes.append(invalid(where, None, "must specify one of: `podGroupName`"))
        else:
            causes += all_invalid(where, name, dns_subdomain(name))
    return causes + _validate_file_key_volumes(spec, path)


def _validate_resource_claims(claims: Sequence[Obj], path: str, metadata: Obj | None) -> list[Cause]:
    causes: list[Cause] = []
    names: list[str] = []
    for index, claim in enumerate(claims):
        if "kubernetes.io/config.mirror" in ((metadata or {}).get("annotations") or {}):
            causes.append(forbidden("", "static pods do not support resource claims"))
            continue
        where, name = f"{path}[{index}]", claim.get("name") or ""
        if not name:
            causes.append(required(f"{where}.name"))
        elif name in names:
            causes.append(duplicate(f"{where}.name", name))
        else:
            causes += all_invalid(f"{where}.name", name, dns_label(name))
            names.append(name)
        given, template = claim.get("resourceClaimName"), claim.get("resourceClaimTemplateName")
        if given is not None and template is not None:
            detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            causes.append(invalid(where, shape("PodResourceClaim", claim), detail))
        if given is None and template is None:
            detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            causes.append(invalid(where, shape("PodResourceClaim", claim), detail))
        if given is not None:
            causes += all_invalid(f"{where}.resourceClaimName", given, dns_subdomain(given))
        if template is not None:
            where = f"{where}.resourceClaimTemplateName"
            causes += all_invalid(where, template, dns_subdomain(template))
    return causes


def _validate_pod_resources(spec: Obj, claim_names: Sequence[str], path: str) -> list[Cause]:
    """Requests and limits of the Pod as a whole, which must hold what its containers ask for."""
    resources = spec.get("resources")
    if resources is None:
        return []
    where = f"{path}.resources"
    if (spec.get("os") or {}).get("name") == "windows":
        return [forbidden(where, "may not be set for a windows pod")]
    causes: list[Cause] = []
    if resources.get("claims") is not None:
        detail = "claims may not be set for Resources at pod-level"
        causes.append(forbidden(f"{where}.claims", detail))
    causes += validate_requirements(resources, claim_names, where, validate_pod_resource_name)
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for name, amount in _aggregate(spec, "requests"):
        if name in requests and quantities.nano(amount) > nano(requests[name]):
            detail = f"must be greater than or equal to aggregate container requests of {amount}"
            causes.append(invalid(f"{where}.requests[{name}]", text_of(requests[name]), detail))
    for name, amount in _aggregate(spec, "limits"):
        if is_huge_page(name) and name in limits and quantities.nano(amount) > nano(limits[name]):
            detail = f"must be greater than or equal to aggregate container limits of {amount}"
            causes.append(invalid(f"{where}.limits[{name}]", text_of(limits[name]), detail))
    for index, container in enumerate(spec.get("containers") or ()):
        own = ((container or {}).get("resources") or {}).get("limits") or {}
        for name in sorted(own):
            if name in limits and nano(own[name]) > nano(limits[name]):
                detail = f"must be less than or equal to pod limits of {text_of(limits[name])}"
                here = f"{where}.containers[{index}][{name}].limits"
                causes.append(invalid(here, text_of(own[name]), detail))
    return causes


def _aggregate(spec: Obj, field: str) -> Iterator[tuple[str, str]]:
    """What all containers of a Pod need together at the worst moment, by resource in sorted order."""

    def of(container: Any) -> Obj:
        return ((container or {}).get("resources") or {}).get(field) or {}

    total: dict[str, str] = {}
    for container in spec.get("containers") or ():
        for name, amount in of(container).items():
            total[name] = quantities.add(total.get(name, "0"), str(amount))
    sidecars: dict[str, str] = {}
    peak: dict[str, str] = {}
    for container in spec.get("initContainers") or ():
        for name, amount in of(container).items():
            together = quantities.add(sidecars.get(name, "0"), str(amount))
            if (container or {}).get("restartPolicy") == "Always":
                sidecars[name] = together
                total[name] = quantities.add(total.get(name, "0"), str(amount))
            if quantities.compare(together, peak.get(name, "0")) > 0:
                peak[name] = together
    for name, amount in peak.items():
        if name not in total or quantities.compare(amount, total[name]) > 0:
            total[name] = amount
    for name in sorted(total):
        yield name, total[name]


def _validate_host_network(spec: Obj, path: str, is_pod: bool) -> list[Cause]:
    if not spec.get("hostNetwork"):
        return []
    causes: list[Cause] = []
    for index, container in enumerate(spec.get("containers") or ()):
        for number, port in enumerate((container or {}).get("ports") or ()):
            host_port = port.get("hostPort") or 0
            if (is_pod or host_port) and host_port != (port.get("containerPort") or 0):
                detail = "must match `containerPort` when `hostNetwork` is true"
                where = f"{path}.containers[{index}].ports[{number}].hostPort"
                causes.append(invalid(where, host_port, detail))
    return causes


def _validate_dns_config(config: Obj | None, policy: str | None, path: str) -> list[Cause]:
    if policy == "None" and config is None:
        return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
    servers = list((config or {}).get("nameservers") or ())
    if policy == "None" and not servers:
        detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        return [required(f"{path}.nameservers", detail)]
    if config is None:
        return []
    causes: list[Cause] = []
    if len(servers) > 3:
        causes.append(invalid(f"{path}.nameservers", servers, "must not have more than 3 nameservers"))
    for index, server in enumerate(servers):
        causes += legacy_ip(f"{path}.nameservers[{index}]", server)
    searches = list(config.get("searches") or ())
    if len(searches) > 32:
        causes.append(invalid(f"{path}.searches", searches, "must not have more than 32 search paths"))
    if byte_length(" ".join(searches)) > 2048:
        detail = "must not have more than 2048 characters (including spaces) in the search list"
        causes.append(invalid(f"{path}.searches", searches, detail))
    for index, given in enumerate(searches):
        if given != ".":
            search = given.removesuffix(".")
            causes += all_invalid(f"{path}.searches[{index}]", search, dns_subdomain_underscore(search))
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            causes.append(required(f"{path}.options[{index}]", "must not be empty"))
    return causes


def _validate_gates(spec: Obj, path: str) -> list[Cause]:
    """Readiness gates and scheduling gates."""
    causes: list[Cause] = []
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        where, condition = f"{path}.readinessGates[{index}].conditionType", gate.get("conditionType") or ""
        causes += all_invalid(where, condition, label_key(condition))
    seen: list[str] = []
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        where, name = f"{path}.schedulingGates[{index}]", gate.get("name") or ""
        causes += all_invalid(where, name, label_key(name))
        if name in seen:
            causes.append(duplicate(where, name))
        seen.append(name)
    return causes


def _validate_host_process(spec: Obj, path: str) -> list[Cause]:
    """Windows containers on the host itself: all of a Pod's or none."""
    of_pod = ((spec.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    causes: list[Cause] = []
    total = on_host = 0
    for container, where in visit_containers(spec, path):
        total += 1
        own = ((container.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
        if of_pod is not None and own is not None and of_pod != own:
            shown = "true" if of_pod else "false"
            detail = f"pod hostProcess value must be identical if both are specified, was {shown}"
            causes.append(invalid(f"{where}.securityContext.windowsOptions.hostProcess", own, detail))
        on_host += bool(own if own is not None else of_pod)
    if on_host and on_host != total:
        detail = (
            "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        )
        causes.append(invalid(path, "", detail))
    if on_host and not spec.get("hostNetwork"):
        detail = "hostNetwork must be true if pod contains any hostProcess containers"
        causes.append(invalid(f"{path}.hostNetwork", False, detail))
    return causes


def _validate_host_users(spec: Obj, path: str) -> list[Cause]:
    if spec.get("hostUsers") is not False:
        return []
    detail = "when `hostUsers` is false"
    fields = (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC"))
    causes = [forbidden(f"{path}.{shown}", detail) for name, shown in fields if spec.get(name)]
    for container, where in visit_containers(spec, path):
        if container.get("volumeDevices"):
            causes.append(forbidden(f"{where}.volumeDevices", detail))
    return causes


def _validate_hostname_override(spec: Obj, path: str) -> list[Cause]:
    name, where = spec.get("hostnameOverride"), f"{path}.hostnameOverride"
    if name is None:
        return []
    causes: list[Cause] = []
    if spec.get("setHostnameAsFQDN"):
        causes.append(forbidden(where, "may not be specified when setHostnameAsFQDN is true"))
    if spec.get("hostNetwork"):
        causes.append(forbidden(where, "may not be specified when hostNetwork is true"))
    if byte_length(name) > 64:
        causes.append(too_long(where, 64))
    return causes + all_invalid(where, name, dns_subdomain(name))


_NOT_FOR_WINDOWS_PODS = (
    ("securityContext", "appArmorProfile"),
    ("securityContext", "seLinuxOptions"),
    ("", "hostUsers"),
    ("", "hostPID"),
    ("", "hostIPC"),
    ("securityContext", "seccompProfile"),
    ("securityContext", "fsGroup"),
    ("securityContext", "fsGroupChangePolicy"),
    ("securityContext", "sysctls"),
    ("", "shareProcessNamespace"),
    ("securityContext", "runAsUser"),
    ("securityContext", "runAsGroup"),
    ("securityContext", "supplementalGroups"),
    ("securityContext", "supplementalGroupsPolicy"),
    ("securityContext", "seLinuxChangePolicy"),
)
_NOT_FOR_WINDOWS_CONTAINERS = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)
# Of these, false or an empty list is as good as absent.
_FLAGS = ("hostPID", "hostIPC", "sysctls")


def _validate_os(spec: Obj, path: str) -> list[Cause]:
    """The Pod's operating system, and options that belong to the other one."""
    if spec.get("os") is None:
        return []
    name = spec["os"].get("name") or ""
    if not name:
        return [required(f"{path}.os.name")]
    if name not in ("linux", "windows"):
        return [not_supported(f"{path}.os", name, ("linux", "windows"))]
    return _validate_linux(spec, path) if name == "linux" else _validate_windows(spec, path)


def _validate_linux(spec: Obj, path: str) -> list[Cause]:
    detail = "windows options cannot be set for a linux pod"
    causes: list[Cause] = []
    if (spec.get("securityContext") or {}).get("windowsOptions") is not None:
        causes.append(forbidden(f"{path}.securityContext.windowsOptions", detail))
    for container, where in visit_containers(spec, path):
        if (container.get("securityContext") or {}).get("windowsOptions") is not None:
            causes.append(forbidden(f"{where}.securityContext.windowsOptions", detail))
    return causes


def _validate_windows(spec: Obj, path: str) -> list[Cause]:
    detail = "cannot be set for a windows pod"
    causes: list[Cause] = []
    for parent, name in _NOT_FOR_WINDOWS_PODS:
        value = ((spec.get(parent) or {}) if parent else spec).get(name)
        if value if name in _FLAGS else value is not None:
            where = f"{path}.{parent}.{name}" if parent else f"{path}.{name}"
            causes.append(forbidden(where, detail))
    for container, where in visit_containers(spec, path):
        context = container.get("securityContext") or {}
        for name in _NOT_FOR_WINDOWS_CONTAINERS:
            if context.get(name) is not None:
                causes.append(forbidden(f"{where}.securityContext.{name}", detail))
    return causes


def _validate_file_key_volumes(spec: Obj, path: str) -> list[Cause]:
    """A file of variables lies in an emptyDir of the same Pod."""
    volumes = {(volume or {}).get("name"): volume for volume in spec.get("volumes") or ()}
    causes: list[Cause] = []
    for container, where in visit_containers(spec, path):
        for index, variable in enumerate(container.get("env") or ()):
            reference = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if reference is None:
                continue
            name = reference.get("volumeName") or ""
            here = f"{where}.env[{index}].valueFrom.fileKeyRef.volumeName"
            if name not in volumes:
                causes.append(not_found(here, name))
            elif volumes[name].get("emptyDir") is None:
                causes.append(invalid(here, name, "referenced volume must be of type emptyDir"))
    return causes


def validate_pod_template(template: Obj, path: str) -> list[Cause]:
    """A template of Pods: labels, annotations, spec."""
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    labels, annotations = metadata.get("labels"), metadata.get("annotations") or {}
    causes = validate_labels(labels, f"{path}.labels")
    causes += validate_annotations(annotations, f"{path}.annotations")
    if annotations:
        causes += validate_pod_annotations(annotations, spec, f"{path}.annotations")
    causes += validate_spec_of_template(spec, f"{path}.spec")
    if annotations:
        causes += validate_profiles_match_annotations(annotations, spec, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        causes.append(forbidden(f"{path}.spec.ephemeralContainers", detail))
    return causes
