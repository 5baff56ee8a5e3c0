"""What an object says of itself, as a table in HTML."""

from __future__ import annotations

from html import escape

from k8slab.graph import Graph
from k8slab.scene.summary import facts_of

__all__ = ["facts_of", "html"]


def html(identity: str, graph: Graph) -> str:
    """The table for an object; a hint where nothing is selected."""
    rows = facts_of(identity, graph) if identity else []
    if not rows:
        return "<p>Select a Pod, a node, a volume or a workload to see what it is and to act on it.</p>"
    cells = "".join(f"<tr><td>{escape(what)}</td><td>{escape(words)}</td></tr>" for what, words in rows)
    return f"<table>{cells}</table>"
