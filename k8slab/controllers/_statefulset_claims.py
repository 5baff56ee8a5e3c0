"""The claims of a StatefulSet's Pods, and who owns them under which retention policy.

A claim is deleted with whatever owns it: the set where `whenDeleted` is
Delete, a Pod that was scaled away where `whenScaled` is Delete.

Models pkg/controller/statefulset/stateful_set_utils.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, owner_reference
from k8slab.controllers._statefulset_pods import claim_name, in_range, ordinal_of

RETAIN, DELETE = "Retain", "Delete"


def retention_policy(stateful_set: Obj) -> tuple[str, str]:
    """`whenScaled` and `whenDeleted`; Retain where nothing is said."""
    policy = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return policy.get("whenScaled", RETAIN), policy.get("whenDeleted", RETAIN)


def new_claims(stateful_set: Obj, pod: Obj) -> list[Obj]:
    """The claims that a Pod needs, one a template, with the selector's labels over the template's own."""
    ordinal = ordinal_of(pod)
    match_labels = (stateful_set["spec"].get("selector") or {}).get("matchLabels") or {}
    claims = []
    for template in stateful_set["spec"].get("volumeClaimTemplates") or ():
        metadata = {
            **template["metadata"],
            "name": claim_name(stateful_set, template, ordinal),
            "namespace": stateful_set["metadata"].get("namespace", ""),
        }
        labels = {**(template["metadata"].get("labels") or {}), **match_labels}
        if labels:
            metadata["labels"] = labels
        claims.append(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": metadata,
                "spec": template.get("spec") or {},
            }
        )
    return claims


def _references(claim: Obj) -> list[Obj]:
    references: list[Obj] = claim["metadata"].get("ownerReferences") or []
    return references


def _names(reference: Obj, owner: Obj) -> bool:
    """Whether a reference tells the owner's kind and name, whatever its uid (`matchesRef`)."""
    return bool(
        reference["apiVersion"] == owner["apiVersion"]
        and reference["kind"] == owner["kind"]
        and reference["name"] == owner["metadata"]["name"]
    )


def _is_owned_by(claim: Obj, owner: Obj) -> bool:
    uid = owner["metadata"].get("uid", "")
    return any(reference["uid"] == uid for reference in _references(claim))


def has_stale_owner(claim: Obj, owner: Obj) -> bool:
    """Whether the claim names this owner but means an earlier one of the same name."""
    for reference in _references(claim):
        if _names(reference, owner):
            return bool(reference["uid"] != owner["metadata"].get("uid", ""))
    return False


def has_unexpected_controller(claim: Obj, stateful_set: Obj, pod: Obj) -> bool:
    """Whether something else than the set and the Pod controls a claim that a policy is to manage."""
    if retention_policy(stateful_set) == (RETAIN, RETAIN):
        return False
    for reference in _references(claim):
        owner = next((one for one in (stateful_set, pod) if _names(reference, one)), None)
        if owner is not None:
            if reference["uid"] != owner["metadata"].get("uid", ""):
                return True
        elif reference.get("controller"):
            return True
    return False


def _has_non_controller_owner(claim: Obj, stateful_set: Obj, pod: Obj) -> bool:
    uids = (stateful_set["metadata"]["uid"], pod["metadata"].get("uid", ""))
    return any(one["uid"] in uids and not one.get("controller") for one in _references(claim))


def _wanted_owners(stateful_set: Obj, pod: Obj) -> tuple[bool, bool]:
    """Whether the policy makes the set, and the Pod, the owner of the Pod's claims."""
    when_scaled, when_deleted = retention_policy(stateful_set)
    condemned = when_scaled == DELETE and not in_range(stateful_set, ordinal_of(pod))
    return when_deleted == DELETE and not condemned, condemned


def owners_are_right(claim: Obj, stateful_set: Obj, pod: Obj) -> bool:
    """Whether the claim's owners are as the policy asks, or are in a state not to be touched."""
    if has_stale_owner(claim, stateful_set) or has_stale_owner(claim, pod):
        return True
    by_set, by_pod = _is_owned_by(claim, stateful_set), _is_owned_by(claim, pod)
    if has_unexpected_controller(claim, stateful_set, pod):
        return not (by_set or by_pod)
    if _has_non_controller_owner(claim, stateful_set, pod):
        return False
    return (by_set, by_pod) == _wanted_owners(stateful_set, pod)


def right_owners(claim: Obj, stateful_set: Obj, pod: Obj) -> list[Obj]:
    """The owner references that the policy asks for; beside another controller, none of ours."""
    references = [one for one in _references(claim) if not (_names(one, stateful_set) or _names(one, pod))]
    if has_unexpected_controller(claim, stateful_set, pod):
        return references
    for owner, wanted in zip((stateful_set, pod), _wanted_owners(stateful_set, pod), strict=True):
        if wanted and all(one["uid"] != owner["metadata"]["uid"] for one in references):
            references.append(owner_reference(owner))
    return references
