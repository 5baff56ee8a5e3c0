"""The scheduler's derived picture of the cluster: nodes with their sums, Pods, and sets of nodes.

It is a function of the stored objects alone: what it answers doesn't depend on
whether it was kept up to date change by change or built anew after a fork.
A set of nodes is one integer, a bit a node in the order of their creation, so
that intersecting two sets of 5,000 nodes takes a tenth of a microsecond.

Models pkg/scheduler/backend/cache/{cache,snapshot}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from k8slab.api import quantities
from k8slab.api.meta import Key, Obj, controller_of
from k8slab.api.selectors import Selector, matches
from k8slab.scheduler.framework import AffinityTerms, NodeInfo, PodInfo
from k8slab.scheduler.rejectors import rejectors_of
from k8slab.scheduler.spread import HOSTNAME, ZONE, default_selector
from k8slab.scheduler.traits import Reader, claim_names, normalized_image
from k8slab.store.view import Change, View

if TYPE_CHECKING:
    from k8slab.scheduler.cycle import Cycle
    from k8slab.scheduler.node_class import NodeClass

NAME = "default-scheduler"
"""The scheduler's name, as Pods and Events know it."""

KINDS = ("Pod", "Node", "Namespace", "Service")
"""The kinds whose changes the cache is shown."""

_TERMINAL = ("Succeeded", "Failed")


class ImageNodes(NamedTuple):
    """How many nodes have an image, how large it is, and the set of them."""

    nodes: int
    size_bytes: int
    bits: int


class Counter:
    """How many Pods that match a selector are on each node, kept up to date.

    `by_count` has the set of nodes for each count above zero, `by_zone` the
    sum for each zone.
    """

    __slots__ = ("by_count", "by_zone", "counts", "namespaces", "selector", "terminating")

    def __init__(self, namespaces: tuple[str, ...], selector: Selector, terminating: bool) -> None:
        self.namespaces = namespaces
        self.selector = selector
        self.terminating = terminating
        self.counts: dict[str, int] = {}
        self.by_count: dict[int, int] = {}
        self.by_zone: dict[str | None, int] = {}

    def wants(self, pod: PodInfo) -> bool:
        """Whether a Pod counts."""
        if pod.terminating and not self.terminating:
            return False
        return pod.namespace in self.namespaces and matches(self.selector, pod.labels)

    def change(self, node: NodeInfo, by: int) -> None:
        """Count a Pod in (1) or out (-1) of a node."""
        before = self.counts.get(node.name, 0)
        after = before + by
        zone = node.labels.get(ZONE)
        self.by_zone[zone] = self.by_zone.get(zone, 0) + by
        table = self.by_count
        if before:
            rest = table[before] ^ node.bit
            if rest:
                table[before] = rest
            else:
                del table[before]
        if after:
            self.counts[node.name] = after
            table[after] = table.get(after, 0) | node.bit
        else:
            del self.counts[node.name]


_CounterSlot = tuple[tuple[str, ...], Selector, bool]

RefusedSlot = tuple[bytes, int, frozenset[str]]
"""The signature of a class of Pods, their priority, and the rules that refused them."""


