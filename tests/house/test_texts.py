"""The catalogue of texts: every language says everything, and nothing is said outside of it."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import k8slab
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


def asked(path: Path) -> tuple[set[str], set[str]]:
    """The keys that a module asks for, and the beginnings of those that it puts together."""
    keys: set[str] = set()
    beginnings: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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
    return keys, beginnings


GROUPED = {"scene": "scene", "panel": "panel"}
"""Folders whose modules say `words("key")` for a text of the group."""

MODULES = [path for path in sorted(ROOT.rglob("*.py")) if path.parent.name != "texts"]


def test_every_key_that_is_asked_for_is_there_and_every_key_is_asked_for() -> None:
    keys: set[str] = set()
    beginnings: set[str] = set()
    for path in MODULES:
        more_keys, more_beginnings = asked(path)
        keys |= more_keys
        beginnings |= more_beginnings
    assert keys - set(KEYS) == set()
    constants = {
        node.value
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
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
