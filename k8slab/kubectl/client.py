"""What the in-process kubectl needs of a cluster: requests, streams into containers, and lab time.

kubectl's commands are written against this protocol and not against a lab, so
that they make the same requests that the binary makes over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from k8slab.api.meta import Obj
from k8slab.cluster.request import Request, Response


class Result(NamedTuple):
    """What a command printed, and its exit code."""

    stdout: str
    stderr: str
    code: int

    def __str__(self) -> str:
        """What a terminal would show."""
        return self.stdout + self.stderr


class Client(Protocol):
    """One cluster, as kubectl reaches it."""

    kubeconfig: Obj | None
    """Clusters, users and contexts (see `k8slab.kubectl.kubeconfig`); None for the lab's own alone."""

    @property
    def now_us(self) -> int:
        """The lab's clock, in microseconds since the epoch."""

    @property
    def latency_us(self) -> int:
        """How much longer than usual the API server takes to answer, in microseconds."""

    def request(self, request: Request) -> Response:
        """Ask the API server. It never raises ApiError: a refusal is a Response with a Status."""

    def execute(self, namespace: str, pod: str, container: str, command: list[str], stdin: str) -> Result:
        """Run a command in a container, letting lab time pass as the command needs it.

        Raises ApiError where the Pod or container is not there or not running.
        """

    def run_until(self, check: Callable[[], bool], timeout_us: int) -> bool:
        """Let lab time pass, event by event, until `check()` holds or the time is over. Whether it held."""

    def run_until_settled(self, look: Callable[[], bool], quiet_us: int, *, stops: bool = False) -> None:
        """Let lab time pass until nothing has changed for `quiet_us`; each change calls `look()`.

        With `stops` only until that has held.
        """

    def shown(self, namespace: str, pod: str, container: str, since: int) -> tuple[str, int] | None:
        """What a container's console shows from a piece on, and the number of the next; None without one.

        What it has shown so far has the piece -1.
        """

    def type_in(self, namespace: str, pod: str, container: str, text: str, *, ends: bool) -> None:
        """Type a text on a container's console, line by line as it is read; then with `ends` that was all."""

    def interrupt(self, namespace: str, pod: str, container: str) -> None:
        """Press ^C on a container's console."""

    def read_file(self, path: str) -> str:
        """The text of a file beside the notebook (`-f path`). OSError where it can't be read."""

    def list_files(self, path: str, recursive: bool) -> list[str]:
        """The manifest files of a directory in sorted order; the path itself for a file."""
