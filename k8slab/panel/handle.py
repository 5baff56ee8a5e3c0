"""What the panel needs of a lab: reading, letting time pass, and the inputs that a click becomes.

The panel stands below the lab in the layers and knows it by this protocol
alone, so it is tested with a lab of a few lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from k8slab.cluster.request import Request, Response
from k8slab.store.view import Change, View
from k8slab.texts import Language


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
    def language(self) -> Language:
        """The language in which the lab explains and the panel speaks."""

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

    def step(self, by: str | None = None) -> bool:
        """Let the next event happen that changes something, or until a component has looked at something."""

    @property
    def components(self) -> Sequence[str]:
        """The names of everything that acts."""

    def settle(self) -> bool:
        """Let time pass until nothing changes any more."""

    @property
    def namespace(self) -> str:
        """The namespace of kubectl's context."""

    def completions(self, line: str) -> Sequence[str]:
        """What the last word of a kubectl command line could become."""

    def kubectl(self, command: str, *, stdin: str = "") -> ResultLike:
        """Run a kubectl command."""

    def rewind(self, back: float | str | None = None, *, to: float | None = None) -> None:
        """Go back by a duration, or `to` an instant in seconds since the beginning."""

    def undo(self) -> str:
        """Take the last thing back that changed the cluster. Its text."""

    def request(self, request: Request) -> Response:
        """Ask the API server; a GET is no input."""

    def at(self, seconds: float) -> LabHandle:
        """Another lab, as this one was at an instant."""

    def fork(self) -> LabHandle:
        """An independent lab that goes on from this instant."""

    def why(self, reference: str, *, namespace: str = "default") -> str:
        """Why an object is as it is, in sentences."""
