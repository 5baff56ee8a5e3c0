"""kubectl's commands: how one is declared, found and run, and how its errors are told.

Each module of `k8slab.kubectl.verbs` exports one constant, `VERB`. A verb is run
with a `Session`, which makes its requests and collects what it prints.

Models staging/src/k8s.io/kubectl/pkg/cmd/cmd.go, cmd/util/helpers.go and
vendor/github.com/spf13/cobra/command.go, v1.36.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from k8slab.api.errors import ApiError
from k8slab.clock import SECOND_US
from k8slab.kubectl.client import Client, Result
from k8slab.kubectl.durations import duration_text
from k8slab.kubectl.flags import Flag, Parsed, UsageError, flag_named, parse
from k8slab.kubectl.usage import ARGUMENTS

if TYPE_CHECKING:
    from k8slab.kubectl.session import Session

_NO_TLS = "the API server is reached in process, without TLS"

GLOBAL_FLAGS = (
    Flag("namespace", "n"),
    Flag("context"),
    Flag("cluster"),
    Flag("user"),
    Flag("as"),
    Flag("as-group", type="array"),
    Flag("as-uid"),
    Flag("as-user-extra", type="array"),
    Flag("kubeconfig", refused="a lab has one kubeconfig of its own: change it with kubectl config"),
    Flag("cache-dir", idle="nothing is kept between commands"),
    Flag("certificate-authority", idle=_NO_TLS),
    Flag("client-certificate"),
    Flag("client-key"),
    Flag("insecure-skip-tls-verify", type="bool", idle=_NO_TLS),
    Flag("disable-compression", type="bool", idle="nothing is sent over a network"),
    Flag("match-server-version", type="bool", idle="client and server are of one version"),
    Flag("tls-server-name", idle=_NO_TLS),
    Flag("username"),
    Flag("password"),
    Flag("kuberc", idle="a lab keeps no preferences"),
    Flag("profile", default="none", refused="no Go program runs that could be profiled"),
    Flag("profile-output", default="profile.pprof", idle="nothing is profiled"),
    Flag(
        "log-flush-frequency",
        type="duration",
        default=5 * SECOND_US,
        idle="what is logged is printed at once",
    ),
    Flag("vmodule", idle="there are no Go files whose log could be set"),
    Flag("request-timeout", default="0"),
    Flag("server", "s"),
    Flag("token"),
    Flag("v", "v", type="int"),
    Flag("warnings-as-errors", type="bool"),
    Flag("help", "h", type="bool"),
)
"""The flags that every command takes."""

_SUGGESTION_ORDER = (
    "create",
    "expose",
    "run",
    "set",
    "explain",
    "get",
    "edit",
    "delete",
    "rollout",
    "scale",
    "autoscale",
    "certificate",
    "cluster-info",
    "top",
    "cordon",
    "uncordon",
    "drain",
    "taint",
    "describe",
    "logs",
    "attach",
    "exec",
    "port-forward",
    "proxy",
    "cp",
    "auth",
    "debug",
    "events",
    "diff",
    "apply",
    "patch",
    "replace",
    "wait",
    "kustomize",
    "label",
    "annotate",
    "completion",
    "alpha",
    "config",
    "kuberc",
    "plugin",
    "version",
    "api-versions",
    "api-resources",
    "options",
)
"""kubectl's commands in the order of its groups, in which it suggests them."""

_SUGGESTED_FOR = {
    "delete": ("rm", "remove"),
    "get": ("list", "ps"),
    "label": (),
}


