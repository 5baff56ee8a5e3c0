"""The kubelets: what happens on the nodes, and what they tell the API server about it.

One component looks at Pods, one at nodes; the container runtime, which lets the
processes in containers go on, is a third (`processes`), and lets the commands
that are run in them from outside (`sessions`). Others look at what Pods take (`eviction`), and at
images that nobody uses (`image_gc`).
"""

from k8slab.kubelet.component import KUBELET
from k8slab.kubelet.eviction import EVICTIONS
from k8slab.kubelet.image_gc import IMAGE_GC
from k8slab.kubelet.node import NODE_KUBELET
from k8slab.kubelet.processes import PROCESSES
from k8slab.kubelet.sessions import SESSIONS

COMPONENTS = (NODE_KUBELET, KUBELET, PROCESSES, SESSIONS, EVICTIONS, IMAGE_GC)
"""The kubelets and the container runtime, in the order in which they hear of a change."""

__all__ = ["COMPONENTS", "EVICTIONS", "IMAGE_GC", "KUBELET", "NODE_KUBELET", "PROCESSES", "SESSIONS"]
