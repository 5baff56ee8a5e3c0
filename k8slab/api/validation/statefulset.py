"""StatefulSets.

Models pkg/apis/apps/validation/validation.go (ValidateStatefulSet,
ValidateStatefulSetUpdate) and pkg/registry/apps/statefulset/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._claim_spec import validate_claim_spec
from k8slab.api.validation._field import (
    all_invalid,
    forbidden,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from k8slab.api.validation._metadata import (
    generation_changed,
    rules,
    selector_is_broken,
    validate_annotations,
    validate_labels,
)
from k8slab.api.validation._names import dns_label
from k8slab.api.validation._pod_annotations import validate_pod_annotations
from k8slab.api.validation._pod_spec import validate_pod_template
from k8slab.api.validation._pod_warnings import claim_spec_warnings, template_warnings
from k8slab.api.validation._shape import label_selector, same, shape
from k8slab.api.validation._workload import (
    int_or_percent,
    not_more_than_100_percent,
    positive_int_or_percent,
    validate_always_restarts,
    validate_collision_count,
    validate_replica_status,
    validate_selector,
    validate_template_matches,
)

_CHANGEABLE = (
    "replicas",
    "template",
    "updateStrategy",
    "minReadySeconds",
    "ordinals",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
)
_ONLY_THESE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
    "'minReadySeconds' are forbidden"
)


def _validate_spec(
    spec: Obj, path: str, *, is_update: bool = False, skip_template: bool = False
) -> list[Cause]:
    """The spec; on update the service name and the claim templates, which can't change, are not asked."""
    causes = _validate_policies(spec, path)
    retention = spec.get("persistentVolumeClaimRetentionPolicy")
    if retention is not None:
        for name in ("whenDeleted", "whenScaled"):
            value = retention.get(name) or ""
            if value not in ("Retain", "Delete"):
                where = f"{path}.persistentVolumeClaimRetentionPolicy.{name}"
                causes.append(not_supported(where, value, ("Retain", "Delete")))
    if not is_update:
        for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
            where = f"{path}.volumeClaimTemplates[{index}].spec"
            causes += validate_claim_spec((claim or {}).get("spec") or {}, where)
    for name in ("replicas", "minReadySeconds"):
        causes += nonnegative(spec.get(name), f"{path}.{name}")
    if spec.get("ordinals") is not None:
        causes += nonnegative(spec["ordinals"].get("start"), f"{path}.ordinals.start")
    service = spec.get("serviceName")
    if service and not is_update:
        causes += all_invalid(f"{path}.serviceName", service, dns_label(service))
    selector, where = spec.get("selector"), f"{path}.selector"
    causes += validate_selector(selector, where, "statefulset")
    if selector_is_broken(selector):
        causes.append(invalid(where, label_selector(selector), ""))
    else:
        causes += _validate_template(spec, f"{path}.template", skip_template)
    return causes + validate_always_restarts(spec.get("template"), f"{path}.template", "StatefulSet")


def _validate_policies(spec: Obj, path: str) -> list[Cause]:
    """How Pods are managed and updated."""
    causes: list[Cause] = []
    management = spec.get("podManagementPolicy") or ""
    if not management:
        causes.append(required(f"{path}.podManagementPolicy"))
    elif management not in ("OrderedReady", "Parallel"):
        detail = "must be 'OrderedReady' or 'Parallel'"
        causes.append(invalid(f"{path}.podManagementPolicy", management, detail))
    strategy = spec.get("updateStrategy") or {}
    kind, rolling, where = strategy.get("type") or "", strategy.get("rollingUpdate"), f"{path}.updateStrategy"
    if not kind:
        causes.append(required(where))
    elif kind == "OnDelete":
        if rolling is not None:
            shown = shape("RollingUpdateStatefulSetStrategy", rolling)
            detail = "only allowed for updateStrategy 'RollingUpdate'"
            causes.append(invalid(f"{where}.rollingUpdate", shown, detail))
    elif kind == "RollingUpdate":
        if rolling is not None:
            causes += _validate_rolling_update(rolling, f"{where}.rollingUpdate")
    else:
        shown = shape("StatefulSetUpdateStrategy", strategy)
        causes.append(invalid(where, shown, "must be 'RollingUpdate' or 'OnDelete'"))
    return causes


