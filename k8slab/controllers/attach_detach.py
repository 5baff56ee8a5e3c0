"""Attaching disks to nodes and detaching them: the controller, and the drivers' attachers with it.

A key is a volume's name. The nodes that should have the volume are those with
Pods that use it; the VolumeAttachments say which have it. A volume that only
one node may have is taken from the one before the other gets it, and it isn't
taken from a node on which it may still be mounted: not before the kubelet says
that it isn't, six minutes have passed on a node that is lost, or somebody has
said that the node is out of service.

Models pkg/controller/volume/attachdetach, pkg/volume/csi/csi_attacher.go and
kubernetes-csi/external-attacher, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from hashlib import sha256
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, condition_is, dig, is_terminating
from k8slab.clock import MINUTE_US
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
    Watch,
)
from k8slab.store.aspects import BOUND, CLAIMS, DELETION, ENDED, REMOVED
from k8slab.store.view import Change, View

NAME = "attachdetach-controller"

FORCE_DETACH_US = 6 * MINUTE_US
"""How long a lost node keeps a volume that none of its Pods uses any more."""

OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
_SHARED_MODES = ("ReadWriteMany", "ReadOnlyMany")
_TERMINAL = ("Succeeded", "Failed")


class Timer(NamedTuple):
    """Something about a volume on a node, and an instant."""

    node: str
    at_us: int


class Attaching(NamedTuple):
    """What is remembered of a volume.

    `attaching` and `detaching` hold when that is done, `unwanted` since when a
    node should no longer have the volume, `reported` the nodes for which it was
    said that another node has it.
    """

    attaching: tuple[Timer, ...] = ()
    detaching: tuple[Timer, ...] = ()
    unwanted: tuple[Timer, ...] = ()
    reported: tuple[str, ...] = ()


class ClaimUsers:
    """Which Pods on nodes use which claim, and which attachments there are of which volume."""

    __slots__ = ("_of_pod", "attachments", "by_node", "pods")

    def __init__(self, view: View) -> None:
        self.pods: dict[Key, dict[Key, None]] = {}
        """By claim: the keys of the Pods on nodes that use it and have not ended."""
        self._of_pod: dict[Key, tuple[Key, ...]] = {}
        self.attachments: dict[str, dict[str, None]] = {}
        """By volume: the names of its attachments."""
        self.by_node: dict[str, dict[str, None]] = {}
        """By node: the names of the volumes that have attachments there."""
        for pod in view.list("Pod"):
            metadata = pod["metadata"]
            self._set_pod((metadata.get("namespace", ""), metadata["name"]), pod)
        for attachment in view.list("VolumeAttachment"):
            self._enter(attachment)

    def copy(self) -> ClaimUsers:
        """An independent copy."""
        twin = ClaimUsers.__new__(ClaimUsers)
        twin.pods = {key: users.copy() for key, users in self.pods.items()}
        twin._of_pod = self._of_pod.copy()
        twin.attachments = {name: table.copy() for name, table in self.attachments.items()}
        twin.by_node = {name: table.copy() for name, table in self.by_node.items()}
        return twin

    def observe(self, change: Change) -> None:
        """Take in one change."""
        if change.kind == "Pod":
            old, new = change.old, change.new
            if change.key not in self._of_pod and (
                new is None or (old is not None and old["spec"].get("nodeName"))
            ):
                # A Pod without claims doesn't get any while it is on a node.
                return
            self._set_pod(change.key, new)
            return
        if change.old is not None:
            self._remove(change.old)
        if change.new is not None:
            self._enter(change.new)

    def _set_pod(self, key: Key, pod: Obj | None) -> None:
        for claim in self._of_pod.pop(key, ()):
            users = self.pods[claim]
            del users[key]
            if not users:
                del self.pods[claim]
        if pod is None or not pod["spec"].get("nodeName") or has_ended(pod):
            return
        claims = claims_of(pod)
        if claims:
            self._of_pod[key] = claims
            for claim in claims:
                self.pods.setdefault(claim, {})[key] = None

    def _enter(self, attachment: Obj) -> None:
        volume = dig(attachment, "spec", "source", "persistentVolumeName")
        if volume:
            self.attachments.setdefault(volume, {})[attachment["metadata"]["name"]] = None
            self.by_node.setdefault(attachment["spec"]["nodeName"], {})[volume] = None

    def _remove(self, attachment: Obj) -> None:
        volume = dig(attachment, "spec", "source", "persistentVolumeName")
        if volume:
            self.attachments[volume].pop(attachment["metadata"]["name"], None)
            self.by_node[attachment["spec"]["nodeName"]].pop(volume, None)


def claims_of(pod: Obj) -> tuple[Key, ...]:
    """The claims that a Pod's volumes use, ephemeral ones included."""
    namespace, name = pod["metadata"].get("namespace", ""), pod["metadata"]["name"]
    found: dict[Key, None] = {}
    for volume in pod["spec"].get("volumes") or ():
        if volume.get("persistentVolumeClaim"):
            found[(namespace, volume["persistentVolumeClaim"]["claimName"])] = None
        elif volume.get("ephemeral"):
            found[(namespace, f"{name}-{volume['name']}")] = None
    return tuple(found)


