"""The real kubectl at a real terminal: exec -it, attach, run -it, cp, and a replay of it all."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8slab.lab import Lab
from k8slab.server import Serving, serve

KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or "kubectl"
PATIENCE_SECONDS = 30.0
BOX = """
apiVersion: v1
kind: Pod
metadata: {name: box}
spec:
  containers: [{name: main, image: "debian:13", command: [sleep, infinity]}]
"""


class Terminal:
    """A terminal in which kubectl runs."""

    def __init__(self, serving: Serving, command: str) -> None:
        self.seen = ""
        self._pid, self._descriptor = pty.fork()
        if not self._pid:
            os.execve(KUBECTL, ["kubectl", *command.split()], environment(serving))

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def expect(self, text: str) -> str:
        """All that is shown up to a text; what comes after it is kept."""
        while text not in self.seen:
            ready, _, _ = select.select([self._descriptor], [], [], PATIENCE_SECONDS)
            more = self._read() if ready else ""
            assert more, f"waited for {text!r}, saw {self.seen!r}"
            self.seen += more
        shown, _, self.seen = self.seen.partition(text)
        return shown + text

    def _read(self) -> str:
        try:
            return os.read(self._descriptor, 65536).decode()
        except OSError:
            return ""

    def end(self) -> int:
        """What is left is read, and the exit code."""
        while more := self._read():
            self.seen += more
        os.close(self._descriptor)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def environment(serving: Serving) -> dict[str, str]:
    return {**os.environ, **serving.environment, "TERM": "xterm"}


def kubectl(serving: Serving, *args: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [KUBECTL, *args], env=environment(serving), input=stdin, capture_output=True, timeout=240, check=False
    )


@pytest.fixture
def live() -> Iterator[Serving]:
    """A served lab on a quick clock with a Pod in it."""
    lab = Lab(2)
    lab.apply(BOX)
    lab.settle()
    with serve(lab, speed=20) as serving:
        yield serving
        assert serving.app.faults == []


def test_exec(live: Serving) -> None:
    terminal = Terminal(live, "exec -it box -- bash")
    prompt = "root@box:/# "
    terminal.expect(prompt)
    terminal.type("echo $((6 * 7)) x\x7f\r")
    assert terminal.expect(prompt).endswith(f"\r\n42\r\n{prompt}")
    terminal.type("sleep 10000\r")
    terminal.expect("sleep 10000\r\n")
    terminal.type("\x03")
    terminal.expect(prompt)
    terminal.type("echo code $?\r")
    terminal.expect("\ncode 130\r\n")
    terminal.type("exit 3\r")
    assert terminal.end() == 3
    assert live.lab.world.list("Console") == live.lab.world.list("ConsoleOutput") == ()


def test_run_and_attach(live: Serving) -> None:
    terminal = Terminal(live, "run -it --rm --image=busybox:1.37 --restart=Never one -- sh")
    terminal.expect("try pressing enter")
    terminal.type("\r")
    terminal.expect("/ # ")
    second = Terminal(live, "attach -it one")
    second.expect("try pressing enter")
    second.type("\r")
    second.expect("/ # ")
    terminal.expect("/ # ")
    terminal.type("echo from the first $((1 + 1))\r")
    second.expect("from the first 2\r\n")
    terminal.type("exit\r")
    terminal.expect('pod "one" deleted')
    assert (terminal.end(), second.end()) == (0, 0)


ATTACHED = [
    pytest.param((), "Succeeded", "read:value\nlastclosed\n", id="input-ends-with-its-client"),
    pytest.param(("--leave-stdin-open",), "Running", "read:value\n", id="input-is-left-open-for-others"),
]


@pytest.mark.parametrize(("options", "phase", "log"), ATTACHED)
def test_attach_with_input_from_no_terminal(
    live: Serving, options: tuple[str, ...], phase: str, log: str
) -> None:
    command = ("--", "sh", "-c", "printf read: && cat && echo closed")
    args = ("run", "one", "--image=busybox:1.37", "--restart=Never", "--stdin", *options, *command)
    assert kubectl(live, *args, stdin=b"value\nlast").returncode == 0
    live.lab.run("5s")
    assert live.lab.get("pod/one")["status"]["phase"] == phase
    assert live.lab.kubectl("logs one").stdout == log


def test_attach_ends_with_its_run_of_a_container_that_starts_again(live: Serving) -> None:
    options = ("--restart=OnFailure", "--stdin", "--rm", "--pod-running-timeout=3s")
    args = ("run", "one", "--image=busybox:1.37", *options)
    done = kubectl(live, *args, "--", "sh", "-c", "cat && exit 42", stdin=b"abcd")
    assert (done.returncode, b"timed out" in done.stderr) == (1, True)


def test_a_very_long_command_line(live: Serving) -> None:
    word = "a" * 100_000
    assert kubectl(live, "exec", "box", "--", "echo", word).stdout.decode() == f"{word}\n"


def test_copies_and_a_replay(live: Serving, tmp_path: Path) -> None:
    data = bytes(range(256)) * 500
    (tmp_path / "tree" / "below").mkdir(parents=True)
    (tmp_path / "tree" / "below" / "data").write_bytes(data)
    (tmp_path / "tree" / "text").write_text("naïve\n")
    assert kubectl(live, "cp", str(tmp_path / "tree"), "box:/srv/tree").returncode == 0
    assert kubectl(live, "exec", "box", "--", "cat", "/srv/tree/below/data").stdout == data
    assert kubectl(live, "cp", "box:/srv/tree", str(tmp_path / "back")).returncode == 0
    assert (tmp_path / "back" / "below" / "data").read_bytes() == data
    assert (tmp_path / "back" / "text").read_text() == "naïve\n"
    assert kubectl(live, "exec", "-i", "box", "--", "cat", stdin=data).stdout == data
    ran = kubectl(
        live, "exec", "-i", "box", "--", "sh", stdin=b"read x\nword\nsleep 2; echo $x >&2; exit 5\n"
    )
    assert (ran.returncode, ran.stdout) == (5, b"") and ran.stderr.startswith(b"word\n")
    with live.lab.lock:
        saved, digest = live.lab.save(), live.lab.digest()
    assert Lab.load(saved).digest() == digest
