"""What every controller of Pods asks: ready? available? active? mine? And how it adopts and releases.

Models pkg/controller/controller_utils.go, pkg/controller/controller_ref_manager.go
and pkg/api/v1/pod/util.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from functools import lru_cache

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, condition_of, controller_of, key_of, labels_of, owner_reference
from k8slab.api.selectors import Selector, from_label_selector, matches
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.components import Action, Outcome, Patch
from k8slab.store.view import Change, View

TERMINAL_PHASES = ("Succeeded", "Failed")


def phase_of(pod: Obj) -> str:
    """The Pod's phase; empty for one that was never stored."""
    phase: str = (pod.get("status") or {}).get("phase", "")
    return phase


def is_terminal(pod: Obj) -> bool:
    """Whether all containers have ended for good."""
    return phase_of(pod) in TERMINAL_PHASES


def is_active(pod: Obj) -> bool:
    """Whether the Pod has neither finished nor been asked to go (`IsPodActive`)."""
    return "deletionTimestamp" not in pod["metadata"] and phase_of(pod) not in TERMINAL_PHASES


def is_ready(pod: Obj) -> bool:
    """Whether the condition Ready is True."""
    status = pod.get("status")
    conditions = status.get("conditions") if status else None
    for condition in conditions or ():
        if condition["type"] == "Ready":
            return bool(condition["status"] == "True")
    return False


def available_in_us(pod: Obj, min_ready_seconds: int, now_us: int) -> int | None:
    """Microseconds until a ready Pod counts as available: 0 for now, None while it isn't ready."""
    if not is_ready(pod):
        return None
    if min_ready_seconds <= 0:
        return 0
    condition = condition_of(pod, "Ready") or {}
    since = condition.get("lastTransitionTime")
    if not since:
        return None
    return max(0, parse_timestamp(since) + min_ready_seconds * SECOND_US - now_us)


def is_available(pod: Obj, min_ready_seconds: int, now_us: int) -> bool:
    """Whether the Pod has been ready for `min_ready_seconds` (`IsPodAvailable`)."""
    return available_in_us(pod, min_ready_seconds, now_us) == 0


def next_availability_us(pods: Iterable[Obj], min_ready_seconds: int, now_us: int) -> int | None:
    """Microseconds until the next ready Pod becomes available (`FindMinNextPodAvailabilityCheck`)."""
    if min_ready_seconds <= 0:
        return None
    waits = [available_in_us(pod, min_ready_seconds, now_us) for pod in pods]
    return min((wait for wait in waits if wait), default=None)


_MAX_POD_NAME_PREFIX = 253


def pod_from_template(template: Obj, owner: Obj) -> Obj:
    """A Pod of the owner's namespace, controlled by it, as `GetPodFromTemplate` makes it.

    Its spec is the template's own spec object, not a copy.
    """
    name = owner["metadata"]["name"]
    metadata: Obj = {
        "generateName": f"{name}-" if len(name) < _MAX_POD_NAME_PREFIX else name,
        "namespace": owner["metadata"].get("namespace", ""),
    }
    given = template.get("metadata") or {}
    for field in ("labels", "annotations", "finalizers"):
        if given.get(field):
            metadata[field] = given[field]
    metadata["ownerReferences"] = _controlled_by(
        owner["apiVersion"], owner["kind"], name, owner["metadata"]["uid"]
    )
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec") or {}}


@lru_cache(maxsize=4096)
def _controlled_by(api_version: str, kind: str, name: str, uid: str) -> list[Obj]:
    """The owner references of an owner's Pods, which share them."""
    owner = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "uid": uid}}
    return [owner_reference(owner)]


# Whom a changed Pod concerns.

_NOBODY: Sequence[Key] = ()


def resolve_controller(view: View, obj: Obj, kind: str) -> Obj | None:
    """The controller of this kind that an object names, if it is there and still the same one."""
    reference = controller_of(obj)
    if reference is None or reference["kind"] != kind:
        return None
    owner = view.get(kind, (obj["metadata"].get("namespace", ""), reference["name"]))
    if owner is None or owner["metadata"]["uid"] != reference["uid"]:
        return None
    return owner


def owners_selecting(view: View, kind: str, obj: Obj) -> list[Obj]:
    """The owners of a kind in the object's namespace whose selector its labels fit."""
    labels = labels_of(obj)
    if not labels:
        return []
    found = []
    for owner in view.list(kind, namespace=obj["metadata"].get("namespace", "")):
        selector = selector_of(owner)
        if selector and matches(selector, labels):
            found.append(owner)
    return found


def selector_of(owner: Obj) -> Selector:
    """The owner's selector: of a ReplicationController a plain map, of all others a LabelSelector."""
    selector = owner["spec"].get("selector")
    if owner["kind"] == "ReplicationController":
        return from_label_selector({"matchLabels": selector or {}})
    return from_label_selector(selector)


