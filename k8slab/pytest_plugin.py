"""A cluster for tests: the fixture `k8slab` is a served lab whose time moves only by the test's hand.

    def test_my_operator(k8slab):
        k8slab.kubectl("apply", "-f", "operator.yaml")
        k8slab.run("5m")
        assert "Running" in k8slab.kubectl("get", "pods").stdout

Nothing in it waits for real time, so that a test of an hour of a cluster's
life takes as long as its events take to compute.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from k8slab.lab import Lab
    from k8slab.server import Serving


class Served:
    """A served lab, as a test holds it."""

    def __init__(self, lab: Lab, serving: Serving) -> None:
        self.lab = lab
        self.serving = serving

    @property
    def url(self) -> str:
        """The server's address, for clients that send the token."""
        return self.serving.url

    @property
    def token(self) -> str:
        """The administrator's bearer token."""
        return self.serving.token

    @property
    def kubeconfig(self) -> str:
        """The path of a kubeconfig; the variable KUBECONFIG names it too."""
        return self.serving.kubeconfig

    def run(
        self,
        duration: float | str | None = None,
        *,
        until: Callable[[Lab], bool] | None = None,
        timeout: float | str = "1h",
    ) -> bool:
        """Let lab time pass (see `Lab.run`)."""
        return self.lab.run(duration, until=until, timeout=timeout)

    def settle(self) -> bool:
        """Let lab time pass until nothing changes any more (see `Lab.settle`)."""
        return self.lab.settle()

    def kubectl(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the real kubectl against the lab. AssertionError where it fails, with its words."""
        done = self.serving.kubectl(*arguments, stdin=stdin)
        if done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr}")
        return done


@pytest.fixture
def k8slab() -> Iterator[Served]:
    """A served lab with three nodes; its time moves only when the test says so."""
    from k8slab.lab import Lab
    from k8slab.server import serve

    lab = Lab(3)
    with serve(lab, live=False) as serving:
        yield Served(lab, serving)
