"""What a shell makes of one word: braces expanded, fields split, ends trimmed, letters quoted.

Pure functions of texts and of the parsed parts of a word; what needs a variable or
a file is the interpreter's (`shell.py`).

Models POSIX.1-2017, Shell & Utilities, 2.6; brace expansion as bash has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from k8slab.containers import shell_syntax as syntax
from k8slab.containers.patterns import glob


def is_operator(word: Any) -> bool:
    """Whether a word is one of the operators with one operand."""
    plain = isinstance(word, tuple) and len(word) == 1 and isinstance(word[0], syntax.Literal)
    return plain and not word[0].quoted and re.fullmatch(r"-[a-zA-Z]", word[0].text) is not None


def escaped(text: str) -> str:
    """A text in which no letter is a wildcard."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", text)


def quoted_word(word: str) -> str:
    """A word as `set -x` prints it."""
    if word and re.fullmatch(r"[\w@%+=:,./\[\]-]+", word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def python_expression(source: str) -> str:
    """bash's regular expression as Python's: POSIX classes are the difference that matters."""
    source = source.replace("[[:space:]]", r"\s").replace("[[:digit:]]", r"\d")
    return source.replace("[[:alnum:]]", "[a-zA-Z0-9]").replace("[[:alpha:]]", "[a-zA-Z]")


def trimmed(value: str, pattern: str, operator: str) -> str:
    """`${v#p}` and its kin: the shortest or longest match at an end taken away."""
    compiled = glob(pattern)
    lengths: Iterator[int] = iter(range(len(value) + 1))
    if len(operator) == 2:
        lengths = iter(range(len(value), -1, -1))
    for length in lengths:
        piece = value[:length] if operator[0] == "#" else value[len(value) - length :]
        if compiled.match(piece):
            return value[length:] if operator[0] == "#" else value[: len(value) - length]
    return value


class Splitter:
    """Collects the pieces of a word and splits what was not quoted."""

    def __init__(self, separators: str | None) -> None:
        self._separators = separators or ""
        self._fields: list[list[tuple[str, bool]]] = []
        self._current: list[tuple[str, bool]] | None = None

    def letters(self, text: str, quoted: bool) -> None:
        """Add text that is not split."""
        if text or quoted:
            if self._current is None:
                self._current = []
            self._current.append((text, quoted))

    def split(self, text: str) -> None:
        """Add text that is split at the separators."""
        others = "".join(one for one in self._separators if one not in " \t\n")
        if not self._separators:
            self.letters(text, False)
            return
        part = ""
        for letter in text:
            if letter in self._separators:
                if part:
                    self.letters(part, False)
                    part = ""
                if letter in others and self._current is None:
                    self._current = [("", False)]
                self._end()
            else:
                part += letter
        if part:
            self.letters(part, False)

    def each(self, values: list[str]) -> None:
        """Add `"$@"`: each value a field of its own, joined to what is beside."""
        for number, value in enumerate(values):
            if number:
                self._end()
            self.letters(value, True)

    def _end(self) -> None:
        if self._current is not None:
            self._fields.append(self._current)
            self._current = None

    def fields(self) -> list[list[tuple[str, bool]]]:
        """The fields so far."""
        self._end()
        return self._fields


_RANGE = re.compile(r"(-?\d+|[a-zA-Z])\.\.(-?\d+|[a-zA-Z])(?:\.\.(-?\d+))?")


def braces(word: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The words that brace expansion makes of one (`{1..3}`, `{a,b}`)."""
    for number, part in enumerate(word):
        if not isinstance(part, syntax.Literal) or part.quoted or "{" not in part.text:
            continue
        start = part.text.index("{")
        end = _closing(part.text, start)
        if end < 0:
            continue
        choices = _choices(part.text[start + 1 : end])
        if choices is None:
            continue
        before = (*word[:number], syntax.Literal(part.text[:start]))
        after = (syntax.Literal(part.text[end + 1 :]), *word[number + 1 :])
        found: list[tuple[Any, ...]] = []
        for choice in choices:
            joined = (*before, syntax.Literal(choice), *after)
            kept = tuple(
                [one for one in joined if not isinstance(one, syntax.Literal) or one.text or one.quoted]
            )
            found.extend(braces(_merged(kept)))
        return found
    return [word]


def _merged(word: tuple[Any, ...]) -> tuple[Any, ...]:
    parts: list[Any] = []
    for part in word:
        last = parts[-1] if parts else None
        if (
            isinstance(part, syntax.Literal)
            and isinstance(last, syntax.Literal)
            and part.quoted == last.quoted
        ):
            parts[-1] = syntax.Literal(last.text + part.text, part.quoted)
        else:
            parts.append(part)
    return tuple(parts)


def _closing(text: str, start: int) -> int:
    depth = 0
    for at in range(start, len(text)):
        if text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if not depth:
                return at
    return -1


def _choices(inside: str) -> list[str] | None:
    match = _RANGE.fullmatch(inside)
    if match:
        first, last, step = match[1], match[2], abs(int(match[3] or 1)) or 1
        if first.lstrip("-").isdigit() and last.lstrip("-").isdigit():
            a, b = int(first), int(last)
            width = max(len(first), len(last)) if first.startswith("0") or last.startswith("0") else 0
            return [
                str(one).zfill(width)
                for one in range(a, b + (1 if b >= a else -1), step if b >= a else -step)
            ]
        if len(first) == 1 and len(last) == 1:
            a, b = ord(first), ord(last)
            return [chr(one) for one in range(a, b + (1 if b >= a else -1), step if b >= a else -step)]
        return None
    parts, depth, current = [], 0, ""
    for letter in inside:
        if letter == "," and not depth:
            parts.append(current)
            current = ""
            continue
        depth += (letter == "{") - (letter == "}")
        current += letter
    return [*parts, current] if parts else None
