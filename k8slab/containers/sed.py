"""`sed`: substitution, deletion, printing and the other commands that scripts use.

Models POSIX.1-2017 sed with GNU's `-E` and `-i`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from k8slab.containers.patterns import posix
from k8slab.containers.requests import Read, Write
from k8slab.containers.shell import CommandError, Shell, Streams
from k8slab.containers.shell_syntax import unescape
from k8slab.containers.streams import Input, Steps
from k8slab.containers.tools_inputs import opened
from k8slab.containers.tools_options import options


class _Command(NamedTuple):
    """One command: its addresses, its letter and what it needs."""

    first: Any
    last: Any
    negate: bool
    letter: str
    pattern: re.Pattern[str] | None = None
    text: str = ""
    flags: str = ""


def run_sed(shell: Shell, argv: list[str], io: Streams) -> Steps:
    """The tool `sed`."""
    words = [argv[0], *("-i" if word.startswith("-i") and len(word) > 2 else word for word in argv[1:])]
    given = options(words, "ef", ("expression",))
    operands = list(given.operands)
    scripts = [word for flag, word in _expressions(words)]
    if not scripts:
        if not operands:
            raise CommandError("sed: no script given")
        scripts = [operands.pop(0)]
    commands = _parse("\n".join(scripts), given.has("E", "r"))
    quiet = given.has("n", "quiet", "silent")
    if given.has("i"):
        for name in operands:
            text = yield Read(shell.path(name))
            if text is None:
                yield from io.err.write(f"sed: {name}: No such file or directory\n")
                return 1
            yield Write(shell.path(name), edited(text, commands, quiet))
        return 0
    inputs, code = yield from opened(shell, operands, io, "sed")
    if len(inputs) == 1 and not _needs_end(commands):
        yield from _stream(inputs[0][1], commands, quiet, io)
        return code
    text = ""
    for _, source in inputs:
        text += yield from source.read()
    yield from io.out.write(edited(text, commands, quiet))
    return code


def _expressions(words: list[str]) -> list[tuple[str, str]]:
    found = []
    for at, word in enumerate(words[:-1]):
        if word in ("-e", "--expression") or re.fullmatch(r"-[nEr]+e", word):
            found.append((word, words[at + 1]))
    return found


def _needs_end(commands: list[_Command]) -> bool:
    return any(
        "$" in (one.first, one.last) or (one.first is not None and one.last is not None) for one in commands
    )


def _stream(source: Input, commands: list[_Command], quiet: bool, io: Streams) -> Steps:
    """Edit line by line, so that an endless input works."""
    number = 0
    while line := (yield from source.line()):
        number += 1
        state = _State(quiet, {})
        ended = state.line(line.removesuffix("\n"), number, False, commands)
        text = "".join(state.out)
        yield from io.out.write(text if line.endswith("\n") else text.removesuffix("\n"))
        if ended:
            return


def edited(text: str, commands: list[_Command], quiet: bool) -> str:
    """A whole text edited."""
    lines = text.split("\n")
    closed = text.endswith("\n")
    if closed:
        lines.pop()
    state = _State(quiet, {})
    for number, line in enumerate(lines, 1):
        if state.line(line, number, number == len(lines), commands):
            break
    result = "".join(state.out)
    return result if closed or not result else result.removesuffix("\n")


class _State:
    """What is printed so far, and which ranges are open."""

    def __init__(self, quiet: bool, open_ranges: dict[int, bool]) -> None:
        self.quiet, self.open = quiet, open_ranges
        self.out: list[str] = []

    def line(self, line: str, number: int, last: bool, commands: list[_Command]) -> bool:
        """Edit one line. Whether the script ends here."""
        after: list[str] = []
        for index, command in enumerate(commands):
            if self._applies(index, command, line, number, last) == command.negate:
                continue
            letter = command.letter
            if letter == "d":
                self.out.extend(after)
                return False
            if letter == "p":
                self.out.append(line + "\n")
            elif letter == "s":
                changed, count = _substituted(command, line)
                if count and "p" in command.flags:
                    self.out.append(changed + "\n")
                line = changed
            elif letter == "y":
                line = line.translate(str.maketrans(*command.text.split("\0")))
            elif letter == "a":
                after.append(command.text + "\n")
            elif letter == "i":
                self.out.append(command.text + "\n")
            elif letter == "c":
                self.out.append(command.text + "\n")
                return False
            elif letter == "=":
                self.out.append(f"{number}\n")
            elif letter == "q":
                if not self.quiet:
                    self.out.append(line + "\n")
                return True
        if not self.quiet:
            self.out.append(line + "\n")
        self.out.extend(after)
        return False

    def _applies(self, index: int, command: _Command, line: str, number: int, last: bool) -> bool:
        if command.first is None:
            return True
        if command.last is None:
            return _at(command.first, line, number, last)
        if self.open.get(index):
            if _at(command.last, line, number, last) or (
                isinstance(command.last, int) and number >= command.last
            ):
                self.open[index] = False
            return True
        if _at(command.first, line, number, last):
            self.open[index] = not (isinstance(command.last, int) and command.last <= number)
            return True
        return False


def _at(address: Any, line: str, number: int, last: bool) -> bool:
    if address == "$":
        return last
    if isinstance(address, int):
        return number == address
    return bool(address.search(line))


def _substituted(command: _Command, line: str) -> tuple[str, int]:
    pattern = command.pattern
    assert pattern is not None, "a substitution has a pattern"
    wanted = int(re.sub(r"\D", "", command.flags) or 0)
    if wanted:
        seen = 0

        def nth(match: re.Match[str]) -> str:
            nonlocal seen
            seen += 1
            return _filled(command.text, match) if seen == wanted else match[0]

        return pattern.sub(nth, line), 1
    count = 0 if "g" in command.flags else 1
    return pattern.subn(lambda match: _filled(command.text, match), line, count=count)


def _filled(template: str, match: re.Match[str]) -> str:
    parts: list[str] = []
    at = 0
    while at < len(template):
        letter = template[at]
        if letter == "\\" and at + 1 < len(template):
            following = template[at + 1]
            if following.isdigit():
                parts.append(match[int(following)] or "" if int(following) <= (match.re.groups or 0) else "")
            else:
                parts.append(unescape("\\" + following) if following in "nt" else following)
            at += 2
            continue
        parts.append(match[0] if letter == "&" else letter)
        at += 1
    return "".join(parts)


def _parse(script: str, extended: bool) -> list[_Command]:
    reader = _Reader(script, extended)
    commands: list[_Command] = []
    while True:
        command = reader.command()
        if command is None:
            return commands
        commands.append(command)


class _Reader:
    def __init__(self, text: str, extended: bool) -> None:
        self.text, self.extended, self.at = text, extended, 0

    def command(self) -> _Command | None:
        text = self.text
        while self.at < len(text) and text[self.at] in " \t\n;{}":
            self.at += 1
        if self.at >= len(text):
            return None
        first = self._address()
        last = None
        if first is not None and text[self.at : self.at + 1] == ",":
            self.at += 1
            last = self._address()
        while text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        negate = text[self.at : self.at + 1] == "!"
        self.at += negate
        letter = text[self.at : self.at + 1]
        self.at += 1
        if letter == "s":
            return self._substitution(first, last, negate)
        if letter == "y":
            source, target = self._delimited(), self._rest_delimited()
            return _Command(first, last, negate, "y", text=f"{source}\0{target}")
        if letter in ("a", "i", "c"):
            end = text.find("\n", self.at)
            end = len(text) if end < 0 else end
            body = text[self.at : end].lstrip().removeprefix("\\").lstrip()
            self.at = end
            return _Command(first, last, negate, letter, text=body)
        if letter in ("d", "p", "q", "="):
            return _Command(first, last, negate, letter)
        raise CommandError(f"sed: unsupported command {letter}")

    def _address(self) -> Any:
        match = re.compile(r"\d+").match(self.text, self.at)
        if match:
            self.at = match.end()
            return int(match[0])
        if self.text[self.at : self.at + 1] == "$":
            self.at += 1
            return "$"
        if self.text[self.at : self.at + 1] in ("/", "\\"):
            if self.text[self.at] == "\\":
                self.at += 1
            return posix(self._delimited(), self.extended)
        return None

    def _delimited(self) -> str:
        self._delimiter = self.text[self.at]
        self.at += 1
        return self._rest_delimited()

    def _rest_delimited(self) -> str:
        parts: list[str] = []
        bracket = False
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "\\" and self.at + 1 < len(self.text):
                following = self.text[self.at + 1]
                parts.append(following if following == self._delimiter else "\\" + following)
                self.at += 2
                continue
            if letter == self._delimiter and not bracket:
                self.at += 1
                return "".join(parts)
            bracket = letter == "[" or (bracket and letter != "]")
            parts.append(letter)
            self.at += 1
        raise CommandError("sed: unterminated s command")

    def _substitution(self, first: Any, last: Any, negate: bool) -> _Command:
        source = self._delimited()
        replacement = self._replacement()
        match = re.compile(r"[gpIi0-9]*").match(self.text, self.at)
        flags = match[0] if match else ""
        self.at += len(flags)
        pattern = posix(source, self.extended, "i" in flags.lower())
        return _Command(first, last, negate, "s", pattern, replacement, flags)

    def _replacement(self) -> str:
        parts: list[str] = []
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "\\" and self.at + 1 < len(self.text):
                following = self.text[self.at + 1]
                parts.append(following if following == self._delimiter else "\\" + following)
                self.at += 2
                continue
            self.at += 1
            if letter == self._delimiter:
                return "".join(parts)
            parts.append(letter)
        raise CommandError("sed: unterminated s command")
