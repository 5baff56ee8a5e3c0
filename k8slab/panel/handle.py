"""What the panel needs of a lab: reading, letting time pass, and the inputs that a click becomes.

The panel stands below the lab in the layers and knows it by this protocol
alone, so it is tested with a lab of a few lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from k8slab.store.view import Change, View


class ResultLike(Protocol):
    """What a command printed, and its exit code."""

    @property
    def stdout(self) -> str:
        """Its standard output."""

    @property
    def stderr(self) -> str:
        """Its standard error."""

    @property
    def code(self) -> int:
        """Its exit code."""


class InputLike(Protocol):
    """Something that the user did."""

    @property
    def at_us(self) -> int:
        """When, on the lab's clock."""

    @property
    def text(self) -> str:
        """The command that does the same."""


class LabHandle(Protocol):
    """A lab, as the panel holds it. `lock` guards it against a click while time passes."""

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """A lock that the same thread may take twice."""

    @property
    def view(self) -> View:
        """Everything that is stored."""

    @property
    def now_us(self) -> int:
        """The lab's clock."""

    @property
    def start_us(self) -> int:
        """When the lab began."""

    @property
    def seed(self) -> int:
        """The seed of all chance."""

    @property
    def history(self) -> Sequence[Change]:
        """Every change, oldest first."""

    @property
    def inputs(self) -> Sequence[InputLike]:
        """What the user did, oldest first."""

    def next_event_us(self) -> int | None:
        """When the next event falls due."""

    def run(self, duration: float | str | None = None) -> bool:
        """Let time pass."""

    def step(self) -> bool:
        """Let the next event happen that changes something."""

    def settle(self) -> bool:
        """Let time pass until nothing changes any more."""

    def kubectl(self, command: str, *, stdin: str = "") -> ResultLike:
        """Run a kubectl command."""

    def crash(self, node: str) -> Any:
        """Cut a node's power."""

    def recover(self, node: str) -> Any:
        """Give a node its power back."""

    def cordon(self, node: str) -> Any:
        """Keep new Pods off a node."""

    def uncordon(self, node: str) -> Any:
        """Let a node take Pods again."""

    def delete(self, reference: str, *, namespace: str = "default") -> Any:
        """Delete an object such as `pod/db-0`."""

    def scale(self, reference: str, replicas: int, *, namespace: str = "default") -> Any:
        """Set the replicas of a workload."""

    def rewind(self, back: float | str | None = None, *, to: float | None = None) -> None:
        """Go back by a duration, or `to` an instant in seconds since the beginning."""

    def undo(self) -> str:
        """Take the last thing back that changed the cluster. Its text."""

    def fork(self) -> LabHandle:
        """An independent lab that goes on from this instant."""

    def why(self, reference: str, *, namespace: str = "default") -> str:
        """Why an object is as it is, in sentences."""
