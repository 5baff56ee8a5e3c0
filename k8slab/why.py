"""Why: what an object waits for and the chain of causes behind it, in plain sentences.

What it waits for, or what is amiss with it, comes first, for that is what a reader asks about; then, of
one that is to go, who wanted that; and then how it came to be.

Every change carries the cause that made it, and every cause the change that
woke it, so "why is this Pod here?" is a walk up that chain to something that the
user did. What an object waits for, and so why something doesn't happen, is told by
`k8slab.waits`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

from k8slab.api.meta import Key, Obj, condition_of, controller_of, dig, key_of, key_text
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.cluster.outage import is_down, refusals_of
from k8slab.cluster.world import Cause, World
from k8slab.containers.ailments import SKEW, SLOWNESS
from k8slab.kubelet.shortage import DISK, MEMORY, PIDS
from k8slab.store.view import Change
from k8slab.texts import Language, say
from k8slab.waits import Said, told, waits_of

_LONGEST_CHAIN = 12


def explain(world: World, kind: str, key: Key, language: Language = "en") -> str:
    """What is known of why an object is as it is, a sentence a line."""
    obj = world.get(kind, key)
    if obj is None:
        last = _last_removal(world, kind, key)
        if last is None:
            return _never_was(world, kind, key, language)
        return "\n".join([_made(world, "gone", last, language), *_chain(world, last, language)])
    here = present(world, obj, language)
    return "\n".join([*here, *departure(world, obj, language), *origin(world, obj, language)])


def departure(world: World, obj: Obj, language: Language = "en") -> list[str]:
    """How it came that an object which is still there is to go: this stays the same."""
    if "deletionTimestamp" not in obj["metadata"]:
        return []
    kind, key, uid = obj["kind"], key_of(obj), obj["metadata"].get("uid")
    asked_us = parse_timestamp(obj["metadata"]["deletionTimestamp"])
    asked_us -= (obj["metadata"].get("deletionGracePeriodSeconds") or 0) * SECOND_US
    for change in _changes_in_second(world, asked_us):
        if (change.kind, change.key) == (kind, key) and change.old is not None and change.new is not None:
            if change.new["metadata"].get("uid") == uid and _deletion(change.old, change.new):
                return [_made(world, "marked", change, language), *_chain(world, change, language)]
    return []


def origin(world: World, obj: Obj, language: Language = "en") -> list[str]:
    """How an object that is there came to be, up to what the user did: this stays the same."""
    kind, key = obj["kind"], key_of(obj)
    created = _creation(world, kind, key, obj)
    if created is not None:
        return [_made(world, "created", created, language), *_chain(world, created, language)]
    if world.store.compacted and obj["metadata"].get("creationTimestamp"):
        when = _when(world, parse_timestamp(obj["metadata"]["creationTimestamp"]))
        return [say(language, "why.longAgo", what=f"{kind} {key[1]}", when=when)]
    return []


def present(world: World, obj: Obj, language: Language = "en") -> list[str]:
    """What an object waits for at the world's now, or what is amiss with it."""
    return [*(told(language, said) for said in waits_of(world, obj, world.now_us)), *_server(world, language)]


def _server(world: World, language: Language) -> list[str]:
    """What is the matter with the API server, and so with whatever is to change."""
    if is_down(world):
        return [say(language, "why.server_down")]
    lines = []
    if world.latency_us:
        seconds = f"{world.latency_us / SECOND_US:g}"
        lines.append(say(language, "why.server_slow", seconds=seconds))
    refusals = refusals_of(world)
    if refusals is not None:
        share = f"{refusals.share:.0%}"
        lines.append(say(language, "why.server_refuses", share=share, reason=refusals.reason))
    return lines


def _made(world: World, name: str, change: Change, language: Language) -> str:
    """How an object came or went."""
    what = f"{change.kind} {change.key[1]}"
    by = _by(world, change, language)
    return say(language, f"why.{name}", what=what, when=_when(world, change.at_us), by=by)


