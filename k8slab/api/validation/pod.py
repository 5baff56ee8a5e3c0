"""Pods: what may be created, and the little that may be changed afterwards.

Models pkg/apis/core/validation/validation.go (ValidatePodCreate,
ValidatePodUpdate, ValidatePodStatusUpdate, ValidatePodEphemeralContainersUpdate,
ValidatePodResize), v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.kind import Rules
from k8slab.api.meta import Obj
from k8slab.api.validation._affinity import validate_tolerations
from k8slab.api.validation._containers import validate_image_padding
from k8slab.api.validation._field import (
    forbidden,
    invalid,
    not_supported,
    quote,
    required,
)
from k8slab.api.validation._metadata import (
    has_sound_names_of,
    validate_metadata,
    validate_metadata_update,
)
from k8slab.api.validation._names import dns_subdomain, inclusive_range
from k8slab.api.validation._pod_annotations import (
    MIRROR,
    validate_annotation_changes,
    validate_pod_annotations,
    validate_profiles_match_annotations,
)
from k8slab.api.validation._pod_resize import validate_pod_resize
from k8slab.api.validation._pod_spec import MAX_INT32, validate_spec_of_pod
from k8slab.api.validation._pod_status import validate_pod_status
from k8slab.api.validation._pod_warnings import pod_warnings
from k8slab.api.validation._shape import same, same_field, shape

_CHANGEABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def _metadata_and_spec(pod: Obj) -> list[Cause]:
    """What holds for a Pod at any time."""
    metadata, spec = pod["metadata"], pod.get("spec") or {}
    causes = validate_metadata(metadata, True, dns_subdomain)
    annotations = metadata.get("annotations")
    if annotations:
        causes += validate_pod_annotations(annotations, spec, "metadata.annotations")
    return causes + validate_spec_of_pod(spec, metadata)


def _create(pod: Obj) -> list[Cause]:
    causes = _metadata_and_spec(pod)
    spec = pod.get("spec") or {}
    if spec.get("ephemeralContainers"):
        causes.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        detail = "cannot be set until all schedulingGates have been cleared"
        causes.append(forbidden("spec.nodeName", detail))
    annotations = pod["metadata"].get("annotations")
    if annotations:
        causes += validate_profiles_match_annotations(annotations, spec, "spec")
    return causes


def _annotations(pod: Obj) -> dict[str, str]:
    return pod["metadata"].get("annotations") or {}


def _update_metadata_and_spec(new: Obj, old: Obj) -> list[Cause]:
    """The first half of every update: metadata twice, the spec, the annotations."""
    causes = validate_metadata_update(new["metadata"], old["metadata"])
    if new.get("spec") is not old.get("spec") or causes:
        causes += _metadata_and_spec(new)
    elif not has_sound_names_of(new["metadata"], old["metadata"]):
        causes += validate_metadata(new["metadata"], True, dns_subdomain)
        if _annotations(new):
            causes += validate_pod_annotations(_annotations(new), new["spec"], "metadata.annotations")
    return causes + _annotation_updates(new, old)


def _annotation_updates(new: Obj, old: Obj) -> list[Cause]:
    after, before = _annotations(new), _annotations(old)
    if after is before or after == before:
        return []
    causes = validate_annotation_changes(after, before, "metadata.annotations")
    return causes + validate_pod_annotations(after, new.get("spec") or {}, "metadata.annotations")


def _update(new: Obj, old: Obj) -> list[Cause]:
    causes = _update_metadata_and_spec(new, old)
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if after is before:
        return causes
    for name in ("containers", "initContainers"):
        found, stop = _container_updates(after.get(name) or (), before.get(name) or (), f"spec.{name}")
        causes += found
        if stop:
            return causes
    found, stop = _deadline_update(after.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds"))
    causes += found
    if stop:
        return causes
    causes += _only_added_tolerations(after.get("tolerations") or (), before.get("tolerations") or ())
    causes += _only_deleted_gates(after.get("schedulingGates") or (), before.get("schedulingGates") or ())
    if same("PodSpec", after, before):
        return causes
    munged, found = _munge(after, before)
    causes += found
    if not same("PodSpec", munged, before):
        detail = f"pod updates may not change fields other than {_CHANGEABLE}\n{_difference(before, munged)}"
        causes.append(forbidden("spec", detail))
    return causes


def _container_updates(new: Sequence[Any], old: Sequence[Any], path: str) -> tuple[list[Cause], bool]:
    if len(new) != len(old):
        return [forbidden(path, "pod updates may not add or remove containers")], True
    causes: list[Cause] = []
    for index, container in enumerate(new):
        if not (container or {}).get("image"):
            causes.append(required(f"{path}[{index}].image"))
        causes += validate_image_padding(container, f"{path}[{index}]")
    return causes, False


def _deadline_update(new: int | None, old: int | None) -> tuple[list[Cause], bool]:
    path = "spec.activeDeadlineSeconds"
    if new is not None:
        if not 0 <= new <= MAX_INT32:
            return [invalid(path, new, inclusive_range(0, MAX_INT32))], True
        if old is not None and old < new:
            return [invalid(path, new, "must be less than or equal to previous value")], True
    elif old is not None:
        return [invalid(path, None, "must not update from a positive integer to nil value")], False
    return [], False


def _only_added_tolerations(new: Sequence[Obj], old: Sequence[Obj]) -> list[Cause]:
    path = "spec.tolerations"
    if new is old or list(new) == list(old):
        return validate_tolerations(new, path) if new is not old else []

    def without_seconds(toleration: Obj) -> Any:
        return shape("Toleration", {**toleration, "tolerationSeconds": None})

    found = [without_seconds(one) for one in new]
    if any(without_seconds(one) not in found for one in old):
        return [forbidden(path, "existing toleration can not be modified except its tolerationSeconds")]
    return validate_tolerations(new, path)


def _only_deleted_gates(new: Sequence[Obj], old: Sequence[Obj]) -> list[Cause]:
    known = [gate.get("name") for gate in old]
    return [
        forbidden(
            f"spec.schedulingGates[{index}].name",
            f"only deletion is allowed, but found new scheduling gate '{gate.get('name') or ''}'",
        )
        for index, gate in enumerate(new)
        if gate.get("name") not in known
    ]


def _munge(new: Obj, old: Obj) -> tuple[Obj, list[Cause]]:
    """The new spec with what may change set back, and the faults of what may change in part."""
    munged = dict(new)
    for name in ("containers", "initContainers"):
        if new.get(name):
            munged[name] = [
                {**(container or {}), "image": (before or {}).get("image")}
                for container, before in zip(new[name], old[name])
            ]
    for name in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        munged[name] = old.get(name)
    before = old.get("terminationGracePeriodSeconds")
    if before is not None and before < 0 and munged.get("terminationGracePeriodSeconds") == 1:
        munged["terminationGracePeriodSeconds"] = before
    if not old.get("schedulingGates"):
        return munged, []
    causes: list[Cause] = []
    if not same_field("PodSpec", "nodeSelector", munged, old):
        causes += _node_selector_mutation(munged.get("nodeSelector") or {}, old.get("nodeSelector") or {})
        munged["nodeSelector"] = old.get("nodeSelector")
    causes += _munge_node_affinity(munged, old)
    return munged, causes


def _node_selector_mutation(new: Obj, old: Obj) -> list[Cause]:
    if all(new.get(key) == value for key, value in old.items()):
        return []
    shown = {key: new[key] for key in sorted(new)} or None
    detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
    return [invalid("spec.nodeSelector", shown, detail)]


def _munge_node_affinity(munged: Obj, old: Obj) -> list[Cause]:
    """A gated Pod may narrow its node affinity; sets it back in `munged`, which is ours."""
    affinity, before = munged.get("affinity"), (old.get("affinity") or {}).get("nodeAffinity")
    after = (affinity or {}).get("nodeAffinity")
    if same("NodeAffinity", after, before, pointer=True):
        return []
    causes = _node_affinity_mutation(after, before)
    if affinity is None:
        munged["affinity"] = {"nodeAffinity": before}
    elif (
        old.get("affinity") is None
        and affinity.get("podAffinity") is None
        and affinity.get("podAntiAffinity") is None
    ):
        munged["affinity"] = None
    else:
        munged["affinity"] = {**affinity, "nodeAffinity": before}
    return causes


_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def _node_affinity_mutation(new: Obj | None, old: Obj | None) -> list[Cause]:
    if old is None or old.get(_REQUIRED) is None:
        return []
    path = f"spec.affinity.nodeAffinity.{_REQUIRED}.nodeSelectorTerms"
    before = old[_REQUIRED].get("nodeSelectorTerms") or ()
    after = ((new or {}).get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()
    if before and len(before) != len(after):
        shown = [shape("NodeSelectorTerm", term) for term in after] or None
        detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        return [invalid(path, shown, detail)]
    return [
        invalid(
            f"{path}[{index}]",
            shape("NodeSelectorTerm", term),
            "only additions are allowed (no mutations or deletions)",
        )
        for index, (term, was) in enumerate(zip(after, before))
        if not _only_additions(term, was)
    ]


def _only_additions(new: Obj, old: Obj) -> bool:
    names = ("matchExpressions", "matchFields")
    if not any(old.get(name) for name in names):
        return not any(new.get(name) for name in names)
    for name in names:
        before, after = old.get(name) or (), new.get(name) or ()
        if list(after[: len(before)]) != list(before):
            return False
    return True


def _difference(old: Obj, new: Obj) -> str:
    """The differing fields of two specs, in the manner of upstream's diff."""
    before, after = shape("PodSpec", old), shape("PodSpec", new)
    lines = [
        f"- \t{name}: {_shown(before[name])},\n+ \t{name}: {_shown(after[name])},"
        for name in before
        if before[name] != after[name]
    ]
    return "\n".join(["  core.PodSpec{", *lines, "  }", ""])


