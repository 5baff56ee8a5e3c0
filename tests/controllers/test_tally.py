"""Pods are counted by owner as they change, and come to what counting them all anew gives."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.controllers._tally import Tallies
from k8slab.store.view import Change

NAMES = ("web-a", "web-b", "web-c")
PHASES = ("Pending", "Running", "Succeeded")


class Pods:
    """A view of nothing but some Pods."""

    def __init__(self, pods: list[dict[str, Any]]) -> None:
        self._pods = pods

    def list(self, kind: str) -> list[dict[str, Any]]:
        return self._pods


def fresh(name: str, owner: str) -> dict[str, Any]:
    references = [{"kind": "ReplicaSet", "name": owner, "uid": f"uid-{owner}", "controller": True}]
    metadata = {"name": name, "labels": {"app": "web"}, "ownerReferences": references}
    return {"metadata": metadata, "spec": {}, "status": {"phase": "Pending"}}


def altered(pod: dict[str, Any], what: str, number: int) -> dict[str, Any]:
    """The Pod with one thing about it changed, as a write would leave it."""
    if what == "status":
        ready = "True" if number % 2 else "False"
        conditions = [{"type": "Ready", "status": ready}] if number % 3 else []
        return {**pod, "status": {"phase": PHASES[number % len(PHASES)], "conditions": conditions}}
    if what == "deletion":
        return {**pod, "metadata": {**pod["metadata"], "deletionTimestamp": "2026-01-05T09:00:00Z"}}
    if what == "owner":
        return {**pod, "metadata": {**pod["metadata"], "ownerReferences": []}}
    return {**pod, "spec": {"nodeName": f"node-{number}"}}


def counted(tallies: Tallies) -> list[tuple[int, int, int]]:
    found = [tallies.of(f"uid-{owner}") for owner in ("one", "two")]
    return [(tally.active, tally.ready, tally.terminating) for tally in found]


@settings(deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(NAMES),
            st.sampled_from(("status", "status", "deletion", "owner", "spec", "come", "go")),
            st.integers(min_value=0, max_value=5),
        ),
        max_size=40,
    )
)
def test_what_is_kept_up_is_what_counting_anew_gives(steps: list[tuple[str, str, int]]) -> None:
    pods: dict[str, dict[str, Any]] = {}
    tallies = Tallies(Pods([]))  # type: ignore[arg-type]
    for revision, (name, what, number) in enumerate(steps):
        old = pods.get(name)
        if what == "come" and old is None:
            pods[name] = fresh(name, "two" if number % 2 else "one")
        elif what == "go" and old is not None:
            del pods[name]
        elif old is not None and what not in ("come", "go"):
            pods[name] = altered(old, what, number)
        new = pods.get(name)
        if old is not None or new is not None:
            tallies.observe(Change(revision, 0, "Pod", ("default", name), old, new, 0))
        anew = Tallies(Pods(list(pods.values())))  # type: ignore[arg-type]
        assert counted(tallies) == counted(anew)


def test_a_terminating_pod_of_other_labels_is_no_longer_like_the_rest() -> None:
    stays, going = fresh("web-a", "one"), altered(fresh("web-b", "one"), "deletion", 0)
    relabelled = {**going, "metadata": {**going["metadata"], "labels": {"app": "other"}}}
    tallies = Tallies(Pods([stays, going]))  # type: ignore[arg-type]
    assert tallies.of("uid-one").uniform
    tallies.observe(Change(1, 0, "Pod", ("default", "web-b"), going, relabelled, 0))
    assert not tallies.of("uid-one").uniform
