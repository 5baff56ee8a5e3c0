"""The store against a naive model of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from k8slab.api.meta import Key, Obj
from k8slab.api.selectors import from_labels
from k8slab.store.store import Store

NAMES = st.sampled_from(["a", "b", "c", "d"])
NAMESPACES = st.sampled_from(["x", "y"])
LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["1", "2"]), max_size=2)
OWNERS = st.sampled_from(["", "u1", "u2"])
NODES = st.sampled_from(["", "n1", "n2"])


def pod(key: Key, labels: dict[str, str], owner: str, node: str) -> Obj:
    metadata: dict[str, Any] = {"namespace": key[0], "name": key[1], "uid": f"{key}"}
    if labels:
        metadata["labels"] = labels
    if owner:
        metadata["ownerReferences"] = [{"uid": owner, "controller": True}]
    spec = {"nodeName": node} if node else {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


class StoreMachine(RuleBasedStateMachine):
    """Random writes, with a fork now and then; each store must answer as a list of its objects would."""

    @initialize()
    def begin(self) -> None:
        self.stores: list[tuple[Store, dict[Key, tuple[int, Obj]]]] = [(Store(), {})]
        self.born = 0

    @rule(
        which=st.integers(0, 3),
        namespace=NAMESPACES,
        name=NAMES,
        labels=LABELS,
        owner=OWNERS,
        node=NODES,
    )
    def write(
        self, which: int, namespace: str, name: str, labels: dict[str, str], owner: str, node: str
    ) -> None:
        store, model = self.stores[which % len(self.stores)]
        key = (namespace, name)
        obj = pod(key, labels, owner, node)
        change = store.write("Pod", key, obj, 0, 0)
        self.born += 1
        model[key] = (model[key][0] if key in model else self.born, change.new or obj)

    @rule(which=st.integers(0, 3), namespace=NAMESPACES, name=NAMES)
    def remove(self, which: int, namespace: str, name: str) -> None:
        store, model = self.stores[which % len(self.stores)]
        if (namespace, name) in model:
            store.write("Pod", (namespace, name), None, 0, 0)
            del model[(namespace, name)]

    @rule(which=st.integers(0, 3))
    def fork(self, which: int) -> None:
        if len(self.stores) < 4:
            store, model = self.stores[which % len(self.stores)]
            self.stores.append((store.copy(), dict(model)))

    @invariant()
    def lists_agree(self) -> None:
        for store, model in getattr(self, "stores", ()):
            oldest_first = [obj for _, obj in sorted(model.values(), key=lambda item: item[0])]
            assert list(store.list("Pod")) == oldest_first
            for namespace in ("x", "y"):
                for owner in ("", "u1"):
                    for node in ("", "n1"):
                        self.compare(store, oldest_first, namespace, owner, node)

    def compare(self, store: Store, every: list[Obj], namespace: str, owner: str, node: str) -> None:
        selector = from_labels({"app": "1"})

        def fits(obj: Obj) -> bool:
            metadata = obj["metadata"]
            owners = [one["uid"] for one in metadata.get("ownerReferences") or ()]
            return (
                metadata["namespace"] == namespace
                and (owners[0] if owners else "") == owner
                and obj["spec"].get("nodeName", "") == node
                and (metadata.get("labels") or {}).get("app") == "1"
            )

        found = store.list("Pod", namespace=namespace, selector=selector, owner=owner, node=node)
        assert list(found) == [obj for obj in every if fits(obj)]

    @invariant()
    def dependents_agree(self) -> None:
        for store, model in getattr(self, "stores", ()):
            for uid in ("u1", "u2"):
                expected = [
                    ("Pod", key)
                    for key, (_, obj) in sorted(model.items(), key=lambda item: item[1][0])
                    if any(one["uid"] == uid for one in obj["metadata"].get("ownerReferences") or ())
                ]
                assert list(store.dependents(uid)) == expected


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_history_and_compaction() -> None:
    store = Store()
    for number in range(5):
        store.write("ConfigMap", ("x", "c"), {"metadata": {"name": "c"}, "n": number}, number, 0)
    assert [change.revision for change in store.changes_since(2)] == [3, 4, 5]
    store.compact(3)
    assert [change.revision for change in store.changes_since(3)] == [4, 5]
    with pytest.raises(IndexError, match="compacted"):
        store.changes_since(2)


@given(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=6))
def test_a_stored_object_carries_the_revision_of_its_last_write(names: list[str]) -> None:
    store = Store()
    for name in names:
        change = store.write("ConfigMap", ("x", name), {"metadata": {"name": name}}, 0, 0)
        assert change.new is not None
        assert change.new["metadata"]["resourceVersion"] == str(store.revision)
