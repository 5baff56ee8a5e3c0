"""Gives every namespace the ConfigMap `kube-root-ca.crt`, by which its Pods know the API server.

Models pkg/controller/certificates/rootcacertpublisher/publisher.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.certificates import authority
from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, annotations_of
from k8slab.components import Component, Create, Done, Memory, Plan, Update, Watch
from k8slab.store.view import Change, View

NAME = "kube-root-ca.crt"
DESCRIPTION_ANNOTATION = "kubernetes.io/description"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints "
    "such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
    "distributions of Kubernetes clusters."
)


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Make or mend the ConfigMap of a namespace."""
    name = key[1]
    stored = view.get("ConfigMap", (name, NAME))
    data = {"ca.crt": authority()}
    if stored is not None:
        if stored.get("data") == data and annotations_of(stored).get(DESCRIPTION_ANNOTATION):
            return Done(why="the ConfigMap is right")
        annotations = {**annotations_of(stored), DESCRIPTION_ANNOTATION: DESCRIPTION}
        metadata = {**stored["metadata"], "annotations": annotations}
        yield Update("ConfigMap", {**stored, "metadata": metadata, "data": data})
        return Done()
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": NAME,
            "namespace": name,
            "annotations": {DESCRIPTION_ANNOTATION: DESCRIPTION},
        },
        "data": data,
    }
    try:
        yield Create("ConfigMap", body)
    except ApiError as error:
        ending = any(cause.reason == "NamespaceTerminating" for cause in error.causes)
        if not ending and error.code != 404:
            raise
    return Done()


def _after_config_map(change: Change, view: View) -> list[Key]:
    return [("", change.key[0])] if change.key[1] == NAME else []


def _after_namespace(change: Change, view: View) -> list[Key]:
    """A namespace that is new, or that changed and is active."""
    new = change.new
    if new is None or (change.old is not None and (new.get("status") or {}).get("phase") != "Active"):
        return []
    return [change.key]


CONTROLLER = Component(
    name="root-ca-certificate-publisher-controller",
    watches=(Watch("Namespace", _after_namespace), Watch("ConfigMap", _after_config_map)),
    plan=plan,
)