def keys_of_controllers(kind: str) -> Callable[[Change, View], Sequence[Key]]:
    """For a Watch on dependents: the keys of the owners of a kind that a change concerns.

    They are the controller before and after the change and, for an orphan that
    is new or whose labels or owner changed, every owner that could adopt it.
    """

    def keys(change: Change, view: View) -> Sequence[Key]:
        old, new = change.old, change.new
        after = controller_of(new) if new is not None else None
        if after is not None and old is not None and new is not None:
            if old["metadata"].get("ownerReferences") is new["metadata"]["ownerReferences"]:
                # The same controller before and after, as nearly always.
                key = (change.key[0], after["name"])
                owner = view.get(kind, key) if after["kind"] == kind else None
                return (key,) if owner is not None and owner["metadata"]["uid"] == after["uid"] else _NOBODY
        before = controller_of(old) if old is not None else None
        found: list[Key] = []
        if old is not None and before is not None and before["kind"] == kind:
            if after is None or after["uid"] != before["uid"]:
                owner = resolve_controller(view, old, kind)
                if owner is not None:
                    found.append(key_of(owner))
        if new is None:
            return found
        if after is not None:
            if after["kind"] == kind:
                owner = resolve_controller(view, new, kind)
                if owner is not None:
                    found.append(key_of(owner))
            return found
        if old is None or before is not None or labels_of(old) != labels_of(new):
            found.extend(key_of(owner) for owner in owners_selecting(view, kind, new))
        return found

    return keys


# Adopting and releasing.


def owned_and_orphans(view: View, kind: str, owner: Obj) -> list[Obj]:
    """The objects of a kind in the owner's namespace that it controls or that nobody controls."""
    namespace = owner["metadata"].get("namespace", "")
    return [
        *view.list(kind, namespace=namespace, owner=owner["metadata"]["uid"]),
        *view.list(kind, namespace=namespace, owner=""),
    ]


def claim(
    kind: str,
    candidates: Sequence[Obj],
    owner: Obj,
    selector: Selector,
    *,
    accept: Callable[[Obj], bool] | None = None,
    finalizers: Sequence[str] = (),
) -> Generator[Action, Outcome, tuple[list[Obj], list[str]]]:
    """Adopt orphans that fit and release what fits no more. The objects owned, and the errors.

    `accept` may refuse what the selector fits. `finalizers` are added on
    adoption and removed on release. Nothing is adopted or released by an
    owner that is being deleted. Models `BaseControllerRefManager.ClaimObject`.
    """
    claimed: list[Obj] = []
    errors: list[str] = []
    uid = owner["metadata"]["uid"]
    going = "deletionTimestamp" in owner["metadata"]
    for obj in candidates:
        reference = controller_of(obj)
        if reference is not None and reference["uid"] != uid:
            continue
        fits = matches(selector, labels_of(obj)) and (accept is None or accept(obj))
        if reference is not None:
            if fits:
                claimed.append(obj)
            elif not going:
                error = yield from _release(kind, obj, uid, finalizers)
                if error:
                    errors.append(error)
            continue
        if going or not fits or "deletionTimestamp" in obj["metadata"]:
            continue
        try:
            adopted = yield Patch(kind, key_of(obj), _adoption(obj, owner, finalizers), uid=_uid(obj))
        except ApiError as error:
            if error.code != 404:
                errors.append(error.message)
            continue
        claimed.append(adopted if isinstance(adopted, dict) else obj)
    return claimed, errors


def scaled_int_or_percent(value: int | str, total: int, *, round_up: bool) -> int:
    """An int-or-percent of a total, as `GetScaledValueFromIntOrPercent` reckons it.

    ValueError for any other text.
    """
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        raise ValueError(
            f"invalid value for IntOrString: invalid type: string is not a percentage: {value!r}"
        )
    scaled = int(value[:-1]) * total
    return -(-scaled // 100) if round_up else scaled // 100


def aggregate(errors: Sequence[str]) -> str:
    """Several errors as one text, as `utilerrors.Aggregate` prints them: each text once, bracketed."""
    unique = list(dict.fromkeys(errors))
    return unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]" if unique else ""


def _uid(obj: Obj) -> str:
    uid: str = obj["metadata"]["uid"]
    return uid


def _adoption(obj: Obj, owner: Obj, finalizers: Sequence[str]) -> Obj:
    reference = owner_reference(owner)
    kept = [one for one in obj["metadata"].get("ownerReferences") or () if one["uid"] != reference["uid"]]
    metadata: Obj = {"ownerReferences": [*kept, reference]}
    present = obj["metadata"].get("finalizers") or []
    missing = [name for name in finalizers if name not in present]
    if missing:
        metadata["finalizers"] = [*present, *missing]
    return {"metadata": metadata}


def _release(kind: str, obj: Obj, uid: str, finalizers: Sequence[str]) -> Generator[Action, Outcome, str]:
    """Take the owner's reference off. The error, or an empty text; 404 and 422 mean that it is off."""
    kept = [one for one in obj["metadata"].get("ownerReferences") or () if one["uid"] != uid]
    metadata: Obj = {"ownerReferences": kept or None}
    present = obj["metadata"].get("finalizers") or []
    if any(name in finalizers for name in present):
        metadata["finalizers"] = [name for name in present if name not in finalizers] or None
    try:
        yield Patch(kind, key_of(obj), {"metadata": metadata}, uid=_uid(obj))
    except ApiError as error:
        return "" if error.code in (404, 422) else error.message
    return ""
