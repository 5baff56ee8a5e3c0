"""What goes into a JupyterLite site: which packages it carries, and how its notebooks begin."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

from scripts import build_lite

PACKAGES: dict[str, dict[str, Any]] = {
    "ipython": {
        "depends": ["prompt_toolkit", "six"],
        "file_name": "ipython-9-py3-none-any.whl",
        "sha256": "a",
    },
    "prompt-toolkit": {"depends": ["wcwidth"], "file_name": "prompt_toolkit-3-py3-none-any.whl"},
    "wcwidth": {"depends": [], "file_name": "wcwidth-1-py3-none-any.whl"},
    "six": {"depends": [], "file_name": "six-1-py2.py3-none-any.whl"},
    "numpy": {"depends": ["six"], "file_name": "numpy-2-cp314-cp314-pyemscripten_2026_0_wasm32.whl"},
}


def test_what_is_needed_is_found_under_either_spelling() -> None:
    assert build_lite.closure(PACKAGES, ["ipython"]) == ["ipython", "prompt-toolkit", "six", "wcwidth"]
    assert build_lite.closure(PACKAGES, ["prompt_toolkit"]) == ["prompt-toolkit", "wcwidth"]


def test_the_lock_names_the_files_that_there_are(tmp_path: Path) -> None:
    wheel = tmp_path / "ipython-9-other-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    found = build_lite.locked(PACKAGES, {"ipython": wheel})
    assert list(found) == ["ipython"]
    assert found["ipython"]["file_name"] == wheel.name
    assert found["ipython"]["sha256"] == hashlib.sha256(b"wheel").hexdigest()
    assert found["ipython"]["depends"] == [], "what the site doesn't carry is not asked for"


def test_pyyaml_goes_without_its_compiled_half(tmp_path: Path) -> None:
    wheel = build_lite.pure_wheel("yaml", "pyyaml", tmp_path)
    with zipfile.ZipFile(wheel) as found:
        names = found.namelist()
        assert (
            "Root-Is-Purelib: true"
            in found.read(next(one for one in names if one.endswith("WHEEL"))).decode()
        )
    assert "yaml/__init__.py" in names
    assert [one for one in names if not one.endswith(".py") and ".dist-info/" not in one] == []


def test_a_notebook_begins_by_installing_and_has_no_outputs(tmp_path: Path) -> None:
    build_lite.write_contents(build_lite.ROOT / "notebooks", tmp_path / "contents")
    sources = sorted((build_lite.ROOT / "notebooks").glob("*.ipynb"))
    assert sorted(one.name for one in (tmp_path / "contents").glob("*.ipynb")) == [
        one.name for one in sources
    ]
    for source in sources:
        there = json.loads((tmp_path / "contents" / source.name).read_text(encoding="utf-8"))["cells"]
        here = json.loads(source.read_text(encoding="utf-8"))["cells"]
        assert there[0]["source"] == "%pip install -q k8slab"
        assert [one["source"] for one in there[1:]] == [one["source"] for one in here]
        assert not any(one.get("outputs") or one.get("execution_count") for one in there)


def test_a_page_installs_nothing_that_is_compiled() -> None:
    """networkx is pure, but Pyodide's own asks for matplotlib and numpy."""
    text = (build_lite.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name in ("matplotlib", "networkx"):
        (line,) = [one for one in text.splitlines() if one.strip().startswith(f'"{name}>')]
        assert "sys_platform != 'emscripten'" in line
