"""What the commands that change a workload share: the patch that a change makes, and the Pod template.

kubectl changes the object here and sends the difference: a strategic merge
patch from what was read to what is to be.

Models staging/src/k8s.io/kubectl/pkg/cmd/set/helper.go and
polymorphichelpers/updatepodspec.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.meta import Obj
from k8slab.kubectl.command import fail
from k8slab.kubectl.printing import write_query
from k8slab.kubectl.resources import Info
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.three_way import two_way_patch

__all__ = ["STRATEGIC", "has_pod_template", "send_patch", "template_of", "two_way_patch", "with_template"]

STRATEGIC = "application/strategic-merge-patch+json"

_TEMPLATE_PATHS = {
    "Pod": (),
    "ReplicationController": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


def send_patch(session: Session, info: Info, patch: Obj, manager: str) -> Obj:
    """Send a strategic merge patch for an object. What it became."""
    path = path_of(info.kind, info.namespace, info.name)
    query = write_query(session, manager)
    answer: Obj = session.request("PATCH", path, query=query, body=patch, content_type=STRATEGIC).body
    return answer


def has_pod_template(kind: Kind) -> bool:
    """Whether the kind is a Pod or has a template of one."""
    return kind.kind in _TEMPLATE_PATHS


def template_of(kind: Kind, obj: Obj) -> Obj:
    """The Pod, or the template of one. KubectlError for a kind without."""
    found = obj
    for name in _template_path(kind):
        found = found[name]
    return found


def with_template(kind: Kind, obj: Obj, template: Obj) -> Obj:
    """The object with another Pod template."""
    return _replaced(obj, _template_path(kind), template)


def _template_path(kind: Kind) -> tuple[str, ...]:
    path = _TEMPLATE_PATHS.get(kind.kind)
    if path is None:
        raise fail(f"the object is not a pod or does not have a pod template: *{kind.version}.{kind.kind}")
    return path


def _replaced(obj: Obj, path: tuple[str, ...], value: Obj) -> Obj:
    if not path:
        return value
    return {**obj, path[0]: _replaced(obj[path[0]], path[1:], value)}
