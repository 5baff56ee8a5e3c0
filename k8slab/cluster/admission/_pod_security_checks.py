"""The Pod Security Standards: what the levels baseline and restricted forbid a Pod, check by check.

A check gives a `Finding` or None. Each is a row with the level that it belongs
to and the minor version of Kubernetes from which it holds in that form, so
that a namespace can pin the standards of an older version.

Models staging/src/k8s.io/pod-security-admission/policy, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from k8slab.api.meta import Obj, dig

BASELINE = "baseline"
RESTRICTED = "restricted"
NEWEST_MINOR = 36


class Finding(NamedTuple):
    """Why a Pod doesn't conform: a few words, and the details for the brackets."""

    reason: str
    detail: str


Check = Callable[[Obj, Obj], Finding | None]
"""Gives what is wrong with a Pod's metadata and spec."""


class Row(NamedTuple):
    """A form of a check: from which minor version on it holds, and which baseline check it takes over."""

    id: str
    level: str
    since_minor: int
    check: Check
    overrides: str = ""


def _plural(singular: str, plural: str, items: Sequence[Any]) -> str:
    return singular if len(items) == 1 else plural


def _quoted(items: Iterable[str]) -> str:
    return ", ".join(f'"{item}"' for item in items)


def _containers(names: Sequence[str]) -> str:
    return f"{_plural('container', 'containers', names)} {_quoted(names)}"


def _all(spec: Obj) -> list[Obj]:
    """Every container in the order in which the checks visit them."""
    fields = ("initContainers", "containers", "ephemeralContainers")
    return [container for field in fields for container in spec.get(field) or ()]


def _context(holder: Obj) -> Obj:
    return holder.get("securityContext") or {}


def _name(container: Obj) -> str:
    return str(container.get("name", ""))


def _setters(pod: bool, containers: Sequence[str]) -> str:
    """Who set something: `pod and containers "a", "b"`."""
    parts = ["pod"] if pod else []
    if containers:
        parts.append(_containers(containers))
    return " and ".join(parts)


def _is_windows(spec: Obj) -> bool:
    return bool(dig(spec, "os", "name") == "windows")


def _in_user_namespace(spec: Obj) -> bool:
    return spec.get("hostUsers") is False


# Baseline.

_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"


def _app_armor(metadata: Obj, spec: Obj) -> Finding | None:
    allowed = (None, "RuntimeDefault", "Localhost")
    of_pod = dig(_context(spec), "appArmorProfile", "type")
    bad = [one for one in _all(spec) if dig(_context(one), "appArmorProfile", "type") not in allowed]
    values = sorted({dig(_context(one), "appArmorProfile", "type") for one in bad})
    if of_pod not in allowed:
        values = sorted({*values, of_pod})
    annotations = sorted(
        f"{key}={json.dumps(value)}"
        for key, value in (metadata.get("annotations") or {}).items()
        if key.startswith(_APP_ARMOR)
        and value not in ("", "runtime/default")
        and not value.startswith("localhost/")
    )
    setters = [part for part in (_setters(of_pod not in allowed, [_name(one) for one in bad]),) if part]
    if annotations:
        setters.append(_plural("annotation", "annotations", annotations))
    if not setters:
        return None
    values += annotations
    return Finding(
        _plural("forbidden AppArmor profile", "forbidden AppArmor profiles", values),
        f"{' and '.join(setters)} must not set AppArmor profile type to {_quoted(values)}",
    )


_DEFAULT_CAPABILITIES = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)


def _added(container: Obj, allowed: tuple[str, ...]) -> list[str]:
    added = dig(_context(container), "capabilities", "add", default=[])
    return [capability for capability in added if capability not in allowed]


def _capabilities_baseline(metadata: Obj, spec: Obj) -> Finding | None:
    bad = {_name(one): _added(one, _DEFAULT_CAPABILITIES) for one in _all(spec)}
    names = [name for name, added in bad.items() if added]
    if not names:
        return None
    values = sorted({capability for added in bad.values() for capability in added})
    return Finding(
        "non-default capabilities",
        f"{_containers(names)} must not include {_quoted(values)} in securityContext.capabilities.add",
    )


def _host_namespaces(metadata: Obj, spec: Obj) -> Finding | None:
    found = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return Finding("host namespaces", ", ".join(found)) if found else None


def _host_path_volumes(metadata: Obj, spec: Obj) -> Finding | None:
    names = [_name(volume) for volume in spec.get("volumes") or () if volume.get("hostPath") is not None]
    if not names:
        return None
    return Finding("hostPath volumes", f"{_plural('volume', 'volumes', names)} {_quoted(names)}")


