"""The lab: the one handle that a notebook, a test or the panel holds.

Whatever a user does is recorded as an input (when, and what was asked), so a
lab can be saved as its seed and its inputs and played again to the same
digest. Reading never changes anything; time passes only when it is asked to.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8slab import clock, replay, saved, texts
from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Key, Obj, assoc
from k8slab.api.selectors import Selector, parse_selector
from k8slab.cluster import api, assembly, dispatch, failures, outage, ownership, queue, streams
from k8slab.cluster.measured import METRICS_SERVER
from k8slab.cluster.request import Request, Response
from k8slab.cluster.world import Cause, Event, World
from k8slab.components import Component
from k8slab.containers import consoles
from k8slab.containers.ailments import SKEW, SLOWNESS
from k8slab.controllers._hpa_wavering import is_wavering
from k8slab.garbage import seldom_searched
from k8slab.kubectl.client import Result
from k8slab.kubelet import sessions
from k8slab.kubelet.shortage import DISK, MEMORY, PIDS
from k8slab.observe import Observers, Sighting, Watching
from k8slab.replay import Input, Marks
from k8slab.store.view import Change, View
from k8slab.timing import HEARTBEAT_US, Timing, profile

if TYPE_CHECKING:
    from k8slab.server import Serving

_QUIET_KINDS = ("Event", "Lease")
"""Changes of these kinds don't keep a cluster from being settled, nor do those of internal kinds."""

ZONE = "topology.kubernetes.io/zone"
DEFAULT_TIMEOUT_US = clock.HOUR_US
_LOOKS_AGAIN = 9
"""How often the API server looks again for a namespace's default account (`getServiceAccount`)."""


class LabError(Exception):
    """A command of the lab that could not be carried out, in kubectl's words."""