def _validate_rolling_update(rolling: Obj, path: str) -> list[Cause]:
    causes = nonnegative(rolling.get("partition"), f"{path}.partition")
    most, where = rolling.get("maxUnavailable"), f"{path}.maxUnavailable"
    if most is not None:
        causes += positive_int_or_percent(most, where)
        if int_or_percent(most) == 0:
            causes.append(invalid(where, most, "cannot be 0"))
        causes += not_more_than_100_percent(most, where)
    return causes


def _validate_template(spec: Obj, path: str, skip: bool) -> list[Cause]:
    """The template as its Pods will have it: with the volumes of the claims, and own host names."""
    template = _with_claim_volumes(spec)
    causes = validate_template_matches(spec.get("selector"), template, path)
    if not skip:
        causes += validate_pod_template(template, path)
    # Upstream asks the template's metadata a second time.
    metadata = template.get("metadata") or {}
    causes += validate_labels(metadata.get("labels"), f"{path}.labels")
    annotations = metadata.get("annotations") or {}
    if annotations:
        causes += validate_annotations(annotations, f"{path}.annotations")
        causes += validate_pod_annotations(annotations, template.get("spec") or {}, f"{path}.annotations")
    return causes


def _with_claim_volumes(spec: Obj) -> Obj:
    template: Obj = spec.get("template") or {}
    pod: Obj = template.get("spec") or {}
    claims = spec.get("volumeClaimTemplates") or ()
    if not claims and not pod.get("subdomain") and not pod.get("hostname"):
        return template
    changed = {**pod, "subdomain": "", "hostname": ""}
    if claims:
        names = [((claim or {}).get("metadata") or {}).get("name") or "" for claim in claims]
        volumes: list[Obj] = [
            {"name": name, "persistentVolumeClaim": {"claimName": name}} for name in dict.fromkeys(names)
        ]
        own = [one for one in pod.get("volumes") or () if (one or {}).get("name") not in names]
        changed["volumes"] = volumes + own
    return {**template, "spec": changed}


def _create(new: Obj) -> list[Cause]:
    return _validate_spec(new.get("spec") or {}, "spec")


def _update(new: Obj, old: Obj) -> list[Cause]:
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if after is before:
        return []
    skip = after.get("template") is before.get("template") or bool(
        _validate_spec(before, "spec", is_update=True)
    )
    causes = _validate_spec(after, "spec", is_update=True, skip_template=skip)
    munged = {**after, **{name: before.get(name) for name in _CHANGEABLE}}
    if not same("StatefulSetSpec", munged, before):
        causes.append(forbidden("spec", _ONLY_THESE))
    return causes


_NUMBERS = (
    "replicas",
    "readyReplicas",
    "currentReplicas",
    "updatedReplicas",
    "availableReplicas",
    "observedGeneration",
    "collisionCount",
)
_PARTS = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")


def _status(new: Obj, old: Obj) -> list[Cause]:
    status = new.get("status") or {}
    causes = validate_replica_status(status, "status", _NUMBERS, _PARTS, "status.readyReplicas")
    return causes + validate_collision_count(new, old)


def _warnings(new: Obj, old: Obj | None) -> tuple[str, ...]:
    spec = new.get("spec") or {}
    found: list[str] = []
    if generation_changed(new, old):
        found += template_warnings(spec.get("template") or {}, "spec.template")
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        # Upstream's paths differ: on update they go through the Go name of the field.
        where = f"spec.volumeClaimTemplates[{index}]" + ("" if old is None else ".Spec")
        found += claim_spec_warnings((claim or {}).get("spec") or {}, where)
    if (spec.get("revisionHistoryLimit") or 0) < 0:
        found.append(
            "spec.revisionHistoryLimit: a negative value retains all historical revisions; "
            "a value >= 0 is recommended"
        )
    return tuple(found)


RULES = rules(_create, _update, name_rule=dns_label, status=_status, warnings=_warnings)