def _host_ports(metadata: Obj, spec: Obj) -> Finding | None:
    ports = {
        _name(one): [str(port["hostPort"]) for port in one.get("ports") or () if port.get("hostPort")]
        for one in _all(spec)
    }
    names = [name for name, found in ports.items() if found]
    if not names:
        return None
    values = sorted({port for found in ports.values() for port in found})
    uses, noun = _plural("uses", "use", names), _plural("hostPort", "hostPorts", values)
    return Finding("hostPort", f"{_containers(names)} {uses} {noun} {', '.join(values)}")


def _probed_hosts(container: Obj) -> list[str]:
    lifecycle = container.get("lifecycle") or {}
    handlers = [container.get(name) for name in ("livenessProbe", "readinessProbe", "startupProbe")]
    handlers += [lifecycle.get("postStart"), lifecycle.get("preStop")]
    hosts = [dig(handler, action, "host") for handler in handlers for action in ("httpGet", "tcpSocket")]
    return [host for host in hosts if host]


def _host_probes(metadata: Obj, spec: Obj) -> Finding | None:
    hosts = {_name(one): _probed_hosts(one) for one in _all(spec)}
    names = sorted(name for name, found in hosts.items() if found)
    if not names:
        return None
    values = sorted({host for found in hosts.values() for host in found})
    noun = _plural("probe or lifecycle host", "probe or lifecycle hosts", values)
    detail = f"{_containers(names)} {_plural('uses', 'use', names)} {noun} {_quoted(values)}"
    return Finding("probe or lifecycle host", detail)


def _privileged(metadata: Obj, spec: Obj) -> Finding | None:
    names = [_name(one) for one in _all(spec) if _context(one).get("privileged")]
    if not names:
        return None
    return Finding("privileged", f"{_containers(names)} must not set securityContext.privileged=true")


def _proc_mount(metadata: Obj, spec: Obj) -> Finding | None:
    bad = [one for one in _all(spec) if _context(one).get("procMount") not in (None, "Default")]
    if not bad:
        return None
    values = sorted({_context(one)["procMount"] for one in bad})
    names = [_name(one) for one in bad]
    return Finding(
        "procMount", f"{_containers(names)} must not set securityContext.procMount to {_quoted(values)}"
    )


def _unless_in_user_namespace(check: Check) -> Check:
    def relaxed(metadata: Obj, spec: Obj) -> Finding | None:
        return None if _in_user_namespace(spec) else check(metadata, spec)

    return relaxed


def _unless_on_windows(check: Check) -> Check:
    def relaxed(metadata: Obj, spec: Obj) -> Finding | None:
        return None if _is_windows(spec) else check(metadata, spec)

    return relaxed


def _se_linux(types: tuple[str, ...]) -> Check:
    def check(metadata: Obj, spec: Obj) -> Finding | None:
        of_pod = _context(spec).get("seLinuxOptions") or {}
        containers = [(_name(one), _context(one).get("seLinuxOptions") or {}) for one in _all(spec)]

        def is_bad(options: Obj) -> bool:
            return options.get("type", "") not in types or bool(options.get("user") or options.get("role"))

        names = [name for name, options in containers if is_bad(options)]
        if not names and not is_bad(of_pod):
            return None
        everything = [of_pod, *(options for _, options in containers)]
        bad_types = sorted({one.get("type", "") for one in everything} - set(types))
        data = [f"{_plural('type', 'types', bad_types)} {_quoted(bad_types)}"] if bad_types else []
        data += [
            f"{name} may not be set" for name in ("user", "role") if any(one.get(name) for one in everything)
        ]
        setters = _setters(is_bad(of_pod), names)
        return Finding(
            "seLinuxOptions", f"{setters} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"
        )

    return check


_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_SECCOMP_TYPES = ("RuntimeDefault", "Localhost")


def _seccomp_annotations(metadata: Obj, spec: Obj) -> Finding | None:
    annotations = metadata.get("annotations") or {}
    keys = [_SECCOMP_POD, *(_SECCOMP_CONTAINER + _name(one) for one in _all(spec))]
    found = sorted(
        {
            f"{key}={json.dumps(annotations[key])}"
            for key in keys
            if key in annotations
            and annotations[key] not in ("runtime/default", "docker/default")
            and not annotations[key].startswith("localhost/")
        }
    )
    if not found:
        return None
    return Finding(
        "seccompProfile", f"forbidden {_plural('annotation', 'annotations', found)} {', '.join(found)}"
    )


