"""Which class is the default one, where classes are marked by an annotation.

Models pkg/volume/util/storageclass.go and plugin/pkg/admission/network/defaultingressclass, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import Obj, annotations_of


def default_class(classes: Sequence[Obj], annotations: tuple[str, ...]) -> str:
    """The name of the newest class that one of the annotations marks; or empty."""
    marked = [
        one
        for one in classes
        if any(annotations_of(one).get(annotation) == "true" for annotation in annotations)
    ]
    marked.sort(key=lambda one: str(one["metadata"]["name"]))
    marked.sort(key=lambda one: str(one["metadata"].get("creationTimestamp", "")), reverse=True)
    return str(marked[0]["metadata"]["name"]) if marked else ""
