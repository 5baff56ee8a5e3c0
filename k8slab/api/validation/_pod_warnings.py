"""Warnings about Pods and templates that are accepted but look wrong.

Models pkg/api/pod/warnings.go and pkg/api/node/util.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api import quantities
from k8slab.api.meta import Obj
from k8slab.api.validation._containers import visit_containers
from k8slab.api.validation._field import child, quote
from k8slab.api.validation._ip import ip_warnings
from k8slab.api.validation._names import dns_label, label_value
from k8slab.api.validation._pod_annotations import APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD
from k8slab.api.validation._volume_warnings import overlap_warnings

_BETA = 'deprecated since {}; use "{}" instead'
DEPRECATED_LABELS = {
    "beta.kubernetes.io/arch": _BETA.format("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": _BETA.format("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": _BETA.format("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": _BETA.format("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": _BETA.format("v1.17", "node.kubernetes.io/instance-type"),
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": (
        "deprecated since v1.22; use Taints and Tolerations instead"
    ),
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}
_DEAD_ANNOTATIONS = (
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        'non-functional in v1.16+; use the "priorityClassName" field instead',
    ),
    ("security.alpha.kubernetes.io/sysctls", 'non-functional in v1.11+; use the "sysctls" field instead'),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        'non-functional in v1.11+; use the "sysctls" field instead',
    ),
)
_DEAD_VOLUMES = (
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("ephemeral", "ephemeral", ""),
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
)
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NO_SELECTOR = "a null labelSelector results in matching no pod"
_BYTE_RESOURCES = ("memory", "ephemeral-storage")


def pod_warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    """The warnings of a new Pod; updates, which come often and seldom from people, have none."""
    if old is not None:
        return ()
    metadata = new["metadata"]
    messages = dns_label(metadata.get("name") or "")
    found: list[str] = []
    if messages:
        found.append(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; "
            f"a DNS label is recommended: [{' '.join(messages)}]"
        )
    return (*found, *spec_warnings(new.get("spec") or {}, metadata, ""))


def template_warnings(template: Obj, path: str) -> list[str]:
    """The warnings of a template at a path such as `spec.template`."""
    return spec_warnings(template.get("spec") or {}, template.get("metadata") or {}, path)


def spec_warnings(spec: Obj, metadata: Obj, path: str) -> list[str]:
    """Everything that looks wrong in a spec, in upstream's order."""
    root = child(path, "spec")
    annotations = metadata.get("annotations") or {}
    found = _placement_warnings(spec, root)
    for key, text in _DEAD_ANNOTATIONS:
        if key in annotations:
            found.append(f"{child(path, 'metadata.annotations')}[{key}]: {text}")
    found += _volume_warnings(spec.get("volumes") or (), root)
    found += _list_warnings(spec, root)
    found += _fractions(spec.get("overhead") or {}, f"{root}.overhead")
    if SECCOMP_POD in annotations and not (spec.get("securityContext") or {}).get("seccompProfile"):
        found.append(f"{child(path, 'metadata.annotations')}[{SECCOMP_POD}]: {_USE_SECCOMP}")
    for container, where in visit_containers(spec, root):
        found += _container_warnings(container, where, annotations, spec, path)
    found += _port_warnings(spec, root)
    grace = spec.get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0:
        detail = "must be >= 0; negative values are invalid and will be treated as 1"
        found.append(f"{root}.terminationGracePeriodSeconds: {detail}")
    found += _affinity_warnings(spec.get("affinity") or {}, root)
    for index, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        found += ip_warnings(f"{root}.dnsConfig.nameservers[{index}]", server)
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        found += ip_warnings(f"{root}.hostAliases[{index}].ip", alias.get("ip") or "")
    return found


_USE_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'


