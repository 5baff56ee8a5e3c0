"""What descriptions look up, among the objects of a frozen cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj, dig, labels_of


class StateLookup(NamedTuple):
    """A lookup over a list of objects, answered in the order in which etcd keeps them."""

    objects: tuple[Obj, ...]

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        found = [obj for obj in self.list(kind, namespace) if obj["metadata"]["name"] == name]
        return found[0] if found else None

    def list(
        self, kind: str, namespace: str, *, label_selector: str = "", field_selector: str = ""
    ) -> Sequence[Obj]:
        found = [
            obj
            for obj in self.objects
            if obj["kind"] == kind
            and obj["apiVersion"] != "events.k8s.io/v1"
            and namespace in ("", obj["metadata"].get("namespace", ""))
            and all(_label_holds(obj, one) for one in label_selector.split(",") if one)
            and all(_field_holds(obj, one) for one in field_selector.split(",") if one)
        ]
        return sorted(
            found, key=lambda obj: f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
        )


def _label_holds(obj: Obj, requirement: str) -> bool:
    name, _, value = requirement.partition("=")
    return labels_of(obj).get(name) == value


def _field_holds(obj: Obj, requirement: str) -> bool:
    name, _, value = requirement.replace("!=", "=").partition("=")
    return (str(dig(obj, *name.split("."), default="")) == value) != ("!=" in requirement)
