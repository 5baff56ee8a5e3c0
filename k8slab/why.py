"""Why: the chain of causes behind an object in plain sentences, and what a waiting one waits for.

Every change carries the cause that made it, and every cause the change that
woke it, so "why is this Pod here?" is a walk up that chain to something that the
user did. What an object waits for, and so why something doesn't happen, is told by
`k8slab.waits`.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.api.meta import Key, Obj, condition_of, controller_of, key_text
from k8slab.clock import SECOND_US, START_US
from k8slab.cluster.world import Cause, World
from k8slab.store.view import Change
from k8slab.waits import waits_of

_LONGEST_CHAIN = 12


def explain(world: World, kind: str, key: Key) -> str:
    """What is known of why an object is as it is, a sentence a line."""
    obj = world.get(kind, key)
    lines: list[str] = []
    last = _last_removal(world, kind, key)
    if obj is None:
        if last is None:
            return _never_was(world, kind, key)
        lines.append(f"{kind} {key[1]} is gone: {_who(world, last)}")
        lines.extend(_chain(world, last))
        return "\n".join(lines)
    created = _creation(world, kind, key, obj)
    if created is not None:
        lines.append(f"{kind} {key[1]} was created at {_when(created.at_us)} {_by(world, created)}.")
        lines.extend(_chain(world, created))
    lines.extend(waits_of(world, obj, world.now_us))
    return "\n".join(lines)


def _creation(world: World, kind: str, key: Key, obj: Obj) -> Change | None:
    uid = obj["metadata"].get("uid")
    for change in reversed(world.store.history):
        if change.kind == kind and change.key == key and change.old is None and change.new is not None:
            if change.new["metadata"].get("uid") == uid:
                return change
    return None


def _last_removal(world: World, kind: str, key: Key) -> Change | None:
    for change in reversed(world.store.history):
        if change.kind == kind and change.key == key:
            return change if change.new is None else None
    return None


def _change_at(world: World, revision: int) -> Change | None:
    index = revision - world.store.compacted - 1
    history = world.store.history
    return history[index] if 0 <= index < len(history) else None


def _chain(world: World, change: Change) -> list[str]:
    """The causes of a change, nearest first, up to what the user did."""
    lines: list[str] = []
    cause: Cause = world.causes[change.cause]
    while len(lines) < _LONGEST_CHAIN:
        if not cause.woken_by:
            if cause.text:
                lines.append(f"  because you did this at {_when(cause.at_us)}: {cause.text}")
            break
        woken = _change_at(world, cause.woken_by)
        if woken is None:
            break
        lines.append(f"  because {narrate(woken)} at {_when(woken.at_us)}, {_by(world, woken)}")
        cause = world.causes[woken.cause]
    return lines


def _by(world: World, change: Change) -> str:
    cause = world.causes[change.cause]
    if cause.component in ("", "user"):
        return "by the user"
    return f"by the {cause.component}, looking at {key_text(cause.key)}"


def _who(world: World, change: Change) -> str:
    return f"removed at {_when(change.at_us)} {_by(world, change)}."


def _when(at_us: int) -> str:
    seconds = (at_us - START_US) / SECOND_US
    return f"t={seconds:.3f}s"


def narrate(change: Change) -> str:
    """What a change was, in words: `Pod web-0 was bound to node-1`, or `Pod web-0 changed`."""
    what = f"{change.kind} {change.key[1]}"
    if change.old is None:
        return f"{what} was created"
    if change.new is None:
        return f"{what} was removed"
    for says in _TRANSITIONS:
        text = says(change.old, change.new)
        if text:
            return f"{what} {text}"
    return f"{what} changed"


def _deletion(old: Obj, new: Obj) -> str:
    asked = "deletionTimestamp" in new["metadata"] and "deletionTimestamp" not in old["metadata"]
    return "was marked for deletion" if asked else ""


def _binding(old: Obj, new: Obj) -> str:
    if new["kind"] != "Pod" or old["spec"].get("nodeName") == new["spec"].get("nodeName"):
        return ""
    return f"was bound to {new['spec']['nodeName']}"


def _phase(old: Obj, new: Obj) -> str:
    before, after = (old.get("status") or {}).get("phase"), (new.get("status") or {}).get("phase")
    return f"became {after}" if after and before != after else ""


def _readiness(old: Obj, new: Obj) -> str:
    before, after = condition_of(old, "Ready"), condition_of(new, "Ready")
    if after is None or (before or {"status": "False"}).get("status") == after["status"]:
        return ""
    return "became Ready" if after["status"] == "True" else "was no longer Ready"


def _replicas(old: Obj, new: Obj) -> str:
    before, after = (old.get("spec") or {}).get("replicas"), (new.get("spec") or {}).get("replicas")
    return f"was scaled from {before} to {after}" if before != after else ""


def _power(old: Obj, new: Obj) -> str:
    if new["kind"] != "Machine" or old["spec"] == new["spec"]:
        return ""
    return "lost its power" if new["spec"]["power"] == "Off" else "changed its power or network"


def _control(old: Obj, new: Obj) -> str:
    before, after = owner_text(old), owner_text(new)
    if before == after:
        return ""
    return f"was adopted by {after}" if after else f"was released by {before}"


def _containers(old: Obj, new: Obj) -> str:
    """What befell the first container that ended, was restarted or cannot start."""
    if new["kind"] != "Pod":
        return ""
    for field in ("initContainerStatuses", "containerStatuses"):
        known = {one["name"]: one for one in (old.get("status") or {}).get(field) or ()}
        for status in (new.get("status") or {}).get(field) or ():
            text = _container(known.get(status["name"]) or {}, status)
            if text:
                return text
    return ""


def _container(old: Obj, new: Obj) -> str:
    before, after = old.get("state") or {}, new.get("state") or {}
    name = new["name"]
    waiting = (after.get("waiting") or {}).get("reason", "")
    if waiting != (before.get("waiting") or {}).get("reason", "") and waiting not in _USUAL_WAITS:
        return f"waits: its container {name} is in {waiting}"
    if new.get("restartCount", 0) > old.get("restartCount", 0):
        return f"restarted its container {name} (restart {new['restartCount']})"
    ended = after.get("terminated")
    if ended and not before.get("terminated"):
        return f"saw its container {name} end with exit code {ended.get('exitCode', 0)}"
    return ""


_USUAL_WAITS = ("", "ContainerCreating", "PodInitializing")


def _cordon(old: Obj, new: Obj) -> str:
    if new["kind"] != "Node":
        return ""
    before, after = (bool(obj["spec"].get("unschedulable")) for obj in (old, new))
    if before != after:
        return "was cordoned" if after else "was uncordoned"
    known, found = (
        [f"{taint['key']}:{taint['effect']}" for taint in obj["spec"].get("taints") or ()]
        for obj in (old, new)
    )
    added, gone = ([one for one in found if one not in known], [one for one in known if one not in found])
    if added:
        return f"was tainted {', '.join(added)}"
    return f"lost its taint {', '.join(gone)}" if gone else ""


def _outcome(old: Obj, new: Obj) -> str:
    """Conditions by which a Job ends and a Deployment gives up hope."""
    for kind, name, status, words in _OUTCOMES:
        before, after = condition_of(old, name) or {}, condition_of(new, name) or {}
        if new["kind"] == kind and after.get("status") == status != before.get("status"):
            reason = f": {after['reason']}" if after.get("reason") else ""
            return f"{words}{reason}"
    return ""


_OUTCOMES = (
    ("Job", "Complete", "True", "is complete"),
    ("Job", "Failed", "True", "failed"),
    ("Job", "Suspended", "True", "was suspended"),
    ("Job", "Suspended", "False", "was resumed"),
    ("Deployment", "Progressing", "False", "makes no progress"),
    ("ReplicaSet", "ReplicaFailure", "True", "cannot make its Pods"),
    ("ReplicationController", "ReplicaFailure", "True", "cannot make its Pods"),
)


def _endpoints(old: Obj, new: Obj) -> str:
    """Which Pods a Service's traffic may reach now."""
    if new["kind"] != "EndpointSlice":
        return ""
    before, after = (_ready_targets(obj) for obj in (old, new))
    return f"leads to {', '.join(after) or 'no Pod'}" if before != after else ""


