"""A lab of a few lines for the panel's tests: time is a number, and every input is carried out at once."""

from __future__ import annotations

import shlex
import threading
from typing import Any, NamedTuple

from k8slab.clock import SECOND_US
from k8slab.cluster.request import Request, Response
from k8slab.store.view import Change
from k8slab.texts import Language
from tests.controllers.view import MemoryView
from tests.scene.cluster import NOW_US, START_US, cluster, pod_status


class Input(NamedTuple):
    at_us: int
    text: str


class Result(NamedTuple):
    stdout: str
    stderr: str
    code: int


class RefusedError(Exception):
    """What the lab's own error is to the panel: an exception that it doesn't know."""


class FakeLab:
    """The cluster of the scene's tests. `pending` events fall due every ten seconds.

    Going back begins at the cluster as it was made; what a test did to it before is lost with the rest.
    """

    def __init__(self, view: MemoryView | None = None, pending: int = 1000) -> None:
        self.lock = threading.RLock()
        self.view = view or cluster()
        self.start_us, self.now_us, self.seed = START_US, NOW_US, 7
        self.language: Language = "en"
        self.namespace = "default"
        self.inputs: list[Input] = []
        self.pending = pending
        self.ran: list[float] = []
        self.settled = 0
        self.steps: list[str | None] = []

    @property
    def history(self) -> list[Change]:
        return self.view.store.history

    def next_event_us(self) -> int | None:
        return self.now_us + 10 * SECOND_US if self.pending > 0 else None

    def run(self, duration: Any = None) -> bool:
        self.ran.append(duration)
        self.now_us += round(duration * SECOND_US)
        self.view.now_us = self.now_us
        self.pending -= 1
        return True

    components = ("kubelet", "statefulset-controller")

    def step(self, by: str | None = None) -> bool:
        self.steps.append(by)
        self.view.change("Pod", ("default", "db-2"), "status", pod_status("running"))
        return True

    def settle(self) -> bool:
        self.settled += 1
        self.now_us += 60 * SECOND_US
        self.pending = 0
        return True

    def kubectl(self, command: str, *, stdin: str = "") -> Result:
        self.inputs.append(Input(self.now_us, f"kubectl {command}"))
        words = shlex.split(command)
        verb, name = words[0], words[1].rpartition("/")[2] if words[1:] else ""
        if verb == "get":
            return Result("NAME   READY\ndb-0   <1/1>\n", "", 0)
        if verb in ("cordon", "uncordon"):
            self.view.change("Node", ("", name), "spec", "unschedulable", verb == "cordon")
        elif verb == "delete":
            self.view.remove("Pod", ("default", name))
        elif verb == "scale":
            kind = {"statefulset": "StatefulSet", "deployment": "Deployment"}[words[1].partition("/")[0]]
            replicas = int(words[2].partition("=")[2])
            self.view.change(kind, ("default", name), "spec", "replicas", replicas)
        if verb in ("cordon", "uncordon", "delete", "scale", "wait", "apply", "create"):
            return Result(f"{verb} done\n", "", 0)
        return Result("", f'error: unknown command "{words[0]}"\n', 1)

    def crash(self, node: str) -> None:
        self._power(node, "Off", "crash")

    def recover(self, node: str) -> None:
        self._power(node, "On", "recover")

    def _power(self, node: str, power: str, verb: str) -> None:
        self.inputs.append(Input(self.now_us, f"lab.{verb}('{node}')"))
        self.view.add({"kind": "Machine", "metadata": {"name": node}, "spec": {"power": power}})

    def request(self, request: Request) -> Response:
        return Response(200, "said by the container\n", "text/plain")

    def at(self, seconds: float) -> FakeLab:
        at_us = self.start_us + round(seconds * SECOND_US)
        if at_us < self.start_us:
            raise RefusedError("the lab had not begun yet")
        then = FakeLab()
        then._become([one for one in self.inputs if one.at_us < at_us], at_us)
        return then

    def rewind(self, back: float | str | None = None, *, to: float | None = None) -> None:
        assert back is None
        assert to is not None
        at_us = self.start_us + round(to * SECOND_US)
        if at_us > self.now_us:
            raise RefusedError("that instant has not come yet")
        self._become([one for one in self.inputs if one.at_us < at_us], at_us)

    def undo(self) -> str:
        if not self.inputs:
            raise RefusedError("nothing has been done that could be undone")
        last = self.inputs[-1]
        self._become(self.inputs[:-1], last.at_us)
        return last.text

    def _become(self, inputs: list[Input], at_us: int) -> None:
        self.view, self.inputs, self.now_us = cluster(), [], at_us
        self.view.now_us = at_us
        for one in inputs:
            self._do(one)

    def _do(self, one: Input) -> None:
        """Do the inputs again that the tests go back over: holding nodes."""
        verb, node = one.text.removeprefix("kubectl ").split()
        self.inputs.append(one)
        self.view.change("Node", ("", node), "spec", "unschedulable", verb == "cordon")

    def fork(self) -> FakeLab:
        twin = FakeLab(cluster())
        twin.now_us = self.now_us
        return twin

    def why(self, reference: str, *, namespace: str = "default") -> str:
        return f"It waits.\n{reference} in {namespace} was asked for.\n  because of a test"
