"""A terminal's end inside a container: what is typed becomes lines, echoes and interrupts.

The client's terminal is raw: each key arrives as it is pressed. At a shell's
prompt the line can be edited and earlier ones called back, as readline and
BusyBox's shell have it; elsewhere there is what the kernel's line discipline
has: erase, erase a word, erase the line.

Models termios(3) in canonical mode, and the keys of readline(3) that people use.
"""

from __future__ import annotations

import re
from typing import NamedTuple

INTERRUPT = "\x03"
END = "\x04"
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z~]|O[A-Za-z])")
_MOST_LINES = 100


class Terminal(NamedTuple):
    """How a terminal stands: the line that is being typed and where, the prompt before it, lines before.

    `browsed` says how many lines back the one shown was taken from, `escape` is
    the beginning of a key's sequence whose rest has not arrived yet.
    """

    line: str = ""
    at: int = 0
    prompt: str = ""
    is_prompting: bool = False
    history: tuple[str, ...] = ()
    browsed: int = 0
    escape: str = ""


class Typed(NamedTuple):
    """What typing came to: the terminal after it, what is echoed, what a reader gets, whether it interrupts.

    Among what a reader gets the empty string stands for an end of input.
    """

    terminal: Terminal
    echo: str = ""
    ready: tuple[str, ...] = ()
    is_interrupt: bool = False


def typed(terminal: Terminal, text: str) -> Typed:
    """Take in some keys."""
    text, terminal = terminal.escape + text, terminal._replace(escape="")
    echo: list[str] = []
    ready: list[str] = []
    interrupts = False
    while text:
        match = _ESCAPE.match(text)
        if match is not None:
            key, text = match[0], text[match.end() :]
        elif text.startswith("\x1b") and len(text) < 8 and re.fullmatch(r"\x1b(\[[0-9;?]*|O)?", text):
            terminal, text = terminal._replace(escape=text), ""
            break
        else:
            key, text = text[0], text[1:]
        one = _key(terminal, key)
        terminal = one.terminal
        echo.append(one.echo)
        ready.extend(one.ready)
        if one.is_interrupt:
            interrupts = True
            ready.clear()
    return Typed(terminal, "".join(echo), tuple(ready), interrupts)


def _key(terminal: Terminal, key: str) -> Typed:
    line = terminal.line
    if key in ("\r", "\n"):
        history = terminal.history
        if terminal.is_prompting and line.strip() and line != (history[-1] if history else ""):
            history = (*history[-_MOST_LINES + 1 :], line)
        after = terminal._replace(line="", at=0, is_prompting=False, history=history, browsed=0)
        return Typed(after, "\n", (line + "\n",))
    if key == INTERRUPT:
        after = terminal._replace(line="", at=0, is_prompting=False, browsed=0)
        return Typed(after, "^C\n", (), True)
    if key == END and not line:
        return Typed(terminal._replace(is_prompting=False), "", ("",))
    if key in ("\x7f", "\b"):
        return _shown(
            terminal, line[: max(terminal.at - 1, 0)] + line[terminal.at :], max(terminal.at - 1, 0)
        )
    if key == "\x15":
        return _shown(terminal, line[terminal.at :], 0)
    if key == "\x17":
        kept = line[: terminal.at].rstrip().rpartition(" ")
        head = kept[0] + kept[1]
        return _shown(terminal, head + line[terminal.at :], len(head))
    if terminal.is_prompting:
        found = _editing_key(terminal, key)
        if found is not None:
            return found
    if key.startswith("\x1b") or (key < " " and key != "\t"):
        return Typed(terminal)
    if terminal.is_prompting and key == "\t":
        return Typed(terminal, "\a")
    if terminal.at == len(line):
        return Typed(terminal._replace(line=line + key, at=terminal.at + 1), key)
    return _shown(terminal, line[: terminal.at] + key + line[terminal.at :], terminal.at + 1)


def _editing_key(terminal: Terminal, key: str) -> Typed | None:
    """A key that only a line editor knows; None for any other."""
    line, at = terminal.line, terminal.at
    moves = {
        "\x1b[D": max(at - 1, 0),
        "\x02": max(at - 1, 0),
        "\x1b[C": min(at + 1, len(line)),
        "\x06": min(at + 1, len(line)),
        "\x01": 0,
        "\x1b[H": 0,
        "\x1b[1~": 0,
        "\x05": len(line),
        "\x1b[F": len(line),
        "\x1b[4~": len(line),
    }
    key = key.replace("\x1bO", "\x1b[")
    if key in moves:
        return _shown(terminal, line, moves[key])
    if key in ("\x1b[3~", END):
        return _shown(terminal, line[:at] + line[at + 1 :], at)
    if key == "\x0b":
        return _shown(terminal, line[:at], at)
    if key == "\x0c":
        echo = f"\x1b[H\x1b[2J{terminal.prompt}{line}" + "\b" * (len(line) - at)
        return Typed(terminal, echo)
    steps = {"\x1b[A": 1, "\x10": 1, "\x1b[B": -1, "\x0e": -1}
    if key not in steps:
        return None
    browsed = min(max(terminal.browsed + steps[key], 0), len(terminal.history))
    called = terminal.history[-browsed] if browsed else ""
    return _shown(terminal._replace(browsed=browsed), called, len(called))


def _shown(terminal: Terminal, line: str, at: int) -> Typed:
    """Another line, or another place in it, and what shows it: back, the line, blanks over the rest, back."""
    common = 0
    shorter = min(len(line), len(terminal.line))
    while common < shorter and line[common] == terminal.line[common]:
        common += 1
    here = terminal.at
    if line == terminal.line:
        echo = "\b" * (here - at) if at < here else line[here:at]
        return Typed(terminal._replace(at=at), echo)
    start = min(common, here)
    rest = line[start:]
    blanks = max(len(terminal.line) - len(line), 0)
    echo = "\b" * (here - start) + rest + " " * blanks + "\b" * (blanks + len(line) - at)
    return Typed(terminal._replace(line=line, at=at), echo)


def prompted(terminal: Terminal, prompt: str) -> Terminal:
    """A shell has printed its prompt and reads a line."""
    return terminal._replace(prompt=prompt, is_prompting=True, browsed=0)
