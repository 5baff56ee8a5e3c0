"""A saved lab: how it was made and what was done to it, as a file that people read or as a line for a link.

Whoever opens a link did not write it, so nothing in it is taken on trust: it is
read as data, every part is looked at before anything is done, and the inputs
are those of a fixed table. What is wrong is said in words that tell a text that
was cut short from one that a newer version wrote.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from k8slab import __version__
from k8slab.cluster.world import World
from k8slab.replay import Input

FORMAT = 1
_MOST_BYTES = 64_000_000
"""What a line may unpack to; a short one could otherwise fill the memory."""
_MARK = "lab="
_NOT = "this is no saved lab"

ARGUMENTS: dict[str, tuple[type | tuple[type, ...], ...]] = {
    "add_node": (str, dict),
    "break_registry": (),
    "crash": (str,),
    "crash_zone": (str,),
    "disconnect": (str,),
    "end_command": (str, str),
    "fill_disk": (str, object),
    "fill_memory": (str, object),
    "fill_storage": (str, object, str, str),
    "hang": (str, str, str),
    "kill": (str, str, str),
    "kubectl": (str, str, dict),
    "mend_api_server": (),
    "mend_registry": (),
    "recover": (str,),
    "recover_zone": (str,),
    "refuse_writes": ((int, float), str),
    "remove_node": (str,),
    "request": (str, str, dict, dict, object, str, list),
    "resume": (str, str, str),
    "run_out_of_memory": (str, str, str),
    "skew_clock": (str, str),
    "slow_api_server": (str,),
    "slow_node": (str, int),
    "set_load": (str, object, object, dict, str),
    "start_api_server": (),
    "start_command": (str, str, str, list, bool, bool),
    "stop_api_server": (),
    "stop_kubelet": (str,),
    "type_in": (str, str, str, bool),
    "use_up_pids": (str, object),
}
"""Every kind of input with the types of its arguments."""
_OPTIONAL = {"fill_disk": 1, "fill_memory": 1, "use_up_pids": 1}
"""How many of the last arguments may be left out."""
_MADE: dict[str, tuple[type, ...]] = {
    "nodes": (int, list),
    "seed": (int,),
    "timing": (str,),
    "gates": (list,),
    "addons": (list,),
    "lang": (str,),
    "start": (str,),
    "stored_heartbeats": (bool,),
}
"""How a lab can be made, as a file says it."""


class SavedLabError(ValueError):
    """A text or a file that no lab can be made of."""


def to_document(made: dict[str, Any], inputs: Sequence[Input], world: World, digest: str) -> dict[str, Any]:
    """A lab as JSON data: how it was made, what was done to it, and where it stands."""
    return {
        "k8slab": FORMAT,
        "version": __version__,
        "lab": made,
        "inputs": [[one.at_us, one.verb, list(one.arguments), one.steps] for one in inputs],
        "steps": world.steps,
        "nowUs": world.now_us,
        "onlyOutline": bool(world.store.compacted),
        "digest": digest,
    }


def to_text(document: dict[str, Any]) -> str:
    """A document as a line of letters, digits, `-` and `_`, which fits into a link."""
    data = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


def to_file(document: dict[str, Any], path: Path) -> None:
    """Write a document: YAML with each manifest as the text that it was, or JSON for another ending."""
    if path.suffix in (".yaml", ".yml"):
        text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    else:
        text = json.dumps(document, indent=1) + "\n"
    path.write_text(text, encoding="utf-8")


class _Dumper(yaml.SafeDumper):
    """YAML that shows a text of several lines as such."""


def _text_node(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text_node)


def read(saved: str | Path) -> dict[str, Any]:
    """The document of a file, of a line or of a link that holds one. SavedLabError for anything else."""
    text = str(saved)
    if isinstance(saved, Path) or text.endswith((".json", ".yaml", ".yml")):
        text = Path(saved).read_text(encoding="utf-8")
        return checked(_of_file(text))
    text = text.strip()
    if _MARK in text:
        text = text.rpartition(_MARK)[2].partition("&")[0]
    return checked(_of_file(text) if text.startswith(("{", "k8slab:")) else _of_line(text))


def _of_file(text: str) -> Any:
    try:
        return json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        where = str(error).replace("\n", " ")
        raise SavedLabError(f"{_NOT}: the file is damaged ({where})") from None


def _of_line(text: str) -> Any:
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(packed, _MOST_BYTES)
    except (binascii.Error, ValueError, zlib.error):
        raise SavedLabError(f"{_NOT}: the text is damaged, or something else") from None
    if unpacking.unconsumed_tail:
        raise SavedLabError(f"{_NOT}: it unpacks to more than {_MOST_BYTES} bytes")
    if not unpacking.eof:
        raise SavedLabError(f"{_NOT}: the text was cut short")
    try:
        return json.loads(data)
    except ValueError:
        raise SavedLabError(f"{_NOT}: the text is damaged, or something else") from None


def checked(document: Any) -> dict[str, Any]:
    """The document itself. SavedLabError that says what is wrong with it."""
    if not isinstance(document, dict) or "k8slab" not in document:
        raise SavedLabError(_NOT)
    found = document["k8slab"]
    if isinstance(found, int) and found > FORMAT:
        by = document.get("version", "")
        raise SavedLabError(
            f"this lab was saved by k8slab {by} in format {found}; k8slab {__version__} reads up to "
            f"format {FORMAT}: upgrade k8slab to load it"
        )
    if found != FORMAT:
        raise SavedLabError(f"{_NOT}: there is no format {found!r}")
    for name, kind in (("lab", dict), ("inputs", list), ("steps", int), ("nowUs", int), ("digest", str)):
        if not isinstance(document.get(name), kind):
            raise SavedLabError(
                f"{_NOT}: it has no {name}" + (" that could be used" if name in document else "")
            )
    for name, value in document["lab"].items():
        if not isinstance(value, _MADE.get(name, ())):
            raise SavedLabError(f"{_NOT}: a lab cannot be made with {name} = {value!r}")
    for number, one in enumerate(document["inputs"]):
        _check_input(number, one)
    return document


def _check_input(number: int, one: Any) -> None:
    where = f"{_NOT}: inputs[{number}]"
    if not isinstance(one, list) or len(one) != 4:
        raise SavedLabError(f"{where} is not an instant, a verb, its arguments and a number of steps")
    at_us, verb, arguments, steps = one
    if not isinstance(at_us, int) or not isinstance(steps, int) or not isinstance(arguments, list):
        raise SavedLabError(f"{where} is not an instant, a verb, its arguments and a number of steps")
    kinds = ARGUMENTS.get(verb) if isinstance(verb, str) else None
    if kinds is None:
        raise SavedLabError(f"{where} is {verb!r}, which is nothing that can be done to a lab")
    least = len(kinds) - _OPTIONAL.get(verb, 0)
    fits = least <= len(arguments) <= len(kinds) and all(
        isinstance(argument, kind) for argument, kind in zip(arguments, kinds)
    )
    if not fits:
        raise SavedLabError(f"{where} has other arguments than {verb} takes")


def inputs_of(document: dict[str, Any]) -> list[Input]:
    """The inputs of a checked document."""
    return [Input(at_us, verb, tuple(rest), steps) for at_us, verb, rest, steps in document["inputs"]]