class KubectlError(Exception):
    """A command that failed: what it says on stderr, whole, its exit code, and what it printed before."""

    def __init__(self, text: str, code: int = 1, *, printed: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.printed = printed


class FailuresError(Exception):
    """Several errors of one command, told one after another."""

    def __init__(self, errors: Sequence[Exception]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = tuple(errors)


class Verb(NamedTuple):
    """One command. `run(session)` does it; `subcommands` are commands of their own (`rollout status`).

    `help_on` is the stream on which a command that only has subcommands prints its help;
    `required` names the flags without which the command isn't run, `failed_code` is its exit
    code where it fails. `refused` says what to do instead of a command that is not done in process.
    """

    name: str
    run: Callable[[Session], None] | None = None
    flags: tuple[Flag, ...] = ()
    aliases: tuple[str, ...] = ()
    subcommands: tuple[Verb, ...] = ()
    summary: str = ""
    help_on: str = "stderr"
    required: tuple[str, ...] = ()
    failed_code: int = 1
    refused: str = ""


def flags_of(verb: Verb) -> tuple[Flag, ...]:
    """Every flag of a command: those of all commands, unless it has one of that name, and its own."""
    own = {flag.name for flag in verb.flags}
    return (*(flag for flag in GLOBAL_FLAGS if flag.name not in own), *verb.flags)


def fail(message: str, code: int = 1) -> KubectlError:
    """The error of a command in kubectl's usual form: `error: …`."""
    return KubectlError(f"error: {message.removeprefix('error: ').removesuffix(chr(10))}\n", code)


def usage_fail(command: str, message: str) -> KubectlError:
    """The error of a command that was called wrongly, with the place of its help."""
    text = message.removeprefix("error: ")
    return KubectlError(f"error: {text}\nSee 'kubectl {command} -h' for help and examples\n")


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
    rest = list(argv)
    at = _command_word(rest, GLOBAL_FLAGS)
    if at is None:
        return (
            Verb("", summary="kubectl controls the Kubernetes cluster manager.", help_on="stdout"),
            "",
            rest,
        )
    name = rest.pop(at)
    verb = verbs().get(name)
    if verb is None:
        raise KubectlError(f'error: unknown command "{name}" for "kubectl"\n{_suggestion(name)}')
    full = verb.name
    while verb.subcommands:
        at = _command_word(rest, (*verb.flags, *GLOBAL_FLAGS))
        if at is None:
            break
        word = rest[at]
        inner = next((one for one in verb.subcommands if word in (one.name, *one.aliases)), None)
        if inner is None:
            break
        del rest[at]
        verb, full = inner, f"{full} {inner.name}"
    return verb, full, rest


def _command_word(words: Sequence[str], flags: Sequence[Flag]) -> int | None:
    """Where the first word stands that is neither a flag nor a flag's value; None before `--`."""
    number = 0
    while number < len(words):
        word = words[number]
        if word == "--":
            return None
        if not word.startswith("-") or word == "-":
            return number
        number += 2 if _takes_next(word, flags) else 1
    return None


def _takes_next(word: str, flags: Sequence[Flag]) -> bool:
    if "=" in word:
        return False
    if not word.startswith("--") and len(word) > 2:
        return False
    flag = flag_named(flags, word)
    return flag is not None and flag.type != "bool" and flag.bare is None


def _suggestion(name: str) -> str:
    """Cobra's "Did you mean this?" for a command that is nearly one."""
    near = [
        one
        for one in _SUGGESTION_ORDER
        if _distance(name.lower(), one) <= 2
        or one.startswith(name.lower())
        or name in _SUGGESTED_FOR.get(one, ())
    ]
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


def run(client: Client, argv: Sequence[str], stdin: str = "", *, namespace: str = "default") -> Result:
    """Run one command line (without the word `kubectl`). What it printed, and its exit code.

    `namespace` is the one of the current context, which is meant without `-n`.
    """
    from k8slab.kubectl.session import Session

    if argv[:1] == ["help"]:
        return _help(argv[1:])
    try:
        verb, full, rest = find(argv)
    except KubectlError as error:
        return Result("", error.text, error.code)
    session: Session | None = None
    try:
        flags = flags_of(verb)
        parsed = parse(flags, rest)
        session = Session(client, full, parsed, stdin, namespace)
        for flag in (flag for name, _ in parsed.in_order for flag in verb.flags if flag.name == name):
            if flag.deprecated:
                session.warn(f"Flag --{flag.name} has been deprecated, {flag.deprecated}\n")
        if parsed.values["help"]:
            session.write(help_text(verb, full))
            return Result(session.stdout, session.stderr, 0)
        _check_simulated(parsed, flags)
        if verb.refused:
            raise fail(verb.refused)
        if verb.run is None:
            _only_help(session, verb, full)
        else:
            _check_required(session, verb)
            verb.run(session)
        session.stop_if_failed()
        if parsed.values["warnings-as-errors"] and session.warning_count:
            count = session.warning_count
            raise fail(f"{count} warning{'s' if count > 1 else ''} received")
    except UsageError as error:
        hint = f"See '{' '.join(('kubectl', *full.split()))} --help' for usage.\n" if error.hint else ""
        if verb.failed_code != 1:
            hint = f"See 'kubectl {full} -h' for help and examples\n"
        return _failed(session, f"error: {error.message}\n{hint}", verb.failed_code)
    except (KubectlError, ApiError, FailuresError) as error:
        code = 1
        if isinstance(error, KubectlError):
            code = error.code
            if session is not None:
                session.write(error.printed)
        return _failed(session, error_text(error), max(code, verb.failed_code))
    return Result(session.stdout, session.stderr, session.code)


def _help(topic: Sequence[str]) -> Result:
    """`kubectl help COMMAND`: what the command's `--help` says."""
    try:
        verb, full, _ = find(topic)
    except KubectlError:
        kubectl, name, _ = find(())
        shown = " ".join(f"`{word}`" for word in topic)
        return Result("", f"Unknown help topic [{shown}]\n{usage_text(kubectl, name)}", 0)
    return Result(help_text(verb, full), "", 0)


_MOST_VERBOSE = 5
"""Up to this level kubectl's log says nothing of a command that succeeds."""


def _check_simulated(parsed: Parsed, flags: Sequence[Flag]) -> None:
    """Refuse flags that ask for what isn't done in process. KubectlError."""
    for flag in flags:
        if flag.refused and flag.name in parsed.given:
            raise fail(f"--{flag.name} is not simulated: {flag.refused}")
    if parsed.values["v"] > _MOST_VERBOSE:
        raise fail(
            f"--v={parsed.values['v']} is not simulated: no request is sent that could be logged;"
            " what an object caused is told by lab.why()"
        )


def _check_required(session: Session, verb: Verb) -> None:
    missing = [f'"{name}"' for name in sorted(verb.required) if name not in session.given]
    if missing:
        raise fail(f"required flag(s) {', '.join(missing)} not set")


def help_text(verb: Verb, full: str) -> str:
    """What a command is for, its subcommands and its flags."""
    return f"{verb.summary}\n\n{usage_text(verb, full)}"


def usage_text(verb: Verb, full: str) -> str:
    """A command's subcommands, its flags and the arguments that it takes."""
    lines: list[str] = []
    groups = {"Available Commands:": verb.subcommands} if full else _groups()
    for title, inner in groups.items():
        if inner:
            width = max(15 if not full else 13, *(len(one.name) + 1 for one in inner))
            lines += [title, *(f"  {one.name:<{width}} {one.summary}".rstrip() for one in inner), ""]
    if verb.flags:
        lines += ["Options:", *option_lines(verb.flags, full), ""]
    words = " ".join(("kubectl", *full.split()))
    lines += ["Usage:", f"  {words} {ARGUMENTS.get(full, '[flags] [options]')}", ""]
    if verb.subcommands or not full:
        lines.append(f'Use "{words} <command> --help" for more information about a given command.')
    lines.append(
        'Use "kubectl options" for a list of global command-line options (applies to all commands).\n'
    )
    return "\n".join(lines)


def _groups() -> dict[str, tuple[Verb, ...]]:
    """The titles under which kubectl lists its commands, and those commands."""
    known = verbs()
    groups = {title: tuple(known[name] for name in names) for title, names in _GROUPS.items()}
    grouped = {one.name for inner in groups.values() for one in inner}
    rest = dict.fromkeys(one.name for one in known.values() if one.name not in _UNLISTED)
    return {**groups, "Other Commands:": tuple(known[name] for name in rest if name not in grouped)}


_UNLISTED = ("alpha", "options")
_GROUPS = {
    "Basic Commands (Beginner):": ("create", "expose", "run", "set"),
    "Basic Commands (Intermediate):": ("explain", "get", "edit", "delete"),
    "Deploy Commands:": ("rollout", "scale", "autoscale"),
    "Cluster Management Commands:": (
        *("certificate", "cluster-info", "top", "cordon", "uncordon", "drain", "taint"),
    ),
    "Troubleshooting and Debugging Commands:": (
        *("describe", "logs", "attach", "exec", "port-forward", "proxy", "cp", "auth", "debug", "events"),
    ),
    "Advanced Commands:": ("diff", "apply", "patch", "replace", "wait", "kustomize"),
    "Settings Commands:": ("label", "annotate", "completion"),
}


def option_lines(flags: Sequence[Flag], full: str = "") -> list[str]:
    """Flags with their short forms and defaults, in alphabetical order."""
    shown = sorted((flag for flag in flags if not flag.deprecated), key=lambda flag: flag.name)
    return [
        f"    {f'-{one.short}, ' if one.short else ''}--{one.name}={_default_text(one, full)}"
        for one in shown
    ]


def _manager_of(full: str) -> str:
    """The field manager that a command is without `--field-manager`."""
    word = full.split()[0]
    return "kubectl-client-side-apply" if word in ("apply", "diff") else f"kubectl-{word}"


def _default_text(flag: Flag, full: str) -> str:
    if flag.name == "field-manager":
        return f"'{_manager_of(full)}'"
    if flag.name in ("aggregation-rule", "vmodule"):
        # These are of types of their own, whose nothing is shown as such.
        return ""
    if flag.type in ("array", "strings", "pairs", "map"):
        return f"[{','.join(flag.default or ())}]"
    if flag.type == "duration":
        return duration_text(flag.default or 0)
    if flag.type == "bool":
        return str(bool(flag.default)).lower()
    return str(flag.default or 0) if flag.type.startswith("int") else f"'{flag.default or ''}'"


def _only_help(session: Session, verb: Verb, full: str) -> None:
    """A command that only has subcommands prints its help, and counts as failed unless it is kubectl."""
    if session.arguments:
        raise usage_fail(full, f'unknown command "{" ".join(session.arguments)}"')
    show = session.write if verb.help_on == "stdout" else session.warn
    show(help_text(verb, full))
    session.code = 1 if full else 0


def _failed(session: Session | None, text: str, code: int) -> Result:
    if session is None:
        return Result("", text, code)
    return Result(session.stdout, session.stderr + text, code)


# Errors as text.


def error_text(error: Exception) -> str:
    """How kubectl ends with an error (`cmdutil.CheckErr`); several errors are lines without a prefix.

    One error among several of none other is taken out, but only once: what is nested deeper stays a list.
    """
    if isinstance(error, FailuresError) and len(error.errors) == 1:
        error = error.errors[0]
    if isinstance(error, FailuresError):
        return "".join(f"{message_of(one)}\n" for one in error.errors)
    if isinstance(error, ApiError):
        return server_text(error)
    if isinstance(error, KubectlError):
        # An error that has a prefix doesn't get another one, nor a second line break.
        once = error.text.replace("error: error: ", "error: ", 1)
        if once != error.text:
            return once.rstrip("\n") + "\n"
        # Nor does one whose own text ends with a line break, which it has in a list of errors only.
        return once.removesuffix("\n") if once.endswith("\n\n") else once
    return f"error: {error}\n"


def message_of(error: Exception) -> str:
    """What an error says as one of several, or inside another."""
    if isinstance(error, ApiError):
        if error.reason:
            return f"Error from server ({error.reason}): {error.message}"
        return f"Error from server: {error.message}"
    return plain_message(error)


def plain_message(error: Exception) -> str:
    """The bare message of an error, as Go's `err.Error()` gives it."""
    if isinstance(error, ApiError):
        return error.message
    if isinstance(error, KubectlError):
        return error.text.removeprefix("error: ").removesuffix("\n")
    if isinstance(error, FailuresError):
        if len(error.errors) == 1:
            return plain_message(error.errors[0])
        return "[" + ", ".join(plain_message(one) for one in error.errors) + "]"
    return str(error)


def with_source(verb: str, source: str, error: ApiError) -> ApiError:
    """The same refusal, saying for which file: `error when creating "x.yaml": …`."""
    if not source:
        return error
    message = f'error when {verb} "{source}": {error.message}'
    changed = ApiError(error.code, error.reason, message, error.causes, error.details)
    changed.has_details = error.has_details
    return changed


def server_text(error: ApiError, prefix: str = "") -> str:
    """How kubectl prints a refusal (`cmdutil.StandardErrorMessage`)."""
    if error.reason == "Invalid" and not prefix:
        return f"{_invalid_text(error)}\n"
    message = f"{prefix}{error.message}"
    if error.reason:
        return f"Error from server ({error.reason}): {message}\n"
    return f"Error from server: {message}\n"


def _invalid_text(error: ApiError) -> str:
    """`The Pod "x" is invalid: …`, several faults as a list."""
    kind, name = error.details.get("kind", ""), error.details.get("name", "")
    head = "The request is invalid"
    if kind or name:
        head = f'The {kind} "{name}" is invalid'
    elif error.message and not error.causes:
        head += f": {error.message}"
    if not error.causes:
        return head
    lines = [f"{cause.field}: {cause.message}" for cause in error.causes]
    unique = list(dict.fromkeys(lines))
    if len(unique) == 1:
        return f"{head}: {unique[0]}"
    return f"{head}: \n" + "\n".join(f"* {line}" for line in unique)