def has_ended(pod: Obj) -> bool:
    """Whether a Pod needs its volumes no more: it has ended, or it is going and nothing of it runs."""
    status = pod.get("status") or {}
    if status.get("phase") in _TERMINAL:
        return True
    if not is_terminating(pod):
        return False
    fields = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    return not any(
        "running" in (one.get("state") or {}) for field in fields for one in status.get(field) or ()
    )


def attachment_name(volume: Obj, node: str) -> str:
    """The name of the VolumeAttachment of a CSI volume to a node."""
    source = volume["spec"]["csi"]
    return f"csi-{sha256((source['volumeHandle'] + source['driver'] + node).encode()).hexdigest()}"


def unique_name(volume: Obj) -> str:
    """How a node's status names a CSI volume."""
    source = volume["spec"]["csi"]
    return f"kubernetes.io/csi/{source['driver']}^{source['volumeHandle']}"


def attacher_finalizer(driver: str) -> str:
    """What keeps an attachment until the driver has detached the volume."""
    safe = "".join(letter if letter.isalnum() or letter == "-" else "-" for letter in driver)
    return f"external-attacher/{safe}"


def _is_shared(volume: Obj) -> bool:
    """Whether several nodes may have a volume at once."""
    modes = volume["spec"].get("accessModes") or ()
    return not modes or any(mode in _SHARED_MODES for mode in modes)


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Bring a volume to the nodes that need it."""
    volume = view.get("PersistentVolume", key)
    if volume is None or not volume["spec"].get("csi"):
        return Done(memory=None, why="the volume is gone, or needs no attaching")
    driver = view.get("CSIDriver", ("", volume["spec"]["csi"]["driver"]))
    if driver is not None and driver["spec"].get("attachRequired") is False:
        return Done(memory=None, why="the driver attaches nothing")
    work = _Work(view, volume, now_us, memory if isinstance(memory, Attaching) else Attaching())
    yield from work.detach()
    yield from work.attach()
    return work.done()


class _Work:
    """One look at a volume: what there is, and what is to be remembered."""

    def __init__(self, view: View, volume: Obj, now_us: int, before: Attaching) -> None:
        self.view = view
        self.volume = volume
        self.name: str = volume["metadata"]["name"]
        self.now_us = now_us
        self.before = before
        self.users = _users_by_node(view, volume)
        self.attaching: list[Timer] = []
        self.detaching: list[Timer] = []
        self.unwanted: list[Timer] = []
        self.reported: list[str] = []

    def attachments(self) -> list[Obj]:
        """The attachments of the volume that are there now."""
        users: ClaimUsers = self.view.cache(NAME)
        names = list(users.attachments.get(self.name, ()))
        found = (self.view.get("VolumeAttachment", ("", name)) for name in names)
        return [attachment for attachment in found if attachment is not None]

    def done(self) -> Done:
        """What to remember, and when the next thing is due."""
        after = Attaching(
            tuple(self.attaching), tuple(self.detaching), tuple(self.unwanted), tuple(self.reported)
        )
        dues = [timer.at_us for timer in (*self.attaching, *self.detaching)]
        dues += [timer.at_us + FORCE_DETACH_US for timer in self.unwanted]
        due_us = min(dues, default=None)
        look_again_us = None if due_us is None else max(due_us - self.now_us, 1)
        return Done(look_again_us=look_again_us, memory=after if any(after) else None)

    # Detaching.

    def detach(self) -> Generator[Action, Outcome, None]:
        """Take the volume from the nodes that need it no more."""
        for attachment in self.attachments():
            node = attachment["spec"]["nodeName"]
            if is_terminating(attachment):
                yield from self._finish_detach(attachment, node)
            elif node not in self.users:
                yield from self._start_detach(attachment, node)

    def _start_detach(self, attachment: Obj, node: str) -> Generator[Action, Outcome, None]:
        since_us = _instant(self.before.unwanted, node, self.now_us)
        if not self._safe_to_detach(node, since_us):
            self.unwanted.append(Timer(node, since_us))
            return
        yield from self._report_attached(node, attached=False)
        yield Delete("VolumeAttachment", ("", attachment["metadata"]["name"]), attachment["metadata"]["uid"])
        if self.view.get("VolumeAttachment", ("", attachment["metadata"]["name"])) is not None:
            due_us = self.now_us + self.view.duration_us("volume_detach", self.name, node)
            self.detaching.append(Timer(node, due_us))

    def _safe_to_detach(self, node_name: str, since_us: int) -> bool:
        node = self.view.get("Node", ("", node_name))
        if node is not None:
            if any(taint["key"] == OUT_OF_SERVICE for taint in node["spec"].get("taints") or ()):
                return True
            if unique_name(self.volume) not in (dig(node, "status", "volumesInUse") or ()):
                return True
            if condition_is(node, "Ready"):
                return False
        # The kubelet of a lost node can't say that it has unmounted anything.
        return self.now_us - since_us >= FORCE_DETACH_US

    def _finish_detach(self, attachment: Obj, node: str) -> Generator[Action, Outcome, None]:
        started = any(timer.node == node for timer in self.before.detaching)
        default_us = self.now_us + self.view.duration_us("volume_detach", self.name, node)
        due_us = _instant(self.before.detaching, node, default_us)
        if self.now_us < due_us or not started:
            self.detaching.append(Timer(node, max(due_us, self.now_us)))
            return
        key = ("", attachment["metadata"]["name"])
        yield Patch(
            "VolumeAttachment", key, {"metadata": {"finalizers": None}}, uid=attachment["metadata"]["uid"]
        )

    # Attaching.

    def attach(self) -> Generator[Action, Outcome, None]:
        """Give the volume to the nodes that need it."""
        for node, pods in self.users.items():
            attachments = self.attachments()
            own = next((one for one in attachments if one["spec"]["nodeName"] == node), None)
            if own is not None:
                if not is_terminating(own):
                    yield from self._continue_attach(own, node, pods)
                continue
            elsewhere = [one["spec"]["nodeName"] for one in attachments]
            if elsewhere and not _is_shared(self.volume):
                yield from self._report_multi_attach(node, pods, elsewhere)
                continue
            yield from self._start_attach(node, pods)

    def _start_attach(self, node: str, pods: list[Obj]) -> Generator[Action, Outcome, None]:
        driver = self.volume["spec"]["csi"]["driver"]
        body = {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "VolumeAttachment",
            "metadata": {
                "name": attachment_name(self.volume, node),
                "finalizers": [attacher_finalizer(driver)],
            },
            "spec": {
                "attacher": driver,
                "nodeName": node,
                "source": {"persistentVolumeName": self.name},
            },
            "status": {"attached": False},
        }
        try:
            yield Create("VolumeAttachment", body)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                message = f'AttachVolume.Attach failed for volume "{self.name}" : {error.message}'
                for pod in pods:
                    yield Record(pod, "Warning", "FailedAttachVolume", message)
                raise
        due_us = self.now_us + self.view.duration_us("volume_attach", self.name, node)
        self.attaching.append(Timer(node, due_us))

    def _continue_attach(
        self, attachment: Obj, node: str, pods: list[Obj]
    ) -> Generator[Action, Outcome, None]:
        if dig(attachment, "status", "attached"):
            yield from self._report_attached(node, attached=True)
            return
        default_us = self.now_us + self.view.duration_us("volume_attach", self.name, node)
        due_us = _instant(self.before.attaching, node, default_us)
        if self.now_us < due_us:
            self.attaching.append(Timer(node, due_us))
            return
        key = ("", attachment["metadata"]["name"])
        uid = attachment["metadata"]["uid"]
        yield Patch("VolumeAttachment", key, {"status": {"attached": True}}, "status", uid)
        yield from self._report_attached(node, attached=True)
        for pod in pods:
            message = f'AttachVolume.Attach succeeded for volume "{self.name}" '
            yield Record(pod, "Normal", "SuccessfulAttachVolume", message)

    def _report_attached(self, node_name: str, *, attached: bool) -> Generator[Action, Outcome, None]:
        """Say in a node's status whether it has the volume."""
        node = self.view.get("Node", ("", node_name))
        if node is None:
            return
        name = unique_name(self.volume)
        listed = dig(node, "status", "volumesAttached", default=[])
        others = [one for one in listed if one["name"] != name]
        if attached == (len(others) < len(listed)):
            return
        wanted = [*listed, {"name": name, "devicePath": ""}] if attached else others
        patch = {"status": {"volumesAttached": wanted or None}}
        yield Patch("Node", ("", node_name), patch, "status")

    def _report_multi_attach(
        self, node: str, pods: list[Obj], elsewhere: list[str]
    ) -> Generator[Action, Outcome, None]:
        """Say once to the Pods of a node that another node has their volume."""
        self.reported.append(node)
        if node in self.before.reported:
            return
        others = [other for name in elsewhere for other in self.users.get(name, ())]
        for pod in pods:
            why = _who_uses(pod, others)
            message = f'Multi-Attach error for volume "{self.name}" {why}'
            yield Record(pod, "Warning", "FailedAttachVolume", message)


