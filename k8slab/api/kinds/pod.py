"""Pod. Models pkg/apis/core/v1/defaults.go and pkg/registry/core/pod/strategy.go, v1.36.

Everything that depends on the spec alone is remembered by the spec's
identity, so that the Pods of one template go on sharing one spec.
"""

from __future__ import annotations

from typing import Any

from k8slab.api import quantities
from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.kinds._pod_resources import (
    HUGE_PAGES,
    amounts_of,
    container_total,
    quality_of_service,
    supported_at_pod_level,
)
from k8slab.api.kinds._pod_spec import POD_SPEC, RESOURCES, fill_spec
from k8slab.api.kinds._strategy import differs, next_generation, with_field_of, with_metadata_of
from k8slab.api.memo import remember
from k8slab.api.meta import Obj

_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_METADATA_NOT_BY_RESIZE = ("labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp")

# Defaults that a Pod has and a template doesn't.


def _requests_from_limits(containers: list[Obj]) -> list[Obj]:
    """A container that is limited asks for as much as its limit, unless it says otherwise."""
    result = containers
    for index, container in enumerate(containers):
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits"), resources.get("requests") or {}
        missing = {name: amount for name, amount in (limits or {}).items() if name not in requests}
        if missing:
            result = list(containers) if result is containers else result
            result[index] = {**container, "resources": {**resources, "requests": {**requests, **missing}}}
    return result


def _host_ports(containers: list[Obj]) -> list[Obj]:
    """On the host's network every container port is a host port."""
    result = containers
    for index, container in enumerate(containers):
        ports = container.get("ports") or ()
        if all(port.get("hostPort") for port in ports):
            continue
        filled = [
            port if port.get("hostPort") else {**port, "hostPort": port.get("containerPort", 0)}
            for port in ports
        ]
        result = list(containers) if result is containers else result
        result[index] = {**container, "ports": filled}
    return result


def _pod_level_resources(spec: Obj) -> Obj:
    """Requests and huge-page limits of the Pod as a whole, where it names some of them."""
    resources = spec.get("resources")
    if not resources or not (resources.get("limits") or resources.get("requests")):
        return spec
    limits, requests = dict(resources.get("limits") or {}), dict(resources.get("requests") or {})
    for name, amount in container_total(spec, "limits").items():
        if name.startswith(HUGE_PAGES) and name not in requests:
            limits.setdefault(name, quantities.to_text(amount))
    if limits:
        for name, amount in container_total(spec, "requests").items():
            if supported_at_pod_level(name) and not name.startswith(HUGE_PAGES):
                requests.setdefault(name, quantities.to_text(amount))
        for name in amounts_of(limits):
            if supported_at_pod_level(name):
                requests.setdefault(name, limits[name])
    filled = {**resources}
    for which, texts in (("limits", limits), ("requests", requests)):
        if texts and texts != resources.get(which):
            filled[which] = texts
    return spec if filled == resources else {**spec, "resources": filled}


def _pod_only(spec: Obj) -> Obj:
    """SetDefaults_Pod."""
    new: Obj = {}
    for name in ("containers", "initContainers"):
        containers = spec.get(name)
        if containers:
            filled = _requests_from_limits(containers)
            if spec.get("hostNetwork"):
                filled = _host_ports(filled)
            if filled is not containers:
                new[name] = filled
    if spec.get("enableServiceLinks") is None:
        new["enableServiceLinks"] = True
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        # The conversion from v1 does this, so that no rule ever sees a negative number.
        new["terminationGracePeriodSeconds"] = 1
    return _pod_level_resources({**spec, **new} if new else spec)


def _default_spec(spec: Obj) -> Obj:
    return fill_spec(_pod_only(spec))


def _one_address(status: Obj) -> Obj:
    """Both fields of a Pod's addresses tell the same; the older one counts (Convert_v1_PodStatus)."""
    first, addresses = status.get("podIP") or "", status.get("podIPs") or []
    present = addresses[0].get("ip", "") if addresses and addresses[0] else ""
    if first and first != present:
        return {**status, "podIPs": [{"ip": first}]}
    return {**status, "podIP": present} if present and not first else status


_TABLE = Table(
    hooks={"api.core.v1.PodStatus": _one_address},
    visitors={**RESOURCES.visitors, POD_SPEC: remember(_default_spec, idempotent=True)},
)

# Preparing a Pod for storage.

_FRESH_STATUS: dict[str, Obj] = {
    quality: {"phase": "Pending", "qosClass": quality}
    for quality in ("BestEffort", "Burstable", "Guaranteed")
}
_GATED = "Scheduling is blocked due to non-empty scheduling gates"


