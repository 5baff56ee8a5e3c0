"""What `kubectl describe` says of a Deployment and its ReplicaSets.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slab.api.meta import Obj, controller_of, dig, dissoc
from k8slab.api.printers._format import selector_text
from k8slab.kubectl.describe._containers import pod_template
from k8slab.kubectl.describe._parts import (
    conditions,
    date_text,
    labels_and_annotations,
    name_and_namespace,
    show_events,
)
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec, status = obj["spec"], obj.get("status") or {}
    name_and_namespace(page, obj)
    page.write(0, f"CreationTimestamp:\t{date_text(obj['metadata'].get('creationTimestamp'))}\n")
    labels_and_annotations(page, obj)
    page.write(0, f"Selector:\t{selector_text(spec.get('selector'))}\n")
    page.write(
        0,
        f"Replicas:\t{spec.get('replicas', 0)} desired | {status.get('updatedReplicas', 0)} updated | "
        f"{status.get('replicas', 0)} total | {status.get('availableReplicas', 0)} available | "
        f"{status.get('unavailableReplicas', 0)} unavailable\n",
    )
    page.write(0, f"StrategyType:\t{dig(spec, 'strategy', 'type', default='')}\n")
    page.write(0, f"MinReadySeconds:\t{spec.get('minReadySeconds', 0)}\n")
    rolling = dig(spec, "strategy", "rollingUpdate")
    if rolling is not None:
        unavailable, surge = rolling.get("maxUnavailable", "<nil>"), rolling.get("maxSurge", "<nil>")
        page.write(0, f"RollingUpdateStrategy:\t{unavailable} max unavailable, {surge} max surge\n")
    pod_template(page, spec.get("template"))
    conditions(page, obj)
    old, new = _replica_sets(obj, context)
    if old or new:
        page.write(0, f"OldReplicaSets:\t{_replica_sets_text(old)}\n")
        page.write(0, f"NewReplicaSet:\t{_replica_sets_text(new)}\n")
    show_events(page, context, obj)


def _replica_sets(obj: Obj, context: Context) -> tuple[list[Obj], list[Obj]]:
    """The ReplicaSets of older templates, oldest first, and the one of the present template."""
    uid = obj["metadata"]["uid"]
    selector = selector_text(obj["spec"].get("selector"))
    found = context.lookup.list("ReplicaSet", obj["metadata"].get("namespace", ""), label_selector=selector)
    owned = [one for one in found if (controller_of(one) or {}).get("uid") == uid]
    owned.sort(key=lambda one: (one["metadata"].get("creationTimestamp") or "", one["metadata"]["name"]))
    template = _comparable(obj["spec"]["template"])
    new = [one for one in owned if _comparable(one["spec"]["template"]) == template][:1]
    return [one for one in owned if not new or one is not new[0]], new


def _comparable(template: Obj) -> Any:
    """A template without its hash, and without what is empty."""
    labels = dissoc(template, "metadata", "labels", "pod-template-hash")
    return _without_empty(labels)


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, {}, [])}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value


def _replica_sets_text(replica_sets: Sequence[Obj]) -> str:
    texts = [
        f"{one['metadata']['name']} ({dig(one, 'status', 'replicas', default=0)}/"
        f"{one['spec'].get('replicas', 0)} replicas created)"
        for one in replica_sets
    ]
    return ", ".join(texts) or "<none>"


DESCRIBER = Describer("apps", _describe)
