"""From the graph to the scene, redrawing only what a change can alter.

A `Composer` remembers places, colours and the timeline, so that nothing jumps
when something else comes or goes, and so that an update costs in proportion to
what changed. What it draws is a function of graph, facts and those memories.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.api.quantities import milli, units
from k8slab.clock import parse_timestamp
from k8slab.garbage import seldom_searched
from k8slab.graph import Graph, kind_of, name_of, namespace_of, object_id
from k8slab.scene import bands
from k8slab.scene.layout import TIMELINE_LEFT, Counts, Frame, columns_for, lay_out, size_for
from k8slab.scene.notes import Note, note_on
from k8slab.scene.phases import Look, look, node_lost
from k8slab.scene.places import Places
from k8slab.scene.portrayal import Load, Picture, Size, Subject, portrayals
from k8slab.scene.portrayals.node import fullness
from k8slab.scene.portrayals.persistentvolumeclaim import attached_to
from k8slab.scene.revisions import revision_of, wanted_revision
from k8slab.scene.scene import CARD, CHIP, Axis, Header, Item, Scene
from k8slab.scene.timeline import MOST_ROWS, Row, axis_for
from k8slab.scene.tokens import OWNER_COLOURS, PHASES
from k8slab.store.view import Change
from k8slab.texts import Language, Words

_HIDDEN = ("Service/default/kubernetes",)
_FIRST_COLOUR = {
    "StatefulSet": 0,
    "DaemonSet": 1,
    "Job": 2,
    "CronJob": 2,
    "Deployment": 3,
    "ReplicaSet": 4,
    "ReplicationController": 4,
}
_ENDING = ("Job", "CronJob")
_FINISHED = ("Succeeded", "Failed")
_WELL = ("running", "succeeded", "starting")
_MOST_STATEFUL_ROWS = 5
TRAY = ""


class Facts(NamedTuple):
    """What a picture says beside the objects.

    `inputs` are what the user did, as (instant, words). `note` is a question
    and its answer, in place of what the picture would say of itself. The time
    axis goes up to `until_us` at least, so that it keeps still through a film.
    `marked` are the ids of objects that differ from those of another picture.
    """

    now_us: int
    start_us: int = 0
    seed: int = 0
    events: int = 0
    inputs: Sequence[tuple[int, str]] = ()
    selected: str = ""
    note: tuple[str, str] | None = None
    console: tuple[str, ...] = ()
    until_us: int = 0
    marked: frozenset[str] = frozenset()
    language: Language = "en"


class _Share(NamedTuple):
    """What one Pod adds to its node's load."""

    node: str
    well: bool
    cpu_milli: int
    memory_bytes: int


