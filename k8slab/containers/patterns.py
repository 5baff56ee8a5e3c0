"""The shell's patterns (`*`, `?`, `[a-z]`), and POSIX regular expressions, as Python's."""

from __future__ import annotations

import re
from functools import lru_cache

_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9a-fA-F",
    "print": " -~",
    "cntrl": r"\x00-\x1f",
}


def has_wildcards(text: str) -> bool:
    """Whether a text is a pattern."""
    return any(letter in text for letter in "*?[")


@lru_cache(maxsize=1024)
def glob_source(pattern: str, greedy: bool = True) -> str:
    """A pattern as the source of a regular expression. A backslash takes away a letter's meaning."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\" and at + 1 < len(pattern):
            parts.append(re.escape(pattern[at + 1]))
            at += 2
            continue
        if letter == "*":
            parts.append(".*" if greedy else ".*?")
        elif letter == "?":
            parts.append(".")
        elif letter == "[" and (end := _bracket_end(pattern, at)) > 0:
            parts.append(_bracket(pattern[at + 1 : end]))
            at = end
        else:
            parts.append(re.escape(letter))
        at += 1
    return "".join(parts)


def _bracket_end(pattern: str, at: int) -> int:
    end = at + 1
    if pattern[end : end + 1] in ("!", "^"):
        end += 1
    if pattern[end : end + 1] == "]":
        end += 1
    while end < len(pattern):
        if pattern.startswith("[:", end):
            end = pattern.find(":]", end) + 2
            if end < 2:
                return -1
            continue
        if pattern[end] == "]":
            return end
        end += 1
    return -1


def _bracket(inside: str) -> str:
    negate = inside[:1] in ("!", "^")
    body = inside[1:] if negate else inside
    body = body.replace("\\", "\\\\").replace("[:", "\0")
    body = re.sub("\0(\\w+):]", lambda match: _CLASSES.get(match[1], ""), body)
    return f"[{'^' if negate else ''}{body.replace('[', chr(92) + '[')}]"


@lru_cache(maxsize=1024)
def glob(pattern: str) -> re.Pattern[str]:
    """A pattern that must match a whole text."""
    return re.compile(glob_source(pattern) + r"\Z", re.DOTALL)


@lru_cache(maxsize=1024)
def posix(expression: str, extended: bool = False, ignore_case: bool = False) -> re.Pattern[str]:
    """A POSIX regular expression (basic or extended). re.error for a malformed one."""
    source = expression if extended else _from_basic(expression)
    source = re.sub(r"\[\[:(\w+):\]\]", lambda match: f"[{_CLASSES.get(match[1], '')}]", source)
    source = re.sub(r"\[:(\w+):\]", lambda match: _CLASSES.get(match[1], ""), source)
    return re.compile(source, re.IGNORECASE if ignore_case else 0)


def _from_basic(text: str) -> str:
    """Basic to extended: a backslash makes an operator in the one and unmakes it in the other."""
    parts: list[str] = []
    at = 0
    while at < len(text):
        letter = text[at]
        if letter == "\\" and at + 1 < len(text):
            following = text[at + 1]
            parts.append(following if following in "(){}|+?" else "\\" + following)
            at += 2
            continue
        if letter == "[":
            end = _bracket_end(text, at)
            if end > 0:
                parts.append(text[at : end + 1])
                at = end + 1
                continue
        if letter in "(){}|+?":
            parts.append("\\" + letter)
        elif letter == "*" and (not parts or parts[-1] in ("^", "(")):
            parts.append("\\*")
        else:
            parts.append(letter)
        at += 1
    return "".join(parts)
