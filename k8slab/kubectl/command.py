"""kubectl's commands: how one is declared, found and run.

Each module of `k8slab.kubectl.verbs` exports one constant, `VERB`. A verb is run
with a `Session`, which makes its requests and collects what it prints.

Models staging/src/k8s.io/kubectl/pkg/cmd/cmd.go and cmd/util/helpers.go, v1.36.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from k8slab.api.errors import ApiError
from k8slab.kubectl.client import Client, Result
from k8slab.kubectl.flags import Flag, UsageError, parse

if TYPE_CHECKING:
    from k8slab.kubectl.session import Session

GLOBAL_FLAGS = (
    Flag("namespace", "n"),
    Flag("context"),
    Flag("cluster"),
    Flag("user"),
    Flag("as"),
    Flag("as-group", type="array"),
    Flag("as-uid"),
    Flag("kubeconfig"),
    Flag("request-timeout", default="0"),
    Flag("server", "s"),
    Flag("token"),
    Flag("v", "v", type="int"),
    Flag("warnings-as-errors", type="bool"),
    Flag("help", "h", type="bool"),
)
"""The flags that every command takes. Those that say how to connect are read and have no effect."""


class KubectlError(Exception):
    """A command that failed: what it says on stderr, whole, and its exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Verb(NamedTuple):
    """One command. `run(session)` does it; `subcommands` are commands of their own (`rollout status`)."""

    name: str
    run: Callable[[Session], None] | None = None
    flags: tuple[Flag, ...] = ()
    aliases: tuple[str, ...] = ()
    subcommands: tuple[Verb, ...] = ()
    summary: str = ""


@cache
def verbs() -> Mapping[str, Verb]:
    """Every command by its name and its aliases, in the sorted order of the modules."""
    import k8slab.kubectl.verbs as package

    table: dict[str, Verb] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
        if module.name.startswith("_"):
            continue
        verb: Verb = importlib.import_module(f"{package.__name__}.{module.name}").VERB
        for name in (verb.name, *verb.aliases):
            table[name] = verb
    return table


def find(argv: Sequence[str]) -> tuple[Verb, str, list[str]]:
    """The command that a line names, its full name, and the rest of the line. KubectlError for none."""
    before: list[str] = []
    rest = list(argv)
    takes_value = {f"--{flag.name}" for flag in GLOBAL_FLAGS if flag.type != "bool"} | {"-n", "-s", "-v"}
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        before.append(word)
        if word in takes_value and rest:
            before.append(rest.pop(0))
    if not rest:
        raise KubectlError("")
    name = rest.pop(0)
    verb = verbs().get(name)
    if verb is None:
        raise KubectlError(f'error: unknown command "{name}" for "kubectl"\n{_suggestion(name)}')
    full = verb.name
    while verb.subcommands and rest and not rest[0].startswith("-"):
        inner = next((one for one in verb.subcommands if rest[0] in (one.name, *one.aliases)), None)
        if inner is None:
            break
        rest.pop(0)
        verb, full = inner, f"{full} {inner.name}"
    return verb, full, [*before, *rest]


def _suggestion(name: str) -> str:
    """Cobra's "Did you mean this?" for a command that is nearly one."""
    near = [one for one in sorted(verbs()) if _distance(name, one) <= 2 or one.startswith(name.lower())]
    if not near:
        return ""
    lines = "".join(f"\t{one}\n" for one in near)
    return f"\nDid you mean this?\n{lines}"


def _distance(left: str, right: str) -> int:
    """The Levenshtein distance of two words."""
    row = list(range(len(right) + 1))
    for number, letter in enumerate(left, 1):
        previous, row[0] = row[0], number
        for column, other in enumerate(right, 1):
            previous, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, previous + (letter != other)),
            )
    return row[-1]


def run(client: Client, argv: Sequence[str], stdin: str = "") -> Result:
    """Run one command line (without the word `kubectl`). What it printed, and its exit code."""
    from k8slab.kubectl.session import Session

    try:
        verb, full, rest = find(argv)
    except KubectlError as error:
        return Result("", error.text, error.code)
    session: Session | None = None
    try:
        parsed = parse((*verb.flags, *GLOBAL_FLAGS), rest)
        session = Session(client, full, parsed, stdin)
        if parsed.values["help"]:
            session.write(f"{verb.summary}\n")
        elif verb.run is None:
            raise KubectlError(_needs_subcommand(verb, parsed.arguments))
        else:
            verb.run(session)
    except UsageError as error:
        hint = f"See 'kubectl {full} --help' for usage.\n" if error.hint else ""
        return _failed(session, f"error: {error.message}\n{hint}", 1)
    except KubectlError as error:
        return _failed(session, error.text, error.code)
    except ApiError as error:
        return _failed(session, server_text(error), 1)
    return Result(session.stdout, session.stderr, session.code)


def _needs_subcommand(verb: Verb, arguments: Sequence[str]) -> str:
    if arguments:
        word = " ".join(arguments)
        hint = f"See 'kubectl {verb.name} -h' for help and examples\n"
        return f'error: unknown command "{word}"\n{hint}'
    return f"error: must specify one of {', '.join(one.name for one in verb.subcommands)}\n"


def _failed(session: Session | None, text: str, code: int) -> Result:
    if session is None:
        return Result("", text, code)
    return Result(session.stdout, session.stderr + text, code)


def server_text(error: ApiError, prefix: str = "") -> str:
    """How kubectl prints a refusal (`cmd/util.StandardErrorMessage`)."""
    message = f"{prefix}{error.message}"
    if error.reason == "Invalid":
        return f"The {_invalid_text(error)}\n" if not prefix else f"{message}\n"
    if error.reason:
        return f"Error from server ({error.reason}): {message}\n"
    return f"Error from server: {message}\n"


def _invalid_text(error: ApiError) -> str:
    """`The Pod "x" is invalid: …`, several faults as a list."""
    if not error.causes:
        return error.message
    kind, name = error.details.get("kind", ""), error.details.get("name", "")
    lines = [f"{cause.field}: {cause.message}" for cause in error.causes]
    unique = list(dict.fromkeys(lines))
    head = f'{kind} "{name}" is invalid'
    if len(unique) == 1:
        return f"{head}: {unique[0]}"
    return f"{head}: \n" + "\n".join(f"* {line}" for line in unique)
