"""Pods that are made alike: what the API server made of the last one is kept for the next.

A controller makes a thousand Pods of one template, and of each the server would
default, admit, prepare and validate the same: only its name, uid and time are its
own. So the last Pod that a writer made of a spec is kept, with all that stands in
it, until something changes that admission looks at; the next one is that Pod with
other names. Where a plug-in is at work whose answer may differ from one Pod to
the next (quotas, policies, webhooks), nothing is kept.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.cluster.world import World

LOOKED_AT = frozenset(("Namespace", "ServiceAccount", "PriorityClass", "RuntimeClass"))
"""The kinds by which admission decides on a Pod: a change of one makes all that is kept void."""
UNLIKE = frozenset(
    (
        "LimitRange",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "ResourceQuota",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    )
)
"""While there are objects of these kinds, each Pod is judged for itself."""
_MOST_KEPT = 512
_MADE_BY_TEMPLATE = ("apiVersion", "kind", "metadata", "spec")


class Likeness(NamedTuple):
    """A Pod as its writer sent it, what defaulting made of it, and what was stored."""

    writer: object
    written: Obj
    sent: Obj
    stored: Obj


def find(world: World, writer: object, pod: Obj) -> Likeness | None:
    """The last Pod that the same writer made of the same template, if it still is a likeness."""
    known = of_template(world, writer, pod)
    return known if known is not None and known.written["metadata"] == pod["metadata"] else None


def of_template(world: World, writer: object, pod: Obj) -> Likeness | None:
    """The last Pod that the same writer made of the same spec, whatever its names and labels are."""
    known: Likeness | None = world.likenesses.get(id(pod["spec"]))
    if known is None or known.written["spec"] is not pod["spec"] or known.writer != writer:
        return None
    if not UNLIKE.isdisjoint(world.store.kinds):
        return None
    return known if tuple(pod) == _MADE_BY_TEMPLATE else None


def keep(world: World, writer: object, written: Obj, sent: Obj, stored: Obj) -> None:
    """Keep a Pod that was made of a template and named by the server, as those of controllers are."""
    metadata = written["metadata"]
    if metadata.get("name") or not metadata.get("generateName") or stored["spec"].get("nodeName"):
        return
    if tuple(written) != _MADE_BY_TEMPLATE or not UNLIKE.isdisjoint(world.store.kinds):
        return
    if len(world.likenesses) >= _MOST_KEPT:
        world.likenesses.clear()
    world.likenesses[id(written["spec"])] = Likeness(writer, written, sent, stored)
