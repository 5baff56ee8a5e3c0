"""The revisions of a workload: ReplicaSets of a Deployment, ControllerRevisions of the others.

Models staging/src/k8s.io/kubectl/pkg/polymorphichelpers/{history,rollback}.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.kind import kinds
from k8slab.api.meta import Obj, controller_of
from k8slab.api.schema import type_of_kind
from k8slab.api.selectors import format_selector, from_label_selector
from k8slab.api.strategic import strategic_merge_patch
from k8slab.kubectl.command import fail
from k8slab.kubectl.describe._containers import pod_template
from k8slab.kubectl.describe._text import Page
from k8slab.kubectl.output.tab_writer import DESCRIPTIONS, aligned
from k8slab.kubectl.resources import Info
from k8slab.kubectl.session import Session

CHANGE_CAUSE = "kubernetes.io/change-cause"
REVISION = "deployment.kubernetes.io/revision"


class Revision(NamedTuple):
    """One revision: its number, the object that keeps it, the Pod template, and why it was made."""

    number: int
    keeper: Obj
    template: Obj
    change_cause: str


def revisions_of(session: Session, info: Info) -> dict[int, Revision]:
    """Every revision of a workload by its number, lowest first."""
    owner = info.present
    keeper = "ReplicaSet" if info.kind.kind == "Deployment" else "ControllerRevision"
    selector = format_selector(from_label_selector(owner["spec"].get("selector")))
    found = session.list(kinds()[keeper], info.namespace, labelSelector=selector)
    uid = owner["metadata"]["uid"]
    owned = [one for one in found if (controller_of(one) or {}).get("uid") == uid]
    read = _of_replica_set if keeper == "ReplicaSet" else _of_controller_revision
    revisions = [one for one in (read(owner, obj) for obj in owned) if one is not None]
    return {one.number: one for one in sorted(revisions, key=lambda one: one.number)}


def _of_replica_set(owner: Obj, obj: Obj) -> Revision | None:
    annotations = obj["metadata"].get("annotations") or {}
    number = annotations.get(REVISION, "")
    if not number.isdigit():
        return None
    cause = annotations.get(CHANGE_CAUSE, "")
    return Revision(int(number), obj, obj["spec"]["template"], cause)


def _of_controller_revision(owner: Obj, obj: Obj) -> Revision:
    cause = (obj["metadata"].get("annotations") or {}).get(CHANGE_CAUSE, "")
    applied = strategic_merge_patch(type_of_kind(owner["apiVersion"], owner["kind"]), owner, obj["data"])
    return Revision(obj["revision"], obj, applied["spec"]["template"], cause)


def template_text(template: Obj) -> str:
    """A Pod template as a description, its tabs as they are."""
    page = Page()
    pod_template(page, template)
    return "".join(page.pending)


def with_cause(revision: Revision) -> Obj:
    """The template of a Deployment's revision with the change's cause among its annotations."""
    template = revision.template
    if not revision.change_cause or revision.keeper["kind"] != "ReplicaSet":
        return template
    metadata = template.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), CHANGE_CAUSE: revision.change_cause}
    return {**template, "metadata": {**metadata, "annotations": annotations}}


def history_text(revisions: dict[int, Revision], number: int) -> str:
    """What `rollout history` prints under its head. KubectlError for an unknown revision."""
    if not revisions:
        return "No rollout history found."
    if number > 0:
        if number not in revisions:
            raise fail("unable to find the specified revision")
        return template_text(with_cause(revisions[number]))
    rows = [f"{one.number}\t{one.change_cause or '<none>'}\n" for one in revisions.values()]
    return aligned("REVISION\tCHANGE-CAUSE\n" + "".join(rows), DESCRIPTIONS)
