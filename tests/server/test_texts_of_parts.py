"""Lists joined from the texts of their parts are, byte by byte, what writing them anew gives."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from k8slab.server.answers import json_bytes
from k8slab.server.texts_of_parts import PartTexts

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
ROWS = st.dictionaries(st.sampled_from(["cells", "conditions", "object", "metadata", "spec"]), VALUES)
BODIES = st.fixed_dictionaries(
    {"kind": st.text(), "metadata": VALUES},
    optional={"items": st.lists(ROWS), "rows": st.lists(ROWS) | st.none()},
)


def written(body: Any) -> bytes:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


@given(body=BODIES | VALUES)
def test_joined_lists_are_what_writing_them_gives(body: Any) -> None:
    assert json_bytes(body) == written(body)
    assert json_bytes(body) == written(body)


def test_a_part_is_written_once() -> None:
    texts = PartTexts()
    spec = {"image": "x" * 100}
    before = texts.of(spec)
    assert texts.of(spec) is before
    assert texts.of(dict(spec)) is not before


def test_no_more_is_kept_than_there_is_room_for() -> None:
    texts = PartTexts(most_characters=1000)
    parts = [{"text": "x" * 200, "number": number} for number in range(20)]
    kept = [texts.of(part) for part in parts]
    assert texts.characters <= 1000
    assert texts.of(parts[-1]) is kept[-1]
    assert texts.of(parts[0]) is not kept[0]


def test_what_is_very_long_is_not_kept() -> None:
    texts = PartTexts()
    part = {"text": "x" * 100_000}
    assert texts.of(part) is not texts.of(part)
    assert texts.characters == 0