def _creation(world: World, kind: str, key: Key, obj: Obj) -> Change | None:
    uid, when = obj["metadata"].get("uid"), obj["metadata"].get("creationTimestamp")
    found = _changes_in_second(world, parse_timestamp(when)) if when else reversed(world.store.history)
    for change in found:
        if change.kind == kind and change.key == key and change.old is None and change.new is not None:
            if change.new["metadata"].get("uid") == uid:
                return change
    return None


def _changes_in_second(world: World, at_us: int) -> Iterator[Change]:
    """The changes within the second that an API server's timestamp names, oldest first."""
    history = world.store.history
    place = bisect_left(history.rows, at_us, key=lambda row: row.at_us)
    while place < len(history) and history.rows[place].at_us < at_us + SECOND_US:
        yield history[place]
        place += 1


def _last_removal(world: World, kind: str, key: Key) -> Change | None:
    for change in reversed(world.store.history):
        if change.kind == kind and change.key == key:
            return change if change.new is None else None
    return None


def _change_at(world: World, revision: int) -> Change | None:
    index = revision - world.store.compacted - 1
    history = world.store.history
    return history[index] if 0 <= index < len(history) else None


def _chain(world: World, change: Change, language: Language) -> list[str]:
    """The causes of a change, nearest first, up to what the user did."""
    lines: list[str] = []
    cause: Cause = world.causes[change.cause]
    while len(lines) < _LONGEST_CHAIN:
        if not cause.woken_by:
            if cause.text:
                lines.append(say(language, "why.asked", when=_when(world, cause.at_us), text=cause.text))
            break
        woken = _change_at(world, cause.woken_by)
        if woken is None:
            break
        by = _by(world, woken, language)
        said = narrate(woken, language)
        lines.append(say(language, "why.because", said=said, when=_when(world, woken.at_us), by=by))
        cause = world.causes[woken.cause]
    return lines


_EVERYTHING: Key = ("", "")


def _by(world: World, change: Change, language: Language) -> str:
    cause = world.causes[change.cause]
    if cause.component in ("", "user"):
        return say(language, "why.by_user")
    volume = (
        ((change.new or change.old or {}).get("spec") or {}).get("source", {}).get("persistentVolumeName")
    )
    if cause.key in (change.key, _EVERYTHING) or (
        change.kind == "VolumeAttachment" and cause.key == ("", volume)
    ):
        # The sentence has named it already, or the component looked at everything there is.
        return say(language, "why.by_component", component=cause.component)
    return say(language, "why.by_component_for", component=cause.component, key=key_text(cause.key))


def _when(world: World, at_us: int) -> str:
    seconds = (at_us - world.start_us) / SECOND_US
    return f"t={seconds:.3f}s"


def narrate(change: Change, language: Language = "en") -> str:
    """What a change was, in words: `Pod web-0 was bound to node-1`, or `Pod web-0 changed`."""
    name, parts = _said(change)
    return say(language, f"why.was.{name}", what=f"{change.kind} {change.key[1]}", **parts)


def _said(change: Change) -> Said:
    if change.kind == "VolumeAttachment":
        return _attachment(change.old, change.new)
    if change.old is None:
        return "created", {}
    if change.new is None:
        return "removed", {}
    for says in _TRANSITIONS:
        said = says(change.old, change.new)
        if said is not None:
            return said
    return "changed", {}


def _attachment(old: Obj | None, new: Obj | None) -> Said:
    """A VolumeAttachment's own name is a hash: what is told is the volume and the node."""
    spec = (new or old or {})["spec"]
    parts = {"volume": spec["source"].get("persistentVolumeName", ""), "node": spec["nodeName"]}
    if old is None or new is None:
        return ("attaching" if old is None else "detached"), parts
    if _deletion(old, new):
        return "detaching", parts
    if new["status"]["attached"] and not old["status"]["attached"]:
        return "attached", parts
    return "changed", {}


def _deletion(old: Obj, new: Obj) -> Said | None:
    asked = "deletionTimestamp" in new["metadata"] and "deletionTimestamp" not in old["metadata"]
    return ("deletion", {}) if asked else None