def _shown(value: Any) -> str:
    return quote(value) if isinstance(value, str) else str(value)


def validate_ephemeral_containers_update(new: Obj, old: Obj) -> list[Cause]:
    """A write of the `ephemeralcontainers` subresource: only additions."""
    causes = _update_metadata_and_spec(new, old)
    if MIRROR in _annotations(old):
        return [forbidden("", "static pods do not support ephemeral containers")]
    path = "spec.ephemeralContainers"
    after = {one.get("name"): one for one in (new.get("spec") or {}).get("ephemeralContainers") or ()}
    for container in (old.get("spec") or {}).get("ephemeralContainers") or ():
        name = container.get("name")
        shown = quote(name or "")
        if name not in after:
            causes.append(forbidden(path, f"existing ephemeral containers {shown} may not be removed\n"))
        elif not same("EphemeralContainer", after[name], container):
            causes.append(forbidden(path, f"existing ephemeral containers {shown} may not be changed\n"))
    return causes


def validate_resize_update(new: Obj, old: Obj) -> list[Cause]:
    """A write of the `resize` subresource: only CPU and memory."""
    return validate_pod_resize(new, old, _update_metadata_and_spec(new, old))


def validate_binding(binding: Obj) -> list[Cause]:
    """A Binding, which puts a Pod on a node."""
    target = binding.get("target") or {}
    causes: list[Cause] = []
    if target.get("kind") not in (None, "", "Node"):
        causes.append(not_supported("target.kind", target["kind"], ("Node", "<empty>")))
    return causes if target.get("name") else [*causes, required("target.name")]


def _status(new: Obj, old: Obj) -> list[Cause]:
    if new["metadata"] is old["metadata"]:
        return validate_pod_status(new, old)
    causes = validate_metadata_update(new["metadata"], old["metadata"])
    causes += _annotation_updates(new, old)
    return causes + validate_pod_status(new, old)


SUBRESOURCES: dict[str, Callable[[Obj, Obj], list[Cause]]] = {
    "ephemeralcontainers": validate_ephemeral_containers_update,
    "resize": validate_resize_update,
}
"""What is asked instead of `RULES.update` for a write of these subresources."""

RULES = Rules(create=_create, update=_update, status=_status, warnings=pod_warnings)
