"""editor.js in a plain page: where the choices stand, and how they are taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import k8slab.renderers as renderers
from k8slab.texts import texts_of
from tests.browser import MOUNT

FIELDS = [f"field{number}:" for number in range(30)]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_page()
    folder = Path(renderers.__file__).parent
    state = {"text": "", "problems": [], "texts": texts_of("stage", "en")}
    made.goto("about:blank")
    sources = {name: (folder / name).read_text(encoding="utf-8") for name in ("editor.js", "live.css")}
    made.evaluate(MOUNT, {"source": sources["editor.js"], "css": sources["live.css"], "state": state})
    yield made
    made.close()


def type_and_ask(page: Page, lines: int, words: list[str]) -> None:
    """Type so many lines and a beginning of a word, and answer what is asked of the kernel then."""
    area = page.get_by_role("textbox")
    text = "".join(f"  line{number}: 1\n" for number in range(lines)) + "  fi"
    area.fill(text)
    area.press("Control+End")
    area.press("Control+ ")
    (asked,) = [one for one in page.evaluate("window.model.sent") if one["type"] == "complete"]
    assert (asked["text"], asked["cursor"]) == (text, len(text))
    message: dict[str, Any] = {"type": "completions", "text": text, "start": len(text) - 2, "words": words}
    page.evaluate("message => window.model.tell('msg:custom', message)", message)


@pytest.mark.parametrize("lines", [0, 3, 8, 12, 40])
def test_the_choices_stand_beside_their_word_and_within_the_sheet(page: Page, lines: int) -> None:
    type_and_ask(page, lines, FIELDS)
    choices, sheet = page.get_by_role("listbox").bounding_box(), page.locator(".k8-sheet").bounding_box()
    assert choices is not None
    assert sheet is not None
    assert choices["y"] >= sheet["y"]
    assert choices["y"] + choices["height"] <= sheet["y"] + sheet["height"] + 1
    assert choices["height"] > 60
    number = page.locator(".k8-numbers").bounding_box()
    assert number is not None
    assert 10 < choices["x"] - (number["x"] + number["width"]) < 30


def test_a_choice_is_taken_by_keys(page: Page) -> None:
    type_and_ask(page, 1, FIELDS[:3])
    area = page.get_by_role("textbox")
    area.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_have_text("field1:")
    area.press("Enter")
    expect(area).to_have_value("  line0: 1\n  field1: ")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_the_only_choice_is_taken_at_once(page: Page) -> None:
    type_and_ask(page, 0, FIELDS[:1])
    expect(page.get_by_role("textbox")).to_have_value("  field0: ")