def _users_by_node(view: View, volume: Obj) -> dict[str, list[Obj]]:
    """The Pods that need a volume, by their node."""
    reference = volume["spec"].get("claimRef") or {}
    key = (reference.get("namespace", ""), reference.get("name", ""))
    claim = view.get("PersistentVolumeClaim", key)
    if claim is None or claim["spec"].get("volumeName") != volume["metadata"]["name"]:
        return {}
    users: ClaimUsers = view.cache(NAME)
    by_node: dict[str, list[Obj]] = {}
    for pod_key in users.pods.get(key, ()):
        pod = view.get("Pod", pod_key)
        if pod is not None:
            by_node.setdefault(pod["spec"]["nodeName"], []).append(pod)
    return by_node


def _who_uses(pod: Obj, others: list[Obj]) -> str:
    """Who keeps a Pod's volume; Pods of other namespaces are only counted."""
    if not others:
        return "Volume is already exclusively attached to one node and can't be attached to another"
    namespace = pod["metadata"]["namespace"]
    near = [other["metadata"]["name"] for other in others if other["metadata"]["namespace"] == namespace]
    far = len(others) - len(near)
    if not near:
        return f"Volume is already used by {far} pod(s) in different namespaces"
    text = f"Volume is already used by pod(s) {', '.join(near)}"
    return f"{text} and {far} pod(s) in different namespaces" if far else text


