"""ResourceClaims of Pods: made from templates, kept for whom they are reserved, and given back.

A Pod that names a ResourceClaimTemplate gets a claim of its own, whose name its status tells. A claim that
no Pod uses any more loses its devices, and with its Pod's end it goes.

Models pkg/controller/resourceclaim/controller.go, v1.36. PodGroups have no claims here.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, annotations_of, controller_of, is_terminating, key_of, owner_reference
from k8slab.components import (
    Action,
    Component,
    Create,
    Delete,
    Done,
    Memory,
    Outcome,
    Patch,
    Plan,
    Record,
    Update,
    Watch,
)
from k8slab.controllers._pods import is_terminal
from k8slab.scheduler.device_claims import (
    FINALIZER,
    ClaimError,
    allocation_of,
    entries_of,
    is_reserved_for,
    name_of_claim,
    not_for_pod,
    with_consumer,
)
from k8slab.store.view import Change, View

ENTRY_ANNOTATION = "resource.kubernetes.io/pod-claim-name"
_LONGEST_BASE = 57
"""What a generated name may begin with, so that a hyphen and five letters fit behind it."""

_POD, _CLAIM = "pod:", "claim:"
"""The keys' names say what is looked at, as upstream's queue does."""


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Look after one Pod's claims, or after one claim."""
    namespace, name = key
    if name.startswith(_POD):
        return (yield from _sync_pod(view, (namespace, name.removeprefix(_POD))))
    return (yield from _sync_claim(view, (namespace, name.removeprefix(_CLAIM))))


# A Pod's claims.


def _sync_pod(view: View, key: Key) -> Plan:
    """Make the claims that a Pod lacks, tell them in its status, and reserve those of one that runs."""
    pod = view.get("Pod", key)
    if pod is None or is_terminating(pod):
        return Done(why="the Pod is gone or going")
    made: dict[str, str] = {}
    for entry in entries_of(pod):
        try:
            name = yield from _made(view, pod, entry)
        except ClaimError as error:
            text = f"PodResourceClaim {entry['name']}: {error}"
            reason = "FailedResourceClaimCreation"
            yield Record(pod, "Warning", reason, text, component="resource_claim")
            return Done(error=f"pod {'/'.join(key)}, {text}")
        if name:
            made[entry["name"]] = name
    if made:
        yield Patch("Pod", key, {"status": {"resourceClaimStatuses": _statuses(pod, made)}}, "status")
    if not pod["spec"].get("nodeName"):
        return Done(why="the scheduler reserves the claims")
    return (yield from _reserve(view, pod))


def _statuses(pod: Obj, made: dict[str, str]) -> list[Obj]:
    """Which claims the Pod has now, those that were told before first."""
    before = (pod.get("status") or {}).get("resourceClaimStatuses") or ()
    kept = [one for one in before if one["name"] not in made]
    return [*kept, *({"name": name, "resourceClaimName": claim} for name, claim in made.items())]


def _made(view: View, pod: Obj, entry: Obj) -> Generator[Action, Outcome, str]:
    """The name of a claim that is to be told; empty where there is nothing new (`handleClaim`)."""
    namespace = pod["metadata"]["namespace"]
    try:
        known = name_of_claim(pod, entry)
    except ClaimError:
        known = ""
    template_name = entry.get("resourceClaimTemplateName")
    if known is None or not template_name:
        return ""
    claim = view.get("ResourceClaim", (namespace, known)) if known else None
    if claim is not None and not not_for_pod(pod, claim):
        return ""
    for one in view.list("ResourceClaim", namespace=namespace, owner=pod["metadata"]["uid"]):
        if annotations_of(one).get(ENTRY_ANNOTATION) == entry["name"]:
            return key_of(one)[1]
    template = view.get("ResourceClaimTemplate", (namespace, template_name))
    if template is None:
        why = f'resourceclaimtemplate.resource.k8s.io "{template_name}" not found'
        raise ClaimError(f'resource claim template "{template_name}": {why}')
    try:
        stored = yield Create("ResourceClaim", claim_from(template, pod, entry["name"]))
    except ApiError as error:
        raise ClaimError(f"create ResourceClaim : {error.message}") from None
    return key_of(stored)[1]


