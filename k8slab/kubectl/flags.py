"""Command-line flags as kubectl reads them: long, short, joined and clustered.

Models vendor/github.com/spf13/pflag/flag.go and cmd/util's wrapping of its
errors, as kubectl v1.36 shows them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from k8slab.api.json_text import go_quote
from k8slab.clock import duration_us


class Flag(NamedTuple):
    """One flag. `type` is bool, string, strings (split at commas), array, pairs, map, int or duration.

    `bare` is the value of the flag without one, where that is allowed (`--dry-run`). Whoever gives
    a `deprecated` one is told so. `idle` says why a flag makes no difference in process, `refused` why
    a command that is given it isn't run.
    """

    name: str
    short: str = ""
    type: str = "string"
    default: Any = None
    bare: str | None = None
    deprecated: str = ""
    idle: str = ""
    refused: str = ""


class UsageError(Exception):
    """A command line that can't be read. `hint` is where help is to be found."""

    def __init__(self, message: str, *, hint: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Parsed(NamedTuple):
    """The flags' values by name, the arguments, and how many of them stood before `--` (-1: no dash).

    `in_order` are the flags that were given, with their values as text.
    """

    values: dict[str, Any]
    arguments: list[str]
    dash: int
    given: dict[str, bool]
    in_order: list[tuple[str, str]]


def flag_named(flags: Sequence[Flag], word: str) -> Flag | None:
    """The flag that `--name` or `-n` writes, None for an unknown one."""
    if word.startswith("--"):
        return next((flag for flag in flags if flag.name == word[2:]), None)
    return next((flag for flag in flags if flag.short and flag.short == word[1:]), None)


_EMPTY_DEFAULTS: Mapping[str, Any] = {
    "pairs": {},
    "map": {},
    "bool": False,
    "string": "",
    "int": 0,
    "int32": 0,
    "duration": 0,
}


def parse(flags: Sequence[Flag], argv: Sequence[str]) -> Parsed:
    """Read a command line. UsageError in pflag's words."""
    long = {flag.name: flag for flag in flags}
    short = {flag.short: flag for flag in flags if flag.short}
    values = {flag.name: _default(flag) for flag in flags}
    given: dict[str, bool] = {}
    in_order: list[tuple[str, str]] = []
    arguments: list[str] = []
    dash = -1
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            dash = len(arguments)
            arguments.extend(rest)
            break
        if word.startswith("--"):
            in_order.append(_long(word, rest, long, values, given))
        elif word.startswith("-") and len(word) > 1:
            in_order += _cluster(word, rest, short, values, given)
        else:
            arguments.append(word)
    return Parsed(values, arguments, dash, given, in_order)


def _default(flag: Flag) -> Any:
    if flag.type in ("strings", "array"):
        return list(flag.default or ())
    return _EMPTY_DEFAULTS[flag.type] if flag.default is None else flag.default


def _long(
    word: str, rest: list[str], long: Mapping[str, Flag], values: dict[str, Any], given: dict[str, bool]
) -> tuple[str, str]:
    name, equals, value = word[2:].partition("=")
    if not name or name.startswith("-"):
        raise UsageError(f"bad flag syntax: {word}")
    flag = long.get(name)
    if flag is None:
        raise UsageError(f"unknown flag: --{name}")
    if not equals:
        if flag.type == "bool":
            value = "true"
        elif flag.bare is not None:
            value = flag.bare
        elif rest:
            value = rest.pop(0)
        else:
            raise UsageError(f"flag needs an argument: --{name}")
    _set(flag, value, values, given, f"--{name}" if not flag.short else f"-{flag.short}, --{name}")
    return name, value


def _cluster(
    word: str, rest: list[str], short: Mapping[str, Flag], values: dict[str, Any], given: dict[str, bool]
) -> list[tuple[str, str]]:
    letters = word[1:]
    found: list[tuple[str, str]] = []
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = short.get(letter)
        if flag is None:
            raise UsageError(f"unknown shorthand flag: '{letter}' in {word}")
        if letters.startswith("="):
            value, letters = letters[1:], ""
        elif flag.type == "bool":
            value = "true"
        elif flag.bare is not None:
            value = flag.bare
        elif letters:
            value, letters = letters, ""
        elif rest:
            value = rest.pop(0)
        else:
            raise UsageError(f"flag needs an argument: '{letter}' in {word}")
        _set(flag, value, values, given, f"-{letter}, --{flag.name}")
        found.append((flag.name, value))
    return found


_TRUTHS = {"1": True, "t": True, "T": True, "TRUE": True, "true": True, "True": True}
_FALSEHOODS = {"0": False, "f": False, "F": False, "FALSE": False, "false": False, "False": False}


def _set(flag: Flag, value: str, values: dict[str, Any], given: dict[str, bool], shown: str) -> None:
    try:
        read = _READERS[flag.type](value)
    except ValueError as error:
        raise UsageError(f'invalid argument {go_quote(value)} for "{shown}" flag: {error}') from error
    if flag.type == "map":
        values[flag.name] = {**(values[flag.name] if flag.name in given else {}), **read}
    elif flag.type in ("strings", "array"):
        values[flag.name] = [*(values[flag.name] if flag.name in given else ()), *read]
    else:
        values[flag.name] = read
    given[flag.name] = True


def _bool(value: str) -> bool:
    table = {**_TRUTHS, **_FALSEHOODS}
    if value not in table:
        raise ValueError(f'strconv.ParseBool: parsing "{value}": invalid syntax')
    return table[value]


def _int(value: str, bits: int = 64) -> int:
    if not re.fullmatch(r"[+-]?\d+", value):
        raise ValueError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
    if not -(2 ** (bits - 1)) <= int(value) < 2 ** (bits - 1):
        raise ValueError(f'strconv.ParseInt: parsing "{value}": value out of range')
    return int(value)


def _int32(value: str) -> int:
    return _int(value, 32)


def duration(value: str) -> int:
    """A Go duration such as `1m30s` in microseconds. ValueError in Go's words for any other text."""
    negative = value.startswith("-")
    text = value.lstrip("+-")
    if text == "0":
        return 0
    if re.fullmatch(r"\d+(\.\d+)?", text):
        raise ValueError(f'time: missing unit in duration "{value}"')
    try:
        amount = duration_us(text)
    except ValueError as error:
        raise ValueError(f'time: invalid duration "{value}"') from error
    return -amount if negative else amount


def _strings(value: str) -> list[str]:
    """A list as a line of comma-separated values, in which quotation marks hold commas together.

    ValueError in the words of Go's encoding/csv for marks that don't fit.
    """
    line = value.partition("\n")[0]
    fields: list[str] = []
    at = 0
    while line and at <= len(line):
        field, at = _quoted_field(line, at) if line[at : at + 1] == '"' else _bare_field(line, at)
        fields.append(field)
    return fields


def _bare_field(line: str, at: int) -> tuple[str, int]:
    """A field without quotation marks, and where the next one begins."""
    field = line[at:].partition(",")[0]
    if '"' in field:
        raise _csv_error(line, at + field.index('"'), 'bare " in non-quoted-field')
    return field, at + len(field) + 1


def _quoted_field(line: str, at: int) -> tuple[str, int]:
    """A field between quotation marks, in which two of them stand for one."""
    parts: list[str] = []
    at += 1
    while True:
        end = line.find('"', at)
        if end < 0:
            raise _csv_error(line, len(line), 'extraneous or missing " in quoted-field')
        parts.append(line[at:end])
        following = line[end + 1 : end + 2]
        if following in ("", ","):
            return "".join(parts), end + 2
        if following != '"':
            raise _csv_error(line, end, 'extraneous or missing " in quoted-field')
        parts.append('"')
        at = end + 2


def _csv_error(line: str, at: int, problem: str) -> ValueError:
    return ValueError(f"parse error on line 1, column {len(line[:at].encode()) + 1}: {problem}")


def _map(value: str) -> dict[str, str]:
    """The same for pflag's own map, which words its refusal differently."""
    found: dict[str, str] = {}
    for part in _strings(value):
        name, equals, text = part.partition("=")
        if not equals:
            raise ValueError(f"{part} must be formatted as key=value")
        found[name] = text
    return found


def _pairs(value: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in value.split(","):
        name, equals, text = part.partition("=")
        if not equals:
            raise ValueError("malformed pair, expect string=string")
        found[name.strip()] = text.strip()
    return found


_READERS: Mapping[str, Any] = {
    "bool": _bool,
    "string": str,
    "strings": _strings,
    "pairs": _pairs,
    "map": _map,
    "array": lambda value: [value],
    "int": _int,
    "int32": _int32,
    "duration": duration,
}
