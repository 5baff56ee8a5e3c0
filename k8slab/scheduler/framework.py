"""What the scheduler's plugins share: their answers, and what they see of a Pod and of a node.

A plugin is a value, not a class: a name, a weight and functions. What a filter's
answer depends on is part of that value (`scope`), because it decides how long an
answer may be kept: one that reads only the Node object holds until that object
changes, one that reads the node's Pods until a Pod comes or goes, one that
reads the whole cluster for a single cycle.

Models pkg/scheduler/framework/{types,interface}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from k8slab.api.meta import Key, Obj
from k8slab.api.placement import HostPort
from k8slab.api.selectors import Selector

MAX_NODE_SCORE = 100

NODE_SCOPE = "node"
"""The answer depends on the Pod and the Node object."""
LOAD_SCOPE = "load"
"""The answer depends on the Pod, the Node object and the Pods on that node."""
CLUSTER_SCOPE = "cluster"
"""The answer depends on the whole cluster."""


class Status(NamedTuple):
    """Why a node, or a whole cycle, was refused.

    `resolvable` says whether removing Pods could help: upstream's Unschedulable
    against UnschedulableAndUnresolvable.
    """

    reasons: tuple[str, ...]
    resolvable: bool = True
    plugin: str = ""


class RuleError(Exception):
    """A rule could not be applied at all: the try ends here, whatever other nodes might do."""


class _Skip:
    """The type of `SKIP`."""

    def __repr__(self) -> str:
        return "SKIP"


SKIP = _Skip()
"""What a plugin says that has nothing to do with a Pod."""


class AffinityTerm(NamedTuple):
    """A pod (anti-)affinity term, parsed. `namespace_selector` is None where the term has none."""

    namespaces: tuple[str, ...]
    namespace_selector: Selector | None
    selector: Selector
    topology_key: str
    weight: int = 0


class AffinityTerms(NamedTuple):
    """The four lists of pod affinity terms of a Pod."""

    required: tuple[AffinityTerm, ...] = ()
    required_anti: tuple[AffinityTerm, ...] = ()
    preferred: tuple[AffinityTerm, ...] = ()
    preferred_anti: tuple[AffinityTerm, ...] = ()


NO_AFFINITY_TERMS = AffinityTerms()


class SpreadConstraint(NamedTuple):
    """A topology spread constraint, parsed."""

    max_skew: int
    topology_key: str
    selector: Selector
    when_unsatisfiable: str = "DoNotSchedule"
    min_domains: int = 1
    affinity_policy: str = "Honor"
    taints_policy: str = "Ignore"


class Requests(NamedTuple):
    """What a Pod asks of a node. CPU in thousandths, the rest in whole units.

    `scored_cpu` and `scored_memory` count a container without a request as 100m
    and 200 MiB, so that many small Pods do not look like none.
    """

    cpu: int = 0
    memory: int = 0
    storage: int = 0
    scalars: tuple[tuple[str, int], ...] = ()
    scored_cpu: int = 0
    scored_memory: int = 0


class Traits(NamedTuple):
    """What scheduling reads of a Pod's spec, shared by all Pods whose spec says the same."""

    requests: Requests
    ports: tuple[HostPort, ...]
    images: tuple[str, ...]
    containers: int
    node_selector: Selector
    node_terms: tuple[Obj, ...] | None
    preferred_nodes: tuple[Obj, ...]
    tolerations: tuple[Obj, ...]
    pod_affinity: Obj
    pod_anti_affinity: Obj
    spread: tuple[Obj, ...]
    claims: tuple[tuple[str, bool], ...]
    """Names of the volumes' claims; for an ephemeral volume its volume's name and True."""
    features: tuple[str, ...]
    """What a node must have declared."""
    disks: tuple[Obj, ...]
    """The volumes of the old in-tree kinds that only one Pod may write."""
    signature: bytes
    """Equal for Pods between which no plugin that reads one node alone can tell a difference."""


NO_LABELS: dict[str, str] = {}
"""The labels of whatever has none: always the same object, so that identity can stand for content."""


class PodInfo:
    """A Pod as the scheduler sees it.

    `fresh` says that it waits for its first try: it is neither held back nor was it refused.
    """

    __slots__ = (
        "fresh",
        "key",
        "labels",
        "namespace",
        "node",
        "nominated",
        "obj",
        "priority",
        "terminating",
        "terms",
        "traits",
        "uid",
    )

    def __init__(self, obj: Obj, traits: Traits, terms: AffinityTerms) -> None:
        metadata, spec = obj["metadata"], obj["spec"]
        status = obj.get("status") or {}
        self.obj = obj
        self.namespace: str = metadata.get("namespace", "")
        self.key: Key = (self.namespace, metadata["name"])
        self.uid: str = metadata.get("uid", "")
        self.labels: dict[str, str] = metadata.get("labels") or NO_LABELS
        self.terminating = "deletionTimestamp" in metadata
        self.traits = traits
        self.terms = terms
        self.priority: int = spec.get("priority") or 0
        self.node: str = spec.get("nodeName") or ""
        self.nominated: str = status.get("nominatedNodeName") or ""
        self.fresh = (
            not self.terminating
            and not self.nominated
            and not spec.get("schedulingGates")
            and not any(one.get("type") == "PodScheduled" for one in status.get("conditions") or ())
        )

    def bound(self, obj: Obj) -> None:
        """Take in that a waiting Pod was bound to a node and is otherwise as it was."""
        metadata = obj["metadata"]
        self.obj = obj
        self.labels = metadata.get("labels") or NO_LABELS
        self.terminating = "deletionTimestamp" in metadata
        self.node = obj["spec"]["nodeName"]
        self.nominated = (obj.get("status") or {}).get("nominatedNodeName") or ""
        self.fresh = False


