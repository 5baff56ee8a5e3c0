"""A user and the fates against a cluster: the rules that every workload's machine shares.

A machine's `laws` are asked after every single change, its `faultless_laws`
too until the first write is refused, its `settled_laws`
once everything is mended and has settled, its `cleaned_laws` once the workload
is deleted and all has settled again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from k8slab.cluster import dispatch, queue
from k8slab.cluster.world import World
from k8slab.lab import Lab
from k8slab.store.view import Change
from tests.laws.faults import CONFLICT, UNAVAILABLE, FaultPlan
from tests.laws.invariants import EVERYWHERE, everything_owned_has_an_owner
from tests.laws.replay import replay

Law = Callable[[World, Change], None]
NODES = st.sampled_from(["node-1", "node-2", "node-3"])
QUIET_KINDS = ("Event", "Lease")
SEARCHED_EXAMPLES = 200


def few_examples() -> settings:
    """A few fixed runs; with `--hypothesis-profile=search` many new ones, shrunk where they fail."""
    if not settings.default.derandomize:
        return settings(max_examples=SEARCHED_EXAMPLES, stateful_step_count=30, deadline=None)
    return settings(
        max_examples=6, stateful_step_count=20, deadline=None, derandomize=True, phases=(Phase.generate,)
    )


class ClusterMachine(RuleBasedStateMachine):
    """What all machines may do: let time pass, break and mend nodes, kill Pods, refuse writes, fork."""

    laws: ClassVar[tuple[Law, ...]] = ()
    faultless_laws: ClassVar[tuple[Law, ...]] = ()
    settled_laws: ClassVar[tuple[Callable[[World], None], ...]] = ()
    cleaned_laws: ClassVar[tuple[Callable[[World], None], ...]] = ()

    @initialize(seed=st.integers(0, 1000))
    def begin_cluster(self, seed: int) -> None:
        self.lab = Lab(nodes=3, seed=seed)
        self.was_faulty = False
        self.extra_nodes = 0

    def do(self, call: Callable[[], Any]) -> None:
        """Do something, then look at each change that it made."""
        revision = self.lab.world.store.revision
        call()
        self.look(revision)

    def kubectl(self, command: str, stdin: str = "") -> None:
        """A user's command, refused or not."""
        self.do(lambda: self.lab.kubectl(command, stdin=stdin))

    def look(self, revision: int) -> None:
        world = self.lab.world
        for change in world.store.changes_since(revision):
            for law in (*EVERYWHERE, *self.laws, *(() if self.was_faulty else self.faultless_laws)):
                law(world, change)

    def pass_time(self, seconds: float) -> None:
        """Let time pass event by event."""
        world = self.lab.world
        end_us = world.now_us + round(seconds * 1_000_000)
        while True:
            event = queue.next_event(world)
            if event is None or event.at_us > end_us:
                break
            revision = world.store.revision
            dispatch.step(world)
            self.look(revision)
        world.now_us = max(world.now_us, end_us)

    @rule(seconds=st.sampled_from([0.01, 0.5, 3, 20, 90, 400]))
    def time_passes(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule(
        which=st.integers(0, 7), grace=st.sampled_from(["", " --force --grace-period=0", " --grace-period=1"])
    )
    def pod_is_deleted(self, which: int, grace: str) -> None:
        pods = self.lab.list("pods")
        if pods:
            name = pods[which % len(pods)]["metadata"]["name"]
            self.kubectl(f"delete pod {name} --wait=false{grace}")

    @rule(which=st.integers(0, 7))
    def container_is_killed(self, which: int) -> None:
        pods = [pod for pod in self.lab.list("pods") if (pod.get("status") or {}).get("phase") == "Running"]
        if pods:
            name = pods[which % len(pods)]["metadata"]["name"]
            self.kubectl(f"exec {name} -- kill 1")

    @rule(node=NODES, fate=st.sampled_from(["crash", "disconnect", "recover", "cordon", "uncordon"]))
    def node_meets_its_fate(self, node: str, fate: str) -> None:
        if self.lab.world.get("Machine", ("", node)) is not None:
            self.do(
                lambda: getattr(self.lab, fate)(node) if fate != "cordon" else self.kubectl(f"cordon {node}")
            )

    @precondition(lambda self: getattr(self, "extra_nodes", 2) < 2)
    @rule()
    def node_joins(self) -> None:
        self.extra_nodes += 1
        self.do(lambda: self.lab.add_node())

    @rule(number=st.integers(4, 5))
    def node_leaves(self, number: int) -> None:
        if self.lab.world.get("Machine", ("", f"node-{number}")) is not None:
            self.do(lambda: self.lab.remove_node(f"node-{number}"))

    @rule(
        seed=st.integers(0, 99),
        every=st.sampled_from([2, 3, 7]),
        error=st.sampled_from([CONFLICT, UNAVAILABLE]),
    )
    def writes_begin_to_be_refused(self, seed: int, every: int, error: tuple[int, str, str]) -> None:
        self.lab.world.fault = FaultPlan(seed, every, error)
        self.was_faulty = True

    @rule()
    def writes_are_taken_again(self) -> None:
        self.lab.world.fault = None

    @rule(seconds=st.sampled_from([1, 30, 500]))
    def fork_and_straight_run_agree(self, seconds: int) -> None:
        fork = self.lab.fork()
        fork._run_to(fork.now_us + seconds * 1_000_000)
        self.pass_time(seconds)
        assert fork.digest() == self.lab.digest(), "a fork went another way"

    @rule()
    def go_on_in_a_fork(self) -> None:
        self.lab = self.lab.fork()

    def mend(self) -> None:
        """What the last user does so that the cluster can settle."""

    def clean_up(self) -> None:
        """Delete the workload."""

    def settle(self) -> None:
        """Let time pass until nothing changes for ten minutes, within twelve hours."""
        world = self.lab.world
        for _ in range(72):
            revision = world.store.revision
            self.pass_time(600)
            if not self.stored_changes(revision):
                return
        raise AssertionError("the cluster does not settle: " + self.busy_text(revision))

    def stored_changes(self, revision: int) -> list[Change]:
        """The changes since a revision that an idle cluster doesn't make."""
        changes = self.lab.world.store.changes_since(revision)
        return [change for change in changes if change.kind not in QUIET_KINDS]

    def busy_text(self, revision: int) -> str:
        causes = self.lab.causes
        return ", ".join(
            f"{change.kind} {change.key[1]} by {causes[change.cause].component}"
            for change in self.stored_changes(revision)[-5:]
        )

    def teardown(self) -> None:
        if not hasattr(self, "lab"):
            return
        self.lab.world.fault = None
        for node in ("node-1", "node-2", "node-3"):
            self.do(lambda node=node: self.lab.recover(node))
            self.kubectl(f"uncordon {node}")
        self.mend()
        self.settle()
        for law in self.settled_laws:
            law(self.lab.world)
        everything_owned_has_an_owner(self.lab.world)
        self.is_idle()
        if not self.was_faulty:
            self.is_replayed()
        self.clean_up()
        self.settle()
        for law in self.cleaned_laws:
            law(self.lab.world)
        everything_owned_has_an_owner(self.lab.world)

    def is_idle(self) -> None:
        """An hour in which nobody does anything changes nothing."""
        revision = self.lab.world.store.revision
        self.pass_time(3600)
        assert not self.stored_changes(revision), "an idle hour changed " + self.busy_text(revision)

    def is_replayed(self) -> None:
        """The same inputs at the same instants give the same history."""
        lab = self.lab
        again = replay(3, lab.seed, lab.inputs, lab.now_us)
        assert again.digest() == lab.digest(), "the inputs, played again, gave another history"