def _prepare_create(obj: Obj) -> Obj:
    metadata = {**obj["metadata"], "generation": 1}
    spec = obj["spec"]
    status = _FRESH_STATUS[quality_of_service(spec)]
    if spec.get("schedulingGates"):
        gated: Obj = {
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": metadata.get("creationTimestamp"),
            "reason": "SchedulingGated",
            "message": _GATED,
        }
        status = {**status, "conditions": [gated]}
    if spec.get("affinity") or spec.get("topologySpreadConstraints"):
        spec = _with_label_keys(spec, metadata.get("labels") or {})
    if metadata.get("annotations"):
        spec = _with_app_armor(spec, metadata["annotations"])
    return {**obj, "metadata": metadata, "spec": spec, "status": status}


def _selector_with_keys(holder: Obj, labels: dict[str, str]) -> Obj:
    """A term whose selector also asks for the Pod's own values of some labels."""
    selector = holder.get("labelSelector")
    if selector is None:
        return holder
    added = [
        {"key": key, "operator": operator, "values": [labels[key]]}
        for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
        for key in holder.get(field) or ()
        if key in labels
    ]
    if not added:
        return holder
    expressions = [*(selector.get("matchExpressions") or ()), *added]
    return {**holder, "labelSelector": {**selector, "matchExpressions": expressions}}


def _affinity_with_keys(part: Obj, labels: dict[str, str]) -> Obj:
    """Pod affinity or anti-affinity with the label keys of each term applied."""
    required, preferred = (
        part.get("requiredDuringSchedulingIgnoredDuringExecution"),
        part.get("preferredDuringSchedulingIgnoredDuringExecution"),
    )
    new = dict(part)
    if required:
        new["requiredDuringSchedulingIgnoredDuringExecution"] = [
            _selector_with_keys(term, labels) for term in required
        ]
    if preferred:
        new["preferredDuringSchedulingIgnoredDuringExecution"] = [
            {**one, "podAffinityTerm": _selector_with_keys(one.get("podAffinityTerm") or {}, labels)}
            for one in preferred
        ]
    return part if new == part else new


def _with_label_keys(spec: Obj, labels: dict[str, str]) -> Obj:
    """Apply `matchLabelKeys`; the same spec where no term has any."""
    new: Obj = {}
    affinity = spec.get("affinity") or {}
    for name in ("podAffinity", "podAntiAffinity"):
        part = affinity.get(name)
        if part:
            filled = _affinity_with_keys(part, labels)
            if filled is not part:
                affinity = {**affinity, name: filled}
                new["affinity"] = affinity
    constraints = spec.get("topologySpreadConstraints")
    if constraints:
        spread = [_selector_with_keys(one, labels) for one in constraints]
        if spread != constraints:
            new["topologySpreadConstraints"] = spread
    return {**spec, **new} if new else spec


def _app_armor_profile(text: str) -> Obj | None:
    """The profile that a deprecated annotation stands for; None for one that is not valid."""
    if text == "unconfined":
        return {"type": "Unconfined"}
    if text == "runtime/default":
        return {"type": "RuntimeDefault"}
    name = text.removeprefix("localhost/")
    if name != text and name and name == name.strip() and len(name) <= 4095:
        return {"type": "Localhost", "localhostProfile": name}
    return None


def app_armor_warnings(pod: Obj) -> list[str]:
    """Of each annotation that sets a container's AppArmor profile, or means to: the field does that now."""
    metadata, spec = pod["metadata"], pod.get("spec") or {}
    annotations = metadata.get("annotations") or {}
    if not any(name.startswith(_APP_ARMOR) for name in annotations):
        return []
    if (spec.get("os") or {}).get("name") == "windows":
        return []
    of_pod = (spec.get("securityContext") or {}).get("appArmorProfile")
    found: list[str] = []
    for name in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(name) or ():
            key = _APP_ARMOR + container.get("name", "")
            context = container.get("securityContext") or {}
            if key not in annotations or context.get("appArmorProfile") is not None:
                continue
            profile = _app_armor_profile(annotations[key])
            if profile is None or profile != of_pod:
                text = 'deprecated since v1.30; use the "appArmorProfile" field instead'
                found.append(f"metadata.annotations[{key}]: {text}")
    return found


def _with_app_armor(spec: Obj, annotations: dict[str, str]) -> Obj:
    """Write the deprecated AppArmor annotations into the containers' security contexts."""
    if (spec.get("os") or {}).get("name") == "windows":
        return spec
    of_pod = (spec.get("securityContext") or {}).get("appArmorProfile")

    def applied(container: Obj) -> Obj:
        text = annotations.get(_APP_ARMOR + container.get("name", ""))
        context = container.get("securityContext") or {}
        if text is None or context.get("appArmorProfile") is not None:
            return container
        profile = _app_armor_profile(text)
        if profile is None or profile == of_pod:
            return container
        return {**container, "securityContext": {**context, "appArmorProfile": profile}}

    if not any(name.startswith(_APP_ARMOR) for name in annotations):
        return spec
    new = dict(spec)
    for name in ("initContainers", "containers", "ephemeralContainers"):
        if spec.get(name):
            new[name] = [applied(container) for container in spec[name]]
    return new