def _seccomp(required: bool) -> Check:
    def check(metadata: Obj, spec: Obj) -> Finding | None:
        of_pod = dig(_context(spec), "seccompProfile", "type")
        types = [(_name(one), dig(_context(one), "seccompProfile", "type")) for one in _all(spec)]
        bad = [name for name, kind in types if kind is not None and kind not in _SECCOMP_TYPES]
        pod_is_bad = of_pod is not None and of_pod not in _SECCOMP_TYPES
        if bad or pod_is_bad:
            every = {kind for _, kind in types} | {of_pod}
            values = sorted(kind for kind in every if kind is not None and kind not in _SECCOMP_TYPES)
            setters = _setters(pod_is_bad, bad)
            why = f"{setters} must not set securityContext.seccompProfile.type to {_quoted(values)}"
            return Finding("seccompProfile", why)
        missing = [name for name, kind in types if kind is None]
        if not required or of_pod is not None or not missing:
            return None
        return Finding(
            "seccompProfile",
            f"pod or {_containers(missing)} must set securityContext.seccompProfile.type "
            'to "RuntimeDefault" or "Localhost"',
        )

    return check


_SYSCTLS = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
)
_SYSCTLS_27 = (*_SYSCTLS, "net.ipv4.ip_local_reserved_ports")
_SYSCTLS_29 = (
    *_SYSCTLS_27,
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
)
_SYSCTLS_32 = (*_SYSCTLS_29, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")


def _sysctls(allowed: tuple[str, ...]) -> Check:
    def check(metadata: Obj, spec: Obj) -> Finding | None:
        names = [_name(one) for one in _context(spec).get("sysctls") or ()]
        bad = [name for name in names if name not in allowed]
        return Finding("forbidden sysctls", ", ".join(bad)) if bad else None

    return check


def _host_process(metadata: Obj, spec: Obj) -> Finding | None:
    of_pod = bool(dig(_context(spec), "windowsOptions", "hostProcess"))
    names = [_name(one) for one in _all(spec) if dig(_context(one), "windowsOptions", "hostProcess")]
    if not of_pod and not names:
        return None
    why = f"{_setters(of_pod, names)} must not set securityContext.windowsOptions.hostProcess=true"
    return Finding("hostProcess", why)


# Restricted.


def _privilege_escalation(metadata: Obj, spec: Obj) -> Finding | None:
    names = [_name(one) for one in _all(spec) if _context(one).get("allowPrivilegeEscalation") is not False]
    if not names:
        return None
    return Finding(
        "allowPrivilegeEscalation != false",
        f"{_containers(names)} must set securityContext.allowPrivilegeEscalation=false",
    )


def _capabilities_restricted(metadata: Obj, spec: Obj) -> Finding | None:
    missing = [
        _name(one)
        for one in _all(spec)
        if "ALL" not in dig(_context(one), "capabilities", "drop", default=[])
    ]
    added = {_name(one): _added(one, ("NET_BIND_SERVICE",)) for one in _all(spec)}
    adding = [name for name, found in added.items() if found]
    details = []
    if missing:
        details.append(f'{_containers(missing)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        values = sorted({capability for found in added.values() for capability in found})
        details.append(
            f"{_containers(adding)} must not include {_quoted(values)} in securityContext.capabilities.add"
        )
    return Finding("unrestricted capabilities", "; ".join(details)) if details else None


_VOLUMES_ALLOWED = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
_VOLUMES_KNOWN = (
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
)


def _restricted_volumes(metadata: Obj, spec: Obj) -> Finding | None:
    bad = [
        volume
        for volume in spec.get("volumes") or ()
        if not any(volume.get(source) is not None for source in _VOLUMES_ALLOWED)
    ]
    if not bad:
        return None
    names = [_name(volume) for volume in bad]
    types = sorted(
        {next((one for one in _VOLUMES_KNOWN if volume.get(one) is not None), "unknown") for volume in bad}
    )
    noun = _plural("restricted volume type", "restricted volume types", types)
    return Finding(
        "restricted volume types",
        f"{_plural('volume', 'volumes', names)} {_quoted(names)} {_plural('uses', 'use', names)} "
        f"{noun} {_quoted(types)}",
    )


def _non_root(metadata: Obj, spec: Obj) -> Finding | None:
    of_pod = _context(spec).get("runAsNonRoot")
    stated = [(_name(one), _context(one).get("runAsNonRoot")) for one in _all(spec)]
    bad = [name for name, value in stated if value is False]
    reason = "runAsNonRoot != true"
    if bad or of_pod is False:
        why = f"{_setters(of_pod is False, bad)} must not set securityContext.runAsNonRoot=false"
        return Finding(reason, why)
    missing = [name for name, value in stated if value is None]
    if of_pod or not missing:
        return None
    return Finding(reason, f"pod or {_containers(missing)} must set securityContext.runAsNonRoot=true")


def _user(metadata: Obj, spec: Obj) -> Finding | None:
    of_pod = _context(spec).get("runAsUser") == 0
    names = [_name(one) for one in _all(spec) if _context(one).get("runAsUser") == 0]
    if not of_pod and not names:
        return None
    return Finding("runAsUser=0", f"{_setters(of_pod, names)} must not set runAsUser=0")


_SE_LINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t")

ROWS = (
    Row("appArmorProfile", BASELINE, 0, _app_armor),
    Row("capabilities_baseline", BASELINE, 0, _capabilities_baseline),
    Row("hostNamespaces", BASELINE, 0, _host_namespaces),
    Row("hostPathVolumes", BASELINE, 0, _host_path_volumes),
    Row("hostPorts", BASELINE, 0, _host_ports),
    Row("hostProbesAndHostLifecycle", BASELINE, 34, _host_probes),
    Row("privileged", BASELINE, 0, _privileged),
    Row("procMount", BASELINE, 0, _proc_mount),
    Row("procMount", BASELINE, 35, _unless_in_user_namespace(_proc_mount)),
    Row("seLinuxOptions", BASELINE, 0, _se_linux(_SE_LINUX_TYPES)),
    Row("seLinuxOptions", BASELINE, 31, _se_linux((*_SE_LINUX_TYPES, "container_engine_t"))),
    Row("seccompProfile_baseline", BASELINE, 0, _seccomp_annotations),
    Row("seccompProfile_baseline", BASELINE, 19, _seccomp(required=False)),
    Row("sysctls", BASELINE, 0, _sysctls(_SYSCTLS)),
    Row("sysctls", BASELINE, 27, _sysctls(_SYSCTLS_27)),
    Row("sysctls", BASELINE, 29, _sysctls(_SYSCTLS_29)),
    Row("sysctls", BASELINE, 32, _sysctls(_SYSCTLS_32)),
    Row("windowsHostProcess", BASELINE, 0, _host_process),
    Row("allowPrivilegeEscalation", RESTRICTED, 8, _privilege_escalation),
    Row("allowPrivilegeEscalation", RESTRICTED, 25, _unless_on_windows(_privilege_escalation)),
    Row("capabilities_restricted", RESTRICTED, 22, _capabilities_restricted, "capabilities_baseline"),
    Row(
        "capabilities_restricted",
        RESTRICTED,
        25,
        _unless_on_windows(_capabilities_restricted),
        "capabilities_baseline",
    ),
    Row("procMount_restricted", RESTRICTED, 35, _proc_mount, "procMount"),
    Row("restrictedVolumes", RESTRICTED, 0, _restricted_volumes, "hostPathVolumes"),
    Row("runAsNonRoot", RESTRICTED, 0, _non_root),
    Row("runAsNonRoot", RESTRICTED, 35, _unless_in_user_namespace(_non_root)),
    Row("runAsUser", RESTRICTED, 23, _user),
    Row("runAsUser", RESTRICTED, 35, _unless_in_user_namespace(_user)),
    Row("seccompProfile_restricted", RESTRICTED, 19, _seccomp(required=True), "seccompProfile_baseline"),
    Row(
        "seccompProfile_restricted",
        RESTRICTED,
        25,
        _unless_on_windows(_seccomp(required=True)),
        "seccompProfile_baseline",
    ),
)
"""Every form of every check, baseline first, by id: the order of the findings."""


@lru_cache(maxsize=256)
def checks(level: str, minor: int) -> tuple[Check, ...]:
    """The checks of a level as of a minor version."""
    current: dict[str, Row] = {}
    for row in ROWS:
        if row.since_minor <= minor and level in (row.level, RESTRICTED):
            current[row.id] = row
    overridden = [row.overrides for row in current.values()]
    return tuple(row.check for row in current.values() if row.id not in overridden)


def findings(level: str, minor: int, metadata: Obj, spec: Obj) -> list[Finding]:
    """Everything that a level of a version finds wrong with a Pod; nothing under `privileged`."""
    if level not in (BASELINE, RESTRICTED):
        return []
    results = [check(metadata, spec) for check in checks(level, min(minor, NEWEST_MINOR))]
    return [finding for finding in results if finding is not None]
