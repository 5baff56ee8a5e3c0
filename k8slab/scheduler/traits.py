"""Reading a Pod's spec for scheduling: requests, host ports, selectors and affinity terms.

Many Pods come from one template, so what was read is kept: by the identity of
the spec's parts while they live, and by content beyond that. Both are only
memories of pure functions.

Models staging/src/k8s.io/component-helpers/resource/helpers.go,
pkg/scheduler/framework/types.go and pkg/scheduler/util/pod_resources.go, v1.36.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from typing import Any

from k8slab.api import quantities
from k8slab.api.declared_features import needed_to_run
from k8slab.api.memo import first_like
from k8slab.api.meta import Obj
from k8slab.api.placement import host_ports
from k8slab.api.selectors import Requirement, Selector, from_label_selector, from_labels
from k8slab.scheduler.framework import (
    NO_AFFINITY_TERMS,
    AffinityTerm,
    AffinityTerms,
    PodInfo,
    Requests,
    SpreadConstraint,
    Traits,
)

DEFAULT_SCORED_CPU = 100
"""Thousandths of a CPU that scoring assumes for a container without a request."""
DEFAULT_SCORED_MEMORY = 200 * 1024 * 1024

_POD_LEVEL_RESOURCES = ("cpu", "memory")
_EXCLUSIVE_DISKS = ("gcePersistentDisk", "awsElasticBlockStore", "rbd", "iscsi")

_SPEC_PARTS = (
    "containers",
    "initContainers",
    "tolerations",
    "nodeSelector",
    "affinity",
    "topologySpreadConstraints",
    "volumes",
    "overhead",
    "resources",
)
"""The parts of a spec that Traits are made from: those of one template stay the same objects."""


class Reader:
    """Turns Pods into `PodInfo`s, and remembers what it read."""

    __slots__ = ("_by_content", "_by_identity", "_by_spec", "_terms")

    _LIMIT = 20_000
    _MOST_SPECS = 1024
    """A spec is read again soon after it was written or never: those of Pods that are gone are not kept."""

    def __init__(self) -> None:
        self._by_spec: dict[int, tuple[Traits, Obj]] = {}
        self._by_identity: dict[tuple[int, ...], tuple[Traits, tuple[Any, ...]]] = {}
        self._by_content: dict[bytes, Traits] = {}
        self._terms: dict[tuple[int, str], tuple[AffinityTerms, Traits]] = {}

    def pod(self, obj: Obj) -> PodInfo:
        """The scheduler's view of a Pod."""
        traits = self.traits(obj["spec"])
        if not traits.pod_affinity and not traits.pod_anti_affinity:
            return PodInfo(obj, traits, NO_AFFINITY_TERMS)
        namespace = obj["metadata"].get("namespace", "")
        slot = (id(traits), namespace)
        known = self._terms.get(slot)
        if known is None:
            if len(self._terms) >= self._LIMIT:
                self._terms.clear()
            known = self._terms[slot] = (affinity_terms(traits, namespace), traits)
        return PodInfo(obj, traits, known[0])

    def traits(self, spec: Obj) -> Traits:
        """What scheduling reads of a spec."""
        whole = self._by_spec.get(id(spec))
        if whole is not None:
            return whole[0]
        traits = self._of_parts(spec)
        if len(self._by_spec) >= self._MOST_SPECS:
            self._by_spec.clear()
        # Holding the spec keeps its identity from being given to another.
        self._by_spec[id(spec)] = (traits, spec)
        return traits

    def _of_parts(self, spec: Obj) -> Traits:
        # Nothing is read of a token's volume, by whose name the parts of two Jobs' Pods differ.
        parts = [first_like(spec.get(name)) for name in _SPEC_PARTS]
        slot = tuple(map(id, parts))
        known = self._by_identity.get(slot)
        if known is not None:
            return known[0]
        traits = self._read(spec)
        if len(self._by_identity) >= self._LIMIT:
            self._by_identity.clear()
        self._by_identity[slot] = (traits, tuple(parts))
        return traits

    def _read(self, spec: Obj) -> Traits:
        content = marshal.dumps(_content(spec), 2)
        traits = self._by_content.get(content)
        if traits is None:
            if len(self._by_content) >= self._LIMIT:
                self._by_content.clear()
            traits = self._by_content[content] = read_traits(spec)
        return traits


