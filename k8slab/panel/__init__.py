"""The widgets: the only place that knows wall time."""

from k8slab.panel.handle import LabHandle
from k8slab.panel.pieces import pieces
from k8slab.panel.player import Player
from k8slab.panel.stage import Stage
from k8slab.panel.widget import Panel, panel

__all__ = ["LabHandle", "Panel", "Player", "Stage", "panel", "pieces"]
