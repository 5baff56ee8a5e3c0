"""Annotations of Pods that mean something, most of them older than the fields that replaced them.

Models pkg/apis/core/validation/validation.go (ValidatePodSpecificAnnotations,
validateSeccompAnnotationsAndFields, validateAppArmorAnnotationsAndFieldsMatchOnCreate), v1.36.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._affinity import validate_tolerations
from k8slab.api.validation._containers import visit_containers
from k8slab.api.validation._field import forbidden, invalid, quote
from k8slab.api.validation._paths import local_descending_path

MIRROR = "kubernetes.io/config.mirror"
TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"

Annotations = Mapping[str, str]


def validate_pod_annotations(annotations: Annotations, spec: Obj, path: str) -> list[Cause]:
    """Annotations that the server understands."""
    causes: list[Cause] = []
    if MIRROR in annotations and not spec.get("nodeName"):
        detail = "must set spec.nodeName if mirror pod annotation is set"
        causes.append(invalid(f"{path}[{MIRROR}]", annotations[MIRROR], detail))
    if annotations.get(TOLERATIONS):
        causes += _validate_tolerations(annotations[TOLERATIONS], path)
    cost = annotations.get(DELETION_COST)
    if cost is not None and not _is_int32(cost):
        causes.append(invalid(f"{path}[{DELETION_COST}]", cost, "must be a 32bit integer"))
    if SECCOMP_POD in annotations:
        causes += _validate_seccomp(annotations[SECCOMP_POD], f"{path}.{SECCOMP_POD}")
    for key in sorted(annotations):
        if key.startswith(SECCOMP_CONTAINER):
            causes += _validate_seccomp(annotations[key], f"{path}.{key}")
    names = [container.get("name") or "" for container, _ in visit_containers(spec, "spec")]
    for key in sorted(annotations):
        if key.startswith(APP_ARMOR):
            name = key.removeprefix(APP_ARMOR)
            if name not in names:
                causes.append(invalid(f"{path}[{key}]", name, "container not found"))
            causes += _validate_app_armor(annotations[key], f"{path}[{key}]")
    return causes


def _is_int32(text: str) -> bool:
    return bool(re.fullmatch("0|-?[1-9][0-9]*|-", text)) and text != "-" and -(2**31) <= int(text) < 2**31


def _validate_tolerations(text: str, path: str) -> list[Cause]:
    try:
        tolerations = json.loads(text)
    except ValueError as error:
        return [invalid(path, TOLERATIONS, str(error))]
    return validate_tolerations(tolerations or (), f"{path}.{TOLERATIONS}")


def _validate_seccomp(profile: str, path: str) -> list[Cause]:
    if profile in ("runtime/default", "docker/default", "unconfined"):
        return []
    if profile.startswith("localhost/"):
        return local_descending_path(profile.removeprefix("localhost/"), path)
    return [invalid(path, profile, "must be a valid seccomp profile")]


def _validate_app_armor(profile: str, path: str) -> list[Cause]:
    if profile in ("", "runtime/default", "unconfined") or profile.startswith("localhost/"):
        return []
    return [invalid(path, profile, f"invalid AppArmor profile name: {quote(profile)}")]


def validate_annotation_changes(new: Annotations, old: Annotations, path: str) -> list[Cause]:
    """AppArmor's and the mirror annotation never change."""
    causes: list[Cause] = []
    for key in sorted(old):
        if new.get(key) != old[key]:
            if key.startswith(APP_ARMOR):
                causes.append(forbidden(f"{path}[{key}]", "may not remove or update AppArmor annotations"))
            if key == MIRROR:
                causes.append(forbidden(f"{path}[{key}]", "may not remove or update mirror pod annotation"))
    for key in sorted(new):
        if key not in old:
            if key.startswith(APP_ARMOR):
                causes.append(forbidden(f"{path}[{key}]", "may not add AppArmor annotations"))
            if key == MIRROR:
                causes.append(forbidden(f"{path}[{key}]", "may not add mirror pod annotation"))
    return causes


def validate_profiles_match_annotations(annotations: Annotations, spec: Obj, path: str) -> list[Cause]:
    """A profile that stands in a field and in an annotation must be the same."""
    causes: list[Cause] = []
    of_pod = spec.get("securityContext") or {}
    causes += _match_seccomp(
        of_pod.get("seccompProfile"), annotations.get(SECCOMP_POD), f"{path}.securityContext.seccompProfile"
    )
    for container, where in visit_containers(spec, path):
        field = (container.get("securityContext") or {}).get("seccompProfile")
        annotation = annotations.get(f"{SECCOMP_CONTAINER}{container.get('name') or ''}")
        causes += _match_seccomp(field, annotation, f"{where}.securityContext.seccompProfile")
    if (spec.get("os") or {}).get("name") == "windows":
        return causes
    for container, where in visit_containers(spec, path):
        own = (container.get("securityContext") or {}).get("appArmorProfile")
        profile = own if own is not None else of_pod.get("appArmorProfile")
        annotation = annotations.get(f"{APP_ARMOR}{container.get('name') or ''}")
        here = f"{where}.securityContext.appArmorProfile"
        causes += _match(profile, annotation, here, "apparmor", ("runtime/default",))
    return causes


def _match_seccomp(profile: Obj | None, annotation: str | None, path: str) -> list[Cause]:
    return _match(profile, annotation, path, "seccomp", ("runtime/default", "docker/default"))


def _match(
    profile: Obj | None, annotation: str | None, path: str, word: str, defaults: tuple[str, ...]
) -> list[Cause]:
    if profile is None or annotation is None:
        return []
    kind, file = profile.get("type"), profile.get("localhostProfile")
    differs = (
        (kind == "Unconfined" and annotation != "unconfined")
        or (kind == "RuntimeDefault" and annotation not in defaults)
        or (kind == "Localhost" and not annotation.startswith("localhost/"))
    )
    if differs:
        return [forbidden(f"{path}.type", f"{word} type in annotation and field must match")]
    if kind == "Localhost" and annotation.removeprefix("localhost/") != file:
        detail = f"{word} profile in annotation and field must match"
        return [forbidden(f"{path}.localhostProfile", detail)]
    return []
