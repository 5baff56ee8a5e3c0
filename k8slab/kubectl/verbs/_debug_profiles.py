"""What a profile of `kubectl debug` makes of the Pod that is debugged in.

Models staging/src/k8s.io/kubectl/pkg/cmd/debug/profiles.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from k8slab.api.meta import Obj, assoc
from k8slab.kubectl.session import Session

_GROUPS = ("initContainers", "containers", "ephemeralContainers")
_PROBES = {
    "keep-liveness": "livenessProbe",
    "keep-readiness": "readinessProbe",
    "keep-startup": "startupProbe",
}
_ROOT = "host-root"

PROFILES = ("legacy", "general", "baseline", "netadmin", "restricted", "sysadmin")


def with_profile(session: Session, pod: Obj, container: str, style: str) -> Obj:
    """The Pod with the container as the profile has it; `style` is node, copy or ephemeral."""
    profile = session.flags["profile"]
    change = _CHANGES.get(profile) if (profile, style) != ("general", "node") else _cleared
    spec = pod["spec"] if change is None else _with_context(pod["spec"], container, change)
    if style == "node" and profile in ("general", "legacy", "sysadmin"):
        spec = _with_root(spec, container)
    if style == "node" and profile in ("general", "legacy", "netadmin", "sysadmin"):
        spec = {**spec, "hostIPC": True, "hostNetwork": True, "hostPID": True}
    pod = {**pod, "spec": spec}
    return _as_copy(session, pod, profile) if style == "copy" else pod


def _as_copy(session: Session, pod: Obj, profile: str) -> Obj:
    """A copy without what would make it count as the original."""
    flags = session.flags
    metadata = dict(pod["metadata"])
    if profile == "legacy" or not flags["keep-labels"]:
        metadata.pop("labels", None)
    if profile == "legacy":
        return {**pod, "metadata": metadata}
    if not flags["keep-annotations"]:
        metadata.pop("annotations", None)
    spec = dict(pod["spec"])
    dropped = [field for flag, field in _PROBES.items() if not flags[flag]]
    spec["containers"] = [
        {name: value for name, value in one.items() if name not in dropped} for one in spec["containers"]
    ]
    if not flags["keep-init-containers"]:
        spec.pop("initContainers", None)
    spec.setdefault("shareProcessNamespace", True)
    return {**pod, "metadata": metadata, "spec": spec}


def _with_context(spec: Obj, name: str, change: Callable[[Obj], Obj | None]) -> Obj:
    """The spec with the security context of the first container of that name changed; None takes it away."""
    for group in _GROUPS:
        names = [one["name"] for one in spec.get(group) or ()]
        if name in names:
            place = names.index(name)
            changed = [*spec[group][:place], _changed(spec[group][place], change), *spec[group][place + 1 :]]
            return {**spec, group: changed}
    return spec


def _changed(container: Obj, change: Callable[[Obj], Obj | None]) -> Obj:
    context = change(container.get("securityContext") or {})
    if context is None:
        return {field: value for field, value in container.items() if field != "securityContext"}
    return {**container, "securityContext": context}


def _with_root(spec: Obj, name: str) -> Obj:
    """The node's files at `/host`."""
    volumes = [*(spec.get("volumes") or ()), {"name": _ROOT, "hostPath": {"path": "/"}}]
    mount = {"mountPath": "/host", "name": _ROOT}
    containers = [
        {**one, "volumeMounts": [*(one.get("volumeMounts") or ()), mount]} if one["name"] == name else one
        for one in spec["containers"]
    ]
    return {**spec, "volumes": volumes, "containers": containers}


def _adding(*capabilities: str) -> Callable[[Obj], Obj | None]:
    def change(context: Obj) -> Obj:
        present = (context.get("capabilities") or {}).get("add") or []
        added: Obj = assoc(context, "capabilities", "add", [*present, *capabilities])
        return added

    return change


def _cleared(context: Obj) -> Obj | None:
    return None


def _restricted(context: Obj) -> Obj | None:
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _privileged(context: Obj) -> Obj | None:
    return {**context, "privileged": True}


_CHANGES: Mapping[str, Callable[[Obj], Obj | None]] = {
    "baseline": _cleared,
    "general": _adding("SYS_PTRACE"),
    "netadmin": _adding("NET_ADMIN", "NET_RAW"),
    "restricted": _restricted,
    "sysadmin": _privileged,
}
