"""Commands with a console: typed to, interrupted, slept in, forked, and played again."""

from __future__ import annotations

import re

import pytest

from k8slab.api.errors import ApiError
from k8slab.containers import consoles
from k8slab.lab import Lab

BOX = """
apiVersion: v1
kind: Pod
metadata: {name: box}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: "debian:13", command: [sleep, infinity]}]
"""
READER = """
apiVersion: v1
kind: Pod
metadata: {name: reader}
spec:
  restartPolicy: Never
  containers: [{name: main, image: "busybox:1.37", stdin: true, tty: true}]
"""
PROMPT = "root@box:/# "


@pytest.fixture
def lab():
    lab = Lab(1)
    lab.apply(BOX)
    lab.settle()
    return lab


def start(lab, *command, tty=True):
    return lab.start_command("default", "box", "main", list(command), tty, True)


def screen(lab, console):
    """All that a console has shown."""
    return "".join(text for _, text in consoles.shown(lab.world, ("default", console), 0))


def exit_code(lab, console):
    return consoles.get(lab.world, ("default", console))["exit"]


TYPED = {
    "a command": ("echo hi\r", f"echo hi\nhi\n{PROMPT}"),
    "a command over two lines": (
        "for i in 1 2; do\recho $i\rdone\r",
        f"for i in 1 2; do\n> echo $i\n> done\n1\n2\n{PROMPT}",
    ),
    "a here-document": ("cat <<END\ra\rEND\r", f"cat <<END\n> a\n> END\na\n{PROMPT}"),
    "variables stay": ("A=1\recho $A\r", f"A=1\n{PROMPT}echo $A\n1\n{PROMPT}"),
    "the directory stays, and shows": ("cd /tmp\r", "cd /tmp\nroot@box:/tmp# "),
    "a mistake": ("nonsense\r", f"nonsense\nbash: nonsense: command not found\n{PROMPT}"),
    "a syntax error": ("echo )\r", f"echo )\nbash: syntax error near unexpected token `)'\n{PROMPT}"),
    "a command that reads": ("cat\ra\r\x04", f"cat\na\na\n{PROMPT}"),
    "read takes a line": ("read x\ryes\recho $x\r", f"read x\nyes\n{PROMPT}echo $x\nyes\n{PROMPT}"),
    "an interrupt at the prompt": ("abc\x03", f"abc^C\n{PROMPT}"),
    "an interrupt of a command": (
        "sleep 100\r\x03echo $?\r",
        f"sleep 100\n^C\n{PROMPT}echo $?\n130\n{PROMPT}",
    ),
    "an interrupt of a busy loop": ("while :; do :; done\r\x03", f"while :; do :; done\n^C\n{PROMPT}"),
}  # fmt: skip


@pytest.mark.parametrize(("keys", "shown"), TYPED.values(), ids=TYPED)
def test_a_conversation(lab, keys, shown):
    console = start(lab, "bash")
    assert screen(lab, console) == PROMPT
    for line in re.findall(r"[^\r\x03\x04]*[\r\x03\x04]", keys):
        lab.type_in("default", console, line)
    assert screen(lab, console) == PROMPT + shown
    assert exit_code(lab, console) is None


ENDS = {
    "exit with a code": ("exit 3\r", 3),
    "the end of input": ("false\r\x04", 1),
}


@pytest.mark.parametrize(("keys", "code"), ENDS.values(), ids=ENDS)
def test_how_a_conversation_ends(lab, keys, code):
    console = start(lab, "bash")
    lab.type_in("default", console, keys)
    assert exit_code(lab, console) == code


def test_a_command_sleeps_while_others_go_on(lab):
    console = start(lab, "bash")
    lab.type_in("default", console, "sleep 5; echo slept\r")
    lab.run(4)
    assert "slept\n" not in screen(lab, console).replace("echo slept", "")
    assert lab.kubectl("exec box -- echo meanwhile").stdout == "meanwhile\n"
    lab.run(2)
    assert screen(lab, console).endswith(f"slept\n{PROMPT}")


def test_input_that_is_no_terminal_is_not_echoed(lab):
    console = start(lab, "sh", tty=False)
    lab.type_in("default", console, "echo a; read x\nword\necho got $x\n", True)
    assert (screen(lab, console), exit_code(lab, console)) == ("a\ngot word\n", 0)


def test_a_command_ends_with_its_container(lab):
    console = start(lab, "bash")
    lab.delete("pod/box")
    lab.run(4)
    assert consoles.get(lab.world, ("default", console)) is None or exit_code(lab, console) == 137


def test_a_container_that_does_not_run(lab):
    with pytest.raises(ApiError, match='pods "nobody" not found'):
        lab.start_command("default", "nobody", "", ["sh"])


def test_a_containers_own_process_reads_its_console():
    lab = Lab(1)
    lab.apply(READER)
    lab.settle()
    lab.type_in("default", "reader/main", "echo $((6 * 7))\r")
    lab.run(1)
    assert screen(lab, "reader/main") == "/ # echo $((6 * 7))\n42\n/ # "
    assert lab.kubectl("logs reader").stdout == "42\n"
    lab.type_in("default", "reader/main", "exit 4\r")
    lab.run(3)
    state = lab.get("pod/reader")["status"]["containerStatuses"][0]["state"]
    assert state["terminated"]["exitCode"] == 4


def test_a_fork_goes_on_with_the_conversation(lab):
    console = start(lab, "bash")
    lab.type_in("default", console, "A=1; cd /tmp\r")
    lab.type_in("default", console, "\x03")
    fork = lab.fork()
    fork.type_in("default", console, "echo $A $PWD\r")
    assert screen(fork, console).endswith("1 /tmp\nroot@box:/tmp# ")
    assert not screen(lab, console).endswith("1 /tmp\nroot@box:/tmp# ")


def test_a_conversation_is_played_again_exactly(lab):
    console = start(lab, "bash")
    for keys in ("echo one > /tmp/f\r", "sleep 3; cat /tmp/f\r", "while :; do :; done\r"):
        lab.type_in("default", console, keys)
        lab.run(5)
        lab.kubectl("get pods")
    lab.type_in("default", console, "\x03exit\r")
    lab.end_command("default", console)
    assert Lab.load(lab.save()).digest() == lab.digest()
