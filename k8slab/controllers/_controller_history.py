"""The history of a workload's template, kept as ControllerRevisions: shared by StatefulSets and DaemonSets.

A revision's data is the template as a patch that replaces it; two revisions are
equal where their data are. Its name ends in a hash of the data and of the
number of collisions that there have been.

Models pkg/controller/history/controller_history.go, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from typing import Any

from k8slab.api.errors import ApiError
from k8slab.api.memo import remember
from k8slab.api.meta import Obj, controller_of, key_of, labels_of, owner_reference
from k8slab.api.selectors import Selector, matches
from k8slab.components import Action, Create, Delete, Outcome, Patch
from k8slab.controllers._pods import owned_and_orphans
from k8slab.store.view import View

HASH_LABEL = "controller.kubernetes.io/hash"

_SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_MAX_NAME_PREFIX = 223
_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193


def safe_encode(text: str) -> str:
    """The text in letters that can't form a bad word (`rand.SafeEncodeString`)."""
    return "".join(_SAFE_LETTERS[ord(letter) % len(_SAFE_LETTERS)] for letter in text)


def hash_of(data: Obj, collision_count: int) -> str:
    """The hash that a revision of this data is named by: FNV-1a over the data and the collisions so far."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":")) + str(collision_count)
    value = _FNV_OFFSET
    for byte in text.encode():
        value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFF
    return safe_encode(str(value))


def revision_name(prefix: str, hash_text: str) -> str:
    """`<owner>-<hash>`, with the owner's name cut off so that the whole fits into 253 letters."""
    return f"{prefix[:_MAX_NAME_PREFIX]}-{hash_text}"


def data_of(template: Obj) -> Obj:
    """A template as the patch that a revision keeps, its names in order: clients compare the text."""
    return _patch_of(template)


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return [_ordered(one) for one in value] if isinstance(value, list) else value


def _replacing(template: Obj) -> Obj:
    return {"spec": {"template": _ordered({**template, "$patch": "replace"})}}


_patch_of = remember(_replacing)


def template_of(revision: Obj) -> Obj:
    """The template that a revision restores."""
    template = dict(revision["data"]["spec"]["template"])
    template.pop("$patch", None)
    return template


def new_revision(owner: Obj, template: Obj, number: int, collision_count: int) -> Obj:
    """A ControllerRevision of the owner's template. It carries the template's labels and the owner's
    annotations.
    """
    data = data_of(template)
    hash_text = hash_of(data, collision_count)
    labels = (template.get("metadata") or {}).get("labels") or {}
    metadata: Obj = {
        "name": revision_name(owner["metadata"]["name"], hash_text),
        "namespace": owner["metadata"].get("namespace", ""),
        "labels": {**labels, HASH_LABEL: hash_text},
        "ownerReferences": [owner_reference(owner)],
    }
    if owner["metadata"].get("annotations"):
        metadata["annotations"] = owner["metadata"]["annotations"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": data,
        "revision": number,
    }


def sort_revisions(revisions: Iterable[Obj]) -> list[Obj]:
    """Revisions by number; equal ones by age, then by name."""
    return sorted(
        revisions,
        key=lambda one: (
            one["revision"],
            one["metadata"].get("creationTimestamp", ""),
            one["metadata"]["name"],
        ),
    )


def list_revisions(view: View, owner: Obj, selector: Selector) -> list[Obj]:
    """The revisions that the selector fits and that the owner or nobody controls, by number."""
    return sort_revisions(
        one
        for one in owned_and_orphans(view, "ControllerRevision", owner)
        if matches(selector, labels_of(one))
    )


def next_number(revisions: Sequence[Obj]) -> int:
    """The number for a new revision: one above the last of the sorted ones."""
    number: int = revisions[-1]["revision"] + 1 if revisions else 1
    return number


def create_revision(
    view: View, owner: Obj, revision: Obj, collision_count: int
) -> Generator[Action, Outcome, tuple[Obj, int]]:
    """Store a revision under a free name. The stored revision and the collisions so far.

    Where the name is taken by the same data, that one is the revision; where
    by other data, the hash is made anew with one collision more. Raises
    ApiError where the creation is refused.
    """
    while True:
        hash_text = hash_of(revision["data"], collision_count)
        name = revision_name(owner["metadata"]["name"], hash_text)
        body = {**revision, "metadata": {**revision["metadata"], "name": name}}
        try:
            created = yield Create("ControllerRevision", body)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            exists = view.get("ControllerRevision", key_of(body))
            if exists is None:
                raise
            if exists["data"] == body["data"]:
                return exists, collision_count
            collision_count += 1
            continue
        return created, collision_count


def renumber_revision(revision: Obj, number: int) -> Generator[Action, Outcome, Obj]:
    """Give a revision another number: how a rollback makes an old revision the newest."""
    if revision["revision"] == number:
        return revision
    stored = yield Patch("ControllerRevision", key_of(revision), {"revision": number})
    return stored if isinstance(stored, dict) else {**revision, "revision": number}


def adopt_orphan_revisions(owner: Obj, revisions: Iterable[Obj]) -> Generator[Action, Outcome, None]:
    """Take control of the revisions that nobody controls."""
    for revision in revisions:
        if controller_of(revision) is None:
            kept = revision["metadata"].get("ownerReferences") or []
            references = [*kept, owner_reference(owner)]
            yield Patch(
                "ControllerRevision",
                key_of(revision),
                {"metadata": {"ownerReferences": references}},
                uid=revision["metadata"]["uid"],
            )


def truncate_history(
    revisions: Sequence[Obj], live: Iterable[str], limit: int
) -> Generator[Action, Outcome, None]:
    """Delete the oldest revisions that are not live, down to `limit` of them; a negative limit keeps all."""
    names = dict.fromkeys(live)
    history = [one for one in revisions if one["metadata"]["name"] not in names]
    if limit < 0:
        return
    for revision in history[: max(0, len(history) - limit)]:
        yield Delete("ControllerRevision", key_of(revision))
