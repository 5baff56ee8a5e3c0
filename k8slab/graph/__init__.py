"""What there is, as a networkx graph of objects and their relations."""

from k8slab.graph.graph import KINDS, Graph, changes_after, drawn, key_of_id
from k8slab.graph.relation import (
    Edge,
    Relation,
    all_relations,
    kind_of,
    name_of,
    namespace_of,
    object_id,
    relations_from,
)

__all__ = [
    "KINDS",
    "Edge",
    "Graph",
    "Relation",
    "all_relations",
    "changes_after",
    "drawn",
    "key_of_id",
    "kind_of",
    "name_of",
    "namespace_of",
    "object_id",
    "relations_from",
]
