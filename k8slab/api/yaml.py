"""YAML as kubectl and the API server read and write it.

Reading follows the old YAML 1.1 of Go's yaml.v2: `NO` is false, `y` and `n`
are booleans, `1e3`, `08` and `0o777` are numbers, dates and `12:30` are texts.
PyYAML parses (its C parser where there is one); what a plain word means is
decided here. Writing is a small emitter of its own, because `kubectl get -o
yaml` is to be equal byte for byte: sorted keys, lists not indented, words
quoted that would be read as something else, lines folded after 80 columns.

Models vendor/sigs.k8s.io/yaml, go.yaml.in/yaml/v2 (resolve, decode, encode,
emitter) and staging/src/k8s.io/apimachinery/pkg/util/yaml/decoder.go, v1.36.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Generator, Iterator
from typing import Any

from k8slab.api.json_text import (
    ENDS_EARLY,
    MOST_LEVELS,
    decode_json,
    go_quote,
    is_too_deep,
    plain,
    syntax_fault,
)
from k8slab.api.yaml_emitter import dump
from k8slab.api.yaml_words import resolve

Node = Any
"""A node of PyYAML's, whose stubs don't tell its kinds apart: `id` is scalar, sequence or mapping."""

__all__ = ["YamlError", "dump", "load", "load_all", "load_body", "load_each", "split_documents"]

_TAG = "tag:yaml.org,2002:"
_PLAIN = "plain"
_MERGE = "<<"
_SEPARATOR = "---"


class YamlError(ValueError):
    """A text that is no YAML; its message is upstream's, e.g. `yaml: line 3: did not find expected key`."""


def _json_number(value: float) -> float | int:
    """A number after its way through JSON, where `1.0` is `1`."""
    if math.isnan(value) or math.isinf(value):
        text = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
        raise YamlError(f"json: unsupported value: {text}")
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


# Nodes to values.


class _Reader:
    """Turns the nodes of one document into JSON values, and notes repeated keys."""

    def __init__(self) -> None:
        self.repeated: list[str] = []

    def value(self, node: Node) -> Any:
        """The JSON value of a node; the keys of objects are sorted, as they are on their way to a server."""
        if node.id == "scalar":
            value = self.scalar(node)
            return _json_number(value) if isinstance(value, float) else value
        if node.id == "sequence":
            return [self.value(item) for item in node.value]
        pairs = self.mapping(node)
        return {key: pairs[key] for key in sorted(pairs)}

    def scalar(self, node: Node) -> Any:
        """The value of a scalar by its tag: an explicit one, or what the word stands for."""
        word, tag = node.value, node.tag
        if tag == _PLAIN:
            return resolve(word)
        if tag == f"{_TAG}str" or not tag.startswith(_TAG):
            return word
        return self.tagged(word, tag.removeprefix(_TAG))

    def tagged(self, word: str, tag: str) -> Any:
        """The value of a scalar with an explicit tag such as `!!int`."""
        if tag == "binary":
            import base64
            import binascii

            try:
                return base64.b64decode(word, validate=False).decode("utf-8", "replace")
            except binascii.Error:
                raise YamlError("yaml: !!binary value contains invalid base64 data") from None
        value = resolve(word)
        kinds: dict[str, Any] = {"bool": bool, "int": int, "float": (int, float), "null": type(None)}
        if tag not in kinds:
            return word
        if not isinstance(value, kinds[tag]) or (tag in ("int", "float") and isinstance(value, bool)):
            raise YamlError(f"yaml: cannot decode !!{_tag_of(value)} `{word}` as a !!{tag}")
        return float(value) if tag == "float" and value is not None else value

    def mapping(self, node: Node) -> dict[str, Any]:
        """The pairs of an object: merged ones first, then its own, of repeated keys the last."""
        result: dict[str, Any] = {}
        own: dict[str, None] = {}
        for key_node, value_node in node.value:
            if _is_merge(key_node):
                for merged in self.merged(value_node):
                    result = {**merged, **result}
                continue
            key = self.key(key_node)
            if key in own:
                line = value_node.start_mark.line + 1
                self.repeated.append(f"line {line}: key {go_quote(key)} already set in map")
            own[key] = None
            result[key] = self.value(value_node)
        return result

    def merged(self, node: Node) -> list[dict[str, Any]]:
        """The objects that `<<` brings in."""
        nodes: list[Any] = [node] if node.id == "mapping" else node.value if node.id == "sequence" else [node]
        if any(one.id != "mapping" for one in nodes):
            raise YamlError("yaml: map merge requires map or sequence of maps as the value")
        return [self.mapping(one) for one in nodes]

    def key(self, node: Node) -> str:
        """A key as text: numbers and booleans have one, null and compound keys don't."""
        value = self.scalar(node) if node.id == "scalar" else node
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        if isinstance(value, float):
            return _float_key(value)
        if value is None:
            raise YamlError("unsupported map key of type: %!s(<nil>), key: <nil>, value: (interface {})(nil)")
        raise YamlError(f"yaml: invalid map key: {_shown(node)}")


