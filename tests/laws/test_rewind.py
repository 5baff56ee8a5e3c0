"""Going back and doing again lead to the very same history, whatever was done."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab import Lab, replay
from k8slab.lab import LabError
from k8slab.replay import CHANGES_APART

MANIFESTS = Path(__file__).parents[2] / "notebooks" / "manifests"
STATEFULSET = (MANIFESTS / "nginx-statefulset.yaml").read_text(encoding="utf-8")
DEPLOYMENT = (MANIFESTS / "web-deployment.yaml").read_text(encoding="utf-8")


def _try(act: Callable[[], object]) -> None:
    with contextlib.suppress(LabError):
        act()


VERBS: dict[str, Callable[[Lab], object]] = {
    "apply a StatefulSet": lambda lab: _try(lambda: lab.apply(STATEFULSET)),
    "apply a Deployment": lambda lab: _try(lambda: lab.apply(DEPLOYMENT)),
    "scale up": lambda lab: lab.kubectl("scale statefulset nginx-statefulset --replicas=5"),
    "scale down": lambda lab: lab.kubectl("scale statefulset nginx-statefulset --replicas=1"),
    "delete and wait": lambda lab: lab.kubectl("delete pod nginx-statefulset-0"),
    "ask": lambda lab: lab.kubectl("get pods -o wide"),
    "refused": lambda lab: lab.kubectl("delete pod nobody"),
    "crash": lambda lab: lab.crash("node-2"),
    "disconnect": lambda lab: lab.disconnect("node-3"),
    "stop a kubelet": lambda lab: lab.stop_kubelet("node-1"),
    "no registry": lambda lab: lab.break_registry(),
    "no API server": lambda lab: lab.stop_api_server(),
    "a slow API server": lambda lab: lab.slow_api_server(1.5),
    "a forgetful API server": lambda lab: lab.refuse_writes(0.5, "Lost"),
    "a good API server": lambda lab: lab.mend_api_server(),
    "a slow node": lambda lab: lab.slow_node("node-1", 7),
    "a wrong clock": lambda lab: lab.skew_clock("node-2", "-90s"),
    "no memory": lambda lab: lab.fill_memory("node-2"),
    "no process numbers": lambda lab: lab.use_up_pids("node-3", "32k"),
    "a full disk": lambda lab: lab.fill_disk("node-2"),
    "a full volume": lambda lab: _try(lambda: lab.fill_storage("pod/nginx-statefulset-0")),
    "a registry": lambda lab: lab.mend_registry(),
    "kill": lambda lab: _try(lambda: lab.kill("pod/nginx-statefulset-0")),
    "out of memory": lambda lab: _try(lambda: lab.run_out_of_memory("pod/nginx-statefulset-1")),
    "use": lambda lab: _try(lambda: lab.set_load("deployment/web", cpu="700m")),
    "recover": lambda lab: lab.recover("node-2"),
    "join": lambda lab: lab.add_node(zone="b"),
    "drain": lambda lab: lab.kubectl("drain node-1 --ignore-daemonsets --force"),
    "a while": lambda lab: lab.run(7),
    "long": lambda lab: lab.run("6m"),
    "settle": lambda lab: lab.settle(),
    "step": lambda lab: lab.step(),
}


def history(lab: Lab) -> list[object]:
    """What a lab remembers, as far as it can be compared."""
    return [(change.revision, change.at_us, change.kind, change.key, change.new) for change in lab.history]


@settings(max_examples=25, deadline=None)
@given(verbs=st.lists(st.sampled_from(sorted(VERBS)), min_size=1, max_size=8), part=st.floats(0, 1))
def test_every_instant_can_be_reached_again(verbs: list[str], part: float) -> None:
    lab = Lab(nodes=3)
    ready = lab.now
    stops = []
    for verb in verbs:
        VERBS[verb](lab)
        stops.append((lab.now, lab.world.steps, len(lab.inputs)))
    assert Lab.load(lab.save()).digest() == lab.digest()

    seconds = ready + (lab.now - ready) * part
    past = lab.at(seconds)
    assert history(past) == history(lab)[: len(past.history)]
    assert past.now == pytest.approx(seconds, abs=1e-6)
    later = lab.history[len(past.history) :]
    # What is still to come comes no earlier than that instant.
    assert all(change.at_us >= past.now_us for change in later)

    # Doing the rest again from a moment between two verbs gives the same end.
    # An instant at which several things were done comes back as it was before the first.
    number = int(part * (len(verbs) - 1))
    at, steps, inputs = stops[number]
    again = lab.fork()
    again.rewind(to=at)
    if (again.world.steps, len(again.inputs)) == (steps, inputs):
        for verb in verbs[number + 1 :]:
            VERBS[verb](again)
        assert again.digest() == lab.digest()


def test_a_moment_between_inputs_comes_back_as_it_was() -> None:
    lab = Lab(nodes=3)
    lab.apply(STATEFULSET)
    lab.settle()
    at, digest = lab.now, lab.digest()
    lab.crash("node-2")
    lab.run("7m")
    lab.rewind(to=at)
    assert (lab.now, lab.digest()) == (at, digest)
    assert [one.text for one in lab.inputs] == ["kubectl apply -n default -f -"]


def test_going_back_over_many_marks() -> None:
    lab = Lab(nodes=5)
    lab.apply(DEPLOYMENT)
    stops = []
    for replicas in (20, 60, 5, 80):
        lab.scale("deployment/web", replicas)
        lab.settle()
        stops.append((lab.now, lab.digest()))
    assert len(lab.history) > 3 * CHANGES_APART
    for at, digest in reversed(stops[:-1]):
        lab.rewind(to=at)
        assert (lab.now, lab.digest()) == (at, digest)


def test_undo_takes_back_the_last_change_and_passes_over_questions() -> None:
    lab = Lab(nodes=3)
    lab.apply(STATEFULSET)
    lab.settle()
    digest = lab.digest()
    lab.scale("statefulset/nginx-statefulset", 1)
    lab.settle()
    lab.kubectl("get pods")
    assert lab.undo() == "kubectl scale statefulset/nginx-statefulset --replicas=1 -n default"
    assert lab.digest() == digest
    assert lab.undo() == "kubectl apply -n default -f -"
    with pytest.raises(LabError, match="nothing has been done"):
        lab.undo()


def test_an_instant_in_the_midst_of_a_waiting_command() -> None:
    lab = Lab(nodes=3)
    lab.apply(STATEFULSET)
    lab.settle()
    begun = lab.now
    lab.kubectl("delete pod nginx-statefulset-0")
    past = lab.at((begun + lab.now) / 2)
    assert past.get("pod/nginx-statefulset-0")["metadata"].get("deletionTimestamp")
    past.settle()
    lab.settle()
    assert past.digest() == lab.digest()


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1.0, "had not begun yet"), (1e9, "has not come yet")], ids=["before", "after"]
)
def test_instants_that_there_are_not(seconds: float, text: str) -> None:
    with pytest.raises(LabError, match=text):
        Lab(nodes=1).at(seconds)


def test_a_saved_lab_is_small_and_tells_when_it_comes_out_otherwise(tmp_path: Path) -> None:
    lab = Lab(nodes=2, seed=11)
    lab.apply(STATEFULSET)
    lab.settle()
    text = lab.save(tmp_path / "lab.json")
    assert len(text) < 1500
    assert Lab.load(tmp_path / "lab.json").digest() == Lab.load(text).digest() == lab.digest()
    kept = (tmp_path / "lab.json").read_text(encoding="utf-8")
    (tmp_path / "lab.json").write_text(kept.replace('"seed": 11', '"seed": 12'), encoding="utf-8")
    with pytest.raises(LabError, match="otherwise"):
        Lab.load(tmp_path / "lab.json")
    with pytest.raises(ValueError, match="no saved lab"):
        Lab.load("nonsense")


def long_lab() -> Lab:
    """A lab in which a good deal has happened to the same few objects."""
    lab = Lab(nodes=2)
    lab.apply(DEPLOYMENT)
    for number in range(20):
        lab.run("1m")
        lab.kubectl(f"delete pods --all --grace-period={number}")
    lab.run("1m")
    return lab


def test_what_is_compacted_can_still_be_gone_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = long_lab()
    monkeypatch.setattr(replay, "CHANGES_KEPT", 100)
    short = long_lab()
    assert whole.world.store.compacted == 0
    assert len(short.history) < len(whole.history)
    assert short.world.store.compacted + len(short.history) == whole.world.store.revision
    for seconds in range(60, int(short.now), 77):
        past, expected = short.at(seconds), whole.at(seconds)
        assert replay.digest_of(past.world, only_outline=True) == replay.digest_of(
            expected.world, only_outline=True
        )
        assert past.world.store.compacted + len(past.history) == past.world.store.revision


def test_few_marks_are_left_of_what_is_compacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "CHANGES_KEPT", 300)
    monkeypatch.setattr(replay, "OLD_CHANGES_APART", 250)
    whole = long_lab()
    revisions = [mark.world.store.revision for mark in whole._marks._marks]
    compacted = whole.world.store.compacted
    old = [revision for revision in revisions if revision <= compacted]
    assert len(revisions) - len(old) >= 3
    assert len(old) > 3
    gaps = [later - earlier for earlier, later in pairwise(old[:-1])]
    assert all(250 <= gap < 250 + 2 * CHANGES_APART for gap in gaps)


def test_a_lab_with_a_compacted_history_is_saved_and_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "CHANGES_KEPT", 100)
    lab = long_lab()
    assert Lab.load(lab.save()).digest() == lab.digest()
    assert "longer ago than history keeps" in lab.why("node/node-1")
    pod = lab.list("pods")[0]["metadata"]["name"]
    assert "because" in lab.why(f"pod/{pod}")


def test_a_compacted_lab_still_knows_who_wrote_what(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = long_lab()
    monkeypatch.setattr(replay, "CHANGES_KEPT", 100)
    short = long_lab()
    command = "get deployment,replicaset,pod,node,event -o json --show-managed-fields"
    assert short.kubectl(command).stdout == whole.kubectl(command).stdout
