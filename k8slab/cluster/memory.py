"""The kernel that kills a container whose memory grows beyond its limit.

How much memory a program uses is what a Load says of its Pod or of the Pod's
workload. The programs of a lab use none to speak of, so without a Load nothing
is ever killed. A new run needs its memory anew: it grows for some seconds, is
killed again, and so the container ends up in CrashLoopBackOff, as a real one does.

Models what the kubelet makes of the kernel's OOM killer
(pkg/kubelet/kuberuntime/kuberuntime_container.go, toKubeContainerStatus), v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slab.api.meta import Key, Obj, dig, key_of
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.components import Component, Done, Memory, Plan, Watch
from k8slab.containers.ailments import skew_on
from k8slab.containers.loads import memory_limit, memory_told
from k8slab.containers.mounts import current_run, note_exit
from k8slab.containers.overlay import Overlay
from k8slab.kubelet import cri
from k8slab.store.view import Change, View

GROWS_US = 5 * SECOND_US
"""How long after its start a program has taken what it needs."""
KILLED_CODE = 137


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Kill the first container of a Pod if it uses more memory than it may."""
    pod = view.get("Pod", key)
    began = _began(pod)
    if pod is None or not began:
        return Done(why="nothing runs")
    limit = memory_limit(pod)
    told = memory_told(view, pod) if limit else None
    if told is None or told <= limit:
        return Done(why="it uses no more than it may")
    # The kubelet noted by its own clock when it began.
    due_us = parse_timestamp(began) - skew_on(view, pod["spec"].get("nodeName", "")) + GROWS_US
    if now_us < due_us:
        return Done(due_us - now_us)
    box, name = Overlay(view), pod["spec"]["containers"][0]["name"]
    run = current_run(pod, name)
    if cri.exit_of(box, key, name, run) is None:
        note_exit(box, pod, name, run, KILLED_CODE, now_us, reason="OOMKilled")
        yield from box.flush()
    return Done()


def _began(pod: Obj | None) -> str:
    """When the run of the first container began that is under way; empty where there is none."""
    if pod is None:
        return ""
    name = pod["spec"]["containers"][0]["name"]
    for one in (pod.get("status") or {}).get("containerStatuses") or ():
        if one["name"] == name:
            return str(dig(one, "state", "running", "startedAt") or "")
    return ""


def _of_load(change: Change, view: View) -> Iterable[Key]:
    """The Pods of which a Load says something."""
    pods = view.list("Pod", namespace=change.key[0])
    return [key_of(pod) for pod in pods if memory_limit(pod) and memory_told(view, pod) is not None]


def _of_pod(change: Change, view: View) -> Iterable[Key]:
    """A Pod whose first container was started."""
    pod = change.new
    if pod is None or not memory_limit(pod):
        return ()
    began = _began(pod)
    return (change.key,) if began and began != _began(change.old) else ()


KERNEL = Component("kernel", (Watch("Load", _of_load), Watch("Pod", _of_pod, needs="Load")), plan)
"""The kernels of all nodes."""