def _ready_targets(endpoint_slice: Obj) -> list[str]:
    return sorted(
        (one.get("targetRef") or {}).get("name", "")
        for one in endpoint_slice.get("endpoints") or ()
        if (one.get("conditions") or {}).get("ready")
    )


_TRANSITIONS: tuple[Callable[[Obj, Obj], str], ...] = (
    _deletion,
    _binding,
    _control,
    _containers,
    _readiness,
    _phase,
    _replicas,
    _power,
    _cordon,
    _outcome,
    _endpoints,
)


def _never_was(world: World, kind: str, key: Key) -> str:
    """Why an object that somebody may expect does not exist."""
    if kind == "Pod" and "-" in key[1]:
        base, _, ordinal = key[1].rpartition("-")
        workload = world.get("StatefulSet", (key[0], base))
        if workload is not None and ordinal.isdigit():
            wanted = workload["spec"].get("replicas", 1)
            start = (workload["spec"].get("ordinals") or {}).get("start", 0)
            if not start <= int(ordinal) < start + wanted:
                return f"There is no {key[1]}: StatefulSet {base} has {wanted} replicas."
            reasons = waits_of(world, workload, world.now_us)
            return "\n".join([f"There is no {key[1]} yet.", *reasons])
    return f"There is no {kind} {key_text(key)}, and there never was."


def owner_text(obj: Obj) -> str:
    """`StatefulSet/db` for an object that a controller owns; empty for any other."""
    owner = controller_of(obj)
    return f"{owner['kind']}/{owner['name']}" if owner else ""