class Lab:
    """A Kubernetes cluster on a virtual clock.

    `nodes` is how many nodes it begins with (or their names), `seed` fixes all
    chance, `timing` is `realistic`, `prompt` or `instant`. `gates` are feature gates to
    switch on, `addons` what runs in the cluster beside Kubernetes itself: a
    `metrics-server`, which `kubectl top` asks. `lang` is the language in which the
    lab explains and the panel speaks, `en` or `zh`; what Kubernetes says is the same in
    both. `start` is the instant at which the lab begins (`2026-11-30T12:00:00Z`), a Monday in
    January 2026 without it. With `stored_heartbeats` each kubelet writes its Lease every ten
    seconds and its node's status every five minutes, as upstream; without, a heartbeat that
    tells nothing new is no change. `components` replaces the control plane, for tests.
    """

    def __init__(
        self,
        nodes: int | Sequence[str] = 3,
        *,
        seed: int = 7,
        timing: str | Timing = "realistic",
        gates: Sequence[str] = (),
        addons: Sequence[str] = (METRICS_SERVER,),
        components: Sequence[Component] | None = None,
        lang: str = "en",
        start: str = "",
        stored_heartbeats: bool = False,
    ) -> None:
        names = [f"node-{number + 1}" for number in range(nodes)] if isinstance(nodes, int) else list(nodes)
        parts = assembly.all_components() if components is None else components
        self.lock = threading.RLock()
        self.world = World(
            parts,
            seed=seed,
            timing=profile(timing),
            gates=frozenset(gates),
            addons=frozenset(addons),
            start_us=clock.parse_timestamp(start) if start else clock.START_US,
        )
        self.inputs: list[Input] = []
        self.start_us = self.world.now_us
        self._node_count = 0
        self._marks = Marks()
        self._stop_us: int | None = None
        self._in_input = False
        self._observers = Observers()
        self._pieces: Any = None
        self.language = texts.checked(lang)
        self._made = {"nodes": names, "seed": seed, "timing": timing}
        self._made |= {"gates": list(gates), "addons": list(addons)}
        if components is not None:
            self._made["components"] = [part.name for part in parts]
        if lang != "en":
            self._made["lang"] = lang
        if start:
            self._made["start"] = start
        if stored_heartbeats:
            self._made["stored_heartbeats"] = True
        assembly.bootstrap(self.world)
        for number, name in enumerate(names):
            self._add_machine(name, {"zone": "abc"[number % 3]})
        self._mark()
        if components is None:
            self.settle()
        self.ready_us = self.world.now_us
        self._mark()
        _prepare_panel()

    # Time.

    @property
    def now_us(self) -> int:
        """The lab's clock: microseconds since the epoch."""
        return self.world.now_us

    @property
    def now(self) -> float:
        """Seconds since the lab began."""
        return (self.world.now_us - self.start_us) / clock.SECOND_US

    @property
    def seed(self) -> int:
        """The seed of all chance."""
        return self.world.seed

    def next_event_us(self) -> int | None:
        """When the next event falls due, or None."""
        event = queue.next_event(self.world)
        return None if event is None else event.at_us

    def run(
        self,
        duration: float | str | None = None,
        *,
        until: Callable[[Lab], bool] | str | None = None,
        timeout: float | str = "1h",
    ) -> bool:
        """Let time pass: for a duration (`30`, `"5m"`), or until a condition holds.

        With `until`, whether the condition came to hold before the timeout; it is
        asked after every change. It is a function of the lab, or what `kubectl wait --for=`
        takes: `lab.run(until="condition=Ready pod/web-0")`. ValueError for a bad duration,
        LabError in kubectl's words for a text that it refuses.
        """
        with self.lock:
            if until is None:
                if duration is None:
                    raise ValueError("run() needs a duration such as 30 or '5m', or until=…")
                with seldom_searched():
                    self._run_to(self.now_us + clock.duration_us(duration))
                return True
            limit = clock.duration_us(timeout if duration is None else duration)
            with seldom_searched():
                if isinstance(until, str):
                    return self._wait(until, limit)
                return self._run_until(lambda: until(self), limit)

    def _wait(self, wanted: str, limit_us: int) -> bool:
        """Let `kubectl wait` run. It only looks, so it is no input."""
        from k8slab.kubectl import run
        from k8slab.kubectl.wait_text import is_late, wait_command

        command = wait_command(wanted, f"{limit_us}us")
        try:
            argv = shlex.split(command)
        except ValueError as error:
            raise LabError(f"error: {error}") from None
        result = run(_LabClient(self, deed=f"kubectl {command}"), argv, "")
        if result.code and not is_late(result.stderr):
            raise LabError(result.stderr.strip())
        return not result.code

    def _run_to(self, end_us: int) -> None:
        world = self.world
        while True:
            event = queue.next_event(world)
            if event is None or event.at_us > end_us:
                break
            self._let_happen(event)
        self._refuse_beyond(end_us)
        world.now_us = max(world.now_us, end_us)

    def _let_happen(self, event: Event) -> None:
        """Let the next event happen, unless it lies beyond where a replay is to stop."""
        if self._stop_us is not None:
            self._refuse_beyond(event.at_us)
        dispatch.let_happen(self.world, event)
        if self._marks.is_due(self.world):
            self._mark()
            self._forget()
        if self._observers.watchings:
            self._tell()

    def _tell(self) -> None:
        """Call back who waits for what is new, but not within an input, which is done again as a whole."""
        if self._observers.watchings and not self._in_input:
            self._observers.tell(self.world.store)

    def _refuse_beyond(self, at_us: int) -> None:
        if self._stop_us is not None and at_us > self._stop_us:
            self.world.now_us = max(self.world.now_us, self._stop_us)
            raise replay.Reached

    def _mark(self) -> None:
        """Mark this instant, to come back to it: between inputs only, which are done again as a whole."""
        if not self._in_input:
            self.world.forget_waits()
            self._marks.take(self.world, len(self.inputs), self._node_count)

    def _forget(self) -> None:
        """Let history keep no more than so many changes: a year has millions."""
        store = self.world.store
        if store.revision - store.compacted > 1.5 * replay.CHANGES_KEPT:
            kept_after = store.revision - replay.CHANGES_KEPT
            forgotten = store.changed_objects(store.compacted, kept_after)
            self._marks.compact(self.world, kept_after)
            ownership.shorten_trails(self.world, forgotten)

    def _run_until(self, check: Callable[[], bool], timeout_us: int) -> bool:
        world = self.world
        end_us = world.now_us + timeout_us
        if check():
            return True
        while True:
            event = queue.next_event(world)
            if event is None or event.at_us > end_us:
                self._refuse_beyond(end_us)
                world.now_us = end_us
                return False
            revision = world.store.revision
            self._let_happen(event)
            if world.store.revision != revision and check():
                return True

    def step(self, by: str | None = None) -> bool:
        """Let the next event happen that changes something. False where nothing is pending.

        With `by`, let events happen until that component (`statefulset-controller`, `kubelet` …)
        has looked at something, whether or not it changed anything; the empty text is any of them.
        LabError for an unknown one.
        """
        with self.lock:
            if by is not None:
                return self._step_by(by)
            revision = self.world.store.revision
            while (event := queue.next_event(self.world)) is not None:
                self._let_happen(event)
                if self.world.store.revision != revision:
                    return True
            return False

    def _step_by(self, component: str) -> bool:
        if component and component not in self.world.components:
            raise LabError(f'there is no component "{component}": there are {", ".join(self.components)}')
        end_us = self.now_us + DEFAULT_TIMEOUT_US
        while (event := queue.next_event(self.world)) is not None and event.at_us <= end_us:
            self._let_happen(event)
            if component in ("", event.target):
                return True
        return False

    @property
    def components(self) -> Sequence[str]:
        """The names of everything that acts: controllers, scheduler, kubelets."""
        return sorted(self.world.components)

    def settle(self, *, quiet: float | str = 30, timeout: float | str = "1h") -> bool:
        """Let time pass until nothing has changed for `quiet`; the clock stays at the last thing done.

        False where the cluster is still busy after `timeout` (a crash loop backs
        off for longer than `quiet` and so counts as settled).
        """
        with self.lock, seldom_searched():
            return self._settle(clock.duration_us(quiet), clock.duration_us(timeout))

    def _settle(
        self,
        quiet_us: int,
        timeout_us: int,
        look: Callable[[], object] | None = None,
        *,
        stops: bool = False,
    ) -> bool:
        """Run until nothing has changed for a while; `look` is called after each event with changes.

        With `stops` only until it holds.
        """
        world = self.world
        last_us, end_us = world.now_us, world.now_us + timeout_us
        seen = world.store.revision
        while True:
            event = queue.next_event(world)
            if event is None or event.at_us > last_us + quiet_us:
                return True
            if event.at_us > end_us:
                return False
            self._let_happen(event)
            if world.store.revision == seen:
                continue
            for row in world.store.rows_since(seen):
                if row.kind in kinds() and row.kind not in _QUIET_KINDS and not is_wavering(row):
                    last_us = row.at_us
            seen = world.store.revision
            if look is not None and look() and stops:
                return True

    # Reading.

    @property
    def view(self) -> View:
        """The read-only, indexed view of everything that is stored."""
        return self.world

    @property
    def history(self) -> Sequence[Change]:
        """Every change since the beginning (or the last compaction), oldest first."""
        return self.world.store.history

    @property
    def causes(self) -> Sequence[Cause]:
        """Who acted and why; `change.cause` is an index into this."""
        return self.world.causes

    def get(self, reference: str, *, namespace: str = "default") -> Obj:
        """The object that `pod/web-0` or `node/node-1` names. LabError where there is none."""
        kind, key = self._key(reference, namespace)
        obj = self.world.get(kind.kind, key)
        if obj is None:
            group = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
            raise LabError(f'Error from server (NotFound): {group} "{key[1]}" not found')
        return obj

    def list(self, resource: str, *, selector: str = "", namespace: str | None = "default") -> Sequence[Obj]:
        """The objects of a resource (`pods`, `sts` …), in order of name; `namespace=None` for all."""
        kind = resource_kind(resource)
        parsed: Selector | None = parse_selector(selector) if selector else None
        found = self.world.list(kind.kind, namespace=namespace if kind.namespaced else None, selector=parsed)
        return sorted(found, key=lambda obj: (obj["metadata"].get("namespace", ""), obj["metadata"]["name"]))

    def _key(self, reference: str, namespace: str) -> tuple[Kind, Key]:
        resource, slash, name = reference.partition("/")
        if not slash or not name:
            raise LabError(f'"{reference}" names no object: write it as pod/web-0')
        kind = resource_kind(resource)
        return kind, (namespace if kind.namespaced else "", name)

    def why(self, reference: str, *, namespace: str = "default") -> str:
        """The chain of causes behind an object, or what it waits for, in plain sentences."""
        from k8slab.why import explain

        kind, key = self._key(reference, namespace)
        return explain(self.world, kind.kind, key, self.language)

    def on(
        self,
        pattern: str,
        callback: Callable[[Sighting], Any],
        *,
        namespace: str | None = None,
        field: str = "",
    ) -> Watching:
        """Call back at every change of what a pattern names, until the handle's `stop()`.

        `pod/*`, `sts/db`, `deployments.apps/web-*`, or `*` for everything. `namespace`
        is a pattern too; None stands for all. With `field` (`status.phase`) only when
        that value becomes another. The callback is given a `Sighting` and may act on the
        lab. LabError for a kind that there is not.
        """
        resource, _, name = pattern.partition("/")
        kind = "" if resource == "*" else resource_kind(resource).kind
        with self.lock:
            return self._observers.add(
                self.world.store,
                pattern,
                callback,
                kind=kind,
                name=name or "*",
                namespace=namespace,
                field=field,
            )

    def trace(self) -> Sequence[str]:
        """Every change in a line: when, what, and by whom."""
        return [_trace_line(self, change) for change in self.history]

    def digest(self) -> str:
        """A fingerprint of everything that happened: equal for equal seed, inputs and version."""
        return replay.digest_of(self.world)

    # Doing.

    def kubectl(self, command: str, *, stdin: str = "", files: dict[str, str] | None = None) -> Result:
        """Run a kubectl command in process: `lab.kubectl("get pods -o wide")`.

        `files` gives the texts of files by path, which are then not read from the disk.
        """
        from k8slab.kubectl import run

        with self.lock:
            argv = shlex.split(command)
            if argv[:1] == ["kubectl"]:
                argv = argv[1:]
            client = _LabClient(self, files, deed=f"kubectl {shlex.join(argv)}")
            self._record("kubectl", shlex.join(argv), stdin, client.files)
            with self._input():
                return run(client, argv, stdin)

    @property
    def namespace(self) -> str:
        """The namespace of kubectl's context: `kubectl config set-context --current --namespace=…`."""
        from k8slab.kubectl.kubeconfig import default, namespace_of

        return namespace_of(self.world.kubeconfig or default())

    def completions(self, line: str) -> Sequence[str]:
        """What the last word of a kubectl command line could become: `lab.completions("get po")`."""
        from k8slab.kubectl.word_completion import complete

        *before, word = line.removeprefix("kubectl ").split(" ")
        with self.lock:
            client = _LabClient(self, deed="kubectl completion")
            return complete(client, [one for one in before if one], word)

    @contextmanager
    def _input(self) -> Iterator[None]:
        """While something is done that time may pass in."""
        before, self._in_input = self._in_input, True
        try:
            yield
        finally:
            self._in_input = before
        self._tell()

    def _unrecorded(self, argv: Sequence[str]) -> None:
        """Run a kubectl command that is a part of another input. LabError where it fails."""
        from k8slab.kubectl import run

        with self._input():
            result = run(_LabClient(self, deed=self.inputs[-1].text), [*argv], "")
        if result.code:
            raise LabError(result.stderr.strip())

    def request(self, request: Request) -> Response:
        """Ask the API server, as any client does. Never raises for what it refuses: see the Response."""
        from k8slab.cluster.aggregation import service_for

        with self.lock:
            # What a proxied request does to the program that answers it is not known beforehand.
            handed_on = "/proxy" in request.path or service_for(self.world, request.path) is not None
            if request.method not in ("GET", "HEAD") or handed_on:
                body = request.body.decode() if isinstance(request.body, bytes) else request.body
                self._record(
                    "request",
                    request.method,
                    request.path,
                    dict(request.query),
                    dict(request.headers),
                    body,
                    request.user,
                    list(request.groups),
                )
            with self._input():
                return self._answer(request)

    def _answer(self, request: Request) -> Response:
        """What the API server answers; it looks again for what is about to be there before it refuses."""
        from k8slab.cluster.rest import handle

        response = handle(self.world, request)
        for _ in range(_LOOKS_AGAIN):
            if not response.again_us:
                break
            self._run_to(self.now_us + response.again_us)
            response = handle(self.world, request)
        return response

    def apply(self, manifest: str | Path | Obj | Sequence[Obj], *, namespace: str = "default") -> Result:
        """Apply a manifest: a path, YAML or JSON text, an object or a list of objects.

        The Result of `kubectl apply`. LabError with the server's words where any
        object is refused.
        """
        text = _manifest_text(manifest)
        result = self.kubectl(f"apply -n {namespace} -f -", stdin=text)
        if result.code:
            raise LabError(result.stderr.strip())
        return result

    def delete(self, reference: str, *, namespace: str = "default") -> Result:
        """Delete an object: `lab.delete("pod/web-0")`. LabError where there is none."""
        return self._checked(f"delete {reference} -n {namespace} --wait=false")

    def scale(self, reference: str, replicas: int, *, namespace: str = "default") -> Result:
        """Set the replicas of a workload: `lab.scale("statefulset/db", 5)`."""
        return self._checked(f"scale {reference} --replicas={replicas} -n {namespace}")

    def cordon(self, node: str) -> Result:
        """Keep new Pods off a node."""
        return self._checked(f"cordon {node}")

    def uncordon(self, node: str) -> Result:
        """Let a node take Pods again."""
        return self._checked(f"uncordon {node}")

    def drain(self, node: str) -> Result:
        """Cordon a node and evict its Pods."""
        return self._checked(f"drain {node} --ignore-daemonsets --delete-emptydir-data --force")

    def _checked(self, command: str) -> Result:
        result = self.kubectl(command)
        if result.code:
            raise LabError(result.stderr.strip())
        return result

    def crash(self, node: str) -> None:
        """Cut a node's power: its containers die and its kubelet falls silent."""
        self._change_machine("crash", node, {"power": "Off", "kubelet": "Stopped"})

    def recover(self, node: str) -> None:
        """Give a node back whatever it lacks, its right clock included; its kubelet reports again."""
        self._change_machine("recover", node, _WELL)

    def disconnect(self, node: str) -> None:
        """Cut a node off the network: its containers go on, but nobody hears of them."""
        self._change_machine("disconnect", node, {"network": "Down"})

    def stop_kubelet(self, node: str) -> None:
        """Stop a node's kubelet: its containers go on, but nobody looks after them or reports."""
        self._change_machine("stop_kubelet", node, {"kubelet": "Stopped"})

    def fill_disk(self, node: str, size: str | None = None) -> None:
        """Fill a node's disk: its kubelet reports DiskPressure and evicts one Pod after another.

        Or take so much of it (`"80Gi"`); `"0"` gives it back. ValueError for a bad size.
        """
        taken = failures.amount_of(size, failures.full_disk())
        self._change_machine("fill_disk", node, {DISK: taken}, *_given(size))

    def fill_memory(self, node: str, size: str | None = None) -> None:
        """Let something else than Pods take a node's memory: its kubelet reports MemoryPressure and evicts.

        All but some MiB, or so much (`"6Gi"`); `"0"` gives it back. ValueError for a bad size.
        """
        taken = failures.amount_of(size, failures.full_memory(self._machine(node)))
        self._change_machine("fill_memory", node, {MEMORY: taken}, *_given(size))

    def use_up_pids(self, node: str, count: str | None = None) -> None:
        """Let something else than Pods use up a node's process numbers: PIDPressure and evictions.

        All but a thousand, or so many (`"20k"`); `"0"` gives them back. ValueError for a bad count.
        """
        taken = failures.amount_of(count, failures.nearly_all_pids())
        self._change_machine("use_up_pids", node, {PIDS: taken}, *_given(count))

    def slow_node(self, node: str, factor: int = 20) -> None:
        """Let everything that a node's kubelet does take so many times longer; 1 for as long as usual.

        From 20 times on, probes with the usual timeout of a second fail. ValueError for a bad factor.
        """
        if factor < 1 or factor != int(factor):
            raise ValueError(f"a node is slower by a whole factor from 1 on, not {factor}")
        self._change_machine("slow_node", node, {SLOWNESS: int(factor) if factor > 1 else None}, int(factor))

    def skew_clock(self, node: str, by: float | str = "5m") -> None:
        """Put a node's clock so far forward, or back (`"-5m"`), of what it should show; `"0s"` sets it right.

        ValueError for a bad duration.
        """
        text = by if isinstance(by, str) else f"{by:g}s"
        back = text.startswith("-")
        skew_us = clock.duration_us(text.removeprefix("-")) * (-1 if back else 1)
        self._change_machine("skew_clock", node, {SKEW: skew_us or None}, text)

    def crash_zone(self, zone: str) -> None:
        """Cut the power of every node of a zone: `lab.crash_zone("a")`."""
        self._change_zone("crash_zone", zone, {"power": "Off", "kubelet": "Stopped"})

    def recover_zone(self, zone: str) -> None:
        """Give every node of a zone its power, network and disk back."""
        self._change_zone("recover_zone", zone, _WELL)

    def _change_zone(self, verb: str, zone: str, change: Obj) -> None:
        with self.lock:
            found = [(_zone_of(one), one) for one in self.world.list("Machine")]
            if zone not in [where for where, _ in found]:
                zones = ", ".join(sorted(dict.fromkeys(where for where, _ in found if where)))
                raise LabError(f'there is no zone "{zone}": there are {zones or "none"}')
            self._record(verb, zone)
            cause = self._cause(f"{verb.replace('_', ' ')} {zone}")
            for where, machine in found:
                if where == zone:
                    self._set_machine(machine, change, cause)

    def fill_storage(
        self, reference: str, size: str | None = None, *, volume: str = "", namespace: str = "default"
    ) -> None:
        """Let a Pod write so much to its disk (`"2Gi"`), all in all: `lab.fill_storage("pod/web-0")`.

        It goes into `volume`, an emptyDir (the first one where none is named), or into the
        first container's own files. Without a size it is more than the limit there, or fills the
        node's disk; `"0"` takes it away again. LabError where the Pod doesn't run.
        """
        with self.lock:
            kind, key = self._key(reference, namespace)
            if kind.kind != "Pod":
                raise LabError(f'"{reference}" is no Pod: write it as pod/web-0')
            self._record("fill_storage", reference, size, volume, namespace)
            cause = self._cause(f"fill storage of {reference}")
            try:
                failures.fill_storage(self.world, key, size, volume, cause)
            except ApiError as error:
                raise LabError(f"Error from server ({error.reason}): {error.message}") from None

    def kill(self, reference: str, container: str = "", *, namespace: str = "default") -> None:
        """Kill the main process of a Pod's container as SIGKILL does: `lab.kill("pod/web-0")`."""

        def end(key: Key, cause: int) -> None:
            failures.end_container(self.world, key, container, "", cause)

        self._let_fail("kill", reference, container, namespace, end)

    def run_out_of_memory(self, reference: str, container: str = "", *, namespace: str = "default") -> None:
        """Let the kernel kill a Pod's container for its memory: it ends as OOMKilled."""

        def end(key: Key, cause: int) -> None:
            failures.end_container(self.world, key, container, "OOMKilled", cause)

        self._let_fail("run_out_of_memory", reference, container, namespace, end)

    def hang(self, reference: str, container: str = "", *, namespace: str = "default") -> None:
        """Stop a Pod's container in the middle of its work, as SIGSTOP does: it answers nobody any more."""

        def stop(key: Key, cause: int) -> None:
            failures.hang_container(self.world, key, container, True, cause)

        self._let_fail("hang", reference, container, namespace, stop)

    def resume(self, reference: str, container: str = "", *, namespace: str = "default") -> None:
        """Let a container that hangs go on."""

        def go_on(key: Key, cause: int) -> None:
            failures.hang_container(self.world, key, container, False, cause)

        self._let_fail("resume", reference, container, namespace, go_on)

    def _let_fail(
        self, verb: str, reference: str, container: str, namespace: str, act: Callable[[Key, int], None]
    ) -> None:
        with self.lock:
            kind, key = self._key(reference, namespace)
            if kind.kind != "Pod":
                raise LabError(f'"{reference}" is no Pod: write it as pod/web-0')
            self._record(verb, reference, container, namespace)
            cause = self._cause(f"{verb} {reference}")
            try:
                act(key, cause)
            except ApiError as error:
                raise LabError(f"Error from server ({error.reason}): {error.message}") from None

    def start_command(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        tty: bool = False,
        has_input: bool = False,
    ) -> str:
        """Run a command in a container with a console to type into, as `kubectl exec -it` does.

        The console's name. ApiError where the container doesn't run.
        """
        with self.lock:
            key = (namespace, pod)
            self._record("start_command", namespace, pod, container, list(command), tty, has_input)
            plan = sessions.start(
                self.world,
                streams.pod_at(self.world, key),
                container,
                command,
                self.now_us,
                tty=tty,
                has_input=has_input,
            )
            done = streams.carry(self.world, plan, key, f"kubectl exec {pod} -- {' '.join(command)}")
            return str(done.memory[1])

    def type_in(self, namespace: str, console: str, text: str, ended: bool = False) -> None:
        """Type into a console, or end its input."""
        with self.lock:
            self._record("type_in", namespace, console, text, ended)
            plan = sessions.type_in(self.world, (namespace, console), text, self.now_us, ended=ended)
            streams.carry(self.world, plan, (namespace, console), f"type into {console}")

    def end_command(self, namespace: str, console: str) -> None:
        """Leave a console: a command that still runs there is ended."""
        with self.lock:
            self._record("end_command", namespace, console)
            plan = sessions.end(self.world, (namespace, console))
            streams.carry(self.world, plan, (namespace, console), f"leave {console}")

    def break_registry(self) -> None:
        """Let every pull of an image fail from now on, until `mend_registry`."""
        self._set_registry("break_registry", down=True)

    def mend_registry(self) -> None:
        """Let images be pulled again."""
        self._set_registry("mend_registry", down=False)

    def _set_registry(self, verb: str, *, down: bool) -> None:
        with self.lock:
            self._record(verb)
            failures.set_registry(self.world, down=down, cause=self._cause(verb.replace("_", " ")))

    def stop_api_server(self) -> None:
        """Stop the API server until `start_api_server`: what runs goes on, but nobody is answered."""
        self._set_api_server("stop_api_server", down=True)

    def start_api_server(self) -> None:
        """Let the API server answer again."""
        self._set_api_server("start_api_server", down=False)

    def _set_api_server(self, verb: str, *, down: bool) -> None:
        with self.lock:
            self._record(verb)
            outage.set_api_server(self.world, down=down, cause=self._cause(verb.replace("_", " ")))

    def slow_api_server(self, latency: float | str = "2s") -> None:
        """Let each request to the API server take so much longer, until `mend_api_server`.

        Controllers lag, and kubectl waits. ValueError from ten seconds on: that is as good as down.
        """
        with self.lock:
            latency_us = clock.duration_us(latency)
            text = latency if isinstance(latency, str) else f"{latency:g}s"
            self._break_api_server("slow_api_server", text, latency_us=latency_us)

    def refuse_writes(self, share: float = 0.3, reason: str = "Conflict") -> None:
        """Let the API server refuse a share of what components write, until `mend_api_server`.

        `reason` is `Conflict`, `ServiceUnavailable`, `Timeout`, or `Lost`: the write is done, but
        its answer doesn't arrive. ValueError for a bad share or reason.
        """
        with self.lock:
            self._break_api_server("refuse_writes", share, reason, refusals=(share, reason))

    def mend_api_server(self) -> None:
        """Let the API server answer as quickly as before, and take every write."""
        with self.lock:
            self._break_api_server("mend_api_server", latency_us=0, refusals=(0, "Conflict"))

    def _break_api_server(
        self,
        verb: str,
        *arguments: Any,
        latency_us: int | None = None,
        refusals: tuple[float, str] | None = None,
    ) -> None:
        """What is refused as bad is refused before it is recorded."""
        if latency_us is not None:
            outage.check_latency(latency_us)
        if refusals is not None:
            outage.check_refusals(*refusals)
        self._record(verb, *arguments)
        cause = self._cause(" ".join([verb.replace("_", " "), *map(str, arguments)]))
        if latency_us is not None:
            outage.slow_down(self.world, latency_us, cause)
        if refusals is not None:
            outage.refuse_writes(self.world, *refusals, cause)

    def set_load(
        self,
        reference: str,
        *,
        cpu: str | None = None,
        memory: str | None = None,
        metrics: dict[str, str] | None = None,
        namespace: str = "default",
    ) -> None:
        """How heavily a Pod or a workload is used: `lab.set_load("deployment/web", cpu="1500m")`.

        A workload's CPU is the work of all its ready Pods together, `memory` is that of each;
        `metrics` are quantities of other metrics by name. Without any of them it idles again.
        ValueError for a bad quantity.
        """
        with self.lock:
            self.get(reference, namespace=namespace)
            _, key = self._key(reference, namespace)
            spec = failures.load_spec(cpu, memory, metrics or {})
            self._record("set_load", reference, cpu, memory, metrics or {}, namespace)
            obj = failures.load(*key, **spec) if spec else None
            api.put_internal(self.world, "Load", key, obj, self._cause(f"set the load of {reference}"))

    def add_node(self, name: str = "", **machine: Any) -> str:
        """Add a node (`cpu`, `memory`, `pods`, `zone`, `labels` of its machine). Its name."""
        with self.lock:
            name = name or f"node-{self._node_count + 1}"
            if self.world.get("Machine", ("", name)) is not None:
                raise LabError(f'Error from server (AlreadyExists): nodes "{name}" already exists')
            self._record("add_node", name, machine)
            self._add_machine(name, machine)
            return name

    def remove_node(self, name: str) -> None:
        """Take a node's machine away and delete its Node object, as a cloud does."""
        with self.lock:
            self._machine(name)
            self._record("remove_node", name)
            cause = self._cause(f"remove node {name}")
            api.put_internal(self.world, "Machine", ("", name), None, cause)
            if self.world.get("Node", ("", name)) is not None:
                self._unrecorded(["delete", "node", name])

    def _machine(self, node: str) -> Obj:
        machine = self.world.get("Machine", ("", node))
        if machine is None:
            raise LabError(f'Error from server (NotFound): nodes "{node}" not found')
        return machine

    def _add_machine(self, name: str, options: dict[str, Any]) -> None:
        stored = bool(self._made.get("stored_heartbeats"))
        number = self._node_count
        machine = assembly.machine(name, self.now_us, number=number, stored_heartbeats=stored, **options)
        self._node_count += 1
        api.put_internal(self.world, "Machine", ("", name), machine, self._cause(f"add node {name}"))

    def _change_machine(self, verb: str, node: str, change: Obj, *options: Any) -> None:
        """Change a machine's state; its last heartbeat is what its kubelet had sent by then."""
        with self.lock:
            machine = self._machine(node)
            if _is_so(machine, change):
                return
            self._record(verb, node, *options)
            self._set_machine(machine, change, self._cause(f"{verb.replace('_', ' ')} {node}"))

    def _set_machine(self, machine: Obj, change: Obj, cause: int) -> None:
        if _is_so(machine, change):
            return
        before = machine["spec"]
        after = {name: value for name, value in {**before, **change}.items() if value is not None}
        now_us = self.now_us
        if is_reporting(before):
            elapsed = (now_us - before["sinceUs"]) // HEARTBEAT_US * HEARTBEAT_US
            after["lastHeartbeatUs"] = before["sinceUs"] + elapsed
        after["sinceUs"] = now_us
        if is_reporting(after):
            after["lastHeartbeatUs"] = now_us
        name = machine["metadata"]["name"]
        api.put_internal(self.world, "Machine", ("", name), assoc(machine, "spec", after), cause)

    def _record(self, verb: str, *arguments: Any) -> None:
        if verb not in saved.ARGUMENTS:
            raise AssertionError(f"{verb} has to be in the table of what a saved lab may hold")
        self.inputs.append(Input(self.now_us, verb, arguments, self.world.steps))

    def _cause(self, text: str) -> int:
        self.world.causes.append(Cause(self.now_us, "user", ("", ""), 0, text))
        return len(self.world.causes) - 1

    # Back, and again.

    def rewind(self, back: float | str | None = None, *, to: float | None = None) -> None:
        """Go back in time: by a duration (`"5m"`), or `to` an instant in seconds since the beginning.

        What happened since, inputs included, has not happened. LabError for an instant
        that the lab has not seen.
        """
        with self.lock:
            if (back is None) == (to is None):
                raise ValueError("rewind() needs a duration such as '5m', or to=…")
            self._become(self._past(back, to))

    def _become(self, past: Lab) -> None:
        if self._observers.is_telling:
            raise LabError("a callback can't go back in time: what it was told of would not have happened")
        self.world, self.inputs, self._node_count = past.world, past.inputs, past._node_count
        self._marks.forget_after(self.world, len(self.inputs))
        self._observers.forget(self.world.store)

    def undo(self) -> str:
        """Take the last thing back that changed the cluster, with all that came of it.

        Questions such as `kubectl get` are passed over. Its text; LabError for none.
        """
        with self.lock:
            number = len(self.inputs) - 1
            while number >= 0 and not self.inputs[number].is_change:
                number -= 1
            past = self._before_input(number)
            text = self.inputs[number].text
            self._become(past)
            return text

    def at(self, seconds: float) -> Lab:
        """A fork as the lab was at an instant, in seconds since the beginning. LabError outside its past.

        What the user did at just that instant has not happened yet.
        """
        with self.lock:
            return self._past(None, seconds)

    def _past(self, back: float | str | None, to: float | None) -> Lab:
        if back is not None:
            at_us = self.now_us - clock.duration_us(back)
        else:
            at_us = self.start_us + round((to or 0) * clock.SECOND_US)
        if at_us > self.now_us:
            raise LabError("that instant has not come yet")
        count = sum(1 for one in self.inputs if one.at_us < at_us)
        if count < len(self.inputs) and self.inputs[count].at_us == at_us:
            return self._before_input(count)
        twin = self._from_mark(at_us, count)
        twin._replay(self.inputs[len(twin.inputs) : count], stop_us=at_us)
        return twin

    def _before_input(self, number: int) -> Lab:
        if number < 0:
            raise LabError("nothing has been done that could be undone")
        last = self.inputs[number]
        twin = self._from_mark(last.at_us, number)
        twin._replay(self.inputs[len(twin.inputs) : number])
        replay.run_to_step(twin.world, last.steps)
        twin.world.now_us = last.at_us
        return twin

    def _from_mark(self, at_us: int, inputs: int) -> Lab:
        try:
            mark = self._marks.nearest(at_us, inputs)
        except IndexError as error:
            raise LabError(str(error)) from None
        twin = self._twin(replay.world_of(mark, self.world, self._marks.outline(mark)))
        twin.inputs = self.inputs[: mark.inputs]
        twin._node_count = mark.nodes
        twin._marks.forget_after(twin.world, mark.inputs)
        return twin

    def _replay(self, inputs: Sequence[Input], *, stop_us: int | None = None) -> None:
        """Do inputs again, each after as many events as then; with `stop_us`, stop the clock there."""
        with seldom_searched():
            self._stop_us = stop_us
            try:
                for one in inputs:
                    replay.run_to_step(self.world, one.steps)
                    self.world.now_us = one.at_us
                    self._do(one)
                    if self._marks.is_due(self.world):
                        self._mark()
                if stop_us is not None:
                    self._run_to(stop_us)
            except replay.Reached:
                # The rest of the input lies beyond the instant that was asked for.
                return
            finally:
                self._stop_us = None

    def _do(self, one: Input) -> None:
        """Do an input again. What was refused then is refused again."""
        if one.verb == "kubectl":
            command, stdin, files = one.arguments
            self.kubectl(command, stdin=stdin, files=dict(files))
        elif one.verb == "add_node":
            self.add_node(one.arguments[0], **one.arguments[1])
        elif one.verb == "set_load":
            reference, cpu, memory, metrics, namespace = one.arguments
            self.set_load(reference, cpu=cpu, memory=memory, metrics=metrics, namespace=namespace)
        elif one.verb in ("kill", "hang", "resume", "run_out_of_memory", "fill_storage"):
            self._fail_again(one)
        elif one.verb == "request":
            self.request(_request_of(one.arguments))
        elif one.verb == "start_command":
            with contextlib.suppress(ApiError):
                self.start_command(*one.arguments)
        else:
            getattr(self, one.verb)(*one.arguments)

    def _fail_again(self, one: Input) -> None:
        """Let a container fail again; one that could not then cannot now."""
        *arguments, namespace = one.arguments
        if one.verb == "fill_storage":
            *arguments, volume = arguments
            options = {"volume": volume, "namespace": namespace}
        else:
            options = {"namespace": namespace}
        with contextlib.suppress(LabError, ValueError):
            getattr(self, one.verb)(*arguments, **options)

    def save(self, path: str | Path | None = None) -> str:
        """The lab as text that `Lab.load` plays again to the same digest; with a path, as a file too.

        It holds how the lab was made and what was done to it, so it is small: as a line
        it fits into a link. A file whose name ends in `.yaml` is meant to be read, with
        each manifest as it was given. LabError for a lab with parts or timing of your own.
        """
        with self.lock:
            if "components" in self._made or not isinstance(self._made["timing"], str):
                raise LabError("a lab with components or timing of its own can't be saved")
            document = saved.to_document(self._made, self.inputs, self.world, self.digest())
        if path is not None:
            saved.to_file(document, Path(path))
        return saved.to_text(document)

    def link(self, page: str = "") -> str:
        """The lab as a link to a page, or what follows it: `#lab=…`, which `Lab.load` reads as well."""
        return f"{page}#lab={self.save()}"

    @classmethod
    def load(cls, source: str | Path) -> Lab:
        """The lab of a file, a text or a link from `save` and `link`.

        ValueError for what is no saved lab, is damaged or is of a newer version; LabError
        where it comes out otherwise than it was.
        """
        document = saved.read(source)
        lab = cls(**document["lab"])
        lab._replay(saved.inputs_of(document))
        replay.run_to_step(lab.world, document["steps"])
        lab.world.now_us = document["nowUs"]
        digest = replay.digest_of(lab.world, only_outline=document.get("onlyOutline", False))
        if digest != document["digest"]:
            raise LabError("this version of k8slab plays that lab otherwise than the one that saved it")
        return lab

    # Forks.

    def fork(self) -> Lab:
        """An independent lab that goes on from this instant."""
        with self.lock:
            return self._twin(self.world.copy())

    def _twin(self, world: World) -> Lab:
        twin = Lab.__new__(Lab)
        twin.lock = threading.RLock()
        twin.world = world
        twin.inputs = self.inputs.copy()
        twin.start_us, twin.ready_us = self.start_us, self.ready_us
        twin._node_count = self._node_count
        twin._marks = self._marks.copy()
        twin._stop_us, twin._in_input = None, False
        twin._observers, twin._pieces = Observers(), None
        twin._made, twin.language = self._made, self.language
        return twin

    # Pictures.

    def draw(self, what: str = "cluster", *, format: str = "svg", theme: str = "light") -> Any:
        """The cluster as it is, or a `gantt` chart of its Pods' phases.

        An SVG that a notebook shows, `text`, or a matplotlib `figure`.
        """
        from k8slab.renderers import draw

        return draw(self, what=what, format=format, theme="dark" if theme == "dark" else "light")

    def export(self, path: str | Path, **options: Any) -> Path:
        """Write the cluster, or a film of its past, as a file: `lab.export("crash.gif", start=60, end=120)`.

        `.svg`, `.png`, `.pdf` and `.txt` show one instant: now, or `at` so many
        seconds after the beginning; with `what="gantt"` a chart of the Pods' phases.
        `.gif` and `.mp4` show `frames` evenly spread instants from `start` to `end` at
        `fps` a second. `.html` is a page that plays every change from `start` to `end`,
        without a kernel. Other options, where they mean something: `theme` (`light`,
        `dark`), `width` in units of the picture, `scale` in pixels a unit. The path;
        ValueError for an ending or an option that there is not.
        """
        from k8slab.renderers.export import write

        return write(self, path, **options)

    def panel(self, **options: Any) -> Any:
        """The live panel: see, drive and question the cluster (a widget)."""
        from k8slab.panel import panel

        return panel(self, **options)

    def _piece_panel(self) -> Any:
        """The panel behind the pieces, one for each lab."""
        from k8slab.panel import pieces

        if self._pieces is None:
            self._pieces = pieces(self)
        return self._pieces

    def stage(self) -> Any:
        """The picture of the cluster as a widget, to be laid out beside others.

        Stage, timeline, controls, inspector and console of one lab stay in step. Its
        traits are `selected` and `now`.
        """
        return self._piece_panel().view("stage")

    def timeline(self) -> Any:
        """The timeline as a widget. Its traits: `selected`, `now`."""
        return self._piece_panel().view("timeline")

    def controls(self) -> Any:
        """Play, step, speed and all else that can be done, as a widget. Its traits: `playing`, `speed`."""
        return self._piece_panel().control_row()

    def inspector(self) -> Any:
        """What there is to know about what is selected, as a widget."""
        return self._piece_panel().inspector

    def console(self) -> Any:
        """A kubectl console as a widget."""
        return self._piece_panel().console

    def serve(
        self,
        port: int = 0,
        *,
        live: bool = True,
        speed: float = 1.0,
        token: str | None = None,
        host: str = "127.0.0.1",
        tls: bool = False,
        catch_up: bool = False,
    ) -> Serving:
        """Serve the lab over HTTP to kubectl and every other client, until it is closed.

        `port` 0 takes a free one. While it serves, the lab's clock follows real
        time at `speed`, or, with `live=False`, moves only by `run` and its like;
        KUBECONFIG is set for shell cells. With `catch_up` lab time passes first until it is
        what the wall clock shows, for clients that compare the two (`logs --since-time`, ages,
        expiring tokens). Needs the extra `k8slab[server]`.
        LabError in a browser's Python, which has neither sockets nor threads.
        """
        if sys.platform == "emscripten":
            raise LabError("a browser's Python can't serve: use %kubectl or lab.kubectl()")
        from k8slab.server import serve

        if catch_up:
            from k8slab.server.live import catch_up_with_wall

            catch_up_with_wall(self)
        return serve(self, port, live=live, speed=speed, token=token, host=host, tls=tls)

    def __repr__(self) -> str:
        """A line that says what there is, the same in every run."""
        nodes, pods = self.world.store.count("Node"), self.world.store.count("Pod")
        return f"<Lab: {nodes} nodes, {pods} pods, t={self.now:g}s, seed {self.seed}>"


