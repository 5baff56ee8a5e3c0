"""PodSecurity: a namespace's labels say which of the Pod Security Standards its Pods must meet.

Models plugin/pkg/admission/security/podsecurity and
staging/src/k8s.io/pod-security-admission/{api,admission}, v1.36.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from k8slab.api.errors import Cause, invalid
from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj, dig, labels_of
from k8slab.cluster.admission._plugin import Admission, Request, refusal
from k8slab.cluster.admission._pod_security_checks import Finding, findings

_PREFIX = "pod-security.kubernetes.io/"
_LEVELS = ("privileged", "baseline", "restricted")
_LATEST = "latest"
_VERSION = re.compile(r"v1\.(0|[1-9][0-9]*)")
_IGNORED = ("exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status")
_TEMPLATES = {
    "PodTemplate": ("template",),
    "ReplicationController": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


class Standard(NamedTuple):
    """A level as of a version, e.g. `baseline:v1.30`."""

    level: str
    version: str = _LATEST

    def __str__(self) -> str:
        """As it is printed in refusals."""
        return f"{self.level}:{self.version}"


class Policy(NamedTuple):
    """What a namespace's labels ask for, and what is wrong with them (label, value, reason)."""

    enforce: Standard
    warn: Standard
    faults: tuple[tuple[str, str, str], ...] = ()


def _read(labels: dict[str, str], mode: str, faults: list[tuple[str, str, str]], fallback: str) -> Standard:
    level, version = labels.get(_PREFIX + mode), labels.get(f"{_PREFIX}{mode}-version", _LATEST)
    if level is not None and level not in _LEVELS:
        faults.append((_PREFIX + mode, level, f"must be one of {', '.join(_LEVELS)}"))
        level = fallback
    if version != _LATEST and not _VERSION.fullmatch(version):
        faults.append((f"{_PREFIX}{mode}-version", version, 'must be "latest" or "v1.x"'))
        version = _LATEST
    return Standard(level or _LEVELS[0], version)


def policy_of(labels: dict[str, str]) -> Policy:
    """The policy that labels ask for. A level that isn't one enforces the strictest, and warns of nothing."""
    if not any(label.startswith(_PREFIX) for label in labels):
        return _PRIVILEGED
    faults: list[tuple[str, str, str]] = []
    enforce = _read(labels, "enforce", faults, "restricted")
    _read(labels, "audit", faults, "privileged")
    warn = _read(labels, "warn", faults, "privileged")
    if f"{_PREFIX}warn" not in labels and labels.get(f"{_PREFIX}enforce") in _LEVELS[1:]:
        version = warn.version if f"{_PREFIX}warn-version" in labels else enforce.version
        warn = Standard(enforce.level, version)
    return Policy(enforce, warn, tuple(faults))


_PRIVILEGED = Policy(Standard("privileged"), Standard("privileged"))


def _findings(standard: Standard, metadata: Obj, spec: Obj) -> list[Finding]:
    minor = 10_000 if standard.version == _LATEST else int(standard.version.removeprefix("v1."))
    return findings(standard.level, minor, metadata, spec)


def violations(standard: Standard, metadata: Obj, spec: Obj) -> str:
    """What a standard finds, as one text; empty for a Pod that meets it."""
    found = _findings(standard, metadata, spec)
    return ", ".join(f"{one.reason} ({one.detail})" if one.detail else one.reason for one in found)


def _policy(request: Request) -> Policy:
    namespace = request.view.get("Namespace", ("", request.namespace))
    return policy_of(labels_of(namespace)) if namespace is not None else _PRIVILEGED


def _validate(request: Request) -> None:
    if request.new is None:
        return
    if request.kind.kind == "Namespace":
        _check_labels(request, request.new)
    elif request.kind.kind == "Pod" and request.subresource not in _IGNORED:
        standard = _policy(request).enforce
        if standard.level == "privileged" or not _is_significant(request.new, request.old):
            return
        found = violations(standard, request.new["metadata"], request.new["spec"])
        if found:
            raise refusal(request, f'violates PodSecurity "{standard}": {found}')


def _is_significant(pod: Obj, old: Obj | None) -> bool:
    """Whether a Pod is new, or an update changes what it runs."""
    if old is None:
        return True
    spec, before = pod["spec"], old["spec"]
    if spec is before:
        return False
    for field in ("containers", "initContainers"):
        images = [one.get("image") for one in spec.get(field) or ()]
        if images != [one.get("image") for one in before.get(field) or ()]:
            return True
    known = {one.get("name"): one.get("image") for one in before.get("ephemeralContainers") or ()}
    return any(
        one.get("name") not in known or known[one.get("name")] != one.get("image")
        for one in spec.get("ephemeralContainers") or ()
    )


def _check_labels(request: Request, namespace: Obj) -> None:
    """422 for labels that mean nothing, unless they did so before."""
    faults = policy_of(labels_of(namespace)).faults
    if request.subresource or not faults:
        return
    if request.old is not None and policy_of(labels_of(request.old)).faults == faults:
        return
    causes = [
        Cause("FieldValueInvalid", f'Invalid value: "{value}": {why}', f"metadata.labels[{label}]")
        for label, value, why in faults
    ]
    raise invalid(request.kind.kind, request.kind.group, request.name, causes)


def _warn(request: Request) -> tuple[str, ...]:
    """What would violate the standard that is only warned of, in a Pod or in a template for Pods."""
    new = request.new
    if new is None or request.subresource:
        return ()
    if request.kind.kind == "Namespace":
        return _existing_violations(request, new)
    standard = _policy(request).warn
    if standard.level == "privileged":
        return ()
    if request.kind.kind == "Pod":
        pod = new if _is_significant(new, request.old) else None
    else:
        pod = dig(new, *_TEMPLATES[request.kind.kind])
    found = violations(standard, pod.get("metadata") or {}, pod.get("spec") or {}) if pod else ""
    return (f'would violate PodSecurity "{standard}": {found}',) if found else ()


_MOST_PODS = 3000


def _existing_violations(request: Request, namespace: Obj) -> tuple[str, ...]:
    """Which Pods of a namespace the standard that is enforced from now on would have refused."""
    if request.old is None:
        return ()
    enforce, before = policy_of(labels_of(namespace)).enforce, policy_of(labels_of(request.old)).enforce
    if enforce == before or enforce.level == "privileged":
        return ()
    if enforce.version == before.version and _LEVELS.index(enforce.level) <= _LEVELS.index(before.level):
        return ()
    pods = list(request.view.list("Pod", namespace=request.name))
    texts: list[str] = []
    if len(pods) > _MOST_PODS:
        texts.append(
            "new PodSecurity enforce level only checked against the first "
            f"{_MOST_PODS} of {len(pods)} existing pods"
        )
    names: dict[str, list[str]] = {}
    for pod in pods[:_MOST_PODS]:
        found = _findings(enforce, pod["metadata"], pod["spec"])
        if found:
            reason = ", ".join(one.reason for one in found)
            names.setdefault(reason, []).append(pod["metadata"]["name"])
    if names:
        texts.append(
            f"existing pods in namespace {go_quote(request.name)} violate the new PodSecurity "
            f'enforce level "{enforce}"'
        )
    return (*texts, *sorted(_named(reason, found) for reason, found in names.items()))


def _named(reason: str, names: list[str]) -> str:
    more = len(names) - 1
    others = f" (and {more} other pod{'s' if more > 1 else ''})" if more else ""
    return f"{min(names)}{others}: {reason}"


ADMISSION = Admission("PodSecurity", validate=_validate, warn=_warn, kinds=("Namespace", "Pod", *_TEMPLATES))
