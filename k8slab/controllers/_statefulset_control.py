"""What a StatefulSet does to one Pod and its claims: create, update, delete, each with its events.

Every generator here gives the error that stopped it as a text, empty where
there was none, because the set's status is written either way.

Models pkg/controller/statefulset/stateful_pod_control.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, is_terminating, key_of
from k8slab.components import Action, Create, Delete, Outcome, Patch, Record, Update
from k8slab.controllers._pods import aggregate
from k8slab.controllers._statefulset_claims import (
    DELETE,
    has_stale_owner,
    has_unexpected_controller,
    new_claims,
    owners_are_right,
    retention_policy,
    right_owners,
)
from k8slab.controllers._statefulset_pods import (
    claim_name,
    identity_matches,
    ordinal_of,
    storage_matches,
    with_identity,
    with_storage,
)
from k8slab.store.view import View

Step = Generator[Action, Outcome, str]
"""Actions on one Pod; its value is the error, or an empty text."""


def _event(verb: str, stateful_set: Obj, pod: Obj, error: str) -> Record:
    subject = f"{verb} Pod {pod['metadata']['name']} in StatefulSet {stateful_set['metadata']['name']}"
    if error:
        return Record(stateful_set, "Warning", f"Failed{verb}", f"{subject} failed error: {error}")
    return Record(stateful_set, "Normal", f"Successful{verb}", f"{subject} successful")


def _claim_event(stateful_set: Obj, pod: Obj, claim: Obj, error: str) -> Record:
    claim_text, pod_text = claim["metadata"]["name"], pod["metadata"]["name"]
    owner = stateful_set["metadata"]["name"]
    if error:
        message = f"Create Claim {claim_text} for Pod {pod_text} in StatefulSet {owner} failed error: {error}"
        return Record(stateful_set, "Warning", "FailedCreate", message)
    message = f"Create Claim {claim_text} Pod {pod_text} in StatefulSet {owner} success"
    return Record(stateful_set, "Normal", "SuccessfulCreate", message)


def create_pod(view: View, stateful_set: Obj, pod: Obj) -> Step:
    """Create a Pod's claims, then the Pod, then set the claims' owners."""
    error = yield from create_claims(view, stateful_set, pod)
    if error:
        yield _event("Create", stateful_set, pod, error)
        return error
    failure = ""
    try:
        yield Create("Pod", pod)
    except ApiError as refusal:
        failure = refusal.message
        if refusal.reason == "AlreadyExists":
            return failure
    error = yield from update_claim_owners(view, stateful_set, pod)
    if error:
        yield _event("Update", stateful_set, pod, error)
        return error
    yield _event("Create", stateful_set, pod, failure)
    return failure


def update_pod(view: View, stateful_set: Obj, pod: Obj) -> Step:
    """Give a Pod its identity and its storage, and its claims their owners, where they differ."""
    consistent = True
    if not identity_matches(stateful_set, pod):
        pod = with_identity(stateful_set, pod)
        consistent = False
    if not storage_matches(stateful_set, pod):
        pod = with_storage(stateful_set, pod)
        consistent = False
        error = yield from create_claims(view, stateful_set, pod)
        if error:
            yield _event("Update", stateful_set, pod, error)
            return error
    if not claims_match_policy(view, stateful_set, pod):
        error = yield from update_claim_owners(view, stateful_set, pod)
        if error:
            yield _event("Update", stateful_set, pod, error)
            return error
        consistent = False
    if consistent:
        return ""
    error = ""
    try:
        yield Update("Pod", pod)
    except ApiError as refusal:
        error = refusal.message
    yield _event("Update", stateful_set, pod, error)
    return error


def delete_pod(stateful_set: Obj, pod: Obj) -> Step:
    """Delete a Pod; one that is gone already counts as deleted."""
    error = ""
    try:
        yield Delete("Pod", key_of(pod))
    except ApiError as refusal:
        error = "" if refusal.code == 404 else refusal.message
    yield _event("Delete", stateful_set, pod, error)
    return error


def create_missing_claims(view: View, stateful_set: Obj, pod: Obj) -> Step:
    """Create the claims that a Pending Pod misses, and set the owners of all its claims."""
    error = yield from create_claims(view, stateful_set, pod)
    if error:
        return error
    error = yield from update_claim_owners(view, stateful_set, pod)
    if error:
        yield _event("Update", stateful_set, pod, error)
    return error


def create_claims(view: View, stateful_set: Obj, pod: Obj) -> Step:
    """Create each claim of a Pod that doesn't exist. A claim that is being deleted is an error."""
    if not stateful_set["spec"].get("volumeClaimTemplates"):
        return ""
    errors: list[str] = []
    for claim in new_claims(stateful_set, pod):
        name = claim["metadata"]["name"]
        stored = view.get("PersistentVolumeClaim", key_of(claim))
        if stored is not None:
            if is_terminating(stored):
                errors.append(f"pvc {name} is being deleted")
            continue
        try:
            yield Create("PersistentVolumeClaim", claim)
        except ApiError as refusal:
            errors.append(f"failed to create PVC {name}: {refusal.message}")
            if refusal.reason != "AlreadyExists":
                yield _claim_event(stateful_set, pod, claim, refusal.message)
        else:
            yield _claim_event(stateful_set, pod, claim, "")
    return aggregate(errors)


def _stored_claims(view: View, stateful_set: Obj, pod: Obj) -> list[Obj]:
    templates = stateful_set["spec"].get("volumeClaimTemplates")
    if not templates:
        return []
    namespace, ordinal = stateful_set["metadata"].get("namespace", ""), ordinal_of(pod)
    keys: list[Key] = [(namespace, claim_name(stateful_set, template, ordinal)) for template in templates]
    found = (view.get("PersistentVolumeClaim", key) for key in keys)
    return [claim for claim in found if claim is not None]


def claims_match_policy(view: View, stateful_set: Obj, pod: Obj) -> bool:
    """Whether all of the Pod's claims that exist have the owners that the policy asks for."""
    return all(
        owners_are_right(claim, stateful_set, pod) for claim in _stored_claims(view, stateful_set, pod)
    )


def update_claim_owners(view: View, stateful_set: Obj, pod: Obj) -> Step:
    """Set the owners of the Pod's claims as the retention policy asks."""
    for claim in _stored_claims(view, stateful_set, pod):
        name = claim["metadata"]["name"]
        if has_unexpected_controller(claim, stateful_set, pod):
            message = (
                f"PersistentVolumeClaim {name} has a conflicting OwnerReference that acts as a manging "
                "controller, the retention policy is ignored for this claim"
            )
            yield Record(stateful_set, "Warning", "ConflictingController", message)
        if owners_are_right(claim, stateful_set, pod):
            continue
        references = right_owners(claim, stateful_set, pod)
        try:
            yield Patch(
                "PersistentVolumeClaim",
                key_of(claim),
                {"metadata": {"ownerReferences": references or None}},
                uid=claim["metadata"]["uid"],
            )
        except ApiError as refusal:
            return f"could not update claim {name} for delete policy ownerRefs: {refusal.message}"
    return ""


def has_stale_claim(view: View, stateful_set: Obj, pod: Obj) -> bool:
    """Whether a claim of a Pod that is to be made still belongs to the one before it.

    Only where the policy deletes claims on scaling down: the garbage collector
    is about to take such a claim, so the new Pod must not get it.
    """
    if retention_policy(stateful_set)[0] != DELETE:
        return False
    return any(has_stale_owner(claim, pod) for claim in _stored_claims(view, stateful_set, pod))