class ClusterState:
    """Nodes, Pods on nodes, Pods that wait, and what was derived from them."""

    __slots__ = (
        "_classes",
        "_counter_index",
        "_counters",
        "_log",
        "_log_start",
        "_spreads",
        "_wanted",
        "affinity_groups",
        "attentive",
        "by_number",
        "claim_users",
        "fresh",
        "hostless",
        "image_nodes",
        "namespaces",
        "nodes",
        "nominated",
        "pending",
        "pods",
        "priorities",
        "reader",
        "refused",
        "unassigned_claims",
        "version",
        "zones",
    )

    _KEPT_CLASSES = 512
    _KEPT_COUNTERS = 1024
    _KEPT_LOG = 50_000
    _MOST_FOUND = 4096
    """Pods of one template share their labels; what was found for others is hardly asked for twice."""

    def __init__(self, view: View) -> None:
        self._start_empty()
        for namespace in view.list("Namespace"):
            self._set_namespace(namespace["metadata"]["name"], namespace)
        for node in view.list("Node"):
            self._set_node(node["metadata"]["name"], node)
        for pod in view.list("Pod"):
            metadata = pod["metadata"]
            self._set_pod((metadata.get("namespace", ""), metadata["name"]), pod)

    def _start_empty(self) -> None:
        self.reader = Reader()
        self.nodes: dict[str, NodeInfo] = {}
        self.by_number: list[NodeInfo | None] = []
        self.namespaces: dict[str, dict[str, str]] = {}
        self.pods: dict[Key, PodInfo] = {}
        """The Pods on nodes that have not ended."""
        self.pending: dict[Key, PodInfo] = {}
        """The Pods of this scheduler that are on no node yet."""
        self.refused: dict[RefusedSlot, dict[Key, PodInfo]] = {}
        """Of those the ones that were tried in vain, by class, priority and the rules that refused them."""
        self.attentive: dict[Key, PodInfo] = {}
        """Of these the ones for which more than one node alone decides."""
        self.nominated: dict[str, dict[Key, PodInfo]] = {}
        self.affinity_groups: dict[AffinityTerms, dict[str, int]] = {}
        """By distinct terms: how many Pods on nodes have them, by node."""
        self.priorities: dict[int, int] = {}
        self.claim_users: dict[Key, dict[Key, None]] = {}
        """By claim: the Pods on nodes that use it."""
        self.unassigned_claims: dict[Key, dict[Key, None]] = {}
        """By claim: the waiting Pods that use it."""
        self.image_nodes: dict[str, ImageNodes] = {}
        self.hostless = 0
        """The nodes without a host name among their labels."""
        self.fresh: dict[int, int] = {}
        """By priority: how many waiting Pods have never been tried."""
        self.zones: dict[str | None, int] = {}
        """By zone: the set of its nodes; None for nodes without one."""
        self.version = 0
        """Counts the changes that matter to scheduling."""
        self._classes: dict[bytes, NodeClass] = {}
        self._counters: dict[_CounterSlot, Counter] = {}
        self._counter_index: dict[tuple[str, str, str], dict[_CounterSlot, Counter]] = {}
        self._spreads: dict[tuple[str, int, int], tuple[Counter | None, object, object]] = {}
        self._wanted: dict[tuple[str, int, bool], tuple[tuple[Counter, ...], object]] = {}
        self._log: list[NodeInfo] = []
        self._log_start = 0

    def copy(self) -> ClusterState:
        """An independent copy with the same answers; what can be derived is derived anew."""
        twin = ClusterState.__new__(ClusterState)
        twin._start_empty()
        twin.namespaces = self.namespaces.copy()
        for node in self.nodes.values():
            twin._set_node(node.name, node.obj)
        for key, pod in (*self.pods.items(), *self.pending.items()):
            twin._set_pod(key, pod.obj)
        return twin

    def observe(self, change: Change) -> None:
        """Take in one change."""
        if change.kind == "Pod":
            self._set_pod(change.key, change.new)
        elif change.kind == "Node":
            self._set_node(change.key[1], change.new)
        elif change.kind == "Namespace":
            self._set_namespace(change.key[1], change.new)
        elif change.kind == "Service":
            self._spreads.clear()
            self.version += 1

    # Pods.

    def _set_pod(self, key: Key, obj: Obj | None) -> None:
        """Enter a Pod as it is now stored; None for one that is gone."""
        known = self.pods.get(key)
        if known is not None:
            if obj is not None and _same_for_others(known, obj):
                known.obj = obj
                return
            self._leave_node(known)
        else:
            waiting = self.pending.get(key)
            if waiting is not None:
                self._stop_waiting(waiting)
                if obj is not None and obj["spec"].get("nodeName") and _same_spec(waiting, obj):
                    # A Pod that is bound keeps what was read of it when it came.
                    waiting.bound(obj)
                    self._join_node(waiting)
                    return
        if obj is None or (obj.get("status") or {}).get("phase") in _TERMINAL:
            return
        spec = obj["spec"]
        if spec.get("nodeName"):
            self._join_node(self.reader.pod(obj))
        elif spec.get("schedulerName", NAME) == NAME:
            self._wait(self.reader.pod(obj))

    def _join_node(self, pod: PodInfo) -> None:
        self.pods[pod.key] = pod
        self.version += 1
        self.priorities[pod.priority] = self.priorities.get(pod.priority, 0) + 1
        self._count_shared(pod, 1)
        node = self.nodes.get(pod.node)
        if node is not None:
            node.add(pod)
            self._changed(node)
            self._count(pod, node, 1)

    def _leave_node(self, pod: PodInfo) -> None:
        del self.pods[pod.key]
        self.version += 1
        self.priorities[pod.priority] -= 1
        if not self.priorities[pod.priority]:
            del self.priorities[pod.priority]
        self._count_shared(pod, -1)
        node = self.nodes.get(pod.node)
        if node is not None:
            node.remove(pod)
            self._changed(node)
            self._count(pod, node, -1)

    def _count_shared(self, pod: PodInfo, by: int) -> None:
        """Enter or take out what a Pod on a node means beyond its node."""
        if any(pod.terms):
            group = self.affinity_groups.setdefault(pod.terms, {})
            count = group.get(pod.node, 0) + by
            if count:
                group[pod.node] = count
            else:
                del group[pod.node]
                if not group:
                    del self.affinity_groups[pod.terms]
        if pod.traits.claims:
            _enter(self.claim_users, pod, by)

    def _wait(self, pod: PodInfo) -> None:
        self.pending[pod.key] = pod
        if pod.nominated:
            self.nominated.setdefault(pod.nominated, {})[pod.key] = pod
            self.version += 1
        if pod.fresh:
            self.fresh[pod.priority] = self.fresh.get(pod.priority, 0) + 1
        elif not pod.terminating and not pod.obj["spec"].get("schedulingGates"):
            self.refused.setdefault(_refused_slot(pod), {})[pod.key] = pod
            if is_attentive(pod):
                self.attentive[pod.key] = pod
        if pod.traits.claims:
            _enter(self.unassigned_claims, pod, 1)

    def _stop_waiting(self, pod: PodInfo) -> None:
        del self.pending[pod.key]
        if pod.nominated:
            of_node = self.nominated[pod.nominated]
            del of_node[pod.key]
            if not of_node:
                del self.nominated[pod.nominated]
            self.version += 1
        if pod.fresh:
            self.fresh[pod.priority] -= 1
            if not self.fresh[pod.priority]:
                del self.fresh[pod.priority]
        else:
            slot = _refused_slot(pod)
            of_class = self.refused.get(slot, {})
            if of_class.pop(pod.key, None) is not None and not of_class:
                del self.refused[slot]
            self.attentive.pop(pod.key, None)
        if pod.traits.claims:
            _enter(self.unassigned_claims, pod, -1)

    # Nodes and namespaces.

    def _set_node(self, name: str, obj: Obj | None) -> None:
        node = self.nodes.get(name)
        if obj is None:
            if node is not None:
                self._remove_node(node)
            return
        if node is None:
            node = self._add_node(name)
        elif _same_node(node, obj):
            node.obj = obj
            return
        self._read_node(node, obj)
        node.object_version += 1
        self._changed(node)
        self.version += 1

    def _add_node(self, name: str) -> NodeInfo:
        if len(self.by_number) > 2 * len(self.nodes) + 64:
            self._renumber()
        node = NodeInfo(name, len(self.by_number))
        self.by_number.append(node)
        self.nodes[name] = node
        self.zones[None] = self.zones.get(None, 0) | node.bit
        for pod in self.pods.values():
            if pod.node == name:
                node.add(pod)
                self._count(pod, node, 1)
        return node

    def _remove_node(self, node: NodeInfo) -> None:
        for pod in list(node.pods.values()):
            self._count(pod, node, -1)
        del self.nodes[node.name]
        self.by_number[node.number] = None
        self._leave_zone(node)
        self.hostless &= ~node.bit
        self._set_images(node, {})
        self.version += 1
        # The kept answers speak of a node that is gone.
        self._classes.clear()

    def _renumber(self) -> None:
        """Close the gaps that removed nodes left in the numbering."""
        self.by_number = []
        self._classes.clear()
        self._forget_counters()
        self.zones.clear()
        self.hostless = 0
        for number, node in enumerate(self.nodes.values()):
            node.number, node.bit = number, 1 << number
            self.by_number.append(node)
            zone = node.labels.get(ZONE)
            self.zones[zone] = self.zones.get(zone, 0) | node.bit
            if HOSTNAME not in node.labels:
                self.hostless |= node.bit
        for image in list(self.image_nodes):
            bits = sum(node.bit for node in self.nodes.values() if image in node.images)
            self._share_image(image, bits)

    def _read_node(self, node: NodeInfo, obj: Obj) -> None:
        labels = obj["metadata"].get("labels") or {}
        if labels.get(ZONE) != node.labels.get(ZONE):
            self._forget_counters()
            self._leave_zone(node)
            zone = labels.get(ZONE)
            self.zones[zone] = self.zones.get(zone, 0) | node.bit
        self.hostless = self.hostless & ~node.bit if HOSTNAME in labels else self.hostless | node.bit
        self._set_images(node, read_offer(node, obj))

    def _leave_zone(self, node: NodeInfo) -> None:
        zone = node.labels.get(ZONE)
        rest = self.zones[zone] & ~node.bit
        if rest:
            self.zones[zone] = rest
        else:
            del self.zones[zone]

    def _set_images(self, node: NodeInfo, images: dict[str, int]) -> None:
        before, node.images = node.images, images
        for name in before:
            if name not in images:
                self._share_image(name, self.image_nodes[name].bits & ~node.bit)
        for name in images:
            known = self.image_nodes.get(name)
            self._share_image(name, node.bit if known is None else known.bits | node.bit)

    def _share_image(self, name: str, bits: int) -> None:
        """Note which nodes have an image; its size is what the oldest of them says."""
        if not bits:
            del self.image_nodes[name]
            return
        oldest = self.by_number[(bits & -bits).bit_length() - 1]
        assert oldest is not None, "the set holds nodes that exist"
        self.image_nodes[name] = ImageNodes(bits.bit_count(), oldest.images[name], bits)

    def _set_namespace(self, name: str, obj: Obj | None) -> None:
        if obj is None:
            self.namespaces.pop(name, None)
        else:
            labels = obj["metadata"].get("labels") or {}
            if self.namespaces.get(name) == labels:
                return
            self.namespaces[name] = labels
        self.version += 1

    # What is derived, and kept only for speed.

    def _changed(self, node: NodeInfo) -> None:
        """Note that kept answers about a node are old."""
        log = self._log
        log.append(node)
        if len(log) > self._KEPT_LOG:
            half = len(log) // 2
            self._log_start += half
            del log[:half]

    @property
    def log_end(self) -> int:
        """The position behind the last entry of the log of changed nodes."""
        return self._log_start + len(self._log)

    def changed_since(self, position: int) -> Sequence[NodeInfo] | None:
        """The nodes that changed since a position in the log, each once; None where it begins later."""
        if position < self._log_start:
            return None
        fresh = self._log[position - self._log_start :]
        return fresh if len(fresh) < 2 else list(dict.fromkeys(fresh))

    def node_class(self, signature: bytes) -> NodeClass | None:
        """The kept answers for the Pods of a signature."""
        return self._classes.get(signature)

    def keep_class(self, signature: bytes, answers: NodeClass) -> None:
        """Keep answers; the oldest ones go where there are too many."""
        if len(self._classes) >= self._KEPT_CLASSES:
            del self._classes[next(iter(self._classes))]
        self._classes[signature] = answers

    def counter(
        self, view: View, namespaces: tuple[str, ...], selector: Selector, *, terminating: bool
    ) -> Counter:
        """How many Pods of the namespaces match a selector, by node. `terminating`: count those too."""
        slot = (namespaces, selector, terminating)
        counter = self._counters.get(slot)
        if counter is not None:
            return counter
        if len(self._counters) >= self._KEPT_COUNTERS:
            self._forget_counters()
        self._wanted.clear()
        counter = self._counters[slot] = Counter(namespaces, selector, terminating)
        for namespace in namespaces:
            self._index(namespace, selector).setdefault(slot, counter)
            for obj in view.list("Pod", namespace=namespace, selector=selector):
                pod = self.pods.get((namespace, obj["metadata"]["name"]))
                node = None if pod is None else self.nodes.get(pod.node)
                if pod is not None and node is not None and counter.wants(pod):
                    counter.change(node, 1)
        return counter

    def _index(self, namespace: str, selector: Selector) -> dict[_CounterSlot, Counter]:
        """The bucket in which the Pods of a namespace look for a counter: the emptiest that fits."""
        buckets = [
            self._counter_index.setdefault((namespace, label, values[0]), {})
            for label, operator, values in selector
            if operator == "In" and len(values) == 1
        ]
        if not buckets:
            return self._counter_index.setdefault((namespace, "", ""), {})
        return min(buckets, key=len)

    def _count(self, pod: PodInfo, node: NodeInfo, by: int) -> None:
        """Count a Pod in or out of every kept counter that it matches."""
        if not self._counters:
            return
        slot = (pod.namespace, id(pod.labels), pod.terminating)
        known = self._wanted.get(slot)
        if known is None:
            if len(self._wanted) >= self._MOST_FOUND:
                self._wanted.clear()
            found = tuple(
                counter
                for label in (*pod.labels.items(), ("", ""))
                for counter in self._counter_index.get((pod.namespace, *label), _NONE).values()
                if counter.wants(pod)
            )
            # Holding the labels keeps their identity from being given to others.
            known = self._wanted[slot] = (found, pod.labels)
        for counter in known[0]:
            counter.change(node, by)

    def spread_counter(self, cycle: Cycle, pod: PodInfo) -> Counter | None:
        """The Pods of the same Services and controller, by node; None for a Pod that has neither.

        What was found is kept while the objects that it depends on stay the same.
        """
        owner = _owner_selector(cycle.view, pod)
        slot = (pod.namespace, id(pod.labels), id(owner))
        known = self._spreads.get(slot)
        if known is None:
            if len(self._spreads) >= self._MOST_FOUND:
                self._spreads.clear()
            selector = default_selector(cycle, pod)
            counter = (
                self.counter(cycle.view, (pod.namespace,), selector, terminating=False) if selector else None
            )
            # Holding both objects keeps their identities from being given to others.
            known = self._spreads[slot] = (counter, pod.labels, owner)
        return known[0]

    def _forget_counters(self) -> None:
        self._counters.clear()
        self._counter_index.clear()
        self._spreads.clear()
        self._wanted.clear()


