"""What Go says of a text that is no regular expression.

Names of scripts aren't looked up: an unknown one of three letters or more is let pass.

Models regexp/syntax (Parse) of the Go release with which v1.36 is built.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_REPEAT = re.compile(r"\{(\d+)(,(\d*))?\}")
_NAMED = re.compile(r"\(\?P?<([^>]*)>")
_FLAGS = re.compile(r"\(\?([imsU]*)(-[imsU]+)?[:)]")
_FLAG_LETTERS = re.compile(r"\(\?[imsU-]*.?", re.DOTALL)
_ESCAPES = re.compile(
    r"\\(x[0-9A-Fa-f]{2}|x\{[0-9A-Fa-f]+\}|0[0-7]{0,2}|[1-7][0-7]{1,2}|[afnrtv]|[^\w]|_)", re.ASCII
)
_CLASS = re.compile(r"\\[dDsSwW]|\\[pP](\{\^?(\w+)\}|.)|\[:\^?[a-z]+:\]", re.ASCII)
_EMPTY = re.compile(r"\\[AbBzC]")
_CATEGORIES = frozenset(
    {
        *("C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "LC", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me"),
        *("N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"),
        *("S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp"),
    }
)
_MOST_REPEATS = 1000


class _PatternError(Exception):
    """Why a text is no expression, and the part of it at which that shows."""


def regexp_fault(pattern: str) -> str:
    """The error of compiling a pattern; nothing where it is one."""
    try:
        _scan(pattern)
    except _PatternError as error:
        what, where = error.args
        return f"error parsing regexp: {what}: `{where}`"
    return ""


def _scan(text: str) -> None:
    at = depth = 0
    repeated: int | None = None  # Where the operator before began.
    empty = True  # Whether nothing stands there that could be repeated.
    while at < len(text):
        letter = text[at]
        found = _REPEAT.match(text, at) if letter == "{" else None
        if letter in "*+?" or found:
            end = found.end() if found else at + 1
            if found:
                _check_count(found)
            end += text[end : end + 1] == "?"
            if empty:
                raise _PatternError("missing argument to repetition operator", text[at:end])
            if repeated is not None:
                raise _PatternError("invalid nested repetition operator", text[repeated:end])
            repeated, at = at, end
            continue
        repeated, empty = None, letter in "(|"
        if letter == "(":
            at, opens = _group(text, at)
            depth += opens
        elif letter == ")":
            if not depth:
                raise _PatternError("unexpected )", text)
            depth, at = depth - 1, at + 1
        else:
            at = _ATOMS.get(letter, _one)(text, at)
    if depth:
        raise _PatternError("missing closing )", text)


def _one(text: str, at: int) -> int:
    return at + 1


def _check_count(found: re.Match[str]) -> None:
    least = int(found[1])
    most = int(found[3]) if found[3] else least
    if max(least, most) > _MOST_REPEATS or most < least:
        raise _PatternError("invalid repeat count", found[0])


def _group(text: str, at: int) -> tuple[int, int]:
    """Where a group's inside begins, and whether it has one: `(?i)` has none."""
    if not text.startswith("(?", at):
        return at + 1, 1
    named = _NAMED.match(text, at)
    if named:
        if not re.fullmatch(r"\w+", named[1], re.ASCII):
            raise _PatternError("invalid named capture", named[0])
        return named.end(), 1
    if text.startswith(("(?P<", "(?<"), at):
        raise _PatternError("invalid named capture", text[at:])
    flags = _FLAGS.match(text, at)
    if flags:
        return flags.end(), int(flags[0].endswith(":"))
    wrong = _FLAG_LETTERS.match(text, at)
    raise _PatternError("invalid or unsupported Perl syntax", wrong[0] if wrong else "")


def _escape(text: str, at: int) -> int:
    """The end of an escape outside of a class."""
    if text.startswith("\\Q", at):
        end = text.find("\\E", at)
        return len(text) if end < 0 else end + 2
    empty = _EMPTY.match(text, at)
    return empty.end() if empty else _named_class(text, at) or _literal(text, at)


def _named_class(text: str, at: int) -> int:
    """The end of a class with a name, 0 where none begins."""
    found = _CLASS.match(text, at)
    if not found:
        return 0
    name = found[2] or found[1] or ""
    if found[1] and len(name) <= 2 and name not in _CATEGORIES:
        raise _PatternError("invalid character class range", found[0])
    return found.end()


def _literal(text: str, at: int) -> int:
    """The end of one letter, which may be written as an escape."""
    if text[at] != "\\":
        return at + 1
    if at + 1 == len(text):
        raise _PatternError("trailing backslash at end of expression", "")
    found = _ESCAPES.match(text, at)
    if not found:
        raise _PatternError("invalid escape sequence", text[at : at + 2 + (text[at + 1] == "x")])
    return found.end()


def _bracket(text: str, start: int) -> int:
    """The end of a class in brackets."""
    at = start + 1 + text.startswith("[^", start)
    first = True
    while at < len(text) and (text[at] != "]" or first):
        first = False
        after = _named_class(text, at)
        if after:
            at = after
            continue
        low = at
        at = high = _literal(text, at)
        if text.startswith("-", at) and text[at + 1 : at + 2] not in ("", "]"):
            at = _literal(text, at + 1)
            ends = text[low:high], text[high + 1 : at]
            if "\\" not in "".join(ends) and ends[1] < ends[0]:
                raise _PatternError("invalid character class range", text[low:at])
    if at >= len(text):
        raise _PatternError("missing closing ]", text[start:])
    return at + 1


_ATOMS: dict[str, Callable[[str, int], int]] = {"\\": _escape, "[": _bracket}
