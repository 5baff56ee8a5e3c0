"""Owners that an object names twice: the server keeps one of each, and warns.

Models dedupOwnerReferencesAndAddWarning of
staging/src/k8s.io/apiserver/pkg/endpoints/handlers/rest.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.api.meta import Obj

_WARNING = (
    ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references "
    "in 1.20+, and may reject such requests as early as 1.24; please fix your requests; "
    "duplicate UID(s) observed: {uids}"
)
_AFTER_ADMISSION = " after mutating admission happens"


def without_repeats(obj: Obj, warn: Callable[[str], None], *, patched: bool = False) -> Obj:
    """The object with each owner once. A patched object is looked at only after admission, and told so."""
    references = (obj.get("metadata") or {}).get("ownerReferences") or ()
    if len(references) < 2:
        return obj
    kept: list[Obj] = []
    repeated: list[str] = []
    for reference in references:
        if reference in kept:
            repeated.append((reference or {}).get("uid", ""))
        else:
            kept.append(reference)
    if not repeated:
        return obj
    warn(_WARNING.format(when=_AFTER_ADMISSION if patched else "", uids=", ".join(repeated)))
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": kept}}
