"""Writing YAML exactly as Go's yaml.v2 does: a block style emitter for JSON values.

Models go.yaml.in/yaml/v2 (encode.go, emitterc.go, sorter.go), which is what
sigs.k8s.io/yaml marshals with in v1.36.
"""

from __future__ import annotations

import re
from functools import cmp_to_key, lru_cache
from typing import Any, NamedTuple

from k8slab.api.yaml_words import WORDS, is_timestamp, resolve

_WIDTH = 80
_INDENT = 2
_LONGEST_SIMPLE_KEY_BYTES = 128

_BREAKS = "\n\r\x85\u2028\u2029"
_SAFE_WORD = re.compile(r"[A-Za-z/][A-Za-z0-9_./=-]*", re.ASCII)
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", re.ASCII)
_ESCAPES = {
    "\0": "0",
    "\a": "a",
    "\b": "b",
    "\t": "t",
    "\n": "n",
    "\v": "v",
    "\f": "f",
    "\r": "r",
    "\x1b": "e",
    '"': '"',
    "\\": "\\",
    "\x85": "N",
    "\xa0": "_",
    "\u2028": "L",
    "\u2029": "P",
}


def dump(value: Any) -> str:
    """The YAML text of a JSON value, as `kubectl get -o yaml` prints it."""
    emitter = _Emitter()
    emitter.node(value, -1, in_mapping=False)
    emitter.new_line(0)
    return "".join(emitter.parts)


# Which style a text needs.


class _Analysis(NamedTuple):
    """What a text allows: the emitter's flags of the same names."""

    multiline: bool
    plain_allowed: bool
    single_quoted_allowed: bool
    block_allowed: bool


def _is_printable(character: str) -> bool:
    """As the emitter has it: a tab isn't, nor is anything beyond the basic plane."""
    code = ord(character)
    return (
        code == 0x0A
        or 0x20 <= code <= 0x7E
        or 0xA0 <= code <= 0xD7FF
        or (0xE000 <= code <= 0xFFFD and code != 0xFEFF)
    )


_FIRST_INDICATORS = "#,[]{}&*!|>'\"%@`"


def _analyse(text: str) -> _Analysis:
    indicators = text.startswith(("---", "..."))
    special = any(not _is_printable(character) for character in text)
    breaks = any(character in _BREAKS for character in text)
    for index, character in enumerate(text):
        follows = text[index + 1 : index + 2]
        before_blank = follows == "" or follows in " \t"
        if index == 0:
            indicators |= character in _FIRST_INDICATORS or (character in "?:-" and before_blank)
        elif character == ":":
            indicators |= before_blank
        elif character == "#":
            indicators |= text[index - 1] in " \t\0" or text[index - 1] in _BREAKS
    break_space = re.search(f"[{_BREAKS}] ", text) is not None
    space_break = re.search(f" [{_BREAKS}]", text) is not None
    at_ends = text[0] in " " + _BREAKS or text[-1] in " " + _BREAKS
    ruined = space_break or special
    return _Analysis(
        multiline=breaks,
        plain_allowed=not (at_ends or break_space or ruined or breaks or indicators),
        single_quoted_allowed=not (break_space or ruined),
        block_allowed=not (text[-1] == " " or ruined),
    )


def _resolves_to_text(text: str) -> bool:
    """Whether an unquoted text is read back as the same text, also by parsers that know base 60."""
    if not isinstance(resolve(text), str) or is_timestamp(text):
        return False
    return not _BASE_60.fullmatch(text)


@lru_cache(maxsize=4096)
def _style(text: str, simple_key: bool) -> str:
    """`plain`, `single`, `double` or `literal`."""
    if _SAFE_WORD.fullmatch(text) and text not in WORDS:
        return "plain"
    if text == "":
        return "double"
    analysis = _analyse(text)
    if "\n" in text:
        style = "literal"
    else:
        style = "plain" if _resolves_to_text(text) else "double"
    if simple_key and analysis.multiline:
        style = "double"
    if style == "plain" and not analysis.plain_allowed:
        style = "single"
    if style == "single" and not analysis.single_quoted_allowed:
        style = "double"
    if style == "literal" and (not analysis.block_allowed or simple_key):
        style = "double"
    return style


