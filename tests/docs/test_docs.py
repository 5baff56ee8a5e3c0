"""The pages of the documentation: their examples are run, and what they print is compared.

`K8SLAB_UPDATE_GOLDEN=1` writes the outputs, and the pictures that the pages show, anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
_BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
WITH_EXAMPLES = [page for page in PAGES if "```python" in page.read_text(encoding="utf-8")]
UPDATE = os.environ.get("K8SLAB_UPDATE_GOLDEN") == "1"
MADE = {"exporting.md": {"phases.svg": "gantt-light.svg", "crash.gif": "crash.gif"}}
"""Which files that a page's examples write are the pictures that it shows."""


def run(page: Path, folder: Path) -> list[tuple[str | None, str]]:
    """Each example's output as it stands in the page (None for none), and as it is."""
    found = []
    names: dict[str, Any] = {}
    (folder / "notebooks").symlink_to(ROOT / "notebooks")
    for code, kept in _BLOCK.findall(page.read_text(encoding="utf-8")):
        printed = io.StringIO()
        with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
            exec(compile(code, page.name, "exec"), names)
        found.append((kept, printed.getvalue().rstrip("\n") + "\n" if printed.getvalue() else ""))
    return found


def rewrite(page: Path, outputs: list[tuple[str | None, str]]) -> None:
    said = iter(outputs)

    def filled(match: re.Match[str]) -> str:
        code, (_, printed) = match.group(1), next(said)
        return f"```python\n{code}```\n" + (f"\n```text\n{printed}```\n" if printed else "")

    page.write_text(_BLOCK.sub(filled, page.read_text(encoding="utf-8")), encoding="utf-8")


def test_there_are_pages_with_examples() -> None:
    assert DOCS / "exporting.md" in WITH_EXAMPLES


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_examples_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    outputs = run(page, tmp_path)
    assert outputs, "a page has examples"
    if UPDATE:
        rewrite(page, outputs)
        for made, image in MADE.get(page.name, {}).items():
            shutil.copy(tmp_path / made, DOCS / "images" / image)
    else:
        for kept, printed in outputs:
            assert printed == kept
    for made, image in MADE.get(page.name, {}).items():
        if image.endswith(".svg"):
            assert (tmp_path / made).read_text(encoding="utf-8") == (DOCS / "images" / image).read_text(
                "utf-8"
            )
        else:
            # What a letter's edge looks like depends on the version of the font library.
            one, other = Image.open(tmp_path / made), Image.open(DOCS / "images" / image)
            assert (one.size, one.n_frames) == (other.size, other.n_frames)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [*re.findall(r"\]\(([^)#]+)\)", text), *re.findall(r'src(?:set)?="([^"]+)"', text)]
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []
