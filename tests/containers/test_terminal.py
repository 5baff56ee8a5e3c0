"""What keys do at a terminal: the line, what is echoed, what a reader gets."""

from __future__ import annotations

import pytest

from k8slab.containers.terminal import Terminal, prompted, typed

LEFT, RIGHT, UP, DOWN, HOME, END, DELETE = (
    "\x1b[D",
    "\x1b[C",
    "\x1b[A",
    "\x1b[B",
    "\x1b[H",
    "\x1b[F",
    "\x1b[3~",
)

EDITED = {
    "a line": ("ls\r", "ls\n", ("ls\n",)),
    "two lines at once": ("a\rb\r", "a\nb\n", ("a\n", "b\n")),
    "a letter taken back": ("lx\x7fs\r", "lx\b \bs\n", ("ls\n",)),
    "nothing to take back": ("\x7fls\r", "ls\n", ("ls\n",)),
    "a word taken back": ("ls /tmp\x17\r", "ls /tmp\b\b\b\b    \b\b\b\b\n", ("ls \n",)),
    "the line taken back": ("rm\x15ls\r", "rm\b\b  \b\bls\n", ("ls\n",)),
    "a letter put in": ("lx" + LEFT + "s\r", "lx\bsx\b\n", ("lsx\n",)),
    "to the beginning and the end": ("s" + HOME + "l" + END + "!\r", "s\bls\b" + "s!\n", ("ls!\n",)),
    "a letter deleted": ("xls" + HOME + DELETE + "\r", "xls\b\b\bls \b\b\b\n", ("ls\n",)),
    "the rest deleted": ("lsxx" + LEFT + LEFT + "\x0b\r", "lsxx\b\b  \b\b\n", ("ls\n",)),
    "the line before": (UP + "\r", "echo one\n", ("echo one\n",)),
    "two lines before": (UP + UP + "\r", "echo one\b\b\b\b\b\b\b\bls      \b\b\b\b\b\b\n", ("ls\n",)),
    "before and after again": (
        UP + DOWN + "x\r",
        "echo one" + "\b" * 8 + " " * 8 + "\b" * 8 + "x\n",
        ("x\n",),
    ),
    "the end": ("\x04", "", ("",)),
    "a key in two halves": ("lx\x1b", "lx", ()),
    "letters of other scripts": ("echo ü\r", "echo ü\n", ("echo ü\n",)),
}  # fmt: skip


@pytest.mark.parametrize(("keys", "echo", "ready"), EDITED.values(), ids=EDITED)
def test_at_a_prompt(keys, echo, ready):
    terminal = prompted(Terminal(history=("ls", "echo one")), "$ ")
    result = typed(terminal, keys)
    assert (result.echo, result.ready, result.is_interrupt) == (echo, ready, False)


def test_a_key_whose_rest_comes_later():
    terminal = prompted(Terminal(line="ab", at=2), "$ ")
    half = typed(terminal, "\x1b")
    whole = typed(half.terminal, "[Dx\r")
    assert whole.ready == ("axb\n",)


def test_elsewhere_there_are_no_lines_before():
    result = typed(Terminal(history=("ls",)), UP + "a\r")
    assert (result.echo, result.ready) == ("a\n", ("a\n",))


def test_an_interrupt_drops_what_was_typed():
    result = typed(Terminal(), "abc\rde\x03")
    assert (result.echo, result.ready, result.is_interrupt) == ("abc\nde^C\n", (), True)
    assert result.terminal.line == ""


def test_only_a_prompt_remembers_lines():
    at_prompt = typed(prompted(Terminal(), "$ "), "ls\r").terminal
    elsewhere = typed(at_prompt, "password\r").terminal
    assert elsewhere.history == ("ls",)