def _binding(old: Obj, new: Obj) -> Said | None:
    if new["kind"] != "Pod" or old["spec"].get("nodeName") == new["spec"].get("nodeName"):
        return None
    return "bound", {"node": new["spec"]["nodeName"]}


def _phase(old: Obj, new: Obj) -> Said | None:
    before, after = (old.get("status") or {}).get("phase"), (new.get("status") or {}).get("phase")
    return ("phase", {"phase": after}) if after and before != after else None


def _readiness(old: Obj, new: Obj) -> Said | None:
    before, after = condition_of(old, "Ready"), condition_of(new, "Ready")
    if after is None or (before or {"status": "False"}).get("status") == after["status"]:
        return None
    return ("ready" if after["status"] == "True" else "unready"), {}


def _replicas(old: Obj, new: Obj) -> Said | None:
    before, after = (old.get("spec") or {}).get("replicas"), (new.get("spec") or {}).get("replicas")
    return ("scaled", {"before": before, "after": after}) if before != after else None


def _template(old: Obj, new: Obj) -> Said | None:
    """A workload that is to make other Pods: with which images, where these are others."""
    if new["kind"] not in _TEMPLATED or old["spec"].get("template") == new["spec"].get("template"):
        return None
    before, after = (
        {
            one["name"]: one.get("image", "")
            for one in dig(obj, "spec", "template", "spec", "containers", default=())
        }
        for obj in (old, new)
    )
    images = [f"{name}={image}" for name, image in after.items() if before.get(name) != image]
    return ("images", {"images": ", ".join(images)}) if images else ("template", {})


_TEMPLATED = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController")


def _claim(old: Obj, new: Obj) -> Said | None:
    """A claim is handed to a provisioner, and then gets its volume."""
    if new["kind"] != "PersistentVolumeClaim":
        return None
    volume = new["spec"].get("volumeName")
    if volume and not old["spec"].get("volumeName"):
        return "claimed", {"volume": volume}
    before, after = (
        (obj["metadata"].get("annotations") or {}).get("volume.kubernetes.io/storage-provisioner")
        for obj in (old, new)
    )
    return ("provisioning", {"provisioner": after}) if after and after != before else None


_AILMENTS = (
    (DISK, "disk_full", "disk_free"),
    (MEMORY, "memory_full", "memory_free"),
    (PIDS, "pids_full", "pids_free"),
    (SLOWNESS, "slow", "quick"),
    (SKEW, "skewed", "clock_set"),
)
"""What can befall a machine that goes on working: its field, and what is said when it comes and goes."""


def _power(old: Obj, new: Obj) -> Said | None:
    if new["kind"] != "Machine" or old["spec"] == new["spec"]:
        return None
    for field, worse, better in _AILMENTS:
        before, after = old["spec"].get(field), new["spec"].get(field)
        if before != after:
            return (worse if after else better), {}
    return ("off" if new["spec"]["power"] == "Off" else "power"), {}


def _storage(old: Obj, new: Obj) -> Said | None:
    """A Pod's program that wrote a lot."""
    if new["kind"] != "Sandbox" or old.get("filled") == new.get("filled"):
        return None
    return "filled", {}


def _control(old: Obj, new: Obj) -> Said | None:
    before, after = owner_text(old), owner_text(new)
    if before == after:
        return None
    return ("adopted", {"owner": after}) if after else ("released", {"owner": before})


def _containers(old: Obj, new: Obj) -> Said | None:
    """What befell the first container that ended, was restarted or cannot start."""
    if new["kind"] != "Pod":
        return None
    for field in ("initContainerStatuses", "containerStatuses"):
        known = {one["name"]: one for one in (old.get("status") or {}).get(field) or ()}
        for status in (new.get("status") or {}).get(field) or ():
            said = _container(known.get(status["name"]) or {}, status)
            if said is not None:
                return said
    return None


