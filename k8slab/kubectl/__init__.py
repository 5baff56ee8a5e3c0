"""kubectl in process: the same commands, requests and texts, without a binary."""

from __future__ import annotations

from k8slab.kubectl.client import Client, Result
from k8slab.kubectl.command import run

__all__ = ["Client", "Result", "run"]
