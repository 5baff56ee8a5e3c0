"""`--overrides`: JSON that is laid over the object that a generator made.

Models staging/src/k8s.io/kubectl/pkg/cmd/util/override_options.go, v1.36.
"""

from __future__ import annotations

import json
from typing import Any

from k8slab.api.meta import Obj
from k8slab.api.patch import json_patch, merge_patch
from k8slab.api.schema import type_of_kind
from k8slab.api.strategic import strategic_merge_patch
from k8slab.kubectl.command import fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.session import Session

OVERRIDE_FLAGS = (Flag("overrides"), Flag("override-type", default="merge"))


def overridden(session: Session, obj: Obj) -> Obj:
    """The object as `--overrides` and `--override-type` change it."""
    text, way = session.flags["overrides"], session.flags["override-type"] or "merge"
    if not text:
        return obj
    if way == "json":
        return json_patch(obj, _loaded(text, "invalid character in JSON Patch"))
    if way == "merge":
        merged: Obj = merge_patch(obj, _loaded(text, "Invalid JSON Patch"))
        return merged
    if way == "strategic":
        patch = _loaded(text, "Invalid JSON document")
        return strategic_merge_patch(type_of_kind(obj["apiVersion"], obj["kind"]), obj, patch)
    raise fail(f"invalid override type: {way}")


def _loaded(text: str, problem: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise fail(problem) from error