class NodeInfo:
    """A node with the sums over the Pods on it.

    `bit` has one bit set: the node's place in the scheduler's sets of nodes.
    """

    __slots__ = (
        "allowed_pods",
        "bit",
        "claims",
        "cpu",
        "images",
        "labels",
        "memory",
        "name",
        "number",
        "obj",
        "object_version",
        "pods",
        "ports",
        "scalars",
        "storage",
        "taints",
        "unschedulable",
        "used_cpu",
        "used_memory",
        "used_scalars",
        "used_scored_cpu",
        "used_scored_memory",
        "used_storage",
    )

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.bit = 1 << number
        self.object_version = 0
        """Counts the changes of the Node object, so that a kept answer can be told to be old."""
        self.obj: Obj = {}
        self.labels: dict[str, str] = {}
        self.taints: Sequence[Obj] = ()
        self.unschedulable = False
        self.images: dict[str, int] = {}
        self.cpu = self.memory = self.storage = self.allowed_pods = 0
        self.scalars: dict[str, int] = {}
        self.pods: dict[Key, PodInfo] = {}
        self.ports: dict[HostPort, int] = {}
        self.claims: dict[Key, int] = {}
        self.used_cpu = self.used_memory = self.used_storage = 0
        self.used_scored_cpu = self.used_scored_memory = 0
        self.used_scalars: dict[str, int] = {}

    def add(self, pod: PodInfo) -> None:
        """Count a Pod in."""
        self._sum(pod, 1)
        self.pods[pod.key] = pod

    def remove(self, pod: PodInfo) -> None:
        """Count a Pod out."""
        self._sum(pod, -1)
        del self.pods[pod.key]

    def _sum(self, pod: PodInfo, sign: int) -> None:
        traits = pod.traits
        requests = traits.requests
        self.used_cpu += sign * requests.cpu
        self.used_memory += sign * requests.memory
        self.used_storage += sign * requests.storage
        self.used_scored_cpu += sign * requests.scored_cpu
        self.used_scored_memory += sign * requests.scored_memory
        for name, amount in requests.scalars:
            self.used_scalars[name] = self.used_scalars.get(name, 0) + sign * amount
        for port in traits.ports:
            _count(self.ports, port, sign)
        for claim, ephemeral in traits.claims:
            if not ephemeral:
                _count(self.claims, (pod.namespace, claim), sign)

    def copy(self) -> NodeInfo:
        """An independent copy, for trying what would be if Pods were gone."""
        twin = NodeInfo.__new__(NodeInfo)
        for name in NodeInfo.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.pods = self.pods.copy()
        twin.ports = self.ports.copy()
        twin.claims = self.claims.copy()
        twin.used_scalars = self.used_scalars.copy()
        return twin


def _count(table: dict[Any, int], key: Any, by: int) -> None:
    count = table.get(key, 0) + by
    if count > 0:
        table[key] = count
    else:
        table.pop(key, None)


class Plugin(NamedTuple):
    """One scheduling rule.

    `pre_filter(cluster, pod)` gives the state that `filter(state, node)` reads;
    SKIP where the rule has nothing to do with the Pod; a Status where no node
    can do. `with_pod(state, pod, node, sign)` gives the state as it would be
    with one Pod more (1) or less (-1) on a node, for preemption.

    `pre_score(cluster, pod, nodes)` gives the state that `score(state, node)`
    reads, or SKIP; `normalize(state, nodes, scores)` brings the raw scores to
    0…100. `weight` multiplies them. `order` is the rule's place among the filters.
    """

    name: str
    order: int
    scope: str
    pre_filter: Callable[[Any, PodInfo], Any] | None = None
    filter: Callable[[Any, NodeInfo], Status | None] | None = None
    with_pod: Callable[[Any, PodInfo, NodeInfo, int], Any] | None = None
    weight: int = 0
    pre_score: Callable[[Any, PodInfo, Sequence[NodeInfo]], Any] | None = None
    score: Callable[[Any, NodeInfo], int] | None = None
    normalize: Callable[[Any, Sequence[NodeInfo], list[int]], list[int]] | None = None


def default_normalize(scores: list[int], *, reverse: bool) -> list[int]:
    """Scores from 0 to 100 relative to the largest one (`DefaultNormalizeScore`)."""
    largest = max(scores, default=0)
    if largest <= 0:
        return [MAX_NODE_SCORE] * len(scores) if reverse else scores
    if reverse:
        return [MAX_NODE_SCORE - MAX_NODE_SCORE * score // largest for score in scores]
    return [MAX_NODE_SCORE * score // largest for score in scores]
