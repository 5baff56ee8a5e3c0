"""What each flag of each command does here, as a table: the document `docs/kubectl-flags.md`.

A flag is done as upstream does it, or it makes no difference in process, or a command that is
given it isn't run and says why. The verdicts stand with the flags themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from k8slab.kubectl.command import GLOBAL_FLAGS, Verb, verbs
from k8slab.kubectl.flags import Flag

_HEAD = """\
# What each flag of kubectl does

Every command and every flag of kubectl v1.36 is known in process. A flag is done as upstream does it; or it
makes no difference here; or a command that is given it isn't run, and says why. Flags that upstream hides are
known too.

| command | done | makes no difference | refused |
|---|---|---|---|
"""


class Row(NamedTuple):
    """One command with its flags, and why it is not run itself, where it isn't."""

    command: str
    flags: tuple[Flag, ...]
    refused: str = ""


def rows() -> list[Row]:
    """The flags of all commands, then every command with its own in alphabetical order."""
    return [Row("every command", GLOBAL_FLAGS), *_rows(sorted(set(verbs().values()), key=_name), "")]


def _name(verb: Verb) -> str:
    return verb.name


def _rows(found: Sequence[Verb], before: str) -> Iterator[Row]:
    for verb in found:
        full = f"{before}{verb.name}"
        yield Row(full, verb.flags, verb.refused)
        yield from _rows(verb.subcommands, f"{full} ")


def as_text() -> str:
    """The document."""
    return _HEAD + "".join(_line(row) for row in rows())


def _line(row: Row) -> str:
    flags = sorted(row.flags, key=lambda flag: flag.name)
    done = [flag for flag in flags if not (flag.idle or flag.refused or row.refused)]
    idle = [flag for flag in flags if flag.idle]
    refused = [flag for flag in flags if flag.refused]
    cells = (
        row.command if row.flags is GLOBAL_FLAGS else f"`{row.command}`",
        " ".join(map(_written, done)),
        "; ".join(f"{_written(flag)}: {flag.idle}" for flag in idle),
        f"the command: {row.refused}" if row.refused else _grouped(refused),
    )
    return f"| {' | '.join(cells)} |\n"


def _grouped(flags: Sequence[Flag]) -> str:
    """Refused flags with their reasons, those of one reason together."""
    reasons = dict.fromkeys(flag.refused for flag in flags)
    return "; ".join(
        f"{' '.join(_written(flag) for flag in flags if flag.refused == reason)}: {reason}"
        for reason in reasons
    )


def _written(flag: Flag) -> str:
    return f"`{f'-{flag.short}, ' if flag.short else ''}--{flag.name}`"