def _content(spec: Obj) -> tuple[Any, ...]:
    """The values that Traits are a function of."""
    containers = [
        [
            (one.get("image"), one.get("resources"), one.get("ports"), one.get("restartPolicy"))
            for one in spec.get(name) or ()
        ]
        for name in ("containers", "initContainers")
    ]
    volumes = [
        volume
        for volume in spec.get("volumes") or ()
        if "persistentVolumeClaim" in volume
        or "ephemeral" in volume
        or "image" in volume
        or any(name in volume for name in _EXCLUSIVE_DISKS)
    ]
    return (
        containers,
        spec.get("tolerations"),
        spec.get("nodeSelector"),
        spec.get("affinity"),
        spec.get("topologySpreadConstraints"),
        volumes,
        spec.get("overhead"),
        spec.get("resources"),
        needed_to_run(spec),
    )


def read_traits(spec: Obj) -> Traits:
    """What scheduling reads of a spec, read afresh."""
    affinity = spec.get("affinity") or {}
    node_affinity = affinity.get("nodeAffinity") or {}
    required = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    volumes = spec.get("volumes") or ()
    all_containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    images = [normalized_image(one["image"]) for one in all_containers if one.get("image")]
    images += [
        normalized_image(volume["image"].get("reference") or "") for volume in volumes if volume.get("image")
    ]
    requests = pod_requests(spec)
    ports = host_ports(spec)
    tolerations = tuple(spec.get("tolerations") or ())
    disks = tuple(volume for volume in volumes if any(name in volume for name in _EXCLUSIVE_DISKS))
    node_terms = None if required is None else tuple(required.get("nodeSelectorTerms") or ())
    preferred = tuple(node_affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ())
    features = needed_to_run(spec)
    signature = marshal.dumps(
        (
            tuple(requests),
            tuple(map(tuple, ports)),
            images,
            len(all_containers),
            spec.get("nodeSelector"),
            node_terms,
            preferred,
            tolerations,
            features,
        ),
        2,
    )
    return Traits(
        requests=requests,
        ports=ports,
        images=tuple(images),
        containers=len(all_containers),
        node_selector=from_labels(spec.get("nodeSelector")),
        node_terms=node_terms,
        preferred_nodes=preferred,
        tolerations=tolerations,
        pod_affinity=affinity.get("podAffinity") or {},
        pod_anti_affinity=affinity.get("podAntiAffinity") or {},
        spread=tuple(spec.get("topologySpreadConstraints") or ()),
        claims=_claims(volumes),
        features=features,
        disks=disks,
        signature=signature,
    )


def _claims(volumes: Iterable[Obj]) -> tuple[tuple[str, bool], ...]:
    found: list[tuple[str, bool]] = []
    for volume in volumes:
        if volume.get("persistentVolumeClaim"):
            found.append((volume["persistentVolumeClaim"]["claimName"], False))
        elif volume.get("ephemeral"):
            found.append((volume["name"], True))
    return tuple(found)


def claim_names(pod: PodInfo) -> list[str]:
    """The names of the claims that a Pod's volumes use, ephemeral ones included."""
    return [f"{pod.key[1]}-{name}" if ephemeral else name for name, ephemeral in pod.traits.claims]


def normalized_image(name: str) -> str:
    """An image's name with the tag that it has by default."""
    return f"{name}:latest" if name.rfind(":") <= name.rfind("/") else name


def _amounts(requests: Obj | None) -> dict[str, int]:
    return {
        name: quantities.milli(str(text)) if name == "cpu" else quantities.units(str(text))
        for name, text in (requests or {}).items()
    }


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _keep_larger(total: dict[str, int], other: dict[str, int]) -> None:
    for name, amount in other.items():
        if amount > total.get(name, 0):
            total[name] = amount


def _requests_of(container: Obj, missing: dict[str, int]) -> dict[str, int]:
    return {**missing, **_amounts((container.get("resources") or {}).get("requests"))}


