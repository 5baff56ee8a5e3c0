"""Security contexts of Pods and containers.

Models pkg/apis/core/validation/validation.go (ValidateSecurityContext,
validatePodSpecSecurityContext, validateWindowsSecurityContextOptions), v1.36.
"""

from __future__ import annotations

import re
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    all_invalid,
    duplicate,
    enumerated,
    invalid,
    not_supported,
    required,
    too_long,
)
from k8slab.api.validation._names import byte_length, dns_subdomain, user_id
from k8slab.api.validation._paths import local_descending_path
from k8slab.api.validation._shape import shape

PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
_SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = rf"({_SYSCTL_SEGMENT}[\./])*{_SYSCTL_SEGMENT}"
_IPC_SYSCTLS = (
    "kernel.shm_rmid_forced",
    "kernel.shm",
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.msg",
    "fs.mqueue",
)
_NETBIOS = r'[^\\/:\*\?"<>|\.][^\\/:\*\?"<>|]{0,14}'
_DNS_PART = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_CREDENTIAL_LIMIT_BYTES = 64 * 1024


def validate_seccomp_profile(profile: Obj | None, path: str) -> list[Cause]:
    """A seccomp profile; only Localhost names a file."""
    if profile is None:
        return []
    kind, file = profile.get("type") or "", profile.get("localhostProfile")
    causes: list[Cause] = []
    if not kind:
        causes.append(required(f"{path}.type", "type is required when seccompProfile is set"))
    else:
        causes += enumerated(kind, f"{path}.type", PROFILE_TYPES)
    where = f"{path}.localhostProfile"
    if kind == "Localhost":
        if file is None:
            causes.append(required(where, "must be set when seccomp type is Localhost"))
        else:
            causes += local_descending_path(file, where)
    elif file is not None:
        detail = "can only be set when seccomp type is Localhost"
        causes.append(invalid(where, shape("SeccompProfile", profile), detail))
    return causes


def validate_app_armor_profile(profile: Obj | None, path: str) -> list[Cause]:
    """An AppArmor profile; only Localhost names one on the node."""
    if profile is None:
        return []
    kind, name = profile.get("type") or "", profile.get("localhostProfile")
    where = f"{path}.localhostProfile"
    if kind == "Localhost":
        return _validate_localhost_app_armor(name, where)
    if kind in PROFILE_TYPES:
        if name is None:
            return []
        return [invalid(where, name, "can only be set when AppArmor type is Localhost")]
    if not kind:
        return [required(f"{path}.type", "type is required when appArmorProfile is set")]
    return [not_supported(f"{path}.type", kind, PROFILE_TYPES)]


def _validate_localhost_app_armor(name: str | None, path: str) -> list[Cause]:
    if name is None:
        return [required(path, "must be set when AppArmor type is Localhost")]
    causes: list[Cause] = []
    if name.strip() != name:
        causes.append(invalid(path, name, "must not be padded with whitespace"))
    elif not name:
        causes.append(required(path, "must be set when AppArmor type is Localhost"))
    if byte_length(name) > 4095:
        causes.append(too_long(path, 4095))
    return causes