def _counted(new: Obj, old: Obj) -> Obj:
    return next_generation(new, old) if differs(new, old, "spec") else new


def _prepare_update(new: Obj, old: Obj) -> Obj:
    return _counted(with_field_of(new, old, "status"), old)


def _prepare_status(new: Obj, old: Obj) -> Obj:
    """The kubelet's write: spec, owners and deletion stay; the observed generation isn't forgotten."""
    if new.get("spec") is not old.get("spec"):
        new = with_field_of(new, old, "spec")
    if new["metadata"] is not old["metadata"]:
        new = with_metadata_of(new, old, ("ownerReferences", "deletionTimestamp"))
    before, after = old.get("status") or {}, new.get("status") or {}
    if before is after:
        return new
    kept: Obj = {}
    for name in ("qosClass", "observedGeneration"):
        if not after.get(name) and before.get(name):
            kept[name] = before[name]
    conditions = after.get("conditions")
    if conditions and before.get("conditions") and not _have_observed_generations(conditions):
        conditions = _with_observed_generations(conditions, before["conditions"])
    if conditions is not after.get("conditions"):
        kept["conditions"] = conditions
    return {**new, "status": {**after, **kept}} if kept else new


@remember
def _have_observed_generations(conditions: list[Obj]) -> bool:
    """Whether each condition says which generation it speaks of, as those of a kubelet do."""
    return all(condition.get("observedGeneration") for condition in conditions)


def _with_observed_generations(new: Any, old: Any) -> Any:
    """The conditions, each with the generation that its predecessor had observed unless it has its own."""
    if not new or not old or new is old:
        return new
    changed: list[Obj] | None = None
    seen: dict[str, int] = {}
    for index, condition in enumerate(new):
        if condition.get("observedGeneration"):
            continue
        kind = condition.get("type")
        before = [one.get("observedGeneration", 0) for one in old if one.get("type") == kind]
        nth = seen.get(kind, 0)
        seen[kind] = nth + 1
        if nth < len(before) and before[nth]:
            changed = list(new) if changed is None else changed
            changed[index] = {**condition, "observedGeneration": before[nth]}
    return new if changed is None else changed


def prepare_ephemeral_containers(new: Obj, old: Obj) -> Obj:
    """What the `ephemeralcontainers` subresource stores: nothing else of the spec changes."""
    wanted = new["spec"].get("ephemeralContainers")
    new = with_metadata_of(with_field_of(new, old, "status"), old, _METADATA_NOT_BY_RESIZE)
    spec = {name: value for name, value in old["spec"].items() if name != "ephemeralContainers"}
    if wanted:
        spec["ephemeralContainers"] = wanted
    return _counted({**new, "spec": spec}, old)


def prepare_resize(new: Obj, old: Obj) -> Obj:
    """What the `resize` subresource stores: only resources and resize policies of containers change.

    Containers that were added, removed, moved or renamed are left for validation to refuse.
    """
    before, after = old["spec"], new["spec"]
    for name in ("containers", "initContainers"):
        if len(after.get(name) or ()) != len(before.get(name) or ()):
            return _counted(new, old)
    spec = dict(before)
    for name in ("containers", "initContainers"):
        if after.get(name):
            spec[name] = _resized(after[name], before[name])
    if after.get("resources") is not None:
        spec["resources"] = after["resources"]
    new = with_metadata_of(with_field_of(new, old, "status"), old, _METADATA_NOT_BY_RESIZE)
    return _counted({**new, "spec": spec}, old)


def _resized(new: list[Obj], old: list[Obj]) -> list[Obj]:
    if [one.get("name") for one in new] != [one.get("name") for one in old]:
        return new
    merged = []
    for after, before in zip(new, old, strict=True):
        container = {**before, "resources": after.get("resources", {})}
        container.pop("resizePolicy", None)
        if "resizePolicy" in after:
            container["resizePolicy"] = after["resizePolicy"]
        merged.append(container)
    return merged


KIND = Kind(
    kind="Pod",
    group="",
    version="v1",
    plural="pods",
    singular="pod",
    namespaced=True,
    short_names=("po",),
    categories=("all",),
    subresources=(
        "attach",
        "binding",
        "ephemeralcontainers",
        "eviction",
        "exec",
        "log",
        "portforward",
        "proxy",
        "resize",
        "status",
    ),
    default=defaulter("api.core.v1.Pod", _TABLE),
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    prepare_status=_prepare_status,
    fields=(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
)