def _prepare_panel() -> None:
    """In a notebook, import what the panel needs beforehand, so that the first picture comes at once."""
    if "ipykernel" not in sys.modules or "k8slab.panel" in sys.modules:
        return
    thread = threading.Thread(target=importlib.import_module, args=("k8slab.panel",), daemon=True)
    try:
        thread.start()
    except RuntimeError:
        # There are no threads in a browser's Python; the panel is imported when it is asked for.
        return


_WELL: Obj = {"power": "On", "kubelet": "Running", "network": "Up", DISK: None, MEMORY: None, PIDS: None}
_WELL |= {SLOWNESS: None, SKEW: None}
"""A machine that nothing is wrong with."""


def _given(option: Any) -> tuple[Any, ...]:
    """An optional argument as it is recorded: not at all where it was left out."""
    return () if option is None else (option,)


def _is_so(machine: Obj, change: Obj) -> bool:
    """Whether a machine is as a change would make it; None stands for what isn't there."""
    return all(machine["spec"].get(name) == value for name, value in change.items())


def _zone_of(machine: Obj) -> str:
    return str((machine["spec"].get("labels") or {}).get(ZONE, ""))


def is_reporting(machine: Obj) -> bool:
    """Whether a machine's kubelet runs and can be heard. `machine` is the Machine's spec."""
    return (machine["power"], machine["network"], machine["kubelet"]) == ("On", "Up", "Running")