def validate_security_context(context: Obj | None, path: str, host_users: bool) -> list[Cause]:
    """The security context of a container."""
    if context is None:
        return []
    causes = _validate_ids(context, path, ("runAsUser", "runAsGroup"))
    mount = context.get("procMount")
    if mount is not None:
        where = f"{path}.procMount"
        causes += enumerated(mount, where, ("Default", "Unmasked"), is_required=False)
        if host_users and mount == "Unmasked":
            causes.append(invalid(where, mount, "`hostUsers` must be false to use `Unmasked`"))
    causes += validate_seccomp_profile(context.get("seccompProfile"), f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        causes += _validate_no_escalation(context, path)
    causes += validate_windows_options(context.get("windowsOptions"), f"{path}.windowsOptions")
    return causes + validate_app_armor_profile(context.get("appArmorProfile"), f"{path}.appArmorProfile")


def _validate_ids(context: Obj, path: str, names: tuple[str, ...]) -> list[Cause]:
    causes: list[Cause] = []
    for name in names:
        number = context.get(name)
        if number is not None:
            causes += all_invalid(f"{path}.{name}", number, user_id(number))
    return causes


def _validate_no_escalation(context: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    begin = "cannot set `allowPrivilegeEscalation` to false and"
    if context.get("privileged"):
        shown = shape("SecurityContext", context)
        causes.append(invalid(path, shown, f"{begin} `privileged` to true"))
    for capability in (context.get("capabilities") or {}).get("add") or ():
        if capability == "CAP_SYS_ADMIN":
            shown = shape("SecurityContext", context)
            causes.append(invalid(path, shown, f"{begin} `capabilities.Add` CAP_SYS_ADMIN"))
    return causes


_SELINUX_POLICIES = ("Recursive",)
"""Without the gate SELinuxMount, which is off, `MountOption` is no choice."""


def validate_pod_security_context(spec: Obj, path: str) -> list[Cause]:
    """The security context of a Pod."""
    context = spec.get("securityContext")
    if context is None:
        context = {}
    causes = _validate_ids(context, path, ("fsGroup", "runAsUser", "runAsGroup"))
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        causes += all_invalid(f"{path}.supplementalGroups[{index}]", group, user_id(group))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        causes.append(invalid(f"{path}.shareProcessNamespace", True, detail))
    causes += _validate_sysctls(spec, context.get("sysctls") or (), f"{path}.sysctls")
    causes += _optional(context, path, "fsGroupChangePolicy", ("Always", "OnRootMismatch"))
    causes += validate_seccomp_profile(context.get("seccompProfile"), f"{path}.seccompProfile")
    causes += validate_windows_options(context.get("windowsOptions"), f"{path}.windowsOptions")
    causes += validate_app_armor_profile(context.get("appArmorProfile"), f"{path}.appArmorProfile")
    causes += _optional(context, path, "supplementalGroupsPolicy", ("Merge", "Strict"))
    return causes + _optional(context, path, "seLinuxChangePolicy", _SELINUX_POLICIES)


def _optional(context: Obj, path: str, name: str, supported: tuple[str, ...]) -> list[Cause]:
    value = context.get(name)
    if value is None:
        return []
    return enumerated(value, f"{path}.{name}", supported, is_required=False)


def _validate_sysctls(spec: Obj, sysctls: Any, path: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: list[str] = []
    for index, sysctl in enumerate(sysctls):
        where, name = f"{path}[{index}].name", sysctl.get("name") or ""
        if not name:
            causes.append(required(where))
        elif len(name) > 253 or not re.fullmatch(_SYSCTL, name):
            detail = f"must have at most 253 characters and match regex ^{_SYSCTL}$"
            causes.append(invalid(where, name, detail))
        elif name in seen:
            causes.append(duplicate(where, name))
        causes += _validate_host_sysctl(spec, name, where)
        seen.append(name)
    return causes


def _validate_host_sysctl(spec: Obj, name: str, path: str) -> list[Cause]:
    dotted = _with_dots(name)
    if spec.get("hostNetwork") and f"{dotted}.".startswith("net."):
        return [invalid(path, name, "may not be specified when 'hostNetwork' is true")]
    if spec.get("hostIPC") and any(f"{dotted}.".startswith(f"{one}.") for one in _IPC_SYSCTLS):
        return [invalid(path, name, "may not be specified when 'hostIPC' is true")]
    return []


def _with_dots(name: str) -> str:
    """A sysctl's name with dots between its parts; the first separator says which it uses."""
    first = re.search(r"[./]", name)
    if first is None or first[0] == ".":
        return name
    return name.translate(str.maketrans("./", "/."))


def validate_windows_options(options: Obj | None, path: str) -> list[Cause]:
    """Credentials and users of Windows containers."""
    if options is None:
        return []
    causes: list[Cause] = []
    name, credential = options.get("gmsaCredentialSpecName"), options.get("gmsaCredentialSpec")
    if name is not None:
        causes += all_invalid(f"{path}.gmsaCredentialSpecName", name, dns_subdomain(name))
    if credential is not None:
        where = f"{path}.gmsaCredentialSpec"
        if not credential:
            causes.append(invalid(where, credential, "gmsaCredentialSpec cannot be an empty string"))
        elif byte_length(credential) > _CREDENTIAL_LIMIT_BYTES:
            causes.append(invalid(where, credential, "gmsaCredentialSpec size must be under 64 KiB"))
    user = options.get("runAsUserName")
    if user is not None:
        where = f"{path}.runAsUserName"
        causes += [invalid(where, user, f"runAsUserName{text}") for text in _windows_user_faults(user)]
    return causes


def _windows_user_faults(text: str) -> list[str]:
    if not text:
        return [" cannot be an empty string"]
    if re.search(r"[\x00-\x1f\x7f]", text):
        return [" cannot contain control characters"]
    parts = text.split("\\")
    if len(parts) > 2:
        return [" cannot contain more than one backslash"]
    domain, user = (parts[0], parts[1]) if len(parts) == 2 else ("", parts[0])
    faults: list[str] = []
    if byte_length(domain) >= 256:
        faults.append("'s Domain length must be under 256 characters")
    is_dns = re.fullmatch(rf"{_DNS_PART}(?:\.{_DNS_PART})*", domain)
    if len(parts) == 2 and not re.fullmatch(_NETBIOS, domain) and not is_dns:
        faults.append("'s Domain doesn't match the NetBios nor the DNS format")
    if not user:
        faults.append("'s User cannot be empty")
    elif byte_length(user) > 104:
        faults.append("'s User length must not be longer than 104 characters")
    if re.fullmatch(r"[. ]+", user):
        faults.append("'s User cannot contain only periods or spaces")
    if re.search(r'["/\\:;|=,+*?<>@\[\]]', user):
        faults.append("'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]")
    return faults
