"""Probes and lifecycle hooks.

Models pkg/apis/core/validation/validation.go (validateProbe, validateHandler,
validateLifecycle), v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    all_invalid,
    forbidden,
    invalid,
    nonnegative_fields,
    not_supported,
    required,
)
from k8slab.api.validation._names import http_header, port_name, port_number

_PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
_PROBE_NUMBERS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)
_SIGNALS = (
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT RTMAX RTMAX-1 RTMAX-10 "
    "RTMAX-11 RTMAX-12 RTMAX-13 RTMAX-14 RTMAX-2 RTMAX-3 RTMAX-4 RTMAX-5 RTMAX-6 RTMAX-7 RTMAX-8 RTMAX-9 "
    "RTMIN RTMIN+1 RTMIN+10 RTMIN+11 RTMIN+12 RTMIN+13 RTMIN+14 RTMIN+15 RTMIN+2 RTMIN+3 RTMIN+4 RTMIN+5 "
    "RTMIN+6 RTMIN+7 RTMIN+8 RTMIN+9 SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM "
    "WINCH XCPU XFSZ"
)
_STOP_SIGNALS = {
    "linux": tuple(f"SIG{name}" for name in _SIGNALS.split()),
    "windows": ("SIGKILL", "SIGTERM"),
}


def validate_port(port: Any, path: str) -> list[Cause]:
    """A port's number or name."""
    if isinstance(port, str):
        return all_invalid(path, port, port_name(port))
    return all_invalid(path, port or 0, port_number(port or 0))


def _validate_handler(
    handler: Obj, names: tuple[str, ...], grace_seconds: int | None, path: str
) -> list[Cause]:
    causes: list[Cause] = []
    found = False
    for name in names:
        action = handler.get(name)
        if action is None:
            continue
        where = f"{path}.{name}"
        if found:
            causes.append(forbidden(where, "may not specify more than 1 handler type"))
            continue
        found = True
        if name == "exec":
            causes += [] if action.get("command") else [required(f"{where}.command")]
        elif name == "httpGet":
            causes += _validate_http_get(action, where)
        elif name == "sleep":
            causes += _validate_sleep(action.get("seconds") or 0, grace_seconds, where)
        else:
            causes += validate_port(action.get("port"), f"{where}.port")
    return causes if found else [required(path, "must specify a handler type")]


def _validate_http_get(action: Obj, path: str) -> list[Cause]:
    causes = [] if action.get("path") else [required(f"{path}.path")]
    causes += validate_port(action.get("port"), f"{path}.port")
    scheme = action.get("scheme") or ""
    if scheme not in ("HTTP", "HTTPS"):
        causes.append(not_supported(f"{path}.scheme", scheme, ("HTTP", "HTTPS")))
    for header in action.get("httpHeaders") or ():
        name = header.get("name") or ""
        causes += all_invalid(f"{path}.httpHeaders", name, http_header(name))
    return causes


def _validate_sleep(seconds: int, grace_seconds: int | None, path: str) -> list[Cause]:
    if grace_seconds is None or 0 <= seconds <= grace_seconds:
        return []
    detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace_seconds})"
    return [invalid(path, seconds, detail)]


def _validate_probe(probe: Obj, grace_seconds: int | None, path: str) -> list[Cause]:
    causes = _validate_handler(probe, _PROBE_HANDLERS, grace_seconds, path)
    causes += nonnegative_fields(probe, path, _PROBE_NUMBERS)
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None and seconds <= 0:
        causes.append(invalid(f"{path}.terminationGracePeriodSeconds", seconds, "must be greater than 0"))
    return causes


def validate_liveness_probe(probe: Obj | None, grace_seconds: int | None, path: str) -> list[Cause]:
    """A liveness or startup probe: one success is enough."""
    if probe is None:
        return []
    causes = _validate_probe(probe, grace_seconds, path)
    threshold = probe.get("successThreshold") or 0
    return (
        causes if threshold == 1 else [*causes, invalid(f"{path}.successThreshold", threshold, "must be 1")]
    )


def validate_readiness_probe(probe: Obj | None, grace_seconds: int | None, path: str) -> list[Cause]:
    """A readiness probe kills nothing, so it has no grace period."""
    if probe is None:
        return []
    causes = _validate_probe(probe, grace_seconds, path)
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None:
        detail = "must not be set for readinessProbes"
        causes.append(invalid(f"{path}.terminationGracePeriodSeconds", seconds, detail))
    return causes


def validate_lifecycle(
    lifecycle: Obj, grace_seconds: int | None, path: str, os_name: str | None
) -> list[Cause]:
    """Hooks after the start and before the stop, and the signal that stops."""
    causes: list[Cause] = []
    for name in ("postStart", "preStop"):
        if lifecycle.get(name) is not None:
            causes += _validate_handler(lifecycle[name], _HOOK_HANDLERS, grace_seconds, f"{path}.{name}")
    signal = lifecycle.get("stopSignal")
    if signal is not None:
        where = f"{path}.stopSignal"
        if os_name is None:
            causes.append(forbidden(where, "may not be set for containers with empty `spec.os.name`"))
        elif os_name in _STOP_SIGNALS and signal not in _STOP_SIGNALS[os_name]:
            causes.append(not_supported(where, signal, _STOP_SIGNALS[os_name]))
    return causes