# The order of keys.


def _compare_keys(left: str, right: str) -> int:
    """The natural order of yaml.v2: numbers within texts by value, letters after everything else."""
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one == other:
            continue
        if one.isalpha() and other.isalpha():
            return -1 if one < other else 1
        if one.isalpha() or other.isalpha():
            return -1 if other.isalpha() else 1
        return _compare_numbers(left, right, index)
    return len(left) - len(right)


def _compare_numbers(left: str, right: str, index: int) -> int:
    carried = 0
    if left[index] == "0" or right[index] == "0":
        before = index - 1
        while before >= 0 and left[before].isdecimal():
            if left[before] != "0":
                carried = 1
                break
            before -= 1
    one, one_end = _number_at(left, index, carried)
    other, other_end = _number_at(right, index, carried)
    if one != other:
        return one - other
    if one_end != other_end:
        return one_end - other_end
    return -1 if left[index] < right[index] else 1


def _number_at(text: str, start: int, carried: int) -> tuple[int, int]:
    end = start
    number = carried
    while end < len(text) and text[end].isdecimal():
        number = number * 10 + int(text[end])
        end += 1
    return number, end


_KEY_ORDER = cmp_to_key(_compare_keys)


# The emitter.


class _Emitter:
    """The text so far, the column, and whether the line holds nothing but indentation and indicators."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.column = 0
        self.after_space = True
        self.indention = True

    def put(self, text: str) -> None:
        self.parts.append(text)
        self.column += len(text)

    def break_line(self) -> None:
        self.parts.append("\n")
        self.column = 0

    def new_line(self, indent: int) -> None:
        """Go to a column: on this line where it still can be reached, else on the next."""
        indent = max(indent, 0)
        if not self.indention or self.column > indent or (self.column == indent and not self.after_space):
            self.break_line()
        if self.column < indent:
            self.put(" " * (indent - self.column))
        self.after_space = True
        self.indention = True

    def indicator(
        self, text: str, needs_space: bool = True, is_space: bool = False, is_indent: bool = False
    ) -> None:
        if needs_space and not self.after_space:
            self.put(" ")
        self.put(text)
        self.after_space = is_space
        self.indention = self.indention and is_indent

    def node(self, value: Any, indent: int, *, in_mapping: bool) -> None:
        """Any value, within a parent at an indentation (-1: the root)."""
        if isinstance(value, dict):
            self.mapping(value, indent)
        elif isinstance(value, list):
            self.sequence(value, indent, in_mapping)
        elif isinstance(value, str):
            self.text(value, indent, simple_key=False)
        else:
            self.word(_scalar(value))

    def word(self, word: str) -> None:
        self.put(word if self.after_space else f" {word}")
        self.after_space = False
        self.indention = False

    def sequence(self, items: list[Any], indent: int, in_mapping: bool) -> None:
        if not items:
            self.indicator("[", is_space=True)
            self.indicator("]", needs_space=False)
            return
        if indent < 0:
            indent = 0
        elif not (in_mapping and not self.indention):
            indent += _INDENT
        for item in items:
            self.new_line(indent)
            self.indicator("-", is_indent=True)
            self.node(item, indent, in_mapping=False)

    def mapping(self, pairs: dict[str, Any], indent: int) -> None:
        if not pairs:
            self.indicator("{", is_space=True)
            self.indicator("}", needs_space=False)
            return
        indent = 0 if indent < 0 else indent + _INDENT
        for key in sorted(pairs, key=_KEY_ORDER):
            self.new_line(indent)
            if not _analyse_key(key) and len(key.encode()) <= _LONGEST_SIMPLE_KEY_BYTES:
                self.text(key, indent, simple_key=True)
                self.indicator(":", needs_space=False)
            else:
                self.indicator("?", is_indent=True)
                self.text(key, indent, simple_key=False)
                self.new_line(indent)
                self.indicator(":", is_indent=True)
            self.node(pairs[key], indent, in_mapping=True)

    def text(self, text: str, indent: int, *, simple_key: bool) -> None:
        """A text in the style that it needs; continuation lines are indented once more."""
        style = _style(text, simple_key)
        indent = _INDENT if indent < 0 else indent + _INDENT
        if style == "plain" and (len(text) + self.column < _WIDTH or " " not in text):
            self.word(text)
        elif style == "plain":
            self.plain(text, indent, not simple_key)
        elif style == "single":
            self.single_quoted(text, indent, not simple_key)
        elif style == "double":
            self.double_quoted(text, indent, not simple_key)
        else:
            self.literal(text, indent)

    def plain(self, text: str, indent: int, allow_breaks: bool) -> None:
        if not self.after_space:
            self.put(" ")
        self.folded(text, indent, allow_breaks, quoted=False)
        self.after_space = False
        self.indention = False

    def folded(self, text: str, indent: int, allow_breaks: bool, *, quoted: bool) -> None:
        """The text, broken at single spaces beyond the width; within quotes not at its ends."""
        spaces = False
        for index, character in enumerate(text):
            if character != " ":
                self.put("''" if quoted and character == "'" else character)
                self.indention = False
                spaces = False
                continue
            lone = not spaces and text[index + 1 : index + 2] != " "
            inside = not quoted or 0 < index < len(text) - 1
            if allow_breaks and lone and inside and self.column > _WIDTH:
                self.new_line(indent)
            else:
                self.put(" ")
            spaces = True

    def single_quoted(self, text: str, indent: int, allow_breaks: bool) -> None:
        self.indicator("'")
        self.folded(text, indent, allow_breaks, quoted=True)
        self.indicator("'", needs_space=False)
        self.after_space = False
        self.indention = False

    def double_quoted(self, text: str, indent: int, allow_breaks: bool) -> None:
        self.indicator('"')
        spaces = False
        for index, character in enumerate(text):
            if character in '"\\' or character in _BREAKS or not _is_printable(character):
                self.put("\\" + _escaped(character))
                spaces = False
            elif character == " ":
                inside = 0 < index < len(text) - 1
                if allow_breaks and not spaces and self.column > _WIDTH and inside:
                    self.new_line(indent)
                    if text[index + 1] == " ":
                        self.put("\\")
                else:
                    self.put(" ")
                spaces = True
            else:
                self.put(character)
                spaces = False
        self.indicator('"', needs_space=False)
        self.after_space = False
        self.indention = False

    def literal(self, text: str, indent: int) -> None:
        self.indicator("|")
        if text[0] == " " or text[0] in _BREAKS:
            self.indicator(str(_INDENT), needs_space=False)
        if text[-1] not in _BREAKS:
            self.indicator("-", needs_space=False)
        elif len(text) == 1 or text[-2] in _BREAKS:
            self.indicator("+", needs_space=False)
        self.break_line()
        self.indention = True
        self.after_space = True
        breaks = True
        for character in text:
            if character in _BREAKS:
                self.parts.append(character)
                self.column = 0
                self.indention = True
                breaks = True
                continue
            if breaks:
                self.new_line(indent)
            self.put(character)
            self.indention = False
            breaks = False


def _analyse_key(key: str) -> bool:
    """Whether a key spans lines, and so can't be a simple one."""
    return any(character in _BREAKS for character in key)


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if code <= 0xFF:
        return f"x{code:02X}"
    return f"u{code:04X}" if code <= 0xFFFF else f"U{code:08X}"


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    return str(value)


def _float_text(value: float) -> str:
    """A float as Go's shortest `%g` writes it: an exponent below 1e-4 and from 1e21 on."""
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    digits, _, exponent = f"{value!r}".partition("e")
    if exponent:
        return f"{digits}e{exponent[0]}{exponent[1:].rjust(2, '0')}"
    return digits