class Composer:
    """Keeps a scene in step with a graph. `changed` are the ids that the last update touched."""

    def __init__(
        self,
        graph: Graph,
        facts: Facts,
        *,
        width: float = 1180,
        history: Iterable[Change] = (),
        rows: dict[str, Row] | None = None,
    ) -> None:
        self.graph = graph
        self.facts = facts
        self.words = Words(facts.language, "scene")
        self.width = width
        self.changed: list[str] = []
        self.items: dict[str, Item] = {}
        self.size: Size | None = None
        self.frame: Frame | None = None
        self._looks: dict[str, Look] = {}
        self._seen: dict[str, tuple[Obj, bool]] = {}
        self._lost: dict[str, bool] = {}
        self._outages: dict[str, Obj] = {}
        self._revisions: dict[str, str] = {}
        self._bound: dict[str, dict[str, Obj]] = {}
        self._roots: dict[str, tuple[object, str]] = {}
        # Who owned what is gone, as the changes tell it that are taken in: the Job of a CronJob, say.
        self._former_owners: dict[str, str] = {}
        self._departed: list[str] = []
        self._row_keys: dict[str, str] = {}
        self._requests: dict[str, tuple[object, int, int]] = {}
        self._shares: dict[str, _Share] = {}
        self._loads: dict[str, Load] = {}
        self._notes: dict[str, Note] = {}
        self._colours: dict[str, str] = {}
        self._chips, self._cards, self._loose = Places(), Places(), Places()
        self._homes: dict[str, tuple[str, bool]] = {}
        self._placed: dict[str, tuple[Obj, str]] = {}
        self._links: dict[str, tuple[Obj, str, tuple[str, ...]]] = {}
        self._has_moved = True
        self._replaced: dict[str, None] = {}
        self._everything = True
        self._on_card: dict[tuple[str, bool], Places] = {}
        self._under_card: dict[str, Places] = {}
        self._volume_homes: dict[str, str] = {}
        self._kept_rows: list[int] = []
        self._kept_volume_rows: list[int] = []
        self._expiries: dict[str, int] = {}
        # A picture of the past shows the timeline of the present, which it must not add to.
        self._is_past = rows is not None
        self._rows: dict[str, Row] = rows if rows is not None else {}
        self._rows_shown: list[str] = []
        self._marked: set[str] = set()
        self._lens = ""
        self._heated: tuple[object, ...] = ()
        self._axis = Axis()
        self._step_us = 1
        self._dirty: dict[str, None] = {}
        self._dirty_rows: dict[str, None] = {}
        self._inputs_seen = -1
        self._lines_of: dict[str, list[str]] = {}
        self._touched: dict[str, None] = {}
        self._replaying = True
        with seldom_searched():
            self._replay(history)
            for identity in (*graph.ids("Outage"), *_in_order(graph)):
                self._admit(identity)
            self.scene = self._compose()
            self._forget_departed()

    # What portrayals may ask.

    @property
    def now_us(self) -> int:
        """The lab's clock."""
        return self.facts.now_us

    @property
    def rows(self) -> dict[str, Row]:
        """The timeline so far, for pictures of the past."""
        return self._rows

    def look_of(self, pod: str) -> Look | None:
        """How a Pod is doing."""
        return self._looks.get(pod)

    def root_of(self, pod: str) -> str:
        """The workload that a Pod belongs to; the Pod itself where there is none."""
        known = self._roots.get(pod)
        return known[1] if known is not None else self.graph.root(pod)

    def links_of(self, pod: str) -> tuple[str, ...]:
        """What a Pod belongs together with: its node, its claims, its workload."""
        obj = self.graph.get(pod) or {}
        spec, root = obj.get("spec"), self.root_of(pod)
        known = self._links.get(pod)
        if known is not None and known[0] is spec and known[1] == root:
            return known[2]
        links = [*self.graph.targets(pod, "scheduling"), *self.graph.targets(pod, "volume")]
        if root != pod:
            links.append(root)
        # The nominated node of a Pod that is not bound stands in its status, which may change alone.
        if spec is not None and spec.get("nodeName"):
            self._links[pod] = (spec, root, tuple(links))
        return tuple(links)

    def is_former(self, pod: str) -> bool:
        """Whether a Pod is of a revision that its workload replaces."""
        root = self.root_of(pod)
        wanted = self._revisions.get(root)
        return bool(wanted) and revision_of(pod, root, self.graph) not in ("", wanted)

    def load_of(self, node: str) -> Load:
        """What a node's Pods come to."""
        return self._loads.get(node, Load())

    def is_lost(self, node: str) -> bool:
        """Whether a node's kubelet is not heard of."""
        return self._lost.get(node, True)

    def nodes(self) -> Sequence[str]:
        """The ids of all nodes, in the order of their places."""
        return sorted(self._cards.at, key=self._cards.at.__getitem__)

    # Following the graph.

    def update(self, touched: Iterable[str], changes: Iterable[Change], facts: Facts) -> Scene:
        """The scene after `graph.update(changes)` gave `touched`. `changed` says which items differ."""
        self.facts = facts
        for change in changes:
            self._observe(change)
        for identity in touched:
            self._admit(identity)
        self.scene = self._compose()
        self._forget_departed()
        return self.scene

    def resize(self, width: float, facts: Facts) -> Scene:
        """The scene laid out for another width; places are kept, and so is the timeline."""
        self.width, self.size = width, None
        self._has_moved = True
        return self.update((), (), facts)

    def _replay(self, history: Iterable[Change]) -> None:
        """Take the timeline from history, before the objects are taken in as they are now."""
        for change in history:
            self._observe(change)
        self._replaying = False

    def _observe(self, change: Change) -> None:
        """Note what a change means for the timeline at its own instant."""
        if change.kind == "Pod":
            identity = object_id("Pod", change.key)
            if change.new is None:
                self._gone(identity, change.old, change.at_us)
            else:
                self._see(identity, change.new, change.at_us)
        elif change.kind == "Node":
            self._see_node(object_id("Node", change.key), change.new, change.at_us)
        elif change.kind in ("Job", "ReplicaSet") and change.new is None:
            self._departed.append(object_id(change.kind, change.key))
        elif change.kind in ("Job", "ReplicaSet") and change.old is None and change.new is not None:
            # Between two looks at the cluster it may come and go, and its Pods with it.
            owner = next(iter(change.new["metadata"].get("ownerReferences") or ()), None)
            if owner is not None:
                owned, key = object_id(change.kind, change.key), (change.key[0], owner["name"])
                self._former_owners[owned] = object_id(owner["kind"], key)

    def _forget_departed(self) -> None:
        """Forget who owned what is gone: all that it owned has its row by now."""
        for identity in self._departed:
            self._former_owners.pop(identity, None)
        self._departed = []

    def _see(self, identity: str, pod: Obj, at_us: int) -> Look:
        node = pod["spec"].get("nodeName", "")
        # While history is replayed, a node of which nothing is known yet is taken to be well.
        lost = bool(node) and self._lost.get(f"Node/{node}", not self._replaying)
        former = self._seen.get(identity)
        if former is not None and former[0] is pod and former[1] == lost:
            return self._looks[identity]
        root = self._root(identity, pod)
        seen = look(pod, lost, kind_of(root) in _ENDING, self.words)
        self._looks[identity] = seen
        self._seen[identity] = (pod, lost)
        if node:
            self._bound.setdefault(f"Node/{node}", {})[identity] = pod
        if self._is_past:
            return seen
        key, label = _row_key(identity, root)
        row = self._rows.get(key)
        former_key = self._row_keys.get(identity, key)
        self._row_keys[identity] = key
        if former_key != key and self._rows[former_key].note(identity, "", at_us):
            # Another one owns it now, or none.
            self._dirty_rows[former_key] = None
        if row is None:
            row = self._rows[key] = Row(label)
        if row.note(identity, seen.tone, at_us):
            self._dirty_rows[key] = None
        return seen

    def _gone(self, identity: str, pod: Obj | None, at_us: int) -> None:
        self._looks.pop(identity, None)
        self._seen.pop(identity, None)
        if pod is not None:
            self._bound.get(f"Node/{pod['spec'].get('nodeName', '')}", {}).pop(identity, None)
        root = self._root(identity, pod) if pod is not None else identity
        key = self._row_keys.pop(identity, "") or _row_key(identity, root)[0]
        if not self._is_past and key in self._rows and self._rows[key].note(identity, "", at_us):
            self._dirty_rows[key] = None

    def _see_node(self, identity: str, node: Obj | None, at_us: int) -> None:
        lost = node_lost(node) if node is not None else True
        if self._lost.get(identity) == lost:
            return
        self._lost[identity] = lost
        for pod_id, pod in list(self._bound.get(identity, {}).items()):
            self._see(pod_id, pod, at_us)
            self._dirty[pod_id] = None
            self._dirty[self._root(pod_id, pod)] = None
        for attachment in self.graph.sources(identity, "attachment"):
            self._dirty.update(dict.fromkeys(self._claims_behind(attachment)))

    def _root(self, identity: str, pod: Obj) -> str:
        """The workload that a Pod belongs to; the Pod itself where there is none."""
        references = pod["metadata"].get("ownerReferences")
        known = self._roots.get(identity)
        if known is not None and known[0] is references:
            return known[1]
        root = self.graph.root(identity) if references else identity
        if root == identity and references:
            # The Pod is gone from the graph, or not yet in it: its reference still names its owner.
            owner = object_id(references[0]["kind"], (namespace_of(identity), references[0]["name"]))
            root = self.graph.root(owner)
            while root not in self.graph and root in self._former_owners:
                root = self.graph.root(self._former_owners[root])
        self._roots[identity] = (references, root)
        return root

    # Who is in the picture, and where.

    def _admit(self, identity: str) -> None:
        """Take in one touched object: its place, its share of the loads; then it is to be drawn."""
        obj, kind = self.graph.get(identity), kind_of(identity)
        self._dirty[identity] = None
        if kind == "Pod":
            self._admit_pod(identity, obj)
        elif kind == "Node":
            self._admit_node(identity, obj)
        elif kind == "PersistentVolumeClaim":
            self._admit_volume(identity, obj)
        elif kind in ("PersistentVolume", "VolumeAttachment"):
            self._admit_behind(identity)
        elif kind == "Outage":
            self._admit_outage(identity, obj)
        elif kind == "Machine":
            self._dirty[object_id("Node", ("", name_of(identity)))] = None
        elif kind in portrayals() and portrayals()[kind].band == "workloads":
            shown = obj is not None and identity not in _HIDDEN and not self.graph.controller(identity)
            self._hold(self._chips, identity, shown)
            self._admit_revision(identity, obj)
            if obj is None:
                self._colours.pop(identity, None)
        if kind != "Pod" and obj is not None and "ownerReferences" in obj["metadata"]:
            self._dirty[self.graph.root(identity)] = None

    def _admit_revision(self, identity: str, workload: Obj | None) -> None:
        """Take in which revision a workload wants; where that is another one, its Pods look otherwise."""
        wanted = wanted_revision(workload) if workload is not None else ""
        former = self._revisions.get(identity, "")
        if wanted == former:
            return
        self._revisions[identity] = wanted
        for owned in self.graph.sources(identity, "owner"):
            pods = self.graph.sources(owned, "owner") if kind_of(owned) == "ReplicaSet" else [owned]
            self._dirty.update(dict.fromkeys(pods))

    def _admit_outage(self, identity: str, outage: Obj | None) -> None:
        """Take in what is the matter with the API server or the registry; names keep them in one order."""
        if outage is not None:
            self._outages = dict(sorted({**self._outages, identity: outage}.items()))
        elif self._outages.pop(identity, None) is not None:
            self._drop(f"outage/{name_of(identity)}")

    def _admit_node(self, identity: str, node: Obj | None) -> None:
        """Take in a node; when it comes or goes, its Pods and volumes have other places."""
        self._see_node(identity, node, self.now_us)
        was_there = identity in self._cards.at
        self._hold(self._cards, identity, node is not None)
        if node is None:
            self._lost.pop(identity, None)
        if was_there == (node is not None):
            return
        for pod_id in list(self._bound.get(identity, ())):
            self._admit(pod_id)
        attached = [
            claim
            for attachment in self.graph.sources(identity, "attachment")
            for claim in self._claims_behind(attachment)
        ]
        beneath = [claim for claim, home in self._volume_homes.items() if home == identity]
        for claim in dict.fromkeys((*attached, *beneath)):
            self._admit(claim)

    def _hold(self, places: Places, identity: str, shown: bool) -> None:
        self._has_moved = True
        self._replaced[identity] = None
        if shown:
            places.take(identity)
        else:
            places.leave(identity)

    def _admit_pod(self, identity: str, pod: Obj | None) -> None:
        if pod is None:
            self._looks.pop(identity, None)
            self._seen.pop(identity, None)
            self._roots.pop(identity, None)
            self._requests.pop(identity, None)
            self._placed.pop(identity, None)
            self._links.pop(identity, None)
            self._notes.pop(identity, None)
            self._leave_card(identity)
            self._share(identity, None)
            return
        created = pod["metadata"].get("creationTimestamp") if identity not in self._looks else None
        seen = self._see(
            identity, pod, min(self.now_us, parse_timestamp(created)) if created else self.now_us
        )
        node = pod["spec"].get("nodeName", "")
        home = f"Node/{node}" if f"Node/{node}" in self._cards.at else TRAY
        is_lost = bool(node) and self.is_lost(f"Node/{node}")
        found = note_on(identity, pod, seen, self.graph, is_lost, self.words)
        if found is not None:
            self._notes[identity] = found
        else:
            self._notes.pop(identity, None)
        self._dirty[self._root(identity, pod)] = None
        self._share(identity, pod)
        placed = (pod["spec"], home)
        former = self._placed.get(identity)
        if former is not None and former[0] is placed[0] and former[1] == home:
            return
        self._placed[identity] = placed
        claims = self.graph.targets(identity, "volume")
        self._enter_card(identity, home, bool(claims))
        for claim in claims:
            self._dirty[claim] = None
            self._admit_volume(claim, self.graph.get(claim))

    def _enter_card(self, identity: str, node: str, has_volumes: bool) -> None:
        home = (node, has_volumes and node != TRAY)
        former = self._homes.get(identity)
        if former == home:
            return
        if former is not None:
            self._leave_card(identity)
        self._has_moved = True
        self._replaced[identity] = None
        self._homes[identity] = home
        self._on_card.setdefault(home, Places()).take(identity)

    def _leave_card(self, identity: str) -> None:
        home = self._homes.pop(identity, None)
        if home is not None:
            self._has_moved = True
            self._replaced[identity] = None
            self._on_card[home].leave(identity)
            self._dirty[home[0]] = None

    def _share(self, identity: str, pod: Obj | None) -> None:
        """Keep the nodes' loads: take the Pod's former share away and add its present one."""
        former = self._shares.get(identity)
        share = self._share_of(identity, pod) if pod is not None and pod["spec"].get("nodeName") else None
        if former == share:
            return
        if former is not None:
            load = self._loads[former.node]
            self._loads[former.node] = Load(
                load.pods - 1,
                load.well - former.well,
                load.cpu_milli - former.cpu_milli,
                load.memory_bytes - former.memory_bytes,
            )
            del self._shares[identity]
        if share is not None:
            load = self._loads.get(share.node, Load())
            self._loads[share.node] = Load(
                load.pods + 1,
                load.well + share.well,
                load.cpu_milli + share.cpu_milli,
                load.memory_bytes + share.memory_bytes,
            )
            self._shares[identity] = share

    def _share_of(self, identity: str, pod: Obj) -> _Share:
        cpu, memory = self._requested(identity, pod)
        if (pod.get("status") or {}).get("phase") in _FINISHED:
            cpu = memory = 0
        return _Share(f"Node/{pod['spec']['nodeName']}", self._looks[identity].tone in _WELL, cpu, memory)

    def _requested(self, identity: str, pod: Obj) -> tuple[int, int]:
        spec = pod["spec"]
        known = self._requests.get(identity)
        if known is not None and known[0] is spec:
            return known[1], known[2]
        cpu = memory = 0
        for container in spec.get("containers") or ():
            requests = (container.get("resources") or {}).get("requests")
            if requests:
                cpu += milli(requests["cpu"]) if "cpu" in requests else 0
                memory += units(requests["memory"]) if "memory" in requests else 0
        self._requests[identity] = (spec, cpu, memory)
        return cpu, memory

    def _admit_volume(self, identity: str, claim: Obj | None) -> None:
        """Give a volume its place: where it is attached, else where its Pod is, else where it was."""
        former = self._volume_homes.get(identity)
        self._has_moved = True
        self._replaced[identity] = None
        if claim is None:
            if former is not None:
                self._volume_places(former).leave(identity)
                del self._volume_homes[identity]
            return
        users = [one for one in self.graph.sources(identity, "volume") if kind_of(one) == "Pod"]
        home = attached_to(identity, self.graph)
        if not home:
            homes = [self._homes[one][0] for one in users if one in self._homes]
            home = next((one for one in homes if one), former or "")
        home = home if home in self._cards.at else ""
        if former is not None and former != home:
            self._volume_places(former).leave(identity)
        self._volume_homes[identity] = home
        beneath = [
            self._on_card[self._homes[one]].at[one] for one in users if self._homes.get(one) == (home, True)
        ]
        self._volume_places(home).take(identity, beneath[0] if beneath else -1)
        for user in users:
            self._dirty[user] = None

    def _volume_places(self, home: str) -> Places:
        return self._under_card.setdefault(home, Places()) if home else self._loose

    def _admit_behind(self, identity: str) -> None:
        """Take in the claims of a volume, or of an attachment's volume."""
        for claim in self._claims_behind(identity):
            self._dirty[claim] = None
            self._admit_volume(claim, self.graph.get(claim))

    def _claims_behind(self, identity: str) -> dict[str, None]:
        """The claims that are bound to a volume, or to an attachment's volume."""
        found: dict[str, None] = {}
        volumes = (
            self.graph.targets(identity, "attachment")
            if kind_of(identity) == "VolumeAttachment"
            else [identity]
        )
        for volume in volumes:
            for claim in (*self.graph.targets(volume, "volume"), *self.graph.sources(volume, "volume")):
                if kind_of(claim) == "PersistentVolumeClaim":
                    found[claim] = None
        return found

    # Drawing.

    def _compose(self) -> Scene:
        facts, former = self.facts, self.items
        self.items = dict(former)
        self._look_closer()
        frame = lay_out(self._counts())
        axis, self._step_us = axis_for(
            TIMELINE_LEFT,
            self.width - TIMELINE_LEFT - 30,
            facts.start_us,
            max(facts.now_us, facts.until_us),
        )
        everything = self._everything = frame != self.frame
        self.frame = frame
        new_axis = axis != self._axis
        self._axis = axis
        if everything:
            self._dirty.update(dict.fromkeys(self.items))
            self._dirty.update(dict.fromkeys((*self._chips.at, *self._cards.at)))
            # On a heat map no Pod and no volume has a place of its own, and there may be very many.
            if frame.counts.size != "heat":
                self._dirty.update(dict.fromkeys((*self._homes, *self._volume_homes)))
            self._dirty.update(dict.fromkeys(self._under_lens()))
        self._dirty.update((one, None) for one, due_us in self._expiries.items() if due_us <= facts.now_us)
        self._draw_all(frame)
        self._draw_bands(frame, everything, new_axis)
        self.changed = [one for one in self._touched if former.get(one) is not self.items.get(one)]
        self._dirty = {}
        self._dirty_rows = {}
        self._replaced = {}
        present_us = facts.until_us if self._is_past else 0
        header = Header(
            "k8slab",
            facts.start_us,
            facts.seed,
            facts.events,
            self._summary(),
            present_us,
            facts.language,
        )
        selected = facts.selected if facts.selected in self.items else ""
        return Scene(self.width, frame.height, facts.now_us, header, axis, selected, self.items)

    def _look_closer(self) -> None:
        """On a heat map, show the Pods of the node that is selected, or on which the selected Pod is."""
        selected = self.facts.selected
        node = self._homes[selected][0] if selected in self._homes else selected
        size = size_for(self._cards.top(), len(self._homes), self.size)
        if size != "heat" or node not in self._cards.at:
            node = ""
        if node != self._lens:
            moved = [*self._under_lens()]
            self._lens = node
            moved += self._under_lens()
            self._dirty.update(dict.fromkeys(moved))
            self._replaced.update(dict.fromkeys(moved))

    def _under_lens(self) -> dict[str, int]:
        """The Pods under the lens, each with its place; those with volumes come last."""
        found: dict[str, int] = {}
        end = 0
        for has_volumes in (False, True):
            places = self._on_card.get((self._lens, has_volumes)) if self._lens else None
            if places is not None:
                found.update((pod, end + place) for pod, place in places.at.items())
                end += places.top()
        return found

    def _summary(self) -> str:
        nodes, pods = len(self._cards.at), len(self._homes)
        return self.words(
            "summary",
            nodes=self.words("summary.node" if nodes == 1 else "summary.nodes", count=nodes),
            pods=self.words("node.pod" if pods == 1 else "node.pods", count=pods),
        )

    def _counts(self) -> Counts:
        nodes, pods = self._cards.top(), len(self._homes)
        size = size_for(nodes, pods, self.size)
        if size != self.size:
            self._has_moved = True
            self.size, self._kept_rows, self._kept_volume_rows = size, [], []
        self._keep_rows(size, nodes)
        return Counts(
            self.width,
            size,
            self._chips.top(),
            nodes,
            tuple(self._kept_rows),
            tuple(self._kept_volume_rows),
            self._loose.top(),
            min(MOST_ROWS, len(self._rows)) if size != "heat" else 0,
            len(self.facts.console),
            max(self._under_lens().values(), default=-1) + 1 if size == "heat" else 0,
            len(self._outages),
        )

    def _keep_rows(self, size: Size, nodes: int) -> None:
        """Raise the rows of each row of cards to what its fullest card needs; they never fall."""
        if size == "heat" or not self._has_moved:
            return
        self._has_moved = False
        grid = columns_for(size, nodes, self.width)
        rows = -(-nodes // grid.cards)
        if rows != len(self._kept_rows):
            self._kept_rows = (self._kept_rows + [grid.least_rows] * rows)[:rows]
            self._kept_volume_rows = (self._kept_volume_rows + [0] * rows)[:rows]
        for node, place in self._cards.at.items():
            row = place // grid.cards
            need = 0
            for has_volumes in (False, True):
                places = self._on_card.get((node, has_volumes))
                need += -(-places.top() // grid.pods) if places is not None else 0
            if need > self._kept_rows[row]:
                self._kept_rows[row] = need
            under = self._under_card.get(node)
            if under is not None and under.at:
                self._kept_volume_rows[row] = max(self._kept_volume_rows[row], -(-under.top() // grid.pods))

    def _put(self, item: Item) -> None:
        self._touched[item.id] = None
        if self.items.get(item.id) != item:
            self.items[item.id] = item

    def _drop(self, identity: str) -> None:
        self._touched[identity] = None
        self.items.pop(identity, None)

    def _draw_all(self, frame: Frame) -> None:
        self._touched = {}
        lines: dict[str, None] = {}
        if frame.counts.size == "heat":
            self._leave_out_unseen()
        for identity in self._dirty:
            kind = kind_of(identity) if "/" in identity else ""
            portrayal = portrayals().get(kind)
            if portrayal is None:
                continue
            obj = self.graph.get(identity)
            box = self._box_of(identity, kind, frame) if obj is not None else None
            if obj is None or box is None:
                self._drop(identity)
                self._expiries.pop(identity, None)
            else:
                self._draw(identity, kind, obj, box)
            if kind == "PersistentVolumeClaim" or (kind == "Pod" and self._has_lines(identity)):
                lines[identity] = None
        self._draw_lines(lines)

    def _leave_out_unseen(self) -> None:
        """On a heat map draw no Pod that is on a node, unless under the lens: there may be very many."""
        seen = self._under_lens()
        self._dirty = {
            one: None
            for one in self._dirty
            if one in seen or one in self.items or not one.startswith("Pod/") or not self._is_placed(one)
        }

    def _is_placed(self, pod: str) -> bool:
        home = self._homes.get(pod)
        return home is not None and home[0] != TRAY

    def _has_lines(self, pod: str) -> bool:
        return pod in self._lines_of or self._homes.get(pod, (TRAY, False))[1]

    def _box_of(self, identity: str, kind: str, frame: Frame) -> tuple[float, float, float, float] | None:
        """Where an object stands: where it stood, if neither it nor the frame moved."""
        former = self.items.get(identity)
        if former is None or self._everything or identity in self._replaced:
            return self._box(identity, kind, frame)
        return (former.x, former.y, former.width, former.height)

    def _box(self, identity: str, kind: str, frame: Frame) -> tuple[float, float, float, float] | None:
        """Where an object stands; None for one that is not shown."""
        if kind == "Pod":
            home = self._homes.get(identity)
            if home is None:
                return None
            if frame.counts.size == "heat" and home[0]:
                under = self._under_lens().get(identity) if home[0] == self._lens else None
                return None if under is None else frame.lens_box(under)
            place = self._on_card[home].at[identity]
            if home[0] == TRAY:
                return bands.tray_box(frame, place) if place < bands.tray_capacity(frame) else None
            return frame.pod_box(self._cards.at[home[0]], place, home[1])
        if kind == "PersistentVolumeClaim":
            if frame.counts.size == "heat":
                return None
            where = self._volume_homes[identity]
            place = self._volume_places(where).at[identity]
            return frame.volume_box(self._cards.at[where], place) if where else frame.loose_box(place)
        if kind == "Node":
            return frame.card_box(self._cards.at[identity])
        if identity in self._chips.at:
            return frame.chip_box(self._chips.at[identity])
        return None

    def _draw(self, identity: str, kind: str, obj: Obj, box: tuple[float, float, float, float]) -> None:
        x, y, width, height = box
        assert self.size is not None
        size: Size = self.size
        if kind == "Pod" and (size == "heat" or not self._homes[identity][0]):
            size = "medium"
        subject = Subject(identity, obj, width, height, size, self._colour(identity, kind, obj))
        picture: Picture = portrayals()[kind].draw(subject, self)
        layer = CARD if kind == "Node" else CHIP
        marks, detail, state, links, look_again_us = picture
        self._put(
            Item(identity, layer, kind, x, y, width, height, name_of(identity), detail, state, marks, links)
        )
        if look_again_us:
            self._expiries[identity] = look_again_us
        elif self._expiries:
            self._expiries.pop(identity, None)

    def _colour(self, identity: str, kind: str, obj: Obj) -> str:
        """The owner's colour: a Pod has its workload's, a volume its Pod's."""
        if kind == "Pod":
            root = self._root(identity, obj)
            return self._colour_of_root(root) if root != identity else "owner-none"
        if kind == "PersistentVolumeClaim":
            for user in self.graph.sources(identity, "volume"):
                pod = self.graph.get(user)
                if pod is not None and kind_of(user) == "Pod":
                    return self._colour(user, "Pod", pod)
            return "mark-waiting"
        return self._colour_of_root(identity) if kind in _FIRST_COLOUR else "owner-none"

    def _colour_of_root(self, root: str) -> str:
        known = self._colours.get(root)
        if known is not None:
            return known
        first = _FIRST_COLOUR.get(kind_of(root), 5)
        used = set(self._colours.values())
        order = [f"owner-{(first + offset) % OWNER_COLOURS}" for offset in range(OWNER_COLOURS)]
        chosen = next((one for one in order if one not in used), order[len(self._colours) % OWNER_COLOURS])
        self._colours[root] = chosen
        return chosen

    def _draw_lines(self, touched: Iterable[str]) -> None:
        """The lines from Pods to volumes, wherever one of the two was touched."""
        pairs: dict[tuple[str, str], None] = {}
        for identity in touched:
            if kind_of(identity) == "Pod":
                pairs.update(((identity, claim), None) for claim in self.graph.targets(identity, "volume"))
            else:
                users = self.graph.sources(identity, "volume")
                pairs.update(((user, identity), None) for user in users if kind_of(user) == "Pod")
            for item_id in self._lines_of.pop(identity, ()):
                self._drop(item_id)
        for pod_id, claim in pairs:
            self._draw_line(pod_id, claim)

    def _draw_line(self, pod_id: str, claim_id: str) -> None:
        identity = f"line/{pod_id}/{name_of(claim_id)}"
        pod, claim = self.items.get(pod_id), self.items.get(claim_id)
        home = self._homes.get(pod_id, (TRAY, False))
        if (
            pod is None
            or claim is None
            or self.size not in ("large", "medium")
            or home[0] not in self._cards.at
        ):
            self._drop(identity)
            return
        assert self.frame is not None
        columns = self.frame.pod_columns
        row = self._on_card[home].at[pod_id] // columns
        place = self._volume_places(self._volume_homes[claim_id]).at[claim_id]
        straight = row == 0 and place < columns
        held = claim.state == "held" or self.is_lost(home[0])
        attached = bool(attached_to(claim_id, self.graph))
        colour = "held" if held else self._colour(pod_id, "Pod", self.graph.get(pod_id) or {})
        dash = "5 4" if held else "" if attached else "1.5 4"
        self._put(
            bands.attachment(identity, pod, claim, colour, dash, straight, 4 + 2 * (row % 3), self.words)
        )
        self._lines_of.setdefault(pod_id, []).append(identity)
        self._lines_of.setdefault(claim_id, []).append(identity)

    def _draw_bands(self, frame: Frame, everything: bool, new_axis: bool) -> None:
        waiting = self._on_card.get((TRAY, False))
        shown = [one for one in waiting.at.values() if one < bands.tray_capacity(frame)] if waiting else []
        for place, outage in enumerate(self._outages.values()):
            self._put(bands.outage(frame, place, outage, self.words))
        self._put(bands.tray(frame, len(waiting.at) if waiting else 0, len(shown), self.words))
        if everything:
            self._draw_titles(frame)
        self._draw_note(frame)
        if frame.counts.timeline_rows:
            self._draw_timeline(frame, everything, new_axis)
        elif "timeline" in self.items:
            inputs = (f"input/{number}" for number in range(bands.MOST_INPUTS))
            for identity in ("timeline", "now", *inputs, *(f"row/{key}" for key in self._rows_shown)):
                self._drop(identity)
            self._rows_shown = []
        if self.facts.console:
            self._put(bands.console(frame, self.facts.console, self.words))
        self._draw_heat(frame)
        self._draw_lens(frame)
        self._draw_marked()
        selected = self.items.get(self.facts.selected)
        if selected is not None and selected.kind:
            self._put(bands.selection(selected, self.words))
        elif "selection" in self.items:
            self._drop("selection")

    def _draw_heat(self, frame: Frame) -> None:
        """What the cells of a heat map come to, summed up anew where a cell or a Pod is another."""
        if frame.counts.size != "heat":
            self._heated = ()
            for identity in ("heat", "legend"):
                if identity in self.items:
                    self._drop(identity)
            return
        tones: Counter[str] = Counter()
        for row in self._rows.values() if not self._is_past else ():
            tones.update(row.counts)
        if self._is_past:
            tones.update(look.tone for look in self._looks.values())
        heated = (tuple(sorted(tones.items())), frame.counts)
        if heated == self._heated and not any(one.startswith("Node/") for one in self._touched):
            return
        self._heated = heated
        states: Counter[str] = Counter()
        hottest, most = "", 0.0
        for node in self.nodes():
            obj = self.graph.get(node) or {}
            states[self.items[node].state] += 1
            share = fullness(obj, self.load_of(node))
            if share > most:
                hottest, most = name_of(node), share
        found = bands.Heat(
            len(self._cards.at) - states["lost"],
            states["lost"],
            states["cordoned"],
            states["hot"],
            hottest,
            most,
            tuple((tone, tones[tone]) for tone in PHASES if tones[tone]),
        )
        self._put(bands.heat(frame, found, self.words))
        self._put(bands.heat_legend(frame, self.words))

    def _draw_lens(self, frame: Frame) -> None:
        if self._lens and frame.counts.lens_pods:
            card = self.items.get(self._lens)
            self._put(bands.lens(frame, name_of(self._lens), card.detail if card is not None else ""))
        elif "lens" in self.items:
            self._drop("lens")

    def _draw_marked(self) -> None:
        """The frames around what differs."""
        wanted = {f"differs/{one}" for one in self.facts.marked}
        for identity in sorted(self._marked - wanted):
            self._drop(identity)
        self._marked = wanted
        for identity in sorted(self.facts.marked):
            item = self.items.get(identity)
            if item is not None:
                self._put(bands.difference(item, self.words))
            elif f"differs/{identity}" in self.items:
                self._drop(f"differs/{identity}")

    def _draw_titles(self, frame: Frame) -> None:
        wanted = {}
        if frame.counts.size in ("large", "medium"):
            for row, count in enumerate(frame.counts.volume_rows):
                if count:
                    title = bands.volumes_title(frame, row, self.words)
                    wanted[title.id] = title
        if frame.counts.loose_volumes and frame.counts.size != "heat":
            title = bands.loose_title(frame, self.words)
            wanted[title.id] = title
        for identity in [one for one in self.items if one.startswith("volumes/") and one not in wanted]:
            self._drop(identity)
        for title in wanted.values():
            self._put(title)

    def _draw_note(self, frame: Frame) -> None:
        if self.facts.note is not None:
            self._put(bands.note(frame, *self.facts.note))
        elif self._notes:
            worst = min(self._notes.items(), key=lambda pair: (pair[1].rank, pair[0]))[1]
            self._put(bands.note(frame, worst.question, worst.answer))
        elif not self._homes and not frame.counts.chips:
            self._put(bands.note(frame, self.words("note.empty"), self.words("note.empty.answer")))
        elif "note" in self.items:
            self._drop("note")

    def _draw_timeline(self, frame: Frame, everything: bool, new_axis: bool) -> None:
        order = self._row_order()
        again = everything or new_axis
        if again or self._dirty_rows:
            for key in [one for one in self._rows_shown if one not in order]:
                self._drop(f"row/{key}")
                again = True
            self._rows_shown = order
            for number, key in enumerate(order):
                if again or key in self._dirty_rows or f"row/{key}" not in self.items:
                    row = self._rows[key]
                    until_us = self.facts.until_us if self._is_past else 0
                    self._put(bands.timeline_row(frame, self._axis, number, key, row, self.words, until_us))
        if again or len(self.facts.inputs) != self._inputs_seen:
            self._inputs_seen = len(self.facts.inputs)
            self._put(bands.timeline_axis(frame, self._axis, self._step_us, self.words))
            inputs = bands.timeline_inputs(frame, self._axis, self.facts.inputs)
            for number in range(len(inputs), bands.MOST_INPUTS):
                self._drop(f"input/{number}")
            for item in inputs:
                self._put(item)
        if everything:
            self._put(bands.cursor(frame, self.words))

    def _row_order(self) -> list[str]:
        """The keys of the rows to show: by workload as they came, and by ordinal within one.

        Where there are too many, those with Pods now go before those without, and the newer before the older.
        """
        ages: dict[str, int] = {}
        for key in self._rows:
            ages.setdefault(_workload_of(key), len(ages))
        keys = list(self._rows)
        if len(keys) > MOST_ROWS:
            keys.sort(key=lambda key: (not self._rows[key].tones, -ages[_workload_of(key)]))
            keys = keys[:MOST_ROWS]
        return sorted(keys, key=lambda key: (ages[_workload_of(key)], key))


@lru_cache(maxsize=65536)
def _row_key(identity: str, root: str) -> tuple[str, str]:
    """The key and the label of a Pod's row in the timeline: its own in a StatefulSet, else its workload's."""
    if kind_of(root) == "StatefulSet" and identity != root:
        ordinal = name_of(identity).rpartition("-")[2]
        if ordinal.isdigit() and int(ordinal) < _MOST_STATEFUL_ROWS:
            return f"{root}/{int(ordinal):03d}", name_of(identity)
        return f"{root}/rest", f"{name_of(root)}-{_MOST_STATEFUL_ROWS}…"
    return root, name_of(root)


def _workload_of(row_key: str) -> str:
    """The workload's id in a row's key, which may have an ordinal behind it."""
    return "/".join(row_key.split("/")[:3])


def _in_order(graph: Graph) -> list[str]:
    """Every object that may have a place: nodes first, by name, then the rest as they came into being."""
    places: list[tuple[str, int, str]] = []
    found = graph.by_kind()
    for kind in portrayals():
        for identity in found.get(kind, ()) if kind != "Node" else ():
            created = (graph.get(identity) or {})["metadata"].get("creationTimestamp", "")
            places.append((created, len(places), identity))
    nodes = sorted(found.get("Node", ()), key=_by_number)
    return [*nodes, *(identity for _, _, identity in sorted(places))]


def _by_number(identity: str) -> list[tuple[int, str]]:
    """A sort key that puts node-2 before node-10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", identity)]


def compose(graph: Graph, facts: Facts, *, width: float = 1180, history: Iterable[Change] = ()) -> Scene:
    """The scene of a graph as it is, with everything at its first place."""
    return Composer(graph, facts, width=width, history=history).scene