def claim_from(template: Obj, pod: Obj, entry: str) -> Obj:
    """The claim that a template makes for one entry of a Pod."""
    namespace, name = key_of(pod)
    given = template["spec"].get("metadata") or {}
    owner = {key: value for key, value in owner_reference(pod).items() if key != "blockOwnerDeletion"}
    metadata: Obj = {
        "generateName": generated_base(name, entry),
        "namespace": namespace,
        "annotations": {**(given.get("annotations") or {}), ENTRY_ANNOTATION: entry},
        "ownerReferences": [owner],
    }
    if given.get("labels"):
        metadata["labels"] = given["labels"]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": metadata,
        "spec": template["spec"]["spec"],
    }


def generated_base(pod: str, entry: str) -> str:
    """What a claim's name begins with; both names are cut in proportion where they are too long."""
    base = f"{pod}-{entry}-"
    if len(base) <= _LONGEST_BASE:
        return base
    first, second = (part[: len(part) * _LONGEST_BASE // len(base)] for part in (pod, entry))
    return f"{first}-{second}"


def _reserve(view: View, pod: Obj) -> Plan:
    """Reserve what a Pod uses that came to its node without the scheduler."""
    for entry in entries_of(pod):
        try:
            name = name_of_claim(pod, entry)
        except ClaimError as error:
            return Done(error=str(error))
        claim = view.get("ResourceClaim", (pod["metadata"]["namespace"], name)) if name else None
        if claim is None:
            continue
        why = "" if entry.get("resourceClaimName") else not_for_pod(pod, claim)
        if why:
            return Done(error=why)
        if allocation_of(claim) is not None and not is_reserved_for(claim, pod):
            yield Update("ResourceClaim", with_consumer(claim, pod), "status")
    return Done()


def needs_work(view: View, pod: Obj) -> bool:
    """Whether there is something to do for a Pod's claims (`podNeedsWork`)."""
    if is_terminating(pod):
        return False
    for entry in entries_of(pod):
        try:
            name = name_of_claim(pod, entry)
        except ClaimError:
            return True
        if name is None:
            continue
        claim = view.get("ResourceClaim", (pod["metadata"]["namespace"], name))
        if claim is None:
            if entry.get("resourceClaimTemplateName"):
                return True
            continue
        if not entry.get("resourceClaimName") and not_for_pod(pod, claim):
            continue
        if (
            pod["spec"].get("nodeName")
            and allocation_of(claim) is not None
            and not is_reserved_for(claim, pod)
        ):
            return True
    return False


# A claim.


def _sync_claim(view: View, key: Key) -> Plan:
    """Drop reservations of Pods that won't run any more; without any the devices are given back."""
    claim = view.get("ResourceClaim", key)
    if claim is None:
        return Done(why="the claim is gone")
    before = (claim.get("status") or {}).get("reservedFor") or ()
    remaining = [one for one in before if _is_valid(view, key[0], one)]
    has_finalizer = FINALIZER in (claim["metadata"].get("finalizers") or ())
    gone = False
    if len(remaining) < len(before):
        claim = yield Update("ResourceClaim", _kept(claim, remaining, has_finalizer), "status")
        if has_finalizer and allocation_of(claim) is None:
            gone = yield from _let_go(claim)
    elif has_finalizer and is_terminating(claim) and not remaining:
        if allocation_of(claim) is not None:
            claim = yield Update("ResourceClaim", _kept(claim, [], has_finalizer), "status")
        gone = yield from _let_go(claim)
    owner = controller_of(claim)
    if remaining or gone or owner is None or (owner["apiVersion"], owner["kind"]) != ("v1", "Pod"):
        return Done()
    pod = view.get("Pod", (key[0], owner["name"]))
    if pod is not None and (pod["metadata"]["uid"] != owner["uid"] or _is_done(pod)):
        yield Delete("ResourceClaim", key)
    return Done()


def _kept(claim: Obj, remaining: list[Obj], has_finalizer: bool) -> Obj:
    """A claim with fewer reservations; without any it has no devices, if the scheduler gave them."""
    status = {name: value for name, value in claim["status"].items() if name != "reservedFor"}
    if remaining:
        status["reservedFor"] = remaining
    elif has_finalizer:
        status.pop("allocation", None)
    return {**claim, "status": status}


def _let_go(claim: Obj) -> Generator[Action, Outcome, bool]:
    """Take the finalizer off a claim without devices. Whether that was the end of it."""
    metadata = claim["metadata"]
    finalizers = [name for name in metadata.get("finalizers") or () if name != FINALIZER]
    yield Update("ResourceClaim", {**claim, "metadata": {**metadata, "finalizers": finalizers}})
    return is_terminating(claim) and not finalizers


def _is_valid(view: View, namespace: str, consumer: Obj) -> bool:
    """Whether a reservation still holds; of what is no Pod nothing is known here."""
    if consumer.get("apiGroup") or consumer.get("resource") != "pods":
        return True
    pod = view.get("Pod", (namespace, consumer["name"]))
    return pod is not None and pod["metadata"]["uid"] == consumer["uid"] and not _is_done(pod)


def _is_done(pod: Obj) -> bool:
    """Whether none of a Pod's containers runs, or ever will."""
    return is_terminal(pod) or (is_terminating(pod) and not pod["spec"].get("nodeName"))


# What concerns whom.


def _after_pod(change: Change, view: View) -> Iterable[Key]:
    """The Pod, where something is to be done for it; its claims, where it needs them no longer."""
    pod = change.new if change.new is not None else change.old
    if pod is None or not entries_of(pod):
        return ()
    namespace, name = change.key
    keys: list[Key] = []
    if change.new is None or _is_done(pod):
        for entry in entries_of(pod):
            try:
                claim = name_of_claim(pod, entry)
            except ClaimError:
                continue
            if claim is not None:
                keys.append((namespace, f"{_CLAIM}{claim}"))
    if change.new is not None and needs_work(view, pod):
        keys.append((namespace, f"{_POD}{name}"))
    return keys


def _after_claim(change: Change, view: View) -> Iterable[Key]:
    """The claim, and the Pods that use it."""
    namespace, name = change.key
    keys = [] if change.new is None else [(namespace, f"{_CLAIM}{name}")]
    for pod in view.list("Pod", namespace=namespace):
        if name in _known_names(pod) and needs_work(view, pod):
            keys.append((namespace, f"{_POD}{key_of(pod)[1]}"))
    return keys


def _known_names(pod: Obj) -> list[str]:
    names = [one.get("resourceClaimName") for one in entries_of(pod)]
    told = (pod.get("status") or {}).get("resourceClaimStatuses") or ()
    return [name for name in (*names, *(one.get("resourceClaimName") for one in told)) if name]


def _after_template(change: Change, view: View) -> Iterable[Key]:
    """The Pods that wait for a claim of a template that came."""
    namespace, name = change.key
    return [
        (namespace, f"{_POD}{key_of(pod)[1]}")
        for pod in (view.list("Pod", namespace=namespace) if change.new is not None else ())
        if any(one.get("resourceClaimTemplateName") == name for one in entries_of(pod))
        and needs_work(view, pod)
    ]


CONTROLLER = Component(
    name="resource-claim-controller",
    watches=(
        Watch("Pod", _after_pod),
        Watch("ResourceClaim", _after_claim),
        Watch("ResourceClaimTemplate", _after_template),
    ),
    plan=plan,
)
