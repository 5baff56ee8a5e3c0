"""The scheduler: which node a Pod goes to, and why it fits nowhere."""

from k8slab.scheduler.scheduler import SCHEDULER

__all__ = ["SCHEDULER"]