def _instant(timers: Iterable[Timer], node: str, default_us: int) -> int:
    return next((timer.at_us for timer in timers if timer.node == node), default_us)


# Who is looked at after what.


def _volumes_of(view: View, pod: Obj) -> list[Key]:
    keys = []
    for claim_key in claims_of(pod):
        claim = view.get("PersistentVolumeClaim", claim_key)
        name = claim["spec"].get("volumeName") if claim is not None else None
        if name:
            keys.append(("", name))
    return keys


def _after_pod(change: Change, view: View) -> Iterable[Key]:
    """A Pod came to a node, or left it, or ended."""
    old, new = change.old, change.new
    pod = new if new is not None else old
    assert pod is not None, "a change has an object before or after"
    if not pod["spec"].get("volumes") or not pod["spec"].get("nodeName"):
        return ()
    if new is not None and old is not None and old["spec"].get("nodeName"):
        if has_ended(old) == has_ended(new):
            return ()
    return _volumes_of(view, pod)


def _after_claim(change: Change, view: View) -> Iterable[Key]:
    """A claim was bound: Pods on nodes may have waited for that."""
    name = ((change.new or change.old or {}).get("spec") or {}).get("volumeName")
    before = ((change.old or {}).get("spec") or {}).get("volumeName")
    return (("", name),) if name and (name != before or change.new is None) else ()


def _after_attachment(change: Change, view: View) -> Iterable[Key]:
    name = dig(change.new or change.old, "spec", "source", "persistentVolumeName")
    return (("", name),) if name else ()


def _after_node(change: Change, view: View) -> Iterable[Key]:
    """A node changed in what decides whether volumes can be taken from it."""
    users: ClaimUsers = view.cache(NAME)
    volumes = users.by_node.get(change.key[1])
    if not volumes or (change.old is not None and change.new is not None and _same(change.old, change.new)):
        return ()
    return [("", name) for name in volumes]


def _same(old: Obj, new: Obj) -> bool:
    return (
        dig(old, "status", "volumesInUse") == dig(new, "status", "volumesInUse")
        and dig(old, "spec", "taints") == dig(new, "spec", "taints")
        and condition_is(old, "Ready") == condition_is(new, "Ready")
    )


_COMINGS_AND_ENDS = BOUND | REMOVED | DELETION | ENDED

CONTROLLER = Component(
    NAME,
    (
        Watch("Pod", _after_pod, aspects=_COMINGS_AND_ENDS, only=CLAIMS),
        Watch("PersistentVolumeClaim", _after_claim),
        Watch("VolumeAttachment", _after_attachment),
        Watch("Node", _after_node),
    ),
    plan,
    cache=ClaimUsers,
    cache_kinds=("Pod", "VolumeAttachment"),
    cache_aspects=CLAIMS,
)