def _container(old: Obj, new: Obj) -> Said | None:
    before, after = old.get("state") or {}, new.get("state") or {}
    name = new["name"]
    waiting = (after.get("waiting") or {}).get("reason", "")
    if waiting != (before.get("waiting") or {}).get("reason", "") and waiting not in _USUAL_WAITS:
        return "waiting", {"name": name, "reason": waiting}
    if new.get("restartCount", 0) > old.get("restartCount", 0):
        return "restarted", {"name": name, "count": new["restartCount"]}
    ended = after.get("terminated")
    if ended and not before.get("terminated"):
        return "ended", {"name": name, "code": ended.get("exitCode", 0)}
    return None


_USUAL_WAITS = ("", "ContainerCreating", "PodInitializing")


def _cordon(old: Obj, new: Obj) -> Said | None:
    if new["kind"] != "Node":
        return None
    before, after = (bool(obj["spec"].get("unschedulable")) for obj in (old, new))
    if before != after:
        return ("cordoned" if after else "uncordoned"), {}
    known, found = (
        [f"{taint['key']}:{taint['effect']}" for taint in obj["spec"].get("taints") or ()]
        for obj in (old, new)
    )
    added, gone = ([one for one in found if one not in known], [one for one in known if one not in found])
    if added:
        return "tainted", {"taints": ", ".join(added)}
    return ("untainted", {"taints": ", ".join(gone)}) if gone else None


def _outcome(old: Obj, new: Obj) -> Said | None:
    """Conditions by which a Job ends and a Deployment gives up hope."""
    for kind, condition, status, name in _OUTCOMES:
        before, after = condition_of(old, condition) or {}, condition_of(new, condition) or {}
        if new["kind"] == kind and after.get("status") == status != before.get("status"):
            return name, {"reason": f": {after['reason']}" if after.get("reason") else ""}
    return None


_OUTCOMES = (
    ("Job", "Complete", "True", "complete"),
    ("Job", "Failed", "True", "failed"),
    ("Job", "Suspended", "True", "suspended"),
    ("Job", "Suspended", "False", "resumed"),
    ("Deployment", "Progressing", "False", "stuck"),
    ("ReplicaSet", "ReplicaFailure", "True", "without_pods"),
    ("ReplicationController", "ReplicaFailure", "True", "without_pods"),
)


def _endpoints(old: Obj, new: Obj) -> Said | None:
    """Which Pods a Service's traffic may reach now."""
    if new["kind"] != "EndpointSlice":
        return None
    before, after = (_ready_targets(obj) for obj in (old, new))
    if before == after:
        return None
    return ("leading", {"pods": ", ".join(after)}) if after else ("leading_nowhere", {})


def _ready_targets(endpoint_slice: Obj) -> list[str]:
    return sorted(
        (one.get("targetRef") or {}).get("name", "")
        for one in endpoint_slice.get("endpoints") or ()
        if (one.get("conditions") or {}).get("ready")
    )


_TRANSITIONS: tuple[Callable[[Obj, Obj], Said | None], ...] = (
    _deletion,
    _binding,
    _control,
    _containers,
    _readiness,
    _phase,
    _replicas,
    _template,
    _claim,
    _power,
    _storage,
    _cordon,
    _outcome,
    _endpoints,
)


def _never_was(world: World, kind: str, key: Key, language: Language) -> str:
    """Why an object that somebody may expect does not exist."""
    if kind == "Pod" and "-" in key[1]:
        base, _, ordinal = key[1].rpartition("-")
        workload = world.get("StatefulSet", (key[0], base))
        if workload is not None and ordinal.isdigit():
            wanted = workload["spec"].get("replicas", 1)
            start = (workload["spec"].get("ordinals") or {}).get("start", 0)
            if not start <= int(ordinal) < start + wanted:
                return say(language, "why.not_wanted", pod=key[1], workload=base, count=wanted)
            reasons = [told(language, said) for said in waits_of(world, workload, world.now_us)]
            return "\n".join([say(language, "why.not_yet", pod=key[1]), *reasons])
    return say(language, "why.never", kind=kind, key=key_text(key))


def owner_text(obj: Obj) -> str:
    """`StatefulSet/db` for an object that a controller owns; empty for any other."""
    owner = controller_of(obj)
    return f"{owner['kind']}/{owner['name']}" if owner else ""
