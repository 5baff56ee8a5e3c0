"""What is to be waited for, written as behind `kubectl wait --for=`: `condition=Ready pod/web-0`.

It is the language in which the lab and its panel let a reader say until when to
run; all that is right or wrong in it is what kubectl says of the command.
"""

from __future__ import annotations

_LATE = "error: timed out waiting for the condition"


def wait_command(text: str, timeout: str) -> str:
    """The command (without `kubectl`) that waits for what a text says, with a timeout where it names none."""
    wanted = text.strip().removeprefix("kubectl ").removeprefix("wait ").strip().removeprefix("--for=")
    command = f"wait --for={wanted}"
    return command if "--timeout" in command else f"{command} --timeout={timeout}"


def is_late(stderr: str) -> bool:
    """Whether a wait ended only because its time was up."""
    lines = stderr.strip().split("\n")
    return all(line.startswith(_LATE) for line in lines)