def _tag_of(value: Any) -> str:
    kinds = ((bool, "bool"), (int, "int"), (float, "float"), (type(None), "null"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "str")


def _float_key(value: float) -> str:
    if math.isinf(value) or math.isnan(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return repr(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)


def _shown(node: Node) -> str:
    """A compound key as Go prints it."""
    if node.id == "sequence":
        return "[]interface {}{" + ", ".join(go_quote(str(item.value)) for item in node.value) + "}"
    pairs = ", ".join(f"{go_quote(str(key.value))}:{go_quote(str(item.value))}" for key, item in node.value)
    return "map[interface {}]interface {}{" + pairs + "}"


def _is_merge(node: Node) -> bool:
    return node.id == "scalar" and node.value == _MERGE and node.tag in (_PLAIN, f"{_TAG}merge")


@functools.cache
def _loader() -> type:
    """A loader of PyYAML's that marks plain words instead of resolving them. Made when first needed."""
    import yaml

    parent: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    def mark(self: Any, kind: type, value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else f"{_TAG}str"
        return f"{_TAG}map" if kind is yaml.MappingNode else f"{_TAG}seq"

    return type("PlainWordsLoader", (parent,), {"resolve": mark})


def _compose(text: str) -> Node | None:
    """The root node of the first document; YamlError in Go's words."""
    import yaml

    loader = None
    try:
        loader = _loader()(text)
        if not loader.check_node():
            return None
        node: Node = loader.get_node()
        return node
    except yaml.reader.ReaderError as error:
        if isinstance(error.reason, str) and "special characters" in error.reason:
            raise YamlError("yaml: control characters are not allowed") from None
        raise YamlError(f"yaml: {error.reason}") from None
    except yaml.MarkedYAMLError as error:
        raise YamlError(_problem(error, text)) from None
    finally:
        if loader is not None:
            loader.dispose()


_ALIAS = re.compile(r"\*([0-9A-Za-z_-]+)")


def _problem(error: Any, text: str) -> str:
    """A parser's problem as Go reports it: the line counts from 1 for the scanner, else from 0."""
    import yaml

    problem = error.problem or "unknown problem parsing YAML content"
    if problem.startswith("found undefined alias"):
        alias = _ALIAS.match(text, error.problem_mark.index)
        return f"yaml: unknown anchor '{alias[1] if alias else ''}' referenced"
    line = error.problem_mark.line if error.problem_mark else 0
    if line:
        line += isinstance(error, yaml.scanner.ScannerError)
    elif error.context_mark:
        line = error.context_mark.line
    return f"yaml: line {line}: {problem}" if line else f"yaml: {problem}"


# Whole texts.

_TOO_DEEP = "yaml: exceeded max depth of 10000"


def _read(text: str) -> tuple[Any, tuple[str, ...]]:
    reader = _Reader()
    try:
        node = _compose(text)
        if node is None:
            return None, ()
        value = reader.value(node)
    except RecursionError:
        raise YamlError(_TOO_DEEP) from None
    if len(text) > 2 * MOST_LEVELS and isinstance(value, dict | list) and is_too_deep(value):
        raise YamlError(_TOO_DEEP)
    return value, tuple(reader.repeated)


def load_body(text: str) -> tuple[Any, tuple[str, ...]]:
    """A request's body: the value of its first document, and the strict error for keys named twice.

    Raises YamlError as the server words it (without what kubectl puts before).
    """
    value, repeated = _read(text)
    if repeated:
        listed = "\n".join(f"  {one}" for one in repeated)
        return value, (f"yaml: unmarshal errors:\n{listed}",)
    return value, ()


def load(text: str) -> Any:
    """The value of one document; None for an empty one. Raises YamlError in kubectl's words."""
    try:
        return _read(text)[0]
    except YamlError as error:
        raise YamlError(f"error converting YAML to JSON: {error}") from None


def load_all(text: str) -> list[Any]:
    """The documents of a file as `kubectl -f` reads it, empty ones left out (see `load_each`)."""
    return list(load_each(text))


def load_each(text: str) -> Iterator[Any]:
    """The documents of a file one after the other, empty ones left out.

    A text that begins with a brace is a stream of JSON until its first or second
    object turns out not to be JSON; from there on it is YAML. Raises YamlError, in kubectl's words
    (without its `error parsing FILE: `), at the first document that can't be read.
    """
    refused: YamlError | None = None
    if text.lstrip().startswith("{"):
        rest = yield from _json_stream(text)
        if rest is None:
            return
        text, refused = rest
    for document in split_documents(text):
        try:
            value = load(document)
        except YamlError as error:
            # Whoever fails at both is told what was wrong as JSON.
            raise refused or error from None
        refused = None
        if value is not None:
            yield value


def _json_stream(text: str) -> Generator[Any, None, tuple[str, YamlError] | None]:
    """The JSON objects of a text one after the other; at the end what is left and why it is no JSON."""
    decoder = json.JSONDecoder()
    count = position = 0
    while text[position:].strip():
        start = position + len(text[position:]) - len(text[position:].lstrip())
        try:
            _, end = decoder.raw_decode(text, start)
            value = decode_json(text[start:end])
        except (ValueError, RecursionError):
            fault, offset = syntax_fault(text[position:])
            if fault == ENDS_EARLY:
                fault = "unexpected EOF"
            elif count <= _AMBIGUOUS:
                fault = f"json: offset {len(text[:position].encode()) + offset}: {fault}"
            if count > _AMBIGUOUS:
                raise YamlError(fault) from None
            return _after_line_break(text[position:]), YamlError(fault)
        yield plain(value)
        count, position = count + 1, end
    return None


_AMBIGUOUS = 1
"""After more JSON objects than this a stream is JSON, and never YAML."""


def _after_line_break(text: str) -> str:
    """A text without its leading blanks up to and with the first line break."""
    rest = text.lstrip()
    blanks = text[: len(text) - len(rest)]
    return text[blanks.index("\n") + 1 :] if "\n" in blanks else rest


def split_documents(text: str) -> Iterator[str]:
    """The texts between lines that begin with `---`; YamlError for one that says more than a comment."""
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith(_SEPARATOR):
            rest = line[len(_SEPARATOR) :].strip()
            if rest and not rest.startswith("#"):
                raise YamlError(f"invalid Yaml document separator: {rest}")
            if lines:
                yield "".join(lines)
                lines = []
                continue
        lines.append(line)
    if lines:
        yield "".join(lines)