def resource_kind(resource: str) -> Kind:
    """The kind that kubectl means by `pods`, `po`, `Pod` or `deployments.apps`. LabError for none."""
    name, _, group = resource.lower().partition(".")
    for kind in kinds().values():
        names = (kind.plural, kind.singular, kind.kind.lower(), *kind.short_names)
        if name in names and (not group or group == kind.group):
            return kind
    raise LabError(f'error: the server doesn\'t have a resource type "{resource}"')


def _request_of(arguments: tuple[Any, ...]) -> Request:
    method, path, query, headers, body, user, groups = arguments
    return Request(method, path, query=query, headers=headers, body=body, user=user, groups=tuple(groups))


def _manifest_text(manifest: str | Path | Obj | Sequence[Obj]) -> str:
    if isinstance(manifest, Path):
        return manifest.read_text(encoding="utf-8")
    if isinstance(manifest, str):
        if "\n" not in manifest and not manifest.lstrip().startswith("{"):
            return Path(manifest).read_text(encoding="utf-8")
        return manifest
    objects = [manifest] if isinstance(manifest, dict) else list(manifest)
    return "\n---\n".join(json.dumps(obj) for obj in objects)


def _trace_line(lab: Lab, change: Change) -> str:
    verb = "removed" if change.new is None else "created" if change.old is None else "changed"
    cause = lab.causes[change.cause]
    seconds = (change.at_us - lab.start_us) / clock.SECOND_US
    where = "/".join(part for part in change.key if part)
    return f"{seconds:12.6f} {change.kind} {where} {verb} by {cause.component or 'apiserver'}"


