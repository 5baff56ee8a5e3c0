"""Going back to a revision of a Deployment by an annotation, as the first API versions' rollback did.

`deprecated.deployment.rollback.to` names the revision, 0 the one before the
last. The controller copies that ReplicaSet's template and annotations into the
Deployment and takes the annotation away. `kubectl rollout undo` needs none of
this: it patches the template itself.

Models pkg/controller/deployment/rollback.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence

from k8slab.api.meta import Obj, annotations_of, assoc
from k8slab.components import Action, Outcome, Record, Update
from k8slab.controllers import _deployment_math as math

_LARGEST_REVISION = 2**63 - 1

Step = Generator[Action, Outcome, None]


def rollback_revision(deployment: Obj) -> int | None:
    """The revision that is asked for; None where none is, or what stands there is no number."""
    text = annotations_of(deployment).get(math.ROLLBACK_TO, "")
    if not re.fullmatch("[+-]?[0-9]+", text, re.ASCII):
        return None
    number = int(text)
    return number if -_LARGEST_REVISION - 1 <= number <= _LARGEST_REVISION else None


def last_revision(sets: Sequence[Obj]) -> int:
    """The revision before the newest one; 0 where there is none (`LastRevision`)."""
    ordered = sorted((math.revision_of(one) for one in sets), reverse=True)
    return ordered[1] if len(ordered) > 1 else 0


def roll_back(deployment: Obj, sets: Sequence[Obj], revision: int) -> Step:
    """Put the template of a revision into the Deployment, or say why that can't be done."""
    revision = revision or last_revision(sets)
    if not revision:
        yield _warning(deployment, "DeploymentRollbackRevisionNotFound", "Unable to find last revision.")
        yield Update("Deployment", _without_request(deployment))
        return
    target = next((one for one in sets if math.revision_of(one) == revision), None)
    if target is None:
        text = "Unable to find the revision to rollback to."
        yield _warning(deployment, "DeploymentRollbackRevisionNotFound", text)
        yield Update("Deployment", _without_request(deployment))
        return
    name = f'"{deployment["metadata"]["name"]}"'
    if math.same_template(deployment["spec"]["template"], target["spec"]["template"]):
        text = f"The rollback revision contains the same template as current deployment {name}"
        yield _warning(deployment, "DeploymentRollbackTemplateUnchanged", text)
        yield Update("Deployment", _without_request(deployment))
        return
    yield Update("Deployment", _without_request(_restored(deployment, target)))
    text = f"Rolled back deployment {name} to revision {revision}"
    yield Record(deployment, "Normal", "DeploymentRollback", text)


def _warning(deployment: Obj, reason: str, text: str) -> Record:
    return Record(deployment, "Warning", reason, text)


def _without_request(deployment: Obj) -> Obj:
    annotations = annotations_of(deployment)
    kept = {name: value for name, value in annotations.items() if name != math.ROLLBACK_TO}
    return assoc(deployment, "metadata", "annotations", kept)


def _restored(deployment: Obj, target: Obj) -> Obj:
    """The Deployment with a ReplicaSet's template and its annotations, as they were at that revision."""
    template = target["spec"]["template"]
    metadata = template.get("metadata") or {}
    labels = {
        name: value for name, value in (metadata.get("labels") or {}).items() if name != math.TEMPLATE_HASH
    }
    own = {name: value for name, value in annotations_of(deployment).items() if name in math.NOT_COPIED}
    kept = {name: value for name, value in annotations_of(target).items() if name not in math.NOT_COPIED}
    restored = assoc(deployment, "metadata", "annotations", {**own, **kept})
    return assoc(restored, "spec", "template", {**template, "metadata": {**metadata, "labels": labels}})