def sum_requests(spec: Obj, missing: dict[str, int]) -> dict[str, int]:
    """The requests of a whole Pod by resource (`PodRequests`).

    The containers run together with the sidecars; each init container runs with
    the sidecars before it; the larger of the two counts. `missing` is assumed
    for a container that does not say.
    """
    total: dict[str, int] = {}
    for container in spec.get("containers") or ():
        _add(total, _requests_of(container, missing))
    sidecars: dict[str, int] = {}
    starting: dict[str, int] = {}
    for container in spec.get("initContainers") or ():
        needed = _requests_of(container, missing)
        if container.get("restartPolicy") == "Always":
            _add(total, needed)
            _add(sidecars, needed)
            _keep_larger(starting, sidecars)
        else:
            _add(needed, sidecars)
            _keep_larger(starting, needed)
    _keep_larger(total, starting)
    pod_level = (spec.get("resources") or {}).get("requests") or {}
    for name, amount in _amounts(pod_level).items():
        if name in _POD_LEVEL_RESOURCES or name.startswith("hugepages-"):
            total[name] = amount
    _add(total, _amounts(spec.get("overhead")))
    return total


_ASSUMED = {"cpu": DEFAULT_SCORED_CPU, "memory": DEFAULT_SCORED_MEMORY}
_NATIVE = ("cpu", "memory", "ephemeral-storage", "pods")


def pod_requests(spec: Obj) -> Requests:
    """What a Pod asks of a node, as filters and scores count it."""
    total = sum_requests(spec, {})
    pod_level = (spec.get("resources") or {}).get("requests") or {}
    # A container's assumed request is not assumed where the Pod as a whole says it.
    missing = {name: amount for name, amount in _ASSUMED.items() if name not in pod_level}
    scored = sum_requests(spec, missing)
    return Requests(
        cpu=total.get("cpu", 0),
        memory=total.get("memory", 0),
        storage=total.get("ephemeral-storage", 0),
        scalars=tuple(sorted((name, amount) for name, amount in total.items() if name not in _NATIVE)),
        scored_cpu=scored.get("cpu", 0),
        scored_memory=scored.get("memory", 0),
    )


# Affinity and spreading.


def affinity_terms(traits: Traits, namespace: str) -> AffinityTerms:
    """The pod affinity terms of a Pod in a namespace."""
    return AffinityTerms(
        required=_terms(traits.pod_affinity, namespace),
        required_anti=_terms(traits.pod_anti_affinity, namespace),
        preferred=_weighted_terms(traits.pod_affinity, namespace),
        preferred_anti=_weighted_terms(traits.pod_anti_affinity, namespace),
    )


def _terms(affinity: Obj, namespace: str) -> tuple[AffinityTerm, ...]:
    terms = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    return tuple(_term(term, namespace, 0) for term in terms)


def _weighted_terms(affinity: Obj, namespace: str) -> tuple[AffinityTerm, ...]:
    terms = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    return tuple(_term(term["podAffinityTerm"], namespace, term["weight"]) for term in terms)


def _term(term: Obj, namespace: str, weight: int) -> AffinityTerm:
    namespaces = tuple(term.get("namespaces") or ())
    chosen = term.get("namespaceSelector")
    if not namespaces and chosen is None:
        namespaces = (namespace,)
    return AffinityTerm(
        namespaces=namespaces,
        namespace_selector=None if chosen is None else from_label_selector(chosen),
        selector=from_label_selector(term.get("labelSelector")),
        topology_key=term["topologyKey"],
        weight=weight,
    )


def spread_constraint(constraint: Obj, labels: dict[str, str]) -> SpreadConstraint:
    """One `topologySpreadConstraints` entry of a Pod with these labels."""
    selector = from_label_selector(constraint.get("labelSelector"))
    keys = constraint.get("matchLabelKeys") or ()
    same = tuple(Requirement(key, "In", (labels[key],)) for key in keys if key in labels)
    return SpreadConstraint(
        max_skew=constraint["maxSkew"],
        topology_key=constraint["topologyKey"],
        selector=merged(selector, same),
        when_unsatisfiable=constraint.get("whenUnsatisfiable") or "DoNotSchedule",
        min_domains=constraint.get("minDomains") or 1,
        affinity_policy=constraint.get("nodeAffinityPolicy") or "Honor",
        taints_policy=constraint.get("nodeTaintsPolicy") or "Ignore",
    )


def merged(selector: Selector, more: Selector) -> Selector:
    """Both selectors at once, without what they say twice."""
    return (*selector, *(requirement for requirement in more if requirement not in selector))
