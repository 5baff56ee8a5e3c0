"""What a replacement shares with the stored object is not looked at again, and nothing is missed by that."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj
from k8slab.api.validation import _metadata

OLD: Obj = {
    "name": "web",
    "namespace": "default",
    "uid": "1",
    "resourceVersion": "4",
    "creationTimestamp": "2026-01-05T09:00:00Z",
    "labels": {"app": "web"},
    "annotations": {"note": "a"},
    "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "tick", "uid": "2"}],
    "finalizers": ["batch.kubernetes.io/job-tracking"],
    "generation": 1,
}
CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "the finalizers go": {"finalizers": None},
    "a good label": {"labels": {"app": "other"}},
    "a bad label": {"labels": {"app": "-"}},
    "a bad annotation": {"annotations": {"": "a"}},
    "a bad owner": {"ownerReferences": [{"apiVersion": "v1", "kind": "Event", "name": "", "uid": ""}]},
    "a bad finalizer": {"finalizers": ["!"]},
    "a negative generation": {"generation": -1},
    "another name": {"name": "/"},
    "another namespace": {"namespace": "_"},
    "no namespace": {"namespace": None},
    "a bad base of a name": {"generateName": "/"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_replacement_is_judged_as_if_all_of_it_were_looked_at(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = {field: value for field, value in {**OLD, **CHANGES[name]}.items() if value is not None}
    quickly = _metadata.validate_metadata_update(new, OLD)
    monkeypatch.setattr(_metadata, "has_sound_names_of", lambda new, old: False)
    assert quickly == _metadata.validate_metadata_update(new, OLD)


def test_a_replacement_that_shares_everything_is_recognised() -> None:
    assert _metadata.has_sound_names_of({**OLD, "resourceVersion": "5"}, OLD)
    assert not _metadata.has_sound_names_of({**OLD, "labels": {"app": "web", "tier": "-"}}, OLD)
