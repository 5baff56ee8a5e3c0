"""Each example runs against a served lab and says what it should."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8slab.lab import Lab
from k8slab.server import Serving, serve

EXAMPLES = Path(__file__).parents[2] / "examples"
# A client takes seconds of CPU time to start, and a busy machine may give it little.
PATIENCE_S = 240


@pytest.fixture
def live() -> Iterator[Serving]:
    with serve(Lab(2), speed=20) as serving:
        yield serving
        assert serving.app.faults == []


@pytest.mark.parametrize(
    "name, package, says",
    [
        pytest.param(
            "official_client.py", "kubernetes", "2 Pods run\n3 replicas wanted\n", id="the official client"
        ),
        pytest.param("kr8s_client.py", "kr8s", "phase Running\nlog: started\nexec: hello\n", id="kr8s"),
        pytest.param(
            "lightkube_client.py",
            "lightkube",
            'colour is green\nnodes: node-1, node-2\nrefused: pods "nobody" not found\n',
            id="lightkube",
        ),
    ],
)
def test_example(live: Serving, name: str, package: str, says: str) -> None:
    pytest.importorskip(package)
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)],
        env=live.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, says), done.stderr


def test_an_operator_written_with_kopf(live: Serving) -> None:
    pytest.importorskip("kopf")
    arguments = ["run", str(EXAMPLES / "kopf_operator.py"), "--namespace", "default", "--quiet"]
    operator = subprocess.Popen(
        [sys.executable, "-m", "kopf", *arguments],
        env=live.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        live.lab.kubectl("create configmap world")
        live.lab.kubectl("label configmap world greet=yes")
        deadline = time.monotonic() + PATIENCE_S
        data = None
        while not data and time.monotonic() < deadline and operator.poll() is None:
            time.sleep(0.1)
            data = live.lab.get("configmap/world").get("data")
    finally:
        operator.terminate()
        _, said = operator.communicate(timeout=PATIENCE_S)
    assert data == {"greeting": "Hello, world!"}, said
