"""Consoles: what a process reads that somebody types, and what they see of it.

A console is an object of an internal kind like everything that containers
have: typing is an input of the lab, and what comes of it is stored, so that a
session can be forked, rewound and played again. What a process writes is kept
in pieces beside it, for the clients that read along.

Models staging/src/k8s.io/cri-api (Exec, Attach).
"""

from __future__ import annotations

from typing import Any

from k8slab.api.meta import Key, Obj
from k8slab.containers.files import bytes_of, text_from
from k8slab.containers.overlay import Overlay
from k8slab.containers.terminal import END, Terminal, prompted, typed
from k8slab.store.view import View

KIND = "Console"
_PIECE = "ConsoleOutput"


def console_of(pod: Key, container: str) -> Key:
    """The console of a container's own process."""
    return (pod[0], f"{pod[1]}/{container}")


def free_console(view: View, pod: Key, container: str) -> Key:
    """A console for one more command in a container."""
    number = 1
    while view.get(KIND, (pod[0], f"{pod[1]}/{container}/{number}")) is not None:
        number += 1
    return (pod[0], f"{pod[1]}/{container}/{number}")


def new_console(key: Key, uid: str, *, tty: bool, has_input: bool) -> Obj:
    """A console on which nothing has been typed. Without input a reader finds its end at once."""
    return {
        "apiVersion": "lab",
        "kind": KIND,
        "metadata": {"namespace": key[0], "name": key[1]},
        "uid": uid,
        "tty": tty,
        "typed": [],
        "ended": not has_input,
        "terminal": list(Terminal()),
        "pieces": 0,
        "exit": None,
        "record": None,
        "waits": False,
        "starts": 0,
    }


def get(box: View, key: Key) -> Obj | None:
    """The console, if it is there."""
    return box.get(KIND, key)


def change(box: Overlay, key: Key, **fields: Any) -> None:
    """Change fields of a console that is there."""
    console = box.get(KIND, key)
    if console is not None:
        box.put(KIND, key, {**console, **fields})


def show(box: Overlay, key: Key, stream: str, text: str) -> None:
    """Add to what a console's clients see. `stream` is stdout or stderr."""
    console = box.get(KIND, key)
    if console is None or not text:
        return
    number = console["pieces"]
    place = (key[0], f"{key[1]}/{number}")
    metadata = {"namespace": place[0], "name": place[1]}
    piece = {"apiVersion": "lab", "kind": _PIECE, "metadata": metadata, "stream": stream, "text": text}
    box.put(_PIECE, place, piece)
    box.put(KIND, key, {**console, "pieces": number + 1})


def shown(view: View, key: Key, since: int) -> list[tuple[str, str]]:
    """What was shown from the piece of that number on: streams and texts."""
    console = view.get(KIND, key)
    found: list[tuple[str, str]] = []
    for number in range(since, console["pieces"] if console is not None else 0):
        piece = view.get(_PIECE, (key[0], f"{key[1]}/{number}"))
        if piece is not None:
            found.append((piece["stream"], piece["text"]))
    return found


def type_text(box: Overlay, key: Key, text: str, *, ended: bool = False) -> bool:
    """Take in what somebody typed, or that their input has ended. Whether it interrupts what runs."""
    console = box.get(KIND, key)
    if console is None:
        return False
    interrupts = False
    if text and console["tty"]:
        terminal = _terminal(console)
        result = typed(terminal, text)
        interrupts = result.is_interrupt
        waiting = [] if interrupts else console["typed"]
        changed = {**console, "terminal": _plain(result.terminal), "typed": [*waiting, *result.ready]}
        box.put(KIND, key, changed)
        show(box, key, "stdout", result.echo)
    elif text:
        box.put(KIND, key, {**console, "typed": [*console["typed"], text]})
    if ended:
        change(box, key, ended=True)
    return interrupts


def parts_typed(console: Obj, text: str) -> list[str]:
    """The pieces in which a text is typed: a line at a time and ^D on a terminal, else all of it."""
    if not console["tty"]:
        return [text]
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return [*lines, END]


def is_prompting(view: View, key: Key) -> bool:
    """Whether a console shows a prompt and waits for a line."""
    console = view.get(KIND, key)
    return console is not None and _terminal(console).is_prompting


def is_read(view: View, key: Key) -> bool:
    """Whether the next line can be typed: a prompt waits for it, or at least the last one was read."""
    console = view.get(KIND, key)
    if console is None or console["typed"]:
        return console is None
    terminal = _terminal(console)
    return terminal.is_prompting or not terminal.prompt


def _terminal(console: Obj) -> Terminal:
    fields = list(console["terminal"])
    fields[4] = tuple(fields[4])
    return Terminal(*fields)


def _plain(terminal: Terminal) -> list[Any]:
    """A terminal as JSON data."""
    fields: list[Any] = list(terminal)
    fields[4] = list(terminal.history)
    return fields


def receive(box: Overlay, key: Key) -> str | None:
    """What a reader gets: text, the empty string at the end, None while nothing has been typed."""
    console = box.get(KIND, key)
    if console is None:
        return ""
    waiting = console["typed"]
    if not waiting:
        return "" if console["ended"] else None
    if waiting[0] == "":
        box.put(KIND, key, {**console, "typed": waiting[1:]})
        return ""
    end = waiting.index("") if "" in waiting else len(waiting)
    box.put(KIND, key, {**console, "typed": waiting[end:]})
    return text_from(bytes_of("".join(waiting[:end])))


def prompt(box: Overlay, key: Key, text: str) -> None:
    """Show a shell's prompt; from now on the line can be edited."""
    console = box.get(KIND, key)
    if console is None:
        return
    terminal = prompted(_terminal(console), text)
    box.put(KIND, key, {**console, "terminal": _plain(terminal)})
    show(box, key, "stderr", text + terminal.line)


def remove(box: Overlay, key: Key) -> None:
    """Forget a console and what it showed."""
    console = box.get(KIND, key)
    if console is None:
        return
    for number in range(console["pieces"]):
        box.put(_PIECE, (key[0], f"{key[1]}/{number}"), None)
    box.put(KIND, key, None)


def remove_of_pod(box: Overlay, pod: Key) -> None:
    """Forget the consoles of a Pod that is gone."""
    for console in box.list(KIND, namespace=pod[0]):
        name = console["metadata"]["name"]
        if name.startswith(f"{pod[1]}/"):
            remove(box, (pod[0], name))