def _placement_warnings(spec: Obj, root: str) -> list[str]:
    found: list[str] = []
    for key in sorted(spec.get("nodeSelector") or ()):
        if key in DEPRECATED_LABELS:
            found.append(f"{root}.nodeSelector[{key}]: {DEPRECATED_LABELS[key]}")
    node = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    where = f"{root}.affinity.nodeAffinity"
    for index, term in enumerate((node.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        found += term_warnings(term, f"{where}.{_REQUIRED}.nodeSelectorTerms[{index}]")
    for index, preferred in enumerate(node.get(_PREFERRED) or ()):
        here = f"{where}.{_PREFERRED}[{index}].preference"
        found += term_warnings(preferred.get("preference") or {}, here, with_values=True)
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        here, key = f"{root}.topologySpreadConstraints[{index}]", constraint.get("topologyKey")
        if key in DEPRECATED_LABELS:
            found.append(f"{here}.topologyKey: {key} is {DEPRECATED_LABELS[key]}")
        if constraint.get("labelSelector") is None:
            found.append(f"{here}.labelSelector: {_NO_SELECTOR}")
    return found


def term_warnings(term: Obj, path: str, *, with_values: bool = False) -> list[str]:
    """Deprecated labels of nodes in a term, and bad values where they are not refused."""
    found: list[str] = []
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        where, key = f"{path}.matchExpressions[{index}]", expression.get("key")
        if key in DEPRECATED_LABELS:
            found.append(f"{where}.key: {key} is {DEPRECATED_LABELS[key]}")
        if with_values:
            for number, value in enumerate(expression.get("values") or ()):
                for message in label_value(value):
                    found.append(f"{where}.values[{number}]: {value} is invalid, {message}")
    return found


def _volume_warnings(volumes: Sequence[Obj], root: str) -> list[str]:
    found: list[str] = []
    for index, volume in enumerate(volumes):
        for name, shown, text in _DEAD_VOLUMES:
            if volume.get(name) is None:
                continue
            where = f"{root}.volumes[{index}].{shown}"
            if name != "ephemeral":
                found.append(f"{where}: {text}")
            elif volume["ephemeral"].get("volumeClaimTemplate") is not None:
                claim = volume["ephemeral"]["volumeClaimTemplate"].get("spec") or {}
                found += claim_spec_warnings(claim, f"{where}.volumeClaimTemplate.spec")
    return found + overlap_warnings(volumes)


def claim_spec_warnings(spec: Obj, path: str) -> list[str]:
    """A claim on a fraction of a byte."""
    found: list[str] = []
    for name in ("requests", "limits"):
        size = ((spec.get("resources") or {}).get(name) or {}).get("storage")
        if size is not None and not quantities.is_whole(str(size)):
            shown = quote(quantities.canonical(str(size)))
            where = f"{path}.resources.{name}[storage]"
            found.append(f"{where}: fractional byte value {shown} is invalid, must be an integer")
    return found


def _list_warnings(spec: Obj, root: str) -> list[str]:
    """Host aliases and pull secrets that stand twice or are empty."""
    found: list[str] = []
    for name, field, word in (("hostAliases", "ip", "ip"), ("imagePullSecrets", "name", "name")):
        seen: list[str] = []
        for index, item in enumerate(spec.get(name) or ()):
            value = item.get(field) or ""
            if value in seen:
                found.append(f"{root}.{name}[{index}].{field}: duplicate {word} {quote(value)}")
            else:
                seen.append(value)
    for index, item in enumerate(spec.get("imagePullSecrets") or ()):
        if not item.get("name"):
            found.append(f'{root}.imagePullSecrets[{index}].name: invalid empty name ""')
    return found


def _fractions(resources: Obj, path: str, names: Sequence[str] = _BYTE_RESOURCES) -> list[str]:
    found: list[str] = []
    for name in names:
        amount = resources.get(name)
        if amount is not None and not quantities.is_whole(str(amount)):
            shown = quote(quantities.canonical(str(amount)))
            found.append(f"{path}[{name}]: fractional byte value {shown} is invalid, must be an integer")
    return found


def _container_warnings(container: Obj, where: str, annotations: Obj, spec: Obj, path: str) -> list[str]:
    found: list[str] = []
    name, context = container.get("name") or "", container.get("securityContext") or {}
    key = f"{SECCOMP_CONTAINER}{name}"
    shown_annotations = child(path, "metadata.annotations")
    if key in annotations and context.get("seccompProfile") is None:
        found.append(f"{shown_annotations}[{key}]: {_USE_SECCOMP}")
    key = f"{APP_ARMOR}{name}"
    if path and key in annotations and context.get("appArmorProfile") is None:
        of_pod = (spec.get("securityContext") or {}).get("appArmorProfile")
        if of_pod is None or of_pod != _app_armor_field(annotations[key]):
            text = 'deprecated since v1.30; use the "appArmorProfile" field instead'
            found.append(f"{shown_annotations}[{key}]: {text}")
    resources = container.get("resources") or {}
    for resource in _BYTE_RESOURCES:
        for field in ("limits", "requests"):
            found += _fractions(resources.get(field) or {}, f"{where}.resources.{field}", (resource,))
    return found + _hidden_variables(container.get("env") or (), where)


def _app_armor_field(annotation: str) -> Obj | None:
    if annotation.startswith("localhost/"):
        return {"type": "Localhost", "localhostProfile": annotation.removeprefix("localhost/")}
    kinds = {"runtime/default": "RuntimeDefault", "unconfined": "Unconfined"}
    return {"type": kinds[annotation]} if annotation in kinds else None


def _hidden_variables(variables: Sequence[Obj], where: str) -> list[str]:
    """A variable that stands twice, unless the second builds on the first."""
    found: list[str] = []
    seen: list[str] = []
    for index, variable in enumerate(variables):
        name, value = variable.get("name") or "", variable.get("value") or ""
        reference = f"$({name})"
        if name not in seen:
            seen.append(name)
        elif variable.get("valueFrom") is not None or value == reference or reference not in value:
            detail = f"hides previous definition of {quote(name)}, which may be dropped when using apply"
            found.append(f"{where}.env[{index}]: {detail}")
    return found


def _port_warnings(spec: Obj, root: str) -> list[str]:
    found: list[str] = []
    known: dict[tuple[int, str], list[tuple[str, Obj]]] = {}
    names: dict[str, str] = {}
    again: list[str] = []
    for container, path in visit_containers(spec, root):
        for index, port in enumerate(container.get("ports") or ()):
            where = f"{path}.ports[{index}]"
            if port.get("hostIP") and not port.get("hostPort"):
                found.append(f"{where}: hostIP set without hostPort: {_port_text(port)}")
            others = known.setdefault((port.get("containerPort") or 0, port.get("protocol") or ""), [])
            found += [text for other in others for text in _clash(where, port, *other)]
            others.append((where, port))
            name = port.get("name")
            if name and name in names:
                first = names[name]
                again.append(
                    f"{where}: duplicate port name {quote(name)} with {first}, "
                    f"services and probes that select ports by name will use {first}"
                )
            elif name:
                names[name] = where
    return found + again


def _port_text(port: Obj) -> str:
    values = (port.get("name") or "", port.get("hostPort") or 0, port.get("containerPort") or 0)
    return (
        f"{{Name:{values[0]} HostPort:{values[1]} ContainerPort:{values[2]} "
        f"Protocol:{port.get('protocol') or ''} HostIP:{port.get('hostIP') or ''}}}"
    )


def _clash(where: str, port: Obj, other_where: str, other: Obj) -> list[str]:
    ip, other_ip = port.get("hostIP") or "", other.get("hostIP") or ""
    number, other_number = port.get("hostPort") or 0, other.get("hostPort") or 0
    if ip == other_ip and number == other_number:
        word = "duplicate"
    elif not number or not other_number:
        word = "overlapping"
    elif number == other_number and (not ip) != (not other_ip):
        word = "dangerously ambiguous"
    else:
        return []
    return [f"{where}: {word} port definition with {other_where}"]


def _affinity_warnings(affinity: Obj, root: str) -> list[str]:
    found: list[str] = []
    for name in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(name) or {}
        where = f"{root}.affinity.{name}"
        for index, term in enumerate(terms.get(_REQUIRED) or ()):
            if term.get("labelSelector") is None:
                found.append(f"{where}.{_REQUIRED}[{index}].labelSelector: {_NO_SELECTOR}")
        for index, weighted in enumerate(terms.get(_PREFERRED) or ()):
            if (weighted.get("podAffinityTerm") or {}).get("labelSelector") is None:
                here = f"{where}.{_PREFERRED}[{index}].podAffinityTerm.labelSelector"
                found.append(f"{here}: {_NO_SELECTOR}")
    return found
