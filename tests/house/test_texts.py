"""The catalogue of texts: every language says everything, and nothing is said outside of it."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import k8slab
from k8slab.renderers.tables import browser_texts
from k8slab.texts import LANGUAGES, catalogue, checked, say, texts_of

ROOT = Path(k8slab.__file__).parent
KEYS = sorted(catalogue())


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("key", KEYS)
def test_every_text_is_there_in_every_language(key: str) -> None:
    texts = [getattr(catalogue()[key], language) for language in LANGUAGES]
    assert all(text.strip() for text in texts)
    assert len({tuple(dict.fromkeys(placeholders(text))) for text in texts}) == 1, "the same placeholders"


@pytest.mark.parametrize("key", KEYS)
def test_chinese_is_chinese(key: str) -> None:
    """Only what has no word but Kubernetes' own, or no words at all, is the same in both."""
    english, chinese = catalogue()[key]
    words = re.sub(r"\{\w+\}", "", english)
    assert not re.search(r"[,;!?] [\u4e00-\u9fff]", chinese), "Chinese punctuation between Chinese words"
    if re.search(r"\b[a-z]{2,}", words):
        assert re.search(r"[\u4e00-\u9fff]", chinese) or english == chinese, chinese
    if english == chinese:
        assert not re.search(r"[a-z]{2,} [a-z]{2,}", words), "a sentence in one language only"


def test_say_fills_in() -> None:
    assert say("en", "why.was.bound", what="Pod a", node="node-1") == "Pod a was bound to node-1"
    assert say("zh", "why.was.bound", what="Pod a", node="node-1") == "Pod a 绑定到了 node-1"
    assert say("en", "why.was.bound", what="{x}", node="{}") == "{x} was bound to {}"
    with pytest.raises(KeyError):
        say("en", "why.was.nothing")


def test_a_language_that_there_is_not() -> None:
    with pytest.raises(ValueError, match='unknown language "fr": there are en and zh'):
        checked("fr")


def asked(path: Path) -> tuple[set[str], set[str], set[str]]:
    """The keys that a module asks for, the beginnings of those that it puts together, and all its strings."""
    keys: set[str] = set()
    beginnings: set[str] = set()
    strings: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.add(node.value)
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        if name in ("words", "said") and path.parts[-2 - (path.parent.name == "portrayals")] in GROUPED:
            prefix = f"{GROUPED[path.parts[-2 - (path.parent.name == 'portrayals')]]}."
            argument = node.args[0]
        elif isinstance(node.func, ast.Name) and name in ("say", "texts_of"):
            prefix, argument = "", node.args[1] if name == "say" else node.args[0]
        else:
            continue
        for one in ast.walk(argument):
            if isinstance(one, ast.JoinedStr) and isinstance(one.values[0], ast.Constant):
                beginnings.add(f"{prefix}{one.values[0].value}")
        parts = {
            id(part) for one in ast.walk(argument) if isinstance(one, ast.JoinedStr) for part in one.values
        }
        compared = {
            id(part) for one in ast.walk(argument) if isinstance(one, ast.Compare) for part in ast.walk(one)
        }
        for one in ast.walk(argument):
            if (
                isinstance(one, ast.Constant)
                and isinstance(one.value, str)
                and id(one) not in parts | compared
            ):
                if name == "texts_of":
                    beginnings.add(f"{one.value}.")
                else:
                    keys.add(f"{prefix}{one.value}")
    return keys, beginnings, strings


GROUPED = {"scene": "scene", "panel": "panel"}
"""Folders whose modules say `words("key")` for a text of the group."""

MODULES = [path for path in sorted(ROOT.rglob("*.py")) if path.parent.name != "texts"]


def test_every_key_that_is_asked_for_is_there_and_every_key_is_asked_for() -> None:
    keys: set[str] = set()
    beginnings: set[str] = set()
    constants: set[str] = set()
    for path in MODULES:
        more_keys, more_beginnings, strings = asked(path)
        keys |= more_keys
        beginnings |= more_beginnings
        constants |= strings
    assert keys - set(KEYS) == set()
    unused = [
        key
        for key in KEYS
        if key not in keys
        and key.partition(".")[2] not in constants
        and not key.startswith(tuple(beginnings - {"why.", "waits.", "scene.", "panel."}))
    ]
    assert unused == []


def test_groups() -> None:
    assert texts_of("player", "zh")["play"] == "播放"


# Nothing is said outside of the catalogue.


SPEAKING = [
    *sorted((ROOT / "panel").glob("*.py")),
    *sorted((ROOT / "scene").rglob("*.py")),
    *(ROOT / "renderers" / f"{name}.py" for name in ("text", "svg", "player")),
    ROOT / "why.py",
    ROOT / "waits.py",
]
SCRIPTS = sorted((ROOT / "renderers").glob("*.js"))
_SENTENCE = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")
_NOT_SAID = re.compile(
    r"""^(
        (rollout|taint|create|get|delete|drain|apply|scale|wait|exec|patch)\ .*   # kubectl's commands
        | (\$\ )?kubectl\ .*                                 # a command as it is shown
        | \^?\(?(error|The|unknown).*                       # what kubectl says, to be read
        | \s*<.*                                            # HTML around texts
        | .*=".*                                            # its attributes
        | \^.*                                              # patterns
    )$""",
    re.VERBOSE | re.DOTALL,
)


def literals(path: Path) -> list[tuple[int, str]]:
    """The strings of a module that are no docstrings and are not raised at a programmer."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(id(node.value))
        if isinstance(node, ast.Raise | ast.Assert):
            silent |= {id(one) for one in ast.walk(node)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent
    ]


@pytest.mark.parametrize("path", SPEAKING, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_has_sentences_of_its_own(path: Path) -> None:
    found = [
        (line, text) for line, text in literals(path) if _SENTENCE.search(text) and not _NOT_SAID.match(text)
    ]
    assert found == []


_SCRIPT_TEXTS = re.compile(
    r"""(?:aria-label|title|placeholder|alt)="([^"$]*[A-Za-z][^"]*)"    # in markup
    | (?:textContent|innerText|title)\s*=\s*["'`]([^"'`$]*[A-Za-z]{2}[^"'`]*)["'`]
    | "aria-(?:label|valuetext|description)",\s*["'`]([^"'`]*[A-Za-z]{2}[^"'`]*)["'`]
    | \bsay\(["'`]([^"'`]*\ [^"'`]*)["'`]
    """,
    re.VERBOSE,
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_has_words_of_its_own(path: Path) -> None:
    source = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [next(filter(None, one)) for one in _SCRIPT_TEXTS.findall(source)] == []


def test_every_key_that_a_script_asks_for_is_there() -> None:
    asked_for: set[str] = set()
    for path in SCRIPTS:
        source = path.read_text(encoding="utf-8")
        asked_for |= set(re.findall(r'textOf\([\w.]+, "([\w.]+)"', source))
        asked_for |= set(re.findall(r'texts(?:"\))?\["([\w.]+)"\]', source))
    assert asked_for
    assert asked_for <= browser_texts("en").keys()
