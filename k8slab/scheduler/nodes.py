"""Whether a Pod's selectors suit a node, as the scheduler holds both: what several plugins ask.

Models staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.placement import labels_match_term
from k8slab.api.selectors import matches
from k8slab.scheduler.framework import NodeInfo, Traits


def matches_term(term: Obj, node: NodeInfo) -> bool:
    """Whether a node meets a node selector term."""
    return labels_match_term(term, node.labels, node.name)


def matches_required_affinity(traits: Traits, node: NodeInfo) -> bool:
    """Whether a node meets the Pod's nodeSelector and required node affinity."""
    if not matches(traits.node_selector, node.labels):
        return False
    return traits.node_terms is None or any(matches_term(term, node) for term in traits.node_terms)