_TYPING_US = 60 * clock.SECOND_US
"""How long who types waits for the line before to be read."""
_FIRST_PROMPT_US = clock.SECOND_US
"""How long they look whether there is a prompt at all."""


class _LabClient:
    """A lab as the in-process kubectl reaches it, for a command. It notes which files that read."""

    def __init__(self, lab: Lab, files: dict[str, str] | None = None, *, deed: str) -> None:
        self._lab = lab
        self._deed = deed
        self.files: dict[str, str] = {} if files is None else files

    @property
    def now_us(self) -> int:
        return self._lab.now_us

    @property
    def latency_us(self) -> int:
        return self._lab.world.latency_us

    @property
    def kubeconfig(self) -> Obj | None:
        return self._lab.world.kubeconfig

    @kubeconfig.setter
    def kubeconfig(self, config: Obj | None) -> None:
        self._lab.world.kubeconfig = config

    def request(self, request: Request) -> Response:
        from k8slab.cluster.outage import is_down
        from k8slab.kubectl.kubeconfig import refused

        if is_down(self._lab.world):
            raise refused()
        if self._lab.world.latency_us:
            self._lab._run_to(self._lab.now_us + self._lab.world.latency_us)
        return self._lab._answer(request._replace(deed=self._deed))

    def execute(self, namespace: str, pod: str, container: str, command: list[str], stdin: str) -> Result:
        from k8slab.cluster.streams import execute

        world = self._lab.world
        stdout, stderr, code = execute(
            world, (namespace, pod), container, command, stdin, run_to=self._lab._run_to
        )
        return Result(stdout, stderr, code)

    def run_until(self, check: Callable[[], bool], timeout_us: int) -> bool:
        return self._lab._run_until(check, timeout_us)

    def run_until_settled(self, look: Callable[[], bool], quiet_us: int, *, stops: bool = False) -> None:
        self._lab._settle(quiet_us, DEFAULT_TIMEOUT_US, look, stops=stops)

    def shown(self, namespace: str, pod: str, container: str, since: int) -> tuple[str, int] | None:
        key = consoles.console_of((namespace, pod), container)
        console = consoles.get(self._lab.world, key)
        if console is None:
            return None
        if since < 0:
            return "", console["pieces"]
        pieces = consoles.shown(self._lab.world, key, since)
        return "".join(text for _, text in pieces), since + len(pieces)

    def type_in(self, namespace: str, pod: str, container: str, text: str, *, ends: bool) -> None:
        world, key = self._lab.world, consoles.console_of((namespace, pod), container)
        if (console := consoles.get(world, key)) is None:
            return
        if console["tty"]:
            self.run_until(lambda: consoles.is_prompting(world, key), _FIRST_PROMPT_US)
        ended = ends and not console["tty"]
        for part in consoles.parts_typed(console, text):
            self.run_until(lambda: consoles.is_read(world, key), _TYPING_US)
            plan = sessions.type_in(world, key, part, world.now_us, ended=ended)
            streams.carry(world, plan, key, f"type into {pod}")

    def interrupt(self, namespace: str, pod: str, container: str) -> None:
        world = self._lab.world
        key = consoles.console_of((namespace, pod), container)
        streams.carry(world, sessions.type_in(world, key, "\x03", world.now_us), key, f"^C in {pod}")

    def read_file(self, path: str) -> str:
        if path not in self.files:
            self.files[path] = Path(path).read_text(encoding="utf-8")
        return self.files[path]

    def list_files(self, path: str, recursive: bool) -> list[str]:
        # What a folder held is noted as well: it may hold something else when the input is done again.
        slot = f"{path}/**" if recursive else f"{path}/*"
        if slot in self.files:
            return self.files[slot].splitlines()
        root = Path(path)
        if path in self.files or not root.is_dir():
            return [path]
        found: Iterator[Path] = root.rglob("*") if recursive else root.glob("*")
        names = sorted(str(one) for one in found if one.is_file())
        self.files[slot] = "\n".join(names)
        return names