_NATIVE = ("cpu", "memory", "ephemeral-storage", "pods")
_NONE: dict[_CounterSlot, Counter] = {}


def _refused_slot(pod: PodInfo) -> RefusedSlot:
    return (pod.traits.signature, pod.priority, rejectors_of(pod))


def read_offer(node: NodeInfo, obj: Obj) -> dict[str, int]:
    """Take over what a Node object says of the node itself. The images that it has, with their sizes."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    node.obj, node.labels = obj, obj["metadata"].get("labels") or {}
    node.taints = spec.get("taints") or ()
    node.unschedulable = bool(spec.get("unschedulable"))
    amounts = status.get("allocatable") or {}
    node.cpu = quantities.milli(str(amounts.get("cpu", "0")))
    node.memory = quantities.units(str(amounts.get("memory", "0")))
    node.storage = quantities.units(str(amounts.get("ephemeral-storage", "0")))
    node.allowed_pods = quantities.units(str(amounts.get("pods", "0")))
    node.scalars = {
        name: quantities.units(str(text)) for name, text in amounts.items() if name not in _NATIVE
    }
    return {
        normalized_image(name): image.get("sizeBytes") or 0
        for image in status.get("images") or ()
        for name in image.get("names") or ()
    }


def node_info(obj: Obj | None) -> NodeInfo | None:
    """A Node object as rules see it, without any Pods; None for no object."""
    if obj is None:
        return None
    node = NodeInfo(obj["metadata"]["name"], 0)
    read_offer(node, obj)
    return node


def is_attentive(pod: PodInfo) -> bool:
    """Whether more than one node alone decides where a Pod may go: other Pods, volumes, or devices."""
    traits = pod.traits
    if traits.spread or traits.claims or traits.disks or any(pod.terms):
        return True
    return bool(pod.obj["spec"].get("resourceClaims"))


def _owner_selector(view: View, pod: PodInfo) -> object:
    owner = controller_of(pod.obj)
    if owner is None:
        return None
    found = view.get(owner["kind"], (pod.namespace, owner["name"]))
    return None if found is None else (found.get("spec") or {}).get("selector")


def _same_spec(waiting: PodInfo, obj: Obj) -> bool:
    """Whether a Pod has the spec that it had while it waited, in all that may change meanwhile."""
    spec, before = obj["spec"], waiting.obj["spec"]
    return (
        spec["containers"] is before["containers"]
        and spec.get("initContainers") is before.get("initContainers")
        and spec.get("tolerations") is before.get("tolerations")
        and (obj.get("status") or {}).get("phase") not in _TERMINAL
        and obj["metadata"].get("uid", "") == waiting.uid
    )


def _same_for_others(known: PodInfo, obj: Obj) -> bool:
    """Whether a stored change of a Pod on a node changes nothing for other Pods."""
    metadata = obj["metadata"]
    labels = metadata.get("labels") or {}
    spec, before = obj["spec"], known.obj["spec"]
    return (
        (labels is known.labels or labels == known.labels)
        and ("deletionTimestamp" in metadata) == known.terminating
        and (spec is before or spec == before)
        and (obj.get("status") or {}).get("phase") not in _TERMINAL
        and metadata.get("uid", "") == known.uid
    )


def _same_node(known: NodeInfo, obj: Obj) -> bool:
    """Whether a stored change of a Node is of no interest, as a heartbeat is."""
    before = known.obj
    status, status_before = obj.get("status") or {}, before.get("status") or {}
    return (
        (obj["metadata"].get("labels") or {}) == known.labels
        and _same(obj.get("spec"), before.get("spec"))
        and _same(status.get("allocatable"), status_before.get("allocatable"))
        and _same(status.get("images"), status_before.get("images"))
        and _same(status.get("declaredFeatures"), status_before.get("declaredFeatures"))
    )


def _same(one: object, other: object) -> bool:
    return one is other or one == other


def _enter(table: dict[Key, dict[Key, None]], pod: PodInfo, by: int) -> None:
    """Enter a Pod under each claim that it uses (1), or take it out (-1)."""
    for name in claim_names(pod):
        claim = (pod.namespace, name)
        if by > 0:
            table.setdefault(claim, {})[pod.key] = None
        elif claim in table:
            table[claim].pop(pod.key, None)
            if not table[claim]:
                del table[claim]
