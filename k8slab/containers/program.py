"""What an image holds: files, defaults, and the executables that are programs of ours.

A family of images is one module in `programs` with one constant `PROGRAM`.
Whatever image runs, the shell and the small tools are there; an executable
that nobody wrote is taken for a server that runs for ever and is Ready.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from k8slab.containers.costs import A_PAGE_US
from k8slab.containers.images import resolve
from k8slab.containers.requests import Answer, Call, Request


class Context(NamedTuple):
    """What a process knows from the start. `may_administer`: it may change network and mounts."""

    namespace: str
    pod: str
    container: str
    image: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    hostname: str
    ip: str
    node: str
    started_us: int
    run: int
    user: int = 0
    groups: tuple[int, ...] = (0,)
    may_administer: bool = False


Steps = Generator[Request, Any, Any]


TERM_NOTE = "SIGTERM"
"""In the memory of a server that takes its time to end: the instant at which it was told to."""


class Server(NamedTuple):
    """An executable that listens. Nothing of it runs until somebody asks it something.

    `ports(context)`; `check(context)` is a generator that returns why it can't
    start (with the exit code), or None; `start_lines(context)` is what it logs
    first; `handle(context, call)` is a generator that returns the Answer.
    `stop_code` is that of a server that was asked to end.
    """

    protocol: str
    ports: Callable[[Context], tuple[int, ...]]
    handle: Callable[[Context, Call], Generator[Request, Any, Answer]]
    start_lines: Callable[[Context], tuple[str, ...]] = lambda context: ()
    check: Callable[[Context], Generator[Request, Any, tuple[int, str] | None]] | None = None
    stop_code: int = 0
    heeds_term: bool = True
    stop_delay_us: int = 0
    cost_us: Callable[[Call], int] = lambda call: A_PAGE_US
    """What a request costs it in CPU time (see `costs`)."""
    shown: tuple[str, ...] = ()
    """The command line that `ps` shows, where a script starts something of another name."""


class Executable(NamedTuple):
    """A command in an image: a server, or a program that runs to its end.

    `choose` is set where the first argument says which of several it is.
    """

    server: Server | None = None
    run: Callable[[Any, list[str]], Steps] | None = None
    choose: Callable[[Sequence[str]], Executable] | None = None


class Family(NamedTuple):
    """A family of images: their short names, what starts, and what is in them."""

    images: tuple[str, ...]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    cwd: str = "/"
    files: Mapping[str, str] = {}
    executables: Mapping[str, Executable] = {}
    paths: Mapping[str, str] = {}
    """Where executables lie that are not in /usr/bin."""
    user: int = 0
    owner: int | None = None
    """Whose the image's files are, where they are not its user's."""
    shell: bool = True


@cache
def families() -> tuple[Family, ...]:
    """Every family, in the sorted order of the modules."""
    from k8slab.containers import programs as package

    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(
        importlib.import_module(f"{package.__name__}.{name}").PROGRAM
        for name in names
        if not name.startswith("_")
    )


@cache
def _by_image() -> dict[str, Family]:
    return {image: family for family in families() for image in family.images}


GENERIC = "generic"


@lru_cache(maxsize=4096)
def family_of(image: str) -> Family:
    """The family of an image: by its short name, or the generic server."""
    table = _by_image()
    short = resolve(image).short
    if short in table:
        return table[short]
    for part in short.split("-"):
        if part in table:
            return table[part]
    return table[GENERIC]


def executable_of(image: str, argv: Sequence[str]) -> Executable | None:
    """The executable that a command line runs, in the image's own family."""
    found = family_of(image).executables.get(str(argv[0]).rpartition("/")[2]) if argv else None
    return found.choose(argv) if found is not None and found.choose is not None else found


def path_of(image: str, name: str) -> str:
    """Where an executable of an image lies."""
    return family_of(image).paths.get(name, f"/usr/bin/{name}")


@lru_cache(maxsize=4096)
def executables_in(image: str) -> Mapping[str, str]:
    """The files of an image's own executables."""
    return {path_of(image, name): "" for name in family_of(image).executables}


def argv_of_service(service: Mapping[str, Any]) -> list[str]:
    """The command line of a server that a process started."""
    return [service["executable"], *service["arguments"][1:]]


def plain_command(container: Mapping[str, Any]) -> tuple[str, ...]:
    """A container's command line as it is written, or its image's."""
    command, arguments = tuple(container.get("command") or ()), tuple(container.get("args") or ())
    return argv_in(family_of(container["image"]), command, arguments)


_ENTRYPOINT_SCRIPT = "docker-entrypoint.sh"


def argv_in(family: Family, command: tuple[str, ...], arguments: tuple[str, ...]) -> tuple[str, ...]:
    """What runs in a container of an image with this command and these arguments.

    The script that is the entrypoint of many images prepares their server where it is asked for the
    server, or is given only options or a configuration for it; then it executes in its own place
    whatever was asked for.
    """
    argv = command + arguments if command else family.entrypoint + (arguments or family.command)
    if len(argv) < 2 or argv[0].rpartition("/")[2] != _ENTRYPOINT_SCRIPT:
        return argv
    if _ENTRYPOINT_SCRIPT not in family.executables:
        return argv
    rest = argv[1:]
    return family.command[:1] + rest if rest[0].startswith("-") or rest[0].endswith(".conf") else rest


def server_of(container: Mapping[str, Any]) -> Server | None:
    """The server that a container is by its image and command alone."""
    family = family_of(container["image"])
    argv = plain_command(container)
    if not argv:
        return None
    found = executable_of(container["image"], argv)
    if found is None and family.images == (GENERIC,):
        found = family.executables["app"]
    return found.server if found is not None else None


def server_in_place(container: Mapping[str, Any], record: Mapping[str, Any]) -> Server | None:
    """The server that took the place of a container's own process, if one did."""
    for service in record["services"]:
        if service.get("replaces"):
            executable = executable_of(container["image"], argv_of_service(service))
            if executable is not None:
                return executable.server
    return None


def any_executable(name: str) -> Executable | None:
    """The executable of that name in whatever family has it: for tools that a test image brings."""
    for family in families():
        if name in family.executables:
            return family.executables[name]
    return None
