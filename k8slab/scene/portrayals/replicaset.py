"""A ReplicaSet that no Deployment owns: interchangeable Pods, so nothing but a count."""

from __future__ import annotations

from k8slab.api.meta import dig
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.scene.portrayals._chip import chip, progress


def draw(subject: Subject, around: Surroundings) -> Picture:
    """A count and a bar, under the kind's own name."""
    obj = subject.obj
    wanted = dig(obj, "spec", "replicas", default=1)
    ready = dig(obj, "status", "readyReplicas", default=0)
    kind, name = obj["kind"], obj["metadata"]["name"]
    marks = chip(subject.width, subject.colour, kind, name, f"{ready}/{wanted}", replicas=wanted)
    marks += progress(subject.width, subject.colour, ready, wanted)
    return Picture(tuple(marks), around.words("ready", ready=ready, wanted=wanted))


PORTRAYAL = Portrayal("ReplicaSet", "workloads", draw)
